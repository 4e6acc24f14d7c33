//! Certificates that are for another use, another name or another group.

use super::steps::{
    APISERVER_AT_START, APISERVER_READS, BY_HAND_ETCD_CLIENT, BY_HAND_KUBELET_CLIENT, BY_HAND_PEER, BY_HAND_SERVER,
    EDIT, ETCD_READS, KUBELET_CONF_BY_HAND, KUBELET_TWICE, RESTART,
};
use super::{Folk, Mode, folk};

pub(super) static MODES: &[Mode] = &[
    Mode {
        slug: "usage-server-without-clientauth",
        title: "etcd's serving certificate lacks clientAuth, so etcd refuses its own gateway",
        codes: &["missing-client-auth"],
        confirm: "openssl x509 -noout -ext extendedKeyUsage -in /etc/kubernetes/pki/etcd/server.crt: a list without TLS Web Client Authentication is this",
        treatment: &[
            "kube-apiserver and etcdctl are not affected: only JSON under /v3 fails, and the line is noise",
            "pkidoctor regen etcd-server --backup",
            BY_HAND_SERVER,
            "or, from 3.4 on, where nobody uses JSON: --enable-grpc-gateway=false",
            ETCD_READS,
        ],
        avoid: &[
            folk::RENEW_COPIES_USAGES,
            folk::CLIENT_AUTH_FALSE,
            Folk {
                advice: "looking for the fault in kube-apiserver",
                really: "the address in the line is etcd's own: both halves of the quarrel are etcd",
            },
        ],
    },
    Mode {
        slug: "usage-peer-without-clientauth",
        title: "a peer certificate lacks clientAuth, so the members that it dials refuse it",
        codes: &["missing-client-auth"],
        confirm: "openssl x509 -noout -ext extendedKeyUsage -in /etc/kubernetes/pki/etcd/peer.crt, on the member that dials",
        treatment: &[
            "on the member that dials (the remote address of the line): pkidoctor regen etcd-peer --backup",
            BY_HAND_PEER,
            ETCD_READS,
            "health stays green with one direction broken: pkidoctor probe --all-members",
        ],
        avoid: &[folk::RENEW_COPIES_USAGES, folk::PEER_AUTH_FALSE],
    },
    Mode {
        slug: "usage-peer-without-serverauth",
        title: "a peer certificate lacks serverAuth, so the members that dial it refuse it",
        codes: &["missing-server-auth"],
        confirm: "openssl x509 -noout -ext extendedKeyUsage -in /etc/kubernetes/pki/etcd/peer.crt, on the member that is dialled",
        treatment: &[
            "on the member that is dialled (the one that logs bad certificate): pkidoctor regen etcd-peer --backup",
            BY_HAND_PEER,
            ETCD_READS,
        ],
        avoid: &[folk::RENEW_COPIES_USAGES, folk::PEER_AUTH_FALSE],
    },
    Mode {
        slug: "usage-client-serverauth-only",
        title: "a client shows a certificate that is for servers only",
        codes: &["missing-client-auth"],
        confirm: "pkidoctor verify /etc/kubernetes/pki/apiserver-etcd-client.crt --ca /etc/kubernetes/pki/etcd/ca.crt --usage client, or with the file that --etcd-certfile names",
        treatment: &[
            "pkidoctor regen apiserver-etcd-client --backup",
            BY_HAND_ETCD_CLIENT,
            "where --etcd-certfile names a server's certificate, set the flag right instead",
            APISERVER_READS,
        ],
        avoid: &[folk::RENEW_COPIES_USAGES, folk::CLIENT_AUTH_FALSE],
    },
    Mode {
        slug: "usage-server-clientauth-only",
        title: "a server shows a certificate that is for clients only",
        codes: &["missing-server-auth"],
        confirm: "pkidoctor verify /etc/kubernetes/pki/etcd/server.crt --ca /etc/kubernetes/pki/etcd/ca.crt, or with the file that --cert-file or --tls-cert-file names",
        treatment: &[
            "pkidoctor regen etcd-server --backup; where kube-apiserver shows it: pkidoctor regen apiserver --backup",
            BY_HAND_SERVER,
            "where the flag names a client's certificate, set the flag right instead",
            ETCD_READS,
        ],
        avoid: &[folk::RENEW_COPIES_USAGES, folk::NOT_THE_CLIENT, folk::SKIP_VERIFY],
    },
    Mode {
        slug: "usage-allowed-name-mismatch",
        title: "etcd allows only certificates with certain names, and this one has another",
        codes: &["allowed-name-mismatch"],
        confirm: "--client-cert-allowed-hostname, --peer-cert-allowed-cn and --peer-cert-allowed-hostname in etcd's flags, against the names in the line",
        treatment: &[
            "add the certificate's name to the list, or drop the list, in etcd's manifest on every member",
            "several names in one list need 3.4.45, a late 3.5 or 3.6",
            "or issue the certificate again with a name of the list",
            EDIT,
        ],
        avoid: &[
            Folk { advice: "--client-cert-auth=false", really: "does not switch the list off" },
            Folk {
                advice: "making the CA or the chain anew",
                really: "the names in the line prove that chain, dates and usage were fine",
            },
        ],
    },
    Mode {
        slug: "usage-gateway-cn",
        title: "etcd's JSON gateway or proxy refuses client certificates that have a common name",
        codes: &[],
        confirm: "etcdctl auth status, and the subject of the client's certificate: users switched on and CN= in it is this",
        treatment: &[
            "let the client speak gRPC instead of JSON",
            "or give it a certificate without a common name, and a user with a password",
        ],
        avoid: &[Folk {
            advice: "giving the server's certificate the name of a privileged user",
            really: "everybody who reaches the gateway then acts as that user",
        }],
    },
    Mode {
        slug: "usage-apiserver-kubelet-client-group",
        title: "kube-apiserver's client for kubelets lacks the group that they authorize: logs and exec are forbidden",
        codes: &["kubelet-client-group"],
        confirm: "openssl x509 -noout -subject -in /etc/kubernetes/pki/apiserver-kubelet-client.crt: O= has to be the group of this release",
        treatment: &[
            "pkidoctor regen apiserver-kubelet-client --backup",
            BY_HAND_KUBELET_CLIENT,
            APISERVER_AT_START,
            RESTART,
        ],
        avoid: &[Folk {
            advice: "binding the user to cluster-admin",
            really: "gives the client more than it needs, and the next issue loses the group again",
        }],
    },
    Mode {
        slug: "usage-node-identity",
        title: "the kubelet's client certificate names another node",
        codes: &["node-identity-mismatch"],
        confirm: "openssl x509 -noout -subject -in /var/lib/kubelet/pki/kubelet-client-current.pem: CN=system:node:NAME, against hostname and --hostname-override",
        treatment: &[
            "pkidoctor regen kubelet.conf --node-name NAME --backup, with this node's own name, on a control-plane node",
            KUBELET_CONF_BY_HAND,
            KUBELET_TWICE,
        ],
        avoid: &[
            folk::DELETE_KUBELET_PKI,
            Folk {
                advice: "copying kubelet.conf from another node",
                really: "the kubelet is then that other node to the API",
            },
        ],
    },
    Mode {
        slug: "usage-odd-but-accepted",
        title: "a certificate has unusual usages that etcd and Kubernetes accept",
        codes: &["usage-odd"],
        confirm: "pkidoctor verify LEAF --ca CA-FILE --usage any: `ok` means that it is not the cause",
        treatment: &[
            "nothing is to be done: Go accepts it; look for another cause",
            "clients on OpenSSL, Java or rustls may refuse some of these forms; issue it anew at the next occasion",
        ],
        avoid: &[folk::S_CLIENT],
    },
];
