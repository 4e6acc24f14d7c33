//! `Unable to authenticate the request`, as every server of Kubernetes says it.

use super::{Said, Sentence, Spot};
use crate::logs::event::{CertificateIds, Port};

pub(super) fn read(said: &Said<'_>) -> Option<Sentence> {
    let Some(rest) = said.after("Unable to authenticate the request") else {
        // the request-header authenticator's own words, wherever they stand
        return said.has("is not in the allowed list").then(|| {
            let at = said.whole.find("x509: subject with cn=").unwrap_or(0);
            Sentence::new(Spot::Authenticate, Port::Unknown, &said.whole[at..])
        });
    };
    let error = rest.strip_prefix(" due to an error").unwrap_or(rest).trim_start_matches(": ");
    let mut sentence = Sentence::new(Spot::Authenticate, Port::Unknown, telling(error));
    sentence.certificate = certificate(error);
    Some(sentence)
}

/// The part of a list that says why. The first one is the verdict of the request-header CA, which no ordinary client
/// satisfies (apiserver's union of authenticators: x509 for request headers, then x509 for clients); the one behind
/// `verifying certificate … failed:` is that of the client CA.
fn telling(error: &str) -> &str {
    let inner = error.strip_prefix('[').map_or(error, |inner| inner.strip_suffix(']').unwrap_or(inner));
    if inner.contains("subject with cn=") {
        return inner;
    }
    if let Some(at) = inner.rfind(" failed: ").filter(|_| inner.contains("verifying certificate")) {
        return &inner[at + " failed: ".len()..];
    }
    match inner.rfind(", x509: ") {
        Some(at) => &inner[at + 2..],
        None => inner,
    }
}

/// `verifying certificate SN=…, SKID=…, AKID=… failed`.
fn certificate(error: &str) -> Option<CertificateIds> {
    let rest = &error[error.find("verifying certificate ")?..];
    let value = |key: &str| {
        let value = &rest[rest.find(key)? + key.len()..];
        let value = &value[..value.find([',', ' ']).unwrap_or(value.len())];
        let fits = !value.is_empty() && value.len() <= 128 && value.bytes().all(|b| b.is_ascii_hexdigit() || b == b':');
        fits.then(|| value.replace(':', "").to_ascii_lowercase())
    };
    let ids = CertificateIds { serial: value("SN="), skid: value("SKID="), akid: value("AKID=") };
    (ids != CertificateIds::default()).then_some(ids)
}
