//! Chains, dates, names, usages and algorithms: every wound with the exact set of findings.

use clinic::Cluster;
use clinic::algorithm::{Algorithm, Digest};
use clinic::certificate::{Certificate, KeyId, Time};
use clinic::cluster::{Authority, DAY, Issuer, Place, Role};
use clinic::config::{Url, pki};
use clinic::der::tag;
use clinic::extension::{self, AltName, Extension, Purpose, Subtree, usage_bit};
use clinic::file::{CertificateId, File, Part};
use clinic::key::Kind;
use clinic::name::{Name, ORGANIZATION};
use clinic::rng::Rng;
use pkidoctor::report::{Finding, Report};
use time::Duration;

use crate::support::{NOW, Patient, copy_with_modes};

fn cluster() -> Cluster {
    Cluster::kubeadm(7)
}

/// Three members, each an API server, RSA or EC, IPv4.
fn three() -> Cluster {
    let fits = |cluster: &Cluster| {
        cluster.nodes.len() == 3
            && cluster.nodes.iter().all(|node| !node.files.keys().any(|path| path.contains("custom")))
    };
    (0..400).map(Cluster::healthy).find(fits).expect("a cluster of three")
}

fn scan(cluster: &Cluster, expected: &[&str]) -> Report {
    Patient::clinic(cluster).expect(expected)
}

fn edit(role: Role, change: impl FnOnce(&mut Certificate, i64)) -> Cluster {
    let mut cluster = cluster();
    let at = cluster.at;
    change(&mut cluster.leaf(0, role).expect("a leaf").certificate, at);
    cluster
}

fn edit_ca(authority: Authority, change: impl FnOnce(&mut Certificate, i64)) -> Cluster {
    let mut cluster = cluster();
    let at = cluster.at;
    change(&mut cluster.authority(0, authority).certificate, at);
    cluster
}

/// A CA of the same name with another key.
fn twin(cluster: &mut Cluster, authority: Authority) -> CertificateId {
    let original = cluster.authority(0, authority).certificate.clone();
    let key = cluster.new_key(Kind::P256, &mut Rng::new(99));
    cluster.issue(original, key, Issuer::Itself)
}

/// A CA below another one.
fn issuing(cluster: &mut Cluster, authority: Authority) -> CertificateId {
    let root = cluster.nodes[0].authorities[&authority];
    let key = cluster.new_key(Kind::P256, &mut Rng::new(98));
    let original = cluster.authority(0, authority).certificate.clone();
    let certificate = Certificate {
        serial: vec![0x21],
        subject: Name::common("issuing-1"),
        authority_key_id: KeyId::Proper,
        ..original
    };
    cluster.issue(certificate, key, Issuer::Other(root))
}

fn put(cluster: &mut Cluster, path: &str, parts: Vec<Part>) {
    cluster.nodes[0].files.insert(pki(path), File::new(parts));
}

fn put_key(cluster: &mut Cluster, path: &str, id: CertificateId) {
    let key = cluster.issued(id).key.clone();
    cluster.nodes[0].files.insert(pki(path), File::key(&key));
}

fn rekey(cluster: &mut Cluster, role: Role, kind: Kind) {
    let key = cluster.new_key(kind, &mut Rng::new(97));
    cluster.leaf(0, role).expect("a leaf").key = key.clone();
    cluster.nodes[0].files.insert(pki(&format!("{}.key", role.stem())), File::key(&key));
}

fn finding<'r>(report: &'r Report, code: &str) -> &'r Finding {
    report.findings.iter().find(|finding| finding.code == code).expect("the finding")
}

fn fact<'r>(report: &'r Report, code: &str, label: &str) -> &'r str {
    let facts = &finding(report, code).facts;
    facts.iter().find(|fact| fact.label == label).map_or_else(|| panic!("{facts:?}"), |fact| fact.value.as_str())
}

const ETCD_MANIFEST: &str = "../manifests/etcd.yaml";
const API_MANIFEST: &str = "../manifests/kube-apiserver.yaml";

// ---- chain ----

#[test]
fn an_etcd_leaf_of_the_cluster_ca() {
    let mut cluster = cluster();
    let other = cluster.nodes[0].authorities[&Authority::Cluster];
    cluster.leaf(0, Role::EtcdServer).expect("a leaf").issuer = Issuer::Other(other);
    let report = scan(&cluster, &["error signed-by-other-ca etcd/server.crt"]);
    assert!(fact(&report, "signed-by-other-ca", "signed by").starts_with("ca.crt"));
    assert_eq!(fact(&report, "signed-by-other-ca", "trusted"), "etcd/ca.crt");
}

#[test]
fn a_leaf_that_signs_itself() {
    let mut cluster = cluster();
    cluster.leaf(0, Role::EtcdHealthcheckClient).expect("a leaf").issuer = Issuer::Itself;
    let report = scan(&cluster, &["error signed-by-other-ca etcd/healthcheck-client.crt"]);
    assert!(finding(&report, "signed-by-other-ca").message.starts_with("signs itself"));
}

#[test]
fn an_api_server_that_trusts_the_cluster_ca_for_etcd() {
    let patient = Patient::real("stacked-single");
    patient.edit(
        API_MANIFEST,
        "--etcd-cafile=/etc/kubernetes/pki/etcd/ca.crt",
        "--etcd-cafile=/etc/kubernetes/pki/ca.crt",
    );
    let report =
        patient.expect(&["error signed-by-other-ca /etc/kubernetes/manifests/kube-apiserver.yaml:--etcd-cafile"]);
    let found = finding(&report, "signed-by-other-ca");
    assert_eq!(found.remedy.kind, "manual");
    assert!(found.remedy.steps[0].contains("/etc/kubernetes/pki/etcd/ca.crt"), "{:?}", found.remedy.steps);
}

