//! The table of exit codes, and what stands on stdout and stderr with each.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::{LATER, NOW, Ward};

#[test]
fn zero_for_nothing_at_or_above_the_threshold() {
    let ward = Ward::with(&["stacked-single"]);
    let ran = ward.scan(&["stacked-single"]).code(0);
    assert_eq!(ran.stderr, "");
    ward.run(&["scan", "stacked-single", "--at", LATER, "--fail-on", "never"]).code(0);
    ward.run(&["--version"]).code(0);
}

#[test]
fn one_for_findings() {
    let ward = Ward::with(&["stacked-single"]);
    ward.run(&["scan", "stacked-single", "--at", LATER]).code(1);
    // two weeks before the end of the leaves nothing is broken yet
    let soon = "2027-11-10T00:00:00Z";
    ward.run(&["scan", "stacked-single/pki", "--at", soon, "--expiry-warning", "7"]).code(0);
}

#[test]
fn two_for_bad_usage_with_empty_stdout() {
    let ward = Ward::with(&["stacked-single"]);
    let misuses: [&[&str]; 12] = [
        &["scan", "--no-such-flag"],
        &["scan", "--format", "yaml"],
        &["scan", "--lang", "fr"],
        &["scan", "--at", "yesterday"],
        &["scan", "--for-go", "2.0"],
        &["scan", "--expiry-warning", "-1"],
        &["scan", "stacked-single", "--each", "."],
        &["scan", "--each", ".", "--format", "json"],
        &["scan", "-q", "-v"],
        &["verify", "leaf.crt"],
        &["diagnose", "etcd.log", "--since", "yesterday"],
        &["diagnose", "--no-pki", "--pki", "."],
    ];
    for misuse in misuses {
        let ran = ward.run(misuse).code(2);
        assert_eq!(ran.stdout, "", "{misuse:?}");
        assert_ne!(ran.stderr, "", "{misuse:?}");
    }
    let many = [&["scan"][..], &["stacked-single"; 65]].concat();
    assert_eq!(ward.run(&many).code(2).stdout, "");
}

#[test]
fn unknown_codes_meet_a_suggestion() {
    let ward = Ward::with(&["stacked-single"]);
    let misuses: [&[&str]; 3] =
        [&["explain", "expird"], &["scan", "--select", "key-mismatch,expird"], &["scan", "--ignore", "expird"]];
    for misuse in misuses {
        let ran = ward.run(misuse).code(2);
        assert!(ran.stderr.contains("did you mean expired?"), "{}", ran.stderr);
    }
    assert!(ward.run(&["explain", "banana"]).code(2).stderr.contains("lists all"));
}

#[test]
fn two_where_there_is_no_pki_and_stdout_says_so() {
    let ward = Ward::new();
    let ran = ward.scan(&["nowhere"]).code(2);
    assert_eq!(ran.stdout, "incomplete: nothing was examined\n");
    assert!(ran.stderr.starts_with("pkidoctor: no PKI at nowhere: "), "{}", ran.stderr);
    let report = ward.scan(&["nowhere", "--format", "json"]).code(2).json();
    assert_eq!(report["verdict"], "incomplete");
    assert_eq!(report["nodes"], serde_json::json!([]));
    assert!(report["error"].as_str().unwrap().starts_with("no PKI"));
    let line = ward.scan(&["nowhere", "--format", "ndjson"]).code(2).json();
    assert_eq!((&line["verdict"], &line["path"]), (&"incomplete".into(), &"nowhere".into()));
}

#[test]
fn select_and_ignore_leave_the_exit_code() {
    let ward = Ward::with(&["stacked-single"]).with_wrong_key();
    ward.scan(&["stacked-single"]).code(1);
    let selected = ward.scan(&["stacked-single", "--select", "expired", "--format", "json"]).code(0).json();
    assert_eq!(selected["findings"], serde_json::json!([]));
    let ignored = ward.scan(&["stacked-single", "--ignore", "key-mismatch,expired", "--format", "json"]).code(0).json();
    assert_eq!(
        (&ignored["findings"][0]["code"], &ignored["findings"][0]["ignored"]),
        (&"key-mismatch".into(), &true.into())
    );
    assert_ne!(ignored["verdict"], "broken");
}

