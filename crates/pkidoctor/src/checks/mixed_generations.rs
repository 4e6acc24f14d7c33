//! `mixed-generations`: a leaf that nothing uses comes from another generation of the CA beside it.

use std::sync::Arc;

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::{File, Node};
use crate::exam::Exam;
use crate::profile;
use crate::x509::certificate::Certificate;

pub(super) static CHECK: Check = Check {
    code: "mixed-generations",
    title: "files of two generations lie side by side",
    severity: Severity::Info,
    citation: "opinion; RFC 5280 section 6.1",
    docs: "\
What it looks at: leaves of kubeadm's layout that no link uses, against the CA of their role beside them: \
the issuer's name is the same, the key is another.

Why it matters: a backup was put over a live PKI, or a reset left files behind. Nothing fails today; a flag \
or a join that takes the leaf up again fails with `unknown authority`.

What to do: choose one generation; remove what nothing uses, or issue it again.

Example: etcd/server.crt of an earlier stacked etcd, beside the CA of an external one.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (index, node) in exam.cluster.nodes.iter().enumerate() {
        for role in profile::ROLES {
            let Some(issuer) = role.issuer else { continue };
            let path = node.layout(&format!("{}.crt", role.stem));
            let (Some(leaf), cas) = (first(node, &path), certificates(node, &node.layout(&format!("{issuer}.crt"))))
            else {
                continue;
            };
            if cas.is_empty() {
                continue;
            }
            look.subjects += 1;
            // a link that uses it tells its own story
            let namesakes: Vec<_> = cas.iter().filter(|ca| ca.subject.raw == leaf.issuer.raw).collect();
            let signed = namesakes.iter().any(|ca| exam.verifier.check_signature(leaf, ca).is_ok());
            if namesakes.is_empty() || signed || exam.is_on_link(index, &path) {
                continue;
            }
            let ca = namesakes[0];
            look.defects.push(Defect {
                severity: Severity::Info,
                nodes: vec![index],
                subject: node.shown(&path).to_owned(),
                message: format!("was signed by another generation of {issuer}.crt; nothing uses it"),
                facts: vec![
                    fact("certificate", &leaf.subject),
                    fact("valid from", words::instant(exam.now(), leaf.not_before)),
                    fact("CA valid from", words::instant(exam.now(), ca.not_before)),
                ],
                links: Vec::new(),
                remedy: Remedy::manual([format!(
                    "remove {path} and its key if nothing is to use them, after a backup"
                )]),
            });
        }
    }
    look
}

fn first<'n>(node: &'n Node, path: &str) -> Option<&'n Arc<Certificate>> {
    node.file(path).and_then(File::material)?.parsed().next()
}

fn certificates<'n>(node: &'n Node, path: &str) -> Vec<&'n Arc<Certificate>> {
    node.file(path).and_then(File::material).map(|material| material.parsed().collect()).unwrap_or_default()
}
