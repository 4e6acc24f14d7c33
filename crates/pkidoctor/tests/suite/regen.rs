//! What `regen` plans: kubeadm's own certificates once more, names and reasons, and what it refuses.

use std::sync::Arc;

use pkidoctor::act::{RealFiles, Run};
use pkidoctor::go::GoVersion;
use pkidoctor::go::load::Material;
use pkidoctor::plan::{KeyChoice, Options, Work};
use pkidoctor::repair::{self, Nobody, NotDone, Prescription, Refused};
use pkidoctor::x509::certificate::Certificate;
use time::Duration;

use crate::cure::setting;
use crate::support::Patient;

const LEAVES: [&str; 7] = [
    "apiserver",
    "apiserver-kubelet-client",
    "front-proxy-client",
    "etcd/server",
    "etcd/peer",
    "etcd/healthcheck-client",
    "apiserver-etcd-client",
];

#[track_caller]
fn prescribed(patient: &Patient, words: &[&str], options: &Options) -> Prescription {
    match made(patient, words, options) {
        Ok(prescription) => prescription,
        Err(refused) => panic!("{refused}"),
    }
}

fn made(patient: &Patient, words: &[&str], options: &Options) -> Result<Prescription, Refused> {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    repair::regen(&setting(patient, 0), &words, options)
}

#[track_caller]
fn refusal(patient: &Patient, words: &[&str], options: &Options) -> &'static str {
    match made(patient, words, options) {
        Err(Refused::No(refusal)) => {
            assert!(!refusal.way_out.is_empty(), "{}: no way out", refusal.code);
            refusal.code
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("not refused"),
    }
}

fn leaf(text: &[u8]) -> Arc<Certificate> {
    Arc::clone(Material::read(text, GoVersion::NEWEST).parsed().next().expect("a certificate"))
}

fn on_disk(patient: &Patient, relative: &str) -> Arc<Certificate> {
    leaf(patient.text(relative).as_bytes())
}

fn new(prescription: &Prescription, relative: &str) -> Arc<Certificate> {
    leaf(&prescription.content(&format!("/etc/kubernetes/pki/{relative}")).expect("it changes"))
}

fn notes(prescription: &Prescription) -> Vec<String> {
    let notes = prescription.plan.steps.iter().flat_map(|step| &step.notes);
    notes.map(|note| format!("{}: {}", note.value, note.why)).collect()
}

#[test]
fn real_trees_are_made_once_more() {
    for cluster in ["stacked-single", "ecdsa", "ipv6", "ha/cp1", "ha/cp2", "ha/cp3"] {
        let patient = Patient::real(cluster);
        // keys of RSA take their time in a build for tests; one target gets a new one below
        let key = if cluster == "ecdsa" { KeyChoice::Same } else { KeyChoice::InPlace };
        let prescription = prescribed(&patient, &["all"], &Options { key, ..Options::default() });
        assert!(prescription.plan.questions.is_empty(), "{cluster}: {:?}", prescription.plan.questions);
        for stem in LEAVES {
            let file = format!("{stem}.crt");
            let (old, new) = (on_disk(&patient, &file), new(&prescription, &file));
            assert_eq!(old.subject.raw, new.subject.raw, "{cluster} {file}");
            assert_eq!(old.issuer.raw, new.issuer.raw, "{cluster} {file}");
            let block = |certificate: &Certificate| -> Vec<(Vec<u8>, bool, Vec<u8>)> {
                let all = certificate.extensions.iter();
                all.map(|one| (one.oid.clone(), one.critical, one.value.clone())).collect()
            };
            assert_eq!(block(&old), block(&new), "{cluster} {file}");
            let kind = |certificate: &Certificate| certificate.key.as_ref().map(pkidoctor::x509::key::PublicKey::kind);
            assert_eq!(kind(&old), kind(&new), "{cluster} {file}");
            assert_eq!(new.not_before, patient.now - Duration::minutes(5));
            assert_eq!(new.not_after, patient.now + Duration::days(365));
        }
    }
}

