//! A report for people: the verdict, what to do first, the links, the findings, the dates, the counts.

use std::collections::HashSet;

use pkidoctor::report::{Cause, Finding, NodeReport, RemedyReport, Report};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::page::{BOLD, CYAN, DIM, GREEN, PLAIN, Page, Paper, RED, Span, YELLOW, widest};
use super::validity::{self, Validity};
use super::{command, links, live};
use crate::language::tr;
use crate::words::{distance, plural};

/// How much is said.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Detail {
    /// The verdict.
    Quiet,
    /// What a person needs at night.
    Usual,
    /// All that is known.
    Verbose,
}

/// The report as text.
pub(crate) fn report(report: &Report, paper: Paper, detail: Detail) -> String {
    let mut teller = Teller {
        report,
        page: Page::new(paper),
        verbose: detail == Detail::Verbose,
        said: HashSet::new(),
        told: HashSet::new(),
    };
    teller.verdict();
    if detail > Detail::Quiet {
        teller.first();
        teller.nodes();
        teller.end();
    }
    teller.page.into_text()
}

struct Teller<'r> {
    report: &'r Report,
    page: Page,
    verbose: bool,
    /// Words that have been said once.
    said: HashSet<&'r str>,
    /// Codes of which a finding has been told in full.
    told: HashSet<&'static str>,
}

impl<'r> Teller<'r> {
    /// `broken: 2 errors, 1 warning on pi-master1 (judged as go 1.27, 2026-11-23T04:00:00Z)`
    fn verdict(&mut self) {
        let report = self.report;
        let style = match report.verdict {
            "healthy" => GREEN,
            "broken" => RED,
            _ => YELLOW,
        };
        let verdict = format!("{}:", report.verdict);
        let rest = format!("{} on {} (judged as go {}, {})", self.what(), self.whom(), report.judged_as.go, report.at);
        self.page.wrapped(0, 2, &[(style, &verdict), (PLAIN, &rest)]);
    }

