//! No server holds a probe beyond its time, nor makes it large; the report names the stage.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc::channel;
use std::sync::{Arc, LazyLock};
use std::thread::sleep;
use std::time::Duration;

use clinic::certificate::{Certificate, Signer};
use clinic::cluster::Role;
use clinic::extension::{AltName, Purpose};
use clinic::key::Key;
use clinic::name::Name;
use clinic::rng::Rng;
use rustls::pki_types::CertificateDer;
use rustls::{DistinguishedName, ServerConnection};
use serde_json::Value;

use super::grpc::{self, Answer, answer, bytes, frame, healthy};
use super::servers::{
    Anybody, BOTH, ONLY_12, apiserver, clinic_pair, config, etcd, first, flood, hold, listener, pair, serve, serve_on,
    serve_tls,
};
use super::{ADMIN, ETCD, PEER, Patient, TIMEOUT, Watched, callable, closed_port, finding, live, url};

/// What the promise is: beyond the given time, and in memory (KiB).
const BEYOND: Duration = Duration::from_millis(100);
const MEMORY: u64 = 5 << 10;

/// Other work on the machine may delay a run or two.
const TRIES: usize = 3;

/// How long a probe takes, and how much memory, when nobody listens: what is not the server's doing.
static ALONE: LazyLock<(Duration, u64)> = LazyLock::new(|| {
    let (patient, port) = (Patient::new(), closed_port());
    let runs: Vec<Watched> = (0..5).map(|_| patient.probe(&[&url(port)])).collect();
    let mut times: Vec<Duration> = runs.iter().map(|run| run.took).collect();
    let mut peaks: Vec<u64> = runs.iter().map(|run| run.peak).collect();
    times.sort_unstable();
    peaks.sort_unstable();
    (times[times.len() / 2], peaks[peaks.len() / 2])
});

/// Probes until a run keeps the promise, and returns its report.
#[track_caller]
fn bounded(probe: impl Fn() -> Watched) -> Value {
    let (alone, memory) = *ALONE;
    let mut broken = Vec::new();
    for _ in 0..TRIES {
        let run = probe();
        let beyond = run.took.saturating_sub(TIMEOUT + alone);
        let more = run.peak.saturating_sub(memory);
        tell(&format!("{:?} {} {}", run.took, beyond.as_millis(), more));
        if beyond <= BEYOND && more <= MEMORY {
            return coded(&run);
        }
        broken.push(format!("{beyond:?} beyond its time, {more} KiB more"));
    }
    panic!("start-up {alone:?}, {memory} KiB; {}", broken.join("; "));
}

/// The report of a run whose exit code says what the links say.
#[track_caller]
fn coded(run: &Watched) -> Value {
    let report = run.report();
    let links = report["nodes"][0]["links"].as_array().expect("links");
    let refused = links.iter().any(|link| link["live"].is_object() && link["live"]["verdict"] != "ok");
    assert!(!refused || run.ran.code == 1, "{report:#}");
    report
}

#[expect(clippy::print_stderr, reason = "figures, for --nocapture")]
fn tell(figures: &str) {
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    eprintln!("{name}: {figures}");
}

/// What a link's live part has to say: stage, verdict, who refused, the client's words.
type Told<'t> = (&'t str, &'t str, Option<&'t str>, &'t str);

#[track_caller]
fn told(report: &Value, link: &str, expected: Told<'_>) {
    let live = live(report, link);
    let text = |name: &str| live[name].as_str();
    let seen = (
        text("stage").unwrap_or_default(),
        text("verdict").unwrap_or_default(),
        text("refused_by"),
        text("error").unwrap_or_default(),
    );
    assert_eq!(seen, expected, "{live:#}");
}

/// Probes etcd at a port where a server treats every connection so.
#[track_caller]
fn raw(treat: impl Fn(TcpStream) + Send + Sync + 'static, expected: Told<'_>) {
    let (patient, port) = (Patient::new(), serve(treat));
    let report = bounded(|| patient.probe(&[&url(port)]));
    told(&report, ETCD, expected);
}

