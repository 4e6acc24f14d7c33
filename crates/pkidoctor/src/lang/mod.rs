//! Sentences in another language: the English text is the key, as with gettext.
//!
//! Everything here is written in English by whoever knows the facts; a table gives the other wording. A template has
//! `{}` where a value stood, and what a hole holds is translated in its turn. Go's own words, commands, flags and paths
//! are in no table and stay as they are. Tests hold every check, failure mode and row, and what all wounds of the
//! clinic make the doctor say, against the tables.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use crate::report::{Cause, Finding, LinkReport, Report};

/// A language of sentences.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub enum Language {
    /// English, in which everything is written.
    #[default]
    English,
    /// Chinese, in simplified characters.
    Chinese,
}

const TABLES: [&str; 5] = [
    include_str!("zh/checks.tsv"),
    include_str!("zh/modes.tsv"),
    include_str!("zh/logs.tsv"),
    include_str!("zh/repair.tsv"),
    include_str!("zh/terminal.tsv"),
];
const EXPLANATIONS: &str = include_str!("zh/explain.md");

/// Holes within holes are looked into so deep.
const DEEPEST: usize = 4;
/// A longer text is no sentence of ours.
const LONGEST: usize = 16 * 1024;

/// A sentence with holes.
struct Template {
    /// What stands around the holes: one piece more than there are holes.
    pieces: Vec<&'static str>,
    /// The other wording, with `{}` or `{N}`.
    other: &'static str,
    /// How much of it is no hole.
    literal: usize,
}

struct Table {
    whole: HashMap<&'static str, &'static str>,
    /// The most literal first.
    templates: Vec<Template>,
    /// Title and paragraphs of each check.
    explanations: HashMap<&'static str, (&'static str, Vec<&'static str>)>,
}

static CHINESE: LazyLock<Table> = LazyLock::new(Table::read);

impl Table {
    fn read() -> Self {
        let (mut whole, mut templates) = (HashMap::new(), Vec::new());
        let entries = TABLES.iter().flat_map(|table| table.lines()).filter_map(|line| line.split_once('\t'));
        for (english, other) in entries {
            let pieces: Vec<&str> = english.split("{}").collect();
            if pieces.len() == 1 {
                whole.entry(english).or_insert(other);
            } else {
                let literal = pieces.iter().map(|piece| piece.len()).sum();
                templates.push(Template { pieces, other, literal });
            }
        }
        templates.sort_by_key(|template| std::cmp::Reverse(template.literal));
        let sections = EXPLANATIONS.split("## ").filter_map(|section| section.split_once('\n'));
        let explanation = |(code, rest): (&'static str, &'static str)| {
            let mut paragraphs = rest.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
            Some((code, (paragraphs.next()?, paragraphs.collect())))
        };
        Self { whole, templates, explanations: sections.filter_map(explanation).collect() }
    }

    /// The whole of a text, if a table has it.
    fn sentence(&self, text: &str, depth: usize) -> Option<String> {
        if let Some(other) = self.whole.get(text) {
            return Some((*other).to_owned());
        }
        if text.is_empty() || text.len() > LONGEST || depth > DEEPEST {
            return None;
        }
        self.templates.iter().find_map(|template| {
            let holes = template.holes(text)?;
            Some(template.fill(&holes.iter().map(|hole| self.text(hole, depth + 1)).collect::<Vec<_>>()))
        })
    }

