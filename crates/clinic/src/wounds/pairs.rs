//! Keys: the wrong one, the wrong kind, the wrong wrapping.

use super::{Wound, any_leaf, certificate_file, edit_file, key_file, wound};
use crate::cluster::{Cluster, Place, Role};
use crate::config::pki;
use crate::der;
use crate::file::{File, Part};
use crate::key::{Container, Key, Kind};
use crate::rng::Rng;

pub(super) const WOUNDS: &[Wound] = &[
    wound("key-of-another-pair", "pair-cert-key-mismatch", |cluster, rng| other_key(cluster, rng, |kind| kind)),
    wound("key-of-another-kind", "pair-type-mismatch", |cluster, rng| {
        other_key(cluster, rng, |kind| match kind {
            Kind::Rsa(_) => Kind::P256,
            _ => Kind::Rsa(2048),
        })
    }),
    wound("key-of-another-curve", "pair-cert-key-mismatch", |cluster, rng| {
        other_key(cluster, rng, |kind| match kind {
            Kind::P256 => Kind::P384,
            _ => Kind::P256,
        })
    }),
    wound("key-ed25519", "pair-type-mismatch", |cluster, rng| other_key(cluster, rng, |_| Kind::Ed25519)),
    wound("key-p224", "pair-type-mismatch", |cluster, rng| other_key(cluster, rng, |_| Kind::P224)),
    wound("key-p521", "pair-type-mismatch", |cluster, rng| other_key(cluster, rng, |_| Kind::P521)),
    wound("key-dsa", "enc-wrong-pem-label", |cluster, rng| other_key(cluster, rng, |_| Kind::Dsa)),
    wound("key-x25519", "enc-wrong-pem-label", |cluster, rng| other_key(cluster, rng, |_| Kind::X25519)),
    wound("key-secp256k1", "enc-wrong-pem-label", |cluster, rng| other_key(cluster, rng, |_| Kind::Secp256k1)),
    wound("key-unknown", "enc-wrong-pem-label", |cluster, rng| other_key(cluster, rng, |_| Kind::Unknown)),
    wound("key-other-size", "pair-cert-key-mismatch", |cluster, rng| other_key(cluster, rng, |_| Kind::Rsa(1024))),
    wound("key-tiny", "pair-cert-key-mismatch", |cluster, rng| other_key(cluster, rng, |_| Kind::Rsa(512))),
    wound("key-encrypted-traditional", "enc-encrypted-key", |cluster, rng| {
        key_file(cluster, rng, |file, _| {
            file.repack(&Container::EncryptedTraditional);
        })
    }),
    wound("key-encrypted-pkcs8", "enc-encrypted-key", |cluster, rng| {
        key_file(cluster, rng, |file, _| {
            file.repack(&Container::EncryptedPkcs8);
        })
    }),
    wound("key-pkcs8", "enc-harmless", |cluster, rng| key_file(cluster, rng, |file, _| file.repack(&Container::Pkcs8))),
    wound("key-with-parameters-block", "enc-harmless", |cluster, rng| {
        key_file(cluster, rng, |file, _| {
            file.repack(&Container::Sec1WithParameters);
        })
    }),
    wound("key-without-public-half", "enc-harmless", |cluster, rng| {
        key_file(cluster, rng, |file, _| {
            file.repack(&Container::Sec1WithoutPublic);
        })
    }),
    wound("key-without-curve", "enc-wrong-pem-label", |cluster, rng| {
        key_file(cluster, rng, |file, _| {
            file.repack(&Container::Sec1WithoutCurve);
        })
    }),
    wound("key-labelled-private-key", "enc-harmless", |cluster, rng| {
        key_file(cluster, rng, |file, _| {
            file.repack(&Container::Labelled("PRIVATE KEY"));
        })
    }),
    wound("key-labelled-rsa", "enc-harmless", |cluster, rng| {
        key_file(cluster, rng, |file, _| {
            file.repack(&Container::Pkcs8Labelled("RSA PRIVATE KEY"));
        })
    }),
    wound("key-labelled-elliptic", "enc-harmless", |cluster, rng| {
        key_file(cluster, rng, |file, _| {
            file.repack(&Container::Labelled("EC PRIVATE KEY"));
        })
    }),
    wound("key-labelled-any-private-key", "enc-harmless", |cluster, rng| {
        key_file(cluster, rng, |file, _| {
            file.repack(&Container::Labelled("MY OWN PRIVATE KEY"));
        })
    }),
    wound("key-labelled-openssh", "enc-wrong-pem-label", |cluster, rng| {
        key_file(cluster, rng, |file, _| {
            file.repack(&Container::Pkcs8Labelled("OPENSSH PRIVATE KEY"));
        })
    }),
    wound("key-labelled-key", "enc-wrong-pem-label", |cluster, rng| {
        key_file(cluster, rng, |file, _| {
            file.repack(&Container::Labelled("KEY"));
        })
    }),
    wound("key-labelled-certificate", "enc-wrong-pem-label", |cluster, rng| {
        key_file(cluster, rng, |file, _| {
            file.repack(&Container::Labelled("CERTIFICATE"));
        })
    }),
    wound("key-labelled-encrypted", "enc-harmless", |cluster, rng| {
        key_file(cluster, rng, |file, _| {
            file.repack(&Container::Pkcs8Labelled("ENCRYPTED PRIVATE KEY"));
        })
    }),
    wound("key-is-public", "enc-wrong-pem-label", |cluster, rng| {
        key_file(cluster, rng, |file, _| file.repack(&Container::Public))
    }),
    wound("key-is-public-rsa", "enc-wrong-pem-label", |cluster, rng| {
        key_file(cluster, rng, |file, _| file.repack(&Container::Pkcs1Public))
    }),
    wound("key-inconsistent", "enc-corrupt-der", |cluster, rng| {
        key_file(cluster, rng, |file, _| {
            file.repack(&Container::Inconsistent);
        })
    }),
    wound("key-garbage", "enc-corrupt-der", |cluster, rng| {
        key_file(cluster, rng, |file, rng| {
            *file = File::new(vec![Part::Block("RSA PRIVATE KEY", rng.bytes(200))]);
        })
    }),
    wound("key-empty-sequence", "enc-corrupt-der", |cluster, rng| {
        key_file(cluster, rng, |file, _| {
            *file = File::new(vec![Part::Block("PRIVATE KEY", der::sequence(&[]))]);
        })
    }),
    wound("key-behind-another", "pair-cert-key-mismatch", |cluster, rng| {
        key_file(cluster, rng, |file, rng| {
            let stranger = Part::Key(Key::generate(Kind::P256, rng), Container::Native);
            file.parts.insert(0, stranger);
        })
    }),
    wound("key-before-another", "enc-harmless", |cluster, rng| {
        key_file(cluster, rng, |file, rng| {
            let stranger = Part::Key(Key::generate(Kind::P256, rng), Container::Native);
            file.parts.push(stranger);
        })
    }),
    wound("key-behind-a-public-key", "enc-harmless", |cluster, rng| {
        key_file(cluster, rng, |file, rng| {
            let public = Part::Key(Key::generate(Kind::P256, rng), Container::Public);
            file.parts.insert(0, public);
        })
    }),
    wound("certificate-and-key-in-both-files", "enc-harmless", both_files),
    wound("files-swapped", "pair-swapped-files", |cluster, rng| {
        let Some((cert, key)) = any_leaf(cluster, rng).and_then(|(node, role)| {
            let (cert, key) = cluster.pair_places(node, role)?;
            Some(((node, cert), (node, key)))
        }) else {
            return false;
        };
        let (Some(first), Some(second)) =
            (cluster.file(cert.0, &cert.1).cloned(), cluster.file(key.0, &key.1).cloned())
        else {
            return false;
        };
        super::put(cluster, cert.0, &cert.1, second) && super::put(cluster, key.0, &key.1, first)
    }),
    wound("key-file-holds-the-certificate", "pair-swapped-files", |cluster, rng| {
        let Some((node, role)) = any_leaf(cluster, rng) else {
            return false;
        };
        let id = cluster.nodes[node].leaves[&role];
        let place = cluster.pair_places(node, role).map(|(_, key)| (node, key));
        edit_file(cluster, rng, place, |file, _| *file = File::certificate(id))
    }),
    wound("certificate-file-holds-a-key", "pair-swapped-files", |cluster, rng| {
        certificate_file(cluster, rng, |file, rng| {
            *file = File::key(&Key::generate(Kind::P256, rng));
        })
    }),
    wound("certificate-of-another-role", "cfg-wrong-path", |cluster, rng| {
        let (Some((node, role)), Some((other_node, other))) = (any_leaf(cluster, rng), any_leaf(cluster, rng)) else {
            return false;
        };
        let id = cluster.nodes[other_node].leaves[&other];
        let Some((cert, _)) = cluster.pair_places(node, role) else {
            return false;
        };
        other != role && super::put(cluster, node, &cert, File::certificate(id))
    }),
    wound("pair-of-another-role", "cfg-wrong-path", |cluster, rng| {
        let (Some((node, role)), Some((_, other))) = (any_leaf(cluster, rng), any_leaf(cluster, rng)) else {
            return false;
        };
        let (Some((cert, key)), Some((from_cert, from_key))) =
            (cluster.pair_places(node, role), cluster.pair_places(node, other))
        else {
            return false;
        };
        let (Some(from_cert), Some(from_key)) =
            (cluster.file(node, &from_cert).cloned(), cluster.file(node, &from_key).cloned())
        else {
            return false;
        };
        other != role && super::put(cluster, node, &cert, from_cert) && super::put(cluster, node, &key, from_key)
    }),
    wound("token-public-key-of-another", "pair-sa-mismatch", |cluster, rng| {
        let key = cluster.new_key(Kind::Rsa(2048), rng);
        tokens(cluster, "sa.pub", Part::Key(key, Container::Public))
    }),
    wound("token-private-key-of-another", "pair-sa-mismatch", |cluster, rng| {
        let key = cluster.new_key(Kind::P256, rng);
        tokens(cluster, "sa.key", Part::Key(key, Container::Native))
    }),
    wound("token-key-encrypted", "enc-encrypted-key", |cluster, _| {
        let place = Place::File(pki("sa.key"));
        cluster.file(0, &place).map(|file| file.repack(&Container::EncryptedTraditional)).is_some()
    }),
    wound("token-key-pkcs8", "enc-harmless", |cluster, _| {
        let place = Place::File(pki("sa.key"));
        cluster.file(0, &place).map(|file| file.repack(&Container::Pkcs8)).is_some()
    }),
    wound("token-public-key-is-private", "enc-harmless", |cluster, _| {
        let place = Place::File(pki("sa.pub"));
        cluster.file(0, &place).map(|file| file.repack(&Container::Native)).is_some()
    }),
    wound("token-public-key-is-pkcs8", "enc-harmless", |cluster, _| {
        let place = Place::File(pki("sa.pub"));
        cluster.file(0, &place).map(|file| file.repack(&Container::Pkcs8)).is_some()
    }),
    wound("token-public-key-labelled-otherwise", "enc-harmless", |cluster, _| {
        let place = Place::File(pki("sa.pub"));
        cluster.file(0, &place).map(|file| file.repack(&Container::Pkcs1Public)).is_some()
    }),
    wound("token-public-key-is-certificate", "cfg-sa-flags", |cluster, _| {
        let Some(id) = cluster.nodes[0].leaves.get(&Role::Apiserver).copied() else {
            return false;
        };
        tokens(cluster, "sa.pub", Part::Certificate(id))
    }),
    wound("token-public-key-missing", "file-missing", |cluster, _| {
        let place = Place::File(pki("sa.pub"));
        cluster.file(0, &place).map(|file| file.state = crate::file::State::Missing).is_some()
    }),
    wound("token-key-ed25519", "alg-kubeadm-key-type", |cluster, rng| {
        let key = Key::generate(Kind::Ed25519, rng);
        tokens(cluster, "sa.key", Part::Key(key.clone(), Container::Native))
            && tokens(cluster, "sa.pub", Part::Key(key, Container::Public))
    }),
    wound("token-public-keys-two", "enc-harmless", |cluster, rng| {
        let key = cluster.new_key(Kind::P256, rng);
        let place = Place::File(pki("sa.pub"));
        let extra = Part::Key(key, Container::Public);
        cluster.file(0, &place).map(|file| file.parts.insert(0, extra)).is_some()
    }),
];

