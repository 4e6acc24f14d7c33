//! Every command in the documents is typed, and prints what stands there.
//!
//! A ```` ```console ```` block is a session: lines that begin with `$ ` are given to sh, one after the other, in a
//! directory that all blocks of a document share; the lines behind each are what it prints, stdout and stderr together
//! as on a terminal. `...` alone on a line stands for any lines, `[..]` for anything within a line. A last line
//! `? N` is the exit code, where it is not 0. `UPDATE=1 cargo test -p pkidoctor-cli documents` writes the output of
//! commands whose output has no such wildcard anew.
//!
//! The directory holds copies of the real trees (`stacked-single`, `ha/cp1`…, `ecdsa`, `ipv6`, `external-etcd`), the
//! acts of the story (`act-1`, `act-2`) with `etcd.log` and `kubeadm.log`, and `fresh`: a cluster of today whose etcd
//! certificate lacks the node's address, for commands that write.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use clinic::Cluster;
use clinic::cluster::Role;
use clinic::extension::AltName;

use crate::support::{Ward, copy_with_modes, testdata};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What may tell commands.
pub(crate) fn documents() -> Vec<PathBuf> {
    let mut paths = vec![root().join("README.md"), root().join("README.zh.md")];
    let docs = std::fs::read_dir(root().join("docs")).expect("docs").flatten().map(|entry| entry.path());
    paths.extend(docs.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    paths.retain(|path| path.exists());
    paths.sort();
    paths
}

fn ward() -> Ward {
    let ward = Ward::new();
    for name in ["stacked-single", "ha", "ecdsa", "ipv6", "external-etcd"] {
        copy_with_modes(&testdata().join("clusters").join(name), &ward.path(name));
    }
    for name in ["act-1", "act-2"] {
        copy_with_modes(&testdata().join("story").join(name), &ward.path(name));
    }
    for name in ["etcd.log", "kubeadm.log"] {
        std::fs::copy(testdata().join("story").join(name), ward.path(name)).expect("a copy");
    }
    fresh().write(&ward.path("fresh")).expect("writes");
    ward
}

/// A cluster of today whose etcd certificate lacks the node's address.
pub(crate) fn fresh() -> Cluster {
    let mut cluster = Cluster::kubeadm(2);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs();
    cluster.bring_to(i64::try_from(now).expect("this century"));
    let names = ["localhost", "127.0.0.1"].map(AltName::host);
    cluster.leaf(0, Role::EtcdServer).expect("a certificate").certificate.set_names(&names);
    cluster
}

/// What a command prints, and how it ends.
fn typed(ward: &Ward, command: &str) -> (String, i32) {
    let binary = Path::new(env!("CARGO_BIN_EXE_pkidoctor")).parent().expect("a directory").to_path_buf();
    let path = std::env::join_paths(
        [binary].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    )
    .expect("a path");
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("exec 2>&1\n{command}")]).current_dir(&ward.directory).env("PATH", path);
    shell.env("COLUMNS", "80").stdin(std::process::Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM", "LANG", "LC_ALL", "LC_MESSAGES"] {
        shell.env_remove(name);
    }
    let output = shell.output().expect("sh runs");
    (String::from_utf8(output.stdout).expect("UTF-8"), output.status.code().expect("an exit code"))
}

/// Whether text is as written, with its wildcards.
fn fits(written: &[&str], printed: &[&str]) -> bool {
    match written.split_first() {
        None => printed.is_empty(),
        Some((&"...", rest)) => (0..=printed.len()).any(|skip| fits(rest, &printed[skip..])),
        Some((line, rest)) => {
            printed.split_first().is_some_and(|(first, more)| line_fits(line, first) && fits(rest, more))
        }
    }
}

fn line_fits(written: &str, printed: &str) -> bool {
    let mut parts = written.split("[..]");
    let Some(mut rest) = parts.next().and_then(|first| printed.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty()
}

/// A session with what its commands really print.
fn replayed(ward: &Ward, block: &str, wrong: &mut Vec<String>) -> String {
    let mut out = String::new();
    let mut lines = block.lines().peekable();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let Some(command) = line.strip_prefix("$ ") else { continue };
        let mut written = Vec::new();
        while let Some(next) = lines.next_if(|next| !next.starts_with("$ ")) {
            written.push(next);
        }
        let (text, code) = typed(ward, command);
        let mut printed: Vec<String> = text.lines().map(str::to_owned).collect();
        if code != 0 {
            printed.push(format!("? {code}"));
        }
        let printed: Vec<&str> = printed.iter().map(String::as_str).collect();
        let has_wildcard = written.iter().any(|line| *line == "..." || line.contains("[..]"));
        let kept = if has_wildcard { &written } else { &printed };
        if !fits(&written, &printed) {
            wrong.push(format!("$ {command}\n{}", printed.join("\n")));
        }
        for line in kept {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

#[test]
fn every_session_runs_as_written() {
    let mut sessions = 0;
    for path in documents() {
        let text = std::fs::read_to_string(&path).expect("reads");
        if !text.contains("```console\n") {
            continue;
        }
        let ward = ward();
        let (mut out, mut rest, mut wrong) = (String::new(), text.as_str(), Vec::new());
        while let Some(at) = rest.find("```console\n") {
            let start = at + "```console\n".len();
            let end = start + rest[start..].find("```").expect("an end of the block");
            out.push_str(&rest[..start]);
            out.push_str(&replayed(&ward, &rest[start..end], &mut wrong));
            rest = &rest[end..];
            sessions += 1;
        }
        out.push_str(rest);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &out).expect("writes");
        } else {
            assert!(wrong.is_empty(), "{} differs:\n{}", path.display(), wrong.join("\n\n"));
        }
    }
    assert!(sessions >= 10, "the sessions are gone: {sessions}");
}
