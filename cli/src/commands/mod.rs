//! One file per command.

mod scan;
mod verify;

use crate::args::{Arguments, Command};
use crate::exit::Exit;

/// Runs what was asked for.
pub(crate) fn run(arguments: &Arguments) -> Exit {
    match &arguments.command {
        Command::Scan(scan) => scan::run(scan),
        Command::Verify(verify) => verify::run(verify),
    }
}
