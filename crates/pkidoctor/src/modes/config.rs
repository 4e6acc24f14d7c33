//! Flags in manifests, units and configuration files.

use super::steps::{BY_HAND_SERVER, EDIT, ETCD_READS, RESTART};
use super::{Folk, Mode, folk};

const HTTP_INSTEAD: Folk = Folk {
    advice: "turning the other side to http instead",
    really: "the link heals, and etcd is open to everybody who reaches the port",
};

const ONE_MEMBER: &str = "one member at a time: wait until it is healthy before you edit the next one's manifest";

pub(super) static MODES: &[Mode] = &[
    Mode {
        slug: "cfg-wrong-path",
        title: "a flag names another file than the one of its role",
        codes: &[
            "wrong-role-file",
            "signed-by-other-ca",
            "key-mismatch",
            "key-type-mismatch",
            "missing-client-auth",
            "missing-server-auth",
            "san-missing",
        ],
        confirm: "grep -nE 'cert|key|ca-file' /etc/kubernetes/manifests/*.yaml: server for server, peer for peer, client for client",
        treatment: &["set the flag to the file of its role", EDIT],
        avoid: &[
            Folk {
                advice: "copying files over those that the flags name",
                really: "another program uses them rightly",
            },
            folk::BACKUP_IN_MANIFESTS,
        ],
    },
    Mode {
        slug: "cfg-apiserver-etcd-cafile",
        title: "kube-apiserver trusts another CA for etcd than the one that signed etcd's certificate",
        codes: &["signed-by-other-ca", "ca-regenerated", "system-roots"],
        confirm: "pkidoctor verify /etc/kubernetes/pki/etcd/server.crt --ca CA-FILE, with the file that --etcd-cafile of kube-apiserver names",
        treatment: &[
            "in kube-apiserver's manifest: --etcd-cafile=/etc/kubernetes/pki/etcd/ca.crt",
            EDIT,
            "where that file is an old copy of the CA, put the current one there and restart kube-apiserver",
            RESTART,
        ],
        avoid: &[
            Folk { advice: "changing anything on etcd", really: "etcd is innocent: kube-apiserver refuses it" },
            folk::SYSTEM_STORE,
            folk::OTHER_CA_TOO,
        ],
    },
    Mode {
        slug: "cfg-apiserver-etcd-client-missing",
        title: "kube-apiserver has no client certificate for etcd in its flags",
        codes: &["client-certificate-missing"],
        confirm: "grep etcd- /etc/kubernetes/manifests/kube-apiserver.yaml: --etcd-certfile and --etcd-keyfile have to be there",
        treatment: &[
            "add --etcd-certfile=/etc/kubernetes/pki/apiserver-etcd-client.crt and --etcd-keyfile=/etc/kubernetes/pki/apiserver-etcd-client.key",
            "where the files are missing: pkidoctor regen apiserver-etcd-client --backup",
            EDIT,
        ],
        avoid: &[folk::CLIENT_AUTH_FALSE, folk::BACKUP_IN_MANIFESTS],
    },
    Mode {
        slug: "cfg-scheme-mismatch",
        title: "one side speaks plain http where the other speaks https",
        codes: &["scheme-mismatch", "plaintext-etcd", "probe-mismatch"],
        confirm: "the scheme of --listen-client-urls, --advertise-client-urls, --etcd-servers and of the probe or job that dials; the remote address of the line tells whose",
        treatment: &[
            "make the URL https in whatever dials: --etcd-servers, ETCDCTL_ENDPOINTS, the probe, scheme: of the Prometheus job",
            "where etcd listens in plain text: https in --listen-client-urls and --advertise-client-urls, with certificate, key and trusted CA",
            EDIT,
        ],
        avoid: &[HTTP_INSTEAD],
    },
    Mode {
        slug: "cfg-peer-scheme",
        title: "members still dial peers at http URLs that are kept in etcd's member list",
        codes: &["peer-scheme-mixed", "scheme-mismatch"],
        confirm: "etcdctl member list -w table: an http:// among the peer URLs is this",
        treatment: &[
            "for each member with an http URL: etcdctl member update ID --peer-urls=https://ADDRESS:2380",
            "then --listen-peer-urls and --initial-advertise-peer-urls of that member to https, and its restart",
            RESTART,
        ],
        avoid: &[folk::INITIAL_CLUSTER],
    },
    Mode {
        slug: "cfg-http-ignores-tls",
        title: "etcd listens at an http URL, where every TLS flag is ignored",
        codes: &["http-listener", "plaintext-etcd", "scheme-mismatch"],
        confirm: "grep -n listen- /etc/kubernetes/manifests/etcd.yaml: http:// anywhere but in --listen-metrics-urls is this",
        treatment: &[
            "make the URL https in --listen-client-urls, and in the same go in --advertise-client-urls and --etcd-servers of kube-apiserver",
            ONE_MEMBER,
            "rotate what lay open: whoever reached the port has seen every Secret",
        ],
        avoid: &[Folk {
            advice: "--client-cert-auth=true beside the http URL",
            really: "ignored for that URL, with one warning in the log",
        }],
    },
    Mode {
        slug: "cfg-no-client-auth",
        title: "etcd asks nobody for a client certificate",
        codes: &["client-auth-off"],
        confirm: "pkidoctor probe: a handshake without a certificate that succeeds is this",
        treatment: &[
            "set --trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt and --client-cert-auth=true; for peers likewise, with peer- in front",
            ONE_MEMBER,
            "afterwards a handshake without a certificate must fail: pkidoctor probe",
            "rotate what lay open: whoever reached the port has seen every Secret",
        ],
        avoid: &[Folk {
            advice: "a firewall rule alone",
            really: "every process and host-network pod of the node still reads all Secrets",
        }],
    },
    Mode {
        slug: "cfg-client-auth-false-noop",
        title: "client certificates are switched off by flag, and etcd still demands them",
        codes: &["client-cert-auth-noop"],
        confirm: "grep -n client-cert-auth /etc/kubernetes/manifests/etcd.yaml: false beside a --trusted-ca-file is this",
        treatment: &[
            "give the client that is refused its own certificate with clientAuth, signed by the trusted CA",
            "for kube-apiserver: pkidoctor regen apiserver-etcd-client --backup",
            "set --client-cert-auth=true, so that the flag says what etcd does",
            EDIT,
        ],
        avoid: &[
            folk::CLIENT_AUTH_FALSE,
            Folk {
                advice: "removing --trusted-ca-file to let the client in",
                really: "etcd is then open to everybody who reaches the port",
            },
        ],
    },
    Mode {
        slug: "cfg-client-auth-system-roots",
        title: "etcd demands client certificates and has no CA file, so it asks the system's roots and knows nobody",
        codes: &["system-roots"],
        confirm: "grep -n trusted-ca-file /etc/kubernetes/manifests/etcd.yaml: --client-cert-auth=true without it is this",
        treatment: &["set --trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt; for peers --peer-trusted-ca-file", EDIT],
        avoid: &[
            folk::SYSTEM_STORE,
            Folk {
                advice: "--client-cert-auth=false",
                really: "without a trusted CA that opens etcd to everybody who reaches the port",
            },
        ],
    },
    Mode {
        slug: "cfg-auto-tls-drops-auth",
        title: "--auto-tls silently drops client authentication and the trusted CA",
        codes: &["auto-tls-drops-auth", "auto-tls-ignored"],
        confirm: "etcd's first lines: tls-info with client-cert-auth = false although the flag says true",
        treatment: &[
            "remove --auto-tls (--peer-auto-tls), and set --cert-file, --key-file, --trusted-ca-file and --client-cert-auth=true",
            "where the files are missing: pkidoctor regen etcd-server --backup",
            ONE_MEMBER,
            "rotate what lay open: whoever reached the port has seen every Secret",
        ],
        avoid: &[Folk { advice: "setting --client-cert-auth=true again", really: "auto-tls drops it again" }],
    },
    Mode {
        slug: "cfg-partial-flags",
        title: "a certificate is given without its key, or https without a certificate",
        codes: &["partial-flags"],
        confirm: "grep -nE 'cert-file|key-file|certfile|keyfile' /etc/kubernetes/manifests/*.yaml: they come in pairs",
        treatment: &[
            "add the missing half: --cert-file and --key-file, --peer-cert-file and --peer-key-file, --etcd-certfile and --etcd-keyfile",
            EDIT,
        ],
        avoid: &[Folk {
            advice: "removing the other half instead",
            really: "the connection goes on without a certificate and is refused",
        }],
    },
    Mode {
        slug: "cfg-advertise-not-covered",
        title: "etcd advertises a URL that its certificate does not cover, and clients that sync endpoints dial it",
        codes: &["san-missing", "advertise-unreachable"],
        confirm: "etcdctl member list -w table: each host of the client addresses, against the names of that member's server.crt",
        treatment: &[
            "where the URL is right, on that member: pkidoctor regen etcd-server --backup",
            BY_HAND_SERVER,
            "where the URL is wrong: set --advertise-client-urls to this node's address",
            ETCD_READS,
        ],
        avoid: folk::OF_NAMES,
    },
    Mode {
        slug: "cfg-metrics-probe",
        title: "a probe or a metrics job uses the wrong scheme or port of etcd",
        codes: &["probe-mismatch"],
        confirm: "who dials: ss -tnp on the node of the remote address; then its scheme and port, against --listen-metrics-urls",
        treatment: &[
            "kubeadm's health and metrics port is plain http on loopback: http://127.0.0.1:2381",
            "from elsewhere: set --listen-metrics-urls to an address that it reaches",
            "or dial 2379 with https and a client certificate of its own",
            EDIT,
        ],
        avoid: &[
            Folk {
                advice: "switching off client authentication so that the probe gets through",
                really: "lets everybody else in, too",
            },
            folk::CLIENT_AUTH_FALSE,
        ],
    },
    Mode {
        slug: "cfg-sa-flags",
        title: "the key that signs service-account tokens is not among those that kube-apiserver verifies with",
        codes: &["sa-key-mismatch", "sa-key-differs-between-nodes"],
        confirm: "grep -n service-account /etc/kubernetes/manifests/kube-*.yaml: the public half of both signers has to be a --service-account-key-file",
        treatment: &[
            "name the public half of each signer in --service-account-key-file of kube-apiserver; the flag may stand several times, so the old one can stay",
            "where sa.pub is stale: pkidoctor regen sa.pub --backup",
            "have the same pair on every control-plane node",
            EDIT,
        ],
        avoid: &[
            folk::DELETE_TOKENS,
            Folk {
                advice: "signing tokens with the API server's TLS key",
                really: "every renewal of that certificate makes them invalid",
            },
        ],
    },
    Mode {
        slug: "cfg-requestheader-names",
        title: "the front-proxy client's name is not among the allowed names",
        codes: &["request-header-names", "empty-allowed-name"],
        confirm: "the name and the list in the line; an empty list [] there means that quotes were given as the value",
        treatment: &[
            "in kube-apiserver's manifest: --requestheader-allowed-names=front-proxy-client, without quotes",
            EDIT,
            "restart extension servers that read the list only at start",
        ],
        avoid: &[Folk {
            advice: "emptying the list",
            really: "where the request-header CA signs others, too, any of them could assert any user",
        }],
    },
    Mode {
        slug: "cfg-signer-mismatch",
        title: "the controller-manager signs kubelet certificates with a CA that kube-apiserver does not trust",
        codes: &["signer-mismatch", "ca-key-mismatch", "ca-differs-between-nodes"],
        confirm: "grep -n cluster-signing /etc/kubernetes/manifests/kube-controller-manager.yaml, against --client-ca-file of kube-apiserver, on every node: the leader signs",
        treatment: &[
            "set --cluster-signing-cert-file and --cluster-signing-key-file to ca.crt and ca.key, the same pair on every control-plane node",
            "restart kube-controller-manager on every node",
            RESTART,
            "each kubelet whose kubelet-client-current.pem the wrong CA signed needs a new kubelet.conf: pkidoctor regen kubelet.conf --backup",
        ],
        avoid: &[
            Folk {
                advice: "adding the wrong CA to --client-ca-file",
                really: "whoever holds its key could then act as any user",
            },
            folk::DELETE_KUBELET_PKI,
        ],
    },
];
