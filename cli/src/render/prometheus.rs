//! `prometheus`: the text exposition format, for node_exporter's textfile collector and for `watch`.
//!
//! Names and units follow Prometheus' rules: base units, `_timestamp_seconds` for instants, `_total` for counters only.
//! A state is one series per value it may have, 1 for the present one.

use std::fmt::Write as _;

use pkidoctor::report::{LinkReport, NodeReport, Report};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::About;
use super::clean::clean;

const VERDICTS: [&str; 4] = ["healthy", "warnings", "broken", "incomplete"];
const LINK_VERDICTS: [&str; 3] = ["ok", "broken", "unknown"];

/// What the collector of an exposition says about itself, beside the report.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counters {
    /// Scans since the start.
    pub(crate) scans: u64,
    /// Those of them in which nothing could be examined.
    pub(crate) errors: u64,
    /// Changes that were noticed.
    pub(crate) changes: u64,
}

/// The metrics of a report.
pub(crate) fn text(report: &Report, about: &About<'_>, counters: Option<Counters>) -> String {
    let mut page = Exposition { text: String::with_capacity(16 * 1024), metric: "" };
    page.gauge("pkidoctor_build_info", "Version of pkidoctor, and of the Go by whose rules it judges.");
    page.sample(&[("version", report.tool.version), ("go", &report.judged_as.go)], 1);
    page.gauge("pkidoctor_verdict", "Verdict of the last scan: 1 for the present one.");
    for verdict in VERDICTS {
        page.sample(&[("verdict", verdict)], u8::from(report.verdict == verdict));
    }
    certificates(&mut page, report);
    links(&mut page, report);
    findings(&mut page, report);
    page.gauge("pkidoctor_checks", "Checks by what became of them.");
    let checks = &report.summary.checks;
    for (state, count) in [
        ("clear", checks.clear),
        ("found", checks.found),
        ("no_subject", checks.no_subject),
        ("unobserved", checks.unobserved),
    ] {
        page.sample(&[("state", state)], count);
    }
    if let Some(at) = instant(&report.at) {
        page.gauge("pkidoctor_scan_timestamp_seconds", "Instant of which the last scan tells.");
        page.sample(&[], at);
    }
    if let Some(took) = about.took {
        page.gauge("pkidoctor_scan_duration_seconds", "Time that the last scan took.");
        page.sample(&[], took.as_secs_f64());
    }
    if let Some(Counters { scans, errors, changes }) = counters {
        for (name, help, value) in [
            ("pkidoctor_scans_total", "Scans since the start.", scans),
            ("pkidoctor_scan_errors_total", "Scans in which nothing could be examined.", errors),
            ("pkidoctor_changes_total", "Changes of files that were noticed.", changes),
        ] {
            page.head(name, help, "counter");
            page.sample(&[], value);
        }
    }
    page.text
}

fn certificates(page: &mut Exposition, report: &Report) {
    let mut dates: [Vec<(Vec<String>, i64)>; 2] = [Vec::new(), Vec::new()];
    for node in &report.nodes {
        for file in &node.files {
            for (index, certificate) in (1..).zip(&file.certificates) {
                let role = file.role.unwrap_or_default();
                let labels =
                    [&node.name, &file.path, &format!("{index}"), role, &certificate.subject].map(str::to_owned);
                let both = [&certificate.not_after, &certificate.not_before];
                for (dates, at) in dates.iter_mut().zip(both) {
                    dates.extend(instant(at).map(|at| (labels.to_vec(), at)));
                }
            }
        }
    }
    let [after, before] = dates;
    for (name, help, dates) in [
        ("pkidoctor_certificate_not_after_timestamp_seconds", "Instant after which a certificate is expired.", after),
        ("pkidoctor_certificate_not_before_timestamp_seconds", "Instant from which on a certificate is valid.", before),
    ] {
        if !dates.is_empty() {
            page.gauge(name, help);
        }
        for (labels, at) in dates {
            let names = ["node", "path", "index", "role", "subject"];
            let labels: Vec<(&str, &str)> = names.into_iter().zip(labels.iter().map(String::as_str)).collect();
            page.sample(&labels, at);
        }
    }
}

fn links(page: &mut Exposition, report: &Report) {
    let all: Vec<(&NodeReport, &LinkReport)> =
        report.nodes.iter().flat_map(|node| node.links.iter().map(move |link| (node, link))).collect();
    if !all.is_empty() {
        page.gauge("pkidoctor_link_verdict", "What each side of a link comes to: 1 for the present verdict.");
    }
    for (node, link) in all {
        for (side, present) in [("client", link.sides.client), ("server", link.sides.server)] {
            for verdict in LINK_VERDICTS {
                let labels = [
                    ("node", node.name.as_str()),
                    ("link", &link.id),
                    ("name", link.name.as_deref().unwrap_or_default()),
                    ("weight", link.weight),
                    ("side", side),
                    ("verdict", verdict),
                ];
                page.sample(&labels, u8::from(present == verdict));
            }
        }
    }
}

fn findings(page: &mut Exposition, report: &Report) {
    let mut counted: Vec<(&str, &str, &str, usize)> = Vec::new();
    for finding in report.findings.iter().filter(|finding| !finding.ignored) {
        let node = finding.node.as_deref().unwrap_or_default();
        let key = (node, finding.code, finding.severity);
        match counted.iter_mut().find(|(node, code, severity, _)| (*node, *code, *severity) == key) {
            Some(known) => known.3 += 1,
            None => counted.push((node, finding.code, finding.severity, 1)),
        }
    }
    if !counted.is_empty() {
        page.gauge("pkidoctor_findings", "Findings by code; a finding between nodes has no node.");
    }
    for (node, code, severity, count) in counted {
        page.sample(&[("node", node), ("code", code), ("severity", severity)], count);
    }
}

fn instant(text: &str) -> Option<i64> {
    OffsetDateTime::parse(text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp)
}

/// Text in the exposition format.
struct Exposition {
    text: String,
    /// The metric whose samples come.
    metric: &'static str,
}

impl Exposition {
    fn gauge(&mut self, name: &'static str, help: &str) {
        self.head(name, help, "gauge");
    }

    fn head(&mut self, name: &'static str, help: &str, kind: &str) {
        self.metric = name;
        // writing to a string cannot fail
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    /// A sample of the metric whose head was written last.
    fn sample(&mut self, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        self.text.push_str(self.metric);
        for (at, (label, value)) in labels.iter().enumerate() {
            self.text.push_str(if at == 0 { "{" } else { "," });
            self.text.push_str(label);
            self.text.push_str("=\"");
            for c in clean(value).chars() {
                match c {
                    '\\' => self.text.push_str(r"\\"),
                    '"' => self.text.push_str("\\\""),
                    '\n' => self.text.push_str("\\n"),
                    c => self.text.push(c),
                }
            }
            self.text.push('"');
        }
        let _ = writeln!(self.text, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }
}
