//! Stage, commit, undo: how a repair comes to the disk.
//!
//! ```text
//! journal header → staged files, kept originals → backup → (others verify) → journal "commit" → renames → clean up
//! ```
//!
//! Each arrow is an fsync of the files and directories concerned. Whatever happens before "commit" is undone by
//! removing our own files; whatever happens after it can be finished, or undone with the kept originals.

use std::collections::BTreeSet;
use std::ffi::CStr;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use zeroize::Zeroizing;

use super::backup::{self, BackupRequest};
use super::digest::Digest;
use super::dress::{Dress, PRIVATE, attributes, dress};
use super::files::{Directory, Files};
use super::journal::{self, BackupPlace, Entry, FileState, Header, MAX_CHANGES, Run};
use super::ledger::{Here, Ledger, Place, Position, seen};
use super::lock::{Lock, journal_name};
use super::paths::{PathText, split};
use super::reason::{Failure, Reason, Stopped, While};
use crate::cluster::MAX_FILE;

/// What one file is to become. It has no `Debug`, because it may hold a private key.
pub struct Change {
    /// The file itself on this machine: absolute, every link resolved.
    pub path: PathBuf,
    /// SHA-256 of what the plan was made for; `None`: there must be no file.
    pub before: Option<[u8; 32]>,
    /// What it is to be.
    pub after: After,
}

/// What a file is to be.
pub enum After {
    /// A file. Extended attributes (SELinux label, ACLs) are those of the file that it replaces.
    File {
        /// What it holds; at most 4 MiB.
        bytes: Zeroizing<Vec<u8>>,
        /// Permission bits, at most `0777`.
        mode: u32,
        /// User and group; `None`: as before, and for a new file as the process has it.
        owner: Option<(u32, u32)>,
    },
    /// No file.
    Absent,
}

/// A repair whose every byte is on disk, beside the files that it will replace; nothing has been replaced.
///
/// Dropping it leaves the disk as a crash would: commit or abandon it.
#[must_use = "a staged repair is to be committed or abandoned"]
pub struct Staged<'a> {
    ledger: Ledger<'a>,
    backup: Option<PathBuf>,
}

/// A repair that is done and can still be undone.
#[must_use = "a committed repair is to be finished or undone"]
pub struct Committed<'a> {
    ledger: Ledger<'a>,
    backup: Option<PathBuf>,
}

impl<'a> Staged<'a> {
    /// Writes everything that the repair needs, in the final modes from the first byte, and a backup if one is asked
    /// for. Changes that change nothing are left out.
    ///
    /// # Errors
    /// [`Failure::Unchanged`] when it cannot be done, [`Failure::Interrupted`] when not even our own files could be
    /// removed again.
    pub fn stage(
        lock: &'a Lock<'_>,
        run: Run,
        changes: Vec<Change>,
        backup: Option<BackupRequest>,
    ) -> Result<Self, Failure> {
        let plan = Preflight { lock, run, changes, backup }.look().map_err(Failure::Unchanged)?;
        let (ledger, changes, everything) = plan;
        begin_journal(&ledger)?;
        match write_all(&ledger, changes, everything) {
            Ok(backup) => Ok(Self { ledger, backup }),
            Err(reason) => Err(ledger.give_up(reason)),
        }
    }

    /// Every file that will change, in order, and where its new contents are meanwhile; `None`: it will be removed.
    pub fn overlay(&self) -> Vec<(PathBuf, Option<PathBuf>)> {
        let staged = |place: &Place| place.after.map(|_| self.ledger.directory(place).join(&place.staged));
        self.ledger.places.iter().map(|place| (self.ledger.path(place), staged(place))).collect()
    }

    /// Removes what was staged, and its backup.
    ///
    /// # Errors
    /// [`Failure::Interrupted`] when something of ours could not be removed.
    pub fn abandon(self) -> Result<(), Failure> {
        self.ledger.clear(true).map_err(|reason| Failure::Interrupted { reason, files: Stopped::Before })
    }

    /// Replaces the files, in order, if each is still what the plan was made for. An error on the way puts every
    /// file back.
    ///
    /// # Errors
    /// As [`Failure`] says.
    pub fn commit(self) -> Result<Committed<'a>, Failure> {
        let Self { ledger, backup } = self;
        let positions = match require_ready(&ledger).and_then(|positions| say_commit(&ledger).map(|()| positions)) {
            Ok(positions) => positions,
            Err(reason) => return Err(ledger.give_up(reason)),
        };
        let outcome = ledger
            .forward(&positions)
            .and_then(|()| ledger.sync())
            .and_then(|()| ledger.read_back(|place| (place.after, place.before)));
        match outcome {
            Ok(()) => Ok(Committed { ledger, backup }),
            Err(reason) => Err(roll_back(&ledger, reason)),
        }
    }
}

