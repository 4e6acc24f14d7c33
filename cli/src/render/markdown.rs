//! `markdown`: for issues, pull requests and chat; GitHub's dialect, readable as it stands.

use std::fmt::Write as _;

use pkidoctor::report::{Cause, Finding, NodeReport, Report};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::clean::clean;
use super::links::guilty;
use super::{About, Command, command, validity, whose};
use crate::language::tr;
use crate::words::{distance, plural};

/// As many certificates are listed by their dates.
const MOST_DATES: usize = 12;

/// The report as Markdown.
pub(crate) fn text(report: &Report, about: &About<'_>) -> String {
    let mut page = String::new();
    // writing to a string cannot fail, here and below
    let names: Vec<&str> = report.nodes.iter().map(|node| node.name.as_str()).collect();
    let whom = if names.is_empty() { "nothing was examined".to_owned() } else { names.join(", ") };
    let _ = writeln!(page, "# {}\n", told(&format!("PKI {}: {whom}", report.verdict)));
    let summary = &report.summary;
    let counts =
        [plural(summary.error, "error"), plural(summary.warning, "warning"), plural(summary.info, "info")].join(", ");
    let judged = format!("Judged as Go {}, {}.", report.judged_as.go, report.at);
    let _ = writeln!(page, "{}\n\n{}\n", told(&counts), told(&judged));
    if let Some(error) = about.error {
        let _ = writeln!(page, "> {}\n", plain(error));
    }
    if !report.causes.is_empty() {
        heading(&mut page, "What to do");
        for (number, cause) in (1..).zip(&report.causes) {
            write_cause(&mut page, report, number, cause);
        }
    }
    for node in &report.nodes {
        write_links(&mut page, node);
    }
    if !report.findings.is_empty() {
        heading(&mut page, "Findings");
        for finding in &report.findings {
            write_finding(&mut page, finding);
        }
    }
    write_events(&mut page, report);
    write_dates(&mut page, report);
    let _ = writeln!(page, "<sub>{} {}</sub>", report.tool.name, report.tool.version);
    page
}

fn write_cause(page: &mut String, report: &Report, number: usize, cause: &Cause) {
    let mode = cause.mode.map_or_else(String::new, |mode| format!(" ({})", code(mode)));
    let _ = writeln!(page, "### {number}. {}\n\n{}{mode}\n", plain(&cause.title), told(cause.confidence));
    listed(page, "For", &cause.evidence.speaks_for);
    listed(page, "Against", &cause.evidence.speaks_against);
    if !(cause.evidence.speaks_for.is_empty() && cause.evidence.speaks_against.is_empty()) {
        page.push('\n');
    }
    for (number, step) in (1..).zip(&cause.treatment) {
        let _ = writeln!(page, "{number}. {}", step_text(step));
    }
    if !cause.treatment.is_empty() {
        page.push('\n');
    }
    listed(page, "Avoid", &cause.avoid);
    if !cause.avoid.is_empty() {
        page.push('\n');
    }
    if let Some(confirm) = &cause.confirm {
        let _ = writeln!(page, "{}: {}\n", told("To confirm"), plain(confirm));
    }
    let codes: Vec<String> =
        cause.findings.iter().filter_map(|index| Some(code(report.findings.get(*index)?.code))).collect();
    if !codes.is_empty() {
        let _ = writeln!(page, "{}: {}\n", told("Findings"), codes.join(", "));
    }
}

fn write_links(page: &mut String, node: &NodeReport) {
    if node.links.is_empty() {
        return;
    }
    let _ = writeln!(page, "## {} ({})\n", told(&format!("Links of {}", node.name)), code(&node.path));
    heads(page, &["link", "calls", "verdict", "refused by", "the client says", "the server says"]);
    for link in &node.links {
        let words = |words: &Option<String>| words.as_deref().map(cell_code).unwrap_or_default();
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} |",
            cell_code(&link.id),
            words(&link.name),
            told(link.verdict),
            told(guilty(link).unwrap_or_default()),
            words(&link.client_error),
            words(&link.server_error),
        );
    }
    page.push('\n');
}

