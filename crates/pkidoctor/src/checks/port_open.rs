//! `port-open`: etcd serves whoever comes.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::exam::Exam;
use crate::links::Link;
use crate::live::{PortSeen, Serves, same_place};

pub(super) static CHECK: Check = Check {
    code: "port-open",
    title: "etcd takes clients without a certificate",
    severity: Severity::Error,
    citation: "etcd security guide; transport.TLSInfo.ServerConfig (ClientAuth)",
    docs: "\
What it looks at: every TLS port of etcd, dialled without a client certificate.

Why it matters: whoever reaches the port reads every secret of the cluster and writes what they like. `--auto-tls` and a \
missing --trusted-ca-file open it without a word.

What to do: set --trusted-ca-file and --client-cert-auth=true (and their peer- twins), and restart etcd.

Example: etcd was started by hand with --cert-file and --key-file alone.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for port in exam.live.iter().flat_map(|live| &live.evidence.ports) {
        let Some(seen) = port.without_certificate.as_ref().filter(|seen| seen.reached()) else { continue };
        look.subjects += 1;
        if !seen.is_open() {
            continue;
        }
        let asks = if seen.asks_for_certificate { "yes, and takes whoever has none" } else { "no" };
        look.defects.push(Defect {
            severity: Severity::Error,
            nodes: vec![port.node],
            subject: port.endpoint.url(),
            message: "serves a client that shows no certificate".to_owned(),
            facts: vec![fact("asks for a certificate", asks)],
            links: links(exam, port),
            remedy: remedy(port),
        });
    }
    look
}

/// The links that lead to this port.
pub(super) fn links(exam: &Exam<'_>, port: &PortSeen) -> Vec<usize> {
    let leads_there = |link: &Link| link.dials.as_ref().is_some_and(|dials| same_place(dials, &port.endpoint));
    (0..exam.links.len()).filter(|index| leads_there(&exam.links[*index])).collect()
}

fn remedy(port: &PortSeen) -> Remedy {
    let prefix = if port.serves == Serves::Peers { "peer-" } else { "" };
    Remedy::manual([
        format!("set --{prefix}trusted-ca-file and --{prefix}client-cert-auth=true where this etcd is started"),
        "until then, let nobody but the control plane reach the port".to_owned(),
        "rotate what lay open: whoever reached it has seen every secret".to_owned(),
    ])
}
