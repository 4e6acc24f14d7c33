//! A TLS 1.3 handshake between two Go programs, told from both sides.
//!
//! Who raises which alert, what the other side then prints, and what etcd and the API server add after
//! TLS: etcd's comparison of a peer's address with its certificate, its lists of allowed names, and the
//! API server's verification at HTTP level. Sources: Go `crypto/tls` (`handshake_client*.go`,
//! `handshake_server*.go`, `auth.go`), etcd `client/pkg/transport` (`tlsutil`, `listener_tls.go`),
//! Kubernetes `apiserver/pkg/authentication/request/x509`.

use std::net::IpAddr;
use std::sync::Arc;

use crate::x509::certificate::{Certificate, ip_address};
use crate::x509::key::{Curve, PublicKey};

use super::hostname;
use super::load::{Pool, Presented};
use super::quote::quote;
use super::verify::{Purpose, Verifier, VerifyError, small_rsa};
use super::version::GoVersion;

/// A side of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// Who dialled.
    Client,
    /// Who listens.
    Server,
}

/// Where a refusal surfaces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// In the handshake, or (etcd's peer address check) right after it.
    Tls,
    /// As HTTP 401 over an established connection.
    Http,
}

/// etcd's `--client-cert-allowed-hostname`, `--peer-cert-allowed-cn`, `--peer-cert-allowed-hostname`.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct AllowedNames {
    /// Common names of which the peer's certificate must bear one.
    pub common_names: Vec<String>,
    /// Host names for one of which the peer's certificate must be valid.
    pub hostnames: Vec<String>,
}

impl AllowedNames {
    /// Whether anything is demanded.
    pub fn is_empty(&self) -> bool {
        self.common_names.is_empty() && self.hostnames.is_empty()
    }

    fn admits(&self, certificate: &Certificate, go: GoVersion) -> bool {
        self.common_names.iter().any(|name| name == certificate.subject.common_name())
            || self.hostnames.iter().any(|name| hostname::verify(certificate, name, go).is_ok())
    }
}

/// A set of trusted certificates, as far as it is known.
#[derive(Clone, Copy)]
pub enum Trust<'a> {
    /// These.
    Pool(&'a Pool),
    /// Not known here: only what needs no trust anchor is judged.
    Unknown,
    /// The other side is not verified at all (etcd's gateway, `insecure-skip-tls-verify`).
    Skip,
}

/// What a side shows, as far as it is known.
#[derive(Clone, Copy)]
pub enum Shown<'a> {
    /// This chain, with a key that belongs to it unless the pair is known not to load.
    Chain(&'a Presented),
    /// No certificate.
    Nothing,
    /// Not known here: nothing is judged of it.
    Unknown,
}

/// The dialling side.
pub struct Client<'a> {
    /// What it shows.
    pub shown: Shown<'a>,
    /// What it trusts.
    pub trust: Trust<'a>,
    /// The name it verifies; `None` for none, or when it is not known.
    pub name: Option<&'a str>,
    /// etcd checks its own lists as client too.
    pub allowed: &'a AllowedNames,
}

/// What the listening side demands of clients.
pub enum ClientAuth<'a> {
    /// Nothing.
    None,
    /// `tls.RequireAndVerifyClientCert`.
    Require(Trust<'a>),
    /// `tls.RequestClientCert`, then verification at HTTP level; a request-header client must also bear
    /// one of the names, if any are given.
    Request {
        /// The client CA's pool.
        trust: Trust<'a>,
        /// `--requestheader-allowed-names`; empty admits any.
        names: &'a [String],
    },
}

/// The listening side.
pub struct Server<'a> {
    /// What it shows.
    pub shown: Shown<'a>,
    /// What it demands.
    pub auth: ClientAuth<'a>,
    /// Names that clients must bear.
    pub allowed: &'a AllowedNames,
    /// etcd's peer port: where the client comes from.
    pub client_address: Option<IpAddr>,
}

