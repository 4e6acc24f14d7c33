//! What of a prepared repair can be held against a running etcd: pairs that will be shown to it, and pairs that it
//! will serve.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::cluster::url::Endpoint;
use crate::go::load::Material;
use crate::go::verify::{SignatureCache, Verifier};
use crate::links::reference::PairReference;
use crate::links::{self, Link};
use crate::read;

use super::Prescription;
use super::bench::PATIENT;

/// What a file holds, wiped on drop.
type Bytes = Arc<Zeroizing<Vec<u8>>>;

/// A pair that a client will show. It has no `Debug`, because it holds a private key.
pub struct Shown {
    /// The link whose client shows it.
    pub link: String,
    /// Whom it calls.
    pub endpoint: Endpoint,
    /// The certificate with its chain, as PEM.
    pub certificate: Bytes,
    /// Its key, as PEM.
    pub key: Bytes,
}

/// A certificate that a server will serve.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Served {
    /// Where.
    pub endpoint: Endpoint,
    /// The leaf's DER.
    pub leaf: Vec<u8>,
}

impl Prescription {
    /// Every changed pair that a client shows to this node's etcd, by what it calls.
    pub fn shown(&self) -> Vec<Shown> {
        let mut all: Vec<Shown> = Vec::new();
        for link in self.etcd_links() {
            let (Some(pair), Some(endpoint)) = (&link.client_pair, &link.dials) else { continue };
            let Some((certificate, key)) = self.changed(pair) else { continue };
            let is_known = |known: &Shown| known.endpoint == *endpoint && known.certificate == certificate;
            if !all.iter().any(is_known) {
                all.push(Shown { link: link.id.clone(), endpoint: endpoint.clone(), certificate, key });
            }
        }
        all
    }

    /// Every changed pair that this node's etcd serves, by where.
    pub fn served(&self) -> Vec<Served> {
        let mut all: Vec<Served> = Vec::new();
        for link in self.etcd_links() {
            let (Some(pair), Some(endpoint)) = (&link.server_pair, &link.dials) else { continue };
            let Some((certificate, _)) = self.changed(pair) else { continue };
            let material = Material::read(&certificate, self.bench.cluster.go);
            let Some(leaf) = material.parsed().next() else { continue };
            let served = Served { endpoint: endpoint.clone(), leaf: leaf.raw.clone() };
            if !all.contains(&served) {
                all.push(served);
            }
        }
        all
    }

    /// Whether these files belong to another machine, so that nothing here can be asked. Below `--root` is this one,
    /// as for `probe`.
    pub fn is_elsewhere(&self) -> bool {
        self.bench.cluster.nodes[PATIENT].is_elsewhere()
    }

    /// The links that end at this node's own etcd.
    fn etcd_links(&self) -> Vec<Link> {
        let cluster = &self.bench.cluster;
        let signatures = SignatureCache::default();
        let verifier = Verifier { go: cluster.go, now: cluster.now, signatures: &signatures };
        let links = links::judge(cluster, &verifier).into_iter();
        let ends_here = |link: &Link| link.server_node == Some(PATIENT) && link.id.contains("->etcd");
        links.filter(ends_here).collect()
    }

    /// Certificate and key of a pair, where the repair changes one of them.
    fn changed(&self, pair: &PairReference) -> Option<(Bytes, Bytes)> {
        let (certificate, key) = (pair.certificate.path()?, pair.key.path()?);
        if pair.certificate.node != PATIENT || self.content(certificate).is_none() && self.content(key).is_none() {
            return None;
        }
        let bytes = |path: &str| {
            let read = || read::again(&self.bench.request, &self.bench.cluster, PATIENT, path).map(Arc::new);
            self.content(path).or_else(read)
        };
        Some((bytes(certificate)?, bytes(key)?))
    }
}
