//! `certificate-policies-invalid`: no chain satisfies the certificate policies.

use crate::check::{Check, Look, Remedy, Severity, fact};
use crate::checks::words::{self, Told};
use crate::exam::Exam;
use crate::x509::der::dotted;

pub(super) static CHECK: Check = Check {
    code: "certificate-policies-invalid",
    title: "certificate policies allow no chain",
    severity: Severity::Error,
    citation: "RFC 5280 section 6.1.3; Go crypto/x509 policiesValid (from 1.24)",
    docs: "\
What it looks at: policy constraints, mappings and inhibitAnyPolicy of every chain on a link.

Why it matters: Go from 1.24 checks policies and says `x509: no valid chains built`; older releases did \
not look, and refused the extensions only where they are critical.

What to do: issue the CA again without requireExplicitPolicy, or issue the certificates below it with \
the policy that it demands.

Example: a corporate CA demands an explicit policy that kubeadm's certificates do not assert.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    words::tell(exam, CHECK.code, |group| {
        let reason = group.first();
        let asserted = reason
            .certificate
            .iter()
            .flat_map(|leaf| &leaf.policies.asserted)
            .map(|oid| dotted(oid))
            .collect::<Vec<_>>();
        let asserted = if asserted.is_empty() { "none".to_owned() } else { asserted.join(", ") };
        let trusted = reason.trust.as_ref().map(|trust| trust.subject(exam.cluster)).unwrap_or_default();
        let remedy = Remedy::manual([
            format!("issue {trusted} again without requireExplicitPolicy (same key, byte-identical subject)"),
            "or issue the certificates below it with the policy that it demands".to_owned(),
        ]);
        Told {
            message: "no chain satisfies the certificate policies above it".to_owned(),
            facts: vec![fact("policies in the certificate", asserted)],
            remedy,
        }
    })
}
