//! Servers of Kubernetes, and kubelet.

use super::{Direction, PLAIN, Row, Spot, Stage};
use crate::logs::event::{Port, Writer};
use crate::logs::reason::{Alert, Reason};
use crate::logs::sentence::Sentence;

const HANDSHAKE: Row = Row { spots: &[Spot::HttpServer], ..PLAIN };
/// Servers of Kubernetes take any client certificate in the handshake, and refuse it with HTTP 401.
const UNAUTHORIZED: Row =
    Row { spots: &[Spot::Authenticate], direction: Direction::ServerRefusedClient, stage: Stage::Http, ..PLAIN };
const TO_KUBELET: Row = Row { spots: &[Spot::Get], direction: Direction::ClientRefusedServer, ..PLAIN };
const KUBELET_SAYS: Row = Row { spots: &[Spot::Kubelet], ..PLAIN };

fn refuses_certificate(said: &Sentence) -> bool {
    match said.reason {
        Reason::Alert(alert) => {
            !matches!(alert, Alert::HandshakeFailure | Alert::ProtocolVersion | Alert::InternalError)
        }
        _ => said.reason == Reason::BadRecordMac,
    }
}

fn dialled_kubelet(said: &Sentence) -> bool {
    said.port == Port::Kubelet
}

pub(super) const SERVERS: &[Row] = &[
    Row {
        id: "apiserver-bad-certificate",
        pattern: "http: TLS handshake error from H:P: remote error: tls: bad certificate",
        meaning: "the client does not take this server's certificate; why, only its own log says",
        direction: Direction::ClientRefusedServer,
        causes: &[
            "kc-ca-data-mismatch",
            "san-lb-name",
            "kc-server-not-in-san",
            "op-ca-rotated-pods-stale",
            "mn-cluster-ca-differs",
        ],
        check: "the served certificate against the CA in that client's kubeconfig and the host in it; the remote address leads to the client",
        example: "I1123 03:20:38.081312    2959 log.go:245] http: TLS handshake error from 10.0.0.21:40312: remote error: tls: bad certificate",
        when: |said, writer| writer != Writer::Kubelet && refuses_certificate(said),
        ..HANDSHAKE
    },
    Row {
        id: "apiserver-probe",
        pattern: "http: TLS handshake error from H:P: EOF",
        meaning: "somebody opened the port and went away: a probe of a load balancer",
        direction: Direction::Nobody,
        stage: Stage::Connect,
        causes: &["srv-eof-noise"],
        check: "its rhythm and its source address",
        noise: true,
        example: "I1123 03:20:38.081312    2959 log.go:245] http: TLS handshake error from 10.0.0.99:31022: EOF",
        when: |said, _| matches!(said.reason, Reason::Eof | Reason::Reset | Reason::Timeout | Reason::Deadline),
        ..HANDSHAKE
    },
    Row {
        id: "apiserver-plain-text",
        pattern: "http: TLS handshake error from H:P: tls: first record does not look like a TLS handshake",
        meaning: "somebody speaks without TLS to a port that has it",
        direction: Direction::Nobody,
        causes: &["cfg-scheme-mismatch", "cli-wrong-scheme"],
        check: "who the remote address is, and the scheme in its URL",
        example: "I1123 03:20:38.081312    2959 log.go:245] http: TLS handshake error from 10.0.0.21:40314: tls: first record does not look like a TLS handshake",
        when: |said, _| said.reason == Reason::NotTls,
        ..HANDSHAKE
    },
    Row {
        id: "server-versions",
        pattern: "http: TLS handshake error from H:P: tls: client offered only unsupported versions: […], no cipher suite supported …",
        meaning: "client and server have no TLS version or cipher suite in common",
        direction: Direction::ServerRefusedClient,
        causes: &["alg-tls-version", "alg-cipher"],
        check: "versions and cipher suites of both",
        example: "I1123 03:20:38.081312    2959 log.go:245] http: TLS handshake error from 10.0.0.21:40316: tls: client offered only unsupported versions: [302 301]",
        when: |said, _| {
            matches!(said.reason, Reason::Versions { .. } | Reason::Cipher | Reason::Alert(Alert::ProtocolVersion))
        },
        ..HANDSHAKE
    },
    Row {
        id: "front-proxy-not-allowed",
        pattern: "x509: subject with cn=X is not in the allowed list: [Y]",
        meaning: "the server refused a client that its request-header CA signed: its name may not speak for others",
        causes: &["cfg-requestheader-names", "chain-frontproxy-same-ca", "chain-frontproxy-mismatch"],
        check: "the CN of the front-proxy client against the allowed names; an empty item in them is a quoting fault",
        example: r#"E1123 03:20:38.081312       1 authentication.go:63] "Unable to authenticate the request" err="x509: subject with cn=kubernetes-proxy is not in the allowed list: [system:auth-proxy]""#,
        when: |said, _| matches!(said.reason, Reason::NotAllowedSubject { .. }),
        ..UNAUTHORIZED
    },
    Row {
        id: "kubelet-refused",
        pattern: "(kubelet) Unable to authenticate the request … x509: …",
        meaning: "kubelet refused kube-apiserver's client certificate: logs and exec fail, everything else works",
        causes: &["cli-apiserver-kubelet-client"],
        check: "dates and CA of the certificate with that SN and AKID",
        example: r#"Nov 23 03:20:38 cp1 kubelet[2959]: E1123 03:20:38.081312    2959 authentication.go:63] "Unable to authenticate the request" err="verifying certificate SN=5251551755936624, SKID=45:E4:94, AKID=4F:13:3B failed: x509: certificate has expired or is not yet valid: current time 2026-11-23T03:20:38Z is after 2026-10-19T03:20:38Z""#,
        when: |said, writer| writer == Writer::Kubelet && said.reason != Reason::Token,
        ..UNAUTHORIZED
    },
    Row {
        id: "unauthorized-expired",
        pattern: "Unable to authenticate the request … x509: certificate has expired or is not yet valid: … is after B",
        meaning: "the server refused a client certificate (HTTP 401): it expired at B",
        causes: &["kc-client-cert-expired", "time-kubelet-client-expired", "time-ca-expired"],
        check: "the certificate with that SN and AKID, or whose notAfter is B",
        example: "E1123 04:24:37.864246   32592 authentication.go:53] Unable to authenticate the request due to an error: [x509: certificate has expired or is not yet valid: current time 2026-11-23T04:24:37Z is after 2026-10-19T04:22:58Z, verifying certificate SN=525155175593662413393500016823593453113723301255, SKID=45:E4:94:EF, AKID=4F:13:3B:E5 failed: x509: certificate has expired or is not yet valid: current time 2026-11-23T04:24:37Z is after 2026-10-19T04:22:58Z]",
        when: |said, _| matches!(said.reason, Reason::Expired { .. }),
        ..UNAUTHORIZED
    },
    Row {
        id: "unauthorized-not-yet-valid",
        pattern: "Unable to authenticate the request … is before B",
        meaning: "the server refused a client certificate (HTTP 401): it is valid from B only",
        causes: &["time-not-yet-valid"],
        check: "the clocks, and the certificate whose notBefore is B",
        example: "E0311 07:59:48.864246   32592 authentication.go:53] Unable to authenticate the request due to an error: x509: certificate has expired or is not yet valid: current time 2021-03-11T07:59:48Z is before 2021-03-11T08:09:21Z",
        when: |said, _| matches!(said.reason, Reason::NotYetValid { .. }),
        ..UNAUTHORIZED
    },
    Row {
        id: "extension-unknown-authority",
        pattern: "(extension server) Unable to authenticate the request … x509: certificate signed by unknown authority",
        meaning: "an extension server does not trust kube-apiserver's front-proxy client",
        causes: &["chain-frontproxy-mismatch", "mn-frontproxy-differs"],
        check: "the front-proxy client against the request-header CA, on every node and in the ConfigMap extension-apiserver-authentication",
        example: "[pod/metrics-server-0/metrics-server] E1123 03:20:38.081312       1 authentication.go:65] Unable to authenticate the request due to an error: x509: certificate signed by unknown authority",
        when: |said, writer| {
            writer == Writer::ExtensionServer && matches!(said.reason, Reason::UnknownAuthority { .. })
        },
        ..UNAUTHORIZED
    },
    Row {
        id: "unauthorized-unknown-authority",
        pattern: "Unable to authenticate the request … x509: certificate signed by unknown authority",
        meaning: "the server refused a client certificate (HTTP 401): its CA did not sign it",
        causes: &[
            "cfg-signer-mismatch",
            "mn-cluster-ca-differs",
            "kc-user-copy-stale",
            "op-ca-regenerated",
            "chain-frontproxy-mismatch",
        ],
        check: "the certificate with that SN and AKID against the client CA; the AKID names the CA that signed it",
        example: r#"E1123 03:20:38.081312   32592 authentication.go:63] "Unable to authenticate the request" err="[x509: certificate signed by unknown authority, verifying certificate SN=93834656353893487405, SKID=15:EC:4A:1C, AKID=15:EC:4A:1C failed: x509: certificate signed by unknown authority]""#,
        when: |said, _| matches!(said.reason, Reason::UnknownAuthority { .. }),
        ..UNAUTHORIZED
    },
    Row {
        id: "unauthorized-usage",
        pattern: "Unable to authenticate the request … x509: certificate specifies an incompatible key usage",
        meaning: "the server refused a client certificate (HTTP 401): it is not for clients",
        causes: &["usage-client-serverauth-only", "chain-ca-eku-limits"],
        check: "the extended key usages of the certificate with that SN",
        example: "E1123 04:24:37.889354   32592 authentication.go:53] Unable to authenticate the request due to an error: [x509: certificate signed by unknown authority, verifying certificate SN=525155175593662413393500016823593453113723301256, SKID=45:E4:94:EF, AKID=4F:13:3B:E5 failed: x509: certificate specifies an incompatible key usage]",
        when: |said, _| said.reason == Reason::IncompatibleUsage,
        ..UNAUTHORIZED
    },
    Row {
        id: "unauthorized-token-claims",
        pattern: "Unable to authenticate the request … Token has expired, token has been invalidated, Token is not valid yet",
        meaning: "the server refused a token whose signature it has verified: its time is over or has not come, or what it was made for is gone; no key is at fault",
        check: "whether that client takes up new tokens; the clocks",
        noise: true,
        example: "E1123 03:20:38.081312   32592 authentication.go:53] Unable to authenticate the request due to an error: [invalid bearer token, Token has expired]",
        when: |said, _| said.reason == Reason::TokenClaims,
        ..UNAUTHORIZED
    },
    Row {
        id: "unauthorized-token",
        pattern: "Unable to authenticate the request … invalid bearer token, square/go-jose: error in cryptographic primitive",
        meaning: "the server refused a token: none of its keys made the signature",
        causes: &["pair-sa-mismatch", "mn-sa-key-differs", "cfg-sa-flags"],
        check: "sa.pub against sa.key, on every node, by the paths in the flags",
        example: "E1123 03:20:38.081312   32592 authentication.go:53] Unable to authenticate the request due to an error: [invalid bearer token, square/go-jose: error in cryptographic primitive]",
        when: |said, _| said.reason == Reason::Token,
        ..UNAUTHORIZED
    },
    Row {
        id: "unauthorized-other",
        pattern: "Unable to authenticate the request … ERROR",
        meaning: "the server refused a client's credentials (HTTP 401); the text says why",
        causes: &["chain-critical-extension", "chain-pathlen", "chain-name-constraints"],
        check: "the certificate with that SN and AKID for what the text names",
        example: "E1123 03:20:38.081312   32592 authentication.go:53] Unable to authenticate the request due to an error: x509: unhandled critical extension",
        ..UNAUTHORIZED
    },
    Row {
        id: "kubelet-has-no-certificate",
        pattern: "Get \"https://H:10250/…\": remote error: tls: internal error",
        meaning: "the kubelet there has no usable serving certificate",
        direction: Direction::OtherCannotLoad,
        causes: &["kc-kubelet-serving-missing"],
        check: "serverTLSBootstrap, and requests for kubernetes.io/kubelet-serving that nobody approved",
        example: r#"Error from server: Get "https://10.0.0.21:10250/containerLogs/kube-system/coredns/coredns": remote error: tls: internal error"#,
        when: |said, _| dialled_kubelet(said) && matches!(said.reason, Reason::Alert(Alert::InternalError)),
        ..TO_KUBELET
    },
    Row {
        id: "kubelet-certificate-refused",
        pattern: "Get \"https://H:10250/…\": x509: cannot validate certificate for IP because it doesn't contain any IP SANs, … unknown authority",
        meaning: "kube-apiserver or metrics-server refused kubelet's serving certificate: it made that itself",
        causes: &["san-kubelet-serving"],
        check: "kubelet.crt or kubelet-server-current.pem on that node",
        example: r#"E1123 03:20:38.081312       1 scraper.go:140] "Failed to scrape node" err="Get \"https://10.240.0.23:10250/metrics/resource\": x509: cannot validate certificate for 10.240.0.23 because it doesn't contain any IP SANs" node="worker1""#,
        when: |said, _| {
            dialled_kubelet(said)
                && matches!(
                    said.reason,
                    Reason::Name { .. }
                        | Reason::NoIpSans { .. }
                        | Reason::NoNames { .. }
                        | Reason::UnknownAuthority { .. }
                        | Reason::LegacyCommonName
                        | Reason::Expired { .. }
                        | Reason::NotYetValid { .. }
                )
        },
        ..TO_KUBELET
    },
    Row {
        id: "kubelet-refused-us",
        pattern: "Get \"https://H:10250/…\": remote error: tls: ALERT",
        meaning: "the kubelet there refused the client's certificate",
        direction: Direction::ServerRefusedClient,
        causes: &["cli-apiserver-kubelet-client"],
        check: "dates and CA of apiserver-kubelet-client.crt",
        example: r#"Error from server: Get "https://10.0.0.21:10250/containerLogs/kube-system/coredns/coredns": remote error: tls: bad certificate"#,
        when: |said, _| dialled_kubelet(said) && matches!(said.reason, Reason::Alert(_)),
        ..TO_KUBELET
    },
    Row {
        id: "kubelet-client-group",
        pattern: "Forbidden (user=kube-apiserver-kubelet-client, verb=get, resource=nodes, subresource=proxy)",
        meaning: "kubelet knows kube-apiserver, but does not let it: the group in its client certificate is not the right one",
        direction: Direction::ServerRefusedClient,
        stage: Stage::Http,
        causes: &["usage-apiserver-kubelet-client-group"],
        check: "O in the subject of apiserver-kubelet-client.crt",
        example: "Error from server (Forbidden): Forbidden (user=kube-apiserver-kubelet-client, verb=get, resource=nodes, subresource=proxy)",
        spots: &[Spot::Authorize],
        when: |said, _| matches!(&said.reason, Reason::Forbidden { user } if user == "kube-apiserver-kubelet-client"),
        ..PLAIN
    },
    Row {
        id: "node-identity",
        pattern: "nodes \"NEW\" is forbidden: User \"system:node:OLD\" cannot …",
        meaning: "kubelet's client certificate is of another node",
        direction: Direction::ServerRefusedClient,
        stage: Stage::Http,
        causes: &["usage-node-identity"],
        check: "CN of kubelet's client certificate against the node's name",
        example: r#"E1123 03:20:38.081312    2959 kubelet_node_status.go:92] "Unable to register node with API server" err="nodes \"cp2\" is forbidden: node \"cp1\" is not allowed to modify node \"cp2\": nodes \"cp2\" is forbidden: User \"system:node:cp1\" cannot get resource \"nodes\"" node="cp2""#,
        spots: &[Spot::Authorize],
        when: |said, _| matches!(&said.reason, Reason::Forbidden { user } if user.starts_with("system:node:")),
        ..PLAIN
    },
    Row {
        id: "front-proxy-user",
        pattern: "X is forbidden: User \"kube-apiserver\" cannot …",
        meaning: "an extension server takes kube-apiserver itself for the user: the front-proxy CA is the cluster's CA",
        direction: Direction::ServerRefusedClient,
        stage: Stage::Http,
        causes: &["chain-frontproxy-same-ca"],
        check: "the request-header CA against the client CA",
        example: r#"Error from server (Forbidden): pods.metrics.k8s.io is forbidden: User "kube-apiserver" cannot list resource "pods" in API group "metrics.k8s.io" at the cluster scope"#,
        spots: &[Spot::Authorize],
        ..PLAIN
    },
    Row {
        id: "signing-file",
        pattern: "failed to start certificate controller: error parsing CA cert file \"P\": …",
        meaning: "kube-controller-manager does not sign: its signing file holds more than one certificate",
        direction: Direction::WriterCannotLoad,
        stage: Stage::Start,
        causes: &["chain-ca-bundle-first"],
        check: "how many certificates that file holds, and which is the first",
        example: r#"F1123 03:20:38.081312       1 controllermanager.go:232] error starting controllers: failed to start certificate controller: error parsing CA cert file "/etc/kubernetes/pki/ca.crt": {"code":1003,"message":"the PEM file should contain only one object"}"#,
        spots: &[Spot::Signer],
        ..PLAIN
    },
];

