//! A diagnosis for people: the causes, what speaks for each and what to do, then what the logs say.

use pkidoctor::report::{Cause, EventReport, Report};

use super::human::Detail;
use super::page::{BOLD, CYAN, DIM, GREEN, PLAIN, Page, Paper, RED, Style, YELLOW};
use super::{Command, command};
use crate::language::tr;
use crate::words::plural;

/// So many causes are told in full.
const IN_FULL: usize = 3;
/// Columns of the labels under a cause.
const LABEL: usize = 8;

/// The whole of it.
pub(crate) fn report(report: &Report, paper: Paper, detail: Detail) -> String {
    let mut page = Page::new(paper);
    let verdict = verdict(report);
    page.wrapped(0, 2, &[(verdict.0, &format!("{}:", verdict.1)), (BOLD, &verdict.2)]);
    if detail == Detail::Quiet {
        return page.into_text();
    }
    let verbose = detail == Detail::Verbose;
    let (full, brief) = in_full(report, verbose);
    for (number, cause) in (1..).zip(full) {
        tell(&mut page, report, number, cause);
    }
    if !brief.is_empty() {
        page.gap();
        page.wrapped(0, 2, &[(BOLD, "less likely, by the same evidence")]);
        for cause in brief {
            page.wrapped(2, 4, &[(style(cause), cause.confidence), (PLAIN, &cause.title)]);
            if let Some(confirm) = &cause.confirm {
                page.wrapped(4, 4, &[(DIM, "confirm:"), (DIM, confirm)]);
            }
        }
    }
    events(&mut page, report, verbose);
    sources(&mut page, report);
    page.into_text()
}

fn verdict(report: &Report) -> (Style, &'static str, String) {
    let events = report.events.as_deref().unwrap_or_default();
    let heard: u64 = events.iter().filter(|event| !event.noise).map(|event| event.count).sum();
    let nodes: Vec<&str> = report.nodes.iter().map(|node| node.name.as_str()).collect();
    let on = if nodes.is_empty() { String::new() } else { format!(" on {}", nodes.join(", ")) };
    let causes = report.causes.iter().filter(|cause| cause.confidence != "possible").count();
    let causes = if causes == 0 { report.causes.len().min(1) } else { causes };
    let said = format!(
        "{}{on}, {} of refusals and failures",
        plural(causes, "root cause"),
        plural(usize::try_from(heard).unwrap_or(usize::MAX), "log line")
    );
    match (report.causes.is_empty(), heard) {
        (true, 0) if report.verdict == "incomplete" => {
            (YELLOW, "nothing found", "but not everything that was asked for could be read".to_owned())
        }
        (true, 0) if is_foreign(report) => (
            YELLOW,
            "nothing found",
            "and no line of the logs has a known form: are they etcd's or Kubernetes', in UTF-8?".to_owned(),
        ),
        (true, 0) => (GREEN, "nothing found", format!("neither files{on} nor logs speak of a fault")),
        _ => (if report.verdict == "broken" || heard > 0 { RED } else { YELLOW }, "diagnosis", said),
    }
}

/// Whether logs were read of which nothing was understood, not even a time.
fn is_foreign(report: &Report) -> bool {
    let Some(logs) = &report.logs else { return false };
    logs.unknown > 0 && logs.sources.iter().all(|source| source.understood == 0 && source.first.is_none())
}

/// Those that are told in full, and those that a line is enough for.
fn in_full(report: &Report, verbose: bool) -> (Vec<&Cause>, Vec<&Cause>) {
    let mut full: Vec<&Cause> = Vec::new();
    let mut brief: Vec<&Cause> = Vec::new();
    for cause in &report.causes {
        let is_first = full.is_empty();
        let leads = cause.confidence != "possible" || !cause.log_events.is_empty() && cause.since.is_some();
        if verbose || is_first || leads && full.len() < IN_FULL {
            full.push(cause);
        } else {
            brief.push(cause);
        }
    }
    (full, brief)
}

fn style(cause: &Cause) -> Style {
    match cause.confidence {
        "certain" => RED,
        "likely" => YELLOW,
        _ => CYAN,
    }
}

