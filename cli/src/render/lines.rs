//! `ndjson`: a report cut into lines, one per node, and one for what lies between several.
//!
//! Every finding stands on exactly one line: that of its node, or the last one, whose `path` is null and
//! which there is when several nodes were given, or none. Indices count within the line. What explains a link
//! but stands on another line is named in `findings_elsewhere`. Events of logs stand with their causes; those without
//! a cause, and the logs, on the last line.

use std::borrow::Cow;
use std::io::{self, Write};

use pkidoctor::report::{
    Cause, Checks, EventReport, FileReport, Finding, JudgedAs, LinkReport, LogsReport, NodeReport, PortReport, Report,
    Summary, Tool, UpgradeReport,
};
use serde::Serialize;

use super::json;

/// Writes the lines of one report.
///
/// # Errors
/// When they cannot be written.
pub(crate) fn write(out: &mut impl Write, report: &Report) -> io::Result<()> {
    for node in &report.nodes {
        json::line(out, &Line::of(report, Some(node)))?;
    }
    if report.nodes.len() == 1 { Ok(()) } else { json::line(out, &Line::of(report, None)) }
}

#[derive(Serialize)]
struct Line<'r> {
    schema: &'static str,
    tool: &'r Tool,
    at: &'r str,
    judged_as: &'r JudgedAs,
    verdict: &'static str,
    path: Option<&'r str>,
    name: Option<&'r str>,
    files: &'r [FileReport],
    links: Vec<LineLink<'r>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    ports: &'r [PortReport],
    #[serde(skip_serializing_if = "Option::is_none")]
    kubeadm_upgrade: Option<&'r UpgradeReport>,
    findings: Vec<&'r Finding>,
    causes: Vec<LineCause<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Vec<EventReport>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logs: Option<&'r LogsReport>,
    summary: Summary,
}

#[derive(Serialize)]
struct LineLink<'r> {
    #[serde(flatten)]
    link: Cow<'r, LinkReport>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings_elsewhere: Vec<Elsewhere<'r>>,
}

#[derive(Serialize)]
struct LineCause<'r> {
    #[serde(flatten)]
    cause: Cow<'r, Cause>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings_elsewhere: Vec<Elsewhere<'r>>,
}

/// A finding on another line.
#[derive(Serialize)]
struct Elsewhere<'r> {
    node: Option<&'r str>,
    code: &'static str,
    subject: &'r str,
}

impl<'r> Line<'r> {
    fn of(report: &'r Report, node: Option<&'r NodeReport>) -> Self {
        let name = node.map(|node| node.name.as_str());
        let is_last = node.is_none() || report.nodes.len() == 1;
        let mut here = Here { report, own: own(report, name), is_last, causes: Vec::new(), events: Vec::new() };
        here.causes = (0..report.causes.len()).filter(|at| here.is_home_of(&report.causes[*at], name)).collect();
        here.events = here.events();
        let findings: Vec<&Finding> = here.own.iter().map(|index| &report.findings[*index]).collect();
        let summary = count(&findings, &report.summary.checks);
        Self {
            schema: report.schema,
            tool: &report.tool,
            at: &report.at,
            judged_as: &report.judged_as,
            // of logs alone there are no findings to count
            verdict: if report.nodes.is_empty() { report.verdict } else { verdict(&findings, &summary) },
            path: node.map(|node| node.path.as_str()),
            name,
            files: node.map_or(&[], |node| &node.files),
            links: node.map_or(&[][..], |node| &node.links).iter().map(|link| here.link(link)).collect(),
            ports: node.map_or(&[], |node| &node.ports),
            kubeadm_upgrade: node.and_then(|node| node.kubeadm_upgrade.as_ref()),
            causes: here.causes.iter().map(|at| here.cause(&report.causes[*at])).collect(),
            events: report.events.as_deref().map(|all| here.events.iter().map(|at| here.event(&all[*at])).collect()),
            logs: report.logs.as_ref().filter(|_| is_last),
            findings,
            summary,
        }
    }
}

