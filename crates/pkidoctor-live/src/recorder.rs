//! The two ends of a handshake at which the client could object: both only take notes.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pkidoctor::go::GoVersion;
use pkidoctor::go::parse;
use pkidoctor::x509::signature::{Algorithm, Hash, verifies};
use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, SignatureScheme};

/// Every way of signing that a Go server knows, P-521 among them, which the provider itself does not offer.
const SCHEMES: [SignatureScheme; 10] = [
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ED25519,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ECDSA_NISTP521_SHA512,
];

/// No chain and no list of CAs is longer; what is behind it is not kept.
const MOST_CERTIFICATES: usize = 32;
const MOST_NAMES: usize = 256;

/// What was noted.
#[derive(Clone, Default)]
pub(crate) struct Notes {
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) key_proved: Option<bool>,
    pub(crate) asked: bool,
    pub(crate) knows_ed25519: bool,
    pub(crate) ca_names: Vec<Vec<u8>>,
    pub(crate) showed: bool,
}

/// Accepts every server, shows its pair to every server, and notes what they did.
pub(crate) struct Recorder {
    identity: Option<Arc<CertifiedKey>>,
    notes: Mutex<Notes>,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // the TLS library wants one; the pair is a key's
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

impl Recorder {
    pub(crate) fn new(identity: Option<Arc<CertifiedKey>>) -> Self {
        Self { identity, notes: Mutex::default() }
    }

    pub(crate) fn notes(&self) -> Notes {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> HandshakeSignatureValid {
        let key = parse::certificate(leaf, GoVersion::NEWEST).ok().and_then(|leaf| leaf.key.clone());
        let proved = algorithm(signed.scheme)
            .zip(key)
            .is_some_and(|(algorithm, key)| verifies(algorithm, &key, message, signed.signature()));
        self.lock().key_proved = Some(proved);
        HandshakeSignatureValid::assertion()
    }
}

const fn algorithm(scheme: SignatureScheme) -> Option<Algorithm> {
    Some(match scheme {
        SignatureScheme::RSA_PKCS1_SHA256 => Algorithm::Rsa(Hash::Sha256),
        SignatureScheme::RSA_PKCS1_SHA384 => Algorithm::Rsa(Hash::Sha384),
        SignatureScheme::RSA_PKCS1_SHA512 => Algorithm::Rsa(Hash::Sha512),
        SignatureScheme::RSA_PSS_SHA256 => Algorithm::RsaPss(Hash::Sha256),
        SignatureScheme::RSA_PSS_SHA384 => Algorithm::RsaPss(Hash::Sha384),
        SignatureScheme::RSA_PSS_SHA512 => Algorithm::RsaPss(Hash::Sha512),
        SignatureScheme::ECDSA_NISTP256_SHA256 => Algorithm::Ecdsa(Hash::Sha256),
        SignatureScheme::ECDSA_NISTP384_SHA384 => Algorithm::Ecdsa(Hash::Sha384),
        SignatureScheme::ECDSA_NISTP521_SHA512 => Algorithm::Ecdsa(Hash::Sha512),
        SignatureScheme::ED25519 => Algorithm::Ed25519,
        _ => return None,
    })
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain = std::iter::once(leaf).chain(intermediates);
        self.lock().chain = chain.take(MOST_CERTIFICATES).map(|certificate| certificate.to_vec()).collect();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(self.signature(message, leaf, signed))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(self.signature(message, leaf, signed))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SCHEMES.to_vec()
    }
}

impl ResolvesClientCert for Recorder {
    fn resolve(&self, hints: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let identity = self.identity.clone().filter(|pair| pair.key.choose_scheme(schemes).is_some());
        let mut notes = self.lock();
        notes.asked = true;
        notes.knows_ed25519 = schemes.contains(&SignatureScheme::ED25519);
        notes.ca_names = hints.iter().take(MOST_NAMES).map(|name| name.to_vec()).collect();
        notes.showed = identity.is_some();
        identity
    }

    fn has_certs(&self) -> bool {
        // without this the library never asks, and the request goes unseen
        true
    }
}
