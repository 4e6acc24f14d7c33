//! Servers of every kind: well-behaved, refusing, broken and hostile. None holds an observation beyond its time.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use pkidoctor::live::{End, Failure, Observation, Stage, Version};
use pkidoctor_live::{Dial, Identity, Manner, Speaks, Versions, observe};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ServerConnection, StreamOwned, SupportedProtocolVersion};

use crate::support::{BOTH, ONLY_12, identity, pki, server_config};

const TIMEOUT: Duration = Duration::from_millis(400);

/// A server on a free port that treats its one connection so.
fn serve(treat: impl FnOnce(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    spawn(move || {
        if let Ok((stream, _)) = listener.accept() {
            treat(stream);
        }
    });
    port
}

/// etcd's pair on a TLS server that demands a client certificate, and treats what comes after the handshake so.
fn serve_tls(
    versions: &'static [&'static SupportedProtocolVersion],
    alpn: &'static [u8],
    treat: impl FnOnce(&mut StreamOwned<ServerConnection, TcpStream>) + Send + 'static,
) -> u16 {
    let config = server_config("etcd/server", versions, &[alpn]);
    serve(move |stream| {
        let mut tls = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
        treat(&mut tls);
        // says what it has to say, alerts too
        let _ = tls.flush();
        sleep(Duration::from_millis(100));
    })
}

fn http1() -> Speaks {
    Speaks::Http1 { path: "/version".to_owned() }
}

fn call(port: u16, identity: Option<&Identity>, speaks: Speaks, trusted: bool) -> Observation {
    let dial = Dial { host: "127.0.0.1".to_owned(), port, server_name: None, own: None };
    let manner = Manner { timeout: TIMEOUT, versions: Versions::Auto, speaks };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let begin = Instant::now();
    let seen = runtime.block_on(observe(&dial, identity, &manner, |_, _| trusted));
    // the bound is the timeout; the rest is for a machine under load
    assert!(begin.elapsed() < TIMEOUT + Duration::from_secs(2), "{seen:?}");
    seen
}

/// Dials a server that never gets as far as TLS.
fn raw(treat: impl FnOnce(TcpStream) + Send + 'static) -> (Stage, End) {
    let seen = call(serve(treat), None, Speaks::Http2, true);
    assert!(seen.chain.is_empty() && seen.version.is_none() && seen.key_proved.is_none());
    (seen.stage, seen.end)
}

fn failed(stage: Stage, failure: Failure) -> (Stage, End) {
    (stage, End::Failed(failure))
}

fn hello(stream: &mut TcpStream) {
    let mut buffer = [0; 4096];
    assert!(stream.read(&mut buffer).unwrap() > 5);
}

#[test]
fn nobody_listens() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let seen = call(port, None, Speaks::Http2, true);
    assert_eq!((seen.stage, seen.end), failed(Stage::Connect, Failure::Refused));
    assert_eq!(seen.address.map(|address| address.port()), Some(port));
}

#[test]
fn a_name_without_an_address() {
    let dial = Dial { host: "no-such-host.invalid".to_owned(), port: 1, server_name: None, own: None };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let manner = Manner { timeout: TIMEOUT, ..Manner::default() };
    let seen = runtime.block_on(observe(&dial, None, &manner, |_, _| true));
    assert_eq!(seen.stage, Stage::Resolve);
    // without a resolver the answer may take longer than the time given
    assert!(matches!(seen.end, End::Failed(Failure::NoAddress(_) | Failure::TimedOut)), "{seen:?}");
    runtime.shutdown_background();
}

#[test]
fn a_dead_server() {
    assert_eq!(raw(|_stream| sleep(TIMEOUT * 2)), failed(Stage::Tls, Failure::TimedOut));
}

#[test]
fn a_server_that_hangs_up() {
    assert_eq!(raw(|mut stream| hello(&mut stream)), failed(Stage::Tls, Failure::Closed));
}

#[test]
fn a_server_that_resets() {
    // what is closed with unread bytes is reset
    let (stage, end) = raw(|_stream| sleep(Duration::from_millis(50)));
    assert_eq!((stage, end), failed(Stage::Tls, Failure::Reset));
}

#[test]
fn a_half_closed_connection() {
    let end = raw(|mut stream| {
        hello(&mut stream);
        stream.shutdown(Shutdown::Write).unwrap();
        sleep(TIMEOUT);
    });
    assert_eq!(end, failed(Stage::Tls, Failure::Closed));
}

#[test]
fn garbage() {
    let end = raw(|mut stream| {
        hello(&mut stream);
        stream.write_all(&[0xa5; 4096]).unwrap();
        sleep(Duration::from_millis(100));
    });
    assert_eq!(end, failed(Stage::Tls, Failure::NotTls));
}

