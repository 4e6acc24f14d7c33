//! What a repair did, would do, or would not: for people and as JSON.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use pkidoctor::act::{self, Failure, Listed, Recovered};
use pkidoctor::go::verify::rfc3339;
use pkidoctor::plan::{self, Refusal, Restart, Step, Work};
use pkidoctor::repair::Prescription;
use pkidoctor::report::{CertificateReport, Finding, NodeReport};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::json;
use super::page::{BOLD, CYAN, DIM, GREEN, PLAIN, Page, RED, Style, YELLOW};
use crate::args::{Format, Manners};
use crate::commands::recovered_words;
use crate::output::Output;

/// What a writing command comes to.
pub(crate) enum Outcome {
    /// There is nothing to change.
    NothingToDo,
    /// `--dry-run`.
    Planned,
    /// The answer was no.
    Declined,
    /// It would not or could not.
    Refused(Refusal),
    /// Nothing could be read.
    CouldNotRead(String),
    /// The disk did not take it.
    Failed(Failure),
    /// It is done; what was seen live: endpoint, outcome, why.
    Done { backup: Option<PathBuf>, live: Vec<(String, &'static str, String)> },
    /// Keys and requests were written.
    Requested { files: Vec<PathBuf> },
    /// The backups there are.
    Listed(Vec<Listed>),
    /// A backup was put back.
    Restored { files: Vec<PathBuf>, backup: Option<PathBuf> },
    /// An interrupted repair was finished or undone.
    Recovered(Recovered),
}

impl Outcome {
    const fn name(&self) -> &'static str {
        match self {
            Self::NothingToDo => "nothing-to-do",
            Self::Planned => "planned",
            Self::Declined => "declined",
            Self::Refused(_) => "refused",
            Self::CouldNotRead(_) => "unreadable",
            Self::Failed(_) => "failed",
            Self::Done { .. } => "done",
            Self::Requested { .. } => "requested",
            Self::Listed(_) => "listed",
            Self::Restored { .. } => "restored",
            Self::Recovered(_) => "recovered",
        }
    }
}

/// Everything that is told.
pub(crate) struct Told<'a> {
    pub(crate) command: &'static str,
    /// What leads another command to the same files: ` --pki PATH`.
    pub(crate) whose: String,
    pub(crate) at: OffsetDateTime,
    pub(crate) prescription: Option<&'a Prescription>,
    pub(crate) outcome: Outcome,
}

/// Tells it in the format that was asked for.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn tell(told: &Told<'_>, manners: &Manners, out: &mut Output) -> io::Result<()> {
    match manners.format() {
        Format::Human => {
            let mut page = Page::new(out.paper());
            human(&mut page, told, manners);
            out.write_all(page.into_text().as_bytes())
        }
        _ => json::line(out, &object(told)),
    }
}

/// One value of a file that differs.
struct Difference {
    path: String,
    field: &'static str,
    before: String,
    after: String,
}

/// What certificates say before and after.
fn differences(prescription: &Prescription) -> Vec<Difference> {
    let (Some(before), Some(after)) = (prescription.before.nodes.first(), prescription.after.nodes.first()) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for file in &after.files {
        let old = before.files.iter().find(|old| old.path == file.path);
        let (was, is) = (old.and_then(|old| old.certificates.first()), file.certificates.first());
        for (field, value) in FIELDS {
            let text = |certificate: Option<&CertificateReport>| certificate.map(value).unwrap_or_default();
            let (was, is) = (text(was), text(is));
            if was != is {
                all.push(Difference { path: file.path.clone(), field, before: was, after: is });
            }
        }
        let mode = |mode: Option<&String>| mode.cloned().unwrap_or_default();
        let (was, is) = (mode(old.and_then(|old| old.mode.as_ref())), mode(file.mode.as_ref()));
        if was != is {
            all.push(Difference { path: file.path.clone(), field: "mode", before: was, after: is });
        }
        let (was, is) = (old.map(|old| old.kind.clone()).unwrap_or_default(), file.kind.clone());
        if was != is {
            all.push(Difference { path: file.path.clone(), field: "holds", before: was, after: is });
        }
    }
    all
}

