//! Links: who proves what to whom, derived from a cluster and judged as Go would.
//!
//! A link knows the files it uses, what each side says, and *every* reason why it fails, not only the
//! first: the first is what stands in a log, the rest would come to light one by one as each is mended.

pub(crate) mod apiserver;
pub(crate) mod etcd;
pub mod reference;
pub(crate) mod revocation;
pub mod signing;
pub(crate) mod tokens;
pub(crate) mod under;

use std::net::IpAddr;
use std::sync::Arc;

use crate::cluster::Cluster;
use crate::cluster::url::Endpoint;
use crate::go::handshake::{self, AllowedNames, Client, ClientAuth, Refusal, Server, Shown, Side, Stage, Trust};
use crate::go::load::{KeyPair, PairFault, Pool, Presented};
use crate::go::parse;
use crate::go::verify::Verifier;

pub use etcd::to;
use reference::{FaultKind, LoadFault, Loaded, PairReference, Reference};

/// How much hangs on a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Weight {
    /// The control plane does not work without it.
    Vital,
    /// A peer link of a single member: unused until a second one joins.
    Latent,
    /// etcd's JSON gateway.
    Auxiliary,
}

/// What becomes of a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Go accepts it in both directions.
    Ok,
    /// Go refuses, or cannot load a file.
    Broken,
    /// Something needed cannot be known here.
    Unknown,
}

impl Verdict {
    /// As in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Broken => "broken",
            Self::Unknown => "unknown",
        }
    }
}

/// Who stands in the way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RefusedBy {
    /// The client refuses the server.
    Client,
    /// The server refuses the client.
    Server,
    /// A file does not load.
    Load,
}

impl RefusedBy {
    /// As in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Load => "load",
        }
    }
}

/// Where a refusal surfaces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum At {
    /// In the TLS handshake.
    Tls,
    /// As an HTTP status.
    Http,
    /// Before any connection.
    Load,
}

/// One link, judged.
pub struct Link {
    /// As in the documentation: `kube-apiserver->etcd`.
    pub id: String,
    /// The name that the client verifies.
    pub name: Option<String>,
    /// What the client dials, as far as the files tell.
    pub dials: Option<Endpoint>,
    /// What the client expects of the server beside its name.
    pub expects: Expects,
    /// What the server demands of clients beside a chain to what it trusts.
    pub demands: Demands,
    /// Whether only a running etcd's member list names the server, not a file.
    pub is_of_member_list: bool,
    /// What hangs on it.
    pub weight: Weight,
    /// The client's node.
    pub node: usize,
    /// The server's node, when it is one of those given.
    pub server_node: Option<usize>,
    /// What the client shows.
    pub client_pair: Option<PairReference>,
    /// What the client trusts.
    pub client_trust: Option<Reference>,
    /// What the server shows.
    pub server_pair: Option<PairReference>,
    /// What the server trusts.
    pub server_trust: Option<Reference>,
    /// What does not load: the side and why.
    pub faults: Vec<(Side, LoadFault)>,
    /// Refusals in the order in which they would come to light.
    pub refusals: Vec<Refusal>,
    /// A refusal that is no certificate's: schemes, tokens.
    pub other: Option<OtherRefusal>,
    /// What could not be known.
    pub unknown: Vec<String>,
    /// What was assumed or left out.
    pub facts: Vec<String>,
}

/// What a server demands of clients beside a chain to what it trusts.
#[derive(Clone, Default, Debug)]
pub struct Demands {
    /// etcd's lists of allowed names.
    pub allowed: AllowedNames,
    /// etcd's peer port: where the client comes from, which the server holds against its certificate.
    pub address: Option<IpAddr>,
    /// Common names that a server at HTTP level admits; empty for any.
    pub names: Vec<String>,
}

/// What a client expects of a server.
#[derive(Clone, Default)]
pub struct Expects {
    /// Whose certificates it takes.
    pub trust: Trusting,
    /// etcd's lists of allowed names, which it checks as a client too.
    pub allowed: AllowedNames,
}

impl Expects {
    /// What a client with these expectations, and the name that it dialled, says of a chain that was really shown to
    /// it (DER, leaf first).
    ///
    /// The same words as offline, so that the two can be held against each other.
    pub fn judge_served(&self, name: Option<&str>, verifier: &Verifier<'_>, chain: &[Vec<u8>]) -> Vec<Refusal> {
        let trust = match &self.trust {
            // kube-apiserver takes whatever a kubelet shows
            Trusting::NotAsked => Trust::Skip,
            other => trusting(other),
        };
        let client = Client { shown: Shown::Unknown, trust, name, allowed: &self.allowed };
        let chain: Vec<_> = chain.iter().map(|der| parse::certificate(der, verifier.go).map(Arc::new)).collect();
        handshake::judge_received(verifier, &client, &chain)
    }
}

