//! One connection: dial, shake hands, listen whether the server refuses, and ask one harmless question.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use pkidoctor::live::{End, Failure, Observation, Stage, Version};
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ProtocolVersion, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::identity::Identity;
use crate::recorder::Recorder;
use crate::sources;
use crate::watched::{TooMuch, Watched};

/// Whom to call.
#[derive(Clone, Debug)]
pub struct Dial {
    /// A name or an address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What to ask for by SNI instead of the host; addresses are never sent.
    pub server_name: Option<String>,
    /// The address of the client that is stood in for, where the server holds it against the certificate.
    pub own: Option<IpAddr>,
}

/// How to call.
#[derive(Clone, Debug)]
pub struct Manner {
    /// For everything together.
    pub timeout: Duration,
    /// What to offer.
    pub versions: Versions,
    /// What to say after the handshake.
    pub speaks: Speaks,
}

impl Default for Manner {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(5), versions: Versions::Auto, speaks: Speaks::Http2 }
    }
}

/// Which TLS versions to offer.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Versions {
    /// 1.3 and 1.2.
    #[default]
    Auto,
    /// 1.2 alone.
    Tls12,
    /// 1.3 alone.
    Tls13,
}

impl Versions {
    fn offered(self) -> Vec<&'static SupportedProtocolVersion> {
        match self {
            Self::Auto => vec![&TLS13, &TLS12],
            Self::Tls12 => vec![&TLS12],
            Self::Tls13 => vec![&TLS13],
        }
    }
}

/// What to say once the server is trusted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Speaks {
    /// ALPN `h2` and the preface of RFC 9113, as etcd's clients do; no request follows.
    Http2,
    /// No ALPN, as etcd's peers do, and one GET of this path.
    Http1 {
        /// Such as `/version`.
        path: String,
    },
    /// A protocol that nobody knows, and nothing more: Go refuses it from 1.17 on.
    Unknown,
}

/// Preface and empty SETTINGS, RFC 9113 section 3.4.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// How long a refusal may take after a TLS 1.3 handshake, in round trips, at least and at most: etcd's comes 45 µs
/// after it.
const REFUSAL_ROUND_TRIPS: u32 = 4;
const REFUSAL_AT_LEAST: Duration = Duration::from_millis(15);
const REFUSAL_AT_MOST: Duration = Duration::from_millis(500);

/// A stream to a server that the caller trusts and that was not seen to refuse; what a server says of a client's
/// certificate under TLS 1.3 may still come with the first bytes.
///
/// # Errors
/// How it ended instead.
pub(crate) async fn open(
    dial: &Dial,
    identity: Option<&Identity>,
    manner: &Manner,
    trusted: impl Fn(&[Vec<u8>], Option<bool>) -> bool,
) -> Result<TlsStream<Watched>, End> {
    let begin = Instant::now();
    let recorder = Arc::new(Recorder::new(identity.map(|identity| Arc::clone(&identity.0))));
    let mut seen = Observation::default();
    let deadline = begin + manner.timeout.min(LONGEST);
    let call = Call { dial, manner, begin, deadline, recorder: &recorder };
    let opening = async {
        let (tls, _) = call.secure(&mut seen).await?;
        let notes = recorder.notes();
        if trusted(&notes.chain, notes.key_proved) { Ok(tls) } else { Err(End::NotTrusted) }
    };
    timeout_at(deadline, opening).await.unwrap_or_else(|_| Err(Failure::TimedOut.into()))
}

/// Nobody waits longer for one connection.
const LONGEST: Duration = Duration::from_secs(3600);

/// Dials a server and notes all that it shows, asks for and says.
///
/// `trusted` decides, with the chain that was shown (leaf first, DER) and whether the server proved its key, whether
/// the caller would go on; without it nothing is sent after the handshake. The result is there after
/// [`Manner::timeout`] at the latest.
pub async fn observe(
    dial: &Dial,
    identity: Option<&Identity>,
    manner: &Manner,
    trusted: impl Fn(&[Vec<u8>], Option<bool>) -> bool,
) -> Observation {
    let begin = Instant::now();
    let recorder = Arc::new(Recorder::new(identity.map(|identity| Arc::clone(&identity.0))));
    let offered = manner.versions.offered().into_iter().map(|version| u16::from(version.version));
    let mut seen = Observation { offered: offered.collect(), ..Observation::default() };
    let deadline = begin + manner.timeout.min(LONGEST);
    let call = Call { dial, manner, begin, deadline, recorder: &recorder };
    let end = timeout_at(deadline, call.walk(&mut seen, trusted)).await;
    seen.end = end.unwrap_or_else(|_| Err(Failure::TimedOut.into())).unwrap_or_else(|end| end);
    // only who has an address can bind it
    seen.at_home = dial.own.map(|own| UdpSocket::bind((own, 0)).is_ok());
    let notes = recorder.notes();
    seen.chain = notes.chain;
    seen.key_proved = notes.key_proved;
    seen.asks_for_certificate = notes.asked;
    seen.knows_ed25519 = notes.knows_ed25519;
    seen.trusted_ca_names = notes.ca_names;
    seen.showed_certificate = notes.showed;
    seen.took = begin.elapsed();
    seen
}

