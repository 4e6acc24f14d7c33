//! `--verify-live`: the new pair is shown to the running etcd before anything is written, and must be served after;
//! an etcd that is down stops nothing, one that goes on with another certificate undoes everything.

use crate::patient::{LOOPBACK, OWN, Patient};
use crate::release::Release;
use crate::run::{Told, pkidoctor};
use crate::server::{Etcd, State};
use crate::tls::{self, on_disk};
use clinic::key::{Container, Kind};
use rustls::ServerConnection;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Loopback addresses are nobody's, so that the address is given.
fn renew(patient: &Patient, target: &str) -> Told {
    pkidoctor(patient, 0, &["regen", target, "--san", OWN, "--verify-live", "--wait", "2s", "--yes"])
}

fn server(patient: &Patient) -> PathBuf {
    patient.directory(0).join("pki/etcd/server.crt")
}

/// What was seen at an endpoint, by its outcome.
fn outcomes(told: &Told) -> Vec<&str> {
    let live = told.json["live"].as_array().into_iter().flatten();
    live.filter_map(|seen| seen["outcome"].as_str()).collect()
}

/// It runs: the pair is accepted, and served.
pub(crate) fn running(release: Release) {
    let mut patient = Patient::healthy(release, 91);
    patient.write();
    let mut etcd = Etcd::start(release, &patient, 0);
    assert_eq!(etcd.settled(), State::Serves, "{}", etcd.log());
    for target in ["etcd-server", "etcd", "all"] {
        let before = on_disk(&server(&patient));
        let told = renew(&patient, target).ended(0);
        let seen = outcomes(&told);
        assert!(seen.contains(&"accepted") && seen.contains(&"served"), "{}", told.words);
        assert!(!seen.contains(&"unverified"), "{}", told.words);
        assert_ne!(on_disk(&server(&patient)), before, "{target}");
    }
    // a foreign key over the good one: nobody is served until it is mended
    let key = patient.key(Kind::P256).to_pem(&Container::Sec1WithParameters);
    std::fs::write(server(&patient).with_extension("key"), key).expect("writes");
    let words = ["fix", "--yes", "--verify-live", "--wait", "2s"];
    let told = pkidoctor(&patient, 0, &words);
    assert!(outcomes(&told).contains(&"served"), "{}", told.words);
    assert!(etcd.is_running());
}

/// It is down, perhaps because of this very fault.
pub(crate) fn down(release: Release) {
    let mut patient = Patient::healthy(release, 92);
    patient.write();
    let before = on_disk(&server(&patient));
    let told = renew(&patient, "etcd-server").ended(0);
    assert!(outcomes(&told).contains(&"unverified"), "{}", told.words);
    assert_ne!(on_disk(&server(&patient)), before);
}

/// Its CA in memory is another one than that on disk.
pub(crate) fn another_ca(release: Release) {
    let mut old = Patient::healthy(release, 93);
    old.write();
    let mut etcd = Etcd::start(release, &old, 0);
    assert_eq!(etcd.settled(), State::Serves, "{}", etcd.log());
    // the same node with a PKI of its own, all of it new
    let mut new = Patient::healthy(release, 94);
    new.ports.clone_from(&old.ports);
    new.write();
    let of = |patient: &Patient| patient.directory(0).join("pki");
    for name in ["ca.crt", "ca.key", "server.crt", "server.key", "peer.crt", "peer.key"] {
        std::fs::copy(of(&new).join("etcd").join(name), of(&old).join("etcd").join(name)).expect("a copy");
    }
    for name in ["etcd/healthcheck-client", "apiserver-etcd-client"] {
        for end in ["crt", "key"] {
            let name = format!("{name}.{end}");
            std::fs::copy(of(&new).join(&name), of(&old).join(&name)).expect("a copy");
        }
    }
    let before = on_disk(&server(&old));
    renew(&old, "etcd-server").refused("refused-live");
    assert_eq!(on_disk(&server(&old)), before, "nothing has changed");
}

/// Something answers there, and goes on with the certificate that it has.
pub(crate) fn goes_on_with_the_old_one(release: Release) {
    let mut patient = Patient::healthy(release, 95);
    patient.write();
    for address in [LOOPBACK, OWN] {
        serve(&patient, address);
    }
    let before = on_disk(&server(&patient));
    renew(&patient, "etcd-server").refused("not-served");
    assert_eq!(on_disk(&server(&patient)), before, "everything was put back");
    pkidoctor(&patient, 0, &["recover"]).ended(0);
}

/// A server with etcd's pair of now, for as long as the test runs.
fn serve(patient: &Patient, address: &str) {
    let config = tls::server(&server(patient));
    let listener = TcpListener::bind((address, patient.ports[0].client)).expect("a port");
    std::thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let _ = socket.set_read_timeout(Some(Duration::from_secs(5)));
            let mut connection = ServerConnection::new(Arc::clone(&config)).expect("a configuration");
            // who goes away in the middle is no affair of this server
            while connection.complete_io(&mut socket).is_ok_and(|(read, _)| read > 0) {}
        }
    });
}
