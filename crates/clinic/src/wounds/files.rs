//! Files that are not there, are something else, or hold their parts in another order.

use super::{Wound, any_leaf, any_leaf_of, authority_file, certificate_file, key_file, wound};
use crate::cluster::{Cluster, Place, Role};
use crate::der;
use crate::file::{Damage, File, Part, State};
use crate::rng::Rng;

pub(super) const WOUNDS: &[Wound] = &[
    wound("certificate-missing", "file-missing", |cluster, rng| {
        disk_file(cluster, rng, |cert, _| cert.state = State::Missing)
    }),
    wound("key-missing", "file-missing", |cluster, rng| disk_file(cluster, rng, |_, key| key.state = State::Missing)),
    wound("pair-missing", "file-missing", |cluster, rng| {
        disk_file(cluster, rng, |cert, key| {
            cert.state = State::Missing;
            key.state = State::Missing;
        })
    }),
    wound("certificate-is-directory", "file-is-directory", |cluster, rng| {
        disk_file(cluster, rng, |cert, _| cert.state = State::Directory)
    }),
    wound("key-is-directory", "file-is-directory", |cluster, rng| {
        disk_file(cluster, rng, |_, key| key.state = State::Directory)
    }),
    wound("certificate-link-dangles", "file-missing", |cluster, rng| {
        disk_file(cluster, rng, |cert, _| {
            cert.state = State::Link("../gone/cert.pem".to_owned());
        })
    }),
    wound("key-link-to-itself", "file-missing", |cluster, rng| {
        let Some((node, role)) = any_leaf_of(cluster, rng, &Role::FILES) else {
            return false;
        };
        let Some((_, Place::File(path))) = cluster.pair_places(node, role) else {
            return false;
        };
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        cluster.file(node, &Place::File(path)).map(|file| file.state = State::Link(name)).is_some()
    }),
    wound("certificate-behind-a-link", "enc-harmless", behind_link),
    wound("authority-missing", "file-missing", |cluster, rng| {
        trusted_on_disk(cluster, rng, |file| file.state = State::Missing)
    }),
    wound("authority-is-directory", "file-is-directory", |cluster, rng| {
        trusted_on_disk(cluster, rng, |file| file.state = State::Directory)
    }),
    wound("authority-link-dangles", "file-missing", |cluster, rng| {
        trusted_on_disk(cluster, rng, |file| {
            file.state = State::Link("gone.crt".to_owned());
        })
    }),
    wound("authority-empty", "file-zero-bytes", |cluster, rng| {
        authority_file(cluster, rng, |file, _| file.damage.push(Damage::Empty))
    }),
    wound("certificate-empty", "file-zero-bytes", |cluster, rng| {
        certificate_file(cluster, rng, |file, _| file.damage.push(Damage::Empty))
    }),
    wound("key-empty", "file-zero-bytes", |cluster, rng| {
        key_file(cluster, rng, |file, _| file.damage.push(Damage::Empty))
    }),
    wound("authority-before-leaf", "pair-chain-order", |cluster, rng| {
        let Some((node, role)) = any_leaf(cluster, rng) else {
            return false;
        };
        let root = cluster.nodes[node].authorities[&role.authority()];
        let Some((cert, _)) = cluster.pair_places(node, role) else {
            return false;
        };
        cluster.file(node, &cert).map(|file| file.parts.insert(0, Part::Certificate(root))).is_some()
    }),
    wound("leaf-twice", "enc-harmless", |cluster, rng| {
        certificate_file(cluster, rng, |file, _| {
            file.parts.extend(file.parts.clone());
        })
    }),
    wound("other-leaf-appended", "enc-harmless", |cluster, rng| {
        let Some((node, role)) = any_leaf(cluster, rng) else {
            return false;
        };
        let other = cluster.nodes[node].leaves[&Role::Apiserver];
        let Some((cert, _)) = cluster.pair_places(node, role) else {
            return false;
        };
        cluster.file(node, &cert).map(|file| file.parts.push(Part::Certificate(other))).is_some()
    }),
    wound("leaf-labelled-trusted", "enc-wrong-pem-label", |cluster, rng| relabel(cluster, rng, "TRUSTED CERTIFICATE")),
    wound("leaf-labelled-x509", "enc-wrong-pem-label", |cluster, rng| relabel(cluster, rng, "X509 CERTIFICATE")),
    wound("leaf-labelled-request", "enc-wrong-pem-label", |cluster, rng| relabel(cluster, rng, "CERTIFICATE REQUEST")),
    wound("leaf-labelled-new-request", "enc-wrong-pem-label", |cluster, rng| {
        relabel(cluster, rng, "NEW CERTIFICATE REQUEST")
    }),
    wound("leaf-labelled-strangely", "enc-wrong-pem-label", |cluster, rng| relabel(cluster, rng, "A \"QUOTED\" LABEL")),
    wound("certificate-file-with-parameters", "enc-harmless", |cluster, rng| {
        certificate_file(cluster, rng, |file, rng| {
            let parameters = der::sequence(&[der::unsigned(&rng.bytes(64)), der::integer(&[2])]);
            file.parts.insert(0, Part::Block("DH PARAMETERS", parameters));
        })
    }),
    wound("certificate-file-with-empty-block", "enc-corrupt-der", |cluster, rng| {
        certificate_file(cluster, rng, |file, rng| {
            let position = if rng.chance(50) { 0 } else { file.parts.len() };
            file.parts.insert(position, Part::Block("CERTIFICATE", Vec::new()));
        })
    }),
    wound("certificate-file-with-junk-behind", "enc-corrupt-der", |cluster, rng| {
        certificate_file(cluster, rng, |file, rng| {
            file.parts.push(Part::Block("CERTIFICATE", rng.bytes(60)));
        })
    }),
    wound("certificate-file-with-junk-before", "enc-corrupt-der", |cluster, rng| {
        certificate_file(cluster, rng, |file, rng| {
            file.parts.insert(0, Part::Block("CERTIFICATE", rng.bytes(60)));
        })
    }),
];

