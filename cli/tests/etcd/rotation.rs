//! etcd's CA is replaced under running members: in three steps, none of which is done before what runs has proved
//! that it is its turn.

use crate::patient::{ADDRESSES, Patient};
use crate::release::Release;
use crate::run::{Told, with_others};
use crate::server::{Etcd, State};
use crate::tls::{self, Client, on_disk};
use rustls::{ServerConnection, StreamOwned};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// What stands in for a kube-apiserver: its pair, and metrics that tell when it was started.
struct ApiServer {
    started: Arc<AtomicI64>,
}

impl ApiServer {
    fn of(patient: &Patient, node: usize) -> Self {
        let config = tls::server(&patient.directory(node).join("pki/apiserver.crt"));
        let listener = TcpListener::bind((ADDRESSES[node], patient.ports[node].nobody)).expect("a port");
        let started = Arc::new(AtomicI64::new(crate::patient::now()));
        let since = Arc::clone(&started);
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let _ = socket.set_read_timeout(Some(Duration::from_secs(5)));
                let connection = ServerConnection::new(Arc::clone(&config)).expect("a configuration");
                let mut tls = StreamOwned::new(connection, socket);
                // who goes away in the middle is no affair of this server
                let _ = tls.read(&mut [0; 4096]);
                let metrics = format!("process_start_time_seconds {}e+00\n", since.load(Ordering::Relaxed));
                let head = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n# HELP x y\n";
                let _ = tls.write_all(format!("{head}{metrics}").as_bytes());
                tls.conn.send_close_notify();
                let _ = tls.flush();
            }
        });
        Self { started }
    }

    fn restart(&self) {
        // a file's age is known in whole seconds
        std::thread::sleep(Duration::from_millis(2100));
        self.started.store(crate::patient::now(), Ordering::Relaxed);
    }
}

/// A cluster with everything that runs in it.
struct Control {
    release: Release,
    patient: Patient,
    etcds: Vec<Etcd>,
    servers: Vec<ApiServer>,
}

impl Control {
    fn start(release: Release, mut patient: Patient) -> Self {
        patient.write();
        let nodes = 0..patient.ports.len();
        let etcds = nodes.clone().map(|node| Etcd::start(release, &patient, node)).collect();
        let servers = nodes.map(|node| ApiServer::of(&patient, node)).collect();
        let mut control = Self { release, patient, etcds, servers };
        control.settled();
        control
    }

    fn settled(&mut self) {
        for etcd in &mut self.etcds {
            assert_eq!(etcd.settled(), State::Serves, "{}", etcd.log());
        }
    }

    fn pki(&self, node: usize) -> PathBuf {
        self.patient.directory(node).join("pki")
    }

    /// A step on a node, with the others' files beside it.
    fn step(&self, node: usize, step: &str, more: &[&str]) -> Told {
        let words = [&["regen", "etcd-ca", "--step", step, "--yes"], more].concat();
        let mut nodes: Vec<usize> = (0..self.etcds.len()).collect();
        nodes.swap(0, node);
        with_others(&self.patient, &nodes, &words)
    }

    /// The same with its proofs, by what runs.
    fn proved(&self, node: usize, step: &str) -> Told {
        self.step(node, step, &["--verify-live", "--wait", "5s"])
    }

    /// One after the other, as the plan says: the cluster never loses its quorum.
    fn restart_etcds(&mut self) {
        for node in 0..self.etcds.len() {
            self.etcds[node].stop();
            self.etcds[node] = Etcd::start(self.release, &self.patient, node);
            assert_eq!(self.etcds[node].settled(), State::Serves, "{}", self.etcds[node].log());
            self.answers();
        }
    }

    /// Every member takes this PKI's clients, and serves what lies on its disk.
    fn answers(&self) {
        for (node, address) in (0..self.etcds.len()).zip(ADDRESSES) {
            let client = Client::of(&self.pki(node), "etcd/healthcheck-client");
            let served = client.shake(address, self.patient.ports[node].client).expect("a handshake");
            assert_eq!(served, on_disk(&self.pki(node).join("etcd/server.crt")));
            // a range over one key, which takes a quorum
            let address = (address, self.patient.ports[node].client);
            let answer = client.post(address, "/v3/kv/range", r#"{"key":"aGVhbHRo"}"#).expect("an answer");
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        }
    }

    fn whole(&self) {
        let nodes: Vec<usize> = (0..self.etcds.len()).collect();
        let scan = with_others(&self.patient, &nodes, &["scan", "--fail-on", "error"]).ended(0);
        assert_eq!(scan.json["summary"]["error"], 0, "{}", scan.words);
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::copy(from, to).expect("a copy");
}

/// A member that is alone, and every proof that is asked for.
pub(crate) fn alone(release: Release) {
    let mut control = Control::start(release, Patient::healthy(release, 81));
    let before = on_disk(&control.pki(0).join("etcd/server.crt"));
    control.step(0, "leaves", &[]).refused("wrong-step");
    control.step(0, "drop", &[]).refused("wrong-step");

    control.step(0, "bundle", &[]).ended(0);
    control.step(0, "bundle", &[]).refused("wrong-step");
    control.whole();
    control.step(0, "leaves", &[]).refused("not-proved");
    // etcd has the old CA alone in memory
    let told = control.proved(0, "leaves");
    told.refused("not-proved");
    assert!(told.words.contains("restart it"), "{}", told.words);
    control.restart_etcds();
    // and kube-apiserver is older than the bundle
    let told = control.proved(0, "leaves");
    told.refused("not-proved");
    assert!(told.words.contains("older than the bundle"), "{}", told.words);
    assert_eq!(on_disk(&control.pki(0).join("etcd/server.crt")), before, "nothing has changed");
    control.servers[0].restart();

    control.proved(0, "leaves").ended(0);
    assert_ne!(on_disk(&control.pki(0).join("etcd/server.crt")), before);
    assert!(control.etcds[0].is_running(), "without a restart");
    control.whole();
    control.answers();

    control.proved(0, "drop").ended(0);
    control.whole();
    control.restart_etcds();
    control.step(0, "drop", &[]).refused("wrong-step");
}

/// Three members: every step on every node, and none before its turn.
pub(crate) fn of_three(release: Release) {
    let mut control = Control::start(release, Patient::three(release, 82));
    control.step(0, "bundle", &[]).ended(0);
    for node in 1..3 {
        // without the other nodes' bundle the new leaves would be refused
        control.proved(0, "leaves").refused("not-bundled");
        for name in ["ca-next.crt", "ca-next.key"] {
            copy(&control.pki(0).join("etcd").join(name), &control.pki(node).join("etcd").join(name));
        }
        control.step(node, "bundle", &[]).ended(0);
    }
    control.whole();
    control.restart_etcds();
    control.proved(0, "leaves").refused("not-proved");
    control.servers.iter().for_each(ApiServer::restart);
    crate::run::pkidoctor(&control.patient, 0, &["regen", "etcd-ca", "--step", "leaves", "--yes"])
        .refused("nodes-missing");

    for node in 0..3 {
        control.proved(node, "leaves").ended(0);
        control.answers();
        if node < 2 {
            control.proved(0, "drop").refused("leaves-left");
        }
    }
    control.whole();
    for node in 0..3 {
        control.proved(node, "drop").ended(0);
        control.servers[node].restart();
    }
    control.whole();
    control.restart_etcds();
}
