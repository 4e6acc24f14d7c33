//! kube-apiserver's pair is wrong, and etcd says so.

use super::healthy::localhost;
use super::{Wound, fresh, nothing, running};
use crate::patient::{OWN, Patient, expire, postpone};
use crate::probe::{APISERVER, GATEWAY, KUBEADM, Live, PEER};
use crate::release::Release;
use clinic::algorithm::{Algorithm, Digest};
use clinic::certificate::{Certificate, Spoil};
use clinic::cluster::{Issuer, Role};
use clinic::extension::{AltName, Extension, Purpose, Subtree};
use clinic::file::{CertificateId, Damage, File, Part};
use clinic::key::Kind;

const CLIENT: Role = Role::ApiserverEtcdClient;

pub(super) fn wounds() -> Vec<Wound> {
    let refused = |name, before| fresh(name, before).ends(Live::Server, &[APISERVER]);
    vec![
        refused("client expired", expired),
        refused("client expired, over TLS 1.2", expired).with(&["--tls", "1.2"]),
        refused("client not yet valid", |patient| postpone(client(patient))),
        refused("client of a foreign authority", |patient| {
            let other = patient.other_authority("somebody-else");
            patient.sign_by(CLIENT, other);
        }),
        refused("client of the authority before it was made anew", |patient| {
            let old = patient.twin();
            patient.sign_by(CLIENT, old);
        }),
        refused("client of an elliptic authority before it was made anew", |patient| {
            let (key, old) = (patient.key(Kind::P256), patient.key(Kind::P256));
            let twin = patient.twin();
            patient.cluster.issued(twin).key = key;
            patient.trust_only(&[twin]);
            patient.rekey(CLIENT, Kind::P256);
            patient.sign_by(CLIENT, twin);
            patient.leaf(CLIENT).other_signing_key = Some(old);
        })
        .ends(Live::Server, &[KUBEADM, GATEWAY]),
        refused("client that is no client", |patient| client(patient).set_purposes(&[Purpose::Server])),
        refused("client with purposes nobody knows", |patient| client(patient).set_purposes(&[Purpose::Unknown])),
        refused("client with a critical extension", |patient| client(patient).put(Extension::unknown(true))),
        refused("client whose signature is spoiled", |patient| client(patient).spoils = vec![Spoil::Signature]),
        refused("client whose intermediate is missing", |patient| {
            let middle = patient.intermediate();
            patient.sign_by(CLIENT, middle);
        }),
        refused("client below an expired intermediate", |patient| {
            let middle = patient.intermediate();
            expire(&mut patient.cluster.issued(middle).certificate);
            below(patient, middle);
        }),
        refused("client below an intermediate that is no authority", |patient| {
            let middle = patient.intermediate();
            patient.cluster.issued(middle).certificate.put(Extension::basic_constraints(false, None));
            below(patient, middle);
        }),
        refused("client below an intermediate for servers", |patient| {
            let middle = patient.intermediate();
            patient.cluster.issued(middle).certificate.set_purposes(&[Purpose::Server]);
            below(patient, middle);
        }),
        refused("client below an authority that may sign leaves only", |patient| {
            patient.authority().certificate.put(Extension::basic_constraints(true, Some(0)));
            let (first, second) = (patient.intermediate(), patient.intermediate());
            patient.cluster.issued(second).issuer = Issuer::Other(first);
            below(patient, second);
            patient.file("apiserver-etcd-client.crt").parts.push(Part::Certificate(first));
        }),
        refused("client with a name that its authority may not give", |patient| {
            let middle = patient.intermediate();
            let constraints = Extension::name_constraints(&[Subtree::Dns("cluster.local")], &[]);
            patient.cluster.issued(middle).certificate.put(constraints);
            client(patient).set_names(&[AltName::dns("etcd.example")]);
            below(patient, middle);
        }),
        refused("expired, foreign and no client at once", |patient| {
            let other = patient.other_authority("somebody-else");
            patient.sign_by(CLIENT, other);
            expired(patient);
            client(patient).set_purposes(&[Purpose::Server]);
        }),
        refused("client expired, where it dials a name", |patient| {
            localhost(patient);
            expired(patient);
        }),
        // Go 1.18 stopped to accept SHA-1
        refused("client signed with SHA-1", sha1).only(Release::Debian),
        fresh("client signed with SHA-1", sha1)
            .only(Release::Distro)
            .offline(Live::Server, &[APISERVER])
            .finds(&["live-differs"]),
        // Go 1.23 stopped to parse it: such a client does not even load it
        fresh("client with a negative serial number", |patient| client(patient).serial = vec![0xff, 1, 2, 3])
            .ends(Live::NotDialled, &[APISERVER]),
        running("client expired under a running etcd", nothing, expired).ends(Live::Server, &[APISERVER]),
        fresh("client key of another pair", |patient| {
            let other = patient.key(Kind::Rsa(2048));
            *patient.file("apiserver-etcd-client.key") = File::key(&other);
        })
        .ends(Live::NotDialled, &[APISERVER]),
        fresh("client certificate empty", |patient| {
            patient.file("apiserver-etcd-client.crt").damage = vec![Damage::Empty];
        })
        .ends(Live::NotDialled, &[APISERVER]),
        fresh("client key missing", |patient| patient.lose("apiserver-etcd-client.key"))
            .ends(Live::NotDialled, &[APISERVER]),
        fresh("clients without the allowed host name", |patient| {
            patient.client_port().allowed_hostname = vec!["pi-master1".to_owned()];
        })
        .ends(Live::Server, &[APISERVER, KUBEADM])
        // it verifies nothing, so that no verified name is allowed: etcd's own client refuses etcd
        .ends(Live::Client, &[GATEWAY]),
        fresh("health check expired", |patient| {
            expire(patient.certificate(Role::EtcdHealthcheckClient));
        })
        .ends(Live::Server, &[KUBEADM]),
        fresh("peer that is no client", |patient| {
            patient.certificate(Role::EtcdPeer).set_purposes(&[Purpose::Server]);
        })
        .ends(Live::Server, &[PEER]),
        fresh("peer from an address that it does not name", |patient| {
            patient.certificate(Role::EtcdPeer).set_names(&[AltName::host(OWN)]);
        })
        .ends(Live::Server, &[PEER])
        .offline(Live::Ok, &[PEER])
        .finds(&["live-differs"]),
    ]
}

fn client(patient: &mut Patient) -> &mut Certificate {
    patient.certificate(CLIENT)
}

fn expired(patient: &mut Patient) {
    expire(client(patient));
}

fn sha1(patient: &mut Patient) {
    client(patient).algorithm = Some(Algorithm::Rsa(Digest::Sha1));
}

/// The client's certificate is signed by `middle`, which lies beside it.
fn below(patient: &mut Patient, middle: CertificateId) {
    patient.sign_by(CLIENT, middle);
    patient.file("apiserver-etcd-client.crt").parts.push(Part::Certificate(middle));
}