#[test]
fn a_ca_made_anew() {
    let mut cluster = cluster();
    let at = cluster.at;
    let new = twin(&mut cluster, Authority::Etcd);
    cluster.issued(new).certificate.not_before = Time::At(at - DAY);
    put(&mut cluster, "etcd/ca.crt", vec![Part::Certificate(new)]);
    put_key(&mut cluster, "etcd/ca.key", new);
    let expected = [
        "error ca-regenerated apiserver-etcd-client.crt",
        "error ca-regenerated etcd/healthcheck-client.crt",
        "error ca-regenerated etcd/peer.crt",
        "error ca-regenerated etcd/server.crt",
    ];
    // the peer link of a single member is latent
    let expected =
        expected.map(|line| if line.contains("peer") { "warning ca-regenerated etcd/peer.crt" } else { line });
    let report = scan(&cluster, &expected);
    assert!(fact(&report, "ca-regenerated", "the certificate is older").contains("made anew"));
    // with the old one still lying about, it goes back
    let old = cluster.nodes[0].authorities[&Authority::Etcd];
    put(&mut cluster, "etcd.bak/ca.crt", vec![Part::Certificate(old)]);
    let report = scan(&cluster, &expected);
    assert_eq!(finding(&report, "ca-regenerated").remedy.kind, "put-back");
    assert_eq!(fact(&report, "ca-regenerated", "signed by"), "etcd.bak/ca.crt");
}

#[test]
fn one_leaf_of_the_old_ca() {
    let mut cluster = cluster();
    let old = twin(&mut cluster, Authority::Etcd);
    cluster.leaf(0, Role::EtcdPeer).expect("a leaf").issuer = Issuer::Other(old);
    let report = scan(&cluster, &["warning ca-regenerated etcd/peer.crt"]);
    assert_eq!(
        finding(&report, "ca-regenerated").remedy.command.as_deref(),
        Some("pkidoctor regen etcd-peer --backup")
    );
}

#[test]
fn a_kubeconfig_with_the_old_ca() {
    let mut cluster = cluster();
    let old = twin(&mut cluster, Authority::Cluster);
    *cluster.file(0, &Place::ConfCa("admin.conf")).expect("data") = File::certificate(old);
    let report = scan(&cluster, &["error ca-regenerated /etc/kubernetes/admin.conf#ca"]);
    assert_eq!(finding(&report, "ca-regenerated").remedy.targets, ["admin.conf"]);
}

#[test]
fn an_intermediate_that_is_not_sent() {
    let mut cluster = cluster();
    let middle = issuing(&mut cluster, Authority::Etcd);
    cluster.leaf(0, Role::EtcdServer).expect("a leaf").issuer = Issuer::Other(middle);
    put(&mut cluster, "etcd/issuing.crt", vec![Part::Certificate(middle)]);
    let report = scan(&cluster, &["error issuer-missing etcd/server.crt"]);
    assert_eq!(fact(&report, "issuer-missing", "the issuer lies in"), "etcd/issuing.crt");
    // sent along, all is well
    let leaf = cluster.nodes[0].leaves[&Role::EtcdServer];
    put(&mut cluster, "etcd/server.crt", vec![Part::Certificate(leaf), Part::Certificate(middle)]);
    scan(&cluster, &[]);
}

#[test]
fn a_ca_that_is_none() {
    let cluster = edit_ca(Authority::Etcd, |ca, _| ca.put(Extension::basic_constraints(false, None)));
    let report = scan(&cluster, &["error issuer-not-ca etcd/ca.crt"]);
    assert_eq!(fact(&report, "issuer-not-ca", "what forbids it"), "basicConstraints say CA:FALSE");
    let cluster = edit_ca(Authority::Etcd, |ca, _| ca.put(Extension::key_usage(&[usage_bit::DIGITAL_SIGNATURE])));
    let report = scan(&cluster, &["error issuer-not-ca etcd/ca.crt"]);
    assert_eq!(fact(&report, "issuer-not-ca", "what forbids it"), "keyUsage without keyCertSign");
}

#[test]
fn a_ca_of_version_1_is_a_ca() {
    let cluster = edit_ca(Authority::FrontProxy, |ca, _| {
        ca.version = 1;
        ca.extensions.clear();
        ca.subject_key_id = KeyId::Absent;
    });
    scan(&cluster, &[]);
}

#[test]
fn a_ca_for_servers_alone() {
    let cluster = edit_ca(Authority::Etcd, |ca, _| ca.set_purposes(&[Purpose::Server]));
    let report = scan(&cluster, &["error ca-usage-limits etcd/ca.crt"]);
    assert_eq!(fact(&report, "ca-usage-limits", "its leaves need"), "clientAuth");
    scan(&edit_ca(Authority::Etcd, |ca, _| ca.set_purposes(&[Purpose::Server, Purpose::Client])), &[]);
}

#[test]
fn a_path_that_is_too_long() {
    let mut cluster = edit_ca(Authority::Etcd, |ca, _| ca.put(Extension::basic_constraints(true, Some(0))));
    let middle = issuing(&mut cluster, Authority::Etcd);
    cluster.issued(middle).certificate.put(Extension::basic_constraints(true, None));
    let leaf = cluster.nodes[0].leaves[&Role::EtcdServer];
    cluster.issued(leaf).issuer = Issuer::Other(middle);
    put(&mut cluster, "etcd/server.crt", vec![Part::Certificate(leaf), Part::Certificate(middle)]);
    scan(&cluster, &["error path-length-exceeded etcd/ca.crt"]);
    cluster.authority(0, Authority::Etcd).certificate.put(Extension::basic_constraints(true, Some(1)));
    scan(&cluster, &[]);
}

#[test]
fn a_ca_for_other_names() {
    let constrained = |permitted: &[Subtree]| {
        let mut cluster = edit_ca(Authority::Cluster, |_, _| {});
        cluster.authority(0, Authority::Cluster).certificate.put(Extension::name_constraints(permitted, &[]));
        cluster
    };
    let report = scan(&constrained(&[Subtree::Dns("corp.example")]), &["error name-constraint-violated apiserver.crt"]);
    assert!(fact(&report, "name-constraint-violated", "violation").contains("is not permitted by any constraint"));
    scan(&constrained(&[Subtree::Dns("")]), &[]);
}

