//! Renewals under a hammer: handshakes as fast as they go while the server's pair is replaced again and again, by this
//! project's transaction and beside it as kubeadm writes.
//!
//! etcd reads certificate and key anew for every handshake, so that one which falls between two writes fails.
//! `PKIDOCTOR_RENEWALS=10000` is the full figure.

use crate::patient::{ADDRESSES, LOOPBACK, NAMES, OWN, Patient};
use crate::release::Release;
use crate::run::pkidoctor;
use crate::server::{Etcd, State};
use crate::tls::{Client, on_disk};
use pkidoctor::act::{After, Change, RealFiles, Run, Staged, lock};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant, SystemTime};

/// Renewals by each way when nobody asks for more.
const RENEWALS: usize = 300;
/// Both ways renew at this pace at most, so that as many handshakes meet a renewal of either.
const PACE: Duration = Duration::from_millis(15);
/// The ways take turns, so that what else the machine does is alike for both.
const TURN: usize = 50;
/// Those who shake hands.
const HANDS: usize = 4;
/// What a handshake that began before a turn's end may take.
const REST: Duration = Duration::from_millis(50);
/// With fewer failures of kubeadm's way there is nothing to compare.
const TELLING: usize = 20;

/// Targets and the files that they make, in the order of their making.
const LEAVES: [(&str, &str); 4] = [
    ("etcd-server", "etcd/server"),
    ("etcd-peer", "etcd/peer"),
    ("etcd-healthcheck-client", "etcd/healthcheck-client"),
    ("apiserver-etcd-client", "apiserver-etcd-client"),
];
/// Those that a member shows; the others are its clients'.
const SHOWN: [&str; 2] = ["etcd-server", "etcd-peer"];

/// A certificate and its key as they are in files.
type Pair = [Vec<u8>; 2];

/// The members of a cluster, running.
struct Members {
    patient: Patient,
    etcds: Vec<Etcd>,
}

impl Members {
    fn start(release: Release, mut patient: Patient) -> Self {
        patient.write();
        let nodes = 0..patient.ports.len();
        let mut etcds: Vec<Etcd> = nodes.map(|node| Etcd::start(release, &patient, node)).collect();
        for etcd in &mut etcds {
            assert_eq!(etcd.settled(), State::Serves, "{}", etcd.log());
        }
        Self { patient, etcds }
    }

    fn pki(&self, node: usize) -> PathBuf {
        self.patient.directory(node).join("pki")
    }
}

/// What came of the handshakes during the turns of one way.
#[derive(Default)]
struct Count {
    renewals: AtomicUsize,
    /// renewals during which a handshake failed
    felt: AtomicUsize,
    /// microseconds that renewing took
    took: AtomicUsize,
    done: AtomicUsize,
    failed: AtomicUsize,
    words: Mutex<BTreeMap<String, usize>>,
}

impl Count {
    fn failures(&self) -> usize {
        self.failed.load(Ordering::Relaxed)
    }

    fn handshake(&self, outcome: Result<String, String>) {
        match outcome {
            Ok(_) => _ = self.done.fetch_add(1, Ordering::Relaxed),
            Err(words) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                *self.words.lock().expect("nobody panics here").entry(words).or_default() += 1;
            }
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [&self.renewals, &self.felt, &self.took, &self.done, &self.failed];
        let [renewals, felt, took, done, failed] = counts.map(|count| count.load(Ordering::Relaxed));
        if let Some(each) = took.checked_div(renewals) {
            write!(f, "{renewals} renewals of {each} µs, {felt} felt, ")?;
        }
        write!(f, "{done} done, {failed} failed {:?}", self.words.lock().expect("nobody panics here"))
    }
}

