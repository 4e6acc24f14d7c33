//! The steps that a repair, its undoing and its recovery share: where each file stands, forward, back, clean up.
//!
//! A file's staged and kept copies lie beside it, so that every step is one rename inside one directory. A staged file
//! is gone exactly when its rename happened; an old file is kept as a second link to it from before that moment. So
//! where each file stands can always be read from the directory, whatever ended the process.

use std::ffi::{CStr, CString};
use std::path::{Path, PathBuf};

use super::backup;
use super::digest::Digest;
use super::files::{Directory, Facts, Files, Kind};
use super::journal::{BackupPlace, Entry, FileState, Header};
use super::lock::{Lock, journal_name};
use super::paths::split;
use super::quoted;
use super::reason::{Failure, Reason, Stopped, While};
use crate::cluster::MAX_FILE;

/// Where a file stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Position {
    /// As it was, with what is needed to change it.
    Ready,
    /// As it is to become.
    Done,
    /// As it was, and what was staged is gone or damaged.
    Back,
    /// Neither: someone else changed it.
    Foreign,
}

/// One file of the repair, with what its renames need.
pub(super) struct Place {
    pub(super) directory: usize,
    pub(super) name: CString,
    pub(super) staged: CString,
    pub(super) kept: CString,
    pub(super) before: Option<FileState>,
    pub(super) after: Option<FileState>,
}

/// A repair under way.
pub(super) struct Ledger<'a> {
    pub(super) files: &'a dyn Files,
    pub(super) home: &'a Directory,
    pub(super) header: Header,
    pub(super) directories: Vec<Directory>,
    pub(super) places: Vec<Place>,
}

impl<'a> Ledger<'a> {
    /// Opens the directory of every file; nothing is written.
    pub(super) fn open(lock: &'a Lock<'_>, header: Header) -> Result<Self, Reason> {
        let mut ledger =
            Self { files: lock.files, home: &lock.home, header, directories: Vec::new(), places: Vec::new() };
        for (number, entry) in ledger.header.changes.clone().into_iter().enumerate() {
            let place = ledger.place(number, entry)?;
            ledger.places.push(place);
        }
        Ok(ledger)
    }

    fn place(&mut self, number: usize, entry: Entry) -> Result<Place, Reason> {
        let path = entry.path.0;
        let (parent, name) = split(&path)
            .ok_or_else(|| Reason::BadPlan { path: path.clone(), why: "not a plain absolute path".to_owned() })?;
        let known = self.directories.iter().position(|directory| directory.path() == parent);
        let directory = known.unwrap_or(self.directories.len());
        if known.is_none() {
            self.directories.push(self.files.directory(&parent).while_at("open", &parent)?);
        }
        let run = &self.header.run;
        let (staged, kept) = (run.staged_name(number), run.kept_name(number));
        Ok(Place { directory, name, staged, kept, before: entry.before, after: entry.after })
    }

    pub(super) fn directory(&self, place: &Place) -> &Directory {
        // every place was made with a directory; home is there to make the function total
        self.directories.get(place.directory).unwrap_or(self.home)
    }

    pub(super) fn path(&self, place: &Place) -> PathBuf {
        self.directory(place).join(&place.name)
    }

    fn journal(&self) -> PathBuf {
        self.home.join(&journal_name())
    }

    /// Where every file stands.
    pub(super) fn positions(&self) -> Result<Vec<Position>, Reason> {
        self.places.iter().map(|place| self.position(place)).collect()
    }

    fn position(&self, place: &Place) -> Result<Position, Reason> {
        let here = self.seen(place, &place.name)?;
        let before = here.is(place.before, place.after);
        let after = here.is(place.after, place.before);
        let staged = place.after.is_none() || self.is_staged(place)?;
        Ok(match (before, after) {
            (true, _) if staged => Position::Ready,
            (_, true) => Position::Done,
            (true, false) => Position::Back,
            (false, false) => Position::Foreign,
        })
    }

    fn is_staged(&self, place: &Place) -> Result<bool, Reason> {
        let staged = self.seen(place, &place.staged)?;
        Ok(matches!((staged, place.after), (Here::File(here), Some(after)) if here.sha256 == after.sha256))
    }

    /// Whether what is kept is the original, or nothing where there was none.
    pub(super) fn is_kept(&self, place: &Place) -> Result<bool, Reason> {
        Ok(match (self.seen(place, &place.kept)?, place.before) {
            (Here::File(here), Some(before)) => here.sha256 == before.sha256,
            (here, None) => here == Here::Nothing,
            _ => false,
        })
    }

