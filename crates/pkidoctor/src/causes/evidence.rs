//! What speaks for a cause and against it, and events as reports tell them.

use std::path::Path;

use time::OffsetDateTime;

use crate::check::Defect;
use crate::exam::Exam;
use crate::go::verify::rfc3339;
use crate::logs::{Event, Journal, Reason};
use crate::report::{Cause, EventReport, EvidenceReport};
use crate::shell::quoted;
use crate::x509::certificate::hex_lower;

use super::heard::Heard;
use super::{Group, Scan};

/// `1 log line`, `312 log lines`.
pub(super) fn lines(count: u64) -> String {
    format!("{count} log {}", if count == 1 { "line" } else { "lines" })
}

/// The time of the first line of several events.
pub(super) fn since(events: &[usize], heard: &[Heard<'_>]) -> Option<String> {
    events.iter().filter_map(|event| heard[*event].event.first.time).min().map(rfc3339)
}

/// What speaks for and against what a group of findings says.
pub(super) fn of_group(scan: &Scan<'_>, group: &Group, heard: &[Heard<'_>], journal: &Journal) -> EvidenceReport {
    let told = |member: &usize| {
        let finding = &scan.findings[*member];
        let node = finding.node.as_ref().filter(|_| scan.exam.cluster.nodes.len() > 1);
        let on = node.map(|node| format!(" on {node}")).unwrap_or_default();
        format!("files: {}{on} {}", finding.subject, finding.message)
    };
    let mut speaks_for: Vec<String> = group.members.iter().map(told).collect();
    speaks_for.extend(live(scan, group));
    speaks_for.extend(group.events.iter().flat_map(|event| event_words(Some(scan), &heard[*event])));
    let mut speaks_against = Vec::new();
    if group.events.is_empty() && !journal.events.is_empty() && breaks_a_link(scan, group) {
        speaks_against.push(
            "the logs that were read say nothing of it: it may be younger than they are, or not have been used yet"
                .to_owned(),
        );
    }
    EvidenceReport { speaks_for, speaks_against }
}

fn breaks_a_link(scan: &Scan<'_>, group: &Group) -> bool {
    group.members.iter().any(|member| !scan.stamped[*member].1.links.is_empty())
}

/// What came of the links of a group live.
fn live(scan: &Scan<'_>, group: &Group) -> Vec<String> {
    let mut told = Vec::new();
    for (index, link, seen) in scan.exam.seen() {
        let concerns = group.members.iter().any(|member| scan.stamped[*member].1.links.contains(&index));
        if let (true, Some(error)) = (concerns, &seen.error) {
            let name = link.name.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
            told.push(format!("live: {}{name}: {error}", link.id));
        }
    }
    told
}

/// An event in words: how often, since when, from whom, which file it points at.
pub(super) fn event_words(scan: Option<&Scan<'_>>, heard: &Heard<'_>) -> Vec<String> {
    let event = heard.event;
    let from = match (&event.remote, &event.target) {
        (Some(remote), _) => {
            let who = heard.who.words.as_ref().map(|words| format!(" ({words})")).unwrap_or_default();
            format!(" from {remote}{who}")
        }
        (None, Some(target)) => format!(" towards {target}"),
        (None, None) => String::new(),
    };
    let when = match (event.first.time, event.last.time) {
        (Some(first), Some(last)) if first != last => format!(" between {} and {}", rfc3339(first), rfc3339(last)),
        (Some(first), _) => format!(" at {}", rfc3339(first)),
        _ => String::new(),
    };
    let mut told = vec![format!("{} of {}{when}{from}: {}", lines(event.count), event.writer.name(), event.error)];
    if let Some(exam) = scan.map(|scan| scan.exam) {
        told.extend(files_named(exam, event));
    }
    told
}

