//! `junit`: test reports as CI servers read them: a suite for each node, a case for each link and each finding.
//!
//! A finding fails when `--fail-on` says so; the rest is written into the case. A cause that logs tell is a case of its
//! own where no finding fails for it. What nobody can know is skipped.

use std::fmt::Write as _;

use pkidoctor::report::{Cause, Finding, LinkReport, Report};

use super::clean::clean;
use super::{About, is_met, links};
use crate::language::tr;

/// The report as XML.
pub(crate) fn text(report: &Report, about: &About<'_>) -> String {
    let mut suites: Vec<(String, Vec<Case>)> = report
        .nodes
        .iter()
        .map(|node| {
            let own = report.findings.iter().filter(|finding| finding.node.as_deref() == Some(&node.name));
            let cases = node.links.iter().map(Case::of_link).chain(own.map(|finding| Case::of_finding(finding, about)));
            (node.name.clone(), cases.collect())
        })
        .collect();
    let between = report.findings.iter().filter(|finding| finding.node.is_none());
    let between: Vec<Case> = between.map(|finding| Case::of_finding(finding, about)).collect();
    if !between.is_empty() {
        suites.push(("between nodes".to_owned(), between));
    }
    let causes: Vec<Case> = (0..report.causes.len()).filter_map(|cause| Case::of_cause(report, cause, about)).collect();
    if !causes.is_empty() {
        suites.push(("logs".to_owned(), causes));
    }
    if let Some(error) = about.error {
        let case = Case { class: "pkidoctor", name: "examine".to_owned(), outcome: Outcome::Error(error.to_owned()) };
        suites.push(("pkidoctor".to_owned(), vec![case]));
    }
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all = || suites.iter().flat_map(|(_, cases)| cases);
    let took = about.took.map_or(0.0, |took| took.as_secs_f64());
    // writing to a string cannot fail
    let _ = writeln!(xml, "<testsuites name=\"pkidoctor\" {} time=\"{took:.3}\">", counts(all()));
    for (name, cases) in &suites {
        let totals = counts(cases.iter());
        let _ = writeln!(xml, "  <testsuite name=\"{}\" {totals} timestamp=\"{}\">", escape(name), escape(&report.at));
        for case in cases {
            case.write(&mut xml);
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn counts<'c>(cases: impl Iterator<Item = &'c Case>) -> String {
    let (mut tests, mut failures, mut errors, mut skipped) = (0, 0, 0, 0);
    for case in cases {
        tests += 1;
        match case.outcome {
            Outcome::Fails { .. } => failures += 1,
            Outcome::Error(_) => errors += 1,
            Outcome::Skipped(_) => skipped += 1,
            Outcome::Passes | Outcome::Notes(_) => {}
        }
    }
    format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"")
}

struct Case {
    class: &'static str,
    name: String,
    outcome: Outcome,
}

enum Outcome {
    Passes,
    /// Nothing that fails, and yet something to say.
    Notes(String),
    Fails {
        kind: &'static str,
        message: String,
        text: String,
    },
    Skipped(String),
    Error(String),
}

impl Case {
    fn of_link(link: &LinkReport) -> Self {
        let outcome = match link.verdict {
            "ok" => Outcome::Passes,
            "unknown" => Outcome::Skipped(link.facts.join("; ")),
            _ => {
                let words = [("client", &link.client_error), ("server", &link.server_error)];
                let words: Vec<String> =
                    words.iter().filter_map(|(side, words)| Some(format!("{side}: {}", words.as_ref()?))).collect();
                let text = words.join("\n");
                let by = link.refused_by.unwrap_or("unknown");
                // what hangs on nothing now breaks no build
                if link.weight == "vital" {
                    Outcome::Fails { kind: "link", message: format!("refused by {by}"), text }
                } else {
                    Outcome::Notes(text)
                }
            }
        };
        Self { class: "link", name: links::name(link), outcome }
    }

    fn of_finding(finding: &Finding, about: &About<'_>) -> Self {
        let mut text = String::new();
        for fact in &finding.facts {
            let _ = writeln!(text, "{}: {}", fact.label, fact.value);
        }
        for step in finding.remedy.command.iter().chain(&finding.remedy.steps) {
            let _ = writeln!(text, "{} {step}", tr("to do:"));
        }
        for advice in &finding.remedy.avoid {
            let _ = writeln!(text, "{} {advice}", tr("avoid:"));
        }
        let outcome = if finding.ignored {
            Outcome::Skipped("ignored as asked".to_owned())
        } else if fails(finding, about) {
            Outcome::Fails { kind: finding.severity, message: finding.message.clone(), text }
        } else {
            Outcome::Notes(format!("{}: {}\n{text}", finding.severity, finding.message))
        };
        Self { class: finding.code, name: finding.subject.clone(), outcome }
    }

    /// `None` where logs say nothing of it, or a finding fails for it.
    fn of_cause(report: &Report, at: usize, about: &About<'_>) -> Option<Self> {
        let cause: &Cause = &report.causes[at];
        let mut found = cause.findings.iter().filter_map(|index| report.findings.get(*index));
        if cause.log_events.is_empty() || found.any(|finding| fails(finding, about)) {
            return None;
        }
        let mut text = String::new();
        for line in cause.evidence.speaks_for.iter().chain(&cause.evidence.speaks_against) {
            let _ = writeln!(text, "{line}");
        }
        for step in &cause.treatment {
            let _ = writeln!(text, "{} {step}", tr("to do:"));
        }
        for advice in &cause.avoid {
            let _ = writeln!(text, "{} {advice}", tr("avoid:"));
        }
        let outcome = if is_met(report, at) {
            Outcome::Fails { kind: cause.confidence, message: cause.title.clone(), text }
        } else {
            Outcome::Notes(format!("{}: {}\n{text}", cause.confidence, cause.title))
        };
        let events = cause.log_events.iter().filter_map(|index| report.events.as_ref()?.get(*index));
        let mut logs: Vec<&str> = events.map(|event| event.source.as_str()).collect();
        logs.dedup();
        Some(Self { class: cause.mode.unwrap_or("cause"), name: logs.join(", "), outcome })
    }

    fn write(&self, xml: &mut String) {
        let head = format!("    <testcase classname=\"{}\" name=\"{}\"", escape(self.class), escape(&self.name));
        let _ = match &self.outcome {
            Outcome::Passes => writeln!(xml, "{head}/>"),
            Outcome::Notes(text) => writeln!(xml, "{head}><system-out>{}</system-out></testcase>", lines(text)),
            Outcome::Skipped(why) => writeln!(xml, "{head}><skipped message=\"{}\"/></testcase>", escape(why)),
            Outcome::Error(why) => writeln!(xml, "{head}><error message=\"{}\"/></testcase>", escape(why)),
            Outcome::Fails { kind, message, text } => writeln!(
                xml,
                "{head}><failure type=\"{kind}\" message=\"{}\">{}</failure></testcase>",
                escape(message),
                lines(text)
            ),
        };
    }
}

/// Whether a finding fails.
fn fails(finding: &Finding, about: &About<'_>) -> bool {
    !finding.ignored && about.fails.counts(finding.severity)
}

/// Several lines, each escaped.
fn lines(text: &str) -> String {
    text.lines().map(escape).collect::<Vec<_>>().join("\n")
}

/// Text as XML takes it; controls, which XML 1.0 has no way to write, are spelled out.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // no character of XML 1.0 (section 2.2), and no control either
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
