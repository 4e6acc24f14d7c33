//! The doctor's report held against real Go, link by link.

use crate::truth::Document;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, io, thread};

/// What either side says about one link.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct Answer {
    #[serde(default)]
    node: usize,
    id: String,
    name: Option<String>,
    verdict: String,
    refused_by: Option<String>,
    load_side: Option<String>,
    stage: Option<String>,
    client_error: Option<String>,
    server_error: Option<String>,
}

#[derive(Deserialize)]
struct Report {
    verdict: String,
    nodes: Vec<ReportNode>,
    #[serde(default)]
    findings: Vec<Finding>,
}

#[derive(Deserialize)]
struct ReportNode {
    #[serde(default)]
    links: Vec<Answer>,
}

#[derive(Deserialize)]
struct Finding {
    code: String,
    severity: String,
}

/// How two answers differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    NoReport,
    LinkMissing,
    LinkInvented,
    Verdict,
    RefusedBy,
    LoadSide,
    Stage,
    Text,
}

/// Kind and masked words.
type Pattern = (Kind, String);

struct Divergence {
    kind: Kind,
    cluster: PathBuf,
    wounds: String,
    link: String,
    expected: String,
    found: String,
}

/// The sums of a comparison.
#[derive(Default)]
pub struct Comparison {
    clusters: usize,
    links: usize,
    broken: usize,
    texts: usize,
    exact_texts: usize,
    counts: BTreeMap<Kind, usize>,
    divergences: Vec<Divergence>,
    wounds: BTreeMap<String, usize>,
    guilty: BTreeMap<String, usize>,
    noisy: BTreeMap<String, usize>,
}

/// Compares `oracle-GO.json` with `report-GO.json` in every cluster below `directory`.
///
/// # Errors
///
/// When the directory or the oracle's answers cannot be read.
pub fn directory(directory: &Path, go: &str) -> io::Result<Comparison> {
    let mut comparison = Comparison::default();
    for cluster in clusters(directory)? {
        comparison.cluster(&cluster, go)?;
    }
    Ok(comparison)
}

/// The clusters below a directory, in order of their numbers.
fn clusters(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = fs::read_dir(directory)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("links.json").is_file())
        .collect();
    found.sort_by_key(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (name.parse::<u64>().unwrap_or(u64::MAX), name)
    });
    Ok(found)
}

fn read<T: for<'a> Deserialize<'a>>(path: &Path) -> io::Result<T> {
    let text = fs::read(path)?;
    serde_json::from_slice(&text).map_err(|error| io::Error::other(format!("{}: {error}", path.display())))
}

/// Runs `doctor scan` on every cluster below `directory`, on all cores, and keeps its reports as `report-GO.json`.
///
/// # Errors
///
/// When the doctor cannot be started.
pub fn scan(directory: &Path, go: &str, doctor: &Path) -> io::Result<()> {
    let clusters = clusters(directory)?;
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(cluster) = clusters.get(next.fetch_add(1, Ordering::Relaxed)) {
            scan_one(cluster, go, doctor)?;
        }
        Ok(())
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        handles
            .into_iter()
            .try_for_each(|handle| handle.join().unwrap_or_else(|_| Err(io::Error::other("a worker panicked"))))
    })
}

fn scan_one(cluster: &Path, go: &str, doctor: &Path) -> io::Result<()> {
    let document: Document = read(&cluster.join("links.json"))?;
    let report = fs::File::create(cluster.join(format!("report-{go}.json")))?;
    let complaints = fs::File::create(cluster.join(format!("report-{go}.err")))?;
    let status = Command::new(doctor)
        .args(["scan", "--format", "json", "--for-go", go, "--at", &document.at])
        .args(document.nodes.iter().map(|node| cluster.join(node)))
        .stdin(Stdio::null())
        .stdout(report)
        .stderr(complaints)
        .status()?;
    match status.code() {
        Some(0..=2) => Ok(()),
        // whatever it printed is not a report
        _ => fs::write(cluster.join(format!("report-{go}.json")), format!("doctor ended with {status}")),
    }
}

impl Comparison {
    fn cluster(&mut self, cluster: &Path, go: &str) -> io::Result<()> {
        let document: Document = read(&cluster.join("links.json"))?;
        let expected: Vec<Answer> = read(&cluster.join(format!("oracle-{go}.json")))?;
        let wounds: Vec<&str> = document.wounds.iter().map(|wound| wound.name.as_str()).collect();
        self.clusters += 1;
        self.links += expected.len();
        for wound in &wounds {
            *self.wounds.entry((*wound).to_owned()).or_default() += 1;
        }
        let lenient: BTreeSet<(usize, String, Option<String>)> = document
            .links
            .iter()
            .filter(|link| link.verdict_only)
            .map(|link| (link.node, link.id.clone(), link.name.clone()))
            .collect();
        let patient = Patient { path: cluster, wounds: wounds.join(" + "), lenient };
        match read::<Report>(&cluster.join(format!("report-{go}.json"))) {
            Ok(report) => self.report(&patient, expected, report),
            Err(error) => self.diverge(&patient, Kind::NoReport, None, String::new(), error.to_string()),
        }
        Ok(())
    }