    fn what(&self) -> String {
        let summary = &self.report.summary;
        let unread =
            self.report.findings.iter().filter(|finding| finding.code == "unreadable" && !finding.ignored).count();
        let mut parts = Vec::new();
        if self.report.verdict == "incomplete" {
            parts.push(format!("{} could not be read", plural(unread, "file")));
        }
        let counts = [(summary.error, "error"), (summary.warning, "warning"), (summary.info, "info")];
        parts.extend(counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, noun)| plural(count, noun)));
        if self.report.verdict == "healthy" {
            parts.splice(0..0, self.links_in_words());
        }
        parts.join(", ")
    }

    fn links_in_words(&self) -> Vec<String> {
        let of = |verdict: &str| self.links().filter(|(_, link)| link.verdict == verdict).count();
        let (ok, unknown, broken) = (of("ok"), of("unknown"), of("broken"));
        let mut parts = vec![format!("{} ok", plural(ok, "link"))];
        if unknown > 0 {
            parts.push(format!("{unknown} unknown"));
        }
        let live: Vec<_> = self.links().filter_map(|(_, link)| link.live.as_ref()?.as_ref()).collect();
        if !live.is_empty() {
            let answered = live.iter().filter(|live| live.verdict == "ok").count();
            parts.push(format!("{answered} of {} live", live.len()));
        }
        // broken and yet healthy: whoever asked for it must still see it
        if broken > 0 {
            parts.push(format!("{broken} broken but left out as asked"));
        }
        parts
    }

    fn links(&self) -> impl Iterator<Item = (&'r NodeReport, &'r pkidoctor::report::LinkReport)> + use<'r> {
        self.report.nodes.iter().flat_map(|node| node.links.iter().map(move |link| (node, link)))
    }

    fn whom(&self) -> String {
        let names: Vec<&str> = self.report.nodes.iter().map(|node| node.name.as_str()).collect();
        if names.len() > 5 { plural(names.len(), "node") } else { names.join(", ") }
    }

    /// The treatment of the worst cause, before everything else.
    fn first(&mut self) {
        let Some(cause) = self.report.causes.first() else { return };
        let broken = self.links().filter(|(_, link)| link.verdict == "broken");
        let (all, concerned) = broken.fold((0, 0), |(all, concerned), (_, link)| {
            (all + 1, concerned + usize::from(link.findings.iter().any(|finding| cause.findings.contains(finding))))
        });
        let effect = match (concerned, all) {
            (0, _) => String::new(),
            (1, 1) => " (on the one broken link)".to_owned(),
            _ if concerned == all => format!(" (on all {all} broken links)"),
            _ => format!(" (on {concerned} of {all} broken links)"),
        };
        self.page.gap();
        self.page.wrapped(0, 2, &[(BOLD, "first:"), (PLAIN, &format!("{}{effect}", cause.title))]);
        self.treatment(cause);
        if self.report.causes.len() > 1 {
            self.page.wrapped(2, 2, &[(DIM, &format!("{} below", plural(self.report.causes.len() - 1, "more cause")))]);
        }
    }

    /// One line to copy, or the first step for hands.
    fn treatment(&mut self, cause: &Cause) {
        let remedies: Vec<&RemedyReport> =
            cause.findings.iter().map(|index| &self.report.findings[*index].remedy).collect();
        let is_command = |step: &&String| {
            command(step).is_some_and(|command| command.said.is_empty() && command.line.starts_with("pkidoctor "))
                || remedies.iter().filter_map(|remedy| remedy.command.as_ref()).any(|command| {
                    // before it stands on which node, where there are several
                    step.strip_suffix(command.as_str()).is_some_and(|on| on.is_empty() || cause.node.is_some())
                })
        };
        let commands: Vec<&String> = cause.treatment.iter().filter(is_command).collect();
        for command in &commands {
            self.page.command(4, command);
        }
        if let (true, Some(step)) = (commands.is_empty(), cause.treatment.first()) {
            self.page.wrapped(4, 4, &[(PLAIN, step)]);
            if cause.treatment.len() > 1 {
                self.page.wrapped(4, 4, &[(DIM, &format!("{} below", plural(cause.treatment.len() - 1, "more step")))]);
            }
        }
    }

    fn nodes(&mut self) {
        match self.report.nodes.as_slice() {
            [only] => self.only_node(only),
            several => self.several_nodes(several),
        }
        let between: Vec<&Finding> = self.report.findings.iter().filter(|finding| finding.node.is_none()).collect();
        if !between.is_empty() {
            self.page.gap();
            self.page.wrapped(0, 2, &[(BOLD, "between nodes")]);
        }
        self.findings(&between);
    }

    fn only_node(&mut self, node: &'r NodeReport) {
        let all_well = self.report.verdict == "healthy" && node.links.iter().all(|link| link.verdict == "ok");
        // the verdict has counted them already
        if self.verbose || !all_well || live::is_probed(node) {
            self.page.gap();
            self.table(node);
        }
        self.findings(&self.of(node));
    }

    fn table(&mut self, node: &NodeReport) {
        if live::is_probed(node) {
            live::table(&mut self.page, node, self.verbose);
            self.page.gap();
            live::etcd(&mut self.page, node, self.verbose);
        } else {
            links::table(&mut self.page, node, self.verbose);
        }
    }

    /// A block for each; nodes without any fault take a line and stand close together.
    fn several_nodes(&mut self, nodes: &'r [NodeReport]) {
        let mut close = false;
        for node in nodes {
            let own = self.of(node);
            let brief = !self.verbose
                && own.is_empty()
                && !live::is_probed(node)
                && node.links.iter().all(|link| link.verdict == "ok");
            if !(close && brief) {
                self.page.gap();
            }
            let (place, count) = (format!("({}):", node.path), format!("{} ok", plural(node.links.len(), "link")));
            let told = if brief { count.as_str() } else { "" };
            self.page.wrapped(0, 2, &[(BOLD, &node.name), (DIM, &place), (GREEN, told)]);
            if !brief {
                self.table(node);
                self.findings(&own);
            }
            close = brief;
        }
    }

    fn of(&self, node: &NodeReport) -> Vec<&'r Finding> {
        self.report.findings.iter().filter(|finding| finding.node.as_deref() == Some(&node.name)).collect()
    }

    /// Worst first as the report has them; what needs no action is told on one line each, at the end.
    fn findings(&mut self, findings: &[&'r Finding]) {
        let brief = |finding: &Finding| !self.verbose && (finding.ignored || finding.severity == "info");
        let (short, long): (Vec<&Finding>, Vec<&Finding>) = findings.iter().partition(|finding| brief(finding));
        for finding in long {
            self.finding(finding);
        }
        if !short.is_empty() {
            self.page.gap();
        }
        for finding in short {
            self.page.wrapped(0, 2, &head(finding, &[(PLAIN, &format!("{}: {}", finding.subject, finding.message))]));
        }
    }

    fn finding(&mut self, finding: &'r Finding) {
        self.page.gap();
        self.page.wrapped(0, 2, &head(finding, &[(BOLD, &subject(finding))]));
        self.page.wrapped(2, 2, &[(PLAIN, &finding.message)]);
        self.facts(finding);
        let again = !self.told.insert(finding.code) && !self.verbose;
        self.remedy(finding, again);
    }

    fn facts(&mut self, finding: &'r Finding) {
        let breaks = finding.links.join(", ");
        let mut rows: Vec<(&str, &str)> = Vec::new();
        for fact in &finding.facts {
            let repeats = fact.label.ends_with(" says") && !self.said.insert(&fact.value);
            if self.verbose || !(repeats || self.told_with_a_link(&fact.value)) {
                rows.push((&fact.label, &fact.value));
            }
        }
        if !breaks.is_empty() {
            rows.push(("breaks", &breaks));
        }
        let wide = widest(rows.iter().map(|(label, _)| *label), 24);
        for (label, value) in rows {
            self.page.labelled(4, (DIM, label), wide, (PLAIN, value));
        }
    }

    /// Go's words stand in the table of links already.
    fn told_with_a_link(&self, value: &str) -> bool {
        let is = |words: &Option<String>| words.as_deref() == Some(value);
        self.links().any(|(_, link)| link.verdict == "broken" && (is(&link.client_error) || is(&link.server_error)))
    }

    /// Where a command does it, the steps beside it are told once for each code.
    fn remedy(&mut self, finding: &'r Finding, again: bool) {
        let remedy = &finding.remedy;
        let steps = if again && remedy.command.is_some() { &[][..] } else { &remedy.steps };
        if remedy.command.is_some() || !steps.is_empty() {
            self.page.wrapped(2, 2, &[(CYAN, "to do:")]);
        }
        if let Some(command) = &remedy.command {
            self.page.command(4, command);
        }
        for (number, step) in (1..).zip(steps) {
            let number = if steps.len() == 1 { "-".to_owned() } else { format!("{number}.") };
            self.page.wrapped(4, 5 + number.len(), &[(PLAIN, &number), (PLAIN, step)]);
        }
        for advice in &remedy.avoid {
            // the same warning under ten findings is read by nobody
            if self.said.insert(advice) || self.verbose {
                self.page.wrapped(2, 9, &[(YELLOW, "avoid:"), (PLAIN, advice)]);
            }
        }
    }

    fn end(&mut self) {
        self.page.gap();
        if self.verbose {
            self.dates();
            self.page.gap();
        }
        self.next_to_expire();
        self.counts();
        let findings = &self.report.findings;
        if let Some(finding) = findings.iter().find(|finding| !finding.ignored).or(findings.first()) {
            self.page.wrapped(0, 2, &[(DIM, "more:"), (PLAIN, "pkidoctor explain"), (PLAIN, finding.code)]);
        }
    }

    /// Every certificate with its last instant, the nearest first.
    fn validities(&self) -> Vec<Validity<'r>> {
        let mut all = validity::all(self.report);
        // of two that end together, the one in the PKI is the original
        let is_elsewhere = |one: &Validity<'_>| one.path.starts_with('/');
        all.sort_by(|a, b| (a.until, is_elsewhere(a), &a.place).cmp(&(b.until, is_elsewhere(b), &b.place)));
        all
    }

    fn next_to_expire(&mut self) {
        let Ok(now) = OffsetDateTime::parse(&self.report.at, &Rfc3339) else { return };
        let all = self.validities();
        let over = all.iter().filter(|validity| validity.until < now).count();
        let next = |ca: bool| all.iter().find(|validity| validity.until >= now && validity.certificate.is_ca == ca);
        if over > 0 {
            self.page.wrapped(0, 2, &[(RED, &format!("{} expired", plural(over, "certificate")))]);
        }
        for (what, next) in [("next to expire:", next(false)), ("next CA to expire:", next(true))] {
            if let Some(next) = next {
                self.page.wrapped(0, 2, &[(PLAIN, what), (PLAIN, &told(next, now))]);
            }
        }
    }

    fn dates(&mut self) {
        let Ok(now) = OffsetDateTime::parse(&self.report.at, &Rfc3339) else { return };
        let all = self.validities();
        let wide = widest(all.iter().map(|validity| validity.place.as_str()), WIDEST_PLACE);
        for validity in &all {
            let (distance, kind) = (distance(now, validity.until), if validity.certificate.is_ca { "CA" } else { "" });
            let style = if validity.until < now { RED } else { PLAIN };
            let cells = [
                ((style, distance.as_str()), 12),
                ((PLAIN, validity.certificate.not_after.as_str()), 20),
                ((PLAIN, validity.place.as_str()), wide),
                ((DIM, kind), 0),
            ];
            self.page.row(2, &cells[..if kind.is_empty() { 3 } else { 4 }]);
        }
    }

    /// `104 checks: 96 clear, 2 found something, 4 had nothing to look at, 2 could not be observed`
    fn counts(&mut self) {
        let checks = &self.report.summary.checks;
        let all = checks.clear + checks.found + checks.no_subject + checks.unobserved;
        let kinds = [
            (checks.clear, "clear"),
            (checks.found, "found something"),
            (checks.no_subject, "had nothing to look at"),
            (checks.unobserved, "could not be observed"),
        ];
        let told: Vec<String> = kinds
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, words)| format!("{count} {words}"))
            .collect();
        self.page.wrapped(0, 2, &[(PLAIN, &format!("{}: {}", plural(all, "check"), told.join(", ")))]);
    }
}

/// No file is padded further than this.
const WIDEST_PLACE: usize = 40;

fn told(validity: &Validity<'_>, now: OffsetDateTime) -> String {
    format!("{} {} ({})", validity.place, distance(now, validity.until), validity.certificate.not_after)
}

/// Severity and code, then `rest`.
fn head<'t>(finding: &Finding, rest: &[Span<'t>]) -> Vec<Span<'t>> {
    let style = match finding.severity {
        "error" => RED,
        "warning" => YELLOW,
        _ => CYAN,
    };
    let mut spans = vec![(style, finding.severity), (style, finding.code)];
    if finding.ignored {
        spans.push((DIM, "(ignored)"));
    }
    spans.extend_from_slice(rest);
    spans
}

/// The guilty file; for what lies between nodes, which they are.
fn subject(finding: &Finding) -> String {
    match &finding.nodes {
        Some(nodes) => format!("{} {}", finding.subject, tr(&format!("on {}", nodes.join(", ")))),
        None => finding.subject.clone(),
    }
}
