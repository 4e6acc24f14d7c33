//! Pairs that sign, on no link: what they fail at is seen only when something new is to be signed.

use super::reference::{Origin, PairReference};
use crate::cluster::manifest::Component;
use crate::cluster::{Cluster, File, State};

/// The flags of kube-controller-manager that name what it signs with.
const SIGNING_FLAGS: [(&str, &str); 5] = [
    ("cluster-signing-cert-file", "cluster-signing-key-file"),
    ("cluster-signing-kubelet-serving-cert-file", "cluster-signing-kubelet-serving-key-file"),
    ("cluster-signing-kubelet-client-cert-file", "cluster-signing-kubelet-client-key-file"),
    ("cluster-signing-kube-apiserver-client-cert-file", "cluster-signing-kube-apiserver-client-key-file"),
    ("cluster-signing-legacy-unknown-cert-file", "cluster-signing-legacy-unknown-key-file"),
];

/// A pair that signs, on no link.
pub struct Signing {
    /// Certificate and key.
    pub pair: PairReference,
}

impl Signing {
    /// Whether a flag of kube-controller-manager names it.
    pub fn is_named(&self) -> bool {
        self.pair.certificate.origin != Origin::Layout
    }

    /// Whether this file is half of it.
    pub fn uses(&self, node: usize, path: &str) -> bool {
        [&self.pair.certificate, &self.pair.key].into_iter().any(|half| half.node == node && half.path() == Some(path))
    }
}

/// What kube-controller-manager signs with, and the CAs of kubeadm's layout whose keys are here.
pub fn pairs(cluster: &Cluster) -> Vec<Signing> {
    let mut all: Vec<Signing> = Vec::new();
    for (node, here) in cluster.nodes.iter().enumerate() {
        let manager = here.running(Component::KubeControllerManager);
        let named = manager.iter().flat_map(|running| {
            SIGNING_FLAGS.map(|(certificate, key)| PairReference::flags(node, running, certificate, key))
        });
        let named = named.filter(|pair| !pair.certificate.is_unset() && !pair.key.is_unset());
        let laid_out = ["ca", "etcd/ca", "front-proxy-ca"].map(|stem| PairReference::layout(cluster, node, stem));
        let is_there = |file: Option<&File>| file.is_some_and(|file| !matches!(file.state, State::Missing { .. }));
        let laid_out = laid_out
            .into_iter()
            .filter(|pair| is_there(pair.certificate.file(cluster)) && is_there(pair.key.file(cluster)));
        for pair in named.chain(laid_out) {
            let known = |signing: &Signing| {
                signing.pair.certificate.node == node
                    && signing.pair.key.path() == pair.key.path()
                    && signing.pair.certificate.path() == pair.certificate.path()
            };
            if !all.iter().any(known) {
                all.push(Signing { pair });
            }
        }
    }
    all
}
