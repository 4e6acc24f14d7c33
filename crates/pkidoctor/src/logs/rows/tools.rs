//! Tools, and errors that stand alone.

use super::{Direction, PLAIN, Row, Spot, Stage};
use crate::logs::event::{Port, Writer};
use crate::logs::reason::{Alert, Hint, Reason};
use crate::logs::sentence::Sentence;

const KUBEADM_LOADS: Row =
    Row { spots: &[Spot::Kubeadm], direction: Direction::WriterCannotLoad, stage: Stage::Start, ..PLAIN };
const KUBEADM_DIALS: Row = Row { direction: Direction::Unknown, stage: Stage::Connect, ..KUBEADM_LOADS };
const KUBECTL_REFUSED: Row = Row { spots: &[Spot::Kubectl], direction: Direction::ClientRefusedServer, ..PLAIN };
const SERVER_REFUSED: Row = Row { direction: Direction::ServerRefusedClient, ..KUBECTL_REFUSED };
const KUBECONFIG: Row =
    Row { spots: &[Spot::Kubeconfig], direction: Direction::WriterCannotLoad, stage: Stage::Start, ..PLAIN };
const ETCDCTL: Row = Row { spots: &[Spot::Etcdctl], stage: Stage::Start, direction: Direction::Nobody, ..PLAIN };
const OTHER_TLS: &[Spot] = &[Spot::Curl, Spot::Openssl];
const CURL: Row = Row { spots: OTHER_TLS, ..PLAIN };
const ALONE: Row = Row { spots: &[Spot::Bare, Spot::ErrorLine, Spot::Get], ..PLAIN };

fn name(said: &Sentence) -> bool {
    matches!(
        said.reason,
        Reason::Name { .. } | Reason::NoIpSans { .. } | Reason::NoNames { .. } | Reason::LegacyCommonName
    )
}

/// Whether the name that was wanted is like this.
fn wants(said: &Sentence, like: fn(&str) -> bool) -> bool {
    match &said.reason {
        Reason::Name { wanted, .. } | Reason::NoIpSans { wanted } | Reason::NoNames { wanted } => like(wanted),
        _ => false,
    }
}