/// One call on its way.
struct Call<'a> {
    dial: &'a Dial,
    manner: &'a Manner,
    begin: Instant,
    deadline: Instant,
    recorder: &'a Arc<Recorder>,
}

impl Call<'_> {
    async fn walk(
        &self,
        seen: &mut Observation,
        trusted: impl Fn(&[Vec<u8>], Option<bool>) -> bool,
    ) -> Result<End, End> {
        let (mut tls, patience) = self.secure(seen).await?;
        let mut buffer = [0; 4096];
        let mut filled = 0;
        // a refusal comes first: who writes before it may read a reset in its place
        if let Some(patience) = patience
            && let Ok(first) = timeout(patience, tls.read(&mut buffer)).await
        {
            filled = first.map_err(|error| ended(&error, tls.get_ref().0))?;
            if filled == 0 {
                return Err(Failure::Closed.into());
            }
        }
        let notes = self.recorder.notes();
        if !trusted(&notes.chain, notes.key_proved) {
            return Ok(End::NotTrusted);
        }
        if filled > 0 && self.manner.speaks == Speaks::Http2 {
            // a server that speaks first, as Go does in HTTP/2, has taken the client
            return Ok(End::Served);
        }
        seen.stage = Stage::Http;
        self.speak(&mut tls, &mut buffer, filled, seen).await
    }

    /// The way to a stream with TLS, and how long a refusal of the client may take after it.
    async fn secure(&self, seen: &mut Observation) -> Result<(TlsStream<Watched>, Option<Duration>), End> {
        let addresses = self.resolve().await?;
        seen.stage = Stage::Connect;
        let (stream, round_trip) = self.connect(&addresses, seen).await?;
        seen.connected_after = Some(self.begin.elapsed());
        seen.stage = Stage::Tls;
        let tls = self.shake_hands(stream, seen.address).await?;
        seen.secured_after = Some(self.begin.elapsed());
        note_session(&tls, seen);
        seen.stage = Stage::Read;
        // under TLS 1.2 the server has looked at the certificate before it finished
        let patience = (seen.version == Some(Version::Tls13))
            .then(|| round_trip.saturating_mul(REFUSAL_ROUND_TRIPS).clamp(REFUSAL_AT_LEAST, REFUSAL_AT_MOST));
        Ok((tls, patience))
    }

    async fn resolve(&self) -> Result<Vec<SocketAddr>, End> {
        let Dial { host, port, .. } = self.dial;
        let found = tokio::net::lookup_host((host.as_str(), *port)).await;
        let addresses: Vec<_> = found.map_err(|error| Failure::NoAddress(error.to_string()))?.take(16).collect();
        if addresses.is_empty() { Err(Failure::NoAddress("no address".to_owned()).into()) } else { Ok(addresses) }
    }

    /// The first address that answers, and how long that took; each gets its share of the time that is left. Else the
    /// failure of the last.
    async fn connect(&self, addresses: &[SocketAddr], seen: &mut Observation) -> Result<(TcpStream, Duration), End> {
        let mut failure = Failure::NoAddress("no address".to_owned());
        for (address, left) in addresses.iter().zip((1..=addresses.len()).rev()) {
            seen.address = Some(*address);
            let begin = Instant::now();
            let share = self.deadline.saturating_duration_since(begin) / u32::try_from(left).unwrap_or(u32::MAX);
            match timeout(share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    seen.local = stream.local_addr().ok();
                    sources::note(&stream);
                    // the handshake is many small messages
                    stream.set_nodelay(true).map_err(|error| failure_of(&error))?;
                    return Ok((stream, begin.elapsed()));
                }
                Ok(Err(error)) => failure = failure_of(&error),
                Err(_) => failure = Failure::TimedOut,
            }
        }
        Err(failure.into())
    }

    async fn shake_hands(&self, stream: TcpStream, address: Option<SocketAddr>) -> Result<TlsStream<Watched>, End> {
        let protocol = |error: rustls::Error| End::from(Failure::Protocol(error.to_string()));
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let mut config = builder
            .with_protocol_versions(&self.manner.versions.offered())
            .map_err(protocol)?
            .dangerous()
            // it takes notes; whether the chain would be trusted, the caller says before anything is sent
            .with_custom_certificate_verifier(Arc::clone(self.recorder) as _)
            .with_client_cert_resolver(Arc::clone(self.recorder) as _);
        config.alpn_protocols = match self.manner.speaks {
            Speaks::Http2 => vec![b"h2".to_vec()],
            Speaks::Http1 { .. } => Vec::new(),
            Speaks::Unknown => vec![b"pkidoctor".to_vec()],
        };
        // a resumed session shows no chain
        config.resumption = Resumption::disabled();
        let wanted = self.dial.server_name.as_ref().unwrap_or(&self.dial.host);
        // what is no name for TLS is called by its address, without SNI, as Go does
        let by_address = || address.map(|address| ServerName::from(address.ip()));
        let name = ServerName::try_from(wanted.clone()).ok().or_else(by_address);
        let name = name.ok_or_else(|| Failure::Protocol("not a name for TLS".to_owned()))?;
        let connecting = TlsConnector::from(Arc::new(config)).connect(name, Watched::new(stream));
        connecting.into_fallible().await.map_err(|(error, stream)| ended(&error, &stream))
    }

    async fn speak(
        &self,
        tls: &mut TlsStream<Watched>,
        buffer: &mut [u8],
        mut filled: usize,
        seen: &mut Observation,
    ) -> Result<End, End> {
        let path = match &self.manner.speaks {
            Speaks::Http2 if tls.get_ref().1.alpn_protocol() == Some(b"h2") => None,
            Speaks::Http2 => Some("/version"),
            Speaks::Http1 { path } => Some(path.as_str()),
            Speaks::Unknown => return Ok(End::Served),
        };
        let Dial { host, port, .. } = self.dial;
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let question = match path {
            None => PREFACE.to_vec(),
            Some(path) => format!(
                "GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: pkidoctor\r\nAccept: */*\r\nConnection: close\r\n\r\n"
            )
            .into_bytes(),
        };
        let refused = |error: io::Error, tls: &TlsStream<Watched>| ended(&error, tls.get_ref().0);
        let asked = async {
            tls.write_all(&question).await?;
            tls.flush().await
        };
        let asked = asked.await;
        while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
            match tls.read(room).await {
                Ok(0) => break,
                Ok(count) => filled = filled.saturating_add(count),
                Err(error) => return Err(refused(error, tls)),
            }
            let so_far = buffer.get(..filled).unwrap_or_default();
            if path.is_none() {
                // any frame at all: only who took the client answers in HTTP/2
                return Ok(End::Served);
            }
            if let Some(status) = status(so_far) {
                seen.http_status = Some(status);
                return Ok(End::Served);
            }
        }
        // the reason for which the question could not be sent comes with the next read, or was this one
        asked.map_err(|error| refused(error, tls))?;
        if filled > 0 {
            Err(Failure::Protocol("no answer in HTTP".to_owned()).into())
        } else {
            Err(Failure::Closed.into())
        }
    }
}

