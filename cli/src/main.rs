//! The `pkidoctor` binary: arguments, rendering, exit codes, nothing else.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod exit;
mod language;
mod output;
mod progress;
mod render;
mod suggest;
#[cfg(test)]
mod treatments;
mod words;

use clap::Parser as _;

fn main() -> std::process::ExitCode {
    let outcome = match args::Arguments::try_parse() {
        Ok(arguments) => {
            language::speak(arguments.manners.language());
            commands::run(&arguments)
        }
        Err(error) => exit::usage(&error),
    };
    outcome.into()
}
