//! What a live connection means: who refused whom, why, and in whose words.

use std::net::IpAddr;
use std::sync::Arc;

use crate::cluster::Cluster;
use crate::cluster::url::Endpoint;
use crate::go::GoVersion;
use crate::go::handshake::{Complaint, Refusal, Side};
use crate::go::load::Presented;
use crate::go::parse;
use crate::go::verify::{Rejection, SignatureCache, SignatureError, Verifier, VerifyError};
use crate::links::under::{self, Rules, is_of_etcd};
use crate::links::{Link, RefusedBy};
use crate::x509::certificate::{Certificate, hex_lower};
use crate::x509::signature::Family;

use super::log::{Lines, Told};
use super::observation::{End, Failure, Observation, Stage};
use super::program::{Answering, answering, same};
use super::words;
use super::{EtcdSeen, Evidence, NotDialled, Outcome, PortSeen};

/// Evidence, judged.
pub struct Live<'e> {
    /// What it was judged from.
    pub evidence: &'e Evidence,
    /// For every link, in their order: what came of it live.
    pub links: Vec<LiveLink<'e>>,
}

/// What came of one link.
pub enum LiveLink<'e> {
    /// It leads to no server.
    NoServer,
    /// It was not dialled.
    NotDialled(&'e Endpoint, NotDialled),
    /// It was.
    Seen(Box<SeenLink<'e>>),
}

impl<'e> LiveLink<'e> {
    /// What was seen, if it was dialled.
    pub fn seen(&self) -> Option<&SeenLink<'e>> {
        match self {
            Self::Seen(seen) => Some(seen),
            _ => None,
        }
    }
}

/// A link that was dialled.
pub struct SeenLink<'e> {
    /// Where it leads.
    pub endpoint: &'e Endpoint,
    /// What was seen.
    pub seen: &'e Observation,
    /// Whether etcd hung up only because this is not the machine of the member whose certificate was shown: that says
    /// nothing of the link.
    pub is_stand_in: bool,
    /// What that comes to.
    pub verdict: LiveVerdict,
    /// Who stands in the way.
    pub refused_by: Option<RefusedBy>,
    /// The Go that the server was built with, as far as that is known.
    pub go: GoVersion,
    /// What a server of that Go says of the client by the files.
    pub by_files: Vec<Refusal>,
    /// What the client says of the chain that was shown.
    pub refusals: Vec<Refusal>,
    /// Go's words on the client's side.
    pub error: Option<String>,
    /// The server's reason, in the words of the Go that it was built with.
    pub server_error: Option<String>,
    /// Why there is no reason that the files give, where a server refuses.
    pub no_reason: Option<NoReason>,
    /// What both sides log.
    pub log: Lines,
    /// What etcd says of itself at this endpoint.
    pub etcd: Option<&'e EtcdSeen>,
}

/// Whether a link works now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LiveVerdict {
    /// Each side took the other.
    Ok,
    /// A side refused, or the server could not load its pair.
    Broken,
    /// Nobody was there to say anything.
    Unreachable,
}

impl LiveVerdict {
    /// As in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Broken => "broken",
            Self::Unreachable => "unreachable",
        }
    }
}

/// Why the files do not explain a server's refusal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoReason {
    /// The process trusts no CA of the name that issued the client's certificate.
    CaNotInMemory,
    /// It trusts a CA of that name, but by all signs with another key.
    OtherKeyInMemory,
    /// It holds the dates against its own clock.
    Clock,
    /// It cannot load its pair, though the pair here is sound.
    OtherPair,
    /// Nothing tells.
    Unknown,
}

/// Judges everything that was seen.
///
/// `links` are those that the evidence was gathered for.
pub fn judge<'e>(cluster: &Cluster, links: &[Link], evidence: &'e Evidence) -> Live<'e> {
    let judged = links.iter().enumerate().map(|(index, link)| {
        let Some(walk) = evidence.walks.iter().find(|walk| walk.link == index) else { return LiveLink::NoServer };
        match &walk.outcome {
            Outcome::NotDialled(why) => LiveLink::NotDialled(&walk.endpoint, *why),
            Outcome::Observed(seen) => {
                LiveLink::Seen(Box::new(seen_link(cluster, link, &walk.endpoint, seen, evidence)))
            }
        }
    });
    Live { evidence, links: judged.collect() }
}

