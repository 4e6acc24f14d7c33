//! `kubeconfig-incomplete`: a kubeconfig without something that client-go insists on.

use crate::check::{Check, Defect, Look, Remedy, Severity};
use crate::checks::kubeconfig_malformed::remake;
use crate::checks::words;
use crate::exam::{Exam, Group, Why};

pub(super) static CHECK: Check = Check {
    code: "kubeconfig-incomplete",
    title: "a kubeconfig lacks a key, a certificate or a server",
    severity: Severity::Error,
    citation: "client-go tools/clientcmd/validation.go validateAuthInfo, validateClusterInfo",
    docs: "\
What it looks at: what the current context of each kubeconfig leads to: a client certificate has its key, \
and the cluster has a server that Go can dial.

Why it matters: client-go refuses the file before it dials: `client-key-data or client-key must be \
specified for X to use the clientCert authentication method`, `no server found for cluster`.

What to do: make the kubeconfig anew, or add what is missing.

Example: admin.conf whose client-key-data was removed.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let subjects = exam.cluster.nodes.iter().map(|node| node.kubeconfigs.len()).sum();
    let mut look = Look { subjects, unobserved: usize::from(subjects == 0), defects: Vec::new() };
    for group in exam.groups(CHECK.code) {
        let mut facts = words::told_by(exam, group.first().guilty.as_ref());
        facts.extend(words::go_says(&group));
        look.defects.push(Defect {
            severity: Severity::Error,
            nodes: vec![group.node],
            subject: group.subject.to_owned(),
            message: message(&group).to_owned(),
            facts,
            links: group.links(),
            remedy: remedy(&group),
        });
    }
    look
}

fn message(group: &Group<'_, '_>) -> &'static str {
    match (group.first().why, &group.first().pair) {
        (Why::Other(_), _) => "names no server that can be dialled",
        (_, Some(pair)) if pair.key.is_unset() => "has a client certificate without its key",
        _ => "has a client key without its certificate",
    }
}

fn remedy(group: &Group<'_, '_>) -> Remedy {
    match group.first().why {
        Why::Other(_) => {
            Remedy::manual(["set server: of the cluster that the current context names, as https://HOST:6443"])
        }
        _ => remake(group.subject),
    }
}
