//! Events of logs beside the reasons that files give: which reason foretells the words that were heard.
//!
//! A reason predicts what each side prints. Both texts, the foretold and the heard, are taken apart by the same reader,
//! so that prefixes and clocks that differ between releases of Go do not matter.

use crate::exam::{Exam, Reason as Cause, Why};
use crate::go::handshake::Side;
use crate::links::{Link, RefusedBy};
use crate::logs::{Alert, Direction, Event, Journal, Port, Reason, Writer};
use crate::x509::certificate::hex_lower;

use super::who::{Directory, Place, Who, dials, port_of};

/// An event and what is known about it.
pub(super) struct Heard<'j> {
    /// The event.
    pub(super) event: &'j Event,
    /// Who is at the other end.
    pub(super) who: Who,
    /// Reasons of the exam that foretell it, with how well each does; the best first.
    pub(super) reasons: Vec<(usize, u8)>,
}

/// Every event of the journal, in its order.
pub(super) fn listen<'j>(exam: Option<&Exam<'_>>, journal: &'j Journal) -> Vec<Heard<'j>> {
    let directory = Directory::new(exam, journal);
    let hear = |event: &'j Event| {
        let who = directory.who(event);
        let home = directory.home_of(event.source);
        let mut reasons: Vec<(usize, u8)> = exam.map_or_else(Vec::new, |exam| {
            let all = (0..exam.reasons.len()).map(|which| (which, fit(exam, which, event, &who, home)));
            all.filter(|(_, score)| *score > 0).collect()
        });
        let best = reasons.iter().map(|(_, score)| *score).max().unwrap_or_default();
        reasons.retain(|(_, score)| *score == best);
        Heard { event, who, reasons }
    };
    journal.events.iter().map(hear).collect()
}

/// The very words.
const WORDS: u8 = 8;
/// An alert that says so much.
const ALERT: u8 = 2;
/// The other end is who the link's client is.
const PLACE: u8 = 4;
/// Go stops at its first complaint, and this is it.
const FIRST: u8 = 1;

/// How well a reason of the files foretells an event; 0 for not at all.
fn fit(exam: &Exam<'_>, which: usize, event: &Event, who: &Who, home: Option<usize>) -> u8 {
    let reason = &exam.reasons[which];
    let link = &exam.links[reason.link];
    let Some(half) = half(link, event) else { return 0 };
    let Some(words) = foretold(reason, half).and_then(|text| Reason::of(&text)) else { return 0 };
    let score = match (&words, &event.reason) {
        (Reason::Alert(_), Reason::Alert(alert)) if agrees(event, reason, half) && may_mean(*alert, reason.code) => {
            ALERT
        }
        // the refusal was lost in a race with the reset
        (Reason::Alert(_), Reason::Reset) if agrees(event, reason, half) => ALERT,
        (words, heard) if same(words, heard) => WORDS,
        _ => return 0,
    };
    if is_of_another_certificate(event, reason) || half_is_elsewhere(link, half, home) {
        return 0;
    }
    let place = match place(link, half, who, event) {
        Some(true) => PLACE,
        None => 0,
        // whoever it is, a server's own fault meets every client
        Some(false) if half == Side::Server && is_of_the_server_alone(reason) => 0,
        Some(false) => return 0,
    };
    let is_first = !exam.reasons[..which].iter().any(|before| before.link == reason.link);
    score + place + if is_first { FIRST } else { 0 }
}

/// Which half of a link writes such a line; `None` when neither does.
fn half(link: &Link, event: &Event) -> Option<Side> {
    let port = port_of(link)?;
    let server = match port {
        Port::EtcdClient | Port::EtcdPeer => Writer::Etcd,
        Port::Apiserver => Writer::KubeApiserver,
        Port::Kubelet => Writer::Kubelet,
        _ => Writer::ExtensionServer,
    };
    let is_server = event.writer == server || event.writer == Writer::Unknown && event.remote.is_some();
    match event.port {
        Port::OwnFiles => {
            if is_server && !is_client(link, event.writer) {
                return Some(Side::Server);
            }
            is_client(link, event.writer).then_some(Side::Client)
        }
        heard if heard == port || heard == Port::Unknown => {
            if is_server && event.remote.is_some() {
                return Some(Side::Server);
            }
            let as_client = is_client(link, event.writer) || event.writer == Writer::Unknown && event.remote.is_none();
            as_client.then_some(Side::Client)
        }
        _ => None,
    }
}

/// Whether a program is the client of a link.
fn is_client(link: &Link, writer: Writer) -> bool {
    let client = link.id.split("->").next().unwrap_or_default();
    match writer {
        Writer::Etcd => link.id.starts_with("etcd-"),
        Writer::KubeApiserver => client == "kube-apiserver",
        Writer::KubeControllerManager => client == "controller-manager.conf",
        Writer::KubeScheduler => client == "scheduler.conf",
        Writer::Kubelet => client == "kubelet.conf",
        // people run both with the healthcheck client's files, or with admin.conf
        Writer::Kubeadm | Writer::Etcdctl | Writer::Kubectl => {
            matches!(client, "kubeadm" | "admin.conf" | "super-admin.conf")
        }
        Writer::Curl | Writer::Openssl => client == "kubeadm",
        Writer::ExtensionServer | Writer::Unknown => false,
    }
}