/// A field's name and its value in words.
type Field = (&'static str, fn(&CertificateReport) -> String);

/// The fields of a certificate that are compared. Serial numbers and digests differ always.
const FIELDS: [Field; 8] = [
    ("subject", |certificate| certificate.subject.clone()),
    ("issuer", |certificate| certificate.issuer.clone()),
    ("key", |certificate| certificate.key.clone()),
    ("DNS names", |certificate| certificate.dns.join(", ")),
    ("addresses", |certificate| certificate.ip.join(", ")),
    ("usages", |certificate| certificate.usages.join(", ")),
    ("valid from", |certificate| certificate.not_before.clone()),
    ("valid until", |certificate| certificate.not_after.clone()),
];

/// Links whose verdict changes: which, before, after.
fn links(prescription: &Prescription) -> Vec<(String, &'static str, &'static str)> {
    let mut all = Vec::new();
    for (before, after) in prescription.before.nodes.iter().zip(&prescription.after.nodes) {
        for link in &after.links {
            let old = before.links.iter().find(|old| old.id == link.id && old.name == link.name);
            if let Some(old) = old.filter(|old| old.verdict != link.verdict) {
                let name = link.name.as_deref().map(|name| format!(" ({name})")).unwrap_or_default();
                all.push((format!("{}{name}", link.id), old.verdict, link.verdict));
            }
        }
    }
    all
}

/// Findings of the first report that the second does not have.
fn cured(prescription: &Prescription) -> Vec<&Finding> {
    let same = |a: &Finding, b: &Finding| a.code == b.code && a.node == b.node && a.subject == b.subject;
    let after = &prescription.after.findings;
    let before = prescription.before.findings.iter().filter(|finding| finding.severity != "info");
    before.filter(|finding| !after.iter().any(|other| same(finding, other))).collect()
}

/// Errors that stay, with the reason why nothing is done about them.
fn remaining(prescription: &Prescription) -> Vec<(&Finding, Option<&Refusal>)> {
    let errors = prescription.after.findings.iter().filter(|finding| finding.severity == "error");
    let reason = |finding: &Finding| {
        let left = prescription
            .left
            .iter()
            .find(|left| left.finding.code == finding.code && left.finding.subject == finding.subject);
        left.and_then(|left| left.refusal.as_ref())
    };
    errors.map(|finding| (finding, reason(finding))).collect()
}

/// The files that a step writes, by their paths on the node.
fn files(step: &Step) -> Vec<String> {
    match &step.work {
        Work::Pair(issue) if issue.key_from == plan::KeyFrom::InPlace => vec![issue.certificate.clone()],
        Work::Pair(issue) => vec![issue.certificate.clone(), issue.key.clone()],
        Work::Kubeconfig { issue, .. } => vec![issue.certificate.clone()],
        Work::PublicHalf { to, .. } => vec![to.clone()],
        Work::PutBack(files) => files.iter().map(|(_, to)| to.clone()).collect(),
        Work::Rewrite { path, .. } | Work::Chmod { path, .. } | Work::Join { path, .. } => vec![path.clone()],
        Work::NewAuthority(authority) => vec![authority.certificate.clone(), authority.key.clone()],
        Work::Remove(paths) => paths.clone(),
    }
}

/// Whether each of two files goes to the other's place.
fn is_exchange(files: &[(String, String)]) -> bool {
    matches!(files, [(a, b), (c, d)] if a == d && b == c)
}

fn what(step: &Step) -> String {
    match &step.work {
        Work::Pair(issue) => match issue.key_from {
            plan::KeyFrom::New(kind) => format!("a new certificate and a new {kind} key"),
            plan::KeyFrom::InPlace => "a new certificate for the key in place".to_owned(),
        },
        Work::Kubeconfig { server: Some(_), .. } => "written anew".to_owned(),
        Work::Kubeconfig { ca: Some(_), .. } => {
            "new credentials and the right CA; the rest stays byte for byte".to_owned()
        }
        Work::Kubeconfig { .. } => "new credentials; the rest stays byte for byte".to_owned(),
        Work::PublicHalf { from, .. } => format!("the public half of {from}"),
        Work::PutBack(files) if is_exchange(files) => "the two change places".to_owned(),
        Work::PutBack(files) => {
            let from: Vec<&str> = files.iter().map(|(from, _)| from.as_str()).collect();
            format!("put back from {}", from.join(" and "))
        }
        Work::NewAuthority(authority) => format!("a new CA with a new {} key", authority.kind),
        Work::Join { path, from, only_first: true } if *from == [path.clone()] => {
            "the same certificate, written again".to_owned()
        }
        Work::Join { from, only_first: true, .. } => format!("only the CA of {}", from.join(", ")),
        Work::Join { from, .. } => format!("the CAs of {}, in this order", from.join(" and ")),
        Work::Remove(_) => "goes: it has no use any more".to_owned(),
        Work::Rewrite { .. } => "the same content as clean PEM".to_owned(),
        Work::Chmod { mode, .. } => format!("mode {mode:04o}"),
    }
}

// ---- for people ----

fn human(page: &mut Page, told: &Told<'_>, manners: &Manners) {
    if let Some(prescription) = told.prescription
        && !manners.quiet
    {
        plan_on(page, prescription, manners);
    }
    page.gap();
    outcome_on(page, told);
}

fn plan_on(page: &mut Page, prescription: &Prescription, manners: &Manners) {
    let node = prescription.after.nodes.first().map(|node: &NodeReport| node.name.as_str()).unwrap_or_default();
    for (number, step) in (1..).zip(&prescription.plan.steps) {
        let head = format!("{number}. {} {}", step.kind.name(), step.target);
        page.wrapped(0, 3, &[(BOLD, &head), (DIM, &format!("on {node}"))]);
        page.labelled(3, (DIM, "what"), 8, (PLAIN, &what(step)));
        page.labelled(3, (DIM, "files"), 8, (PLAIN, &files(step).join(", ")));
        for note in &step.notes {
            let is_usual = note.why.starts_with("kubeadm gives");
            if manners.verbose || !is_usual {
                page.labelled(3, (DIM, &note.about), 8, (PLAIN, &format!("{}: {}", note.value, note.why)));
            }
        }
    }
    for (target, why) in &prescription.plan.left_out {
        page.wrapped(0, 3, &[(DIM, "left out:"), (BOLD, target.name()), (PLAIN, why)]);
    }
    let differences = differences(prescription);
    if !differences.is_empty() {
        page.gap();
        page.wrapped(0, 0, &[(BOLD, "difference")]);
        let mut last = "";
        for difference in &differences {
            if difference.path != last {
                page.wrapped(2, 4, &[(CYAN, &difference.path)]);
                last = &difference.path;
            }
            for (sign, style, value) in [("-", RED, &difference.before), ("+", GREEN, &difference.after)] {
                if !value.is_empty() {
                    page.labelled(4, (style, &format!("{sign} {}", difference.field)), 14, (PLAIN, value));
                }
            }
        }
    }
    let links = links(prescription);
    if !links.is_empty() {
        page.gap();
        page.wrapped(0, 0, &[(BOLD, "links")]);
        for (link, before, after) in &links {
            page.wrapped(2, 4, &[(PLAIN, link), (RED, before), (PLAIN, "->"), (style_of(after), after)]);
        }
    }
    let cured = cured(prescription);
    if !cured.is_empty() {
        page.gap();
        page.wrapped(0, 0, &[(BOLD, "heals")]);
        for finding in cured {
            page.wrapped(2, 4, &[(GREEN, finding.code), (PLAIN, &finding.subject), (DIM, &finding.message)]);
        }
    }
    remaining_on(page, prescription);
}

fn remaining_on(page: &mut Page, prescription: &Prescription) {
    let remaining = remaining(prescription);
    if remaining.is_empty() {
        return;
    }
    page.gap();
    page.wrapped(0, 0, &[(BOLD, "left for hands")]);
    for (finding, refusal) in remaining {
        page.wrapped(2, 4, &[(RED, finding.code), (PLAIN, &finding.subject), (DIM, &finding.message)]);
        if let Some(refusal) = refusal {
            page.labelled(4, (DIM, "why"), 6, (PLAIN, &refusal.message));
            for step in &refusal.way_out {
                page.labelled(4, (DIM, "then"), 6, (PLAIN, step));
            }
        }
        for step in &finding.remedy.steps {
            page.labelled(4, (DIM, "do"), 6, (PLAIN, step));
        }
        for advice in &finding.remedy.avoid {
            page.labelled(4, (DIM, "not"), 6, (PLAIN, advice));
        }
    }
}

fn style_of(verdict: &str) -> Style {
    match verdict {
        "ok" => GREEN,
        "broken" => RED,
        _ => YELLOW,
    }
}

fn outcome_on(page: &mut Page, told: &Told<'_>) {
    let mut say = |style: Style, head: &str, text: &str| page.wrapped(0, 2, &[(style, head), (PLAIN, text)]);
    match &told.outcome {
        Outcome::NothingToDo => say(GREEN, "nothing to do:", "no file would change"),
        Outcome::Planned => say(YELLOW, "planned:", "--dry-run writes nothing"),
        Outcome::Declined => say(YELLOW, "declined:", "nothing has changed"),
        Outcome::CouldNotRead(why) => say(YELLOW, "incomplete:", why),
        Outcome::Refused(refusal) => {
            say(RED, "refused:", &format!("{}; nothing has changed", refusal.message));
            for step in &refusal.way_out {
                page.labelled(2, (DIM, "then"), 6, (PLAIN, step));
            }
        }
        Outcome::Failed(failure) => {
            let head = if matches!(failure, Failure::Unchanged(_)) { "refused:" } else { "hands needed:" };
            say(RED, head, &failure.to_string());
            if let Failure::Torn { commands, .. } = failure {
                for command in commands {
                    page.command(2, command);
                }
            }
        }
        Outcome::Done { backup, live } => {
            say(GREEN, "done:", "every file is in place and was read back");
            for (endpoint, outcome, because) in live {
                page.labelled(2, (DIM, outcome), 10, (PLAIN, &format!("{endpoint}: {because}")));
            }
            after_on(page, told, backup.as_ref());
        }
        Outcome::Requested { files } => {
            say(GREEN, "requested:", "nothing of the PKI has changed");
            for file in files {
                page.wrapped(2, 4, &[(PLAIN, &file.display().to_string())]);
            }
            page.labelled(2, (DIM, "then"), 6, (PLAIN, "have every .csr signed by the CA as kubeadm would (the usages are not in it), put each certificate beside it as .crt, and run the same with --install instead of --csr"));
        }
        Outcome::Listed(listed) => listed_on(page, listed),
        Outcome::Restored { files, backup } => {
            let text = match files.len() {
                0 => "every file is as it was saved".to_owned(),
                1 => "1 file was put back".to_owned(),
                count => format!("{count} files were put back"),
            };
            say(GREEN, "restored:", &text);
            for file in files {
                page.wrapped(2, 4, &[(PLAIN, &file.display().to_string())]);
            }
            backup_on(page, told, backup.as_ref());
            restarts_on(page, &restarts_after(files));
        }
        Outcome::Recovered(recovered) => {
            let (words, run) = recovered_words(recovered);
            let run = run.map(|run| format!(" ({})", run.id)).unwrap_or_default();
            say(GREEN, "recovered:", &format!("{words}{run}"));
        }
    }
}

fn after_on(page: &mut Page, told: &Told<'_>, backup: Option<&PathBuf>) {
    backup_on(page, told, backup);
    if let Some(prescription) = told.prescription {
        restarts_on(page, &plan::restarts(&prescription.plan));
    }
}

fn restarts_on(page: &mut Page, restarts: &[Restart]) {
    for restart in restarts {
        let label = if restart.process.is_empty() { "no restart" } else { "restart" };
        let text = if restart.process.is_empty() {
            restart.why.clone()
        } else {
            format!("{}: {}", restart.process, restart.why)
        };
        page.labelled(2, (DIM, label), 10, (PLAIN, &text));
    }
    if restarts.iter().any(|restart| restart.process.starts_with("kube-") || restart.process.starts_with("etcd")) {
        for line in plan::how_to_restart() {
            page.labelled(2, (DIM, "how"), 10, (PLAIN, line));
        }
    }
}

fn backup_on(page: &mut Page, told: &Told<'_>, backup: Option<&PathBuf>) {
    if let Some(backup) = backup {
        page.labelled(2, (DIM, "backup"), 10, (PLAIN, &backup.display().to_string()));
        page.labelled(2, (DIM, "undo"), 10, (PLAIN, &undo(told, backup)));
    }
}

/// What files that were put back make necessary.
fn restarts_after(files: &[PathBuf]) -> Vec<Restart> {
    plan::restarts_for(files.iter().filter_map(|file| file.to_str()))
}

fn restart_objects(restarts: &[Restart]) -> Value {
    restarts.iter().map(|restart| json!({ "process": restart.process, "why": restart.why })).collect()
}

/// The whole path works wherever the backup is; its name alone is enough in the usual place.
fn undo(told: &Told<'_>, backup: &Path) -> String {
    let name = backup.file_name().unwrap_or_default().to_string_lossy();
    let is_usual =
        told.whose.is_empty() && backup.parent().is_some_and(|parent| parent.ends_with("kubernetes/pkidoctor-backups"));
    let which = if is_usual { name.into_owned() } else { act::quoted(backup) };
    format!("pkidoctor restore {which}{}", told.whose)
}

fn listed_on(page: &mut Page, listed: &[Listed]) {
    if listed.is_empty() {
        page.wrapped(0, 2, &[(PLAIN, "there are no backups here")]);
    }
    for one in listed {
        let name = one.directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match &one.backup {
            Ok(backup) => {
                page.wrapped(
                    0,
                    2,
                    &[(BOLD, &name), (DIM, &rfc3339(backup.run().at)), (PLAIN, &backup.run().words.join(" "))],
                );
                for file in backup.changed() {
                    page.wrapped(2, 4, &[(PLAIN, &file.display().to_string())]);
                }
            }
            Err(why) => page.wrapped(0, 2, &[(YELLOW, &name), (PLAIN, &why.to_string())]),
        }
    }
}

// ---- for programs ----

fn object(told: &Told<'_>) -> Value {
    let mut object = json!({
        "schema": "pkidoctor.repair.v1",
        "tool": { "name": "pkidoctor", "version": env!("CARGO_PKG_VERSION") },
        "at": rfc3339(told.at),
        "command": told.command,
        "outcome": told.outcome.name(),
    });
    let mut set = |key: &str, value: Value| {
        object[key] = value;
    };
    if let Some(prescription) = told.prescription {
        set("node", json!(prescription.after.nodes.first().map(|node| &node.name)));
        set("steps", prescription.plan.steps.iter().map(step_object).collect());
        set("questions", json!(prescription.plan.questions));
        let left_out = prescription.plan.left_out.iter();
        set("left_out", left_out.map(|(target, why)| json!({ "target": target.name(), "why": why })).collect());
        set(
            "differences",
            differences(prescription)
                .into_iter()
                .map(|one| json!({ "path": one.path, "field": one.field, "before": one.before, "after": one.after }))
                .collect(),
        );
        set(
            "links",
            links(prescription)
                .into_iter()
                .map(|(link, before, after)| json!({ "link": link, "before": before, "after": after }))
                .collect(),
        );
        set(
            "cured",
            cured(prescription)
                .into_iter()
                .map(|finding| json!({ "code": finding.code, "subject": finding.subject }))
                .collect(),
        );
        set("remaining", remaining(prescription).into_iter().map(|(finding, refusal)| json!({ "code": finding.code, "subject": finding.subject, "message": finding.message, "refusal": refusal.map(refusal_object), "remedy": finding.remedy })).collect());
        set("restarts", restart_objects(&plan::restarts(&prescription.plan)));
    }
    match &told.outcome {
        Outcome::Done { backup, live } => {
            set("backup", json!(backup));
            let live = live.iter();
            set(
                "live",
                live.map(
                    |(endpoint, outcome, why)| json!({ "endpoint": endpoint, "outcome": outcome, "because": why }),
                )
                .collect(),
            );
        }
        Outcome::Restored { files, backup } => {
            set("files", json!(files));
            set("backup", json!(backup));
            set("restarts", restart_objects(&restarts_after(files)));
        }
        Outcome::Requested { files } => set("files", json!(files)),
        Outcome::Refused(refusal) => set("refusal", refusal_object(refusal)),
        Outcome::CouldNotRead(why) => set("error", json!(why)),
        Outcome::Failed(failure) => {
            set("error", json!(failure.to_string()));
            if let Failure::Torn { commands, .. } = failure {
                set("commands", json!(commands));
            }
        }
        Outcome::Listed(listed) => set("backups", listed.iter().map(listed_object).collect()),
        Outcome::Recovered(recovered) => {
            let (words, run) = recovered_words(recovered);
            set("recovered", json!({ "what": words, "run": run }));
        }
        Outcome::NothingToDo | Outcome::Planned | Outcome::Declined => {}
    }
    object
}

fn step_object(step: &Step) -> Value {
    let notes: Vec<Value> =
        step.notes.iter().map(|note| json!({ "about": note.about, "value": note.value, "why": note.why })).collect();
    json!({ "kind": step.kind.name(), "target": step.target, "what": what(step), "files": files(step), "notes": notes })
}

fn refusal_object(refusal: &Refusal) -> Value {
    json!({ "code": refusal.code, "message": refusal.message, "way_out": refusal.way_out })
}

fn listed_object(one: &Listed) -> Value {
    match &one.backup {
        Ok(backup) => {
            json!({ "directory": one.directory, "run": backup.run(), "home": backup.home(), "changed": backup.changed() })
        }
        Err(why) => json!({ "directory": one.directory, "error": why.to_string() }),
    }
}
