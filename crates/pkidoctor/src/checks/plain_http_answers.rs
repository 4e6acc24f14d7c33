//! `plain-http-answers`: a port of etcd that should speak TLS answers without it.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::port_open;
use crate::exam::Exam;
use crate::live::Serves;

/// What Go's own HTTPS server says to HTTP: no service, only an answer.
const BAD_REQUEST: u16 = 400;

pub(super) static CHECK: Check = Check {
    code: "plain-http-answers",
    title: "a port of etcd answers without TLS",
    severity: Severity::Error,
    citation: "etcd embed/config.go (a http:// listen URL ignores every TLS flag)",
    docs: "\
What it looks at: the client and peer ports of etcd, asked once in HTTP without TLS. Metrics on a port of their own \
may answer so.

Why it matters: who speaks HTTP needs no certificate; and whoever dials this port with TLS is told `first record does \
not look like a TLS handshake`.

What to do: see which process listens, and give its listen URLs the scheme https.

Example: --listen-client-urls=http://0.0.0.0:2379 left over from a test.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for port in exam.live.iter().flat_map(|live| &live.evidence.ports) {
        let Some(plain) = port.plain.as_ref().filter(|_| port.serves != Serves::Metrics) else { continue };
        look.subjects += 1;
        let Some(status) = plain.status.filter(|status| *status != BAD_REQUEST) else { continue };
        let number = port.endpoint.port.unwrap_or_default();
        look.defects.push(Defect {
            severity: Severity::Error,
            nodes: vec![port.node],
            subject: port.endpoint.url(),
            message: "answers in HTTP without TLS".to_owned(),
            facts: vec![fact("status", status)],
            links: port_open::links(exam, port),
            remedy: Remedy::manual([
                format!("who listens: ss -ltnp 'sport = :{number}'"),
                "if it is etcd: give its listen URLs the scheme https; with http every TLS flag is ignored".to_owned(),
            ]),
        });
    }
    look
}
