//! What was seen of one server in one connection.

use std::net::SocketAddr;
use std::time::Duration;

/// How far a connection came.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub enum Stage {
    /// Looking up the name.
    #[default]
    Resolve,
    /// The TCP connection.
    Connect,
    /// The TLS handshake, as far as the client sees it.
    Tls,
    /// The first bytes after it. In TLS 1.3 a server's refusal of a client certificate comes here.
    Read,
    /// The server's own protocol.
    Http,
}

/// The TLS version that was agreed on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Version {
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

/// How a connection ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// The server took the client and answered in its own protocol.
    Served,
    /// TLS came about, but the caller would not have trusted the chain, so that nothing was sent. The server had not
    /// refused the client until then.
    NotTrusted,
    /// The server sent this fatal alert (RFC 8446 section 6, `AlertDescription`).
    Alert {
        /// Its number.
        number: u8,
        /// Its name in the RFC's terms, as rustls writes it: `BadCertificate`.
        name: String,
    },
    /// Anything else.
    Failed(Failure),
}

/// Why a connection came to nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The name has no address.
    NoAddress(String),
    /// Nobody listens.
    Refused,
    /// No way there.
    Unreachable(String),
    /// Nothing more came in the given time.
    TimedOut,
    /// The server closed the connection.
    Closed,
    /// The server reset the connection.
    Reset,
    /// The server speaks HTTP without TLS.
    PlainHttp,
    /// What came is no TLS.
    NotTls,
    /// The server broke the protocol, or there is no version, cipher or signature that both know.
    Protocol(String),
    /// The server sent more than any answer needs.
    TooMuch,
    /// Anything else of the operating system.
    Io(String),
}

impl End {
    /// In a few words.
    pub fn words(&self) -> String {
        match self {
            Self::Served => "it answers".to_owned(),
            Self::NotTrusted => "the certificate that it shows is not trusted".to_owned(),
            Self::Alert { number, .. } => format!("remote error: tls: {}", super::words::alert(*number)),
            Self::Failed(Failure::TimedOut) => "context deadline exceeded".to_owned(),
            Self::Failed(Failure::Closed) => "EOF".to_owned(),
            Self::Failed(Failure::Refused) => "connection refused".to_owned(),
            Self::Failed(Failure::Reset) => "connection reset by peer".to_owned(),
            Self::Failed(Failure::PlainHttp | Failure::NotTls) => "it speaks no TLS".to_owned(),
            Self::Failed(Failure::TooMuch) => "it sends more than any answer needs".to_owned(),
            Self::Failed(
                Failure::NoAddress(text) | Failure::Unreachable(text) | Failure::Protocol(text) | Failure::Io(text),
            ) => text.clone(),
        }
    }
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// One connection to one server.
#[derive(Clone, Debug)]
pub struct Observation {
    /// The address that was dialled.
    pub address: Option<SocketAddr>,
    /// The address and port from which it was dialled, which the server's log names.
    pub local: Option<SocketAddr>,
    /// Whether this machine has the address that the link's client would have; `None` when nobody asked.
    pub at_home: Option<bool>,
    /// How far it came.
    pub stage: Stage,
    /// How it ended.
    pub end: End,
    /// The versions that were offered, as their numbers in the protocol.
    pub offered: Vec<u16>,
    /// The agreed version.
    pub version: Option<Version>,
    /// The agreed application protocol.
    pub alpn: Option<String>,
    /// The chain that the server showed, leaf first, DER.
    pub chain: Vec<Vec<u8>>,
    /// Whether the server proved that it holds the leaf's key; `None` if it never came to that.
    pub key_proved: Option<bool>,
    /// Whether the server asked for a client certificate.
    pub asks_for_certificate: bool,
    /// Whether it takes clients with Ed25519 keys, as Go does from 1.13 on.
    pub knows_ed25519: bool,
    /// The names (DER) of the CAs that the *running* server trusts, as its request for a certificate lists them.
    pub trusted_ca_names: Vec<Vec<u8>>,
    /// Whether a client certificate was shown.
    pub showed_certificate: bool,
    /// The status of the one HTTP request, if it was made.
    pub http_status: Option<u16>,
    /// When the TCP connection stood.
    pub connected_after: Option<Duration>,
    /// When the handshake was done.
    pub secured_after: Option<Duration>,
    /// How long it took in all.
    pub took: Duration,
}

impl Default for Observation {
    /// Nothing yet.
    fn default() -> Self {
        Self {
            address: None,
            local: None,
            at_home: None,
            stage: Stage::Resolve,
            end: End::Failed(Failure::TimedOut),
            offered: Vec::new(),
            version: None,
            alpn: None,
            chain: Vec::new(),
            key_proved: None,
            asks_for_certificate: false,
            knows_ed25519: false,
            trusted_ca_names: Vec::new(),
            showed_certificate: false,
            http_status: None,
            connected_after: None,
            secured_after: None,
            took: Duration::ZERO,
        }
    }
}

impl Observation {
    /// Whether anybody accepted the connection.
    pub fn reached(&self) -> bool {
        self.stage > Stage::Connect
    }

    /// Whether the server took a client that showed no certificate: it answered, or finished without asking for one.
    /// Its silence after it has asked proves nothing.
    pub fn is_open(&self) -> bool {
        match self.end {
            End::Served => true,
            End::NotTrusted => !self.asks_for_certificate,
            _ => false,
        }
    }
}
