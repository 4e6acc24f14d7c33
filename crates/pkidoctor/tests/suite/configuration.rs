//! Flags, manifests, probes and kubeconfigs.

use pkidoctor::report::Report;

use crate::support::Patient;

const ETCD: &str = "../manifests/etcd.yaml";
const APISERVER: &str = "../manifests/kube-apiserver.yaml";
const MANAGER: &str = "../manifests/kube-controller-manager.yaml";

fn single() -> Patient {
    Patient::real("stacked-single")
}

/// `warning code /etc/kubernetes/manifests/etcd.yaml:--flag`
fn of_etcd(severity_and_code: &str, flag: &str) -> String {
    format!("{severity_and_code} /etc/kubernetes/manifests/etcd.yaml:--{flag}")
}

fn of_apiserver(severity_and_code: &str, flag: &str) -> String {
    format!("{severity_and_code} /etc/kubernetes/manifests/kube-apiserver.yaml:--{flag}")
}

#[track_caller]
fn expect(patient: &Patient, expected: &[String]) -> Report {
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    patient.expect(&expected)
}

/// A flag of etcd with another value.
fn etcd_with(from: &str, to: &str) -> Patient {
    let patient = single();
    patient.edit(ETCD, from, to);
    patient
}

/// Adds a line after the one of a flag.
fn add(patient: &Patient, manifest: &str, line: &str) {
    let program = if manifest == ETCD {
        "    - etcd\n"
    } else if manifest == APISERVER {
        "    - kube-apiserver\n"
    } else {
        "    - kube-controller-manager\n"
    };
    patient.edit(manifest, program, &format!("{program}    - {line}\n"));
}

fn has_link(report: &Report, id: &str) -> bool {
    report.nodes.iter().flat_map(|node| &node.links).any(|link| link.id == id)
}

// ---- client authentication

#[test]
fn client_cert_auth_false_beside_a_trusted_ca_changes_nothing() {
    let patient = etcd_with("    - --client-cert-auth=true", "    - --client-cert-auth=false");
    expect(&patient, &[of_etcd("warning client-cert-auth-noop", "client-cert-auth")]);
    let patient = etcd_with("peer-client-cert-auth=true", "peer-client-cert-auth=false");
    expect(&patient, &[of_etcd("warning client-cert-auth-noop", "peer-client-cert-auth")]);
}

#[test]
fn client_cert_auth_left_away_is_in_order() {
    etcd_with("    - --client-cert-auth=true\n", "").expect(&[]);
}

#[test]
fn etcd_without_a_ca_and_without_the_demand_is_open() {
    let patient = etcd_with("    - --client-cert-auth=true\n", "");
    patient.edit(ETCD, "    - --trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt\n", "");
    let report = expect(&patient, &[of_etcd("error client-auth-off", "client-cert-auth")]);
    assert!(
        !has_link(&report, "etcd-gateway->etcd"),
        "nobody is asked for a certificate, so the gateway proves nothing"
    );
}

#[test]
fn an_open_peer_port_is_an_error_too() {
    let patient = etcd_with("    - --peer-client-cert-auth=true\n", "");
    patient.edit(ETCD, "    - --peer-trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt\n", "");
    // the peers then look for each other's CA among the system's roots
    expect(
        &patient,
        &[
            of_etcd("error client-auth-off", "peer-client-cert-auth"),
            of_etcd("warning system-roots", "peer-trusted-ca-file"),
        ],
    );
}

#[test]
fn auto_tls_drops_the_demand_for_certificates() {
    let patient = etcd_with("    - --cert-file=/etc/kubernetes/pki/etcd/server.crt\n", "    - --auto-tls=true\n");
    patient.edit(ETCD, "    - --key-file=/etc/kubernetes/pki/etcd/server.key\n", "");
    let report = patient.scan();
    let codes: Vec<String> = report.findings.iter().map(crate::support::line).collect();
    assert!(codes.contains(&of_etcd("error auto-tls-drops-auth", "auto-tls")), "{codes:?}");
    assert!(!codes.iter().any(|line| line.contains("client-auth-off")), "{codes:?}");
}

#[test]
fn auto_tls_beside_files_is_ignored() {
    let patient = single();
    add(&patient, ETCD, "--auto-tls=true");
    expect(&patient, &[of_etcd("info auto-tls-ignored", "auto-tls")]);
}

// ---- schemes

#[test]
fn http_on_both_sides_is_absent_and_told() {
    let patient = etcd_with(
        "--listen-client-urls=https://127.0.0.1:2379,https://192.168.6.11:2379",
        "--listen-client-urls=http://127.0.0.1:2379,http://192.168.6.11:2379",
    );
    patient.edit(ETCD, "--advertise-client-urls=https", "--advertise-client-urls=http");
    patient.edit(APISERVER, "--etcd-servers=https", "--etcd-servers=http");
    let report = expect(&patient, &[of_etcd("error http-listener", "listen-client-urls")]);
    for id in ["kube-apiserver->etcd", "kubeadm->etcd", "etcd-gateway->etcd"] {
        assert!(!has_link(&report, id), "{id}");
    }
}

