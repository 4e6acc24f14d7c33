//! A client of our own: whole handshakes, one after another, and what was shown in them.

use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned};
use sha2::{Digest as _, Sha256};
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The bound of everything that waits for the other side.
const PATIENCE: Duration = Duration::from_secs(5);

/// Someone with a pair of the PKI.
#[derive(Clone)]
pub(crate) struct Client(Arc<ClientConfig>);

type Tls = StreamOwned<ClientConnection, TcpStream>;

/// A server with a pair in files, which asks nobody for a certificate.
pub(crate) fn server(certificate_file: &Path) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::from_pem_file(certificate_file.with_extension("key")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("versions").with_no_client_auth();
    Arc::new(config.with_single_cert(vec![certificate(certificate_file)], key).expect("a pair"))
}

impl Client {
    /// With the pair `stem` of this PKI directory, trusting its etcd authority; it never resumes a session.
    pub(crate) fn of(pki: &Path, stem: &str) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(certificate(&pki.join("etcd/ca.crt"))).expect("an authority");
        let chain = vec![certificate(&pki.join(format!("{stem}.crt")))];
        let key = PrivateKeyDer::from_pem_file(pki.join(format!("{stem}.key"))).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.expect("versions").with_root_certificates(roots);
        let mut config = config.with_client_auth_cert(chain, key).expect("a pair");
        config.resumption = Resumption::disabled();
        Self(Arc::new(config))
    }

    /// A whole handshake; the digest of the certificate that the server showed.
    pub(crate) fn shake(&self, address: &str, port: u16) -> Result<String, String> {
        let tls = self.connect(address, port)?;
        let leaf = tls.conn.peer_certificates().and_then(<[_]>::first).ok_or("no certificate")?;
        Ok(digest(leaf))
    }

    /// What comes back for a body sent over HTTP/1.1, status line first.
    pub(crate) fn post(&self, (address, port): (&str, u16), path: &str, body: &str) -> Result<String, String> {
        let mut tls = self.connect(address, port)?;
        let length = body.len();
        let head = format!("POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\n");
        let request = format!("{head}Connection: close\r\n\r\n{body}");
        tls.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
        let mut answer = Vec::new();
        // who hangs up without a word has said everything all the same
        let _ = tls.read_to_end(&mut answer);
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    fn connect(&self, address: &str, port: u16) -> Result<Tls, String> {
        let ip: IpAddr = address.parse().expect("an address");
        let mut socket = TcpStream::connect((ip, port)).map_err(|error| format!("connect: {error}"))?;
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        socket.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        let name = ServerName::IpAddress(ip.into());
        let mut connection = ClientConnection::new(Arc::clone(&self.0), name).expect("a configuration");
        while connection.is_handshaking() {
            connection.complete_io(&mut socket).map_err(|error| error.to_string())?;
        }
        Ok(StreamOwned::new(connection, socket))
    }
}

/// The first certificate of a file.
fn certificate(path: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(path).expect("a certificate")
}

/// The digest of a file's first certificate.
pub(crate) fn on_disk(path: &Path) -> String {
    digest(&certificate(path))
}

fn digest(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}
