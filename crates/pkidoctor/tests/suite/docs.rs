//! The generated documents: `docs/coverage.md` from `docs/coverage.tsv`, `docs/checks.md` from the register,
//! `docs/logs.md` from the table of log lines.
//! `UPDATE=1 cargo test -p pkidoctor --test suite docs` writes them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use pkidoctor::checks;
use pkidoctor::logs::{self, Row};

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)
}

#[track_caller]
fn same_as_written(name: &str, generated: &str) {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(docs(name), generated).expect("writes");
    }
    let written = std::fs::read_to_string(docs(name)).unwrap_or_default();
    assert!(written == generated, "docs/{name} is stale: run UPDATE=1 cargo test -p pkidoctor --test suite docs");
}

/// `slug <tab> failure <tab> codes or "live: why" or "log: why" or "never: why"`.
fn coverage() -> Vec<(String, String, String)> {
    let table = std::fs::read_to_string(docs("coverage.tsv")).expect("docs/coverage.tsv");
    let rows = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.map(|line| {
        let mut fields = line.splitn(3, '\t').map(str::to_owned);
        let mut next = || fields.next().unwrap_or_else(|| panic!("three fields: {line}"));
        (next(), next(), next())
    })
    .collect()
}

#[test]
fn every_known_failure_is_covered_or_explained() {
    let rows = coverage();
    assert_eq!(rows.len(), 150);
    let mut slugs: Vec<&str> = rows.iter().map(|(slug, _, _)| slug.as_str()).collect();
    slugs.sort_unstable();
    slugs.dedup();
    assert_eq!(slugs.len(), 150, "a slug stands twice");
    let mut text = String::from(
        "# What each known failure is reported as\n\n<!-- generated from coverage.tsv; checked by a test -->\n\n\
         A code is a finding of `scan`, or of `probe`. *live* would be seen by a handshake, *log* by a log line; where neither, the row says why.\n\n\
         | failure | what it is | reported as |\n|---|---|---|\n",
    );
    for (slug, what, by) in &rows {
        let shown = if let Some((kind @ ("live" | "log" | "never"), why)) = by.split_once(": ") {
            assert!(why.len() > 10, "{slug}: say why");
            format!("*{kind}*: {why}")
        } else {
            let codes: Vec<&str> = by.split(", ").collect();
            for code in &codes {
                assert!(checks::by_code(code).is_some(), "{slug}: no check {code}");
            }
            codes.iter().map(|code| format!("`{code}`")).collect::<Vec<_>>().join(", ")
        };
        writeln!(text, "| {slug} | {what} | {shown} |").expect("writes to a string");
    }
    same_as_written("coverage.md", &text);
}

#[test]
fn the_list_of_checks_is_current() {
    let mut text = String::from(
        "# Checks\n\n<!-- generated from the register; checked by a test -->\n\n| code | severity | defect | source |\n|---|---|---|---|\n",
    );
    for check in checks::CHECKS {
        writeln!(
            text,
            "| [`{0}`](#{0}) | {1} | {2} | {3} |",
            check.code,
            check.severity.name(),
            check.title,
            check.citation
        )
        .expect("writes");
    }
    for check in checks::CHECKS {
        writeln!(text, "\n## {}\n\n{}", check.code, check.docs.trim_end()).expect("writes");
    }
    same_as_written("checks.md", &text);
}

fn slugs(slugs: &[&str]) -> String {
    slugs.iter().map(|slug| format!("`{slug}`")).collect::<Vec<_>>().join(", ")
}

fn row(row: &Row) -> String {
    let mut text = format!(
        "\n### {}\n\n`{}`\n\n{}\n\n| | |\n|---|---|\n| who refused whom | {} |\n| stage | {} |\n",
        row.id,
        row.pattern.replace('|', "\\|"),
        row.meaning,
        row.direction.name(),
        row.stage.name()
    );
    if !row.gateway.is_empty() {
        writeln!(text, "| from etcd's own gateway, first | {} |", slugs(row.gateway)).expect("writes");
    }
    if !row.causes.is_empty() {
        writeln!(text, "| may be behind it | {} |", slugs(row.causes)).expect("writes");
    }
    writeln!(text, "| decides | {} |", row.check).expect("writes");
    if row.noise {
        text.push_str("| | no fault of the PKI by itself |\n");
    }
    writeln!(text, "\n```text\n{}\n```", row.example).expect("writes");
    text
}

#[test]
fn the_table_of_log_lines_is_current() {
    let mut text = String::from(
        "# Log lines\n\n<!-- generated from the table; checked by a test -->\n\n\
         What each line means, as `pkidoctor diagnose` reads it: who refused whom, what may be behind it (the likeliest \
         first; the failures of [coverage.md](coverage.md)), and what decides. A line falls under the first row that \
         fits. Capitals in a pattern stand for what differs.\n",
    );
    for section in &logs::ROWS {
        write!(text, "\n## {}\n", section.title).expect("writes");
        section.rows.iter().for_each(|entry| text.push_str(&row(entry)));
    }
    same_as_written("logs.md", &text);
}
