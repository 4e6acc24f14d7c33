//! etcd's own certificate is wrong, and its clients say so, each of them about the name that it dials.

use super::{Wound, fresh, nothing, running};
use crate::patient::{LOOPBACK, OWN, Patient, expire, postpone};
use crate::probe::{APISERVER, GATEWAY, KUBEADM, Live, PEER};
use clinic::cluster::Role;
use clinic::extension::{AltName, Extension, Purpose};

const SERVER: Role = Role::EtcdServer;

pub(super) fn wounds() -> Vec<Wound> {
    let both = |wound: Wound| wound.ends(Live::Client, &[APISERVER, KUBEADM]);
    // the gateway shows the server's own certificate
    let all = |wound: Wound| both(wound).ends(Live::Server, &[GATEWAY]);
    vec![
        fresh("server without 127.0.0.1", |patient| names(patient, &["localhost", OWN]))
            .ends(Live::Client, &[APISERVER]),
        fresh("server without 127.0.0.1, over TLS 1.2", |patient| names(patient, &["localhost", OWN]))
            .ends(Live::Client, &[APISERVER])
            .with(&["--tls", "1.2"]),
        // the story: kube-apiserver is content, kubeadm is not
        fresh("server without the node's own address", |patient| names(patient, &["localhost", LOOPBACK]))
            .ends(Live::Client, &[KUBEADM]),
        both(fresh("server with its addresses as names", |patient| {
            let as_names = [LOOPBACK, OWN].map(AltName::dns);
            patient.certificate(SERVER).set_names(&as_names);
        })),
        both(fresh("server with a common name only", |patient| patient.certificate(SERVER).set_names(&[]))),
        all(fresh("server expired", |patient| expire(patient.certificate(SERVER)))),
        all(fresh("server not yet valid", |patient| postpone(patient.certificate(SERVER)))),
        all(fresh("server of a foreign authority", |patient| {
            let other = patient.other_authority("somebody-else");
            patient.sign_by(SERVER, other);
        })),
        all(fresh("server of the authority before it was made anew", |patient| {
            let old = patient.twin();
            patient.sign_by(SERVER, old);
        })),
        all(fresh("server whose intermediate is missing", |patient| {
            let middle = patient.intermediate();
            patient.sign_by(SERVER, middle);
        })),
        all(fresh("server with a critical extension", |patient| {
            patient.certificate(SERVER).put(Extension::unknown(true));
        })),
        both(fresh("server that is no server", |patient| patient.certificate(SERVER).set_purposes(&[Purpose::Client]))),
        fresh("server that is no client", |patient| patient.certificate(SERVER).set_purposes(&[Purpose::Server]))
            .ends(Live::Server, &[GATEWAY]),
        fresh("peer without its own address", |patient| {
            patient.certificate(Role::EtcdPeer).set_names(&["localhost", LOOPBACK].map(AltName::host));
        })
        .ends(Live::Client, &[PEER]),
        fresh("peer that is no server", |patient| {
            patient.certificate(Role::EtcdPeer).set_purposes(&[Purpose::Client]);
        })
        .ends(Live::Client, &[PEER]),
        fresh("peer expired", |patient| expire(patient.certificate(Role::EtcdPeer))).ends(Live::Client, &[PEER]),
        running("server without 127.0.0.1 under a running etcd", nothing, |patient| {
            names(patient, &["localhost", OWN]);
        })
        .ends(Live::Client, &[APISERVER]),
        all(running("server expired under a running etcd", nothing, |patient| expire(patient.certificate(SERVER)))),
        all(running("server of the authority made anew under a running etcd", nothing, |patient| {
            let new = patient.twin();
            patient.sign_by(SERVER, new);
        })),
    ]
}

fn names(patient: &mut Patient, hosts: &[&str]) {
    let names: Vec<AltName> = hosts.iter().map(|host| AltName::host(host)).collect();
    patient.certificate(SERVER).set_names(&names);
}
