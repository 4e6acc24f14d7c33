//! What differs between control-plane nodes, and what stops a new one from joining.

use super::steps::{APISERVER_AT_START, BACK_UP, RESTART, SERVING_READ};
use super::{Folk, Mode, folk};

const ALL_NODES: &str = "pkidoctor scan cp1/pki cp2/pki cp3/pki, with a copy of each node's PKI: ca-differs-between-nodes tells who has which";

const CHOOSE: &str = "choose the node whose data is to live on";

pub(super) static MODES: &[Mode] = &[
    Mode {
        slug: "mn-etcd-ca-differs",
        title: "a node has an etcd CA of its own, so its member and the others refuse each other",
        codes: &["ca-differs-between-nodes"],
        confirm: ALL_NODES,
        treatment: &[
            BACK_UP,
            CHOOSE,
            "copy its etcd/ca.crt and etcd/ca.key to the others, with owner and modes; never its leaves",
            "on each of the others: pkidoctor regen etcd --adopt-ca --backup, with the other members' PKI as further --pki",
            "restart etcd and kube-apiserver of those nodes, one node at a time: CA files are read once, at start",
            RESTART,
        ],
        avoid: &[folk::CONCATENATE, folk::CA_ON_ONE_NODE, folk::COPY_LEAVES, folk::RENEW_ALL, folk::PEER_AUTH_FALSE],
    },
    Mode {
        slug: "mn-cluster-ca-differs",
        title: "control-plane nodes have different cluster CAs, so it depends on the node who is refused",
        codes: &["ca-differs-between-nodes"],
        confirm: ALL_NODES,
        treatment: &[
            BACK_UP,
            CHOOSE,
            "copy its ca.crt and ca.key to the others, with owner and modes; never its leaves",
            "on the others: pkidoctor regen apiserver apiserver-kubelet-client admin.conf controller-manager.conf scheduler.conf kubelet.conf --adopt-ca --backup",
            "restart kube-apiserver, kube-controller-manager, kube-scheduler and the kubelet there, one node at a time",
            RESTART,
        ],
        avoid: &[folk::CONCATENATE, folk::RENEW_ALL, folk::CA_ONCE_MORE],
    },
    Mode {
        slug: "mn-sa-key-differs",
        title: "control-plane nodes have different service-account keys, so tokens of one are refused by another",
        codes: &["sa-key-differs-between-nodes"],
        confirm: "sha256sum /etc/kubernetes/pki/sa.pub on every control-plane node: they must be the same",
        treatment: &[
            "choose the node whose tokens are to stay valid",
            "copy its sa.key and sa.pub to the others, with owner and modes",
            "restart kube-apiserver and kube-controller-manager of those nodes, one node at a time",
            RESTART,
            "restart pods whose tokens were signed with a key that is gone",
        ],
        avoid: &[
            folk::DELETE_TOKENS,
            Folk { advice: "making a new sa pair on one node", really: "adds a third key that the others refuse" },
        ],
    },
    Mode {
        slug: "mn-frontproxy-differs",
        title: "control-plane nodes have different front-proxy CAs, so aggregated APIs fail through some of them",
        codes: &["ca-differs-between-nodes"],
        confirm: ALL_NODES,
        treatment: &[
            CHOOSE,
            "copy its front-proxy-ca.crt and front-proxy-ca.key to the others, with owner and modes",
            "on the others: pkidoctor regen front-proxy-client --adopt-ca --backup",
            APISERVER_AT_START,
            RESTART,
            "restart extension servers that read the CA only at start",
        ],
        avoid: &[folk::CONCATENATE, folk::RENEW_ALL],
    },
    Mode {
        slug: "mn-renewed-on-one-node",
        title: "certificates were renewed on one control-plane node only",
        codes: &["renewed-on-one-node", "expires-soon", "expired"],
        confirm: "openssl x509 -noout -enddate -in /etc/kubernetes/pki/apiserver.crt, on every control-plane node",
        treatment: &[
            "on each of the others: pkidoctor regen all --backup",
            "by hand, where only the dates are wrong: kubeadm certs renew all, on each node",
            SERVING_READ,
            APISERVER_AT_START,
            "restart kube-controller-manager and kube-scheduler: a kubeconfig is read at start",
            RESTART,
        ],
        avoid: &[folk::COPY_LEAVES, folk::CLOCK_BACK],
    },
    Mode {
        slug: "mn-join-dead-endpoint",
        title: "kubeadm waits for an etcd member that is gone or does not answer it",
        codes: &["endpoint-unreachable"],
        confirm: "pkidoctor probe --all-members: the member that is unreachable, or refused; by hand: etcdctl member list -w table",
        treatment: &[
            "a member of a node that is gone: etcdctl member remove ID",
            "and its entry under apiEndpoints in the ConfigMap kubeadm-config of kube-system, in older releases",
            "a member that lives and is refused: pkidoctor scan, on that node",
            "then the same kubeadm command again",
        ],
        avoid: &[
            Folk { advice: "making etcd's CA anew", really: "every member that still answers is then refused, too" },
            folk::KUBEADM_RESET,
        ],
    },
    Mode {
        slug: "mn-join-ca-hash",
        title: "the CA hash in the join command is not that of the cluster's CA",
        codes: &[],
        confirm: "openssl x509 -pubkey -noout -in /etc/kubernetes/pki/ca.crt | openssl pkey -pubin -outform der | sha256sum, against the hash in the command",
        treatment: &[
            "kubeadm token create --print-join-command, on a control-plane node, and join with what it prints",
            "where cluster-info in kube-public holds an old CA, put the present ca.crt there",
            "ca.crt must be the same on every control-plane node behind the load balancer",
        ],
        avoid: &[Folk {
            advice: "--discovery-token-unsafe-skip-ca-verification",
            really: "the node believes whoever answers at that address",
        }],
    },
    Mode {
        slug: "mn-join-cert-key",
        title: "the uploaded certificates cannot be decrypted with this key, or have expired after two hours",
        codes: &[],
        confirm: "kubectl -n kube-system get secret kubeadm-certs: gone after two hours; there, the key of the command is another",
        treatment: &[
            "kubeadm init phase upload-certs --upload-certs, on a control-plane node; join with the key that it prints",
            "or copy the eight shared files by hand: ca, etcd/ca and front-proxy-ca as .crt and .key, sa.key and sa.pub",
        ],
        avoid: &[
            Folk { advice: "copying the whole PKI directory", really: "brings leaves along that name the other node" },
            folk::COPY_LEAVES,
        ],
    },
    Mode {
        slug: "mn-missing-shared-file",
        title: "a file that all control-plane nodes share is missing on one, or was made anew there",
        codes: &["shared-file-missing", "file-missing", "manifest-path-missing", "ca-key-missing"],
        confirm: "cd /etc/kubernetes/pki; sha256sum ca.crt ca.key sa.pub sa.key front-proxy-ca.crt front-proxy-ca.key etcd/ca.crt etcd/ca.key, on every node",
        treatment: &[
            "copy what is missing or differs from a node that works, with owner and mode",
            "on the receiving node, for each CA that was another one there: pkidoctor regen all --adopt-ca --backup",
            "restart the components of that node",
            RESTART,
        ],
        avoid: &[
            Folk {
                advice: "kubeadm init phase certs for what is missing",
                really: "makes a new file of that name instead of the shared one",
            },
            folk::COPY_LEAVES,
            folk::KUBEADM_RESET,
        ],
    },
    Mode {
        slug: "mn-etcd-loopback-only",
        title: "the first etcd member, made by an old kubeadm, listens on 127.0.0.1 alone",
        codes: &["etcd-loopback-only", "advertise-unreachable", "san-missing"],
        confirm: "grep -n listen-client-urls /etc/kubernetes/manifests/etcd.yaml: only 127.0.0.1 is this",
        treatment: &[
            "pkidoctor regen etcd-server etcd-peer --san ADDRESS --backup, with the node's address",
            "add https://ADDRESS:2379 to --listen-client-urls and --advertise-client-urls, https://ADDRESS:2380 to --listen-peer-urls",
            "etcdctl member update ID --peer-urls=https://ADDRESS:2380",
            RESTART,
        ],
        avoid: &[folk::RENEW_COPIES_NAMES, folk::INITIAL_CLUSTER, folk::COPY_LEAVES],
    },
];
