//! `html`: one self-contained page, for looking at, sending and printing.
//!
//! It loads nothing, runs nothing but its own few lines (a copy button for each command; it reads without them), and
//! says so in its content security policy. Every text of a report is escaped on its way in.

mod calendar;
mod map;
mod write;

use pkidoctor::lang::Language;
use pkidoctor::report::{Cause, EventReport, LinkReport, NodeReport, Report};

use self::write::{Html, digest};
use super::links::guilty;
use super::{About, Command, whose};
use crate::language::{spoken, tr};
use crate::words::plural;

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// The report as a page.
pub(crate) fn text(report: &Report, about: &About<'_>) -> String {
    let mut html = Html::new();
    head(&mut html, report);
    html.raw("<body");
    for (name, words) in [("copy", "Copy"), ("copied", "Copied"), ("selected", "Selected: press Ctrl+C")] {
        html.raw(&format!(" data-{name}=\""));
        html.text(words);
        html.raw("\"");
    }
    html.raw(">\n");
    html.element("a", "class=\"skip\" href=\"#main\"", "Skip to the report");
    masthead(&mut html, report);
    html.raw("<main id=\"main\">\n");
    if let Some(error) = about.error {
        html.element("p", "class=\"lead\"", error);
    }
    causes(&mut html, report);
    if !report.nodes.is_empty() {
        section(&mut html, "map", "Who proves what to whom");
        for (index, node) in report.nodes.iter().enumerate() {
            map::draw(&mut html, report, index, node);
        }
        html.raw("</section>\n");
        calendar::write(&mut html, report);
    }
    findings(&mut html, report);
    events(&mut html, report);
    for (index, node) in report.nodes.iter().enumerate() {
        links(&mut html, report, index, node);
    }
    for node in &report.nodes {
        files(&mut html, node);
    }
    html.raw("</main>\n<footer><p>");
    html.text(&format!(
        "{} {}, judged as Go {} would, as of {}.",
        report.tool.name, report.tool.version, report.judged_as.go, report.at
    ));
    html.raw("</p></footer>\n<script>");
    html.raw(SCRIPT);
    html.raw("</script>\n</body>\n</html>\n");
    html.into_text()
}

/// Opens a section under a heading.
fn section(html: &mut Html, id: &str, heading: &str) {
    html.raw(&format!("<section aria-labelledby=\"{id}\">"));
    html.element("h2", &format!("id=\"{id}\""), heading);
}

fn head(html: &mut Html, report: &Report) {
    let names: Vec<&str> = report.nodes.iter().map(|node| node.name.as_str()).collect();
    html.raw("<!DOCTYPE html>\n<html lang=\"");
    html.raw(if spoken() == Language::Chinese { "zh-Hans" } else { "en" });
    html.raw("\">\n<head>\n<meta charset=\"utf-8\">\n");
    html.raw(&format!(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">\n",
        digest(STYLE),
        digest(SCRIPT)
    ));
    html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"color-scheme\" content=\"light dark\">\n");
    html.element("title", "", &format!("PKI {}: {}", report.verdict, names.join(", ")));
    html.raw("<style>");
    html.raw(STYLE);
    html.raw("</style>\n</head>\n");
}

fn masthead(html: &mut Html, report: &Report) {
    html.raw(&format!("<header class=\"masthead {}\">\n<div>\n<p class=\"brand\">pkidoctor</p>\n<h1>", report.verdict));
    html.text(match report.verdict {
        "healthy" => "This PKI is healthy",
        "warnings" => "This PKI works, with warnings",
        "broken" => "This PKI is broken",
        _ => "Not everything could be read",
    });
    html.raw("</h1>\n<p>");
    let names: Vec<&str> = report.nodes.iter().map(|node| node.name.as_str()).collect();
    html.text(&if names.is_empty() {
        "Nothing was examined".to_owned()
    } else if names.len() > 6 {
        plural(names.len(), "node")
    } else {
        names.join(", ")
    });
    html.raw(" · <time>");
    html.text(&report.at);
    html.raw("</time></p>\n</div>\n<ul class=\"counts\" aria-label=\"");
    html.text("Counts");
    html.raw("\">\n");
    let all = || report.nodes.iter().flat_map(|node| &node.links);
    let ok = all().filter(|link| link.verdict == "ok").count();
    let counts = [
        ("error", plural(report.summary.error, "error")),
        ("warning", plural(report.summary.warning, "warning")),
        ("info", plural(report.summary.info, "info")),
        ("ok", format!("{ok} of {} ok", plural(all().count(), "link"))),
    ];
    for (class, words) in counts {
        html.raw(&format!("<li class=\"{class}\">"));
        html.text(&words);
        html.raw("</li>\n");
    }
    html.raw("</ul>\n</header>\n");
}