#[test]
fn a_plain_listener_on_loopback_is_worth_an_info() {
    let patient = etcd_with(
        "--listen-client-urls=https://127.0.0.1:2379",
        "--listen-client-urls=http://127.0.0.1:2378,https://127.0.0.1:2379",
    );
    expect(&patient, &[of_etcd("info http-listener", "listen-client-urls")]);
}

#[test]
fn the_metrics_listener_is_left_out() {
    etcd_with(
        "--listen-metrics-urls=http://127.0.0.1:2381",
        "--listen-metrics-urls=http://127.0.0.1:2381,http://192.168.6.11:2381",
    )
    .expect(&[]);
}

#[test]
fn a_plain_listener_that_clients_dial_by_tls_is_one_story() {
    let patient = etcd_with(
        "--listen-client-urls=https://127.0.0.1:2379,https://192.168.6.11:2379",
        "--listen-client-urls=http://127.0.0.1:2379,http://192.168.6.11:2379",
    );
    let report = expect(&patient, &[of_etcd("error scheme-mismatch", "listen-client-urls")]);
    assert_eq!(report.findings[0].links, ["kube-apiserver->etcd", "kubeadm->etcd"]);
}

#[test]
fn the_plain_side_is_guilty() {
    let patient = single();
    patient.edit(APISERVER, "--etcd-servers=https", "--etcd-servers=http");
    expect(&patient, &[of_apiserver("error scheme-mismatch", "etcd-servers")]);
    let patient = etcd_with("--advertise-client-urls=https", "--advertise-client-urls=http");
    expect(&patient, &[of_etcd("error scheme-mismatch", "advertise-client-urls")]);
    let patient = single();
    patient.edit("../scheduler.conf", "server: https", "server: http");
    patient.expect(&["error scheme-mismatch /etc/kubernetes/scheduler.conf"]);
}

#[test]
fn peers_half_converted() {
    // one member: the peer link sleeps
    let patient = etcd_with("--initial-advertise-peer-urls=https", "--initial-advertise-peer-urls=http");
    expect(&patient, &[of_etcd("warning scheme-mismatch", "initial-advertise-peer-urls")]);
    let patient = etcd_with("--listen-peer-urls=https", "--listen-peer-urls=http");
    expect(&patient, &[of_etcd("warning scheme-mismatch", "listen-peer-urls")]);
    let patient = etcd_with("--listen-peer-urls=https", "--listen-peer-urls=http");
    patient.edit(ETCD, "--initial-advertise-peer-urls=https", "--initial-advertise-peer-urls=http");
    let report = expect(
        &patient,
        &[
            of_etcd("warning http-listener", "listen-peer-urls"),
            of_etcd("warning peer-scheme-mixed", "initial-cluster"),
        ],
    );
    assert!(!has_link(&report, "etcd-peer->etcd-peer"));
}

#[test]
fn plain_text_to_an_etcd_elsewhere() {
    let patient = Patient::real("external-etcd");
    patient.edit(APISERVER, "--etcd-servers=https://10.0.0.21:2379", "--etcd-servers=http://10.0.0.21:2379");
    expect(&patient, &[of_apiserver("warning plaintext-etcd", "etcd-servers")]);
}

// ---- external etcd

#[test]
fn external_etcd_leaves_one_link_per_host() {
    let report = Patient::real("external-etcd").expect(&[]);
    for id in ["kubeadm->etcd", "etcd-gateway->etcd", "etcd-peer->etcd-peer"] {
        assert!(!has_link(&report, id), "{id}");
    }
    let links: Vec<_> = report.nodes[0]
        .links
        .iter()
        .filter(|link| link.id == "kube-apiserver->etcd")
        .map(|link| (link.name.as_deref(), link.verdict))
        .collect();
    assert_eq!(links, [(Some("10.0.0.21"), "unknown"), (Some("10.0.0.22"), "unknown"), (Some("10.0.0.23"), "unknown")]);
}

#[test]
fn external_etcd_with_a_bad_client_half_is_broken() {
    let patient = Patient::real("external-etcd");
    patient.copy("apiserver-kubelet-client.key", "apiserver-etcd-client.key");
    let report = patient.scan();
    assert!(
        report.nodes[0]
            .links
            .iter()
            .filter(|link| link.id == "kube-apiserver->etcd")
            .all(|link| link.verdict == "broken")
    );
    let expired = Patient::real("external-etcd").at(time::macros::datetime!(2028-01-01 00:00 UTC)).scan();
    assert!(
        expired.nodes[0]
            .links
            .iter()
            .filter(|link| link.id == "kube-apiserver->etcd")
            .all(|link| link.verdict == "broken")
    );
}