fn write_finding(page: &mut String, finding: &Finding) {
    let line = finding.line.map_or_else(String::new, |line| format!(" {}", told(&format!("line {line}"))));
    let found = if finding.ignored { "Ignored, on" } else { "Found on" };
    let _ = writeln!(
        page,
        "### {} {}: {}{line}\n\n{}: {}\n",
        told(finding.severity),
        code(finding.code),
        code(&finding.subject),
        told(&format!("{found} {}", whose(finding))),
        plain(&finding.message)
    );
    for fact in &finding.facts {
        let _ = writeln!(page, "- {}: {}", plain(&fact.label), code(&fact.value));
    }
    if !finding.links.is_empty() {
        let links: Vec<String> = finding.links.iter().map(|link| code(link)).collect();
        let _ = writeln!(page, "- {}: {}", told("breaks"), links.join(", "));
    }
    page.push('\n');
    if let Some(command) = &finding.remedy.command {
        let _ = writeln!(page, "```sh\n{}\n```\n", clean(command));
    }
    for (number, step) in (1..).zip(&finding.remedy.steps) {
        let _ = writeln!(page, "{number}. {}", step_text(step));
    }
    listed(page, "Avoid", &finding.remedy.avoid);
    page.push('\n');
}

fn write_events(page: &mut String, report: &Report) {
    let events = report.events.as_deref().unwrap_or_default();
    let heard: Vec<_> = events.iter().filter(|event| !event.noise).collect();
    if heard.is_empty() {
        return;
    }
    heading(page, "What the logs say");
    heads(page, &["since", "by", "lines", "from or to", "meaning", "words"]);
    for event in heard {
        let other = event.remote.as_deref().or(event.target.as_deref()).unwrap_or_default();
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} |",
            event.first.as_deref().map(plain).unwrap_or_default(),
            event.writer,
            event.count,
            plain(other).replace('|', "\\|"),
            plain(event.meaning).replace('|', "\\|"),
            cell_code(&event.error)
        );
    }
    page.push('\n');
}

fn write_dates(page: &mut String, report: &Report) {
    let Ok(now) = OffsetDateTime::parse(&report.at, &Rfc3339) else { return };
    let mut dates = validity::all(report);
    dates.sort_by_key(|one| (one.until, one.node, one.path));
    if dates.is_empty() {
        return;
    }
    heading(page, "Next to expire");
    heads(page, &["when", "until", "node", "file", "subject"]);
    for one in dates.into_iter().take(MOST_DATES) {
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} |",
            told(&distance(now, one.until)),
            one.certificate.not_after,
            plain(one.node).replace('|', "\\|"),
            cell_code(one.path),
            cell_code(&one.certificate.subject)
        );
    }
    page.push('\n');
}

fn heading(page: &mut String, words: &str) {
    let _ = writeln!(page, "## {}\n", told(words));
}

/// The first two lines of a table.
fn heads(page: &mut String, heads: &[&str]) {
    let told: Vec<String> = heads.iter().map(|head| told(head)).collect();
    let _ = writeln!(page, "| {} |\n|{}", told.join(" | "), "---|".repeat(heads.len()));
}

/// Lines of a list, each under the same head.
fn listed(page: &mut String, head: &str, lines: &[String]) {
    for line in lines {
        let _ = writeln!(page, "- {}: {}", told(head), plain(line));
    }
}

/// Words of our own, in the language that is spoken.
fn told(words: &str) -> String {
    plain(&tr(words))
}

/// A step; a command in it is code.
fn step_text(step: &str) -> String {
    let Some(Command { on, line, said }) = command(step) else { return plain(step) };
    let on = plain(on);
    let said = if said.is_empty() { String::new() } else { format!(": {}", plain(said)) };
    format!("{on}{}{said}", code(line))
}

/// Text in which nothing is markup.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            // @ and # would call people and issues; : and . would make links of addresses
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' | '@' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    // what opens a list, a heading or a quotation at the beginning of a line
    if out.starts_with(['-', '+', '=', '>']) { format!("\\{out}") } else { out }
}

/// Text as code, whatever backticks it holds (CommonMark, section 6.1).
fn code(text: &str) -> String {
    let text = clean(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let pad = if text.is_empty() || text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Code in a table, where a bar would end the cell (GFM, section 4.10).
fn cell_code(text: &str) -> String {
    code(text).replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_markup() {
        assert_eq!(plain("<b>*x* [y](z) #1 @all"), "&lt;b>\\*x\\* \\[y\\](z) \\#1 \\@all");
        assert_eq!(plain("- x"), "\\- x");
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(cell_code("a|b"), "`a\\|b`");
    }
}
