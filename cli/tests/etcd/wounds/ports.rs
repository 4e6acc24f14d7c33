//! Ports that are open to everybody, closed to everybody, or not what the manifest says.

use super::{Member, Wound, fresh, nothing, running};
use crate::patient::{LOOPBACK, Patient};
use crate::probe::{APISERVER, GATEWAY, KUBEADM, Live, PEER};
use clinic::cluster::Role;
use clinic::config::{Url, pki};
use clinic::file::{File, Part};
use clinic::key::Kind;

pub(super) fn wounds() -> Vec<Wound> {
    vec![
        fresh("client port open to everybody", |patient| {
            let port = patient.client_port();
            port.trusted_ca = None;
            port.client_cert_auth = None;
        })
        .without(&[GATEWAY])
        .finds(&["port-open"]),
        // a trusted authority is enough for etcd to ask
        fresh("client certificates switched off in vain", |patient| {
            patient.client_port().client_cert_auth = Some(false);
        }),
        running("https in the manifest, http in the process", plain, |patient| {
            for url in &mut patient.etcd().listen_client {
                url.tls = true;
            }
        })
        .ends(Live::Client, &[APISERVER, KUBEADM, GATEWAY])
        .offline(Live::Ok, &[APISERVER, KUBEADM, GATEWAY])
        .finds(&["plain-http-answers"]),
        fresh("http in etcd's manifest, https in everybody else's", plain)
            .without(&[GATEWAY])
            .ends(Live::Client, &[APISERVER, KUBEADM])
            .finds(&["plain-http-answers"]),
        running("another pair in the manifest than in the process", nothing, |patient| {
            patient.new_pair_elsewhere();
        })
        .finds(&["served-not-on-disk"]),
        running("kube-apiserver dials another port", nothing, |patient| {
            let port = patient.ports[0].nobody;
            patient.cluster.nodes[0].apiserver.etcd_servers = vec![Url::https(LOOPBACK, port)];
        })
        .ends(Live::Unreachable, &[APISERVER])
        .offline(Live::Ok, &[APISERVER])
        .finds(&["endpoint-unreachable"]),
        fresh("a member that is down", nothing)
            .member(Member::Stopped)
            .ends(Live::Unreachable, &[APISERVER, KUBEADM, GATEWAY, PEER])
            .offline(Live::Ok, &[APISERVER, KUBEADM, GATEWAY, PEER])
            .finds(&["endpoint-unreachable"]),
    ]
}

fn plain(patient: &mut Patient) {
    for url in &mut patient.etcd().listen_client {
        url.tls = false;
    }
}

impl Patient {
    /// The manifest names a server pair that the process has not heard of.
    fn new_pair_elsewhere(&mut self) {
        let key = self.key(Kind::Rsa(2048));
        let mut issued = self.leaf(Role::EtcdServer).clone();
        issued.certificate.serial = vec![0x55; 8];
        let id = self.cluster.issue(issued.certificate, key.clone(), issued.issuer);
        *self.file("etcd/new.crt") = File::new(vec![Part::Certificate(id)]);
        *self.file("etcd/new.key") = File::key(&key);
        let port = self.client_port();
        port.cert = Some(pki("etcd/new.crt"));
        port.key = Some(pki("etcd/new.key"));
    }
}
