//! What differs between the nodes of one cluster.

use super::{Wound, wound};
use crate::certificate::Time;
use crate::cluster::{Authority, Cluster, Issuer, Place, Role};
use crate::config::pki;
use crate::file::{File, Part};
use crate::key::{Container, Kind};
use crate::rng::Rng;

pub(super) const WOUNDS: &[Wound] = &[
    wound("node-with-its-own-etcd-authority", "mn-etcd-ca-differs", |cluster, rng| {
        own_authority(cluster, rng, Authority::Etcd)
    }),
    wound("node-with-its-own-cluster-authority", "mn-cluster-ca-differs", |cluster, rng| {
        own_authority(cluster, rng, Authority::Cluster)
    }),
    wound("node-with-its-own-front-proxy-authority", "mn-frontproxy-differs", |cluster, rng| {
        own_authority(cluster, rng, Authority::FrontProxy)
    }),
    wound("node-with-its-own-token-key", "mn-sa-key-differs", |cluster, rng| {
        let Some(node) = other_node(cluster, rng) else {
            return false;
        };
        let key = cluster.new_key(Kind::Rsa(2048), rng);
        let public = Part::Key(key.clone(), Container::Public);
        let files = &mut cluster.nodes[node].files;
        files.insert(pki("sa.key"), File::key(&key));
        files.insert(pki("sa.pub"), File::new(vec![public]));
        true
    }),
    wound("node-with-copied-server-pair", "san-copied-from-other-node", |cluster, rng| {
        copy(cluster, rng, &[Role::EtcdServer])
    }),
    wound("node-with-copied-peer-pair", "san-copied-from-other-node", |cluster, rng| {
        copy(cluster, rng, &[Role::EtcdPeer])
    }),
    wound("node-with-all-leaves-copied", "san-copied-from-other-node", |cluster, rng| copy(cluster, rng, &Role::FILES)),
    wound("node-not-renewed", "mn-renewed-on-one-node", |cluster, rng| {
        let Some(node) = other_node(cluster, rng) else {
            return false;
        };
        let at = cluster.at;
        let ids: Vec<_> = cluster.nodes[node].leaves.values().copied().collect();
        for id in ids {
            cluster.issued(id).certificate.not_after = Time::At(at - 3600);
        }
        true
    }),
    wound("node-trusts-an-old-etcd-authority", "mn-etcd-ca-differs", |cluster, rng| {
        let Some(node) = other_node(cluster, rng) else {
            return false;
        };
        let old = super::twin(cluster, node, Authority::Etcd, rng);
        super::put(cluster, node, &Place::File(pki("etcd/ca.crt")), File::certificate(old))
    }),
    wound("node-without-shared-file", "mn-missing-shared-file", |cluster, rng| {
        let Some(node) = other_node(cluster, rng) else {
            return false;
        };
        let shared = *rng.pick(&["ca.crt", "sa.pub", "front-proxy-ca.crt", "etcd/ca.crt"]);
        cluster.nodes[node].files.remove(&pki(shared)).is_some()
    }),
];

/// A node beside the first, of a cluster that has one.
fn other_node(cluster: &Cluster, rng: &mut Rng) -> Option<usize> {
    (cluster.nodes.len() > 1).then(|| 1 + rng.below(cluster.nodes.len() - 1))
}

/// The node has an authority of its own, and leaves signed by it.
fn own_authority(cluster: &mut Cluster, rng: &mut Rng, authority: Authority) -> bool {
    let Some(node) = other_node(cluster, rng) else {
        return false;
    };
    let own = super::twin(cluster, node, authority, rng);
    let key = cluster.issued(own).key.clone();
    for place in cluster.trust_places(node, authority) {
        super::put(cluster, node, &place, File::certificate(own));
    }
    let key_place = Place::File(pki(&format!("{}.key", authority.stem())));
    super::put(cluster, node, &key_place, File::key(&key));
    cluster.nodes[node].authorities.insert(authority, own);
    let roles: Vec<Role> = cluster.nodes[node].leaves.keys().copied().collect();
    for role in roles.into_iter().filter(|role| role.authority() == authority) {
        if let Some(leaf) = cluster.leaf(node, role) {
            leaf.issuer = Issuer::Other(own);
        }
    }
    true
}

/// Copies leaves of the first node, as playbooks do.
fn copy(cluster: &mut Cluster, rng: &mut Rng, roles: &[Role]) -> bool {
    let Some(node) = other_node(cluster, rng) else {
        return false;
    };
    for role in roles {
        let (Some(from), Some(to)) = (cluster.pair_places(0, *role), cluster.pair_places(node, *role)) else {
            continue;
        };
        let pairs = [(from.0, to.0), (from.1, to.1)];
        for (from, to) in pairs {
            if let Some(file) = cluster.file(0, &from).cloned() {
                super::put(cluster, node, &to, file);
            }
        }
    }
    true
}
