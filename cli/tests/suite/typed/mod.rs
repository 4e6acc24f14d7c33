//! Every command that a document tells to type, without showing what it prints, is typed here: each ```` ```sh ```` block is given to a
//! shell, as it stands, on a machine of its own: a directory whose `/etc/kubernetes` is a cluster of today whose etcd
//! certificate lacks the node's address. What is not here (a cluster, another machine, a disk) is played by `elsewhere`.
//!
//! Nothing may be misspelt: no command ends as wrongly typed, or because there is nothing to look at.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::documents::{documents, fresh};
use crate::support::{Ward, copy_with_modes, testdata};

/// Absolute paths that become the ward's.
const OURS: [&str; 7] = ["/etc/", "/root", "/mnt", "/host", "/var/", "/usr/local", "/dev/sdb2"];
/// Other programs that are not here, or must not be run here.
const ELSEWHERE: [&str; 8] = ["ssh", "mail", "kubectl", "crictl", "kubeadm", "mount", "cfssl", "cfssljson"];
/// The build's own commands: `scripts/test` is what runs this, and runs the others.
const BY_CI: [&str; 3] = ["scripts/test", "scripts/story", "cargo install --path cli"];

/// The machine on which they are typed.
fn ward() -> Ward {
    let ward = Ward::new();
    let at = |path: &str| ward.path(path);
    for node in ["etc/kubernetes", "mnt/etc/kubernetes", "mnt/node/etc/kubernetes", "host/etc/kubernetes"] {
        std::fs::create_dir_all(at(node).parent().expect("a parent")).expect("a directory");
        fresh().write(&at(node)).expect("writes");
    }
    // one whose processes would answer on this machine, and do not
    copy_with_modes(&at("etc/kubernetes"), &at("live/etc/kubernetes"));
    for entry in std::fs::read_dir(at("live/etc/kubernetes/manifests")).expect("manifests").flatten() {
        let text = std::fs::read_to_string(entry.path()).expect("reads");
        std::fs::write(entry.path(), on_loopback(&text)).expect("writes");
    }
    for (from, to) in [
        ("clusters/ha/cp1", "cp1"),
        ("clusters/ha/cp2", "cp2"),
        ("clusters/ha/cp3", "cp3"),
        ("clusters/ha/cp2", "root/nodes/cp2"),
        ("clusters/ha/cp3", "root/nodes/cp3"),
        ("clusters/ha/cp1", "clusters/ha/cp1"),
        ("clusters/ecdsa", "clusters/one/cp1"),
        ("clusters/stacked-single", "trees/one"),
        ("clusters/ecdsa", "trees/two"),
        ("clusters/stacked-single/pki", "pki"),
    ] {
        copy_with_modes(&testdata().join(from), &at(to));
    }
    for directory in
        ["root", "etc/bash_completion.d", "usr/local/share/man/man1", "var/lib/pki", "var/lib/node_exporter/textfile"]
    {
        std::fs::create_dir_all(at(directory)).expect("a directory");
    }
    for (from, to) in [("pki/etcd/server.crt", "server.crt"), ("pki/etcd/ca.crt", "etcd-ca.crt")] {
        std::fs::copy(at(from), at(to)).expect("a copy");
    }
    std::fs::write(at("csr.json"), "{}").expect("writes");
    shell(&ward, &format!("gzip -c '{}' > etcd.log.gz", testdata().join("story/etcd.log").display()));
    shell(&ward, "pkidoctor scan --each trees --format ndjson --fail-on never > fleet.ndjson");
    // a request is signed where the CA's key is
    for (to, from) in [
        ("etcd-server.csr", "root/requests/etcd-server.csr"),
        ("etcd-server.crt", "root/requests/etcd-server.crt"),
        ("ca.crt", "etc/kubernetes/pki/etcd/ca.crt"),
        ("ca.key", "etc/kubernetes/pki/etcd/ca.key"),
    ] {
        std::os::unix::fs::symlink(at(from), at(to)).expect("a link");
    }
    ward
}

