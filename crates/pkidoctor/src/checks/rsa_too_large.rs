//! `rsa-too-large`: an RSA key above 8192 bits in a handshake.

use crate::check::{Check, Look, Remedy, Severity, fact};
use crate::checks::words::{self, Told};
use crate::exam::{Exam, Group, Why};
use crate::go::handshake::Complaint;

pub(super) static CHECK: Check = Check {
    code: "rsa-too-large",
    title: "an RSA key is too large for TLS",
    severity: Severity::Error,
    citation: "Go crypto/tls checkKeySize (8192 bits from 1.20, GODEBUG tlsmaxrsasize)",
    docs: "\
What it looks at: the size of every RSA key in a chain that a side shows.

Why it matters: Go from 1.20 refuses it before it verifies anything: `certificate containing RSA key \
larger than 8192 bits`.

What to do: make a key of 4096 bits or less, or P-256, and a certificate for it.

Example: etcd/server.key of 16384 bits.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    words::tell(exam, CHECK.code, |group| {
        let bits = bits(group);
        let remedy = words::remake(exam, group.first().guilty.as_ref());
        let command = remedy.command.clone().map(|command| format!("{command} --key-type rsa4096"));
        Told {
            message: format!("shows an RSA key of {bits} bits, and TLS in Go takes 8192 at most"),
            facts: vec![fact("key", format!("rsa{bits}"))],
            remedy: Remedy { command, ..remedy },
        }
    })
}

fn bits(group: &Group<'_, '_>) -> usize {
    let found = group.reasons.iter().find_map(|reason| match reason.why {
        Why::Refusal(refusal) => match refusal.complaint {
            Complaint::TooLarge(bits) => Some(bits),
            _ => None,
        },
        _ => None,
    });
    found.unwrap_or_default()
}
