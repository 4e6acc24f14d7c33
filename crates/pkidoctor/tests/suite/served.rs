//! What links dial, and what their clients say of chains that were really shown to them.

use pkidoctor::cluster::Cluster;
use pkidoctor::cluster::url::Endpoint;
use pkidoctor::go::handshake::Side;
use pkidoctor::go::verify::{SignatureCache, Verifier};
use pkidoctor::links::{self, Link};
use pkidoctor::read::{self, Request};

use crate::support::Patient;

fn cluster(patient: &Patient) -> Cluster {
    let request = Request { paths: patient.paths.clone(), ..patient.request.clone() };
    read::cluster(&request, patient.now, patient.go).expect("a PKI")
}

/// Id, verified name, dialled host and port of every link that dials anything.
fn dialled(patient: &Patient) -> Vec<String> {
    let cluster = cluster(patient);
    let signatures = SignatureCache::default();
    let links = links::judge(&cluster, &Verifier { go: patient.go, now: patient.now, signatures: &signatures });
    let line = |link: &Link| {
        let Endpoint { scheme, host, port, .. } = link.dials.as_ref()?;
        let (name, port) = (link.name.as_deref().unwrap_or("-"), port.map_or("-".to_owned(), |port| port.to_string()));
        Some(format!("{} {name} {scheme} {host} {port}", link.id))
    };
    links.iter().filter_map(line).collect()
}

#[test]
fn what_a_real_node_dials() {
    assert_eq!(
        dialled(&Patient::real("stacked-single")),
        [
            "kube-apiserver->etcd 127.0.0.1 https 127.0.0.1 2379",
            "kubeadm->etcd 192.168.6.11 https 192.168.6.11 2379",
            "etcd-gateway->etcd - https 127.0.0.1 2379",
            "etcd-peer->etcd-peer 192.168.6.11 https 192.168.6.11 2380",
            "admin.conf->kube-apiserver 192.168.6.11 https 192.168.6.11 6443",
            "controller-manager.conf->kube-apiserver 192.168.6.11 https 192.168.6.11 6443",
            "scheduler.conf->kube-apiserver 192.168.6.11 https 192.168.6.11 6443",
            "kubelet.conf->kube-apiserver 192.168.6.11 https 192.168.6.11 6443",
            "pod->kube-apiserver 10.96.0.1 https 192.168.6.11 6443",
            "pod->kube-apiserver kubernetes.default.svc https 192.168.6.11 6443",
            "kube-apiserver->kubelet - https 192.168.6.11 10250",
        ]
    );
}

#[test]
fn addresses_of_ipv6_have_no_brackets() {
    let lines = dialled(&Patient::real("ipv6"));
    assert!(lines.iter().any(|line| line.starts_with("pod->kube-apiserver ") && line.contains(':')), "{lines:?}");
    assert!(lines.iter().all(|line| !line.contains('[')), "{lines:?}");
}

/// What the client of the first link with this id says of a chain; its words, and the words of the server's log.
fn said(patient: &Patient, id: &str, chain: &[Vec<u8>]) -> Vec<(String, String)> {
    let cluster = cluster(patient);
    let signatures = SignatureCache::default();
    let verifier = Verifier { go: patient.go, now: patient.now, signatures: &signatures };
    let links = links::judge(&cluster, &verifier);
    let link = links.iter().find(|link| link.id == id).expect("a link");
    let refusals = link.judge_served(link.dials.as_ref().expect("it dials"), &verifier, chain);
    assert!(refusals.iter().all(|refusal| refusal.by == Side::Client));
    refusals.into_iter().map(|refusal| (refusal.client_error, refusal.server_error)).collect()
}

fn der(patient: &Patient, file: &str) -> Vec<u8> {
    let cluster = cluster(patient);
    let node = &cluster.nodes[0];
    let material = node.file(&node.layout(file)).and_then(pkidoctor::cluster::File::material).expect("PEM");
    material.parsed().next().expect("a certificate").raw.clone()
}

#[test]
fn the_served_chain_is_judged_in_the_words_of_go() {
    let patient = Patient::real("stacked-single");
    let server = der(&patient, "etcd/server.crt");
    assert_eq!(said(&patient, "kube-apiserver->etcd", std::slice::from_ref(&server)), []);
    assert_eq!(said(&patient, "etcd-gateway->etcd", &[der(&patient, "ca.crt")]), [], "the gateway verifies nobody");

    // another process owns the port
    let refused = said(&patient, "kubeadm->etcd", &[der(&patient, "apiserver.crt")]);
    let unknown = "tls: failed to verify certificate: x509: certificate signed by unknown authority";
    assert_eq!(refused, [(unknown.to_owned(), "remote error: tls: bad certificate".to_owned())]);

    // the right CA, the wrong certificate
    let refused = said(&patient, "kubeadm->etcd", &[der(&patient, "etcd/healthcheck-client.crt")]);
    assert!(refused[0].0.contains("x509: "), "{refused:?}");

    let refused = said(&patient, "kubeadm->etcd", &[server[..100].to_vec()]);
    assert!(refused[0].0.starts_with("tls: failed to parse certificate from server: x509: "), "{refused:?}");
}
