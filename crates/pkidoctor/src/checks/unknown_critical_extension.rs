//! `unknown-critical-extension`: a critical extension that Go does not handle.

use crate::check::{Check, Look, Remedy, Severity, fact};
use crate::checks::words::{self, Told};
use crate::exam::Exam;
use crate::x509::der::dotted;

pub(super) static CHECK: Check = Check {
    code: "unknown-critical-extension",
    title: "a critical extension is not known",
    severity: Severity::Error,
    citation: "RFC 5280 section 4.2; Go crypto/x509 Certificate.UnhandledCriticalExtensions",
    docs: "\
What it looks at: critical extensions of every certificate, intermediate and CA on a link against those \
that Go handles.

Why it matters: who does not understand a critical extension must refuse: `x509: unhandled critical \
extension`. etcd then logs only `remote error: tls: bad certificate` when the client refuses.

What to do: issue the certificate again without the extension, or with it not critical.

Example: an appliance put a critical extension of its own into etcd/server.crt.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    words::tell(exam, CHECK.code, |group| {
        let reason = group.first();
        let unknown = reason.certificate.iter().flat_map(|certificate| &certificate.unhandled_critical);
        let unknown = unknown.map(|oid| dotted(oid)).collect::<Vec<_>>().join(", ");
        let is_ca = reason.certificate.as_ref().is_some_and(|certificate| certificate.is_ca());
        let remedy = if is_ca {
            Remedy::manual([
                "issue the CA certificate again without it, same key, byte-identical subject, and put it wherever the old one is trusted",
            ])
        } else {
            words::remake(exam, reason.guilty.as_ref())
        };
        Told {
            message: format!("carries the critical extension {unknown}, which Go does not know"),
            facts: vec![fact("extension", unknown)],
            remedy,
        }
    })
}