    fn report(&mut self, patient: &Patient, expected: Vec<Answer>, report: Report) {
        if patient.wounds.is_empty() && report.verdict != "healthy" {
            for finding in report.findings.iter().filter(|finding| finding.severity != "info") {
                *self.noisy.entry(finding.code.clone()).or_default() += 1;
            }
        }
        let mut found = BTreeMap::new();
        for (index, node) in report.nodes.into_iter().enumerate() {
            for mut link in node.links {
                link.node = index;
                found.insert(link.key(), link);
            }
        }
        for link in expected {
            match found.remove(&link.key()) {
                Some(answer) => self.link(patient, &link, &answer),
                None => self.diverge(patient, Kind::LinkMissing, Some(&link), link.words(), String::new()),
            }
        }
        for link in found.into_values() {
            self.diverge(patient, Kind::LinkInvented, Some(&link), String::new(), link.words());
        }
    }

    fn link(&mut self, patient: &Patient, expected: &Answer, found: &Answer) {
        let lenient = patient.lenient.contains(&expected.key());
        self.broken += usize::from(expected.verdict == "broken");
        let compared = expected.verdict == "broken" && found.verdict == "broken" && !lenient;
        let same_text = expected.masked() == found.masked();
        if compared {
            self.texts += 1;
            let exact = expected.client_error == found.client_error && expected.server_error == found.server_error;
            self.exact_texts += usize::from(exact);
        }
        let kind = match () {
            () if expected.verdict != found.verdict => Kind::Verdict,
            () if !compared => return,
            () if expected.refused_by != found.refused_by => Kind::RefusedBy,
            () if expected.load_side != found.load_side => Kind::LoadSide,
            () if expected.stage != found.stage => Kind::Stage,
            () if !same_text => Kind::Text,
            () => return,
        };
        self.diverge(patient, kind, Some(expected), expected.words(), found.words());
    }

    fn diverge(&mut self, patient: &Patient<'_>, kind: Kind, link: Option<&Answer>, expected: String, found: String) {
        *self.counts.entry(kind).or_default() += 1;
        *self.guilty.entry(patient.wounds.clone()).or_default() += 1;
        self.divergences.push(Divergence {
            kind,
            cluster: patient.path.to_owned(),
            wounds: patient.wounds.clone(),
            link: link.map(Answer::label).unwrap_or_default(),
            expected,
            found,
        });
    }

    fn count(&self, kind: Kind) -> usize {
        self.counts.get(&kind).copied().unwrap_or(0)
    }

    /// Whether every verdict agrees and at least 99 % of the texts do.
    pub fn passes(&self) -> bool {
        let verdicts = [Kind::NoReport, Kind::LinkMissing, Kind::LinkInvented, Kind::Verdict];
        verdicts.into_iter().all(|kind| self.count(kind) == 0) && self.text_differences() * 100 <= self.texts
    }

    fn text_differences(&self) -> usize {
        [Kind::RefusedBy, Kind::LoadSide, Kind::Stage, Kind::Text].into_iter().map(|kind| self.count(kind)).sum()
    }

    /// The clusters in which something differed.
    pub fn divergent(&self) -> BTreeSet<&Path> {
        self.divergences.iter().map(|divergence| divergence.cluster.as_path()).collect()
    }

    /// Divergences that are alike once names, paths and instants are masked: the gravest first, then the most frequent.
    fn patterns(&self) -> Vec<(Pattern, Vec<&Divergence>)> {
        let mut patterns: BTreeMap<Pattern, Vec<&Divergence>> = BTreeMap::new();
        for divergence in &self.divergences {
            let words = format!("{} / {}", mask(&divergence.expected), mask(&divergence.found));
            let pattern = (divergence.kind, words);
            patterns.entry(pattern).or_default().push(divergence);
        }
        let mut patterns: Vec<_> = patterns.into_iter().collect();
        patterns.sort_by_key(|(pattern, examples)| (pattern.0, std::cmp::Reverse(examples.len())));
        patterns
    }

