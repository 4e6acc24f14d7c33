//! Exit codes, one table for all commands.

use std::process::ExitCode;

/// What a run comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// Nothing at or above the threshold.
    Clean = 0,
    /// Findings, or `verify` refused.
    Found = 1,
    /// Bad usage, or something could not be read.
    CouldNotLook = 2,
    /// Refused, declined, stale, locked or rolled back: nothing has changed.
    Unchanged = 3,
    /// A repair could neither be finished nor undone.
    HandsNeeded = 4,
}

impl Exit {
    /// Of two: what was found beats what could not be looked at, and both beat silence.
    pub(crate) fn or_worse(self, other: Self) -> Self {
        let rank = |exit: Self| match exit {
            Self::Clean => 0,
            Self::CouldNotLook => 1,
            Self::Found => 2,
            Self::Unchanged => 3,
            Self::HandsNeeded => 4,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Help and version are a success on stdout, everything else is bad usage on stderr.
pub(crate) fn usage(error: &clap::Error) -> Exit {
    // a closed pipe is no failure
    let _ = error.print();
    if error.use_stderr() { Exit::CouldNotLook } else { Exit::Clean }
}
