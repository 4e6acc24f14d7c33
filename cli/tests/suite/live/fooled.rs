//! What a careless prober would take for a healthy etcd, or for a dead one.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use clinic::Cluster;
use clinic::cluster::Role;
use clinic::config::Url;
use clinic::key::{Key, Kind};
use clinic::rng::Rng;
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use serde_json::Value;

use crate::support::{NOW, Ward};

use super::grpc::{Answer, answer, healthy};
use super::servers::{
    Anybody, BOTH, ONLY_12, Tls, apiserver, chain, clinic_pair, config, etcd, first, hold, pair, serve, serve_on,
    serve_tls,
};
use super::{ADMIN, ETCD, Patient, callable, closed_port, codes, finding, live, rekey, rename, url};

/// The tree of another cluster: the same names, other keys.
fn stranger() -> Patient {
    Patient::with(|cluster| *cluster = Cluster::kubeadm(8))
}

/// Probes etcd at a port and returns what the exit code goes with.
#[track_caller]
fn probed(patient: &Patient, port: u16, code: i32) -> Value {
    let run = patient.probe(&[&url(port)]);
    let report = run.report();
    assert_eq!(run.ran.code, code, "{report:#}");
    report
}

#[track_caller]
fn fact<'r>(finding: &'r Value, label: &str) -> &'r str {
    let facts = finding["facts"].as_array().expect("facts");
    let known = facts.iter().find(|fact| fact["label"] == label);
    known.and_then(|fact| fact["value"].as_str()).unwrap_or_else(|| panic!("no {label}: {finding:#}"))
}

#[test]
fn an_etcd_that_is_well() {
    let patient = Patient::new();
    let port = serve_tls(etcd(&patient), |tls| answer(tls, healthy));
    let report = probed(&patient, port, 0);
    let live = live(&report, ETCD);
    assert_eq!((&live["stage"], &live["verdict"], &live["tls"]), (&"etcd".into(), &"ok".into(), &"1.3".into()));
    assert_eq!((&live["key_proved"], &live["asks_for_certificate"]), (&true.into(), &true.into()));
    assert_eq!(live["trusted_ca_names"], serde_json::json!(["CN=etcd-ca"]));
    assert_eq!((&live["etcd"]["version"], &live["etcd"]["health"]), (&"3.5.1".into(), &true.into()));
}

#[test]
fn a_proxy_that_terminates_tls() {
    let patient = Patient::new();
    let port = serve_tls(config(pair(&stranger(), "etcd/server"), None, BOTH), |tls| answer(tls, healthy));
    let report = probed(&patient, port, 1);
    let live = live(&report, ETCD);
    assert_eq!((&live["verdict"], &live["refused_by"]), (&"broken".into(), &"client".into()), "{live:#}");
    assert_eq!((&live["asks_for_certificate"], &live["key_proved"]), (&false.into(), &true.into()), "{live:#}");
    let words = live["error"].as_str().expect("words");
    assert!(words.starts_with("tls: failed to verify certificate: x509: certificate signed by unknown authority"));
    assert_eq!(live["server_error"], "remote error: tls: bad certificate");
    let finding = finding(&report, "served-not-on-disk");
    assert_eq!((&finding["severity"], &finding["subject"]), (&"error".into(), &"etcd/server.crt".into()));
    assert!(fact(finding, "asks for a client certificate").starts_with("no: a proxy"));
}

#[test]
fn a_proxy_with_a_certificate_of_the_same_authority() {
    let patient = Patient::new();
    let port = serve_tls(config(pair(&patient, "etcd/peer"), None, BOTH), |tls| answer(tls, healthy));
    let report = probed(&patient, port, 1);
    let live = live(&report, ETCD);
    // it works, and whoever comes is let in
    assert_eq!((&live["verdict"], &live["asks_for_certificate"]), (&"ok".into(), &false.into()), "{live:#}");
    assert_eq!(finding(&report, "served-not-on-disk")["severity"], "warning");
    assert_eq!(finding(&report, "port-open")["severity"], "error");
}

