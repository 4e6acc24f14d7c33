//! Popular advice, with what it would really do. What several modes warn of stands here once.

use super::Folk;

/// The advice that is met most often in threads, whatever the failure.
pub static FOLK: &[Folk] = &[
    CLIENT_AUTH_FALSE,
    PEER_AUTH_FALSE,
    SKIP_PEER_SAN,
    DELETE_POD,
    RENEW_ALL,
    COPY_LEAVES,
    CA_ON_ONE_NODE,
    CONCATENATE,
    SYSTEM_STORE,
    ETCDCTL_SKIP,
    S_CLIENT,
    GODEBUG,
    CLOCK_BACK,
    DELETE_KUBELET_PKI,
    CHMOD_OPEN,
    BACKUP_IN_MANIFESTS,
    KUBEADM_RESET,
    DELETE_TOKENS,
];

const fn folk(advice: &'static str, really: &'static str) -> Folk {
    Folk { advice, really }
}

pub(super) const CLIENT_AUTH_FALSE: Folk = folk(
    "--client-cert-auth=false",
    "no effect while --trusted-ca-file is set; without it etcd is open to everybody who reaches the port",
);

pub(super) const PEER_AUTH_FALSE: Folk = folk(
    "--peer-client-cert-auth=false",
    "no effect while --peer-trusted-ca-file is set; without it the Raft port is open to everybody who reaches it",
);

pub(super) const SKIP_PEER_SAN: Folk = folk(
    "--peer-skip-client-san-verification (with experimental- before 3.6)",
    "hides the fault, and drops the address check for whoever connects to this member",
);

pub(super) const DELETE_POD: Folk = folk(
    "kubectl delete pod of etcd or kube-apiserver",
    "deletes the mirror object; the container goes on with what it has in memory",
);

pub(super) const RENEW_ALL: Folk = folk(
    "kubeadm certs renew all, where names, usages or a CA are wrong",
    "copies names and usages of the old certificates, and touches neither CAs nor kubelet.conf",
);

pub(super) const COPY_LEAVES: Folk = folk(
    "copying etcd/server.* and etcd/peer.* from the first control-plane node",
    "they name that node: clients refuse them here, and peers get EOF",
);

pub(super) const CA_ON_ONE_NODE: Folk =
    folk("making etcd's CA anew on one node", "splits the cluster into two PKIs whose CAs have the same name");

pub(super) const CONCATENATE: Folk = folk(
    "concatenating both CAs and going on",
    "verifies after restarts, but kubeadm takes only the first certificate, and the controller-manager's signer wants one",
);

pub(super) const SYSTEM_STORE: Folk = folk(
    "update-ca-certificates, or another system trust store",
    "etcd and Kubernetes trust the files of their flags; the system's store matters only where a CA flag is missing",
);

pub(super) const ETCDCTL_SKIP: Folk = folk(
    "etcdctl --insecure-skip-tls-verify as a test",
    "dropped up to 3.5 where no other TLS flag is given; with them it proves nothing about names and chain",
);

pub(super) const S_CLIENT: Folk = folk(
    "believing openssl when it says Verify OK",
    "it differs from Go both ways, and under TLS 1.3 it does not see that the server refuses the client",
);

pub(super) const GODEBUG: Folk = folk(
    "GODEBUG=x509ignoreCN=0, x509sha1=1 or x509negativeserial=1",
    "the first two are gone since Go 1.17 and 1.24; all are per process, and none outlives an upgrade",
);

pub(super) const CLOCK_BACK: Folk =
    folk("setting the clock back", "breaks tokens, leases and audit, and the next NTP step ends it");

pub(super) const DELETE_KUBELET_PKI: Folk = folk(
    "deleting /var/lib/kubelet/pki",
    "without a bootstrap kubeconfig the kubelet cannot ask for a certificate and does not come back",
);

pub(super) const CHMOD_OPEN: Folk = folk("chmod 0644 or 0777 on a key", "trades an outage for a leak");

pub(super) const BACKUP_IN_MANIFESTS: Folk = folk(
    "keeping etcd.yaml.bak in the manifests directory",
    "the kubelet runs it: every file there counts whose name does not start with a dot",
);

pub(super) const KUBEADM_RESET: Folk =
    folk("kubeadm reset to refresh certificates", "removes the etcd member and its data on that node");

/// Where etcd's serving certificate lacks a name.
pub(super) const OF_NAMES: &[Folk] =
    &[RENEW_COPIES_NAMES, SKIP_VERIFY, NOT_THE_CLIENT, CLIENT_AUTH_FALSE, KUBEADM_RESET];

pub(super) const DELETE_TOKENS: Folk = folk(
    "deleting all token Secrets",
    "pointless while nodes disagree on the service-account key: new tokens are refused like the old ones",
);

pub(super) const CA_ONCE_MORE: Folk =
    folk("making the CA anew once more", "adds a third key under the same name, and nothing in place chains to it");

pub(super) const SKIP_VERIFY: Folk = folk(
    "--insecure-skip-tls-verify, or an entry in /etc/hosts",
    "the name in the certificate stays wrong for everybody else",
);

pub(super) const RENEW_COPIES_NAMES: Folk =
    folk("kubeadm certs renew", "copies the names of the old certificate, and with them the fault");

pub(super) const RENEW_COPIES_USAGES: Folk =
    folk("kubeadm certs renew", "copies the usages of the old certificate, and with them the fault");

pub(super) const NOT_THE_CLIENT: Folk = folk(
    "making the client's certificate anew",
    "the client refused the server; its own certificate was not even looked at",
);

pub(super) const SAME_FILES_AGAIN: Folk = folk("a restart", "the same files are read again, and refused again");

pub(super) const WRAPPING_ONLY: Folk =
    folk("issuing a new certificate", "what is in the file is sound, only its wrapping is not");

pub(super) const OTHER_CA_TOO: Folk = folk("trusting the other CA as well", "lets everybody in whom it ever signed");

pub(super) const INITIAL_CLUSTER: Folk =
    folk("editing --initial-cluster of a running member", "ignored after the first start: the member list is in etcd");