#[test]
fn the_kind_of_key_stays() {
    let patient = Patient::real("stacked-single");
    let prescription = prescribed(&patient, &["etcd-server"], &Options::default());
    let (old, new) = (on_disk(&patient, "etcd/server.crt"), new(&prescription, "etcd/server.crt"));
    assert_eq!(new.key.as_ref().map(pkidoctor::x509::key::PublicKey::kind).as_deref(), Some("rsa2048"));
    assert_ne!(new.key, old.key);
    let key = prescription.content("/etc/kubernetes/pki/etcd/server.key").expect("it changes");
    assert!(key.starts_with(b"-----BEGIN RSA PRIVATE KEY-----"));
}

#[test]
fn releases_differ() {
    let patient = Patient::real("stacked-single");
    let p256 = Options { key: KeyChoice::Kind(pkidoctor::issue::KeyKind::P256), ..Options::default() };
    patient.remove("etcd/healthcheck-client.crt").remove("apiserver-kubelet-client.crt");
    let manifest = "../manifests/kube-apiserver.yaml";
    let targets = ["etcd-healthcheck-client", "apiserver-kubelet-client"];
    let organizations = |release: &str, before: &str| {
        patient.edit(manifest, before, release);
        let prescription = prescribed(&patient, &targets, &p256);
        let all = ["etcd/healthcheck-client.crt", "apiserver-kubelet-client.crt"].map(|file| {
            let made = new(&prescription, file);
            assert_eq!(made.basic_constraints.is_some(), release != "v1.20.9", "{release}");
            made.subject.organizations().join(",")
        });
        all.join("|")
    };
    assert_eq!(organizations("v1.28.4", "v1.20.9"), "system:masters|system:masters");
    assert_eq!(organizations("v1.29.0", "v1.28.4"), "|kubeadm:cluster-admins");
    assert_eq!(organizations("v1.36.1", "v1.29.0"), "|");
    patient.edit(manifest, "v1.36.1", "latest");
    for other in ["../manifests/kube-controller-manager.yaml", "../manifests/kube-scheduler.yaml"] {
        patient.edit(other, "v1.20.9", "latest");
    }
    assert_eq!(refusal(&patient, &targets[..1], &Options::default()), "organization-unknown");
    let given = Options { organization: Some("ops".to_owned()), ..p256 };
    let prescription = prescribed(&patient, &targets[..1], &given);
    assert_eq!(new(&prescription, "etcd/healthcheck-client.crt").subject.organizations(), ["ops"]);
}

#[test]
fn a_certificate_of_another_node_lends_nothing() {
    let patient = Patient::real("ha/cp2");
    let other = Patient::real("ha/cp1");
    patient.write("etcd/server.crt", other.text("etcd/server.crt"));
    patient.write("etcd/server.key", other.text("etcd/server.key"));
    let prescription = prescribed(&patient, &["etcd-server"], &Options::default());
    let made = new(&prescription, "etcd/server.crt");
    assert_eq!(made.subject.common_name(), "cp2");
    assert!(!made.names.dns.contains(&"cp1".to_owned()), "{:?}", made.names.dns);
    assert!(notes(&prescription).contains(&"cp1: dropped: the certificate in place names another node".to_owned()));
    assert_eq!(prescription.plan.questions.len(), 1, "dropping names asks");
}

#[test]
fn a_replaced_ca_is_not_signed_with() {
    let patient = Patient::real("stacked-single");
    patient.copy("front-proxy-ca.crt", "etcd/ca.crt").copy("front-proxy-ca.key", "etcd/ca.key");
    assert_eq!(refusal(&patient, &["etcd-server"], &Options::default()), "ca-replaced");
    patient.copy("ca.key", "etcd/ca.key");
    assert_eq!(refusal(&patient, &["etcd-server"], &Options::default()), "ca-replaced");
}

#[test]
fn a_clock_that_is_behind_signs_nothing() {
    let patient = Patient::real("stacked-single").at(crate::support::NOW - Duration::days(2));
    assert_eq!(refusal(&patient, &["etcd-server"], &Options::default()), "clock-behind");
}

