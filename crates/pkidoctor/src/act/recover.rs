//! Finishes or undoes an interrupted repair, by its journal and by what is on disk.
//!
//! It may be interrupted itself, anywhere: every step leaves what the next attempt needs. The journal is input: what
//! it says is done only where the files' own digests agree, to files of our own naming beside them.

use std::io;
use std::path::{Path, PathBuf};

use super::backup;
use super::files::Kind;
use super::journal::{BackupPlace, Header, Journal, MAX_JOURNAL, Run, parse};
use super::ledger::{Ledger, Position, clear_journal};
use super::lock::{Lock, journal_name};
use super::paths::{below, moved};
use super::quoted;
use super::reason::{Failure, Reason, Stopped, While};

/// What recovering did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Recovered {
    /// There was no journal.
    Nothing,
    /// Every file is as it was before that run; `None`: it had not even written its name.
    Undone(Option<Run>),
    /// Every file is as that run meant it to be.
    Finished(Run),
}

/// Makes a directory whole after an interrupted repair. Files outside of the directories `within` are not touched (`/`:
/// any file): a tree that came from elsewhere brings its own journal. The run's own backup may be anywhere, where the
/// tree is where the journal was written.
///
/// A journal that was written when the tree was elsewhere is followed when the whole node moved (its disk is now below
/// `/mnt`), and refused when only the directory did.
///
/// # Errors
/// [`Failure::Unchanged`] when the journal is not to be followed or cannot be read (it stays), [`Failure::Torn`] when someone has changed a file
/// since, [`Failure::Interrupted`] when the disk does not take it.
pub fn recover(lock: &Lock<'_>, within: &[PathBuf]) -> Result<Recovered, Failure> {
    let journal = read(lock).map_err(Failure::Unchanged)?;
    match journal {
        None => Ok(Recovered::Nothing),
        Some(Journal::Empty) => {
            clear_journal(lock.files, &lock.home).map_err(|reason| stopped(reason, Stopped::Before))?;
            Ok(Recovered::Undone(None))
        }
        Some(Journal::Broken(why)) => Err(broken(lock, why)),
        Some(Journal::Begun { header, committed }) => {
            let header = here(lock, header, within).map_err(Failure::Unchanged)?;
            let ledger = Ledger::open(lock, header).map_err(Failure::Unchanged)?;
            make_whole(&ledger, committed)
        }
    }
}

fn stopped(reason: Reason, files: Stopped) -> Failure {
    Failure::Interrupted { reason, files }
}

fn read(lock: &Lock<'_>) -> Result<Option<Journal>, Reason> {
    let (files, home, path) = (lock.files, &lock.home, lock.journal());
    let Some(facts) = files.facts(home, &journal_name()).while_at("look at", &path)? else { return Ok(None) };
    let not_ours = |why: &str| Reason::Journal { path: path.clone(), why: why.to_owned() };
    if facts.kind != Kind::File || facts.size > MAX_JOURNAL {
        return Err(not_ours("expected a regular file of at most 1 MiB"));
    }
    if facts.mode & 0o022 != 0 || files.user().is_some_and(|user| ![user, 0].contains(&facts.uid)) {
        return Err(not_ours("expected a file of this user that nobody else may write"));
    }
    let bytes = files.open(home, &journal_name()).and_then(|file| files.read(&file, MAX_JOURNAL));
    Ok(Some(parse(&bytes.while_at("read", &path)?)))
}

/// The header with its paths as they are on this machine now.
fn here(lock: &Lock<'_>, mut header: Header, within: &[PathBuf]) -> Result<Header, Reason> {
    let refuse = |why: String| Reason::Journal { path: lock.journal(), why };
    let mut places = Vec::new();
    for place in within {
        match lock.files.real_path(place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            answer => places.push(answer.while_at("find", place)?),
        }
    }
    let Some(prefix) = moved(&header.home.0, lock.home()) else {
        let why = format!("it was written for {}, and this is {}", header.home.0.display(), lock.home().display());
        return Err(refuse(why));
    };
    let is_outside = |path: &Path| !places.iter().any(|place| path.starts_with(place));
    let outside = |path: &Path| {
        let places: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
        refuse(format!("it names {}, which is outside {}", path.display(), places.join(" and ")))
    };
    let changes = header.changes.iter_mut().map(|change| &mut change.path);
    for path in changes.chain([&mut header.home]) {
        path.0 = below(&prefix, &path.0);
        if is_outside(&path.0) {
            return Err(outside(&path.0));
        }
    }
    if let Some(BackupPlace { parent, made }) = &mut header.backup {
        for path in made.iter_mut().chain([&mut *parent]) {
            path.0 = below(&prefix, &path.0);
        }
        let is_own = || Ok(prefix.as_os_str().is_empty() && backup::is_of(lock.files, &parent.0, &header.run)?);
        if is_outside(&parent.0) && !is_own()? {
            return Err(outside(&parent.0));
        }
    }
    Ok(header)
}

fn make_whole(ledger: &Ledger<'_>, committed: bool) -> Result<Recovered, Failure> {
    let run = ledger.header.run.clone();
    let positions = ledger.positions().map_err(Failure::Unchanged)?;
    // a file that is already new proves the commit, whatever became of the line that says so
    if !committed && !positions.contains(&Position::Done) {
        return clear_undone(ledger, run);
    }
    if let Some((odd, _)) = ledger.places.iter().zip(&positions).find(|(_, position)| **position == Position::Foreign) {
        return Err(ledger.torn(odd));
    }
    if positions.contains(&Position::Back) {
        ledger.undo()?;
        return clear_undone(ledger, run);
    }
    finish(ledger, &positions).map_err(|reason| stopped(reason, Stopped::Between))?;
    ledger.clear(false).map_err(|reason| stopped(reason, Stopped::After))?;
    Ok(Recovered::Finished(run))
}

fn finish(ledger: &Ledger<'_>, positions: &[Position]) -> Result<(), Reason> {
    ledger.forward(positions)?;
    ledger.sync()?;
    ledger.read_back(|place| (place.after, place.before))
}

fn clear_undone(ledger: &Ledger<'_>, run: Run) -> Result<Recovered, Failure> {
    ledger.clear(true).map_err(|reason| stopped(reason, Stopped::Before))?;
    Ok(Recovered::Undone(Some(run)))
}

/// A crash does not leave such a journal; what it was about, only the files can tell.
fn broken(lock: &Lock<'_>, why: String) -> Failure {
    let above = lock.home().parent().unwrap_or(lock.home());
    let commands = vec![
        "# a .new file was to replace a file beside it, a .old file is what one was before; compare and move them"
            .into(),
        format!("find {} -name '.pkidoctor-*'", quoted(above)),
        format!("rm -- {}", quoted(&lock.journal())),
        "pkidoctor scan".to_owned(),
    ];
    Failure::Torn { reason: Reason::Journal { path: lock.journal(), why }, commands }
}