fn causes(html: &mut Html, report: &Report) {
    if report.causes.is_empty() {
        return;
    }
    section(html, "causes", "What is wrong, and what to do");
    for (number, cause) in report.causes.iter().enumerate() {
        self::cause(html, report, number, cause);
    }
    html.raw("</section>\n");
}

fn cause(html: &mut Html, report: &Report, number: usize, cause: &Cause) {
    html.raw(&format!("<article class=\"cause {}\" id=\"cause-{number}\">\n<h3>", worst(report, cause)));
    html.text(&format!("{}. {}", number + 1, tr(&cause.title)));
    html.raw("</h3>\n<p class=\"tags\"><span class=\"tag\">");
    html.text(cause.confidence);
    html.raw("</span>");
    if let Some(mode) = cause.mode {
        html.raw(" <span class=\"tag\">");
        html.text(mode);
        html.raw("</span>");
    }
    if let Some(since) = &cause.since {
        html.raw(" <span class=\"tag\">");
        html.text(&format!("since {since}"));
        html.raw("</span>");
    }
    html.raw("</p>\n");
    for (head, lines) in
        [("Speaks for it", &cause.evidence.speaks_for), ("Speaks against it", &cause.evidence.speaks_against)]
    {
        listed(html, head, "ul", lines);
    }
    steps(html, "To do", &cause.treatment);
    listed(html, "Do not", "ul", &cause.avoid);
    if let Some(confirm) = &cause.confirm {
        html.element("p", "class=\"head\"", "To confirm");
        html.element("p", "", confirm);
    }
    if !cause.findings.is_empty() {
        html.element("p", "class=\"head\"", "Findings");
        html.raw("<p class=\"refs\">");
        for (at, index) in cause.findings.iter().enumerate() {
            let Some(finding) = report.findings.get(*index) else { continue };
            html.raw(&format!("{}<a href=\"#finding-{index}\">", if at == 0 { "" } else { ", " }));
            // a code is a name in any language
            html.text(finding.code);
            html.text(&format!(" ({})", finding.subject));
            html.raw("</a>");
        }
        html.raw("</p>\n");
    }
    html.raw("</article>\n");
}

/// The severity of the worst finding of a cause.
fn worst(report: &Report, cause: &Cause) -> &'static str {
    let of = |severity: &str| {
        cause.findings.iter().any(|index| report.findings.get(*index).is_some_and(|it| it.severity == severity))
    };
    match () {
        () if of("error") || cause.findings.is_empty() => "error",
        () if of("warning") => "warning",
        () => "info",
    }
}

/// Steps in order; a command stands on a line of its own, to be copied.
fn steps(html: &mut Html, head: &str, steps: &[String]) {
    if steps.is_empty() {
        return;
    }
    html.element("p", "class=\"head\"", head);
    html.raw("<ol>\n");
    for step in steps {
        html.raw("<li>");
        match super::command(&tr(step)) {
            Some(Command { on, line, said }) => {
                html.text(on);
                command(html, line);
                html.text(said);
            }
            None => html.text(step),
        }
        html.raw("</li>\n");
    }
    html.raw("</ol>\n");
}

/// The region can be scrolled, and so must be reachable by keyboard.
fn command(html: &mut Html, command: &str) {
    html.raw("<pre class=\"command\" tabindex=\"0\"><code>");
    html.text(command);
    html.raw("</code></pre>");
}

