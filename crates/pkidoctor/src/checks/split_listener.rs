//! `split-listener`: the gRPC port does not log refusals.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::exam::Exam;
use crate::links::etcd::described;

pub(super) static CHECK: Check = Check {
    code: "split-listener",
    title: "etcd serves HTTP and gRPC on separate ports",
    severity: Severity::Info,
    citation: "etcd embed/serve.go (--listen-client-http-urls)",
    docs: "\
What it looks at: --listen-client-http-urls.

Why it matters: the flag moves TLS of the client port into gRPC, which refuses without a word. A client is \
turned away and etcd's log stays empty; whoever searches it for `rejected connection` looks in vain.

What to do: nothing, but do not take an empty log for a healthy link; `pkidoctor probe` shows the refusal.

Example: --listen-client-http-urls=https://127.0.0.1:2382.",
    look,
};

const FLAG: &str = "listen-client-http-urls";

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look { unobserved: words::unseen_etcds(exam), ..Look::default() };
    for (etcd, running) in described(exam.cluster) {
        look.subjects += 1;
        if running.flags.list(FLAG).is_empty() {
            continue;
        }
        look.defects.push(Defect {
            severity: Severity::Info,
            nodes: vec![etcd.node],
            subject: words::flag_subject(exam, etcd.node, &running, FLAG),
            message: "etcd's log does not show clients that the gRPC port refuses".to_owned(),
            facts: vec![words::flag_fact(&running, FLAG), fact("to see refusals", "pkidoctor probe")],
            links: Vec::new(),
            remedy: Remedy::manual(["nothing to repair; look at the client's log, or run pkidoctor probe"]),
        });
    }
    look
}
