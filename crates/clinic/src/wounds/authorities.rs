//! What the files of trusted certificates hold.

use super::{Wound, any_authority, any_leaf, any_node, authority_file, twin, wound};
use crate::certificate::Spoil;
use crate::cluster::{Authority, Cluster, DAY, Issuer, Place};
use crate::config::pki;
use crate::der;
use crate::file::{CertificateId, File, Part};
use crate::key::{Container, Key, Kind};
use crate::rng::Rng;

pub(super) const WOUNDS: &[Wound] = &[
    wound("authority-regenerated", "op-ca-regenerated", |cluster, rng| {
        replace(cluster, rng, |_, new| vec![Part::Certificate(new)])
    }),
    wound("authority-bundle-old-and-new", "chain-ca-bundle-first", |cluster, rng| {
        replace(cluster, rng, |old, new| vec![Part::Certificate(old), Part::Certificate(new)])
    }),
    wound("authority-bundle-new-and-old", "chain-ca-bundle-first", |cluster, rng| {
        replace(cluster, rng, |old, new| vec![Part::Certificate(new), Part::Certificate(old)])
    }),
    wound("authority-twice", "chain-ca-bundle-first", |cluster, rng| {
        replace(cluster, rng, |old, _| vec![Part::Certificate(old), Part::Certificate(old)])
    }),
    wound("authority-regenerated-in-one-place", "kc-ca-data-mismatch", |cluster, rng| {
        let node = any_node(cluster, rng);
        let chosen = any_authority(rng);
        let new = twin(cluster, node, chosen, rng);
        let places = cluster.trust_places(node, chosen);
        let place = rng.pick(&places).clone();
        super::put(cluster, node, &place, File::certificate(new))
    }),
    wound("authority-of-another-kind-of-key", "op-ca-regenerated", |cluster, rng| {
        let node = any_node(cluster, rng);
        let chosen = any_authority(rng);
        let new = twin(cluster, node, chosen, rng);
        let kind = match cluster.issued(new).key.kind() {
            Kind::Rsa(_) => Kind::P256,
            _ => Kind::Rsa(2048),
        };
        let key = cluster.new_key(kind, rng);
        cluster.issued(new).key = key;
        everywhere(cluster, node, chosen, &[Part::Certificate(new)])
    }),
    wound("authority-renewed-with-same-key", "usage-odd-but-accepted", |cluster, rng| {
        let node = any_node(cluster, rng);
        let chosen = any_authority(rng);
        let original = cluster.authority(node, chosen).clone();
        let mut certificate = original.certificate.valid(cluster.at - DAY, cluster.at + 3000 * DAY);
        certificate.serial = vec![0x44];
        let id = cluster.issue(certificate, original.key, Issuer::Itself);
        everywhere(cluster, node, chosen, &[Part::Certificate(id)])
    }),
    wound("authority-expired-beside-renewed", "time-ca-expired", |cluster, rng| {
        let node = any_node(cluster, rng);
        let chosen = any_authority(rng);
        let original = cluster.authority(node, chosen).clone();
        let fresh = original.certificate.clone().valid(cluster.at - DAY, cluster.at + 3000 * DAY);
        let stale = original.certificate.valid(cluster.at - 400 * DAY, cluster.at - DAY);
        let fresh = cluster.issue(fresh, original.key.clone(), Issuer::Itself);
        let stale = cluster.issue(stale, original.key, Issuer::Itself);
        let order = if rng.chance(50) { [fresh, stale] } else { [stale, fresh] };
        everywhere(cluster, node, chosen, &order.map(Part::Certificate))
    }),
    wound("authorities-expired-and-regenerated", "time-ca-expired", |cluster, rng| {
        let node = any_node(cluster, rng);
        let chosen = any_authority(rng);
        let original = cluster.authority(node, chosen).clone();
        let stale = original.certificate.clone().valid(cluster.at - 400 * DAY, cluster.at - DAY);
        let stale = cluster.issue(stale, original.key, Issuer::Itself);
        let other = twin(cluster, node, chosen, rng);
        let order = if rng.chance(50) { [other, stale] } else { [stale, other] };
        everywhere(cluster, node, chosen, &order.map(Part::Certificate))
    }),
    wound("three-authorities-of-one-name", "chain-same-name-other-key", |cluster, rng| {
        let node = any_node(cluster, rng);
        let chosen = any_authority(rng);
        let ids: Vec<_> = (0..3).map(|_| twin(cluster, node, chosen, rng)).collect();
        let parts: Vec<_> = ids.into_iter().map(Part::Certificate).collect();
        everywhere(cluster, node, chosen, &parts)
    }),
    wound("authority-behind-three-of-one-name", "usage-odd-but-accepted", |cluster, rng| {
        let node = any_node(cluster, rng);
        let chosen = any_authority(rng);
        let mut ids: Vec<_> = (0..3).map(|_| twin(cluster, node, chosen, rng)).collect();
        ids.push(cluster.nodes[node].authorities[&chosen]);
        let parts: Vec<_> = ids.into_iter().map(Part::Certificate).collect();
        everywhere(cluster, node, chosen, &parts)
    }),
    wound("twins-that-are-no-authorities", "chain-ca-not-a-ca", |cluster, rng| {
        let node = any_node(cluster, rng);
        let chosen = any_authority(rng);
        let first = twin(cluster, node, chosen, rng);
        let second = twin(cluster, node, chosen, rng);
        cluster.issued(first).certificate.extensions.clear();
        everywhere(cluster, node, chosen, &[first, second].map(Part::Certificate))
    }),
    wound("authority-behind-a-hundred-of-one-name", "chain-same-name-other-key", |cluster, rng| {
        let node = any_node(cluster, rng);
        let chosen = any_authority(rng);
        let original = cluster.authority(node, chosen).clone();
        let strangers = (0..105).map(|_| {
            let mut certificate = original.certificate.clone();
            certificate.subject_key_id = crate::certificate::KeyId::Absent;
            let key = Key::generate(Kind::P256, rng);
            cluster.issue(certificate, key, Issuer::Itself)
        });
        let mut ids: Vec<_> = strangers.collect();
        cluster.authority(node, chosen).certificate.subject_key_id = crate::certificate::KeyId::Absent;
        ids.push(cluster.nodes[node].authorities[&chosen]);
        let parts: Vec<_> = ids.into_iter().map(Part::Certificate).collect();
        everywhere(cluster, node, chosen, &parts)
    }),
    wound("authority-file-is-leaf", "chain-ca-file-is-leaf", |cluster, rng| {
        let Some((node, role)) = any_leaf(cluster, rng) else {
            return false;
        };
        let id = cluster.nodes[node].leaves[&role];
        everywhere(cluster, node, role.authority(), &[Part::Certificate(id)])
    }),
    wound("authority-file-is-other-authority", "cfg-wrong-path", |cluster, rng| {
        let node = any_node(cluster, rng);
        let (chosen, other) = (any_authority(rng), any_authority(rng));
        let id = cluster.nodes[node].authorities[&other];
        chosen != other && everywhere(cluster, node, chosen, &[Part::Certificate(id)])
    }),
    wound("authority-file-with-other-authorities", "chain-shared-ca", |cluster, rng| {
        let node = any_node(cluster, rng);
        let ids: Vec<CertificateId> = cluster.nodes[node].authorities.values().copied().collect();
        let parts: Vec<_> = ids.into_iter().map(Part::Certificate).collect();
        let chosen = any_authority(rng);
        everywhere(cluster, node, chosen, &parts)
    }),
    wound("authority-file-with-its-key", "enc-ca-file-with-key", |cluster, rng| {
        let node = any_node(cluster, rng);
        let chosen = any_authority(rng);
        let key = cluster.authority(node, chosen).key.clone();
        add(cluster, node, chosen, &Part::Key(key, Container::Native), rng)
    }),
    wound("authority-file-with-request", "enc-wrong-pem-label", |cluster, rng| {
        add_block(cluster, rng, "CERTIFICATE REQUEST")
    }),
    wound("authority-file-with-crl", "enc-crl", |cluster, rng| add_block(cluster, rng, "X509 CRL")),
    wound("authority-file-with-parameters", "enc-ca-file-with-key", |cluster, rng| {
        add_block(cluster, rng, "DH PARAMETERS")
    }),
    wound("authority-file-with-junk-block", "enc-corrupt-der", |cluster, rng| add_block(cluster, rng, "CERTIFICATE")),
    wound("authority-file-with-empty-block", "enc-corrupt-der", |cluster, rng| {
        let (node, chosen) = (any_node(cluster, rng), any_authority(rng));
        add(cluster, node, chosen, &Part::Block("CERTIFICATE", Vec::new()), rng)
    }),
    wound("authority-file-with-damaged-second", "enc-corrupt-der", |cluster, rng| {
        let (node, chosen) = (any_node(cluster, rng), any_authority(rng));
        let second = twin(cluster, node, chosen, rng);
        cluster.issued(second).certificate.spoils.push(Spoil::Truncated);
        add(cluster, node, chosen, &Part::Certificate(second), rng)
    }),
    wound("authority-file-with-negative-serial", "alg-negative-serial", |cluster, rng| {
        let (node, chosen) = (any_node(cluster, rng), any_authority(rng));
        let second = twin(cluster, node, chosen, rng);
        cluster.issued(second).certificate.serial = vec![0x80, 1];
        add(cluster, node, chosen, &Part::Certificate(second), rng)
    }),
    wound("authority-file-with-strange-key", "alg-strict-parse", |cluster, rng| {
        let (node, chosen) = (any_node(cluster, rng), any_authority(rng));
        let second = twin(cluster, node, chosen, rng);
        let kind = *rng.pick(&[Kind::Dsa, Kind::X25519, Kind::Secp256k1, Kind::Unknown]);
        cluster.issued(second).key = Key::generate(kind, rng);
        add(cluster, node, chosen, &Part::Certificate(second), rng)
    }),
    wound("authority-labelled-trusted", "enc-wrong-pem-label", |cluster, rng| {
        relabel(cluster, rng, "TRUSTED CERTIFICATE")
    }),
    wound("authority-labelled-x509", "enc-wrong-pem-label", |cluster, rng| relabel(cluster, rng, "X509 CERTIFICATE")),
    wound("authority-file-is-key", "enc-ca-file-with-key", |cluster, rng| {
        authority_file(cluster, rng, |file, rng| {
            *file = File::key(&Key::generate(Kind::P256, rng));
        })
    }),
    wound("authority-file-is-text", "enc-ca-empty-pool", |cluster, rng| {
        authority_file(cluster, rng, |file, _| {
            *file = File::new(vec![Part::Text("no certificates here\n".into())]);
        })
    }),
    wound("authority-key-mismatch", "pair-ca-crt-key-mismatch", |cluster, rng| {
        let (node, chosen) = (any_node(cluster, rng), any_authority(rng));
        let kind = cluster.authority(node, chosen).key.kind();
        let key = cluster.new_key(kind, rng);
        let place = Place::File(pki(&format!("{}.key", chosen.stem())));
        super::put(cluster, node, &place, File::key(&key))
    }),
    wound("authority-key-absent", "file-ca-key-absent", |cluster, rng| {
        let (node, chosen) = (any_node(cluster, rng), any_authority(rng));
        let path = pki(&format!("{}.key", chosen.stem()));
        cluster.nodes[node].files.remove(&path).is_some()
    }),
];

