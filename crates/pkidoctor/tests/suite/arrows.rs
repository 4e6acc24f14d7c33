//! The direction of imports between rooms, and the register of checks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Each room and the rooms that it may use; nothing on the left knows anything on its right.
const ROOMS: [(&str, &[&str]); 20] = [
    ("profile", &[]),
    ("shell", &[]),
    ("x509", &[]),
    // what logs say, by itself; whoever joins it with the rest knows both
    ("logs", &[]),
    ("go", &["x509"]),
    ("cluster", &["x509", "go"]),
    ("issue", &["x509", "go"]),
    ("read", &["x509", "go", "cluster", "profile", "logs"]),
    ("links", &["x509", "go", "cluster", "profile"]),
    // what was seen live is data like the files, judged by the same rules
    ("live", &["x509", "go", "cluster", "links"]),
    // a check's type and the evidence that it sees know each other
    ("exam", &["x509", "go", "cluster", "links", "live", "profile", "check"]),
    ("check", &["exam"]),
    ("checks", &["x509", "go", "cluster", "links", "live", "profile", "exam", "check", "shell"]),
    // findings and events become causes in the words of the report
    (
        "causes",
        &["x509", "go", "cluster", "links", "live", "exam", "check", "logs", "modes", "plan", "report", "shell"],
    ),
    ("report", &["x509", "go", "cluster", "links", "live", "profile", "exam", "check", "checks", "logs", "causes"]),
    // words about failures: they know of codes and targets by name alone
    ("modes", &[]),
    // texts by their English wording
    ("lang", &["report"]),
    ("plan", &["x509", "go", "cluster", "links", "profile", "check", "issue"]),
    ("act", &["cluster", "profile", "shell"]),
    // the one door between what is planned and what is written
    (
        "repair",
        &["x509", "go", "cluster", "links", "profile", "exam", "check", "report", "read", "issue", "plan", "act"],
    ),
];

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(directory: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The rooms that a file names, tests left out.
fn rooms_named(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut rooms = Vec::new();
    for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for part in line.split("crate::").skip(1) {
            let room: String = part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            if !room.is_empty() {
                rooms.push(room);
            }
            // `use crate::{a, b::c}`
            if let Some(group) = part.strip_prefix('{') {
                let names = group.split(',').map(|name| name.trim().split("::").next().unwrap_or_default());
                rooms.extend(
                    names
                        .map(|name| name.trim_matches(['{', '}', ';', ' ']).to_owned())
                        .filter(|name| !name.is_empty()),
                );
            }
        }
    }
    rooms
}

#[test]
fn imports_point_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = ROOMS.into_iter().collect();
    let mut files = Vec::new();
    rust_files(&sources(), &mut files);
    assert!(files.len() > 40, "the sources are somewhere else");
    let mut wrong = Vec::new();
    for file in files {
        let relative = file.strip_prefix(sources()).expect("below the sources");
        let first = relative.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
        let room = first.trim_end_matches(".rs");
        let Some(may) = allowed.get(room) else {
            assert!(matches!(room, "lib"), "{room} is a room without a place in this test");
            continue;
        };
        let text = std::fs::read_to_string(&file).expect("reads");
        for named in rooms_named(&text) {
            if named != room && !may.contains(&named.as_str()) {
                wrong.push(format!("{} uses {named}", relative.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_check_is_registered_documented_and_named_after_its_file() {
    let mut files = Vec::new();
    rust_files(&sources().join("checks"), &mut files);
    let stems: Vec<String> =
        files.iter().map(|file| file.file_stem().expect("a stem").to_string_lossy().into_owned()).collect();
    let mut codes: Vec<String> = stems
        .iter()
        .filter(|stem| !matches!(stem.as_str(), "load" | "mod" | "seen" | "words"))
        .map(|stem| stem.replace('_', "-"))
        .collect();
    codes.sort();
    let registered: Vec<&str> = pkidoctor::checks::CHECKS.iter().map(|check| check.code).collect();
    assert_eq!(registered, codes, "run scripts/new-check --register");
    for check in pkidoctor::checks::CHECKS {
        assert!(!check.title.is_empty() && !check.citation.is_empty(), "{}", check.code);
        let mut at = 0;
        for heading in ["What it looks at:", "Why it matters:", "What to do:", "Example:"] {
            let found = check.docs[at..]
                .find(heading)
                .unwrap_or_else(|| panic!("{} lacks {heading:?}, or in another order", check.code));
            at += found + heading.len();
            assert!(check.docs[at..].trim_start().len() > 20, "{}: {heading} is empty", check.code);
        }
    }
}
