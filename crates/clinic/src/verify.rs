//! `pkidoctor verify` held against real Go, chain by chain.

use crate::chains::{self, Chain};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, thread};

#[derive(Deserialize)]
struct Judgement {
    error: Option<String>,
}

struct Difference {
    line: usize,
    expected: String,
    found: String,
}

/// Writes `count` chains as JSON lines.
///
/// # Errors
///
/// When the file cannot be written.
pub fn generate(path: &Path, count: u64, seed: u64) -> io::Result<()> {
    let mut file = BufWriter::new(fs::File::create(path)?);
    for index in 0..count {
        serde_json::to_writer(&mut file, &chains::random(seed, index))?;
        file.write_all(b"\n")?;
    }
    file.flush()
}

/// Asks `doctor verify` about every chain of `path`, compares with Go's answers in `answers`, and describes what
/// differs. True when nothing does.
///
/// # Errors
///
/// When a file cannot be read or the doctor cannot be started.
pub fn compare(path: &Path, answers: &Path, doctor: &Path, go: &str, limit: usize) -> io::Result<(bool, String)> {
    let chains: Vec<Chain> = lines(path)?;
    let expected: Vec<Judgement> = lines(answers)?;
    let next = AtomicUsize::new(0);
    let work = |worker: usize| {
        let scratch = std::env::temp_dir().join(format!("clinic-verify-{}-{worker}", std::process::id()));
        fs::create_dir_all(&scratch)?;
        let mut differences = Vec::new();
        loop {
            let line = next.fetch_add(1, Ordering::Relaxed);
            let (Some(chain), Some(judgement)) = (chains.get(line), expected.get(line)) else {
                break;
            };
            let found = ask(doctor, go, chain, &scratch)?;
            let expected = judgement.error.clone().unwrap_or_else(|| "ok".to_owned());
            if expected != found {
                differences.push(Difference { line, expected, found });
            }
        }
        fs::remove_dir_all(&scratch)?;
        Ok(differences)
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let gathered: io::Result<Vec<Vec<Difference>>> = thread::scope(|scope| {
        let work = &work;
        let handles: Vec<_> = (0..workers).map(|worker| scope.spawn(move || work(worker))).collect();
        handles
            .into_iter()
            .map(|handle| handle.join().unwrap_or_else(|_| Err(io::Error::other("a worker panicked"))))
            .collect()
    });
    let differences: Vec<Difference> = gathered?.into_iter().flatten().collect();
    let accepted = expected.iter().filter(|judgement| judgement.error.is_none()).count();
    Ok((differences.is_empty(), describe(&differences, chains.len(), accepted, go, limit)))
}

fn lines<T: for<'a> Deserialize<'a>>(path: &Path) -> io::Result<Vec<T>> {
    let text = fs::read_to_string(path)?;
    text.lines().map(|line| serde_json::from_str(line).map_err(io::Error::other)).collect()
}

fn ask(doctor: &Path, go: &str, chain: &Chain, scratch: &Path) -> io::Result<String> {
    let file = |name: &str, content: &str| {
        let path = scratch.join(name);
        fs::write(&path, content).map(|()| path)
    };
    let mut command = Command::new(doctor);
    command
        .arg("verify")
        .arg(file("leaf.pem", &chain.leaf)?)
        .arg("--ca")
        .arg(file("ca.pem", &chain.ca)?)
        .arg("--untrusted")
        .arg(file("untrusted.pem", &chain.untrusted)?)
        .args(["--usage", &chain.usage, "--at", &chain.at, "--for-go", go]);
    if !chain.name.is_empty() {
        command.args(["--name", &chain.name]);
    }
    let output = command.stdin(Stdio::null()).output()?;
    let words = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
    match output.status.code() {
        Some(0) if words == "ok" => Ok(words),
        Some(1) => Ok(words),
        _ => {
            let complaint = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
            Ok(format!("ended with {}: {words} {complaint}", output.status))
        }
    }
}

fn describe(differences: &[Difference], chains: usize, accepted: usize, go: &str, limit: usize) -> String {
    let verdicts =
        differences.iter().filter(|difference| (difference.expected == "ok") != (difference.found == "ok")).count();
    let mut text = format!(
        "go {go}: {chains} chains, {accepted} accepted; {verdicts} verdicts differ, {} more texts\n",
        differences.len() - verdicts
    );
    let mut patterns: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    for difference in differences {
        let pattern = (difference.expected.clone(), difference.found.clone());
        patterns.entry(pattern).or_default().push(difference.line);
    }
    let mut patterns: Vec<_> = patterns.into_iter().collect();
    patterns.sort_by_key(|((expected, found), lines)| {
        ((expected == "ok") == (found == "ok"), std::cmp::Reverse(lines.len()))
    });
    for ((expected, found), lines) in patterns.into_iter().take(limit) {
        let _ = write!(
            text,
            "{:4} x (line {})\n    go:     {expected}\n    doctor: {found}\n",
            lines.len(),
            lines.first().map_or(0, |line| line + 1)
        );
    }
    text
}
