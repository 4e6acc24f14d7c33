//! `scheme-mismatch`: one side speaks TLS, the other plain text.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::exam::{Exam, Group, Why};
use crate::links::OtherKind;

pub(super) static CHECK: Check = Check {
    code: "scheme-mismatch",
    title: "http on one side, https on the other",
    severity: Severity::Error,
    citation: "Go crypto/tls RecordHeaderError; etcd client/pkg/transport listener_tls.go",
    docs: "\
What it looks at: for every link, the scheme of the URL that the client dials (--etcd-servers, \
--advertise-client-urls, --initial-advertise-peer-urls, the server of a kubeconfig) against the scheme of \
the URL that the server listens on.

Why it matters: the TLS side reads plain text and says `tls: first record does not look like a TLS \
handshake`; the plain side sees the connection end: `EOF`, `error reading server preface: EOF`. No \
certificate is ever looked at.

What to do: make the plain side https. Turning the other side to http would heal the link and open etcd \
to everybody.

Example: --etcd-servers=http://127.0.0.1:2379 against --listen-client-urls=https://127.0.0.1:2379.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look { subjects: exam.links.iter().filter(|link| link.name.is_some()).count(), ..Look::default() };
    for group in exam.groups(CHECK.code) {
        let links = group.links();
        look.defects.push(Defect {
            severity: exam.severity(&links),
            nodes: vec![group.node],
            subject: group.subject.to_owned(),
            message: message(exam, &group),
            facts: facts(exam, &group),
            links,
            remedy: remedy(&group),
        });
    }
    look
}

/// Whether it is the listener that is plain, not the URL that is dialled.
fn listener_is_plain(group: &Group<'_, '_>) -> bool {
    matches!(group.first().why, Why::Other(other) if other.kind == OtherKind::TlsToPlain)
}

fn message(exam: &Exam<'_>, group: &Group<'_, '_>) -> String {
    let mut clients: Vec<&str> = group.reasons.iter().map(|reason| client_of(&exam.links[reason.link].id)).collect();
    clients.dedup();
    let clients = clients.join(" and ");
    if listener_is_plain(group) {
        format!("etcd listens in plain text where {clients} speaks TLS")
    } else {
        format!("{clients} is told to speak plain text to a port that speaks TLS")
    }
}

fn client_of(id: &str) -> &str {
    id.split("->").next().unwrap_or(id)
}

fn facts(exam: &Exam<'_>, group: &Group<'_, '_>) -> Vec<crate::check::Fact> {
    let node = &exam.cluster.nodes[group.node];
    let mut facts = Vec::new();
    if let Some((manifest, flag)) = group.subject.rsplit_once(":--") {
        let running = crate::cluster::manifest::Component::ALL
            .into_iter()
            .filter_map(|component| node.running(component))
            .find(|running| node.shown(running.manifest) == manifest);
        facts.extend(running.map(|running| words::flag_fact(&running, flag)));
    }
    let mut hosts: Vec<&str> = group.links().iter().filter_map(|link| exam.links[*link].name.as_deref()).collect();
    hosts.dedup();
    facts.push(fact("host", hosts.join(", ")));
    if let Why::Other(other) = group.first().why {
        facts.extend(other.client_error.iter().map(|text| fact("the client says", text)));
        facts.extend(other.server_error.iter().map(|text| fact("the server says", text)));
    }
    facts
}

fn remedy(group: &Group<'_, '_>) -> Remedy {
    let place = group.subject.replace(":--", ": --");
    let remedy = Remedy::manual([format!("make the URL https in {place}")]);
    if listener_is_plain(group) {
        remedy.step("set the certificate, key and trusted CA of that port, if they are not set").avoid(
            "turning the clients to http instead: the link heals and etcd is open to everybody who reaches the port",
        )
    } else if group.subject.ends_with("--initial-advertise-peer-urls") {
        remedy
            .step("a member that runs already keeps the URL in its member list: `etcdctl member update ID --peer-urls=https://…`, then restart it")
            .avoid("editing --initial-cluster of a running member: it is ignored after the first start")
    } else {
        remedy.avoid("turning the listener to http: etcd is then open to everybody who reaches the port")
    }
}
