//! What the trust map is made of, however it is drawn.

use pkidoctor::report::NodeReport;

/// Client and server of a link, as boxes of the map.
pub(super) fn ends(id: &str) -> (String, String) {
    let Some((client, server)) = id.split_once("->") else {
        return ("controller-manager".to_owned(), "kube-apiserver".to_owned());
    };
    let client = match client {
        "front-proxy-client" => "kube-apiserver",
        _ if client.starts_with("etcd-peer") => "etcd",
        other => other,
    };
    let server = match server {
        "etcd-peer" => "etcd",
        other => other.strip_prefix("etcd-peer:").unwrap_or(other),
    };
    let server = if id.starts_with("etcd-peer:") { format!("etcd of {server}") } else { server.to_owned() };
    (client.to_owned(), server)
}

/// The file in the PKI that holds the same CA as a kubeconfig.
pub(super) fn original<'r>(node: &'r NodeReport, subject: &'r str) -> &'r str {
    let Some((conf, "ca")) = subject.split_once('#') else { return subject };
    let digest = |path: &str, certificate: usize| {
        let file = node.files.iter().find(|file| file.path == path)?;
        file.certificates.get(certificate).map(|certificate| certificate.sha256.as_str())
    };
    let Some(file) = node.files.iter().find(|file| file.path == conf) else { return subject };
    let ours: Vec<&str> = (0..file.certificates.len()).filter_map(|certificate| digest(conf, certificate)).collect();
    match digest("ca.crt", 0) {
        Some(theirs) if ours.contains(&theirs) => "ca.crt",
        _ => subject,
    }
}