    /// A text that may be made of several sentences: what is known of them.
    fn text<'t>(&self, text: &'t str, depth: usize) -> Cow<'t, str> {
        if is_of_a_program(text) {
            return self.whole.get(text).map_or(Cow::Borrowed(text), |other| Cow::Borrowed(*other));
        }
        // how many lines tell of a cause stands behind its title
        if let Some((title, count)) = text.rsplit_once(": ")
            && let Some(count) = count.strip_suffix(" log lines").or_else(|| count.strip_suffix(" log line"))
            && count.bytes().all(|byte| byte.is_ascii_digit())
        {
            return Cow::Owned(format!("{}：{count} 行日志", self.text(title, depth + 1)));
        }
        if let Some(other) = self.sentence(text, depth) {
            return Cow::Owned(other);
        }
        let quotes = QUOTED.iter().any(|words| text.contains(words));
        if depth > DEEPEST || text.len() > LONGEST || quotes {
            return Cow::Borrowed(text);
        }
        self.parts(text, "; ", "；", depth)
            .or_else(|| self.told_of(text, depth))
            .or_else(|| self.parts(text, ", ", "，", depth))
            .map_or(Cow::Borrowed(text), Cow::Owned)
    }

    /// Clauses, of which at least one is known.
    fn parts(&self, text: &str, between: &str, other: &str, depth: usize) -> Option<String> {
        let parts: Vec<&str> = text.split(between).collect();
        if parts.len() < 2 {
            return None;
        }
        let translated: Vec<Cow<'_, str>> = parts.iter().map(|part| self.text(part, depth + 1)).collect();
        let known = parts.iter().zip(&translated).any(|(part, translated)| part != translated);
        known.then(|| translated.join(other))
    }

    /// `subject: sentence`, where the sentence is known.
    fn told_of(&self, text: &str, depth: usize) -> Option<String> {
        text.match_indices(": ").find_map(|(at, _)| {
            let told = self.sentence(&text[at + 2..], depth + 1)?;
            Some(format!("{}：{told}", self.text(&text[..at], depth + 1)))
        })
    }
}

/// How Go and the programs built with it begin what they say.
const SAID: [&str; 12] = [
    "x509: ",
    "tls: ",
    "remote error: ",
    "asn1: ",
    "crypto/",
    "transport: ",
    "rpc error: ",
    "open ",
    "dial ",
    "read tcp ",
    "write tcp ",
    "Unauthorized",
];
/// What is put together with these is not taken apart.
const QUOTED: [&str; 3] = ["x509: ", "tls: ", "remote error: "];

fn is_of_a_program(text: &str) -> bool {
    SAID.iter().any(|words| text.starts_with(words))
}

impl Template {
    /// What stands in the holes, if the text is of this form.
    fn holes<'t>(&self, text: &'t str) -> Option<Vec<&'t str>> {
        let (first, rest) = self.pieces.split_first()?;
        let (last, middle) = rest.split_last()?;
        let mut text = text.strip_prefix(first)?.strip_suffix(last)?;
        let mut holes = Vec::with_capacity(self.pieces.len());
        for piece in middle {
            let at = text.find(piece)?;
            holes.push(&text[..at]);
            text = &text[at + piece.len()..];
        }
        holes.push(text);
        Some(holes)
    }

    /// The other wording with these values.
    fn fill(&self, values: &[Cow<'_, str>]) -> String {
        let mut out = String::with_capacity(self.other.len() * 2);
        let (mut rest, mut next) = (self.other, 0);
        while let Some(open) = rest.find('{') {
            let (before, from) = rest.split_at(open);
            out.push_str(before);
            let inside = from[1..].find('}').map(|close| &from[1..=close]);
            let index = match inside {
                Some("") => {
                    next += 1;
                    Some(next)
                }
                Some(number) => number.parse().ok(),
                None => None,
            };
            // a brace of its own
            let value = index.and_then(|index: usize| values.get(index.checked_sub(1)?));
            if let (Some(value), Some(inside)) = (value, inside) {
                out.push_str(value);
                rest = &from[inside.len() + 2..];
            } else {
                out.push('{');
                rest = &from[1..];
            }
        }
        out.push_str(rest);
        out
    }
}