/// Edits the two files of a pair that lies on disk.
fn disk_file(cluster: &mut Cluster, rng: &mut Rng, edit: fn(&mut File, &mut File)) -> bool {
    let Some((node, role)) = any_leaf_of(cluster, rng, &Role::FILES) else {
        return false;
    };
    let Some((cert_place, key_place)) = cluster.pair_places(node, role) else {
        return false;
    };
    let (Some(mut cert), Some(mut key)) =
        (cluster.file(node, &cert_place).cloned(), cluster.file(node, &key_place).cloned())
    else {
        return false;
    };
    edit(&mut cert, &mut key);
    super::put(cluster, node, &cert_place, cert) && super::put(cluster, node, &key_place, key)
}

fn trusted_on_disk(cluster: &mut Cluster, rng: &mut Rng, edit: fn(&mut File)) -> bool {
    let node = super::any_node(cluster, rng);
    let chosen = super::any_authority(rng);
    let place = cluster.trust_places(node, chosen).swap_remove(0);
    cluster.file(node, &place).map(edit).is_some()
}

/// Moves a certificate beside itself and leaves a link, as kubelet does with its own.
fn behind_link(cluster: &mut Cluster, rng: &mut Rng) -> bool {
    let Some((node, role)) = any_leaf_of(cluster, rng, &Role::FILES) else {
        return false;
    };
    let Some((Place::File(path), _)) = cluster.pair_places(node, role) else {
        return false;
    };
    let files = &mut cluster.nodes[node].files;
    let Some(original) = files.get(&path).cloned() else {
        return false;
    };
    let target = format!("{path}.2026-01-01");
    let name = target.rsplit('/').next().unwrap_or_default().to_owned();
    files.insert(target, original);
    files.insert(path, File { state: State::Link(name), ..File::default() });
    true
}

fn relabel(cluster: &mut Cluster, rng: &mut Rng, label: &'static str) -> bool {
    certificate_file(cluster, rng, |file, _| {
        for part in &mut file.parts {
            if let Part::Certificate(id) = part {
                *part = Part::CertificateAs(label, *id);
            }
        }
    })
}
