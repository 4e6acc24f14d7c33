//! etcd's gateway dials etcd's own port with the server's certificate. Then one process logs both halves of a quarrel
//! with itself, and the half of the listener looks like a refused client.

use std::collections::VecDeque;

use time::Duration;

use super::event::{Event, Fact, Port, Told, Urls, Writer};
use super::reason::Reason;

/// As many halves as wait for the other one.
const WAITING: usize = 8;
/// So many lines apart both halves may stand.
const APART: u64 = 3;
/// The gateway dials as soon as etcd is ready.
const AFTER_START: Duration = Duration::seconds(15);

/// The halves that wait in one log.
#[derive(Default)]
pub(super) struct Gateway {
    refusals: VecDeque<Half>,
    complaints: VecDeque<Half>,
}

#[derive(Clone, Copy)]
struct Half {
    /// Its event.
    event: usize,
    line: u64,
    /// The port that the gateway dialled from, where the line has it.
    port: Option<u16>,
}

impl Gateway {
    /// A line was counted for this event; `port` is the client's, on either side.
    pub(super) fn see(&mut self, events: &mut [Event], event: usize, line: u64, port: Option<u16>) {
        let half = Half { event, line, port };
        let is_refusal = is_refusal(&events[event]);
        let (own, other) = if is_refusal {
            (&mut self.refusals, &mut self.complaints)
        } else if is_complaint(&events[event]) {
            (&mut self.complaints, &mut self.refusals)
        } else {
            return;
        };
        let fits = |waiting: &Half| match (waiting.port, port) {
            (Some(theirs), Some(ours)) => theirs == ours,
            _ => line - waiting.line <= APART && events[waiting.event].direction == events[event].direction,
        };
        if let Some(waiting) = other.iter().rposition(fits).and_then(|at| other.remove(at)) {
            events[if is_refusal { event } else { waiting.event }].gateway += 1;
            return;
        }
        own.push_back(half);
        if own.len() > WAITING {
            own.pop_front();
        }
    }
}

/// Whether the gateway says that it does not get through.
fn is_complaint(event: &Event) -> bool {
    matches!(event.row.id, "gateway-refused" | "gateway-refuses")
}

/// Whether etcd refused somebody, or somebody refused etcd, at an address that may be its own.
fn is_refusal(event: &Event) -> bool {
    event.writer == Writer::Etcd
        && event.row.id.starts_with("etcd-")
        && !event.row.noise
        && event.port != Port::EtcdPeer
}

/// Puts the causes of the gateway first where it is the client.
pub(super) fn judge(events: &mut [Event], facts: &[Fact]) {
    for event in events {
        if !is_refusal(event) || event.row.gateway.is_empty() || !is_own(event, facts) {
            event.gateway = 0;
            continue;
        }
        if event.gateway == 0 && once_per_start(event, facts) {
            event.gateway = event.count;
        }
        if event.gateway * 2 >= event.count {
            let others = event.causes.iter().copied().filter(|cause| !event.row.gateway.contains(cause));
            event.causes = event.row.gateway.iter().copied().chain(others).collect();
        }
    }
}

/// Whether the other end is one of the addresses of the etcd that wrote the line.
fn is_own(event: &Event, facts: &[Fact]) -> bool {
    let Some(remote) = event.remote.as_deref() else { return false };
    if remote == "::1" || remote.starts_with("127.") {
        return true;
    }
    facts.iter().filter(|fact| fact.source == event.source).any(|fact| match &fact.what {
        Told::Urls { of: Urls::ListenClient | Urls::AdvertiseClient, urls } => {
            urls.iter().any(|url| host(url) == remote)
        }
        _ => false,
    })
}

/// The host of a URL or of `host:port`, without brackets.
fn host(url: &str) -> &str {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

/// A refusal for its usage, right after a start and not more often than there were starts. Other reasons fit many
/// clients; this one fits a server's certificate that is shown as a client's.
fn once_per_start(event: &Event, facts: &[Fact]) -> bool {
    let of_source = facts.iter().filter(|fact| fact.source == event.source);
    let mut starts = of_source.filter(|fact| matches!(fact.what, Told::Started { .. })).flat_map(|fact| &fact.times);
    let count = starts.clone().count() as u64;
    event.reason == Reason::IncompatibleUsage
        && event.count <= count
        && event
            .first
            .time
            .is_some_and(|time| starts.any(|start| time >= *start - Duration::SECOND && time - *start <= AFTER_START))
}