// ---- flags in pairs

#[test]
fn half_a_pair_of_flags() {
    let patient = single();
    patient.edit(APISERVER, "    - --etcd-keyfile=/etc/kubernetes/pki/apiserver-etcd-client.key\n", "");
    let report = expect(&patient, &[of_apiserver("error partial-flags", "etcd-keyfile")]);
    assert_eq!(
        report.findings[0].remedy.steps,
        [
            "add --etcd-keyfile=/etc/kubernetes/pki/apiserver-etcd-client.key to /etc/kubernetes/manifests/kube-apiserver.yaml"
        ]
    );
    let patient = etcd_with("    - --peer-key-file=/etc/kubernetes/pki/etcd/peer.key\n", "");
    expect(&patient, &[of_etcd("error partial-flags", "peer-key-file")]);
}

#[test]
fn https_without_any_certificate() {
    let patient = etcd_with("    - --cert-file=/etc/kubernetes/pki/etcd/server.crt\n", "");
    patient.edit(ETCD, "    - --key-file=/etc/kubernetes/pki/etcd/server.key\n", "");
    let report = expect(&patient, &[of_etcd("error partial-flags", "cert-file")]);
    assert_eq!(report.findings[0].remedy.steps.len(), 2);
}

#[test]
fn an_api_server_without_an_etcd_client_pair() {
    let patient = single();
    patient.edit(APISERVER, "    - --etcd-keyfile=/etc/kubernetes/pki/apiserver-etcd-client.key\n", "");
    patient.edit(APISERVER, "    - --etcd-certfile=/etc/kubernetes/pki/apiserver-etcd-client.crt\n", "");
    expect(&patient, &[of_apiserver("error client-certificate-missing", "etcd-certfile")]);
}

/// Whether an etcd that nobody has looked at demands a certificate is not known: a warning, and no verdict.
#[test]
fn an_api_server_without_a_pair_for_an_etcd_elsewhere() {
    let patient = Patient::real("external-etcd");
    patient.edit(APISERVER, "    - --etcd-keyfile=/etc/kubernetes/pki/apiserver-etcd-client.key\n", "");
    patient.edit(APISERVER, "    - --etcd-certfile=/etc/kubernetes/pki/apiserver-etcd-client.crt\n", "");
    let report = expect(&patient, &[of_apiserver("warning client-certificate-missing", "etcd-certfile")]);
    let links: Vec<_> = report.nodes[0].links.iter().filter(|link| link.id == "kube-apiserver->etcd").collect();
    assert_eq!(links.len(), 3);
    assert!(links.iter().all(|link| link.verdict == "unknown" && link.findings == [0]), "{links:?}");
}

// ---- probes

#[test]
fn probes_that_cannot_succeed() {
    for (from, to) in [
        ("        port: 2381\n        scheme: HTTP\n", "        port: 2379\n        scheme: HTTPS\n"),
        ("        port: 2381\n        scheme: HTTP\n", "        port: 2381\n        scheme: HTTPS\n"),
        ("        port: 2381\n        scheme: HTTP\n", "        port: 2379\n        scheme: HTTP\n"),
        ("        port: 2381\n", "        port: 2382\n"),
        (
            "        host: 127.0.0.1\n        path: /health\n        port: 2381\n",
            "        path: /health\n        port: 2381\n",
        ),
        ("        path: /health\n", "        path: /healthy/../nothing\n"),
    ] {
        let patient = etcd_with(from, to);
        if to.contains("/healthy") {
            // an unknown path that only starts like a known one is let through
            patient.expect(&[]);
        } else {
            patient.expect(&["warning probe-mismatch /etc/kubernetes/manifests/etcd.yaml"]);
        }
    }
    etcd_with("        path: /health\n", "        path: /\n")
        .expect(&["warning probe-mismatch /etc/kubernetes/manifests/etcd.yaml"]);
}

#[test]
fn probes_of_other_components() {
    let patient = single();
    patient.edit(APISERVER, "        scheme: HTTPS\n", "        scheme: HTTP\n");
    patient.expect(&["warning probe-mismatch /etc/kubernetes/manifests/kube-apiserver.yaml"]);
    let patient = single();
    patient.edit(MANAGER, "        port: 10257\n", "        port: 10252\n");
    patient.expect(&["warning probe-mismatch /etc/kubernetes/manifests/kube-controller-manager.yaml"]);
}

