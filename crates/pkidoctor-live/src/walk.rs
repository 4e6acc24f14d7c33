//! Every link of a cluster, walked: with its client's own identity, to where that client dials.

use std::net::IpAddr;
use std::panic::resume_unwind;
use std::sync::OnceLock;
use std::time::Duration;

use pkidoctor::cluster::kubeconfig::{Field, Source};
use pkidoctor::cluster::url::{Endpoint, is_loopback};
use pkidoctor::cluster::{Cluster, Node};
use pkidoctor::go::GoVersion;
use pkidoctor::go::handshake::Refusal;
use pkidoctor::go::verify::{SignatureCache, Verifier};
use pkidoctor::links::reference::{PairReference, Part, Place, Reference};
use pkidoctor::links::{Expects, Link, RefusedBy};
use pkidoctor::read::{self, Request};
use time::OffsetDateTime;
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use crate::identity::Identity;
use crate::observation::{End, Failure, Observation, Stage};
use crate::observe::{Dial, Manner, Speaks, Versions, observe};

/// How to walk.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// For each connection.
    pub timeout: Duration,
    /// What to offer.
    pub versions: Versions,
}

impl Default for Settings {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(5), versions: Versions::Auto }
    }
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
    Observed {
        /// What was seen.
        observation: Observation,
        /// What the link's client says of the chain that was shown, in Go's words.
        refusals: Vec<Refusal>,
        /// What that comes to.
        verdict: LiveVerdict,
    },
}

/// Why a link is not dialled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotDialled {
    /// The files are a copy: loopback is this machine, not the node.
    LoopbackOfACopy,
    /// The client's pair could not be read or shown, so the question would be another one.
    NoIdentity,
    /// The URL names no port, or speaks no TLS.
    NoTls,
}

/// Whether a link works now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LiveVerdict {
    /// Each side took the other.
    Ok,
    /// A side refused, or the server could not load its pair.
    Broken(RefusedBy),
    /// Nobody was there to say anything.
    Unreachable,
}

/// Dials every link that dials anything, all at the same time, and judges what was seen.
///
/// `cluster` was read with `request`, and `links` were judged from it. Each observation takes no longer than
/// [`Settings::timeout`].
pub async fn walk(request: &Request, cluster: &Cluster, links: &[Link], settings: Settings) -> Vec<Walk> {
    let mut calls = JoinSet::new();
    let mut walks = Vec::new();
    for (index, link) in links.iter().enumerate() {
        let Some(endpoint) = &link.dials else { continue };
        match prepare(request, cluster, link, endpoint, settings) {
            Ok((dial, identity, manner)) => {
                let judge = Judge::of(link, cluster);
                calls.spawn(async move {
                    // judged once, before anything is sent, as the link's own client would
                    let judged = OnceLock::new();
                    let trusted = |chain: &[Vec<u8>], proved| {
                        judged.get_or_init(|| judge.refusals(chain)).is_empty() && proved == Some(true)
                    };
                    let observation = observe(&dial, identity.as_ref(), &manner, trusted).await;
                    let refusals = judged.into_inner().unwrap_or_else(|| judge.refusals(&observation.chain));
                    (index, observation, refusals)
                });
            }
            Err(why) => {
                let outcome = Outcome::NotDialled(why);
                walks.push(Walk { link: index, endpoint: endpoint.clone(), outcome });
            }
        }
    }
    while let Some(joined) = calls.join_next().await {
        // nobody aborts a call: what fails here has panicked, which is a bug to be seen
        let (index, observation, refusals) = joined.unwrap_or_else(|error| resume_unwind(error.into_panic()));
        let Some(endpoint) = links.get(index).and_then(|link| link.dials.clone()) else { continue };
        let verdict = verdict(&observation, &refusals);
        walks.push(Walk { link: index, endpoint, outcome: Outcome::Observed { observation, refusals, verdict } });
    }
    walks.sort_by_key(|walk| walk.link);
    walks
}

/// A link's client, for another thread.
struct Judge {
    expects: Expects,
    name: Option<String>,
    go: GoVersion,
    now: OffsetDateTime,
}

impl Judge {
    fn of(link: &Link, cluster: &Cluster) -> Self {
        Self { expects: link.expects.clone(), name: link.name.clone(), go: cluster.go, now: cluster.now }
    }