/// What a reason makes a half print.
fn foretold(reason: &Cause<'_>, half: Side) -> Option<String> {
    match reason.why {
        Why::Fault(fault) if reason.side == half => Some(fault.text.clone()),
        // a client that cannot load its pair never dials
        Why::Fault(_) => (reason.side == Side::Server).then(|| "remote error: tls: internal error".to_owned()),
        Why::Refusal(refusal) => Some(match half {
            Side::Client => refusal.client_error.clone(),
            Side::Server => refusal.server_error.clone(),
        }),
        Why::Other(other) => match half {
            Side::Client => other.client_error.clone(),
            Side::Server => other.server_error.clone(),
        },
    }
}

/// Whether the side that an event says has refused is the one that the files say will.
fn agrees(event: &Event, reason: &Cause<'_>, half: Side) -> bool {
    let by = match reason.why {
        Why::Refusal(_) => Some(reason.side),
        Why::Other(other) => match other.by {
            RefusedBy::Client => Some(Side::Client),
            RefusedBy::Server => Some(Side::Server),
            RefusedBy::Load => None,
        },
        Why::Fault(_) => None,
    };
    match event.direction {
        Direction::ClientRefusedServer => by == Some(Side::Client),
        Direction::ServerRefusedClient => by == Some(Side::Server),
        Direction::OtherCannotLoad => by.is_none() && reason.side != half,
        Direction::WriterCannotLoad => by.is_none() && reason.side == half,
        Direction::Unknown => true,
        Direction::Nobody => false,
    }
}

/// Whether an alert may stand for a finding: newer servers tell more in it than older ones (crypto/tls
/// `processCertsFromClient`).
fn may_mean(alert: Alert, code: &str) -> bool {
    match alert {
        Alert::ExpiredCertificate => matches!(code, "expired" | "not-yet-valid"),
        Alert::CertificateRequired => code == "client-certificate-missing",
        Alert::UnknownCa => !matches!(code, "expired" | "not-yet-valid" | "san-missing" | "missing-client-auth"),
        Alert::DecodeError => matches!(code, "negative-serial" | "malformed-certificate" | "san-mapped-address"),
        _ => true,
    }
}

/// Whether two readings of an error mean the same; the clock of whoever looked does not count.
pub(super) fn same(a: &Reason, b: &Reason) -> bool {
    match (a, b) {
        (Reason::Alert(_), Reason::Alert(_)) => false,
        (Reason::Expired { after: a, .. }, Reason::Expired { after: b, .. }) => a == b,
        (Reason::NotYetValid { before: a, .. }, Reason::NotYetValid { before: b, .. }) => a == b,
        // what a lookup said differs from one resolver to the next
        (Reason::PeerAddress { address: a, dns: c, .. }, Reason::PeerAddress { address: b, dns: d, .. }) => {
            a == b && c == d
        }
        // older releases print less of a certificate that does not parse
        (Reason::Malformed(_), Reason::Malformed(_)) => true,
        _ => a == b,
    }
}

/// Whether an event names a certificate, and it is another one than the reason is about.
fn is_of_another_certificate(event: &Event, reason: &Cause<'_>) -> bool {
    let Some(heard) = &event.certificate else { return false };
    // a chain's CA may be the guilty one, but what the line names is the leaf
    let leaf = reason.pair.is_some();
    let Some(certificate) = reason.certificate.as_ref().filter(|certificate| leaf && !certificate.is_ca()) else {
        return false;
    };
    let other = |heard: &Option<String>, own: String| heard.as_ref().is_some_and(|heard| *heard != own);
    other(&heard.serial, certificate.serial_decimal()) || other(&heard.akid, hex_lower(&certificate.authority_key_id))
}

/// Whether the half of the link that would have written the line is on another node than the log is from.
fn half_is_elsewhere(link: &Link, half: Side, home: Option<usize>) -> bool {
    let node = match half {
        Side::Client => Some(link.node),
        Side::Server => link.server_node,
    };
    matches!((node, home), (Some(node), Some(home)) if node != home)
}

/// Whether the other end is the link's: `None` where nothing tells.
fn place(link: &Link, half: Side, who: &Who, event: &Event) -> Option<bool> {
    if half == Side::Client {
        let target = event.target.as_ref()?;
        let endpoint = link.dials.as_ref()?;
        let (host, port) = target.rsplit_once(':').unwrap_or((target, ""));
        let host = host.trim_matches(['[', ']']);
        if !crate::cluster::url::same_host(host, &endpoint.host) {
            // the gateway dials every address that etcd listens at
            return (!link.id.starts_with("etcd-gateway")).then_some(false);
        }
        // through a tunnel, or from a trial on another port
        let other_port = port.parse::<u16>().ok().zip(endpoint.port).is_some_and(|(heard, known)| heard != known);
        return (!other_port).then_some(true);
    }
    if event.is_of_gateway() && port_of(link) == Some(Port::EtcdClient) {
        return Some(link.id.starts_with("etcd-gateway"));
    }
    match &who.place {
        Place::Unknown => None,
        Place::Own(host) => {
            if link.server_node.is_some_and(|server| server != link.node) {
                return Some(false);
            }
            // somebody else on this machine, who dials another of its addresses, may stumble over the same
            dials(link, host).then_some(true)
        }
        Place::Node(node) => Some(link.node == *node),
        Place::Member | Place::Foreign => Some(false),
    }
}

/// Whether any client would refuse such a server, whatever it trusts and however it calls it.
fn is_of_the_server_alone(reason: &Cause<'_>) -> bool {
    let own = [
        "expired",
        "not-yet-valid",
        "missing-server-auth",
        "unknown-critical-extension",
        "malformed-certificate",
        "negative-serial",
        "rsa-too-large",
    ];
    let load = matches!(reason.why, Why::Fault(_)) && reason.side == Side::Server;
    load || reason.side == Side::Client && own.contains(&reason.code)
}
