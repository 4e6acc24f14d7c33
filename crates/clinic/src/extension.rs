//! Certificate extensions, right or wrong.

use crate::der;
use crate::name::Name;
use std::net::IpAddr;

/// One extension as it will be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// its identifier
    pub id: Vec<u64>,
    /// whether who does not know it must refuse the certificate
    pub critical: bool,
    /// the bytes inside the OCTET STRING
    pub value: Vec<u8>,
}

/// `basicConstraints`
pub const BASIC_CONSTRAINTS: &[u64] = &[2, 5, 29, 19];
/// `keyUsage`
pub const KEY_USAGE: &[u64] = &[2, 5, 29, 15];
/// `extKeyUsage`
pub const EXTENDED_KEY_USAGE: &[u64] = &[2, 5, 29, 37];
/// `subjectAltName`
pub const SUBJECT_ALT_NAME: &[u64] = &[2, 5, 29, 17];
/// `nameConstraints`
pub const NAME_CONSTRAINTS: &[u64] = &[2, 5, 29, 30];
/// `subjectKeyIdentifier`
pub const SUBJECT_KEY_ID: &[u64] = &[2, 5, 29, 14];
/// `authorityKeyIdentifier`
pub const AUTHORITY_KEY_ID: &[u64] = &[2, 5, 29, 35];
/// `certificatePolicies`
pub const POLICIES: &[u64] = &[2, 5, 29, 32];
/// `policyMappings`
pub const POLICY_MAPPINGS: &[u64] = &[2, 5, 29, 33];
/// `policyConstraints`
pub const POLICY_CONSTRAINTS: &[u64] = &[2, 5, 29, 36];
/// `inhibitAnyPolicy`
pub const INHIBIT_ANY_POLICY: &[u64] = &[2, 5, 29, 54];
/// `authorityInfoAccess`
pub const AUTHORITY_INFO_ACCESS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 1];
/// `cRLDistributionPoints`
pub const CRL_DISTRIBUTION_POINTS: &[u64] = &[2, 5, 29, 31];
/// `anyPolicy`
pub const ANY_POLICY: &[u64] = &[2, 5, 29, 32, 0];

/// Bits of `keyUsage`.
pub mod usage_bit {
    /// digitalSignature
    pub const DIGITAL_SIGNATURE: u8 = 0;
    /// keyEncipherment
    pub const KEY_ENCIPHERMENT: u8 = 2;
    /// keyCertSign
    pub const CERT_SIGN: u8 = 5;
    /// cRLSign
    pub const CRL_SIGN: u8 = 6;
}

/// Purposes of `extKeyUsage`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// serverAuth
    Server,
    /// clientAuth
    Client,
    /// anyExtendedKeyUsage
    Any,
    /// emailProtection
    Email,
    /// a purpose nobody knows
    Unknown,
    /// Netscape's server gated crypto, once a way to say server
    NetscapeServer,
}

impl Purpose {
    fn id(self) -> Vec<u64> {
        match self {
            Self::Server => vec![1, 3, 6, 1, 5, 5, 7, 3, 1],
            Self::Client => vec![1, 3, 6, 1, 5, 5, 7, 3, 2],
            Self::Email => vec![1, 3, 6, 1, 5, 5, 7, 3, 4],
            Self::Any => vec![2, 5, 29, 37, 0],
            Self::Unknown => vec![1, 3, 6, 1, 4, 1, 99_999, 7],
            Self::NetscapeServer => vec![2, 16, 840, 1, 113_730, 4, 1],
        }
    }
}

/// One alternative name, its bytes unchecked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AltName {
    /// dNSName
    Dns(Vec<u8>),
    /// iPAddress: 4 or 16 bytes when it is right
    Ip(Vec<u8>),
    /// rfc822Name
    Email(Vec<u8>),
    /// uniformResourceIdentifier
    Uri(Vec<u8>),
    /// directoryName
    Directory(Name),
    /// registeredID
    RegisteredId(Vec<u64>),
    /// otherName
    Other,
}

impl AltName {
    /// A DNS name.
    pub fn dns(name: &str) -> Self {
        Self::Dns(name.as_bytes().to_vec())
    }

    /// An address in its shortest form.
    pub fn ip(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(four) => Self::Ip(four.octets().to_vec()),
            IpAddr::V6(six) => Self::Ip(six.octets().to_vec()),
        }
    }

    /// What `host` is: an address or a name.
    pub fn host(host: &str) -> Self {
        host.parse().map_or_else(|_| Self::dns(host), Self::ip)
    }

    fn to_der(&self) -> Vec<u8> {
        match self {
            Self::Email(text) => der::implicit(1, text),
            Self::Dns(text) => der::implicit(2, text),
            Self::Directory(name) => der::explicit(4, &name.to_der()),
            Self::Uri(text) => der::implicit(6, text),
            Self::Ip(bytes) => der::implicit(7, bytes),
            Self::RegisteredId(arcs) => der::implicit(8, &der::oid_content(arcs)),
            Self::Other => {
                let value = der::explicit(0, &der::tlv(der::tag::UTF8_STRING, b"other"));
                der::explicit(0, &[der::oid(&[1, 3, 6, 1, 4, 1, 311, 20, 2, 3]), value].concat())
            }
        }
    }
}

