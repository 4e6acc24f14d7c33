//! `completions` and `man`: made from the same definitions as `--help`.
#![expect(clippy::disallowed_methods, reason = "manual pages are written where the user wants them")]

use std::io::{self, Write as _};

use clap::CommandFactory as _;

use crate::args::{Arguments, Completions, Man};
use crate::exit::Exit;
use crate::output::{Output, say};

/// Runs `completions`.
///
/// # Errors
/// When the output cannot be written.
pub(crate) fn completions(completions: &Completions, out: &mut Output) -> io::Result<Exit> {
    let mut text = Vec::new();
    clap_complete::generate(completions.shell, &mut Arguments::command(), "pkidoctor", &mut text);
    out.write_all(&text)?;
    Ok(Exit::Clean)
}

/// Runs `man`.
///
/// # Errors
/// Never: a directory that cannot be written is told on stderr.
pub(crate) fn man(man: &Man, out: &mut Output) -> io::Result<Exit> {
    let directory = &man.directory;
    let made =
        std::fs::create_dir_all(directory).and_then(|()| clap_mangen::generate_to(Arguments::command(), directory));
    if let Err(error) = made {
        say(&format!("cannot write {}: {error}", directory.display()));
        return Ok(Exit::CouldNotLook);
    }
    writeln!(out, "manual pages written to {}", crate::render::clean::clean(&directory.display().to_string()))?;
    Ok(Exit::Clean)
}
