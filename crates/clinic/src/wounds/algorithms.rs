//! Signatures, keys and serial numbers.

use super::{Wound, any_leaf_of, authority, either, leaf, rekey, wound};
use crate::algorithm::{Algorithm, Digest};
use crate::certificate::KeyId;
use crate::cluster::{Cluster, Place, Role};
use crate::config::pki;
use crate::der;
use crate::file::File;
use crate::key::{Key, Kind};
use crate::rng::Rng;

pub(super) const WOUNDS: &[Wound] = &[
    wound("leaf-signed-with-sha1", "alg-sha1", |cluster, rng| leaf_digest(cluster, rng, Digest::Sha1)),
    wound("leaf-signed-with-md5", "alg-sha1", |cluster, rng| {
        sign_leaf(cluster, rng, |kind| matches!(kind, Kind::Rsa(_)), Algorithm::Rsa(Digest::Md5))
    }),
    wound("leaf-signed-with-sha224", "alg-sha1", |cluster, rng| leaf_digest(cluster, rng, Digest::Sha224)),
    wound("leaf-signed-with-sha256", "usage-odd-but-accepted", |cluster, rng| {
        leaf_digest(cluster, rng, Digest::Sha256)
    }),
    wound("leaf-signed-with-sha384", "usage-odd-but-accepted", |cluster, rng| {
        leaf_digest(cluster, rng, Digest::Sha384)
    }),
    wound("leaf-signed-with-sha512", "usage-odd-but-accepted", |cluster, rng| {
        leaf_digest(cluster, rng, Digest::Sha512)
    }),
    wound("leaf-signed-with-pss-sha256", "usage-odd-but-accepted", |cluster, rng| pss(cluster, rng, Digest::Sha256)),
    wound("leaf-signed-with-pss-sha384", "usage-odd-but-accepted", |cluster, rng| pss(cluster, rng, Digest::Sha384)),
    wound("leaf-signed-with-pss-sha512", "usage-odd-but-accepted", |cluster, rng| pss(cluster, rng, Digest::Sha512)),
    wound("leaf-signed-with-pss-sha1", "alg-sha1", |cluster, rng| pss(cluster, rng, Digest::Sha1)),
    wound("authority-signed-with-sha1", "usage-odd-but-accepted", |cluster, rng| {
        authority(cluster, rng, |it, _, _| {
            it.certificate.algorithm = Some(match it.key.kind() {
                Kind::Rsa(_) => Algorithm::Rsa(Digest::Sha1),
                _ => Algorithm::Ecdsa(Digest::Sha1),
            });
        })
    }),
    wound("leaf-signed-with-an-unknown-algorithm", "alg-strict-parse", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.algorithm = Some(Algorithm::Labelled(vec![1, 3, 6, 1, 4, 1, 99_999, 8]));
        })
    }),
    wound("signature-of-the-wrong-kind", "chain-same-name-other-key", |cluster, rng| {
        leaf(cluster, rng, |it, _, rng| {
            it.certificate.algorithm = Some(
                rng.pick(&[
                    Algorithm::Ed25519,
                    Algorithm::Labelled(vec![1, 2, 840, 10045, 4, 3, 2]),
                    Algorithm::Labelled(vec![1, 2, 840, 10040, 4, 3]),
                    Algorithm::Labelled(vec![1, 2, 840, 113_549, 1, 1, 10]),
                ])
                .clone(),
            );
        })
    }),
    wound("algorithms-inside-and-outside-differ", "alg-strict-parse", |cluster, rng| {
        either(cluster, rng, |it, _, _| {
            it.certificate.inner_algorithm = Some(Algorithm::Ecdsa(Digest::Sha512));
        })
    }),
    wound("algorithm-without-null", "alg-strict-parse", |cluster, rng| {
        sign_leaf(cluster, rng, |kind| matches!(kind, Kind::Rsa(_)), Algorithm::RsaWithoutNull(Digest::Sha256))
    }),
    wound("rsa-key-without-null", "alg-strict-parse", |cluster, rng| {
        either(cluster, rng, |it, _, _| {
            let algorithm = der::sequence(&[der::oid(&[1, 2, 840, 113_549, 1, 1, 1])]);
            let info = der::sequence(&[algorithm, der::bit_string(&it.key.public_bits())]);
            it.certificate.public_info = Some(info);
        })
    }),
    wound("rsa-key-with-pss-algorithm", "alg-strict-parse", |cluster, rng| {
        either(cluster, rng, |it, _, _| {
            let algorithm = der::sequence(&[der::oid(&[1, 2, 840, 113_549, 1, 1, 10])]);
            let info = der::sequence(&[algorithm, der::bit_string(&it.key.public_bits())]);
            it.certificate.public_info = Some(info);
        })
    }),
    wound("rsa-modulus-negative", "alg-strict-parse", |cluster, rng| {
        public_rsa(cluster, rng, |_| der::sequence(&[der::integer(&[0x80; 128]), der::integer(&[1, 0, 1])]))
    }),
    wound("rsa-modulus-zero", "alg-strict-parse", |cluster, rng| {
        public_rsa(cluster, rng, |_| der::sequence(&[der::integer(&[0]), der::integer(&[1, 0, 1])]))
    }),
    wound("rsa-exponent-zero", "alg-strict-parse", |cluster, rng| {
        public_rsa(cluster, rng, |n| der::sequence(&[der::unsigned(n), der::integer(&[0])]))
    }),
    wound("rsa-exponent-large", "alg-strict-parse", |cluster, rng| {
        public_rsa(cluster, rng, |n| der::sequence(&[der::unsigned(n), der::integer(&[1, 0, 0, 0, 0, 1])]))
    }),
    wound("rsa-exponent-huge", "alg-strict-parse", |cluster, rng| {
        public_rsa(cluster, rng, |n| der::sequence(&[der::unsigned(n), der::integer(&[1; 12])]))
    }),
    wound("rsa-modulus-even", "alg-strict-parse", |cluster, rng| {
        public_rsa(cluster, rng, |n| {
            let even = [&n[..n.len() - 1], &[0x10]].concat();
            der::sequence(&[der::unsigned(&even), der::integer(&[1, 0, 1])])
        })
    }),
    wound("rsa-key-with-trailing-bytes", "alg-strict-parse", |cluster, rng| {
        public_rsa(cluster, rng, |n| {
            let key = der::sequence(&[der::unsigned(n), der::integer(&[1, 0, 1])]);
            [&key[..], &[5, 0]].concat()
        })
    }),
    wound("elliptic-point-off-the-curve", "alg-strict-parse", |cluster, rng| {
        point(cluster, rng, |point| point[10] ^= 0x40)
    }),
    wound("elliptic-point-compressed", "alg-strict-parse", |cluster, rng| {
        point(cluster, rng, |point| {
            point[0] = 2;
            point.truncate(33);
        })
    }),
    wound("elliptic-point-short", "alg-strict-parse", |cluster, rng| point(cluster, rng, |point| point.truncate(40))),
    wound("elliptic-curve-spelled-out", "alg-strict-parse", |cluster, rng| {
        either(cluster, rng, |it, _, _| {
            let explicit = der::sequence(&[der::integer(&[1]), der::sequence(&[])]);
            let algorithm = der::sequence(&[der::oid(&[1, 2, 840, 10045, 2, 1]), explicit]);
            let info = der::sequence(&[algorithm, der::bit_string(&it.key.public_bits())]);
            it.certificate.public_info = Some(info);
        })
    }),
    wound("leaf-rsa-512", "alg-rsa-small", |cluster, rng| rekey(cluster, rng, &Role::FILES, Kind::Rsa(512))),
    wound("leaf-rsa-768", "alg-rsa-small", |cluster, rng| rekey(cluster, rng, &Role::FILES, Kind::Rsa(768))),
    wound("leaf-rsa-1024", "alg-rsa-small", |cluster, rng| rekey(cluster, rng, &Role::FILES, Kind::Rsa(1024))),
    wound("leaf-rsa-1536", "usage-odd-but-accepted", |cluster, rng| rekey(cluster, rng, &Role::FILES, Kind::Rsa(1536))),
    wound("leaf-rsa-4096", "usage-odd-but-accepted", |cluster, rng| rekey(cluster, rng, &Role::FILES, Kind::Rsa(4096))),
    wound("leaf-rsa-8192", "alg-rsa-large", |cluster, rng| rekey(cluster, rng, &Role::FILES, Kind::Rsa(8192))),
    wound("leaf-rsa-8200", "alg-rsa-large", |cluster, rng| rekey(cluster, rng, &Role::FILES, Kind::Rsa(8200))),
    wound("leaf-p224", "alg-strict-parse", |cluster, rng| rekey(cluster, rng, &Role::FILES, Kind::P224)),
    wound("leaf-p521", "usage-odd-but-accepted", |cluster, rng| rekey(cluster, rng, &Role::FILES, Kind::P521)),
    wound("leaf-ed25519", "alg-kubeadm-key-type", |cluster, rng| rekey(cluster, rng, &Role::FILES, Kind::Ed25519)),
    wound("conf-rsa-512", "alg-rsa-small", |cluster, rng| rekey(cluster, rng, &Role::CONFS, Kind::Rsa(512))),
    wound("conf-rsa-768", "alg-rsa-small", |cluster, rng| rekey(cluster, rng, &Role::CONFS, Kind::Rsa(768))),
    wound("conf-rsa-8200", "alg-rsa-large", |cluster, rng| rekey(cluster, rng, &Role::CONFS, Kind::Rsa(8200))),
    wound("conf-p224", "alg-strict-parse", |cluster, rng| rekey(cluster, rng, &Role::CONFS, Kind::P224)),
    wound("conf-ed25519", "alg-kubeadm-key-type", |cluster, rng| rekey(cluster, rng, &Role::CONFS, Kind::Ed25519)),
    wound("leaf-with-a-dsa-key", "alg-strict-parse", |cluster, rng| foreign_leaf(cluster, rng, Kind::Dsa)),
    wound("leaf-with-an-x25519-key", "alg-strict-parse", |cluster, rng| foreign_leaf(cluster, rng, Kind::X25519)),
    wound("leaf-with-a-secp256k1-key", "alg-strict-parse", |cluster, rng| foreign_leaf(cluster, rng, Kind::Secp256k1)),
    wound("leaf-with-an-unknown-key", "alg-strict-parse", |cluster, rng| foreign_leaf(cluster, rng, Kind::Unknown)),
    wound("authority-rsa-512", "alg-rsa-small", |cluster, rng| authority_key(cluster, rng, Kind::Rsa(512))),
    wound("authority-rsa-768", "alg-rsa-small", |cluster, rng| authority_key(cluster, rng, Kind::Rsa(768))),
    wound("authority-rsa-1024", "alg-rsa-small", |cluster, rng| authority_key(cluster, rng, Kind::Rsa(1024))),
    wound("authority-rsa-8200", "alg-rsa-large", |cluster, rng| authority_key(cluster, rng, Kind::Rsa(8200))),
    wound("authority-p224", "usage-odd-but-accepted", |cluster, rng| authority_key(cluster, rng, Kind::P224)),
    wound("authority-p521", "usage-odd-but-accepted", |cluster, rng| authority_key(cluster, rng, Kind::P521)),
    wound("authority-ed25519", "alg-kubeadm-key-type", |cluster, rng| authority_key(cluster, rng, Kind::Ed25519)),
    wound("serial-negative-on-leaf", "alg-negative-serial", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.serial = vec![0x80, 0x01];
        })
    }),
    wound("serial-negative-on-authority", "alg-negative-serial", |cluster, rng| {
        authority(cluster, rng, |it, _, _| it.certificate.serial = vec![0xff])
    }),
    wound("serial-zero", "alg-serial-zero-or-duplicate", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| it.certificate.serial = vec![0])
    }),
    wound("serial-long", "usage-odd-but-accepted", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.serial = vec![0x11; 30];
        })
    }),
    wound("serial-duplicate", "alg-serial-zero-or-duplicate", |cluster, _| {
        let ids: Vec<_> = cluster.nodes[0].leaves.values().copied().collect();
        for id in ids {
            cluster.issued(id).certificate.serial = vec![1];
        }
        true
    }),
];

