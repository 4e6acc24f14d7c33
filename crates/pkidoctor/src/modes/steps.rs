//! Steps that several treatments share, so that they read the same everywhere.

/// As `plan::how_to_restart` says it.
pub(super) const RESTART: &str = "restart a static pod: move its manifest out of the manifests directory, wait until crictl ps no longer shows the container (20 s or more), move it back; one etcd member at a time";

/// Who else has to be told of a CA file.
pub(super) const RESTART_TRUST: &str =
    "restart every etcd, then every kube-apiserver, one node at a time: CA files are read once, at start";

/// Before anything that concerns a CA.
pub(super) const BACK_UP: &str = "first copy /etc/kubernetes of every node to a place outside of it, with owners and modes, and take an etcd snapshot while etcd answers";

/// What makes an edited manifest count.
pub(super) const EDIT: &str = "edit the manifest (keep no copy in that directory: the kubelet runs every file there); the kubelet restarts the pod by itself";

pub(super) const ETCD_READS: &str = "etcd reads its certificates and keys at each handshake: no restart";

pub(super) const APISERVER_READS: &str = "kube-apiserver reads its certificate for etcd at each handshake: no restart";

pub(super) const SERVING_READ: &str = "kube-apiserver reads its serving certificate again within a minute: no restart";

pub(super) const APISERVER_AT_START: &str =
    "restart kube-apiserver: older releases read this client certificate only at start";

pub(super) const RENEW_CA: &str =
    "renew the CA certificate with the same key and the byte-identical subject: its leaves stay valid";

pub(super) const SPREAD_CA: &str = "put it on every node in the place of the old one; a cluster CA also into every kubeconfig's certificate-authority-data";

pub(super) const KUBELET_CONF: &str = "pkidoctor regen kubelet.conf --backup, on a control-plane node";

pub(super) const KUBELET_CONF_BY_HAND: &str = "by hand: kubeadm kubeconfig user --org system:nodes --client-name system:node:NAME, run on a healthy control-plane node, makes one";

pub(super) const KUBELET_TWICE: &str = "systemctl restart kubelet; when kubelet-client-current.pem is there, point client-certificate and client-key of kubelet.conf at it and restart once more";

pub(super) const KUBELET_WORKER: &str = "on a worker: a kubeconfig with a new bootstrap token as /etc/kubernetes/bootstrap-kubelet.conf, then systemctl restart kubelet";

/// How kubeadm makes a certificate anew by hand, as `check::Remedy::regen` says it.
macro_rules! by_hand {
    ($phase:literal) => {
        concat!(
            "by hand: back up and move the old files away (kubeadm keeps what exists), then kubeadm init phase ",
            $phase,
            " --config FILE with this node's own address and names"
        )
    };
}

pub(super) const BY_HAND_SERVER: &str = by_hand!("certs etcd-server");
pub(super) const BY_HAND_PEER: &str = by_hand!("certs etcd-peer");
pub(super) const BY_HAND_ETCD_CLIENT: &str = by_hand!("certs apiserver-etcd-client");
pub(super) const BY_HAND_APISERVER: &str = by_hand!("certs apiserver");
pub(super) const BY_HAND_KUBELET_CLIENT: &str = by_hand!("certs apiserver-kubelet-client");
pub(super) const BY_HAND_FRONT_PROXY: &str = by_hand!("certs front-proxy-client");
