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
use super::load::{KeyPair, Pool};
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

/// The dialling side.
pub struct Client<'a> {
    /// What it shows; `None` when it has no certificate.
    pub pair: Option<&'a KeyPair>,
    /// What it trusts; `None` when it does not verify (etcd's gateway).
    pub roots: Option<&'a Pool>,
    /// The name it verifies.
    pub name: Option<&'a str>,
    /// etcd checks its own lists as client too.
    pub allowed: &'a AllowedNames,
}

/// What the listening side demands of clients.
pub enum ClientAuth<'a> {
    /// Nothing.
    None,
    /// `tls.RequireAndVerifyClientCert` against this pool.
    Require(&'a Pool),
    /// `tls.RequestClientCert`, then verification at HTTP level; a request-header client must also bear
    /// one of the names, if any are given.
    Request {
        /// The client CA's pool.
        pool: &'a Pool,
        /// `--requestheader-allowed-names`; `None` or empty admits any.
        names: &'a [String],
    },
}

/// The listening side.
pub struct Server<'a> {
    /// What it shows.
    pub pair: &'a KeyPair,
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
/// The first is what happens; none means that the link works.
pub fn judge(verifier: &Verifier<'_>, client: &Client<'_>, server: &Server<'_>) -> Vec<Refusal> {
    let go = verifier.go;
    let mut refusals = Vec::new();
    let own_key = signing_fault(server.pair, go).map(|fault| fault.refusal(Side::Server));
    let by_client = client_complaints(verifier, client, server.pair);
    refusals.extend(own_key);
    refusals.extend(by_client.into_iter().map(|complaint| refused_by_client(complaint, go)));
    if !matches!(server.auth, ClientAuth::None) {
        refusals.extend(client.pair.and_then(|pair| signing_fault(pair, go)).map(|fault| fault.refusal(Side::Client)));
    }
    match server.auth {
        ClientAuth::None => {}
        ClientAuth::Require(pool) => {
            let complaints = server_complaints(verifier, client.pair, Some(pool), server);
            refusals.extend(complaints.into_iter().map(|complaint| refused_by_server(complaint, go)));
        }
        ClientAuth::Request { pool, names } => refusals.extend(request_refusals(verifier, client.pair, Some(pool), names)),
    }
    refusals
}

/// What can be said of a client without knowing the server: its own key, dates and usage.
pub fn judge_client_alone(verifier: &Verifier<'_>, pair: &KeyPair) -> Vec<Refusal> {
    let examination = verifier.examine(pair.leaf(), &intermediates(&pair.chain), None, None, Purpose::Client);
    let own_key = signing_fault(pair, verifier.go).map(|fault| fault.refusal(Side::Client));
    let complaints = examination.complaints.into_iter().map(Complaint::Verify);
    own_key.into_iter().chain(complaints.map(|complaint| refused_by_server(complaint, verifier.go))).collect()
}

/// What a server that only requests certificates says at HTTP level; without a pool only what needs none.
pub fn request_refusals(verifier: &Verifier<'_>, pair: Option<&KeyPair>, pool: Option<&Pool>, names: &[String]) -> Vec<Refusal> {
    let Some(pair) = pair else { return Vec::new() };
    let go = verifier.go;
    let mut refusals: Vec<Refusal> =
        wire_complaints(&pair.chain, go).into_iter().map(|complaint| refused_by_server(complaint, go)).collect();
    let examination = verifier.examine(pair.leaf(), &intermediates(&pair.chain), pool, None, Purpose::Client);
    let http = |complaint: Complaint, server_error: String| Refusal {
        by: Side::Server,
        stage: Stage::Http,
        complaint,
        client_error: "Unauthorized".to_owned(),
        server_error,
    };
    refusals.extend(examination.complaints.into_iter().map(|error| {
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

fn client_complaints(verifier: &Verifier<'_>, client: &Client<'_>, shown: &KeyPair) -> Vec<Complaint> {
    let go = verifier.go;
    let mut complaints = wire_complaints(&shown.chain, go);
    let mut verified = false;
    if let Some(roots) = client.roots {
        let examination = verifier.examine(shown.leaf(), &intermediates(&shown.chain), Some(roots), client.name, Purpose::Server);
        verified = examination.complaints.is_empty();
        complaints.extend(examination.complaints.into_iter().map(Complaint::Verify));
    }
    // etcd looks only at verified chains, and a client that does not verify has none
    if !client.allowed.is_empty() && !(verified && client.allowed.admits(shown.leaf(), go)) && complaints.is_empty() {
        complaints.push(Complaint::NotAllowed);
    }
    complaints
}

/// What a server that requires certificates says of what the client shows.
fn server_complaints(verifier: &Verifier<'_>, pair: Option<&KeyPair>, pool: Option<&Pool>, server: &Server<'_>) -> Vec<Complaint> {
    let go = verifier.go;
    let Some(pair) = pair else { return vec![Complaint::NoCertificate] };
    let mut complaints = wire_complaints(&pair.chain, go);
    let examination = verifier.examine(pair.leaf(), &intermediates(&pair.chain), pool, None, Purpose::Client);
    complaints.extend(examination.complaints.into_iter().map(Complaint::Verify));
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

fn intermediates(chain: &[Result<Arc<Certificate>, String>]) -> Pool {
    Pool::of(chain.iter().skip(1).flatten())
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
fn signing_fault(pair: &KeyPair, go: GoVersion) -> Option<SigningFault> {
    let key = pair.leaf().key.as_ref()?;
    if let PublicKey::Ec { curve: Curve::P224, .. } = key {
        return Some(SigningFault { text: "tls: unsupported certificate curve (P-224)".into(), alert: "handshake failure" });
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
        Complaint::Unparsable(text) => (format!("tls: failed to parse certificate from server: {text}"), decode_alert(go)),
        Complaint::TooLarge(_) => ("tls: server sent certificate containing RSA key larger than 8192 bits".into(), "bad certificate"),
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
