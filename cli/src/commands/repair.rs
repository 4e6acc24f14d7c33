//! `regen`, `fix`, `restore`, `recover`: the commands that write.

use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use pkidoctor::act::{Backup, Failure, RealFiles, Recovered, Run, backups};
use pkidoctor::go::GoVersion;
use pkidoctor::issue::KeyKind;
use pkidoctor::plan::{self, KeyChoice, RotationStep};
use pkidoctor::read::Request;
use pkidoctor::repair::{self, Done, Nobody, NotDone, Prescription, Refused, Selection, Setting, Witness};
use time::OffsetDateTime;

use super::scan;
use crate::args::{Fix, KeyType, Manner, Manners, Patient, Recover, Regen, Restore, StepName, USUAL_PKI, clock};
use crate::exit::Exit;
use crate::language::tr;
use crate::output::{Output, say};
use crate::render::repair::{self as render, Outcome, Told};

/// Runs `regen`.
///
/// # Errors
/// When the output cannot be written.
pub(crate) fn regen(regen: &Regen, manners: &Manners, out: &mut Output) -> io::Result<Exit> {
    let setting = setting(&regen.patient);
    let options = options(regen);
    if let Some(what) = inapplicable(regen) {
        say(what);
        return Ok(Exit::CouldNotLook);
    }
    if let Some(directory) = &regen.csr {
        return requests(regen, &setting, directory, manners, out);
    }
    if regen.step.is_some() || regen.targets.iter().any(|target| target == ROTATION) {
        return rotate(regen, &setting, &options, manners, out);
    }
    let prescription = match &regen.install {
        Some(directory) => repair::install(&setting, &regen.targets, &options, directory),
        None => repair::regen(&setting, &regen.targets, &options),
    };
    let asks = regen.only_san || regen.adopt_ca || regen.targets.iter().any(|target| target == "all");
    let order = Order { command: "regen", patient: &regen.patient, setting: &setting, manner: &regen.manner, asks };
    order.follow(prescription, manners, out)
}

/// The target that is a rotation in steps, and stands alone.
const ROTATION: &str = "etcd-ca";

/// What was asked for that would have no effect: whoever asks means something by it.
fn inapplicable(regen: &Regen) -> Option<&'static str> {
    let has = |names: &[&str]| regen.targets.iter().any(|target| names.contains(&target.as_str()));
    let of_leaves = !regen.san.is_empty() || regen.only_san || regen.keep_key || regen.days.is_some();
    if has(&[ROTATION]) {
        if regen.csr.is_some() || regen.install.is_some() || regen.adopt_ca {
            return Some("etcd-ca is made here, in steps (--step): no --csr, --install or --adopt-ca");
        }
        if of_leaves && regen.step != Some(StepName::Leaves) {
            return Some("--san, --only-san, --keep-key and --days are of leaves: with etcd-ca only in --step leaves");
        }
    } else if (!regen.san.is_empty() || regen.only_san)
        && !has(&["etcd", "all", "etcd-server", "etcd-peer", "apiserver"])
    {
        return Some("--san and --only-san are for certificates that servers show: none of these targets is one");
    }
    None
}

/// One step of the rotation of etcd's CA; without a step the next one is shown.
fn rotate(
    regen: &Regen,
    setting: &Setting,
    options: &plan::Options,
    manners: &Manners,
    out: &mut Output,
) -> io::Result<Exit> {
    if regen.targets != [ROTATION] {
        say("etcd-ca is made anew in steps (--step), and alone: its leaves follow in the step leaves");
        return Ok(Exit::CouldNotLook);
    }
    let step = regen.step.map(|step| match step {
        StepName::Bundle => RotationStep::Bundle,
        StepName::Leaves => RotationStep::Leaves,
        StepName::Drop => RotationStep::Drop,
    });
    let prescription = repair::rotate(setting, step, options);
    let manner = Manner { dry_run: regen.manner.dry_run || step.is_none(), ..regen.manner.clone() };
    if step.is_none() && !manners.quiet {
        say("--step bundle: a new CA, trusted beside the old one; then restarts of etcd and kube-apiserver");
        say("--step leaves: new certificates of the new CA, on every node");
        say("--step drop: the old CA goes; then the same restarts again");
        say("the next one here is shown");
    }
    Order { command: "regen", patient: &regen.patient, setting, manner: &manner, asks: true }.follow(
        prescription,
        manners,
        out,
    )
}

