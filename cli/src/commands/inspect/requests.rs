//! What the doctor itself has no use for but a person may ask about: requests, revocation lists, public keys,
//! and certificates that Go refuses.

use pkidoctor::go::verify::rfc3339;
use pkidoctor::x509::certificate::hex_upper;
use serde::Serialize;
use x509_parser::certificate::X509Certificate;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::{FromDer as _, GeneralName, ParsedExtension};
use x509_parser::public_key::PublicKey;
use x509_parser::revocation_list::CertificateRevocationList;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Name};

use super::digest::sha256;

/// Labelled values.
#[derive(Default, Serialize)]
pub(super) struct Seen {
    /// The name in it: subject, or issuer of a list.
    pub(super) title: String,
    /// In reading order.
    pub(super) facts: Vec<SeenFact>,
}

/// One labelled value.
#[derive(Serialize)]
pub(super) struct SeenFact {
    pub(super) label: &'static str,
    pub(super) value: String,
}

impl Seen {
    fn of(title: &X509Name<'_>) -> Self {
        Self { title: title.to_string(), facts: Vec::new() }
    }

    fn with(mut self, label: &'static str, value: impl Into<String>) -> Self {
        self.facts.push(SeenFact { label, value: value.into() });
        self
    }
}

/// A certificate that Go does not parse, read by a more patient reader.
pub(super) fn refused_certificate(der: &[u8]) -> Option<Seen> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let validity = certificate.validity();
    let (from, until) = (validity.not_before.to_datetime(), validity.not_after.to_datetime());
    Some(
        Seen::of(certificate.subject())
            .with("issuer", certificate.issuer().to_string())
            .with("serial", hex_upper(certificate.raw_serial()))
            .with("valid", format!("{} to {}", rfc3339(from), rfc3339(until)))
            .with("sha256", sha256(der)),
    )
}

/// A certificate signing request (RFC 2986).
pub(super) fn request(der: &[u8]) -> Option<Seen> {
    let (_, request) = X509CertificationRequest::from_der(der).ok()?;
    let info = &request.certification_request_info;
    let seen =
        Seen::of(&info.subject).with("key", kind(&info.subject_pki)).with("public key", sha256(info.subject_pki.raw));
    let names: Vec<String> = request.requested_extensions().into_iter().flatten().flat_map(names).collect();
    Some(if names.is_empty() { seen } else { seen.with("names", names.join(", ")) })
}

fn names(extension: &ParsedExtension<'_>) -> Vec<String> {
    match extension {
        ParsedExtension::SubjectAlternativeName(names) => names.general_names.iter().map(name).collect(),
        _ => Vec::new(),
    }
}

fn name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(name) => format!("DNS {name}"),
        GeneralName::IPAddress(bytes) => pkidoctor::x509::certificate::ip_address(bytes)
            .map_or_else(|| "IP (malformed)".to_owned(), |address| format!("IP {address}")),
        other => other.to_string(),
    }
}

/// A certificate revocation list (RFC 5280 section 5).
pub(super) fn revocations(der: &[u8]) -> Option<Seen> {
    let (_, list) = CertificateRevocationList::from_der(der).ok()?;
    let next = list.next_update().map_or_else(|| "never".to_owned(), |next| rfc3339(next.to_datetime()));
    Some(
        Seen::of(list.issuer())
            .with("this update", rfc3339(list.last_update().to_datetime()))
            .with("next update", next)
            .with("revoked", list.iter_revoked_certificates().count().to_string()),
    )
}

/// A SubjectPublicKeyInfo.
pub(super) fn public_key(der: &[u8]) -> Option<(String, String)> {
    let (_, info) = SubjectPublicKeyInfo::from_der(der).ok()?;
    Some((kind(&info), sha256(info.raw)))
}

fn kind(info: &SubjectPublicKeyInfo<'_>) -> String {
    match info.parsed() {
        Ok(key @ PublicKey::RSA(_)) => format!("rsa{}", key.key_size()),
        Ok(PublicKey::EC(point)) => format!("p{}", curve_bits(point.data().len())),
        Ok(PublicKey::Unknown(_)) if info.algorithm.algorithm.to_id_string() == "1.3.101.112" => "ed25519".to_owned(),
        _ => info.algorithm.algorithm.to_id_string(),
    }
}

/// From the length of an uncompressed point.
const fn curve_bits(octets: usize) -> usize {
    match octets {
        133 => 521,
        other => other.saturating_sub(1) * 4,
    }
}