const NOT_TLS: Told<'_> = ("tls", "broken", Some("client"), "tls: first record does not look like a TLS handshake");
const NO_ANSWER: Told<'_> = ("tls", "unreachable", None, "context deadline exceeded");
const RESET: Told<'_> = ("tls", "unreachable", None, "read: connection reset by peer");
const CLOSED: Told<'_> = ("tls", "unreachable", None, "EOF");

#[test]
fn nobody_answers_the_call() {
    let deaf = listener(0, false);
    let address = deaf.local_addr().expect("an address");
    // as many as its queue takes; from then on the kernel drops what comes
    let caller = |_| TcpStream::connect_timeout(&address, Duration::from_millis(100)).ok();
    let _callers: Vec<TcpStream> = (0..8).map_while(caller).collect();
    let patient = Patient::new();
    let report = bounded(|| patient.probe(&[&url(address.port())]));
    let words = format!("dial tcp {}: i/o timeout", SocketAddr::from(([127, 0, 0, 1], address.port())));
    told(&report, ETCD, ("connect", "unreachable", None, &words));
}

#[test]
fn nobody_accepts() {
    let busy = listener(64, false);
    let (patient, port) = (Patient::new(), busy.local_addr().expect("an address").port());
    told(&bounded(|| patient.probe(&[&url(port)])), ETCD, NO_ANSWER);
}

#[test]
fn silence() {
    raw(|mut stream| hold(&mut stream), NO_ANSWER);
}

#[test]
fn drops() {
    let drip = |mut stream: TcpStream| {
        // a record that never gets whole
        for byte in [22, 3, 3, 0x40, 0].into_iter().chain(std::iter::repeat(2)) {
            if stream.write_all(&[byte]).is_err() {
                return;
            }
            sleep(Duration::from_millis(50));
        }
    };
    raw(drip, NO_ANSWER);
}

#[test]
fn garbage() {
    raw(
        |mut stream| {
            let _ = stream.write_all(&Rng::new(1).bytes(4096));
            hold(&mut stream);
        },
        NOT_TLS,
    );
}

#[test]
fn zeros_without_end() {
    raw(|mut stream| flood(&mut stream, &[0; 4096]), NOT_TLS);
}

#[test]
fn records_without_end() {
    let mut record = vec![22, 3, 3, 0x3f, 0xff];
    record.resize(5 + 0x3fff, 0);
    // a ServerHello of 16 MB
    record[5..9].copy_from_slice(&[2, 0xff, 0xff, 0xff]);
    raw(
        move |mut stream| flood(&mut stream, &record),
        ("tls", "broken", Some("client"), "received corrupt message of type HandshakePayloadTooLarge"),
    );
}

#[test]
fn small_records_without_end() {
    // one byte of a message of 60 000 in each
    let mut records = vec![22, 3, 3, 0, 4, 2, 0, 0xea, 0x60];
    records.extend([22, 3, 3, 0, 1, 0].repeat(50_000));
    raw(
        move |mut stream| {
            let _ = stream.write_all(&records);
            flood(&mut stream, &[22, 3, 3, 0, 1, 0].repeat(1000));
        },
        ("tls", "broken", Some("client"), "message buffer full"),
    );
}

#[test]
fn warnings_without_end() {
    let records = [21, 3, 3, 0, 2, 1, 90].repeat(1000);
    raw(
        move |mut stream| flood(&mut stream, &records),
        ("tls", "broken", Some("client"), "peer misbehaved: TooManyWarningAlertsReceived"),
    );
}

#[test]
fn reset_at_once() {
    let (patient, port) = (Patient::new(), serve_on(listener(64, true), drop));
    let report = bounded(|| patient.probe(&[&url(port)]));
    // the reset comes before the first word, or with it
    let early = live(&report, ETCD)["stage"] == "connect";
    told(&report, ETCD, if early { ("connect", RESET.1, RESET.2, RESET.3) } else { RESET });
}