#[test]
fn verify_says_ok_or_gos_words() {
    let ward = Ward::with(&["stacked-single"]);
    let pki = |file: &str| format!("stacked-single/pki/{file}");
    let (leaf, ca, other) = (pki("etcd/server.crt"), pki("etcd/ca.crt"), pki("ca.crt"));
    let verify = |more: &[&str]| ward.run(&[&["verify", &leaf, "--at", NOW], more].concat());
    assert_eq!(verify(&["--ca", &ca, "--name", "127.0.0.1"]).code(0).stdout, "ok\n");
    assert_eq!(verify(&["--ca", &ca, "--usage", "client"]).code(0).stdout, "ok\n");
    assert!(verify(&["--ca", &ca, "--name", "10.9.9.9"]).code(1).stdout.starts_with("x509: certificate is valid for "));
    assert!(verify(&["--ca", &other]).code(1).stdout.starts_with("x509: certificate signed by unknown authority"));
    let refused = verify(&["--ca", &other, "--format", "json"]).code(1).json();
    assert_eq!(refused["verdict"], "refused");
    assert!(refused["error"].as_str().unwrap().starts_with("x509: "));
    assert_eq!(verify(&["--ca", &ca, "--format", "json"]).code(0).json()["verdict"], "ok");
    let unreadable = verify(&["--ca", "nowhere"]).code(2);
    assert_eq!(unreadable.stdout, "incomplete: nothing was judged\n");
    assert!(unreadable.stderr.contains("nowhere"));
    std::fs::write(ward.path("empty.crt"), "").unwrap();
    assert!(verify(&["--ca", "empty.crt"]).code(1).stdout.starts_with("x509: "));
}

#[test]
fn inspect_fails_only_on_what_it_cannot_read() {
    let ward = Ward::with(&["stacked-single"]);
    let (good, directory) = ("stacked-single/pki/ca.crt", "stacked-single/pki");
    ward.run(&["inspect", good, "stacked-single/manifests/etcd.yaml"]).code(0);
    let ran = ward.run(&["inspect", good, directory, "nowhere"]).code(2);
    assert!(ran.stdout.contains("CN=kubernetes"), "the readable one is told: {}", ran.stdout);
    assert_eq!(ran.stderr.lines().count(), 2, "{}", ran.stderr);
    let json = ward.run(&["inspect", good, directory, "--format", "json"]).code(2).json();
    assert_eq!(json["files"][0]["blocks"][0]["certificate"]["subject"], "CN=kubernetes");
    assert!(json["files"][1]["error"].is_string());
}

#[test]
fn what_may_not_be_read_is_two_unless_something_is_worse() {
    let ward = Ward::with(&["stacked-single"]);
    let path = ward.path("stacked-single/pki/etcd/server.key");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(&path).is_ok() {
        return; // root reads everything
    }
    ward.scan(&["stacked-single"]).code(2);
}

/// A directory that is there and holds no PKI is not healthy, whatever else it holds.
#[test]
fn where_there_is_no_pki_nothing_is_healthy() {
    let ward = Ward::with(&["stacked-single"]);
    std::fs::create_dir(ward.path("notes")).expect("a directory");
    std::fs::write(ward.path("notes/readme.txt"), "hi").expect("writes");
    ward.scan(&["notes"]).code(2);
    // what holds trees is none itself
    ward.scan(&["."]).code(2);
    std::fs::remove_dir_all(ward.path("stacked-single/pki")).expect("removes");
    let gone = ward.scan(&["stacked-single"]).code(2);
    assert!(gone.stderr.contains("there is no directory pki in it"), "{}", gone.stderr);
    // an empty one beside manifests is a control plane that has lost its files
    std::fs::create_dir(ward.path("stacked-single/pki")).expect("a directory");
    ward.scan(&["stacked-single"]).code(1);
}
