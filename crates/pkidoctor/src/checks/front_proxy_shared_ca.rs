//! `front-proxy-shared-ca`: the request-header CA also signs ordinary clients.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::cluster::manifest::Component;
use crate::exam::Exam;
use crate::links::reference::Reference;
use crate::x509::key::PublicKey;

pub(super) static CHECK: Check = Check {
    code: "front-proxy-shared-ca",
    title: "the front-proxy CA is the cluster CA",
    severity: Severity::Warning,
    citation: "Kubernetes aggregation layer: reusing a CA; opinion",
    docs: "\
What it looks at: the public keys in --requestheader-client-ca-file against those in --client-ca-file, \
and --requestheader-allowed-names.

Why it matters: with one CA for both, and an empty list of names, any client certificate may assert any \
user by header; with a list, ordinary clients are checked against it first and refused as `not in the \
allowed list`.

What to do: make a front-proxy CA of its own, issue front-proxy-client from it, and restart \
kube-apiserver.

Example: both flags name /etc/kubernetes/pki/ca.crt.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for node in 0..exam.cluster.nodes.len() {
        let (Some(proxy), Some(client)) =
            (trust(exam, node, "front-proxy-client->"), trust(exam, node, "admin.conf->"))
        else {
            continue;
        };
        let (Some(ours), Some(theirs)) = (keys(exam, proxy), keys(exam, client)) else {
            look.unobserved += 1;
            continue;
        };
        look.subjects += 1;
        let is_a_mistake = exam.reasons.iter().any(|reason| reason.trust.as_ref() == Some(proxy));
        if !ours.iter().any(|key| theirs.contains(key)) || is_a_mistake {
            continue;
        }
        let same = proxy.path() == client.path();
        look.defects.push(Defect {
            severity: Severity::Warning,
            nodes: vec![node],
            subject: proxy.flag_subject(exam.cluster).filter(|_| same).unwrap_or_else(|| proxy.subject(exam.cluster)),
            message: format!("is the CA of {} too", client.subject(exam.cluster)),
            facts: vec![fact("--requestheader-allowed-names", allowed(exam, node))],
            links: Vec::new(),
            remedy: Remedy::manual([
                "make a front-proxy CA of its own (kubeadm init phase certs front-proxy-ca, after moving the old files away)",
                "issue front-proxy-client from it on every node: pkidoctor regen front-proxy-client --adopt-ca --backup",
                "restart kube-apiserver, then the extension servers",
            ]),
        });
    }
    look
}

fn trust<'e>(exam: &'e Exam<'_>, node: usize, id: &str) -> Option<&'e Reference> {
    let link = exam.links.iter().find(|link| link.node == node && link.id.starts_with(id))?;
    link.server_trust.as_ref().filter(|trust| trust.node == node)
}

fn keys(exam: &Exam<'_>, trust: &Reference) -> Option<Vec<PublicKey>> {
    Some(trust.material(exam.cluster)?.parsed().filter_map(|ca| ca.key.clone()).collect())
}

fn allowed(exam: &Exam<'_>, node: usize) -> String {
    let names = exam.cluster.nodes[node]
        .running(Component::KubeApiserver)
        .map(|running| running.flags.list("requestheader-allowed-names"));
    match names {
        None => "not known".to_owned(),
        Some(names) if names.is_empty() => "any name: every client may assert any user".to_owned(),
        Some(names) => names.join(", "),
    }
}
