//! `scan --each`.

use crate::schema::{valid, validator};
use crate::support::{LATER, NOW, Ward, copy_with_modes, testdata};

fn fleet() -> Ward {
    let ward = Ward::new();
    for (name, cluster) in [("a", "stacked-single"), ("b", "ecdsa"), ("c", "external-etcd"), ("d", "ipv6")] {
        copy_with_modes(&testdata().join("clusters").join(cluster), &ward.path("fleet").join(name));
    }
    // the PKI itself, without what lies beside it
    copy_with_modes(&testdata().join("clusters/stacked-single/pki"), &ward.path("fleet/e"));
    std::fs::write(ward.path("fleet/readme.txt"), "not a cluster").unwrap();
    ward
}

#[test]
fn a_line_for_every_child_in_the_order_of_names() {
    let ward = fleet();
    let ran = ward.scan(&["--each", "fleet"]).code(0);
    let line = validator(true);
    let lines = ran.lines();
    for one in &lines {
        valid(&line, one);
    }
    let paths: Vec<&str> = lines.iter().map(|line| line["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["fleet/a", "fleet/b", "fleet/c", "fleet/d", "fleet/e"]);
    assert!(ran.stderr.contains("5 clusters: 5 clean"), "{}", ran.stderr);
    assert_eq!(ward.scan(&["--each", "fleet", "-q"]).code(0).stderr, "");
}

#[test]
fn a_child_without_a_pki_is_incomplete_and_findings_beat_it() {
    let ward = fleet();
    std::fs::create_dir(ward.path("fleet/bb")).unwrap();
    let lines = ward.scan(&["--each", "fleet"]).code(2).lines();
    assert_eq!(lines.len(), 6);
    assert_eq!((&lines[2]["path"], &lines[2]["verdict"]), (&"fleet/bb".into(), &"incomplete".into()));
    assert!(lines[2]["error"].as_str().unwrap().starts_with("no PKI at fleet/bb"));
    ward.run(&["scan", "--each", "fleet", "--at", LATER]).code(1);
}

#[test]
fn nothing_to_examine() {
    let ward = Ward::new();
    let ran = ward.scan(&["--each", "."]).code(2);
    assert_eq!(ran.lines()[0]["verdict"], "incomplete");
    ward.scan(&["--each", "nowhere"]).code(2);
}

#[test]
fn more_clusters_than_the_window_keep_their_order() {
    let ward = Ward::new();
    let source = testdata().join("clusters/stacked-single/pki/etcd");
    for number in 0..600 {
        let pki = ward.path(&format!("fleet/{number:03}/pki/etcd"));
        std::fs::create_dir_all(&pki).unwrap();
        if number % 7 == 0 {
            std::fs::copy(source.join("ca.crt"), pki.join("ca.crt")).unwrap();
        }
    }
    let ran = ward.run(&["scan", "--each", "fleet", "--at", NOW]);
    let paths: Vec<String> = ran.lines().iter().map(|line| line["path"].as_str().unwrap().to_owned()).collect();
    let expected: Vec<String> = (0..600).map(|number| format!("fleet/{number:03}")).collect();
    assert_eq!(paths, expected);
}
