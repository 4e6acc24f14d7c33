//! `name-constraint-violated`: a CA above the certificate may not sign its names.

use crate::check::{Check, Look, Remedy, Severity, fact};
use crate::checks::words::{self, Told};
use crate::exam::Exam;
use crate::go::verify::VerifyError;

pub(super) static CHECK: Check = Check {
    code: "name-constraint-violated",
    title: "a CA may not sign for a name in the certificate",
    severity: Severity::Error,
    citation: "RFC 5280 section 4.2.1.10; Go crypto/x509 checkNameConstraints",
    docs: "\
What it looks at: every name and address of a certificate on a link against the name constraints of the \
CAs above it. Every name counts, not only the one that is dialled.

Why it matters: Go says `a root or intermediate certificate is not authorized to sign for this name` and \
refuses the whole certificate. kubeadm always puts localhost, 127.0.0.1 and the node's name into it.

What to do: use a CA of its own for etcd and the control plane, without name constraints.

Example: a corporate CA limited to corp.example signed etcd/server.crt, which also names localhost.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    words::tell(exam, CHECK.code, |group| {
        let detail = group.reasons.iter().find_map(|reason| match reason.why.verify_error()? {
            VerifyError::NameConstraint(detail) => Some(detail.clone()),
            _ => None,
        });
        let mut facts: Vec<_> = detail.map(|detail| fact("violation", detail)).into_iter().collect();
        facts.extend(group.first().trust.as_ref().map(|trust| fact("trusted", trust.subject(exam.cluster))));
        let remedy = Remedy::manual([
            "issue it from a CA without name constraints; the control plane's CAs are its own",
            "or leave out of the certificate every name that the CA may not sign, where no client needs it",
        ])
        .avoid("making it anew from the same CA: kubeadm's names always hold localhost and 127.0.0.1");
        Told { message: "holds a name that a CA above it may not sign".to_owned(), facts, remedy }
    })
}
