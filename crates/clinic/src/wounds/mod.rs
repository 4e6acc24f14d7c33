//! Wounds: named deviations, each the change of one thing.
//!
//! Every wound carries the slug of the failure it stands for; many stand for something that looks wrong and works.
//! A wound answers `false` when the cluster has nothing it could be done to.

mod algorithms;
mod authorities;
mod chains;
mod configs;
mod encodings;
mod files;
mod kubeconfigs;
mod names;
mod nodes;
mod pairs;
mod pem_damage;
mod times;
mod usages;

use crate::certificate::{Certificate, KeyId};
use crate::cluster::{Authority, Cluster, Inflicted, Issued, Issuer, Place, Role};
use crate::file::{CertificateId, File};
use crate::key::Kind;
use crate::name::Name;
use crate::rng::Rng;
use std::sync::LazyLock;

/// One named deviation.
#[derive(Clone, Copy)]
pub struct Wound {
    /// its own name
    pub name: &'static str,
    /// the failure mode it stands for
    pub slug: &'static str,
    /// does it; `false` when there is nothing to do it to
    pub apply: fn(&mut Cluster, &mut Rng) -> bool,
}

impl std::fmt::Debug for Wound {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name)
    }
}

/// Builds the tables of this module's children.
const fn wound(name: &'static str, slug: &'static str, apply: fn(&mut Cluster, &mut Rng) -> bool) -> Wound {
    Wound { name, slug, apply }
}

static FAMILIES: [&[Wound]; 13] = [
    times::WOUNDS,
    names::WOUNDS,
    usages::WOUNDS,
    chains::WOUNDS,
    authorities::WOUNDS,
    algorithms::WOUNDS,
    encodings::WOUNDS,
    pairs::WOUNDS,
    files::WOUNDS,
    pem_damage::WOUNDS,
    kubeconfigs::WOUNDS,
    configs::WOUNDS,
    nodes::WOUNDS,
];

static ALL: LazyLock<Vec<Wound>> = LazyLock::new(|| FAMILIES.concat());

/// Every wound.
pub fn all() -> &'static [Wound] {
    &ALL
}

/// The wound of that name.
pub fn find(name: &str) -> Option<Wound> {
    all().iter().copied().find(|wound| wound.name == name)
}

/// A wound at random: first a family, then one of it, so that no large family drowns the others.
pub fn any(rng: &mut Rng) -> Wound {
    let family = *rng.pick(&FAMILIES);
    *rng.pick(family)
}

impl Cluster {
    /// Applies `wound` and remembers it; `false` when there was nothing to apply it to.
    pub fn inflict(&mut self, wound: Wound, rng: &mut Rng) -> bool {
        let done = (wound.apply)(self, rng);
        if done {
            self.wounds.push(Inflicted { name: wound.name, slug: wound.slug });
        }
        done
    }
}

fn any_node(cluster: &Cluster, rng: &mut Rng) -> usize {
    rng.below(cluster.nodes.len())
}

fn any_authority(rng: &mut Rng) -> Authority {
    *rng.pick(&Authority::ALL)
}

/// A leaf that exists, of one of `roles`.
fn any_leaf_of(cluster: &Cluster, rng: &mut Rng, roles: &[Role]) -> Option<(usize, Role)> {
    let node = any_node(cluster, rng);
    let there: Vec<Role> = roles
        .iter()
        .copied()
        .filter(|role| cluster.nodes[node].leaves.contains_key(role) && cluster.pair_places(node, *role).is_some())
        .collect();
    if there.is_empty() {
        return None;
    }
    Some((node, *rng.pick(&there)))
}

fn any_leaf(cluster: &Cluster, rng: &mut Rng) -> Option<(usize, Role)> {
    let roles = if rng.chance(75) { &Role::FILES[..] } else { &Role::CONFS[..] };
    any_leaf_of(cluster, rng, roles)
}

/// Edits one leaf.
fn leaf(cluster: &mut Cluster, rng: &mut Rng, edit: impl FnOnce(&mut Issued, i64, &mut Rng)) -> bool {
    let chosen = any_leaf(cluster, rng);
    edit_leaf(cluster, rng, chosen, edit)
}

/// Edits one leaf of `roles`.
fn leaf_of(
    cluster: &mut Cluster,
    rng: &mut Rng,
    roles: &[Role],
    edit: impl FnOnce(&mut Issued, i64, &mut Rng),
) -> bool {
    let chosen = any_leaf_of(cluster, rng, roles);
    edit_leaf(cluster, rng, chosen, edit)
}

fn edit_leaf(
    cluster: &mut Cluster,
    rng: &mut Rng,
    chosen: Option<(usize, Role)>,
    edit: impl FnOnce(&mut Issued, i64, &mut Rng),
) -> bool {
    let at = cluster.at;
    let Some(issued) = chosen.and_then(|(node, role)| cluster.leaf(node, role)) else {
        return false;
    };
    edit(issued, at, rng);
    true
}