#[test]
fn a_ca_named_in_another_encoding() {
    let mut cluster = cluster();
    let original = cluster.authority(0, Authority::FrontProxy).clone();
    let mut renewed = original.certificate.clone();
    renewed.subject = Name::common_typed(tag::UTF8_STRING, "front-proxy-ca");
    let other = Name::common_typed(tag::PRINTABLE_STRING, "front-proxy-ca");
    cluster.leaf(0, Role::FrontProxyClient).expect("a leaf").certificate.issuer = Some(other);
    let id = cluster.issue(renewed, original.key, Issuer::Itself);
    put(&mut cluster, "front-proxy-ca.crt", vec![Part::Certificate(id)]);
    let report = scan(&cluster, &["error name-encoding-differs front-proxy-client.crt"]);
    assert_eq!(fact(&report, "name-encoding-differs", "issuer written as"), "PrintableString");
    assert_eq!(fact(&report, "name-encoding-differs", "key that signed"), "the CA's");
}

#[test]
fn a_ca_renewed_under_another_name() {
    let mut cluster = cluster();
    let original = cluster.authority(0, Authority::FrontProxy).clone();
    let mut renewed = original.certificate.clone();
    renewed.subject = Name::common("front-proxy-ca").with(ORGANIZATION, "Example");
    let id = cluster.issue(renewed, original.key, Issuer::Itself);
    put(&mut cluster, "front-proxy-ca.crt", vec![Part::Certificate(id)]);
    let report = scan(&cluster, &["error ca-renamed front-proxy-client.crt"]);
    assert_eq!(fact(&report, "ca-renamed", "issuer"), "CN=front-proxy-ca");
}

#[test]
fn a_ca_renewed_with_key_and_name_is_silent() {
    let mut cluster = cluster();
    let original = cluster.authority(0, Authority::Etcd).clone();
    let mut renewed = original.certificate.clone().valid(cluster.at - DAY, cluster.at + 3000 * DAY);
    renewed.serial = vec![0x44];
    let id = cluster.issue(renewed, original.key, Issuer::Itself);
    put(&mut cluster, "etcd/ca.crt", vec![Part::Certificate(id)]);
    scan(&cluster, &[]);
}

#[test]
fn a_leaf_in_place_of_a_ca() {
    let patient = Patient::real("stacked-single");
    patient.edit(
        ETCD_MANIFEST,
        "--trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt\n    image",
        "--trusted-ca-file=/etc/kubernetes/pki/etcd/server.crt\n    image",
    );
    let report = patient.expect(&["error ca-file-is-leaf /etc/kubernetes/manifests/etcd.yaml:--trusted-ca-file"]);
    assert_eq!(fact(&report, "ca-file-is-leaf", "expected"), "etcd/ca.crt");
}

#[test]
fn a_critical_extension_nobody_knows() {
    let report = scan(
        &edit(Role::EtcdServer, |leaf, _| leaf.put(Extension::unknown(true))),
        &["error unknown-critical-extension etcd/server.crt"],
    );
    assert!(!fact(&report, "unknown-critical-extension", "extension").is_empty());
    scan(
        &edit_ca(Authority::Etcd, |ca, _| ca.put(Extension::unknown(true))),
        &["error unknown-critical-extension etcd/ca.crt"],
    );
    scan(&edit(Role::EtcdServer, |leaf, _| leaf.put(Extension::unknown(false))), &[]);
}

#[test]
fn a_policy_that_nobody_asserts() {
    let mut cluster = cluster();
    let middle = issuing(&mut cluster, Authority::FrontProxy);
    cluster.issued(middle).certificate.put(Extension::policy_constraints(Some(0), None));
    let leaf = cluster.nodes[0].leaves[&Role::FrontProxyClient];
    cluster.issued(leaf).issuer = Issuer::Other(middle);
    put(&mut cluster, "front-proxy-client.crt", vec![Part::Certificate(leaf), Part::Certificate(middle)]);
    scan(&cluster, &["error certificate-policies-invalid front-proxy-client.crt"]);
    // earlier Go does not even know the extension, which is critical
    Patient::clinic(&cluster).for_go(23).expect(&["error unknown-critical-extension front-proxy-client.crt#2"]);
}

#[test]
fn no_trusted_ca_at_all() {
    let patient = Patient::real("stacked-single");
    patient.edit(ETCD_MANIFEST, "    - --trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt\n", "");
    let report = patient.expect(&["error system-roots /etc/kubernetes/manifests/etcd.yaml:--trusted-ca-file"]);
    assert_eq!(fact(&report, "system-roots", "expected"), "/etc/kubernetes/pki/etcd/ca.crt");
}

#[test]
fn more_candidates_than_go_tries() {
    let mut cluster = cluster();
    let right = cluster.nodes[0].authorities[&Authority::FrontProxy];
    let mut parts = Vec::new();
    for number in 0..101 {
        let original = cluster.authority(0, Authority::FrontProxy).certificate.clone();
        let key = cluster.new_key(Kind::P256, &mut Rng::new(1000 + number));
        let mut certificate = original;
        certificate.subject_key_id = KeyId::Absent;
        parts.push(Part::Certificate(cluster.issue(certificate, key, Issuer::Itself)));
    }
    cluster.authority(0, Authority::FrontProxy).certificate.subject_key_id = KeyId::Absent;
    cluster.leaf(0, Role::FrontProxyClient).expect("a leaf").certificate.authority_key_id = KeyId::Absent;
    parts.push(Part::Certificate(right));
    put(&mut cluster, "front-proxy-ca.crt", parts);
    let report =
        scan(&cluster, &["error chain-refused front-proxy-client.crt", "warning ca-bundle-order front-proxy-ca.crt"]);
    assert!(fact(&report, "chain-refused", "the server says").contains("limit reached"));
}

