//! Every command of ours that a failure mode names can be typed as it stands there.

use std::path::Path;

use clap::Parser as _;
use pkidoctor::modes;
use pkidoctor::plan::Target;

use crate::args::{Arguments, Command};

/// What ends a command in a sentence.
const ENDS: [&str; 5] = ["; ", ", ", ": ", " (", "`"];

/// The commands in a text, each up to where its sentence goes on.
fn commands(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("pkidoctor ").map(|(at, _)| {
        let rest = &text[at..];
        &rest[..ENDS.into_iter().filter_map(|end| rest.find(end)).min().unwrap_or(rest.len())]
    })
}

/// Words as a shell takes them: single quotes hold together.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in command.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            _ => words.last_mut().expect("there is always one").push(c),
        }
    }
    assert!(!quoted, "an open quote: {command}");
    words
}

/// A path, or a word in capitals that stands for one; prose is neither.
fn is_path(path: &Path) -> bool {
    let path = path.to_str().expect("tests are UTF-8");
    path.contains('/') || !path.is_empty() && path.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
}

fn wrong_words(command: &Command) -> Vec<String> {
    let no_paths = |paths: &[std::path::PathBuf]| -> Vec<String> {
        paths.iter().filter(|path| !is_path(path)).map(|path| path.display().to_string()).collect()
    };
    match command {
        Command::Scan(scan) => no_paths(&scan.paths),
        Command::Inspect(inspect) => no_paths(&inspect.files),
        Command::Verify(verify) => no_paths(&[verify.leaf.clone(), verify.ca.clone()]),
        Command::Restore(restore) => restore.backup.iter().map(|backup| backup.display().to_string()).collect(),
        Command::Regen(regen) => {
            let is_target = |target: &&String| *target == "etcd-ca" || Target::known(target).is_ok();
            regen.targets.iter().filter(|target| !is_target(target)).cloned().collect()
        }
        #[cfg(feature = "live")]
        Command::Probe(probe) => probe.endpoints.iter().map(|endpoint| format!("{endpoint:?}")).collect(),
        Command::Fix(_) | Command::Recover(_) => Vec::new(),
        other => vec![format!("{other:?}")],
    }
}

#[test]
fn every_command_in_a_mode_can_be_typed() {
    let mut seen = 0;
    let mut wrong = Vec::new();
    for mode in modes::every() {
        let folk = mode.avoid.iter().flat_map(|folk| [&folk.advice, &folk.really]);
        for text in [&mode.title, &mode.confirm].into_iter().chain(mode.treatment).chain(folk) {
            for command in commands(text) {
                if cfg!(not(feature = "live")) && command.starts_with("pkidoctor probe") {
                    continue;
                }
                seen += 1;
                match Arguments::try_parse_from(words(command)) {
                    Ok(arguments) => {
                        let words = wrong_words(&arguments.command);
                        wrong.extend(words.iter().map(|word| format!("{}: {word:?} in {command}", mode.slug)));
                    }
                    Err(error) => wrong.push(format!("{}: {command}: {error}", mode.slug)),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 150, "only {seen} commands were found");
}

#[test]
fn a_command_in_prose_is_cut_where_it_ends() {
    let text = "on it: pkidoctor regen etcd-server --backup, or pkidoctor probe --link 'kubeadm->etcd' (live)";
    let found: Vec<&str> = commands(text).collect();
    assert_eq!(found, ["pkidoctor regen etcd-server --backup", "pkidoctor probe --link 'kubeadm->etcd'"]);
    assert_eq!(words(found[1]), ["pkidoctor", "probe", "--link", "kubeadm->etcd"]);
    let prose = Arguments::try_parse_from(words("pkidoctor scan on that node")).expect("words pass for paths");
    assert_eq!(wrong_words(&prose.command).len(), 3);
}
