//! `sarif`: SARIF 2.1.0 (OASIS), for code scanning of repositories that hold manifests and for dashboards of findings.
//!
//! A finding is a result, its check a rule, its file or the line of its manifest the location. A cause that logs alone
//! tell is a result, too, of the failure mode that it is, and its lines are the locations. What was ignored is
//! suppressed; where nothing could be examined, the invocation says so.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use pkidoctor::report::{Cause, EventReport, Finding, Report};
use pkidoctor::{checks, modes};
use serde_json::{Value, json};

use super::{About, is_met, json, whose};
use crate::language::{spoken, tr};

/// The rule of a cause that no failure mode names.
const CAUSE: &str = "cause";

/// Writes the log.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write(out: &mut impl Write, report: &Report, about: &About<'_>) -> io::Result<()> {
    let alone = || report.causes.iter().enumerate().filter(|(_, cause)| cause.findings.is_empty());
    let modes = alone().map(|(_, cause)| cause.mode.unwrap_or(CAUSE));
    let mut codes: Vec<&str> = report.findings.iter().map(|finding| finding.code).chain(modes).collect();
    codes.sort_unstable();
    codes.dedup();
    let findings = report.findings.iter().map(|finding| result(report, finding, &codes));
    let causes = alone().map(|(at, cause)| heard(report, cause, is_met(report, at), &codes));
    let results: Vec<Value> = findings.chain(causes).collect();
    let failed: Vec<Value> =
        about.error.iter().map(|error| json!({ "level": "error", "message": { "text": error } })).collect();
    json::line(
        out,
        &json!({
            "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": report.tool.name,
                    "version": report.tool.version,
                    "informationUri": env!("CARGO_PKG_REPOSITORY"),
                    "rules": codes.iter().map(|code| rule(code)).collect::<Vec<_>>(),
                } },
                "invocations": [{
                    "executionSuccessful": about.error.is_none(),
                    "endTimeUtc": report.at,
                    "toolExecutionNotifications": failed,
                }],
                "columnKind": "unicodeCodePoints",
                "properties": { "verdict": report.verdict, "judgedAsGo": report.judged_as.go },
                "results": results,
            }],
        }),
    )
}

fn rule(code: &str) -> Value {
    if let Some(check) = checks::by_code(code) {
        let (title, help) = match spoken().explanation(code) {
            Some((title, paragraphs)) => (title, paragraphs.join("\n\n")),
            None => (check.title, check.docs.to_owned()),
        };
        return json!({
            "id": code,
            "shortDescription": { "text": title },
            "help": { "text": help },
            "defaultConfiguration": { "level": level(check.severity.name()) },
            "properties": { "citation": check.citation },
        });
    }
    let Some(mode) = modes::mode(code) else { return json!({ "id": code }) };
    let help: Vec<_> = std::iter::once(mode.confirm).chain(mode.treatment.iter().copied()).map(tr).collect();
    json!({ "id": code, "shortDescription": { "text": tr(mode.title) }, "help": { "text": help.join("\n\n") } })
}

fn level(severity: &str) -> &'static str {
    match severity {
        "error" => "error",
        "warning" => "warning",
        _ => "note",
    }
}

fn result(report: &Report, finding: &Finding, codes: &[&str]) -> Value {
    let mut text = format!("{}: {}", finding.subject, finding.message);
    // writing to a string cannot fail, here and below
    for fact in &finding.facts {
        let _ = write!(text, "\n{}: {}", fact.label, fact.value);
    }
    let todo = finding.remedy.command.iter().chain(&finding.remedy.steps);
    for step in todo {
        let _ = write!(text, "\n{} {step}", tr("to do:"));
    }
    let names = finding.node.iter().chain(finding.nodes.iter().flatten());
    let given = names.map(|name| report.nodes.iter().find(|node| node.name == *name).map_or("", |node| &node.path));
    let places = given.zip(&finding.here).map(|(given, here)| location(&as_given(Path::new(given), here), finding));
    let mut object = json!({
        "ruleId": finding.code,
        "ruleIndex": codes.iter().position(|code| *code == finding.code),
        "level": level(finding.severity),
        "message": { "text": text },
        "locations": places.collect::<Vec<_>>(),
        "partialFingerprints": {
            "codeNodeSubject/v1": format!("{}|{}|{}", finding.code, whose(finding), finding.subject),
        },
        "properties": { "links": finding.links, "remedy": finding.remedy.kind },
    });
    if finding.ignored {
        object["suppressions"] = json!([{ "kind": "external", "justification": "--ignore" }]);
    }
    object
}

