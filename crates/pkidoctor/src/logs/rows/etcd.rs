//! etcd's `rejected connection`. Rows of the members' port come before these.

use super::{Direction, PLAIN, Row, Spot, Stage};
use crate::logs::event::Port;
use crate::logs::reason::{Alert, Hint, Reason};
use crate::logs::sentence::Sentence;

const REJECTED: Row = Row { spots: &[Spot::Rejected], ..PLAIN };
const CLIENT_REFUSED: Row = Row { direction: Direction::ClientRefusedServer, ..REJECTED };
const ETCD_REFUSED: Row = Row { direction: Direction::ServerRefusedClient, ..REJECTED };
const NOBODY: Row = Row { direction: Direction::Nobody, ..REJECTED };

/// A file or a pair that etcd itself must load.
fn own_pair(said: &Sentence) -> bool {
    let theirs = said.names.is_some() || said.error.contains("parse client certificate");
    !theirs
        && matches!(
            said.reason,
            Reason::KeyMismatch
                | Reason::KeyTypeMismatch
                | Reason::NoPem { .. }
                | Reason::WrongLabel { .. }
                | Reason::Switched
                | Reason::KeyUnparsable
                | Reason::File { .. }
                | Reason::Malformed(_)
                | Reason::NegativeSerial
        )
}

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "etcd-server-name-cut",
        pattern: "rejected connection … ServerName \"[2001\"",
        meaning: "the client cut an IPv6 address at its first colon and asks for what is left",
        causes: &["san-ipv6"],
        check: "the version of the client, and the SANs of etcd's certificate for its IPv6 addresses",
        example: r#"{"level":"warn","ts":"2019-10-05T14:44:05.786Z","caller":"embed/config_logging.go:170","msg":"rejected connection","remote-addr":"[2001:db8::7]:42318","server-name":"[2001","error":"remote error: tls: bad certificate"}"#,
        when: |said, _| said.server_name.as_deref().is_some_and(|name| name.starts_with('[')),
        ..CLIENT_REFUSED
    },
    Row {
        id: "etcd-client-bad-certificate",
        pattern: "rejected connection … remote error: tls: bad certificate",
        meaning: "the client does not take etcd's certificate; why, only the client's log says",
        causes: &[
            "san-server-missing-localhost",
            "chain-same-name-other-key",
            "cfg-apiserver-etcd-cafile",
            "time-etcd-server-expired",
            "cli-no-cacert",
            "san-ip-changed",
            "usage-server-clientauth-only",
            "chain-critical-extension",
        ],
        gateway: &["usage-allowed-name-mismatch"],
        check: "etcd's served certificate against the CA file of that client and the host it dials; the remote address leads to the client",
        example: r#"2021-07-27 08:41:14.208723 I | embed: rejected connection from "192.168.6.11:55660" (error "remote error: tls: bad certificate", ServerName "")"#,
        when: |said, _| said.reason == Reason::Alert(Alert::BadCertificate),
        ..CLIENT_REFUSED
    },
    Row {
        id: "etcd-client-unknown-ca",
        pattern: "rejected connection … remote error: tls: unknown certificate authority",
        meaning: "a client that is not Go does not take etcd's certificate: no CA that it trusts signed it (OpenSSL under TLS 1.2)",
        causes: &[
            "chain-same-name-other-key",
            "chain-wrong-ca",
            "chain-missing-intermediate",
            "cli-no-cacert",
            "chain-ca-file-is-leaf",
            "time-ca-expired",
        ],
        check: "etcd's served certificate against the CA file of that client",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:177","msg":"rejected connection on client endpoint","remote-addr":"10.0.0.7:43100","server-name":"","error":"remote error: tls: unknown certificate authority"}"#,
        when: |said, _| said.reason == Reason::Alert(Alert::UnknownCa),
        ..CLIENT_REFUSED
    },
    Row {
        id: "etcd-client-expired",
        pattern: "rejected connection … remote error: tls: expired certificate",
        meaning: "a client that is not Go finds etcd's certificate expired",
        causes: &["time-etcd-server-expired", "time-ca-expired", "time-not-yet-valid"],
        check: "the dates of etcd's served certificate and of its CA",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:177","msg":"rejected connection on client endpoint","remote-addr":"10.0.0.7:43102","server-name":"","error":"remote error: tls: expired certificate"}"#,
        when: |said, _| said.reason == Reason::Alert(Alert::ExpiredCertificate),
        ..CLIENT_REFUSED
    },
    Row {
        id: "etcd-client-unknown-certificate",
        pattern: "rejected connection … remote error: tls: unknown certificate",
        meaning: "a client that is not Go does not take etcd's certificate and says no more (Java: any reason)",
        causes: &[
            "chain-wrong-ca",
            "chain-same-name-other-key",
            "san-server-missing-localhost",
            "time-etcd-server-expired",
        ],
        check: "etcd's served certificate against the trust store of that client and the host it dials",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:177","msg":"rejected connection on client endpoint","remote-addr":"10.0.0.7:43104","server-name":"","error":"remote error: tls: unknown certificate"}"#,
        when: |said, _| said.reason == Reason::Alert(Alert::UnknownCertificate),
        ..CLIENT_REFUSED
    },
    Row {
        id: "etcd-client-unsupported-certificate",
        pattern: "rejected connection … remote error: tls: unsupported certificate",
        meaning: "a client that is not Go finds etcd's certificate unfit for a server",
        causes: &["usage-server-clientauth-only", "chain-ca-eku-limits", "chain-critical-extension"],
        check: "the extended key usages of etcd's served certificate and of its CA",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:177","msg":"rejected connection on client endpoint","remote-addr":"10.0.0.7:43106","server-name":"","error":"remote error: tls: unsupported certificate"}"#,
        when: |said, _| said.reason == Reason::Alert(Alert::UnsupportedCertificate),
        ..CLIENT_REFUSED
    },
    Row {
        id: "etcd-client-cannot-parse",
        pattern: "rejected connection … remote error: tls: error decoding message",
        meaning: "the client cannot parse etcd's certificate",
        causes: &["alg-negative-serial", "alg-strict-parse"],
        check: "a strict DER parse of etcd's server certificate",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:177","msg":"rejected connection on client endpoint","remote-addr":"10.0.0.7:43108","server-name":"","error":"remote error: tls: error decoding message"}"#,
        when: |said, _| said.reason == Reason::Alert(Alert::DecodeError),
        ..CLIENT_REFUSED
    },
    Row {
        id: "etcd-client-other-alert",
        pattern: "rejected connection … remote error: tls: ALERT",
        meaning: "the client broke the handshake off with this alert",
        causes: &["alg-tls-version", "alg-cipher"],
        check: "the client's log",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:177","msg":"rejected connection on client endpoint","remote-addr":"10.0.0.7:43110","server-name":"","error":"remote error: tls: handshake failure"}"#,
        when: |said, _| matches!(said.reason, Reason::Alert(_)),
        ..CLIENT_REFUSED
    },
    Row {
        id: "etcd-bad-record-mac",
        pattern: "rejected connection … local error: tls: bad record MAC",
        meaning: "an OpenSSL client (curl, Python, Ruby) under TLS 1.3 does not take etcd's certificate; nothing is corrupt",
        causes: &["cli-bad-record-mac"],
        check: "the process that owns the remote port, its CA file and the host it dials; under TLS 1.2 it says why",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:177","msg":"rejected connection on client endpoint","remote-addr":"127.0.0.1:54390","server-name":"localhost","error":"local error: tls: bad record MAC"}"#,
        when: |said, _| said.reason == Reason::BadRecordMac,
        ..CLIENT_REFUSED
    },
    Row {
        id: "etcd-no-certificate",
        pattern: "rejected connection … tls: client didn't provide a certificate",
        meaning: "etcd refused a client that showed no certificate",
        causes: &[
            "cfg-apiserver-etcd-client-missing",
            "cli-no-cert",
            "cfg-metrics-probe",
            "srv-tls-terminating-lb",
            "cfg-client-auth-false-noop",
        ],
        check: "who the remote address is, and its flags",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:287","msg":"rejected connection","remote-addr":"127.0.0.1:54382","server-name":"","error":"tls: client didn't provide a certificate"}"#,
        when: |said, _| said.reason == Reason::NoCertificate,
        ..ETCD_REFUSED
    },
    Row {
        id: "etcd-refused-expired",
        pattern: "rejected connection … x509: certificate has expired or is not yet valid: current time A is after B",
        meaning: "etcd refused a client: its certificate, or a CA above it, expired at B",
        causes: &[
            "time-apiserver-etcd-client-expired",
            "time-healthcheck-client-expired",
            "cli-stale-copies",
            "time-ca-expired",
        ],
        gateway: &["time-etcd-server-expired"],
        check: "the certificate whose notAfter is B",
        example: r#"2026-11-23 02:46:28.188341 I | embed: rejected connection from "127.0.0.1:55236" (error "tls: failed to verify client certificate: x509: certificate has expired or is not yet valid: current time 2026-11-23T02:46:28Z is after 2026-10-19T02:46:13Z", ServerName "")"#,
        when: |said, _| matches!(said.reason, Reason::Expired { .. }),
        ..ETCD_REFUSED
    },
    Row {
        id: "etcd-refused-not-yet-valid",
        pattern: "rejected connection … x509: certificate has expired or is not yet valid: current time A is before B",
        meaning: "etcd refused a client: its certificate, or a CA above it, is valid from B only",
        causes: &["time-not-yet-valid"],
        check: "the certificate whose notBefore is B, and the clocks of both machines",
        example: r#"{"level":"warn","ts":"2021-03-11T07:59:48.120Z","caller":"embed/config_logging.go:177","msg":"rejected connection on client endpoint","remote-addr":"10.0.0.7:43112","server-name":"","error":"tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2021-03-11T07:59:48Z is before 2021-03-11T08:09:21Z"}"#,
        when: |said, _| matches!(said.reason, Reason::NotYetValid { .. }),
        ..ETCD_REFUSED
    },
    Row {
        id: "etcd-refused-other-key",
        pattern: "rejected connection … x509: certificate signed by unknown authority (possibly because of \"crypto/rsa: verification error\" … \"CA\")",
        meaning: "etcd refused a client: it trusts a CA of that name, but with another key",
        causes: &[
            "chain-same-name-other-key",
            "srv-stale-ca",
            "mn-etcd-ca-differs",
            "op-ca-regenerated",
            "file-leftovers",
        ],
        check: "the signature of the client's certificate against the CA on disk: bad, and the chain is at fault; good, and etcd holds an older CA in memory",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:177","msg":"rejected connection on client endpoint","remote-addr":"127.0.0.1:43114","server-name":"","error":"tls: failed to verify certificate: x509: certificate signed by unknown authority (possibly because of \"crypto/rsa: verification error\" while trying to verify candidate authority certificate \"etcd-ca\")"}"#,
        when: |said, _| matches!(said.reason, Reason::UnknownAuthority { hint: Some(Hint::OtherKey), .. }),
        ..ETCD_REFUSED
    },
    Row {
        id: "etcd-refused-issuer-not-ca",
        pattern: "rejected connection … (possibly because of \"x509: invalid signature: parent certificate cannot sign this kind of certificate\" …)",
        meaning: "etcd refused a client: what signed its certificate is no CA",
        causes: &["chain-ca-not-a-ca"],
        check: "basicConstraints and keyUsage of the CA",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:177","msg":"rejected connection on client endpoint","remote-addr":"127.0.0.1:43116","server-name":"","error":"tls: failed to verify certificate: x509: certificate signed by unknown authority (possibly because of \"x509: invalid signature: parent certificate cannot sign this kind of certificate\" while trying to verify candidate authority certificate \"etcd-ca\")"}"#,
        when: |said, _| matches!(said.reason, Reason::UnknownAuthority { hint: Some(Hint::NotACa), .. }),
        ..ETCD_REFUSED
    },
    Row {
        id: "etcd-refused-insecure-algorithm",
        pattern: "rejected connection … (possibly because of \"x509: cannot verify signature: insecure algorithm SHA1-RSA\" …)",
        meaning: "etcd refused a client: its certificate is signed with an algorithm that Go has given up",
        causes: &["alg-sha1"],
        check: "the signature algorithm of the client's certificate",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:177","msg":"rejected connection on client endpoint","remote-addr":"127.0.0.1:43118","server-name":"","error":"tls: failed to verify certificate: x509: certificate signed by unknown authority (possibly because of \"x509: cannot verify signature: insecure algorithm SHA1-RSA\" while trying to verify candidate authority certificate \"etcd-ca\")"}"#,
        when: |said, _| matches!(said.reason, Reason::UnknownAuthority { hint: Some(Hint::InsecureAlgorithm), .. }),
        ..ETCD_REFUSED
    },
    Row {
        id: "etcd-refused-unknown-authority",
        pattern: "rejected connection … x509: certificate signed by unknown authority",
        meaning: "etcd refused a client: it trusts no CA of the issuer's name",
        causes: &[
            "chain-wrong-ca",
            "enc-ca-empty-pool",
            "chain-ca-file-is-leaf",
            "cfg-client-auth-system-roots",
            "chain-missing-intermediate",
            "chain-name-encoding",
            "chain-renewed-ca-new-subject",
        ],
        gateway: &["enc-ca-empty-pool", "cfg-client-auth-system-roots"],
        check: "how many certificates Go loads from the trusted CA file, then the bytes of the issuer's name",
        example: r#"2026-11-23 03:28:31.981523 I | embed: rejected connection from "127.0.0.1:49638" (error "tls: failed to verify client certificate: x509: certificate signed by unknown authority", ServerName "")"#,
        when: |said, _| matches!(said.reason, Reason::UnknownAuthority { .. }),
        ..ETCD_REFUSED
    },
    Row {
        id: "etcd-refused-usage",
        pattern: "rejected connection … x509: certificate specifies an incompatible key usage",
        meaning: "etcd refused a client: its certificate, or a CA above it, is not for clients",
        causes: &["usage-client-serverauth-only", "usage-server-without-clientauth", "chain-ca-eku-limits"],
        gateway: &["usage-server-without-clientauth"],
        check: "the extended key usages of the client's certificate, then of the CA; from etcd's own address, of etcd's server certificate",
        example: r#"2018-03-07 22:36:51.189880 I | embed: rejected connection from "127.0.0.1:35160" (error "tls: failed to verify client's certificate: x509: certificate specifies an incompatible key usage", ServerName "")"#,
        when: |said, _| said.reason == Reason::IncompatibleUsage,
        ..ETCD_REFUSED
    },
    Row {
        id: "etcd-refused-critical-extension",
        pattern: "rejected connection … x509: unhandled critical extension",
        meaning: "etcd refused a client: its certificate has a critical extension that Go does not know",
        causes: &["chain-critical-extension"],
        check: "the critical extensions of the client's certificate",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:177","msg":"rejected connection on client endpoint","remote-addr":"127.0.0.1:43120","server-name":"","error":"tls: failed to verify certificate: x509: unhandled critical extension"}"#,
        when: |said, _| said.reason == Reason::CriticalExtension,
        ..ETCD_REFUSED
    },
    Row {
        id: "etcd-refused-path-length",
        pattern: "rejected connection … x509: too many intermediates for path length constraint",
        meaning: "etcd refused a client: its chain is longer than a CA allows",
        causes: &["chain-pathlen"],
        check: "the path length constraints of the chain",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:177","msg":"rejected connection on client endpoint","remote-addr":"127.0.0.1:43122","server-name":"","error":"tls: failed to verify certificate: x509: too many intermediates for path length constraint"}"#,
        when: |said, _| said.reason == Reason::PathLength,
        ..ETCD_REFUSED
    },
    Row {
        id: "etcd-refused-name-constraint",
        pattern: "rejected connection … x509: a root or intermediate certificate is not authorized to sign for this name: …",
        meaning: "etcd refused a client: a CA of its chain may not sign for a name in it",
        causes: &["chain-name-constraints"],
        check: "the name constraints of the CA against every SAN of the client's certificate",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:177","msg":"rejected connection on client endpoint","remote-addr":"127.0.0.1:43124","server-name":"","error":"tls: failed to verify certificate: x509: a root or intermediate certificate is not authorized to sign for this name: DNS name \"localhost\" is not permitted by any constraint"}"#,
        when: |said, _| said.reason == Reason::NameConstraint,
        ..ETCD_REFUSED
    },
    Row {
        id: "etcd-refused-not-allowed",
        pattern: "rejected connection … client certificate authentication failed (ip-addresses, dns-names)",
        meaning: "etcd refused a client whose chain is fine: its name is not among the allowed ones (CommonName authentication failed, in 3.3)",
        causes: &["usage-allowed-name-mismatch"],
        gateway: &["usage-allowed-name-mismatch"],
        check: "CN and SANs of the client's certificate against the allowed names in etcd's flags",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:186","msg":"rejected connection on peer endpoint","remote-addr":"127.0.0.1:43126","server-name":"","ip-addresses":["127.0.0.2"],"dns-names":["m2"],"error":"client certificate authentication failed"}"#,
        when: |said, _| said.reason == Reason::NotAllowedName,
        ..ETCD_REFUSED
    },
    Row {
        id: "etcd-refused-revoked",
        pattern: "rejected connection … transport: certificate serial N revoked",
        meaning: "etcd refused a client after TLS: the serial number of its certificate is on the revocation list",
        stage: Stage::AfterTls,
        causes: &["enc-crl", "alg-serial-zero-or-duplicate"],
        check: "whose number it is: etcd compares numbers only, neither issuer nor signature of the list",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:186","msg":"rejected connection on client endpoint","remote-addr":"127.0.0.1:43128","server-name":"","ip-addresses":[],"dns-names":[],"error":"transport: certificate serial 4097 revoked"}"#,
        when: |said, _| matches!(said.reason, Reason::Revoked { .. }),
        ..ETCD_REFUSED
    },
    Row {
        id: "etcd-revocation-list",
        pattern: "rejected connection … open P: no such file or directory (ip-addresses, dns-names)",
        meaning: "etcd refuses every client after TLS: it cannot read its revocation list",
        stage: Stage::AfterTls,
        causes: &["enc-crl"],
        check: "the path of the revocation list in etcd's flags",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:186","msg":"rejected connection on client endpoint","remote-addr":"127.0.0.1:43130","server-name":"","ip-addresses":["127.0.0.1"],"dns-names":["localhost"],"error":"open /etc/kubernetes/pki/etcd/crl.der: no such file or directory"}"#,
        when: |said, _| matches!(said.reason, Reason::File { .. }) && said.names.is_some(),
        ..ETCD_REFUSED
    },
    Row {
        id: "etcd-own-pair",
        pattern: "rejected connection … tls: private key does not match public key, open P: …, failed to find any PEM data …",
        meaning: "etcd cannot load its own certificate and key; every new connection fails with alert 80, those that are open live on",
        direction: Direction::WriterCannotLoad,
        causes: &["pair-mismatch-live", "file-missing", "enc-no-pem"],
        check: "etcd's certificate and key on disk, now",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:177","msg":"rejected connection on client endpoint","remote-addr":"127.0.0.1:43132","server-name":"","error":"tls: private key does not match public key"}"#,
        when: |said, _| own_pair(said),
        ..REJECTED
    },
    Row {
        id: "etcd-refused-cannot-parse",
        pattern: "rejected connection … tls: failed to parse client certificate: x509: …",
        meaning: "etcd refused a client: it cannot parse its certificate",
        causes: &["alg-negative-serial", "alg-strict-parse"],
        check: "a strict DER parse of the client's certificate",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:177","msg":"rejected connection on client endpoint","remote-addr":"127.0.0.1:43134","server-name":"","error":"tls: failed to parse client certificate: x509: negative serial number"}"#,
        when: |said, _| matches!(said.reason, Reason::Malformed(_) | Reason::NegativeSerial),
        ..ETCD_REFUSED
    },
    Row {
        id: "etcd-got-plain-text",
        pattern: "rejected connection … tls: first record does not look like a TLS handshake, tls: oversized record received with length 21536",
        meaning: "somebody speaks without TLS to a port of etcd that has it",
        causes: &["cfg-scheme-mismatch", "cfg-metrics-probe", "cli-wrong-scheme"],
        check: "who the remote address is, and the scheme in its URL",
        example: r#"{"level":"warn","ts":"2026-11-23T03:30:41.643840Z","caller":"embed/config_logging.go:177","msg":"rejected connection on client endpoint","remote-addr":"127.0.0.1:50470","server-name":"","error":"tls: first record does not look like a TLS handshake"}"#,
        when: |said, _| said.reason == Reason::NotTls && said.port != Port::EtcdPeer,
        ..NOBODY
    },
    Row {
        id: "etcd-went-away",
        pattern: "rejected connection … EOF, read tcp …: read: connection reset by peer, i/o timeout",
        meaning: "somebody opened the port and went away before or in the handshake: a probe, or a client that gave up",
        stage: Stage::Connect,
        causes: &["srv-eof-noise"],
        check: "its rhythm and its source address",
        noise: true,
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:170","msg":"rejected connection","remote-addr":"10.0.0.99:31022","server-name":"","error":"EOF"}"#,
        when: |said, _| matches!(said.reason, Reason::Eof | Reason::Reset | Reason::Timeout | Reason::Deadline),
        ..NOBODY
    },
    Row {
        id: "etcd-refused-versions",
        pattern: "rejected connection … tls: client offered only unsupported versions: [302 301]",
        meaning: "etcd and the client have no TLS version in common",
        causes: &["alg-tls-version"],
        check: "the versions of the client, and the version flags of etcd",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:177","msg":"rejected connection on client endpoint","remote-addr":"127.0.0.1:43136","server-name":"","error":"tls: client offered only unsupported versions: [302 301]"}"#,
        when: |said, _| matches!(said.reason, Reason::Versions { .. }),
        ..ETCD_REFUSED
    },
    Row {
        id: "etcd-refused-cipher",
        pattern: "rejected connection … tls: no cipher suite supported by both client and server; client offered: […]",
        meaning: "no cipher suite fits the client, etcd's flags and the kind of etcd's key",
        causes: &["alg-cipher"],
        check: "etcd's cipher suites against the kind of its key",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:177","msg":"rejected connection on client endpoint","remote-addr":"127.0.0.1:43138","server-name":"","error":"tls: no cipher suite supported by both client and server; client offered: [c02c c030 9f]"}"#,
        when: |said, _| said.reason == Reason::Cipher,
        ..ETCD_REFUSED
    },
    Row {
        id: "etcd-own-key-size",
        pattern: "rejected connection … tls: certificate RSA key size too small …, tls: failed to sign handshake: crypto/rsa: N-bit keys are insecure …",
        meaning: "etcd cannot sign with its own key",
        direction: Direction::WriterCannotLoad,
        causes: &["alg-rsa-small", "alg-rsa-large"],
        check: "the size of etcd's RSA key",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:177","msg":"rejected connection on client endpoint","remote-addr":"127.0.0.1:43140","server-name":"","error":"tls: certificate RSA key size too small for supported signature algorithms"}"#,
        when: |said, _| said.reason == Reason::RsaSize { large: false },
        ..REJECTED
    },
    Row {
        id: "etcd-refused-key-size",
        pattern: "rejected connection … tls: client sent certificate containing RSA key larger than 8192 bits",
        meaning: "etcd refused a client: its RSA key is larger than Go verifies",
        causes: &["alg-rsa-large"],
        check: "the size of the client's RSA key",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:177","msg":"rejected connection on client endpoint","remote-addr":"127.0.0.1:43142","server-name":"","error":"tls: client sent certificate containing RSA key larger than 8192 bits"}"#,
        when: |said, _| said.reason == Reason::RsaSize { large: true },
        ..ETCD_REFUSED
    },
    Row {
        id: "etcd-rejected-other",
        pattern: "rejected connection … ERROR",
        meaning: "etcd refused a connection with an error that this table does not know",
        direction: Direction::Unknown,
        check: "the error itself",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:177","msg":"rejected connection on client endpoint","remote-addr":"127.0.0.1:43144","server-name":"","error":"tls: client doesn't support certificate curve"}"#,
        ..REJECTED
    },
];