#[test]
fn plain_http() {
    let end = raw(|mut stream| {
        hello(&mut stream);
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request").unwrap();
        sleep(Duration::from_millis(100));
    });
    assert_eq!(end, failed(Stage::Tls, Failure::PlainHttp));
}

#[test]
fn a_server_that_drips() {
    let end = raw(|mut stream| {
        hello(&mut stream);
        // a handshake record that never gets whole
        for byte in [22, 3, 3, 0x40, 0].into_iter().chain(std::iter::repeat(2)) {
            if stream.write_all(&[byte]).is_err() {
                return;
            }
            sleep(Duration::from_millis(10));
        }
    });
    assert_eq!(end, failed(Stage::Tls, Failure::TimedOut));
}

#[test]
fn records_without_end() {
    let end = raw(|mut stream| {
        hello(&mut stream);
        // empty warnings, which a client passes over
        let record = [21, 3, 3, 0, 2, 1, 90].repeat(1000);
        while stream.write_all(&record).is_ok() {}
    });
    assert!(
        matches!(&end, (Stage::Tls, End::Failed(Failure::TooMuch | Failure::Protocol(_)) | End::Alert { .. })),
        "{end:?}"
    );
}

#[test]
fn a_handshake_message_without_end() {
    let end = raw(|mut stream| {
        hello(&mut stream);
        let mut record = vec![22, 3, 3, 0x3f, 0xff];
        record.resize(5 + 0x3fff, 0);
        record[5..9].copy_from_slice(&[11, 0xff, 0xff, 0xff]);
        while stream.write_all(&record).is_ok() {}
    });
    assert!(matches!(&end, (Stage::Tls, End::Failed(Failure::TooMuch | Failure::Protocol(_)))), "{end:?}");
}

#[test]
fn a_server_that_takes_the_client() {
    let port = serve_tls(BOTH, b"h2", |tls| {
        let mut preface = [0; 24];
        tls.read_exact(&mut preface).unwrap();
        assert!(preface.starts_with(b"PRI * HTTP/2.0"));
        tls.write_all(b"\0\0\0\x04\0\0\0\0\0").unwrap();
    });
    let seen = call(port, Some(&identity("etcd/healthcheck-client")), Speaks::Http2, true);
    assert_eq!((seen.stage, &seen.end), (Stage::Http, &End::Served));
    assert_eq!((seen.version, seen.alpn.as_deref()), (Some(Version::Tls13), Some("h2")));
    assert_eq!((seen.key_proved, seen.asks_for_certificate, seen.showed_certificate), (Some(true), true, true));
    let shown = CertificateDer::from_pem_slice(&pki("etcd/server.crt")).unwrap();
    assert_eq!(seen.chain, [shown.to_vec()]);
    let etcd_ca = b"\x30\x12\x31\x10\x30\x0e\x06\x03\x55\x04\x03\x13\x07etcd-ca";
    assert_eq!(seen.trusted_ca_names, [etcd_ca.to_vec()]);
    assert!(seen.local.is_some() && seen.connected_after <= seen.secured_after);
}

/// What a TLS server heard after the handshake.
fn listening(versions: &'static [&'static SupportedProtocolVersion]) -> (u16, Receiver<usize>) {
    let (tell, told) = channel();
    let port = serve_tls(versions, b"h2", move |tls| {
        let mut buffer = [0; 64];
        let _ = tell.send(tls.read(&mut buffer).unwrap_or_default());
    });
    (port, told)
}

#[test]
fn nothing_is_sent_to_a_server_that_is_not_trusted() {
    let (port, told) = listening(BOTH);
    let seen = call(port, Some(&identity("etcd/healthcheck-client")), Speaks::Http2, false);
    assert_eq!((seen.stage, seen.end), (Stage::Read, End::NotTrusted));
    assert_eq!(told.recv().unwrap(), 0);
}

#[test]
fn a_refusal_in_tls_13_comes_after_the_handshake() {
    let (port, _told) = listening(BOTH);
    let seen = call(port, None, Speaks::Http2, true);
    let alert = End::Alert { number: 116, name: "CertificateRequired".to_owned() };
    assert_eq!((seen.stage, seen.end), (Stage::Read, alert));
    assert_eq!((seen.asks_for_certificate, seen.showed_certificate, seen.key_proved), (true, false, Some(true)));

    let (port, _told) = listening(BOTH);
    let seen = call(port, Some(&identity("apiserver-kubelet-client")), Speaks::Http2, true);
    assert_eq!(seen.stage, Stage::Read);
    assert!(matches!(&seen.end, End::Alert { name, .. } if name == "UnknownCA"), "{seen:?}");
    assert!(seen.showed_certificate);
}

