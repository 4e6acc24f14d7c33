//! `malformed-key`: a private key does not parse.

use crate::check::{Check, Look, Severity};
use crate::checks::load;
use crate::exam::Exam;

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
    load::look(exam, CHECK.code, |exam, group| load::damaged_key(exam, group, "does not parse as a private key"))
}
