//! Every wound of the clinic, and what is found: one table, so that a check that fires elsewhere shows up in review.
//! `UPDATE=1 cargo test --profile quick -p pkidoctor --test suite matrix -- --ignored` rewrites it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use clinic::rng::Rng;

use crate::support::{Patient, explained, line, untold};

/// The clusters on which a wound is tried, until it finds a subject.
const SEEDS: std::ops::Range<u64> = 1..60;

fn findings(wound: clinic::wounds::Wound, in_english: &mut BTreeSet<String>) -> Option<String> {
    for seed in SEEDS {
        let mut cluster = if seed < 4 { clinic::Cluster::kubeadm(seed) } else { clinic::Cluster::healthy(seed) };
        if !cluster.inflict(wound, &mut Rng::new(seed)) {
            continue;
        }
        let report = Patient::clinic(&cluster).scan();
        explained(&report);
        in_english.extend(untold(&report));
        let mut found: Vec<String> = report.findings.iter().map(line).collect();
        found.sort();
        found.dedup();
        return Some(if found.is_empty() { "-".to_owned() } else { found.join("; ") });
    }
    None
}

#[test]
#[ignore = "hundreds of clusters: run by scripts/test in an optimised build"]
fn every_wound_is_found_as_written() {
    let mut table = String::from("# wound\tfailure mode\twhat is found\n");
    let mut in_english = BTreeSet::new();
    for wound in clinic::wounds::all() {
        let found = findings(*wound, &mut in_english).unwrap_or_else(|| panic!("{} finds no subject", wound.name));
        writeln!(table, "{}\t{}\t{found}", wound.name, wound.slug).expect("writes to a string");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wounds.tsv");
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
    assert!(written == table, "tests/wounds.tsv is stale:\n{}", differ.join("\n"));
    let in_english: Vec<String> = in_english.into_iter().collect();
    assert!(in_english.is_empty(), "not in src/lang/zh:\n{}", in_english.join("\n"));
}