/// Edits one authority that is trusted.
fn authority(cluster: &mut Cluster, rng: &mut Rng, edit: impl FnOnce(&mut Issued, i64, &mut Rng)) -> bool {
    let at = cluster.at;
    let node = any_node(cluster, rng);
    let chosen = any_authority(rng);
    edit(cluster.authority(node, chosen), at, rng);
    true
}

/// Edits a leaf or an authority.
fn either(cluster: &mut Cluster, rng: &mut Rng, edit: impl FnOnce(&mut Issued, i64, &mut Rng)) -> bool {
    if rng.chance(70) { leaf(cluster, rng, edit) } else { authority(cluster, rng, edit) }
}

/// Gives a leaf a new key and writes it to the leaf's key file.
fn rekey(cluster: &mut Cluster, rng: &mut Rng, roles: &[Role], kind: Kind) -> bool {
    let Some((node, role)) = any_leaf_of(cluster, rng, roles) else {
        return false;
    };
    let key = cluster.new_key(kind, rng);
    let Some((_, place)) = cluster.pair_places(node, role) else {
        return false;
    };
    if let Some(issued) = cluster.leaf(node, role) {
        issued.key = key.clone();
    }
    put(cluster, node, &place, File::key(&key))
}

/// Replaces what lies at a place.
fn put(cluster: &mut Cluster, node: usize, place: &Place, content: File) -> bool {
    cluster.file(node, place).map(|file| *file = content).is_some()
}

/// Edits the certificate file of one leaf.
fn certificate_file(cluster: &mut Cluster, rng: &mut Rng, edit: impl FnOnce(&mut File, &mut Rng)) -> bool {
    let place = any_leaf(cluster, rng).and_then(|(node, role)| Some((node, cluster.pair_places(node, role)?.0)));
    edit_file(cluster, rng, place, edit)
}

/// Edits the key file of one leaf.
fn key_file(cluster: &mut Cluster, rng: &mut Rng, edit: impl FnOnce(&mut File, &mut Rng)) -> bool {
    let place = any_leaf(cluster, rng).and_then(|(node, role)| Some((node, cluster.pair_places(node, role)?.1)));
    edit_file(cluster, rng, place, edit)
}

/// Edits one file of trusted certificates, or the CA of a kubeconfig.
fn authority_file(cluster: &mut Cluster, rng: &mut Rng, edit: impl FnOnce(&mut File, &mut Rng)) -> bool {
    let node = any_node(cluster, rng);
    let chosen = any_authority(rng);
    let places = cluster.trust_places(node, chosen);
    let place = if rng.chance(60) { places[0].clone() } else { rng.pick(&places).clone() };
    edit_file(cluster, rng, Some((node, place)), edit)
}

fn edit_file(
    cluster: &mut Cluster,
    rng: &mut Rng,
    place: Option<(usize, Place)>,
    edit: impl FnOnce(&mut File, &mut Rng),
) -> bool {
    let Some(file) = place.and_then(|(node, place)| cluster.file(node, &place)) else {
        return false;
    };
    edit(file, rng);
    true
}

/// A second authority with the name of `authority`, valid at the same time, with another key.
fn twin(cluster: &mut Cluster, node: usize, authority: Authority, rng: &mut Rng) -> CertificateId {
    let original = cluster.authority(node, authority).clone();
    let key = cluster.new_key(original.key.kind(), rng);
    cluster.issue(original.certificate, key, Issuer::Itself)
}

/// An authority below the root of `authority`, in no file yet.
fn intermediate(cluster: &mut Cluster, node: usize, authority: Authority, rng: &mut Rng) -> CertificateId {
    let root = cluster.nodes[node].authorities[&authority];
    let original = cluster.authority(node, authority).clone();
    let key = cluster.new_key(original.key.kind(), rng);
    let mut certificate =
        Certificate { serial: vec![0x21, 0x43], authority_key_id: KeyId::Proper, ..original.certificate };
    certificate.subject = Name::common(&format!("issuing-{}", rng.below(1000)));
    cluster.issue(certificate, key, Issuer::Other(root))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_kebab() {
        let names: BTreeSet<_> = all().iter().map(|wound| wound.name).collect();
        assert_eq!(names.len(), all().len());
        let kebab = |name: &str| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        assert!(all().iter().all(|wound| kebab(wound.name) && kebab(wound.slug)));
    }

    #[test]
    fn every_wound_finds_a_subject() {
        for wound in all() {
            let found = (0..60).any(|seed| {
                let mut cluster = Cluster::healthy(seed);
                cluster.inflict(*wound, &mut Rng::new(seed))
            });
            assert!(found, "{} never applies", wound.name);
        }
    }
}