#[test]
fn probes_that_fit() {
    etcd_with("path: /health\n", "path: /livez?exclude=NOSPACE\n").expect(&[]);
    let patient = etcd_with("--listen-metrics-urls=http://127.0.0.1:2381", "--listen-metrics-urls=http://0.0.0.0:2381");
    patient.edit(ETCD, "        host: 127.0.0.1\n", "");
    patient.expect(&[]);
}

const HTTP_PROBE: &str =
    "      httpGet:\n        host: 127.0.0.1\n        path: /health\n        port: 2381\n        scheme: HTTP\n";

#[test]
fn probes_that_run_etcdctl() {
    let script = |rest: &str| {
        format!(
            "      exec:\n        command:\n        - /bin/sh\n        - -ec\n        - ETCDCTL_API=3 etcdctl --endpoints=https://[127.0.0.1]:2379 {rest} get foo\n"
        )
    };
    let files = "--cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/healthcheck-client.crt --key=/etc/kubernetes/pki/etcd/healthcheck-client.key";
    etcd_with(HTTP_PROBE, &script(files)).expect(&[]);
    let without_key = files.split(" --key").next().expect("a start");
    for rest in [
        "",
        without_key,
        &files.replace("pki/etcd/ca.crt", "pki/ca.crt"),
        &files.replace("healthcheck-client.key", "gone.key").replace("etcd/gone", "gone"),
    ] {
        etcd_with(HTTP_PROBE, &script(rest)).expect(&["warning probe-mismatch /etc/kubernetes/manifests/etcd.yaml"]);
    }
}

// ---- request headers, signers, roles

#[test]
fn an_empty_name_in_the_list() {
    let patient = single();
    patient.edit(
        APISERVER,
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-allowed-names=front-proxy-client,",
    );
    expect(&patient, &[of_apiserver("warning empty-allowed-name", "requestheader-allowed-names")]);
}

#[test]
fn a_list_of_nothing_but_an_empty_name_refuses_the_proxy() {
    let patient = single();
    patient.edit(
        APISERVER,
        "- --requestheader-allowed-names=front-proxy-client",
        "- '--requestheader-allowed-names=\"\"'",
    );
    let report = patient.scan();
    let link = report.nodes[0]
        .links
        .iter()
        .find(|link| link.id == "front-proxy-client->extension-apiserver")
        .expect("the link");
    assert_eq!((link.verdict, link.stage), ("broken", Some("http")));
    assert_eq!(
        link.server_error.as_deref(),
        Some("x509: subject with cn=front-proxy-client is not in the allowed list: []")
    );
    assert!(!report.findings.iter().any(|finding| finding.code == "empty-allowed-name"));
    crate::support::explained(&report);
}

#[test]
fn no_list_allows_any_name() {
    for to in ["", "    - --requestheader-allowed-names=\n"] {
        let patient = single();
        patient.edit(APISERVER, "    - --requestheader-allowed-names=front-proxy-client\n", to);
        patient.expect(&[]);
    }
}

#[test]
fn kubelets_signed_by_a_ca_that_is_not_trusted() {
    let patient = single();
    patient.edit(
        MANAGER,
        "--cluster-signing-cert-file=/etc/kubernetes/pki/ca.crt",
        "--cluster-signing-cert-file=/etc/kubernetes/pki/front-proxy-ca.crt",
    );
    patient.edit(
        MANAGER,
        "--cluster-signing-key-file=/etc/kubernetes/pki/ca.key",
        "--cluster-signing-key-file=/etc/kubernetes/pki/front-proxy-ca.key",
    );
    patient.expect(&[
        "error signer-mismatch /etc/kubernetes/manifests/kube-controller-manager.yaml:--cluster-signing-cert-file",
    ]);
}

#[test]
fn a_wrong_client_ca_is_not_the_signers_fault() {
    let patient = single();
    patient.edit(
        APISERVER,
        "--client-ca-file=/etc/kubernetes/pki/ca.crt",
        "--client-ca-file=/etc/kubernetes/pki/front-proxy-ca.crt",
    );
    let report = patient.scan();
    assert!(report.findings.iter().any(|finding| finding.severity == "error"));
    assert!(report.findings.iter().all(|finding| finding.code != "signer-mismatch"));
}

#[test]
fn a_file_of_another_role_that_works() {
    let patient = etcd_with(
        "--peer-cert-file=/etc/kubernetes/pki/etcd/peer.crt",
        "--peer-cert-file=/etc/kubernetes/pki/etcd/server.crt",
    );
    patient.edit(
        ETCD,
        "--peer-key-file=/etc/kubernetes/pki/etcd/peer.key",
        "--peer-key-file=/etc/kubernetes/pki/etcd/server.key",
    );
    expect(&patient, &[of_etcd("info wrong-role-file", "peer-cert-file")]);
}

// ---- members and addresses

