//! `probe` against running servers: hostile ones cost bounded time and memory, odd ones do not fool it.

mod fooled;
mod grpc;
mod hostile;
mod servers;

use std::io::Read;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use clinic::Cluster;
use clinic::cluster::Role;
use clinic::extension::AltName;
use clinic::file::File;
use clinic::key::Key;
use serde_json::Value;

use crate::support::{Ran, Ward};

/// What every probe here is given.
const TIMEOUT: Duration = Duration::from_millis(700);

/// The link to etcd that every tree here has.
const ETCD: &str = "kube-apiserver->etcd";
const PEER: &str = "etcd-peer->etcd-peer";
const ADMIN: &str = "admin.conf->kube-apiserver";

static KUBEADM: LazyLock<Cluster> = LazyLock::new(|| Cluster::kubeadm(7));

/// A node's tree of its own, removed on drop, and what it was made from.
struct Patient {
    ward: Ward,
    cluster: Cluster,
}

impl Patient {
    /// As kubeadm makes it.
    fn new() -> Self {
        Self::with(|_| ())
    }

    /// As kubeadm makes it, but for one thing.
    fn with(change: impl FnOnce(&mut Cluster)) -> Self {
        let mut cluster = KUBEADM.clone();
        change(&mut cluster);
        let ward = Ward::new();
        cluster.write(&ward.path("tree/etc/kubernetes")).expect("writes");
        Self { ward, cluster }
    }

    /// Everything that the node names is on loopback; where none of these ports is named, nobody listens.
    fn on_loopback(self, servers: &[(&str, u16)]) -> Self {
        let directory = self.ward.path("tree/etc/kubernetes");
        let ports = [":2379", ":2380", ":2381", ":6443"].map(|usual| {
            let port = servers.iter().find(|(name, _)| *name == usual).map_or_else(closed_port, |(_, port)| *port);
            (usual, format!(":{port}"))
        });
        let named = crate::support::files(&directory).into_iter();
        for path in named.filter(|path| path.extension().is_some_and(|end| end == "conf" || end == "yaml")) {
            let text = std::fs::read_to_string(&path).expect("reads").replace("192.168.6.11", "127.0.0.1");
            let text = ports.iter().fold(text, |text, (from, to)| text.replace(from, to));
            std::fs::write(&path, text).expect("writes");
        }
        self
    }

    fn pki(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.ward.path("tree/etc/kubernetes/pki").join(name)).expect(name)
    }

    /// Probes a copy of the tree.
    fn probe(&self, arguments: &[&str]) -> Watched {
        self.watched(&["--pki", "tree/etc/kubernetes/pki", "--format", "json"], arguments)
    }

    /// Probes the tree as the node that it is.
    fn probe_node(&self, arguments: &[&str]) -> Watched {
        self.watched(&["--root", "tree", "--format", "json"], arguments)
    }

    fn watched(&self, place: &[&str], arguments: &[&str]) -> Watched {
        let (timeout, at) = (format!("{}ms", TIMEOUT.as_millis()), self.cluster.at_text());
        watch(self.ward.command(&[&["probe"], arguments, place, &["--timeout", &timeout, "--at", &at]].concat()))
    }
}

/// Gives a server of the node another key.
fn rekey(cluster: &mut Cluster, role: Role, key: Key) {
    let (_, place) = cluster.pair_places(0, role).expect("a pair");
    *cluster.file(0, &place).expect("a key file") = File::key(&key);
    cluster.leaf(0, role).expect("a leaf").key = key;
}

/// Gives a server of the node other names.
fn rename(cluster: &mut Cluster, role: Role, names: &[&str]) {
    let names: Vec<AltName> = names.iter().copied().map(AltName::host).collect();
    cluster.leaf(0, role).expect("a leaf").certificate.set_names(&names);
}

/// A node whose API server may be called by loopback, too.
fn callable() -> Patient {
    let names = ["kubernetes.default.svc", "10.96.0.1", "192.168.6.11", "127.0.0.1"];
    Patient::with(|cluster| rename(cluster, Role::Apiserver, &names))
}

/// A run of the binary and what it cost.
struct Watched {
    ran: Ran,
    took: Duration,
    /// The most that it ever had in memory, in KiB.
    peak: u64,
}

impl Watched {
    #[track_caller]
    fn report(&self) -> Value {
        assert!([0, 1].contains(&self.ran.code), "{}: {}{}", self.ran.code, self.ran.stdout, self.ran.stderr);
        self.ran.json()
    }
}

/// Whoever takes more is stopped: a broken promise, and no reason to lose the machine.
const LONGEST: Duration = Duration::from_secs(5);
const LARGEST: u64 = 1 << 20;

/// Runs a command; its memory is read from outside every millisecond, since the kernel forgets it with the process.
fn watch(mut command: Command) -> Watched {
    let begin = Instant::now();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let (stdout, stderr) = (child.stdout.take().map(all), child.stderr.take().map(all));
    let mut peak = 0;
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        peak = high_water(child.id()).unwrap_or(peak);
        if begin.elapsed() > LONGEST || peak > LARGEST {
            child.kill().expect("a child");
        }
        sleep(Duration::from_millis(1));
    };
    let took = begin.elapsed();
    let text = |pipe: Option<JoinHandle<String>>| pipe.expect("a pipe").join().expect("UTF-8");
    let ran = Ran { code: status.code().unwrap_or(STOPPED), stdout: text(stdout), stderr: text(stderr) };
    Watched { ran, took, peak }
}

/// The exit code that stands for none.
const STOPPED: i32 = -1;

/// Everything that comes out of a pipe.
fn all(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).expect("UTF-8");
        text
    })
}

/// The most memory that a living process ever had, in KiB.
fn high_water(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// A link of the first node that was dialled, with its live part.
#[track_caller]
fn live<'r>(report: &'r Value, id: &str) -> &'r Value {
    let links = report["nodes"][0]["links"].as_array().expect("links");
    let dialled = links.iter().find(|link| link["id"] == id && link["live"].is_object());
    &dialled.unwrap_or_else(|| panic!("{id} was not dialled: {report:#}"))["live"]
}

/// The codes of all findings that rest on what was seen live.
fn codes(report: &Value) -> Vec<&str> {
    report["findings"].as_array().expect("findings").iter().filter_map(|finding| finding["code"].as_str()).collect()
}

/// The finding of this code.
#[track_caller]
fn finding<'r>(report: &'r Value, code: &str) -> &'r Value {
    let findings = report["findings"].as_array().expect("findings");
    findings.iter().find(|finding| finding["code"] == code).unwrap_or_else(|| panic!("no {code}: {report:#}"))
}

/// A port where nobody listens.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

fn url(port: u16) -> String {
    format!("https://127.0.0.1:{port}")
}
