//! Static pod manifests and kubeconfigs as kubeadm 1.20 writes them.

use crate::config::{
    Apiserver, ControllerManager, ELSEWHERE, Etcd, EtcdTls, KUBERNETES, Kubeconfig, Source, Style, Url, pki,
};
use std::fmt::Write as _;

/// A flag and its value; a flag without one stands for itself.
type Flag = (String, Option<String>);

fn flag(name: &str, value: impl Into<String>) -> Flag {
    (name.to_owned(), Some(value.into()))
}

fn optional(name: &str, value: Option<&String>) -> Option<Flag> {
    value.map(|value| flag(name, value.as_str()))
}

fn urls(urls: &[Url]) -> String {
    urls.iter().map(Url::to_string).collect::<Vec<_>>().join(",")
}

/// `etcd.yaml`.
pub fn etcd(etcd: &Etcd, style: Style) -> String {
    let mut flags = vec![
        flag("advertise-client-urls", urls(&etcd.advertise_client)),
        flag("data-dir", "/var/lib/etcd"),
        flag("initial-advertise-peer-urls", urls(&etcd.advertise_peer)),
        flag("initial-cluster", etcd.initial_cluster.as_str()),
        flag("listen-client-urls", urls(&etcd.listen_client)),
        flag("listen-metrics-urls", "http://127.0.0.1:2381"),
        flag("listen-peer-urls", urls(&etcd.listen_peer)),
        flag("name", etcd.name.as_str()),
        flag("snapshot-count", "10000"),
    ];
    flags.extend(tls_flags(&etcd.client, ""));
    flags.extend(tls_flags(&etcd.peer, "peer-"));
    if etcd.skip_san {
        flags.push(flag("experimental-peer-skip-client-san-verification", "true"));
    }
    flags.extend(etcd.extra.iter().map(|(name, value)| flag(name, value.as_str())));
    flags.sort();
    let mut mounts = vec![
        ("etcd-data", "/var/lib/etcd", "DirectoryOrCreate"),
        ("etcd-certs", mounted_directory(etcd), "DirectoryOrCreate"),
    ];
    mounts.extend(mount_elsewhere(&flags));
    let annotation =
        format!("    kubeadm.kubernetes.io/etcd.advertise-client-urls: {}\n", urls(&etcd.advertise_client));
    pod("etcd", "k8s.gcr.io/etcd:3.4.13-0", &annotation, &flags, style, &mounts)
}

/// A volume: name, path, type.
type Mount = (&'static str, &'static str, &'static str);

/// The mount that makes paths outside the tree visible, where a flag names one.
fn mount_elsewhere(flags: &[Flag]) -> Option<Mount> {
    let named = |(_, value): &Flag| value.as_ref().is_some_and(|value| value.starts_with(ELSEWHERE));
    flags.iter().any(named).then_some(("cluster-certs", ELSEWHERE, "DirectoryOrCreate"))
}

/// kubeadm mounts only `pki/etcd`; a path elsewhere needs more, unless that it has none is the wound.
fn mounted_directory(etcd: &Etcd) -> &'static str {
    let inside = |path: &Option<String>| path.as_ref().is_none_or(|path| path.starts_with(&pki("etcd/")));
    let tls = |tls: &EtcdTls| {
        let pair = tls.client_pair.as_ref();
        inside(&tls.cert)
            && inside(&tls.key)
            && inside(&tls.trusted_ca)
            && pair.is_none_or(|(cert, key)| inside(&Some(cert.clone())) && inside(&Some(key.clone())))
    };
    if etcd.narrow_mount || tls(&etcd.client) && tls(&etcd.peer) {
        "/etc/kubernetes/pki/etcd"
    } else {
        "/etc/kubernetes/pki"
    }
}

