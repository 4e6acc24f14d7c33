//! `shared-ca`: etcd trusts the key that also signs the cluster's clients.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::exam::Exam;
use crate::links::reference::Reference;
use crate::x509::key::PublicKey;

pub(super) static CHECK: Check = Check {
    code: "shared-ca",
    title: "etcd trusts the cluster CA",
    severity: Severity::Warning,
    citation: "Kubernetes PKI requirements (etcd-ca); opinion",
    docs: "\
What it looks at: the public keys in etcd's --trusted-ca-file against those in kube-apiserver's \
--client-ca-file.

Why it matters: every holder of a client certificate of the cluster, each kubelet included, is a valid \
etcd client, and etcd without roles gives it the whole store, Secrets included.

What to do: give etcd a CA of its own, issue its servers, peers and clients from it, and restart etcd \
and kube-apiserver one node at a time.

Example: --trusted-ca-file=/etc/kubernetes/pki/ca.crt.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for node in 0..exam.cluster.nodes.len() {
        let etcd = trusts(exam, node, |id| id.ends_with("->etcd"));
        let cluster = trusts(exam, node, |id| id.ends_with(".conf->kube-apiserver"));
        let (Some(etcd), Some(cluster)) = (etcd, cluster) else { continue };
        let (Some(ours), Some(theirs)) = (keys(exam, etcd), keys(exam, cluster)) else {
            look.unobserved += 1;
            continue;
        };
        look.subjects += 1;
        if !ours.iter().any(|key| theirs.contains(key)) || is_a_mistake(exam, etcd) {
            continue;
        }
        let subject = subject(exam, etcd, cluster);
        let message = format!(
            "etcd trusts the CA of {} too: every client of the cluster is a client of etcd",
            cluster.subject(exam.cluster)
        );
        look.defects.push(Defect {
            severity: Severity::Warning,
            nodes: vec![node],
            subject,
            message,
            facts: vec![
                fact("etcd trusts", etcd.subject(exam.cluster)),
                fact("kube-apiserver trusts", cluster.subject(exam.cluster)),
            ],
            links: Vec::new(),
            remedy: remedy(),
        });
    }
    look
}

/// What the server of such a link trusts on its own node.
fn trusts<'e>(exam: &'e Exam<'_>, node: usize, id: impl Fn(&str) -> bool) -> Option<&'e Reference> {
    let links = exam.links.iter().filter(|link| id(&link.id));
    links.filter_map(|link| link.server_trust.as_ref()).find(|trust| trust.node == node)
}

fn keys(exam: &Exam<'_>, trust: &Reference) -> Option<Vec<PublicKey>> {
    Some(trust.material(exam.cluster)?.parsed().filter_map(|ca| ca.key.clone()).collect())
}

/// Where etcd refuses somebody because of that file, the refusal is the story.
fn is_a_mistake(exam: &Exam<'_>, trust: &Reference) -> bool {
    exam.reasons.iter().any(|reason| reason.trust.as_ref() == Some(trust) && words_of_chain(reason.code))
}

fn words_of_chain(code: &str) -> bool {
    matches!(code, "signed-by-other-ca" | "ca-regenerated" | "ca-renamed" | "name-encoding-differs" | "issuer-missing")
}

/// The flag where it names the cluster's own file, else the copy of it.
fn subject(exam: &Exam<'_>, etcd: &Reference, cluster: &Reference) -> String {
    let same = etcd.path() == cluster.path();
    etcd.flag_subject(exam.cluster).filter(|_| same).unwrap_or_else(|| etcd.subject(exam.cluster))
}

fn remedy() -> Remedy {
    Remedy::manual([
        "make a CA for etcd alone and put both CAs into a bundle that etcd and its clients trust",
        "issue etcd's server, peer and client certificates from the new CA and restart etcd and kube-apiserver, one node at a time",
        "then drop the cluster CA from the bundle and restart them once more",
    ])
    .avoid("swapping the CA file at once: every client is refused until its certificate is new")
}
