//! The authorities and leaves of a kubeadm cluster.

use crate::extension::Purpose;
use crate::name::{COMMON_NAME, Name, ORGANIZATION};

/// A certificate authority of a kubeadm cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Authority {
    /// `ca`
    Cluster,
    /// `etcd/ca`
    Etcd,
    /// `front-proxy-ca`
    FrontProxy,
}

impl Authority {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Cluster, Self::Etcd, Self::FrontProxy];

    /// The path in the PKI directory, without suffix.
    pub fn stem(self) -> &'static str {
        match self {
            Self::Cluster => "ca",
            Self::Etcd => "etcd/ca",
            Self::FrontProxy => "front-proxy-ca",
        }
    }

    pub(crate) fn common_name(self) -> &'static str {
        match self {
            Self::Cluster => "kubernetes",
            Self::Etcd => "etcd-ca",
            Self::FrontProxy => "front-proxy-ca",
        }
    }
}

/// A leaf of a kubeadm cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// `etcd/server`
    EtcdServer,
    /// `etcd/peer`
    EtcdPeer,
    /// `etcd/healthcheck-client`
    EtcdHealthcheckClient,
    /// `apiserver-etcd-client`
    ApiserverEtcdClient,
    /// `apiserver`
    Apiserver,
    /// `apiserver-kubelet-client`
    ApiserverKubeletClient,
    /// `front-proxy-client`
    FrontProxyClient,
    /// `admin.conf`
    Admin,
    /// `super-admin.conf`
    SuperAdmin,
    /// `controller-manager.conf`
    ControllerManager,
    /// `scheduler.conf`
    Scheduler,
    /// `kubelet.conf`
    Kubelet,
}

impl Role {
    /// The leaves that are a pair of files.
    pub const FILES: [Self; 7] = [
        Self::EtcdServer,
        Self::EtcdPeer,
        Self::EtcdHealthcheckClient,
        Self::ApiserverEtcdClient,
        Self::Apiserver,
        Self::ApiserverKubeletClient,
        Self::FrontProxyClient,
    ];

    /// The leaves that live in a kubeconfig.
    pub const CONFS: [Self; 5] =
        [Self::Admin, Self::SuperAdmin, Self::ControllerManager, Self::Scheduler, Self::Kubelet];

    /// The leaves that are shown to clients.
    pub const SERVERS: [Self; 3] = [Self::EtcdServer, Self::EtcdPeer, Self::Apiserver];

    /// Who signs it.
    pub fn authority(self) -> Authority {
        match self {
            Self::EtcdServer | Self::EtcdPeer | Self::EtcdHealthcheckClient | Self::ApiserverEtcdClient => {
                Authority::Etcd
            }
            Self::FrontProxyClient => Authority::FrontProxy,
            _ => Authority::Cluster,
        }
    }

    /// The path in the PKI directory without suffix, or the name of the kubeconfig.
    pub fn stem(self) -> &'static str {
        match self {
            Self::EtcdServer => "etcd/server",
            Self::EtcdPeer => "etcd/peer",
            Self::EtcdHealthcheckClient => "etcd/healthcheck-client",
            Self::ApiserverEtcdClient => "apiserver-etcd-client",
            Self::Apiserver => "apiserver",
            Self::ApiserverKubeletClient => "apiserver-kubelet-client",
            Self::FrontProxyClient => "front-proxy-client",
            Self::Admin => "admin.conf",
            Self::SuperAdmin => "super-admin.conf",
            Self::ControllerManager => "controller-manager.conf",
            Self::Scheduler => "scheduler.conf",
            Self::Kubelet => "kubelet.conf",
        }
    }

    /// Whether it lives in a kubeconfig.
    pub fn in_kubeconfig(self) -> bool {
        Self::CONFS.contains(&self)
    }

    pub(crate) fn purposes(self) -> &'static [Purpose] {
        match self {
            Self::EtcdServer | Self::EtcdPeer => &[Purpose::Server, Purpose::Client],
            Self::Apiserver => &[Purpose::Server],
            _ => &[Purpose::Client],
        }
    }

    pub(crate) fn subject(self, node: &str) -> Name {
        let member =
            |organization: &str, name: &str| Name::empty().with(ORGANIZATION, organization).with(COMMON_NAME, name);
        match self {
            Self::EtcdServer | Self::EtcdPeer => Name::common(node),
            Self::EtcdHealthcheckClient => member("system:masters", "kube-etcd-healthcheck-client"),
            Self::ApiserverEtcdClient => member("system:masters", "kube-apiserver-etcd-client"),
            Self::Apiserver => Name::common("kube-apiserver"),
            Self::ApiserverKubeletClient => member("system:masters", "kube-apiserver-kubelet-client"),
            Self::FrontProxyClient => Name::common("front-proxy-client"),
            Self::Admin => member("system:masters", "kubernetes-admin"),
            Self::SuperAdmin => member("system:masters", "kubernetes-super-admin"),
            Self::ControllerManager => Name::common("system:kube-controller-manager"),
            Self::Scheduler => Name::common("system:kube-scheduler"),
            Self::Kubelet => member("system:nodes", &format!("system:node:{node}")),
        }
    }

    pub(crate) fn user(self, node: &str) -> String {
        self.subject(node).common_name().unwrap_or_default()
    }
}
