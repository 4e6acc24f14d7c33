//! Servers of every kind, in this process and on loopback.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::spawn;
use std::time::Duration;

use clinic::algorithm::{Algorithm, Digest};
use clinic::key::{Key, Kind};
use clinic::rng::Rng;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::sign::{CertifiedKey, Signer, SigningKey, SingleCertAndKey};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig, ServerConnection,
    SignatureAlgorithm, SignatureScheme, StreamOwned, SupportedProtocolVersion,
};
use tokio::net::TcpSocket;

use super::Patient;

pub(super) type Tls = StreamOwned<ServerConnection, TcpStream>;

pub(super) const BOTH: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];
pub(super) const ONLY_12: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];

/// Nobody is treated for longer than this, so that no thread stays behind.
const PATIENCE: Duration = Duration::from_secs(5);

/// A server on a free port that treats every connection so.
pub(super) fn serve(treat: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    serve_on(TcpListener::bind("127.0.0.1:0").expect("a port"), treat)
}

pub(super) fn serve_on(listener: TcpListener, treat: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let port = listener.local_addr().expect("an address").port();
    let treat = Arc::new(treat);
    spawn(move || {
        for stream in listener.incoming().flatten() {
            stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
            stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
            let treat = Arc::clone(&treat);
            spawn(move || treat(stream));
        }
    });
    port
}

/// A server that treats what comes after a handshake so; what does not come so far is dropped.
pub(super) fn serve_tls(config: ServerConfig, treat: impl Fn(&mut Tls) + Send + Sync + 'static) -> u16 {
    let config = Arc::new(config);
    serve(move |stream| tls(&config, stream, &treat))
}

pub(super) fn tls(config: &Arc<ServerConfig>, mut stream: TcpStream, treat: &impl Fn(&mut Tls)) {
    let mut connection = ServerConnection::new(Arc::clone(config)).expect("a configuration");
    let done = connection.complete_io(&mut stream);
    let mut tls = StreamOwned::new(connection, stream);
    if done.is_ok() {
        treat(&mut tls);
    }
    // says what it has to say, alerts too
    while tls.conn.wants_write() && tls.conn.write_tls(&mut tls.sock).is_ok() {}
}

/// A listener with a queue of this length; its connections are reset when they are dropped, if asked.
pub(super) fn listener(queue: u32, resets: bool) -> TcpListener {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let socket = TcpSocket::new_v4().expect("a socket");
        if resets {
            socket.set_zero_linger().expect("an option");
        }
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
        let listener = socket.listen(queue).and_then(tokio::net::TcpListener::into_std).expect("a listener");
        listener.set_nonblocking(false).expect("an option");
        listener
    })
}

/// Reads until the client hangs up.
pub(super) fn hold(stream: &mut impl Read) {
    let mut buffer = [0; 4096];
    while matches!(stream.read(&mut buffer), Ok(1..)) {}
}

/// What the client said first.
pub(super) fn first(stream: &mut TcpStream) -> Vec<u8> {
    let mut buffer = vec![0; 4096];
    let count = stream.read(&mut buffer).unwrap_or_default();
    buffer.truncate(count);
    buffer
}

/// Writes the same without end.
pub(super) fn flood(stream: &mut impl Write, bytes: &[u8]) {
    while stream.write_all(bytes).is_ok() {}
}

/// Takes every client that shows a certificate, or any at all.
#[derive(Debug)]
pub(super) struct Anybody {
    pub(super) names: Vec<DistinguishedName>,
    pub(super) demands: bool,
    /// But whoever's certificate holds these bytes, if any.
    pub(super) but: &'static [u8],
}

impl Anybody {
    /// Whoever shows a certificate, though only the CAs of this file are named.
    pub(super) fn of(patient: &Patient, ca: &str) -> Self {
        Self { names: ca_names(patient, ca), demands: true, but: &[] }
    }
}

impl ClientCertVerifier for Anybody {
    fn client_auth_mandatory(&self) -> bool {
        self.demands
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.names
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if !self.but.is_empty() && leaf.windows(self.but.len()).any(|part| part == self.but) {
            return Err(Error::InvalidCertificate(CertificateError::UnknownIssuer));
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// A key of the clinic, of kinds that the TLS library cannot sign with, too.
#[derive(Clone, Debug)]
struct ClinicKey {
    key: Key,
    scheme: SignatureScheme,
    algorithm: Algorithm,
}

impl ClinicKey {
    fn new(key: &Key) -> Self {
        let (scheme, algorithm) = match key.kind() {
            Kind::P521 => (SignatureScheme::ECDSA_NISTP521_SHA512, Algorithm::Ecdsa(Digest::Sha512)),
            Kind::P384 => (SignatureScheme::ECDSA_NISTP384_SHA384, Algorithm::Ecdsa(Digest::Sha384)),
            Kind::Ed25519 => (SignatureScheme::ED25519, Algorithm::Ed25519),
            _ => (SignatureScheme::RSA_PSS_SHA256, Algorithm::RsaPss(Digest::Sha256)),
        };
        Self { key: key.clone(), scheme, algorithm }
    }
}

impl SigningKey for ClinicKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered.contains(&self.scheme).then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self.algorithm {
            Algorithm::Ecdsa(_) => SignatureAlgorithm::ECDSA,
            Algorithm::Ed25519 => SignatureAlgorithm::ED25519,
            _ => SignatureAlgorithm::RSA,
        }
    }
}

impl Signer for ClinicKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.key.sign(&self.algorithm, message, &mut Rng::new(1)))
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}

/// A chain, and a key that may be that of its leaf.
pub(super) fn clinic_pair(chain: Vec<CertificateDer<'static>>, key: &Key) -> CertifiedKey {
    CertifiedKey::new(chain, Arc::new(ClinicKey::new(key)))
}

/// A pair of a tree.
pub(super) fn pair(patient: &Patient, stem: &str) -> CertifiedKey {
    let key = PrivateKeyDer::from_pem_slice(&patient.pki(&format!("{stem}.key"))).expect("a key");
    CertifiedKey::new(chain(patient, stem), rustls::crypto::ring::sign::any_supported_type(&key).expect("a usual key"))
}

pub(super) fn chain(patient: &Patient, stem: &str) -> Vec<CertificateDer<'static>> {
    vec![CertificateDer::from_pem_slice(&patient.pki(&format!("{stem}.crt"))).expect("a certificate")]
}

/// The names of the CAs in a file, as a server that trusts them lists them.
fn ca_names(patient: &Patient, name: &str) -> Vec<DistinguishedName> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&patient.pki(name)).expect("a certificate")).expect("a root");
    roots.subjects()
}

/// A server with this pair for these clients; HTTP/2 if the client knows it.
pub(super) fn config(
    pair: CertifiedKey,
    clients: Option<Anybody>,
    versions: &[&'static SupportedProtocolVersion],
) -> ServerConfig {
    let builder = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_protocol_versions(versions).expect("versions");
    let builder = match clients {
        Some(clients) => builder.with_client_cert_verifier(Arc::new(clients)),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(pair)));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

/// As the tree's own etcd shows itself.
pub(super) fn etcd(patient: &Patient) -> ServerConfig {
    config(pair(patient, "etcd/server"), Some(Anybody::of(patient, "etcd/ca.crt")), BOTH)
}

/// As the tree's own API server shows itself: it asks for a certificate and does without.
pub(super) fn apiserver(patient: &Patient) -> ServerConfig {
    let clients = Anybody { demands: false, ..Anybody::of(patient, "ca.crt") };
    config(pair(patient, "apiserver"), Some(clients), BOTH)
}
