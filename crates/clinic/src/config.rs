//! What the components of a control plane are told: flags and kubeconfigs, before they are text.

use crate::file::File;

/// Where a kubeadm node keeps its files.
pub const KUBERNETES: &str = "/etc/kubernetes";

/// A directory outside the tree of every patient, mounted where a flag names it.
pub const ELSEWHERE: &str = "/etc/ssl/cluster";

/// The path on the node of `relative` inside the PKI directory.
pub fn pki(relative: &str) -> String {
    format!("{KUBERNETES}/pki/{relative}")
}

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// https, or else http
    pub tls: bool,
    /// a name or an address without brackets
    pub host: String,
    /// the port
    pub port: u16,
}

impl Url {
    /// `https://host:port`
    pub fn https(host: &str, port: u16) -> Self {
        Self { tls: true, host: host.to_owned(), port }
    }
}

impl std::fmt::Display for Url {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        if self.host.contains(':') {
            write!(formatter, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

/// How flags are written into a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `--flag=value` in `command`, as kubeadm does
    Equals,
    /// `--flag value` as two items of `command`
    Space,
    /// `--flag=value` in `args`
    Args,
    /// `ETCD_FLAG` in `env`; other components fall back to [`Style::Equals`]
    Env,
}

/// One of etcd's two TLS endpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EtcdTls {
    /// `--cert-file`
    pub cert: Option<String>,
    /// `--key-file`
    pub key: Option<String>,
    /// `--trusted-ca-file`
    pub trusted_ca: Option<String>,
    /// `--client-cert-auth`
    pub client_cert_auth: Option<bool>,
    /// `--auto-tls`
    pub auto: bool,
    /// `--client-cert-file` and `--client-key-file`
    pub client_pair: Option<(String, String)>,
    /// `--peer-cert-allowed-cn`
    pub allowed_cn: Vec<String>,
    /// `--client-cert-allowed-hostname`, `--peer-cert-allowed-hostname`
    pub allowed_hostname: Vec<String>,
}

impl EtcdTls {
    /// Whether a client must show a certificate: etcd's own rule.
    pub fn requires_client(&self) -> bool {
        self.trusted_ca.is_some() || self.client_cert_auth == Some(true)
    }
}

/// An etcd member.
#[derive(Clone, Debug)]
pub struct Etcd {
    /// `--name`
    pub name: String,
    /// `--advertise-client-urls`
    pub advertise_client: Vec<Url>,
    /// `--listen-client-urls`
    pub listen_client: Vec<Url>,
    /// `--initial-advertise-peer-urls`
    pub advertise_peer: Vec<Url>,
    /// `--listen-peer-urls`
    pub listen_peer: Vec<Url>,
    /// `--initial-cluster`
    pub initial_cluster: String,
    /// the client port
    pub client: EtcdTls,
    /// the peer port
    pub peer: EtcdTls,
    /// `--experimental-peer-skip-client-san-verification`
    pub skip_san: bool,
    /// only `pki/etcd` is mounted, whatever the flags name
    pub narrow_mount: bool,
    /// flags that change nothing here, written as they are
    pub extra: Vec<(String, String)>,
}

/// A kube-apiserver.
#[derive(Clone, Debug)]
pub struct Apiserver {
    /// `--advertise-address`
    pub address: String,
    /// `--etcd-servers`
    pub etcd_servers: Vec<Url>,
    /// `--etcd-cafile`
    pub etcd_ca: Option<String>,
    /// `--etcd-certfile`
    pub etcd_cert: Option<String>,
    /// `--etcd-keyfile`
    pub etcd_key: Option<String>,
    /// `--tls-cert-file`
    pub cert: String,
    /// `--tls-private-key-file`
    pub key: String,
    /// `--client-ca-file`
    pub client_ca: String,
    /// `--kubelet-client-certificate`
    pub kubelet_cert: String,
    /// `--kubelet-client-key`
    pub kubelet_key: String,
    /// `--proxy-client-cert-file`
    pub proxy_cert: String,
    /// `--proxy-client-key-file`
    pub proxy_key: String,
    /// `--requestheader-client-ca-file`
    pub requestheader_ca: String,
    /// `--requestheader-allowed-names`
    pub allowed_names: Option<Vec<String>>,
    /// every `--service-account-key-file`
    pub token_keys: Vec<String>,
    /// `--service-account-signing-key-file`
    pub token_signer: String,
    /// `--service-cluster-ip-range`
    pub service_range: String,
    /// the first address of it
    pub service_address: String,
}

/// A kube-controller-manager.
#[derive(Clone, Debug)]
pub struct ControllerManager {
    /// `--root-ca-file`
    pub root_ca: String,
    /// `--service-account-private-key-file`
    pub token_signer: String,
    /// `--cluster-signing-cert-file`
    pub signing_cert: String,
    /// `--cluster-signing-key-file`
    pub signing_key: String,
}

/// Damage to a base64 field of a kubeconfig.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldDamage {
    /// a character that base64 does not know
    BadCharacter,
    /// the last character is gone
    Short,
    /// encoded twice
    Twice,
    /// the PEM text itself
    Raw,
    /// nothing
    Empty,
    /// broken into lines
    Folded,
}

/// Where a kubeconfig takes something from.
#[derive(Clone, Debug)]
pub enum Source {
    /// nowhere
    Absent,
    /// inline
    Data(File, Option<FieldDamage>),
    /// a path, on the node or relative to the kubeconfig
    Path(String),
}

impl Source {
    /// Inline data.
    pub fn data(file: File) -> Self {
        Self::Data(file, None)
    }
}

/// A kubeconfig with one context.
#[derive(Clone, Debug)]
pub struct Kubeconfig {
    /// `server`
    pub server: Url,
    /// `tls-server-name`
    pub tls_server_name: Option<String>,
    /// `insecure-skip-tls-verify`
    pub insecure: bool,
    /// the CA
    pub ca: Source,
    /// the client certificate
    pub cert: Source,
    /// the client key
    pub key: Source,
    /// a bearer token
    pub token: Option<String>,
    /// the name of the user
    pub user: String,
}
