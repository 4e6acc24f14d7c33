//! From log lines to events.

use std::collections::BTreeSet;

use pkidoctor::logs::{Journal, Reader, Settings, rows, understand};
use time::OffsetDateTime;
use time::macros::datetime;

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-23 12:00 UTC);

pub(crate) fn journal(name: &str, bytes: &[u8]) -> Journal {
    let mut reader = Reader::new(Settings::at(NOW));
    let source = reader.source(name);
    reader.feed(source, bytes);
    reader.finish()
}

#[test]
fn every_example_falls_under_its_row() {
    let mut wrong = Vec::new();
    for row in rows() {
        match understand(row.example, "", NOW) {
            Some(event) if event.row == row => {}
            Some(event) => wrong.push(format!("{}: falls under {} as {:?}", row.id, event.row.id, event.reason)),
            None => wrong.push(format!("{}: is not understood", row.id)),
        }
        // the same through the search that looks at few lines only
        let read = journal("", row.example.as_bytes());
        if !read.events.iter().any(|event| event.row == row) {
            wrong.push(format!("{}: is not looked at", row.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rows_are_complete_and_name_known_failures() {
    let coverage =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/coverage.tsv")).expect("reads");
    let known: BTreeSet<&str> = coverage.lines().filter_map(|line| line.split('\t').next()).collect();
    let mut ids = BTreeSet::new();
    for row in rows() {
        assert!(ids.insert(row.id), "{} stands twice", row.id);
        assert!(
            row.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
            "{}",
            row.id
        );
        for text in [row.pattern, row.meaning, row.check, row.example] {
            assert!(!text.is_empty(), "{} is incomplete", row.id);
        }
        for cause in row.causes.iter().chain(row.gateway) {
            assert!(known.contains(cause), "{}: no failure {cause}", row.id);
        }
    }
    assert!(ids.len() > 150, "{}", ids.len());
}