#[test]
fn a_list_of_members_that_contradicts() {
    for (from, to) in [
        ("--initial-cluster=pi-master1=", "--initial-cluster=master1="),
        (
            "--initial-cluster=pi-master1=https://192.168.6.11:2380",
            "--initial-cluster=pi-master1=https://192.168.6.12:2380",
        ),
        (
            "--initial-cluster=pi-master1=https://192.168.6.11:2380",
            "--initial-cluster=pi-master1=https://192.168.6.11:2380,b=https://192.168.6.11:2380",
        ),
    ] {
        let patient = etcd_with(from, to);
        let report = patient.scan();
        let lines: Vec<String> = report.findings.iter().map(crate::support::line).collect();
        assert_eq!(lines, [of_etcd("warning initial-cluster-odd", "initial-cluster")], "{to}");
    }
    // a second member makes the peer link vital, and it is whole
    etcd_with(
        "--initial-cluster=pi-master1=https://192.168.6.11:2380",
        "--initial-cluster=pi-master1=https://192.168.6.11:2380,b=https://192.168.6.12:2380",
    )
    .expect(&[]);
}

#[test]
fn one_name_with_two_hosts() {
    let patient = etcd_with(
        "--initial-cluster=pi-master1=https://192.168.6.11:2380",
        "--initial-cluster=pi-master1=https://192.168.6.11:2380,b=https://192.168.6.12:2380,b=https://192.168.6.13:2380",
    );
    expect(&patient, &[of_etcd("warning initial-cluster-odd", "initial-cluster")]);
}

#[test]
fn advertised_where_nobody_listens() {
    let patient =
        etcd_with("--listen-peer-urls=https://192.168.6.11:2380", "--listen-peer-urls=https://192.168.6.12:2380");
    expect(&patient, &[of_etcd("warning advertise-unreachable", "initial-advertise-peer-urls")]);
    let patient = etcd_with(",https://192.168.6.11:2379", "");
    expect(&patient, &[of_etcd("warning advertise-unreachable", "advertise-client-urls")]);
    etcd_with("--listen-peer-urls=https://192.168.6.11:2380", "--listen-peer-urls=https://0.0.0.0:2380").expect(&[]);
    etcd_with("--listen-peer-urls=https://192.168.6.11:2380", "--listen-peer-urls=https://[::]:2380").expect(&[]);
}

#[test]
fn etcd_on_loopback_only() {
    let loopback = || {
        let patient = etcd_with(",https://192.168.6.11:2379", "");
        patient.edit(
            ETCD,
            "--advertise-client-urls=https://192.168.6.11:2379",
            "--advertise-client-urls=https://127.0.0.1:2379",
        );
        patient
    };
    expect(&loopback(), &[of_etcd("info etcd-loopback-only", "listen-client-urls")]);
    let patient = loopback();
    patient.edit(
        ETCD,
        "--initial-cluster=pi-master1=https://192.168.6.11:2380",
        "--initial-cluster=pi-master1=https://192.168.6.11:2380,b=https://192.168.6.12:2380",
    );
    expect(&patient, &[of_etcd("warning etcd-loopback-only", "listen-client-urls")]);
}

#[test]
fn switches_that_hide() {
    let patient = single();
    add(&patient, ETCD, "--experimental-peer-skip-client-san-verification=true");
    expect(&patient, &[of_etcd("warning peer-san-check-skipped", "experimental-peer-skip-client-san-verification")]);
    let patient = single();
    add(&patient, ETCD, "--listen-client-http-urls=https://127.0.0.1:2382");
    expect(&patient, &[of_etcd("info split-listener", "listen-client-http-urls")]);
}

// ---- environment, repetition, URLs

fn environment(patient: &Patient, manifest: &str, lines: &[(&str, &str)]) {
    let variables = lines
        .iter()
        .map(|(name, value)| format!("    - name: {name}\n      value: {value:?}\n"))
        .collect::<Vec<_>>()
        .concat();
    patient.edit(
        manifest,
        "    imagePullPolicy: IfNotPresent\n",
        &format!("    imagePullPolicy: IfNotPresent\n    env:\n{variables}"),
    );
}

#[test]
fn a_proxy_between_api_server_and_etcd() {
    for (exempt, silent) in [
        (None, false),
        (Some("10.96.0.0/12,.svc"), false),
        (Some("10.0.0.21,10.0.0.22"), false),
        (Some("10.0.0.0/24"), true),
        (Some("10.0.0.21,10.0.0.22:2379, 10.0.0.23"), true),
        (Some("*"), true),
    ] {
        let patient = Patient::real("external-etcd");
        let mut variables = vec![("HTTPS_PROXY", "http://proxy:3128")];
        variables.extend(exempt.map(|value| ("NO_PROXY", value)));
        environment(&patient, APISERVER, &variables);
        let expected: &[&str] =
            if silent { &[] } else { &["warning proxy-environment /etc/kubernetes/manifests/kube-apiserver.yaml"] };
        patient.expect(expected);
    }
    // loopback never goes through a proxy
    let patient = single();
    environment(&patient, APISERVER, &[("HTTPS_PROXY", "http://proxy:3128")]);
    patient.expect(&[]);
    let patient = single();
    environment(&patient, MANAGER, &[("https_proxy", "http://proxy:3128")]);
    patient.expect(&["warning proxy-environment /etc/kubernetes/manifests/kube-controller-manager.yaml"]);
}