/// A refusal outside Go's certificate verification.
#[derive(Clone, Debug)]
pub struct OtherRefusal {
    /// Who refuses.
    pub by: RefusedBy,
    /// Where.
    pub at: At,
    /// What the client prints.
    pub client_error: Option<String>,
    /// What the server prints.
    pub server_error: Option<String>,
    /// What it is.
    pub kind: OtherKind,
}

/// What an [`OtherRefusal`] is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OtherKind {
    /// The client speaks TLS, the server plain text.
    TlsToPlain,
    /// The client speaks plain text, the server TLS.
    PlainToTls,
    /// No verifier knows the signer of tokens.
    UnknownSigner,
    /// A kubeconfig that shows no credentials, or whose context leads nowhere.
    NoCredentials,
    /// CA data together with `insecure-skip-tls-verify`.
    InsecureWithCa,
    /// A kubeconfig that says a thing twice: data and path, or two entries of one name.
    SaidTwice,
    /// A kubeconfig without a server that Go can dial.
    NoServer,
    /// etcd's revocation list is not there.
    ListMissing,
    /// etcd cannot read its revocation list.
    ListUnusable,
    /// A certificate that the client shows is on etcd's revocation list.
    Revoked,
}

impl Link {
    fn new(id: impl Into<String>, node: usize) -> Self {
        Self {
            id: id.into(),
            name: None,
            dials: None,
            expects: Expects::default(),
            demands: Demands::default(),
            is_of_member_list: false,
            weight: Weight::Vital,
            node,
            server_node: Some(node),
            client_pair: None,
            client_trust: None,
            server_pair: None,
            server_trust: None,
            faults: Vec::new(),
            refusals: Vec::new(),
            other: None,
            unknown: Vec::new(),
            facts: Vec::new(),
        }
    }

    /// Broken beats unknown beats ok.
    pub fn verdict(&self) -> Verdict {
        if self.refused_by().is_some() {
            Verdict::Broken
        } else if self.unknown.is_empty() {
            Verdict::Ok
        } else {
            Verdict::Unknown
        }
    }

    /// What one side comes to: broken where it refuses or does not load, whatever the other one does.
    pub fn verdict_of(&self, side: Side) -> Verdict {
        let by = if side == Side::Client { RefusedBy::Client } else { RefusedBy::Server };
        let other = self
            .other
            .as_ref()
            .is_some_and(|other| other.by == by || other.by == RefusedBy::Load && self.load_side() == Some(side));
        let fails = self.faults.iter().any(|(of, _)| *of == side);
        if other || fails || self.refusals.iter().any(|refusal| refusal.by == side) {
            Verdict::Broken
        } else if self.unknown.is_empty() {
            Verdict::Ok
        } else {
            Verdict::Unknown
        }
    }

    /// Who stands in the way first.
    pub fn refused_by(&self) -> Option<RefusedBy> {
        if let Some(other) = &self.other {
            return Some(other.by);
        }
        if !self.faults.is_empty() {
            return Some(RefusedBy::Load);
        }
        self.refusals.first().map(|refusal| match refusal.by {
            Side::Client => RefusedBy::Client,
            Side::Server => RefusedBy::Server,
        })
    }

    /// Whose file does not load.
    pub fn load_side(&self) -> Option<Side> {
        if self.other.as_ref().is_some_and(|other| other.by != RefusedBy::Load) {
            return None;
        }
        if self.other.is_some() {
            return Some(Side::Client);
        }
        self.faults.first().map(|(side, _)| *side)
    }

    /// Where the first refusal surfaces.
    pub fn stage(&self) -> Option<At> {
        if let Some(other) = &self.other {
            return Some(other.at);
        }
        if !self.faults.is_empty() {
            return Some(At::Load);
        }
        self.refusals.first().map(|refusal| match refusal.stage {
            Stage::Tls => At::Tls,
            Stage::Http => At::Http,
        })
    }

    /// What the client prints.
    pub fn client_error(&self) -> Option<String> {
        if let Some(other) = &self.other {
            return other.client_error.clone();
        }
        match self.faults.first() {
            // a running server whose pair does not load answers alert 80
            Some((Side::Server, _)) => Some("remote error: tls: internal error".to_owned()),
            Some((Side::Client, fault)) => Some(fault.text.clone()),
            None => self.refusals.first().map(|refusal| refusal.client_error.clone()),
        }
    }

