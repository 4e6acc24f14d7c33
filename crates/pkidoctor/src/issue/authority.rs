//! Who may sign: a certificate with its key, and an authority made of such a pair.

use std::sync::Arc;

use time::OffsetDateTime;

use crate::go::GoVersion;
use crate::go::verify::{SignatureCache, Verifier, rfc3339};
use crate::x509::certificate::Certificate;

use super::key::PrivateKey;

/// A certificate and the private key that belongs to it.
pub struct MatchedPair {
    certificate: Arc<Certificate>,
    key: PrivateKey,
}

/// Why a key does not belong to a certificate.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PairError {
    /// Another algorithm, size or curve; both by their short names.
    #[error("the certificate is for a key of kind {certificate}, the private key is {key}")]
    OtherKind {
        /// Of the certificate's key.
        certificate: String,
        /// Of the private key.
        key: String,
    },
    /// Same kind, other key.
    #[error("the private key is another one than the certificate's")]
    OtherKey,
    /// The certificate's key is of an algorithm that Go does not know.
    #[error("the certificate's key is of an unknown algorithm")]
    UnknownAlgorithm,
}

impl MatchedPair {
    /// Compares the public halves.
    ///
    /// # Errors
    /// When they are not the same.
    pub fn new(certificate: Arc<Certificate>, key: PrivateKey) -> Result<Self, PairError> {
        let Some(public) = &certificate.key else { return Err(PairError::UnknownAlgorithm) };
        if public == key.public() {
            return Ok(Self { certificate, key });
        }
        let (kind, other) = (public.kind(), key.public().kind());
        Err(if kind == other { PairError::OtherKey } else { PairError::OtherKind { certificate: kind, key: other } })
    }

    /// The certificate.
    pub const fn certificate(&self) -> &Arc<Certificate> {
        &self.certificate
    }

    /// Its private key.
    pub const fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// The private key alone.
    pub fn into_key(self) -> PrivateKey {
        self.key
    }
}

/// A certificate authority that can sign now.
pub struct Authority {
    pair: MatchedPair,
    chain: Vec<Arc<Certificate>>,
}

/// Why a pair is no authority.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AuthorityError {
    /// basicConstraints or keyUsage forbid it (`CheckSignatureFrom`).
    #[error("this certificate may not sign others: it is no CA, or its key usage lacks certificate signing")]
    MayNotSign,
    /// Before its notBefore.
    #[error("the CA certificate is not valid before {}", rfc3339(*.0))]
    NotYetValid(OffsetDateTime),
    /// After its notAfter.
    #[error("the CA certificate has expired at {}", rfc3339(*.0))]
    Expired(OffsetDateTime),
    /// A certificate of the chain did not sign the one before it.
    #[error("certificate {position} above the CA did not sign the one before it: {reason}")]
    Chain {
        /// Which one, from 1.
        position: usize,
        /// Go's words, or the two names.
        reason: String,
    },
}

impl Authority {
    /// An authority at the instant `at`. `chain` holds the certificates above it, next one first: empty for a
    /// root, as kubeadm makes them.
    ///
    /// # Errors
    /// What keeps it from signing.
    pub fn new(pair: MatchedPair, chain: Vec<Arc<Certificate>>, at: OffsetDateTime) -> Result<Self, AuthorityError> {
        let certificate = pair.certificate();
        if !certificate.may_sign() {
            return Err(AuthorityError::MayNotSign);
        }
        if at < certificate.not_before {
            return Err(AuthorityError::NotYetValid(certificate.not_before));
        }
        if at > certificate.not_after {
            return Err(AuthorityError::Expired(certificate.not_after));
        }
        joined(certificate, &chain, at)?;
        Ok(Self { pair, chain })
    }

    /// The CA certificate.
    pub const fn certificate(&self) -> &Arc<Certificate> {
        self.pair.certificate()
    }

    /// Its private key.
    pub const fn key(&self) -> &PrivateKey {
        self.pair.key()
    }

    /// The certificates above it, next one first.
    pub fn chain(&self) -> &[Arc<Certificate>] {
        &self.chain
    }
}

fn joined(first: &Arc<Certificate>, chain: &[Arc<Certificate>], at: OffsetDateTime) -> Result<(), AuthorityError> {
    let verifier = Verifier { go: GoVersion::NEWEST, now: at, signatures: &SignatureCache::default() };
    let children = std::iter::once(first).chain(chain);
    for (position, (child, parent)) in (1..).zip(children.zip(chain)) {
        if child.issuer.raw != parent.subject.raw {
            let reason = format!("its subject is {}, wanted is {}", parent.subject, child.issuer);
            return Err(AuthorityError::Chain { position, reason });
        }
        let signed = verifier.check_signature(child, parent);
        signed.map_err(|error| AuthorityError::Chain { position, reason: error.to_string() })?;
    }
    Ok(())
}