fn other_key(cluster: &mut Cluster, rng: &mut Rng, kind: fn(Kind) -> Kind) -> bool {
    let Some((node, role)) = any_leaf(cluster, rng) else {
        return false;
    };
    let Some(known) = cluster.leaf(node, role).map(|leaf| leaf.key.kind()) else {
        return false;
    };
    let key = cluster.new_key(kind(known), rng);
    let place = cluster.pair_places(node, role).map(|(_, key)| (node, key));
    edit_file(cluster, rng, place, |file, _| *file = File::key(&key))
}

fn both_files(cluster: &mut Cluster, rng: &mut Rng) -> bool {
    let Some((node, role)) = any_leaf(cluster, rng) else {
        return false;
    };
    let Some((cert, key)) = cluster.pair_places(node, role) else {
        return false;
    };
    let (Some(first), Some(second)) = (cluster.file(node, &cert).cloned(), cluster.file(node, &key).cloned()) else {
        return false;
    };
    let joined =
        if rng.chance(50) { [first.parts, second.parts].concat() } else { [second.parts, first.parts].concat() };
    super::put(cluster, node, &cert, File::new(joined.clone())) && super::put(cluster, node, &key, File::new(joined))
}

fn tokens(cluster: &mut Cluster, name: &str, part: Part) -> bool {
    super::put(cluster, 0, &Place::File(pki(name)), File::new(vec![part]))
}
