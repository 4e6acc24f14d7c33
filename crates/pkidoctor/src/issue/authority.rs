//! Who may sign: a certificate with its key, an authority made of such a pair, and new authorities.

use std::sync::Arc;

use time::OffsetDateTime;
use x509_cert::der::Encode as _;

use crate::go::GoVersion;
use crate::go::verify::{SignatureCache, Verifier, rfc3339};
use crate::x509::certificate::Certificate;

use super::certificate::IssueError;
use super::draft::{Draft, certifiable, examine, same, same_dates, subject_name, validity};
use super::extensions::authority_extensions;
use super::key::PrivateKey;
use super::subject::Subject;

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

/// What a new certificate authority is to say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuthorityTemplate {
    /// Its name, for example `etcd-ca`.
    pub subject: Subject,
    /// DNS names: newer kubeadm repeats the common name here, 1.20 writes none.
    pub dns: Vec<String>,
    /// First instant of validity; whole seconds are written.
    pub not_before: OffsetDateTime,
    /// Last instant of validity; whole seconds are written.
    pub not_after: OffsetDateTime,
}

/// A new self-signed certificate authority (DER) as kubeadm makes it.
///
/// The subject key identifier is the first 160 bits of SHA-256 over the public key, as Go writes it from 1.25
/// on (RFC 7093 section 2).
///
/// # Errors
/// What of the template cannot be written, or why the key cannot sign.
pub fn new_authority(template: &AuthorityTemplate, key: &PrivateKey) -> Result<Vec<u8>, IssueError> {
    let subject = subject_name(&template.subject)?;
    let subject_bytes = subject.to_der()?;
    let draft = Draft {
        issuer: subject.clone(),
        validity: validity(template.not_before, template.not_after)?,
        extensions: authority_extensions(template, key.spki(), subject.is_empty())?,
        subject,
        spki: certifiable(key.spki())?,
    };
    let raw = draft.sign(key)?;
    let made = examine(&raw, &subject_bytes, key.public())?;
    same(made.subject.raw == subject_bytes, "subject")?;
    same(made.key.as_ref() == Some(key.public()), "public key")?;
    same_dates(&made, template.not_before, template.not_after)?;
    same(made.names.dns == template.dns, "DNS names")?;
    same(made.may_sign() && made.is_ca(), "basic constraints")?;
    same(made.authority_key_id.is_empty() && made.subject_key_id.len() == 20, "key identifiers")?;
    Ok(made.raw)
}
