//! Which names a serving certificate gets, in kubeadm's order, and why.
//!
//! Source: kubeadm `util/pkiutil: GetAPIServerAltNames, GetEtcdAltNames, RemoveDuplicateAltNames`.

use std::net::IpAddr;

use crate::cluster::Cluster;
use crate::cluster::manifest::Component;
use crate::links::Link;
use crate::profile::Role;
use crate::x509::certificate::Certificate;

use super::{Identity, Note, Options, Refusal};

/// The names of a certificate.
#[derive(Clone, Default, Debug)]
pub(super) struct Names {
    pub(super) dns: Vec<String>,
    pub(super) ips: Vec<IpAddr>,
    pub(super) notes: Vec<Note>,
    /// Whether a name of the old certificate is not in the new one.
    pub(super) drops: bool,
}

impl Names {
    fn contains(&self, name: &str) -> bool {
        match name.parse::<IpAddr>() {
            Ok(address) => self.ips.contains(&address),
            Err(_) => self.dns.iter().any(|known| known.eq_ignore_ascii_case(name)),
        }
    }

    fn add(&mut self, name: &str, why: &str) {
        if self.contains(name) {
            return;
        }
        match name.parse::<IpAddr>() {
            Ok(address) => self.ips.push(address),
            Err(_) => self.dns.push(name.to_owned()),
        }
        self.notes.push(Note::new("name", name, why));
    }
}

/// The names for `role` on a node.
///
/// # Errors
/// When the node's name or addresses are unknown and not given.
pub(super) fn names(
    cluster: &Cluster,
    links: &[Link],
    node: usize,
    role: Role,
    identity: &Identity,
    (certificate, old): (&str, Option<&Certificate>),
    options: &Options,
) -> Result<Names, Refusal> {
    let mut names = Names::default();
    let (own, is_local): (&[String], bool) = match role.name {
        "etcd-server" => (&identity.etcd, identity.etcd_is_local),
        "etcd-peer" => (&identity.peer, identity.peer_is_local),
        _ => (&identity.apiserver, false),
    };
    let name = if role.name == "apiserver" { &identity.kubelet_name } else { &identity.name };
    let Some(name) = name else { return Err(unknown(role, "name")) };
    if own.is_empty() && !is_local && options.san.is_empty() {
        return Err(unknown(role, "address"));
    }
    let profile = "kubeadm gives it to every such certificate";
    names.add(name, "this node's name");
    if role.name == "apiserver" {
        for fixed in ["kubernetes", "kubernetes.default", "kubernetes.default.svc"] {
            names.add(fixed, profile);
        }
        names.add(&format!("kubernetes.default.svc.{}", domain(cluster, node, old)), profile);
        let services = links.iter().filter(|link| link.node == node && link.id == "pod->kube-apiserver");
        for service in services.filter_map(|link| link.name.as_deref()).filter(|name| name.parse::<IpAddr>().is_ok()) {
            names.add(service, "the API server's service address");
        }
    } else {
        names.add("localhost", profile);
    }
    for host in own {
        names.add(host, "this node's address in its manifest");
    }
    if role.name != "apiserver" {
        names.add("127.0.0.1", profile);
        names.add("::1", profile);
    }
    let dialled = links.iter().filter(|link| link.server_node == Some(node) && shows(link, certificate));
    for name in dialled.filter_map(|link| link.name.as_deref()) {
        names.add(name, "a client dials it");
    }
    let added: Vec<&str> = options.san.iter().map(String::as_str).collect();
    if let Some(old) = old {
        let foreign = foreign(role, identity, old);
        from_old(&mut names, foreign, old, options, &added);
    }
    for name in added {
        names.add(name, "asked for with --san");
    }
    // kubeadm sorts names, not addresses
    names.dns.sort();
    Ok(names)
}

fn shows(link: &Link, certificate: &str) -> bool {
    link.server_pair.as_ref().is_some_and(|pair| pair.certificate.path() == Some(certificate))
}

/// What the certificate in place has beyond the profile: kept where it makes sense, else told why not.
fn from_old(names: &mut Names, foreign: Option<&str>, old: &Certificate, options: &Options, added: &[&str]) {
    let mut all: Vec<String> = old.names.dns.clone();
    all.extend(old.ip_addresses().iter().map(ToString::to_string));
    for name in all {
        if names.contains(&name) || added.contains(&name.as_str()) {
            continue;
        }
        let objection = if options.only_san {
            Some("dropped: --only-san".to_owned())
        } else if let Some(foreign) = foreign {
            Some(format!("dropped: {foreign}"))
        } else {
            objection(&name)
        };
        match objection {
            None => names.add(&name, "kept: in the certificate in place"),
            Some(why) => {
                names.drops = true;
                names.notes.push(Note::new("name", &name, why));
            }
        }
    }
    for other in old.names.email.iter().chain(&old.names.uri) {
        names.drops = true;
        names.notes.push(Note::new("name", other, "dropped: only names and addresses are dialled"));
    }
}

/// Why no name of the certificate in place is carried on at all.
fn foreign(role: Role, identity: &Identity, old: &Certificate) -> Option<&'static str> {
    if is_of_another_node(identity, old) {
        return Some("the certificate in place names another node");
    }
    let is_of_apiserver = role.name != "apiserver" && old.subject.common_name() == "kube-apiserver";
    is_of_apiserver.then_some("the certificate in place is of another role")
}

/// Whether a certificate names nodes, and this one is not among them.
pub(super) fn is_of_another_node(identity: &Identity, old: &Certificate) -> bool {
    let ips = old.ip_addresses();
    let names = |mark: &str| match mark.parse::<IpAddr>() {
        Ok(address) => ips.contains(&address),
        Err(_) => old.names.dns.iter().any(|name| name.eq_ignore_ascii_case(mark)),
    };
    let is_ours = identity.marks().any(|mark| names(mark) || mark == old.subject.common_name());
    !is_ours && identity.marks().next().is_some()
}

/// Why a name of the old certificate is not carried on.
fn objection(name: &str) -> Option<String> {
    if let Ok(address) = name.parse::<IpAddr>() {
        let is_odd = address.is_unspecified() || address.is_multicast();
        return is_odd.then(|| "dropped: nobody can dial this address".to_owned());
    }
    let looks_like_address = name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b':');
    let is_sane = !looks_like_address && crate::go::hostname::is_valid_pattern(name);
    (!is_sane).then(|| "dropped: not a name that Go would match".to_owned())
}

/// The cluster's DNS domain: by the old certificate, the issuer of tokens, else the default.
fn domain(cluster: &Cluster, node: usize, old: Option<&Certificate>) -> String {
    const SERVICE: &str = "kubernetes.default.svc.";
    let from_old = old.and_then(|old| old.names.dns.iter().find_map(|name| name.strip_prefix(SERVICE)));
    let running = cluster.nodes[node].running(Component::KubeApiserver);
    let issuer = running.as_ref().and_then(|running| running.flags.value("service-account-issuer"));
    let from_issuer = issuer.and_then(|issuer| issuer.strip_prefix("https://")?.strip_prefix(SERVICE));
    from_old
        .or(from_issuer)
        .filter(|domain| crate::go::hostname::is_valid_pattern(domain))
        .unwrap_or("cluster.local")
        .to_owned()
}

fn unknown(role: Role, what: &str) -> Refusal {
    Refusal::new(
        "identity-unknown",
        format!(
            "this node's {what} is in no manifest and no kubelet.conf here, so {} would be made for nobody",
            role.name
        ),
    )
    .then("give it: --node-name NAME --san ADDRESS")
    .then("or give the whole /etc/kubernetes, with its manifests")
}
