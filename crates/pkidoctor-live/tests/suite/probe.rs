//! A whole node, walked on loopback.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::spawn;
use std::time::Duration;

use pkidoctor::go::GoVersion;
use pkidoctor::live::{self, End, LiveLink, LiveVerdict};
use pkidoctor::read::{self, Request};
use pkidoctor_live::{Probed, Settings, probe};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use time::macros::datetime;

use crate::support::{BOTH, node, server_config};

/// A server that takes whoever its configuration takes, and answers in the protocol that was agreed on.
fn serve(config: Arc<ServerConfig>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    spawn(move || {
        for stream in listener.incoming().flatten() {
            let config = Arc::clone(&config);
            spawn(move || {
                let mut tls = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
                let mut buffer = [0; 1024];
                let Ok(1..) = tls.read(&mut buffer) else { return };
                let answer: &[u8] = match tls.conn.alpn_protocol() {
                    Some(_) => b"\0\0\0\x04\0\0\0\0\0",
                    None => b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                };
                let _ = tls.write_all(answer);
                let _ = tls.flush();
                let _ = tls.read(&mut buffer);
            });
        }
    });
    port
}

/// A node's file system, on loopback, with these ports for etcd's clients, its peers and the API server.
struct Root(PathBuf);

impl Root {
    fn new(name: &str, ports: [u16; 3]) -> Self {
        let root = std::env::temp_dir().join(format!("pkidoctor-live-{}-{name}", std::process::id()));
        let place = |text: String| {
            let [client, peer, secure] = ports;
            text.replace("192.168.6.11", "127.0.0.1")
                .replace(":2379", &format!(":{client}"))
                .replace(":2380", &format!(":{peer}"))
                .replace(":6443", &format!(":{secure}"))
                .replace("--secure-port=6443", &format!("--secure-port={secure}"))
        };
        copy(&node(), &root.join("etc/kubernetes"), &place);
        Self(root)
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn copy(from: &Path, to: &Path, place: &dyn Fn(String) -> String) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target, place);
        } else {
            std::fs::write(target, place(std::fs::read_to_string(source).unwrap())).unwrap();
        }
    }
}

/// Every walked link with what came of it, in words.
fn walked(request: &Request) -> Vec<String> {
    let now = datetime!(2026-11-23 04:00 UTC);
    let cluster = read::cluster(request, now, GoVersion::NEWEST).unwrap();
    let settings = Settings { timeout: Duration::from_secs(2), ..Settings::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let Probed { links, evidence, .. } = runtime.block_on(probe(request, &cluster, &settings, |_| ()));
    let live = live::judge(&cluster, &links, &evidence);
    let told = links.iter().zip(&live.links).filter_map(|(link, live)| {
        let outcome = match live {
            LiveLink::NoServer => return None,
            LiveLink::NotDialled(_, why) => format!("{why:?}"),
            LiveLink::Seen(seen) => match (seen.verdict, seen.refused_by) {
                (LiveVerdict::Ok, _) => {
                    assert_eq!((&seen.seen.end, seen.seen.key_proved), (&End::Served, Some(true)));
                    "ok".to_owned()
                }
                (LiveVerdict::Unreachable, _) => "unreachable".to_owned(),
                (LiveVerdict::Broken, by) => format!("{by:?}: {}", seen.error.as_deref().unwrap()),
            },
        };
        Some(format!("{} {} {outcome}", link.id, link.name.as_deref().unwrap_or("-")))
    });
    told.collect()
}

#[test]
fn a_node_is_walked_with_the_identities_of_its_clients() {
    let etcd = serve(server_config("etcd/server", BOTH, &[b"h2"]));
    // another process owns the peer port
    let peer = serve(server_config("apiserver", BOTH, &[]));
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let root = Root::new("walk", [etcd, peer, nobody]);
    let request =
        Request { paths: vec![PathBuf::from("/etc/kubernetes/pki")], root: Some(root.0.clone()), ..Request::default() };
    // the name comes before the chain, as in Go
    let other =
        "tls: failed to verify certificate: x509: certificate is valid for 10.96.0.1, 192.168.6.11, not 127.0.0.1";
    let mut walked = walked(&request);
    // a kubelet may well listen where the tests run
    walked.retain(|line| !line.starts_with("kube-apiserver->kubelet"));
    assert_eq!(
        walked,
        [
            "kube-apiserver->etcd 127.0.0.1 ok".to_owned(),
            "kubeadm->etcd 127.0.0.1 ok".to_owned(),
            "etcd-gateway->etcd - ok".to_owned(),
            format!("etcd-peer->etcd-peer 127.0.0.1 Some(Client): {other}"),
            "admin.conf->kube-apiserver 127.0.0.1 unreachable".to_owned(),
            "controller-manager.conf->kube-apiserver 127.0.0.1 unreachable".to_owned(),
            "scheduler.conf->kube-apiserver 127.0.0.1 unreachable".to_owned(),
            "kubelet.conf->kube-apiserver 127.0.0.1 unreachable".to_owned(),
            "pod->kube-apiserver 10.96.0.1 unreachable".to_owned(),
            "pod->kube-apiserver kubernetes.default.svc unreachable".to_owned(),
        ]
    );
}

#[test]
fn the_loopback_of_a_copy_is_not_dialled() {
    let root = Root::new("copy", [2379, 2380, 6443]);
    let request = Request { paths: vec![root.0.join("etc/kubernetes/pki")], ..Request::default() };
    let walked = walked(&request);
    assert!(walked.len() > 8);
    assert!(walked.iter().all(|line| line.ends_with("LoopbackOfACopy")), "{walked:?}");
}