pub(super) const KUBELET: &[Row] = &[
    Row {
        id: "kubelet-no-serving-certificate",
        pattern: "http: TLS handshake error from H:P: no serving certificate available for the kubelet, no certificate available",
        meaning: "kubelet has no serving certificate yet: nobody approved its request",
        direction: Direction::WriterCannotLoad,
        causes: &["kc-kubelet-serving-missing"],
        check: "serverTLSBootstrap, kubelet-server-current.pem, and pending signing requests",
        example: "I1123 03:20:38.081312    2959 log.go:245] http: TLS handshake error from 10.0.0.11:40318: no serving certificate available for the kubelet",
        when: |said, _| said.reason == Reason::NoServingCertificate,
        ..HANDSHAKE
    },
    Row {
        id: "kubelet-bad-certificate",
        pattern: "(kubelet) http: TLS handshake error from H:P: remote error: tls: bad certificate",
        meaning: "kube-apiserver or metrics-server does not take kubelet's serving certificate",
        direction: Direction::ClientRefusedServer,
        causes: &["san-kubelet-serving"],
        check: "kubelet's serving certificate against what that client trusts",
        example: "Nov 23 03:20:38 cp1 kubelet[2959]: I1123 03:20:38.081312    2959 log.go:245] http: TLS handshake error from 10.0.0.11:40320: remote error: tls: bad certificate",
        when: |said, writer| writer == Writer::Kubelet && refuses_certificate(said),
        ..HANDSHAKE
    },
    Row {
        id: "server-handshake-other",
        pattern: "http: TLS handshake error from H:P: ERROR",
        meaning: "a handshake failed with an error that this table does not know",
        check: "the error itself",
        example: "I1123 03:20:38.081312    2959 log.go:245] http: TLS handshake error from 10.0.0.21:40322: tls: unsupported SSLv2 handshake received",
        ..HANDSHAKE
    },
    Row {
        id: "kubelet-client-expired",
        pattern: "part of the existing bootstrap client certificate in /etc/kubernetes/kubelet.conf is expired: T",
        meaning: "kubelet's client certificate expired, and kubelet wants to join anew",
        direction: Direction::WriterCannotLoad,
        stage: Stage::Start,
        causes: &["time-kubelet-client-expired", "kc-kubelet-conf-embedded"],
        check: "the dates in kubelet-client-current.pem, and whether kubelet.conf points there",
        example: "E1123 03:20:38.081312    2959 bootstrap.go:265] part of the existing bootstrap client certificate in /etc/kubernetes/kubelet.conf is expired: 2026-10-19 02:46:13 +0000 UTC",
        when: |said, _| matches!(said.reason, Reason::ClientExpired { .. }),
        ..KUBELET_SAYS
    },
    Row {
        id: "kubelet-no-bootstrap",
        pattern: "unable to load bootstrap kubeconfig: stat /etc/kubernetes/bootstrap-kubelet.conf: no such file or directory",
        meaning: "kubelet wants to join anew, since its client certificate is expired, absent or unreadable; the missing file is not the fault",
        direction: Direction::WriterCannotLoad,
        stage: Stage::Start,
        causes: &["time-kubelet-client-expired", "kc-kubelet-current-broken", "kc-kubelet-conf-embedded"],
        check: "kubelet-client-current.pem: its target, certificate and key in it, its dates",
        example: "F1123 03:20:38.081312    2959 server.go:273] failed to run Kubelet: unable to load bootstrap kubeconfig: stat /etc/kubernetes/bootstrap-kubelet.conf: no such file or directory",
        when: |said, _| said.reason == Reason::NoBootstrap,
        ..KUBELET_SAYS
    },
    Row {
        id: "client-ca-file",
        pattern: "unable to load client CA file \"P\": open P: no such file or directory",
        meaning: "the server does not start: the file with the CA of its clients is missing or holds none",
        direction: Direction::WriterCannotLoad,
        stage: Stage::Start,
        causes: &["file-missing", "enc-no-pem", "file-zero-bytes"],
        check: "the path in its flags or configuration",
        example: "F1123 03:20:38.081312    2959 server.go:273] failed to run Kubelet: unable to load client CA file /etc/kubernetes/pki/ca.crt: open /etc/kubernetes/pki/ca.crt: no such file or directory",
        spots: &[Spot::ClientCa],
        ..PLAIN
    },
    Row {
        id: "kubelet-not-signed",
        pattern: "Certificate request was not signed: timed out waiting for the condition",
        meaning: "nobody approved or signed kubelet's request",
        direction: Direction::Nobody,
        stage: Stage::Http,
        causes: &["cfg-signer-mismatch"],
        check: "pending signing requests, and the signing files of kube-controller-manager",
        example: "E1123 03:20:38.081312    2959 certificate_manager.go:454] Certificate request was not signed: timed out waiting for the condition",
        when: |said, _| said.reason == Reason::NotSigned,
        ..KUBELET_SAYS
    },
    Row {
        id: "kubelet-cannot-register",
        pattern: "Unable to register node … x509: certificate signed by unknown authority",
        meaning: "kubelet refused kube-apiserver: the CA in its kubeconfig did not sign the server's certificate",
        direction: Direction::ClientRefusedServer,
        causes: &["kc-ca-data-mismatch", "mn-cluster-ca-differs", "op-ca-regenerated"],
        check: "apiserver.crt against the CA in kubelet.conf",
        example: r#"E1123 03:20:38.081312    2959 kubelet_node_status.go:92] Unable to register node "cp1" with API server: Post https://10.0.0.11:6443/api/v1/nodes: x509: certificate signed by unknown authority"#,
        when: |said, _| matches!(said.reason, Reason::UnknownAuthority { .. }),
        ..KUBELET_SAYS
    },
    Row {
        id: "kubelet-no-pem",
        pattern: "crypto/tls: failed to parse certificate PEM data",
        meaning: "kubelet cannot load its certificate: there is no PEM in the file",
        direction: Direction::WriterCannotLoad,
        stage: Stage::Start,
        causes: &["enc-no-pem", "file-zero-bytes", "kc-kubelet-current-broken"],
        check: "the size and the first bytes of kubelet's files",
        example: "E1123 03:20:38.081312    2959 server.go:312] crypto/tls: failed to parse certificate PEM data",
        when: |said, _| matches!(said.reason, Reason::NoPem { .. } | Reason::KeyUnparsable),
        ..KUBELET_SAYS
    },
    Row {
        id: "kubelet-probe-refused",
        pattern: "Liveness probe failed … :2381 … connection refused",
        meaning: "etcd is down",
        direction: Direction::Nobody,
        stage: Stage::Connect,
        causes: &["srv-not-pki"],
        check: "etcd's own log",
        example: r#"I1123 03:20:38.081312    2959 prober.go:107] "Probe failed" probeType="Liveness" pod="kube-system/etcd-cp1" podUID=0a1b containerName="etcd" probeResult="failure" output="Liveness probe failed: Get \"http://127.0.0.1:2381/health\": dial tcp 127.0.0.1:2381: connect: connection refused""#,
        when: |said, _| matches!(said.reason, Reason::Refused | Reason::Unreachable),
        ..KUBELET_SAYS
    },
    Row {
        id: "kubelet-probe-failed",
        pattern: "Liveness probe failed … etcdctl … ERROR",
        meaning: "the probe of etcd does not get through with its certificate, or at this port",
        direction: Direction::Unknown,
        causes: &["time-healthcheck-client-expired", "cfg-metrics-probe"],
        check: "the probe in etcd's manifest, and the dates of etcd/healthcheck-client.crt",
        example: "Warning  Unhealthy  10s (x3 over 30s)  kubelet  Liveness probe failed: https://127.0.0.1:2379 is unhealthy: failed to connect: remote error: tls: expired certificate",
        ..KUBELET_SAYS
    },
];
