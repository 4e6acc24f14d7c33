//! `Certificate.VerifyHostname` and the words of its `HostnameError`.

use std::net::{IpAddr, Ipv6Addr};

use crate::x509::certificate::{Certificate, ip_address};

use super::constraints::ip_text;
use super::version::GoVersion;

/// Go does not find the name in the certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostnameError {
    /// The name as Go prints it.
    pub host: String,
    /// Whether the name is an address.
    pub is_address: bool,
    /// Whether only the common name holds it.
    pub common_name_only: bool,
    /// Go's message.
    pub text: String,
}

/// Checks whether `certificate` is valid for `host`.
///
/// # Errors
/// Go's `HostnameError`.
pub fn verify(certificate: &Certificate, host: &str, go: GoVersion) -> Result<(), HostnameError> {
    let bare =
        host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).filter(|rest| !rest.is_empty()).unwrap_or(host);
    if let Some(address) = parse_address(bare, go) {
        let found = certificate.names.ip.iter().any(|bytes| ip_address(bytes) == Some(address));
        let shown = if go.canonical_addresses() { address.to_string() } else { bare.to_owned() };
        return if found { Ok(()) } else { Err(refusal(certificate, &shown, go)) };
    }
    let wanted = host.to_ascii_lowercase();
    let valid_input = valid_hostname(&wanted, false, go);
    let parts = split(&wanted);
    let matches = |name: &String| {
        if valid_input && valid_hostname(name, true, go) {
            matches_pattern(name, &parts)
        } else {
            matches_exactly(name, &wanted)
        }
    };
    if certificate.names.dns.iter().any(matches) || common_name_counts(certificate, &wanted, go) {
        return Ok(());
    }
    Err(refusal(certificate, host, go))
}

/// Go up to 1.14 takes the common name where there is no SAN and it looks like a host name.
fn common_name_counts(certificate: &Certificate, wanted: &str, go: GoVersion) -> bool {
    let name = certificate.subject.common_name();
    !go.refuses_common_name()
        && certificate.san_extension().is_none()
        && valid_hostname(name, true, go)
        && matches_pattern(name, &split(wanted))
}

/// `HostnameError.Error`.
fn refusal(certificate: &Certificate, host: &str, go: GoVersion) -> HostnameError {
    let common_name_only = certificate.san_extension().is_none()
        && matches_pattern(certificate.subject.common_name(), &split(&host.to_ascii_lowercase()));
    let is_address = parse_address(host, GoVersion::minor(26)).is_some();
    let text = if common_name_only {
        let tail = if go.mentions_common_name_override() {
            " or temporarily enable Common Name matching with GODEBUG=x509ignoreCN=0"
        } else {
            " instead"
        };
        format!("x509: certificate relies on legacy Common Name field, use SANs{tail}")
    } else {
        listing(certificate, host, is_address, go)
    };
    HostnameError { host: host.to_owned(), is_address, common_name_only, text }
}

fn listing(certificate: &Certificate, host: &str, is_address: bool, go: GoVersion) -> String {
    let (count, what) =
        if is_address { (certificate.names.ip.len(), "IP SANs") } else { (certificate.names.dns.len(), "names") };
    if is_address && count == 0 {
        return format!("x509: cannot validate certificate for {host} because it doesn't contain any IP SANs");
    }
    if go.sums_up_names() && count >= 100 {
        return format!("x509: certificate is valid for {count} {what}, but none matched {host}");
    }
    let valid = if is_address {
        certificate.names.ip.iter().map(|bytes| ip_text(bytes)).collect::<Vec<_>>().join(", ")
    } else {
        certificate.names.dns.join(", ")
    };
    if valid.is_empty() {
        format!("x509: certificate is not valid for any names, but wanted to match {host}")
    } else {
        format!("x509: certificate is valid for {valid}, not {host}")
    }
}

/// `net.ParseIP` (from 1.27 `netip.ParseAddr`, which also takes a zone), IPv4-mapped addresses folded.
pub(crate) fn parse_address(text: &str, go: GoVersion) -> Option<IpAddr> {
    let fold = |six: Ipv6Addr| six.to_ipv4_mapped().map_or(IpAddr::V6(six), IpAddr::V4);
    let text = match text.split_once('%') {
        Some((address, zone)) if go.canonical_addresses() && !zone.is_empty() && address.contains(':') => address,
        _ => text,
    };
    match text.parse().ok()? {
        IpAddr::V6(six) => Some(fold(six)),
        four => Some(four),
    }
}

fn split(host: &str) -> Vec<&str> {
    host.strip_suffix('.').unwrap_or(host).split('.').collect()
}

/// `matchHostnames`: label by label, `*` only as the whole first label.
fn matches_pattern(pattern: &str, host: &[&str]) -> bool {
    let pattern = pattern.to_ascii_lowercase();
    if pattern.is_empty() || host == [""] {
        return false;
    }
    let parts: Vec<&str> = pattern.split('.').collect();
    parts.len() == host.len()
        && parts.iter().zip(host).enumerate().all(|(at, (part, label))| at == 0 && *part == "*" || part == label)
}

/// `matchExactly`.
fn matches_exactly(a: &str, b: &str) -> bool {
    !matches!(a, "" | ".") && !matches!(b, "" | ".") && a.eq_ignore_ascii_case(b)
}

/// Whether Go would match a dNSName at all (`validHostnamePattern`).
pub fn is_valid_pattern(name: &str) -> bool {
    valid_hostname(name, true, GoVersion::NEWEST)
}

/// `validHostname`.
fn valid_hostname(host: &str, pattern: bool, go: GoVersion) -> bool {
    let host = if pattern { host } else { host.strip_suffix('.').unwrap_or(host) };
    if host.is_empty() || host == "*" && go >= GoVersion::minor(23) {
        return false;
    }
    host.split('.').enumerate().all(|(at, label)| {
        if pattern && at == 0 && label == "*" {
            return true;
        }
        !label.is_empty()
            && label.char_indices().all(|(at, c)| c.is_ascii_alphanumeric() || c == '-' && at != 0 || c == '_')
    })
}
