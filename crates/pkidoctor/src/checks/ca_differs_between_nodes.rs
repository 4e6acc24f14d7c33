//! `ca-differs-between-nodes`: control-plane nodes do not share one CA.

use std::sync::Arc;

use crate::check::{Check, Defect, Fact, Look, Remedy, Severity, fact};
use crate::checks::{way_out, words};
use crate::cluster::File;
use crate::exam::{Exam, Group};
use crate::go::verify::rfc3339;
use crate::x509::certificate::{Certificate, hex_lower};
use crate::x509::key::PublicKey;

pub(super) static CHECK: Check = Check {
    code: "ca-differs-between-nodes",
    title: "nodes have different CAs",
    severity: Severity::Error,
    citation: "kubeadm copycerts (the eight shared files); Go crypto/x509 Certificate.CheckSignatureFrom",
    docs: "\
What it looks at: the public keys of the CAs in ca.crt, etcd/ca.crt and front-proxy-ca.crt of every given \
node. A CA that was renewed with its key is the same CA; bundles are compared as sets, and \
where one node trusts all that another one trusts and more, a change of the CA is half-way.

Why it matters: two CAs with one name. Members of etcd refuse each other in both directions; through a load \
balancer every second kubectl call fails. The hint `possibly because of \"crypto/rsa: verification error\" \
while trying to verify candidate authority certificate \"etcd-ca\"` points here.

What to do: give the odd node the CA that the certificates in place and most nodes agree on, with its key, \
and issue again what another one signed. A change that is half-way is finished.

Example: kubeadm init phase certs etcd-ca was run on the second node.",
    look,
};

const SHARED: [&str; 3] = ["ca", "etcd/ca", "front-proxy-ca"];

/// Nodes that hold the same set of keys.
struct Camp<'c> {
    keys: Vec<PublicKey>,
    nodes: Vec<usize>,
    authorities: Vec<&'c Arc<Certificate>>,
}

impl Camp<'_> {
    fn includes(&self, other: &Self) -> bool {
        other.keys.iter().all(|key| self.keys.contains(key))
    }

    fn names(&self, exam: &Exam<'_>) -> String {
        let names: Vec<&str> = self.nodes.iter().map(|node| exam.cluster.nodes[*node].name.as_str()).collect();
        names.join(", ")
    }

    fn signed(&self, exam: &Exam<'_>, leaf: &Arc<Certificate>) -> bool {
        let mut authorities = self.authorities.iter();
        authorities.any(|ca| leaf.issuer.raw == ca.subject.raw && exam.verifier.check_signature(leaf, ca).is_ok())
    }

    /// Nodes most of whose certificates it signed.
    fn followers(&self, exam: &Exam<'_>, stem: &str) -> usize {
        let follows = |node: &usize| {
            let leaves = way_out::children(exam, *node, stem);
            let its = leaves.iter().filter(|leaf| self.signed(exam, leaf)).count();
            its * 2 > leaves.len()
        };
        (0..exam.cluster.nodes.len()).filter(follows).count()
    }
}

/// What is to be done about it.
enum Case<'k, 'c> {
    /// The first trusts whatever the others trust, and more.
    HalfWay(&'k Camp<'c>),
    /// The certificates in place and most nodes agree on this one.
    Odd(&'k Camp<'c>),
    /// As many speak for one as for another.
    Open,
}

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    if exam.cluster.nodes.len() < 2 {
        return look;
    }
    for stem in SHARED {
        let relative = format!("{stem}.crt");
        let hidden = exam
            .cluster
            .nodes
            .iter()
            .filter(|node| node.file(&node.layout(&relative)).is_some_and(Exam::is_hidden))
            .count();
        let camps = camps(exam, stem);
        let holders: usize = camps.iter().map(|camp| camp.nodes.len()).sum();
        look.unobserved += hidden;
        look.subjects += usize::from(holders > 1);
        if camps.len() > 1 {
            look.defects.push(defect(exam, stem, &camps));
        }
    }
    for group in exam.groups(CHECK.code) {
        if look.defects.iter().all(|defect| defect.subject != group.subject) {
            let stem = group.subject.trim_end_matches(".crt");
            look.defects.push(defect(exam, stem, &camps(exam, stem)));
        }
    }
    look
}

