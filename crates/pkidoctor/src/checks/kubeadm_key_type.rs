//! `kubeadm-key-type`: a key that etcd serves and kubeadm cannot read.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::exam::Exam;
use crate::links::reference::Reference;
use crate::profile::ROLES;
use crate::x509::key::PublicKey;

pub(super) static CHECK: Check = Check {
    code: "kubeadm-key-type",
    title: "kubeadm does not know this kind of key",
    severity: Severity::Info,
    citation: "kubeadm pkiutil.TryLoadKeyFromDisk",
    docs: "\
What it looks at: the private keys of kubeadm's layout: kubeadm reads RSA and ECDSA.

Why it matters: etcd and kube-apiserver serve Ed25519 keys happily; kubeadm stops with `the private key \
file is neither in RSA nor ECDSA format`, at the next join, renewal or upgrade.

What to do: make the pair anew with RSA or P-256; a CA only with a plan for all of its leaves.

Example: etcd/ca.key of the kind Ed25519.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for node in 0..exam.cluster.nodes.len() {
        for role in ROLES {
            let reference = Reference::layout(exam.cluster, node, &format!("{}.key", role.stem));
            let Some(material) = reference.material(exam.cluster) else {
                look.unobserved += usize::from(reference.file(exam.cluster).is_some_and(Exam::is_hidden));
                continue;
            };
            look.subjects += 1;
            if !matches!(material.keys().next(), Some(Ok(PublicKey::Ed25519(_)))) {
                continue;
            }
            let remedy = if role.issuer.is_none() {
                Remedy::manual([
                    "plan a new CA with an RSA or P-256 key: trust old and new, issue the leaves again, drop the old one",
                ])
            } else {
                let remedy = words::remake(exam, Some(&reference));
                Remedy {
                    command: remedy.command.as_ref().map(|command| format!("{command} --key-type p256")),
                    ..remedy
                }
            };
            look.defects.push(Defect {
                severity: Severity::Info,
                nodes: vec![node],
                subject: reference.subject(exam.cluster),
                message: "is of a kind that kubeadm cannot read: it knows RSA and ECDSA".to_owned(),
                facts: vec![fact("key", "ed25519")],
                links: Vec::new(),
                remedy,
            });
        }
    }
    look
}
