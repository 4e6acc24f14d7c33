//! From values to bytes: clean text on a page, JSON, lines of JSON.

pub(crate) mod clean;
pub(crate) mod diagnosis;
pub(crate) mod graph;
pub(crate) mod html;
pub(crate) mod human;
pub(crate) mod json;
mod junit;
pub(crate) mod lines;
pub(crate) mod links;
pub(crate) mod live;
mod markdown;
pub(crate) mod page;
pub(crate) mod prometheus;
pub(crate) mod repair;
mod sarif;
mod trust;
mod validity;

use std::io::{self, Write};
use std::time::Duration;

use pkidoctor::report::{Finding, Report};

use crate::args::{Format, Threshold};
use crate::language;

/// The node of a finding, or those that it lies between.
fn whose(finding: &Finding) -> String {
    finding.node.clone().or_else(|| Some(finding.nodes.as_ref()?.join(", "))).unwrap_or_default()
}

/// Whether a cause is met in logs, and not only another that the same words may mean.
fn is_met(report: &Report, cause: usize) -> bool {
    let events = report.events.as_deref().unwrap_or_default();
    let is_first = |event: &usize| events.get(*event).is_some_and(|event| event.causes.first() == Some(&cause));
    report.causes[cause].log_events.iter().any(is_first)
}

/// What ends a command of ours in a sentence, in each language.
const ENDS: [&str; 8] = ["; ", ", ", ": ", " (", "；", "，", "：", "（"];

/// What stands before a command that is for one of several nodes, in each language.
const ON: [(&str, &str); 2] = [("on ", ": "), ("在 ", "：")];

/// How commands for files begin: their paths are absolute, so that no sentence begins like this.
const OF_FILES: [&str; 7] = ["chmod 0", "cp -p /", "cp -p '/", "mv /", "mv '/", "scp -p root@", "scp -p 'root@"];

/// A step that is a command, and what is said before it: on which node, for one.
struct Command<'s> {
    /// `on cp2:`, or nothing.
    on: &'s str,
    /// To be copied as it stands.
    line: &'s str,
    /// What is said of it.
    said: &'s str,
}

/// The command with which a step begins, or that stands behind a colon and goes on to its end.
fn command(step: &str) -> Option<Command<'_>> {
    let is_ours = |at: &usize| step[*at..].starts_with("pkidoctor ");
    let is_of_files = |at: &usize| OF_FILES.iter().any(|begin| step[*at..].starts_with(begin));
    let behind_node = ON.iter().filter_map(|(on, end)| Some(step.strip_prefix(on)?.find(end)? + on.len() + end.len()));
    let behind_colon = [": ", "："].iter().flat_map(|colon| step.match_indices(*colon).map(|(at, _)| at + colon.len()));
    let begin = std::iter::once(0).chain(behind_node).find(is_ours);
    let begin = begin.or_else(|| std::iter::once(0).chain(behind_colon).find(is_of_files))?;
    let (on, step) = step.split_at(begin);
    // a path in quotes may hold anything
    let is_open = |at: usize| step[..at].matches('\'').count() % 2 == 1;
    let first = |end: &&str| step.match_indices(*end).map(|(at, _)| at).find(|at| !is_open(*at));
    let (line, said) = step.split_at(ENDS.iter().filter_map(first).min().unwrap_or(step.len()));
    Some(Command { on, line, said: said.trim_start_matches([';', ',', ':', '；', '，', '：', ' ']) })
}

/// What a document tells beside its report.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    /// Why nothing could be examined.
    pub(crate) error: Option<&'a str>,
    /// How long it took.
    pub(crate) took: Option<Duration>,
    /// Which findings fail.
    pub(crate) fails: Threshold,
}

impl Default for About<'_> {
    fn default() -> Self {
        Self { error: None, took: None, fails: Threshold::Error }
    }
}

/// Writes a report as a document of a format of its own ([`Format::is_document`]).
///
/// # Errors
/// When it cannot be written.
pub(crate) fn document(format: Format, report: &Report, about: &About<'_>, out: &mut impl Write) -> io::Result<()> {
    let text = match format {
        Format::Sarif => return sarif::write(out, &language::report(report), about),
        Format::Junit => junit::text(&language::report(report), about),
        Format::Prometheus => prometheus::text(report, about, None),
        Format::Markdown => markdown::text(&language::report(report), about),
        Format::Html => html::text(report, about),
        // those are told by each command in its own way
        Format::Human | Format::Json | Format::Ndjson => return Ok(()),
    };
    out.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::command;

    #[test]
    fn a_command_is_told_apart_from_what_is_said_of_it() {
        fn told(step: &str) -> Option<(&str, &str, &str)> {
            command(step).map(|command| (command.on, command.line, command.said))
        }
        let regen = "pkidoctor regen etcd-server --backup";
        assert_eq!(told(regen), Some(("", regen, "")));
        assert_eq!(told(&format!("on cp2: {regen}")), Some(("on cp2: ", regen, "")));
        assert_eq!(told(&format!("在 cp2 上：{regen}")), Some(("在 cp2 上：", regen, "")));
        let member = "pkidoctor regen etcd-server --backup, on that member: not elsewhere";
        assert_eq!(told(member), Some(("", regen, "on that member: not elsewhere")));
        assert_eq!(told("pkidoctor scan（先看）"), Some(("", "pkidoctor scan", "（先看）")));
        let quoted = "pkidoctor recover --pki '/a, b (c)/pki'; then scan";
        assert_eq!(told(quoted), Some(("", "pkidoctor recover --pki '/a, b (c)/pki'", "then scan")));
        assert_eq!(told("restart it"), None);
        assert_eq!(told("on cp2: restart it"), None);
        let copy = "cp -p /etc/a /etc/a.old";
        assert_eq!(
            told(&format!("on cp2: keep what lies there now: {copy}")),
            Some(("on cp2: keep what lies there now: ", copy, ""))
        );
        assert_eq!(told(&format!("在 cp2 上：{copy}")), Some(("在 cp2 上：", copy, "")));
        assert_eq!(told("chmod 0600 /etc/a"), Some(("", "chmod 0600 /etc/a", "")));
        assert_eq!(told("on cp2: mv tells nothing"), None);
    }
}
