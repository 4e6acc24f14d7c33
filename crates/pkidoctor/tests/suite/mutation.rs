//! Random byte flips over all files of a tree: never a panic, always a report.
//! `MUTATIONS=20000 cargo test --profile quick -p pkidoctor --test suite mutation` is the long run.

use std::path::{Path, PathBuf};

use crate::support::Patient;

fn files(directory: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
        if entry.path().is_dir() {
            files(&entry.path(), into);
        } else {
            into.push(entry.path());
        }
    }
}

#[test]
fn flipped_bytes_never_stop_a_scan() {
    let count: u64 = std::env::var("MUTATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(200);
    let seed: u64 = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let mut rng = clinic::rng::Rng::new(seed);
    let patient = Patient::real("ecdsa");
    let mut all = Vec::new();
    files(&patient.directory, &mut all);
    all.sort();
    let mut changed = 0;
    for _ in 0..count {
        let file = &all[rng.below(all.len())];
        let healthy = std::fs::read(file).expect("reads");
        let mut wounded = healthy.clone();
        for _ in 0..=rng.below(3) {
            let at = rng.below(wounded.len());
            // one bit, or any byte
            wounded[at] = if rng.chance(50) { wounded[at] ^ (1 << rng.below(8)) } else { rng.bytes(1)[0] };
        }
        std::fs::write(file, &wounded).expect("writes");
        let report = patient.scan();
        assert_eq!(report.nodes.len(), 1);
        crate::support::explained(&report);
        changed += u64::from(report.verdict != "healthy");
        std::fs::write(file, &healthy).expect("writes");
    }
    // most flips in base64 break a certificate, a key or a YAML value
    assert!(changed > count / 4, "only {changed} of {count} flips were noticed");
    assert_eq!(patient.scan().verdict, "healthy");
}