#[test]
fn http_on_the_port() {
    let patient = Patient::new();
    let port = serve(|mut stream| {
        let asked = first(&mut stream);
        let status = if asked.starts_with(b"GET ") { "200 OK" } else { "400 Bad Request" };
        let _ = stream.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").as_bytes());
    });
    let report = probed(&patient, port, 1);
    let live = live(&report, ETCD);
    assert_eq!((&live["stage"], &live["refused_by"]), (&"tls".into(), &"client".into()), "{live:#}");
    assert_eq!(live["error"], "tls: first record does not look like a TLS handshake");
    assert_eq!(finding(&report, "plain-http-answers")["severity"], "error");
    assert!(fact(finding(&report, "live-differs"), "live").starts_with("the client refuses"));
}

#[test]
fn nobody_listens() {
    let (patient, port) = (Patient::new(), closed_port());
    let report = probed(&patient, port, 1);
    let live = live(&report, ETCD);
    assert_eq!(
        (&live["stage"], &live["verdict"], &live["reached"]),
        (&"connect".into(), &"unreachable".into(), &false.into())
    );
    assert_eq!(live["error"], format!("dial tcp 127.0.0.1:{port}: connect: connection refused"));
    let finding = finding(&report, "endpoint-unreachable");
    assert_eq!((&finding["severity"], &finding["subject"]), (&"error".into(), &url(port).into()));
    assert!(!codes(&report).contains(&"live-differs"));
}

#[test]
fn a_name_that_the_certificate_lacks() {
    // the story: the files say the same
    let names = |cluster: &mut Cluster| rename(cluster, Role::EtcdServer, &["pi-master1", "192.168.6.11"]);
    let words = "tls: failed to verify certificate: x509: certificate is valid for 192.168.6.11, not 127.0.0.1";
    let patient = Patient::with(names);
    let port = serve_tls(etcd(&patient), hold);
    let report = probed(&patient, port, 1);
    let told = live(&report, ETCD);
    assert_eq!((&told["refused_by"], &told["error"]), (&"client".into(), &words.into()), "{told:#}");
    assert_eq!(told["server_error"], "remote error: tls: bad certificate");
    finding(&report, "san-missing");
    assert!(!codes(&report).contains(&"live-differs") && !codes(&report).contains(&"served-not-on-disk"));
    // the file is mended, the process has not heard of it
    let mended = Patient::new();
    let report = probed(&mended, port, 1);
    assert_eq!(live(&report, ETCD)["error"], words);
    finding(&report, "served-not-on-disk");
}

#[test]
fn six_is_as_good_as_four() {
    let patient = Patient::new();
    let listener = TcpListener::bind("[::1]:0").expect("IPv6 on loopback");
    let port = listener.local_addr().expect("an address").port();
    let config = Arc::new(etcd(&patient));
    serve_on(listener, move |stream| super::servers::tls(&config, stream, &|tls: &mut Tls| answer(tls, healthy)));
    let report = patient.probe(&[&format!("https://[::1]:{port}")]).report();
    let live = live(&report, ETCD);
    assert_eq!((&live["stage"], &live["verdict"]), (&"etcd".into(), &"ok".into()), "{live:#}");
    assert_eq!(live["address"], format!("[::1]:{port}"));
    assert_eq!(live["endpoint"], format!("https://[::1]:{port}"));
}

/// Notes the names that clients ask for.
#[derive(Debug)]
struct Asked {
    pair: Arc<CertifiedKey>,
    names: Mutex<Vec<Option<String>>>,
}

impl ResolvesServerCert for Asked {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().map(str::to_owned);
        self.names.lock().expect("nothing panics there").push(name);
        Some(Arc::clone(&self.pair))
    }
}

