//! The examples are programs that do what their heads say.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::Patient;

fn example(name: &str) -> Command {
    let tests = std::env::current_exe().expect("a path");
    let built: PathBuf = tests.parent().and_then(Path::parent).expect("a target").join("examples").join(name);
    assert!(built.exists(), "cargo test builds examples, --test alone does not: cargo build -p pkidoctor --examples");
    Command::new(built)
}

fn ran(mut command: Command) -> (Output, String) {
    let output = command.output().expect("runs");
    let told = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    (output, told)
}

/// A healthy cluster of today.
fn today() -> Patient {
    let mut cluster = clinic::Cluster::kubeadm(2);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    cluster.bring_to(i64::try_from(now).expect("this century"));
    Patient::clinic(&cluster)
}

#[test]
fn a_gate_fails_where_it_should() {
    let patient = today();
    let gate = |days: &str| {
        let mut command = example("ci_gate");
        command.arg(days).args(&patient.paths);
        ran(command)
    };
    let (output, told) = gate("1");
    assert!(output.status.success() && told.is_empty(), "{told}");
    let (output, told) = gate("3650");
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains("expires-soon"), "{told}");
}

#[test]
fn a_pair_is_admitted_or_refused_in_go_s_words() {
    let patient = today();
    let pki = &patient.paths[0];
    let admission = |certificate: &str, key: &str, name: &str| {
        let mut command = example("admission");
        command.args([pki.join(certificate), pki.join(key), pki.join("etcd/ca.crt")]).arg(name);
        ran(command)
    };
    let (output, told) = admission("etcd/server.crt", "etcd/server.key", "127.0.0.1");
    assert!(output.status.success(), "{told}");
    let (_, told) = admission("etcd/server.crt", "etcd/server.key", "203.0.113.9");
    assert!(told.starts_with("x509: certificate is valid for "), "{told}");
    let (_, told) = admission("etcd/server.crt", "etcd/peer.key", "127.0.0.1");
    assert_eq!(told, "tls: private key does not match public key\n");
}

#[test]
fn a_reconciler_plans_and_then_heals() {
    let patient = today();
    let pki = &patient.paths[0];
    std::fs::copy(pki.join("apiserver.key"), pki.join("etcd/server.key")).expect("a wound");
    let reconcile = |more: &[&str]| {
        let mut command = example("reconcile");
        command.arg(pki).args(more);
        ran(command)
    };
    let (output, told) = reconcile(&[]);
    assert!(output.status.success() && told.contains("regen etcd-server"), "{told}");
    let (output, told) = reconcile(&["--apply"]);
    assert!(output.status.success() && told.contains("done; backup: /"), "{told}{output:?}");
    let (output, told) = reconcile(&[]);
    assert!(output.status.success() && told.is_empty(), "{told}");
}
