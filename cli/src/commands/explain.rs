//! `explain`: what a finding means, why it matters, what to do.

use std::io::{self, Write as _};

use pkidoctor::check::{Check, Severity};
use pkidoctor::checks::{self, CHECKS};
use serde_json::{Value, json};

use crate::args::{Explain, Format, Manners};
use crate::exit::Exit;
use crate::language::spoken;
use crate::output::Output;
use crate::render::json;
use crate::render::page::{BOLD, CYAN, DIM, PLAIN, Page, RED, Span, YELLOW, widest};

/// Runs `explain`.
///
/// # Errors
/// When the output cannot be written.
pub(crate) fn run(explain: &Explain, manners: &Manners, out: &mut Output) -> io::Result<Exit> {
    let check = explain.code.as_deref().and_then(checks::by_code);
    match (check, manners.format()) {
        (Some(check), Format::Human) => one(check, out)?,
        (None, Format::Human) => all(out)?,
        (Some(check), _) => json::line(out, &value(check))?,
        (None, Format::Json) => {
            json::line(out, &json!({ "checks": CHECKS.iter().map(|check| value(check)).collect::<Vec<_>>() }))?;
        }
        (None, _) => CHECKS.iter().try_for_each(|check| json::line(out, &value(check)))?,
    }
    Ok(Exit::Clean)
}

fn value(check: &Check) -> Value {
    json!({
        "code": check.code,
        "title": title(check),
        "severity": check.severity.name(),
        "citation": check.citation,
        "docs": paragraphs(check),
    })
}

/// In the language that is spoken.
fn title(check: &Check) -> &'static str {
    spoken().explanation(check.code).map_or(check.title, |(title, _)| title)
}

fn paragraphs(check: &Check) -> Vec<&'static str> {
    match spoken().explanation(check.code) {
        Some((_, paragraphs)) => paragraphs.to_vec(),
        None => english(check).collect(),
    }
}

fn english(check: &Check) -> impl Iterator<Item = &'static str> + use<> {
    check.docs.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty())
}

fn one(check: &Check, out: &mut Output) -> io::Result<()> {
    let mut page = Page::new(out.paper());
    page.wrapped(0, 2, &[(BOLD, &format!("{}:", check.code)), (PLAIN, title(check))]);
    let usually = format!("usually {} {}", article(check.severity), check.severity.name());
    page.wrapped(0, 2, &[(severity(check.severity), &usually)]);
    for paragraph in paragraphs(check) {
        page.gap();
        page.wrapped(0, 0, &lead(paragraph));
    }
    page.gap();
    page.wrapped(0, 2, &[(DIM, "Source:"), (PLAIN, check.citation)]);
    out.write_all(page.into_text().as_bytes())
}

/// `What it looks at:` stands out, the rest does not.
fn lead(paragraph: &str) -> [Span<'_>; 2] {
    if let Some((lead, _)) = paragraph.split_once('：').filter(|(lead, _)| lead.chars().count() < 6) {
        let (lead, rest) = paragraph.split_at(lead.len() + '：'.len_utf8());
        return [(BOLD, lead), (PLAIN, rest)];
    }
    match paragraph.split_once(": ") {
        Some((lead, _)) if lead.len() < 24 && !lead.contains('`') => {
            let (lead, rest) = paragraph.split_at(lead.len() + 1);
            [(BOLD, lead), (PLAIN, rest)]
        }
        _ => [(PLAIN, paragraph), (PLAIN, "")],
    }
}

fn all(out: &mut Output) -> io::Result<()> {
    let mut page = Page::new(out.paper());
    let wide = widest(CHECKS.iter().map(|check| check.code), 32);
    for (kind, heading) in GROUPS {
        let group: Vec<_> = CHECKS.iter().filter(|check| check.severity == kind).collect();
        if group.is_empty() {
            continue;
        }
        page.gap();
        page.wrapped(0, 0, &[(severity(kind), heading)]);
        for check in group {
            page.labelled(2, (BOLD, check.code), wide, (PLAIN, title(check)));
        }
    }
    page.gap();
    page.wrapped(0, 2, &[(DIM, "more:"), (PLAIN, "pkidoctor explain CODE")]);
    out.write_all(page.into_text().as_bytes())
}

const GROUPS: [(Severity, &str); 3] = [
    (Severity::Error, "Errors: a link is broken, or will be at the next restart"),
    (Severity::Warning, "Warnings: dated, exposed, or a link that is not vital"),
    (Severity::Info, "Infos: odd, but it works"),
];

const fn severity(severity: Severity) -> anstyle::Style {
    match severity {
        Severity::Error => RED,
        Severity::Warning => YELLOW,
        Severity::Info => CYAN,
    }
}

const fn article(severity: Severity) -> &'static str {
    match severity {
        Severity::Warning => "a",
        Severity::Error | Severity::Info => "an",
    }
}