fn seen_link<'e>(
    cluster: &Cluster,
    link: &Link,
    endpoint: &'e Endpoint,
    seen: &'e Observation,
    evidence: &'e Evidence,
) -> SeenLink<'e> {
    let refusals = client_refusals(cluster, link, endpoint, seen);
    let (mut verdict, mut refused_by) = verdict(link, seen, &refusals);
    let is_plain = verdict == LiveVerdict::Unreachable && speaks_plainly(endpoint, seen, evidence);
    if is_plain {
        (verdict, refused_by) = (LiveVerdict::Broken, Some(RefusedBy::Client));
    }
    let answering = answering(cluster, link, endpoint, evidence);
    let shown = shown(cluster, link);
    let address = seen.local.map(|local| local.ip().to_canonical());
    let by_files = server_refusals(cluster, link, answering.go, address);
    let why = server_reason(cluster, link, seen, &answering, &by_files, shown.as_deref());
    // etcd would refuse any certificate of a member that comes from another machine than the member's
    let is_stand_in = matches!(why.complaint, Some(Complaint::PeerAddress { .. })) && seen.at_home == Some(false);
    if is_stand_in && refused_by == Some(RefusedBy::Server) {
        (verdict, refused_by) = (LiveVerdict::Ok, None);
    }
    let (error, server_error) = match (verdict, refused_by) {
        (LiveVerdict::Ok, _) => (None, None),
        // or a reset: which one is a matter of time
        _ if is_plain => (Some("EOF".to_owned()), None),
        (_, Some(RefusedBy::Client)) if !refusals.is_empty() => {
            (Some(refusals[0].client_error.clone()), Some(refusals[0].server_error.clone()))
        }
        (_, Some(RefusedBy::Server | RefusedBy::Load)) => (Some(client_words(link, endpoint, seen)), why.text),
        _ => (Some(client_words(link, endpoint, seen)), None),
    };
    let log = refused_by.map(|by| Told {
        link,
        seen,
        by,
        client: error.as_deref(),
        server: server_error.as_deref(),
        complaint: why.complaint.as_ref(),
        shown: shown.as_deref(),
        answering: &answering,
    });
    let log = log.map(|told| told.lines()).unwrap_or_default();
    let no_reason = why.none.filter(|_| matches!(refused_by, Some(RefusedBy::Server | RefusedBy::Load)));
    let etcd = evidence.etcds.iter().find(|etcd| same(&etcd.endpoint, endpoint) && verdict == LiveVerdict::Ok);
    SeenLink {
        endpoint,
        seen,
        go: answering.go,
        by_files,
        is_stand_in,
        verdict,
        refused_by,
        refusals,
        error,
        server_error,
        no_reason,
        log,
        etcd,
    }
}

/// What the link's client says of the chain that was shown.
fn client_refusals(cluster: &Cluster, link: &Link, endpoint: &Endpoint, seen: &Observation) -> Vec<Refusal> {
    if seen.chain.is_empty() {
        return Vec::new();
    }
    let signatures = SignatureCache::default();
    link.judge_served(endpoint, &Verifier { go: cluster.go, now: cluster.now, signatures: &signatures }, &seen.chain)
}