#[test]
fn reset_after_the_greeting() {
    let port = serve_on(listener(64, true), |mut stream| drop(first(&mut stream)));
    let patient = Patient::new();
    told(&bounded(|| patient.probe(&[&url(port)])), ETCD, RESET);
}

#[test]
fn hung_up() {
    raw(|mut stream| drop(first(&mut stream)), CLOSED);
}

#[test]
fn half_closed() {
    let half = |mut stream: TcpStream| {
        let _ = stream.shutdown(Shutdown::Write);
        hold(&mut stream);
    };
    raw(half, CLOSED);
}

#[test]
fn http_whose_header_never_ends() {
    let endless = |mut stream: TcpStream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        flood(&mut stream, b"X-More: and more\r\n");
    };
    raw(endless, NOT_TLS);
}

#[test]
fn http_whose_status_never_ends() {
    let endless = |mut stream: TcpStream| {
        let _ = stream.write_all(b"HTTP/1.1 200 ");
        flood(&mut stream, b"OK ");
    };
    raw(endless, NOT_TLS);
}

#[test]
fn alerts() {
    let alert = |number: u8| {
        move |mut stream: TcpStream| {
            first(&mut stream);
            let _ = stream.write_all(&[21, 3, 3, 0, 2, 2, number]);
            hold(&mut stream);
        }
    };
    raw(alert(40), ("tls", "broken", Some("server"), "remote error: tls: handshake failure"));
    raw(alert(80), ("tls", "broken", Some("load"), "remote error: tls: internal error"));
    raw(alert(222), ("tls", "broken", Some("server"), "remote error: tls: alert(222)"));
}

#[test]
fn half_a_handshake() {
    let patient = Patient::new();
    let config = Arc::new(etcd(&patient));
    let port = serve(move |mut stream| {
        let mut connection = ServerConnection::new(Arc::clone(&config)).expect("a configuration");
        let (mut hello, mut reply) = (first(&mut stream), Vec::new());
        let _ = connection.read_tls(&mut hello.as_slice());
        hello.clear();
        let _ = connection.process_new_packets();
        let _ = connection.write_tls(&mut reply);
        let _ = stream.write_all(&reply[..reply.len() / 2]);
        hold(&mut stream);
    });
    told(&bounded(|| patient.probe(&[&url(port)])), ETCD, NO_ANSWER);
}

/// Probes an etcd that shakes hands and then treats its clients so.
#[track_caller]
fn after_the_handshake(treat: impl Fn(&mut super::servers::Tls) + Send + Sync + 'static) -> Value {
    let patient = Patient::new();
    let port = serve_tls(etcd(&patient), treat);
    bounded(|| patient.probe(&[&url(port)]))
}

#[test]
fn silence_after_the_handshake() {
    let report = after_the_handshake(hold);
    told(&report, ETCD, ("http", "unreachable", None, "context deadline exceeded"));
}

/// Under TLS 1.2 nobody waits for a refusal after the handshake.
#[test]
fn silence_and_garbage_under_tls_12() {
    let patient = Patient::new();
    let older = || config(pair(&patient, "etcd/server"), Some(Anybody::of(&patient, "etcd/ca.crt")), ONLY_12);
    let port = serve_tls(older(), hold);
    let report = bounded(|| patient.probe(&[&url(port)]));
    told(&report, ETCD, ("http", "unreachable", None, "context deadline exceeded"));
    let port = serve_tls(older(), |tls| flood(tls, &[0xff; 4096]));
    takes_but_answers_nothing(&bounded(|| patient.probe(&[&url(port)])));
}

#[test]
fn hung_up_after_the_handshake() {
    let report = after_the_handshake(|tls| {
        tls.conn.send_close_notify();
    });
    told(&report, ETCD, ("read", "broken", Some("server"), "EOF"));
}

