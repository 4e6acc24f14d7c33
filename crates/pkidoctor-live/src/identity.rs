//! What a client shows: a certificate chain and the key that signs for it.

use std::sync::Arc;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use zeroize::Zeroize as _;

/// A client certificate with its key, ready for handshakes. It has no `Debug`, because it holds a private key.
#[derive(Clone)]
pub struct Identity(pub(crate) Arc<CertifiedKey>);

/// Why a pair cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// No block CERTIFICATE.
    #[error("no certificate in the certificate file")]
    NoCertificate,
    /// No private key that could be read.
    #[error("no private key in the key file")]
    NoKey,
    /// A key that the TLS library of this program cannot sign with (P-521, RSA below 2048 bits).
    #[error("the key is of a kind that this program cannot show")]
    Unsupported,
    /// The key is not the key of the certificate.
    #[error("the key is not the key of the certificate")]
    Mismatch,
}

impl Identity {
    /// Reads a pair as PEM.
    ///
    /// What Go says about a pair that does not load is the offline judge's to tell: this only says that there is
    /// nothing to show.
    ///
    /// # Errors
    /// When there is no pair, or none that this program can show.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, IdentityError> {
        let (chain, mut key) = load(certificate, key)?;
        let signer = any_supported_type(&key);
        key.zeroize();
        let pair = CertifiedKey::new(chain, signer.map_err(|_| IdentityError::Unsupported)?);
        match pair.keys_match() {
            Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch)) => Err(IdentityError::Mismatch),
            // a certificate that the library cannot read is shown all the same: the server decides
            _ => Ok(Self(Arc::new(pair))),
        }
    }
}

/// The one place where PEM becomes what the TLS library takes; our own reader, which knows what Go passes over, judges
/// the same files offline.
fn load(
    mut certificate: &[u8],
    mut key: &[u8],
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), IdentityError> {
    let chain: Vec<_> = rustls_pemfile::certs(&mut certificate).filter_map(Result::ok).collect();
    if chain.is_empty() {
        return Err(IdentityError::NoCertificate);
    }
    let key = rustls_pemfile::private_key(&mut key).ok().flatten().ok_or(IdentityError::NoKey)?;
    Ok((chain, key))
}