#[test]
fn a_variable_beside_its_flag_stops_etcd() {
    let patient = single();
    environment(&patient, ETCD, &[("ETCD_NAME", "pi-master1"), ("ETCD_UNSUPPORTED_ARCH", "arm64")]);
    expect(&patient, &[of_etcd("error environment-shadowed", "name")]);
    let patient = etcd_with("    - --name=pi-master1\n", "");
    environment(&patient, ETCD, &[("ETCD_NAME", "pi-master1")]);
    patient.expect(&[]);
}

#[test]
fn the_last_of_two_flags_counts() {
    let patient = single();
    add(&patient, ETCD, "--trusted-ca-file=/etc/kubernetes/pki/etcd/old-ca.crt");
    expect(&patient, &[of_etcd("info repeated-flag", "trusted-ca-file")]);
    let patient = single();
    add(&patient, ETCD, "--trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt");
    patient.expect(&[]);
}

#[test]
fn urls_that_etcd_refuses() {
    for (flag, to) in [
        ("listen-client-urls", "--listen-client-urls=https://127.0.0.1:2379/,https://192.168.6.11:2379"),
        ("listen-client-urls", "--listen-client-urls=https://127.0.0.1:2379,,https://192.168.6.11:2379"),
        (
            "listen-client-urls",
            "--listen-client-urls=https://pi-master1:2379,https://127.0.0.1:2379,https://192.168.6.11:2379",
        ),
    ] {
        let patient = etcd_with("--listen-client-urls=https://127.0.0.1:2379,https://192.168.6.11:2379", to);
        expect(&patient, &[of_etcd("error url-invalid", flag)]);
    }
    let patient = etcd_with(
        "--listen-client-urls=https://127.0.0.1:2379",
        "--listen-client-urls=https://localhost:2379,https://127.0.0.1:2379",
    );
    patient.expect(&[]);
    let patient = Patient::real("external-etcd");
    patient.edit(APISERVER, "--etcd-servers=https://10.0.0.21:2379", "--etcd-servers=https://10.0.0.21:23790000");
    expect(&patient, &[of_apiserver("error url-invalid", "etcd-servers")]);
}

// ---- manifests

#[test]
fn a_manifest_that_does_not_parse() {
    let patient = single();
    patient.edit("../manifests/kube-scheduler.yaml", "spec:\n", "spec:\n\t- x\n");
    patient.expect(&["error manifest-broken /etc/kubernetes/manifests/kube-scheduler.yaml"]);
    let patient = single();
    patient.write("../manifests/notes.txt", "a: b: c\n");
    patient.expect(&["warning manifest-broken /etc/kubernetes/manifests/notes.txt"]);
    let patient = single();
    patient.write("../manifests/.etcd.yaml.swp", "a: b: c\n");
    patient.expect(&[]);
}

#[test]
fn a_component_that_is_not_found() {
    let patient = single();
    patient.edit("../manifests/kube-scheduler.yaml", "    - kube-scheduler\n", "    - /run-it\n").edit(
        "../manifests/kube-scheduler.yaml",
        "kube-scheduler:v",
        "own:v",
    );
    patient.expect(&["info manifest-unknown /etc/kubernetes/manifests/kube-scheduler.yaml"]);
    let patient = single();
    let text = patient.text("../manifests/kube-scheduler.yaml");
    patient.write("../manifests/kube-scheduler.yaml", format!("kind: ConfigMap\n---\n{text}"));
    patient.expect(&["warning duplicate-pod /etc/kubernetes/manifests/kube-scheduler.yaml"]);
}

// ---- kubeconfigs

/// The value of a field, to the end of its line.
fn field<'t>(text: &'t str, name: &str) -> &'t str {
    text.split(&format!("{name}: ")).nth(1).and_then(|rest| rest.lines().next()).expect("the field")
}

#[test]
fn kubeconfigs_that_do_not_parse() {
    let patient = single();
    patient.write("../scheduler.conf", "apiVersion: v1\nkind: Config\nusers: [\n");
    patient.expect(&["error kubeconfig-malformed /etc/kubernetes/scheduler.conf"]);
    let patient = single();
    let text = patient.text("../admin.conf");
    let value = field(&text, "client-certificate-data");
    patient.edit("../admin.conf", value, &format!("{}-{}", &value[..10], &value[11..]));
    patient.expect(&["error kubeconfig-malformed /etc/kubernetes/admin.conf#client"]);
    let patient = single();
    let value = field(&text, "certificate-authority-data");
    patient.edit("../admin.conf", value, &value[..value.trim_end_matches('=').len() - 1]);
    patient.expect(&["error kubeconfig-malformed /etc/kubernetes/admin.conf#ca"]);
}

