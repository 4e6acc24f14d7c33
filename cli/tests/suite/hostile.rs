//! Names that would move the cursor, and files that would hide what they are.

use crate::support::{LATER, Ran, Ward};

const HOSTILE: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}\u{200b}x";

fn ward() -> Ward {
    let ward = Ward::with(&["stacked-single"]);
    let pki = ward.path("stacked-single/pki");
    std::fs::copy(pki.join("etcd/server.crt"), pki.join(format!("{HOSTILE}.crt"))).unwrap();
    let manifest = ward.path("stacked-single/manifests/etcd.yaml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    assert!(text.contains("- --name=pi-master1"));
    std::fs::write(&manifest, text.replace("- --name=pi-master1", r#"- "--name=\e[31m\u202Epi\e]0;x\a""#)).unwrap();
    let kubeconfig = ward.path("stacked-single/admin.conf");
    let text = std::fs::read_to_string(&kubeconfig).unwrap();
    std::fs::write(&kubeconfig, text.replace("kubernetes-admin@kubernetes", r#""\e[2Jctx\u202E""#)).unwrap();
    ward
}

#[track_caller]
fn harmless(ran: &Ran) {
    for text in [&ran.stdout, &ran.stderr] {
        let bad = text
            .chars()
            .find(|c| c.is_control() && *c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{200b}'..='\u{200f}'));
        assert_eq!(bad, None, "{text:?}");
    }
}

#[test]
fn nothing_raw_reaches_the_terminal() {
    let ward = ward();
    for format in ["human", "json", "ndjson"] {
        for detail in ["-v", "-q"] {
            harmless(&ward.run(&["scan", "stacked-single", "--at", LATER, "--format", format, detail]));
            let file = format!("stacked-single/pki/{HOSTILE}.crt");
            harmless(&ward.run(&["inspect", &file, "stacked-single/admin.conf", HOSTILE, "--format", format, detail]));
        }
    }
    for format in ["sarif", "junit", "prometheus", "markdown", "html"] {
        for language in ["en", "zh"] {
            harmless(&ward.run(&["scan", "stacked-single", "--at", LATER, "--format", format, "--lang", language]));
        }
    }
    for graph in ["mermaid", "dot"] {
        harmless(&ward.run(&["scan", "stacked-single", "--at", LATER, "--graph", graph]));
    }
    harmless(&ward.run(&["scan", HOSTILE]));
    harmless(&ward.run(&["verify", HOSTILE, "--ca", HOSTILE]));
    harmless(&ward.run(&["scan", "stacked-single", "-o", &format!("no/{HOSTILE}")]));
}

#[test]
fn names_come_back_from_json_as_they_are() {
    let ward = ward();
    let report = ward.run(&["scan", "stacked-single", "--at", LATER, "--format", "json"]).json();
    let name = report["nodes"][0]["name"].as_str().unwrap();
    assert!(name.contains('\u{1b}') && name.contains('\u{202e}'), "{name:?}");
}

#[test]
fn labels_and_bodies_of_pem_are_told_safely() {
    let ward = Ward::new();
    let text = format!("-----BEGIN {HOSTILE}-----\nAAAA\n-----END {HOSTILE}-----\n");
    std::fs::write(ward.path("odd.pem"), text).unwrap();
    std::fs::write(ward.path("not.pem"), HOSTILE.repeat(100)).unwrap();
    for format in ["human", "json"] {
        harmless(&ward.run(&["inspect", "odd.pem", "not.pem", "--format", format]).code(0));
    }
}
