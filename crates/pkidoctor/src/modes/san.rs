//! Names and addresses that a certificate lacks.

use super::steps::{BY_HAND_APISERVER, BY_HAND_PEER, BY_HAND_SERVER, EDIT, ETCD_READS, SERVING_READ};
use super::{Folk, Mode, folk};

/// The command for the member whose certificate is refused by its source address.
const PEER_ADDRESS: &str = "on the member that dials (its address is the remote address of the line): pkidoctor regen etcd-peer --san ADDRESS --backup";

pub(super) static MODES: &[Mode] = &[
    Mode {
        slug: "san-server-missing-localhost",
        title: "etcd's serving certificate lacks a name or address that clients dial",
        codes: &["san-missing"],
        confirm: "pkidoctor verify /etc/kubernetes/pki/etcd/server.crt --ca /etc/kubernetes/pki/etcd/ca.crt --name HOST, with each host that clients dial",
        treatment: &["pkidoctor regen etcd-server --backup", BY_HAND_SERVER, ETCD_READS],
        avoid: folk::OF_NAMES,
    },
    Mode {
        slug: "san-ip-changed",
        title: "the node has another address than its manifests and certificates say",
        codes: &["san-missing", "apiserver-address-not-covered"],
        confirm: "ip -br addr on the node, against --advertise-client-urls of etcd and --advertise-address of kube-apiserver",
        treatment: &[
            "one node alone: giving it its old address back is the shortest way",
            "else, while etcd answers: etcdctl member update ID --peer-urls=https://NEW:2380",
            "put the new address into the manifests of etcd and kube-apiserver, and into the kubeconfigs",
            "pkidoctor regen etcd-server etcd-peer apiserver --backup",
            "then the ConfigMaps kube-proxy and cluster-info, and /etc/hosts where it names the node",
            EDIT,
        ],
        avoid: &[folk::RENEW_ALL, folk::KUBEADM_RESET, folk::SKIP_PEER_SAN],
    },
    Mode {
        slug: "san-legacy-cn",
        title: "the name stands in the common name only, where Go no longer looks",
        codes: &["cn-only"],
        confirm: "openssl x509 -noout -ext subjectAltName -in FILE: no such extension is this",
        treatment: &["pkidoctor regen etcd-server --backup, or whichever scan names", BY_HAND_SERVER, ETCD_READS],
        avoid: &[folk::GODEBUG, folk::RENEW_COPIES_NAMES, folk::SKIP_VERIFY],
    },
    Mode {
        slug: "san-ip-as-dns",
        title: "an address was written into the certificate as a DNS name, where Go does not look for it",
        codes: &["san-ip-as-dns"],
        confirm: "openssl x509 -noout -ext subjectAltName -in FILE: DNS: in front of an address instead of IP Address: is this",
        treatment: &[
            "pkidoctor regen etcd-server --backup; for a peer: pkidoctor regen etcd-peer --backup",
            BY_HAND_SERVER,
            ETCD_READS,
        ],
        avoid: &[folk::RENEW_COPIES_NAMES, folk::SKIP_VERIFY],
    },
    Mode {
        slug: "san-peer-ip-mismatch",
        title: "a member connects from an address that its peer certificate does not list",
        codes: &["san-missing", "san-ip-as-dns", "peer-address-not-in-san"],
        confirm: "the remote address in the line of the member that refuses, against: openssl x509 -noout -ext subjectAltName -in /etc/kubernetes/pki/etcd/peer.crt on the member that dials",
        treatment: &[
            PEER_ADDRESS,
            BY_HAND_PEER,
            "or mend the route, so that it leaves with its own address: ip route get PEER shows which one it takes",
            ETCD_READS,
        ],
        avoid: &[folk::SKIP_PEER_SAN, folk::PEER_AUTH_FALSE, folk::COPY_LEAVES],
    },
    Mode {
        slug: "san-peer-reverse-dns",
        title: "a peer certificate holds DNS names alone, and the listener's resolver does not confirm them",
        codes: &["peer-san-dns-only", "san-missing"],
        confirm: "on the member that refuses: getent hosts ADDRESS and getent hosts NAME; neither leading from one to the other is this",
        treatment: &[PEER_ADDRESS, BY_HAND_PEER, ETCD_READS, "until then DNS has to work for members to meet"],
        avoid: &[
            folk::SKIP_PEER_SAN,
            Folk {
                advice: "an entry in /etc/hosts of one member",
                really: "the other members still ask their own resolver",
            },
        ],
    },
    Mode {
        slug: "san-peer-wildcard",
        title: "a peer certificate holds a wildcard, which only a reverse lookup can match",
        codes: &["peer-san-wildcard"],
        confirm: "on the member that refuses: getent hosts ADDRESS; no name below the wildcard is this",
        treatment: &[
            PEER_ADDRESS,
            "or give every member a PTR record below the wildcard; etcd before 3.2.5 does not match wildcards at all",
            BY_HAND_PEER,
            ETCD_READS,
        ],
        avoid: &[folk::SKIP_PEER_SAN],
    },
    Mode {
        slug: "san-peer-target",
        title: "a peer certificate lacks the host of its own peer URL, so the members that dial it refuse it",
        codes: &["san-missing"],
        confirm: "etcdctl member list -w table: the host of the peer URL, against the names of that member's peer.crt",
        treatment: &[
            "on the member that is dialled: pkidoctor regen etcd-peer --backup",
            BY_HAND_PEER,
            "where the URL is what is wrong: etcdctl member update ID --peer-urls=https://ADDRESS:2380",
            ETCD_READS,
        ],
        avoid: &[folk::COPY_LEAVES, folk::RENEW_COPIES_NAMES, folk::PEER_AUTH_FALSE],
    },
    Mode {
        slug: "san-peer-none",
        title: "the peer port takes certificates without any name, so clients of the same CA pass its TLS",
        codes: &[],
        confirm: "openssl x509 -noout -ext subjectAltName -in /etc/kubernetes/pki/etcd/healthcheck-client.crt: none, and the same CA for peers, is this",
        treatment: &[
            "nothing is to be done at once: every kubeadm cluster is like that",
            "to close it, have peers use a CA of their own, or set --peer-cert-allowed-cn to what all peer certificates share",
        ],
        avoid: &[Folk {
            advice: "adding names to the client certificates",
            really: "whoever holds the CA's key makes another without them",
        }],
    },
    Mode {
        slug: "san-copied-from-other-node",
        title: "certificates of another node were copied here",
        codes: &["copied-from-other-node", "san-missing"],
        confirm: "openssl x509 -noout -subject -ext subjectAltName -in /etc/kubernetes/pki/etcd/server.crt: another node's name is this",
        treatment: &[
            "on the node that holds the copies: pkidoctor regen etcd-server etcd-peer --backup; where it was copied, too: pkidoctor regen apiserver --backup",
            BY_HAND_SERVER,
            BY_HAND_PEER,
            "the CAs stay: only they and the sa pair are shared between nodes",
            ETCD_READS,
        ],
        avoid: &[folk::COPY_LEAVES, folk::RENEW_COPIES_NAMES],
    },
    Mode {
        slug: "san-ipv6",
        title: "an IPv6 address is missing in a certificate, or a client cuts it at the first colon",
        codes: &["san-missing", "san-mapped-address", "malformed-certificate"],
        confirm: "ServerName in etcd's line: a torn address such as \"[2001\" is the client's fault; else the names of server.crt, against all URLs",
        treatment: &[
            "pkidoctor regen etcd-server etcd-peer --backup, with --san for each address that clients dial",
            BY_HAND_SERVER,
            ETCD_READS,
            "where the client tears the address apart: upgrade the client",
        ],
        avoid: &[
            Folk {
                advice: "an address in the form ::ffff:10.0.0.1",
                really: "Go refuses the whole certificate for it from 1.27",
            },
            folk::RENEW_COPIES_NAMES,
        ],
    },
    Mode {
        slug: "san-lb-name",
        title: "clients dial a load balancer or virtual address that the certificate does not hold",
        codes: &["san-missing"],
        confirm: "hosts of --etcd-servers, of server: in kubeconfigs and of controlPlaneEndpoint, against the names in the client's error",
        treatment: &[
            "pkidoctor regen apiserver --san NAME --backup, on every control-plane node; for etcd: pkidoctor regen etcd-server --san NAME --backup",
            "put the name into apiServer.certSANs (etcd.local.serverCertSANs) of kubeadm's configuration, so that upgrades keep it",
            BY_HAND_APISERVER,
            SERVING_READ,
        ],
        avoid: &[folk::RENEW_COPIES_NAMES, folk::SKIP_VERIFY],
    },
    Mode {
        slug: "san-multi-endpoint-client-bug",
        title: "an old client checks every endpoint against the name of the first one",
        codes: &[],
        confirm: "version of the client: Kubernetes 1.13 to 1.16, or a clientv3 of etcd 3.3 or early 3.4, and only while the first endpoint is down",
        treatment: &[
            "upgrade the client",
            "until then let every member's certificate hold all members: pkidoctor regen etcd-server --san OTHER --backup",
            ETCD_READS,
        ],
        avoid: &[
            folk::SKIP_VERIFY,
            Folk {
                advice: "exchanging the order of the endpoints",
                really: "the fault comes back when the new first one is down",
            },
        ],
    },
    Mode {
        slug: "san-srv-discovery",
        title: "members find each other by SRV records, and their certificates lack the domain",
        codes: &["srv-domain-missing"],
        confirm: "--discovery-srv in etcd's flags, against: openssl x509 -noout -ext subjectAltName -in /etc/kubernetes/pki/etcd/peer.crt",
        treatment: &[
            "pkidoctor regen etcd-server etcd-peer --san DOMAIN --backup, on every member, with the domain of --discovery-srv",
            BY_HAND_PEER,
            ETCD_READS,
        ],
        avoid: &[folk::RENEW_COPIES_NAMES],
    },
    Mode {
        slug: "san-kubelet-serving",
        title: "the kubelet's serving certificate lacks the address or the CA that kube-apiserver and metrics-server want",
        codes: &["kubelet-serving-san"],
        confirm: "openssl s_client -connect NODE:10250 </dev/null | openssl x509 -noout -issuer -ext subjectAltName: self-signed, or without the address, is this",
        treatment: &[
            "set serverTLSBootstrap: true in /var/lib/kubelet/config.yaml and restart the kubelet",
            "kubectl get csr; kubectl certificate approve NAME, after a look at the addresses in it",
        ],
        avoid: &[Folk {
            advice: "--kubelet-insecure-tls in metrics-server for good",
            really: "nobody verifies the kubelet then",
        }],
    },
];