fn listed(html: &mut Html, head: &str, kind: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    html.element("p", "class=\"head\"", head);
    html.raw(&format!("<{kind}>\n"));
    for line in lines {
        html.element("li", "", line);
    }
    html.raw(&format!("</{kind}>\n"));
}

fn findings(html: &mut Html, report: &Report) {
    if report.findings.is_empty() {
        return;
    }
    section(html, "findings", "Findings");
    let in_cause = |index: usize| report.causes.iter().position(|cause| cause.findings.contains(&index));
    let mut order: Vec<usize> = (0..report.findings.len()).collect();
    order.sort_by_key(|index| in_cause(*index).unwrap_or(usize::MAX));
    for index in order {
        finding(html, report, index, in_cause(index));
    }
    html.raw("</section>\n");
}

fn finding(html: &mut Html, report: &Report, index: usize, cause: Option<usize>) {
    let finding = &report.findings[index];
    let open = if finding.severity == "info" || finding.ignored { "" } else { " open" };
    html.raw(&format!(
        "<details class=\"finding {}\" id=\"finding-{index}\"{open}>\n<summary><span class=\"severity\">",
        finding.severity
    ));
    html.text(finding.severity);
    html.text(if finding.ignored { ", ignored" } else { "" });
    html.raw("</span> <code>");
    html.text(finding.code);
    html.raw("</code> <strong>");
    html.text(&finding.subject);
    html.raw("</strong>");
    if let Some(line) = finding.line {
        html.text(&format!(" line {line}"));
    }
    html.raw(" <span class=\"whose\">");
    html.text(&whose(finding));
    html.raw("</span></summary>\n");
    html.element("p", "", &finding.message);
    if !finding.facts.is_empty() || !finding.links.is_empty() {
        html.raw("<dl>\n");
        for fact in &finding.facts {
            html.element("dt", "", &fact.label);
            html.element("dd", "", &fact.value);
        }
        if !finding.links.is_empty() {
            html.element("dt", "", "breaks");
            html.element("dd", "", &finding.links.join(", "));
        }
        html.raw("</dl>\n");
    }
    if let Some(line) = &finding.remedy.command {
        html.element("p", "class=\"head\"", "To do");
        command(html, line);
    }
    steps(html, if finding.remedy.command.is_some() { "In steps" } else { "To do" }, &finding.remedy.steps);
    listed(html, "Do not", "ul", &finding.remedy.avoid);
    if let Some(cause) = cause {
        html.raw(&format!("<p class=\"refs\"><a href=\"#cause-{cause}\">"));
        html.text(&format!("Cause {}", cause + 1));
        html.raw("</a></p>\n");
    }
    html.raw("</details>\n");
}

fn events(html: &mut Html, report: &Report) {
    let Some(events) = report.events.as_deref().filter(|events| !events.is_empty()) else { return };
    section(html, "events", "What the logs say");
    open_table(
        html,
        "Events of the logs, in order of time",
        &["Since", "Written by", "Lines", "Other end", "Meaning", "Words"],
    );
    for event in events {
        html.raw(if event.noise { "<tr class=\"noise\">" } else { "<tr>" });
        let count = event.count.to_string();
        let cells = [
            event.first.as_deref().unwrap_or("no time"),
            event.writer,
            &count,
            event.remote.as_deref().or(event.target.as_deref()).unwrap_or_default(),
            event.meaning,
        ];
        for cell in cells {
            html.element("td", "", cell);
        }
        words(html, event);
        html.raw("</tr>\n");
    }
    html.raw("</tbody></table></div></section>\n");
}

fn words(html: &mut Html, event: &EventReport) {
    html.raw("<td class=\"said\"><code>");
    html.text(&event.error);
    html.raw("</code></td>");
}

