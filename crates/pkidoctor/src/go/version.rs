//! Go versions and what changed between them, one named question each.
//!
//! A version means: the binary was built by that Go, and its `go.mod` says so too, because the defaults
//! of GODEBUG follow the `go` line. Each answer was read in that release's source.

use std::fmt;
use std::str::FromStr;

use crate::x509::pem::Search;

/// A minor release of Go 1, judged as its latest patch release.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct GoVersion(u16);

/// The text is not a Go 1 version that this release knows.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a Go version between {oldest} and {newest}: {text:?}", oldest = GoVersion::OLDEST, newest = GoVersion::NEWEST)]
pub struct UnknownVersion {
    text: String,
}

impl GoVersion {
    /// The oldest one whose rules are known here: etcd 3.4.0 was built with 1.12, but its rules of
    /// verification are those of 1.15 except for the common name.
    pub const OLDEST: Self = Self(12);
    /// The newest one whose rules are known here, the default.
    pub const NEWEST: Self = Self(27);

    /// Go 1.`minor`, moved into the known range.
    pub fn minor(minor: u16) -> Self {
        Self(minor).clamp(Self::OLDEST, Self::NEWEST)
    }

    /// `encoding/pem` was rewritten in 1.24.
    pub fn pem_search(self) -> Search {
        if self.0 >= 24 { Search::Backward } else { Search::Forward }
    }

    // ---- parsing ----

    /// A leading 0x80 in an object identifier's arc is refused from 1.20.
    pub(crate) fn strict_oids(self) -> bool {
        self.0 >= 20
    }

    /// Negative serial numbers are refused from 1.23 (`x509negativeserial`).
    pub fn refuses_negative_serial(self) -> bool {
        self.0 >= 23
    }

    /// Key identifiers and authority information access must not be critical from 1.23.
    pub(crate) fn refuses_critical_key_ids(self) -> bool {
        self.0 >= 23
    }

    /// The message about a duplicate extension names it from 1.23.
    pub(crate) fn names_duplicate_extension(self) -> bool {
        self.0 >= 23
    }

    /// Policy constraints, mappings and inhibitAnyPolicy are read, and checked, from 1.24.
    pub(crate) fn checks_policies(self) -> bool {
        self.0 >= 24
    }

    /// Domain names are checked by `domainNameValid` from 1.24.
    pub(crate) fn new_domain_check(self) -> bool {
        self.0 >= 24
    }

    /// BMPString is checked for characters that are none from 1.25.
    pub(crate) fn checks_bmp(self) -> bool {
        self.0 >= 25
    }

    /// A negative path length is refused from 1.25.
    pub(crate) fn refuses_negative_path_length(self) -> bool {
        self.0 >= 25
    }

    /// Points are parsed by `ecdsa.ParseUncompressedPublicKey` from 1.26.
    pub(crate) fn new_point_parser(self) -> bool {
        self.0 >= 26
    }

    /// Attribute values of any type are read from 1.27.
    pub(crate) fn any_attribute_value(self) -> bool {
        self.0 >= 27
    }

    /// IPv4-mapped IPv6 addresses are refused in certificates from 1.27.
    pub fn refuses_mapped_addresses(self) -> bool {
        self.0 >= 27
    }

    /// Basic constraints messages end in a letter up to 1.19.
    pub(crate) fn lettered_basic_constraints(self) -> bool {
        self.0 <= 19
    }

    // ---- verification ----

    /// A host name in the common name alone is refused from 1.15.
    pub fn refuses_common_name(self) -> bool {
        self.0 >= 15
    }

    /// 1.15 and 1.16 still mention the way to switch it back on.
    pub(crate) fn mentions_common_name_override(self) -> bool {
        self.0 <= 16
    }

    /// SHA-1 signatures are refused from 1.18.
    pub fn refuses_sha1(self) -> bool {
        self.0 >= 18
    }

    /// 1.18 to 1.23 mention the way to switch SHA-1 back on.
    pub(crate) fn mentions_sha1_override(self) -> bool {
        (18..=23).contains(&self.0)
    }

    /// A candidate without a usable public key is passed over in silence from 1.20.
    pub(crate) fn skips_keyless_candidates(self) -> bool {
        self.0 >= 20
    }

