//! `usage-odd`: a certificate that looks wrong and works.

use crate::check::{Check, Defect, Look, Severity, fact};
use crate::checks::words;
use crate::exam::Exam;
use crate::links::reference::PairReference;
use crate::x509::certificate::{Certificate, DIGITAL_SIGNATURE};
use crate::x509::oid;

pub(super) static CHECK: Check = Check {
    code: "usage-odd",
    title: "a certificate is odd but accepted",
    severity: Severity::Info,
    citation: "Go crypto/x509 Certificate.Verify; opinion",
    docs: "\
What it looks at: the leaves that links show, for what Go accepts and others may refuse: CA:TRUE, a CA \
used as client or server, version 1, no extended key usage, anyExtendedKeyUsage, keyUsage without \
digitalSignature, an empty subject.

Why it matters: etcd and Kubernetes work. OpenSSL, Java and rustls clients may refuse, and a leaf that \
is a CA can sign others.

What to do: nothing urgent; issue the certificate again when convenient.

Example: etcd/server.crt with CA:TRUE.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    let mut seen: Vec<(usize, String)> = Vec::new();
    let shown = exam
        .links
        .iter()
        .filter(|link| link.id != "service-account-tokens")
        .flat_map(|link| [&link.client_pair, &link.server_pair]);
    for PairReference { certificate, .. } in shown.flatten() {
        let subject = certificate.subject(exam.cluster);
        let Some(leaf) = certificate.material(exam.cluster).and_then(|material| material.parsed().next()) else {
            continue;
        };
        if seen.contains(&(certificate.node, subject.clone())) {
            continue;
        }
        seen.push((certificate.node, subject.clone()));
        look.subjects += 1;
        let oddities = oddities(leaf);
        // where the leaf stands further down, what stands first is told as such
        let is_no_leaf = exam.reasons.iter().any(|reason| {
            reason.code == "wrong-certificate-first" && reason.node == certificate.node && reason.subject == subject
        });
        if oddities.is_empty() || is_no_leaf {
            continue;
        }
        look.defects.push(Defect {
            severity: Severity::Info,
            nodes: vec![certificate.node],
            subject,
            message: format!("odd, but Go accepts it: {}", oddities.join(", ")),
            facts: vec![fact("oddities", oddities.join(", "))],
            links: Vec::new(),
            remedy: words::remake(exam, Some(certificate)),
        });
    }
    look
}

fn oddities(leaf: &Certificate) -> Vec<&'static str> {
    let any = leaf.usages.iter().any(|usage| usage == oid::EKU_ANY);
    let all = [
        (leaf.is_ca() && leaf.is_self_issued(), "a CA certificate used as a leaf"),
        (leaf.is_ca() && !leaf.is_self_issued(), "CA:TRUE on a leaf"),
        (leaf.version == 1, "version 1"),
        (leaf.version != 1 && leaf.usages.is_empty() && !leaf.is_ca(), "no extended key usage"),
        (any, "anyExtendedKeyUsage"),
        (leaf.key_usage != 0 && leaf.key_usage & DIGITAL_SIGNATURE == 0, "keyUsage without digitalSignature"),
        (leaf.subject.is_empty(), "no subject"),
    ];
    all.into_iter().filter(|(is_so, _)| *is_so).map(|(_, oddity)| oddity).collect()
}