#[test]
fn key_updates_without_end() {
    let report = after_the_handshake(|tls| while tls.conn.refresh_traffic_keys().is_ok() && tls.flush().is_ok() {});
    // the first of them may come after the client has begun to speak
    let stage = live(&report, ETCD)["stage"].as_str().filter(|stage| *stage == "http").unwrap_or("read");
    told(&report, ETCD, (stage, "broken", Some("client"), "peer misbehaved: TooManyKeyUpdateRequests"));
}

/// The state of an etcd that takes its clients and answers no call.
#[track_caller]
fn takes_but_answers_nothing(report: &Value) {
    let live = live(report, ETCD);
    assert_eq!((&live["verdict"], &live["etcd"]["health"]), (&"ok".into(), &false.into()), "{live:#}");
    assert!(live["etcd"]["error"].is_string(), "{live:#}");
    assert_eq!(finding(report, "etcd-unhealthy")["severity"], "error");
}

#[test]
fn frames_of_garbage() {
    let report = after_the_handshake(|tls| flood(tls, &[0xff; 4096]));
    takes_but_answers_nothing(&report);
}

#[test]
fn a_frame_larger_than_any() {
    let report = after_the_handshake(|tls| {
        let _ = tls.write_all(&[frame(4, 0, 0, &[]), vec![0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]].concat());
        flood(tls, &[0; 4096]);
    });
    takes_but_answers_nothing(&report);
}

#[test]
fn small_frames_without_end() {
    let report = after_the_handshake(|tls| {
        let _ = tls.write_all(&frame(4, 0, 0, &[]));
        flood(tls, &frame(6, 0, 0, &[7; 8]).repeat(100));
    });
    takes_but_answers_nothing(&report);
}

