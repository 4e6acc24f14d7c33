//! `outlives-issuer`: a leaf is valid longer than the CA that signed it.

use std::sync::Arc;

use time::Duration;

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::exam::{Exam, Used};
use crate::x509::certificate::Certificate;

pub(super) static CHECK: Check = Check {
    code: "outlives-issuer",
    title: "a certificate outlives its CA",
    severity: Severity::Info,
    citation: "RFC 5280 section 6.1.3 (every certificate of the path must be valid)",
    docs: "\
What it looks at: notAfter of every certificate on a link against that of the CAs which signed it. \
Leaves of a year, as kubeadm makes them, and CAs whose own end is told already are left alone.

Why it matters: the leaf is worth nothing after the CA's end, while every monitor that reads leaves is \
green. Tools that make leaves of ten or a hundred years set this trap.

What to do: plan the renewal of the CA: same key, same subject bytes.

Example: etcd/server.crt lasts until 2126, etcd/ca.crt until 2030.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let all = exam.used();
    let mut look = Look::default();
    for used in all.iter().filter(|used| !used.certificate.is_self_issued()) {
        let Some(ca) = issuer(exam, all, used) else { continue };
        look.subjects += 1;
        if ca.not_after >= used.certificate.not_after || is_told(exam, ca) || is_ordinary(used.certificate) {
            continue;
        }
        look.defects.push(Defect {
            severity: Severity::Info,
            nodes: vec![used.node],
            subject: used.places[0].clone(),
            message: format!("lasts longer than its CA, which ends {}", words::distance(exam.now(), ca.not_after)),
            facts: vec![
                fact("not after", words::instant(exam.now(), used.certificate.not_after)),
                fact("its CA's not after", words::instant(exam.now(), ca.not_after)),
                fact("its CA", &ca.subject),
            ],
            links: Vec::new(),
            remedy: Remedy::manual([
                "watch the CA's end instead of the leaf's",
                "renew the CA in time with the same key and the byte-identical subject: its leaves stay valid",
            ]),
        });
    }
    look
}

/// A CA that is over or soon will be has a finding of its own.
fn is_told(exam: &Exam<'_>, ca: &Certificate) -> bool {
    ca.not_after - exam.now() <= Duration::days(exam.options.ca_expiry_warning)
}

/// kubeadm up to 1.30 makes leaves of a year, whatever is left of the CA: no news.
fn is_ordinary(leaf: &Certificate) -> bool {
    leaf.not_after - leaf.not_before <= Duration::days(366)
}

/// The CA on this node's links that signed it; of several, the one that lasts longest.
fn issuer<'c>(exam: &Exam<'_>, all: &[Used<'c>], used: &Used<'c>) -> Option<&'c Arc<Certificate>> {
    let signed = |ca: &&Used<'c>| {
        ca.node == used.node
            && ca.certificate.subject.raw == used.certificate.issuer.raw
            && exam.verifier.check_signature(used.certificate, ca.certificate).is_ok()
    };
    all.iter().filter(signed).map(|ca| ca.certificate).max_by_key(|ca| ca.not_after)
}