#[test]
fn a_bad_field_of_another_user_spoils_the_file() {
    let patient = single();
    patient.edit("../admin.conf", "users:\n", "users:\n- name: old\n  user:\n    client-certificate-data: '%%%%'\n");
    let report = patient.expect(&["error kubeconfig-malformed /etc/kubernetes/admin.conf"]);
    let link = report.nodes[0].links.iter().find(|link| link.id == "admin.conf->kube-apiserver").expect("the link");
    assert_eq!((link.refused_by, link.load_side, link.stage), (Some("load"), Some("client"), Some("load")));
}

#[test]
fn kubeconfigs_that_lack_something() {
    let patient = single();
    let text = patient.text("../scheduler.conf");
    let key = format!("    client-key-data: {}\n", field(&text, "client-key-data"));
    patient.edit("../scheduler.conf", &key, "");
    patient.expect(&["error kubeconfig-incomplete /etc/kubernetes/scheduler.conf"]);
    let patient = single();
    patient.edit("../scheduler.conf", "    server: https://192.168.6.11:6443\n", "");
    let report = patient.expect(&["error kubeconfig-incomplete /etc/kubernetes/scheduler.conf"]);
    assert!(report.findings[0].facts.iter().any(|fact| fact.value == "no server found for cluster \"kubernetes\""));
}

#[test]
fn kubeconfigs_without_credentials() {
    let patient = single();
    let text = patient.text("../scheduler.conf");
    for name in ["client-certificate-data", "client-key-data"] {
        patient.edit("../scheduler.conf", &format!("    {name}: {}\n", field(&text, name)), "");
    }
    patient.expect(&["error kubeconfig-no-credentials /etc/kubernetes/scheduler.conf"]);
    let patient = single();
    patient.edit("../scheduler.conf", "current-context: ", "current-context: not-");
    patient.expect(&["error kubeconfig-no-credentials /etc/kubernetes/scheduler.conf"]);
}

#[test]
fn kubeconfigs_with_a_token_are_absent() {
    let patient = single();
    let text = patient.text("../scheduler.conf");
    let user = text.split("  user:\n").nth(1).expect("a user");
    patient.edit("../scheduler.conf", user, "    token: abc\n");
    let report = patient.expect(&[]);
    assert!(!has_link(&report, "scheduler.conf->kube-apiserver"));
}

#[test]
fn kubeconfigs_that_do_not_verify() {
    let patient = single();
    patient.edit("../admin.conf", "    server: https", "    insecure-skip-tls-verify: true\n    server: https");
    patient.expect(&["error kubeconfig-insecure /etc/kubernetes/admin.conf"]);
    let patient = single();
    let text = patient.text("../admin.conf");
    let ca = format!("    certificate-authority-data: {}\n", field(&text, "certificate-authority-data"));
    patient.edit("../admin.conf", &ca, "    insecure-skip-tls-verify: true\n");
    patient.expect(&["warning kubeconfig-insecure /etc/kubernetes/admin.conf"]);
}

#[test]
fn kubeconfigs_that_say_a_thing_twice() {
    let patient = single();
    patient.edit(
        "../admin.conf",
        "    client-key-data: ",
        "    client-key: /etc/kubernetes/pki/apiserver-kubelet-client.key\n    client-key-data: ",
    );
    let report = patient.expect(&["error kubeconfig-both /etc/kubernetes/admin.conf"]);
    assert!(report.findings[0].facts.iter().any(|fact| fact.value.ends_with("client-key-data will override")));
    let patient = single();
    patient.edit(
        "../admin.conf",
        "contexts:\n",
        "contexts:\n- name: twice\n  context: {}\n- name: twice\n  context: {}\n",
    );
    patient.expect(&["error kubeconfig-both /etc/kubernetes/admin.conf"]);
}

// ---- tokens

#[test]
fn tokens_that_no_verifier_knows() {
    let patient = single();
    patient.edit(
        APISERVER,
        "--service-account-key-file=/etc/kubernetes/pki/sa.pub",
        "--service-account-key-file=/etc/kubernetes/pki/apiserver.crt",
    );
    let report = patient.scan();
    let link = report.nodes[0].links.iter().find(|link| link.id == "service-account-tokens").expect("the link");
    assert_eq!((link.verdict, link.refused_by, link.stage), ("broken", Some("server"), Some("http")));
    crate::support::explained(&report);
}

