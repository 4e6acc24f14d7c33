//! `expired`: notAfter has passed.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "expired",
    title: "a certificate has expired",
    severity: Severity::Error,
    citation: "RFC 5280 section 4.1.2.5; Go crypto/x509 Certificate.isValid",
    docs: "\
What it looks at: notAfter of every leaf, intermediate and CA that a link uses, and of every other \
certificate in the tree. The last second still counts.

Why it matters: Go refuses the certificate, and prints the same text for an expired CA as for an \
expired leaf, without saying whose it is. Connections that are open go on, so a control plane can look \
healthy until its next restart.

What to do: make the leaf anew. A CA is renewed with the same key and the same subject bytes, so that \
its leaves stay valid. Setting the clock back breaks tokens and leases.

Example: etcd/server.crt whose notAfter was an hour ago.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    let mut told = Vec::new();
    for group in exam.groups(CHECK.code) {
        let reason = group.first();
        let Some(certificate) = &reason.certificate else { continue };
        told.push((group.node, group.subject.to_owned()));
        let mut facts = vec![
            fact("certificate", &certificate.subject),
            fact("not after", words::instant(exam.now(), certificate.not_after)),
        ];
        facts.extend(words::go_says(&group));
        let links = group.links();
        look.defects.push(Defect {
            severity: exam.severity(&links),
            nodes: vec![group.node],
            subject: group.subject.to_owned(),
            message: format!("expired {}", words::distance(exam.now(), certificate.not_after)),
            facts,
            links,
            remedy: remedy(exam, reason.guilty.as_ref(), certificate.is_ca() || certificate.is_self_issued()),
        });
    }
    for &(node, ref subject, path, certificate) in exam.certificates() {
        look.subjects += 1;
        if certificate.not_after >= exam.now() || told.contains(&(node, subject.clone())) {
            continue;
        }
        look.defects.push(Defect {
            severity: exam.severity(&exam.links_using(node, path)).max(Severity::Warning),
            nodes: vec![node],
            subject: subject.clone(),
            message: format!(
                "expired {}; no link stumbles over it",
                words::distance(exam.now(), certificate.not_after)
            ),
            facts: vec![
                fact("certificate", &certificate.subject),
                fact("not after", words::instant(exam.now(), certificate.not_after)),
            ],
            links: Vec::new(),
            remedy: Remedy::manual(["remove the file if nothing uses it"]),
        });
    }
    look
}

fn remedy(exam: &Exam<'_>, guilty: Option<&crate::links::reference::Reference>, is_ca: bool) -> Remedy {
    let remedy = if is_ca {
        let subject = guilty.map(|guilty| guilty.subject(exam.cluster)).unwrap_or_default();
        words::renew_ca(exam, guilty.map_or(0, |guilty| guilty.node), &subject)
    } else {
        words::remake(exam, guilty)
    };
    remedy.avoid("setting the clock back: it breaks tokens, leases and audit, and the next NTP step ends it")
}
