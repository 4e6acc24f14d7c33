//! `srv-domain-missing`: the domain of SRV discovery is not in the peer certificate.

use crate::check::{Check, Defect, Look, Severity, fact};
use crate::checks::{san_missing, words};
use crate::exam::Exam;
use crate::go::hostname;
use crate::links::etcd::Etcd;

pub(super) static CHECK: Check = Check {
    code: "srv-domain-missing",
    title: "a peer certificate lacks the domain of --discovery-srv",
    severity: Severity::Warning,
    citation: "etcd security guide (DNS SRV); etcd-io/etcd#8445",
    docs: "\
What it looks at: --discovery-srv of etcd against the DNS names of its peer certificate.

Why it matters: members that find each other by SRV records may verify the domain instead of the host, \
and then refuse each other during the bootstrap.

What to do: issue the peer certificate again with the domain.

Example: --discovery-srv=etcd.example and a peer certificate of etcd1.etcd.example alone.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for node in 0..exam.cluster.nodes.len() {
        let Some(etcd) = Etcd::on(exam.cluster, node) else { continue };
        let Some(running) = &etcd.running else { continue };
        let Some(domain) = running.flags.value("discovery-srv").filter(|domain| !domain.is_empty()) else { continue };
        let reference = etcd.peer_pair().certificate;
        let leaf = reference.material(exam.cluster).and_then(|material| material.parsed().next());
        let Some(leaf) = leaf else {
            look.unobserved += 1;
            continue;
        };
        look.subjects += 1;
        if hostname::verify(leaf, domain, exam.cluster.go).is_ok() {
            continue;
        }
        look.defects.push(Defect {
            severity: Severity::Warning,
            nodes: vec![node],
            subject: reference.subject(exam.cluster),
            message: format!("does not cover {domain}, the domain of SRV discovery"),
            facts: vec![words::flag_fact(running, "discovery-srv"), fact("valid for", san_missing::covered(leaf))],
            links: Vec::new(),
            remedy: words::remake(exam, Some(&reference)),
        });
    }
    look
}
