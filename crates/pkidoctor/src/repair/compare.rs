//! Two reports of one cluster, before and after: what a repair cures, and what it would make worse.

use std::collections::BTreeMap;

use crate::report::{Finding, Report};

/// What makes a finding the same one in two reports.
pub(super) type Key = (&'static str, Option<String>, String);

pub(super) fn key(finding: &Finding) -> Key {
    (finding.code, finding.node.clone(), finding.subject.clone())
}

/// The errors of a report.
pub(super) fn errors(report: &Report) -> Vec<Key> {
    report.findings.iter().filter(|finding| finding.severity == "error").map(key).collect()
}

/// How many vital links are broken.
pub(super) fn broken(report: &Report) -> usize {
    let links = report.nodes.iter().flat_map(|node| &node.links);
    links.filter(|link| link.weight == "vital" && link.verdict == "broken").count()
}

/// Links that are in a worse state than before, as sentences: `ok` beats `unknown` beats `broken`.
pub(super) fn worse(before: &Report, after: &Report) -> Vec<String> {
    let rank = |verdict: &str| match verdict {
        "ok" => 2,
        "unknown" => 1,
        _ => 0,
    };
    let mut known = BTreeMap::new();
    for (index, node) in before.nodes.iter().enumerate() {
        for link in &node.links {
            known.insert((index, &link.id, &link.name), link.verdict);
        }
    }
    let mut worse = Vec::new();
    for (index, node) in after.nodes.iter().enumerate() {
        for link in &node.links {
            let Some(was) = known.get(&(index, &link.id, &link.name)) else { continue };
            if rank(link.verdict) < rank(was) {
                let name = link.name.as_deref().map(|name| format!(" ({name})")).unwrap_or_default();
                let error = link.client_error.as_deref().or(link.server_error.as_deref()).unwrap_or(link.verdict);
                worse.push(format!("{}{name}: {error}", link.id));
            }
        }
    }
    worse
}

/// Errors that were not there before.
pub(super) fn new_errors(before: &Report, after: &Report) -> Vec<Key> {
    let known = errors(before);
    errors(after).into_iter().filter(|error| !known.contains(error)).collect()
}