    /// What the server prints.
    pub fn server_error(&self) -> Option<String> {
        if let Some(other) = &self.other {
            return other.server_error.clone();
        }
        match self.faults.first() {
            Some((Side::Server, fault)) => Some(fault.text.clone()),
            // a client that cannot load its pair never dials
            Some((Side::Client, _)) => None,
            None => self.refusals.first().map(|refusal| refusal.server_error.clone()),
        }
    }

    /// Whether this is the pair, on either side, of the link.
    pub fn uses_pair(&self, pair: &PairReference) -> bool {
        self.client_pair.as_ref() == Some(pair) || self.server_pair.as_ref() == Some(pair)
    }

    /// The name that the client verifies when it dials this endpoint: the host, where no file told a name.
    pub fn wanted_name(&self, endpoint: &Endpoint) -> Option<String> {
        let dialled = || matches!(self.expects.trust, Trusting::Pool(_)).then(|| endpoint.host.clone());
        self.name.clone().or_else(dialled)
    }

    /// What this link's client says of a chain that was really shown to it at this endpoint (DER, leaf first).
    pub fn judge_served(&self, endpoint: &Endpoint, verifier: &Verifier<'_>, chain: &[Vec<u8>]) -> Vec<Refusal> {
        self.expects.judge_served(self.wanted_name(endpoint).as_deref(), verifier, chain)
    }

    /// Every file on it.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        let pairs = [&self.client_pair, &self.server_pair].into_iter().flatten();
        let halves = pairs.flat_map(|pair| [&pair.certificate, &pair.key]);
        halves.chain([&self.client_trust, &self.server_trust].into_iter().flatten())
    }
}

/// What the client brings to a link.
struct ClientSide {
    pair: Loaded<KeyPair>,
    trust: Trusting,
    name: Wanted,
    allowed: AllowedNames,
}

/// What a client trusts.
#[derive(Clone, Default)]
pub enum Trusting {
    /// A CA file; [`Loaded::Nothing`] means the system's roots.
    Pool(Loaded<Pool>),
    /// Whoever comes.
    Anybody,
    /// Not known here, and by design not part of the verdict.
    #[default]
    NotAsked,
}

/// The name that the client verifies.
enum Wanted {
    Name(String),
    /// None by design.
    NoName,
    /// There is one, but only a missing manifest could tell.
    Unknown,
}

/// What the server brings.
struct ServerSide {
    pair: Loaded<KeyPair>,
    /// The server's half is outside this tree by design: its being unknown is no gap.
    not_asked: bool,
    auth: Demand,
    allowed: AllowedNames,
    address: Option<IpAddr>,
}

/// What a server demands of clients.
enum Demand {
    Nothing,
    Certificate(Loaded<Pool>),
    /// Asked for in TLS, verified at HTTP level.
    AtHttp {
        pool: Loaded<Pool>,
        names: Vec<String>,
    },
}

/// Every link of the cluster, judged.
pub fn judge(cluster: &Cluster, verifier: &Verifier<'_>) -> Vec<Link> {
    let mut links = Vec::new();
    for node in 0..cluster.nodes.len() {
        links.extend(etcd::links(cluster, verifier, node));
        links.extend(apiserver::links(cluster, verifier, node));
        links.extend(tokens::link(cluster, node));
    }
    for link in &mut links {
        if let Some(refusal) = revocation::refusal(cluster, link) {
            link.other = Some(refusal);
        }
    }
    links
}

/// A client of etcd that can be told whom to dial.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Caller {
    /// `kube-apiserver->etcd`.
    Apiserver,
    /// `kubeadm->etcd`.
    Kubeadm,
    /// `etcd-peer->etcd-peer`.
    Peer,
}

impl Caller {
    /// The id of its links.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Apiserver => "kube-apiserver->etcd",
            Self::Kubeadm => "kubeadm->etcd",
            Self::Peer => "etcd-peer->etcd-peer",
        }
    }
}

/// The pool of the system's roots, which hold none of this PKI's CAs.
static NO_CAS: Pool = Pool { certificates: Vec::new() };