/// Writes keys and requests for a CA whose key is elsewhere; nothing of the PKI changes.
fn requests(
    regen: &Regen,
    setting: &Setting,
    directory: &Path,
    manners: &Manners,
    out: &mut Output,
) -> io::Result<Exit> {
    let order = Order { command: "regen", patient: &regen.patient, setting, manner: &regen.manner, asks: false };
    let requested = match repair::requests(setting, &regen.targets, &options(regen)) {
        Ok(requested) => requested,
        Err(refused) => return order.refused(&refused, manners, out),
    };
    let outcome = if regen.manner.dry_run {
        Outcome::Planned
    } else {
        let directory = std::path::absolute(directory)?;
        let written = match repair::home(&setting.request) {
            Ok(home) => repair::write_requests(&RealFiles, &home, &directory, &requested, run(setting.now)),
            Err(error) => Err(error.into()),
        };
        of(written.map(|files| Outcome::Requested { files }))
    };
    tell(
        &Told { command: "regen", whose: whose(&regen.patient), at: setting.now, prescription: None, outcome },
        manners,
        out,
    )
}

/// Runs `fix`.
///
/// # Errors
/// When the output cannot be written.
pub(crate) fn fix(fix: &Fix, manners: &Manners, out: &mut Output) -> io::Result<Exit> {
    let setting = setting(&fix.patient);
    let selection = Selection { select: fix.select.clone(), ignore: fix.ignore.clone() };
    let prescription = repair::fix(&setting, &selection);
    let order = Order { command: "fix", patient: &fix.patient, setting: &setting, manner: &fix.manner, asks: true };
    order.follow(prescription, manners, out)
}

fn setting(patient: &Patient) -> Setting {
    Setting { request: request(patient), now: clock(), go: GoVersion::NEWEST, built: built() }
}

fn request(patient: &Patient) -> Request {
    scan::request(&patient.place, patient.pki.clone())
}

/// The words that lead another command to the same files.
fn whose(patient: &Patient) -> String {
    let quoted = |flag: &str, path: &PathBuf| format!(" {flag} {}", pkidoctor::act::quoted(path));
    let pki = patient.pki.first().filter(|pki| **pki != Path::new(USUAL_PKI)).map(|pki| quoted("--pki", pki));
    let root = patient.place.root.as_ref().map(|root| quoted("--root", root));
    [pki, root].into_iter().flatten().collect()
}

/// When this program was built (`build.rs`).
fn built() -> OffsetDateTime {
    let seconds = env!("PKIDOCTOR_BUILT").parse().unwrap_or_default();
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn options(regen: &Regen) -> plan::Options {
    let key = match regen.key_type {
        _ if regen.keep_key => KeyChoice::InPlace,
        KeyType::Same => KeyChoice::Same,
        KeyType::Rsa2048 => KeyChoice::Kind(KeyKind::Rsa2048),
        KeyType::Rsa3072 => KeyChoice::Kind(KeyKind::Rsa3072),
        KeyType::Rsa4096 => KeyChoice::Kind(KeyKind::Rsa4096),
        KeyType::P256 => KeyChoice::Kind(KeyKind::P256),
        KeyType::P384 => KeyChoice::Kind(KeyKind::P384),
    };
    plan::Options {
        san: regen.san.clone(),
        only_san: regen.only_san,
        key,
        days: regen.days.unwrap_or(plan::Options::default().days),
        node_name: regen.node_name.clone(),
        organization: regen.organization.clone(),
        without_ca_key: regen.csr.is_some() || regen.install.is_some(),
        adopt_ca: regen.adopt_ca,
    }
}

/// The name of a run: when, and which process.
fn run(now: OffsetDateTime) -> Run {
    let words = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let (date, time) = (now.date(), now.time());
    let id = format!(
        "{}{:02}{:02}T{:02}{:02}{:02}Z-{:x}",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
        std::process::id()
    );
    Run { id, words, at: now }
}

/// Where backups are kept unless somebody says otherwise: beside the PKI.
fn beside(home: &Path) -> PathBuf {
    home.with_file_name("pkidoctor-backups")
}

/// How long one handshake with a running etcd may take.
#[cfg(feature = "live")]
const HANDSHAKE: std::time::Duration = std::time::Duration::from_secs(5);

/// What a command was asked to do with its prescription.
struct Order<'a> {
    command: &'static str,
    patient: &'a Patient,
    setting: &'a Setting,
    manner: &'a Manner,
    asks: bool,
}

