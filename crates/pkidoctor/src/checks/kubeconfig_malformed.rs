//! `kubeconfig-malformed`: a kubeconfig that client-go cannot read.

use crate::check::{Check, Defect, Fact, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::KubeconfigProblem;
use crate::cluster::kubeconfig::Unusable;
use crate::exam::{Exam, Group, Why};
use crate::links::reference::{FaultKind, Origin, Place};
use crate::profile;

pub(super) static CHECK: Check = Check {
    code: "kubeconfig-malformed",
    title: "a kubeconfig cannot be read",
    severity: Severity::Error,
    citation: "client-go tools/clientcmd LoadFromFile; Go encoding/base64 CorruptInputError",
    docs: "\
What it looks at: the kubeconfigs beside the PKI: whether they are YAML of the right kind, and whether every \
field that ends in -data is base64, in every cluster and user of the file.

Why it matters: one bad field anywhere and client-go takes nothing from the file: `error loading config \
file: illegal base64 data at input byte N`. A controller-manager or scheduler that starts with it stops.

What to do: make the kubeconfig anew.

Example: the PEM text itself pasted into client-certificate-data, which gives byte 0.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let subjects = exam.cluster.nodes.iter().map(|node| node.kubeconfigs.len()).sum();
    let mut look = Look { subjects, unobserved: usize::from(subjects == 0), defects: Vec::new() };
    for group in exam.groups(CHECK.code) {
        let mut facts = facts(exam, &group);
        facts.extend(words::go_says(&group));
        look.defects.push(Defect {
            severity: Severity::Error,
            nodes: vec![group.node],
            subject: group.subject.to_owned(),
            message: message(&group),
            facts,
            links: group.links(),
            remedy: remake(group.subject),
        });
    }
    look
}

fn message(group: &Group<'_, '_>) -> String {
    match group.first().why {
        Why::Fault(fault) => match fault.kind {
            FaultKind::Base64(0) => {
                "is not base64 from the first byte on, as when PEM text is pasted as it is".to_owned()
            }
            FaultKind::Base64(offset) => format!("is not base64 at byte {offset}"),
            _ => "is no kubeconfig that client-go can read".to_owned(),
        },
        _ => "is no kubeconfig that client-go can read".to_owned(),
    }
}

fn facts(exam: &Exam<'_>, group: &Group<'_, '_>) -> Vec<Fact> {
    let mut facts = Vec::new();
    let Some(guilty) = &group.first().guilty else { return facts };
    if let Origin::Kubeconfig { line: Some(line), .. } = &guilty.origin {
        facts.push(fact("line", line));
    }
    let (Place::Path { path, .. } | Place::Embedded { path, .. }) = &guilty.place else { return facts };
    let file = exam.cluster.nodes[group.node].kubeconfigs.iter().find(|file| file.path == *path);
    match file.map(|file| &file.parsed) {
        Some(Err(KubeconfigProblem::Unusable(Unusable::Broken(problem)))) => {
            facts.push(fact("what is wrong", &problem.message));
            facts.extend(problem.line.map(|line| fact("line", line)));
        }
        Some(Err(KubeconfigProblem::Unusable(Unusable::OtherFile))) => {
            facts.push(fact("what is wrong", "YAML of another kind"));
        }
        _ => {}
    }
    facts
}

/// `regen` of the kubeconfig behind a subject, where it is one that can be made.
pub(super) fn remake(subject: &str) -> Remedy {
    let path = subject.split('#').next().unwrap_or(subject);
    let name = path.rsplit('/').next().unwrap_or(path);
    match profile::KUBECONFIGS.into_iter().find(|known| *known == name) {
        Some(known) => Remedy::regen(known).step(restart(known)),
        None => Remedy::manual([format!(
            "write {path} anew, with the CA, a client certificate and its key as base64 of PEM"
        )]),
    }
}

/// Who reads a kubeconfig only when it starts.
pub(super) fn restart(name: &str) -> String {
    match name {
        "controller-manager.conf" => {
            "restart kube-controller-manager: move its manifest away until the container is gone, then back".to_owned()
        }
        "scheduler.conf" => {
            "restart kube-scheduler: move its manifest away until the container is gone, then back".to_owned()
        }
        "kubelet.conf" => "systemctl restart kubelet".to_owned(),
        _ => "copy it again to where users keep it, ~/.kube/config above all".to_owned(),
    }
}