/// The status of an HTTP/1 response, once its first line is there.
fn status(bytes: &[u8]) -> Option<u16> {
    let line = bytes.split(|byte| *byte == b'\n').next().filter(|line| line.len() < bytes.len())?;
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    words.next().filter(|version| version.starts_with("HTTP/1."))?;
    words.next()?.parse().ok()
}

fn note_session(tls: &TlsStream<Watched>, seen: &mut Observation) {
    let session = tls.get_ref().1;
    seen.version = match session.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => Some(Version::Tls12),
        Some(ProtocolVersion::TLSv1_3) => Some(Version::Tls13),
        _ => None,
    };
    seen.alpn = session.alpn_protocol().map(|protocol| String::from_utf8_lossy(protocol).into_owned());
}

/// What an error of the TLS stream means.
fn ended(error: &io::Error, stream: &Watched) -> End {
    let inner = error.get_ref();
    if let Some(inner) = inner
        && inner.is::<TooMuch>()
    {
        return Failure::TooMuch.into();
    }
    match inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::AlertReceived(alert)) => {
            End::Alert { number: u8::from(*alert), name: format!("{alert:?}") }
        }
        Some(rustls::Error::InvalidMessage(_)) if stream.began_as_http() => Failure::PlainHttp.into(),
        Some(rustls::Error::InvalidMessage(_)) if !stream.began_as_tls() => Failure::NotTls.into(),
        Some(other) => Failure::Protocol(other.to_string()).into(),
        None => match failure_of(error) {
            // of the TLS library, not of the operating system
            Failure::Io(text) if error.raw_os_error().is_none() => Failure::Protocol(text).into(),
            failure => failure.into(),
        },
    }
}