fn tls_flags(tls: &EtcdTls, prefix: &str) -> Vec<Flag> {
    let mut flags = Vec::new();
    flags.extend(optional(&format!("{prefix}cert-file"), tls.cert.as_ref()));
    flags.extend(optional(&format!("{prefix}key-file"), tls.key.as_ref()));
    flags.extend(optional(&format!("{prefix}trusted-ca-file"), tls.trusted_ca.as_ref()));
    let auth = tls.client_cert_auth.map(|auth| auth.to_string());
    flags.extend(optional(&format!("{prefix}client-cert-auth"), auth.as_ref()));
    if tls.auto {
        flags.push(flag(&format!("{prefix}auto-tls"), "true"));
    }
    if let Some((cert, key)) = &tls.client_pair {
        flags.push(flag(&format!("{prefix}client-cert-file"), cert.as_str()));
        flags.push(flag(&format!("{prefix}client-key-file"), key.as_str()));
    }
    if !tls.allowed_cn.is_empty() {
        flags.push(flag(&format!("{prefix}cert-allowed-cn"), tls.allowed_cn.join(",")));
    }
    if !tls.allowed_hostname.is_empty() {
        let name = if prefix.is_empty() { "client-cert-allowed-hostname" } else { "peer-cert-allowed-hostname" };
        flags.push(flag(name, tls.allowed_hostname.join(",")));
    }
    flags
}

/// `kube-apiserver.yaml`.
pub fn apiserver(apiserver: &Apiserver, style: Style) -> String {
    let mut flags = vec![
        flag("advertise-address", apiserver.address.as_str()),
        flag("allow-privileged", "true"),
        flag("authorization-mode", "Node,RBAC"),
        flag("client-ca-file", apiserver.client_ca.as_str()),
        flag("enable-admission-plugins", "NodeRestriction"),
        flag("enable-bootstrap-token-auth", "true"),
        flag("etcd-servers", urls(&apiserver.etcd_servers)),
        flag("insecure-port", "0"),
        flag("kubelet-client-certificate", apiserver.kubelet_cert.as_str()),
        flag("kubelet-client-key", apiserver.kubelet_key.as_str()),
        flag("kubelet-preferred-address-types", "InternalIP,ExternalIP,Hostname"),
        flag("proxy-client-cert-file", apiserver.proxy_cert.as_str()),
        flag("proxy-client-key-file", apiserver.proxy_key.as_str()),
        flag("requestheader-client-ca-file", apiserver.requestheader_ca.as_str()),
        flag("requestheader-extra-headers-prefix", "X-Remote-Extra-"),
        flag("requestheader-group-headers", "X-Remote-Group"),
        flag("requestheader-username-headers", "X-Remote-User"),
        flag("secure-port", "6443"),
        flag("service-account-issuer", "https://kubernetes.default.svc.cluster.local"),
        flag("service-account-signing-key-file", apiserver.token_signer.as_str()),
        flag("service-cluster-ip-range", apiserver.service_range.as_str()),
        flag("tls-cert-file", apiserver.cert.as_str()),
        flag("tls-private-key-file", apiserver.key.as_str()),
    ];
    flags.extend(optional("etcd-cafile", apiserver.etcd_ca.as_ref()));
    flags.extend(optional("etcd-certfile", apiserver.etcd_cert.as_ref()));
    flags.extend(optional("etcd-keyfile", apiserver.etcd_key.as_ref()));
    let names = apiserver.allowed_names.as_ref().map(|names| names.join(","));
    flags.extend(optional("requestheader-allowed-names", names.as_ref()));
    for path in &apiserver.token_keys {
        flags.push(flag("service-account-key-file", path.as_str()));
    }
    flags.sort();
    let endpoint = Url::https(&apiserver.address, 6443).to_string();
    let annotation = format!(
        "    kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint: '{}'\n",
        endpoint.trim_start_matches("https://")
    );
    let mut mounts = vec![
        ("ca-certs", "/etc/ssl/certs", "DirectoryOrCreate"),
        ("k8s-certs", "/etc/kubernetes/pki", "DirectoryOrCreate"),
    ];
    mounts.extend(mount_elsewhere(&flags));
    let image = "k8s.gcr.io/kube-apiserver:v1.20.9";
    pod("kube-apiserver", image, &annotation, &flags, style, &mounts)
}

