//! What people see, compared exactly.

use crate::support::{LATER, NOW, Ward, snapshot};

const COMMANDS: [&str; 11] =
    ["scan", "diagnose", "regen", "fix", "restore", "recover", "verify", "inspect", "explain", "completions", "man"];

#[test]
fn help_of_every_command() {
    let ward = Ward::new();
    snapshot("help.txt", &ward.run(&["--help"]).code(0).stdout);
    for command in COMMANDS {
        snapshot(&format!("help-{command}.txt"), &ward.run(&[command, "--help"]).code(0).stdout);
    }
}

#[test]
fn a_healthy_node_takes_four_lines() {
    let ward = Ward::with(&["stacked-single"]);
    snapshot("healthy.txt", &ward.scan(&["stacked-single"]).code(0).stdout);
    snapshot("healthy-quiet.txt", &ward.scan(&["stacked-single", "-q"]).code(0).stdout);
    snapshot("healthy-verbose.txt", &ward.scan(&["stacked-single", "-v"]).code(0).stdout);
}

#[test]
fn a_healthy_cluster_of_three() {
    let ward = Ward::with(&["ha/cp1", "ha/cp2", "ha/cp3"]);
    snapshot("healthy-three.txt", &ward.scan(&["ha/cp1", "ha/cp2", "ha/cp3"]).code(0).stdout);
}

#[test]
fn external_etcd_is_unknown_not_broken() {
    let ward = Ward::with(&["external-etcd"]);
    snapshot("external-etcd.txt", &ward.scan(&["external-etcd"]).code(0).stdout);
}

#[test]
fn everything_expired() {
    let ward = Ward::with(&["stacked-single"]);
    snapshot("expired.txt", &ward.run(&["scan", "stacked-single", "--at", LATER]).code(1).stdout);
}

#[test]
fn the_story() {
    for act in ["act-1", "act-2"] {
        let ward = Ward::act(act);
        snapshot(&format!("story-{act}.txt"), &ward.scan(&[act]).code(1).stdout);
        snapshot(&format!("story-{act}-verbose.txt"), &ward.scan(&[act, "-v"]).code(1).stdout);
    }
}

#[test]
fn the_wrong_key_beside_the_certificate() {
    let ward = Ward::with(&["stacked-single"]).with_wrong_key();
    snapshot("wrong-key.txt", &ward.scan(&["stacked-single"]).code(1).stdout);
    snapshot("wrong-key-quiet.txt", &ward.scan(&["stacked-single", "--quiet"]).code(1).stdout);
    snapshot("wrong-key-ignored.txt", &ward.scan(&["stacked-single", "--ignore", "key-mismatch"]).code(0).stdout);
}

#[test]
fn explanations() {
    let ward = Ward::new();
    snapshot("explain-expired.txt", &ward.run(&["explain", "expired"]).code(0).stdout);
    let all = ward.run(&["explain"]).code(0).stdout;
    assert!(all.contains("key-mismatch") && all.lines().all(|line| line.chars().count() <= 80), "{all}");
}

#[test]
fn contents_of_files() {
    let ward = Ward::with(&["stacked-single", "ecdsa"]);
    let files = [
        "stacked-single/pki/etcd/server.crt",
        "stacked-single/pki/etcd/server.key",
        "ecdsa/pki/sa.pub",
        "ecdsa/admin.conf",
    ];
    let arguments = [&["inspect"], &files[..], &["--at", NOW]].concat();
    snapshot("inspect.txt", &ward.run(&arguments).code(0).stdout);
}
