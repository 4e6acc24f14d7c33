//! Several nodes of one cluster, the kubelet's files, and what repairs and distributions leave behind.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use clinic::Cluster;
use clinic::rng::Rng;
use time::macros::datetime;

use crate::support::{Patient, line};

const ALL: [&str; 3] = ["ha/cp1", "ha/cp2", "ha/cp3"];

/// The file of one of the nodes.
fn of(patient: &Patient, node: usize, relative: &str) -> PathBuf {
    patient.paths[node].join(relative)
}

fn copy(from: &Path, to: &Path) {
    std::fs::copy(from, to).expect("copies");
}

fn lines(report: &pkidoctor::report::Report) -> Vec<String> {
    let mut lines: Vec<String> = report.findings.iter().map(line).collect();
    lines.sort();
    lines
}

fn nodes_of(report: &pkidoctor::report::Report, code: &str) -> Vec<String> {
    let finding = report.findings.iter().find(|finding| finding.code == code).expect("the finding");
    assert!(finding.node.is_none());
    finding.nodes.clone().expect("nodes")
}

/// A silent cluster of three nodes with a wound.
fn wounded(wound: &str) -> Patient {
    let wound = clinic::wounds::find(wound).expect("a wound");
    let healthy = (0..400)
        .map(Cluster::healthy)
        .find(|cluster| cluster.nodes.len() == 3 && Patient::clinic(cluster).scan().findings.is_empty());
    let mut cluster = healthy.expect("a healthy cluster of three");
    assert!(cluster.inflict(wound, &mut Rng::new(1)));
    Patient::clinic(&cluster)
}

// ---- CAs

#[test]
fn a_node_with_its_own_etcd_ca_is_one_finding() {
    let patient = wounded("node-with-its-own-etcd-authority");
    let report = patient.expect(&["error ca-differs-between-nodes etcd/ca.crt"]);
    assert_eq!(nodes_of(&report, "ca-differs-between-nodes").len(), 3);
    let broken = report.nodes.iter().flat_map(|node| &node.links).filter(|link| link.verdict == "broken").count();
    assert!(broken >= 4, "every peer link from and to that node");
}

#[test]
fn a_node_with_its_own_cluster_ca() {
    wounded("node-with-its-own-cluster-authority").expect(&["error ca-differs-between-nodes ca.crt"]);
}

#[test]
fn a_node_with_its_own_front_proxy_ca() {
    wounded("node-with-its-own-front-proxy-authority").expect(&["error ca-differs-between-nodes front-proxy-ca.crt"]);
}

#[test]
fn a_node_with_a_stranger_s_ca_file() {
    // the key is still that of the common CA
    wounded("node-trusts-an-old-etcd-authority")
        .expect(&["error ca-differs-between-nodes etcd/ca.crt", "error ca-key-mismatch etcd/ca.key"]);
    // alone, the same node tells another story
    let patient = Patient::real_nodes(&["ha/cp2", "stacked-single"]);
    copy(&of(&patient, 1, "etcd/ca.crt"), &of(&patient, 0, "etcd/ca.crt"));
    let mut patient = patient;
    patient.paths.truncate(1);
    let report = patient.scan();
    assert!(report.findings.iter().all(|finding| finding.code != "ca-differs-between-nodes"));
}

#[test]
fn a_bundle_on_one_node_is_a_step_of_a_rotation() {
    let patient = Patient::real_nodes(&["ha/cp1", "ha/cp2", "stacked-single"]);
    let old = std::fs::read_to_string(of(&patient, 0, "etcd/ca.crt")).expect("reads");
    let new = std::fs::read_to_string(of(&patient, 2, "etcd/ca.crt")).expect("reads");
    std::fs::write(of(&patient, 1, "etcd/ca.crt"), format!("{old}{new}")).expect("writes");
    let mut patient = patient;
    patient.paths.truncate(2);
    let report = patient.scan();
    assert!(
        lines(&report).contains(&"warning ca-differs-between-nodes etcd/ca.crt".to_owned()),
        "{:?}",
        lines(&report)
    );
}