    pub(super) fn seen(&self, place: &Place, name: &CStr) -> Result<Here, Reason> {
        seen(self.files, self.directory(place), name)
    }

    /// The renames, in the order of the plan. Between two of them there is nothing else, so that a certificate is
    /// without its key for as short as the kernel allows.
    pub(super) fn forward(&self, positions: &[Position]) -> Result<(), Reason> {
        let mut outcome = Ok(());
        let mut failed = None;
        for (place, position) in self.places.iter().zip(positions) {
            if *position == Position::Ready {
                let directory = self.directory(place);
                outcome = match place.after {
                    Some(_) => self.files.rename(directory, &place.staged, &place.name),
                    None => self.files.rename(directory, &place.name, &place.kept),
                };
                if outcome.is_err() {
                    failed = Some(place);
                    break;
                }
            }
        }
        let path = failed.map(|place| self.path(place)).unwrap_or_default();
        outcome.while_at("replace", &path)
    }

    /// The renames back, last one first.
    fn back(&self, positions: &[Position]) -> Result<(), Reason> {
        for (place, position) in self.places.iter().zip(positions).rev() {
            if *position == Position::Done {
                let directory = self.directory(place);
                match place.before {
                    Some(_) => self.files.rename(directory, &place.kept, &place.name),
                    None => self.files.unlink(directory, &place.name),
                }
                .while_at("put back", &self.path(place))?;
            }
        }
        Ok(())
    }

    /// Puts back every file that was changed, from what was kept of it.
    pub(super) fn undo(&self) -> Result<(), Failure> {
        let stopped = |reason| Failure::Interrupted { reason, files: Stopped::Between };
        let positions = self.positions().map_err(stopped)?;
        self.require_kept(&positions)?;
        self.back(&positions).and_then(|()| self.sync()).map_err(stopped)?;
        self.read_back(|place| (place.before, place.after)).map_err(stopped)
    }

    fn require_kept(&self, positions: &[Position]) -> Result<(), Failure> {
        for (place, position) in self.places.iter().zip(positions) {
            let kept = match (position, place.before) {
                (Position::Done, Some(_)) => {
                    self.is_kept(place).map_err(|reason| Failure::Interrupted { reason, files: Stopped::Between })?
                }
                (Position::Foreign, _) => false,
                _ => true,
            };
            if !kept {
                return Err(self.torn(place));
            }
        }
        Ok(())
    }

    /// What was read back is what was meant, in bytes, mode and owner.
    pub(super) fn read_back(&self, wanted: impl Fn(&Place) -> Wanted) -> Result<(), Reason> {
        for place in &self.places {
            let (wanted, other) = wanted(place);
            let here = self.seen(place, &place.name)?;
            if !here.is(wanted, other) {
                let expected = wanted.map_or_else(|| "no file".to_owned(), |state| state.sha256.to_string());
                return Err(Reason::Differs { path: self.path(place), expected, found: here.words() });
            }
        }
        Ok(())
    }

    /// Makes what happened in the directories last.
    pub(super) fn sync(&self) -> Result<(), Reason> {
        for directory in &self.directories {
            self.files.sync_directory(directory).while_at("sync", directory.path())?;
        }
        Ok(())
    }

    /// Removes the staged and kept files, then the journal; with `and_backup`, the run's backup between the two.
    pub(super) fn clear(&self, and_backup: bool) -> Result<(), Reason> {
        for place in &self.places {
            for name in [&place.staged, &place.kept] {
                remove(self.files, self.directory(place), name)?;
            }
        }
        // or a power cut could bring them back after the journal that names them is gone
        self.sync()?;
        if let Some(BackupPlace { parent, made }) = self.header.backup.as_ref().filter(|_| and_backup) {
            backup::remove(self.files, &parent.0, &self.header.run.id, made)?;
        }
        clear_journal(self.files, self.home)
    }

    /// Ends a repair that changed no file.
    pub(super) fn give_up(&self, reason: Reason) -> Failure {
        match self.clear(true) {
            Ok(()) => Failure::Unchanged(reason),
            Err(_) => Failure::Interrupted { reason, files: Stopped::Before },
        }
    }

    /// The commands that put everything back by hand, when one file is not what it could be.
    pub(super) fn torn(&self, odd: &Place) -> Failure {
        let reason = Reason::Stale {
            path: self.path(odd),
            expected: odd.after.or(odd.before).map_or_else(|| "no file".to_owned(), |state| state.sha256.to_string()),
            found: self.seen(odd, &odd.name).map_or_else(|reason| reason.to_string(), |here| here.words()),
        };
        let mut commands: Vec<String> = self.places.iter().flat_map(|place| self.commands(place)).collect();
        commands.push(format!("rm -f -- {}", quoted(&self.journal())));
        commands.push("pkidoctor scan".to_owned());
        Failure::Torn { reason, commands }
    }

