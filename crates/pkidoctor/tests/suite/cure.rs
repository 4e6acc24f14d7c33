//! Every wound of the clinic, and what `fix` makes of it: healed by which steps, or left for hands and why.
//! `UPDATE=1 cargo test --profile quick -p pkidoctor --test suite cure -- --ignored` rewrites the table.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clinic::rng::Rng;
use pkidoctor::act::{RealFiles, Run};
use pkidoctor::plan::Refusal;
use pkidoctor::read::Request;
use pkidoctor::repair::{self, Left, Nobody, Refused, Selection, Setting};
use pkidoctor::report::{Finding, Report};
use time::OffsetDateTime;

use crate::support::Patient;

/// The clusters on which a wound is tried, until it finds a subject.
const SEEDS: std::ops::Range<u64> = 1..60;

/// The setting of a patient with one of its nodes as the one that is repaired.
pub(crate) fn setting(patient: &Patient, node: usize) -> Setting {
    let mut paths = patient.paths.clone();
    paths.swap(0, node);
    let request = Request { paths, ..patient.request.clone() };
    Setting { request, now: patient.now, go: patient.go, built: OffsetDateTime::UNIX_EPOCH }
}

/// Repairs every node in turn; what was done, and what the last look left.
fn repaired(patient: &Patient) -> (Vec<String>, Vec<Left>, Option<Refusal>) {
    let (mut steps, mut left, mut refusal) = (Vec::new(), Vec::new(), None);
    for node in 0..patient.paths.len() {
        let setting = setting(patient, node);
        match repair::fix(&setting, &Selection::default()) {
            Ok(prescription) => {
                let run = Run { id: format!("cure-{node}"), words: vec!["fix".to_owned()], at: patient.now };
                if !prescription.is_empty() {
                    prescription.carry_out(&setting, &RealFiles, run, None, &mut Nobody).expect("carries it out");
                }
                let told = prescription.plan.steps.iter().map(|step| format!("{} {}", step.kind.name(), step.target));
                steps.extend(told);
                left.extend(prescription.left);
            }
            Err(Refused::No(why)) => refusal = Some(why),
            Err(error) => panic!("{error}"),
        }
    }
    (steps, left, refusal)
}

fn outcome(patient: &Patient) -> String {
    let before = patient.scan();
    let (steps, left, refusal) = repaired(patient);
    let after = patient.scan();
    no_link_is_worse(&before, &after);
    let mut text = steps.join(", ");
    for finding in after.findings.iter().filter(|finding| finding.severity == "error") {
        let reason =
            left.iter().find(|left| left.finding.code == finding.code && left.finding.subject == finding.subject);
        let why = reason.and_then(|left| left.refusal.as_ref()).or(refusal.as_ref()).map_or("", |refusal| refusal.code);
        let _ = write!(
            text,
            "{}left {} {}{}",
            if text.is_empty() { "" } else { "; " },
            finding.code,
            finding.subject,
            if why.is_empty() { String::new() } else { format!(" ({why})") }
        );
    }
    if text.is_empty() { "-".to_owned() } else { text }
}

#[track_caller]
fn no_link_is_worse(before: &Report, after: &Report) {
    let rank = |verdict: &str| ["broken", "unknown", "ok"].iter().position(|known| *known == verdict);
    for (old, new) in before.nodes.iter().zip(&after.nodes) {
        for link in &new.links {
            let was = old.links.iter().find(|known| known.id == link.id && known.name == link.name);
            let was = was.unwrap_or_else(|| panic!("{} {:?} is new", link.id, link.name));
            assert!(
                rank(link.verdict) >= rank(was.verdict),
                "{} {:?}: {} -> {}",
                link.id,
                link.name,
                was.verdict,
                link.verdict
            );
        }
    }
}

fn cure(wound: clinic::wounds::Wound) -> Option<String> {
    for seed in SEEDS {
        let mut cluster = if seed < 4 { clinic::Cluster::kubeadm(seed) } else { clinic::Cluster::healthy(seed) };
        if cluster.inflict(wound, &mut Rng::new(seed)) {
            return Some(outcome(&Patient::clinic(&cluster)));
        }
    }
    None
}