/// At most a tenth of the handshakes that fail beside kubeadm's way of writing fail beside ours.
pub(crate) fn hammered(release: Release) {
    let members = Members::start(release, Patient::healthy(release, 73));
    let client = Client::of(&members.pki(0), "etcd/healthcheck-client");
    let port = members.patient.ports[0].client;
    let mut writer = Writer::new(&members);
    let (ours, kubeadms) = (Count::default(), Count::default());
    let renewals = std::env::var("PKIDOCTOR_RENEWALS").map_or(RENEWALS, |text| text.parse().expect("a number"));
    for start in (0..renewals).step_by(TURN) {
        let count = TURN.min(renewals - start);
        hammer(&client, port, &ours, || writer.turn(&ours, count, Writer::transaction));
        hammer(&client, port, &kubeadms, || writer.turn(&kubeadms, count, Writer::as_kubeadm));
    }
    let told = format!("etcd {}, handshakes\n  ours: {ours}\n  kubeadm's: {kubeadms}", release.version());
    let _ = writeln!(std::io::stdout(), "{told}");
    assert!(kubeadms.failures() >= TELLING, "the hammer missed: {told}");
    assert!(ours.failures() * 10 <= kubeadms.failures(), "more than a tenth: {told}");
    client.shake(LOOPBACK, port).expect("all is well in the end");
}

/// Shakes hands until `work` is over.
fn hammer(client: &Client, port: u16, count: &Count, work: impl FnOnce()) {
    let over = AtomicBool::new(false);
    scope(|scope| {
        let _end = End(&over);
        for _ in 0..HANDS {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    count.handshake(client.shake(LOOPBACK, port));
                }
            });
        }
        work();
        sleep(REST);
    });
}

/// Says that it is over when it is dropped: a scope waits for all its threads, also when the work has panicked.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Puts one of two good pairs in place of the other.
struct Writer {
    home: PathBuf,
    pairs: [Pair; 2],
    /// which of them is in place
    current: usize,
    runs: usize,
}

impl Writer {
    /// The pair in place and one that the command makes.
    fn new(members: &Members) -> Self {
        let home = members.pki(0);
        let old = pair(&home);
        pkidoctor(&members.patient, 0, &["regen", "etcd-server", "--san", OWN]).ended(0);
        Self { pairs: [old, pair(&home)], home, current: 1, runs: 0 }
    }

    fn turn(&mut self, count: &Count, renewals: usize, way: fn(&mut Self, &Pair, &Pair)) {
        for _ in 0..renewals {
            let before = count.failures();
            let start = Instant::now();
            let pairs = self.pairs.clone();
            way(self, &pairs[self.current], &pairs[1 - self.current]);
            self.current = 1 - self.current;
            count.renewals.fetch_add(1, Ordering::Relaxed);
            let took = start.elapsed();
            count.took.fetch_add(usize::try_from(took.as_micros()).expect("not for ever"), Ordering::Relaxed);
            sleep(PACE.saturating_sub(took));
            count.felt.fetch_add(usize::from(count.failures() > before), Ordering::Relaxed);
        }
    }

    /// As in production: locked, staged, everything on disk, renamed back to back; only without a backup.
    fn transaction(&mut self, old: &Pair, new: &Pair) {
        let paths = paths(&self.home);
        self.runs += 1;
        let run = Run { id: format!("hammer-{}", self.runs), words: Vec::new(), at: SystemTime::now().into() };
        let lock = lock(&RealFiles, &self.home).expect("a lock");
        let [certificate, key] = [0, 1].map(|half| Change {
            path: paths[half].canonicalize().expect("a path"),
            before: Some(Sha256::digest(&old[half]).into()),
            after: After::File { bytes: new[half].clone().into(), mode: [0o644, 0o600][half], owner: None },
        });
        let staged = Staged::stage(&lock, run, vec![certificate, key], None).expect("staged");
        staged.commit().expect("committed").finish().expect("finished");
    }

