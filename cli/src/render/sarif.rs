//! `sarif`: SARIF 2.1.0 (OASIS), for code scanning of repositories that hold manifests and for dashboards of findings.
//!
//! A finding is a result, its check a rule, its file or the line of its manifest the location. What was ignored is
//! suppressed; where nothing could be examined, the invocation says so.

use std::fmt::Write as _;
use std::io::{self, Write};

use pkidoctor::checks;
use pkidoctor::report::{Finding, Report};
use serde_json::{Value, json};

use super::{About, json, whose};

/// Writes the log.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write(out: &mut impl Write, report: &Report, about: &About<'_>) -> io::Result<()> {
    let mut codes: Vec<&str> = report.findings.iter().map(|finding| finding.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let results: Vec<Value> = report.findings.iter().map(|finding| result(report, finding, &codes)).collect();
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
    let Some(check) = checks::by_code(code) else { return json!({ "id": code }) };
    json!({
        "id": code,
        "shortDescription": { "text": check.title },
        "help": { "text": check.docs },
        "defaultConfiguration": { "level": level(check.severity.name()) },
        "properties": { "citation": check.citation },
    })
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
        let _ = write!(text, "\nto do: {step}");
    }
    let paths: Vec<&str> = report
        .nodes
        .iter()
        .filter(|node| match (&finding.node, &finding.nodes) {
            (Some(name), _) => *name == node.name,
            (None, Some(names)) => names.contains(&node.name),
            (None, None) => false,
        })
        .map(|node| node.path.as_str())
        .collect();
    let mut object = json!({
        "ruleId": finding.code,
        "ruleIndex": codes.iter().position(|code| *code == finding.code),
        "level": level(finding.severity),
        "message": { "text": text },
        "locations": paths.iter().map(|path| location(path, finding)).collect::<Vec<_>>(),
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

/// The file of a subject, and the line of its flag.
fn location(pki: &str, finding: &Finding) -> Value {
    let (file, part) = match finding.subject.split_once(":--").or_else(|| finding.subject.split_once('#')) {
        Some((file, part)) => (file, Some(part)),
        None => (finding.subject.as_str(), None),
    };
    let path = if file.starts_with('/') { file.to_owned() } else { format!("{}/{file}", pki.trim_end_matches('/')) };
    let mut physical = json!({ "artifactLocation": { "uri": uri(&path) } });
    if let Some(line) = finding.line {
        physical["region"] = json!({ "startLine": line });
    }
    let mut location = json!({ "physicalLocation": physical });
    if let Some(part) = part {
        location["logicalLocations"] = json!([{ "name": part, "fullyQualifiedName": finding.subject }]);
    }
    location
}

/// A path as a reference (RFC 3986): absolute ones are `file:` URIs.
fn uri(path: &str) -> String {
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    #[test]
    fn paths_become_references() {
        assert_eq!(super::uri("/etc/kubernetes/pki/etcd/server.crt"), "file:///etc/kubernetes/pki/etcd/server.crt");
        assert_eq!(super::uri("a b/ü:\u{1b}"), "a%20b/%C3%BC%3A%1B");
    }
}
