//! `kubeconfig-both`: a kubeconfig says a thing twice.

use crate::check::{Check, Defect, Fact, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::KubeconfigFile;
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "kubeconfig-both",
    title: "a kubeconfig says a thing twice",
    severity: Severity::Error,
    citation: "client-go tools/clientcmd/validation.go; tools/clientcmd/api/v1 conversion (duplicate name)",
    docs: "\
What it looks at: fields that are given as data and as a path (client-certificate-data and \
client-certificate and so on), and two clusters, contexts or users of one name.

Why it matters: the message says `client-cert-data will override`, but client-go takes it for an invalid \
configuration and does not dial. Two entries of one name: `duplicate name in list`.

What to do: keep one of the two.

Example: a path to kubelet-client-current.pem was added to kubelet.conf, and client-certificate-data was \
left in.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let subjects = exam.cluster.nodes.iter().map(|node| node.kubeconfigs.len()).sum();
    let mut look = Look { subjects, unobserved: usize::from(subjects == 0), defects: Vec::new() };
    for group in exam.groups(CHECK.code) {
        let node = &exam.cluster.nodes[group.node];
        let file = node.kubeconfigs.iter().find(|file| node.shown(&file.path) == group.subject);
        let mut facts: Vec<Fact> = file.map(twice).unwrap_or_default();
        let what: Vec<String> = facts.iter().map(|fact| fact.label.clone()).collect();
        facts.extend(words::go_says(&group));
        look.defects.push(Defect {
            severity: Severity::Error,
            nodes: vec![group.node],
            subject: group.subject.to_owned(),
            message: "says a thing twice, and client-go refuses it".to_owned(),
            facts,
            links: group.links(),
            remedy: Remedy::manual([format!("keep only one of the two in {}: {}", group.subject, what.join(", "))])
                .step(
                    "for a certificate that something renews (kubelet-client-current.pem) keep the path, else the data",
                ),
        });
    }
    look
}

/// What is said twice, each with its place.
fn twice(file: &KubeconfigFile) -> Vec<Fact> {
    let Ok(parsed) = &file.parsed else { return Vec::new() };
    let line = |line: Option<u64>| line.map_or_else(String::new, |line| format!(" (line {line})"));
    let mut facts: Vec<Fact> = parsed
        .duplicate_names()
        .into_iter()
        .map(|name| fact("two entries of one name", format!("{}{}", name.it, line(name.line))))
        .collect();
    let Ok(current) = parsed.current() else { return facts };
    let mut fields = Vec::new();
    fields.extend(current.cluster.iter().map(|cluster| ("certificate-authority", &cluster.ca)));
    fields.extend(
        current
            .user
            .iter()
            .flat_map(|user| [("client-certificate", &user.client_certificate), ("client-key", &user.client_key)]),
    );
    let both = fields.into_iter().filter_map(|(name, field)| Some((name, field.also_path.as_ref()?, field.line)));
    facts.extend(
        both.map(|(name, path, at)| fact(format!("{name} and {name}-data"), format!("{path}, and data{}", line(at)))),
    );
    facts
}