    /// kubeadm `pkiutil: WriteCertAndKey`: the key and then the certificate, each by Go's `os.WriteFile`, which
    /// truncates the file, writes and closes.
    fn as_kubeadm(&mut self, _: &Pair, new: &Pair) {
        let paths = paths(&self.home);
        std::fs::write(&paths[1], &new[1]).expect("writes");
        std::fs::write(&paths[0], &new[0]).expect("writes");
    }
}

fn paths(pki: &Path) -> [PathBuf; 2] {
    ["server.crt", "server.key"].map(|name| pki.join("etcd").join(name))
}

fn pair(pki: &Path) -> Pair {
    paths(pki).map(|path| std::fs::read(path).expect("a file"))
}

/// Each of etcd's leaves is made anew under one running member, or three of them, which go on answering all the time.
pub(crate) fn every_target(release: Release, patient: Patient) {
    let mut members = Members::start(release, patient);
    let over = AtomicBool::new(false);
    let reads = Count::default();
    // its own pair is kept in memory: a client that has it already
    let client = Client::of(&members.pki(0), "etcd/healthcheck-client");
    scope(|scope| {
        let _end = End(&over);
        for (node, ports) in members.patient.ports.iter().enumerate() {
            let place = (ADDRESSES[node], ports.client);
            let (client, over, reads) = (&client, &over, &reads);
            scope.spawn(move || read_on(client, place, over, reads));
        }
        for node in 0..members.etcds.len() {
            renew(&members, node);
        }
    });
    let count = members.etcds.len();
    let _ = writeln!(std::io::stdout(), "etcd {}, members: {count}, linearizable reads: {reads}", release.version());
    assert!(reads.done.into_inner() > count, "nobody read meanwhile");
    assert!(members.etcds.iter_mut().all(Etcd::is_running), "no member was restarted");
}

/// Linearizable reads, which only a quorum can answer, each over a connection of its own. A handshake may fall between
/// two renames, so that it is tried once more; no read may go unanswered.
fn read_on(client: &Client, place: (&str, u16), over: &AtomicBool, reads: &Count) {
    while !over.load(Ordering::Relaxed) {
        let mut answer = read(client, place);
        reads.handshake(answer.clone());
        if answer.is_err() {
            answer = read(client, place);
        }
        assert!(is_answered(&answer), "{place:?}: {answer:?}");
    }
}

fn read(client: &Client, place: (&str, u16)) -> Result<String, String> {
    client.post(place, "/v3/kv/range", r#"{"key":"Zm9v"}"#)
}

fn is_answered(answer: &Result<String, String>) -> bool {
    matches!(answer, Ok(text) if text.starts_with("HTTP/1.1 200"))
}

/// The leaves of a node; those that a member shows are shown at once, those of clients are taken.
fn renew(members: &Members, node: usize) {
    let (pki, ports) = (members.pki(node), members.patient.ports[node]);
    let own = ADDRESSES[node];
    for (target, stem) in LEAVES {
        let path = pki.join(format!("{stem}.crt"));
        let old = on_disk(&path);
        let words = ["regen", target, "--san", own];
        let is_shown = SHOWN.contains(&target);
        // a loopback address is nobody's, so that the command asks for it
        pkidoctor(&members.patient, node, if is_shown { &words } else { &words[..2] }).ended(0);
        let new = on_disk(&path);
        assert_ne!(old, new, "{target} of {} is new", NAMES[node]);
        let (client, port) = match target {
            "etcd-peer" => ("etcd/peer", ports.peer),
            "etcd-server" => ("etcd/healthcheck-client", ports.client),
            _ => (stem, ports.client),
        };
        let served = Client::of(&pki, client).shake(own, port).expect("a handshake with the new pair");
        if is_shown {
            assert_eq!(served, new, "{target} of {} is served", NAMES[node]);
        }
        // in TLS 1.3 the server's word on a client comes later: with the first answer
        if port == ports.client {
            let answer = read(&Client::of(&pki, client), (own, port));
            assert!(is_answered(&answer), "{target}: {answer:?}");
        }
    }
}