    fn refusals(&self, chain: &[Vec<u8>]) -> Vec<Refusal> {
        let signatures = SignatureCache::default();
        let verifier = Verifier { go: self.go, now: self.now, signatures: &signatures };
        self.expects.judge_served(self.name.as_deref(), &verifier, chain)
    }
}

fn prepare(
    request: &Request,
    cluster: &Cluster,
    link: &Link,
    endpoint: &Endpoint,
    settings: Settings,
) -> Result<(Dial, Option<Identity>, Manner), NotDialled> {
    let node = cluster.nodes.get(link.node).ok_or(NotDialled::NoIdentity)?;
    let port = endpoint.port.filter(|_| endpoint.scheme != "http").ok_or(NotDialled::NoTls)?;
    if node.is_copy && is_loopback(&endpoint.host) {
        return Err(NotDialled::LoopbackOfACopy);
    }
    let identity = match &link.client_pair {
        Some(pair) => Some(identity(request, cluster, pair).ok_or(NotDialled::NoIdentity)?),
        None => None,
    };
    // the name that the client verifies is also what it asks for, unless that is an address
    let server_name = link.name.clone().filter(|name| name.parse::<IpAddr>().is_err());
    let dial = Dial { host: endpoint.host.clone(), port, server_name };
    // a peer port, which is no `->etcd`, agrees on h2 and then speaks HTTP/1.1 only
    let speaks = if link.id.ends_with("->etcd") {
        Speaks::Http2
    } else {
        let path = if link.id.ends_with("->kubelet") { "/healthz" } else { "/version" };
        Speaks::Http1 { path: path.to_owned() }
    };
    Ok((dial, identity, Manner { timeout: settings.timeout, versions: settings.versions, speaks }))
}

fn identity(request: &Request, cluster: &Cluster, pair: &PairReference) -> Option<Identity> {
    let certificate = bytes(request, cluster, &pair.certificate)?;
    let key = bytes(request, cluster, &pair.key)?;
    Identity::from_pem(&certificate, &key).ok()
}

/// What is behind a reference: a file, read again, or a field of a kubeconfig.
fn bytes(request: &Request, cluster: &Cluster, reference: &Reference) -> Option<Zeroizing<Vec<u8>>> {
    let node = cluster.nodes.get(reference.node)?;
    match &reference.place {
        Place::Path { path, .. } => read::again(request, cluster, reference.node, path),
        Place::Embedded { path, part } => embedded(node, path, *part),
        Place::Unmapped { .. } | Place::Unset => None,
    }
}

fn embedded(node: &Node, path: &str, part: Part) -> Option<Zeroizing<Vec<u8>>> {
    let file = node.kubeconfigs.iter().find(|file| file.path == path)?;
    let user = file.parsed.as_ref().ok()?.current().ok()?.user.ok()?;
    let field: &Field = match part {
        Part::Certificate => &user.client_certificate,
        Part::Key => &user.client_key,
        Part::Ca => return None,
    };
    match &field.source {
        Source::Data(bytes) => Some(bytes.clone()),
        _ => None,
    }
}

/// What a client and its server make of each other, as far as it was seen.
fn verdict(seen: &Observation, refusals: &[Refusal]) -> LiveVerdict {
    // the client looks first, whatever the server would have said later
    if !refusals.is_empty() || seen.key_proved == Some(false) {
        return LiveVerdict::Broken(RefusedBy::Client);
    }
    match &seen.end {
        End::Served if seen.http_status == Some(401) => LiveVerdict::Broken(RefusedBy::Server),
        End::Served => LiveVerdict::Ok,
        // InternalError before any certificate: the server cannot load its pair now
        End::Alert { number: 80, .. } if seen.chain.is_empty() => LiveVerdict::Broken(RefusedBy::Load),
        End::Alert { .. } => LiveVerdict::Broken(RefusedBy::Server),
        // without a refusal this is only a key that was not proved
        End::NotTrusted => LiveVerdict::Broken(RefusedBy::Client),
        End::Failed(failure) => match failure {
            Failure::PlainHttp | Failure::NotTls | Failure::Protocol(_) | Failure::TooMuch => {
                LiveVerdict::Broken(RefusedBy::Client)
            }
            // a server that hangs up after it saw the certificate does not want this client
            Failure::Closed | Failure::Reset if seen.stage >= Stage::Read => LiveVerdict::Broken(RefusedBy::Server),
            _ => LiveVerdict::Unreachable,
        },
    }
}
