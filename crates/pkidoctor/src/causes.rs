//! Root causes: findings that one treatment heals, folded into one.
//!
//! Three foldings, from the widest: leaves that one CA file no longer fits, certificates that ran out together,
//! and all faults of one pair (making it anew heals every one of them). Infos are no cause of anything.

use crate::check::{Defect, RemedyKind, Severity};
use crate::exam::Exam;
use crate::links::Weight;
use crate::report::{Cause, Finding};

/// What findings have in common.
#[derive(Clone, PartialEq, Eq)]
enum Root {
    /// A CA file whose key is not the one that signed.
    Authority(Vec<usize>, String),
    /// Leaves of one node that ended.
    Expiry(Vec<usize>),
    /// A pair, a kubeconfig, a flag: whatever the subject stands in.
    Place(Vec<usize>, String),
}

/// Folds findings into causes; the one that breaks most comes first.
pub(crate) fn fold(exam: &Exam<'_>, stamped: &[(&'static str, Defect)], findings: &[Finding]) -> Vec<Cause> {
    let mut roots: Vec<(Root, Vec<usize>)> = Vec::new();
    for (index, (code, defect)) in stamped.iter().enumerate() {
        if defect.severity == Severity::Info || findings[index].ignored {
            continue;
        }
        let root = root_of(exam, code, defect);
        match roots.iter_mut().find(|(known, _)| *known == root) {
            Some((_, members)) => members.push(index),
            None => roots.push((root, vec![index])),
        }
    }
    let weight = |members: &[usize]| {
        let vital =
            |member: &&usize| stamped[**member].1.links.iter().any(|link| exam.links[*link].weight == Weight::Vital);
        let worst = members.iter().map(|member| stamped[*member].1.severity).min().unwrap_or(Severity::Info);
        (
            worst,
            std::cmp::Reverse(members.iter().filter(vital).map(|member| stamped[*member].1.links.len()).sum::<usize>()),
        )
    };
    roots.sort_by_key(|(_, members)| weight(members));
    roots.into_iter().map(|(root, members)| cause(&root, &members, stamped, findings)).collect()
}

fn root_of(exam: &Exam<'_>, code: &str, defect: &Defect) -> Root {
    let nodes = defect.nodes.clone();
    let reason = || {
        exam.reasons
            .iter()
            .find(|reason| reason.code == code && defect.nodes == [reason.node] && reason.subject == defect.subject)
    };
    match code {
        "ca-regenerated" | "signed-by-other-ca" | "ca-renamed" => {
            let trust = reason().and_then(|reason| reason.trust.as_ref()).map(|trust| trust.subject(exam.cluster));
            Root::Authority(nodes, place_of(trust.as_ref().unwrap_or(&defect.subject)))
        }
        // a CA certificate that was replaced fits neither its leaves nor its key
        "ca-key-mismatch" => Root::Authority(nodes, place_of(&defect.subject)),
        "expired"
            if reason()
                .and_then(|reason| reason.certificate.as_ref())
                .is_some_and(|certificate| !certificate.is_ca()) =>
        {
            Root::Expiry(nodes)
        }
        _ => Root::Place(nodes, place_of(&defect.subject)),
    }
}

/// The pair or file in which a subject stands: `etcd/server.key` and `etcd/server.crt#2` are one pair.
fn place_of(subject: &str) -> String {
    let file = subject.split('#').next().unwrap_or_default();
    file.strip_suffix(".crt").or_else(|| file.strip_suffix(".key")).unwrap_or(file).to_owned()
}

fn cause(root: &Root, members: &[usize], stamped: &[(&'static str, Defect)], findings: &[Finding]) -> Cause {
    let mut links: Vec<String> = Vec::new();
    let mut avoid: Vec<String> = Vec::new();
    for finding in members.iter().map(|member| &findings[*member]) {
        links.extend(finding.links.iter().filter(|link| !links.contains(link)).cloned().collect::<Vec<_>>());
        avoid.extend(finding.remedy.avoid.iter().filter(|advice| !avoid.contains(advice)).cloned().collect::<Vec<_>>());
    }
    Cause {
        title: title(root, members, findings),
        // what stands in the files is certain; logs and live evidence may make it less so
        confidence: "certain",
        findings: members.to_vec(),
        links,
        log_events: Vec::new(),
        treatment: treatment(members, stamped, findings),
        avoid,
    }
}

fn title(root: &Root, members: &[usize], findings: &[Finding]) -> String {
    let several = members.len() > 1;
    match root {
        Root::Authority(_, authority) if several => {
            let orphans = members.iter().filter(|member| findings[**member].code != "ca-key-mismatch").count();
            let what = if orphans == 1 { "a certificate".to_owned() } else { format!("{orphans} certificates") };
            format!("the CA {authority} is not the one that signed {what}")
        }
        Root::Expiry(_) if several => format!("{} certificates have expired", members.len()),
        _ => {
            let told: Vec<String> = members
                .iter()
                .map(|member| format!("{}: {}", findings[*member].subject, findings[*member].message))
                .collect();
            told.join("; ")
        }
    }
}

/// The commands of the members, each once. A pair that is made anew needs no other cure.
fn treatment(members: &[usize], stamped: &[(&'static str, Defect)], findings: &[Finding]) -> Vec<String> {
    let remade: Vec<usize> =
        members.iter().copied().filter(|member| stamped[*member].1.remedy.kind == RemedyKind::Regen).collect();
    let telling = if remade.is_empty() { members } else { &remade };
    let mut steps: Vec<String> = Vec::new();
    let mut add = |step: &String| {
        if !steps.contains(step) {
            steps.push(step.clone());
        }
    };
    let remedies = || telling.iter().map(|member| &findings[*member].remedy);
    remedies().flat_map(|remedy| &remedy.command).for_each(&mut add);
    remedies().flat_map(|remedy| &remedy.steps).for_each(&mut add);
    steps
}