#[test]
fn a_refusal_in_tls_12_comes_in_the_handshake() {
    let (port, _told) = listening(ONLY_12);
    let seen = call(port, None, Speaks::Http2, true);
    assert_eq!(seen.stage, Stage::Tls);
    assert!(matches!(seen.end, End::Alert { .. }), "{seen:?}");
    assert_eq!((seen.chain.len(), seen.key_proved), (1, Some(true)));

    let (port, _told) = listening(ONLY_12);
    let seen = call(port, Some(&identity("etcd/healthcheck-client")), Speaks::Http2, false);
    assert_eq!((seen.version, seen.end), (Some(Version::Tls12), End::NotTrusted));
}

#[test]
fn no_version_in_common() {
    let (port, _told) = listening(ONLY_12);
    let dial = Dial { host: "127.0.0.1".to_owned(), port, server_name: None, own: None };
    let manner = Manner { timeout: TIMEOUT, versions: Versions::Tls13, speaks: Speaks::Http2 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let seen = runtime.block_on(observe(&dial, None, &manner, |_, _| true));
    assert!(matches!(&seen.end, End::Alert { name, .. } if name == "ProtocolVersion"), "{seen:?}");
}

#[test]
fn a_server_that_is_silent_after_the_handshake() {
    let port = serve_tls(BOTH, b"h2", |tls| {
        let mut buffer = [0; 64];
        let _ = tls.read(&mut buffer);
        sleep(TIMEOUT * 2);
    });
    let seen = call(port, Some(&identity("etcd/healthcheck-client")), Speaks::Http2, true);
    assert_eq!((seen.stage, seen.end), failed(Stage::Http, Failure::TimedOut));
}

#[test]
fn the_status_of_a_request() {
    for (answer, status) in [("200 OK", 200), ("401 Unauthorized", 401), ("403 Forbidden", 403)] {
        let port = serve_tls(BOTH, b"http/1.1", move |tls| {
            let mut buffer = [0; 1024];
            let count = tls.read(&mut buffer).unwrap();
            assert!(buffer[..count].starts_with(b"GET /version HTTP/1.1\r\nHost: 127.0.0.1:"));
            tls.write_all(format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n").as_bytes()).unwrap();
        });
        let seen = call(port, Some(&identity("etcd/peer")), http1(), true);
        assert_eq!((seen.stage, &seen.end, seen.http_status), (Stage::Http, &End::Served, Some(status)), "{seen:?}");
        assert_eq!(seen.alpn, None);
    }
}

#[test]
fn an_answer_that_never_gets_to_the_point() {
    let port = serve_tls(BOTH, b"http/1.1", |tls| {
        let mut buffer = [0; 1024];
        let _ = tls.read(&mut buffer);
        while tls.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let seen = call(port, Some(&identity("etcd/peer")), http1(), true);
    assert_eq!(seen.stage, Stage::Http);
    assert!(matches!(seen.end, End::Failed(Failure::Protocol(_))), "{seen:?}");
}

#[test]
fn more_certificates_than_one_message_holds() {
    let mut config = Arc::unwrap_or_clone(server_config("etcd/server", BOTH, &[b"h2"]));
    let chain = vec![CertificateDer::from_pem_slice(&pki("etcd/server.crt")).unwrap(); 100];
    let key = PrivateKeyDer::from_pem_slice(&pki("etcd/server.key")).unwrap();
    let signer = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
    config.cert_resolver = Arc::new(SingleCertAndKey::from(CertifiedKey::new(chain, signer)));
    let port = serve(move |stream| {
        let mut tls = StreamOwned::new(ServerConnection::new(Arc::new(config)).unwrap(), stream);
        let _ = tls.read(&mut [0; 64]);
    });
    let seen = call(port, None, Speaks::Http2, true);
    // it is TLS all the same
    assert!(matches!(&seen, Observation { stage: Stage::Tls, end: End::Failed(Failure::Protocol(_)), .. }), "{seen:?}");
}

#[test]
fn time_without_end_is_bounded_too() {
    let dial = Dial { host: "127.0.0.1".to_owned(), port: serve(drop), server_name: None, own: None };
    let manner = Manner { timeout: Duration::MAX, ..Manner::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let seen = runtime.block_on(observe(&dial, None, &manner, |_, _| true));
    assert!(matches!(seen.end, End::Failed(Failure::Closed | Failure::Reset)), "{seen:?}");
}

#[test]
fn pairs_that_cannot_be_shown() {
    let why = |certificate: &[u8], key: &[u8]| Identity::from_pem(certificate, key).err().unwrap().to_string();
    let (certificate, key) = (pki("etcd/peer.crt"), pki("etcd/peer.key"));
    assert_eq!(why(&certificate, &pki("etcd/server.key")), "the key is not the key of the certificate");
    assert_eq!(why(&key, &key), "no certificate in the certificate file");
    assert_eq!(why(&certificate, &certificate), "no private key in the key file");
}
