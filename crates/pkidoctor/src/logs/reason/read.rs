//! From words to a [`Reason`]. The more telling words are looked for first; transports come last.

use time::OffsetDateTime;

use super::{Alert, FileFault, Hint, Reason};
use crate::logs::clock::{self, Stamp};
use crate::logs::find::{after, at, between, has};

/// The reason in a text, if it names one that is known. `text` has plain quotes.
pub(in crate::logs) fn read(text: &str) -> Option<Reason> {
    whole(text).or_else(|| whole(&completed(text)?))
}

fn whole(text: &str) -> Option<Reason> {
    alert(text).or_else(|| x509(text)).or_else(|| tls(text)).or_else(|| files(text)).or_else(|| transport(text))
}

/// A text that was cut off in the middle of known words, with the rest of them.
fn completed(text: &str) -> Option<String> {
    const WORDS: [&str; 12] = [
        "remote error: tls: bad certificate",
        "client didn't provide a certificate",
        "certificate has expired or is not yet valid",
        "certificate signed by unknown authority",
        "certificate specifies an incompatible key usage",
        "certificate relies on legacy Common Name field",
        "first record does not look like a TLS handshake",
        "private key does not match public key",
        "private key type does not match public key type",
        "local error: tls: bad record MAC",
        "client certificate authentication failed",
        "x509: unhandled critical extension",
    ];
    WORDS.iter().find_map(|words| {
        // shorter pieces fit many words
        (16..words.len()).rev().find(|cut| words.is_char_boundary(*cut) && text.ends_with(&words[..*cut])).map(|cut| {
            let mut text = text.to_owned();
            text.push_str(&words[cut..]);
            text
        })
    })
}

fn up_to<'t>(text: &'t str, ends: &[char]) -> &'t str {
    text.find(ends).map_or(text, |end| &text[..end])
}

/// The name behind `remote error:`, which is the other side's alert.
fn alert(text: &str) -> Option<Reason> {
    const ALERTS: [(&str, Alert); 13] = [
        ("bad certificate", Alert::BadCertificate),
        ("unsupported certificate", Alert::UnsupportedCertificate),
        ("revoked certificate", Alert::RevokedCertificate),
        ("expired certificate", Alert::ExpiredCertificate),
        ("unknown certificate authority", Alert::UnknownCa),
        ("unknown certificate", Alert::UnknownCertificate),
        ("certificate required", Alert::CertificateRequired),
        ("handshake failure", Alert::HandshakeFailure),
        ("error decoding message", Alert::DecodeError),
        ("error decrypting message", Alert::DecryptError),
        ("protocol version not supported", Alert::ProtocolVersion),
        ("internal error", Alert::InternalError),
        ("no application protocol", Alert::NoApplicationProtocol),
    ];
    let rest = after(text, "remote error: ")?;
    let name = rest.strip_prefix("tls: ").unwrap_or(rest);
    // what a pager or journald cut off leaves the beginning
    let cut = name.trim_end_matches(['>', '…', '.', '"', ' ']);
    let is_beginning = |words: &str| cut.len() >= 3 && words.starts_with(cut);
    let known = ALERTS.iter().find(|(words, _)| name.starts_with(words));
    let known = known.or_else(|| ALERTS.iter().find(|(words, _)| is_beginning(words)));
    Some(Reason::Alert(known.map_or(Alert::Other, |(_, alert)| *alert)))
}

