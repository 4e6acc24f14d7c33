//! Revocation lists: etcd reads them for every connection, after TLS has come about, and hangs up without an alert.

use super::{Wound, fresh, running};
use crate::patient::Patient;
use crate::probe::{APISERVER, GATEWAY, KUBEADM, Live};
use clinic::cluster::Role;
use clinic::config::pki;
use clinic::der::{self, tag};
use clinic::file::{Damage, File, Part};
use clinic::rng::Rng;

pub(super) fn wounds() -> Vec<Wound> {
    vec![
        fresh("nobody revoked", |patient| revoke(patient, None)),
        fresh("client revoked", |patient| revoke(patient, Some(Role::ApiserverEtcdClient)))
            .ends(Live::Server, &[APISERVER]),
        fresh("client revoked, over TLS 1.2", |patient| revoke(patient, Some(Role::ApiserverEtcdClient)))
            .ends(Live::Server, &[APISERVER])
            .with(&["--tls", "1.2"]),
        fresh("server revoked", |patient| revoke(patient, Some(Role::EtcdServer))).ends(Live::Server, &[GATEWAY]),
        fresh("revocation list missing", |patient| {
            revoke(patient, None);
            patient.lose("etcd/crl");
        })
        .ends(Live::Server, &[APISERVER, KUBEADM, GATEWAY]),
        running(
            "client revoked under a running etcd",
            |patient| revoke(patient, None),
            |patient| list(patient, Some(Role::ApiserverEtcdClient)),
        )
        .ends(Live::Server, &[APISERVER]),
    ]
}

/// Lets etcd look into a revocation list.
fn revoke(patient: &mut Patient, role: Option<Role>) {
    patient.etcd().extra.push(("client-crl-file".to_owned(), pki("etcd/crl")));
    list(patient, role);
}

/// Writes the list: RFC 5280, section 5.
fn list(patient: &mut Patient, role: Option<Role>) {
    let time = |text: &str| der::tlv(tag::GENERALIZED_TIME, text.as_bytes());
    let serial = role.map(|role| patient.certificate(role).serial.clone());
    let entries: Vec<Vec<u8>> =
        serial.iter().map(|serial| der::sequence(&[der::unsigned(serial), time("20200101000000Z")])).collect();
    let authority = patient.authority();
    let algorithm = authority.key.usual_algorithm();
    let mut fields = vec![
        der::integer(&[1]),
        algorithm.to_der(),
        authority.certificate.subject.to_der(),
        time("20200101000000Z"),
        time("20990101000000Z"),
    ];
    if !entries.is_empty() {
        fields.push(der::sequence(&entries));
    }
    let signed = der::sequence(&fields);
    let signature = authority.key.sign(&algorithm, &signed, &mut Rng::new(1));
    let whole = der::sequence(&[signed, algorithm.to_der(), der::bit_string(&signature)]);
    let mut file = File::new(vec![Part::Block("X509 CRL", whole)]);
    file.damage = vec![Damage::Der];
    *patient.file("etcd/crl") = file;
}