/// The names that an etcd is asked for when the API server calls it by this host.
fn names_asked_for(host: &str) -> Vec<Option<String>> {
    let patient = Patient::with(|cluster| cluster.nodes[0].apiserver.etcd_servers = vec![Url::https(host, 2379)]);
    let asked = Arc::new(Asked { pair: Arc::new(pair(&patient, "etcd/server")), names: Mutex::default() });
    let mut config = etcd(&patient);
    config.cert_resolver = Arc::clone(&asked) as _;
    let port = serve_tls(config, |tls| answer(tls, healthy));
    let run = patient.probe(&[&format!("https://{host}:{port}"), "--link", ETCD]);
    let report = run.report();
    assert_eq!(live(&report, ETCD)["verdict"], "ok", "{report:#}");
    let names = asked.names.lock().expect("nothing panics there").clone();
    assert!(!names.is_empty());
    names
}

#[test]
fn a_name_is_asked_for_and_an_address_never() {
    assert!(names_asked_for("localhost").iter().all(|name| name.as_deref() == Some("localhost")));
    assert!(names_asked_for("127.0.0.1").iter().all(Option::is_none));
}

#[test]
fn keys_of_every_kind() {
    for kind in [Kind::P521, Kind::Ed25519, Kind::P384, Kind::Rsa(4096)] {
        let key = Key::generate(kind, &mut Rng::new(5));
        let patient = Patient::with(|cluster| rekey(cluster, Role::EtcdServer, key.clone()));
        let clients = || Anybody::of(&patient, "etcd/ca.crt");
        for versions in [BOTH, ONLY_12] {
            let pair = clinic_pair(chain(&patient, "etcd/server"), &key);
            let port = serve_tls(config(pair, Some(clients()), versions), |tls| answer(tls, healthy));
            let report = patient.probe(&[&url(port)]).report();
            let live = live(&report, ETCD);
            assert_eq!((&live["verdict"], &live["key_proved"]), (&"ok".into(), &true.into()), "{kind:?}: {live:#}");
        }
    }
}

#[test]
fn a_certificate_without_its_key() {
    let patient = Patient::new();
    for versions in [BOTH, ONLY_12] {
        let pair = clinic_pair(chain(&patient, "etcd/server"), &Key::rsa(2048, 40));
        let port = serve_tls(config(pair, None, versions), |tls| answer(tls, healthy));
        let report = probed(&patient, port, 1);
        let live = live(&report, ETCD);
        assert_eq!((&live["verdict"], &live["refused_by"]), (&"broken".into(), &"client".into()), "{live:#}");
        assert_eq!(
            (&live["key_proved"], &live["error"]),
            (&false.into(), &"tls: invalid signature by the server certificate".into())
        );
        let message = finding(&report, "live-differs")["message"].as_str().expect("a message");
        assert!(message.contains("does not hold the key"), "{message}");
    }
}

#[test]
fn versions() {
    let patient = Patient::new();
    let clients = || Some(Anybody::of(&patient, "etcd/ca.crt"));
    let port =
        |versions| serve_tls(config(pair(&patient, "etcd/server"), clients(), versions), |tls| answer(tls, healthy));
    let (old, both) = (port(ONLY_12), port(BOTH));
    for (port, arguments, agreed) in [
        (old, [].as_slice(), "1.2"),
        (both, &["--tls", "1.2"], "1.2"),
        (both, &["--tls", "1.3"], "1.3"),
        (both, &["--tls", "auto"], "1.3"),
    ] {
        let report = patient.probe(&[&[url(port).as_str()], arguments].concat()).report();
        let live = live(&report, ETCD);
        assert_eq!((&live["verdict"], &live["tls"]), (&"ok".into(), &agreed.into()), "{live:#}");
    }
    let run = patient.probe(&[&url(old), "--tls", "1.3"]);
    let report = run.report();
    let live = live(&report, ETCD);
    assert_eq!((&live["alert"], &live["refused_by"]), (&"protocol_version".into(), &"server".into()), "{live:#}");
    assert_eq!((&live["error"], run.ran.code), (&"remote error: tls: protocol version not supported".into(), 1));
}