fn tell(page: &mut Page, report: &Report, number: usize, cause: &Cause) {
    page.gap();
    page.wrapped(0, 3, &[(BOLD, &format!("{number}.")), (style(cause), cause.confidence), (BOLD, &cause.title)]);
    if let Some(since) = &cause.since {
        page.labelled(3, (DIM, "since"), LABEL, (PLAIN, since));
    }
    if !cause.links.is_empty() {
        page.labelled(3, (DIM, "breaks"), LABEL, (PLAIN, &cause.links.join(", ")));
    }
    list(page, (GREEN, "for"), &cause.evidence.speaks_for);
    list(page, (YELLOW, "against"), &cause.evidence.speaks_against);
    if !cause.treatment.is_empty() {
        page.wrapped(3, 3, &[(CYAN, "to do:")]);
    }
    for step in &cause.treatment {
        // in its language a step is split where its sentence is
        match command(&tr(step)) {
            Some(Command { on, line, said }) => {
                if !on.is_empty() {
                    page.wrapped(5, 7, &[(PLAIN, "-"), (PLAIN, on.trim_end())]);
                }
                page.command(if on.is_empty() { 5 } else { 7 }, line);
                if !said.is_empty() {
                    page.wrapped(7, 7, &[(PLAIN, said)]);
                }
            }
            None => page.wrapped(5, 7, &[(PLAIN, "-"), (PLAIN, step)]),
        }
    }
    for advice in &cause.avoid {
        page.wrapped(3, 10, &[(YELLOW, "avoid:"), (PLAIN, advice)]);
    }
    if let Some(confirm) = &cause.confirm {
        page.wrapped(3, 5, &[(DIM, "to confirm:"), (PLAIN, confirm)]);
    }
    if let Some(finding) = cause.findings.first().and_then(|index| report.findings.get(*index)) {
        page.wrapped(3, 3, &[(DIM, "more:"), (PLAIN, "pkidoctor explain"), (PLAIN, finding.code)]);
    }
}

/// A label beside the first of several lines.
fn list(page: &mut Page, label: (Style, &str), lines: &[String]) {
    for (at, line) in lines.iter().enumerate() {
        let label = if at == 0 { label } else { (PLAIN, "") };
        page.labelled(3, label, LABEL, (PLAIN, line));
    }
}

/// What was heard, in order of time.
fn events(page: &mut Page, report: &Report, verbose: bool) {
    let events = report.events.as_deref().unwrap_or_default();
    let (noise, told): (Vec<&EventReport>, Vec<&EventReport>) = events.iter().partition(|event| event.noise);
    if !told.is_empty() {
        page.gap();
        page.wrapped(0, 2, &[(BOLD, "what the logs say")]);
    }
    let most = if verbose { usize::MAX } else { 12 };
    for event in told.iter().take(most) {
        let when = event.first.as_deref().unwrap_or("no time");
        page.wrapped(
            2,
            4,
            &[(DIM, when), (BOLD, event.writer), (PLAIN, &format!("{}:", times(event.count))), (PLAIN, event.meaning)],
        );
        let from = match (&event.remote, &event.target) {
            (Some(remote), _) => format!("from {remote}: "),
            (None, Some(target)) => format!("towards {target}: "),
            (None, None) => String::new(),
        };
        page.wrapped(4, 4, &[(PLAIN, &format!("{from}{}", event.error))]);
        if verbose {
            page.wrapped(4, 4, &[(DIM, &format!("{}:{}:", event.source, event.line)), (DIM, &event.example)]);
        }
    }
    if told.len() > most {
        page.wrapped(2, 2, &[(DIM, &format!("{} more with -v", told.len() - most))]);
    }
    for event in noise {
        let from = event.remote.as_ref().map(|remote| format!(" from {remote}")).unwrap_or_default();
        page.wrapped(2, 4, &[(DIM, "noise:"), (DIM, &format!("{}{from}: {}", times(event.count), event.error))]);
    }
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

fn sources(page: &mut Page, report: &Report) {
    let Some(logs) = &report.logs else { return };
    page.gap();
    for source in &logs.sources {
        let span = match (&source.first, &source.last) {
            (Some(first), Some(last)) => format!(", {first} to {last}"),
            _ => String::new(),
        };
        let lines = usize::try_from(source.lines).unwrap_or(usize::MAX);
        page.wrapped(
            0,
            2,
            &[(DIM, &format!("{}: {}, {} understood{span}", source.name, plural(lines, "line"), source.understood))],
        );
    }
    let counts = [
        (logs.ours, "about pkidoctor's own connections, left out"),
        (logs.dropped, "more for which there was no room"),
    ];
    for (count, what) in counts.into_iter().filter(|(count, _)| *count > 0) {
        page.wrapped(
            0,
            2,
            &[(DIM, &format!("{} {what}", plural(usize::try_from(count).unwrap_or(usize::MAX), "line")))],
        );
    }
}
