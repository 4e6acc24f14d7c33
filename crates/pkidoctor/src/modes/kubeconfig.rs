//! Kubeconfigs, and the kubelet's own certificates.

use super::steps::{
    BY_HAND_APISERVER, KUBELET_CONF, KUBELET_CONF_BY_HAND, KUBELET_TWICE, KUBELET_WORKER, RESTART, SERVING_READ,
};
use super::{Folk, Mode, folk};

const CONF_READERS: &str = "restart kube-controller-manager and kube-scheduler: a kubeconfig is read at start";

const COPY_ADMIN: &str = "copies of admin.conf (~/.kube/config) still hold the old credentials: copy it again";

pub(super) static MODES: &[Mode] = &[
    Mode {
        slug: "kc-client-cert-expired",
        title: "the client certificate in a kubeconfig has expired",
        codes: &["expired", "expires-soon"],
        confirm: "pkidoctor inspect /etc/kubernetes/admin.conf /etc/kubernetes/controller-manager.conf /etc/kubernetes/scheduler.conf: the end of each client certificate",
        treatment: &[
            "pkidoctor regen admin.conf controller-manager.conf scheduler.conf --backup",
            "by hand, where only the dates are wrong: kubeadm certs renew admin.conf, likewise controller-manager.conf and scheduler.conf",
            CONF_READERS,
            RESTART,
            COPY_ADMIN,
        ],
        avoid: &[
            folk::CLOCK_BACK,
            folk::DELETE_POD,
            Folk {
                advice: "kubeadm certs renew for kubelet.conf",
                really: "does not touch it; the kubelet rotates its own",
            },
        ],
    },
    Mode {
        slug: "kc-user-copy-stale",
        title: "~/.kube/config is an old copy of admin.conf",
        codes: &[],
        confirm: "kubectl --kubeconfig /etc/kubernetes/admin.conf get nodes: when that works, the copy is stale",
        treatment: &[
            "cp /etc/kubernetes/admin.conf ~/.kube/config; chown to its user, mode 0600",
            "where KUBECONFIG names several files, look at each of them",
        ],
        avoid: &[folk::SKIP_VERIFY, folk::CA_ONCE_MORE],
    },
    Mode {
        slug: "kc-ca-data-mismatch",
        title: "the CA in a kubeconfig is not the one that signed kube-apiserver's certificate",
        codes: &["ca-regenerated", "signed-by-other-ca", "system-roots", "ca-file-is-leaf"],
        confirm: "pkidoctor scan: the link of that kubeconfig to kube-apiserver; by hand: its certificate-authority-data, decoded, against ca.crt",
        treatment: &[
            "see first that ca.crt itself is the right one, the same on every control-plane node",
            "pkidoctor regen admin.conf controller-manager.conf scheduler.conf --backup, or the one of them that scan names",
            "by hand: put the base64 of ca.crt into certificate-authority-data",
            CONF_READERS,
            RESTART,
            COPY_ADMIN,
        ],
        avoid: &[
            Folk { advice: "kubeadm certs renew of the kubeconfig", really: "keeps the CA that is embedded in it" },
            folk::SKIP_VERIFY,
            folk::SYSTEM_STORE,
        ],
    },
    Mode {
        slug: "kc-pair-mismatch",
        title: "certificate and key in a kubeconfig do not belong together",
        codes: &["key-mismatch", "key-type-mismatch"],
        confirm: "pkidoctor inspect /etc/kubernetes/admin.conf, or the kubeconfig in question: it compares both halves",
        treatment: &[
            "pkidoctor regen admin.conf --backup, or whichever scan names",
            "by hand: put both halves back from one backup",
            CONF_READERS,
            RESTART,
        ],
        avoid: &[Folk { advice: "pasting only one of the two anew", really: "both belong together, from one place" }],
    },
    Mode {
        slug: "kc-malformed-data",
        title: "base64 or PEM in a kubeconfig is damaged, or half of the credentials is missing",
        codes: &[
            "kubeconfig-malformed",
            "kubeconfig-incomplete",
            "kubeconfig-no-credentials",
            "kubeconfig-both",
            "not-pem",
            "ca-pool-empty",
            "malformed-certificate",
        ],
        confirm: "pkidoctor inspect /etc/kubernetes/admin.conf, or the kubeconfig in question: it names the field that does not read",
        treatment: &[
            "pkidoctor regen admin.conf --backup, or whichever scan names",
            "by hand: each …-data field is base64 of PEM, once, on one line (base64 -w 0)",
            CONF_READERS,
            RESTART,
        ],
        avoid: &[Folk {
            advice: "pasting PEM text as it is into a …-data field",
            really: "it is read as base64 and fails at the first dash",
        }],
    },
    Mode {
        slug: "kc-dangling-path",
        title: "a kubeconfig names files that are gone",
        codes: &["kubeconfig-path-missing"],
        confirm: "grep -nE 'client-(certificate|key)|certificate-authority' KUBECONFIG, and ls of each path, relative to the kubeconfig's directory",
        treatment: &[
            "put the files back, or make the kubeconfig anew with everything in it: pkidoctor regen admin.conf --backup, or whichever scan names",
            "kubelet.conf: see kubelet-client-current.pem first; else pkidoctor regen kubelet.conf --backup",
            "systemctl restart kubelet, where it is the kubelet's",
        ],
        avoid: &[folk::DELETE_KUBELET_PKI],
    },
    Mode {
        slug: "kc-server-not-in-san",
        title: "kube-apiserver's certificate lacks the host that a kubeconfig names",
        codes: &["san-missing", "kubeconfig-insecure"],
        confirm: "kubectl config view -o jsonpath='{.clusters[*].cluster.server}', against the names in the error",
        treatment: &[
            "pkidoctor regen apiserver --san NAME --backup, on every control-plane node",
            "put the name into apiServer.certSANs of kubeadm's configuration, so that upgrades keep it",
            BY_HAND_APISERVER,
            SERVING_READ,
            "or set server: to a host that the certificate holds",
        ],
        avoid: &[
            Folk {
                advice: "insecure-skip-tls-verify in the kubeconfig",
                really: "a stranger at that address gets the credentials; and beside CA data kubectl refuses it",
            },
            folk::RENEW_COPIES_NAMES,
        ],
    },
    Mode {
        slug: "kc-kubelet-conf-embedded",
        title: "kubelet.conf holds a fixed certificate, which rotation never replaces",
        codes: &["kubelet-conf-embedded", "expires-soon", "expired"],
        confirm: "grep client- /etc/kubernetes/kubelet.conf: client-certificate-data instead of a path is this",
        treatment: &[
            "in kubelet.conf put client-certificate: /var/lib/kubelet/pki/kubelet-client-current.pem in place of client-certificate-data",
            "and client-key: /var/lib/kubelet/pki/kubelet-client-current.pem in place of client-key-data",
            "systemctl restart kubelet",
            "where that file is missing or has expired: pkidoctor regen kubelet.conf --backup",
        ],
        avoid: &[
            Folk {
                advice: "leaving the data beside the path",
                really: "client-go refuses a kubeconfig that says both",
            },
            Folk { advice: "kubeadm certs renew", really: "does not touch kubelet.conf" },
        ],
    },
    Mode {
        slug: "kc-kubelet-current-broken",
        title: "kubelet-client-current.pem is dangling, empty, no link, or lacks one half",
        codes: &["kubelet-current-broken"],
        confirm: "ls -l /var/lib/kubelet/pki, and grep BEGIN /var/lib/kubelet/pki/kubelet-client-current.pem: certificate and key have to be there",
        treatment: &[
            "where an intact kubelet-client-DATE.pem is there: ln -sf /var/lib/kubelet/pki/kubelet-client-DATE.pem /var/lib/kubelet/pki/kubelet-client-current.pem",
            "systemctl restart kubelet",
            KUBELET_CONF,
            KUBELET_CONF_BY_HAND,
            KUBELET_TWICE,
            KUBELET_WORKER,
        ],
        avoid: &[
            Folk { advice: "making it a plain file", really: "rotation needs the link" },
            folk::DELETE_KUBELET_PKI,
        ],
    },
    Mode {
        slug: "kc-kubelet-serving-missing",
        title: "the kubelet has no serving certificate: nobody approved its request",
        codes: &["kubelet-serving-missing"],
        confirm: "kubectl get csr: pending requests of kubernetes.io/kubelet-serving from that node",
        treatment: &[
            "kubectl certificate approve NAME, after a look at the addresses in the request",
            "install an approver for kubelet serving certificates: kube-controller-manager never approves them",
            "or set serverTLSBootstrap: false in /var/lib/kubelet/config.yaml and restart the kubelet",
        ],
        avoid: &[
            Folk {
                advice: "approving every pending request unseen",
                really: "a request for another node's address gets a certificate, too",
            },
            folk::DELETE_KUBELET_PKI,
        ],
    },
];