/// Why one side does not want to go on.
#[derive(Clone, Debug)]
pub enum Complaint {
    /// `Certificate.Verify` of Go.
    Verify(VerifyError),
    /// The client showed no certificate and one is required.
    NoCertificate,
    /// A further certificate of the chain does not parse.
    Unparsable(String),
    /// An RSA key too wide for Go's TLS.
    TooLarge(usize),
    /// A side cannot sign with its own key.
    CannotSign(String),
    /// etcd's lists of allowed names.
    NotAllowed,
    /// etcd's peer address check.
    PeerAddress {
        /// Where the client comes from.
        address: IpAddr,
        /// Whether a DNS name in the certificate might resolve to it.
        dns_could_rescue: bool,
        /// etcd's words.
        text: String,
    },
    /// A request-header client whose common name is not in the list.
    NotInList {
        /// Its common name.
        common_name: String,
        /// The list.
        names: Vec<String>,
    },
}

/// One refusal: who, where, why, and what each side prints.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Who refuses.
    pub by: Side,
    /// Where it surfaces.
    pub stage: Stage,
    /// Why.
    pub complaint: Complaint,
    /// What the client prints.
    pub client_error: String,
    /// What the server prints.
    pub server_error: String,
}

/// Every refusal of a handshake, in the order in which they would come to light as each is mended.
/// The first is what happens; none means that nothing known stands against the link.
pub fn judge(verifier: &Verifier<'_>, client: &Client<'_>, server: &Server<'_>) -> Vec<Refusal> {
    let go = verifier.go;
    let mut refusals = Vec::new();
    if let Shown::Chain(pair) = server.shown {
        refusals.extend(signing_fault(pair, go).map(|fault| fault.refusal(Side::Server)));
        let complaints = client_complaints(verifier, client, pair);
        refusals.extend(complaints.into_iter().map(|complaint| refused_by_client(complaint, go)));
    }
    let pair = match client.shown {
        Shown::Unknown => return refusals,
        Shown::Nothing => None,
        Shown::Chain(pair) => Some(pair),
    };
    if !matches!(server.auth, ClientAuth::None) {
        refusals.extend(pair.and_then(|pair| signing_fault(pair, go)).map(|fault| fault.refusal(Side::Client)));
    }
    match server.auth {
        ClientAuth::None => {}
        ClientAuth::Require(trust) => {
            let complaints = server_complaints(verifier, pair, trust, server);
            refusals.extend(complaints.into_iter().map(|complaint| refused_by_server(complaint, go)));
        }
        ClientAuth::Request { trust, names } => refusals.extend(request_refusals(verifier, pair, trust, names)),
    }
    refusals
}

/// What a client says of the chain that a server really showed, leaf first: every refusal, in order.
pub fn judge_received(
    verifier: &Verifier<'_>,
    client: &Client<'_>,
    chain: &[Result<Arc<Certificate>, String>],
) -> Vec<Refusal> {
    let complaints = match Presented::received(chain.to_vec()) {
        Some(shown) => client_complaints(verifier, client, &shown),
        None => wire_complaints(chain, verifier.go),
    };
    complaints.into_iter().map(|complaint| refused_by_client(complaint, verifier.go)).collect()
}

/// What a server that only requests certificates says at HTTP level.
fn request_refusals(
    verifier: &Verifier<'_>,
    pair: Option<&Presented>,
    trust: Trust<'_>,
    names: &[String],
) -> Vec<Refusal> {
    let Some(pair) = pair else { return Vec::new() };
    let go = verifier.go;
    let mut refusals: Vec<Refusal> =
        wire_complaints(&pair.chain, go).into_iter().map(|complaint| refused_by_server(complaint, go)).collect();
    let http = |complaint: Complaint, server_error: String| Refusal {
        by: Side::Server,
        stage: Stage::Http,
        complaint,
        client_error: "Unauthorized".to_owned(),
        server_error,
    };
    refusals.extend(examine_shown(verifier, pair, trust, None, Purpose::Client).into_iter().map(|error| {
        let text = error.to_string();
        http(Complaint::Verify(error), text)
    }));
    let common_name = pair.leaf().subject.common_name();
    if !names.is_empty() && !names.iter().any(|name| name == common_name) {
        let text = format!("x509: subject with cn={common_name} is not in the allowed list: [{}]", names.join(" "));
        refusals.push(http(Complaint::NotInList { common_name: common_name.to_owned(), names: names.to_vec() }, text));
    }
    refusals
}

