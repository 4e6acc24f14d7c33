//! The story on real etcd: found, healed without a restart, found healthy; as it was told, in three acts.

use crate::bounded::wait;
use crate::patient::{LOOPBACK, OWN, Patient};
use crate::release::Release;
use crate::run::{Told, pkidoctor};
use crate::server::{Etcd, State};
use crate::tls::{Client, on_disk};
use clinic::cluster::Role;
use clinic::config::Url;
use clinic::extension::{AltName, Purpose};
use clinic::key::{Container, Kind};
use std::path::Path;
use std::time::Duration;

/// What the gateway of a member is told when its certificate is for servers only.
const COMPLAINT: &str = "x509: certificate specifies an incompatible key usage";
/// What etcd says of a pair whose halves are of two algorithms.
const OTHER_TYPE: &str = "tls: private key type does not match public key type";
/// An address as nodes have them; nobody dials it.
const NODE: &str = "192.0.2.10";
/// How long a gateway may take until it dials again: gRPC waits longer each time.
const REDIAL: Duration = Duration::from_secs(40);

fn started(release: Release, patient: &Patient) -> Etcd {
    let mut etcd = Etcd::start(release, patient, 0);
    assert_eq!(etcd.settled(), State::Serves, "{}", etcd.log());
    etcd
}

fn probe(patient: &Patient, link: &str) -> Told {
    pkidoctor(patient, 0, &["probe", "--link", link])
}

/// Every link to etcd that a vital client walks is healthy, and etcd shows what is on disk.
fn healthy(patient: &Patient) {
    probe(patient, "kubeadm->etcd").ended(0);
    probe(patient, "kube-apiserver->etcd").ended(0);
    let pki = patient.directory(0).join("pki");
    let client = Client::of(&pki, "etcd/healthcheck-client");
    let served = client.shake(LOOPBACK, patient.ports[0].client).expect("a handshake");
    assert_eq!(served, on_disk(&pki.join("etcd/server.crt")), "etcd serves the new certificate");
}

/// Runs a repair that has to know the node's own address: loopback addresses are nobody's, so that the manifest names
/// one more for as long as the repair takes.
fn treat(patient: &mut Patient, words: &[&str]) -> Told {
    let port = patient.ports[0].client;
    patient.etcd().listen_client.push(Url::https(NODE, port));
    patient.write();
    let told = pkidoctor(patient, 0, words);
    patient.etcd().listen_client.pop();
    patient.write();
    told
}

/// Acts 1 and 2, on one cluster: the advertised address is missing; then somebody's P-256 key is put over the good one.
pub(crate) fn address_and_foreign_key(release: Release) {
    let mut patient = Patient::healthy(release, 71);
    let names = [LOOPBACK, "localhost"].map(AltName::host);
    patient.certificate(Role::EtcdServer).set_names(&names);
    patient.write();
    let mut etcd = started(release, &patient);
    missing_address(&mut patient);
    foreign_key(&mut patient, &etcd);
    assert!(etcd.is_running(), "etcd was not restarted");
}

fn missing_address(patient: &mut Patient) {
    let scan = pkidoctor(patient, 0, &["scan"]).ended(1);
    assert_eq!(scan.codes(), ["san-missing"], "{}", scan.words);
    let refused = probe(patient, "kubeadm->etcd").ended(1);
    let links = refused.json["nodes"][0]["links"].as_array().expect("links");
    let link = links.iter().find(|link| link["id"] == "kubeadm->etcd").expect("the link");
    assert_eq!((&link["live"]["refused_by"], &link["name"]), (&"client".into(), &OWN.into()), "{}", refused.words);
    let error = link["live"]["error"].as_str().unwrap_or_default();
    assert!(error.contains("x509: certificate is valid for") && error.contains(OWN), "{error}");

    treat(patient, &["regen", "etcd-server"]).ended(0);
    healthy(patient);
    assert_eq!(pkidoctor(patient, 0, &["scan"]).ended(0).codes(), [""; 0]);
}

fn foreign_key(patient: &mut Patient, etcd: &Etcd) {
    let directory = patient.directory(0).join("pki/etcd");
    let backup = directory.with_file_name("etcd.bak");
    std::fs::create_dir(&backup).expect("a directory");
    for name in ["server.crt", "server.key"] {
        std::fs::copy(directory.join(name), backup.join(name)).expect("a copy");
    }
    let good = ["server.crt", "server.key"].map(|name| read(&directory.join(name)));
    // as somebody would with openssl: over the old one, which keeps its mode
    let foreign = patient.key(Kind::P256).to_pem(&Container::Sec1WithParameters);
    std::fs::write(directory.join("server.key"), foreign).expect("writes");

    let scan = pkidoctor(patient, 0, &["scan"]).ended(1);
    assert_eq!(scan.codes(), ["key-type-mismatch"], "{}", scan.words);
    probe(patient, "kube-apiserver->etcd").ended(1);
    assert!(etcd.says(|log| log.contains(OTHER_TYPE)), "{}", etcd.log());

    let fix = pkidoctor(patient, 0, &["fix", "--yes"]).ended(0);
    assert!(fix.words.contains("etcd.bak"), "put back, not made anew: {}", fix.words);
    assert!(good == ["server.crt", "server.key"].map(|name| read(&directory.join(name))), "the very bytes of before");
    healthy(patient);
    assert_eq!(pkidoctor(patient, 0, &["scan"]).ended(0).codes(), [""; 0]);
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("a file")
}

/// Act 3: etcd's own gateway shows the server's pair, which is no client's; two ways to the cure.
pub(crate) fn gateway(release: Release, cure: &[&str]) {
    let mut patient = Patient::healthy(release, 72);
    patient.certificate(Role::EtcdServer).set_purposes(&[Purpose::Server]);
    patient.write();
    let mut etcd = started(release, &patient);
    assert!(etcd.says(|log| log.contains(COMPLAINT)), "{}", etcd.log());
    let scan = pkidoctor(&patient, 0, &["scan"]);
    assert_eq!(scan.codes(), ["missing-client-auth"], "{}", scan.words);
    let refused = probe(&patient, "etcd-gateway->etcd").ended(1);
    assert!(refused.words.contains(COMPLAINT), "{}", refused.words);

    treat(&mut patient, cure).ended(0);
    let scan = pkidoctor(&patient, 0, &["scan"]).ended(0);
    assert_eq!(scan.codes(), [""; 0], "{}", scan.words);
    assert_eq!(scan.usages("etcd/server.crt"), ["serverAuth", "clientAuth"]);
    healthy(&patient);
    gateway_answers(&patient, &etcd);
    assert!(etcd.is_running(), "etcd was not restarted");
}

/// The gateway dials again with the new pair, and nobody complains any more.
fn gateway_answers(patient: &Patient, etcd: &Etcd) {
    let before = etcd.log().len();
    let client = Client::of(&patient.directory(0).join("pki"), "etcd/healthcheck-client");
    let place = (LOOPBACK, patient.ports[0].client);
    let mut last = Err("never asked".to_owned());
    let answered = wait(REDIAL, || {
        last = client.post(place, "/v3/kv/range", r#"{"key":"Zm9v"}"#);
        matches!(&last, Ok(answer) if answer.starts_with("HTTP/1.1 200"))
    });
    assert!(answered, "the gateway: {last:?}\n{}", etcd.log());
    let log = etcd.log();
    assert!(!log[before..].contains(COMPLAINT), "{}", &log[before..]);
}