#[test]
fn nobody_is_made_a_certificate() {
    let mut patient = Patient::real("stacked-single");
    patient.request.no_manifests = true;
    std::fs::remove_file(patient.path("../kubelet.conf")).expect("removes");
    assert_eq!(refusal(&patient, &["etcd-server"], &Options::default()), "identity-unknown");
    let given = Options {
        node_name: Some("pi-master1".to_owned()),
        san: vec!["192.168.6.11".to_owned()],
        ..Options::default()
    };
    let prescription = prescribed(&patient, &["etcd-server"], &given);
    assert_eq!(new(&prescription, "etcd/server.crt").subject.common_name(), "pi-master1");
}

#[test]
fn never_past_the_end_of_the_ca() {
    let patient = Patient::real("stacked-single");
    let long = Options { days: 36_500, ..Options::default() };
    let prescription = prescribed(&patient, &["etcd-server"], &long);
    assert_eq!(new(&prescription, "etcd/server.crt").not_after, on_disk(&patient, "etcd/ca.crt").not_after);
    assert!(notes(&prescription).iter().any(|note| note.ends_with("cut: the CA ends then")));
}

#[test]
fn usages_are_put_right_and_the_container_stays() {
    let patient = Patient::real("stacked-single");
    // a client's pair in the server's place, as kubeadm certs renew would copy it
    patient.copy("etcd/healthcheck-client.crt", "etcd/server.crt");
    let key = std::process::Command::new("openssl")
        .args(["pkcs8", "-topk8", "-nocrypt", "-in"])
        .arg(patient.path("etcd/healthcheck-client.key"))
        .output()
        .expect("openssl runs");
    patient.write("etcd/server.key", key.stdout);
    let prescription = prescribed(&patient, &["etcd-server"], &Options::default());
    let made = new(&prescription, "etcd/server.crt");
    assert_eq!(made.usages.len(), 2);
    let key = prescription.content("/etc/kubernetes/pki/etcd/server.key").expect("it changes");
    assert!(key.starts_with(b"-----BEGIN PRIVATE KEY-----"));
}

#[test]
fn a_key_of_another_kind_asks() {
    let patient = Patient::real("stacked-single");
    let options = Options { key: KeyChoice::Kind(pkidoctor::issue::KeyKind::P256), ..Options::default() };
    let prescription = prescribed(&patient, &["etcd-peer"], &options);
    assert_eq!(prescription.plan.questions.len(), 1);
    assert!(matches!(&prescription.plan.steps[0].work, Work::Pair(_)));
}

#[test]
fn a_plan_fits_only_the_tree_that_it_was_made_for() {
    let patient = Patient::real("stacked-single");
    let prescription = prescribed(&patient, &["etcd-server"], &Options::default());
    // not one of the files that change
    patient.edit("../manifests/etcd.yaml", "--snapshot-count=10000", "--snapshot-count=10001");
    let before = patient.text("etcd/server.crt");
    let run = Run { id: "stale".to_owned(), words: Vec::new(), at: patient.now };
    let done = prescription.carry_out(&setting(&patient, 0), &RealFiles, run, None, &mut Nobody);
    assert!(matches!(done, Err(NotDone::Refused(refusal)) if refusal.code == "stale"));
    assert_eq!(patient.text("etcd/server.crt"), before);
}

#[test]
fn links_are_followed_and_stay() {
    let patient = Patient::real("stacked-single");
    let kept = patient.directory.join("kept");
    std::fs::create_dir_all(&kept).expect("a directory");
    std::fs::rename(patient.path("etcd/server.key"), kept.join("server.key")).expect("moves");
    std::os::unix::fs::symlink(kept.join("server.key"), patient.path("etcd/server.key")).expect("links");
    // a copy sees nothing outside of it; a node's own tree does
    let code = refusal(&patient, &["etcd-server"], &Options::default());
    assert_eq!(code, "not-writable");
}