#[test]
fn a_bundle_where_one_certificate_is_wanted() {
    let mut cluster = cluster();
    let (old, new) = (cluster.nodes[0].authorities[&Authority::Cluster], twin(&mut cluster, Authority::Cluster));
    put(&mut cluster, "ca.crt", vec![Part::Certificate(old), Part::Certificate(new)]);
    let report = scan(&cluster, &["warning ca-bundle-order ca.crt"]);
    assert!(finding(&report, "ca-bundle-order").message.contains("controller-manager"));
    put(&mut cluster, "ca.crt", vec![Part::Certificate(new), Part::Certificate(old)]);
    let report = scan(&cluster, &["warning ca-bundle-order ca.crt"]);
    assert!(fact(&report, "ca-bundle-order", "the first one").contains("does not match ca.key"));
    // nothing signs with a bundle of etcd CAs whose first one is right
    let (old, new) = (cluster.nodes[0].authorities[&Authority::Etcd], twin(&mut cluster, Authority::Etcd));
    let root = cluster.nodes[0].authorities[&Authority::Cluster];
    put(&mut cluster, "ca.crt", vec![Part::Certificate(root)]);
    put(&mut cluster, "etcd/ca.crt", vec![Part::Certificate(old), Part::Certificate(new)]);
    scan(&cluster, &[]);
}

#[test]
fn one_ca_for_cluster_and_etcd() {
    let mut cluster = cluster();
    let root = cluster.nodes[0].authorities[&Authority::Cluster];
    for role in [Role::EtcdServer, Role::EtcdPeer, Role::EtcdHealthcheckClient, Role::ApiserverEtcdClient] {
        cluster.leaf(0, role).expect("a leaf").issuer = Issuer::Other(root);
    }
    put(&mut cluster, "etcd/ca.crt", vec![Part::Certificate(root)]);
    put_key(&mut cluster, "etcd/ca.key", root);
    scan(&cluster, &["warning shared-ca etcd/ca.crt"]);
}

#[test]
fn one_ca_for_clients_and_the_front_proxy() {
    let mut cluster = cluster();
    let root = cluster.nodes[0].authorities[&Authority::Cluster];
    cluster.leaf(0, Role::FrontProxyClient).expect("a leaf").issuer = Issuer::Other(root);
    put(&mut cluster, "front-proxy-ca.crt", vec![Part::Certificate(root)]);
    put_key(&mut cluster, "front-proxy-ca.key", root);
    let report = scan(&cluster, &["warning front-proxy-shared-ca front-proxy-ca.crt"]);
    assert_eq!(fact(&report, "front-proxy-shared-ca", "--requestheader-allowed-names"), "front-proxy-client");
}

#[test]
fn key_identifiers_that_differ() {
    let cluster = edit(Role::EtcdServer, |leaf, _| leaf.authority_key_id = KeyId::Bytes(vec![0xab; 20]));
    let report = scan(&cluster, &["info key-id-differs etcd/server.crt"]);
    assert_eq!(fact(&report, "key-id-differs", "authority key identifier"), "ab".repeat(20));
    scan(&edit(Role::EtcdServer, |leaf, _| leaf.authority_key_id = KeyId::Absent), &[]);
}

// ---- time ----

#[test]
fn valid_from_the_first_second() {
    let report = scan(
        &edit(Role::EtcdServer, |leaf, at| leaf.not_before = Time::At(at + 1)),
        &["error not-yet-valid etcd/server.crt"],
    );
    assert!(finding(&report, "not-yet-valid").message.contains("in 1 second"));
    scan(&edit(Role::EtcdServer, |leaf, at| leaf.not_before = Time::At(at)), &[]);
}

#[test]
fn a_ca_from_the_future() {
    scan(&edit_ca(Authority::Etcd, |ca, at| ca.not_before = Time::At(at + 3600)), &["error not-yet-valid etcd/ca.crt"]);
}

#[test]
fn a_clock_that_is_behind() {
    let report = Patient::real("stacked-single").at(NOW - Duration::days(2000)).scan();
    assert!(report.findings.iter().all(|finding| finding.code == "not-yet-valid"), "{:?}", report.findings);
    assert!(fact(&report, "not-yet-valid", "in the future").contains("clock"));
}

#[test]
fn expired_to_the_second() {
    scan(&edit(Role::EtcdServer, |leaf, at| leaf.not_after = Time::At(at - 1)), &["error expired etcd/server.crt"]);
    scan(&edit(Role::EtcdPeer, |leaf, at| leaf.not_after = Time::At(at - 1)), &["warning expired etcd/peer.crt"]);
    scan(
        &edit(Role::Scheduler, |leaf, at| leaf.not_after = Time::At(at - 1)),
        &["error expired /etc/kubernetes/scheduler.conf#client"],
    );
}

#[test]
fn an_expired_ca_is_the_culprit() {
    let report =
        scan(&edit_ca(Authority::Etcd, |ca, at| ca.not_after = Time::At(at - 1)), &["error expired etcd/ca.crt"]);
    let links = &finding(&report, "expired").links;
    for id in ["kube-apiserver->etcd", "kubeadm->etcd", "etcd-gateway->etcd", "etcd-peer->etcd-peer"] {
        assert!(links.iter().any(|link| link == id), "{id} in {links:?}");
    }
}

