//! What members say of each other. These come before the rows of every other refused connection.

use super::{Direction, PLAIN, Row, Spot, Stage};
use crate::logs::event::Port;
use crate::logs::reason::{Alert, Hint, Reason};
use crate::logs::sentence::Sentence;

const REJECTED: Row = Row { spots: &[Spot::Rejected], direction: Direction::ServerRefusedClient, ..PLAIN };
/// A member dials another one.
const DIALS: &[Spot] = &[Spot::PeerStream, Spot::PeerVersion, Spot::PeerProbe];
const WE_REFUSED: Row = Row { spots: DIALS, direction: Direction::ClientRefusedServer, ..PLAIN };
const THEY_REFUSED: Row = Row { spots: DIALS, direction: Direction::ServerRefusedClient, ..PLAIN };
const NOBODY: Row = Row { spots: DIALS, direction: Direction::Nobody, ..PLAIN };

fn at_peer_port(said: &Sentence) -> bool {
    said.port == Port::EtcdPeer
}

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "peer-bad-certificate",
        pattern: "rejected connection on peer endpoint … remote error: tls: ALERT",
        meaning: "the dialing member does not take this member's certificate; why, only its own log says",
        direction: Direction::ClientRefusedServer,
        causes: &["san-peer-target", "mn-etcd-ca-differs", "time-etcd-peer-expired", "usage-peer-without-serverauth"],
        check: "this member's peer certificate against the dialer's CA and the URL in the member list",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:177","msg":"rejected connection on peer endpoint","remote-addr":"10.0.0.12:51002","server-name":"","error":"remote error: tls: bad certificate"}"#,
        when: |said, _| at_peer_port(said) && matches!(said.reason, Reason::Alert(_)),
        ..REJECTED
    },
    Row {
        id: "peer-address-wildcard",
        pattern: "rejected connection … tls: \"IP\" does not match any of DNSNames [\"*.DOMAIN\"]",
        meaning: "this member refused the dialer after TLS: its address leads to no name that the wildcard covers",
        stage: Stage::AfterTls,
        causes: &["san-peer-wildcard", "san-peer-reverse-dns", "san-peer-ip-mismatch"],
        check: "the PTR record of the address, looked up on this host",
        example: r#"2017-09-11 14:01:20.112233 I | etcdmain: rejected connection from "10.38.202.130:45086" (tls: "10.38.202.130" does not match any of DNSNames ["*.etcd-dev-cluster.etcd-operator.svc"])"#,
        when: |said, _| matches!(&said.reason, Reason::PeerAddress { dns, .. } if dns.iter().any(|name| name.starts_with('*'))),
        ..REJECTED
    },
    Row {
        id: "peer-address-dns",
        pattern: "rejected connection … tls: \"IP\" does not match any of DNSNames [NAMES] (lookup …)",
        meaning: "this member refused the dialer after TLS: no name in its certificate leads to its address",
        stage: Stage::AfterTls,
        causes: &["san-peer-ip-mismatch", "san-peer-reverse-dns", "san-peer-wildcard"],
        check: "the names looked up forwards, and the address backwards, on this host",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:186","msg":"rejected connection on peer endpoint","remote-addr":"10.0.0.3:51004","server-name":"","ip-addresses":[],"dns-names":["etcd3.local"],"error":"tls: \"10.0.0.3\" does not match any of DNSNames [\"etcd3.local\"] (lookup etcd3.local on 10.0.0.2:53: no such host)"}"#,
        when: |said, _| matches!(said.reason, Reason::PeerAddress { .. }),
        ..REJECTED
    },
    Row {
        id: "peer-address",
        pattern: "rejected connection on peer endpoint … x509: certificate is valid for A, not B (ip-addresses)",
        meaning: "this member refused the dialer after TLS: it comes from B, and its certificate does not list B",
        stage: Stage::AfterTls,
        causes: &["san-peer-ip-mismatch", "san-copied-from-other-node", "san-ip-changed"],
        check: "the SANs of the dialer's peer certificate against the address that it comes from",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:186","msg":"rejected connection on peer endpoint","remote-addr":"127.0.0.1:40166","server-name":"","ip-addresses":["127.0.0.2"],"dns-names":[],"error":"x509: certificate is valid for 127.0.0.2, not 127.0.0.1"}"#,
        when: |said, _| matches!(said.reason, Reason::Name { .. } | Reason::NoIpSans { .. } | Reason::NoNames { .. }),
        ..REJECTED
    },
    Row {
        id: "peer-refused-usage",
        pattern: "rejected connection on peer endpoint … x509: certificate specifies an incompatible key usage",
        meaning: "this member refused the dialer: its peer certificate is not for clients; the other direction may work, and health stays green",
        causes: &["usage-peer-without-clientauth", "chain-ca-eku-limits"],
        check: "the extended key usages of the dialer's peer certificate",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:177","msg":"rejected connection on peer endpoint","remote-addr":"10.0.0.12:51006","server-name":"","error":"tls: failed to verify certificate: x509: certificate specifies an incompatible key usage"}"#,
        when: |said, _| at_peer_port(said) && said.reason == Reason::IncompatibleUsage,
        ..REJECTED
    },
    Row {
        id: "peer-refused-other-key",
        pattern: "rejected connection on peer endpoint … x509: certificate signed by unknown authority (possibly because of …)",
        meaning: "this member refused the dialer: it trusts a CA of that name, but with another key",
        causes: &[
            "chain-same-name-other-key",
            "srv-stale-ca",
            "mn-etcd-ca-differs",
            "op-ca-regenerated",
            "file-leftovers",
        ],
        check: "etcd's CA on both nodes; then the signature of the dialer's certificate against the CA on disk here",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:177","msg":"rejected connection on peer endpoint","remote-addr":"10.0.0.12:51008","server-name":"","error":"tls: failed to verify certificate: x509: certificate signed by unknown authority (possibly because of \"crypto/rsa: verification error\" while trying to verify candidate authority certificate \"etcd-ca\")"}"#,
        when: |said, _| {
            at_peer_port(said) && matches!(said.reason, Reason::UnknownAuthority { hint: Some(Hint::OtherKey), .. })
        },
        ..REJECTED
    },
    Row {
        id: "peer-refused-unknown-authority",
        pattern: "rejected connection on peer endpoint … x509: certificate signed by unknown authority",
        meaning: "this member refused the dialer: it trusts no CA of the issuer's name",
        causes: &[
            "chain-wrong-ca",
            "enc-ca-empty-pool",
            "chain-ca-file-is-leaf",
            "chain-missing-intermediate",
            "chain-name-encoding",
            "chain-renewed-ca-new-subject",
        ],
        check: "how many certificates Go loads from the peers' CA file, then the bytes of the issuer's name",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:177","msg":"rejected connection on peer endpoint","remote-addr":"10.0.0.12:51010","server-name":"","error":"tls: failed to verify certificate: x509: certificate signed by unknown authority"}"#,
        when: |said, _| {
            at_peer_port(said) && matches!(said.reason, Reason::UnknownAuthority { hint: None | Some(Hint::Other), .. })
        },
        ..REJECTED
    },
    Row {
        id: "peer-refused-expired",
        pattern: "rejected connection on peer endpoint … x509: certificate has expired or is not yet valid: current time A is after B",
        meaning: "this member refused the dialer: its peer certificate, or the CA, expired at B",
        causes: &["time-etcd-peer-expired", "time-ca-expired"],
        check: "the certificate whose notAfter is B, on every node",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:28.188Z","caller":"embed/config_logging.go:177","msg":"rejected connection on peer endpoint","remote-addr":"10.0.0.12:51012","server-name":"","error":"tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-23T02:46:28Z is after 2026-10-19T02:46:13Z"}"#,
        when: |said, _| at_peer_port(said) && matches!(said.reason, Reason::Expired { .. }),
        ..REJECTED
    },
    Row {
        id: "peer-got-plain-text",
        pattern: "rejected connection on peer endpoint … tls: first record does not look like a TLS handshake",
        meaning: "another member speaks without TLS to this one: the member list still holds http",
        direction: Direction::Nobody,
        causes: &["cfg-peer-scheme", "cfg-scheme-mismatch"],
        check: "the peer URLs in the member list",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"embed/config_logging.go:177","msg":"rejected connection on peer endpoint","remote-addr":"10.0.0.12:51014","server-name":"","error":"tls: first record does not look like a TLS handshake"}"#,
        when: |said, _| at_peer_port(said) && said.reason == Reason::NotTls,
        ..REJECTED
    },
    Row {
        id: "peer-dial-eof",
        pattern: "failed to dial ID on stream MsgApp v2 (EOF), Get \"https://H:2380/version\": EOF, failed to reach the peer URL",
        meaning: "the member that we dial refused us after TLS, and says nothing",
        stage: Stage::AfterTls,
        causes: &["san-peer-ip-mismatch", "enc-crl"],
        check: "the log of the other member",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"rafthttp/peer_status.go:66","msg":"peer became inactive (message send to peer failed)","peer-id":"8211f1d0f64f3269","error":"failed to dial 8211f1d0f64f3269 on stream MsgApp v2 (EOF)"}"#,
        when: |said, _| said.reason == Reason::Eof,
        ..THEY_REFUSED
    },
    Row {
        id: "peer-dial-bad-certificate",
        pattern: "failed to dial ID on stream Message (remote error: tls: bad certificate)",
        meaning: "the member that we dial refused us in TLS; why, only its log says",
        causes: &[
            "usage-peer-without-clientauth",
            "usage-allowed-name-mismatch",
            "time-etcd-peer-expired",
            "mn-etcd-ca-differs",
        ],
        check: "the log of the other member",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"rafthttp/stream.go:223","msg":"peer deactivated again","peer-id":"8211f1d0f64f3269","error":"failed to dial 8211f1d0f64f3269 on stream Message (remote error: tls: bad certificate)"}"#,
        spots: &[Spot::PeerStream, Spot::PeerVersion],
        when: |said, _| said.reason == Reason::Alert(Alert::BadCertificate),
        ..THEY_REFUSED
    },
    Row {
        id: "peer-probe-bad-certificate",
        pattern: "prober detected unhealthy status … remote error: tls: bad certificate",
        meaning: "the member that we dial refused us in TLS; an old one says so for any reason",
        causes: &[
            "time-etcd-peer-expired",
            "usage-peer-without-clientauth",
            "usage-allowed-name-mismatch",
            "mn-etcd-ca-differs",
        ],
        check: "the log of the other member",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"rafthttp/probing_status.go:68","msg":"prober detected unhealthy status","round-tripper-name":"ROUND_TRIPPER_RAFT_MESSAGE","remote-peer-id":"8211f1d0f64f3269","rtt":"0s","error":"remote error: tls: bad certificate"}"#,
        when: |said, _| said.reason == Reason::Alert(Alert::BadCertificate),
        ..THEY_REFUSED
    },
    Row {
        id: "peer-dial-unknown-ca",
        pattern: "prober detected unhealthy status … remote error: tls: unknown certificate authority",
        meaning: "the member that we dial refused us: no CA that it trusts signed our peer certificate",
        causes: &["mn-etcd-ca-differs", "chain-same-name-other-key", "srv-stale-ca"],
        check: "etcd's CA on both nodes",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"rafthttp/probing_status.go:68","msg":"prober detected unhealthy status","round-tripper-name":"ROUND_TRIPPER_RAFT_MESSAGE","remote-peer-id":"8211f1d0f64f3269","rtt":"0s","error":"remote error: tls: unknown certificate authority"}"#,
        when: |said, _| said.reason == Reason::Alert(Alert::UnknownCa),
        ..THEY_REFUSED
    },
    Row {
        id: "peer-dial-expired",
        pattern: "prober detected unhealthy status … remote error: tls: expired certificate",
        meaning: "the member that we dial refused us: our peer certificate, or the CA, is expired or not yet valid",
        causes: &["time-etcd-peer-expired", "time-ca-expired", "time-not-yet-valid"],
        check: "the dates of our peer certificate and of the CA; the clocks",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"rafthttp/probing_status.go:68","msg":"prober detected unhealthy status","round-tripper-name":"ROUND_TRIPPER_SNAPSHOT","remote-peer-id":"8211f1d0f64f3269","rtt":"0s","error":"remote error: tls: expired certificate"}"#,
        when: |said, _| said.reason == Reason::Alert(Alert::ExpiredCertificate),
        ..THEY_REFUSED
    },
    Row {
        id: "peer-dial-internal-error",
        pattern: "failed to dial ID on stream … (remote error: tls: internal error)",
        meaning: "the member that we dial cannot load its own peer certificate and key",
        direction: Direction::OtherCannotLoad,
        causes: &["pair-mismatch-live", "file-missing", "enc-no-pem"],
        check: "the peer certificate and key on the other node, now",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"rafthttp/stream.go:223","msg":"peer deactivated again","peer-id":"8211f1d0f64f3269","error":"failed to dial 8211f1d0f64f3269 on stream Message (remote error: tls: internal error)"}"#,
        when: |said, _| said.reason == Reason::Alert(Alert::InternalError),
        ..THEY_REFUSED
    },
    Row {
        id: "peer-dial-other-alert",
        pattern: "failed to dial ID on stream … (remote error: tls: ALERT)",
        meaning: "the member that we dial refused us in TLS",
        causes: &["usage-peer-without-clientauth", "usage-allowed-name-mismatch", "alg-tls-version"],
        check: "the log of the other member",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"rafthttp/stream.go:223","msg":"peer deactivated again","peer-id":"8211f1d0f64f3269","error":"failed to dial 8211f1d0f64f3269 on stream Message (remote error: tls: certificate required)"}"#,
        when: |said, _| matches!(said.reason, Reason::Alert(_)),
        ..THEY_REFUSED
    },
    Row {
        id: "peer-dial-name",
        pattern: "failed to dial ID on stream Message (tls: failed to verify certificate: x509: certificate is valid for A, not B)",
        meaning: "we refused the member that we dial: its certificate does not list the host in its own peer URL",
        causes: &["san-peer-target", "san-copied-from-other-node", "san-ip-changed"],
        check: "the SANs of the other member's peer certificate against its URL in the member list",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"rafthttp/stream.go:223","msg":"peer deactivated again","peer-id":"8211f1d0f64f3269","error":"failed to dial 8211f1d0f64f3269 on stream Message (tls: failed to verify certificate: x509: certificate is valid for 127.0.0.1, not 127.0.0.2)"}"#,
        when: |said, _| {
            matches!(
                said.reason,
                Reason::Name { .. } | Reason::NoIpSans { .. } | Reason::NoNames { .. } | Reason::LegacyCommonName
            )
        },
        ..WE_REFUSED
    },
    Row {
        id: "peer-dial-usage",
        pattern: "failed to dial ID on stream Message (tls: failed to verify certificate: x509: certificate specifies an incompatible key usage)",
        meaning: "we refused the member that we dial: its peer certificate is not for servers",
        causes: &["usage-peer-without-serverauth", "chain-ca-eku-limits"],
        check: "the extended key usages of the other member's peer certificate",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"rafthttp/stream.go:223","msg":"peer deactivated again","peer-id":"8211f1d0f64f3269","error":"failed to dial 8211f1d0f64f3269 on stream Message (tls: failed to verify certificate: x509: certificate specifies an incompatible key usage)"}"#,
        when: |said, _| said.reason == Reason::IncompatibleUsage,
        ..WE_REFUSED
    },
    Row {
        id: "peer-dial-unknown-authority",
        pattern: "prober detected unhealthy status … x509: certificate signed by unknown authority [(possibly because of …)]",
        meaning: "we refused the member that we dial: no CA that we trust signed its peer certificate",
        causes: &["mn-etcd-ca-differs", "chain-same-name-other-key", "chain-ca-file-is-leaf", "srv-stale-ca"],
        check: "etcd's CA on both nodes",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"rafthttp/probing_status.go:68","msg":"prober detected unhealthy status","round-tripper-name":"ROUND_TRIPPER_RAFT_MESSAGE","remote-peer-id":"8211f1d0f64f3269","rtt":"0s","error":"tls: failed to verify certificate: x509: certificate signed by unknown authority (possibly because of \"crypto/rsa: verification error\" while trying to verify candidate authority certificate \"etcd-ca\")"}"#,
        when: |said, _| matches!(said.reason, Reason::UnknownAuthority { .. }),
        ..WE_REFUSED
    },
    Row {
        id: "peer-dial-dates",
        pattern: "failed to dial ID on stream … (… x509: certificate has expired or is not yet valid: …)",
        meaning: "we refused the member that we dial: its peer certificate, or the CA, is expired or not yet valid",
        causes: &["time-etcd-peer-expired", "time-ca-expired", "time-not-yet-valid"],
        check: "the certificate with that date, on the other node",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:28.188Z","caller":"rafthttp/stream.go:223","msg":"peer deactivated again","peer-id":"8211f1d0f64f3269","error":"failed to dial 8211f1d0f64f3269 on stream Message (tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-23T02:46:28Z is after 2026-10-19T02:46:13Z)"}"#,
        when: |said, _| matches!(said.reason, Reason::Expired { .. } | Reason::NotYetValid { .. }),
        ..WE_REFUSED
    },
    Row {
        id: "peer-dial-not-allowed",
        pattern: "prober detected unhealthy status … client certificate authentication failed",
        meaning: "we refused the member that we dial: its name is not among the allowed ones (etcd holds servers against that list, too)",
        causes: &["usage-allowed-name-mismatch"],
        check: "CN and SANs of the other member's peer certificate against the allowed names in our flags",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"rafthttp/probing_status.go:68","msg":"prober detected unhealthy status","round-tripper-name":"ROUND_TRIPPER_RAFT_MESSAGE","remote-peer-id":"8211f1d0f64f3269","rtt":"0s","error":"client certificate authentication failed"}"#,
        when: |said, _| said.reason == Reason::NotAllowedName,
        ..WE_REFUSED
    },
    Row {
        id: "peer-dial-plain-text",
        pattern: "failed to dial ID on stream … (tls: first record …), http: server gave HTTP response to HTTPS client",
        meaning: "we speak TLS, and the member that we dial does not",
        causes: &["cfg-peer-scheme", "cfg-scheme-mismatch"],
        check: "the peer URLs in the member list against the listen URLs of that member",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"rafthttp/probing_status.go:68","msg":"prober detected unhealthy status","round-tripper-name":"ROUND_TRIPPER_RAFT_MESSAGE","remote-peer-id":"8211f1d0f64f3269","rtt":"0s","error":"http: server gave HTTP response to HTTPS client"}"#,
        when: |said, _| matches!(said.reason, Reason::HttpAnswer | Reason::NotTls),
        ..NOBODY
    },
    Row {
        id: "peer-dial-own-pair",
        pattern: "failed to dial ID on stream … (tls: private key does not match public key)",
        meaning: "this member cannot load its own peer certificate and key, so it dials nobody",
        direction: Direction::WriterCannotLoad,
        causes: &["pair-mismatch-live", "file-missing", "enc-no-pem"],
        check: "the peer certificate and key of this node, now",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"rafthttp/stream.go:223","msg":"peer deactivated again","peer-id":"8211f1d0f64f3269","error":"failed to dial 8211f1d0f64f3269 on stream Message (tls: private key does not match public key)"}"#,
        when: |said, _| {
            matches!(
                said.reason,
                Reason::KeyMismatch | Reason::KeyTypeMismatch | Reason::NoPem { .. } | Reason::File { .. }
            )
        },
        ..WE_REFUSED
    },
    Row {
        id: "peer-dial-certificate",
        pattern: "failed to dial ID on stream … (tls: … x509: …)",
        meaning: "we refused the member that we dial; the text says why",
        causes: &[
            "chain-critical-extension",
            "chain-pathlen",
            "chain-name-constraints",
            "alg-negative-serial",
            "alg-strict-parse",
        ],
        check: "the other member's peer certificate for what the text names",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"rafthttp/stream.go:223","msg":"peer deactivated again","peer-id":"8211f1d0f64f3269","error":"failed to dial 8211f1d0f64f3269 on stream Message (tls: failed to verify certificate: x509: unhandled critical extension)"}"#,
        when: |said, _| said.error.contains("x509: "),
        ..WE_REFUSED
    },
    Row {
        id: "peer-dial-unreached",
        pattern: "failed to dial ID on stream … (dial tcp H:2380: connect: connection refused)",
        meaning: "the member that we dial is not there, or cannot be reached; no matter of certificates by itself",
        stage: Stage::Connect,
        causes: &["srv-not-pki", "cfg-peer-scheme"],
        check: "whether the other member runs, and why not",
        noise: true,
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"rafthttp/probing_status.go:68","msg":"prober detected unhealthy status","round-tripper-name":"ROUND_TRIPPER_SNAPSHOT","remote-peer-id":"8211f1d0f64f3269","rtt":"0s","error":"dial tcp 10.0.0.12:2380: connect: connection refused"}"#,
        ..NOBODY
    },
    Row {
        id: "peer-inactive",
        pattern: "peer became inactive (message send to peer failed)",
        meaning: "a consequence; a line nearby says why",
        stage: Stage::Connect,
        check: "the line with an error nearby",
        noise: true,
        example: "2026-11-23 02:46:05.786000 W | rafthttp: peer 8211f1d0f64f3269 became inactive (message send to peer failed)",
        spots: &[Spot::PeerOther],
        when: |said, _| said.reason == Reason::Consequence,
        ..NOBODY
    },
    Row {
        id: "peer-clocks",
        pattern: "the clock difference against peer ID is too high",
        meaning: "the clocks of the members differ; certificates of one may not be valid yet for the other",
        stage: Stage::Http,
        causes: &["time-not-yet-valid"],
        check: "the clocks",
        example: "2026-11-23 02:46:05.786000 W | rafthttp: the clock difference against peer 8211f1d0f64f3269 is too high [9m33.1s > 1s]",
        spots: &[Spot::PeerOther],
        when: |said, _| said.reason == Reason::Clocks,
        ..NOBODY
    },
    Row {
        id: "peer-membership",
        pattern: "request cluster ID mismatch, etcdserver: re-configuration failed",
        meaning: "a matter of membership, not of certificates",
        stage: Stage::Http,
        check: "the member list and the data directory",
        noise: true,
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","caller":"rafthttp/http.go:500","msg":"request cluster ID mismatch","local-member-id":"768f24955bf833b1","local-member-cluster-id":"fd036bb1fde3a324","remote-peer-cluster-id":"cdf818194e3a8c32"}"#,
        spots: &[Spot::PeerOther],
        ..NOBODY
    },
];
