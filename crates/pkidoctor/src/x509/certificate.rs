//! A certificate as Go's `x509.Certificate` holds it: what was asserted, with the bytes it came from.

use std::net::IpAddr;
use std::ops::Range;

use time::OffsetDateTime;

use super::key::PublicKey;
use super::name::Name;
use super::oid;
use super::signature::Algorithm;

/// `keyCertSign` in [`Certificate::key_usage`] (RFC 5280 section 4.2.1.3, bit 5).
pub const KEY_CERT_SIGN: u16 = 1 << 5;
/// `digitalSignature` in [`Certificate::key_usage`] (bit 0).
pub const DIGITAL_SIGNATURE: u16 = 1;

/// A parsed certificate.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The whole DER.
    pub raw: Vec<u8>,
    /// Where the signed part lies in [`Self::raw`].
    pub tbs: Range<usize>,
    /// Where the SubjectPublicKeyInfo lies in [`Self::raw`].
    pub spki: Range<usize>,
    /// The signature's bytes.
    pub signature: Vec<u8>,
    /// 1, 2 or 3.
    pub version: i64,
    /// Two's complement, big endian, as encoded.
    pub serial: Vec<u8>,
    /// How it is signed.
    pub algorithm: Algorithm,
    /// Who signed it.
    pub issuer: Name,
    /// Whose it is.
    pub subject: Name,
    /// First instant of validity.
    pub not_before: OffsetDateTime,
    /// Last instant of validity.
    pub not_after: OffsetDateTime,
    /// The certified key; `None` for an algorithm that Go does not know.
    pub key: Option<PublicKey>,
    /// Every extension in order.
    pub extensions: Vec<Extension>,
    /// Bit n is set when keyUsage asserts it; 0 without the extension.
    pub key_usage: u16,
    /// The basicConstraints extension.
    pub basic_constraints: Option<BasicConstraints>,
    /// Object identifiers of the extended key usages, known and unknown.
    pub usages: Vec<Vec<u8>>,
    /// Subject alternative names.
    pub names: AlternativeNames,
    /// Subject key identifier, empty if absent.
    pub subject_key_id: Vec<u8>,
    /// Authority key identifier, empty if absent.
    pub authority_key_id: Vec<u8>,
    /// The nameConstraints extension.
    pub constraints: NameConstraints,
    /// Certificate policies and what limits them.
    pub policies: Policies,
    /// Critical extensions that Go does not handle (contents of their object identifiers).
    pub unhandled_critical: Vec<Vec<u8>>,
}

/// One extension.
#[derive(Clone, Debug)]
pub struct Extension {
    /// Contents of the object identifier.
    pub oid: Vec<u8>,
    /// Whether whoever does not understand it must refuse.
    pub critical: bool,
    /// The value's bytes.
    pub value: Vec<u8>,
}

/// RFC 5280 section 4.2.1.9.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BasicConstraints {
    /// The cA boolean.
    pub is_ca: bool,
    /// How many intermediates may follow; negative when not limited.
    pub max_path_len: i64,
}

/// RFC 5280 section 4.2.1.6.
#[derive(Clone, Default, Debug)]
pub struct AlternativeNames {
    /// dNSName entries.
    pub dns: Vec<String>,
    /// rfc822Name entries.
    pub email: Vec<String>,
    /// iPAddress entries as bytes (4 or 16).
    pub ip: Vec<Vec<u8>>,
    /// uniformResourceIdentifier entries.
    pub uri: Vec<String>,
    /// All of the above that name constraints look at, in the order of the extension.
    pub order: Vec<AlternativeName>,
}

/// One name of the extension, in its order (Go up to 1.25 checks constraints in this order).
#[derive(Clone, Debug)]
pub enum AlternativeName {
    /// dNSName.
    Dns(String),
    /// rfc822Name.
    Email(String),
    /// iPAddress.
    Ip(Vec<u8>),
    /// uniformResourceIdentifier.
    Uri(String),
}

/// RFC 5280 section 4.2.1.10.
#[derive(Clone, Default, Debug)]
pub struct NameConstraints {
    /// Only these.
    pub permitted: Subtrees,
    /// Never these.
    pub excluded: Subtrees,
}

/// The subtrees of one side.
#[derive(Clone, Default, Debug)]
pub struct Subtrees {
    /// DNS suffixes.
    pub dns: Vec<String>,
    /// Networks as address and mask of equal length.
    pub ip: Vec<(Vec<u8>, Vec<u8>)>,
    /// Mailboxes or hosts.
    pub email: Vec<String>,
    /// Hosts of URIs.
    pub uri: Vec<String>,
}