fn examine_shown(
    verifier: &Verifier<'_>,
    pair: &Presented,
    trust: Trust<'_>,
    name: Option<&str>,
    purpose: Purpose,
) -> Vec<VerifyError> {
    let roots = match trust {
        Trust::Skip => return Vec::new(),
        Trust::Pool(pool) => Some(pool),
        Trust::Unknown => None,
    };
    let intermediates = Pool::of(pair.chain.iter().skip(1).flatten());
    verifier.examine(pair.leaf(), &intermediates, roots, name, purpose).complaints
}

/// A chain of which a part does not parse is not held against the trust: the missing part would be told twice.
fn readable<'t>(trust: Trust<'t>, complaints: &[Complaint]) -> Trust<'t> {
    match trust {
        Trust::Pool(_) if !complaints.is_empty() => Trust::Unknown,
        trust => trust,
    }
}

fn client_complaints(verifier: &Verifier<'_>, client: &Client<'_>, shown: &Presented) -> Vec<Complaint> {
    let go = verifier.go;
    let mut complaints = wire_complaints(&shown.chain, go);
    let found = examine_shown(verifier, shown, readable(client.trust, &complaints), client.name, Purpose::Server);
    complaints.extend(found.into_iter().map(Complaint::Verify));
    // etcd looks only at verified chains, and a client that does not verify has none
    let admitted = !matches!(client.trust, Trust::Skip) && client.allowed.admits(shown.leaf(), go);
    if !client.allowed.is_empty() && !admitted && complaints.is_empty() {
        complaints.push(Complaint::NotAllowed);
    }
    complaints
}

/// What a server that requires certificates says of what the client shows.
fn server_complaints(
    verifier: &Verifier<'_>,
    pair: Option<&Presented>,
    trust: Trust<'_>,
    server: &Server<'_>,
) -> Vec<Complaint> {
    let go = verifier.go;
    let Some(pair) = pair else { return vec![Complaint::NoCertificate] };
    let mut complaints = wire_complaints(&pair.chain, go);
    let found = examine_shown(verifier, pair, readable(trust, &complaints), None, Purpose::Client);
    complaints.extend(found.into_iter().map(Complaint::Verify));
    if !server.allowed.is_empty() && !server.allowed.admits(pair.leaf(), go) {
        complaints.push(Complaint::NotAllowed);
    }
    complaints.extend(server.client_address.and_then(|address| peer_address_complaint(pair.leaf(), address, go)));
    complaints
}

/// What Go's TLS says of a chain before it verifies it.
fn wire_complaints(chain: &[Result<Arc<Certificate>, String>], go: GoVersion) -> Vec<Complaint> {
    for certificate in chain {
        match certificate {
            Err(text) => return vec![Complaint::Unparsable(text.clone())],
            Ok(certificate) => {
                let bits = certificate.key.as_ref().and_then(PublicKey::rsa_bits).unwrap_or_default();
                if bits > 8192 && go.refuses_large_rsa() {
                    return vec![Complaint::TooLarge(bits)];
                }
            }
        }
    }
    Vec::new()
}

/// etcd's `checkCertSAN` with a resolver that knows nothing.
fn peer_address_complaint(leaf: &Certificate, address: IpAddr, go: GoVersion) -> Option<Complaint> {
    let names = &leaf.names;
    if names.ip.is_empty() && names.dns.is_empty() || names.ip.iter().any(|bytes| ip_address(bytes) == Some(address)) {
        return None;
    }
    let shown = address.to_string();
    let text = if names.dns.is_empty() {
        hostname::verify(leaf, &shown, go).err()?.text
    } else {
        let quoted: Vec<String> = names.dns.iter().map(|name| quote(name)).collect();
        format!("tls: {} does not match any of DNSNames [{}]", quote(&shown), quoted.join(" "))
    };
    Some(Complaint::PeerAddress { address, dns_could_rescue: !names.dns.is_empty(), text })
}

struct SigningFault {
    text: String,
    alert: &'static str,
}

