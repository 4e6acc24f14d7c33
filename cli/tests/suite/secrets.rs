//! No byte of a private key in any output.

use std::collections::HashSet;
use std::path::Path;

use crate::support::{LATER, NOW, Ward, files, testdata};

/// As many characters of a key as give it away.
const PIECE: usize = 24;

const CLUSTERS: [&str; 7] = ["stacked-single", "ecdsa", "ipv6", "external-etcd", "ha/cp1", "ha/cp2", "ha/cp3"];

#[test]
fn private_keys_stay_private() {
    let ward = Ward::with(&CLUSTERS);
    let secrets: HashSet<String> = files(&testdata()).iter().flat_map(|path| pieces(path)).collect();
    assert!(secrets.len() > 500, "only {} pieces of keys", secrets.len());
    for (command, text) in outputs(&ward) {
        // only runs of characters that base64 or hexadecimal could be
        for run in text.split(|c: char| !(c.is_ascii_alphanumeric() || "+/=".contains(c))) {
            let leak = run
                .as_bytes()
                .windows(PIECE)
                .any(|window| std::str::from_utf8(window).is_ok_and(|window| secrets.contains(window)));
            assert!(!leak, "{command} prints a piece of a key");
        }
    }
}

#[test]
fn a_leak_would_be_seen() {
    let path = testdata().join("clusters/stacked-single/pki/etcd/server.key");
    let secrets: HashSet<String> = pieces(&path).into_iter().collect();
    let body: String = std::fs::read_to_string(path).unwrap().lines().filter(|line| !line.starts_with('-')).collect();
    assert!(body.as_bytes().windows(PIECE).any(|window| secrets.contains(std::str::from_utf8(window).unwrap())));
}

fn outputs(ward: &Ward) -> Vec<(String, String)> {
    let mut outputs = Vec::new();
    let mut run = |arguments: &[&str]| {
        let ran = ward.run(arguments);
        outputs.push((arguments.join(" "), ran.stdout + &ran.stderr));
    };
    for cluster in CLUSTERS {
        for at in [NOW, LATER] {
            run(&["scan", cluster, "--at", at, "-v"]);
            for format in ["json", "ndjson", "sarif", "junit", "prometheus", "markdown", "html"] {
                run(&["scan", cluster, "--at", at, "--format", format]);
            }
            run(&["scan", cluster, "--at", at, "--graph", "dot"]);
        }
        let inside: Vec<String> = files(&ward.path(cluster)).iter().map(|path| path.display().to_string()).collect();
        let all: Vec<&str> = inside.iter().map(String::as_str).collect();
        run(&[&["inspect", "-v"], &all[..]].concat());
        run(&[&["inspect", "--format", "json"], &all[..]].concat());
        for key in all.iter().filter(|path| is_key(Path::new(path))) {
            run(&["verify", key, "--ca", key]);
        }
    }
    run(&["scan", "--each", "."]);
    outputs
}

/// Pieces of every private key in a file: of its PEM, of the base64 of that PEM, and of its bytes in hexadecimal.
fn pieces(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let embedded = text.lines().filter_map(|line| line.trim().strip_prefix("client-key-data: "));
    let mut keys: Vec<String> = Vec::new();
    let mut pieces = Vec::new();
    for data in embedded {
        // the header is the same in every key
        pieces.extend(cut(&data[64..]));
        let pem = pkidoctor::x509::base64::decode(data.as_bytes()).expect("base64");
        keys.push(String::from_utf8(pem.to_vec()).expect("PEM"));
    }
    if is_key(path) {
        keys.push(text);
    }
    for key in keys {
        let body: String = key.lines().filter(|line| !line.starts_with('-')).collect();
        // the first bytes of an RSA key say how long it is, and the modulus is public
        let private = if body.len() > 1000 { &body[body.len() / 2..] } else { &body[8..48] };
        pieces.extend(cut(private));
        let der = pkidoctor::x509::base64::decode(body.as_bytes()).expect("base64");
        let half = if der.len() > 500 { &der[der.len() / 2..] } else { &der[8..32] };
        pieces.extend(cut(&pkidoctor::x509::certificate::hex_lower(half)));
    }
    pieces
}

fn is_key(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "key")
}

fn cut(text: &str) -> Vec<String> {
    text.as_bytes().chunks_exact(PIECE).map(|piece| String::from_utf8_lossy(piece).into_owned()).collect()
}