/// Indices of the findings that stand on a line.
fn own(report: &Report, name: Option<&str>) -> Vec<usize> {
    (0..report.findings.len()).filter(|index| report.findings[*index].node.as_deref() == name).collect()
}

/// What a line holds of the whole report.
struct Here<'r> {
    report: &'r Report,
    own: Vec<usize>,
    /// Whether it is the last line of the report.
    is_last: bool,
    /// Indices of its causes.
    causes: Vec<usize>,
    /// Indices of its events.
    events: Vec<usize>,
}

impl<'r> Here<'r> {
    /// A cause stands on the line of its findings, or between the nodes when they are on several.
    fn is_home_of(&self, cause: &Cause, name: Option<&str>) -> bool {
        if cause.findings.is_empty() {
            return self.is_last;
        }
        let mut lines = cause.findings.iter().map(|index| self.report.findings[*index].node.as_deref());
        let first = lines.next().flatten();
        let home = if lines.all(|line| line == first) { first } else { None };
        home == name
    }

    fn link(&self, link: &'r LinkReport) -> LineLink<'r> {
        let (findings, findings_elsewhere) = self.renumber(&link.findings);
        let same = findings == link.findings;
        let mut link = Cow::Borrowed(link);
        if !same {
            link.to_mut().findings = findings;
        }
        LineLink { link, findings_elsewhere }
    }

    fn cause(&self, cause: &'r Cause) -> LineCause<'r> {
        let (findings, findings_elsewhere) = self.renumber(&cause.findings);
        let log_events = places(&self.events, &cause.log_events);
        let same = findings == cause.findings && log_events == cause.log_events;
        let mut cause = Cow::Borrowed(cause);
        if !same {
            let own = cause.to_mut();
            (own.findings, own.log_events) = (findings, log_events);
        }
        LineCause { cause, findings_elsewhere }
    }

    /// Those of its causes; on the last line those without a cause, too.
    fn events(&self) -> Vec<usize> {
        let all = self.report.events.as_deref().unwrap_or_default();
        let is_here = |event: &EventReport| {
            event.causes.iter().any(|cause| self.causes.contains(cause)) || self.is_last && event.causes.is_empty()
        };
        (0..all.len()).filter(|at| is_here(&all[*at])).collect()
    }

    fn event(&self, event: &EventReport) -> EventReport {
        let mut event = event.clone();
        event.causes = places(&self.causes, &event.causes);
        event
    }

    fn renumber(&self, indices: &[usize]) -> (Vec<usize>, Vec<Elsewhere<'r>>) {
        let (mut findings, mut elsewhere) = (Vec::new(), Vec::new());
        for index in indices {
            match self.own.binary_search(index) {
                Ok(at) => findings.push(at),
                Err(_) => elsewhere.push(self.elsewhere(*index)),
            }
        }
        (findings, elsewhere)
    }

    fn elsewhere(&self, index: usize) -> Elsewhere<'r> {
        let finding = &self.report.findings[index];
        Elsewhere { node: finding.node.as_deref(), code: finding.code, subject: &finding.subject }
    }
}

/// Where these indices of the report stand on a line that holds `kept` of them.
fn places(kept: &[usize], indices: &[usize]) -> Vec<usize> {
    indices.iter().filter_map(|index| kept.iter().position(|known| known == index)).collect()
}

/// Counts of the line; the checks were made once for the whole cluster.
fn count(findings: &[&Finding], checks: &Checks) -> Summary {
    let of =
        |severity: &str| findings.iter().filter(|finding| !finding.ignored && finding.severity == severity).count();
    let mut summary = Summary::default();
    (summary.error, summary.warning, summary.info) = (of("error"), of("warning"), of("info"));
    summary.checks = checks.clone();
    summary
}

/// As for a whole report.
fn verdict(findings: &[&Finding], summary: &Summary) -> &'static str {
    if summary.error > 0 {
        "broken"
    } else if findings.iter().any(|finding| finding.code == "unreadable" && !finding.ignored) {
        "incomplete"
    } else if summary.warning > 0 {
        "warnings"
    } else {
        "healthy"
    }
}
