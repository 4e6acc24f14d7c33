//! Causes by the words of logs alone: no finding foretells these events, or nothing was scanned.
//!
//! Each row of the table ranks failure modes. What a scan has looked for and not found steps back; then as few modes
//! as possible are taken so that each event has one.

use time::OffsetDateTime;

use crate::cluster::File;
use crate::go::verify::rfc3339;
use crate::links::Link;
use crate::links::reference::Reference;
use crate::logs::{Alert, Direction, Event, Port, Reason, Writer};
use crate::modes::{self, Mode};
use crate::report::{Cause, EvidenceReport};

use super::heard::Heard;
use super::who::port_of;
use super::{Scan, evidence, folk, is_hidden};

/// So many further modes are told for an event beside the likeliest.
const ALTERNATIVES: usize = 4;

/// A mode and the events that it explains.
struct Suspect {
    mode: &'static Mode,
    events: Vec<usize>,
    against: Vec<String>,
    /// Whether the words leave little doubt.
    decisive: bool,
}

/// Causes of the events of `which`, the one that explains most first.
pub(super) fn causes(scan: Option<&Scan<'_>>, heard: &[Heard<'_>], which: &[usize]) -> Vec<Cause> {
    let mut told: Vec<usize> = which.iter().copied().filter(|index| !heard[*index].event.is_noise()).collect();
    let (over, live): (Vec<usize>, Vec<usize>) =
        told.drain(..).partition(|index| scan.is_some_and(|scan| healed_at(scan, heard[*index].event).is_some()));
    let mut suspects = suspects(scan, heard, live);
    suspects.sort_by_key(|suspect| {
        let events = || suspect.events.iter().map(|event| heard[*event].event);
        let lines: u64 = events().map(|event| event.count).sum();
        // where nobody listens, and where no TLS is spoken, nobody has refused anybody
        let is_minor = events().all(|event| event.direction == Direction::Nobody);
        (is_minor, std::cmp::Reverse(suspect.events.len()), std::cmp::Reverse(lines))
    });
    let mut all: Vec<Cause> = suspects.iter().map(|suspect| suspect.cause(scan, heard)).collect();
    all.extend(further(scan, heard, &suspects));
    all.extend(scan.and_then(|scan| healed(scan, heard, &over)));
    all
}

fn suspects(scan: Option<&Scan<'_>>, heard: &[Heard<'_>], mut events: Vec<usize>) -> Vec<Suspect> {
    // what is plain comes first, so that what is hidden can be laid to it
    events.sort_by_key(|index| {
        let event = heard[*index].event;
        (is_hidden(event), event.causes.len(), *index)
    });
    let mut suspects: Vec<Suspect> = Vec::new();
    for index in events {
        let event = heard[index].event;
        let ranked = ranked(scan, event);
        if let Some(at) = known(&suspects, heard, event, &ranked) {
            suspects[at].events.push(index);
            continue;
        }
        let Some((mode, against)) = ranked.into_iter().next() else { continue };
        let decisive = !is_hidden(event) && !matches!(event.reason, Reason::Alert(_) | Reason::Reset | Reason::Eof);
        suspects.push(Suspect { mode, events: vec![index], against: against.into_iter().collect(), decisive });
    }
    suspects
}

