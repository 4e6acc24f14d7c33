//! `key-id-differs`: authority key identifier and the CA's subject key identifier differ.

use std::sync::Arc;

use crate::check::{Check, Defect, Look, Severity, fact};
use crate::checks::words;
use crate::exam::Exam;
use crate::x509::certificate::{Certificate, hex_lower};

pub(super) static CHECK: Check = Check {
    code: "key-id-differs",
    title: "key identifiers differ although the signature is right",
    severity: Severity::Info,
    citation: "RFC 5280 sections 4.2.1.1 and 4.2.1.2; OpenSSL X509_check_issued",
    docs: "\
What it looks at: the authority key identifier of certificates on links against the subject key \
identifier of the CA whose key did sign them. Identifiers are compared, never recomputed.

Why it matters: Go uses them only to sort candidates, so every link works; OpenSSL, and with it curl and \
Python, refuses the chain.

What to do: nothing for etcd and Kubernetes. Issue the certificate again where OpenSSL clients must \
accept it.

Example: the CA was renewed by a tool that computes its identifier in another way.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for used in exam
        .used()
        .iter()
        .filter(|used| !used.certificate.is_self_issued() && !used.certificate.authority_key_id.is_empty())
    {
        look.subjects += 1;
        let Some(theirs) = other_identifier(exam, used.certificate) else { continue };
        look.defects.push(Defect {
            severity: Severity::Info,
            nodes: vec![used.node],
            subject: used.places[0].clone(),
            message: "names another key identifier than its CA bears; Go does not mind, OpenSSL refuses".to_owned(),
            facts: vec![
                fact("authority key identifier", hex_lower(&used.certificate.authority_key_id)),
                fact("the CA's subject key identifier", hex_lower(&theirs)),
            ],
            links: Vec::new(),
            remedy: words::remake(exam, exam.role_of(used)),
        });
    }
    look
}

/// The identifier of the CA that did sign, when none of that key has the expected one.
fn other_identifier(exam: &Exam<'_>, child: &Arc<Certificate>) -> Option<Vec<u8>> {
    let all = exam.certificates();
    let signed = |ca: &Arc<Certificate>| {
        !ca.subject_key_id.is_empty()
            && ca.subject.raw == child.issuer.raw
            && exam.verifier.check_signature(child, ca).is_ok()
    };
    let mut identifiers =
        all.iter().map(|(_, _, _, ca)| *ca).filter(|ca| signed(ca)).map(|ca| &ca.subject_key_id).peekable();
    let first = identifiers.peek().copied().cloned();
    if identifiers.any(|known| *known == child.authority_key_id) { None } else { first }
}
