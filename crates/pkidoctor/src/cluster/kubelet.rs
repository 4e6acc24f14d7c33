//! The kubelet's own files: `/var/lib/kubelet/config.yaml` and `/var/lib/kubelet/kubeadm-flags.env`.

use serde::Deserialize;

use crate::cluster::etcd_config::{environment, unit_words};
use crate::cluster::flags::{Flags, Placed};
use crate::cluster::manifest::is_yes;
use crate::cluster::yaml::{Problem, Text, line, read_text, read_yaml};

/// What a `KubeletConfiguration` says about certificates. Relative paths start at the file's directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KubeletConfig {
    /// `authentication.x509.clientCAFile`: who may call the kubelet.
    pub client_ca_file: Option<Placed<String>>,
    /// `authentication.anonymous.enabled`; the kubelet's default is true.
    pub anonymous: Option<bool>,
    /// `tlsCertFile`
    pub tls_cert_file: Option<Placed<String>>,
    /// `tlsPrivateKeyFile`
    pub tls_private_key_file: Option<Placed<String>>,
    /// `serverTLSBootstrap`: the serving certificate is requested from the cluster.
    pub server_tls_bootstrap: bool,
    /// `rotateCertificates`: the client certificate is renewed by the kubelet.
    pub rotate_certificates: bool,
    /// `staticPodPath`: where the manifests are.
    pub static_pod_path: Option<Placed<String>>,
}

/// Reads a `KubeletConfiguration`; of several documents the first counts, an empty file is all defaults.
///
/// # Errors
/// When the file cannot be read as YAML or is of another kind.
pub fn parse(bytes: &[u8]) -> Result<KubeletConfig, Problem> {
    let shapes: Vec<Shape> = read_yaml(bytes)?;
    let Some(shape) = shapes.into_iter().next() else {
        return Ok(KubeletConfig::default());
    };
    if let Some(kind) = &shape.kind
        && kind.value != "KubeletConfiguration"
    {
        return Err(Problem::new(line(kind), "not a KubeletConfiguration"));
    }
    let authentication = shape.authentication.unwrap_or_default();
    let anonymous = authentication.anonymous.and_then(|anonymous| anonymous.enabled);
    Ok(KubeletConfig {
        client_ca_file: authentication.x509.and_then(|x509| placed(x509.client_ca_file)),
        anonymous: anonymous.map(|enabled| is_yes(Some(&enabled))),
        tls_cert_file: placed(shape.tls_cert_file),
        tls_private_key_file: placed(shape.tls_private_key_file),
        server_tls_bootstrap: is_yes(shape.server_tls_bootstrap.as_deref()),
        rotate_certificates: is_yes(shape.rotate_certificates.as_deref()),
        static_pod_path: placed(shape.static_pod_path),
    })
}

/// Reads the flags of an environment file of the kubelet's unit: `KUBELET_KUBEADM_ARGS`, `KUBELET_EXTRA_ARGS` and the
/// like, in order.
///
/// # Errors
/// When the file is too large or no text.
pub fn parse_environment(bytes: &[u8]) -> Result<Flags, Problem> {
    let mut flags = Flags::default();
    for variable in environment(read_text(bytes)?) {
        let is_arguments = variable.name.starts_with("KUBELET_") && variable.name.ends_with("_ARGS");
        if let Some(value) = variable.value.filter(|_| is_arguments) {
            let words = unit_words(&value).into_iter().map(|(_, word)| Placed::at(word, variable.line));
            flags.append(Flags::from_arguments(&words.collect::<Vec<_>>()));
        }
    }
    Ok(flags)
}

fn placed(text: Text) -> Option<Placed<String>> {
    let text = text.filter(|text| !text.value.is_empty())?;
    let place = line(&text);
    Some(Placed::at(text.value, place))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    kind: Text,
    authentication: Option<AuthenticationShape>,
    tls_cert_file: Text,
    tls_private_key_file: Text,
    #[serde(rename = "serverTLSBootstrap")]
    server_tls_bootstrap: Option<String>,
    rotate_certificates: Option<String>,
    static_pod_path: Text,
}

#[derive(Default, Deserialize)]
struct AuthenticationShape {
    x509: Option<X509Shape>,
    anonymous: Option<AnonymousShape>,
}

#[derive(Deserialize)]
struct X509Shape {
    #[serde(rename = "clientCAFile")]
    client_ca_file: Text,
}

#[derive(Deserialize)]
struct AnonymousShape {
    enabled: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "\
apiVersion: kubelet.config.k8s.io/v1beta1
authentication:
  anonymous:
    enabled: false
  webhook:
    cacheTTL: 0s
    enabled: true
  x509:
    clientCAFile: /etc/kubernetes/pki/ca.crt
authorization:
  mode: Webhook
clusterDNS:
- 10.96.0.10
kind: KubeletConfiguration
rotateCertificates: true
staticPodPath: /etc/kubernetes/manifests
";

    fn text(placed: Option<&Placed<String>>) -> Option<(&str, Option<u64>)> {
        placed.map(|p| (p.it.as_str(), p.line))
    }

    #[test]
    fn what_kubeadm_writes() {
        let config = parse(CONFIG.as_bytes()).expect("a configuration");
        assert_eq!(text(config.client_ca_file.as_ref()), Some(("/etc/kubernetes/pki/ca.crt", Some(9))));
        assert_eq!(text(config.static_pod_path.as_ref()), Some(("/etc/kubernetes/manifests", Some(16))));
        assert_eq!(config.anonymous, Some(false));
        assert!(config.rotate_certificates && !config.server_tls_bootstrap);
        assert_eq!(config.tls_cert_file, None);
    }

    #[test]
    fn own_serving_certificates() {
        let config =
            parse(b"tlsCertFile: /a\ntlsPrivateKeyFile: /b\nserverTLSBootstrap: yes\n").expect("a configuration");
        assert_eq!(text(config.tls_cert_file.as_ref()), Some(("/a", Some(1))));
        assert_eq!(text(config.tls_private_key_file.as_ref()), Some(("/b", Some(2))));
        assert!(config.server_tls_bootstrap && config.anonymous.is_none());
    }

    #[test]
    fn nothing_and_other_things() {
        assert_eq!(parse(b""), Ok(KubeletConfig::default()));
        assert_eq!(parse(b"authentication:\n"), Ok(KubeletConfig::default()));
        assert_eq!(parse(b"kind: Pod\n").map_err(|p| p.line), Err(Some(1)));
        assert!(parse(b"authentication: 5\n").is_err());
        assert!(parse(&[0xff]).is_err());
        assert!(parse("[".repeat(20_000).as_bytes()).is_err());
        assert!(parse(&vec![b'a'; 2 << 20]).is_err());
    }

    #[test]
    fn flags_of_the_environment_file() {
        let line = b"KUBELET_KUBEADM_ARGS=\"--container-runtime-endpoint=unix:///run/x.sock --hostname-override=cp1 --node-ip=10.0.0.1\"\n";
        let flags = parse_environment(line).expect("flags");
        assert_eq!(flags.value("hostname-override"), Some("cp1"));
        assert_eq!(flags.value("node-ip"), Some("10.0.0.1"));
        assert_eq!(flags.get("node-ip").and_then(|f| f.line), Some(1));
        let extra = parse_environment(b"# c\nOTHER_ARGS=--a=b\nKUBELET_EXTRA_ARGS=--node-ip=1 --rotate-certificates\n")
            .expect("flags");
        assert_eq!(extra.iter().count(), 2);
        assert!(parse_environment(b"\xff").is_err());
        assert!(parse_environment(b"").expect("flags").is_empty());
    }
}