/// `kube-controller-manager.yaml`.
pub fn controller_manager(manager: &ControllerManager, style: Style) -> String {
    let conf = format!("{KUBERNETES}/controller-manager.conf");
    let flags = [
        flag("authentication-kubeconfig", conf.as_str()),
        flag("authorization-kubeconfig", conf.as_str()),
        flag("bind-address", "127.0.0.1"),
        flag("client-ca-file", pki("ca.crt")),
        flag("cluster-name", "kubernetes"),
        flag("cluster-signing-cert-file", manager.signing_cert.as_str()),
        flag("cluster-signing-key-file", manager.signing_key.as_str()),
        flag("controllers", "*,bootstrapsigner,tokencleaner"),
        flag("kubeconfig", conf.as_str()),
        flag("leader-elect", "true"),
        flag("port", "0"),
        flag("requestheader-client-ca-file", pki("front-proxy-ca.crt")),
        flag("root-ca-file", manager.root_ca.as_str()),
        flag("service-account-private-key-file", manager.token_signer.as_str()),
        flag("use-service-account-credentials", "true"),
    ];
    let mounts = [
        ("k8s-certs", "/etc/kubernetes/pki", "DirectoryOrCreate"),
        ("kubeconfig", "/etc/kubernetes/controller-manager.conf", "FileOrCreate"),
    ];
    let image = "k8s.gcr.io/kube-controller-manager:v1.20.9";
    pod("kube-controller-manager", image, "", &flags, style, &mounts)
}

/// `kube-scheduler.yaml`.
pub fn scheduler(style: Style) -> String {
    let conf = format!("{KUBERNETES}/scheduler.conf");
    let flags = [
        flag("authentication-kubeconfig", conf.as_str()),
        flag("authorization-kubeconfig", conf.as_str()),
        flag("bind-address", "127.0.0.1"),
        flag("kubeconfig", conf.as_str()),
        flag("leader-elect", "true"),
        flag("port", "0"),
    ];
    let mounts = [("kubeconfig", "/etc/kubernetes/scheduler.conf", "FileOrCreate")];
    let image = "k8s.gcr.io/kube-scheduler:v1.20.9";
    pod("kube-scheduler", image, "", &flags, style, &mounts)
}

fn pod(name: &str, image: &str, annotations: &str, flags: &[Flag], style: Style, mounts: &[Mount]) -> String {
    let mut yaml = String::from("apiVersion: v1\nkind: Pod\nmetadata:\n");
    if !annotations.is_empty() {
        yaml += "  annotations:\n";
        yaml += annotations;
    }
    let _ = write!(
        yaml,
        "  creationTimestamp: null\n  labels:\n    component: {name}\n    tier: control-plane\n  name: {name}\n  namespace: kube-system\nspec:\n  containers:\n"
    );
    yaml += &process(name, flags, style);
    let _ = write!(
        yaml,
        "    image: {image}\n    imagePullPolicy: IfNotPresent\n    name: {name}\n    resources:\n      requests:\n        cpu: 100m\n    volumeMounts:\n"
    );
    for (volume, path, _) in mounts {
        let _ = write!(yaml, "    - mountPath: {path}\n      name: {volume}\n");
    }
    yaml += "  hostNetwork: true\n  priorityClassName: system-node-critical\n  volumes:\n";
    for (volume, path, kind) in mounts {
        let _ = write!(yaml, "  - hostPath:\n      path: {path}\n      type: {kind}\n    name: {volume}\n");
    }
    yaml + "status: {}\n"
}

