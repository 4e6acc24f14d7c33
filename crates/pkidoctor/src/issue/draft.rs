//! A certificate while it is being made: written, signed, read again.

use std::time::Duration;

use time::OffsetDateTime;
use x509_cert::certificate::{Certificate as Signed, TbsCertificate, Version};
use x509_cert::der::asn1::{BitString, GeneralizedTime, Null, ObjectIdentifier, UtcTime};
use x509_cert::der::{DateTime, Decode as _, Encode as _};
use x509_cert::ext::Extension;
use x509_cert::name::RdnSequence;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};

use crate::go::{GoVersion, parse};
use crate::x509::certificate::Certificate;
use crate::x509::key::PublicKey;
use crate::x509::oid;
use crate::x509::signature::{Algorithm, Hash, verifies};

use super::certificate::IssueError;
use super::key::PrivateKey;
use super::source;
use super::subject::Subject;

/// Everything but serial number and signature.
pub(super) struct Draft {
    pub(super) issuer: RdnSequence,
    pub(super) validity: Validity,
    pub(super) subject: RdnSequence,
    pub(super) spki: SubjectPublicKeyInfoOwned,
    pub(super) extensions: Vec<Extension>,
}

impl Draft {
    pub(super) fn sign(self, key: &PrivateKey) -> Result<Vec<u8>, IssueError> {
        let signature_algorithm = signature_algorithm(key.algorithm())?;
        let tbs_certificate = TbsCertificate {
            version: Version::V3,
            serial_number: serial_number()?,
            signature: signature_algorithm.clone(),
            issuer: self.issuer,
            validity: self.validity,
            subject: self.subject,
            subject_public_key_info: self.spki,
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(self.extensions),
        };
        let signature = BitString::from_bytes(&key.sign(&tbs_certificate.to_der()?)?)?;
        Ok(Signed { tbs_certificate, signature_algorithm, signature }.to_der()?)
    }
}

/// RFC 8017 appendix A.2.4 (parameters NULL), RFC 5758 section 3.2, RFC 8410 section 3 (no parameters).
fn signature_algorithm(algorithm: Algorithm) -> Result<AlgorithmIdentifierOwned, IssueError> {
    let (oid, parameters) = match algorithm {
        Algorithm::Rsa(Hash::Sha256) => (oid::SHA256_WITH_RSA, Some(Null.into())),
        Algorithm::Ecdsa(Hash::Sha256) => (oid::ECDSA_WITH_SHA256, None),
        Algorithm::Ecdsa(Hash::Sha384) => (oid::ECDSA_WITH_SHA384, None),
        Algorithm::Ecdsa(Hash::Sha512) => (oid::ECDSA_WITH_SHA512, None),
        Algorithm::Ed25519 => (oid::ED25519, None),
        _ => return Err(IssueError::Bug("signature algorithm")),
    };
    Ok(AlgorithmIdentifierOwned { oid: identifier(oid)?, parameters })
}

/// 1 to 2^63 - 1 (kubeadm draws from the same range).
fn serial_number() -> Result<SerialNumber, IssueError> {
    loop {
        let mut bytes = [0; 8];
        source::fill(&mut bytes)?;
        let serial = u64::from_be_bytes(bytes) >> 1;
        if serial != 0 {
            return Ok(SerialNumber::new(&serial.to_be_bytes())?);
        }
    }
}

pub(super) fn subject_name(subject: &Subject) -> Result<RdnSequence, IssueError> {
    // for example the same organization twice, which DER keeps out of a set
    subject.name().map_err(|error| IssueError::Subject(error.to_string()))
}

/// A name that will be written with these very bytes.
pub(super) fn same_name(raw: &[u8]) -> Result<RdnSequence, IssueError> {
    let name = RdnSequence::from_der(raw).map_err(|_| IssueError::AuthorityName)?;
    if name.to_der()? == raw { Ok(name) } else { Err(IssueError::AuthorityName) }
}

pub(super) fn certifiable(spki: &[u8]) -> Result<SubjectPublicKeyInfoOwned, IssueError> {
    match parse::subject_key(spki, GoVersion::NEWEST) {
        Err(text) => return Err(IssueError::PublicKey(text)),
        Ok(None | Some(PublicKey::Dsa)) => {
            return Err(IssueError::PublicKey("x509: unknown public key algorithm".to_owned()));
        }
        Ok(Some(_)) => {}
    }
    SubjectPublicKeyInfoOwned::from_der(spki).map_err(|error| IssueError::PublicKey(error.to_string()))
}

pub(super) fn validity(not_before: OffsetDateTime, not_after: OffsetDateTime) -> Result<Validity, IssueError> {
    if not_after <= not_before {
        return Err(IssueError::Dates);
    }
    Ok(Validity { not_before: moment(not_before)?, not_after: moment(not_after)? })
}

/// UTCTime up to 2049, then GeneralizedTime (RFC 5280 section 4.1.2.5).
fn moment(at: OffsetDateTime) -> Result<Time, IssueError> {
    let seconds = u64::try_from(at.unix_timestamp()).map_err(|_| IssueError::Dates)?;
    let at = DateTime::from_unix_duration(Duration::from_secs(seconds)).map_err(|_| IssueError::Dates)?;
    if at.year() <= UtcTime::MAX_YEAR {
        Ok(Time::UtcTime(UtcTime::from_date_time(at)?))
    } else {
        Ok(Time::GeneralTime(GeneralizedTime::from_date_time(at)))
    }
}

/// Reads a new certificate as Go does; its issuer, serial number and signature must be right.
pub(super) fn examine(raw: &[u8], issuer: &[u8], key: &PublicKey) -> Result<Certificate, IssueError> {
    let made = parse::certificate(raw, GoVersion::NEWEST).map_err(|_| IssueError::Bug("encoding"))?;
    same(made.raw == raw, "encoding")?;
    same(made.version == 3, "version")?;
    same(made.issuer.raw == issuer, "issuer")?;
    same(!made.serial_is_negative() && made.serial.iter().any(|byte| *byte != 0), "serial number")?;
    same(verifies(made.algorithm, key, made.tbs_bytes(), &made.signature), "signature")?;
    Ok(made)
}

pub(super) fn same_dates(
    made: &Certificate,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
) -> Result<(), IssueError> {
    let seconds = |at: OffsetDateTime| at.unix_timestamp();
    let equal = (seconds(made.not_before), seconds(made.not_after)) == (seconds(not_before), seconds(not_after));
    same(equal, "dates")
}

pub(super) fn same(equal: bool, what: &'static str) -> Result<(), IssueError> {
    if equal { Ok(()) } else { Err(IssueError::Bug(what)) }
}

fn identifier(contents: &[u8]) -> Result<ObjectIdentifier, IssueError> {
    ObjectIdentifier::from_bytes(contents).map_err(|_| IssueError::Bug("object identifiers"))
}
