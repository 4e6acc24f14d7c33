//! The extensions of a certificate, in Go's order (`buildCertExtensions`).

use std::net::IpAddr;

use sha2::Digest as _;
use x509_cert::der::asn1::{Ia5String, ObjectIdentifier, OctetString};
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::{Decode as _, Encode};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
    SubjectKeyIdentifier,
};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use super::authority::AuthorityTemplate;
use super::certificate::{IssueError, Template};

/// digitalSignature and keyEncipherment, for every kind of key (RFC 5280 section 4.2.1.3, bits 0 and 2).
pub(super) const LEAF_USAGE: u16 = 1 | 1 << 2;

/// Go's order: key usage, extended key usage, basic constraints, authority, alternative names.
pub(super) fn leaf_extensions(
    template: &Template,
    key_id: &[u8],
    nameless: bool,
) -> Result<Vec<Extension>, IssueError> {
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
pub(super) fn authority_extensions(
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
pub(super) fn usages(template: &Template) -> Vec<ObjectIdentifier> {
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