/// A cause that no finding shows: what the logs say, what to do, and where they say it.
fn heard(report: &Report, cause: &Cause, met: bool, codes: &[&str]) -> Value {
    let mut text = cause.title.clone();
    for line in cause.evidence.speaks_for.iter().chain(&cause.evidence.speaks_against) {
        let _ = write!(text, "\n{line}");
    }
    for step in &cause.treatment {
        let _ = write!(text, "\n{} {step}", tr("to do:"));
    }
    let events: Vec<&EventReport> =
        cause.log_events.iter().filter_map(|index| report.events.as_ref()?.get(*index)).collect();
    let code = cause.mode.unwrap_or(CAUSE);
    let rows: Vec<&str> = events.iter().map(|event| event.row).collect();
    json!({
        "ruleId": code,
        "ruleIndex": codes.iter().position(|known| *known == code),
        "level": if met { "error" } else { "note" },
        "message": { "text": text },
        "locations": events.iter().map(|event| line_of(event)).collect::<Vec<_>>(),
        "partialFingerprints": { "modeRows/v1": format!("{code}|{}", rows.join(",")) },
        "properties": { "confidence": cause.confidence },
    })
}

/// The first line of what a log says.
fn line_of(event: &EventReport) -> Value {
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(&as_given(Path::new(&event.source), Path::new(&event.source))) },
        "region": { "startLine": event.line.max(1) },
    } })
}

/// The file of a subject, and the line of its flag.
fn location(path: &Path, finding: &Finding) -> Value {
    let mut location = json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(path) },
        // code scanning shows nothing that has no line
        "region": { "startLine": finding.line.unwrap_or(1).max(1) },
    } });
    if let Some((_, part)) = finding.subject.split_once(":--").or_else(|| finding.subject.split_once('#')) {
        location["logicalLocations"] = json!([{ "name": part, "fullyQualifiedName": finding.subject }]);
    }
    location
}

/// A file as seen from the working directory, where the path that led to it was: of a checkout that is its place in the
/// repository.
#[expect(clippy::disallowed_methods, reason = "the command line looks at the environment")]
fn as_given(given: &Path, here: &Path) -> PathBuf {
    let working = std::env::current_dir().ok().filter(|_| given.is_relative());
    let below = working.as_deref().filter(|working| *working != Path::new("/"));
    let seen = below.and_then(|working| here.strip_prefix(working).ok()).unwrap_or(here);
    seen.components().filter(|part| *part != Component::CurDir).collect()
}

/// A path as a reference (RFC 3986): absolute ones are `file:` URIs.
fn uri(path: &Path) -> String {
    let mut uri = String::from(if path.is_absolute() { "file://" } else { "" });
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::{Path, as_given};

    fn uri(path: &str) -> String {
        super::uri(&as_given(Path::new(path), Path::new(path)))
    }

    #[test]
    fn paths_become_references() {
        assert_eq!(uri("/etc/kubernetes/pki/etcd/server.crt"), "file:///etc/kubernetes/pki/etcd/server.crt");
        assert_eq!(uri("a b/ü:\u{1b}"), "a%20b/%C3%BC%3A%1B");
        assert_eq!(uri("./pki/./etcd/server.crt"), "pki/etcd/server.crt");
    }
}
