//! `ca-regenerated`: a CA of the issuer's name is trusted, but its key is another.

use crate::check::{Check, Fact, Look, Remedy, Severity, fact};
use crate::checks::words::{self, Told};
use crate::exam::{Exam, Reason};
use crate::go::verify::VerifyError;
use crate::x509::certificate::{Certificate, hex_lower};

pub(super) static CHECK: Check = Check {
    code: "ca-regenerated",
    title: "the trusted CA has the right name and another key",
    severity: Severity::Error,
    citation: "Go crypto/x509 Certificate.CheckSignatureFrom",
    docs: "\
What it looks at: the signature of every certificate on a link against every CA of the issuer's name in \
the CA file that the other side trusts. Equal names prove nothing: kubeadm calls all of its CAs \
`kubernetes`, `etcd-ca` and `front-proxy-ca`.

Why it matters: Go refuses with `certificate signed by unknown authority (possibly because of ... while \
trying to verify candidate authority certificate ...)`. etcd and kube-apiserver read their CA files only \
at start, so the damage shows at the next restart.

What to do: decide which CA is the real one: the one that most leaves and the other nodes chain to. Put \
it back, with its key, or issue all leaves again from the new one and restart every consumer. Making the \
CA anew once more only adds a third one.

Example: etcd/ca.crt was made anew in March, and etcd/server.crt from January is still signed by the old \
key.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    words::tell(exam, CHECK.code, |group| {
        let reason = group.first();
        let mut facts = words::chain_facts(exam, reason);
        facts.extend(difference(exam, reason));
        let trusted = reason.trust.as_ref().map(|trust| trust.subject(exam.cluster)).unwrap_or_default();
        let message = if words::trust_is_guilty(reason) {
            format!("{trusted} is trusted here, and another CA of that name signed what is shown")
        } else {
            format!("signed by another key than that of {trusted}, though the names agree")
        };
        Told { message, facts, remedy: remedy(exam, reason) }
    })
}

/// Which CA was tried, which of the two is younger, and what the identifiers say.
fn difference(exam: &Exam<'_>, reason: &Reason<'_>) -> Vec<Fact> {
    let Some((child, candidate)) = both(reason) else { return Vec::new() };
    let mut facts = vec![fact("the CA is valid from", words::instant(exam.now(), candidate.not_before))];
    if candidate.not_before > child.not_before {
        let leaf = words::instant(exam.now(), child.not_before);
        facts.push(fact("the certificate is older", format!("{leaf}: the CA was made anew after it was signed")));
    }
    let (authority, subject) = (&child.authority_key_id, &candidate.subject_key_id);
    if !authority.is_empty() && !subject.is_empty() && authority != subject {
        facts.push(fact(
            "key identifiers",
            format!("signed by {}, the CA says {}", hex_lower(authority), hex_lower(subject)),
        ));
    }
    facts
}

fn both<'c>(reason: &Reason<'c>) -> Option<(&'c Certificate, &'c Certificate)> {
    match reason.why.verify_error()? {
        VerifyError::UnknownAuthority { certificate, hint: Some((candidate, _)) } => Some((certificate, candidate)),
        _ => None,
    }
}

fn remedy(exam: &Exam<'_>, reason: &Reason<'_>) -> Remedy {
    if words::trust_is_guilty(reason) {
        return words::trust_again(exam, reason);
    }
    // where nothing in place is of the CA on disk, making anew is refused and the way out is told instead
    words::remake(exam, reason.guilty.as_ref())
        .step("if a backup or another node still has the CA that signed it, put that one back instead")
        .avoid("making the CA anew once more: it would be a third key under the same name")
        .avoid("update-ca-certificates: these programs trust the file in their flag, not the system's store")
}
