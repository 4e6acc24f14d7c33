//! `san-mapped-address`: an IPv4 address written as IPv6 among the names.

use crate::check::{Check, Defect, Look, Severity, fact};
use crate::checks::words;
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "san-mapped-address",
    title: "a certificate holds an IPv4-mapped IPv6 address",
    severity: Severity::Info,
    citation: "Go crypto/x509 parseSANExtension (refused from 1.27)",
    docs: "\
What it looks at: iPAddress entries of sixteen bytes below ::ffff:0:0/96 in every certificate of the \
tree.

Why it matters: Go up to 1.26 takes the entry for the IPv4 address; from 1.27 it refuses the whole \
certificate: `SAN iPAddress contains IPv4-mapped IPv6 address`. An upgrade breaks what works.

What to do: issue the certificate again with the address in four bytes.

Example: a generator that turns 10.0.0.11 into ::ffff:10.0.0.11.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    // a Go that refuses it has not parsed it: that is told as malformed
    for used in exam.used() {
        look.subjects += 1;
        let mapped: Vec<String> = used.certificate.names.ip.iter().filter_map(|bytes| mapped(bytes)).collect();
        if mapped.is_empty() {
            continue;
        }
        look.defects.push(Defect {
            severity: Severity::Info,
            nodes: vec![used.node],
            subject: used.places[0].clone(),
            message: "holds an IPv4 address in IPv6 form, which Go refuses from 1.27".to_owned(),
            facts: vec![fact("entries", mapped.join(", "))],
            links: Vec::new(),
            remedy: words::remake(exam, exam.role_of(used)),
        });
    }
    look
}

fn mapped(bytes: &[u8]) -> Option<String> {
    let six = std::net::Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?);
    six.to_ipv4_mapped().map(|_| six.to_string())
}