impl Subtrees {
    /// Whether it limits nothing.
    pub fn is_empty(&self) -> bool {
        self.dns.is_empty() && self.ip.is_empty() && self.email.is_empty() && self.uri.is_empty()
    }
}

/// Certificate policies, mappings and constraints (RFC 5280 sections 4.2.1.4, .5, .11, .14).
#[derive(Clone, Default, Debug)]
pub struct Policies {
    /// Asserted policies.
    pub asserted: Vec<Vec<u8>>,
    /// issuerDomainPolicy to subjectDomainPolicy.
    pub mappings: Vec<(Vec<u8>, Vec<u8>)>,
    /// requireExplicitPolicy.
    pub require_explicit: Option<i64>,
    /// inhibitPolicyMapping.
    pub inhibit_mapping: Option<i64>,
    /// inhibitAnyPolicy.
    pub inhibit_any: Option<i64>,
}

impl Certificate {
    /// The signed bytes.
    pub fn tbs_bytes(&self) -> &[u8] {
        &self.raw[self.tbs.clone()]
    }

    /// The SubjectPublicKeyInfo's bytes.
    pub fn spki_bytes(&self) -> &[u8] {
        &self.raw[self.spki.clone()]
    }

    /// The extension with this identifier.
    pub fn extension(&self, oid: &[u8]) -> Option<&Extension> {
        self.extensions.iter().find(|extension| extension.oid == oid)
    }

    /// The subjectAltName extension's bytes.
    pub fn san_extension(&self) -> Option<&Extension> {
        self.extension(&[0x55, 0x1d, 17])
    }

    /// Whether Go would let it sign others, keyUsage included (`CheckSignatureFrom`).
    pub fn may_sign(&self) -> bool {
        let constraints_allow = match self.basic_constraints {
            Some(constraints) => constraints.is_ca,
            None => self.version != 3,
        };
        constraints_allow && (self.key_usage == 0 || self.key_usage & KEY_CERT_SIGN != 0)
    }

    /// Whether the cA boolean is set.
    pub fn is_ca(&self) -> bool {
        self.basic_constraints.is_some_and(|constraints| constraints.is_ca)
    }

    /// Whether issuer and subject are the same bytes.
    pub fn is_self_issued(&self) -> bool {
        self.issuer.raw == self.subject.raw
    }

    /// Whether this usage is asserted, or every usage is.
    pub fn allows_usage(&self, usage: &[u8]) -> bool {
        self.usages.is_empty() || self.usages.iter().any(|known| known == usage || known == oid::EKU_ANY)
    }

    /// The serial number in hexadecimal as `openssl x509 -serial` prints it.
    pub fn serial_hex(&self) -> String {
        let negative = self.serial.first().is_some_and(|byte| byte & 0x80 != 0);
        let magnitude = if negative { negate(&self.serial) } else { self.serial.clone() };
        let first = magnitude.iter().position(|byte| *byte != 0).unwrap_or(magnitude.len().saturating_sub(1));
        let sign = if negative { "-" } else { "" };
        format!("{sign}{}", hex_upper(&magnitude[first..]))
    }

    /// Whether the serial number is negative, which Go refuses from 1.23.
    pub fn serial_is_negative(&self) -> bool {
        self.serial.first().is_some_and(|byte| byte & 0x80 != 0)
    }

    /// The serial number in decimal, as Kubernetes logs it.
    pub fn serial_decimal(&self) -> String {
        let negative = self.serial_is_negative();
        let magnitude = if negative { negate(&self.serial) } else { self.serial.clone() };
        let text = rsa::BigUint::from_bytes_be(&magnitude).to_string();
        if negative { format!("-{text}") } else { text }
    }

    /// The IP addresses among the alternative names.
    pub fn ip_addresses(&self) -> Vec<IpAddr> {
        self.names.ip.iter().filter_map(|bytes| ip_address(bytes)).collect()
    }
}

/// An address from its 4 or 16 bytes, IPv4-mapped ones folded as Go's `net.IP` folds them.
pub fn ip_address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::from(four));
    }
    let six = std::net::Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?);
    Some(six.to_ipv4_mapped().map_or(IpAddr::V6(six), IpAddr::V4))
}

fn negate(bytes: &[u8]) -> Vec<u8> {
    let mut carry = true;
    let mut out: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
    for byte in out.iter_mut().rev() {
        if carry {
            (*byte, carry) = byte.overflowing_add(1);
        }
    }
    out
}

/// Upper-case hexadecimal.
pub fn hex_upper(bytes: &[u8]) -> String {
    hex_lower(bytes).to_uppercase()
}

/// Lower-case hexadecimal.
pub fn hex_lower(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value & 0xf)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}