// ---- token keys

#[test]
fn a_node_with_its_own_token_key() {
    let report = wounded("node-with-its-own-token-key").expect(&["error sa-key-differs-between-nodes sa.key"]);
    assert_eq!(nodes_of(&report, "sa-key-differs-between-nodes").len(), 3);
}

#[test]
fn a_node_that_refuses_its_own_tokens_is_another_story() {
    let patient = Patient::real_nodes(&["ha/cp1", "ha/cp2", "stacked-single"]);
    copy(&of(&patient, 2, "sa.key"), &of(&patient, 1, "sa.key"));
    let mut patient = patient;
    patient.paths.truncate(2);
    let report = patient.scan();
    assert!(report.findings.iter().any(|finding| finding.code == "sa-key-mismatch"));
    assert!(report.findings.iter().all(|finding| finding.code != "sa-key-differs-between-nodes"));
}

// ---- shared files

#[test]
fn a_shared_file_that_one_node_lacks() {
    let patient = Patient::real_nodes(&ALL);
    for path in ["etcd/ca.key", "etcd/ca.crt"] {
        std::fs::remove_file(of(&patient, 1, path)).expect("removes");
    }
    let report = patient.scan();
    let told: Vec<String> = lines(&report);
    assert!(told.contains(&"warning shared-file-missing etcd/ca.key".to_owned()), "{told:?}");
    assert!(
        !told.iter().any(|line| line.contains("shared-file-missing etcd/ca.crt")),
        "a link already tells it: {told:?}"
    );
}

#[test]
fn keys_that_no_node_has_are_an_external_ca() {
    let patient = Patient::real_nodes(&ALL);
    for node in 0..3 {
        std::fs::remove_file(of(&patient, node, "front-proxy-ca.key")).expect("removes");
    }
    let report = patient.scan();
    assert!(report.findings.iter().all(|finding| finding.code != "shared-file-missing"));
}

// ---- copies and renewals

#[test]
fn leaves_of_the_first_node_on_the_second() {
    let patient = Patient::real_nodes(&ALL);
    for path in
        ["etcd/server.crt", "etcd/server.key", "etcd/peer.crt", "etcd/peer.key", "apiserver.crt", "apiserver.key"]
    {
        copy(&of(&patient, 0, path), &of(&patient, 1, path));
    }
    let report = patient.expect(&[
        "error copied-from-other-node apiserver.crt",
        "error copied-from-other-node etcd/peer.crt",
        "error copied-from-other-node etcd/server.crt",
    ]);
    assert_eq!(nodes_of(&report, "copied-from-other-node"), ["cp1", "cp2"]);
    assert!(report.findings[0].remedy.steps.iter().any(|step| step == "run it on cp2"));
}

#[test]
fn client_pairs_may_be_shared() {
    let patient = Patient::real_nodes(&ALL);
    for path in [
        "apiserver-etcd-client.crt",
        "apiserver-etcd-client.key",
        "etcd/healthcheck-client.crt",
        "etcd/healthcheck-client.key",
    ] {
        copy(&of(&patient, 0, path), &of(&patient, 1, path));
    }
    patient.expect(&[]);
}

#[test]
fn a_node_that_was_forgotten_at_renewal() {
    let report = wounded("node-not-renewed").scan();
    assert!(report.findings.iter().any(|finding| finding.code == "expired"));
    assert_eq!(
        report.findings.iter().filter(|finding| finding.code == "renewed-on-one-node").count(),
        1,
        "{:?}",
        lines(&report)
    );
    assert_eq!(nodes_of(&report, "renewed-on-one-node").len(), 2);
    // all three expire together: nobody was forgotten
    let report = Patient::real_nodes(&ALL).at(datetime!(2027-11-20 00:00 UTC)).scan();
    assert!(report.findings.iter().all(|finding| finding.code != "renewed-on-one-node"));
}

// ---- the kubelet