impl Order<'_> {
    fn told<'p>(&self, prescription: Option<&'p Prescription>, outcome: Outcome) -> Told<'p> {
        Told { command: self.command, whose: whose(self.patient), at: self.setting.now, prescription, outcome }
    }

    fn follow(
        &self,
        prescription: Result<Prescription, Refused>,
        manners: &Manners,
        out: &mut Output,
    ) -> io::Result<Exit> {
        let prescription = match prescription {
            Ok(prescription) => prescription,
            Err(refused) => return self.refused(&refused, manners, out),
        };
        let outcome = self.outcome(&prescription)?;
        tell(&self.told(Some(&prescription), outcome), manners, out)
    }

    fn refused(&self, refused: &Refused, manners: &Manners, out: &mut Output) -> io::Result<Exit> {
        let outcome = match refused {
            Refused::Read(error) => {
                say(&error.to_string());
                Outcome::CouldNotRead(error.to_string())
            }
            Refused::Target(error) => {
                let known = plan::Target::every().into_iter().map(|target| target.name());
                let hint = crate::suggest::nearest(&error.0, known.chain(["etcd", "all", ROTATION]));
                let hint = hint.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
                say(&format!("{error}{hint}"));
                return Ok(Exit::CouldNotLook);
            }
            Refused::No(refusal) => Outcome::Refused(refusal.clone()),
        };
        tell(&self.told(None, outcome), manners, out)
    }

    fn outcome(&self, prescription: &Prescription) -> io::Result<Outcome> {
        if prescription.is_empty() {
            // whoever cannot see has not seen that nothing is wrong
            let unseen = prescription.after.verdict == "incomplete";
            let why = "not every file could be read; run this as root";
            return Ok(if unseen { Outcome::CouldNotRead(why.to_owned()) } else { Outcome::NothingToDo });
        }
        if self.manner.dry_run {
            return Ok(Outcome::Planned);
        }
        if !self.consents(prescription) {
            return Ok(Outcome::Declined);
        }
        let home = match prescription.home() {
            Ok(home) => home,
            Err(refusal) => return Ok(Outcome::Refused(refusal)),
        };
        let backup = match &self.manner.backup {
            _ if self.manner.no_backup => None,
            Some(Some(directory)) => Some(std::path::absolute(directory)?),
            Some(None) | None => Some(beside(&home)),
        };
        #[cfg(feature = "live")]
        if self.manner.verify_live {
            return self.watched(prescription, backup);
        }
        Ok(self.with(prescription, backup, &mut Nobody))
    }

    /// Shown to the running etcd before, and seen served after.
    #[cfg(feature = "live")]
    fn watched(&self, prescription: &Prescription, backup: Option<PathBuf>) -> io::Result<Outcome> {
        let mut watcher = pkidoctor_live::Watcher::new(HANDSHAKE, self.manner.wait)?;
        let outcome = self.with(prescription, backup, &mut watcher);
        let seen = watcher.seen().iter();
        let told = seen.map(|seen| (seen.endpoint.clone(), seen.outcome, seen.because.clone())).collect();
        Ok(match outcome {
            Outcome::Done { backup, .. } => Outcome::Done { backup, live: told },
            other => other,
        })
    }

    fn with(&self, prescription: &Prescription, backup: Option<PathBuf>, witness: &mut dyn Witness) -> Outcome {
        let done = prescription.carry_out(self.setting, &RealFiles, run(self.setting.now), backup, witness);
        of(done.map(|Done { backup }| Outcome::Done { backup, live: Vec::new() }))
    }

    /// What asks is asked; where nobody can answer, the answer is no.
    fn consents(&self, prescription: &Prescription) -> bool {
        let questions = &prescription.plan.questions;
        if self.manner.yes || !self.asks && questions.is_empty() {
            return true;
        }
        for question in questions {
            say(question);
        }
        if !io::stdin().is_terminal() {
            say("nobody is there to answer; --yes answers");
            return false;
        }
        // who could not be asked has not agreed
        ask(prescription.plan.steps.len()).unwrap_or(false)
    }
}

