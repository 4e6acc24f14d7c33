//! gRPC clients of etcd.

use super::{Direction, PLAIN, Row, Spot, Stage};
use crate::logs::event::Writer;
use crate::logs::reason::{Alert, Hint, Reason};
use crate::logs::sentence::Sentence;

/// A handshake by gRPC, or by whatever a v2 client of etcd uses.
const HANDSHAKES: &[Spot] = &[Spot::ClientHandshake, Spot::Etcdctl];
const CLIENT_REFUSED: Row = Row { spots: HANDSHAKES, direction: Direction::ClientRefusedServer, ..PLAIN };
/// What etcd answered, in the handshake or behind the client's half of it.
const ETCD_REFUSED: Row = Row {
    spots: &[Spot::ClientHandshake, Spot::ClientPreface, Spot::ClientWrite, Spot::ClientHidden],
    direction: Direction::ServerRefusedClient,
    ..PLAIN
};
const NOBODY: Row = Row { direction: Direction::Nobody, ..PLAIN };

fn handshake(said: &Sentence) -> bool {
    said.spot == Spot::ClientHandshake
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host == "::1" || host.starts_with("127.")
}

/// The first of several v2 endpoints, or gRPC: an alert by its name.
fn alert(said: &Sentence, alert: Alert) -> bool {
    said.reason == Reason::Alert(alert)
}

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "gateway-stops",
        pattern: "grpc: addrConn.createTransport failed to connect to {OWN ADDRESS} … connection refused",
        meaning: "etcd's gateway dials etcd's own port before it is open, or after it has closed; every start and stop has such lines",
        stage: Stage::Connect,
        check: "whether etcd was starting or stopping",
        noise: true,
        example: r#"{"level":"warn","ts":"2026-11-23T03:28:53.164Z","caller":"grpclog/grpclog.go:60","msg":"grpc: addrConn.createTransport failed to connect to {127.0.0.1:2379 127.0.0.1:2379 <nil> 0 <nil>}. Err: connection error: desc = \"transport: Error while dialing dial tcp 127.0.0.1:2379: connect: connection refused\". Reconnecting..."}"#,
        spots: &[Spot::ClientDial],
        when: |said, writer| writer == Writer::Etcd && said.reason == Reason::Refused,
        ..NOBODY
    },
    Row {
        id: "gateway-refused",
        pattern: "grpc: addrConn.createTransport failed to connect to {OWN ADDRESS} … remote error: tls: ALERT, Failed to dial 0.0.0.0:2379: …",
        meaning: "etcd's gateway was refused by etcd itself: it shows the server's certificate as a client; only the JSON endpoints below /v3 suffer",
        causes: &[
            "usage-server-without-clientauth",
            "time-etcd-server-expired",
            "usage-allowed-name-mismatch",
            "enc-ca-empty-pool",
        ],
        check: "the refusal from etcd's own address beside it, which says why",
        example: r#"WARNING: 2018/03/07 22:36:51 Failed to dial 0.0.0.0:2379: connection error: desc = "transport: authentication handshake failed: remote error: tls: bad certificate"; please retry."#,
        spots: &[Spot::ClientHandshake, Spot::ClientPreface, Spot::ClientWrite],
        when: |said, writer| {
            writer == Writer::Etcd && matches!(said.reason, Reason::Alert(_) | Reason::Reset | Reason::Eof)
        },
        ..ETCD_REFUSED
    },
    Row {
        id: "gateway-refuses",
        pattern: "grpc: addrConn.createTransport failed to connect to {OWN ADDRESS} … client certificate authentication failed",
        meaning: "etcd's gateway does not take etcd's own certificate: its name is not among the allowed ones",
        direction: Direction::ClientRefusedServer,
        causes: &["usage-allowed-name-mismatch"],
        check: "CN and SANs of etcd's server certificate against the allowed names in etcd's flags",
        example: r#"{"level":"warn","ts":"2026-11-23T03:28:53.164Z","caller":"grpclog/grpclog.go:60","msg":"grpc: addrConn.createTransport failed to connect to {127.0.0.1:2379 127.0.0.1:2379 <nil> 0 <nil>}. Err: connection error: desc = \"transport: authentication handshake failed: client certificate authentication failed\". Reconnecting..."}"#,
        spots: &[Spot::ClientHandshake],
        when: |said, writer| writer == Writer::Etcd && said.reason == Reason::NotAllowedName,
        ..PLAIN
    },
    // the client refused
    Row {
        id: "client-name-loopback",
        pattern: "transport: authentication handshake failed: … x509: certificate is valid for A, not 127.0.0.1",
        meaning: "the client refused etcd: its certificate does not list the loopback address or name that the client dials",
        causes: &["san-server-missing-localhost", "san-ip-as-dns", "cfg-wrong-path"],
        check: "the SANs of etcd's server certificate",
        example: r#"W1117 14:44:07.933170   15035 clientconn.go:1120] grpc: addrConn.createTransport failed to connect to {https://127.0.0.1:2379 0  <nil>}. Err :connection error: desc = "transport: authentication handshake failed: x509: certificate is valid for 10.0.0.5, not 127.0.0.1". Reconnecting..."#,
        when: |said, _| {
            matches!(&said.reason, Reason::Name { wanted, .. } | Reason::NoIpSans { wanted } | Reason::NoNames { wanted }
                if is_loopback(wanted) && wanted != "::1")
        },
        ..CLIENT_REFUSED
    },
    Row {
        id: "client-name-ipv6",
        pattern: "… x509: certificate is valid for A, not ::1",
        meaning: "the client refused etcd: its certificate does not list the IPv6 address that the client dials",
        causes: &["san-ipv6", "san-server-missing-localhost", "san-ip-changed"],
        check: "the SANs of etcd's server certificate, by value",
        example: r#"W1117 14:44:07.933170   15035 clientconn.go:1120] grpc: addrConn.createTransport failed to connect to {https://[::1]:2379 0  <nil>}. Err :connection error: desc = "transport: authentication handshake failed: x509: certificate is valid for 127.0.0.1, 10.0.0.5, not ::1". Reconnecting..."#,
        when: |said, _| matches!(&said.reason, Reason::Name { wanted, .. } | Reason::NoIpSans { wanted } if wanted.contains(':')),
        ..CLIENT_REFUSED
    },
    Row {
        id: "client-name-address",
        pattern: "… x509: certificate is valid for A, not B, cannot validate certificate for B because it doesn't contain any IP SANs",
        meaning: "the client refused etcd: its certificate does not list the address that the client dials",
        causes: &[
            "san-ip-changed",
            "san-copied-from-other-node",
            "cfg-advertise-not-covered",
            "san-ip-as-dns",
            "san-lb-name",
        ],
        check: "the SANs of etcd's server certificate against the URL of that client",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","logger":"etcd-client","caller":"v3@v3.5.16/retry_interceptor.go:63","msg":"retrying of unary invoker failed","target":"etcd-endpoints://0xc000010000/192.168.6.11:2379","attempt":0,"error":"rpc error: code = DeadlineExceeded desc = latest balancer error: last connection error: connection error: desc = \"transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate is valid for 10.0.0.5, 127.0.0.1, not 192.168.6.11\""}"#,
        when: |said, _| {
            matches!(&said.reason, Reason::Name { wanted, .. } | Reason::NoIpSans { wanted }
                if wanted.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
        },
        ..CLIENT_REFUSED
    },
    Row {
        id: "client-name",
        pattern: "… x509: certificate is valid for A, not NAME",
        meaning: "the client refused etcd: its certificate does not list the name that the client dials",
        causes: &[
            "san-lb-name",
            "san-multi-endpoint-client-bug",
            "san-copied-from-other-node",
            "cfg-advertise-not-covered",
        ],
        check: "the SANs of etcd's server certificate against the URL of that client",
        example: r#"W1117 14:44:07.933170   15035 clientconn.go:1120] grpc: addrConn.createTransport failed to connect to {https://etcd.lb.example:2379 0  <nil>}. Err :connection error: desc = "transport: authentication handshake failed: x509: certificate is valid for etcd1, etcd2, not etcd.lb.example". Reconnecting..."#,
        when: |said, _| matches!(said.reason, Reason::Name { .. } | Reason::NoNames { .. }),
        ..CLIENT_REFUSED
    },
    Row {
        id: "client-legacy-cn",
        pattern: "… x509: certificate relies on legacy Common Name field, use SANs instead",
        meaning: "the client refused etcd: its certificate has its name in the CN only",
        causes: &["san-legacy-cn"],
        check: "the SANs of etcd's server certificate",
        example: r#"W1117 14:44:07.933170   15035 clientconn.go:1120] grpc: addrConn.createTransport failed to connect to {https://etcd1:2379 0  <nil>}. Err :connection error: desc = "transport: authentication handshake failed: x509: certificate relies on legacy Common Name field, use SANs or temporarily enable Common Name matching with GODEBUG=x509ignoreCN=0". Reconnecting..."#,
        when: |said, _| said.reason == Reason::LegacyCommonName,
        ..CLIENT_REFUSED
    },
    Row {
        id: "client-other-key",
        pattern: "… x509: certificate signed by unknown authority (possibly because of … \"CA\")",
        meaning: "the client refused etcd: it trusts a CA of that name, but with another key",
        causes: &[
            "chain-same-name-other-key",
            "cfg-apiserver-etcd-cafile",
            "op-ca-regenerated",
            "srv-stale-ca",
            "file-leftovers",
        ],
        check: "the signature of etcd's server certificate against the CA file of that client",
        example: r#"W1117 14:44:07.933170   15035 clientconn.go:1120] grpc: addrConn.createTransport failed to connect to {https://127.0.0.1:2379 0  <nil>}. Err :connection error: desc = "transport: authentication handshake failed: x509: certificate signed by unknown authority (possibly because of "crypto/rsa: verification error" while trying to verify candidate authority certificate "etcd-ca")". Reconnecting..."#,
        when: |said, _| matches!(said.reason, Reason::UnknownAuthority { hint: Some(Hint::OtherKey), .. }),
        ..CLIENT_REFUSED
    },
    Row {
        id: "client-issuer-not-ca",
        pattern: "… (possibly because of \"x509: invalid signature: parent certificate cannot sign this kind of certificate\" …)",
        meaning: "the client refused etcd: what signed its certificate is no CA",
        causes: &["chain-ca-not-a-ca"],
        check: "basicConstraints and keyUsage of the CA",
        example: r#"E1123 03:20:38.081312    2959 logging.go:59] "[core] [Channel #3 SubChannel #4] grpc: addrConn.createTransport failed to connect to {Addr: \"127.0.0.1:2379\", ServerName: \"127.0.0.1:2379\", }. Err: connection error: desc = \"transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown authority (possibly because of \\\"x509: invalid signature: parent certificate cannot sign this kind of certificate\\\" while trying to verify candidate authority certificate \\\"etcd-ca\\\")\"""#,
        when: |said, _| matches!(said.reason, Reason::UnknownAuthority { hint: Some(Hint::NotACa), .. }),
        ..CLIENT_REFUSED
    },
    Row {
        id: "client-insecure-algorithm",
        pattern: "… (possibly because of \"x509: cannot verify signature: insecure algorithm SHA1-RSA …\" …)",
        meaning: "the client refused etcd: its certificate is signed with an algorithm that Go has given up",
        causes: &["alg-sha1"],
        check: "the signature algorithm of etcd's server certificate",
        example: r#"W1117 14:44:07.933170   15035 clientconn.go:1120] grpc: addrConn.createTransport failed to connect to {https://127.0.0.1:2379 0  <nil>}. Err :connection error: desc = "transport: authentication handshake failed: x509: certificate signed by unknown authority (possibly because of "x509: cannot verify signature: insecure algorithm SHA1-RSA (temporarily override with GODEBUG=x509sha1=1)" while trying to verify candidate authority certificate "etcd-ca")". Reconnecting..."#,
        when: |said, _| matches!(said.reason, Reason::UnknownAuthority { hint: Some(Hint::InsecureAlgorithm), .. }),
        ..CLIENT_REFUSED
    },
    Row {
        id: "etcdctl-unknown-authority",
        pattern: "(etcdctl) … x509: certificate signed by unknown authority",
        meaning: "etcdctl refused etcd: it trusts no CA of the issuer's name",
        causes: &[
            "cli-no-cacert",
            "chain-wrong-ca",
            "enc-ca-empty-pool",
            "chain-ca-file-is-leaf",
            "chain-missing-intermediate",
        ],
        check: "--cacert, then etcd's served certificate against it",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:05.786Z","logger":"etcd-client","caller":"v3@v3.5.16/retry_interceptor.go:63","msg":"retrying of unary invoker failed","target":"etcd-endpoints://0xc000010000/127.0.0.1:2379","attempt":0,"error":"rpc error: code = DeadlineExceeded desc = latest balancer error: last connection error: connection error: desc = \"transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown authority\""}"#,
        when: |said, writer| writer == Writer::Etcdctl && matches!(said.reason, Reason::UnknownAuthority { .. }),
        ..CLIENT_REFUSED
    },
    Row {
        id: "client-unknown-authority",
        pattern: "… x509: certificate signed by unknown authority",
        meaning: "the client refused etcd: it trusts no CA of the issuer's name",
        causes: &[
            "cfg-apiserver-etcd-cafile",
            "chain-wrong-ca",
            "cli-no-cacert",
            "enc-ca-empty-pool",
            "chain-ca-file-is-leaf",
            "chain-missing-intermediate",
            "chain-name-encoding",
            "chain-renewed-ca-new-subject",
            "srv-tls-terminating-lb",
        ],
        check: "etcd's served certificate against that very CA file",
        example: r#"W1117 14:44:07.933170   15035 clientconn.go:1120] grpc: addrConn.createTransport failed to connect to {https://127.0.0.1:2379 0  <nil>}. Err :connection error: desc = "transport: authentication handshake failed: x509: certificate signed by unknown authority". Reconnecting..."#,
        when: |said, _| matches!(said.reason, Reason::UnknownAuthority { .. }),
        ..CLIENT_REFUSED
    },
    Row {
        id: "client-expired",
        pattern: "… x509: certificate has expired or is not yet valid: current time A is after B",
        meaning: "the client refused etcd: its server certificate, or the CA, expired at B",
        causes: &["time-etcd-server-expired", "time-ca-expired", "time-wrong-culprit"],
        check: "the certificate whose notAfter is B",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:28.786Z","logger":"etcd-client","caller":"v3@v3.5.16/retry_interceptor.go:63","msg":"retrying of unary invoker failed","target":"etcd-endpoints://0xc000010000/127.0.0.1:2379","attempt":0,"error":"rpc error: code = DeadlineExceeded desc = latest balancer error: last connection error: connection error: desc = \"transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-23T02:46:28Z is after 2026-10-19T02:46:13Z\""}"#,
        when: |said, _| matches!(said.reason, Reason::Expired { .. }),
        ..CLIENT_REFUSED
    },
    Row {
        id: "client-not-yet-valid",
        pattern: "… x509: certificate has expired or is not yet valid: current time A is before B",
        meaning: "the client refused etcd: its server certificate, or the CA, is valid from B only",
        causes: &["time-not-yet-valid"],
        check: "the certificate whose notBefore is B, and the clocks of both machines",
        example: r#"W0311 07:59:48.933170   15035 clientconn.go:1120] grpc: addrConn.createTransport failed to connect to {https://127.0.0.1:2379 0  <nil>}. Err :connection error: desc = "transport: authentication handshake failed: x509: certificate has expired or is not yet valid: current time 2021-03-11T07:59:48Z is before 2021-03-11T08:09:21Z". Reconnecting..."#,
        when: |said, _| matches!(said.reason, Reason::NotYetValid { .. }),
        ..CLIENT_REFUSED
    },
    Row {
        id: "client-usage",
        pattern: "… x509: certificate specifies an incompatible key usage",
        meaning: "the client refused etcd: its certificate, or a CA above it, is not for servers",
        causes: &["usage-server-clientauth-only", "chain-ca-eku-limits", "cfg-wrong-path"],
        check: "the extended key usages of etcd's server certificate, then of the CA",
        example: r#"W1117 14:44:07.933170   15035 clientconn.go:1120] grpc: addrConn.createTransport failed to connect to {https://127.0.0.1:2379 0  <nil>}. Err :connection error: desc = "transport: authentication handshake failed: x509: certificate specifies an incompatible key usage". Reconnecting..."#,
        when: |said, _| said.reason == Reason::IncompatibleUsage,
        ..CLIENT_REFUSED
    },
    Row {
        id: "client-critical-extension",
        pattern: "… x509: unhandled critical extension",
        meaning: "the client refused etcd: its certificate has a critical extension that Go does not know",
        causes: &["chain-critical-extension"],
        check: "the critical extensions of etcd's server certificate",
        example: r#"W1117 14:44:07.933170   15035 clientconn.go:1120] grpc: addrConn.createTransport failed to connect to {https://127.0.0.1:2379 0  <nil>}. Err :connection error: desc = "transport: authentication handshake failed: x509: unhandled critical extension". Reconnecting..."#,
        when: |said, _| said.reason == Reason::CriticalExtension,
        ..CLIENT_REFUSED
    },
    Row {
        id: "client-path-length",
        pattern: "… x509: too many intermediates for path length constraint",
        meaning: "the client refused etcd: its chain is longer than a CA allows",
        causes: &["chain-pathlen"],
        check: "the path length constraints of the chain",
        example: r#"W1117 14:44:07.933170   15035 clientconn.go:1120] grpc: addrConn.createTransport failed to connect to {https://127.0.0.1:2379 0  <nil>}. Err :connection error: desc = "transport: authentication handshake failed: x509: too many intermediates for path length constraint". Reconnecting..."#,
        when: |said, _| said.reason == Reason::PathLength,
        ..CLIENT_REFUSED
    },
    Row {
        id: "client-name-constraint",
        pattern: "… x509: a root or intermediate certificate is not authorized to sign for this name: …",
        meaning: "the client refused etcd: a CA of its chain may not sign for a name in it",
        causes: &["chain-name-constraints"],
        check: "the name constraints of the CA against every SAN of etcd's server certificate",
        example: r#"W1117 14:44:07.933170   15035 clientconn.go:1120] grpc: addrConn.createTransport failed to connect to {https://127.0.0.1:2379 0  <nil>}. Err :connection error: desc = "transport: authentication handshake failed: x509: a root or intermediate certificate is not authorized to sign for this name: DNS name "localhost" is not permitted by any constraint". Reconnecting..."#,
        when: |said, _| said.reason == Reason::NameConstraint,
        ..CLIENT_REFUSED
    },
    Row {
        id: "client-negative-serial",
        pattern: "… tls: failed to parse certificate from server: x509: negative serial number",
        meaning: "the client refused etcd: a newer Go refuses the serial number of its certificate",
        causes: &["alg-negative-serial"],
        check: "the serial number of etcd's server certificate",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:28.786Z","logger":"etcd-client","caller":"v3@v3.5.16/retry_interceptor.go:63","msg":"retrying of unary invoker failed","target":"etcd-endpoints://0xc000010000/127.0.0.1:2379","attempt":0,"error":"rpc error: code = DeadlineExceeded desc = latest balancer error: last connection error: connection error: desc = \"transport: authentication handshake failed: tls: failed to parse certificate from server: x509: negative serial number\""}"#,
        when: |said, _| said.reason == Reason::NegativeSerial,
        ..CLIENT_REFUSED
    },
    Row {
        id: "client-cannot-parse",
        pattern: "… tls: failed to parse certificate from server: x509: …",
        meaning: "the client refused etcd: it cannot parse its certificate",
        causes: &["alg-strict-parse", "enc-corrupt-der"],
        check: "a strict DER parse of etcd's server certificate",
        example: r#"W1117 14:44:07.933170   15035 clientconn.go:1120] grpc: addrConn.createTransport failed to connect to {https://127.0.0.1:2379 0  <nil>}. Err :connection error: desc = "transport: authentication handshake failed: tls: failed to parse certificate from server: x509: SAN dNSName is malformed". Reconnecting..."#,
        when: |said, _| matches!(said.reason, Reason::Malformed(_)),
        ..CLIENT_REFUSED
    },
    Row {
        id: "client-key-size",
        pattern: "… tls: server sent certificate containing RSA key larger than 8192 bits",
        meaning: "the client refused etcd: its RSA key is larger than Go verifies",
        causes: &["alg-rsa-large"],
        check: "the size of etcd's RSA key",
        example: r#"W1117 14:44:07.933170   15035 clientconn.go:1120] grpc: addrConn.createTransport failed to connect to {https://127.0.0.1:2379 0  <nil>}. Err :connection error: desc = "transport: authentication handshake failed: tls: server sent certificate containing RSA key larger than 8192 bits". Reconnecting..."#,
        when: |said, _| matches!(said.reason, Reason::RsaSize { .. }),
        ..CLIENT_REFUSED
    },
    Row {
        id: "client-no-alpn",
        pattern: "credentials: cannot check peer: missing selected ALPN property",
        meaning: "the client refused what answers: it does not speak HTTP/2, so it is a proxy, not etcd",
        causes: &["srv-tls-terminating-lb"],
        check: "the issuer of the served certificate, and what ALPN agrees on",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:28.786Z","logger":"etcd-client","caller":"v3@v3.5.30/retry_interceptor.go:63","msg":"retrying of unary invoker failed","target":"etcd-endpoints://0xc000010000/10.0.0.100:2379","attempt":0,"error":"rpc error: code = DeadlineExceeded desc = latest balancer error: connection error: desc = \"transport: authentication handshake failed: credentials: cannot check peer: missing selected ALPN property\""}"#,
        when: |said, _| said.reason == Reason::NoAlpn,
        ..CLIENT_REFUSED
    },
    // etcd refused
    Row {
        id: "client-etcd-cannot-load",
        pattern: "transport: authentication handshake failed: remote error: tls: internal error",
        meaning: "etcd cannot load its own certificate and key",
        direction: Direction::OtherCannotLoad,
        causes: &["pair-mismatch-live", "file-missing", "enc-no-pem", "alg-rsa-small"],
        check: "etcd's certificate and key on disk, now; etcd's log says which file",
        example: r#"W1117 14:44:07.933170   15035 clientconn.go:1120] grpc: addrConn.createTransport failed to connect to {https://127.0.0.1:2379 0  <nil>}. Err :connection error: desc = "transport: authentication handshake failed: remote error: tls: internal error". Reconnecting..."#,
        spots: &[Spot::ClientHandshake, Spot::ClientPreface, Spot::Etcdctl],
        when: |said, _| alert(said, Alert::InternalError),
        ..PLAIN
    },
    Row {
        id: "client-refused-no-certificate",
        pattern: "error reading server preface: remote error: tls: certificate required",
        meaning: "etcd refused the client: it showed no certificate",
        causes: &["cfg-apiserver-etcd-client-missing", "cli-no-cert"],
        check: "the client's certificate and key flags",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:28.786Z","logger":"etcd-client","caller":"v3@v3.5.16/retry_interceptor.go:63","msg":"retrying of unary invoker failed","target":"etcd-endpoints://0xc000010000/127.0.0.1:2379","attempt":0,"error":"rpc error: code = DeadlineExceeded desc = latest balancer error: last connection error: connection error: desc = \"error reading server preface: remote error: tls: certificate required\""}"#,
        when: |said, _| alert(said, Alert::CertificateRequired),
        ..ETCD_REFUSED
    },
    Row {
        id: "client-refused-unknown-ca",
        pattern: "error reading server preface: remote error: tls: unknown certificate authority",
        meaning: "etcd refused the client: no CA that it trusts signed its certificate",
        causes: &[
            "chain-same-name-other-key",
            "chain-wrong-ca",
            "srv-stale-ca",
            "enc-ca-empty-pool",
            "chain-ca-file-is-leaf",
        ],
        check: "the client's certificate against etcd's trusted CA file; then whether etcd started before that file changed",
        example: r#"E1123 03:20:38.081312    2959 logging.go:59] "[core] [Channel #3 SubChannel #4] grpc: addrConn.createTransport failed to connect to {Addr: \"127.0.0.1:2379\", ServerName: \"127.0.0.1:2379\", }. Err: connection error: desc = \"error reading server preface: remote error: tls: unknown certificate authority\"""#,
        when: |said, _| alert(said, Alert::UnknownCa),
        ..ETCD_REFUSED
    },
    Row {
        id: "client-refused-expired",
        pattern: "error reading server preface: remote error: tls: expired certificate",
        meaning: "etcd refused the client: its certificate, or a CA, is expired or not yet valid",
        causes: &[
            "time-apiserver-etcd-client-expired",
            "time-healthcheck-client-expired",
            "time-ca-expired",
            "time-not-yet-valid",
        ],
        check: "the dates of the client's certificate and of the CA; the clocks",
        example: r#"E1123 03:20:38.081312    2959 logging.go:59] "[core] [Channel #3 SubChannel #4] grpc: addrConn.createTransport failed to connect to {Addr: \"127.0.0.1:2379\", ServerName: \"127.0.0.1:2379\", }. Err: connection error: desc = \"error reading server preface: remote error: tls: expired certificate\"""#,
        when: |said, _| alert(said, Alert::ExpiredCertificate),
        ..ETCD_REFUSED
    },
    Row {
        id: "client-refused-bad-certificate",
        pattern: "error reading server preface: remote error: tls: bad certificate",
        meaning: "etcd refused the client: usages, constraints or allowed names; an old etcd says so for any reason",
        causes: &[
            "usage-client-serverauth-only",
            "usage-allowed-name-mismatch",
            "chain-name-constraints",
            "time-apiserver-etcd-client-expired",
            "cfg-apiserver-etcd-client-missing",
        ],
        check: "etcd's log, which says why",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:28.786Z","logger":"etcd-client","caller":"v3@v3.5.16/retry_interceptor.go:63","msg":"retrying of unary invoker failed","target":"etcd-endpoints://0xc000010000/127.0.0.1:2379","attempt":0,"error":"rpc error: code = DeadlineExceeded desc = latest balancer error: last connection error: connection error: desc = \"error reading server preface: remote error: tls: bad certificate\""}"#,
        spots: &[Spot::ClientPreface],
        when: |said, _| alert(said, Alert::BadCertificate),
        ..ETCD_REFUSED
    },
    Row {
        id: "client-refused-bad-certificate-early",
        pattern: "transport: authentication handshake failed: remote error: tls: bad certificate",
        meaning: "etcd refused the client under TLS 1.2, or an old etcd did, which says so for any reason",
        causes: &[
            "time-apiserver-etcd-client-expired",
            "cfg-apiserver-etcd-client-missing",
            "usage-client-serverauth-only",
            "chain-same-name-other-key",
            "usage-allowed-name-mismatch",
        ],
        check: "etcd's log, which says why",
        example: r#"W1117 14:44:07.933170   15035 clientconn.go:1120] grpc: addrConn.createTransport failed to connect to {https://127.0.0.1:2379 0  <nil>}. Err :connection error: desc = "transport: authentication handshake failed: remote error: tls: bad certificate". Reconnecting..."#,
        spots: &[Spot::ClientHandshake],
        when: |said, _| alert(said, Alert::BadCertificate),
        ..ETCD_REFUSED
    },
    Row {
        id: "client-refused-handshake",
        pattern: "transport: authentication handshake failed: remote error: tls: handshake failure",
        meaning: "etcd found nothing in common with the client, or the client showed no certificate under TLS 1.2",
        causes: &["alg-cipher", "alg-rsa-small", "cfg-apiserver-etcd-client-missing", "cli-no-cert"],
        check: "etcd's log, which says why",
        example: r#"W1117 14:44:07.933170   15035 clientconn.go:1120] grpc: addrConn.createTransport failed to connect to {https://127.0.0.1:2379 0  <nil>}. Err :connection error: desc = "transport: authentication handshake failed: remote error: tls: handshake failure". Reconnecting..."#,
        when: |said, _| alert(said, Alert::HandshakeFailure),
        ..ETCD_REFUSED
    },
    Row {
        id: "client-refused-version",
        pattern: "transport: authentication handshake failed: remote error: tls: protocol version not supported",
        meaning: "etcd and the client have no TLS version in common",
        causes: &["alg-tls-version"],
        check: "the version flags of etcd, and the versions of the client",
        example: r#"W1117 14:44:07.933170   15035 clientconn.go:1120] grpc: addrConn.createTransport failed to connect to {https://127.0.0.1:2379 0  <nil>}. Err :connection error: desc = "transport: authentication handshake failed: remote error: tls: protocol version not supported". Reconnecting..."#,
        when: |said, _| {
            alert(said, Alert::ProtocolVersion) || (handshake(said) && matches!(said.reason, Reason::Versions { .. }))
        },
        ..ETCD_REFUSED
    },
    Row {
        id: "client-refused-other",
        pattern: "… remote error: tls: ALERT",
        meaning: "etcd refused the client with this alert",
        causes: &["usage-client-serverauth-only", "chain-wrong-ca"],
        check: "etcd's log, which says why",
        example: r#"W1117 14:44:07.933170   15035 clientconn.go:1120] grpc: addrConn.createTransport failed to connect to {https://127.0.0.1:2379 0  <nil>}. Err :connection error: desc = "transport: authentication handshake failed: remote error: tls: error decrypting message". Reconnecting..."#,
        when: |said, _| matches!(said.reason, Reason::Alert(_)),
        ..ETCD_REFUSED
    },
    Row {
        id: "client-refused-reason-lost",
        pattern: "transport: failed to write client preface: write tcp …: write: connection reset by peer, … broken pipe",
        meaning: "etcd refused the client after its half of the handshake; the reason was lost in a race",
        stage: Stage::AfterTls,
        causes: &[
            "time-apiserver-etcd-client-expired",
            "cfg-apiserver-etcd-client-missing",
            "chain-same-name-other-key",
            "chain-wrong-ca",
            "usage-client-serverauth-only",
        ],
        check: "etcd's log, which says why; or the same under TLS 1.2",
        spots: &[Spot::ClientPreface, Spot::ClientWrite, Spot::ClientHidden],
        example: "W1123 04:25:56.164032   32722 clientconn.go:1223] grpc: addrConn.createTransport failed to connect to {https://127.0.0.1:32379  <nil> 0 <nil>}. Err :write tcp 127.0.0.1:60444->127.0.0.1:32379: write: broken pipe. Reconnecting...",
        when: |said, _| said.reason == Reason::Reset,
        ..ETCD_REFUSED
    },
    // nobody
    Row {
        id: "client-preface-eof",
        pattern: "error reading server preface: EOF",
        meaning: "plain text to a port with TLS, or a refusal after TLS that says nothing",
        direction: Direction::Unknown,
        stage: Stage::AfterTls,
        causes: &["cfg-scheme-mismatch", "cli-wrong-scheme", "enc-crl", "san-peer-ip-mismatch"],
        check: "the scheme in the client's URL, then etcd's log",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:28.786Z","logger":"etcd-client","caller":"v3@v3.5.16/retry_interceptor.go:63","msg":"retrying of unary invoker failed","target":"etcd-endpoints://0xc000010000/127.0.0.1:2379","attempt":0,"error":"rpc error: code = DeadlineExceeded desc = latest balancer error: last connection error: connection error: desc = \"error reading server preface: EOF\""}"#,
        spots: &[Spot::ClientPreface],
        when: |said, _| said.reason == Reason::Eof,
        ..PLAIN
    },
    Row {
        id: "client-handshake-eof",
        pattern: "transport: authentication handshake failed: EOF",
        meaning: "TLS to a port without it, or to a load balancer with nothing behind it",
        causes: &["cfg-scheme-mismatch", "srv-tls-terminating-lb", "cfg-metrics-probe"],
        check: "the scheme of etcd's listen URL",
        example: r#"W1117 14:44:07.933170   15035 clientconn.go:1120] grpc: addrConn.createTransport failed to connect to {https://127.0.0.1:2379 0  <nil>}. Err :connection error: desc = "transport: authentication handshake failed: EOF". Reconnecting..."#,
        spots: HANDSHAKES,
        when: |said, _| matches!(said.reason, Reason::Eof | Reason::Reset),
        ..NOBODY
    },
    Row {
        id: "client-plain-text",
        pattern: "transport: authentication handshake failed: tls: first record does not look like a TLS handshake",
        meaning: "TLS to a port that speaks plain HTTP",
        causes: &["cfg-scheme-mismatch", "cfg-metrics-probe"],
        check: "port and scheme",
        example: r#"W1117 14:44:07.933170   15035 clientconn.go:1120] grpc: addrConn.createTransport failed to connect to {https://127.0.0.1:2381 0  <nil>}. Err :connection error: desc = "transport: authentication handshake failed: tls: first record does not look like a TLS handshake". Reconnecting..."#,
        spots: HANDSHAKES,
        when: |said, _| matches!(said.reason, Reason::NotTls | Reason::HttpAnswer),
        ..NOBODY
    },
    Row {
        id: "client-handshake-stuck",
        pattern: "transport: authentication handshake failed: context deadline exceeded",
        meaning: "the handshake got stuck: a firewall, the MTU, an overloaded host",
        causes: &["srv-not-pki"],
        check: "the network between both",
        example: r#"W1117 14:44:07.933170   15035 clientconn.go:1120] grpc: addrConn.createTransport failed to connect to {https://10.0.0.9:2379 0  <nil>}. Err :connection error: desc = "transport: authentication handshake failed: context deadline exceeded". Reconnecting..."#,
        spots: HANDSHAKES,
        when: |said, _| matches!(said.reason, Reason::Deadline | Reason::Timeout),
        ..NOBODY
    },
    Row {
        id: "client-proxy",
        pattern: "failed to do connect handshake, response: \"HTTP/1.1 502 …\"",
        meaning: "a proxy from the environment stands between the client and etcd",
        stage: Stage::Connect,
        causes: &["cli-proxy-env"],
        check: "HTTPS_PROXY and NO_PROXY of that client",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:28.786Z","logger":"etcd-client","caller":"v3@v3.5.30/retry_interceptor.go:63","msg":"retrying of unary invoker failed","target":"etcd-endpoints://0xc000010000/10.0.0.9:2379","attempt":0,"error":"rpc error: code = DeadlineExceeded desc = latest balancer error: connection error: desc = \"transport: Error while dialing: failed to do connect handshake, response: \\\"HTTP/1.1 502 Bad Gateway\\\"\""}"#,
        spots: &[Spot::ClientDial],
        when: |said, _| said.reason == Reason::Proxy,
        ..NOBODY
    },
    Row {
        id: "client-nobody-listens",
        pattern: "transport: Error while dialing: dial tcp H:P: connect: connection refused",
        meaning: "nobody listens there; an address that is not etcd's is a proxy's",
        stage: Stage::Connect,
        causes: &["srv-not-pki", "cli-proxy-env", "mn-etcd-loopback-only"],
        check: "whether etcd runs and where it listens; the address against HTTPS_PROXY",
        example: r#"W1123 04:24:37.902125   32592 clientconn.go:1223] grpc: addrConn.createTransport failed to connect to {https://127.0.0.1:32379  <nil> 0 <nil>}. Err :connection error: desc = "transport: Error while dialing dial tcp 127.0.0.1:32379: connect: connection refused". Reconnecting..."#,
        spots: &[Spot::ClientDial],
        ..NOBODY
    },
    Row {
        id: "client-no-quorum",
        pattern: "etcdserver: request timed out, etcdserver: no leader",
        meaning: "TLS is fine; etcd answers, but has no quorum",
        stage: Stage::Http,
        causes: &["srv-asymmetric-peer", "srv-not-pki"],
        check: "the other members' logs, and the peer links in both directions",
        example: r#"{"level":"warn","ts":"2026-11-23T02:46:28.786Z","logger":"etcd-client","caller":"v3@v3.5.16/retry_interceptor.go:63","msg":"retrying of unary invoker failed","target":"etcd-endpoints://0xc000010000/127.0.0.1:2379","attempt":0,"error":"rpc error: code = Unavailable desc = etcdserver: request timed out"}"#,
        spots: &[Spot::EtcdAnswer],
        ..NOBODY
    },
    Row {
        id: "apiserver-no-storage",
        pattern: "Unable to create storage backend: config (…), err (context deadline exceeded), error creating storage factory: context deadline exceeded",
        meaning: "kube-apiserver gives up: it could not reach etcd in twenty seconds, for a reason that stands before",
        direction: Direction::Unknown,
        stage: Stage::Start,
        causes: &[
            "cfg-apiserver-etcd-cafile",
            "time-apiserver-etcd-client-expired",
            "cfg-apiserver-etcd-client-missing",
            "srv-not-pki",
        ],
        check: "the lines with createTransport before it, and etcd's log",
        example: "F1117 14:44:27.933170   15035 storage_decorator.go:57] Unable to create storage backend: config (&{ /registry {[https://127.0.0.1:2379] /etc/kubernetes/pki/apiserver-etcd-client.key /etc/kubernetes/pki/apiserver-etcd-client.crt /etc/kubernetes/pki/etcd/ca.crt} false true}), err (context deadline exceeded)",
        spots: &[Spot::Storage, Spot::ErrorLine, Spot::ClientHidden],
        when: |said, writer| {
            said.reason == Reason::Deadline && (said.spot == Spot::Storage || writer == Writer::KubeApiserver)
        },
        ..PLAIN
    },
    Row {
        id: "client-own-pair",
        pattern: "Error: tls: private key does not match public key, Error: open P: no such file or directory",
        meaning: "the program cannot load its own certificate and key, and dials nobody",
        direction: Direction::WriterCannotLoad,
        stage: Stage::Start,
        causes: &["pair-cert-key-mismatch", "pair-chain-order", "file-missing", "enc-no-pem"],
        check: "the files in its flags: for kube-apiserver its serving pair and its client pair for etcd",
        example: "Error: tls: private key does not match public key",
        spots: &[Spot::ErrorLine, Spot::Storage, Spot::ClientHandshake],
        when: |said, _| {
            matches!(
                said.reason,
                Reason::KeyMismatch
                    | Reason::NoPem { .. }
                    | Reason::WrongLabel { .. }
                    | Reason::Switched
                    | Reason::KeyUnparsable
                    | Reason::File { .. }
            )
        },
        ..PLAIN
    },
    Row {
        id: "client-own-pair-type",
        pattern: "Error: tls: private key type does not match public key type",
        meaning: "the program cannot load its own certificate and key: they are of different algorithms",
        direction: Direction::WriterCannotLoad,
        stage: Stage::Start,
        causes: &["pair-type-mismatch"],
        check: "the algorithms of both",
        example: "Error: tls: private key type does not match public key type",
        spots: &[Spot::ErrorLine, Spot::Storage, Spot::ClientHandshake],
        when: |said, _| said.reason == Reason::KeyTypeMismatch,
        ..PLAIN
    },
    Row {
        id: "client-reason-hidden",
        pattern: "all SubConns are in TransientFailure, context deadline exceeded, failed to commit proposal: context deadline exceeded",
        meaning: "the client did not get through; an old one hides why",
        direction: Direction::Unknown,
        stage: Stage::Connect,
        causes: &["srv-not-pki", "cli-no-cacert", "srv-asymmetric-peer"],
        check: "the same with a client of 3.5 or newer, or a probe in steps",
        example: "Error: context deadline exceeded",
        spots: &[Spot::ClientHidden, Spot::ErrorLine, Spot::ClientWrite, Spot::ClientPreface, Spot::Storage],
        when: |said, _| {
            matches!(
                said.reason,
                Reason::Deadline | Reason::Timeout | Reason::Refused | Reason::Unreachable | Reason::Other(_)
            ) && !said.error.contains("x509: ")
        },
        ..PLAIN
    },
    Row {
        id: "client-other",
        pattern: "transport: authentication handshake failed: ERROR",
        meaning: "the handshake with etcd failed with an error that this table does not know",
        direction: Direction::Unknown,
        check: "the error itself",
        example: r#"W1117 14:44:07.933170   15035 clientconn.go:1120] grpc: addrConn.createTransport failed to connect to {https://127.0.0.1:2379 0  <nil>}. Err :connection error: desc = "transport: authentication handshake failed: tls: server selected unadvertised ALPN protocol". Reconnecting..."#,
        spots: &[Spot::ClientHandshake, Spot::ClientPreface, Spot::ClientWrite, Spot::Storage],
        ..PLAIN
    },
];
