//! What was seen of running servers, as plain data, and what it means.
//!
//! Nothing here opens a connection: `pkidoctor-live` gathers [`Evidence`], this room judges it with the same rules as
//! the files, and says what stands in the logs of both sides.

pub(crate) mod judge;
pub(crate) mod log;
mod observation;
pub(crate) mod program;
pub(crate) mod upgrade;
pub(crate) mod words;

use crate::cluster::url::Endpoint;
use crate::go::GoVersion;

pub use judge::{Live, LiveLink, LiveVerdict, NoReason, SeenLink, judge};
pub use log::Lines;
pub use observation::{End, Failure, Observation, Stage, Version};
pub use program::same as same_place;

/// All that was seen of a cluster in one go.
#[derive(Default)]
pub struct Evidence {
    /// Links that dial something.
    pub walks: Vec<Walk>,
    /// etcd's ports.
    pub ports: Vec<PortSeen>,
    /// What etcd says of itself, one per endpoint that took one of its clients.
    pub etcds: Vec<EtcdSeen>,
}

/// One link, walked.
pub struct Walk {
    /// Its index among the links.
    pub link: usize,
    /// Where it leads.
    pub endpoint: Endpoint,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a walk.
pub enum Outcome {
    /// It was not dialled, and why.
    NotDialled(NotDialled),
    /// It was.
    Observed(Observation),
}

/// Why a link is not dialled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotDialled {
    /// The files are a copy: loopback is this machine, not the node.
    LoopbackOfACopy,
    /// The client's pair does not load, so it never dials.
    NoPair,
    /// The client's pair could not be read, or not be shown by this program, so the question would be another one.
    NoIdentity,
    /// The URL names no port, or speaks no TLS.
    NoTls,
}

impl NotDialled {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::LoopbackOfACopy => "this is a copy, and loopback here is not that node; name an ENDPOINT to dial it",
            Self::NoPair => "the client cannot load its pair, so it never dials",
            Self::NoIdentity => "the client's pair cannot be read or shown by this process",
            Self::NoTls => "the URL speaks no TLS or names no port",
        }
    }

    /// Whether the port may be looked at all the same: the obstacle is the client's.
    pub const fn leaves_the_port(self) -> bool {
        matches!(self, Self::NoPair | Self::NoIdentity)
    }
}

/// A port of etcd.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Serves {
    /// Clients: 2379.
    Clients,
    /// The other members: 2380.
    Peers,
    /// Metrics and health without TLS: 2381.
    Metrics,
}

impl Serves {
    /// As in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clients => "etcd-client",
            Self::Peers => "etcd-peer",
            Self::Metrics => "metrics",
        }
    }
}

/// What was seen of one port of etcd beside the links.
pub struct PortSeen {
    /// The node whose etcd it belongs to, where that is known.
    pub node: usize,
    /// Where it is.
    pub endpoint: Endpoint,
    /// What it is for.
    pub serves: Serves,
    /// A client that shows no certificate.
    pub without_certificate: Option<Observation>,
    /// HTTP without TLS.
    pub plain: Option<PlainSeen>,
    /// Whether a protocol that nobody speaks is refused by ALPN, as Go does from 1.17; asked only where nothing else
    /// tells the server's Go.
    pub refuses_unknown_protocol: Option<bool>,
    /// What its metrics say of the program.
    pub program: Program,
}

/// One HTTP request without TLS.
#[derive(Clone, Debug)]
pub struct PlainSeen {
    /// The status, if HTTP came back.
    pub status: Option<u16>,
    /// Why nothing of the kind came.
    pub failure: Option<Failure>,
}

/// What a running etcd is, as its metrics tell.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Program {
    /// `3.5.1`.
    pub version: Option<String>,
    /// The Go that it was built with.
    pub go: Option<GoVersion>,
}

/// What an etcd says of itself to a client that it takes; read-only calls.
pub struct EtcdSeen {
    /// Whom was asked.
    pub endpoint: Endpoint,
    /// The link whose client asked.
    pub link: usize,
    /// The answers, or why there are none.
    pub state: Result<EtcdState, String>,
}

/// An etcd's own account.
#[derive(Clone, Debug)]
pub struct EtcdState {
    /// Its version.
    pub version: String,
    /// Its member's number.
    pub member: u64,
    /// The leader's number; 0 for none.
    pub leader: u64,
    /// Whether it is a learner.
    pub is_learner: bool,
    /// Whether a linearizable read came back: that takes a quorum. Else why not.
    pub health: Result<(), String>,
    /// Alarms: member and kind (`NOSPACE`, `CORRUPT`).
    pub alarms: Vec<(u64, String)>,
    /// Errors that the member reports.
    pub errors: Vec<String>,
    /// Every member that it knows.
    pub members: Vec<Member>,
}

impl EtcdState {
    /// Whether it answers a linearizable read, has a leader and raises no alarm.
    pub fn is_healthy(&self) -> bool {
        self.health.is_ok() && self.leader != 0 && self.complaints().is_empty()
    }

    /// Alarms by member, then the errors that the member reports.
    pub fn complaints(&self) -> Vec<String> {
        let alarms = self.alarms.iter().map(|(member, kind)| format!("{kind} on member {member:x}"));
        alarms.chain(self.errors.iter().cloned()).collect()
    }
}

/// One member of the list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// Its number.
    pub id: u64,
    /// Its name; empty when it has never started.
    pub name: String,
    /// Where the others reach it.
    pub peer_urls: Vec<String>,
    /// Where clients reach it; empty when it has never started.
    pub client_urls: Vec<String>,
    /// Whether it does not vote yet.
    pub is_learner: bool,
}
