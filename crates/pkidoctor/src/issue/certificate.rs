//! Certificates, byte for byte as kubeadm's Go code makes them (`x509.CreateCertificate`).
//!
//! Sources: kubeadm `app/util/pkiutil/pki_helpers.go` (`NewSignedCert`, `NewCertificateAuthority`), Go
//! `crypto/x509` (`buildCertExtensions`, `CreateCertificate`).

use std::net::IpAddr;
use std::time::Duration;

use sha2::Digest as _;
use time::OffsetDateTime;
use x509_cert::certificate::{Certificate as Signed, TbsCertificate, Version};
use x509_cert::der::asn1::{BitString, GeneralizedTime, Ia5String, ObjectIdentifier, OctetString, UtcTime};
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::{self, DateTime, Decode as _, Encode};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
    SubjectKeyIdentifier,
};
use x509_cert::name::RdnSequence;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};

use crate::go::{GoVersion, parse};
use crate::x509::certificate::Certificate;
use crate::x509::key::PublicKey;
use crate::x509::oid;
use crate::x509::signature::{Algorithm, Hash, verifies};

use super::authority::Authority;
use super::key::{KeyError, PrivateKey};
use super::subject::Subject;
use super::{pem, source};

/// What a certificate is to say, beside its key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Template {
    /// Whose it is.
    pub subject: Subject,
    /// DNS names, in this order.
    pub dns: Vec<String>,
    /// IP addresses, in this order; they stand behind the DNS names.
    pub ips: Vec<IpAddr>,
    /// Extended key usage serverAuth.
    pub server: bool,
    /// Extended key usage clientAuth.
    pub client: bool,
    /// Whether basicConstraints says, critically, that this is no CA. kubeadm 1.20 writes none.
    pub basic_constraints: bool,
    /// First instant of validity; whole seconds are written.
    pub not_before: OffsetDateTime,
    /// Last instant of validity; whole seconds are written.
    pub not_after: OffsetDateTime,
}