/// A tree as the root of a node's file system; call it last, paths are then those of the node.
fn rooted(mut patient: Patient) -> (Patient, PathBuf) {
    let root = patient.directory.join("root");
    std::fs::create_dir_all(root.join("etc")).expect("a directory");
    let from = patient.paths[0].parent().expect("a parent").to_path_buf();
    std::fs::rename(from, root.join("etc/kubernetes")).expect("moves");
    std::fs::create_dir_all(root.join("var/lib/kubelet/pki")).expect("a directory");
    patient.request.root = Some(root.clone());
    patient.paths = vec![PathBuf::from("/etc/kubernetes/pki")];
    (patient, root)
}

const CURRENT: &str = "/var/lib/kubelet/pki/kubelet-client-current.pem";

/// The value of a field, to the end of its line.
fn field<'t>(text: &'t str, name: &str) -> &'t str {
    text.split(&format!("{name}: ")).nth(1).and_then(|rest| rest.lines().next()).expect("the field")
}

/// A node whose kubelet.conf names the rotated certificate, and its content: certificate and key.
fn rotating() -> (Patient, PathBuf, Vec<u8>) {
    let patient = Patient::real("stacked-single");
    let text = patient.text("../kubelet.conf");
    let mut pem = Vec::new();
    for name in ["client-certificate-data", "client-key-data"] {
        let value = field(&text, name);
        pem.extend(pkidoctor::x509::base64::decode(value.as_bytes()).expect("base64").iter());
        patient.edit(
            "../kubelet.conf",
            &format!("{name}: {value}"),
            &format!("{}: {CURRENT}", name.trim_end_matches("-data")),
        );
    }
    let (patient, root) = rooted(patient);
    (patient, root, pem)
}

fn private(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).expect("writes");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("chmod");
}

#[test]
fn a_link_to_a_certificate_with_its_key_is_in_order() {
    let (patient, root, pem) = rotating();
    private(&root.join("var/lib/kubelet/pki/kubelet-client-1.pem"), &pem);
    symlink("/var/lib/kubelet/pki/kubelet-client-1.pem", root.join(&CURRENT[1..])).expect("links");
    patient.expect(&[]);
}

#[test]
fn a_link_that_dangles() {
    let (patient, root, _) = rotating();
    symlink("/var/lib/kubelet/pki/kubelet-client-1.pem", root.join(&CURRENT[1..])).expect("links");
    let report = patient.expect(&[&format!("error kubelet-current-broken {CURRENT}")]);
    assert_eq!(report.findings[0].message, "points to /var/lib/kubelet/pki/kubelet-client-1.pem, which does not exist");
}

#[test]
fn a_certificate_without_its_key() {
    let (patient, root, pem) = rotating();
    let text = String::from_utf8(pem).expect("text");
    let certificate = &text
        [..text.find("-----BEGIN RSA PRIVATE KEY").or_else(|| text.find("-----BEGIN EC PRIVATE KEY")).expect("a key")];
    std::fs::write(root.join("var/lib/kubelet/pki/kubelet-client-1.pem"), certificate).expect("writes");
    symlink("kubelet-client-1.pem", root.join(&CURRENT[1..])).expect("links");
    let report = patient.expect(&[&format!("error kubelet-current-broken {CURRENT}")]);
    assert_eq!(report.findings[0].message, "holds a certificate but no key");
}

#[test]
fn a_plain_file_stops_the_next_rotation() {
    let (patient, root, pem) = rotating();
    private(&root.join(&CURRENT[1..]), &pem);
    patient.expect(&[&format!("warning kubelet-current-broken {CURRENT}")]);
}

