//! Renewals, rotations and repairs that went half-way.

use super::steps::{
    APISERVER_AT_START, BACK_UP, BY_HAND_SERVER, ETCD_READS, RESTART, RESTART_TRUST, SERVING_READ, SPREAD_CA,
};
use super::{Folk, Mode, folk};

pub(super) static MODES: &[Mode] = &[
    Mode {
        slug: "op-mirror-pod-delete",
        title: "a static pod was \"restarted\" by deleting its mirror pod, and runs on as before",
        codes: &[],
        confirm: "crictl ps --name etcd, or kube-apiserver: a container older than the files that it should have read is this",
        treatment: &[RESTART],
        avoid: &[
            folk::DELETE_POD,
            Folk {
                advice: "believing the pod's age in kubectl",
                really: "it is that of the mirror object; the container is older",
            },
        ],
    },
    Mode {
        slug: "op-renewed-not-restarted",
        title: "certificates or CAs are new on disk, and processes still hold the old ones",
        codes: &["served-not-on-disk", "ca-in-memory-differs"],
        confirm: "stat -c %z of the file, against the start of the process (ps -o lstart= -C kube-apiserver): a younger file is this",
        treatment: &[
            "first pkidoctor scan: what is on disk has to be right before anything is restarted with it",
            "kube-controller-manager and kube-scheduler after a new kubeconfig, whoever reads a CA file after a new CA",
            APISERVER_AT_START,
            RESTART,
            ETCD_READS,
        ],
        avoid: &[
            folk::DELETE_POD,
            Folk { advice: "renewing once more", really: "the processes do not read that either" },
        ],
    },
    Mode {
        slug: "op-renew-keeps-faults",
        title: "a renewal has copied the wrong names or usages from the old certificate",
        codes: &["san-missing", "missing-client-auth", "missing-server-auth"],
        confirm: "openssl x509 -noout -startdate -ext subjectAltName,extendedKeyUsage -in FILE: fresh dates with the old fault",
        treatment: &[
            "pkidoctor regen etcd-server --backup, or whichever scan names: names and usages come from the manifests and the role",
            BY_HAND_SERVER,
            "put further names into kubeadm's configuration (certSANs, serverCertSANs, peerCertSANs)",
            ETCD_READS,
        ],
        avoid: &[folk::RENEW_ALL, folk::KUBEADM_RESET],
    },
    Mode {
        slug: "op-ca-regenerated",
        title: "a CA was replaced without the certificates that the old one had signed",
        codes: &["ca-regenerated", "ca-differs-between-nodes"],
        confirm: "openssl x509 -noout -startdate of the CA and of its leaves: a CA that is younger than all of them is this",
        treatment: &[
            BACK_UP,
            "the fastest way: put the old CA and its key back, from a backup or another control-plane node",
            "pkidoctor restore",
            "restore without an argument lists the backups of earlier repairs",
            "else make the new one the cluster's own, on every node: pkidoctor regen etcd --adopt-ca --backup; for the cluster's CA: pkidoctor regen all --adopt-ca --backup",
            SPREAD_CA,
            RESTART_TRUST,
            RESTART,
        ],
        avoid: &[folk::CA_ONCE_MORE, folk::RENEW_ALL, folk::SYSTEM_STORE, folk::CA_ON_ONE_NODE],
    },
    Mode {
        slug: "op-ca-rotated-pods-stale",
        title: "the cluster's CA was replaced, and pods and webhooks still trust the old one",
        codes: &[],
        confirm: "kubectl -n kube-system get cm kube-root-ca.crt -o jsonpath='{.data.ca\\.crt}', against /etc/kubernetes/pki/ca.crt; and caBundle of the webhooks",
        treatment: &[
            "let kube-controller-manager's --root-ca-file be the present ca.crt, and restart it: it writes kube-root-ca.crt anew",
            "put the present CA into cluster-info (kube-public) and into the caBundle of webhooks and API services",
            "kubectl rollout restart of workloads that were started before",
            RESTART,
        ],
        avoid: &[folk::DELETE_TOKENS, folk::SKIP_VERIFY],
    },
    Mode {
        slug: "op-upgrade-skips-renewal",
        title: "the upgrade did not renew the certificates, as everybody assumed",
        codes: &["expires-soon", "expired"],
        confirm: "openssl x509 -noout -startdate -in /etc/kubernetes/pki/apiserver.crt: older than the manifests in /etc/kubernetes/manifests is this",
        treatment: &[
            "pkidoctor regen all --backup, on every control-plane node",
            "by hand, where only the dates are wrong: kubeadm certs renew all",
            "see why: --certificate-renewal=false, an external CA, or an old kubeadm upgrade node",
            SERVING_READ,
            APISERVER_AT_START,
            RESTART,
        ],
        avoid: &[
            folk::CLOCK_BACK,
            Folk {
                advice: "upgrading once more for the certificates' sake",
                really: "with the same settings it skips them again",
            },
        ],
    },
    Mode {
        slug: "op-restore-mix",
        title: "a backup was restored over a live PKI, and files of two generations lie side by side",
        codes: &["mixed-generations", "key-mismatch", "ca-regenerated"],
        confirm: "pkidoctor scan: mixed-generations lists which file is of which CA",
        treatment: &[
            BACK_UP,
            "choose one generation: the one whose CAs the other nodes and the running processes have",
            "put its CAs back, each with its key, and sa.key with sa.pub",
            "pkidoctor fix",
            "fix makes anew what does not fit them",
            RESTART_TRUST,
            RESTART,
        ],
        avoid: &[
            Folk {
                advice: "restoring the same backup once more",
                really: "it lacks the same files, and the mixture stays",
            },
            folk::CA_ONCE_MORE,
            folk::KUBEADM_RESET,
        ],
    },
    Mode {
        slug: "op-distribution-rotation",
        title: "the PKI belongs to a distribution that rotates it itself, and its rotation missed something",
        codes: &["distribution-layout"],
        confirm: "the paths in flags and logs: /var/lib/rancher, /etc/kubernetes/ssl, /etc/kubernetes/pki/etcd-manager or /var/snap/microk8s",
        treatment: &[
            "rotate with its own command: k3s certificate rotate, rke2 certificate rotate, rke cert rotate, microk8s refresh-certs, kops rolling-update cluster",
            "then see what it missed: pkidoctor scan /var/lib/rancher/rke2/server/tls, or wherever it keeps its PKI",
            "restart what still holds the old one in memory, the supervisor and its cache included",
        ],
        avoid: &[Folk { advice: "kubeadm certs renew", really: "does not know this layout" }],
    },
];
