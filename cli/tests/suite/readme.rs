//! The README's output is real: `UPDATE=1 cargo test -p pkidoctor-cli readme` rewrites it.

use std::path::{Path, PathBuf};

use crate::support::{Ward, testdata};

fn readme() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")
}

/// Where the block behind a marker starts and ends.
fn block(text: &str, marker: &str) -> (usize, usize) {
    let fence = "```text\n";
    let start = text.find(marker).and_then(|at| text[at..].find(fence).map(|found| at + found + fence.len()));
    let start = start.unwrap_or_else(|| panic!("the README has no block behind {marker}"));
    let end = start + text[start..].find("```\n").expect("an end");
    (start, end)
}

#[test]
fn the_story_reads_as_the_tool_tells_it() {
    let mut text = std::fs::read_to_string(readme()).expect("a README");
    for act in [1, 2] {
        let act_name = format!("act-{act}");
        let ran = Ward::act(&act_name).scan(&[&format!("{act_name}/pki")]).code(1);
        let (start, end) = block(&text, &format!("<!-- story {act} -->"));
        if std::env::var_os("UPDATE").is_some() {
            text.replace_range(start..end, &ran.stdout);
            std::fs::write(readme(), &text).expect("writes");
            continue;
        }
        assert_eq!(&text[start..end], ran.stdout, "run UPDATE=1 cargo test -p pkidoctor-cli readme");
    }
}

#[test]
fn the_story_s_logs_are_diagnosed_as_the_readme_tells() {
    let mut text = std::fs::read_to_string(readme()).expect("a README");
    let ward = Ward::act("act-1");
    for name in ["etcd.log", "kubeadm.log"] {
        std::fs::copy(testdata().join("story").join(name), ward.path(name)).expect("a copy");
    }
    let ran =
        ward.run(&["diagnose", "etcd.log", "kubeadm.log", "--pki", "act-1/pki", "--at", crate::support::NOW]).code(1);
    let (start, end) = block(&text, "<!-- diagnosis -->");
    if std::env::var_os("UPDATE").is_some() {
        text.replace_range(start..end, &ran.stdout);
        std::fs::write(readme(), &text).expect("writes");
    }
    assert_eq!(&text[start..end], ran.stdout, "run UPDATE=1 cargo test -p pkidoctor-cli readme");
}

#[test]
fn every_command_of_the_readme_exists() {
    let text = std::fs::read_to_string(readme()).expect("a README");
    // what the tool itself prints may name commands of a later release; what the README says to type may not
    let typed = text.split("## Use it").nth(1).expect("a section on use");
    let commands: Vec<&str> = typed
        .lines()
        .filter_map(|line| line.strip_prefix("pkidoctor "))
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert!(commands.len() >= 8, "the examples are gone");
    for command in commands {
        Ward::new().run(&[command, "--help"]).code(0);
    }
}

#[test]
fn the_examples_of_help_work() {
    let mut tried = 0;
    let live: &[&str] = if cfg!(feature = "live") { &["probe"] } else { &[] };
    for command in ["scan", "diagnose", "verify", "inspect", "explain", "completions", "man"].iter().chain(live) {
        let help = Ward::new().run(&[command, "--help"]).code(0).stdout;
        for example in help.lines().filter_map(|line| line.strip_prefix("  pkidoctor ")) {
            // a comment follows after several blanks; what the shell does with the output is its own
            let typed = example.split("   ").next().unwrap_or_default().split(" what ").next().unwrap_or_default();
            let typed = typed.split(" > ").next().unwrap_or_default();
            let ward = Ward::with(&["stacked-single"]);
            let here = |word: &str| match word {
                // absolute paths are those of a node, and of this machine's manual
                absolute if absolute.starts_with('/') => match absolute.strip_prefix("/etc/kubernetes") {
                    Some(rest) => format!("stacked-single{rest}"),
                    None => ".".to_owned(),
                },
                relative if relative.ends_with(".crt") => format!("stacked-single/pki/{relative}"),
                other => other.trim_matches('\'').to_owned(),
            };
            let words: Vec<String> = typed.split_ascii_whitespace().map(here).collect();
            // what goes on for ever, and what reads from a program that is not here
            let words: Vec<String> = words.into_iter().filter(|word| word != "--follow").collect();
            if words.iter().any(|word| word == "|") {
                continue;
            }
            let ran = ward.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
            // paths that only the reader has are not found; everything else does what it says
            let not_found = ran.code == 2
                && ["no PKI at", "no clusters in", "cannot read"].iter().any(|why| ran.stderr.contains(why));
            assert!(matches!(ran.code, 0 | 1) || not_found, "{example}: {} {}{}", ran.code, ran.stdout, ran.stderr);
            tried += 1;
        }
    }
    assert!(tried >= 12, "the examples are gone: {tried}");
}