    /// Candidates are counted before they are looked at from 1.26.
    pub(crate) fn counts_candidates_first(self) -> bool {
        self.0 >= 26
    }

    /// Name constraints are checked on finished chains from 1.26, before that while building.
    pub(crate) fn constraints_after_building(self) -> bool {
        self.0 >= 26
    }

    /// Before 1.20 only the leaf and the constraining certificate itself are held against it.
    pub(crate) fn constraints_on_whole_chain(self) -> bool {
        self.0 >= 20
    }

    /// A wildcard name is held against excluded subtrees as wide as it reaches from 1.24.
    pub(crate) fn wildcard_meets_exclusion(self) -> bool {
        self.0 >= 24
    }

    /// Lists of 100 names and more are summed up from 1.24.
    pub(crate) fn sums_up_names(self) -> bool {
        self.0 >= 24
    }

    /// `netip.ParseAddr` reads the name from 1.27 (zones, canonical print).
    pub(crate) fn canonical_addresses(self) -> bool {
        self.0 >= 27
    }

    /// RSA keys below 1024 bits neither sign nor verify from 1.24 (`rsa1024min`).
    pub fn refuses_small_rsa(self) -> bool {
        self.0 >= 24
    }

    /// RSA public keys are checked for odd modulus and exponent from 1.24.
    pub(crate) fn checks_rsa_keys(self) -> bool {
        self.0 >= 24
    }

    // ---- TLS ----

    /// RSA keys above 8192 bits are refused in a handshake from 1.20 (`tlsmaxrsasize`).
    pub fn refuses_large_rsa(self) -> bool {
        self.0 >= 20
    }

    /// Both sides say `tls: failed to verify certificate:` from 1.20.
    pub(crate) fn client_prefix(self) -> &'static str {
        if self.0 >= 20 { "tls: failed to verify certificate: " } else { "" }
    }

    /// What a server prints before its reason.
    pub(crate) fn server_prefix(self) -> &'static str {
        match self.0 {
            20.. => "tls: failed to verify certificate: ",
            16..=19 => "tls: failed to verify client certificate: ",
            _ => "tls: failed to verify client's certificate: ",
        }
    }

    /// A server's alert names the reason from 1.21.
    pub(crate) fn telling_alerts(self) -> bool {
        self.0 >= 21
    }

    /// A certificate that does not parse gets alert 50 from 1.25.
    pub(crate) fn decode_error_alert(self) -> bool {
        self.0 >= 25
    }

    /// The message about a key names its reason from 1.27.
    pub(crate) fn explains_private_key(self) -> bool {
        self.0 >= 27
    }

    /// 1.27 tries PKCS#8 first; earlier releases PKCS#1.
    pub(crate) fn pkcs8_first(self) -> bool {
        self.0 >= 27
    }
}

impl fmt::Display for GoVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.0)
    }
}

impl FromStr for GoVersion {
    type Err = UnknownVersion;

    /// Reads `1.24`, `go1.24`, `1.24.3`.
    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        let unknown = || UnknownVersion { text: text.chars().take(40).collect() };
        let rest = text.strip_prefix("go").unwrap_or(text);
        let mut parts = rest.split('.');
        let (major, minor, patch) = (parts.next(), parts.next(), parts.next());
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if major != Some("1") || patch.is_some_and(|patch| !digits(patch)) || parts.next().is_some() {
            return Err(unknown());
        }
        let minor = minor.filter(|minor| digits(minor)).and_then(|minor| minor.parse().ok()).ok_or_else(unknown)?;
        let version = Self(minor);
        if version < Self::OLDEST || version > Self::NEWEST {
            return Err(unknown());
        }
        Ok(version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_usual_spellings() {
        for text in ["1.24", "go1.24", "1.24.11"] {
            assert_eq!(text.parse(), Ok(GoVersion::minor(24)));
        }
        for text in ["", "1", "2.0", "1.x", "1.24.3.1", "1.99", "1.2", "1.24rc1"] {
            assert!(text.parse::<GoVersion>().is_err(), "{text}");
        }
        assert_eq!(GoVersion::NEWEST.to_string(), "1.27");
    }
}
