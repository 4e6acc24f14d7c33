//! Files that do not load: a fresh etcd gives up, a running one turns everybody away.

use super::{Inflict, Member, Wound, fresh, nothing, running};
use crate::patient::Patient;
use crate::probe::{APISERVER, GATEWAY, KUBEADM, Live, PEER};
use crate::release::Release;
use clinic::cluster::Role;
use clinic::file::{Damage, File, Part};
use clinic::key::{Container, Kind};

/// What breaks the client port's pair.
const PAIRS: [(&str, &str, Inflict); 11] = [
    ("server key of another pair", "server key of another pair under a running etcd", |patient| {
        other_key(patient, Kind::Rsa(2048));
    }),
    ("server key of another type", "server key of another type under a running etcd", |patient| {
        other_key(patient, Kind::P256);
    }),
    ("server key missing", "server key missing under a running etcd", |patient| patient.lose("etcd/server.key")),
    ("server key empty", "server key empty under a running etcd", |patient| {
        patient.file("etcd/server.key").damage = vec![Damage::Empty];
    }),
    ("server key encrypted", "server key encrypted under a running etcd", |patient| {
        patient.file("etcd/server.key").repack(&Container::EncryptedPkcs8);
    }),
    ("server key encrypted the old way", "server key encrypted the old way under a running etcd", |patient| {
        patient.file("etcd/server.key").repack(&Container::EncryptedTraditional);
    }),
    ("server key is a public one", "server key is a public one under a running etcd", |patient| {
        patient.file("etcd/server.key").repack(&Container::Public);
    }),
    ("server certificate is garbage", "server certificate is garbage under a running etcd", |patient| {
        *patient.file("etcd/server.crt") = File::new(vec![Part::Text("not a certificate\n".to_owned())]);
    }),
    ("server certificate missing", "server certificate missing under a running etcd", |patient| {
        patient.lose("etcd/server.crt");
    }),
    ("server pair exchanged", "server pair exchanged under a running etcd", exchanged),
    ("authority before the server", "authority before the server under a running etcd", |patient| {
        let authority = patient.authority_id();
        patient.file("etcd/server.crt").parts.insert(0, Part::Certificate(authority));
    }),
];

pub(super) fn wounds() -> Vec<Wound> {
    let mut wounds = Vec::new();
    for (name, name_running, inflict) in PAIRS {
        // the gateway shows the same pair, so that it does not even dial; the peer link is sound, but nobody is there
        wounds.push(gives_up(fresh(name, inflict), &[GATEWAY], &[APISERVER, KUBEADM]));
        wounds.push(
            running(name_running, nothing, inflict)
                .ends(Live::Load, &[APISERVER, KUBEADM])
                .ends(Live::NotDialled, &[GATEWAY]),
        );
    }
    wounds.push(gives_up(fresh("peer key of another pair", other_peer_key), &[PEER], &[]));
    wounds.push(
        running("peer key of another pair under a running etcd", nothing, other_peer_key)
            .ends(Live::NotDialled, &[PEER]),
    );
    wounds.push(gives_up(
        fresh("trust file missing", |patient| {
            let own = patient.authority_id();
            patient.trust_only(&[own]);
            patient.lose("etcd/clients-ca.crt");
        }),
        &[],
        &[APISERVER, KUBEADM, GATEWAY],
    ));
    let with_key = fresh("trust file with a key in it", |patient| {
        let own = patient.authority_id();
        patient.trust_only(&[own]);
        let key = patient.authority().key.clone();
        patient.file("etcd/clients-ca.crt").parts.push(Part::Key(key, Container::Native));
    });
    // before 1.17, Go parsed with another parser, whose words nobody here knows
    wounds.push(gives_up(with_key, &[], &[APISERVER, KUBEADM, GATEWAY]).only(Release::Debian));
    wounds
}

/// The member ends, because of what neither these `diallers` nor the server of these `others` can load.
fn gives_up(wound: Wound, diallers: &[&'static str], others: &[&'static str]) -> Wound {
    let all = [APISERVER, KUBEADM, GATEWAY, PEER];
    wound
        .member(Member::Exits)
        .finds(&["endpoint-unreachable"])
        .ends(Live::NotDialled, diallers)
        .ends(Live::Unreachable, &all)
        .offline(Live::Load, diallers)
        .offline(Live::Load, others)
        .offline(Live::Ok, &all)
}

fn other_key(patient: &mut Patient, kind: Kind) {
    let other = patient.key(kind);
    *patient.file("etcd/server.key") = File::key(&other);
}

fn other_peer_key(patient: &mut Patient) {
    let other = patient.key(Kind::Rsa(2048));
    *patient.file("etcd/peer.key") = File::key(&other);
}

fn exchanged(patient: &mut Patient) {
    let (certificate, key) = (patient.file("etcd/server.crt").clone(), patient.leaf(Role::EtcdServer).key.clone());
    *patient.file("etcd/server.crt") = File::key(&key);
    *patient.file("etcd/server.key") = certificate;
}
