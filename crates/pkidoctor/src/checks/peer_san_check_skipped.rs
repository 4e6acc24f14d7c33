//! `peer-san-check-skipped`: members do not hold each other's address against the certificate.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::exam::Exam;
use crate::links::etcd::described;

pub(super) static CHECK: Check = Check {
    code: "peer-san-check-skipped",
    title: "the peer address check is switched off",
    severity: Severity::Warning,
    citation: "etcd client/pkg/transport/listener_tls.go checkCertSAN; TLSInfo.SkipClientSANVerify",
    docs: "\
What it looks at: --peer-skip-client-san-verification and its older name with `experimental-`.

Why it matters: the flag is the usual answer to a peer certificate without the member's address. It hides \
the fault and takes a fence away: whoever holds any certificate of the peer CA may then speak Raft from \
any address.

What to do: issue the peer certificates with the addresses of their members, then remove the flag.

Example: --experimental-peer-skip-client-san-verification=true.",
    look,
};

const FLAGS: [&str; 2] = ["peer-skip-client-san-verification", "experimental-peer-skip-client-san-verification"];

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look { unobserved: words::unseen_etcds(exam), ..Look::default() };
    for (etcd, running) in described(exam.cluster) {
        look.subjects += 1;
        let Some(flag) = FLAGS.into_iter().find(|flag| running.flags.is_true(flag)) else { continue };
        look.defects.push(Defect {
            severity: Severity::Warning,
            nodes: vec![etcd.node],
            subject: words::flag_subject(exam, etcd.node, &running, flag),
            message: "any certificate of the peer CA may speak Raft from any address".to_owned(),
            facts: vec![words::flag_fact(&running, flag), fact("in effect", "the address of a peer is not held against its certificate")],
            links: Vec::new(),
            remedy: Remedy::manual([
                "make sure that every member's peer certificate covers its address: pkidoctor regen etcd-peer --san ADDRESS --backup".to_owned(),
                format!("remove --{flag}, one member at a time; {}", words::edit(&running)),
            ]),
        });
    }
    look
}