fn x509(text: &str) -> Option<Reason> {
    let has = |words: &str| has(text, words);
    if let Some(cn) = between(text, "subject with cn=", " is not in the allowed list") {
        let allowed = after(text, "allowed list: ").unwrap_or_default();
        return Some(Reason::NotAllowedSubject { cn: cn.to_owned(), allowed: list_with_brackets(allowed).to_owned() });
    }
    if has("certificate signed by unknown authority") {
        return Some(unknown_authority(text));
    }
    if has("has expired or is not yet valid") {
        return Some(dates(text));
    }
    if let Some(wanted) = between(text, "cannot validate certificate for ", " because it doesn't contain any IP SANs") {
        return Some(Reason::NoIpSans { wanted: wanted.to_owned() });
    }
    if has("legacy Common Name") || has("GODEBUG=x509ignoreCN") {
        return Some(Reason::LegacyCommonName);
    }
    if let Some(rest) = after(text, "certificate is valid for ") {
        return name(rest);
    }
    if let Some(wanted) = after(text, "certificate is not valid for any names, but wanted to match ") {
        return Some(Reason::NoNames { wanted: up_to(wanted, &[' ', '"', ')', ']', ',']).to_owned() });
    }
    let known: [(&str, Reason); 10] = [
        ("incompatible key usage", Reason::IncompatibleUsage),
        ("unhandled critical extension", Reason::CriticalExtension),
        ("too many intermediates for path length", Reason::PathLength),
        ("not authorized to sign for this name", Reason::NameConstraint),
        ("negative serial number", Reason::NegativeSerial),
        ("provided PrivateKey doesn't match parent's PublicKey", Reason::IssuerKeyMismatch),
        ("cannot sign this kind of certificate", Reason::NotACa),
        ("certificate is not a certificate authority", Reason::NotACa),
        ("not signed by corresponding CA", Reason::NotSignedBy { certificate: None }),
        ("not signed by CA certificate", Reason::NotSignedBy { certificate: None }),
    ];
    if let Some((_, reason)) = known.into_iter().find(|(words, _)| has(words)) {
        return Some(match reason {
            Reason::NotSignedBy { .. } => Reason::NotSignedBy { certificate: kubeadm_name(text) },
            reason => reason,
        });
    }
    malformed(text)
}

/// The name of a certificate in kubeadm's words: `certificate apiserver is not signed by`.
fn kubeadm_name(text: &str) -> Option<String> {
    after(text, "certificate ").map(|rest| up_to(rest, &[' ']).to_owned())
}

/// `[a b]`, brackets and all.
fn list_with_brackets(text: &str) -> &str {
    text.find(']').map_or(text, |end| &text[..=end])
}

/// What strict parsers say (crypto/x509, `parser.go`; encoding/asn1).
fn malformed(text: &str) -> Option<Reason> {
    const WORDS: [&str; 9] = [
        "x509: malformed",
        "x509: invalid",
        "x509: trailing data",
        "duplicate extension",
        "inner and outer signature algorithm",
        "RSA key missing NULL",
        "is malformed",
        "IPv4-mapped IPv6 address",
        "asn1: ",
    ];
    let found = WORDS.iter().find_map(|words| at(text, words).map(|at| (words, at)))?;
    let (words, at) = found;
    let start =
        if words.starts_with("x509: ") || words.starts_with("asn1: ") { at } else { text[..at].rfind("x509: ")? };
    Some(Reason::Malformed(super::super::clean::clip(up_to(&text[start..], &['"', ')']), 200).to_owned()))
}

fn unknown_authority(text: &str) -> Reason {
    let Some(rest) = after(text, "possibly because of ") else {
        return Reason::UnknownAuthority { candidate: None, hint: None };
    };
    let (why, rest) = rest.split_once(" while trying to verify").unwrap_or((rest, ""));
    let hint = if has(why, "verification error") || has(why, "verification failure") {
        Hint::OtherKey
    } else if has(why, "cannot sign this kind") {
        Hint::NotACa
    } else if has(why, "insecure algorithm") {
        Hint::InsecureAlgorithm
    } else {
        Hint::Other
    };
    let candidate = between(rest, "candidate authority certificate \"", "\"").map(str::to_owned);
    Reason::UnknownAuthority { candidate, hint: Some(hint) }
}

/// Where a verifier names an instant.
pub(in crate::logs) fn instant(text: &str) -> Option<OffsetDateTime> {
    match clock::whole(text) {
        Some(Stamp::Full(at)) => Some(at),
        _ => None,
    }
}

fn dates(text: &str) -> Reason {
    let now = after(text, "current time ").and_then(instant);
    match after(text, " is before ") {
        Some(rest) => Reason::NotYetValid { now, before: instant(rest) },
        None => Reason::Expired { now, after: after(text, " is after ").and_then(instant) },
    }
}

/// `A, B, not C`.
fn name(rest: &str) -> Option<Reason> {
    let (names, wanted) = rest.split_once(", not ")?;
    let valid_for = names.split(", ").filter(|name| !name.is_empty()).take(64).map(str::to_owned).collect();
    Some(Reason::Name { valid_for, wanted: up_to(wanted, &[' ', '"', ')', ']', ',']).to_owned() })
}

