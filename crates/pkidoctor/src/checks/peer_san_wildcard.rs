//! `peer-san-wildcard`: a wildcard in a peer certificate needs reverse DNS.

use crate::check::{Check, Defect, Look, Severity, fact};
use crate::checks::words;
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "peer-san-wildcard",
    title: "a peer certificate holds a wildcard",
    severity: Severity::Info,
    citation: "etcd client/pkg/transport checkCertSAN (wildcards from 3.2.5)",
    docs: "\
What it looks at: wildcard DNS names in etcd's peer certificate.

Why it matters: for a wildcard the listener has to look up the name of the address that the member comes \
from; without a PTR record it says `does not match any of DNSNames` and closes the connection. etcd \
before 3.2.5 never accepts it.

What to do: name every member and its addresses, or keep PTR records right.

Example: etcd/peer.crt with DNS:*.etcd.default.svc.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (_, reference, leaf) in words::peer_leaves(exam, &mut look) {
        let wildcards: Vec<&str> =
            leaf.names.dns.iter().map(String::as_str).filter(|name| name.starts_with("*.")).collect();
        if wildcards.is_empty() {
            continue;
        }
        look.defects.push(Defect {
            severity: Severity::Info,
            nodes: vec![reference.node],
            subject: reference.subject(exam.cluster),
            message: "holds a wildcard, which needs a PTR record for every address that a member comes from".to_owned(),
            facts: vec![fact("wildcards", wildcards.join(", "))],
            links: Vec::new(),
            remedy: words::remake(exam, Some(&reference)),
        });
    }
    look
}
