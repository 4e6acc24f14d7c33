//! `ca-renamed`: the CA's key signed the certificate, but its subject has changed.

use crate::check::{Check, Look, Remedy, Severity, fact};
use crate::checks::words::{self, Told};
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "ca-renamed",
    title: "the CA was renewed with another subject",
    severity: Severity::Error,
    citation: "RFC 5280 section 6.1.3; Go crypto/x509 CertPool.findPotentialParents",
    docs: "\
What it looks at: certificates on a link whose signature a trusted CA's key made, although the CA's \
subject is not the issuer that they name.

Why it matters: Go looks for a CA by the issuer's bytes before it looks at any key, so it says \
`certificate signed by unknown authority`.

What to do: renew the CA once more with the same key and the byte-identical subject: then every old leaf \
is valid again.

Example: `openssl req -new -key ca.key` with a retyped subject: CN=etcd-ca became O=Example,CN=etcd-ca.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    words::tell(exam, CHECK.code, |group| {
        let reason = group.first();
        let child = words::orphan(reason);
        let pool = reason.trust.as_ref().and_then(|trust| trust.material(exam.cluster));
        let ca = child
            .zip(pool)
            .and_then(|(child, pool)| pool.parsed().find(|ca| exam.verifier.check_signature(child, ca).is_ok()));
        let mut facts = Vec::new();
        facts.extend(child.map(|child| fact("issuer", &child.issuer)));
        facts.extend(ca.map(|ca| fact("CA subject", &ca.subject)));
        facts.extend(reason.trust.as_ref().map(|trust| fact("trusted", trust.subject(exam.cluster))));
        let issuer = child.map(|child| child.issuer.to_string()).unwrap_or_default();
        let remedy = Remedy::manual([
            format!("renew the CA certificate with the same key and the subject {issuer}, byte for byte"),
            words::spread(&reason.trust.as_ref().map(|trust| trust.subject(exam.cluster)).unwrap_or_default()),
            "restart whoever trusts it, one node at a time".to_owned(),
        ])
        .avoid("making a new CA key: the key is right, only the name is not");
        Told { message: format!("signed by the trusted key, but under the name {issuer}"), facts, remedy }
    })
}
