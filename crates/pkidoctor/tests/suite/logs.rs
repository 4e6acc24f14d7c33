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
        let before = every_day(lines_before(row.id));
        let read = journal("", format!("{before}{}", row.example).as_bytes());
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
    assert!(ids.len() > 180, "{}", ids.len());
}

/// A line of the table `log-lines.tsv`.
struct Case {
    number: usize,
    fields: Vec<&'static str>,
}

fn cases() -> Vec<Case> {
    let lines = include_str!("../log-lines.tsv").lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines.map(|(number, line)| Case { number: number + 1, fields: line.splitn(8, '\t').collect() }).collect()
}

#[test]
fn every_known_line_is_understood() {
    let cases = cases();
    assert!(cases.len() > 300, "{}", cases.len());
    let mut wrong = Vec::new();
    for Case { number, fields } in cases {
        let [of, log, row, writer, port, direction, first, line] = fields[..] else {
            panic!("log-lines.tsv:{number}: eight fields");
        };
        let Some(event) = understand(line, log, NOW) else {
            wrong.push(format!("{number}: not understood: {line}"));
            continue;
        };
        let cause = event.causes.first().copied().unwrap_or("-");
        let found = [event.row.id, event.writer.name(), event.port.name(), event.direction.name(), cause];
        if found != [row, writer, port, direction, first] {
            wrong.push(format!("{number}: {found:?}\n    {line}"));
        }
        if of != "=" && !event.causes.iter().chain(event.row.gateway).any(|cause| *cause == of) {
            wrong.push(format!("{number}: {of} is not among the causes of {}", event.row.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Lines of every day, more than are looked at behind a start.
fn every_day(lines: usize) -> String {
    "2026-11-23T03:00:00.000001Z compact tree index, revision 1\n".repeat(lines)
}

/// Behind how many lines a row must be found: more than are looked at anyway, except for what stands behind a start, and
/// what tools print, which is short.
fn lines_before(row: &str) -> usize {
    let short = ["start-", "listener-", "kubeadm-", "kubeconfig-", "curl-", "openssl-", "etcdctl-"];
    if short.iter().any(|prefix| row.starts_with(prefix)) { 100 } else { 400 }
}

#[test]
fn every_known_line_is_found_among_many() {
    let mut wrong = Vec::new();
    for Case { number, fields } in cases() {
        let (log, row, line) = (fields[1], fields[2], fields[7]);
        let before = lines_before(row);
        let read = journal(log, format!("{}{line}\n{}", every_day(before), every_day(10)).as_bytes());
        if read.events.len() != 1 || read.events[0].row.id != row || read.events[0].first.line != before as u64 + 1 {
            wrong.push(format!("{number}: {:?}\n    {line}", read.events));
        }
        if read.unknown != before as u64 + 10 {
            wrong.push(format!("{number}: unknown {}", read.unknown));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The rows of a log with their counts, by name; which of them are the gateway's is in brackets.
fn counted(name: &str) -> Vec<String> {
    let path = format!("{}/../../testdata/logs/{name}", env!("CARGO_MANIFEST_DIR"));
    let read = journal(name, &std::fs::read(path).expect("reads"));
    let mut rows: Vec<String> = read
        .events
        .iter()
        .map(|event| {
            let gateway = if event.gateway > 0 { format!(" (gateway {})", event.gateway) } else { String::new() };
            let cause = event.causes.first().unwrap_or(&"-");
            format!("{} {}{gateway} {} {cause}", event.count, event.row.id, event.direction.name())
        })
        .collect();
    rows.sort();
    rows
}

/// Logs of real programs, each with the fault in its name, and what is in it.
const REAL: &[(&str, &[&str])] = &[
    (
        "34-client-expired.etcd.log",
        &[
            "1 gateway-stops nobody -",
            "4 etcd-refused-expired server-refused-client time-apiserver-etcd-client-expired",
        ],
    ),
    (
        "34-client-from-another-ca.etcd.log",
        &["1 gateway-stops nobody -", "3 etcd-refused-unknown-authority server-refused-client chain-wrong-ca"],
    ),
    (
        "34-client-lacks-clientauth.etcd.log",
        &["1 gateway-stops nobody -", "3 etcd-refused-usage server-refused-client usage-client-serverauth-only"],
    ),
    (
        "34-client-sends-no-cert.etcd.log",
        &[
            "1 etcd-got-plain-text nobody cfg-scheme-mismatch",
            "1 etcd-went-away nobody srv-eof-noise",
            "1 gateway-stops nobody -",
            "4 etcd-no-certificate server-refused-client cfg-apiserver-etcd-client-missing",
        ],
    ),
    (
        "34-server-expired.etcd.log",
        &[
            "2 gateway-refused server-refused-client usage-server-without-clientauth",
            "4 etcd-client-bad-certificate client-refused-server san-server-missing-localhost",
            "4 etcd-refused-expired (gateway 2) server-refused-client time-etcd-server-expired",
        ],
    ),
    (
        "34-server-key-swapped.etcd.log",
        &["1 gateway-stops nobody -", "3 etcd-own-pair writer-cannot-load pair-mismatch-live"],
    ),
    (
        "34-server-key-type-swapped.etcd.log",
        &["1 gateway-stops nobody -", "3 etcd-own-pair writer-cannot-load pair-mismatch-live"],
    ),
    (
        "34-server-lacks-clientauth.etcd.log",
        &[
            "1 gateway-refused server-refused-client usage-server-without-clientauth",
            "2 etcd-refused-usage (gateway 1) server-refused-client usage-server-without-clientauth",
        ],
    ),
    (
        "34-server-lacks-san.etcd.log",
        &[
            "1 gateway-stops nobody -",
            "3 etcd-client-bad-certificate client-refused-server san-server-missing-localhost",
        ],
    ),
    ("34-start-with-mismatched-key.etcd.log", &["1 start-key-mismatch writer-cannot-load pair-cert-key-mismatch"]),
    (
        "35-client-expired.etcd.log",
        &["4 etcd-refused-expired server-refused-client time-apiserver-etcd-client-expired"],
    ),
    ("35-client-from-another-ca.etcd.log", &["3 etcd-refused-unknown-authority server-refused-client chain-wrong-ca"]),
    (
        "35-client-lacks-clientauth.etcd.log",
        &["3 etcd-refused-usage server-refused-client usage-client-serverauth-only"],
    ),
    (
        "35-client-sends-no-cert.etcd.log",
        &[
            "1 etcd-got-plain-text nobody cfg-scheme-mismatch",
            "3 etcd-no-certificate server-refused-client cfg-apiserver-etcd-client-missing",
        ],
    ),
    (
        "35-server-expired.etcd.log",
        &[
            "3 etcd-client-bad-certificate client-refused-server san-server-missing-localhost",
            "4 etcd-refused-expired (gateway 4) server-refused-client time-etcd-server-expired",
            "4 gateway-refused server-refused-client usage-server-without-clientauth",
        ],
    ),
    ("35-server-key-swapped.etcd.log", &["3 etcd-own-pair writer-cannot-load pair-mismatch-live"]),
    ("35-server-key-type-swapped.etcd.log", &["3 etcd-own-pair writer-cannot-load pair-mismatch-live"]),
    (
        "35-server-lacks-clientauth.etcd.log",
        &[
            // one with its reason, one that lost it
            "1 gateway-refused server-refused-client usage-server-without-clientauth",
            "1 gateway-refused server-refused-client usage-server-without-clientauth",
            "2 etcd-refused-usage (gateway 2) server-refused-client usage-server-without-clientauth",
        ],
    ),
    (
        "35-server-lacks-san.etcd.log",
        &["3 etcd-client-bad-certificate client-refused-server san-server-missing-localhost"],
    ),
    ("35-start-with-mismatched-key.etcd.log", &["2 start-key-mismatch writer-cannot-load pair-cert-key-mismatch"]),
    (
        "apiserver-120-client-certificates-refused.log",
        &[
            "1 unauthorized-expired server-refused-client kc-client-cert-expired",
            "1 unauthorized-unknown-authority server-refused-client cfg-signer-mismatch",
            "1 unauthorized-usage server-refused-client usage-client-serverauth-only",
            // etcd was stopped first
            "45 client-nobody-listens nobody srv-not-pki",
        ],
    ),
    (
        "apiserver-120-etcd-client-expired.etcd-3.5.log",
        &["12 etcd-refused-expired server-refused-client time-apiserver-etcd-client-expired"],
    ),
    (
        "apiserver-120-etcd-client-expired.log",
        &[
            "1 apiserver-no-storage unknown cfg-apiserver-etcd-cafile",
            "9 client-refused-reason-lost server-refused-client time-apiserver-etcd-client-expired",
        ],
    ),
    ("apiserver-120-etcd-client-key-type-mismatch.etcd-3.5.log", &[]),
    (
        "apiserver-120-etcd-client-key-type-mismatch.log",
        &["1 client-own-pair-type writer-cannot-load pair-type-mismatch"],
    ),
    (
        "apiserver-120-etcd-server-lacks-127.0.0.1.etcd-3.5.log",
        &["12 etcd-client-bad-certificate client-refused-server san-server-missing-localhost"],
    ),
    (
        "apiserver-120-etcd-server-lacks-127.0.0.1.log",
        &[
            "1 apiserver-no-storage unknown cfg-apiserver-etcd-cafile",
            "12 client-name-loopback client-refused-server san-server-missing-localhost",
        ],
    ),
    ("apiserver-120-serving-key-mismatch.etcd-3.5.log", &[]),
    ("apiserver-120-serving-key-mismatch.log", &["1 client-own-pair writer-cannot-load pair-cert-key-mismatch"]),
];

#[test]
fn real_logs_hold_what_their_names_say() {
    let mut wrong = String::new();
    let mut names: Vec<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/logs"))
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .collect();
    names.sort();
    for name in &names {
        let counted = counted(name);
        let expected = REAL.iter().find(|(known, _)| known == name).map(|(_, rows)| rows.to_vec());
        if expected.is_none_or(|rows| rows != counted) {
            wrong.extend([format!("    (\n        {name:?},\n        &{counted:#?},\n    ),\n")]);
        }
    }
    assert_eq!(names.len(), 29);
    assert!(wrong.is_empty(), "{wrong}");
}