#[test]
fn a_kubelet_conf_that_rotation_left_behind() {
    let newer = Patient::real("ha/cp1").text("../kubelet.conf");
    let pem = |name: &str| pkidoctor::x509::base64::decode(field(&newer, name).as_bytes()).expect("base64");
    let (certificate, key) = (pem("client-certificate-data"), pem("client-key-data"));
    let place = |patient: Patient| {
        let (patient, root) = rooted(patient);
        std::fs::write(
            root.join("var/lib/kubelet/pki/kubelet-client-1.pem"),
            [certificate.as_slice(), key.as_slice()].concat(),
        )
        .expect("writes");
        symlink("kubelet-client-1.pem", root.join(&CURRENT[1..])).expect("links");
        patient
    };
    let same_age = place(Patient::real("ha/cp1")).scan();
    assert!(same_age.findings.iter().all(|finding| finding.code != "kubelet-conf-embedded"), "{:?}", lines(&same_age));
    let older = place(Patient::real("stacked-single")).scan();
    let told = lines(&older).contains(&"warning kubelet-conf-embedded /etc/kubernetes/kubelet.conf#client".to_owned());
    let (old, new) = (not_before("stacked-single"), not_before("ha/cp1"));
    assert_eq!(told, old < new, "{:?}", lines(&older));
}

fn not_before(cluster: &str) -> String {
    let report = Patient::real(cluster).scan();
    let file = report.nodes[0].files.iter().find(|file| file.path.ends_with("kubelet.conf")).expect("kubelet.conf");
    file.certificates[0].not_before.clone()
}

#[test]
fn a_serving_certificate_that_nobody_approved() {
    let (patient, root) = rooted(Patient::real("stacked-single"));
    let config = "kind: KubeletConfiguration\nauthentication:\n  x509:\n    clientCAFile: /etc/kubernetes/pki/ca.crt\n";
    std::fs::write(root.join("var/lib/kubelet/config.yaml"), config).expect("writes");
    patient.expect(&[]);
    std::fs::write(root.join("var/lib/kubelet/config.yaml"), format!("{config}serverTLSBootstrap: true\n"))
        .expect("writes");
    patient.expect(&["warning kubelet-serving-missing /var/lib/kubelet/pki/kubelet-server-current.pem"]);
}

// ---- operations

#[test]
fn a_journal_is_an_interrupted_repair() {
    let patient = Patient::real("stacked-single");
    patient.write(".pkidoctor-journal", "{}");
    let report = patient.expect(&["error interrupted-repair .pkidoctor-journal"]);
    assert_eq!(report.findings[0].remedy.command.as_deref(), Some("pkidoctor recover"));
    let patient = Patient::real("stacked-single");
    patient
        .copy("etcd/server.key", ".pkidoctor-journal/old/etcd/server.key")
        .chmod(".pkidoctor-journal/old/etcd/server.key", 0o644);
    patient.expect(&["error interrupted-repair .pkidoctor-journal"]);
    let patient = Patient::real("stacked-single");
    patient.copy("etcd/server.key", ".pkidoctor-backup/1/etcd/server.key");
    patient.expect(&[]);
}

#[test]
fn leftovers_of_another_generation() {
    let patient = Patient::real_nodes(&["external-etcd", "stacked-single"]);
    for path in ["etcd/server.crt", "etcd/server.key"] {
        copy(&of(&patient, 1, path), &of(&patient, 0, path));
    }
    let mut patient = patient;
    patient.paths.truncate(1);
    let told = lines(&patient.scan());
    assert!(told.contains(&"info mixed-generations etcd/server.crt".to_owned()), "{told:?}");
}

#[test]
fn a_distribution_keeps_its_own_pki() {
    let patient = Patient::real("stacked-single");
    let (patient, root) = rooted(patient);
    std::fs::create_dir_all(root.join("var/lib/rancher/rke2/server")).expect("a directory");
    std::fs::rename(root.join("etc/kubernetes/pki"), root.join("var/lib/rancher/rke2/server/tls")).expect("moves");
    let mut patient = patient;
    patient.paths = vec![PathBuf::from("/var/lib/rancher/rke2/server/tls")];
    let told = lines(&patient.scan());
    assert!(told.contains(&"info distribution-layout /var/lib/rancher/rke2/server/tls".to_owned()), "{told:?}");
}
