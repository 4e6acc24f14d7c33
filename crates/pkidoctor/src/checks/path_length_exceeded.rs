//! `path-length-exceeded`: more intermediates below a CA than its path length allows.

use crate::check::{Check, Look, Remedy, Severity, fact};
use crate::checks::words::{self, Told};
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "path-length-exceeded",
    title: "a CA may not have a CA below it",
    severity: Severity::Error,
    citation: "RFC 5280 section 4.2.1.9; Go crypto/x509 Certificate.isValid",
    docs: "\
What it looks at: the pathLenConstraint of every CA against the number of intermediates below it in the \
chain.

Why it matters: Go says `x509: too many intermediates for path length constraint` and refuses.

What to do: issue the leaves from the root itself, or issue the root again, same key and same subject, \
with a longer path.

Example: etcd/ca.crt says pathlen:0, and etcd/server.crt is signed by an issuing CA below it.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    words::tell(exam, CHECK.code, |group| {
        let certificate = group.first().certificate.as_ref();
        let limit = certificate.and_then(|ca| ca.basic_constraints).map_or(0, |constraints| constraints.max_path_len);
        let mut facts = vec![fact("intermediates allowed", limit)];
        facts.extend(certificate.map(|ca| fact("certificate", &ca.subject)));
        let remedy = Remedy::manual([
            "issue the leaf from this CA itself, without an intermediate",
            "or issue this CA again with a longer path length or none, same key, byte-identical subject",
        ]);
        Told { message: format!("allows {limit} intermediates below it, and the chain has more"), facts, remedy }
    })
}
