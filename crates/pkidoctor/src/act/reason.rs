//! Why a repair was refused or stopped, in words that say what was expected and what was found.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::quoted;

/// Why nothing was changed, or why a change could not go on.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// Another process holds the lock.
    #[error("another pkidoctor is at work in {}", home.display())]
    Locked {
        /// The PKI directory.
        home: PathBuf,
    },
    /// An earlier repair was interrupted.
    #[error("an earlier repair was neither finished nor undone ({}): run pkidoctor recover --pki {}", journal.display(), quoted(journal.parent().unwrap_or(journal)))]
    JournalLeft {
        /// Its journal.
        journal: PathBuf,
    },
    /// A file is not the one that the plan was made for.
    #[error("{} has changed since: expected {expected}, found {found}", path.display())]
    Stale {
        /// The file.
        path: PathBuf,
        /// The digest that was planned with, or `no file`.
        expected: String,
        /// What is there now.
        found: String,
    },
    /// The file system is full, or would be.
    #[error("not enough space at {}{}", path.display(), needed_words(*needed))]
    NoSpace {
        /// Where.
        path: PathBuf,
        /// Bytes needed and bytes free, where they were counted beforehand.
        needed: Option<(u64, u64)>,
    },
    /// The file system is mounted read-only.
    #[error("{} is on a read-only file system", path.display())]
    ReadOnly {
        /// Where.
        path: PathBuf,
    },
    /// This process may not do what is needed.
    #[error("not allowed to {what}: {}", path.display())]
    NotAllowed {
        /// On what.
        path: PathBuf,
        /// To do what.
        what: String,
    },
    /// It cannot be replaced by a rename.
    #[error("{} cannot be replaced: expected a regular file in a directory, found {found}", path.display())]
    NotAFile {
        /// What was to be replaced.
        path: PathBuf,
        /// What it is.
        found: String,
    },
    /// The plan itself cannot be carried out.
    #[error("{}: {why}", path.display())]
    BadPlan {
        /// About which path.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Something is where this run would write.
    #[error("{} already exists", path.display())]
    Exists {
        /// What is there.
        path: PathBuf,
    },
    /// What was read back is not what was written.
    #[error("{} was read back and differs: expected {expected}, found {found}", path.display())]
    Differs {
        /// The file.
        path: PathBuf,
        /// What was written.
        expected: String,
        /// What was read.
        found: String,
    },
    /// A journal that cannot be followed.
    #[error("the journal {} cannot be followed: {why}", path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A backup that is not one, was not finished or is damaged.
    #[error("no backup at {}: {why}", path.display())]
    Backup {
        /// Its directory.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Any other error of the operating system.
    #[error("cannot {what} {}: {error}", path.display())]
    Io {
        /// On what.
        path: PathBuf,
        /// To do what.
        what: String,
        /// The operating system's words.
        error: String,
    },
}

fn needed_words(needed: Option<(u64, u64)>) -> String {
    needed.map(|(needed, free)| format!(": {needed} bytes needed, {free} free")).unwrap_or_default()
}

/// How a repair ended that was not done.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Failure {
    /// Everything is as it was, and nothing is left over.
    #[error("{0}; nothing has changed")]
    Unchanged(Reason),
    /// The disk would take neither the change nor its undoing: the journal and the files that it needs are left, and
    /// `pkidoctor recover` makes the directory whole as soon as the disk works.
    #[error("{reason}; {}; run pkidoctor recover", files.words())]
    Interrupted {
        /// What went wrong.
        reason: Reason,
        /// What the files are meanwhile.
        files: Stopped,
    },
    /// It can neither be finished nor undone by this tool: hands are needed.
    #[error("{reason}; it can neither be finished nor undone without you")]
    Torn {
        /// What is in the way.
        reason: Reason,
        /// For a POSIX shell, in order: they put back what was there before the repair.
        commands: Vec<String>,
    },
}

/// What the files of an interrupted repair are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stopped {
    /// Each as it was before.
    Before,
    /// Each as it was to become.
    After,
    /// Some old, some new, or this could not be told.
    Between,
}

impl Stopped {
    fn words(self) -> &'static str {
        match self {
            Self::Before => "the files are as they were",
            Self::After => "the new files are in place, and only cleaning up remains",
            Self::Between => "some files may be new and some old",
        }
    }
}

impl Reason {
    /// What an error of the operating system means for the repair.
    pub(super) fn of(error: &io::Error, what: &str, path: &Path) -> Self {
        let (path, what) = (path.to_path_buf(), what.to_owned());
        match Errno::from_io_error(error) {
            Some(Errno::NOSPC | Errno::DQUOT) => Self::NoSpace { path, needed: None },
            Some(Errno::ROFS) => Self::ReadOnly { path },
            Some(Errno::ACCESS | Errno::PERM) => Self::NotAllowed { path, what },
            Some(Errno::EXIST) => Self::Exists { path },
            Some(Errno::LOOP) => Self::NotAFile { path, found: "a symbolic link".to_owned() },
            _ => Self::Io { path, what, error: words(error) },
        }
    }
}

/// `No space left on device (os error 28)` as `no space left on device`.
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// Says to what an operation was done, when it failed.
pub(super) trait While<T> {
    fn while_at(self, what: &str, path: &Path) -> Result<T, Reason>;
}

impl<T> While<T> for io::Result<T> {
    fn while_at(self, what: &str, path: &Path) -> Result<T, Reason> {
        self.map_err(|error| Reason::of(&error, what, path))
    }
}
