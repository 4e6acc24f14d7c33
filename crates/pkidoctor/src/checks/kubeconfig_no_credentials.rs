//! `kubeconfig-no-credentials`: a kubeconfig whose current context shows nothing.

use crate::check::{Check, Defect, Look, Severity};
use crate::checks::kubeconfig_malformed::remake;
use crate::checks::words;
use crate::cluster::kubeconfig::ContextProblem;
use crate::exam::{Exam, Group};

pub(super) static CHECK: Check = Check {
    code: "kubeconfig-no-credentials",
    title: "a kubeconfig shows no credentials",
    severity: Severity::Error,
    citation: "client-go tools/clientcmd DirectClientConfig.ConfirmUsable, getAuthInfo",
    docs: "\
What it looks at: the current context of the kubeconfigs beside the PKI: whether it exists, names a cluster \
and a user that exist, and whether that user has a client certificate, a token, a password or a plug-in.

Why it matters: without a context client-go does not know whom to dial; without credentials the API server \
sees an anonymous user and answers `Unauthorized`. kubectl asks for a user name instead.

What to do: make the kubeconfig anew, or set current-context to a context that exists.

Example: controller-manager.conf whose user lost client-certificate-data and client-key-data.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let subjects = exam.cluster.nodes.iter().map(|node| node.kubeconfigs.len()).sum();
    let mut look = Look { subjects, unobserved: usize::from(subjects == 0), defects: Vec::new() };
    for group in exam.groups(CHECK.code) {
        let links = group.links();
        look.defects.push(Defect {
            severity: exam.severity(&links),
            nodes: vec![group.node],
            subject: group.subject.to_owned(),
            message: message(exam, &group),
            facts: words::go_says(&group),
            links,
            remedy: remake(group.subject),
        });
    }
    look
}

fn message(exam: &Exam<'_>, group: &Group<'_, '_>) -> String {
    let node = &exam.cluster.nodes[group.node];
    let file = node.kubeconfigs.iter().find(|file| node.shown(&file.path) == group.subject);
    let Some(Ok(parsed)) = file.map(|file| &file.parsed) else { return "shows no credentials".to_owned() };
    let problem = match parsed.current() {
        Err(problem) => Some(problem),
        Ok(current) => current.user.err().or(current.cluster.err()),
    };
    match problem {
        Some(ContextProblem::NoCurrentContext) => "has no current context".to_owned(),
        Some(ContextProblem::UnknownContext(name)) => format!("its current context {name} does not exist"),
        Some(ContextProblem::NoCluster) => "its current context names no cluster".to_owned(),
        Some(ContextProblem::UnknownCluster(name)) => {
            format!("its current context names the cluster {name}, which does not exist")
        }
        Some(ContextProblem::NoUser) => "its current context names no user".to_owned(),
        Some(ContextProblem::UnknownUser(name)) => {
            format!("its current context names the user {name}, which does not exist")
        }
        None => "the user of its current context has no certificate, token, password or plug-in".to_owned(),
    }
}