fn camps<'c>(exam: &Exam<'c>, stem: &str) -> Vec<Camp<'c>> {
    let mut camps: Vec<Camp<'c>> = Vec::new();
    for (index, node) in exam.cluster.nodes.iter().enumerate() {
        let path = node.layout(&format!("{stem}.crt"));
        let Some(material) = node.file(&path).and_then(File::material) else { continue };
        let authorities: Vec<&Arc<Certificate>> = material.parsed().collect();
        if authorities.is_empty() {
            continue;
        }
        let keys = authorities.iter().filter_map(|certificate| certificate.key.clone()).collect();
        let here = Camp { keys, nodes: vec![index], authorities };
        match camps.iter_mut().find(|camp| camp.includes(&here) && here.includes(camp)) {
            Some(camp) => camp.nodes.push(index),
            None => camps.push(here),
        }
    }
    camps
}

fn case<'k, 'c>(exam: &Exam<'c>, stem: &str, camps: &'k [Camp<'c>]) -> Case<'k, 'c> {
    if let Some(widest) = camps.iter().find(|camp| camps.len() > 1 && camps.iter().all(|other| camp.includes(other))) {
        return Case::HalfWay(widest);
    }
    let votes = |camp: &Camp<'_>| (camp.followers(exam, stem), camp.nodes.len());
    let Some(first) = camps.iter().max_by_key(|camp| votes(camp)) else { return Case::Open };
    let is_alone = camps.iter().filter(|camp| votes(camp) == votes(first)).count() == 1;
    if is_alone { Case::Odd(first) } else { Case::Open }
}

/// How a node that has another CA than the rest gets theirs; `None` where it is not the odd one.
pub(super) fn odd_one_out(exam: &Exam<'_>, node: usize, stem: &str) -> Option<Vec<String>> {
    let camps = camps(exam, stem);
    // asked for each certificate that is to be made anew, and nearly always there is one CA
    if camps.len() < 2 {
        return None;
    }
    match case(exam, stem, &camps) {
        Case::Odd(right) if !right.nodes.contains(&node) => {
            camps.iter().any(|camp| camp.nodes.contains(&node)).then(|| brought(exam, stem, right, node))
        }
        _ => None,
    }
}

fn digest(spki: &[u8]) -> String {
    use sha2::Digest as _;
    hex_lower(&sha2::Sha256::digest(spki))
}

fn defect(exam: &Exam<'_>, stem: &str, camps: &[Camp<'_>]) -> Defect {
    let relative = format!("{stem}.crt");
    let groups = exam.groups(CHECK.code);
    let mut links: Vec<usize> =
        groups.iter().filter(|group| group.subject == relative).flat_map(Group::links).collect();
    links.sort_unstable();
    links.dedup();
    let case = case(exam, stem, camps);
    let mut facts: Vec<Fact> = camps.iter().map(|camp| fact(camp.names(exam), holds(camp))).collect();
    facts.extend(signers(exam, stem, camps));
    facts.extend(groups.iter().filter(|group| group.subject == relative).flat_map(words::go_says).take(2));
    let share_nothing =
        camps.iter().any(|camp| camps.iter().any(|other| camp.keys.iter().all(|key| !other.keys.contains(key))));
    let mut nodes: Vec<usize> = camps.iter().flat_map(|camp| camp.nodes.iter().copied()).collect();
    nodes.sort_unstable();
    Defect {
        severity: if share_nothing { Severity::Error } else { exam.severity(&links).min(Severity::Warning) },
        nodes,
        subject: relative,
        message: message(exam, camps, &case),
        facts,
        links,
        remedy: remedy(exam, stem, camps, &case),
    }
}

fn message(exam: &Exam<'_>, camps: &[Camp<'_>], case: &Case<'_, '_>) -> String {
    let others = |this: &Camp<'_>| {
        let others = camps.iter().filter(|camp| camp.nodes != this.nodes);
        others.map(|camp| camp.names(exam)).collect::<Vec<_>>().join(", ")
    };
    match case {
        Case::HalfWay(widest) => {
            format!(
                "a change of the CA is half-way: {} trusts a CA that is not trusted on {}",
                widest.names(exam),
                others(widest)
            )
        }
        Case::Odd(right) => format!("is another CA on {} than on {}", others(right), right.names(exam)),
        Case::Open => {
            let told: Vec<String> = camps.iter().map(|camp| camp.names(exam)).collect();
            format!("is not the same CA on all nodes: {}", told.join(" against "))
        }
    }
}