fn leaf_digest(cluster: &mut Cluster, rng: &mut Rng, digest: Digest) -> bool {
    let Some((node, role)) = super::any_leaf(cluster, rng) else {
        return false;
    };
    let algorithm = match cluster.authority(node, role.authority()).key.kind() {
        Kind::Rsa(_) => Algorithm::Rsa(digest),
        _ => Algorithm::Ecdsa(digest),
    };
    cluster.leaf(node, role).map(|leaf| leaf.certificate.algorithm = Some(algorithm)).is_some()
}

fn sign_leaf(cluster: &mut Cluster, rng: &mut Rng, fits: fn(Kind) -> bool, algorithm: Algorithm) -> bool {
    let Some((node, role)) = super::any_leaf(cluster, rng) else {
        return false;
    };
    let kind = cluster.authority(node, role.authority()).key.kind();
    fits(kind) && cluster.leaf(node, role).map(|leaf| leaf.certificate.algorithm = Some(algorithm)).is_some()
}

fn pss(cluster: &mut Cluster, rng: &mut Rng, digest: Digest) -> bool {
    sign_leaf(cluster, rng, |kind| matches!(kind, Kind::Rsa(_)), Algorithm::RsaPss(digest))
}

/// Replaces the RSA public key of a certificate; gets a modulus.
fn public_rsa(cluster: &mut Cluster, rng: &mut Rng, key: fn(&[u8]) -> Vec<u8>) -> bool {
    either(cluster, rng, |it, _, rng| {
        let mut modulus = rng.bytes(256);
        modulus[0] |= 0x80;
        modulus[255] |= 1;
        let algorithm = der::sequence(&[der::oid(&[1, 2, 840, 113_549, 1, 1, 1]), der::null()]);
        it.certificate.public_info = Some(der::sequence(&[algorithm, der::bit_string(&key(&modulus))]));
    })
}