pub(super) const KUBEADM: &[Row] = &[
    Row {
        id: "kubeadm-key-kind",
        pattern: "the private key file P is neither in RSA nor ECDSA format",
        meaning: "kubeadm takes RSA and ECDSA keys only; etcd takes others",
        causes: &["alg-kubeadm-key-type"],
        check: "the kind of that key",
        example: "failure loading key for service account: couldn't load the private key file /etc/kubernetes/pki/sa.key: the private key file /etc/kubernetes/pki/sa.key is neither in RSA nor ECDSA format",
        when: |said, _| matches!(said.reason, Reason::KeyKind { .. }),
        ..KUBEADM_LOADS
    },
    Row {
        id: "kubeadm-no-ca-key",
        pattern: "assuming external key for X",
        meaning: "kubeadm finds a CA without its key: an external CA, or a loss",
        direction: Direction::Nobody,
        causes: &["file-ca-key-absent"],
        check: "the key on the other control-plane nodes",
        example: "[certs] Found ca.crt certificate but no ca.key: assuming external key for ca",
        when: |said, _| said.reason == Reason::NoCaKey,
        ..KUBEADM_LOADS
    },
    Row {
        id: "kubeadm-not-signed-by",
        pattern: "certificate X is not signed by corresponding CA, certificate X not signed by CA certificate Y: …",
        meaning: "a leaf on disk is not signed by the CA beside it",
        causes: &["chain-same-name-other-key", "pair-ca-crt-key-mismatch", "chain-ca-bundle-first"],
        check: "the signature of the leaf against the CA; the CA's key against its certificate",
        example: "error execution phase certs/apiserver-kubelet-client: [certs] certificate apiserver-kubelet-client not signed by CA certificate ca: crypto/rsa: verification error",
        when: |said, _| matches!(said.reason, Reason::NotSignedBy { .. }),
        ..KUBEADM_LOADS
    },
    Row {
        id: "kubeadm-not-a-ca",
        pattern: "… certificate is not a certificate authority",
        meaning: "the first certificate in a CA's file is no CA",
        causes: &["chain-ca-bundle-first", "chain-ca-not-a-ca"],
        check: "the order in that file, and basicConstraints",
        example: "error execution phase certs/ca: [certs] ca certificate is not a certificate authority",
        when: |said, _| said.reason == Reason::NotACa,
        ..KUBEADM_LOADS
    },
    Row {
        id: "kubeadm-dates",
        pattern: "WARNING: could not validate bounds for certificate X: …, the certificate has expired",
        meaning: "a certificate on disk is expired or not yet valid",
        causes: &["time-mass-expiry", "time-apiserver-etcd-client-expired", "time-not-yet-valid"],
        check: "the dates of that certificate and of all others",
        example: "W1123 03:20:38.081312    2959 certs.go:489] WARNING: could not validate bounds for certificate apiserver: the certificate has expired: NotBefore: 2025-10-19 02:46:13 +0000 UTC, NotAfter: 2026-10-19 02:46:13 +0000 UTC",
        when: |said, _| matches!(said.reason, Reason::Expired { .. } | Reason::NotYetValid { .. }),
        ..KUBEADM_LOADS
    },
    Row {
        id: "kubeadm-unfit",
        pattern: "certificate X is invalid: x509: certificate is valid for A, not B",
        meaning: "a leaf on disk lacks a name that the configuration asks for",
        causes: &["san-ip-changed", "san-lb-name", "san-copied-from-other-node", "san-server-missing-localhost"],
        check: "the SANs of that certificate",
        example: "error execution phase certs/apiserver: [certs] certificate apiserver is invalid: x509: certificate is valid for 10.96.0.1, 10.0.0.4, not 10.0.0.5",
        when: |said, _| name(said) || said.reason == Reason::UnfitLeaf,
        ..KUBEADM_LOADS
    },
    Row {
        id: "kubeadm-not-of-this-cluster",
        pattern: "X is not a valid certificate for this cluster",
        meaning: "certs renew knows no certificate of that name here: misspelt, or etcd is external",
        direction: Direction::Nobody,
        check: "the name, and whether etcd is external",
        example: "etcd-servr is not a valid certificate for this cluster",
        when: |said, _| said.reason == Reason::NotACertificate,
        ..KUBEADM_LOADS
    },
    Row {
        id: "kubeadm-issuer-key",
        pattern: "x509: provided PrivateKey doesn't match parent's PublicKey",
        meaning: "nothing can be signed: the CA's key is not the key of its certificate",
        causes: &["pair-ca-crt-key-mismatch"],
        check: "ca.key against ca.crt, on every node",
        example: "error execution phase certs/apiserver: couldn't sign certificate: x509: provided PrivateKey doesn't match parent's PublicKey",
        when: |said, _| said.reason == Reason::IssuerKeyMismatch,
        ..KUBEADM_LOADS
    },
    Row {
        id: "kubeadm-not-pinned",
        pattern: "none of the public keys \"sha256:…\" are pinned",
        meaning: "the cluster's CA is not the one that the join command names",
        direction: Direction::ClientRefusedServer,
        stage: Stage::Http,
        causes: &["mn-join-ca-hash", "op-ca-regenerated"],
        check: "the hash of ca.crt, against the join command and the ConfigMap cluster-info",
        example: r#"error execution phase preflight: couldn't validate the identity of the API Server: cluster CA found in cluster-info ConfigMap is invalid: none of the public keys "sha256:9f86d081884c7d65" are pinned"#,
        when: |said, _| said.reason == Reason::NotPinned,
        ..KUBEADM_LOADS
    },
    Row {
        id: "kubeadm-cannot-decrypt",
        pattern: "cipher: message authentication failed",
        meaning: "the uploaded certificates do not open with this certificate key",
        causes: &["mn-join-cert-key"],
        check: "the certificate key; upload the certificates anew",
        example: "error execution phase control-plane-prepare/download-certs: error downloading certs: error decoding secret data with provided key: cipher: message authentication failed",
        when: |said, _| said.reason == Reason::CannotDecrypt,
        ..KUBEADM_LOADS
    },
    Row {
        id: "kubeadm-trailing-data",
        pattern: "trailing data after first PEM block",
        meaning: "a bundle of CAs stands where one is wanted, in a kubeconfig or in cluster-info",
        causes: &["chain-ca-bundle-first"],
        check: "how many certificates are there",
        example: "error execution phase preflight: couldn't validate the identity of the API Server: unable to parse cluster CA: trailing data after first PEM block",
        when: |said, _| said.reason == Reason::TrailingData,
        ..KUBEADM_LOADS
    },
    Row {
        id: "kubeadm-other-cluster",
        pattern: "a kubeconfig file P exists already but has got the wrong CA cert, Failed to create a kubeconfig…",
        meaning: "a kubeconfig of another cluster, or of this one before its CA was replaced, lies in the way",
        causes: &["file-leftovers", "op-ca-regenerated"],
        check: "the CA in that kubeconfig against ca.crt",
        example: r#"error execution phase kubeconfig/admin: a kubeconfig file "/etc/kubernetes/admin.conf" exists already but has got the wrong CA cert"#,
        when: |said, _| said.reason == Reason::OtherCluster,
        ..KUBEADM_LOADS
    },
    Row {
        id: "kubeadm-join-unknown-authority",
        pattern: "unable to fetch the kubeadm-config ConfigMap … x509: certificate signed by unknown authority",
        meaning: "kubeadm refused kube-apiserver: the CA that it was given is not the server's",
        direction: Direction::ClientRefusedServer,
        stage: Stage::Tls,
        causes: &["op-ca-regenerated", "mn-cluster-ca-differs", "file-leftovers"],
        check: "the CA in cluster-info and in kubeconfigs against ca.crt of every node",
        example: r#"error execution phase preflight: unable to fetch the kubeadm-config ConfigMap: failed to get config map: Get "https://10.0.0.11:6443/api/v1/namespaces/kube-system/configmaps/kubeadm-config": x509: certificate signed by unknown authority (possibly because of "crypto/rsa: verification error" while trying to verify candidate authority certificate "kubernetes")"#,
        when: |said, _| said.port == Port::Apiserver && matches!(said.reason, Reason::UnknownAuthority { .. }),
        ..KUBEADM_LOADS
    },
    Row {
        id: "kubeadm-dead-endpoint",
        pattern: "error syncing endpoints with etc: context deadline exceeded, failed to dial endpoint H with maintenance client: …",
        meaning: "kubeadm did not reach every member of etcd with its health-check client",
        causes: &["mn-join-dead-endpoint", "time-healthcheck-client-expired", "srv-not-pki"],
        check: "a handshake with each member in the list, with etcd/healthcheck-client",
        example: "error execution phase check-etcd: error syncing endpoints with etc: context deadline exceeded",
        when: |said, _| said.port == Port::EtcdClient,
        ..KUBEADM_DIALS
    },
    Row {
        id: "kubeadm-cannot-load",
        pattern: "failure loading X certificate: …, couldn't load the certificate file P, couldn't load the private key file P",
        meaning: "kubeadm cannot load a file of the PKI",
        causes: &["file-missing", "enc-no-pem", "enc-corrupt-der", "mn-missing-shared-file", "file-ca-key-absent"],
        check: "that file; on a joining node, all files that the nodes share",
        example: "failure loading certificate for CA: couldn't load the certificate file /etc/kubernetes/pki/ca.crt: open /etc/kubernetes/pki/ca.crt: no such file or directory",
        when: |said, _| said.port == Port::OwnFiles,
        ..KUBEADM_LOADS
    },
    Row {
        id: "kubeadm-cannot-join",
        pattern: "unable to fetch the kubeadm-config ConfigMap … ERROR",
        meaning: "kubeadm did not get the cluster's configuration; the text says why",
        causes: &["srv-not-pki", "san-ip-changed"],
        check: "the error itself",
        example: r#"error execution phase preflight: unable to fetch the kubeadm-config ConfigMap: failed to get config map: Get "https://10.0.0.11:6443/api/v1/namespaces/kube-system/configmaps/kubeadm-config": dial tcp 10.0.0.11:6443: connect: connection refused"#,
        ..KUBEADM_DIALS
    },
];