/// Puts both sides together: what does not load, what refuses, what is not known.
fn finish(mut link: Link, cluster: &Cluster, verifier: &Verifier<'_>, client: ClientSide, server: &ServerSide) -> Link {
    let mut unknown = Vec::new();
    let mut faults = Vec::new();
    let mut note = |side: Side, what: &str, fault: Option<&LoadFault>, is_unknown: bool| {
        faults.extend(fault.map(|fault| (side, fault.clone())));
        if is_unknown {
            let side = if side == Side::Client { "client" } else { "server" };
            unknown.push(format!("the {side}'s {what}"));
        }
    };
    note(Side::Server, "certificate", fault(&server.pair), is_unknown(&server.pair) && !server.not_asked);
    if let Demand::Certificate(pool) | Demand::AtHttp { pool, .. } = &server.auth {
        note(Side::Server, "trusted CA", fault(pool), is_unknown(pool));
    }
    note(Side::Client, "certificate", fault(&client.pair), is_unknown(&client.pair));
    if let Trusting::Pool(pool) = &client.trust {
        note(Side::Client, "trusted CA", fault(pool), is_unknown(pool));
    }
    if matches!(client.name, Wanted::Unknown) {
        unknown.push("the name that the client dials".to_owned());
    }
    let name = match &client.name {
        Wanted::Name(name) => Some(name.as_str()),
        Wanted::NoName | Wanted::Unknown => None,
    };
    // a certificate whose key is wrong has its other faults still: they are told, after the key
    let presented = |pair: &Loaded<KeyPair>| certificate_of_failed(cluster, pair);
    let (left, right) = (presented(&client.pair), presented(&server.pair));
    let judged_client = Client {
        shown: shown(&client.pair, left.as_ref()),
        trust: trusting(&client.trust),
        name,
        allowed: &client.allowed,
    };
    let auth = match &server.auth {
        Demand::Nothing => ClientAuth::None,
        Demand::Certificate(pool) => ClientAuth::Require(trust(pool)),
        Demand::AtHttp { pool, names } => ClientAuth::Request { trust: trust(pool), names },
    };
    let judged_server = Server {
        shown: shown(&server.pair, right.as_ref()),
        auth,
        allowed: &server.allowed,
        client_address: server.address,
    };
    link.refusals = handshake::judge(verifier, &judged_client, &judged_server);
    link.name = name.map(str::to_owned);
    link.expects = Expects { trust: client.trust, allowed: client.allowed };
    let names = if let Demand::AtHttp { names, .. } = &server.auth { names.clone() } else { Vec::new() };
    link.demands = Demands { allowed: server.allowed.clone(), address: server.address, names };
    link.faults.extend(faults);
    link.unknown.extend(unknown);
    link
}

fn fault<T>(loaded: &Loaded<T>) -> Option<&LoadFault> {
    match loaded {
        Loaded::Failed(fault) => Some(fault),
        _ => None,
    }
}

fn is_unknown<T>(loaded: &Loaded<T>) -> bool {
    matches!(loaded, Loaded::Unknown)
}

fn shown<'s>(pair: &'s Loaded<KeyPair>, failed: Option<&'s Presented>) -> Shown<'s> {
    match (pair, failed) {
        (Loaded::Ready(pair), _) => Shown::Chain(pair.presented()),
        (Loaded::Failed(_), Some(presented)) => Shown::Chain(presented),
        (Loaded::Nothing, _) => Shown::Nothing,
        (Loaded::Failed(_) | Loaded::Unknown, _) => Shown::Unknown,
    }
}

/// The certificate of a pair of which only the key is at fault.
fn certificate_of_failed(cluster: &Cluster, pair: &Loaded<KeyPair>) -> Option<Presented> {
    let Loaded::Failed(LoadFault { pair: Some(pair), kind: FaultKind::Pair(fault), .. }) = pair else { return None };
    let key_at_fault = matches!(fault, PairFault::TypeMismatch | PairFault::Mismatch | PairFault::Key(_));
    let material = pair.certificate.material(cluster).filter(|_| key_at_fault)?;
    // where the leaf stands further down, what stands first will never be shown
    let key = pair.key.material(cluster).and_then(|keys| keys.keys().next()?.as_ref().ok());
    let leaf_is_later = key.is_some() && material.parsed().skip(1).any(|certificate| certificate.key.as_ref() == key);
    if leaf_is_later { None } else { Presented::of(material) }
}

fn trust(pool: &Loaded<Pool>) -> Trust<'_> {
    match pool {
        Loaded::Ready(pool) => Trust::Pool(pool),
        Loaded::Nothing => Trust::Pool(&NO_CAS),
        Loaded::Failed(_) | Loaded::Unknown => Trust::Unknown,
    }
}

fn trusting(trusting: &Trusting) -> Trust<'_> {
    match trusting {
        Trusting::Pool(pool) => trust(pool),
        Trusting::Anybody => Trust::Skip,
        Trusting::NotAsked => Trust::Unknown,
    }
}