/// Each CA of a camp by its key, and since when it is valid.
fn holds(camp: &Camp<'_>) -> String {
    let told = camp
        .authorities
        .iter()
        .map(|ca| format!("public key sha256 {} (valid from {})", digest(ca.spki_bytes()), rfc3339(ca.not_before)));
    told.collect::<Vec<_>>().join(" and ")
}

/// How many certificates of each node each camp's CAs signed.
fn signers(exam: &Exam<'_>, stem: &str, camps: &[Camp<'_>]) -> Vec<Fact> {
    let told = |camp: &Camp<'_>| {
        let of_node = |node: usize| {
            let leaves = way_out::children(exam, node, stem);
            let its = leaves.iter().filter(|leaf| camp.signed(exam, leaf)).count();
            (its > 0).then(|| format!("{}: {its} of {}", exam.cluster.nodes[node].name, leaves.len()))
        };
        let counts: Vec<String> = (0..exam.cluster.nodes.len()).filter_map(of_node).collect();
        (!counts.is_empty()).then(|| fact(format!("signed by the CA of {}", camp.names(exam)), counts.join(", ")))
    };
    camps.iter().filter_map(told).collect()
}

fn remedy(exam: &Exam<'_>, stem: &str, camps: &[Camp<'_>], case: &Case<'_, '_>) -> Remedy {
    let steps = match case {
        Case::HalfWay(widest) => forward(exam, stem, camps, widest),
        Case::Odd(right) => {
            let odd = camps.iter().filter(|camp| camp.nodes != right.nodes).flat_map(|camp| &camp.nodes);
            let of_node = |node: &usize| {
                let name = &exam.cluster.nodes[*node].name;
                let mut steps = brought(exam, stem, right, *node);
                steps.extend(remade(exam, stem, right, *node));
                steps.into_iter().map(|step| format!("on {name}: {step}")).collect::<Vec<_>>()
            };
            let mut steps: Vec<String> = odd.flat_map(of_node).collect();
            steps.push("restart the components of those nodes, one node at a time".to_owned());
            steps
        }
        Case::Open => vec![
            "choose the node whose data is to live on, and back up /etc/kubernetes of all".to_owned(),
            format!("copy {stem}.crt and {stem}.key from it to the others, with owner and modes; never its leaves"),
            format!("on each of the others: {}", adopt(stem)),
            "restart the components of those nodes, one node at a time".to_owned(),
        ],
    };
    let remedy = Remedy::manual(steps)
        .avoid("regenerating the CA on one node: it splits the cluster in two")
        .avoid("kubeadm certs renew all: it never touches a CA");
    match case {
        Case::HalfWay(_) => {
            remedy.avoid("taking the wider file away again: whoever has a certificate of the new CA would be refused")
        }
        _ => remedy.avoid(
            "concatenating both CAs for good: kubeadm and the controller-manager take the first certificate only",
        ),
    }
}

fn adopt(stem: &str) -> String {
    let command = format!("pkidoctor regen {} --adopt-ca --backup", way_out::adopted(stem));
    if stem == "etcd/ca" { format!("{command}, with the other members' PKI as further --pki") } else { command }
}

/// Brings the right CA to a node that has another one, and its key.
fn brought(exam: &Exam<'_>, stem: &str, right: &Camp<'_>, node: usize) -> Vec<String> {
    let here = &exam.cluster.nodes[node];
    let Some(from) = right.nodes.first().copied() else { return Vec::new() };
    let there = &exam.cluster.nodes[from];
    let key_at = |node: &crate::cluster::Node| {
        let file = node.file(&node.layout(&format!("{stem}.key"))).and_then(File::material)?;
        file.keys().next()?.as_ref().ok().cloned()
    };
    let key = key_at(there).filter(|key| right.keys.contains(key));
    let mut endings = vec!["crt"];
    // where the key is elsewhere by design, none is missed
    if key.is_some() && key != key_at(here) {
        endings.push("key");
    }
    let mut steps = Vec::new();
    for ending in &endings {
        let to = here.layout(&format!("{stem}.{ending}"));
        if here.file(&to).is_some_and(|file| file.material().is_some()) {
            steps.push(way_out::keep(&to));
        }
    }
    for ending in endings {
        let place = format!("{stem}.{ending}");
        steps.push(way_out::bring(exam, (from, &place, &there.layout(&place)), node, &here.layout(&place)));
    }
    steps
}

