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
