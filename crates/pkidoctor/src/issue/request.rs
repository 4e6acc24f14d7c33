//! Certificate signing requests as `kubeadm certs generate-csr` makes them.
//!
//! Source: kubeadm `app/util/pkiutil/pki_helpers.go` (`NewCSR`): subject and alternative names, no usages.

use rcgen::string::{Ia5String, PrintableString};
use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, PublicKeyData, SanType, SigningKey};
use x509_cert::der::Encode as _;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer as _;

use crate::x509::der::{Der, tag};
use crate::x509::key::{Curve, PublicKey};
use crate::x509::signature::verifies;

use super::certificate::{IssueError, Template};
use super::key::{KeyError, PrivateKey};
use super::pem;
use super::subject::{Subject, is_printable};

/// A request (PEM, `CERTIFICATE REQUEST`) for the template's subject and names, signed by `key`. Usages, dates
/// and basicConstraints are the authority's business and are not asked for.
///
/// Without a subject the names are critical, which Go does not care to write.
///
/// # Errors
/// [`KeyError::Unsupported`] for a key on P-521; [`IssueError::Subject`] for more than one organization, which
/// the library that makes requests would lose, or for a question mark, which it cannot write; names that cannot
/// be written.
pub fn request(template: &Template, key: &PrivateKey) -> Result<Vec<u8>, IssueError> {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = distinguished_name(&template.subject)?;
    parameters.subject_alt_names = alternative_names(template)?;
    let refused = |error: rcgen::Error| IssueError::Subject(error.to_string());
    let made = parameters.serialize_request(&Applicant::new(key)?).map_err(refused)?;
    examine(made.der(), template, key)?;
    pem::write("CERTIFICATE REQUEST", made.der()).map(|text| text.to_vec()).ok_or(IssueError::Bug("encoding"))
}

/// Our key, as rcgen sees it.
struct Applicant<'a> {
    key: &'a PrivateKey,
    bits: &'a [u8],
    algorithm: &'static rcgen::SignatureAlgorithm,
}

impl<'a> Applicant<'a> {
    fn new(key: &'a PrivateKey) -> Result<Self, IssueError> {
        let algorithm = match key.public() {
            PublicKey::Rsa { .. } => &rcgen::PKCS_RSA_SHA256,
            PublicKey::Ec { curve: Curve::P256, .. } => &rcgen::PKCS_ECDSA_P256_SHA256,
            PublicKey::Ec { curve: Curve::P384, .. } => &rcgen::PKCS_ECDSA_P384_SHA384,
            PublicKey::Ed25519(_) => &rcgen::PKCS_ED25519,
            other => {
                let text = format!("requests for a key of kind {}", other.kind());
                return Err(KeyError::Unsupported(text).into());
            }
        };
        let bits = public_bits(key.spki()).ok_or(IssueError::Bug("public key"))?;
        Ok(Self { key, bits, algorithm })
    }
}

impl PublicKeyData for Applicant<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.bits
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        self.algorithm
    }
}

impl SigningKey for Applicant<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.key.sign(message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

/// What the BIT STRING of a SubjectPublicKeyInfo holds.
fn public_bits(spki: &[u8]) -> Option<&[u8]> {
    let mut fields = Der::new(spki).sequence()?;
    fields.read(tag::SEQUENCE)?;
    fields.bit_string().map(|(bits, _)| bits)
}

fn distinguished_name(subject: &Subject) -> Result<DistinguishedName, IssueError> {
    if subject.organizations.len() > 1 {
        return Err(IssueError::Subject("a request can carry one organization only".to_owned()));
    }
    let mut name = DistinguishedName::new();
    if let Some(organization) = subject.organizations.first() {
        name.push(DnType::OrganizationName, value(organization)?);
    }
    if !subject.common_name.is_empty() {
        name.push(DnType::CommonName, value(&subject.common_name)?);
    }
    Ok(name)
}

fn value(text: &str) -> Result<DnValue, IssueError> {
    if !is_printable(text) {
        return Ok(DnValue::Utf8String(text.to_owned()));
    }
    if text.contains('?') {
        // PrintableString has it (X.680 table 10), but rcgen's writer, yasna 0.6, panics on it
        return Err(IssueError::Subject(format!("a request cannot carry the question mark of {text:?}")));
    }
    let refused = |error: rcgen::Error| IssueError::Subject(error.to_string());
    PrintableString::try_from(text).map(DnValue::PrintableString).map_err(refused)
}

fn alternative_names(template: &Template) -> Result<Vec<SanType>, IssueError> {
    let dns = |name: &String| match Ia5String::try_from(name.as_str()) {
        Ok(text) if !name.is_empty() => Ok(SanType::DnsName(text)),
        _ => Err(IssueError::DnsName(name.clone())),
    };
    let mut names = template.dns.iter().map(dns).collect::<Result<Vec<_>, _>>()?;
    names.extend(template.ips.iter().map(|address| SanType::IpAddress(address.to_canonical())));
    Ok(names)
}

/// Reads a new request; its subject, key and signature must be right.
fn examine(der: &[u8], template: &Template, key: &PrivateKey) -> Result<(), IssueError> {
    let same = |equal: bool, what| if equal { Ok(()) } else { Err(IssueError::Bug(what)) };
    let (rest, made) = X509CertificationRequest::from_der(der).map_err(|_| IssueError::Bug("encoding"))?;
    let body = &made.certification_request_info;
    let subject = template.subject.name().map_err(|error| IssueError::Subject(error.to_string()))?;
    same(rest.is_empty(), "encoding")?;
    same(body.subject.as_raw() == subject.to_der()?, "subject")?;
    same(body.subject_pki.raw == key.spki(), "public key")?;
    same(verifies(key.algorithm(), key.public(), body.raw, &made.signature_value.data), "signature")
}