/// Probes an etcd that answers calls so.
#[track_caller]
fn answering(say: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Value {
    after_the_handshake(move |tls| answer(tls, &say))
}

#[test]
fn calls_that_are_never_answered() {
    let report = answering(|_| Answer::Silence);
    takes_but_answers_nothing(&report);
    assert_eq!(live(&report, ETCD)["etcd"]["error"], "context deadline exceeded");
}

#[test]
fn an_answer_that_stops_in_the_middle() {
    let report = answering(|call| if call < 2 { healthy(call) } else { Answer::Silence });
    let etcd = &live(&report, ETCD)["etcd"];
    assert_eq!((&etcd["version"], &etcd["members"], &etcd["health"]), (&"3.5.1".into(), &1.into(), &false.into()));
}

#[test]
fn headers_without_end() {
    let report = answering(|_| {
        let start = frame(1, 0, 1, &[0x88]);
        Answer::Raw([start, frame(9, 0, 1, &[0x8f; 16_384]).repeat(60)].concat())
    });
    takes_but_answers_nothing(&report);
}

#[test]
fn headers_that_unfold() {
    // a byte for a header of the static table
    let report = answering(|_| Answer::Raw(frame(1, 4, 1, &[&[0x88][..], &[0x8f; 16_000]].concat()).repeat(30)));
    takes_but_answers_nothing(&report);
}

#[test]
fn messages_that_unfold() {
    // two bytes for a member
    for call in 1..3 {
        let many = [bytes(1, &[]), bytes(2, &[]).repeat(230_000)].concat();
        let report = answering(move |at| if at == call { Answer::Message(many.clone()) } else { healthy(at) });
        takes_but_answers_nothing(&report);
    }
}

#[test]
fn a_member_list_that_leads_everywhere() {
    let patient = Patient::new();
    let nobody = closed_port();
    let member = |number: usize| {
        let place = |field: u8, at: usize| bytes(field, format!("https://127.9.{number}.{at}:{nobody}").as_bytes());
        let places = (1..9).flat_map(|at| [place(3, at), place(4, at + 100)]).flatten();
        bytes(2, &[grpc::number(1, number), places.collect()].concat())
    };
    let members: Vec<u8> = (1..60).flat_map(member).collect();
    let say = move |call| if call == 1 { Answer::Message(members.clone()) } else { healthy(call) };
    let port = serve_tls(etcd(&patient), move |tls| answer(tls, &say));
    let report = bounded(|| patient.probe(&[&url(port), "--all-members"]));
    told(&report, ETCD, ("etcd", "ok", None, ""));
    let links = report["nodes"][0]["links"].as_array().expect("links");
    let led = |link: &&Value| link["live"]["endpoint"].as_str().is_some_and(|place| place.contains("//127.9."));
    assert!((8..200).contains(&links.iter().filter(led).count()));
}

#[test]
fn a_proxy_without_end_that_asks_for_no_certificate() {
    let (patient, other) = (Patient::new(), Patient::with(|cluster| *cluster = clinic::Cluster::kubeadm(8)));
    let port = serve_tls(config(pair(&other, "etcd/server"), None, BOTH), |tls| flood(tls, &[0; 4096]));
    let report = bounded(|| patient.probe(&[&url(port)]));
    let live = live(&report, ETCD);
    assert_eq!((&live["refused_by"], &live["asks_for_certificate"]), (&"client".into(), &false.into()), "{live:#}");
}

#[test]
fn the_names_of_a_great_many_authorities() {
    let patient = Patient::new();
    // 62 KB: a message may have 64
    let names = (0..12_000_u16).map(|_| DistinguishedName::from(vec![0x30, 0]));
    let clients = Anybody { names: names.collect(), ..Anybody::of(&patient, "etcd/ca.crt") };
    let port = serve_tls(config(pair(&patient, "etcd/server"), Some(clients), BOTH), hold);
    let report = bounded(|| patient.probe(&[&url(port)]));
    told(&report, ETCD, ("http", "unreachable", None, "context deadline exceeded"));
}

#[test]
fn a_chain_of_bytes_that_mean_nothing() {
    let patient = Patient::new();
    let mut chain = super::servers::chain(&patient, "etcd/server");
    chain.extend((0..9000).map(|_| CertificateDer::from(vec![0x30])));
    let port = serve_tls(config(clinic_pair(chain, &leaf_key(&patient)), None, BOTH), hold);
    let report = bounded(|| patient.probe(&[&url(port)]));
    let words = "tls: failed to parse certificate from server: x509: malformed certificate";
    told(&report, ETCD, ("read", "broken", Some("client"), words));
}

fn leaf_key(patient: &Patient) -> Key {
    patient.cluster.clone().leaf(0, Role::EtcdServer).expect("a leaf").key.clone()
}

/// A leaf, and authorities of one name that have all certified one another: every path is right until its end.
fn long_chain(patient: &Patient) -> Vec<CertificateDer<'static>> {
    let (at, mut rng) = (patient.cluster.at, Rng::new(3));
    let signer = Signer { name: Name::common("etcd-ca-7"), key: Key::rsa(8200, 0) };
    let authority = |number: usize, rng: &mut Rng| {
        let mut authority = Certificate::authority(signer.name.clone()).valid(at - 1000, at + 1000);
        authority.set_names(&[AltName::dns(&format!("ca-{number}"))]);
        CertificateDer::from(authority.sign(&signer.key, &signer, rng))
    };
    let leaf = Certificate::leaf(Name::common("etcd"), &[Purpose::Server], &[AltName::host("127.0.0.1")]);
    let key = Key::rsa(2048, 1);
    let leaf = leaf.valid(at - 1000, at + 1000).sign(&key, &signer, &mut rng);
    let chain: Vec<_> =
        std::iter::once(CertificateDer::from(leaf)).chain((0..26).map(|number| authority(number, &mut rng))).collect();
    assert!(chain.iter().map(|one| one.len() + 5).sum::<usize>() > 57_000);
    chain
}

#[test]
fn a_chain_with_more_paths_than_time() {
    let patient = Patient::new();
    let chain = long_chain(&patient);
    let port = serve_tls(config(clinic_pair(chain, &Key::rsa(2048, 1)), None, BOTH), hold);
    let report = bounded(|| patient.probe(&[&url(port)]));
    let words = "tls: server sent certificate containing RSA key larger than 8192 bits";
    told(&report, ETCD, ("read", "broken", Some("client"), words));
}