#[test]
fn expires_soon_to_the_second() {
    let report = scan(
        &edit(Role::EtcdServer, |leaf, at| leaf.not_after = Time::At(at + 30 * DAY)),
        &["warning expires-soon etcd/server.crt"],
    );
    assert_eq!(finding(&report, "expires-soon").message, "expires in 30 days");
    scan(&edit(Role::EtcdServer, |leaf, at| leaf.not_after = Time::At(at + 30 * DAY + 1)), &[]);
    // the last second is still valid
    scan(&edit(Role::EtcdServer, |leaf, at| leaf.not_after = Time::At(at)), &["warning expires-soon etcd/server.crt"]);
    scan(
        &edit_ca(Authority::FrontProxy, |ca, at| ca.not_after = Time::At(at + 180 * DAY)),
        &["warning expires-soon front-proxy-ca.crt"],
    );
    scan(&edit_ca(Authority::FrontProxy, |ca, at| ca.not_after = Time::At(at + 180 * DAY + 1)), &[]);
    let report = scan(
        &edit(Role::Admin, |leaf, at| leaf.not_after = Time::At(at + DAY)),
        &["warning expires-soon /etc/kubernetes/admin.conf#client"],
    );
    assert_eq!(finding(&report, "expires-soon").remedy.targets, ["admin.conf"]);
}

#[test]
fn a_cluster_with_one_birthday() {
    let report = Patient::real("stacked-single").at(NOW + Duration::days(350)).scan();
    assert_eq!(report.findings.len(), 11, "{:?}", report.findings);
    assert!(report.findings.iter().all(|finding| finding.code == "expires-soon" && finding.severity == "warning"));
    assert_eq!(fact(&report, "expires-soon", "ending within the same hour"), "10 others");
}

#[test]
fn a_cluster_ca_that_ends_is_told_once() {
    let report = Patient::real("stacked-single").at(NOW + Duration::days(3500)).scan();
    let soon: Vec<&str> = report
        .findings
        .iter()
        .filter(|finding| finding.code == "expires-soon")
        .map(|finding| finding.subject.as_str())
        .collect();
    assert_eq!(soon, ["ca.crt", "etcd/ca.crt", "front-proxy-ca.crt"]);
    assert!(fact(&report, "expires-soon", "also in").contains("admin.conf#ca"));
}

#[test]
fn a_renewed_ca_beside_the_old_one() {
    let mut cluster = edit_ca(Authority::Etcd, |ca, at| ca.not_after = Time::At(at + 50 * DAY));
    let original = cluster.authority(0, Authority::Etcd).clone();
    let renewed = original.certificate.clone().valid(cluster.at - DAY, cluster.at + 3000 * DAY);
    let new = cluster.issue(renewed, original.key, Issuer::Itself);
    let old = cluster.nodes[0].authorities[&Authority::Etcd];
    put(&mut cluster, "etcd/ca.crt", vec![Part::Certificate(old), Part::Certificate(new)]);
    scan(&cluster, &[]);
}

#[test]
fn a_leaf_that_outlives_its_ca() {
    let cluster = edit(Role::EtcdServer, |leaf, at| leaf.not_after = Time::At(at + 36_500 * DAY));
    let report = scan(&cluster, &["info outlives-issuer etcd/server.crt"]);
    assert_eq!(fact(&report, "outlives-issuer", "its CA"), "CN=etcd-ca");
    // a leaf of a year in the CA's last year is kubeadm's own work
    let mut cluster = edit_ca(Authority::FrontProxy, |_, _| {});
    let at = cluster.at;
    cluster.authority(0, Authority::FrontProxy).certificate.not_after = Time::At(at + 190 * DAY);
    let leaf = &mut cluster.leaf(0, Role::FrontProxyClient).expect("a leaf").certificate;
    *leaf = leaf.clone().valid(at - DAY, at + 364 * DAY);
    scan(&cluster, &[]);
}

#[test]
fn certificates_that_etcd_makes_itself() {
    let patient = Patient::real("stacked-single");
    for flag in [
        "peer-cert-file=/etc/kubernetes/pki/etcd/peer.crt",
        "peer-key-file=/etc/kubernetes/pki/etcd/peer.key",
        "peer-client-cert-auth=true",
        "peer-trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt",
    ] {
        patient.edit(ETCD_MANIFEST, &format!("    - --{flag}\n"), "");
    }
    patient.edit(ETCD_MANIFEST, "    - --name=pi-master1\n", "    - --name=pi-master1\n    - --peer-auto-tls=true\n");
    let report = patient.scan();
    assert_eq!(finding(&report, "auto-tls-year").subject, "/etc/kubernetes/manifests/etcd.yaml:--peer-auto-tls");
    assert_eq!(finding(&report, "auto-tls-year").severity, "warning");
}

// ---- names ----

#[test]
fn a_name_that_is_missing() {
    let names = ["localhost", "pi-master1", "127.0.0.1"].map(AltName::host);
    let report =
        scan(&edit(Role::EtcdServer, |leaf, _| leaf.set_names(&names)), &["error san-missing etcd/server.crt"]);
    assert_eq!(fact(&report, "san-missing", "missing"), "192.168.6.11");
}

#[test]
fn an_address_as_dns_name() {
    let names = ["localhost", "127.0.0.1", "192.168.6.11"].map(AltName::dns);
    scan(&edit(Role::EtcdServer, |leaf, _| leaf.set_names(&names)), &["error san-ip-as-dns etcd/server.crt"]);
    // the peer's address check meets the same lack
    let report =
        scan(&edit(Role::EtcdPeer, |leaf, _| leaf.set_names(&names)), &["warning san-ip-as-dns etcd/peer.crt"]);
    assert!(fact(&report, "san-ip-as-dns", "the member that it dials says").contains("does not match any of DNSNames"));
}

#[test]
fn a_name_in_the_common_name_alone() {
    let cluster = edit(Role::Apiserver, |leaf, _| {
        leaf.set_names(&[]);
        leaf.subject = Name::common("kubernetes.default.svc");
    });
    // addresses and names alike: one story
    let report = scan(&cluster, &["error cn-only apiserver.crt"]);
    assert_eq!(fact(&report, "cn-only", "common name"), "kubernetes.default.svc");
}