/// One subtree of name constraints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subtree {
    /// a DNS suffix
    Dns(&'static str),
    /// an address and a mask, already joined
    Ip(Vec<u8>),
    /// a mailbox, a host or a domain
    Email(&'static str),
    /// a host or a domain of URIs
    Uri(&'static str),
    /// a directory name, which Go does not handle
    Directory(Name),
}

impl Subtree {
    fn to_der(&self) -> Vec<u8> {
        let base = match self {
            Self::Email(text) => der::implicit(1, text.as_bytes()),
            Self::Dns(text) => der::implicit(2, text.as_bytes()),
            Self::Directory(name) => der::explicit(4, &name.to_der()),
            Self::Uri(text) => der::implicit(6, text.as_bytes()),
            Self::Ip(bytes) => der::implicit(7, bytes),
        };
        der::sequence(&[base])
    }
}

impl Extension {
    /// Any extension.
    pub fn new(id: &[u64], critical: bool, value: Vec<u8>) -> Self {
        Self { id: id.to_vec(), critical, value }
    }

    /// The extension as DER.
    pub fn to_der(&self) -> Vec<u8> {
        let mut parts = vec![der::oid(&self.id)];
        if self.critical {
            parts.push(der::boolean(true));
        }
        parts.push(der::octet_string(&self.value));
        der::sequence(&parts)
    }

    /// `basicConstraints`, critical.
    pub fn basic_constraints(authority: bool, path_length: Option<u8>) -> Self {
        let mut parts = Vec::new();
        if authority {
            parts.push(der::boolean(true));
        }
        parts.extend(path_length.map(|length| der::integer(&[length])));
        Self::new(BASIC_CONSTRAINTS, true, der::sequence(&parts))
    }

    /// `keyUsage`, critical.
    pub fn key_usage(bits: &[u8]) -> Self {
        Self::new(KEY_USAGE, true, der::named_bits(bits))
    }

    /// `extKeyUsage`.
    pub fn purposes(purposes: &[Purpose]) -> Self {
        let ids: Vec<_> = purposes.iter().map(|purpose| der::oid(&purpose.id())).collect();
        Self::new(EXTENDED_KEY_USAGE, false, der::sequence(&ids))
    }

    /// `subjectAltName`.
    pub fn alt_names(names: &[AltName]) -> Self {
        let names: Vec<_> = names.iter().map(AltName::to_der).collect();
        Self::new(SUBJECT_ALT_NAME, false, der::sequence(&names))
    }

    /// `subjectKeyIdentifier`.
    pub fn subject_key_id(id: &[u8]) -> Self {
        Self::new(SUBJECT_KEY_ID, false, der::octet_string(id))
    }

    /// `authorityKeyIdentifier` with a key identifier.
    pub fn authority_key_id(id: &[u8]) -> Self {
        Self::new(AUTHORITY_KEY_ID, false, der::sequence(&[der::implicit(0, id)]))
    }

    /// `nameConstraints`, critical.
    pub fn name_constraints(permitted: &[Subtree], excluded: &[Subtree]) -> Self {
        let list = |number, trees: &[Subtree]| {
            let trees: Vec<_> = trees.iter().map(Subtree::to_der).collect();
            der::explicit(number, &trees.concat())
        };
        let mut parts = Vec::new();
        if !permitted.is_empty() {
            parts.push(list(0, permitted));
        }
        if !excluded.is_empty() {
            parts.push(list(1, excluded));
        }
        Self::new(NAME_CONSTRAINTS, true, der::sequence(&parts))
    }

    /// `certificatePolicies`.
    pub fn policies(policies: &[&[u64]]) -> Self {
        let items: Vec<_> = policies.iter().map(|policy| der::sequence(&[der::oid(policy)])).collect();
        Self::new(POLICIES, false, der::sequence(&items))
    }

    /// `policyMappings`, critical, one mapping.
    pub fn policy_mapping(issuer: &[u64], subject: &[u64]) -> Self {
        let mapping = der::sequence(&[der::oid(issuer), der::oid(subject)]);
        Self::new(POLICY_MAPPINGS, true, der::sequence(&[mapping]))
    }

    /// `policyConstraints`, critical.
    pub fn policy_constraints(require_explicit: Option<u8>, inhibit_mapping: Option<u8>) -> Self {
        let mut parts = Vec::new();
        parts.extend(require_explicit.map(|skip| der::implicit(0, &[skip])));
        parts.extend(inhibit_mapping.map(|skip| der::implicit(1, &[skip])));
        Self::new(POLICY_CONSTRAINTS, true, der::sequence(&parts))
    }

    /// `inhibitAnyPolicy`, critical.
    pub fn inhibit_any_policy(skip: u8) -> Self {
        Self::new(INHIBIT_ANY_POLICY, true, der::integer(&[skip]))
    }

    /// `authorityInfoAccess` with an OCSP and an issuer address.
    pub fn authority_info_access() -> Self {
        let access = |last, uri: &str| {
            der::sequence(&[der::oid(&[1, 3, 6, 1, 5, 5, 7, 48, last]), der::implicit(6, uri.as_bytes())])
        };
        let value = der::sequence(&[access(1, "http://ocsp.example"), access(2, "http://ca.example/ca.crt")]);
        Self::new(AUTHORITY_INFO_ACCESS, false, value)
    }

    /// `cRLDistributionPoints` with one address.
    pub fn crl_distribution_point() -> Self {
        let name = der::implicit(6, b"http://ca.example/ca.crl");
        let point = der::sequence(&[der::explicit(0, &der::explicit(0, &name))]);
        Self::new(CRL_DISTRIBUTION_POINTS, false, der::sequence(&[point]))
    }

    /// An extension nobody knows.
    pub fn unknown(critical: bool) -> Self {
        Self::new(&[1, 3, 6, 1, 4, 1, 99_999, 42], critical, der::octet_string(b"?"))
    }
}