pub(super) const KUBECTL: &[Row] = &[
    Row {
        id: "kubectl-unknown-authority",
        pattern: "Unable to connect to the server: … x509: certificate signed by unknown authority [(possibly because of …)]",
        meaning: "the client refused kube-apiserver: the CA in its kubeconfig did not sign the server's certificate",
        causes: &[
            "kc-ca-data-mismatch",
            "kc-user-copy-stale",
            "mn-cluster-ca-differs",
            "file-leftovers",
            "op-ca-rotated-pods-stale",
        ],
        check: "apiserver.crt against the CA in that kubeconfig",
        example: r#"Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority (possibly because of "crypto/rsa: verification error" while trying to verify candidate authority certificate "kubernetes")"#,
        when: |said, _| matches!(said.reason, Reason::UnknownAuthority { .. }),
        ..KUBECTL_REFUSED
    },
    Row {
        id: "kubectl-name",
        pattern: "… x509: certificate is valid for A, not B",
        meaning: "the client refused kube-apiserver: the server's certificate does not list the host in the kubeconfig",
        causes: &["kc-server-not-in-san", "san-lb-name", "san-ip-changed", "san-copied-from-other-node"],
        check: "the SANs of apiserver.crt against server: in that kubeconfig",
        example: "Unable to connect to the server: tls: failed to verify certificate: x509: certificate is valid for localhost, node1, not foo",
        when: |said, _| name(said),
        ..KUBECTL_REFUSED
    },
    Row {
        id: "kubectl-expired",
        pattern: "Unable to connect to the server: … x509: certificate has expired or is not yet valid: … is after B",
        meaning: "the client refused kube-apiserver: its serving certificate, or the CA, expired at B",
        causes: &["time-mass-expiry", "time-ca-expired", "op-renewed-not-restarted", "srv-served-not-disk"],
        check: "the certificate whose notAfter is B; whether kube-apiserver serves what is on disk",
        example: "Unable to connect to the server: x509: certificate has expired or is not yet valid: current time 2026-11-23T03:20:38Z is after 2026-10-19T02:46:13Z",
        when: |said, _| matches!(said.reason, Reason::Expired { .. }),
        ..KUBECTL_REFUSED
    },
    Row {
        id: "kubectl-not-yet-valid",
        pattern: "… is before B",
        meaning: "the client refused kube-apiserver: its serving certificate is valid from B only",
        causes: &["time-not-yet-valid"],
        check: "the clocks, and the certificate whose notBefore is B",
        example: "Unable to connect to the server: x509: certificate has expired or is not yet valid: current time 2021-03-11T07:59:48Z is before 2021-03-11T08:09:21Z",
        when: |said, _| matches!(said.reason, Reason::NotYetValid { .. }),
        ..KUBECTL_REFUSED
    },
    Row {
        id: "kubectl-own-pair",
        pattern: "error: tls: private key does not match public key",
        meaning: "the client cannot load the pair in its kubeconfig",
        direction: Direction::WriterCannotLoad,
        stage: Stage::Start,
        causes: &["kc-pair-mismatch"],
        check: "certificate and key in that kubeconfig",
        example: "error: tls: private key does not match public key",
        when: |said, _| {
            matches!(
                said.reason,
                Reason::KeyMismatch | Reason::KeyTypeMismatch | Reason::NoPem { .. } | Reason::KeyUnparsable
            )
        },
        ..KUBECTL_REFUSED
    },
    Row {
        id: "kubectl-refused-expired",
        pattern: "Unable to connect to the server: remote error: tls: expired certificate",
        meaning: "a server that demands client certificates refused ours: expired, or not yet valid",
        causes: &["kc-client-cert-expired", "time-not-yet-valid"],
        check: "the dates of the client certificate in that kubeconfig",
        example: "Unable to connect to the server: remote error: tls: expired certificate",
        when: |said, _| said.reason == Reason::Alert(Alert::ExpiredCertificate),
        ..SERVER_REFUSED
    },
    Row {
        id: "kubectl-server-cannot-load",
        pattern: "Unable to connect to the server: remote error: tls: internal error",
        meaning: "the server cannot load its own certificate and key",
        direction: Direction::OtherCannotLoad,
        causes: &["pair-mismatch-live", "kc-kubelet-serving-missing"],
        check: "the server's log and files",
        example: "Unable to connect to the server: remote error: tls: internal error",
        when: |said, _| said.reason == Reason::Alert(Alert::InternalError),
        ..SERVER_REFUSED
    },
    Row {
        id: "kubectl-refused",
        pattern: "Unable to connect to the server: remote error: tls: ALERT [- error from a previous attempt: … connection reset by peer]",
        meaning: "a server that demands client certificates refused ours",
        causes: &["kc-client-cert-expired", "kc-user-copy-stale", "usage-client-serverauth-only"],
        check: "the client certificate in that kubeconfig: dates, CA, usages",
        example: "Unable to connect to the server: remote error: tls: bad certificate - error from a previous attempt: write tcp 127.0.0.1:40312->127.0.0.1:6443: write: connection reset by peer",
        when: |said, _| matches!(said.reason, Reason::Alert(_)),
        ..SERVER_REFUSED
    },
    Row {
        id: "kubectl-logs-unauthorized",
        pattern: "the server has asked for the client to provide credentials ( pods/log X)",
        meaning: "kubelet refused kube-apiserver's client certificate: logs and exec fail, everything else works",
        stage: Stage::Http,
        causes: &["cli-apiserver-kubelet-client", "kc-client-cert-expired"],
        check: "dates and CA of apiserver-kubelet-client.crt",
        example: "error: You must be logged in to the server (the server has asked for the client to provide credentials ( pods/log coredns-0))",
        when: |said, _| said.reason == Reason::Unauthorized && said.error.contains("( pods/"),
        ..SERVER_REFUSED
    },
    Row {
        id: "kubectl-unauthorized",
        pattern: "error: You must be logged in to the server (Unauthorized), (the server has asked for the client to provide credentials)",
        meaning: "kube-apiserver refused the client's certificate or token (HTTP 401)",
        stage: Stage::Http,
        causes: &[
            "kc-client-cert-expired",
            "kc-user-copy-stale",
            "cfg-signer-mismatch",
            "pair-sa-mismatch",
            "chain-frontproxy-mismatch",
        ],
        check: "the client certificate in that kubeconfig: dates and CA; kube-apiserver's log says why",
        example: "error: You must be logged in to the server (Unauthorized)",
        when: |said, _| said.reason == Reason::Unauthorized,
        ..SERVER_REFUSED
    },
    Row {
        id: "kubectl-plain-text",
        pattern: "client rate limiter Wait returned an error: context deadline exceeded - error from a previous attempt: EOF",
        meaning: "http to a port with TLS, or TLS to one without",
        direction: Direction::Nobody,
        causes: &["cfg-scheme-mismatch"],
        check: "the scheme of server: in that kubeconfig",
        example: "Unable to connect to the server: client rate limiter Wait returned an error: context deadline exceeded - error from a previous attempt: EOF",
        when: |said, _| matches!(said.reason, Reason::Eof | Reason::NotTls | Reason::HttpAnswer),
        ..KUBECTL_REFUSED
    },
    Row {
        id: "kubectl-nobody-listens",
        pattern: "The connection to the server H:P was refused - did you specify the right host or port?",
        meaning: "kube-apiserver does not run: etcd and its start come first",
        direction: Direction::Nobody,
        stage: Stage::Connect,
        causes: &["srv-not-pki"],
        check: "the logs of kube-apiserver and etcd",
        example: "The connection to the server 10.0.0.11:6443 was refused - did you specify the right host or port?",
        when: |said, _| {
            matches!(
                said.reason,
                Reason::Refused
                    | Reason::Unreachable
                    | Reason::Timeout
                    | Reason::Deadline
                    | Reason::Reset
                    | Reason::Proxy
            )
        },
        ..KUBECTL_REFUSED
    },
    Row {
        id: "kubectl-certificate",
        pattern: "Unable to connect to the server: … x509: ERROR",
        meaning: "the client refused kube-apiserver's certificate; the text says why",
        causes: &["usage-server-clientauth-only", "chain-ca-eku-limits", "chain-critical-extension"],
        check: "the served certificate for what the text names",
        example: "Unable to connect to the server: tls: failed to verify certificate: x509: certificate specifies an incompatible key usage",
        when: |said, _| said.error.contains("x509: "),
        ..KUBECTL_REFUSED
    },
    Row {
        id: "kubectl-other",
        pattern: "Unable to connect to the server: ERROR",
        meaning: "the connection to kube-apiserver failed; the text says why",
        direction: Direction::Unknown,
        causes: &["alg-tls-version", "alg-cipher"],
        check: "the error itself",
        example: "Unable to connect to the server: tls: server selected unsupported protocol version 301",
        ..KUBECTL_REFUSED
    },
    Row {
        id: "kubeconfig-base64",
        pattern: "error loading config file \"P\": illegal base64 data at input byte N",
        meaning: "data in the kubeconfig is no base64",
        causes: &["kc-malformed-data"],
        check: "each field of data in that kubeconfig",
        example: r#"error: error loading config file "/root/.kube/config": illegal base64 data at input byte 4"#,
        when: |said, _| said.reason == Reason::IllegalBase64,
        ..KUBECONFIG
    },
    Row {
        id: "kubeconfig-no-roots",
        pattern: "unable to load root certificates: unable to parse bytes as PEM block",
        meaning: "certificate-authority-data is no PEM",
        causes: &["kc-malformed-data"],
        check: "certificate-authority-data: how many layers of base64",
        example: "error: unable to load root certificates: unable to parse bytes as PEM block",
        when: |said, _| said.reason == Reason::NoRoots,
        ..KUBECONFIG
    },
    Row {
        id: "kubeconfig-half-a-pair",
        pattern: "client-key-data or client-key must be specified for U to use the clientCert authentication method.",
        meaning: "the kubeconfig has a certificate without a key, or a key without a certificate",
        causes: &["kc-malformed-data"],
        check: "the user's fields in that kubeconfig",
        example: "error: client-key-data or client-key must be specified for admin to use the clientCert authentication method.",
        when: |said, _| said.reason == Reason::HalfAPair,
        ..KUBECONFIG
    },
    Row {
        id: "kubeconfig-no-credentials",
        pattern: "Please enter Username:",
        meaning: "the kubeconfig has no credentials",
        causes: &["kc-malformed-data"],
        check: "the user's fields in that kubeconfig",
        example: "Please enter Username: ",
        when: |said, _| said.reason == Reason::NoCredentials,
        ..KUBECONFIG
    },
    Row {
        id: "kubeconfig-insecure-with-ca",
        pattern: "specifying a root certificates file with the insecure flag is not allowed",
        meaning: "the kubeconfig has CA data and insecure-skip-tls-verify",
        causes: &["kc-server-not-in-san"],
        check: "the cluster's fields in that kubeconfig",
        example: "error: specifying a root certificates file with the insecure flag is not allowed",
        when: |said, _| said.reason == Reason::Flags,
        ..KUBECONFIG
    },
    Row {
        id: "kubeconfig-dangling-path",
        pattern: "unable to read client-cert P for U due to open P: no such file or directory",
        meaning: "the kubeconfig names a file that is not there",
        causes: &["kc-dangling-path", "file-missing"],
        check: "the path, from the kubeconfig's own directory",
        example: "* unable to read client-cert /root/admin.crt for admin due to open /root/admin.crt: no such file or directory",
        ..KUBECONFIG
    },
    Row {
        id: "etcdctl-environment",
        pattern: "conflicting environment variable \"ETCDCTL_X\" is shadowed by corresponding command-line flag",
        meaning: "etcdctl is told the same by its environment and by a flag",
        causes: &["cli-env-conflict"],
        check: "variables that begin with ETCDCTL_",
        example: r#"{"level":"fatal","ts":"2026-11-23T03:30:31.536773Z","caller":"flags/flag.go:85","msg":"conflicting environment variable is shadowed by corresponding command-line flag (either unset environment variable or disable flag))","environment-variable":"ETCDCTL_CERT"}"#,
        when: |said, _| said.reason == Reason::Flags && said.error.contains("nvironment"),
        ..ETCDCTL
    },
    Row {
        id: "etcdctl-v2-flags",
        pattern: "Error: unknown flag: --ca-file",
        meaning: "flags of the v2 etcdctl with the v3 one",
        causes: &["cli-v2-flags"],
        check: "--cacert, --cert and --key instead",
        example: "Error: unknown flag: --ca-file",
        when: |said, _| said.reason == Reason::Flags,
        ..ETCDCTL
    },
    Row {
        id: "etcdctl-v2-refused",
        pattern: "client: etcd cluster is unavailable or misconfigured; error #0: remote error: tls: bad certificate",
        meaning: "etcd refused a v2 client",
        direction: Direction::ServerRefusedClient,
        stage: Stage::Tls,
        causes: &["cli-v2-flags", "cli-no-cert"],
        check: "etcd's log, which says why",
        example: "Error:  client: etcd cluster is unavailable or misconfigured; error #0: remote error: tls: bad certificate",
        when: |said, _| matches!(said.reason, Reason::Alert(_)),
        ..ETCDCTL
    },
    Row {
        id: "etcdctl-v2-unavailable",
        pattern: "client: etcd cluster is unavailable or misconfigured; error #0: …",
        meaning: "a v2 client did not get through",
        direction: Direction::Unknown,
        stage: Stage::Connect,
        causes: &["srv-not-pki", "cli-v2-flags"],
        check: "the same with a v3 client",
        example: "Error:  client: etcd cluster is unavailable or misconfigured; error #0: dial tcp 127.0.0.1:2379: connect: connection refused",
        ..ETCDCTL
    },
    Row {
        id: "gateway-common-name",
        pattern: "client sending requests against gateway must have empty CommonName in its cert, cert has non empty Common Name (X)",
        meaning: "with users of its own switched on, etcd's JSON gateway or proxy takes no client certificate with a CN",
        direction: Direction::ServerRefusedClient,
        stage: Stage::Http,
        causes: &["usage-gateway-cn"],
        check: "who uses the JSON API, and the CN of its certificate",
        example: r#"{"error":"CommonName of client sending a request against gateway will be ignored and not used as expected","code":16,"message":"client sending requests against gateway must have empty CommonName in its cert"}"#,
        spots: &[Spot::Gateway],
        ..PLAIN
    },
];

