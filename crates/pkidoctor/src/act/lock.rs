//! One writer at a time: an flock(2) on the PKI directory itself, so that no lock file can be left behind.

use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::files::{Directory, Files};
use super::reason::{Reason, While};
use crate::profile;

/// A reader that only asks holds the lock for microseconds; a writer waits this often for it to pass.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// The right to write in one PKI directory. It ends when it is dropped, or with the process, however that ends.
pub struct Lock<'a> {
    pub(super) files: &'a dyn Files,
    pub(super) home: Directory,
}

impl Lock<'_> {
    /// The PKI directory, every link resolved.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.home.path().join(profile::JOURNAL)
    }

    /// Whether an interrupted repair is to be recovered first.
    ///
    /// # Errors
    /// [`Reason::JournalLeft`], or when it cannot be told.
    pub fn refuse_leftovers(&self) -> Result<(), Reason> {
        match self.files.facts(&self.home, &journal_name()).while_at("look at", &self.journal())? {
            Some(_) => Err(Reason::JournalLeft { journal: self.journal() }),
            None => Ok(()),
        }
    }
}

pub(super) fn journal_name() -> CString {
    CString::new(profile::JOURNAL).unwrap_or_default()
}

/// Takes the lock of a PKI directory.
///
/// # Errors
/// [`Reason::Locked`] when another process has it; otherwise what the operating system said.
pub fn lock<'a>(files: &'a dyn Files, home: &Path) -> Result<Lock<'a>, Reason> {
    let real = files.real_path(home).while_at("find", home)?;
    let home = files.directory(&real).while_at("open", &real)?;
    for attempt in 0..TRIES {
        if attempt > 0 {
            std::thread::sleep(PAUSE);
        }
        if files.lock(&home, true).while_at("lock", &real)? {
            return Ok(Lock { files, home });
        }
    }
    Err(Reason::Locked { home: real })
}

/// Whether a repair is running there now; without it, a journal is that of an interrupted one.
///
/// # Errors
/// When the directory cannot be opened or does not take locks.
pub fn is_locked(files: &dyn Files, home: &Path) -> Result<bool, Reason> {
    let real = files.real_path(home).while_at("find", home)?;
    let home = files.directory(&real).while_at("open", &real)?;
    // shared, so that two that only ask do not see each other
    Ok(!files.lock(&home, false).while_at("lock", &real)?)
}