impl Template {
    /// What `kubeadm certs renew` keeps of a certificate (`certToConfig`): common name, organizations, DNS names,
    /// addresses and usages. Its dates and whether it has basicConstraints are kept, too.
    pub fn like(certificate: &Certificate) -> Self {
        let asserts = |usage: &[u8]| certificate.usages.iter().any(|known| known == usage);
        Self {
            subject: Subject::of(&certificate.subject),
            dns: certificate.names.dns.clone(),
            ips: certificate.ip_addresses(),
            server: asserts(oid::EKU_SERVER_AUTH),
            client: asserts(oid::EKU_CLIENT_AUTH),
            basic_constraints: certificate.basic_constraints.is_some(),
            not_before: certificate.not_before,
            not_after: certificate.not_after,
        }
    }
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

/// Why a certificate or a request is not made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum IssueError {
    /// The key cannot sign.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The subject cannot be written.
    #[error("the subject cannot be written: {0}")]
    Subject(String),
    /// A DNS name that is not ASCII, or empty.
    #[error("{0:?} cannot stand as a DNS name in a certificate")]
    DnsName(String),
    /// notAfter is not later than notBefore, or one of them lies before 1970.
    #[error("the dates of the certificate make no validity")]
    Dates,
    /// The public key to be certified is none that Go knows; Go's words.
    #[error("the public key cannot be certified: {0}")]
    PublicKey(String),
    /// The CA's subject cannot be repeated byte for byte: its encoding is not DER, or of an unusual string type.
    #[error("the CA's subject is encoded in a way that cannot be repeated byte for byte")]
    AuthorityName,
    /// What was made is not what was asked for.
    #[error("this is a bug in pkidoctor: the new certificate differs in its {0}")]
    Bug(&'static str),
}

impl From<der::Error> for IssueError {
    fn from(_: der::Error) -> Self {
        Self::Bug("encoding")
    }
}

/// A certificate (DER) for the public key `spki`, signed by `authority`.
///
/// Its serial number is a random positive one of at most 63 bits, as kubeadm's. What was made is read again as
/// Go reads it and compared with what was asked for.
///
/// # Errors
/// What of the template, the key or the authority's name cannot be written.
pub fn issue(authority: &Authority, template: &Template, spki: &[u8]) -> Result<Vec<u8>, IssueError> {
    let issuer = authority.certificate();
    let subject = subject_name(&template.subject)?;
    let subject_bytes = subject.to_der()?;
    // Go leaves out the identifier of an authority whose name is the certificate's own
    let key_id = if subject_bytes == issuer.subject.raw { &[][..] } else { &issuer.subject_key_id };
    let draft = Draft {
        issuer: same_name(&issuer.subject.raw)?,
        validity: validity(template.not_before, template.not_after)?,
        extensions: leaf_extensions(template, key_id, subject.is_empty())?,
        subject,
        spki: certifiable(spki)?,
    };
    let raw = draft.sign(authority.key())?;
    let made = examine(&raw, &issuer.subject.raw, authority.key().public())?;
    let usages = usages(template).into_iter().map(|usage| usage.as_bytes().to_vec()).collect::<Vec<_>>();
    same(made.subject.raw == subject_bytes, "subject")?;
    same(made.spki_bytes() == spki, "public key")?;
    same_dates(&made, template.not_before, template.not_after)?;
    same(made.names.dns == template.dns, "DNS names")?;
    same(made.ip_addresses() == template.ips.iter().map(IpAddr::to_canonical).collect::<Vec<_>>(), "IP addresses")?;
    same(made.usages == usages, "extended key usage")?;
    same(made.key_usage == LEAF_USAGE, "key usage")?;
    same(made.basic_constraints.is_some() == template.basic_constraints && !made.is_ca(), "basic constraints")?;
    same(made.authority_key_id == key_id, "authority key identifier")?;
    Ok(made.raw)
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

/// A certificate as a PEM file holds it (kubeadm `EncodeCertPEM`).
///
/// # Errors
/// None but an [`IssueError::Bug`].
pub fn certificate_pem(der: &[u8]) -> Result<Vec<u8>, IssueError> {
    pem::write("CERTIFICATE", der).map(|text| text.to_vec()).ok_or(IssueError::Bug("encoding"))
}

/// Everything but serial number and signature.
struct Draft {
    issuer: RdnSequence,
    validity: Validity,
    subject: RdnSequence,
    spki: SubjectPublicKeyInfoOwned,
    extensions: Vec<Extension>,
}

impl Draft {
    fn sign(self, key: &PrivateKey) -> Result<Vec<u8>, IssueError> {
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

/// digitalSignature and keyEncipherment, for every kind of key (RFC 5280 section 4.2.1.3, bits 0 and 2).
const LEAF_USAGE: u16 = 1 | 1 << 2;

/// Go's order: key usage, extended key usage, basic constraints, authority, alternative names.
fn leaf_extensions(template: &Template, key_id: &[u8], nameless: bool) -> Result<Vec<Extension>, IssueError> {
    let usages = usages(template);
    let mut extensions = vec![extension(true, &KeyUsage(KeyUsages::DigitalSignature | KeyUsages::KeyEncipherment))?];
    if !usages.is_empty() {
        extensions.push(extension(false, &ExtendedKeyUsage(usages))?);
    }
    if template.basic_constraints {
        let no_ca = BasicConstraints { ca: false, path_len_constraint: None };
        extensions.push(extension(true, &no_ca)?);
    }
    if !key_id.is_empty() {
        let key_identifier = Some(OctetString::new(key_id)?);
        let authority = AuthorityKeyIdentifier { key_identifier, ..AuthorityKeyIdentifier::default() };
        extensions.push(extension(false, &authority)?);
    }
    extensions.extend(alternative_names(&template.dns, &template.ips, nameless)?);
    Ok(extensions)
}

/// Go's order: key usage, basic constraints, subject key identifier, alternative names.
fn authority_extensions(
    template: &AuthorityTemplate,
    spki: &[u8],
    nameless: bool,
) -> Result<Vec<Extension>, IssueError> {
    let usage = KeyUsages::DigitalSignature | KeyUsages::KeyEncipherment | KeyUsages::KeyCertSign;
    let ca = BasicConstraints { ca: true, path_len_constraint: None };
    let key = SubjectPublicKeyInfoOwned::from_der(spki)?;
    let digest = sha2::Sha256::digest(key.subject_public_key.raw_bytes());
    let identifier = SubjectKeyIdentifier(OctetString::new(&digest[..20])?);
    let mut extensions =
        vec![extension(true, &KeyUsage(usage))?, extension(true, &ca)?, extension(false, &identifier)?];
    extensions.extend(alternative_names(&template.dns, &[], nameless)?);
    Ok(extensions)
}

/// Server before client, as kubeadm lists them.
fn usages(template: &Template) -> Vec<ObjectIdentifier> {
    let server = template.server.then_some(SERVER_AUTH);
    server.into_iter().chain(template.client.then_some(CLIENT_AUTH)).collect()
}

const SERVER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");

/// `marshalSANs`: DNS names, then addresses; critical where they are all that names the certificate.
fn alternative_names(dns: &[String], ips: &[IpAddr], nameless: bool) -> Result<Option<Extension>, IssueError> {
    let mut names = dns.iter().map(|name| dns_name(name)).collect::<Result<Vec<_>, _>>()?;
    // IPv4 addresses take 4 bytes, even when they are written as IPv6
    names.extend(ips.iter().map(|address| GeneralName::from(address.to_canonical())));
    if names.is_empty() {
        return Ok(None);
    }
    extension(nameless, &SubjectAltName(names)).map(Some)
}

fn dns_name(name: &str) -> Result<GeneralName, IssueError> {
    let refused = || IssueError::DnsName(name.to_owned());
    if name.is_empty() {
        return Err(refused());
    }
    Ia5String::new(name).map(GeneralName::DnsName).map_err(|_| refused())
}

fn extension<T: Encode + AssociatedOid>(critical: bool, value: &T) -> Result<Extension, IssueError> {
    Ok(Extension { extn_id: T::OID, critical, extn_value: OctetString::new(value.to_der()?)? })
}

fn identifier(contents: &[u8]) -> Result<ObjectIdentifier, IssueError> {
    ObjectIdentifier::from_bytes(contents).map_err(|_| IssueError::Bug("object identifiers"))
}

/// RFC 8017 appendix A.2.4 (parameters NULL), RFC 5758 section 3.2, RFC 8410 section 3 (no parameters).
fn signature_algorithm(algorithm: Algorithm) -> Result<AlgorithmIdentifierOwned, IssueError> {
    let (oid, parameters) = match algorithm {
        Algorithm::Rsa(Hash::Sha256) => (oid::SHA256_WITH_RSA, Some(der::asn1::Null.into())),
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

fn subject_name(subject: &Subject) -> Result<RdnSequence, IssueError> {
    // for example the same organization twice, which DER keeps out of a set
    subject.name().map_err(|error| IssueError::Subject(error.to_string()))
}

/// A name that will be written with these very bytes.
fn same_name(raw: &[u8]) -> Result<RdnSequence, IssueError> {
    let name = RdnSequence::from_der(raw).map_err(|_| IssueError::AuthorityName)?;
    if name.to_der()? == raw { Ok(name) } else { Err(IssueError::AuthorityName) }
}

fn certifiable(spki: &[u8]) -> Result<SubjectPublicKeyInfoOwned, IssueError> {
    match parse::subject_key(spki, GoVersion::NEWEST) {
        Err(text) => return Err(IssueError::PublicKey(text)),
        Ok(None | Some(PublicKey::Dsa)) => {
            return Err(IssueError::PublicKey("x509: unknown public key algorithm".to_owned()));
        }
        Ok(Some(_)) => {}
    }
    SubjectPublicKeyInfoOwned::from_der(spki).map_err(|error| IssueError::PublicKey(error.to_string()))
}

fn validity(not_before: OffsetDateTime, not_after: OffsetDateTime) -> Result<Validity, IssueError> {
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
fn examine(raw: &[u8], issuer: &[u8], key: &PublicKey) -> Result<Certificate, IssueError> {
    let made = parse::certificate(raw, GoVersion::NEWEST).map_err(|_| IssueError::Bug("encoding"))?;
    same(made.raw == raw, "encoding")?;
    same(made.version == 3, "version")?;
    same(made.issuer.raw == issuer, "issuer")?;
    same(!made.serial_is_negative() && made.serial.iter().any(|byte| *byte != 0), "serial number")?;
    same(verifies(made.algorithm, key, made.tbs_bytes(), &made.signature), "signature")?;
    Ok(made)
}

fn same_dates(made: &Certificate, not_before: OffsetDateTime, not_after: OffsetDateTime) -> Result<(), IssueError> {
    let seconds = |at: OffsetDateTime| at.unix_timestamp();
    let equal = (seconds(made.not_before), seconds(made.not_after)) == (seconds(not_before), seconds(not_after));
    same(equal, "dates")
}

fn same(equal: bool, what: &'static str) -> Result<(), IssueError> {
    if equal { Ok(()) } else { Err(IssueError::Bug(what)) }
}
