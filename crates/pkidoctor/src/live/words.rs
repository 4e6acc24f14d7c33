//! Go's words for what a connection can end in.

use std::net::SocketAddr;

use super::observation::{Failure, Observation, Stage};

/// `alert.String()` of Go's crypto/tls, without `tls: `; RFC 8446 section 6 with its predecessors.
pub(crate) fn alert(number: u8) -> String {
    let words = match number {
        0 => "close notify",
        10 => "unexpected message",
        20 => "bad record MAC",
        21 => "decryption failed",
        22 => "record overflow",
        30 => "decompression failure",
        40 => "handshake failure",
        42 => "bad certificate",
        43 => "unsupported certificate",
        44 => "revoked certificate",
        45 => "expired certificate",
        46 => "unknown certificate",
        47 => "illegal parameter",
        48 => "unknown certificate authority",
        49 => "access denied",
        50 => "error decoding message",
        51 => "error decrypting message",
        60 => "export restriction",
        70 => "protocol version not supported",
        71 => "insufficient security level",
        80 => "internal error",
        86 => "inappropriate fallback",
        90 => "user canceled",
        100 => "no renegotiation",
        109 => "missing extension",
        110 => "unsupported extension",
        111 => "certificate unobtainable",
        112 => "unrecognized name",
        113 => "bad certificate status response",
        114 => "bad certificate hash value",
        115 => "unknown PSK identity",
        116 => "certificate required",
        120 => "no application protocol",
        121 => "encrypted client hello required",
        other => return format!("alert({other})"),
    };
    words.to_owned()
}

/// The RFC's own name of an alert: `bad_certificate`, from `BadCertificate`.
pub(crate) fn alert_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut after_lower = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && after_lower {
            out.push('_');
        }
        after_lower = c.is_ascii_lowercase();
        out.extend(c.to_lowercase());
    }
    out
}

/// What a Go client prints when the connection came to nothing.
pub(crate) fn failure(failure: &Failure, seen: &Observation, host: &str) -> String {
    let at = seen.address.map_or_else(|| host.to_owned(), |address: SocketAddr| address.to_string());
    match failure {
        Failure::NoAddress(_) => format!("dial tcp: lookup {host}: no such host"),
        Failure::Refused => format!("dial tcp {at}: connect: connection refused"),
        Failure::Unreachable(_) => format!("dial tcp {at}: connect: no route to host"),
        Failure::TimedOut if seen.stage <= Stage::Connect => format!("dial tcp {at}: i/o timeout"),
        Failure::TimedOut => "context deadline exceeded".to_owned(),
        Failure::Closed => "EOF".to_owned(),
        Failure::Reset => "read: connection reset by peer".to_owned(),
        Failure::PlainHttp | Failure::NotTls => "tls: first record does not look like a TLS handshake".to_owned(),
        Failure::Protocol(text) => text.clone(),
        Failure::TooMuch => "the server sends more than any answer needs".to_owned(),
        Failure::Io(text) => text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::alert_name;

    #[test]
    fn alerts_are_called_as_in_the_rfc() {
        for (rustls, rfc) in [
            ("BadCertificate", "bad_certificate"),
            ("UnknownCA", "unknown_ca"),
            ("CertificateRequired", "certificate_required"),
            ("InternalError", "internal_error"),
            ("NoApplicationProtocol", "no_application_protocol"),
        ] {
            assert_eq!(alert_name(rustls), rfc);
        }
    }
}