/// What a client and its server make of each other, as far as it was seen.
fn verdict(link: &Link, seen: &Observation, refusals: &[Refusal]) -> (LiveVerdict, Option<RefusedBy>) {
    let broken = |by| (LiveVerdict::Broken, Some(by));
    // the client looks first, whatever the server would have said later
    if !refusals.is_empty() || seen.key_proved == Some(false) {
        return broken(RefusedBy::Client);
    }
    match &seen.end {
        // who has shown nothing (a pod, whose token is not here) is rightly told to
        End::Served if seen.http_status == Some(401) && link.client_pair.is_some() => broken(RefusedBy::Server),
        End::Served => (LiveVerdict::Ok, None),
        // InternalError before any certificate: the server cannot load its pair now
        End::Alert { number: 80, .. } if seen.chain.is_empty() => broken(RefusedBy::Load),
        End::Alert { .. } => broken(RefusedBy::Server),
        // without a refusal this is only a key that was not proved
        End::NotTrusted => broken(RefusedBy::Client),
        End::Failed(failure) => match failure {
            Failure::PlainHttp | Failure::NotTls | Failure::Protocol(_) | Failure::TooMuch => broken(RefusedBy::Client),
            // a server that hangs up after it saw the certificate does not want this client; its alert may be lost
            Failure::Closed | Failure::Reset if seen.stage >= Stage::Read || !seen.chain.is_empty() => {
                broken(RefusedBy::Server)
            }
            _ => (LiveVerdict::Unreachable, None),
        },
    }
}

/// Whether the server that hung up on TLS answers at the same place without it.
fn speaks_plainly(endpoint: &Endpoint, seen: &Observation, evidence: &Evidence) -> bool {
    let hung_up = matches!(seen.end, End::Failed(Failure::Closed | Failure::Reset)) && seen.stage == Stage::Tls;
    let answers = |port: &PortSeen| {
        let plain = port.plain.as_ref().and_then(|plain| plain.status);
        same(&port.endpoint, endpoint) && plain.is_some()
    };
    hung_up && evidence.ports.iter().any(answers)
}

/// What the client prints where not its own verdict stopped it.
fn client_words(link: &Link, endpoint: &Endpoint, seen: &Observation) -> String {
    match &seen.end {
        End::Served | End::NotTrusted if seen.key_proved == Some(false) => {
            "tls: invalid signature by the server certificate".to_owned()
        }
        End::Served if is_of_etcd(link) => format!("HTTP status {}", seen.http_status.unwrap_or_default()),
        End::Served | End::NotTrusted => "Unauthorized".to_owned(),
        End::Alert { number, .. } => format!("remote error: tls: {}", words::alert(*number)),
        End::Failed(failure) => words::failure(failure, seen, &endpoint.host),
    }
}

/// Why a server refused.
#[derive(Default)]
struct Why {
    /// In its own words.
    text: Option<String>,
    /// As the files give it.
    complaint: Option<Complaint>,
    /// Why they do not.
    none: Option<NoReason>,
}

impl Why {
    fn told(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }

    fn unexplained(none: NoReason) -> Self {
        Self { none: Some(none), ..Self::default() }
    }
}

/// What the server logs: the reason that the files give, if it fits what was seen, else what the refusal itself tells.
fn server_reason(
    cluster: &Cluster,
    link: &Link,
    seen: &Observation,
    answering: &Answering,
    by_files: &[Refusal],
    shown: Option<&Certificate>,
) -> Why {
    if let Some(text) = protocol_words(seen) {
        return Why::told(text);
    }
    if let End::Alert { number: 80, .. } = seen.end
        && seen.chain.is_empty()
    {
        let fault = link.faults.iter().find(|(side, fault)| *side == Side::Server && fault.pair.is_some());
        return fault.map_or(Why::unexplained(NoReason::OtherPair), |(_, fault)| {
            Why::told(under::load_text(cluster, fault, answering.go))
        });
    }
    if seen.asks_for_certificate && !seen.showed_certificate && link.client_pair.is_some() {
        return Why::told("tls: client didn't provide a certificate");
    }
    if let Some(other) = &link.other
        && matches!(seen.end, End::Failed(_))
    {
        return Why { text: other.server_error.clone(), ..Why::default() };
    }
    match by_files.iter().find(|refusal| fits(refusal, seen)) {
        Some(refusal) => {
            Why { text: Some(refusal.server_error.clone()), complaint: Some(refusal.complaint.clone()), none: None }
        }
        None => unexplained(seen, answering, shown),
    }
}

/// What the files make the server say, in the words of its own Go.
fn server_refusals(cluster: &Cluster, link: &Link, go: GoVersion, address: Option<IpAddr>) -> Vec<Refusal> {
    let refusals = under::refusals(cluster, link, &Rules { go, address });
    let refusals = refusals.unwrap_or_else(|| link.refusals.clone());
    refusals.into_iter().filter(|refusal| refusal.by == Side::Server).collect()
}

