//! `key-inconsistent`: the numbers of a private key contradict each other.

use crate::check::{Check, Look, Severity};
use crate::checks::load;
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "key-inconsistent",
    title: "the numbers of a private key contradict each other",
    severity: Severity::Error,
    citation: "Go crypto/rsa PrivateKey.Validate; crypto/ecdsa",
    docs: "\
What it looks at: whether the primes of an RSA key multiply to its modulus and its exponents fit them, and \
whether the number of an elliptic key is in range, by the rules of the Go version that is judged.

Why it matters: such a key was damaged or put together by hand. Go refuses it when it loads the pair; \
older Go and openssl may let it pass and then make signatures that nobody accepts.

What to do: put the right key back if it still exists, else make certificate and key anew together.

Example: one byte of etcd/server.key changed on a failing disk, and the file still parses.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    load::look(exam, CHECK.code, |exam, group| {
        load::damaged_key(exam, group, "its numbers contradict each other: the key is damaged")
    })
}