/// What the odd CA has signed on its node is made anew.
fn remade(exam: &Exam<'_>, stem: &str, right: &Camp<'_>, node: usize) -> Option<String> {
    let leaves = way_out::children_named(exam, node, stem);
    let strangers: Vec<&str> =
        leaves.iter().filter(|(_, leaf)| !right.signed(exam, leaf)).map(|(target, _)| *target).collect();
    if strangers.is_empty() {
        return None;
    }
    // what is in place of the right CA proves that it is the cluster's own; without any, it has to be said
    if strangers.len() == leaves.len() {
        return Some(adopt(stem));
    }
    Some(format!("pkidoctor regen {} --backup", strangers.join(" ")))
}

/// What finishes a change that is half-way.
fn forward(exam: &Exam<'_>, stem: &str, camps: &[Camp<'_>], widest: &Camp<'_>) -> Vec<String> {
    let behind: Vec<&Camp<'_>> = camps.iter().filter(|camp| camp.nodes != widest.nodes).collect();
    let name = |node: usize| &exam.cluster.nodes[node].name;
    let next = format!("{stem}-next");
    let has_next = |node: &usize| {
        let here = &exam.cluster.nodes[*node];
        here.file(&here.layout(&format!("{next}.crt"))).and_then(File::material).is_some()
    };
    let is_ours = stem == "etcd/ca" && widest.nodes.iter().any(has_next);
    if is_dropped(exam, stem, &behind, widest) {
        let old = |node: &usize| {
            if is_ours {
                format!(
                    "on {}: pkidoctor regen etcd-ca --step drop, with the other members' PKI as further --pki",
                    name(*node)
                )
            } else {
                format!(
                    "on {}: take the old CA out of {stem}.crt: every certificate here is of the new one",
                    name(*node)
                )
            }
        };
        let mut steps: Vec<String> = widest.nodes.iter().map(old).collect();
        steps.push("restart the components of those nodes, one node at a time".to_owned());
        return steps;
    }
    let from = widest.nodes.iter().copied().find(|node| !is_ours || has_next(node)).unwrap_or_default();
    let there = &exam.cluster.nodes[from];
    let mut steps = Vec::new();
    for node in behind.iter().flat_map(|camp| &camp.nodes).copied() {
        let here = &exam.cluster.nodes[node];
        let copy = |place: &str| {
            let copied = way_out::bring(exam, (from, place, &there.layout(place)), node, &here.layout(place));
            format!("on {}: {copied}", here.name)
        };
        if is_ours {
            steps.push(copy(&format!("{next}.crt")));
            steps.push(copy(&format!("{next}.key")));
            steps.push(format!("on {}: pkidoctor regen etcd-ca --step bundle", here.name));
        } else {
            let authority = format!("{stem}.crt");
            steps.push(format!("on {}: {}", here.name, way_out::keep(&here.layout(&authority))));
            steps.push(copy(&authority));
        }
    }
    steps.push("restart the components of those nodes, one node at a time".to_owned());
    if is_ours {
        steps.push(
            "then, on every node: pkidoctor regen etcd-ca --step leaves, with the other members' PKI as further --pki"
                .to_owned(),
        );
    }
    steps
}

/// Whether what only the wider files hold is the old CA, of which nothing is left.
fn is_dropped(exam: &Exam<'_>, stem: &str, behind: &[&Camp<'_>], widest: &Camp<'_>) -> bool {
    let is_extra =
        |ca: &&&Arc<Certificate>| !behind.iter().any(|camp| camp.authorities.iter().any(|known| known.key == ca.key));
    let newest_extra = widest.authorities.iter().filter(is_extra).map(|ca| ca.not_before).max();
    let newest_kept = behind.iter().flat_map(|camp| &camp.authorities).map(|ca| ca.not_before).max();
    let nodes = 0..exam.cluster.nodes.len();
    let leaves: Vec<_> = nodes.flat_map(|node| way_out::children(exam, node, stem)).collect();
    newest_extra < newest_kept
        && !leaves.is_empty()
        && leaves.iter().all(|leaf| behind.iter().all(|camp| camp.signed(exam, leaf)))
}