#[test]
fn loopback_of_a_copy_is_another_machine() {
    let patient = callable();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let port = serve(move |_stream| {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let patient = patient.on_loopback(&[(":2379", port), (":2380", port), (":2381", port), (":6443", port)]);
    let run = patient.probe(&[]);
    assert_eq!((run.ran.code, calls.load(Ordering::Relaxed)), (2, 0), "{}", run.ran.stderr);
    assert_ne!(run.ran.stderr, "");
    let report = run.ran.json();
    let links = report["nodes"][0]["links"].as_array().expect("links");
    let etcd = links.iter().find(|link| link["id"] == ETCD).expect("the link");
    assert!(etcd["live"].is_null());
    let facts = etcd["facts"].as_array().expect("facts");
    assert!(facts.iter().any(|fact| fact.as_str().is_some_and(|fact| fact.contains("this is a copy"))), "{facts:?}");
    assert_eq!(patient.probe(&[&url(port)]).ran.code, 1);
    assert_ne!(calls.load(Ordering::Relaxed), 0);
}

/// Counts what comes over TLS after the handshake.
fn counting(config: ServerConfig) -> (u16, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let (calls, bytes) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted_calls, counted) = (Arc::clone(&calls), Arc::clone(&bytes));
    let port = serve_tls(config, move |tls| {
        counted_calls.fetch_add(1, Ordering::Relaxed);
        let mut buffer = [0; 1024];
        while let Ok(count @ 1..) = tls.read(&mut buffer) {
            counted.fetch_add(count, Ordering::Relaxed);
        }
    });
    (port, calls, bytes)
}

#[test]
fn nothing_is_asked_of_whom_the_client_does_not_trust() {
    let patient = Patient::new();
    let other = stranger();
    let clients = || Some(Anybody { demands: false, ..Anybody::of(&patient, "etcd/ca.crt") });
    let unproved = || clinic_pair(chain(&patient, "etcd/server"), &Key::rsa(2048, 40));
    for versions in [BOTH, ONLY_12] {
        for pair in [pair(&other, "etcd/server"), unproved()] {
            let (port, calls, bytes) = counting(config(pair, clients(), versions));
            // a gateway verifies nobody, so it is not asked here
            let report = patient.probe(&[&url(port), "--link", ETCD, "--link", "kubeadm->etcd"]).report();
            assert_eq!(live(&report, ETCD)["refused_by"], "client");
            assert!(calls.load(Ordering::Relaxed) > 0);
            assert_eq!(bytes.load(Ordering::Relaxed), 0, "{report:#}");
        }
    }
    // and that the count would have seen it
    let (port, _, bytes) = counting(config(pair(&patient, "etcd/server"), clients(), BOTH));
    patient.probe(&[&url(port), "--link", ETCD]).report();
    assert_ne!(bytes.load(Ordering::Relaxed), 0);
}

/// Probes an API server that answers with this status.
fn status(line: &'static str) -> (Value, i32) {
    let patient = callable();
    let port = serve_tls(apiserver(&patient), move |tls| {
        let _ = tls.read(&mut [0; 1024]);
        let _ = tls.write_all(format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n").as_bytes());
    });
    let run = patient.on_loopback(&[(":6443", port)]).probe_node(&["--link", ADMIN]);
    (run.report(), run.ran.code)
}

#[test]
fn who_is_unauthorized_and_who_is_forbidden() {
    let (report, code) = status("401 Unauthorized");
    let refused = live(&report, ADMIN);
    assert_eq!((&refused["verdict"], &refused["refused_by"]), (&"broken".into(), &"server".into()), "{refused:#}");
    assert_eq!(
        (&refused["stage"], &refused["http_status"], &refused["error"]),
        (&"http".into(), &401.into(), &"Unauthorized".into())
    );
    assert_eq!(code, 1);
    // a question of rights: the certificate was taken
    let (report, code) = status("403 Forbidden");
    let taken = live(&report, ADMIN);
    assert_eq!((&taken["verdict"], &taken["http_status"], &taken["error"]), (&"ok".into(), &403.into(), &Value::Null));
    assert_eq!(code, 0, "{report:#}");
}

/// Would move a cursor, or hide what follows.
const ODD: &str = "\u{1b}[2J\u{9b}31m\u{202e}x\u{7}";

#[test]
fn what_servers_say_is_told_safely() {
    let patient = Patient::new();
    // gRPC writes what is no plain text as %XX
    let words = ODD.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
    let say = move |call| if call == 1 { Answer::Refusal(words.clone().into_bytes()) } else { odd_status(call) };
    let port = serve_tls(etcd(&patient), move |tls| answer(tls, &say));
    let (at, url) = (patient.cluster.at_text(), url(port));
    for format in ["human", "json", "ndjson"] {
        for detail in ["-v", "-q"] {
            let place = ["--pki", "tree/etc/kubernetes/pki", "--at", &at, "--timeout", "1s"];
            let ran = patient.ward.run(&[&["probe", &url, "--format", format, detail][..], &place].concat());
            for text in [ran.stdout, ran.stderr] {
                let bad = text.chars().find(|c| c.is_control() && *c != '\n' || ('\u{202a}'..='\u{202e}').contains(c));
                assert_eq!(bad, None, "{text:?}");
            }
        }
    }
}

fn odd_status(call: usize) -> Answer {
    use super::grpc::{bytes, number};
    if call == 0 { Answer::Message([bytes(2, ODD.as_bytes()), number(4, 1)].concat()) } else { healthy(call) }
}

#[test]
fn a_server_that_hangs_up_on_one_and_serves_the_next() {
    let patient = Patient::new();
    let count = AtomicUsize::new(0);
    let config = Arc::new(etcd(&patient));
    let port = serve(move |stream: TcpStream| {
        if count.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            return;
        }
        super::servers::tls(&config, stream, &|tls: &mut Tls| answer(tls, healthy));
    });
    let run = patient.probe(&[&url(port)]);
    assert_eq!(run.ran.code, 1, "{}", run.ran.stdout);
}

#[test]
fn an_etcd_outside_of_the_files_that_nobody_here_trusts() {
    let port = serve_tls(etcd(&stranger()), |tls| answer(tls, healthy));
    let ward = Ward::with(&["external-etcd"]);
    let manifest = ward.path("external-etcd/manifests/kube-apiserver.yaml");
    let text = std::fs::read_to_string(&manifest).expect("reads");
    let servers = "https://10.0.0.21:2379,https://10.0.0.22:2379,https://10.0.0.23:2379";
    std::fs::write(&manifest, text.replace(servers, &url(port))).expect("writes");
    let at = ["--pki", "external-etcd/pki", "--timeout", "1s", "--at", NOW, "--format", "json"];
    let ran = ward.run(&[&["probe", &url(port)], &at[..]].concat()).code(1);
    let report = ran.json();
    let links = report["nodes"][0]["links"].as_array().expect("links");
    let dialled: Vec<&Value> = links.iter().filter(|link| link["live"].is_object()).collect();
    let [link] = dialled[..] else { panic!("{dialled:#?}") };
    assert_eq!((&link["verdict"], &link["live"]["refused_by"]), (&"unknown".into(), &"client".into()));
    let finding = finding(&report, "refused-live");
    assert_eq!(
        (&finding["severity"], &finding["subject"]),
        (&"error".into(), &"kube-apiserver->etcd 127.0.0.1".into())
    );
    assert_eq!(codes(&report), ["refused-live"]);
}