fn tls(text: &str) -> Option<Reason> {
    let has = |words: &str| has(text, words);
    if let Some(reason) = peer_address(text) {
        return Some(reason);
    }
    if let Some(found) = after(text, "after skipping PEM blocks of the following types: ") {
        let key = has("in key input");
        return Some(Reason::WrongLabel { key, found: list_with_brackets(found).to_owned() });
    }
    if let Some(rest) = after(text, "client offered only unsupported versions: ") {
        return Some(Reason::Versions { offered: list_with_brackets(rest).to_owned() });
    }
    let revoked = after(text, "certificate serial ").and_then(|rest| rest.split_once(" revoked"));
    if let Some((serial, _)) = revoked {
        return Some(Reason::Revoked { serial: serial.to_owned() });
    }
    let known: [(&str, Reason); 30] = [
        ("bad record MAC", Reason::BadRecordMac),
        ("client didn't provide a certificate", Reason::NoCertificate),
        ("private key does not match public key", Reason::KeyMismatch),
        ("private key type does not match public key type", Reason::KeyTypeMismatch),
        ("PEM inputs may have been switched", Reason::Switched),
        ("found a certificate rather than a key", Reason::Switched),
        ("any PEM data in certificate input", Reason::NoPem { key: false }),
        ("any PEM data in key input", Reason::NoPem { key: true }),
        ("does not contain any valid RSA or ECDSA certificates", Reason::NoPem { key: false }),
        ("failed to parse certificate PEM data", Reason::NoPem { key: false }),
        ("failed to parse private key", Reason::KeyUnparsable),
        ("failed to parse key PEM data", Reason::KeyUnparsable),
        ("first record does not look like a TLS handshake", Reason::NotTls),
        ("oversized record received", Reason::NotTls),
        ("no cipher suite supported by both", Reason::Cipher),
        ("unexpected TLS cipher suite", Reason::CipherName),
        ("RSA key size too small", Reason::RsaSize { large: false }),
        ("bit keys are insecure", Reason::RsaSize { large: false }),
        ("RSA key larger than 8192", Reason::RsaSize { large: true }),
        ("protocol version not supported", Reason::Versions { offered: String::new() }),
        ("server selected unsupported protocol version", Reason::Versions { offered: String::new() }),
        ("client certificate authentication failed", Reason::NotAllowedName),
        ("CommonName authentication failed", Reason::NotAllowedName),
        ("KeyFile and CertFile must both be present", Reason::HalfAPair),
        ("TLS key/cert (", Reason::HalfAPair),
        ("server gave HTTP response to HTTPS client", Reason::HttpAnswer),
        ("missing selected ALPN property", Reason::NoAlpn),
        ("no serving certificate available", Reason::NoServingCertificate),
        ("no certificate available", Reason::NoServingCertificate),
        ("client sent an HTTP request to an HTTPS server", Reason::NotTls),
    ];
    known.into_iter().find(|(words, _)| has(words)).map(|(_, reason)| reason)
}

/// `"10.0.0.3" does not match any of DNSNames ["a" "b"] (lookup a on …: no such host)`.
fn peer_address(text: &str) -> Option<Reason> {
    let (head, rest) = text.split_once("\" does not match any of DNSNames [")?;
    let (names, rest) = rest.split_once(']').unwrap_or((rest, ""));
    Some(Reason::PeerAddress {
        address: head.rsplit('"').next().unwrap_or_default().to_owned(),
        dns: quoted_names(names),
        lookup_failed: rest.trim_start().starts_with("(lookup "),
    })
}

/// `"a" "b"`, as Go prints a slice with `%q`; bare names are taken, too.
pub(in crate::logs) fn quoted_names(text: &str) -> Vec<String> {
    let names = text.split([' ', ',']).map(|name| name.trim_matches('"'));
    names.filter(|name| !name.is_empty()).take(64).map(str::to_owned).collect()
}

/// Go's `PathError`: `open P: no such file or directory`.
fn files(text: &str) -> Option<Reason> {
    let (words, what) = [
        (": no such file or directory", FileFault::Missing),
        (": permission denied", FileFault::Permission),
        (": is a directory", FileFault::Directory),
        (": input/output error", FileFault::Other),
        (": too many levels of symbolic links", FileFault::Other),
    ]
    .into_iter()
    .find(|(words, _)| has(text, words))?;
    let head = &text[..at(text, words)?];
    let verbs = ["open ", "stat ", "lstat ", "read "];
    let (_, path) = verbs.iter().filter_map(|verb| head.rsplit_once(*verb)).min_by_key(|(_, path)| path.len())?;
    // what dials a socket is no file of a PKI
    (!path.is_empty() && !path.contains(".sock")).then(|| Reason::File { path: path.to_owned(), what })
}