/// Writes `parts` wherever the authority is trusted.
fn everywhere(cluster: &mut Cluster, node: usize, chosen: Authority, parts: &[Part]) -> bool {
    for place in cluster.trust_places(node, chosen) {
        super::put(cluster, node, &place, File::new(parts.to_vec()));
    }
    true
}

/// Replaces an authority wherever it is trusted; gets the old one and a twin of it.
fn replace(cluster: &mut Cluster, rng: &mut Rng, parts: fn(CertificateId, CertificateId) -> Vec<Part>) -> bool {
    let (node, chosen) = (any_node(cluster, rng), any_authority(rng));
    let old = cluster.nodes[node].authorities[&chosen];
    let new = twin(cluster, node, chosen, rng);
    everywhere(cluster, node, chosen, &parts(old, new))
}

/// Adds a part before or after the authority in its file and, half the time, in the kubeconfigs.
fn add(cluster: &mut Cluster, node: usize, chosen: Authority, part: &Part, rng: &mut Rng) -> bool {
    let first = rng.chance(40);
    let mut places = cluster.trust_places(node, chosen);
    if rng.chance(50) {
        places.truncate(1);
    }
    for place in places {
        if let Some(file) = cluster.file(node, &place) {
            let position = if first { 0 } else { file.parts.len() };
            file.parts.insert(position, part.clone());
        }
    }
    true
}

fn add_block(cluster: &mut Cluster, rng: &mut Rng, label: &'static str) -> bool {
    let (node, chosen) = (any_node(cluster, rng), any_authority(rng));
    let content = der::sequence(&[der::integer(&[1]), der::octet_string(&rng.bytes(40))]);
    add(cluster, node, chosen, &Part::Block(label, content), rng)
}

fn relabel(cluster: &mut Cluster, rng: &mut Rng, label: &'static str) -> bool {
    authority_file(cluster, rng, |file, _| {
        for part in &mut file.parts {
            if let Part::Certificate(id) = part {
                *part = Part::CertificateAs(label, *id);
            }
        }
    })
}
