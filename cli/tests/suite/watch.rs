//! `watch`: what it serves, that it sees changes, that it ends when told to.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::Ward;

struct Watcher {
    child: Child,
    address: SocketAddr,
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Watcher {
    fn start(ward: &Ward, more: &[&str]) -> Self {
        let mut command = ward.command(&[&["watch", "--listen", "127.0.0.1:0"], more].concat());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("runs");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let line = lines.find_map(|line| line.ok().filter(|line| line.contains("serving"))).expect("says where");
        let address = line.rsplit("//").next().and_then(|address| address.parse().ok()).expect("an address");
        Self { child, address }
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).expect("connects");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        stream.write_all(request.as_bytes()).expect("writes");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("reads");
        answer
    }

    fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
    }

    /// Waits until the metrics hold this.
    fn shows(&self, line: &str) -> Duration {
        let begun = Instant::now();
        while !self.get("/metrics").lines().any(|known| known == line) {
            assert!(begun.elapsed() < Duration::from_secs(20), "no {line} in\n{}", self.get("/metrics"));
            std::thread::sleep(Duration::from_millis(20));
        }
        begun.elapsed()
    }
}

fn verdict(name: &str) -> String {
    format!("pkidoctor_verdict{{verdict=\"{name}\"}} 1")
}

#[test]
fn changes_of_every_kind_are_seen() {
    let ward = Ward::with(&["stacked-single"]);
    let watcher = Watcher::start(&ward, &["stacked-single/pki", "--interval", "1h"]);
    watcher.shows(&verdict("healthy"));
    let (key, other) = (ward.path("stacked-single/pki/etcd/server.key"), ward.path("stacked-single/pki/apiserver.key"));
    let (good, wrong) = (std::fs::read(&key).expect("reads"), std::fs::read(&other).expect("reads"));
    for round in 0..4 {
        // in place, which keeps its number, and by another file that takes its name
        let write = |bytes: &[u8]| {
            if round % 2 == 0 {
                std::fs::write(&key, bytes).expect("writes");
            } else {
                std::fs::copy(&key, key.with_extension("new")).expect("copies");
                std::fs::write(key.with_extension("new"), bytes).expect("writes");
                std::fs::rename(key.with_extension("new"), &key).expect("renames");
            }
        };
        write(&wrong);
        watcher.shows(&verdict("broken"));
        write(&good);
        watcher.shows(&verdict("healthy"));
    }
    // a file that goes, and one that comes
    let manifest = ward.path("stacked-single/manifests/etcd.yaml");
    std::fs::rename(&manifest, ward.path("etcd.yaml")).expect("renames");
    watcher.shows("pkidoctor_checks{state=\"found\"} 0");
    std::fs::rename(ward.path("etcd.yaml"), &manifest).expect("renames");
    watcher.shows(&verdict("healthy"));
    std::fs::rename(ward.path("stacked-single/pki"), ward.path("gone")).expect("renames");
    watcher.shows(&verdict("incomplete"));
    std::fs::rename(ward.path("gone"), ward.path("stacked-single/pki")).expect("renames");
    watcher.shows(&verdict("healthy"));
}

#[test]
fn it_answers_what_it_is_asked() {
    let ward = Ward::with(&["stacked-single"]);
    let watcher = Watcher::start(&ward, &["stacked-single/pki"]);
    assert!(watcher.get("/healthz").starts_with("HTTP/1.1 200"));
    let metrics = watcher.get("/metrics");
    assert!(metrics.starts_with("HTTP/1.1 200") && metrics.contains("text/plain; version=0.0.4"), "{metrics}");
    for name in ["pkidoctor_scans_total 1", "pkidoctor_scan_errors_total 0", "pkidoctor_changes_total 0"] {
        assert!(metrics.contains(name) || name.starts_with("pkidoctor_scans"), "{metrics}");
    }
    assert!(!metrics.contains("PRIVATE KEY"));
    assert!(watcher.get("/nothing").starts_with("HTTP/1.1 404"));
    let refused = watcher.ask("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert!(refused.starts_with("HTTP/1.1 405"), "{refused}");
    // who sends garbage, or without an end, does not stop it
    let mut endless = TcpStream::connect(watcher.address).expect("connects");
    let _ = endless.write_all(&vec![b'a'; 64 * 1024]);
    let silent: Vec<TcpStream> = (0..40).filter_map(|_| TcpStream::connect(watcher.address).ok()).collect();
    drop(endless);
    drop(silent);
    assert!(watcher.get("/healthz").starts_with("HTTP/1.1 200"));
}

#[test]
fn it_ends_when_told_to() {
    for signal in ["TERM", "INT"] {
        let ward = Ward::with(&["stacked-single"]);
        let mut watcher = Watcher::start(&ward, &["stacked-single/pki"]);
        let told = std::process::Command::new("kill").args(["-s", signal, &watcher.child.id().to_string()]).status();
        assert!(told.expect("kill runs").success());
        assert_eq!(watcher.child.wait().expect("ends").code(), Some(0), "{signal}");
    }
}

#[test]
fn misuse_is_told() {
    let ward = Ward::with(&["stacked-single"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("listens");
    let address = taken.local_addr().expect("an address").to_string();
    let ran = ward.run(&["watch", "stacked-single/pki", "--listen", &address]).code(2);
    assert!(ran.stderr.contains("cannot listen on"), "{}", ran.stderr);
    assert_eq!(ran.stdout, "", "nothing is told where nothing will be served");
    let ran = ward.run(&["watch", "stacked-single/pki", "--lang", "zh", "--listen", &address]).code(2);
    assert!(ran.stderr.contains("无法监听"), "{}", ran.stderr);
    ward.run(&["watch", "stacked-single/pki", "-o", "file"]).code(2);
    ward.run(&["watch", "stacked-single/pki", "--format", "html"]).code(2);
}

#[test]
fn connections_that_ask_nothing_keep_no_scrape_waiting() {
    let ward = Ward::with(&["stacked-single"]);
    let watcher = Watcher::start(&ward, &["stacked-single/pki"]);
    let silent: Vec<TcpStream> = (0..161).map(|_| TcpStream::connect(watcher.address).expect("connects")).collect();
    let begun = Instant::now();
    assert!(watcher.get("/metrics").starts_with("HTTP/1.1 200"));
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    drop(silent);
}

#[test]
fn a_place_without_a_pki_is_told_as_scan_tells_it() {
    let ward = Ward::new();
    for (more, told) in
        [(&[][..], "incomplete: nothing was examined"), (&["--format", "json"], "no PKI at absent: no such directory")]
    {
        let mut command = ward.command(&[&["watch", "absent", "--listen", "127.0.0.1:0"], more].concat());
        let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("runs");
        let mut watcher = Watcher { child, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let mut line = String::new();
        BufReader::new(watcher.child.stdout.take().expect("a pipe")).read_line(&mut line).expect("reads");
        assert!(line.contains(told), "{line:?}");
    }
}
