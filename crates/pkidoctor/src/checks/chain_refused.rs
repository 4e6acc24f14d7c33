//! `chain-refused`: a chain that Go refuses for a reason without a code of its own.

use crate::check::{Check, Look, Severity};
use crate::checks::words::{self, Told};
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "chain-refused",
    title: "Go refuses a certificate chain",
    severity: Severity::Error,
    citation: "Go crypto/x509 Certificate.Verify",
    docs: "\
What it looks at: every link that Go refuses where no other check knows the reason, so that no broken \
link goes without an explanation.

Why it matters: the handshake fails, whatever the reason is.

What to do: read Go's words in the facts; issuing the certificate again from the CA that its consumers \
trust heals nearly all of them.

Example: more than a hundred candidate signatures in one bundle: `x509: signature check attempts limit \
reached`.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    words::tell(exam, CHECK.code, |group| {
        let reason = group.first();
        Told {
            message: "its chain is refused".to_owned(),
            facts: words::chain_facts(exam, reason),
            remedy: words::remake(exam, reason.guilty.as_ref()),
        }
    })
}