/// The lines that start the process: command, args, env.
fn process(name: &str, flags: &[Flag], style: Style) -> String {
    let mut yaml = format!("  - command:\n    - {name}\n");
    match style {
        Style::Equals => yaml += &items(flags, joined),
        Style::Space => yaml += &items(flags, spaced),
        Style::Args => {
            yaml += "    args:\n";
            yaml += &items(flags, joined);
        }
        Style::Env if name == "etcd" => {
            yaml += "    env:\n";
            for (flag, value) in flags {
                let variable = format!("ETCD_{}", flag.to_uppercase().replace('-', "_"));
                let value = value.as_deref().unwrap_or("true");
                let _ = write!(yaml, "    - name: {variable}\n      value: \"{value}\"\n");
            }
        }
        Style::Env => yaml += &items(flags, joined),
    }
    yaml
}

fn items(flags: &[Flag], write: fn(&Flag) -> Vec<String>) -> String {
    let mut yaml = String::new();
    for item in flags.iter().flat_map(write) {
        let _ = writeln!(yaml, "    - {item}");
    }
    yaml
}

fn joined((name, value): &Flag) -> Vec<String> {
    vec![match value {
        Some(value) => format!("--{name}={value}"),
        None => format!("--{name}"),
    }]
}

/// A boolean cannot take its value from the next argument.
fn spaced((name, value): &Flag) -> Vec<String> {
    match value.as_deref() {
        Some("true") => vec![format!("--{name}")],
        Some(value @ ("false" | "")) => vec![format!("--{name}={value}")],
        Some(value) => vec![format!("--{name}"), quoted(value)],
        None => vec![format!("--{name}")],
    }
}

/// Values that YAML would not take for a string, or not take at all.
fn quoted(value: &str) -> String {
    let plain = value.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/');
    if plain { value.to_owned() } else { format!("\"{value}\"") }
}

/// The text of a kubeconfig, with its three fields already encoded.
pub fn kubeconfig(conf: &Kubeconfig, fields: &Fields) -> String {
    let user = &conf.user;
    let mut yaml = String::from("apiVersion: v1\nclusters:\n- cluster:\n");
    source(&mut yaml, "certificate-authority", &conf.ca, fields.ca.as_deref());
    if conf.insecure {
        yaml += "    insecure-skip-tls-verify: true\n";
    }
    let _ = writeln!(yaml, "    server: {}", conf.server);
    if let Some(name) = &conf.tls_server_name {
        let _ = writeln!(yaml, "    tls-server-name: {name}");
    }
    let _ = write!(
        yaml,
        "  name: kubernetes\ncontexts:\n- context:\n    cluster: kubernetes\n    user: {user}\n  name: {user}@kubernetes\ncurrent-context: {user}@kubernetes\nkind: Config\npreferences: {{}}\nusers:\n- name: {user}\n  user:\n"
    );
    let before = yaml.len();
    source(&mut yaml, "client-certificate", &conf.cert, fields.cert.as_deref());
    source(&mut yaml, "client-key", &conf.key, fields.key.as_deref());
    if let Some(token) = &conf.token {
        let _ = writeln!(yaml, "    token: {token}");
    }
    if yaml.len() == before {
        yaml.truncate(yaml.trim_end().len());
        yaml += " {}\n";
    }
    yaml
}

/// What the data fields of a kubeconfig hold.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// `certificate-authority-data`
    pub ca: Option<String>,
    /// `client-certificate-data`
    pub cert: Option<String>,
    /// `client-key-data`
    pub key: Option<String>,
}

fn source(yaml: &mut String, name: &str, source: &Source, data: Option<&str>) {
    match source {
        Source::Absent => {}
        Source::Path(path) => {
            let _ = writeln!(yaml, "    {name}: {path}");
        }
        Source::Data(..) => {
            let data = data.unwrap_or_default();
            if data.is_empty() {
                let _ = writeln!(yaml, "    {name}-data: \"\"");
            } else if data.contains('\n') {
                let _ = writeln!(yaml, "    {name}-data: |");
                for line in data.lines() {
                    let _ = writeln!(yaml, "      {line}");
                }
            } else {
                let _ = writeln!(yaml, "    {name}-data: {data}");
            }
        }
    }
}
