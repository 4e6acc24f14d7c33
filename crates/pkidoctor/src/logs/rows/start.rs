//! A server starts, or does not.

use super::{Direction, PLAIN, Row, Spot, Stage};
use crate::logs::reason::{FileFault, Reason};

const STARTS: Row = Row { spots: &[Spot::Start], direction: Direction::WriterCannotLoad, stage: Stage::Start, ..PLAIN };
const LISTENS: Row = Row { spots: &[Spot::Listener], direction: Direction::Nobody, stage: Stage::Start, ..PLAIN };

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "start-key-mismatch",
        pattern: "listener failed, C | etcdmain: … tls: private key does not match public key",
        meaning: "etcd does not start: the first certificate in its file and the key do not belong together",
        causes: &["pair-cert-key-mismatch", "pair-chain-order"],
        check: "the key against every certificate in the file",
        example: r#"{"level":"fatal","ts":"2026-11-23T03:30:31.536773Z","caller":"etcdmain/etcd.go:219","msg":"listener failed","error":"tls: private key does not match public key"}"#,
        when: |said, _| said.reason == Reason::KeyMismatch,
        ..STARTS
    },
    Row {
        id: "start-key-type-mismatch",
        pattern: "… tls: private key type does not match public key type",
        meaning: "etcd does not start: certificate and key are of different algorithms",
        causes: &["pair-type-mismatch"],
        check: "the algorithms of both",
        example: "2026-11-23 03:29:17.899492 C | etcdmain: tls: private key type does not match public key type",
        when: |said, _| said.reason == Reason::KeyTypeMismatch,
        ..STARTS
    },
    Row {
        id: "start-file-missing",
        pattern: "… open P: no such file or directory",
        meaning: "etcd does not start: there is no such file, or its container does not see it",
        causes: &["file-missing", "file-not-mounted"],
        check: "the path on the node, and whether a volume of the pod covers it",
        example: "2021-07-27 08:41:14.208723 C | etcdmain: open /etc/kubernetes/pki/etcd/server.crt: no such file or directory",
        when: |said, _| matches!(said.reason, Reason::File { what: FileFault::Missing, .. }),
        ..STARTS
    },
    Row {
        id: "start-file-permission",
        pattern: "… open P: permission denied",
        meaning: "etcd does not start: its user may not read the file",
        causes: &["file-permission"],
        check: "owner and mode against the user of the process, and every directory above",
        example: r#"{"level":"fatal","ts":"2026-11-23T03:30:31.536773Z","caller":"etcdmain/etcd.go:219","msg":"listener failed","error":"open /etc/kubernetes/pki/etcd/server.key: permission denied"}"#,
        when: |said, _| matches!(said.reason, Reason::File { what: FileFault::Permission | FileFault::Other, .. }),
        ..STARTS
    },
    Row {
        id: "start-file-directory",
        pattern: "… read P: is a directory",
        meaning: "etcd does not start: a directory stands where a file should, made by the runtime for a mount without a source",
        causes: &["file-is-directory"],
        check: "the path on the node",
        example: r#"{"level":"fatal","ts":"2026-11-23T03:30:31.536773Z","caller":"etcdmain/etcd.go:219","msg":"listener failed","error":"read /etc/kubernetes/pki/etcd/server.crt: is a directory"}"#,
        when: |said, _| matches!(said.reason, Reason::File { what: FileFault::Directory, .. }),
        ..STARTS
    },
    Row {
        id: "start-no-pem",
        pattern: "… tls: failed to find any PEM data in certificate input, … in key input",
        meaning: "etcd does not start: there is no PEM in the file",
        causes: &["enc-no-pem", "file-zero-bytes"],
        check: "the first bytes of the file: empty, DER, a byte order mark, blanks before the dashes, PEM encoded twice",
        example: r#"{"level":"fatal","ts":"2026-11-23T03:30:31.536773Z","caller":"etcdmain/etcd.go:219","msg":"listener failed","error":"tls: failed to find any PEM data in certificate input"}"#,
        when: |said, _| matches!(said.reason, Reason::NoPem { .. }),
        ..STARTS
    },
    Row {
        id: "start-switched",
        pattern: "… PEM inputs may have been switched, … found a certificate rather than a key in the PEM for the private key",
        meaning: "etcd does not start: certificate and key are exchanged",
        causes: &["pair-swapped-files"],
        check: "what each of the two files holds",
        example: r#"{"level":"fatal","ts":"2026-11-23T03:30:31.536773Z","caller":"etcdmain/etcd.go:219","msg":"listener failed","error":"tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched"}"#,
        when: |said, _| said.reason == Reason::Switched,
        ..STARTS
    },
    Row {
        id: "start-wrong-label",
        pattern: "… failed to find \"CERTIFICATE\" PEM block … of the following types: [LABELS]",
        meaning: "etcd does not start: the file holds PEM of another kind",
        causes: &["enc-wrong-pem-label"],
        check: "the labels in the file",
        example: r#"{"level":"fatal","ts":"2026-11-23T03:30:31.536773Z","caller":"etcdmain/etcd.go:219","msg":"listener failed","error":"tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the following types: [TRUSTED CERTIFICATE]"}"#,
        when: |said, _| matches!(said.reason, Reason::WrongLabel { .. }),
        ..STARTS
    },
    Row {
        id: "start-key-unparsable",
        pattern: "… tls: failed to parse private key",
        meaning: "etcd does not start: the key has a passphrase, or is damaged",
        causes: &["enc-encrypted-key", "enc-corrupt-der"],
        check: "the label and the headers of the key file",
        example: r#"{"level":"fatal","ts":"2026-11-23T03:30:31.536773Z","caller":"etcdmain/etcd.go:219","msg":"listener failed","error":"tls: failed to parse private key"}"#,
        when: |said, _| said.reason == Reason::KeyUnparsable,
        ..STARTS
    },
    Row {
        id: "start-malformed",
        pattern: "… x509: malformed certificate, x509: malformed tbs certificate, asn1: structure error",
        meaning: "etcd does not start: a certificate is damaged, or something else stands in a CA file",
        causes: &["enc-corrupt-der", "enc-ca-file-with-key"],
        check: "a DER parse of every block of the certificate and of the CA file",
        example: r#"{"level":"fatal","ts":"2026-11-23T03:30:31.536773Z","caller":"etcdmain/etcd.go:219","msg":"listener failed","error":"x509: malformed certificate"}"#,
        when: |said, _| matches!(&said.reason, Reason::Malformed(text) if text.contains("malformed ") || text.starts_with("asn1: ")),
        ..STARTS
    },
    Row {
        id: "start-strict-parse",
        pattern: "… x509: certificate contains duplicate extension, x509: RSA key missing NULL parameters, …",
        meaning: "etcd does not start: a newer Go refuses the certificate",
        causes: &["alg-strict-parse"],
        check: "a strict DER parse of etcd's certificates",
        example: r#"{"level":"fatal","ts":"2026-11-23T03:30:31.536773Z","caller":"etcdmain/etcd.go:219","msg":"listener failed","error":"x509: certificate contains duplicate extension with OID \"2.5.29.17\""}"#,
        when: |said, _| matches!(said.reason, Reason::Malformed(_)),
        ..STARTS
    },
    Row {
        id: "start-negative-serial",
        pattern: "… x509: negative serial number",
        meaning: "etcd does not start: a newer Go refuses the serial number",
        causes: &["alg-negative-serial"],
        check: "the serial numbers of etcd's certificates",
        example: r#"{"level":"fatal","ts":"2026-11-23T03:30:31.536773Z","caller":"etcdmain/etcd.go:219","msg":"listener failed","error":"x509: negative serial number"}"#,
        when: |said, _| said.reason == Reason::NegativeSerial,
        ..STARTS
    },
    Row {
        id: "start-half-a-pair",
        pattern: "KeyFile and CertFile must both be present[…], TLS key/cert (--cert-file, --key-file) must be provided …",
        meaning: "etcd does not start: one of certificate and key is not named",
        causes: &["cfg-partial-flags"],
        check: "the flags",
        example: r#"{"level":"fatal","ts":"2026-11-23T03:30:31.536773Z","caller":"etcdmain/etcd.go:219","msg":"discovery failed","error":"TLS key/cert (--cert-file, --key-file) must be provided for client url https://127.0.0.1:2379 with HTTPS scheme"}"#,
        spots: &[Spot::Start, Spot::Bare, Spot::ErrorLine],
        when: |said, _| said.reason == Reason::HalfAPair,
        ..STARTS
    },
    Row {
        id: "start-cipher-name",
        pattern: "discovery failed … unexpected TLS cipher suite \"NAME\"",
        meaning: "etcd does not start: there is no cipher suite of that name",
        causes: &["alg-cipher"],
        check: "the cipher suites in the flags",
        example: r#"{"level":"fatal","ts":"2026-11-23T03:30:31.536773Z","caller":"etcdmain/etcd.go:219","msg":"discovery failed","error":"unexpected TLS cipher suite \"TLS_BOGUS\""}"#,
        spots: &[Spot::Start, Spot::Bare, Spot::ErrorLine],
        when: |said, _| said.reason == Reason::CipherName,
        ..STARTS
    },
    Row {
        id: "start-no-such-address",
        pattern: "listen tcp H:P: bind: cannot assign requested address",
        meaning: "the server does not start: this machine does not have the address that it should listen on",
        direction: Direction::Nobody,
        causes: &["san-ip-changed"],
        check: "the addresses of the machine against the flags",
        example: r#"{"level":"fatal","ts":"2026-11-23T03:30:31.536773Z","caller":"etcdmain/etcd.go:219","msg":"discovery failed","error":"listen tcp 10.0.0.5:2380: bind: cannot assign requested address"}"#,
        when: |said, _| said.reason == Reason::NoSuchAddress,
        ..STARTS
    },
    Row {
        id: "start-address-in-use",
        pattern: "listen tcp H:P: bind: address already in use",
        meaning: "the server does not start: another process has its port; the kubelet may run a second manifest of it",
        direction: Direction::Nobody,
        causes: &["file-manifest-backup"],
        check: "the process that owns the port, and every file in the manifests directory",
        example: r#"{"level":"fatal","ts":"2026-11-23T03:30:31.536773Z","caller":"etcdmain/etcd.go:219","msg":"discovery failed","error":"listen tcp 10.0.0.5:2380: bind: address already in use"}"#,
        when: |said, _| said.reason == Reason::AddressInUse,
        ..STARTS
    },
    Row {
        id: "start-other",
        pattern: "listener failed … ERROR",
        meaning: "etcd does not start, with an error that this table does not know",
        direction: Direction::Unknown,
        check: "the error itself",
        example: r#"{"level":"fatal","ts":"2026-11-23T03:30:31.536773Z","caller":"etcdmain/etcd.go:219","msg":"listener failed","error":"tls: certificate RSA key size too small for supported signature algorithms"}"#,
        ..STARTS
    },
    Row {
        id: "listener-ignores-tls",
        pattern: "ignoring client cert auth for this URL, serving client traffic insecurely, Ignored key/cert files",
        meaning: "etcd serves a plain http URL, whatever its TLS flags say: anybody who reaches it reads everything",
        causes: &["cfg-http-ignores-tls"],
        check: "the listen URLs",
        example: r#"{"level":"warn","ts":"2026-11-23T03:30:31.536773Z","caller":"embed/etcd.go:640","msg":"scheme is http or unix while --client-cert-auth is enabled; ignoring client cert auth for this URL","client-url":"http://127.0.0.1:2379"}"#,
        when: |said, _| said.reason == Reason::TlsIgnored,
        ..LISTENS
    },
    Row {
        id: "listener-client-auth-off",
        pattern: "starting with client TLS … trusted-ca = , client-cert-auth = false",
        meaning: "etcd asks no client for a certificate; with --auto-tls that is so whatever the other flags say",
        causes: &["cfg-auto-tls-drops-auth", "cfg-no-client-auth"],
        check: "--auto-tls, --trusted-ca-file and --client-cert-auth",
        example: r#"{"level":"info","ts":"2026-11-23T03:30:31.536773Z","caller":"embed/etcd.go:762","msg":"starting with client TLS","tls-info":"cert = data/fixtures/client/cert.pem, key = data/fixtures/client/key.pem, client-cert=, client-key=, trusted-ca = , client-cert-auth = false, crl-file = ","cipher-suites":[]}"#,
        when: |said, _| said.reason == Reason::ClientAuthOff,
        ..LISTENS
    },
    Row {
        id: "listener-auto-tls",
        pattern: "automatically generate certificates",
        meaning: "etcd makes certificates for itself; they are never renewed",
        causes: &["time-auto-tls-year"],
        check: "--auto-tls and --peer-auto-tls, and the dates under fixtures/ in the data directory",
        example: r#"{"level":"warn","ts":"2026-11-23T03:30:31.536773Z","caller":"transport/listener.go:200","msg":"automatically generate certificates","certificate-validity-bound-not-after":"2027-11-23T03:30:31.536Z"}"#,
        when: |said, _| matches!(said.reason, Reason::AutoTls { .. }),
        ..LISTENS
    },
];
