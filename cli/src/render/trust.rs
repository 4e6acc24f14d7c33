//! What the trust map is made of, however it is drawn.

use pkidoctor::report::{LinkReport, NodeReport};

/// A node: its components, the links between them, its CAs with those who trust each.
pub(super) struct Trust<'r> {
    pub(super) node: &'r NodeReport,
    pub(super) parts: Vec<String>,
    /// Client, server, and the link, in the order of the report.
    pub(super) links: Vec<(usize, usize, &'r LinkReport)>,
    /// In the order in which links name them.
    pub(super) authorities: Vec<(&'r str, Vec<usize>)>,
}

impl<'r> Trust<'r> {
    pub(super) fn of(node: &'r NodeReport) -> Self {
        let mut trust = Self { node, parts: Vec::new(), links: Vec::new(), authorities: Vec::new() };
        for link in &node.links {
            let (client, server) = ends(&link.id);
            let (from, to) = (trust.part(client), trust.part(server));
            trust.links.push((from, to, link));
            for (file, part) in [(&link.uses.client_trusts, from), (&link.uses.server_trusts, to)] {
                if let Some(file) = file {
                    trust.add(original(node, file), part);
                }
            }
        }
        trust
    }

    fn part(&mut self, name: String) -> usize {
        self.parts.iter().position(|part| *part == name).unwrap_or_else(|| {
            self.parts.push(name);
            self.parts.len() - 1
        })
    }

    fn add(&mut self, file: &'r str, part: usize) {
        match self.authorities.iter_mut().find(|(known, _)| *known == file) {
            Some((_, parts)) if parts.contains(&part) => {}
            Some((_, parts)) => parts.push(part),
            None => self.authorities.push((file, vec![part])),
        }
    }
}

/// Client and server of a link, as boxes of the map.
fn ends(id: &str) -> (String, String) {
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
fn original<'r>(node: &'r NodeReport, subject: &'r str) -> &'r str {
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