/// A table in a region that scrolls by itself where the window is narrow.
fn open_table(html: &mut Html, caption: &str, heads: &[&str]) {
    html.raw("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"");
    html.text(caption);
    html.raw("\"><table>\n");
    html.element("caption", "", caption);
    html.raw("<thead><tr>");
    for head in heads {
        html.element("th", "scope=\"col\"", head);
    }
    html.raw("</tr></thead>\n<tbody>\n");
}

fn links(html: &mut Html, report: &Report, node: usize, of: &NodeReport) {
    if of.links.is_empty() {
        return;
    }
    html.raw(&format!("<section aria-labelledby=\"links-{node}\"><h2 id=\"links-{node}\">"));
    html.text(&format!("Links of {}", of.name));
    html.raw("</h2>\n");
    let heads = [
        "Link",
        "Calls",
        "Verdict",
        "Client shows, trusts",
        "Server shows, trusts",
        "Client says",
        "Server says",
        "Remarks",
    ];
    open_table(html, &format!("Links of {}", of.name), &heads);
    for (index, link) in of.links.iter().enumerate() {
        html.raw(&format!("<tr id=\"link-{node}-{index}\" class=\"{}\">", link.verdict));
        html.raw("<th scope=\"row\">");
        html.place(&link.id);
        html.raw("</th>\n");
        html.element("td", "", link.name.as_deref().unwrap_or_default());
        html.element("td", "class=\"verdict\"", &verdict(link));
        let uses = &link.uses;
        for pair in [[&uses.client_shows, &uses.client_trusts], [&uses.server_shows, &uses.server_trusts]] {
            html.raw("<td>");
            for (at, file) in pair.into_iter().enumerate() {
                html.raw(if at == 0 { "" } else { "<br>" });
                html.place(file.as_deref().unwrap_or("–"));
            }
            html.raw("</td>");
        }
        for said in [&link.client_error, &link.server_error] {
            html.raw("<td class=\"said\"><code>");
            html.text(said.as_deref().unwrap_or_default());
            html.raw("</code></td>");
        }
        html.raw("<td>");
        for (at, index) in link.findings.iter().enumerate() {
            html.raw(&format!("{}<a href=\"#finding-{index}\">", if at == 0 { "" } else { ", " }));
            html.text(report.findings.get(*index).map_or("", |finding| finding.code));
            html.raw("</a>");
        }
        for fact in &link.facts {
            html.element("p", "", fact);
        }
        html.raw("</td></tr>\n");
    }
    html.raw("</tbody></table></div></section>\n");
}

/// `ok`, `broken: the server refuses`.
pub(super) fn verdict(link: &LinkReport) -> String {
    match (link.verdict, link.refused_by, guilty(link)) {
        ("broken", Some("load"), Some(side)) => format!("broken: the {side}'s files do not load"),
        ("broken", _, Some(side)) => format!("broken: the {side} refuses"),
        (verdict, ..) => verdict.to_owned(),
    }
}

fn files(html: &mut Html, node: &NodeReport) {
    if node.files.is_empty() {
        return;
    }
    html.raw("<section><details class=\"files\"><summary>");
    html.text(&format!("Files of {} ({}, {})", node.name, node.path, plural(node.files.len(), "file")));
    html.raw("</summary>\n");
    let heads = ["File", "Holds", "Mode", "Owner", "Subject", "Issuer", "Until", "Key", "Names"];
    open_table(html, &format!("Files of {}", node.name), &heads);
    for file in &node.files {
        for row in 0..file.certificates.len().max(1) {
            let certificate = file.certificates.get(row);
            let path =
                if file.certificates.len() > 1 { format!("{}#{}", file.path, row + 1) } else { file.path.clone() };
            html.raw("<tr>");
            html.raw("<th scope=\"row\">");
            html.place(&path);
            html.raw("</th>\n");
            for cell in [Some(file.kind.as_str()), file.mode.as_deref(), file.owner.as_deref()] {
                html.element("td", "", cell.unwrap_or_default());
            }
            for name in [certificate.map(|it| &it.subject), certificate.map(|it| &it.issuer)] {
                html.raw("<td>");
                html.place(name.map_or("", String::as_str));
                html.raw("</td>\n");
            }
            let names = certificate.map(|it| [it.dns.as_slice(), it.ip.as_slice()].concat().join(", "));
            let cells =
                [certificate.map(|it| it.not_after.as_str()), certificate.map(|it| it.key.as_str()), names.as_deref()];
            for cell in cells {
                html.element("td", "", cell.unwrap_or_default());
            }
            html.raw("</tr>\n");
        }
    }
    html.raw("</tbody></table></div></details></section>\n");
}
