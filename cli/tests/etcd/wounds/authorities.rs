//! What etcd trusts: the file as it is when etcd starts counts, whatever happens to it later.

use super::{Inflict, Wound, fresh, nothing, running};
use crate::patient::{Patient, expire};
use crate::probe::{APISERVER, GATEWAY, KUBEADM, Live, PEER};
use clinic::cluster::{Issuer, Role};
use clinic::extension::{Extension, Purpose};
use clinic::file::{CertificateId, Damage, File, Part};

pub(super) fn wounds() -> Vec<Wound> {
    let mut wounds = shared();
    for (name, inflict) in TRUST {
        wounds.push(fresh(name, inflict).ends(Live::Server, &[APISERVER, KUBEADM, GATEWAY]));
    }
    wounds.extend(under_a_running_etcd());
    wounds
}

/// The authority that clients and servers share.
fn shared() -> Vec<Wound> {
    let all = |wound: Wound| wound.ends(Live::Client, &[APISERVER, KUBEADM, PEER]).ends(Live::Server, &[GATEWAY]);
    vec![
        all(fresh("authority made anew without its leaves", anew)),
        all(fresh("authority's file emptied", |patient| patient.file("etcd/ca.crt").damage = vec![Damage::Empty])),
        all(fresh("authority's file is garbage", |patient| {
            *patient.file("etcd/ca.crt") = File::new(vec![Part::Text("not a certificate\n".to_owned())]);
        })),
        all(fresh("authority expired", |patient| expire(&mut patient.authority().certificate))),
        all(fresh("authority that is none", |patient| {
            patient.authority().certificate.put(Extension::basic_constraints(false, None));
        })),
    ]
}

/// The trust of the client port alone.
const TRUST: [(&str, Inflict); 8] = [
    ("trust file empty", |patient| {
        own_trust(patient);
        emptied(patient);
    }),
    ("trust file is garbage", |patient| {
        own_trust(patient);
        *patient.file("etcd/clients-ca.crt") = File::new(vec![Part::Text("nothing\n".to_owned())]);
    }),
    ("trust in a foreign authority", |patient| {
        let other = patient.other_authority("somebody-else");
        patient.trust_only(&[other]);
    }),
    ("trust in the authority made anew", |patient| {
        let new = patient.twin();
        patient.trust_only(&[new]);
    }),
    ("trust in an expired authority", |patient| {
        let variant = variant(patient, expire);
        patient.trust_only(&[variant]);
    }),
    ("trust in an authority for servers only", |patient| {
        let variant = variant(patient, |certificate| certificate.set_purposes(&[Purpose::Server]));
        patient.trust_only(&[variant]);
    }),
    ("trust in what is no authority", |patient| {
        let variant = variant(patient, |certificate| certificate.put(Extension::basic_constraints(false, None)));
        patient.trust_only(&[variant]);
    }),
    ("client certificates of the system's authorities", |patient| patient.client_port().trusted_ca = None),
];

fn under_a_running_etcd() -> Vec<Wound> {
    let everybody = &[APISERVER, KUBEADM, GATEWAY];
    let stale = |name, before, after| running(name, before, after).finds(&["ca-in-memory-differs"]);
    let worse_on_disk = |name, before, after| stale(name, before, after).offline(Live::Server, everybody);
    let better_on_disk =
        |name, before, after| stale(name, before, after).ends(Live::Server, everybody).offline(Live::Ok, everybody);
    vec![
        // the file is bad now, and will be met at the next start
        worse_on_disk("trust file emptied under a running etcd", own_trust, emptied),
        stale("trust file lost under a running etcd", own_trust, |patient| patient.lose("etcd/clients-ca.crt"))
            .offline(Live::Load, everybody),
        worse_on_disk("trust exchanged for a foreign authority under a running etcd", own_trust, |patient| {
            let other = patient.other_authority("somebody-else");
            patient.trust_only(&[other]);
        }),
        worse_on_disk("trust exchanged for the authority made anew under a running etcd", own_trust, |patient| {
            let new = patient.twin();
            patient.trust_only(&[new]);
        }),
        // the file is good now, and etcd does not know
        better_on_disk("trust mended under a running etcd", foreign_trust, own_trust),
        better_on_disk("trust of the same name mended under a running etcd", twin_trust, own_trust),
        better_on_disk("trust filled under a running etcd", empty_trust, own_trust),
        stale("authority and all leaves made anew under a running etcd", nothing, |patient| {
            anew(patient);
            let new = patient.authority_id();
            for role in [Role::EtcdServer, Role::EtcdPeer, Role::EtcdHealthcheckClient, Role::ApiserverEtcdClient] {
                patient.sign_by(role, new);
            }
        })
        .ends(Live::Server, &[APISERVER, KUBEADM, GATEWAY, PEER])
        .offline(Live::Ok, &[APISERVER, KUBEADM, GATEWAY, PEER]),
    ]
}

/// Etcd's authority is replaced, its leaves are not.
fn anew(patient: &mut Patient) {
    let new = patient.twin();
    *patient.file("etcd/ca.crt") = File::new(vec![Part::Certificate(new)]);
    let key = patient.cluster.issued(new).key.clone();
    *patient.file("etcd/ca.key") = File::key(&key);
    patient.replace_authority(new);
}

/// Etcd's authority with another certificate for the same key.
fn variant(patient: &mut Patient, change: fn(&mut clinic::certificate::Certificate)) -> CertificateId {
    let mut issued = patient.authority().clone();
    change(&mut issued.certificate);
    patient.cluster.issue(issued.certificate, issued.key, Issuer::Itself)
}

fn own_trust(patient: &mut Patient) {
    let own = patient.authority_id();
    patient.trust_only(&[own]);
}

fn foreign_trust(patient: &mut Patient) {
    let other = patient.other_authority("somebody-else");
    patient.trust_only(&[other]);
}

fn twin_trust(patient: &mut Patient) {
    let twin = patient.twin();
    patient.trust_only(&[twin]);
}

fn empty_trust(patient: &mut Patient) {
    own_trust(patient);
    emptied(patient);
}

fn emptied(patient: &mut Patient) {
    patient.file("etcd/clients-ca.crt").damage = vec![Damage::Empty];
}