pub(crate) fn failure_of(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Failure::Refused,
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted => Failure::Reset,
        io::ErrorKind::UnexpectedEof => Failure::Closed,
        io::ErrorKind::TimedOut => Failure::TimedOut,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Failure::Unreachable(error.to_string()),
        _ => Failure::Io(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::thread::{sleep, spawn};

    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::server::WebPkiClientVerifier;
    use rustls::{RootCertStore, ServerConfig, ServerConnection};
    use tokio::net::TcpSocket;

    use super::*;

    /// A file of a real node's PKI.
    macro_rules! pki {
        ($name:literal) => {
            include_bytes!(concat!("../../../testdata/clusters/stacked-single/pki/", $name))
        };
    }

    /// An etcd that asks for certificates of its own CA.
    fn etcd() -> Arc<ServerConfig> {
        let certificate = |pem: &[u8]| CertificateDer::from_pem_slice(pem).expect("a certificate");
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(certificate(pki!("etcd/ca.crt"))).expect("a root");
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
        let key = PrivateKeyDer::from_pem_slice(pki!("etcd/server.key")).expect("a key");
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .expect("versions")
            .with_client_cert_verifier(clients.expect("a verifier"))
            .with_single_cert(vec![certificate(pki!("etcd/server.crt"))], key);
        Arc::new(config.expect("a pair"))
    }

    /// Says its part of the handshake, then an alert, and hangs up with a reset, whatever the client is saying.
    fn refuse(config: Arc<ServerConfig>, mut stream: std::net::TcpStream, after: Duration) -> io::Result<()> {
        let mut connection = ServerConnection::new(config).expect("a configuration");
        while !connection.wants_write() {
            connection.read_tls(&mut stream)?;
            connection.process_new_packets().expect("a greeting");
        }
        let said = |connection: &mut ServerConnection, stream: &mut std::net::TcpStream| {
            while connection.wants_write() {
                connection.write_tls(stream)?;
            }
            Ok(())
        };
        said(&mut connection, &mut stream)?;
        sleep(after);
        // as if from the client, and refused by every version
        connection.read_tls(&mut &[23, 3, 3, 0, 1, 0][..])?;
        connection.process_new_packets().expect_err("a refusal");
        said(&mut connection, &mut stream)
    }

    /// A server that refuses every client, each a little later than the one before.
    fn refusing() -> io::Result<u16> {
        let socket = TcpSocket::new_v4()?;
        // a close is a reset, as where something of the client's stays unread
        socket.set_zero_linger()?;
        socket.bind(([127, 0, 0, 1], 0).into())?;
        let (listener, config) = (socket.listen(8)?.into_std()?, etcd());
        listener.set_nonblocking(false)?;
        let port = listener.local_addr()?.port();
        spawn(move || {
            for (stream, step) in listener.incoming().flatten().zip(0..) {
                let _ = refuse(Arc::clone(&config), stream, Duration::from_micros(20) * step);
            }
        });
        Ok(port)
    }

    /// The client reads the server's part, signs, and writes its own: the refusal comes before, within or after that.
    #[test]
    fn an_alert_is_heard_whatever_the_client_is_saying() {
        let identity = Identity::from_pem(pki!("etcd/healthcheck-client.crt"), pki!("etcd/healthcheck-client.key"));
        let identity = identity.expect("a pair");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        for versions in [Versions::Tls12, Versions::Tls13] {
            let port = runtime.block_on(async { refusing() }).expect("a server");
            let dial = Dial { host: "127.0.0.1".to_owned(), port, server_name: None, own: None };
            let manner = Manner { versions, ..Manner::default() };
            for _ in 0..100 {
                let seen = runtime.block_on(observe(&dial, Some(&identity), &manner, |_, _| true));
                assert!(matches!(seen.end, End::Alert { .. }), "{seen:?}");
            }
        }
    }
}