impl SigningFault {
    fn refusal(self, by: Side) -> Refusal {
        let remote = format!("remote error: tls: {}", self.alert);
        let (client_error, server_error) = match by {
            Side::Server => (remote, self.text.clone()),
            Side::Client => (self.text.clone(), remote),
        };
        Refusal { by, stage: Stage::Tls, complaint: Complaint::CannotSign(self.text), client_error, server_error }
    }
}

/// Whether Go can sign a TLS 1.3 handshake with this key (`selectSignatureScheme`, `rsa.SignPSS`).
fn signing_fault(pair: &Presented, go: GoVersion) -> Option<SigningFault> {
    let key = pair.leaf().key.as_ref()?;
    if let PublicKey::Ec { curve: Curve::P224, .. } = key {
        return Some(SigningFault {
            text: "tls: unsupported certificate curve (P-224)".into(),
            alert: "handshake failure",
        });
    }
    let bits = key.rsa_bits()?;
    // PSS with SHA-256 needs two digests and two bytes
    if bits.div_ceil(8) < 66 {
        let text = "tls: certificate RSA key size too small for supported signature algorithms".to_owned();
        return Some(SigningFault { text, alert: "handshake failure" });
    }
    let text = small_rsa(key).filter(|_| go.refuses_small_rsa())?;
    Some(SigningFault { text: format!("tls: failed to sign handshake: {text}"), alert: "internal error" })
}

fn refused_by_client(complaint: Complaint, go: GoVersion) -> Refusal {
    let (client_error, alert) = match &complaint {
        Complaint::Verify(error) => (format!("{}{error}", go.client_prefix()), "bad certificate"),
        Complaint::Unparsable(text) => {
            (format!("tls: failed to parse certificate from server: {text}"), decode_alert(go))
        }
        Complaint::TooLarge(_) => {
            ("tls: server sent certificate containing RSA key larger than 8192 bits".into(), "bad certificate")
        }
        other => (words(other), "bad certificate"),
    };
    let server_error = format!("remote error: tls: {alert}");
    Refusal { by: Side::Client, stage: Stage::Tls, complaint, client_error, server_error }
}

fn refused_by_server(complaint: Complaint, go: GoVersion) -> Refusal {
    let bad = "bad certificate";
    let (server_error, alert) = match &complaint {
        Complaint::Verify(error) => (format!("{}{error}", go.server_prefix()), verify_alert(error, go)),
        Complaint::Unparsable(text) => (format!("tls: failed to parse client certificate: {text}"), decode_alert(go)),
        Complaint::TooLarge(_) => ("tls: client sent certificate containing RSA key larger than 8192 bits".into(), bad),
        Complaint::NoCertificate if go.telling_alerts() => (words(&complaint), "certificate required"),
        other => (words(other), bad),
    };
    // the address check comes after TLS and just closes the connection
    let client_error = match complaint {
        Complaint::PeerAddress { .. } => "EOF".to_owned(),
        _ => format!("remote error: tls: {alert}"),
    };
    Refusal { by: Side::Server, stage: Stage::Tls, complaint, client_error, server_error }
}

fn words(complaint: &Complaint) -> String {
    match complaint {
        Complaint::NoCertificate => "tls: client didn't provide a certificate".into(),
        Complaint::NotAllowed => "client certificate authentication failed".into(),
        Complaint::PeerAddress { text, .. } | Complaint::CannotSign(text) | Complaint::Unparsable(text) => text.clone(),
        Complaint::Verify(error) => error.to_string(),
        Complaint::TooLarge(bits) => format!("RSA key of {bits} bits"),
        Complaint::NotInList { common_name, .. } => format!("cn={common_name}"),
    }
}

fn decode_alert(go: GoVersion) -> &'static str {
    if go.decode_error_alert() { "error decoding message" } else { "bad certificate" }
}

fn verify_alert(error: &VerifyError, go: GoVersion) -> &'static str {
    match error {
        _ if !go.telling_alerts() => "bad certificate",
        VerifyError::UnknownAuthority { .. } => "unknown certificate authority",
        VerifyError::Dates { .. } => "expired certificate",
        _ => "bad certificate",
    }
}