pub(super) const OTHERS: &[Row] = &[
    Row {
        id: "curl-certificate-required",
        pattern: "alert certificate required",
        meaning: "the server demands a client certificate (a new Go)",
        direction: Direction::ServerRefusedClient,
        causes: &["cli-no-cert"],
        check: "--cert and --key",
        example: "curl: (56) OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0",
        when: |said, _| said.reason == Reason::Alert(Alert::CertificateRequired),
        ..CURL
    },
    Row {
        id: "curl-bad-certificate",
        pattern: "sslv3 alert bad certificate",
        meaning: "the server refused the client's certificate, or demands one (an old Go)",
        direction: Direction::ServerRefusedClient,
        causes: &["cli-no-cert", "time-apiserver-etcd-client-expired", "usage-client-serverauth-only"],
        check: "the server's log, which says why",
        example: "curl: (35) error:0A000412:SSL routines::sslv3 alert bad certificate",
        when: |said, _| said.reason == Reason::Alert(Alert::BadCertificate),
        ..CURL
    },
    Row {
        id: "curl-server-cannot-load",
        pattern: "tlsv1 alert internal error … SSL alert number 80",
        meaning: "the server cannot load its own certificate and key",
        direction: Direction::OtherCannotLoad,
        causes: &["pair-mismatch-live", "kc-kubelet-serving-missing"],
        check: "the server's files, now; its log says which",
        example: "40174C8F217F0000:error:0A000438:SSL routines:ssl3_read_bytes:tlsv1 alert internal error:../ssl/record/rec_layer_s3.c:1605:SSL alert number 80",
        when: |said, _| said.reason == Reason::Alert(Alert::InternalError),
        ..CURL
    },
    Row {
        id: "curl-version",
        pattern: "alert protocol version, SSL alert number 70",
        meaning: "client and server have no TLS version in common",
        direction: Direction::ServerRefusedClient,
        causes: &["alg-tls-version"],
        check: "the version flags of the server",
        example: "curl: (35) error:0A00042E:SSL routines::tlsv1 alert protocol version",
        when: |said, _| said.reason == Reason::Alert(Alert::ProtocolVersion),
        ..CURL
    },
    Row {
        id: "curl-handshake-failure",
        pattern: "alert handshake failure, SSL alert number 40",
        meaning: "the server found nothing in common: cipher suites, or the size of its RSA key",
        direction: Direction::ServerRefusedClient,
        causes: &["alg-cipher", "alg-rsa-small"],
        check: "the server's cipher suites against the kind and size of its key",
        example: "curl: (35) error:0A000410:SSL routines::sslv3 alert handshake failure",
        when: |said, _| said.reason == Reason::Alert(Alert::HandshakeFailure),
        ..CURL
    },
    Row {
        id: "curl-refused",
        pattern: "tlsv1 alert unknown ca, sslv3 alert certificate expired, …",
        meaning: "the server refused the client's certificate with this alert",
        direction: Direction::ServerRefusedClient,
        causes: &["chain-wrong-ca", "chain-same-name-other-key", "time-apiserver-etcd-client-expired"],
        check: "the client's certificate: CA and dates",
        example: "curl: (56) OpenSSL SSL_read: error:0A000418:SSL routines::tlsv1 alert unknown ca, errno 0",
        when: |said, _| matches!(said.reason, Reason::Alert(_)),
        ..CURL
    },
    Row {
        id: "curl-reason-lost",
        pattern: "curl: (55), curl: (56) … reset by peer, getpeername() failed",
        meaning: "the server refused the client after its half of the handshake; the reason was lost in a race",
        direction: Direction::ServerRefusedClient,
        stage: Stage::AfterTls,
        causes: &["cli-no-cert", "cli-openssl-false-ok"],
        check: "the server's log, or the same with --tls-max 1.2",
        example: "curl: (56) OpenSSL SSL_read: Connection reset by peer, errno 104",
        when: |said, _| said.reason == Reason::Reset,
        ..CURL
    },
    Row {
        id: "curl-empty-reply",
        pattern: "curl: (52) Empty reply from server",
        meaning: "http to a port with TLS",
        direction: Direction::Nobody,
        causes: &["cfg-scheme-mismatch"],
        check: "the scheme in the URL",
        example: "curl: (52) Empty reply from server",
        when: |said, _| said.reason == Reason::NotTls,
        ..CURL
    },
    Row {
        id: "curl-refused-server",
        pattern: "curl: (60) SSL certificate problem: …",
        meaning: "curl refused the server's certificate",
        direction: Direction::ClientRefusedServer,
        causes: &["chain-wrong-ca", "cli-no-cacert", "san-server-missing-localhost", "time-etcd-server-expired"],
        check: "--cacert, and the host in the URL; Go may judge otherwise",
        example: "curl: (60) SSL certificate problem: unable to get local issuer certificate",
        spots: &[Spot::Curl],
        ..PLAIN
    },
    Row {
        id: "openssl-proves-nothing",
        pattern: "New, TLSv1.3, Cipher is NAME",
        meaning: "a handshake as the client sees it; under TLS 1.3 that says nothing about the client's certificate",
        direction: Direction::Nobody,
        causes: &["cli-openssl-false-ok"],
        check: "what comes after the handshake, or the same under TLS 1.2",
        noise: true,
        example: "New, TLSv1.3, Cipher is TLS_AES_128_GCM_SHA256",
        when: |said, _| said.reason == Reason::OnlyHandshake,
        ..CURL
    },
    // errors that stand alone
    Row {
        id: "alone-name-loopback",
        pattern: "x509: certificate is valid for A, not 127.0.0.1",
        meaning: "a client refused a server: its certificate does not list the loopback address or name that the client dials",
        direction: Direction::ClientRefusedServer,
        causes: &["san-server-missing-localhost", "san-ip-as-dns", "san-kubelet-serving"],
        check: "the SANs of the server's certificate",
        example: "x509: certificate is valid for etcd1, not localhost",
        when: |said, _| wants(said, |host| host == "localhost" || host.starts_with("127.")),
        ..ALONE
    },
    Row {
        id: "alone-name-ipv6",
        pattern: "x509: certificate is valid for A, not ::1",
        meaning: "a client refused a server: its certificate does not list the IPv6 address that the client dials",
        direction: Direction::ClientRefusedServer,
        causes: &["san-ipv6", "san-server-missing-localhost", "san-ip-changed"],
        check: "the SANs of the server's certificate, by value",
        example: "x509: certificate is valid for 127.0.0.1, 10.0.0.5, not ::1",
        when: |said, _| wants(said, |host| host.contains(':')),
        ..ALONE
    },
    Row {
        id: "alone-name-address",
        pattern: "x509: certificate is valid for A, not B, x509: cannot validate certificate for B because it doesn't contain any IP SANs",
        meaning: "a client refused a server: its certificate does not list the address that the client dials",
        direction: Direction::ClientRefusedServer,
        causes: &[
            "san-ip-changed",
            "san-copied-from-other-node",
            "san-lb-name",
            "san-kubelet-serving",
            "op-renew-keeps-faults",
        ],
        check: "the SANs of the server's certificate against the client's URL",
        example: r#"Get "https://10.0.0.9:9443/readyz": x509: certificate is valid for 10.0.0.5, not 10.0.0.9"#,
        when: |said, _| wants(said, |host| host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')),
        ..ALONE
    },
    Row {
        id: "alone-name",
        pattern: "x509: certificate is valid for A, not NAME",
        meaning: "a client refused a server: its certificate does not list the name that the client dials",
        direction: Direction::ClientRefusedServer,
        causes: &["san-lb-name", "kc-server-not-in-san", "san-multi-endpoint-client-bug", "san-kubelet-serving"],
        check: "the SANs of the server's certificate against the client's URL",
        example: "x509: certificate is valid for etcd-1, not etcd-0",
        when: |said, _| wants(said, |_| true),
        ..ALONE
    },
    Row {
        id: "alone-legacy-cn",
        pattern: "x509: certificate relies on legacy Common Name field, use SANs instead",
        meaning: "a client refused a server: its certificate has its name in the CN only",
        direction: Direction::ClientRefusedServer,
        causes: &["san-legacy-cn"],
        check: "the SANs of the server's certificate",
        example: "x509: certificate relies on legacy Common Name field, use SANs instead",
        when: |said, _| said.reason == Reason::LegacyCommonName,
        ..ALONE
    },
    Row {
        id: "alone-refused-server",
        pattern: "Get \"https://H:P/…\": … x509: …",
        meaning: "a client refused a server; the text says why",
        direction: Direction::ClientRefusedServer,
        causes: &["chain-same-name-other-key", "chain-wrong-ca", "op-ca-rotated-pods-stale", "time-mass-expiry"],
        check: "the served certificate against what the client trusts",
        example: r#"failed calling webhook "x.example": Post "https://x.example.svc:443/mutate": tls: failed to verify certificate: x509: certificate signed by unknown authority"#,
        spots: &[Spot::Get],
        when: |said, _| said.error.contains("x509: "),
        ..PLAIN
    },
    Row {
        id: "alone-expired",
        pattern: "x509: certificate has expired or is not yet valid: current time A is after B",
        meaning: "somebody refused a certificate that expired at B; which side, the line does not say",
        causes: &["time-wrong-culprit", "time-ca-expired", "time-mass-expiry"],
        check: "the certificate whose notAfter is B",
        example: "x509: certificate has expired or is not yet valid: current time 2026-11-23T03:20:38Z is after 2026-10-19T02:46:13Z",
        when: |said, _| matches!(said.reason, Reason::Expired { .. }),
        ..ALONE
    },
    Row {
        id: "alone-not-yet-valid",
        pattern: "… is before B",
        meaning: "somebody refused a certificate that is valid from B only",
        causes: &["time-not-yet-valid"],
        check: "the clocks, and the certificate whose notBefore is B",
        example: "x509: certificate has expired or is not yet valid: current time 2021-03-11T07:59:48Z is before 2021-03-11T08:09:21Z",
        when: |said, _| matches!(said.reason, Reason::NotYetValid { .. }),
        ..ALONE
    },
    Row {
        id: "alone-other-key",
        pattern: "x509: certificate signed by unknown authority (possibly because of … verification error … \"CA\")",
        meaning: "somebody trusts a CA of that name, but with another key",
        causes: &["chain-same-name-other-key", "srv-stale-ca", "op-ca-regenerated", "file-leftovers"],
        check: "the signature of the certificate against the CA on disk",
        example: r#"x509: certificate signed by unknown authority (possibly because of "x509: ECDSA verification failure" while trying to verify candidate authority certificate "etcd-ca")"#,
        when: |said, _| matches!(said.reason, Reason::UnknownAuthority { hint: Some(Hint::OtherKey), .. }),
        ..ALONE
    },
    Row {
        id: "alone-issuer-not-ca",
        pattern: "… (possibly because of \"x509: invalid signature: parent certificate cannot sign this kind of certificate\" …)",
        meaning: "somebody refused a certificate whose issuer is no CA",
        causes: &["chain-ca-not-a-ca"],
        check: "basicConstraints and keyUsage of the CA",
        example: r#"x509: certificate signed by unknown authority (possibly because of "x509: invalid signature: parent certificate cannot sign this kind of certificate" while trying to verify candidate authority certificate "etcd-ca")"#,
        when: |said, _| matches!(said.reason, Reason::UnknownAuthority { hint: Some(Hint::NotACa), .. }),
        ..ALONE
    },
    Row {
        id: "alone-insecure-algorithm",
        pattern: "… (possibly because of \"x509: cannot verify signature: insecure algorithm SHA1-RSA\" …)",
        meaning: "somebody refused a certificate signed with an algorithm that Go has given up",
        causes: &["alg-sha1"],
        check: "the signature algorithm of the certificate",
        example: r#"x509: certificate signed by unknown authority (possibly because of "x509: cannot verify signature: insecure algorithm SHA1-RSA (temporarily override with GODEBUG=x509sha1=1)" while trying to verify candidate authority certificate "etcd-ca")"#,
        when: |said, _| matches!(said.reason, Reason::UnknownAuthority { hint: Some(Hint::InsecureAlgorithm), .. }),
        ..ALONE
    },
    Row {
        id: "alone-unknown-authority",
        pattern: "x509: certificate signed by unknown authority",
        meaning: "somebody trusts no CA of the issuer's name",
        causes: &[
            "chain-wrong-ca",
            "enc-ca-empty-pool",
            "chain-ca-file-is-leaf",
            "chain-missing-intermediate",
            "chain-name-encoding",
            "chain-renewed-ca-new-subject",
            "op-ca-rotated-pods-stale",
        ],
        check: "the certificate against the CA file of whoever refused it",
        example: "x509: certificate signed by unknown authority",
        when: |said, _| matches!(said.reason, Reason::UnknownAuthority { .. }),
        ..ALONE
    },
    Row {
        id: "alone-usage",
        pattern: "x509: certificate specifies an incompatible key usage",
        meaning: "somebody refused a certificate that is not for this use, or whose CA is not",
        causes: &["usage-client-serverauth-only", "usage-server-clientauth-only", "chain-ca-eku-limits"],
        check: "the extended key usages of the certificate, then of the CA",
        example: "x509: certificate specifies an incompatible key usage",
        when: |said, _| said.reason == Reason::IncompatibleUsage,
        ..ALONE
    },
    Row {
        id: "alone-critical-extension",
        pattern: "x509: unhandled critical extension",
        meaning: "somebody refused a certificate with a critical extension that Go does not know",
        causes: &["chain-critical-extension"],
        check: "the critical extensions of the certificate",
        example: "x509: unhandled critical extension",
        when: |said, _| said.reason == Reason::CriticalExtension,
        ..ALONE
    },
    Row {
        id: "alone-path-length",
        pattern: "x509: too many intermediates for path length constraint",
        meaning: "somebody refused a chain that is longer than a CA allows",
        causes: &["chain-pathlen"],
        check: "the path length constraints of the chain",
        example: "x509: too many intermediates for path length constraint",
        when: |said, _| said.reason == Reason::PathLength,
        ..ALONE
    },
    Row {
        id: "alone-name-constraint",
        pattern: "x509: a root or intermediate certificate is not authorized to sign for this name: …",
        meaning: "somebody refused a certificate for a name that its CA may not sign",
        causes: &["chain-name-constraints"],
        check: "the name constraints of the CA against every SAN of the certificate",
        example: r#"x509: a root or intermediate certificate is not authorized to sign for this name: DNS name "localhost" is not permitted by any constraint"#,
        when: |said, _| said.reason == Reason::NameConstraint,
        ..ALONE
    },
    Row {
        id: "alone-no-certificate",
        pattern: "tls: client didn't provide a certificate",
        meaning: "a server refused a client that showed no certificate",
        direction: Direction::ServerRefusedClient,
        causes: &["cli-no-cert", "cfg-apiserver-etcd-client-missing"],
        check: "the client's certificate and key flags",
        example: "tls: client didn't provide a certificate",
        when: |said, _| said.reason == Reason::NoCertificate,
        ..ALONE
    },
    Row {
        id: "alone-certificate-required",
        pattern: "remote error: tls: certificate required",
        meaning: "a server refused us: we showed no certificate (only servers send this alert)",
        direction: Direction::ServerRefusedClient,
        causes: &["cli-no-cert", "cfg-apiserver-etcd-client-missing"],
        check: "the client's certificate and key flags",
        example: "remote error: tls: certificate required",
        when: |said, _| said.reason == Reason::Alert(Alert::CertificateRequired),
        ..ALONE
    },
    Row {
        id: "alone-internal-error",
        pattern: "remote error: tls: internal error",
        meaning: "the server at the other end cannot load its own certificate and key",
        direction: Direction::OtherCannotLoad,
        causes: &["pair-mismatch-live", "kc-kubelet-serving-missing"],
        check: "the server's files, now; its log says which",
        example: "remote error: tls: internal error",
        when: |said, _| said.reason == Reason::Alert(Alert::InternalError),
        ..ALONE
    },
    Row {
        id: "alone-server-refused-client",
        pattern: "(a client's log) … remote error: tls: ALERT",
        meaning: "the server refused the client's certificate; why, only the server's log says",
        direction: Direction::ServerRefusedClient,
        causes: &[
            "time-apiserver-etcd-client-expired",
            "cli-no-cert",
            "usage-client-serverauth-only",
            "chain-same-name-other-key",
        ],
        check: "the server's log",
        example: "Error: remote error: tls: bad certificate",
        when: |said, writer| {
            let client = matches!(writer, Writer::Etcdctl | Writer::Kubectl | Writer::Kubeadm | Writer::Curl);
            matches!(said.reason, Reason::Alert(_)) && (client || said.spot != Spot::Bare)
        },
        ..ALONE
    },
    Row {
        id: "alone-alert",
        pattern: "remote error: tls: ALERT",
        meaning: "the other side refused the writer's certificate; who is client and who is server, the line does not say",
        causes: &["san-server-missing-localhost", "chain-same-name-other-key", "time-apiserver-etcd-client-expired"],
        check: "the other side's log",
        example: "remote error: tls: bad certificate",
        when: |said, _| matches!(said.reason, Reason::Alert(_)),
        ..ALONE
    },
    Row {
        id: "alone-bad-record-mac",
        pattern: "local error: tls: bad record MAC",
        meaning: "an OpenSSL client under TLS 1.3 does not take this server's certificate; nothing is corrupt",
        direction: Direction::ClientRefusedServer,
        causes: &["cli-bad-record-mac"],
        check: "the process that owns the remote port, and its CA file",
        example: "local error: tls: bad record MAC",
        when: |said, _| said.reason == Reason::BadRecordMac,
        ..ALONE
    },
    Row {
        id: "alone-own-pair",
        pattern: "tls: private key does not match public key, tls: failed to find any PEM data …, …",
        meaning: "the program cannot load its own certificate and key, or a CA",
        direction: Direction::WriterCannotLoad,
        stage: Stage::Start,
        causes: &["pair-cert-key-mismatch", "pair-chain-order", "enc-no-pem"],
        check: "the files in its flags",
        example: "tls: private key does not match public key",
        when: |said, _| {
            matches!(
                said.reason,
                Reason::KeyMismatch
                    | Reason::NoPem { .. }
                    | Reason::Switched
                    | Reason::WrongLabel { .. }
                    | Reason::KeyUnparsable
                    | Reason::File { .. }
            )
        },
        ..ALONE
    },
    Row {
        id: "alone-own-pair-type",
        pattern: "tls: private key type does not match public key type",
        meaning: "the program cannot load its own certificate and key: they are of different algorithms",
        direction: Direction::WriterCannotLoad,
        stage: Stage::Start,
        causes: &["pair-type-mismatch"],
        check: "the algorithms of both",
        example: "tls: private key type does not match public key type",
        when: |said, _| said.reason == Reason::KeyTypeMismatch,
        ..ALONE
    },
    Row {
        id: "alone-plain-text",
        pattern: "tls: first record does not look like a TLS handshake, http: server gave HTTP response to HTTPS client",
        meaning: "one side speaks TLS, the other does not",
        direction: Direction::Nobody,
        causes: &["cfg-scheme-mismatch", "cfg-metrics-probe"],
        check: "port and scheme",
        example: r#"Get "https://127.0.0.1:2381/metrics": http: server gave HTTP response to HTTPS client"#,
        when: |said, _| matches!(said.reason, Reason::NotTls | Reason::HttpAnswer),
        ..ALONE
    },
    Row {
        id: "alone-versions",
        pattern: "tls: client offered only unsupported versions: […], tls: protocol version not supported",
        meaning: "client and server have no TLS version in common",
        causes: &["alg-tls-version"],
        check: "the versions of both",
        example: "tls: client offered only unsupported versions: [302 301]",
        when: |said, _| matches!(said.reason, Reason::Versions { .. }),
        ..ALONE
    },
    Row {
        id: "alone-cipher",
        pattern: "tls: no cipher suite supported by both client and server",
        meaning: "client and server have no cipher suite in common",
        direction: Direction::ServerRefusedClient,
        causes: &["alg-cipher"],
        check: "the server's cipher suites against the kind of its key",
        example: "tls: no cipher suite supported by both client and server; client offered: [c02c c030 9f]",
        when: |said, _| said.reason == Reason::Cipher,
        ..ALONE
    },
    Row {
        id: "alone-key-size",
        pattern: "tls: certificate RSA key size too small …, crypto/rsa: N-bit keys are insecure, … RSA key larger than 8192 bits",
        meaning: "an RSA key has a size that Go does not sign or verify with",
        causes: &["alg-rsa-small", "alg-rsa-large"],
        check: "the sizes of the RSA keys",
        example: "tls: failed to sign handshake: crypto/rsa: 768-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)",
        when: |said, _| matches!(said.reason, Reason::RsaSize { .. }),
        ..ALONE
    },
    Row {
        id: "alone-negative-serial",
        pattern: "x509: negative serial number",
        meaning: "a newer Go refuses the serial number of a certificate",
        causes: &["alg-negative-serial"],
        check: "the serial numbers of the certificates in use",
        example: "x509: negative serial number",
        when: |said, _| said.reason == Reason::NegativeSerial,
        ..ALONE
    },
    Row {
        id: "alone-malformed",
        pattern: "x509: malformed certificate, x509: certificate contains duplicate extension, …",
        meaning: "a certificate cannot be parsed by this Go",
        causes: &["enc-corrupt-der", "alg-strict-parse", "enc-ca-file-with-key"],
        check: "a strict DER parse of the certificates in use",
        example: "x509: malformed certificate",
        when: |said, _| matches!(said.reason, Reason::Malformed(_)),
        ..ALONE
    },
    Row {
        id: "alone-other",
        pattern: "tls: ERROR, x509: ERROR",
        meaning: "an error of TLS or X.509 that this table does not know",
        check: "the error itself",
        example: "x509: cannot parse dnsName \"x\"",
        ..ALONE
    },
];