#[test]
fn a_peer_that_does_not_name_its_address() {
    let names = ["localhost", "127.0.0.1"].map(AltName::host);
    let cluster = edit(Role::EtcdPeer, |leaf, _| leaf.set_names(&names));
    let report = scan(&cluster, &["warning san-missing etcd/peer.crt"]);
    assert!(fact(&report, "san-missing", "the member that it dials says").contains("192.168.6.11"));
    // a certificate without any name passes the address check, not the dial
    scan(&edit(Role::EtcdPeer, |leaf, _| leaf.set_names(&[])), &["warning cn-only etcd/peer.crt"]);
}

#[test]
fn a_member_of_three_that_does_not_name_its_address() {
    let mut cluster = three();
    let names = ["localhost", "127.0.0.1"].map(AltName::host);
    cluster.leaf(1, Role::EtcdPeer).expect("a leaf").certificate.set_names(&names);
    let report = Patient::clinic(&cluster).expect(&["error san-missing etcd/peer.crt"]);
    let found = finding(&report, "san-missing");
    assert_eq!(found.node.as_deref(), Some(cluster.nodes[1].name.as_str()));
    // both directions: those who dial it, and it as dialler
    assert_eq!(found.links.len(), 4, "{:?}", found.links);
}

#[test]
fn a_peer_that_leans_on_dns() {
    let by_name = |names: &[AltName]| {
        let mut cluster = edit(Role::EtcdPeer, |leaf, _| leaf.set_names(names));
        let etcd = cluster.nodes[0].etcd.as_mut().expect("etcd");
        etcd.advertise_peer = vec![Url::https("etcd1.example", 2380)];
        etcd.initial_cluster = "pi-master1=https://etcd1.example:2380".to_owned();
        Patient::clinic(&cluster).scan()
    };
    let report = by_name(&[AltName::dns("etcd1.example")]);
    assert_eq!(finding(&report, "peer-san-dns-only").severity, "info");
    let report = by_name(&[AltName::dns("*.example")]);
    assert_eq!(finding(&report, "peer-san-wildcard").severity, "info");
    assert!(report.findings.iter().all(|finding| finding.code != "peer-san-dns-only"));
    let report = by_name(&["etcd1.example", "192.168.6.11"].map(AltName::host));
    assert!(report.findings.iter().all(|finding| !finding.code.starts_with("peer-san")));
}

#[test]
fn the_domain_of_srv_discovery() {
    let patient = Patient::real("stacked-single");
    patient.edit(
        ETCD_MANIFEST,
        "    - --name=pi-master1\n",
        "    - --name=pi-master1\n    - --discovery-srv=etcd.example\n",
    );
    patient.expect(&["warning srv-domain-missing etcd/peer.crt"]);
    patient.edit(ETCD_MANIFEST, "--discovery-srv=etcd.example", "--discovery-srv=localhost").expect(&[]);
}

#[test]
fn an_address_in_the_form_of_ipv6() {
    let mapped = |address: [u8; 4]| AltName::Ip([&[0; 10][..], &[0xff; 2], &address].concat());
    let names = [mapped([127, 0, 0, 1]), mapped([192, 168, 6, 11]), AltName::dns("localhost")];
    let cluster = edit(Role::EtcdServer, |leaf, _| leaf.set_names(&names));
    let report = Patient::clinic(&cluster).for_go(26).expect(&["info san-mapped-address etcd/server.crt"]);
    assert!(fact(&report, "san-mapped-address", "entries").contains("::ffff:127.0.0.1"));
    let report = Patient::clinic(&cluster).scan();
    assert!(report.findings.iter().all(|finding| finding.code != "san-mapped-address"));
}

#[test]
fn an_api_server_that_moved() {
    let mut cluster = cluster();
    for conf in cluster.nodes[0].kubeconfigs.values_mut() {
        conf.server = Url::https("kubernetes", 6443);
    }
    scan(&cluster, &[]);
    cluster.nodes[0].apiserver.address = "192.168.6.99".to_owned();
    let report = Patient::clinic(&cluster).scan();
    assert_eq!(finding(&report, "apiserver-address-not-covered").severity, "info");
    assert_eq!(finding(&report, "apiserver-address-not-covered").subject, "apiserver.crt");
}

#[test]
fn a_kubelet_that_serves_another_node_s_certificate() {
    let patient = Patient::real("stacked-single");
    let (root, other) = (patient.directory.join("root"), Patient::real("ha/cp1"));
    copy_with_modes(&patient.directory.join("stacked-single"), &root.join("etc/kubernetes"));
    let kubelet = root.join("var/lib/kubelet/pki");
    std::fs::create_dir_all(&kubelet).expect("a directory");
    let serve = |certificate: &std::path::Path| {
        std::fs::copy(certificate, kubelet.join("kubelet.crt")).expect("copies");
    };
    let mut on_node = Patient::real("stacked-single");
    on_node.paths = vec!["/etc/kubernetes/pki".into()];
    on_node.request.root = Some(root.clone());
    serve(&patient.path("etcd/server.crt"));
    on_node.expect(&[]);
    serve(&other.path("etcd/server.crt"));
    let report = on_node.expect(&["info kubelet-serving-san /var/lib/kubelet/pki/kubelet.crt"]);
    assert_eq!(fact(&report, "kubelet-serving-san", "missing"), "pi-master1");
}

// ---- usages ----

#[test]
fn a_gateway_that_is_refused() {
    let cluster = edit(Role::EtcdServer, |leaf, _| leaf.set_purposes(&[Purpose::Server]));
    let report = scan(&cluster, &["warning missing-client-auth etcd/server.crt"]);
    let found = finding(&report, "missing-client-auth");
    assert_eq!(found.links, ["etcd-gateway->etcd"]);
    assert!(found.message.contains("gateway"));
    assert_eq!(found.remedy.command.as_deref(), Some("pkidoctor regen etcd-server --backup"));
}

