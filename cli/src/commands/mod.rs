//! One file per command.

mod diagnose;
mod each;
mod explain;
mod inspect;
#[cfg(feature = "live")]
mod probe;
mod repair;
mod scan;
mod shell;
mod verify;
#[cfg(feature = "live")]
mod watch;

use std::io::{self, Write as _};

use pkidoctor::report::Report;

pub(crate) use repair::recovered_words;

use crate::args::{Arguments, Command, Format, Manners};
use crate::exit::Exit;
use crate::language;
use crate::output::{Output, say};
use crate::render::human::Detail;
use crate::render::page::Paper;
use crate::render::{self, About, json, lines};

/// Runs what was asked for.
pub(crate) fn run(arguments: &Arguments) -> Exit {
    if let Err(misuse) = usage(arguments) {
        say(misuse);
        return Exit::CouldNotLook;
    }
    match to_output(arguments) {
        Ok(exit) => exit,
        Err(Untold { error, done }) => {
            // whoever reads has enough
            if error.kind() == io::ErrorKind::BrokenPipe {
                return done.unwrap_or(Exit::Clean);
            }
            let place = arguments
                .manners
                .output
                .as_ref()
                .map_or_else(|| "stdout".to_owned(), |path| path.display().to_string());
            say(&format!("cannot write {place}: {error}"));
            done.unwrap_or(Exit::Clean).or_worse(Exit::CouldNotLook)
        }
    }
}

/// What could not be written.
struct Untold {
    error: io::Error,
    /// What a writing command came to nevertheless.
    done: Option<Exit>,
}

fn to_output(arguments: &Arguments) -> Result<Exit, Untold> {
    let mut output = Output::open(&arguments.manners).map_err(|error| Untold { error, done: None })?;
    let outcome = to(&mut output, arguments);
    let done = output.done();
    outcome.and_then(|exit| output.finish().map(|()| exit)).map_err(|error| Untold { error, done })
}

fn to(out: &mut Output, arguments: &Arguments) -> io::Result<Exit> {
    let manners = &arguments.manners;
    match &arguments.command {
        Command::Scan(scan) => match &scan.each {
            Some(directory) => each::run(scan, directory, manners, out),
            None => scan::run(scan, manners, out),
        },
        #[cfg(feature = "live")]
        Command::Probe(probe) => probe::run(probe, manners, out),
        #[cfg(feature = "live")]
        Command::Watch(watch) => watch::run(watch, manners, out),
        Command::Diagnose(diagnose) => diagnose::run(diagnose, manners, out),
        Command::Regen(regen) => repair::regen(regen, manners, out),
        Command::Fix(fix) => repair::fix(fix, manners, out),
        Command::Restore(restore) => repair::restore(restore, manners, out),
        Command::Recover(recover) => repair::recover(recover, manners, out),
        Command::Verify(verify) => verify::run(verify, manners, out),
        Command::Inspect(inspect) => inspect::run(inspect, manners, out),
        Command::Explain(explain) => explain::run(explain, manners, out),
        Command::Completions(completions) => shell::completions(completions, out),
        Command::Man(man) => shell::man(man, out),
    }
}

#[cfg(feature = "live")]
const TOUR_ALONE: &str = "--timeout, --link, --tls and --all-members walk links live: they go with --probe";

/// What clap cannot know to be misuse.
fn usage(arguments: &Arguments) -> Result<(), &'static str> {
    #[cfg(feature = "live")]
    if let Command::Probe(probe) = &arguments.command
        && probe.pki.len() > pkidoctor::read::MAX_NODES
    {
        return Err("more paths than the 64 nodes that fit one run");
    }
    if let Command::Diagnose(diagnose) = &arguments.command {
        #[cfg(feature = "live")]
        if diagnose.tour.is_set() && !diagnose.probe {
            return Err(TOUR_ALONE);
        }
        if diagnose.pki.len() > pkidoctor::read::MAX_NODES {
            return Err("more paths than the 64 nodes that fit one run");
        }
    }
    #[cfg(feature = "live")]
    if matches!(arguments.command, Command::Watch(_)) && arguments.manners.output.is_some() {
        return Err("watch never ends, and -o is written at the end; /metrics has it all");
    }
    let is_document = arguments.manners.format.is_some_and(Format::is_document);
    match &arguments.command {
        Command::Diagnose(diagnose) if is_document && diagnose.follow => {
            return Err("--follow tells report after report: with --format human, json or ndjson");
        }
        Command::Scan(_) | Command::Diagnose(_) => {}
        #[cfg(feature = "live")]
        Command::Probe(_) => {}
        _ if is_document => {
            return Err("sarif, junit, prometheus, markdown and html tell of reports: scan, probe and diagnose");
        }
        _ => {}
    }
    let Command::Scan(scan) = &arguments.command else { return Ok(()) };
    #[cfg(feature = "live")]
    if scan.tour.is_set() && !scan.probe {
        return Err(TOUR_ALONE);
    }
    #[cfg(feature = "live")]
    if scan.probe && scan.graph.is_some() {
        return Err("--graph draws what files say: without --probe");
    }
    if scan.paths.len() > pkidoctor::read::MAX_NODES {
        return Err("more paths than the 64 nodes that fit one run; --each DIR takes any number of clusters");
    }
    match arguments.manners.format {
        Some(format) if scan.each.is_some() && format != Format::Ndjson => {
            Err("--each writes ndjson, one line per cluster; leave --format away")
        }
        _ => Ok(()),
    }
}

/// Tells a report in the format that was asked for; `human` tells people.
fn tell(
    report: &Report,
    about: &About<'_>,
    manners: &Manners,
    out: &mut Output,
    human: impl FnOnce(Paper, Detail) -> String,
) -> io::Result<()> {
    match manners.format() {
        Format::Human => {
            let text = human(out.paper(), detail(manners));
            out.write_all(text.as_bytes())
        }
        Format::Json => json::line(out, &*language::report(report)),
        Format::Ndjson => lines::write(out, &language::report(report)),
        document => render::document(document, report, about, out),
    }
}

/// How much a person wants to be told.
fn detail(manners: &Manners) -> Detail {
    match (manners.quiet, manners.verbose) {
        (true, _) => Detail::Quiet,
        (_, true) => Detail::Verbose,
        _ => Detail::Usual,
    }
}