    fn commands(&self, place: &Place) -> Vec<String> {
        let directory = self.directory(place);
        let (path, kept, staged) =
            (directory.join(&place.name), directory.join(&place.kept), directory.join(&place.staged));
        let position = self.position(place).unwrap_or(Position::Foreign);
        let mut commands = Vec::new();
        if position == Position::Foreign && self.seen(place, &place.name) != Ok(Here::Nothing) {
            // who changed it may have had a reason
            let aside = format!("{}.changed-{}", path.display(), self.header.run.id);
            commands.push(format!("mv -- {} {}", quoted(&path), quoted(Path::new(&aside))));
        }
        if matches!(position, Position::Foreign | Position::Done) {
            commands.push(match (place.before, self.is_kept(place)) {
                (None, _) => format!("rm -f -- {}", quoted(&path)),
                (Some(_), Ok(true)) => format!("mv -f -- {} {}", quoted(&kept), quoted(&path)),
                (Some(_), _) => self.command_from_backup(&path),
            });
        }
        commands.push(format!("rm -f -- {} {}", quoted(&staged), quoted(&kept)));
        commands
    }

    fn command_from_backup(&self, path: &Path) -> String {
        match &self.header.backup {
            Some(place) => {
                let saved = backup::saved(&place.parent.0.join(&self.header.run.id), path);
                format!("cp -a -- {} {}", quoted(&saved), quoted(path))
            }
            None => format!("# put back {} from a backup of your own", quoted(path)),
        }
    }
}

/// What a file is to be, and what else it could have been.
pub(super) type Wanted = (Option<FileState>, Option<FileState>);

/// What is at a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Here {
    Nothing,
    File(FileState),
    Odd(&'static str),
}

impl Here {
    /// Whether it is `wanted`. Mode and owner decide only where the bytes cannot: they may have been mended since.
    fn is(&self, wanted: Option<FileState>, other: Option<FileState>) -> bool {
        match (self, wanted) {
            (Self::Nothing, None) => true,
            (Self::File(here), Some(wanted)) => {
                let bytes_decide = other.is_none_or(|other| other.sha256 != wanted.sha256);
                let same_owner = wanted.owner.is_none_or(|owner| here.owner == Some(owner));
                here.sha256 == wanted.sha256 && (bytes_decide || (here.mode == wanted.mode && same_owner))
            }
            _ => false,
        }
    }

    pub(super) fn words(&self) -> String {
        match self {
            Self::Nothing => "no file".to_owned(),
            Self::File(state) => state.sha256.to_string(),
            Self::Odd(what) => (*what).to_owned(),
        }
    }
}

/// Looks at a name: the bytes' digest, mode and owner.
pub(super) fn seen(files: &dyn Files, directory: &Directory, name: &CStr) -> Result<Here, Reason> {
    let path = directory.join(name);
    let Some(facts) = files.facts(directory, name).while_at("look at", &path)? else { return Ok(Here::Nothing) };
    if let Some(odd) = odd(facts) {
        return Ok(Here::Odd(odd));
    }
    let bytes = files.open(directory, name).and_then(|file| files.read(&file, MAX_FILE)).while_at("read", &path)?;
    let owner = Some((facts.uid, facts.gid));
    Ok(Here::File(FileState { sha256: Digest::of(&bytes), mode: facts.mode, owner }))
}

fn odd(facts: Facts) -> Option<&'static str> {
    match facts.kind {
        Kind::File if facts.size > MAX_FILE => Some("a file larger than 4 MiB"),
        Kind::File => None,
        Kind::Directory => Some("a directory"),
        Kind::Link => Some("a symbolic link"),
        Kind::Special => Some("a device, FIFO or socket"),
    }
}

/// Removes a file if it is there.
pub(super) fn remove(files: &dyn Files, directory: &Directory, name: &CStr) -> Result<(), Reason> {
    match files.unlink(directory, name) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        answer => answer.while_at("remove", &directory.join(name)),
    }
}

/// Removes the journal: the last step of every repair.
pub(super) fn clear_journal(files: &dyn Files, home: &Directory) -> Result<(), Reason> {
    remove(files, home, &journal_name())?;
    // the files are on disk already: at worst a power cut brings the journal back, and recovering finds nothing to do
    let _ = files.sync_directory(home);
    Ok(())
}