impl Committed<'_> {
    /// Where the backup is.
    pub fn backup(&self) -> Option<&Path> {
        self.backup.as_deref()
    }

    /// Removes the kept originals and the journal. Returns where the backup is.
    ///
    /// # Errors
    /// [`Failure::Interrupted`] when something of ours could not be removed; the repair itself is done.
    pub fn finish(self) -> Result<Option<PathBuf>, Failure> {
        let stopped = |reason| Failure::Interrupted { reason, files: Stopped::After };
        self.ledger.clear(false).map_err(stopped)?;
        Ok(self.backup)
    }

    /// Puts every file back, for a check after the commit that failed, and removes the run's backup.
    ///
    /// # Errors
    /// As [`Failure`] says.
    pub fn undo(self) -> Result<(), Failure> {
        self.ledger.undo()?;
        self.ledger.clear(true).map_err(|reason| Failure::Interrupted { reason, files: Stopped::Before })
    }
}

fn roll_back(ledger: &Ledger<'_>, reason: Reason) -> Failure {
    match ledger.undo() {
        Ok(()) => ledger.give_up(reason),
        // what stopped the repair says more than what stopped its undoing
        Err(Failure::Interrupted { files, .. }) => Failure::Interrupted { reason, files },
        Err(other) => other,
    }
}

fn require_ready(ledger: &Ledger<'_>) -> Result<Vec<Position>, Reason> {
    let positions = ledger.positions()?;
    for (place, position) in ledger.places.iter().zip(&positions) {
        let (odd, wanted) = match position {
            // without it there would be no way back
            Position::Ready if place.after.is_some() && !ledger.is_kept(place)? => (&place.kept, place.before),
            Position::Ready => continue,
            Position::Back => (&place.staged, place.after),
            Position::Done | Position::Foreign => (&place.name, place.before),
        };
        return Err(stale(ledger.directory(place), odd, wanted, &ledger.seen(place, odd)?));
    }
    Ok(positions)
}

fn stale(directory: &Directory, name: &CStr, expected: Option<FileState>, found: &Here) -> Reason {
    let expected = expected.map_or_else(|| "no file".to_owned(), |state| state.sha256.to_string());
    Reason::Stale { path: directory.join(name), expected, found: found.words() }
}

fn begin_journal(ledger: &Ledger<'_>) -> Result<(), Failure> {
    let path = ledger.home.join(&journal_name());
    let too_large = || Reason::BadPlan { path: path.clone(), why: "the plan does not fit a journal".to_owned() };
    let line = journal::header_line(&ledger.header).ok_or_else(|| Failure::Unchanged(too_large()))?;
    // what cannot be created need not be removed: it may be another's
    let file = ledger
        .files
        .create(ledger.home, &journal_name(), PRIVATE)
        .while_at("create", &path)
        .map_err(Failure::Unchanged)?;
    let written = ledger
        .files
        .write(&file, &line)
        .and_then(|()| ledger.files.sync(&file))
        .and_then(|()| ledger.files.sync_directory(ledger.home));
    written.while_at("write", &path).map_err(|reason| ledger.give_up(reason))
}

fn say_commit(ledger: &Ledger<'_>) -> Result<(), Reason> {
    let path = ledger.home.join(&journal_name());
    let file = ledger.files.append(ledger.home, &journal_name()).while_at("open", &path)?;
    ledger.files.write(&file, &journal::commit_line()).while_at("write", &path)?;
    ledger.files.sync(&file).while_at("sync", &path)
}

fn write_all(ledger: &Ledger<'_>, changes: Vec<Change>, everything: Vec<PathBuf>) -> Result<Option<PathBuf>, Reason> {
    for (place, change) in ledger.places.iter().zip(changes) {
        if let After::File { bytes, .. } = change.after {
            write_staged(ledger, place, &bytes)?;
            keep(ledger, place)?;
        }
    }
    ledger.sync()?;
    backup::write(ledger.files, &ledger.header, everything)
}

fn write_staged(ledger: &Ledger<'_>, place: &Place, bytes: &[u8]) -> Result<(), Reason> {
    let Some(after) = place.after else { return Ok(()) };
    let directory = ledger.directory(place);
    let attributes = place.before.map(|_| attributes(ledger.files, directory, &place.name)).transpose()?;
    let clothes = Dress { mode: after.mode, owner: after.owner, attributes };
    write_new(ledger.files, directory, &place.staged, bytes, &clothes)
}