/// Every address of a manifest that is not of this machine becomes one.
fn on_loopback(manifest: &str) -> String {
    let is_address = |c: char| c.is_ascii_digit() || c == '.';
    let mut out = String::new();
    let mut rest = manifest;
    while let Some(start) = rest.find(is_address) {
        let end = rest[start..].find(|c| !is_address(c)).map_or(rest.len(), |end| start + end);
        out.push_str(&rest[..start]);
        let word = &rest[start..end];
        let address = word.parse::<std::net::Ipv4Addr>().ok().filter(|address| !address.is_unspecified());
        out.push_str(if address.is_some() { "127.0.0.9" } else { word });
        rest = &rest[end..];
    }
    out + rest
}

/// Where `watch` serves.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port()
}

/// Gives text to a shell in the ward; what it printed to stderr.
fn shell(ward: &Ward, text: &str) -> String {
    let tools = ward.path("bin");
    if !tools.exists() {
        std::fs::create_dir_all(&tools).expect("a directory");
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/typed");
        std::os::unix::fs::symlink(ours.join("pkidoctor"), tools.join("pkidoctor")).expect("a link");
        for name in ELSEWHERE {
            std::os::unix::fs::symlink(ours.join("elsewhere"), tools.join(name)).expect("a link");
        }
        std::fs::write(ward.path("port"), free_port().to_string()).expect("writes");
    }
    let port = std::fs::read_to_string(ward.path("port")).expect("reads");
    let listen = format!("127.0.0.1:{port}");
    let text = text.replace("0.0.0.0:9464", &listen).replace("127.0.0.1:9464", &listen);
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").expect("a path"));
    let errors = ward.path("stderr");
    let status = Command::new("sh")
        .args(["-c", &text])
        .current_dir(&ward.directory)
        .env("PATH", path)
        .env("WARD", &ward.directory)
        .env("LISTEN", listen)
        .env("PKIDOCTOR", env!("CARGO_BIN_EXE_pkidoctor"))
        .env("COLUMNS", "80")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        // a file: what goes on in the background holds no pipe
        .stderr(std::fs::File::create(&errors).expect("a file"))
        .status()
        .expect("sh runs");
    assert!(status.code().is_some_and(|code| code != 126 && code != 127), "{status}: {text}");
    std::fs::read_to_string(errors).expect("reads")
}

/// The ```` ```sh ```` blocks of a document.
fn blocks(text: &str) -> Vec<&str> {
    let fence = "```sh\n";
    let ends = |block: &str| block.find("```").expect("an end of the block");
    text.match_indices(fence).map(|(at, _)| &text[at + fence.len()..]).map(|block| &block[..ends(block)]).collect()
}

#[test]
fn every_block_of_commands_can_be_typed() {
    let ci = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/test")).expect("reads");
    let mut typed = 0;
    for path in documents() {
        let document = std::fs::read_to_string(&path).expect("reads");
        let blocks = blocks(&document);
        if blocks.is_empty() {
            continue;
        }
        let ward = ward();
        let here = ward.directory.display();
        for block in blocks {
            let is_ci = |line: &&str| line.starts_with("scripts/") || line.starts_with("cargo ");
            for line in block.lines().filter(is_ci) {
                let by = BY_CI.into_iter().find(|by| line.starts_with(by));
                let by = by.unwrap_or_else(|| panic!("{}: nobody runs {line}", path.display()));
                assert!(by == "scripts/test" || ci.contains(by), "scripts/test does not run {by}");
            }
            let mut text = block.lines().filter(|line| !is_ci(line)).collect::<Vec<_>>().join("\n");
            for ours in OURS {
                text = text.replace(&format!(" {ours}"), &format!(" {here}{ours}"));
            }
            let _ = std::fs::remove_file(ward.path("ran"));
            let errors = shell(&ward, &text);
            let ran = std::fs::read_to_string(ward.path("ran")).unwrap_or_default();
            for line in ran.lines() {
                assert!(matches!(line.get(..2), Some("0 " | "1 " | "3 ")), "{}: {line}\n{errors}", path.display());
                typed += 1;
            }
            for bad in ["not found", "yntax error", "unexpected", "No such file"] {
                assert!(!errors.contains(bad), "{}:\n{text}\n{errors}", path.display());
            }
            let wanted = text.lines().filter(|line| line.trim_start().starts_with("pkidoctor ")).count();
            assert!(ran.lines().count() >= wanted.min(1), "{}: not run:\n{text}\n{errors}", path.display());
        }
        shell(&ward, "[ ! -e watch ] || kill \"$(cat watch)\"");
    }
    assert!(typed >= 70, "the commands are gone: {typed}");
}
