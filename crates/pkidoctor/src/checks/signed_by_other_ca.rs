//! `signed-by-other-ca`: no trusted CA bears the name of the issuer.

use crate::check::{Check, Look, Severity};
use crate::checks::words::{self, Told};
use crate::exam::{Exam, Group};
use crate::links::reference::Reference;

pub(super) static CHECK: Check = Check {
    code: "signed-by-other-ca",
    title: "a certificate is signed by another CA than the one that is trusted",
    severity: Severity::Error,
    citation: "RFC 5280 section 6.1; Go crypto/x509 Certificate.buildChains",
    docs: "\
What it looks at: the issuer of every certificate on a link against the subjects, byte for byte, of the \
CA file that the other side trusts; and every CA in the given trees, to say which one did sign it.

Why it matters: whoever verifies says `x509: certificate signed by unknown authority` without a \
parenthesis, and refuses. etcd leaves signed by the cluster CA are the usual case.

What to do: issue the certificate again from the right CA; or, where only one consumer was pointed at \
another CA file, point it back. Trusting the other CA as well lets everybody in whom it ever signed.

Example: etcd/server.crt is signed by ca.crt, but etcd and its clients trust etcd/ca.crt.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    words::tell(exam, CHECK.code, |group| {
        let reason = group.first();
        let facts = words::chain_facts(exam, reason);
        if words::trust_is_guilty(reason) {
            return Told { message: wrong_trust(exam, group), facts, remedy: words::trust_again(exam, reason) };
        }
        let remedy = words::remake(exam, reason.guilty.as_ref())
            .avoid("trusting the other CA as well: everybody whom it ever signed would be let in")
            .avoid("update-ca-certificates: these programs trust the file in their flag, not the system's store");
        Told { message: wrong_issuer(exam, group), facts, remedy }
    })
}

fn wrong_trust(exam: &Exam<'_>, group: &Group<'_, '_>) -> String {
    let reason = group.first();
    let shown = reason.pair.as_ref().map(|pair| pair.certificate.subject(exam.cluster)).unwrap_or_default();
    let trusted = reason.trust.as_ref().map(|trust| trust.subject(exam.cluster)).unwrap_or_default();
    format!("makes {trusted} the CA for {shown}, which another one signed")
}

fn wrong_issuer(exam: &Exam<'_>, group: &Group<'_, '_>) -> String {
    let reason = group.first();
    let trusted = reason.trust.as_ref().map(|trust: &Reference| trust.subject(exam.cluster)).unwrap_or_default();
    match words::orphan(reason) {
        Some(child) if child.is_self_issued() => format!("signs itself, while {trusted} is trusted"),
        Some(child) => format!("issued by {}, which is not in {trusted}", child.issuer),
        None => format!("does not chain to {trusted}"),
    }
}