#[test]
fn usages_of_peers_and_clients() {
    scan(
        &edit(Role::EtcdPeer, |leaf, _| leaf.set_purposes(&[Purpose::Server])),
        &["warning missing-client-auth etcd/peer.crt"],
    );
    scan(
        &edit(Role::EtcdPeer, |leaf, _| leaf.set_purposes(&[Purpose::Client])),
        &["warning missing-server-auth etcd/peer.crt"],
    );
    scan(
        &edit(Role::ApiserverEtcdClient, |leaf, _| leaf.set_purposes(&[Purpose::Server])),
        &["error missing-client-auth apiserver-etcd-client.crt"],
    );
    scan(
        &edit(Role::Apiserver, |leaf, _| leaf.set_purposes(&[Purpose::Client])),
        &["error missing-server-auth apiserver.crt"],
    );
}

#[test]
fn a_list_of_names_that_leaves_out() {
    let mut cluster = cluster();
    cluster.nodes[0].etcd.as_mut().expect("etcd").peer.allowed_cn = vec!["etcd-peer".to_owned()];
    let report = scan(&cluster, &["warning allowed-name-mismatch etcd/peer.crt"]);
    assert!(fact(&report, "allowed-name-mismatch", "--peer-cert-allowed-cn").starts_with("etcd-peer"));
    cluster.nodes[0].etcd.as_mut().expect("etcd").peer.allowed_cn = vec!["pi-master1".to_owned()];
    scan(&cluster, &[]);
}

#[test]
fn a_front_proxy_nobody_expects() {
    let mut cluster = cluster();
    cluster.nodes[0].apiserver.allowed_names = Some(vec!["aggregator".to_owned()]);
    let report = scan(&cluster, &["error request-header-names front-proxy-client.crt"]);
    assert_eq!(fact(&report, "request-header-names", "common name"), "front-proxy-client");
    cluster.nodes[0].apiserver.allowed_names = None;
    scan(&cluster, &[]);
}

#[test]
fn groups_that_kubelets_know() {
    let group = |organization: Option<&str>| {
        edit(Role::ApiserverKubeletClient, |leaf, _| {
            let name = Name::common("kube-apiserver-kubelet-client");
            leaf.subject = organization.map_or(name.clone(), |organization| name.with(ORGANIZATION, organization));
        })
    };
    scan(&group(Some("kubeadm:cluster-admins")), &[]);
    scan(&group(None), &[]);
    scan(&group(Some("Example")), &["info kubelet-client-group apiserver-kubelet-client.crt"]);
}

#[test]
fn a_kubelet_of_another_node() {
    let cluster = edit(Role::Kubelet, |leaf, _| {
        leaf.subject =
            Name::empty().with(ORGANIZATION, "system:nodes").with(clinic::name::COMMON_NAME, "system:node:other");
    });
    let report = scan(&cluster, &["warning node-identity-mismatch /etc/kubernetes/kubelet.conf#client"]);
    assert_eq!(fact(&report, "node-identity-mismatch", "etcd's --name"), "pi-master1");
    // whatever the node is called, the command for it can be pasted
    for (name, word) in [
        ("pi;reboot 1", "--client-name 'system:node:pi;reboot 1' >"),
        ("pi\\e[2J", "--client-name \"$(printf '\\163\\171\\163"),
    ] {
        let patient = Patient::clinic(&cluster);
        patient.edit("../manifests/etcd.yaml", "- --name=pi-master1", &format!("- \"--name={name}\""));
        let report = patient.scan();
        let finding = report.findings.iter().find(|finding| finding.code == "node-identity-mismatch");
        let step = &finding.expect("is found").remedy.steps[0];
        assert!(step.contains(word) && !step.contains('\u{1b}'), "{step:?}");
    }
}

#[test]
fn odd_but_accepted() {
    let odd = |change: fn(&mut Certificate)| edit(Role::EtcdServer, |leaf, _| change(leaf));
    let told = |change: fn(&mut Certificate)| {
        fact(&scan(&odd(change), &["info usage-odd etcd/server.crt"]), "usage-odd", "oddities").to_owned()
    };
    assert_eq!(told(|leaf| leaf.drop_extension(extension::EXTENDED_KEY_USAGE)), "no extended key usage");
    assert_eq!(told(|leaf| leaf.set_purposes(&[Purpose::Any])), "anyExtendedKeyUsage");
    assert_eq!(told(|leaf| leaf.put(Extension::basic_constraints(true, None))), "CA:TRUE on a leaf");
    assert_eq!(
        told(|leaf| leaf.put(Extension::key_usage(&[usage_bit::KEY_ENCIPHERMENT]))),
        "keyUsage without digitalSignature"
    );
}

// ---- algorithms ----

#[test]
fn a_signature_of_sha_1() {
    let cluster = edit(Role::EtcdServer, |leaf, _| leaf.algorithm = Some(Algorithm::Rsa(Digest::Sha1)));
    // the images of the manifests, etcd 3.4.13 and Kubernetes 1.20, still take it
    let report =
        scan(&cluster, &["error sha1-signature etcd/server.crt", "info refused-after-upgrade etcd/server.crt"]);
    assert_eq!(fact(&report, "sha1-signature", "signature"), "SHA1-RSA");
    assert_eq!(fact(&report, "refused-after-upgrade", "server runs"), "etcd 3.4.13 (Go 1.12)");
    Patient::clinic(&cluster).for_go(17).expect(&["info sha1-signature etcd/server.crt"]);
    // nobody checks the signature of a root
    scan(&edit_ca(Authority::Etcd, |ca, _| ca.algorithm = Some(Algorithm::Rsa(Digest::Sha1))), &[]);
}

#[test]
fn keys_that_are_small() {
    let small = |bits| {
        let mut cluster = cluster();
        rekey(&mut cluster, Role::EtcdServer, Kind::Rsa(bits));
        cluster
    };
    scan(&small(1024), &["info rsa-too-small etcd/server.crt"]);
    scan(&small(768), &["error rsa-too-small etcd/server.crt", "info refused-after-upgrade etcd/server.crt"]);
    // not even old Go signs with this one
    scan(&small(512), &["error rsa-too-small etcd/server.crt"]);
}