    /// The comparison in words, with up to `limit` kinds of divergence.
    pub fn describe(&self, go: &str, limit: usize) -> String {
        let mut text = String::new();
        let percent = |part: usize, whole: usize| {
            let whole = if whole == 0 { 1 } else { whole };
            format!("{}.{:02} %", part * 100 / whole, part * 10_000 / whole % 100)
        };
        let agreed =
            self.links - self.count(Kind::Verdict).min(self.links) - self.count(Kind::LinkMissing).min(self.links);
        let same = self.texts - self.text_differences().min(self.texts);
        let _ = writeln!(
            text,
            "go {go}: {} clusters, {} links, {} broken; verdicts {} ({agreed}), answers {} ({same} of {}), texts to the letter {}",
            self.clusters,
            self.links,
            self.broken,
            percent(agreed, self.links),
            percent(same, self.texts),
            self.texts,
            percent(self.exact_texts, self.texts),
        );
        let _ = writeln!(
            text,
            "  no report {}, links missing {}, invented {}, verdict {}, refused by {}, load side {}, stage {}, text {}",
            self.count(Kind::NoReport),
            self.count(Kind::LinkMissing),
            self.count(Kind::LinkInvented),
            self.count(Kind::Verdict),
            self.count(Kind::RefusedBy),
            self.count(Kind::LoadSide),
            self.count(Kind::Stage),
            self.count(Kind::Text),
        );
        let _ = writeln!(text, "  {} distinct wounds", self.wounds.len());
        if !self.noisy.is_empty() {
            let _ = writeln!(text, "  findings on healthy clusters: {:?}", self.noisy);
        }
        let mut guilty: Vec<_> = self.guilty.iter().collect();
        guilty.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (wounds, count) in guilty.into_iter().take(limit) {
            let _ = writeln!(text, "  {count:4} by {}", if wounds.is_empty() { "no wound" } else { wounds });
        }
        for (pattern, examples) in self.patterns().into_iter().take(limit) {
            let Some(example) = examples.first() else {
                continue;
            };
            let _ = writeln!(
                text,
                "{:4} x {:?}\n    go:     {}\n    doctor: {}\n    such as {} [{}] {}",
                examples.len(),
                pattern.0,
                example.expected,
                example.found,
                example.cluster.display(),
                example.wounds,
                example.link,
            );
        }
        text
    }
}

struct Patient<'a> {
    path: &'a Path,
    wounds: String,
    lenient: BTreeSet<(usize, String, Option<String>)>,
}

impl Answer {
    fn key(&self) -> (usize, String, Option<String>) {
        (self.node, self.id.clone(), self.name.clone())
    }

    fn label(&self) -> String {
        format!("node {} {} {:?}", self.node, self.id, self.name)
    }

    fn words(&self) -> String {
        let optional = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        format!(
            "{} by {} ({}) at {}: client {:?}, server {:?}",
            self.verdict,
            optional(&self.refused_by),
            optional(&self.load_side),
            optional(&self.stage),
            self.client_error,
            self.server_error
        )
    }

    fn masked(&self) -> (Option<String>, Option<String>) {
        let mask = |text: &Option<String>| text.as_deref().map(mask_times);
        (mask(&self.client_error), mask(&self.server_error))
    }
}

/// Replaces every RFC 3339 instant by a T.
fn mask_times(text: &str) -> String {
    let is_instant = |word: &str| word.len() >= 20 && word.ends_with('Z') && word.as_bytes().get(10) == Some(&b'T');
    text.split(' ').map(|word| if is_instant(word) { "T" } else { word }).collect::<Vec<_>>().join(" ")
}

/// Masks what differs between two clusters that suffer from the same: instants, paths, addresses and numbers.
fn mask(text: &str) -> String {
    let word = |word: &str| {
        if word.contains('/') {
            "P".to_owned()
        } else {
            word.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
        }
    };
    let masked: Vec<String> = mask_times(text).split(' ').map(word).collect();
    masked.join(" ")
}

/// How many links each wound breaks: a line per wound and version of Go, from clusters that have exactly one wound.
///
/// # Errors
///
/// When the directory or the oracle's answers cannot be read.
pub fn effects(directory: &Path, versions: &[String]) -> io::Result<String> {
    let mut table: BTreeMap<String, BTreeMap<&str, (usize, usize)>> = BTreeMap::new();
    for cluster in clusters(directory)? {
        let document: Document = read(&cluster.join("links.json"))?;
        let [wound] = &document.wounds[..] else {
            continue;
        };
        for go in versions {
            let answers: Vec<Answer> = read(&cluster.join(format!("oracle-{go}.json")))?;
            let broken = answers.iter().filter(|answer| answer.verdict == "broken").count();
            let cell = table.entry(wound.name.clone()).or_default().entry(go).or_default();
            cell.0 += broken;
            cell.1 += answers.len();
        }
    }
    let mut text = String::new();
    for (wound, row) in table {
        let cells: Vec<String> = row.into_iter().map(|(go, (broken, of))| format!("{go}: {broken}/{of}")).collect();
        let _ = writeln!(text, "{wound:48} {}", cells.join("  "));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_masked() {
        let text = "x509: current time 2026-11-23T03:00:00Z is after 2025-11-23T03:00:00Z";
        assert_eq!(mask_times(text), "x509: current time T is after T");
    }
}