impl Language {
    /// A sentence in this language, as far as the tables know it; what they do not know stays as it is.
    pub fn tell(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::English => Cow::Borrowed(text),
            Self::Chinese => CHINESE.text(text, 0),
        }
    }

    /// Whether a sentence is in the tables; English needs none.
    pub fn knows(self, text: &str) -> bool {
        self == Self::English || CHINESE.sentence(text, 0).is_some()
    }

    /// Title and paragraphs of a check's explanation, if there are any in this language; English ones are in
    /// [`Check`](crate::check::Check) itself.
    pub fn explanation(self, code: &str) -> Option<(&'static str, &'static [&'static str])> {
        match self {
            Self::English => None,
            Self::Chinese => CHINESE.explanations.get(code).map(|(title, paragraphs)| (*title, paragraphs.as_slice())),
        }
    }

    /// A report whose sentences are in this language; codes, subjects, commands and Go's words stay as they are.
    #[must_use]
    pub fn report(self, report: &Report) -> Report {
        let mut report = report.clone();
        if self == Self::English {
            return report;
        }
        for link in report.nodes.iter_mut().flat_map(|node| &mut node.links) {
            self.link(link);
        }
        report.findings.iter_mut().for_each(|finding| self.finding(finding));
        report.causes.iter_mut().for_each(|cause| self.cause(cause));
        for event in report.events.iter_mut().flatten() {
            event.meaning = CHINESE.whole.get(event.meaning).copied().unwrap_or(event.meaning);
        }
        report
    }

    fn link(self, link: &mut LinkReport) {
        self.all(&mut link.facts);
    }

    fn finding(self, finding: &mut Finding) {
        self.one(&mut finding.message);
        for fact in &mut finding.facts {
            self.one(&mut fact.label);
            self.one(&mut fact.value);
        }
        self.all(&mut finding.remedy.steps);
        self.all(&mut finding.remedy.avoid);
    }

    fn cause(self, cause: &mut Cause) {
        self.one(&mut cause.title);
        self.all(&mut cause.evidence.speaks_for);
        self.all(&mut cause.evidence.speaks_against);
        cause.confirm.iter_mut().for_each(|confirm| self.one(confirm));
        self.all(&mut cause.treatment);
        self.all(&mut cause.avoid);
    }

    fn all(self, texts: &mut [String]) {
        for text in texts {
            self.one(text);
        }
    }

    fn one(self, text: &mut String) {
        if let Cow::Owned(other) = self.tell(text) {
            *text = other;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_well_formed() {
        let mut seen = HashMap::new();
        for line in TABLES.iter().flat_map(|table| table.lines()) {
            if line.starts_with("# ") && !line.contains('\t') {
                continue;
            }
            let (english, other) = line.split_once('\t').unwrap_or_else(|| panic!("no tab: {line}"));
            assert!(!english.is_empty() && !other.is_empty() && !other.contains('\t'), "{line}");
            assert!(seen.insert(english, other).is_none(), "stands twice: {english}");
            let holes = english.matches("{}").count();
            let numbered = (1..=holes).filter(|number| other.contains(&format!("{{{number}}}"))).count();
            assert!(other.matches("{}").count() == holes || numbered == holes, "holes differ: {line}");
        }
        assert!(seen.len() > 3000, "{}", seen.len());
    }

    #[test]
    fn the_most_literal_template_wins_and_holes_are_translated() {
        let tell = |text: &str| Language::Chinese.tell(text).into_owned();
        assert_eq!(
            tell("is not the same CA on all nodes: cp1, cp2 against cp3"),
            "在各节点上不是同一个 CA：cp1, cp2 对 cp3"
        );
        assert_eq!(
            tell("x509: certificate signed by unknown authority"),
            "x509: certificate signed by unknown authority"
        );
        assert!(tell("etcd/server.crt: does not cover 192.168.6.11").starts_with("etcd/server.crt："));
        assert_eq!(Language::English.tell("does not cover 1.2.3.4"), "does not cover 1.2.3.4");
    }

    #[test]
    fn holes_may_be_anywhere_and_empty() {
        let template =
            |english: &'static str, other| Template { pieces: english.split("{}").collect(), other, literal: 0 };
        let fill = |english, other, text: &str| {
            let template = template(english, other);
            let holes = template.holes(text)?;
            Some(template.fill(&holes.into_iter().map(Cow::Borrowed).collect::<Vec<_>>()))
        };
        assert_eq!(fill("put {} into {}", "{2} <- {1}", "put a into b").as_deref(), Some("b <- a"));
        assert_eq!(fill("{}: {} bytes", "{} {}", "x: 5 bytes").as_deref(), Some("x 5"));
        assert_eq!(fill("holds {} here", "[{}]", "holds  here").as_deref(), Some("[]"));
        assert_eq!(fill("holds {} here", "{}{x}", "holds a here").as_deref(), Some("a{x}"));
        assert_eq!(fill("a{}a", "{}", "a"), None);
    }
}