/// Whether a refusal would have looked like what was seen.
fn fits(refusal: &Refusal, seen: &Observation) -> bool {
    match &seen.end {
        End::Served => refusal.client_error == "Unauthorized",
        End::Alert { number, .. } => refusal.client_error == format!("remote error: tls: {}", words::alert(*number)),
        // in TLS, an alert that was lost on the way; after it, what etcd checks itself
        End::Failed(Failure::Closed | Failure::Reset) if seen.stage == Stage::Tls => true,
        End::Failed(Failure::Reset) => true,
        End::Failed(Failure::Closed) => refusal.client_error == "EOF",
        _ => false,
    }
}

/// What Go's server logs when the two do not agree on a protocol at all (`crypto/tls`, `negotiateALPN` and
/// `readClientHello`).
pub(crate) fn protocol_words(seen: &Observation) -> Option<String> {
    let End::Alert { number: 70, .. } = seen.end else { return None };
    let offered: Vec<String> = seen.offered.iter().map(|version| format!("{version:x}")).collect();
    Some(format!("tls: client offered only unsupported versions: [{}]", offered.join(" ")))
}

/// What the refusal itself tells when the files give no reason for it.
fn unexplained(seen: &Observation, answering: &Answering, shown: Option<&Certificate>) -> Why {
    let tells = answering.go.telling_alerts();
    match (&seen.end, shown) {
        (End::Alert { number: 45, .. }, _) if tells => Why::unexplained(NoReason::Clock),
        (End::Alert { number: 48, .. }, Some(shown)) => authority(seen, answering, shown),
        // an old Go gives the same alert for everything: the CA is the one thing that a process does not read again
        (End::Alert { number: 42, .. }, Some(shown)) if !tells => authority(seen, answering, shown),
        (End::Served, Some(shown)) => authority(seen, answering, shown),
        _ => Why::unexplained(NoReason::Unknown),
    }
}

/// The CA in memory is not the one that signed: of another name, or of that name with another key.
fn authority(seen: &Observation, answering: &Answering, shown: &Certificate) -> Why {
    let known = seen.trusted_ca_names.contains(&shown.issuer.raw);
    let hint = known.then(|| {
        // of the CA in memory only the name is known, which is the issuer's
        let candidate = Arc::new(Certificate { subject: shown.issuer.clone(), ..shown.clone() });
        let family = shown.algorithm.family().unwrap_or(Family::Rsa);
        (candidate, Rejection::Signature(SignatureError::Wrong(family)))
    });
    let error = VerifyError::UnknownAuthority { certificate: Arc::new(shown.clone()), hint };
    let prefix = if seen.http_status.is_some() { "" } else { answering.go.server_prefix() };
    Why {
        text: Some(format!("{prefix}{error}")),
        complaint: None,
        none: Some(if known { NoReason::OtherKeyInMemory } else { NoReason::CaNotInMemory }),
    }
}

/// The certificate that the link's client shows, as it lies in the files.
fn shown(cluster: &Cluster, link: &Link) -> Option<Arc<Certificate>> {
    let material = link.client_pair.as_ref()?.certificate.material(cluster)?;
    Presented::of(material).map(|presented| Arc::clone(presented.leaf()))
}

/// The certificates of a chain that was shown, as far as they parse.
pub(crate) fn served(seen: &Observation, go: GoVersion) -> Vec<Arc<Certificate>> {
    seen.chain.iter().filter_map(|der| parse::certificate(der, go).ok()).map(Arc::new).collect()
}

/// What the running process says that it trusts.
pub(crate) fn ca_names(cluster: &Cluster, seen: &Observation) -> Vec<String> {
    let named = |der: &Vec<u8>| match parse::name(der, cluster.go) {
        Ok(name) => name.to_string(),
        Err(_) => format!("a name that does not parse ({})", hex_lower(der)),
    };
    seen.trusted_ca_names.iter().map(named).collect()
}
