//! `malformed-key`: a private key does not parse.

use crate::check::{Check, Look, Severity, fact};
use crate::checks::load;
use crate::checks::words::Told;
use crate::exam::{Exam, Group};

pub(super) static CHECK: Check = Check {
    code: "malformed-key",
    title: "a private key does not parse",
    severity: Severity::Error,
    citation: "Go crypto/tls parsePrivateKey; RFC 8017; RFC 5915; RFC 5958",
    docs: "\
What it looks at: the content of every private key that a pair, a token signer, a token verifier or a \
signing CA needs, as PKCS#8, PKCS#1 and SEC1, in the order of the Go version that is judged.

Why it matters: `tls: failed to parse private key`, and the process does not start.

What to do: put the right key back if it still exists, else make certificate and key anew together.

Example: apiserver.key lost a line in a copy from a terminal.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    load::look(exam, CHECK.code, tell)
}

fn tell(exam: &Exam<'_>, group: &Group<'_, '_>) -> Told {
    let material = group.first().guilty.as_ref().and_then(|guilty| guilty.material(exam.cluster));
    let labels = material.map(|material| material.labels().join(", ")).unwrap_or_default();
    let remedy = load::restore(exam, group.first()).avoid("making a new key alone: a pair is replaced as a pair");
    Told {
        message: "does not parse as a private key".to_owned(),
        facts: vec![fact("found", format!("PEM with {labels}"))],
        remedy,
    }
}
