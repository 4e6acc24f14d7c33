//! A line on the terminal for whoever waits, written over until the answer is there.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

/// How long a person waits in silence.
pub(crate) const SILENCE: Duration = Duration::from_millis(500);

/// The line.
pub(crate) struct Line {
    shown: bool,
    drawn: bool,
}

impl Line {
    /// Nothing is shown to whoever asked for quiet, or reads no terminal.
    pub(crate) fn new(quiet: bool) -> Self {
        Self { shown: !quiet && io::stderr().is_terminal(), drawn: false }
    }

    /// Writes it anew.
    pub(crate) fn draw(&mut self, text: &str) {
        if self.shown {
            self.drawn = true;
            // nobody is left to be told when stderr is closed
            let _ = write!(io::stderr().lock(), "\r\x1b[Kpkidoctor: {}", crate::language::tr(text));
        }
    }

    /// Takes it away.
    pub(crate) fn wipe(&mut self) {
        if self.drawn {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}