fn ask(steps: usize) -> io::Result<bool> {
    let mut talk = io::stderr().lock();
    let plural = if steps == 1 { "" } else { "s" };
    write!(talk, "pkidoctor: {} ", tr(&format!("carry out {steps} step{plural}? [y/N]")))?;
    talk.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

fn of(result: Result<Outcome, NotDone>) -> Outcome {
    match result {
        Ok(outcome) => outcome,
        Err(NotDone::Read(error)) => Outcome::CouldNotRead(error.to_string()),
        Err(NotDone::Refused(refusal)) => Outcome::Refused(refusal),
        Err(NotDone::Failed(failure)) => Outcome::Failed(failure),
    }
}

/// Tells what became of it. Its exit code stands even where this cannot be written any more.
fn tell(told: &Told<'_>, manners: &Manners, out: &mut Output) -> io::Result<Exit> {
    let exit = exit(told);
    out.stands(exit);
    render::tell(told, manners, out)?;
    Ok(exit)
}

fn exit(told: &Told<'_>) -> Exit {
    // the journal of somebody else, seen while this was planned, was gone when this took the lock
    let is_done = matches!(told.outcome, Outcome::Done { .. });
    let is_left = |prescription: &Prescription| {
        let findings = prescription.after.findings.iter().filter(|finding| !finding.ignored);
        let mut errors = findings.filter(|finding| finding.severity == "error");
        errors.any(|finding| !(is_done && finding.code == "interrupted-repair")) || !prescription.left.is_empty()
    };
    let remain = told.prescription.is_some_and(is_left);
    match &told.outcome {
        Outcome::NothingToDo | Outcome::Done { .. } | Outcome::Planned if remain => Exit::Found,
        Outcome::NothingToDo | Outcome::Done { .. } | Outcome::Planned => Exit::Clean,
        Outcome::CouldNotRead(_) => Exit::CouldNotLook,
        Outcome::Declined | Outcome::Refused(_) | Outcome::Failed(Failure::Unchanged(_)) => Exit::Unchanged,
        Outcome::Failed(_) => Exit::HandsNeeded,
        Outcome::Requested { .. } | Outcome::Listed(_) | Outcome::Restored { .. } | Outcome::Recovered(_) => {
            Exit::Clean
        }
    }
}

/// Runs `restore`.
///
/// # Errors
/// When the output cannot be written.
pub(crate) fn restore(restore: &Restore, manners: &Manners, out: &mut Output) -> io::Result<Exit> {
    let outcome = match repair::home(&request(&restore.patient)) {
        Ok(home) => restored(restore, &home),
        Err(error) => {
            say(&error.to_string());
            Outcome::CouldNotRead(error.to_string())
        }
    };
    tell(
        &Told { command: "restore", whose: whose(&restore.patient), at: clock(), prescription: None, outcome },
        manners,
        out,
    )
}

fn restored(restore: &Restore, home: &Path) -> Outcome {
    let parent = restore.from.clone().unwrap_or_else(|| beside(home));
    let failed = |reason| Outcome::Failed(Failure::Unchanged(reason));
    let Some(name) = &restore.backup else {
        return backups(&RealFiles, &parent).map_or_else(failed, Outcome::Listed);
    };
    // a bare name is one of those listed
    let directory = if name.components().count() == 1 { parent.join(name) } else { name.clone() };
    let backup = match Backup::open(&RealFiles, &directory) {
        Ok(backup) => backup,
        Err(reason) => return failed(reason),
    };
    let (which, save) = ((restore.all, restore.force), Some(beside(home)));
    let done = repair::restore(&RealFiles, home, &backup, which, run(clock()), save);
    of(done.map(|(files, Done { backup })| Outcome::Restored { files, backup }))
}

/// Runs `recover`.
///
/// # Errors
/// When the output cannot be written.
pub(crate) fn recover(recover: &Recover, manners: &Manners, out: &mut Output) -> io::Result<Exit> {
    let outcome = match repair::recover(&RealFiles, &request(&recover.patient)) {
        Ok(recovered) => Outcome::Recovered(recovered),
        Err(NotDone::Failed(failure)) => Outcome::Failed(failure),
        Err(NotDone::Refused(refusal)) => Outcome::Refused(refusal),
        Err(NotDone::Read(error)) => {
            say(&error.to_string());
            Outcome::CouldNotRead(error.to_string())
        }
    };
    tell(
        &Told { command: "recover", whose: whose(&recover.patient), at: clock(), prescription: None, outcome },
        manners,
        out,
    )
}

/// What `recover` says it did.
pub(crate) fn recovered_words(recovered: &Recovered) -> (&'static str, Option<&Run>) {
    match recovered {
        Recovered::Nothing => ("nothing was interrupted", None),
        Recovered::Undone(run) => ("undone: every file is as it was before", run.as_ref()),
        Recovered::Finished(run) => ("finished: every file is as that repair meant it to be", Some(run)),
    }
}
