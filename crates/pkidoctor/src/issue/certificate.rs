//! Certificates, byte for byte as kubeadm's Go code makes them (`x509.CreateCertificate`).
//!
//! Sources: kubeadm `app/util/pkiutil/pki_helpers.go` (`NewSignedCert`, `NewCertificateAuthority`), Go
//! `crypto/x509` (`buildCertExtensions`, `CreateCertificate`).

use std::net::IpAddr;

use time::OffsetDateTime;
use x509_cert::der::{self, Encode as _};

use crate::x509::certificate::Certificate;
use crate::x509::oid;

use super::authority::Authority;
use super::draft::{Draft, certifiable, examine, same, same_dates, same_name, subject_name, validity};
use super::extensions::{LEAF_USAGE, leaf_extensions, usages};
use super::key::KeyError;
use super::pem;
use super::subject::Subject;

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
    same(made.subject.raw == subject_bytes, "subject")?;
    same(made.spki_bytes() == spki, "public key")?;
    same(made.authority_key_id == key_id, "authority key identifier")?;
    says(&made, template)?;
    Ok(made.raw)
}

/// A certificate as a PEM file holds it (kubeadm `EncodeCertPEM`).
///
/// # Errors
/// None but an [`IssueError::Bug`].
pub fn certificate_pem(der: &[u8]) -> Result<Vec<u8>, IssueError> {
    pem::write("CERTIFICATE", der).map(|text| text.to_vec()).ok_or(IssueError::Bug("encoding"))
}

/// Whether a certificate says what the template does, beside its subject.
fn says(made: &Certificate, template: &Template) -> Result<(), IssueError> {
    let usages = usages(template).into_iter().map(|usage| usage.as_bytes().to_vec()).collect::<Vec<_>>();
    same_dates(made, template.not_before, template.not_after)?;
    same(made.names.dns == template.dns, "DNS names")?;
    same(made.ip_addresses() == template.ips.iter().map(IpAddr::to_canonical).collect::<Vec<_>>(), "IP addresses")?;
    same(made.usages == usages, "extended key usage")?;
    same(made.key_usage == LEAF_USAGE, "key usage")?;
    same(made.basic_constraints.is_some() == template.basic_constraints && !made.is_ca(), "basic constraints")
}