fn transport(text: &str) -> Option<Reason> {
    let has = |words: &str| has(text, words);
    let known: [(&str, Reason); 29] = [
        ("failed to do connect handshake, response", Reason::Proxy),
        ("proxyconnect tcp", Reason::Proxy),
        ("connection refused", Reason::Refused),
        ("connection reset by peer", Reason::Reset),
        ("broken pipe", Reason::Reset),
        ("use of closed network connection", Reason::Reset),
        ("i/o timeout", Reason::Timeout),
        ("TLS handshake timeout", Reason::Timeout),
        ("no such host", Reason::Unreachable),
        ("no route to host", Reason::Unreachable),
        ("network is unreachable", Reason::Unreachable),
        ("cannot assign requested address", Reason::NoSuchAddress),
        ("address already in use", Reason::AddressInUse),
        ("etcdserver: request timed out", Reason::NoQuorum),
        ("etcdserver: no leader", Reason::NoQuorum),
        ("etcdserver: leader changed", Reason::NoQuorum),
        ("oken has expired", Reason::TokenClaims),
        ("token has been invalidated", Reason::TokenClaims),
        ("oken is not valid yet", Reason::TokenClaims),
        ("oken is expired", Reason::TokenClaims),
        ("invalid bearer token", Reason::Token),
        ("error in cryptographic primitive", Reason::Token),
        ("context deadline exceeded", Reason::Deadline),
        ("DeadlineExceeded", Reason::Deadline),
        ("timed out waiting for the condition", Reason::Deadline),
        ("unexpected EOF", Reason::Eof),
        (": EOF", Reason::Eof),
        ("(EOF)", Reason::Eof),
        ("(error \"EOF\"", Reason::Eof),
    ];
    if text == "EOF" || text.starts_with("EOF ") {
        return Some(Reason::Eof);
    }
    known.into_iter().find(|(words, _)| has(words)).map(|(_, reason)| reason)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn dates_name_the_guilty_certificate() {
        let text = "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: \
                    current time 2026-11-23T03:28:48Z is after 2026-10-19T03:28:45Z";
        let (now, after) = (datetime!(2026-11-23 03:28:48 UTC), datetime!(2026-10-19 03:28:45 UTC));
        assert_eq!(read(text), Some(Reason::Expired { now: Some(now), after: Some(after) }));
        let cut = read("x509: certificate has expired or is not yet valid: current time 2026-11-23T03:28:48Z is aft");
        assert_eq!(cut, Some(Reason::Expired { now: Some(now), after: None }));
    }

    #[test]
    fn hints_name_the_candidate() {
        let text = "x509: certificate signed by unknown authority (possibly because of \"crypto/rsa: verification \
                    error\" while trying to verify candidate authority certificate \"etcd-ca\")";
        let candidate = Some("etcd-ca".to_owned());
        assert_eq!(read(text), Some(Reason::UnknownAuthority { candidate, hint: Some(Hint::OtherKey) }));
    }

    #[test]
    fn names_and_addresses() {
        let wanted = "192.168.6.11".to_owned();
        let valid_for = vec!["127.0.0.1".to_owned(), "::1".to_owned()];
        let text = "x509: certificate is valid for 127.0.0.1, ::1, not 192.168.6.11\". Reconnecting";
        assert_eq!(read(text), Some(Reason::Name { valid_for, wanted }));
        let text =
            r#"tls: "10.0.0.3" does not match any of DNSNames ["a" "b"] (lookup a on 10.0.0.1:53: no such host)"#;
        let dns = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(read(text), Some(Reason::PeerAddress { address: "10.0.0.3".to_owned(), dns, lookup_failed: true }));
    }

    #[test]
    fn paths_are_taken_whole() {
        let path = "/etc/kubernetes/my pki/ca.crt".to_owned();
        let text = "unable to load client CA file \"x\": open /etc/kubernetes/my pki/ca.crt: no such file or directory";
        assert_eq!(read(text), Some(Reason::File { path, what: FileFault::Missing }));
    }
}