#[test]
fn a_key_that_is_large() {
    let mut cluster = cluster();
    rekey(&mut cluster, Role::ApiserverEtcdClient, Kind::Rsa(8200));
    scan(
        &cluster,
        &["error rsa-too-large apiserver-etcd-client.crt", "info refused-after-upgrade apiserver-etcd-client.crt"],
    );
    rekey(&mut cluster, Role::ApiserverEtcdClient, Kind::Rsa(8192));
    scan(&cluster, &[]);
}

#[test]
fn a_negative_serial_number() {
    let cluster = edit(Role::EtcdServer, |leaf, _| leaf.serial = vec![0x80, 1]);
    scan(&cluster, &["error negative-serial etcd/server.crt", "info refused-after-upgrade etcd/server.crt"]);
    Patient::clinic(&cluster).for_go(22).expect(&["info negative-serial etcd/server.crt"]);
}

#[test]
fn a_ca_with_a_negative_serial_number() {
    let cluster = edit_ca(Authority::Etcd, |ca, _| ca.serial = vec![0x80, 1]);
    scan(&cluster, &["error negative-serial etcd/ca.crt", "info refused-after-upgrade etcd/ca.crt"]);
}

#[test]
fn one_serial_number_twice() {
    let mut cluster = cluster();
    for role in [Role::EtcdServer, Role::EtcdPeer] {
        cluster.leaf(0, role).expect("a leaf").certificate.serial = vec![1];
    }
    let report = scan(&cluster, &["info duplicate-serial etcd/peer.crt"]);
    assert_eq!(fact(&report, "duplicate-serial", "also in"), "etcd/server.crt");
}

#[test]
fn cipher_suites() {
    let with = |suites: &str, tag: &str| {
        let patient = Patient::real("ecdsa");
        patient.edit(ETCD_MANIFEST, "    - --name=", &format!("    - --cipher-suites={suites}\n    - --name="));
        patient.edit(ETCD_MANIFEST, "etcd:3.4.13-0", tag);
        patient
    };
    let subject = "cipher-suite-mismatch /etc/kubernetes/manifests/etcd.yaml:--cipher-suites";
    with("TLS_BOGUS", "etcd:3.5.16-0").expect(&[&format!("error {subject}")]);
    with("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "etcd:3.5.16-0").expect(&[&format!("warning {subject}")]);
    // this one speaks TLS 1.2 alone
    with("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "etcd:3.4.13-0").expect(&[&format!("error {subject}")]);
    with("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "etcd:3.5.16-0").expect(&[]);
    let patient = Patient::real("ecdsa");
    patient.edit(
        API_MANIFEST,
        "    - --secure-port",
        "    - --tls-cipher-suites=TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384\n    - --secure-port",
    );
    let report = patient
        .expect(&["error cipher-suite-mismatch /etc/kubernetes/manifests/kube-apiserver.yaml:--tls-cipher-suites"]);
    assert!(finding(&report, "cipher-suite-mismatch").message.contains("HTTP/2"));
}

#[test]
fn tls_versions() {
    let with = |flags: &[&str]| {
        let patient = Patient::real("stacked-single");
        let lines = flags.iter().fold(String::new(), |lines, flag| lines + "    - --" + flag + "\n");
        patient.edit(ETCD_MANIFEST, "    - --name=", &format!("{lines}    - --name="));
        patient
    };
    let subject = |flag: &str| format!("error tls-version-flags /etc/kubernetes/manifests/etcd.yaml:--{flag}");
    with(&["tls-min-version=TLS1.3", "tls-max-version=TLS1.2"]).expect(&[&subject("tls-min-version")]);
    with(&["tls-max-version=1.3"]).expect(&[&subject("tls-max-version")]);
    with(&["tls-min-version=TLS1.3", "cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"])
        .expect(&[&subject("cipher-suites")]);
    with(&["tls-min-version=TLS1.2", "tls-max-version=TLS1.3"]).expect(&[]);
}

#[test]
fn a_key_that_kubeadm_cannot_read() {
    let mut cluster = cluster();
    rekey(&mut cluster, Role::EtcdServer, Kind::Ed25519);
    let report = scan(&cluster, &["info kubeadm-key-type etcd/server.key"]);
    assert_eq!(
        finding(&report, "kubeadm-key-type").remedy.command.as_deref(),
        Some("pkidoctor regen etcd-server --backup --key-type p256")
    );
}

#[test]
fn what_no_go_accepts_is_no_news_of_an_upgrade() {
    let cluster = edit(Role::EtcdServer, |leaf, at| {
        leaf.algorithm = Some(Algorithm::Rsa(Digest::Sha1));
        leaf.not_after = Time::At(at - 1);
    });
    scan(&cluster, &["error expired etcd/server.crt", "error sha1-signature etcd/server.crt"]);
}

#[test]
fn healthy_clusters_of_the_clinic_are_silent() {
    for seed in 0..40 {
        let cluster = Cluster::healthy(seed);
        let report = Patient::clinic(&cluster).scan();
        // an issuing CA in ca.crt is what the controller-manager really refuses
        let found: Vec<_> = report.findings.iter().filter(|finding| finding.code != "ca-bundle-order").collect();
        assert!(found.is_empty(), "{seed}: {found:?}");
    }
}

#[test]
#[ignore = "minutes without optimisation"]
fn every_wound_of_the_clinic_is_explained() {
    for (number, wound) in (0_u64..).zip(clinic::wounds::all()) {
        let mut inflicted = 0;
        for seed in 0..40 {
            let mut cluster = Cluster::healthy(seed + number);
            if inflicted < 2 && cluster.inflict(*wound, &mut Rng::new(seed)) {
                inflicted += 1;
                crate::support::explained(&Patient::clinic(&cluster).scan());
            }
        }
    }
}
