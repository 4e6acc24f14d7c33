//! `renewed-on-one-node`: renewal ran on some nodes only.

use time::{Duration, OffsetDateTime};

use crate::check::{Check, Defect, Fact, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::{File, Node};
use crate::exam::Exam;
use crate::profile;

pub(super) static CHECK: Check = Check {
    code: "renewed-on-one-node",
    title: "certificates were renewed on some nodes only",
    severity: Severity::Info,
    citation: "kubeadm certs renew (per node)",
    docs: "\
What it looks at: notAfter of the same certificate on the given nodes, where one has expired or has less \
than 90 days left and another node's lasts at least 30 days longer.

Why it matters: `kubeadm certs renew` renews the node on which it runs. The others go on until their own \
certificates expire, months later, one node at a time.

What to do: renew on that node, too.

Example: renewal ran on cp1 in March; cp2 and cp3 expire in May.",
    look,
};

/// A certificate that was left behind.
struct Stale {
    subject: String,
    ends: OffsetDateTime,
    /// Who has a newer one, and until when.
    newer: (usize, OffsetDateTime),
}

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    if exam.cluster.nodes.len() < 2 {
        return look;
    }
    for (index, node) in exam.cluster.nodes.iter().enumerate() {
        let mut stale: Vec<Stale> = Vec::new();
        for name in names() {
            let Some((subject, ends)) = end(node, name) else { continue };
            look.subjects += 1;
            let others = exam.cluster.nodes.iter().enumerate().filter(|(other, _)| *other != index);
            let newest =
                others.filter_map(|(other, node)| Some((other, end(node, name)?.1))).max_by_key(|(_, ends)| *ends);
            let Some(newer) = newest else { continue };
            if ends < exam.now() + Duration::days(90) && newer.1 > ends + Duration::days(30) {
                stale.push(Stale { subject, ends, newer });
            }
        }
        stale.sort_by_key(|stale| stale.ends);
        look.defects.extend(stale.first().map(|first| defect(exam, index, first, &stale)));
    }
    look
}

/// Roles and kubeconfigs, by the name that `regen` gives them.
fn names() -> impl Iterator<Item = &'static str> {
    profile::ROLES.into_iter().filter(|role| role.issuer.is_some()).map(|role| role.name).chain(profile::KUBECONFIGS)
}

fn end(node: &Node, name: &str) -> Option<(String, OffsetDateTime)> {
    if let Some(role) = profile::named(name) {
        let relative = format!("{}.crt", role.stem);
        let leaf = node.file(&node.layout(&relative)).and_then(File::material)?.parsed().next()?;
        return Some((relative, leaf.not_after));
    }
    let file = node.kubeconfig(name)?;
    let leaf = file.client_certificate.as_ref()?.parsed().next()?;
    Some((format!("{}#client", node.shown(&file.path)), leaf.not_after))
}

fn defect(exam: &Exam<'_>, index: usize, first: &Stale, stale: &[Stale]) -> Defect {
    let name = |node: usize| exam.cluster.nodes[node].name.as_str();
    let facts: Vec<Fact> = stale
        .iter()
        .map(|stale| {
            let newer = words::instant(exam.now(), stale.newer.1);
            fact(
                &stale.subject,
                format!("until {}; on {} until {newer}", words::instant(exam.now(), stale.ends), name(stale.newer.0)),
            )
        })
        .collect();
    let mut nodes = vec![index, first.newer.0];
    nodes.sort_unstable();
    Defect {
        severity: Severity::Info,
        nodes,
        subject: first.subject.clone(),
        message: format!("was renewed on {} and not on {}", name(first.newer.0), name(index)),
        facts,
        links: Vec::new(),
        remedy: Remedy {
            targets: vec!["all".to_owned()],
            ..Remedy::manual([format!("on {}: pkidoctor regen all --backup", name(index))])
        },
    }
}