fn write_new(
    files: &dyn Files,
    directory: &Directory,
    name: &CStr,
    bytes: &[u8],
    clothes: &Dress,
) -> Result<(), Reason> {
    let path = directory.join(name);
    let file = files.create(directory, name, PRIVATE).while_at("create", &path)?;
    dress(files, &file, clothes, &path)?;
    files.write(&file, bytes).while_at("write", &path)?;
    files.sync(&file).while_at("sync", &path)
}

/// A second link to the file that will be replaced: putting it back is then a rename, which needs no space.
fn keep(ledger: &Ledger<'_>, place: &Place) -> Result<(), Reason> {
    let Some(before) = place.before else { return Ok(()) };
    let directory = ledger.directory(place);
    match ledger.files.link(directory, &place.name, &place.kept) {
        // no links here, too many of them, or not on a file of another (fs.protected_hardlinks)
        Err(error)
            if matches!(
                Errno::from_io_error(&error),
                Some(Errno::PERM | Errno::MLINK | Errno::OPNOTSUPP | Errno::NOSYS)
            ) =>
        {
            let path = directory.join(&place.name);
            let file = ledger.files.open(directory, &place.name).while_at("open", &path)?;
            let bytes = ledger.files.read(&file, MAX_FILE).while_at("read", &path)?;
            let attributes = Some(attributes(ledger.files, directory, &place.name)?);
            let clothes = Dress { mode: before.mode, owner: before.owner, attributes };
            write_new(ledger.files, directory, &place.kept, &bytes, &clothes)
        }
        answer => answer.while_at("link", &directory.join(&place.kept)),
    }
}

/// Everything that can be known before the first write.
struct Preflight<'a, 'b> {
    lock: &'a Lock<'b>,
    run: Run,
    changes: Vec<Change>,
    backup: Option<BackupRequest>,
}

type Planned<'a> = (Ledger<'a>, Vec<Change>, Vec<PathBuf>);

impl<'a> Preflight<'a, '_> {
    fn look(mut self) -> Result<Planned<'a>, Reason> {
        self.lock.refuse_leftovers()?;
        self.require_sense()?;
        let mut entries = Vec::new();
        let mut effective = Vec::new();
        for change in std::mem::take(&mut self.changes) {
            let entry = self.entry(&change)?;
            if entry.before != entry.after {
                entries.push(entry);
                effective.push(change);
            }
        }
        if entries.is_empty() {
            return Err(self.bad(self.lock.home(), "there is nothing to change"));
        }
        let place = match &self.backup {
            Some(request) => {
                let place = backup::place(self.lock.files, &request.parent, &self.run.id)?;
                backup::require_outside(self.lock.home(), &place.parent.0)?;
                Some(place)
            }
            None => None,
        };
        let header = Header::new(self.run.clone(), self.lock.home().to_path_buf(), entries, place);
        let ledger = Ledger::open(self.lock, header)?;
        let everything = self.backup.take().map(|request| request.everything).unwrap_or_default();
        require_rights(&ledger)?;
        require_room(&ledger, &effective, &everything)?;
        Ok((ledger, effective, everything))
    }

    fn bad(&self, path: &Path, why: &str) -> Reason {
        Reason::BadPlan { path: path.to_path_buf(), why: format!("run {}: {why}", self.run.id) }
    }

    fn require_sense(&self) -> Result<(), Reason> {
        let home = self.lock.home();
        if !self.run.is_well_named() {
            return Err(self.bad(home, "expected a name of 1 to 64 ASCII letters, digits and -"));
        }
        if self.changes.len() > MAX_CHANGES {
            return Err(self.bad(home, &format!("at most {MAX_CHANGES} files change at once")));
        }
        let paths: Vec<&PathBuf> = self.changes.iter().map(|change| &change.path).collect();
        journal::paths_fault(&paths).map_or(Ok(()), |fault| Err(self.bad(home, &fault)))?;
        for change in &self.changes {
            if let After::File { bytes, mode, .. } = &change.after {
                if bytes.len() as u64 > MAX_FILE {
                    return Err(self.bad(&change.path, "expected at most 4 MiB"));
                }
                if *mode > 0o777 {
                    return Err(self.bad(&change.path, &format!("expected a mode up to 0777, found {mode:04o}")));
                }
            }
        }
        Ok(())
    }

    fn entry(&self, change: &Change) -> Result<Entry, Reason> {
        let Some((parent, name)) = split(&change.path) else { return Err(self.bad(&change.path, "not a plain path")) };
        let directory = self.lock.files.directory(&parent).while_at("open", &parent)?;
        let here = seen(self.lock.files, &directory, &name)?;
        let before = match &here {
            Here::Nothing => None,
            Here::File(state) => Some(*state),
            Here::Odd(found) => return Err(Reason::NotAFile { path: change.path.clone(), found: (*found).to_owned() }),
        };
        if before.map(|state| state.sha256.0) != change.before {
            let expected = change.before.map_or_else(|| "no file".to_owned(), |digest| Digest(digest).to_string());
            return Err(Reason::Stale { path: change.path.clone(), expected, found: here.words() });
        }
        let after = match &change.after {
            After::Absent => None,
            After::File { bytes, mode, owner } => Some(FileState {
                sha256: Digest::of(bytes),
                mode: *mode,
                owner: owner.or_else(|| before.and_then(|before| before.owner)),
            }),
        };
        Ok(Entry { path: PathText(change.path.clone()), before, after })
    }
}

