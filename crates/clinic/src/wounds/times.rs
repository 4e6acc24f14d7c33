//! Too late, too early, and to the second.

use super::{Wound, authority, intermediate, leaf, wound};
use crate::certificate::Time;
use crate::cluster::{Cluster, DAY, Issuer};
use crate::der::tag;
use crate::file::Part;
use crate::rng::Rng;

pub(super) const WOUNDS: &[Wound] = &[
    wound("leaf-expired-one-second-ago", "time-etcd-server-expired", |cluster, rng| {
        leaf(cluster, rng, |it, at, _| {
            it.certificate.not_after = Time::At(at - 1);
        })
    }),
    wound("leaf-expires-this-second", "time-etcd-server-expired", |cluster, rng| {
        leaf(cluster, rng, |it, at, _| {
            it.certificate.not_after = Time::At(at);
        })
    }),
    wound("leaf-expired-long-ago", "time-apiserver-etcd-client-expired", |cluster, rng| {
        leaf(cluster, rng, |it, at, _| {
            it.certificate.not_before = Time::At(at - 500 * DAY);
            it.certificate.not_after = Time::At(at - 135 * DAY);
        })
    }),
    wound("leaf-expires-soon", "time-mass-expiry", |cluster, rng| {
        leaf(cluster, rng, |it, at, rng| {
            it.certificate.not_after = Time::At(at + rng.between(1, 20) * DAY);
        })
    }),
    wound("leaf-valid-from-this-second", "time-not-yet-valid", |cluster, rng| {
        leaf(cluster, rng, |it, at, _| {
            it.certificate.not_before = Time::At(at);
        })
    }),
    wound("leaf-valid-in-one-second", "time-not-yet-valid", |cluster, rng| {
        leaf(cluster, rng, |it, at, _| {
            it.certificate.not_before = Time::At(at + 1);
        })
    }),
    wound("leaf-valid-in-hours", "time-not-yet-valid", |cluster, rng| {
        leaf(cluster, rng, |it, at, rng| {
            it.certificate.not_before = Time::At(at + rng.between(1, 12) * 3600);
        })
    }),
    wound("leaf-times-swapped", "time-not-yet-valid", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            let certificate = &mut it.certificate;
            std::mem::swap(&mut certificate.not_before, &mut certificate.not_after);
        })
    }),
    wound("leaf-generalized-time", "alg-strict-parse", |cluster, rng| {
        leaf(cluster, rng, |it, at, _| {
            it.certificate.not_after = Time::Generalized(at + 90 * DAY);
        })
    }),
    wound("leaf-valid-for-ever", "time-leaf-outlives-ca", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.not_after = Time::Raw(tag::GENERALIZED_TIME, b"99991231235959Z".to_vec());
        })
    }),
    wound("leaf-older-than-unix", "alg-strict-parse", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.not_before = Time::At(-600_000_000);
        })
    }),
    wound("leaf-after-2050", "time-leaf-outlives-ca", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.not_after = Time::At(2_600_000_000);
        })
    }),
    wound("all-leaves-expired", "time-mass-expiry", |cluster, _| {
        let at = cluster.at;
        let ids: Vec<_> = cluster.nodes.iter().flat_map(|node| node.leaves.values().copied()).collect();
        for id in ids {
            cluster.issued(id).certificate.not_after = Time::At(at - 60);
        }
        true
    }),
    wound("authority-expired-one-second-ago", "time-ca-expired", |cluster, rng| {
        authority(cluster, rng, |it, at, _| {
            it.certificate.not_after = Time::At(at - 1);
        })
    }),
    wound("authority-expires-this-second", "time-ca-expired", |cluster, rng| {
        authority(cluster, rng, |it, at, _| {
            it.certificate.not_after = Time::At(at);
        })
    }),
    wound("authority-not-yet-valid", "time-not-yet-valid", |cluster, rng| {
        authority(cluster, rng, |it, at, _| {
            it.certificate.not_before = Time::At(at + 1);
        })
    }),
    wound("leaf-outlives-authority", "time-leaf-outlives-ca", |cluster, rng| {
        authority(cluster, rng, |it, at, _| {
            it.certificate.not_after = Time::At(at + DAY);
        })
    }),
    wound("intermediate-expired", "time-ca-expired", intermediate_expired),
    wound("clock-in-the-past", "time-not-yet-valid", |cluster, _| {
        cluster.at -= 20 * 365 * DAY;
        true
    }),
    wound("clock-in-the-future", "time-mass-expiry", |cluster, _| {
        cluster.at += 12 * 365 * DAY;
        true
    }),
    wound("leaf-and-authority-expired", "time-wrong-culprit", |cluster, rng| {
        let leaf = leaf(cluster, rng, |it, at, _| {
            it.certificate.not_after = Time::At(at - 10);
        });
        leaf && authority(cluster, rng, |it, at, _| {
            it.certificate.not_after = Time::At(at - 20);
        })
    }),
];

fn intermediate_expired(cluster: &mut Cluster, rng: &mut Rng) -> bool {
    let Some((node, role)) = super::any_leaf(cluster, rng) else {
        return false;
    };
    let id = intermediate(cluster, node, role.authority(), rng);
    cluster.issued(id).certificate.not_after = Time::At(cluster.at - 5);
    if let Some(leaf) = cluster.leaf(node, role) {
        leaf.issuer = Issuer::Other(id);
    }
    let place = cluster.pair_places(node, role).map(|(cert, _)| cert);
    let Some(file) = place.and_then(|place| cluster.file(node, &place)) else {
        return false;
    };
    file.parts.push(Part::Certificate(id));
    true
}