#[test]
#[ignore = "hundreds of clusters: run by scripts/test in an optimised build"]
fn every_wound_is_healed_or_left_as_written() {
    let mut table = String::from("# wound\tfailure mode\twhat fix does\n");
    for wound in clinic::wounds::all() {
        let done = cure(*wound).unwrap_or_else(|| panic!("{} finds no subject", wound.name));
        writeln!(table, "{}\t{}\t{done}", wound.name, wound.slug).expect("writes to a string");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cures.tsv");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &table).expect("writes");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let differ = written
        .lines()
        .zip(table.lines())
        .filter(|(before, now)| before != now)
        .map(|(before, now)| format!("- {before}\n+ {now}"));
    let differ: Vec<String> = differ.take(20).collect();
    assert!(written == table, "tests/cures.tsv is stale:\n{}", differ.join("\n"));
}

/// What became of a cluster on disk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cured {
    /// No error is left.
    Healed,
    /// What is left has its reason.
    Left,
    /// An error is left, and nobody said why.
    Unexplained,
}

/// Repairs a cluster in place.
fn cured(directory: &Path) -> Cured {
    let text = std::fs::read_to_string(directory.join("links.json")).expect("links.json");
    let links: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let at = links["at"].as_str().expect("an instant");
    let now = OffsetDateTime::parse(at, &time::format_description::well_known::Rfc3339).expect("an instant");
    let nodes = links["nodes"].as_array().expect("nodes").iter().filter_map(|node| node.as_str());
    let paths: Vec<_> = nodes.map(|node| directory.join(node)).collect();
    let patient = Patient::on_disk(paths, now);
    let before = patient.scan();
    let (_, reasons, refusal) = repaired(&patient);
    let after = patient.scan();
    no_link_is_worse(&before, &after);
    let mut errors = after.findings.iter().filter(|finding| finding.severity == "error").peekable();
    let is_told =
        |finding: &Finding| reasons.iter().any(|left| left.finding.code == finding.code && left.refusal.is_some());
    if errors.peek().is_none() {
        Cured::Healed
    } else if refusal.is_some() || errors.all(is_told) {
        Cured::Left
    } else {
        Cured::Unexplained
    }
}

fn share_cured(share: &[PathBuf]) -> Vec<(&Path, Cured)> {
    share.iter().map(|directory| (directory.as_path(), cured(directory))).collect()
}

/// Clusters on disk, each in a directory of its own with `links.json` beside it, repaired in place: what
/// `scripts/cure` then asks real Go about.
#[test]
#[expect(clippy::print_stdout, reason = "the sums are for people")]
#[ignore = "run by scripts/cure on the clusters in PKIDOCTOR_CLUSTERS"]
fn clusters_on_disk_are_repaired() {
    let directory = std::env::var_os("PKIDOCTOR_CLUSTERS").expect("a directory of clusters");
    let clusters: Vec<PathBuf> =
        std::fs::read_dir(&directory).expect("a directory").flatten().map(|entry| entry.path()).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let outcomes: Vec<(&Path, Cured)> = std::thread::scope(|scope| {
        let shares = clusters.chunks(clusters.len().div_ceil(threads).max(1));
        let working: Vec<_> = shares.map(|share| scope.spawn(|| share_cured(share))).collect();
        working.into_iter().flat_map(|share| share.join().expect("every cluster of the share")).collect()
    });
    let those = |what| outcomes.iter().filter(move |(_, cured)| *cured == what).map(|(path, _)| path);
    let unexplained: Vec<_> = those(Cured::Unexplained).collect();
    println!(
        "{} clusters without an error now, {} left with reasons, {} without",
        those(Cured::Healed).count(),
        those(Cured::Left).count(),
        unexplained.len()
    );
    assert!(unexplained.is_empty(), "left without a reason: {unexplained:?}");
}