fn require_rights(ledger: &Ledger<'_>) -> Result<(), Reason> {
    let files = ledger.files;
    for directory in ledger.directories.iter().chain([ledger.home]) {
        let path = directory.path();
        if files.room(directory).while_at("look at", path)?.read_only {
            return Err(Reason::ReadOnly { path: path.to_path_buf() });
        }
        files.may_write(directory).while_at("write in", path)?;
        if let Some(found) = files.fixed(directory, c"") {
            return Err(Reason::NotAllowed { path: path.to_path_buf(), what: format!("write in it: it is {found}") });
        }
    }
    ledger.places.iter().try_for_each(|place| require_place(ledger, place))
}

fn require_place(ledger: &Ledger<'_>, place: &Place) -> Result<(), Reason> {
    let (files, directory) = (ledger.files, ledger.directory(place));
    for name in [&place.staged, &place.kept] {
        if files.facts(directory, name).while_at("look at", &directory.join(name))?.is_some() {
            return Err(Reason::Exists { path: directory.join(name) });
        }
    }
    let path = ledger.path(place);
    if let Some(found) = files.fixed(directory, &place.name) {
        return Err(Reason::NotAllowed { path, what: format!("replace it: it is {found}") });
    }
    let owner = place.after.and_then(|after| after.owner);
    match (owner, files.user()) {
        (Some((uid, gid)), Some(user)) if user != 0 && uid != user => {
            Err(Reason::NotAllowed { path, what: format!("keep its owner {uid}:{gid} as user {user}") })
        }
        _ => Ok(()),
    }
}

/// A file takes whole blocks, and its name some of another.
const BLOCK: u64 = 4096;
/// The journal, and room for directories to grow.
const FIXED: u64 = 64 * BLOCK;

/// Twice of what will be written, on every file system concerned: others write there, too.
fn require_room(ledger: &Ledger<'_>, changes: &[Change], everything: &[PathBuf]) -> Result<(), Reason> {
    let staged: u64 = changes
        .iter()
        .map(|change| match &change.after {
            After::File { bytes, .. } => blocks(bytes.len() as u64),
            After::Absent => BLOCK,
        })
        .sum();
    for directory in ledger.directories.iter().chain([ledger.home]) {
        require(ledger.files, directory, 2 * staged + FIXED, 2 * changes.len() as u64 + 1)?;
    }
    let Some(BackupPlace { parent, made }) = &ledger.header.backup else { return Ok(()) };
    let first = made.first().and_then(|first| first.0.parent()).unwrap_or(&parent.0);
    let existing = ledger.files.directory(first).while_at("open", first)?;
    ledger.files.may_write(&existing).while_at("write in", first)?;
    let paths: BTreeSet<&PathBuf> =
        everything.iter().chain(ledger.header.changes.iter().map(|it| &it.path.0)).collect();
    let saved: u64 = paths.iter().map(|path| blocks(size(ledger.files, path))).sum();
    require(ledger.files, &existing, 2 * saved + FIXED, 2 * paths.len() as u64 + 16)
}

fn blocks(bytes: u64) -> u64 {
    bytes.div_ceil(BLOCK) * BLOCK + BLOCK
}

/// Only an estimate: copying will find out what cannot be looked at.
fn size(files: &dyn Files, path: &Path) -> u64 {
    let Some((parent, name)) = split(path) else { return 0 };
    let facts = files.directory(&parent).and_then(|directory| files.facts(&directory, &name));
    facts.ok().flatten().map_or(0, |facts| facts.size.min(MAX_FILE))
}

fn require(files: &dyn Files, directory: &Directory, bytes: u64, count: u64) -> Result<(), Reason> {
    let path = directory.path();
    let room = files.room(directory).while_at("look at", path)?;
    if room.read_only {
        return Err(Reason::ReadOnly { path: path.to_path_buf() });
    }
    if room.bytes < bytes {
        return Err(Reason::NoSpace { path: path.to_path_buf(), needed: Some((bytes, room.bytes)) });
    }
    match room.files {
        Some(free) if free < count => Err(Reason::NoSpace { path: path.to_path_buf(), needed: None }),
        _ => Ok(()),
    }
}