#[test]
fn the_tls_key_verifies_where_no_key_is_named() {
    let patient = single();
    patient.edit(APISERVER, "    - --service-account-key-file=/etc/kubernetes/pki/sa.pub\n", "");
    let report = patient.scan();
    assert!(report.nodes[0].links.iter().any(|link| link.id == "service-account-tokens" && link.verdict == "broken"));
    let patient = single();
    patient.edit(APISERVER, "    - --service-account-key-file=/etc/kubernetes/pki/sa.pub\n", "");
    patient.edit(
        APISERVER,
        "--service-account-signing-key-file=/etc/kubernetes/pki/sa.key",
        "--service-account-signing-key-file=/etc/kubernetes/pki/apiserver.key",
    );
    patient.edit(
        MANAGER,
        "--service-account-private-key-file=/etc/kubernetes/pki/sa.key",
        "--service-account-private-key-file=/etc/kubernetes/pki/apiserver.key",
    );
    let report = patient.scan();
    assert!(report.nodes[0].links.iter().any(|link| link.id == "service-account-tokens" && link.verdict == "ok"));
}

// ---- etcd that is no pod

#[test]
fn a_systemd_etcd_is_judged_by_its_unit() {
    let patient = single();
    patient.remove(ETCD);
    patient.write(
        "../etcd.service",
        "[Service]\nEnvironment=ETCD_NAME=pi-master1\nExecStart=/usr/bin/etcd --name=pi-master1 \\\n  --listen-client-urls=https://192.168.6.11:2379 --advertise-client-urls=https://192.168.6.11:2379 \\\n  --listen-peer-urls=https://192.168.6.11:2380 --initial-advertise-peer-urls=https://192.168.6.11:2380 \\\n  --initial-cluster=pi-master1=https://192.168.6.11:2380 \\\n  --cert-file=/etc/kubernetes/pki/etcd/server.crt --key-file=/etc/kubernetes/pki/etcd/server.key \\\n  --peer-cert-file=/etc/kubernetes/pki/etcd/peer.crt --peer-key-file=/etc/kubernetes/pki/etcd/peer.key --peer-trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt\n",
    );
    let mut patient = patient;
    patient.request.etcd_config = Some(patient.path("../etcd.service"));
    let report = patient.scan();
    let codes: Vec<&str> = report.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["client-auth-off", "environment-shadowed"]);
}

/// Where a flag is wrong and the files are sound, the flag is mended: a copy over the file that it names would break
/// whoever uses that file rightly.
#[test]
fn a_flag_that_names_another_role_s_file() {
    let cases = [
        (APISERVER, "--etcd-keyfile", "apiserver-etcd-client.key", "apiserver-kubelet-client.key"),
        (ETCD, "--cert-file", "etcd/server.crt", "etcd/ca.crt"),
        (ETCD, "--cert-file", "etcd/server.crt", "etcd/peer.crt"),
        (ETCD, "--peer-key-file", "etcd/peer.key", "etcd/pear.key"),
        (APISERVER, "--proxy-client-key-file", "front-proxy-client.key", "ca.key"),
    ];
    for (manifest, flag, right, wrong) in cases {
        let patient = Patient::real("stacked-single");
        let path = |file: &str| format!("{flag}=/etc/kubernetes/pki/{file}");
        patient.edit(manifest, &path(right), &path(wrong));
        let report = patient.scan();
        let errors: Vec<_> = report.findings.iter().filter(|finding| finding.severity == "error").collect();
        let told = format!("set {flag} in /etc/kubernetes/{} to /etc/kubernetes/pki/{right}", &manifest[3..]);
        assert!(
            errors.iter().any(|finding| finding.remedy.steps.iter().any(|step| step.starts_with(&told))),
            "{flag} {wrong}: {errors:?}"
        );
        assert!(errors.iter().all(|finding| finding.remedy.kind != "put-back"), "{flag} {wrong}: {errors:?}");
    }
}

#[test]
fn a_pair_of_another_role_gets_no_more_rights() {
    let patient = Patient::real("stacked-single");
    for (flag, ending) in [("--proxy-client-cert-file", "crt"), ("--proxy-client-key-file", "key")] {
        let path = |stem: &str| format!("{flag}=/etc/kubernetes/pki/{stem}.{ending}");
        patient.edit(APISERVER, &path("front-proxy-client"), &path("apiserver-kubelet-client"));
    }
    let report = patient.scan();
    let steps: Vec<_> = report.findings.iter().flat_map(|finding| &finding.remedy.steps).collect();
    assert!(steps.iter().all(|step| !step.contains("requestheader-allowed-names")), "{steps:?}");
    assert!(steps.iter().any(|step| step.starts_with("set --proxy-client-cert-file ")), "{steps:?}");
}