/// Probes one link of a node where this port has a server.
#[track_caller]
fn of_node(patient: Patient, usual: &str, port: u16, link: &str) -> Value {
    let patient = patient.on_loopback(&[(usual, port)]);
    bounded(|| patient.probe_node(&["--link", link]))
}

#[test]
fn an_api_server_whose_answer_never_ends() {
    for (beginning, expected) in [
        ("HTTP/1.1 200 OK\r\n\r\n", ("http", "ok", None, "")),
        ("HTTP/1.1 200", ("http", "broken", Some("client"), "no answer in HTTP")),
    ] {
        let patient = callable();
        let port = serve_tls(apiserver(&patient), move |tls| {
            let _ = tls.read(&mut [0; 1024]);
            let _ = tls.write_all(beginning.as_bytes());
            flood(tls, &[b'x'; 4096]);
        });
        told(&of_node(patient, ":6443", port, ADMIN), ADMIN, expected);
    }
}

#[test]
fn an_api_server_that_answers_in_drops() {
    let patient = callable();
    let port = serve_tls(apiserver(&patient), |tls| {
        let _ = tls.read(&mut [0; 1024]);
        for byte in b"HTTP/1.1 ".iter().chain(std::iter::repeat(&b'x')) {
            if tls.write_all(&[*byte]).and_then(|()| tls.flush()).is_err() {
                return;
            }
            sleep(Duration::from_millis(50));
        }
    });
    let report = of_node(patient, ":6443", port, ADMIN);
    told(&report, ADMIN, ("http", "unreachable", None, "context deadline exceeded"));
}

#[test]
fn a_peer_whose_answer_never_ends() {
    let patient = Patient::new();
    let clients = Anybody::of(&patient, "etcd/ca.crt");
    let port = serve_tls(config(pair(&patient, "etcd/peer"), Some(clients), BOTH), |tls| flood(tls, &[b'x'; 4096]));
    let report = of_node(patient, ":2380", port, PEER);
    told(&report, PEER, ("http", "broken", Some("client"), "no answer in HTTP"));
}

#[test]
fn metrics_without_end() {
    for line in ["x", "etcd_server_version{server_version=\"9\"} 1\n"] {
        let patient = Patient::new();
        let port = serve(move |mut stream| {
            first(&mut stream);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            flood(&mut stream, line.repeat(4096).as_bytes());
        });
        let report = of_node(patient, ":2381", port, ETCD);
        let ports = report["nodes"][0]["ports"].as_array().expect("ports");
        let metrics = ports.iter().find(|port| port["serves"] == "metrics").expect("metrics");
        assert_eq!(metrics["plain_http"]["status"], 200, "{metrics:#}");
    }
}

/// An etcd that refuses one of its clients and takes the others is asked for its metrics over TLS.
#[test]
fn metrics_over_tls_without_end() {
    let patient = Patient::new();
    let (asked, was_asked) = channel();
    let clients = Anybody { but: b"kube-etcd-healthcheck-client", ..Anybody::of(&patient, "etcd/ca.crt") };
    let port = serve_tls(config(pair(&patient, "etcd/server"), Some(clients), BOTH), move |tls| {
        if tls.conn.alpn_protocol() == Some(b"h2") {
            return answer(tls, healthy);
        }
        let mut question = [0; 12];
        let _ = tls.read_exact(&mut question);
        let _ = asked.send(question);
        flood(tls, b"HTTP/1.1 200 OK\r\nX: etcd_server_version\r\n");
    });
    let report = bounded(|| patient.probe(&[&url(port)]));
    told(&report, ETCD, ("etcd", "ok", None, ""));
    assert_eq!(live(&report, "kubeadm->etcd")["alert"], "unknown_ca");
    assert_eq!(&was_asked.recv().expect("a question"), b"GET /metrics");
}