/// The files whose certificates a line names: by the instant at which they end or begin, by serial number, by the key
/// of their issuer.
fn files_named(exam: &Exam<'_>, event: &Event) -> Vec<String> {
    let places = |is: &dyn Fn(&crate::x509::certificate::Certificate) -> bool| {
        let known = exam.certificates().iter().filter(|(_, _, _, certificate)| is(certificate));
        let mut all: Vec<String> = known.map(|(_, subject, _, _)| subject.clone()).collect();
        all.sort();
        all.dedup();
        all
    };
    let mut told = Vec::new();
    let mut by_date = |what: &str, at: OffsetDateTime, is: &dyn Fn(&crate::x509::certificate::Certificate) -> bool| {
        let files = places(is);
        told.push(match files.as_slice() {
            [] => format!(
                "no certificate here {what} at {}: it is in the memory of a process, or on another machine",
                rfc3339(at)
            ),
            files => format!("{what} at {}: {}", rfc3339(at), files.join(", ")),
        });
    };
    match &event.reason {
        Reason::Expired { after: Some(at), .. } => by_date("ends", *at, &|known| known.not_after == *at),
        Reason::NotYetValid { before: Some(at), .. } => by_date("begins", *at, &|known| known.not_before == *at),
        _ => {}
    }
    let Some(ids) = &event.certificate else { return told };
    if let Some(serial) = &ids.serial {
        let files = places(&|known| known.serial_decimal() == *serial);
        told.push(match files.as_slice() {
            [] => format!("serial number {serial} is on no certificate here"),
            files => format!("serial number {serial}: {}", files.join(", ")),
        });
    }
    if let Some(akid) = &ids.akid {
        let files = places(&|known| known.is_ca() && hex_lower(&known.subject_key_id) == *akid);
        told.push(match files.as_slice() {
            [] => format!("its issuer's key {akid} is the one of no CA here"),
            files => format!("its issuer: {}", files.join(", ")),
        });
    }
    told
}

/// What would stand in the logs of what only files show.
pub(super) fn foretold(scan: &Scan<'_>, group: &Group) -> Option<String> {
    if !group.events.is_empty() || scan.exam.live.is_some() {
        return None;
    }
    // Go stops at its first complaint: a link that fails for another cause first says nothing of this one
    let is_of_another = |link: usize| {
        let Some(first) = scan.exam.reasons.iter().find(|reason| reason.link == link) else { return false };
        let tells = |(code, defect): &(&str, Defect)| {
            *code == first.code && defect.nodes == [first.node] && defect.subject == first.subject
        };
        scan.stamped.iter().position(tells).is_some_and(|at| !group.members.contains(&at))
    };
    let mut links = group.members.iter().flat_map(|member| scan.stamped[*member].1.links.iter().copied());
    let link = links.find(|link| scan.exam.links[*link].refused_by().is_some() && !is_of_another(*link))?;
    let link = &scan.exam.links[link];
    let (_, server) = link.id.split_once("->").unwrap_or((&link.id, &link.id));
    let said = match (link.server_error(), link.client_error()) {
        (Some(words), _) => format!("in the log of {server}: {words}"),
        (None, Some(words)) => format!("in the client's log: {words}"),
        (None, None) => return None,
    };
    Some(format!("{said}; or pkidoctor probe --link {}", quoted(Path::new(&link.id))))
}

/// Every event, for reports.
pub(super) fn events(
    exam: Option<&Exam<'_>>,
    journal: &Journal,
    heard: &[Heard<'_>],
    causes: &[Cause],
) -> Vec<EventReport> {
    let told = heard.iter().enumerate().map(|(index, heard)| {
        let event = heard.event;
        let source = journal.sources.get(event.source.0).map(|source| source.name.clone()).unwrap_or_default();
        EventReport {
            source,
            line: event.first.line,
            writer: event.writer.name(),
            port: event.port.name(),
            remote: event.remote.clone(),
            remote_is: heard.who.words.clone(),
            target: event.target.clone(),
            direction: event.direction.name(),
            stage: event.stage.name(),
            error: event.error.clone(),
            row: event.row.id,
            meaning: event.row.meaning,
            noise: event.is_noise(),
            suspects: event.causes.clone(),
            points_at: exam.map(|exam| files_named(exam, event)).unwrap_or_default(),
            count: event.count,
            first: event.first.time.map(rfc3339),
            last: event.last.time.map(rfc3339),
            example: event.example.clone(),
            causes: (0..causes.len()).filter(|cause| causes[*cause].log_events.contains(&index)).collect(),
        }
    });
    told.collect()
}