/// Replaces the public key of a certificate by a P-256 point that was edited.
fn point(cluster: &mut Cluster, rng: &mut Rng, edit: fn(&mut Vec<u8>)) -> bool {
    either(cluster, rng, |it, _, rng| {
        let mut bits = Key::generate(Kind::P256, rng).public_bits();
        edit(&mut bits);
        let curve = der::oid(&[1, 2, 840, 10045, 3, 1, 7]);
        let algorithm = der::sequence(&[der::oid(&[1, 2, 840, 10045, 2, 1]), curve]);
        it.certificate.public_info = Some(der::sequence(&[algorithm, der::bit_string(&bits)]));
    })
}

fn foreign_leaf(cluster: &mut Cluster, rng: &mut Rng, kind: Kind) -> bool {
    if rng.chance(50) {
        return rekey(cluster, rng, &Role::FILES, kind);
    }
    let Some((node, role)) = any_leaf_of(cluster, rng, &Role::FILES) else {
        return false;
    };
    let key = Key::generate(kind, rng);
    cluster.leaf(node, role).map(|leaf| leaf.certificate.public_info = Some(key.public_info())).is_some()
}

/// Gives an authority another key; what it signed is signed anew.
fn authority_key(cluster: &mut Cluster, rng: &mut Rng, kind: Kind) -> bool {
    let node = super::any_node(cluster, rng);
    let chosen = super::any_authority(rng);
    let key = cluster.new_key(kind, rng);
    let id = cluster.nodes[node].authorities[&chosen];
    cluster.issued(id).key = key.clone();
    cluster.issued(id).certificate.subject_key_id = KeyId::Proper;
    for node in 0..cluster.nodes.len() {
        let place = Place::File(pki(&format!("{}.key", chosen.stem())));
        super::put(cluster, node, &place, File::key(&key));
    }
    true
}
