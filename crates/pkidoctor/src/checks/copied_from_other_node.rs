//! `copied-from-other-node`: a node shows the certificate that was made for another.

use std::sync::Arc;

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::{File, Node};
use crate::exam::Exam;
use crate::profile;
use crate::x509::certificate::Certificate;

pub(super) static CHECK: Check = Check {
    code: "copied-from-other-node",
    title: "a certificate was copied from another node",
    severity: Severity::Error,
    citation: "kubeadm certs (per-node names); etcd client/pkg/transport/listener_tls.go",
    docs: "\
What it looks at: etcd/server.crt, etcd/peer.crt and apiserver.crt of the given nodes: the same certificate \
on two of them.

Why it matters: these certificates carry the names and addresses of one node. On another one clients say \
`certificate is valid for A, not B`; a peer is turned away with a bare `EOF`, because its address is not in \
the certificate.

What to do: issue the certificate for the node on which it lies. Only the eight shared files are copied \
between nodes, never the leaves.

Example: /etc/kubernetes/pki was copied as a whole from cp1 to cp2.",
    look,
};

const PER_NODE: [&str; 3] = ["etcd/server", "etcd/peer", "apiserver"];

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    if exam.cluster.nodes.len() < 2 {
        return look;
    }
    for stem in PER_NODE {
        let relative = format!("{stem}.crt");
        let shown: Vec<(usize, &Arc<Certificate>)> = exam
            .cluster
            .nodes
            .iter()
            .enumerate()
            .filter_map(|(index, node)| Some((index, leaf(node, &relative)?)))
            .collect();
        look.subjects += shown.len();
        let mut told: Vec<usize> = Vec::new();
        for (index, certificate) in &shown {
            let same: Vec<usize> =
                shown.iter().filter(|(_, other)| other.raw == certificate.raw).map(|(node, _)| *node).collect();
            if same.len() > 1 && !told.contains(index) {
                told.extend(&same);
                look.defects.push(defect(exam, &relative, stem, certificate, same));
            }
        }
    }
    look
}

fn leaf<'n>(node: &'n Node, relative: &str) -> Option<&'n Arc<Certificate>> {
    node.file(&node.layout(relative)).and_then(File::material)?.parsed().next()
}

fn defect(exam: &Exam<'_>, relative: &str, stem: &str, certificate: &Certificate, nodes: Vec<usize>) -> Defect {
    let groups = exam.groups(CHECK.code);
    let mine = || groups.iter().filter(|group| group.subject == relative && nodes.contains(&group.node));
    let mut links: Vec<usize> = mine().flat_map(crate::exam::Group::links).collect();
    links.sort_unstable();
    links.dedup();
    let named = |index: &&usize| {
        let name = &exam.cluster.nodes[**index].name;
        certificate.subject.common_name() == name || certificate.names.dns.contains(name)
    };
    let name = |index: &usize| exam.cluster.nodes[*index].name.clone();
    let made_for: Vec<String> = nodes.iter().filter(named).map(name).collect();
    let copies: Vec<String> = nodes.iter().filter(|index| !named(index)).map(name).collect();
    let all: Vec<String> = nodes.iter().map(name).collect();
    let mut facts = vec![fact("certificate", &certificate.subject), fact("serial", certificate.serial_hex())];
    facts.push(fact(
        "made for",
        if made_for.is_empty() { "none of these nodes by name".to_owned() } else { made_for.join(", ") },
    ));
    facts.extend(mine().flat_map(words::go_says).take(3));
    let role = profile::ROLES.into_iter().find(|role| role.stem == stem).map_or(stem, |role| role.name);
    let remedy = Remedy::regen(role);
    let whose = if copies.is_empty() { "each of these nodes".to_owned() } else { copies.join(", ") };
    let (severity, message) = if links.is_empty() {
        (Severity::Info, "is one certificate on several nodes; it covers what they dial".to_owned())
    } else if made_for.is_empty() {
        (exam.severity(&links), format!("is one certificate on {}; it names none of them", all.join(", ")))
    } else {
        (exam.severity(&links), format!("on {whose} is the certificate of {}", made_for.join(", ")))
    };
    Defect {
        severity,
        subject: relative.to_owned(),
        message,
        facts,
        links,
        remedy: remedy
            .step(format!("run it on {whose}"))
            .avoid("copying leaves between nodes: only the CAs and the sa pair are shared"),
        nodes,
    }
}