/// The suspect to which an event is laid: one of its own modes, else, where its words hide the reason, a refusal at the
/// same port rather than a program that does not start.
fn known(
    suspects: &[Suspect],
    heard: &[Heard<'_>],
    event: &Event,
    ranked: &[(&'static Mode, Option<String>)],
) -> Option<usize> {
    let is_listed =
        |suspect: &Suspect| ranked.iter().any(|(mode, against)| mode.slug == suspect.mode.slug && against.is_none());
    let is_first = |suspect: &Suspect| ranked.first().is_some_and(|(mode, _)| mode.slug == suspect.mode.slug);
    if let Some(at) = suspects.iter().position(is_listed).or_else(|| suspects.iter().position(is_first)) {
        return Some(at);
    }
    if !is_hidden(event) {
        return None;
    }
    let before = |at: &usize| suspects[*at].events.iter().map(|other| heard[*other].event);
    let brings_about = |at: &usize| before(at).any(|other| follows(event, other));
    let starts_not = |at: &usize| before(at).all(|other| other.direction == Direction::WriterCannotLoad);
    (0..suspects.len()).filter(brings_about).min_by_key(starts_not)
}

/// The modes of an event, those that a scan speaks against last, each with what it says.
fn ranked(scan: Option<&Scan<'_>>, event: &Event) -> Vec<(&'static Mode, Option<String>)> {
    let modes = event.causes.iter().filter_map(|slug| modes::mode(slug));
    let mut all: Vec<(&'static Mode, Option<String>)> =
        modes.map(|mode| (mode, scan.and_then(|scan| objection(scan, event, mode)))).collect();
    all.sort_by_key(|(_, against)| against.is_some());
    if scan.is_some() && all.first().is_none_or(|(_, against)| against.is_some()) {
        // the files fit each other: what refuses is not what lies there
        let stale = in_memory(event).and_then(modes::mode);
        all.splice(0..0, stale.map(|mode| (mode, None)));
    }
    all
}

/// What it may be that a process holds in memory and no file shows.
fn in_memory(event: &Event) -> Option<&'static str> {
    match (&event.reason, event.direction) {
        (Reason::UnknownAuthority { .. }, Direction::ServerRefusedClient) => Some("srv-stale-ca"),
        (Reason::Alert(Alert::UnknownCa), Direction::ServerRefusedClient) => Some("srv-stale-ca"),
        (Reason::UnknownAuthority { .. } | Reason::Alert(_), Direction::ClientRefusedServer) => {
            Some("op-renewed-not-restarted")
        }
        (Reason::Expired { .. }, _) => Some("time-wrong-culprit"),
        _ => None,
    }
}

/// What a scan says against a mode: its checks have looked, and found nothing.
fn objection(scan: &Scan<'_>, event: &Event, mode: &Mode) -> Option<String> {
    let is_found = |code: &str| scan.findings.iter().any(|finding| finding.code == code);
    // findings that only running processes show are no objection where nobody asked them
    let seen_live = ["srv-", "op-"].iter().any(|kind| mode.slug.starts_with(kind)) && scan.exam.live.is_none();
    if mode.codes.is_empty() || seen_live || mode.codes.iter().any(|code| is_found(code)) {
        return None;
    }
    // a client that no file knows may have any fault
    let is_strange = event.direction == Direction::ServerRefusedClient && mode.slug.starts_with("cli-");
    (!is_strange).then(|| format!("the files were looked at for {}, which is not there now", mode.codes.join(", ")))
}

/// Whether a hidden failure can be what another event brought about: the same port, or a client of etcd beside etcd.
fn follows(hidden: &Event, plain: &Event) -> bool {
    let of_etcd = matches!(plain.port, Port::EtcdClient | Port::OwnFiles) || plain.writer == Writer::Etcd;
    let calls_etcd = matches!(hidden.writer, Writer::Etcd | Writer::Kubeadm | Writer::KubeApiserver | Writer::Etcdctl);
    hidden.port == plain.port || of_etcd && calls_etcd
}

/// Whether a hidden failure of this writer can come of a broken link.
pub(super) fn may_follow(event: &Event, link: &Link) -> bool {
    let client = link.id.split("->").next().unwrap_or_default();
    let of_etcd = link.id.ends_with("->etcd") && client != "etcd-gateway";
    match event.writer {
        Writer::Kubeadm | Writer::Etcdctl => of_etcd,
        Writer::KubeApiserver => client == "kube-apiserver" && of_etcd,
        Writer::Etcd => link.id.starts_with("etcd-"),
        Writer::Kubelet => client == "kubelet.conf" || client == "kube-apiserver" && of_etcd,
        Writer::KubeControllerManager => client == "controller-manager.conf" || client == "kube-apiserver" && of_etcd,
        Writer::KubeScheduler => client == "scheduler.conf" || client == "kube-apiserver" && of_etcd,
        Writer::Kubectl => client == "admin.conf" || client == "kube-apiserver" && of_etcd,
        _ => port_of(link) == Some(event.port),
    }
}

impl Suspect {
    fn cause(&self, scan: Option<&Scan<'_>>, heard: &[Heard<'_>]) -> Cause {
        let confidence = if self.decisive && self.against.is_empty() { "likely" } else { "possible" };
        let mut cause = by_mode(self.mode, confidence);
        let lines = self.events.iter().map(|event| heard[*event].event.count).sum();
        cause.title = format!("{}: {}", self.mode.title, evidence::lines(lines));
        cause.since = evidence::since(&self.events, heard);
        cause.log_events.clone_from(&self.events);
        cause.evidence = EvidenceReport {
            speaks_for: self.events.iter().flat_map(|event| evidence::event_words(scan, &heard[*event])).collect(),
            speaks_against: self.against.clone(),
        };
        let first = heard[self.events[0]].event;
        cause.confirm = Some(format!("{}; {}", first.row.check, self.mode.confirm));
        cause
    }
}

fn by_mode(mode: &'static Mode, confidence: &'static str) -> Cause {
    Cause {
        node: None,
        title: mode.title.to_owned(),
        mode: Some(mode.slug),
        confidence,
        since: None,
        findings: Vec::new(),
        links: Vec::new(),
        log_events: Vec::new(),
        evidence: EvidenceReport::default(),
        confirm: Some(mode.confirm.to_owned()),
        treatment: mode.treatment.iter().map(|step| (*step).to_owned()).collect(),
        avoid: folk(mode).collect(),
    }
}

/// What else the words may mean, where they leave it open.
fn further(scan: Option<&Scan<'_>>, heard: &[Heard<'_>], suspects: &[Suspect]) -> Vec<Cause> {
    let mut all: Vec<Cause> = Vec::new();
    let mut told: Vec<&str> = suspects.iter().map(|suspect| suspect.mode.slug).collect();
    for suspect in suspects {
        for index in &suspect.events {
            let event = heard[*index].event;
            if is_hidden(event) && suspects.len() > 1 {
                continue;
            }
            for (mode, against) in ranked(scan, event).into_iter().take(1 + ALTERNATIVES) {
                if against.is_some() || told.contains(&mode.slug) {
                    continue;
                }
                told.push(mode.slug);
                let mut cause = by_mode(mode, "possible");
                cause.log_events.push(*index);
                cause.evidence.speaks_for = vec![format!("the same words: {}", event.error)];
                cause.evidence.speaks_against =
                    vec![format!("other causes of these words are commoner: {}", suspect.mode.title)];
                all.push(cause);
            }
        }
    }
    all
}

/// When the newest file behind an event's port was written, if that was after its last line.
fn healed_at(scan: &Scan<'_>, event: &Event) -> Option<(String, OffsetDateTime)> {
    let last = event.last.time?;
    let nobody = matches!(event.direction, Direction::Nobody | Direction::Unknown);
    if nobody {
        return None;
    }
    let links =
        scan.exam.links.iter().filter(|link| {
            port_of(link) == Some(event.port) || event.writer == Writer::Etcd && link.id.contains("etcd")
        });
    let files = links.flat_map(Link::references).filter_map(|reference| written(scan, reference));
    files.filter(|(_, at)| *at > last).max_by_key(|(_, at)| *at)
}

fn written(scan: &Scan<'_>, reference: &Reference) -> Option<(String, OffsetDateTime)> {
    let file: &File = reference.file(scan.exam.cluster)?;
    let at = OffsetDateTime::from_unix_timestamp(file.meta.as_ref()?.modified?).ok()?;
    Some((reference.subject(scan.exam.cluster), at))
}

/// What has been complained of and is not there any more.
fn healed(scan: &Scan<'_>, heard: &[Heard<'_>], over: &[usize]) -> Option<Cause> {
    let first = over.first()?;
    let (file, at) = over.iter().filter_map(|index| healed_at(scan, heard[*index].event)).max_by_key(|(_, at)| *at)?;
    let lines = over.iter().map(|event| heard[*event].event.count).sum();
    let ranked = ranked(None, heard[*first].event);
    Some(Cause {
        node: None,
        title: format!("{} of what the files no longer show: {file} was written after the last of them", evidence::lines(lines)),
        mode: ranked.first().map(|(mode, _)| mode.slug),
        confidence: "likely",
        since: evidence::since(over, heard),
        findings: Vec::new(),
        links: Vec::new(),
        log_events: over.to_vec(),
        evidence: EvidenceReport {
            speaks_for: over.iter().flat_map(|event| evidence::event_words(Some(scan), &heard[*event])).collect(),
            speaks_against: vec![format!("{file} was written at {}, and no link that uses it is refused now", rfc3339(at))],
        },
        confirm: Some("pkidoctor diagnose --since with that instant: new lines would mean that a process still has the old file in memory, or that it is another client".to_owned()),
        treatment: vec![
            "pkidoctor probe".to_owned(),
            "where it is refused live: CA files and kubeconfigs are read at start, so restart whoever refuses; certificates of etcd are read at each handshake".to_owned(),
        ],
        avoid: vec!["making certificates anew once more: the files fit".to_owned()],
    })
}
