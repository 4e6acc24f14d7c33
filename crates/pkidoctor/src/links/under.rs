//! A link once more, under other rules: another Go, or an address that was really seen.

use std::net::IpAddr;

use crate::cluster::Cluster;
use crate::go::GoVersion;
use crate::go::handshake::{self, Client, ClientAuth, Refusal, Server, Shown, Side, Trust};
use crate::go::load::{self, KeyPair, Loader, PairFault, Pool};
use crate::go::verify::{SignatureCache, Verifier};

use super::reference::{FaultKind, LoadFault, Loaded, PairReference};
use super::{Link, Trusting};

/// What is different.
pub(crate) struct Rules {
    /// The Go that both sides were built with.
    pub(crate) go: GoVersion,
    /// Where the client comes from, for servers that hold it against the certificate.
    pub(crate) address: Option<IpAddr>,
}

/// Every refusal of the handshake under these rules; `None` when a file of it does not load or is not known.
pub(crate) fn refusals(cluster: &Cluster, link: &Link, rules: &Rules) -> Option<Vec<Refusal>> {
    // what is remembered of signatures holds for one Go
    let signatures = SignatureCache::default();
    let verifier = Verifier { go: rules.go, now: cluster.now, signatures: &signatures };
    let pairs = [&link.client_pair, &link.server_pair].map(|reference| pair(cluster, reference.as_ref(), rules.go));
    let trusts = [Side::Client, Side::Server].map(|side| trust(cluster, link, side, rules.go));
    if pairs.iter().any(|pair| matches!(pair, Loaded::Unknown))
        || trusts.iter().any(|trust| matches!(trust, Loaded::Unknown))
    {
        return None;
    }
    let ([client_pair, server_pair], [client_trust, server_trust]) = (&pairs, &trusts);
    let trusted = match client_trust {
        Loaded::Ready(pool) if !matches!(link.expects.trust, Trusting::Anybody) => Trust::Pool(pool),
        _ => Trust::Skip,
    };
    let client = Client {
        shown: shown(client_pair),
        trust: trusted,
        name: link.name.as_deref(),
        allowed: &link.expects.allowed,
    };
    let auth = match (server_trust, client_pair) {
        (Loaded::Ready(pool), Loaded::Ready(_)) if is_of_etcd(link) => ClientAuth::Require(Trust::Pool(pool)),
        (Loaded::Ready(pool), Loaded::Ready(_)) => {
            ClientAuth::Request { trust: Trust::Pool(pool), names: &link.demands.names }
        }
        // an etcd outside of what was given
        (Loaded::Nothing, Loaded::Ready(_)) if is_of_etcd(link) && link.server_trust.is_none() => {
            ClientAuth::Require(Trust::Unknown)
        }
        _ => ClientAuth::None,
    };
    let server = Server {
        shown: shown(server_pair),
        auth,
        allowed: &link.demands.allowed,
        client_address: link.demands.address.and(rules.address),
    };
    Some(handshake::judge(&verifier, &client, &server))
}

/// What a program built with that Go prints when a pair does not load.
pub(crate) fn load_text(cluster: &Cluster, fault: &LoadFault, go: GoVersion) -> String {
    let known = fault.text.clone();
    match &fault.kind {
        // the reason behind the words came with 1.27
        FaultKind::Pair(PairFault::Key(_)) if !go.explains_private_key() => {
            let words = "tls: failed to parse private key";
            if known.starts_with(words) { words.to_owned() } else { known }
        }
        FaultKind::Pair(PairFault::Certificate(_)) => {
            let material = fault.pair.as_ref().and_then(|pair| pair.certificate.material(cluster));
            let first = material.and_then(|material| {
                let again = material.certificates_under(go);
                again.certificates().next().and_then(|(_, parsed)| parsed.as_ref().err().cloned())
            });
            first.unwrap_or(known)
        }
        _ => known,
    }
}

/// Whether etcd is the server: it requires certificates where others only request them.
pub(crate) fn is_of_etcd(link: &Link) -> bool {
    link.id.ends_with("->etcd") || link.id.starts_with("etcd-")
}

/// The pair as that Go loads it; unknown when it does not load.
fn pair(cluster: &Cluster, pair: Option<&PairReference>, go: GoVersion) -> Loaded<KeyPair> {
    let Some(pair) = pair.filter(|pair| !pair.is_unset()) else { return Loaded::Nothing };
    let halves = pair.certificate.material(cluster).zip(pair.key.material(cluster));
    let loaded = halves.and_then(|(certificate, key)| load::key_pair(&certificate.certificates_under(go), key).ok());
    loaded.map_or(Loaded::Unknown, Loaded::Ready)
}

/// What a side trusts as that Go loads it, likewise; no file is the system's roots, which hold none of these CAs.
fn trust(cluster: &Cluster, link: &Link, side: Side, go: GoVersion) -> Loaded<Pool> {
    let trust = if side == Side::Client { &link.client_trust } else { &link.server_trust };
    let Some(trust) = trust else { return Loaded::Nothing };
    if trust.is_unset() {
        return Loaded::Ready(Pool::default());
    }
    let loader = match (is_of_etcd(link), side) {
        (true, _) => Loader::Etcd,
        (false, Side::Server) => Loader::Apiserver,
        (false, Side::Client) => Loader::Kubeconfig,
    };
    let pool = trust.material(cluster).and_then(|material| load::pool(&material.certificates_under(go), loader).ok());
    pool.map_or(Loaded::Unknown, Loaded::Ready)
}

fn shown(pair: &Loaded<KeyPair>) -> Shown<'_> {
    if let Loaded::Ready(pair) = pair { Shown::Chain(pair.presented()) } else { Shown::Unknown }
}
