//! `diagnose`: reads logs, holds them against files and live evidence, names causes and treatment.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pkidoctor::cluster::Cluster;
use pkidoctor::exam::Options;
use pkidoctor::logs::{Journal, Own, Reader, Settings};
use pkidoctor::read::logs::{self, Follow, LogError, Piece};
use pkidoctor::read::{self, ReadError};
use pkidoctor::report::{self, Filter, Report};
use time::OffsetDateTime;

use super::scan;
use crate::args::{Diagnose, Manners, USUAL_PKI, clock};
use crate::exit::Exit;
use crate::output::{Output, say};
use crate::progress::{Line, SILENCE};
use crate::render::{About, diagnosis};
use crate::words::plural;

/// Runs `diagnose`.
///
/// # Errors
/// When the output cannot be written.
pub(crate) fn run(diagnose: &Diagnose, manners: &Manners, out: &mut Output) -> io::Result<Exit> {
    let now = diagnose.judge.now();
    let mut exit = Exit::Clean;
    let files = match Files::read(diagnose, now) {
        Ok(files) => files,
        Err(error) => {
            say(&format!("{error}: reading the logs alone"));
            // a place that was asked for is missed; the usual one may well not be there
            if !diagnose.pki.is_empty() {
                exit = Exit::CouldNotLook;
            }
            None
        }
    };
    let seen = Seen::look(diagnose, files.as_ref(), manners)?;
    let wanted = wanted(diagnose, manners);
    if files.is_none() && wanted.is_empty() {
        exit = exit.or_worse(Exit::CouldNotLook);
    }
    let mut settings = Settings::at(now);
    settings.zone = diagnose.zone;
    settings.since = diagnose.since.map(|since| since.instant(now));
    settings.ours = seen.ours();
    let patient = Patient {
        diagnose,
        files,
        #[cfg(feature = "live")]
        seen,
        now,
    };
    if diagnose.follow {
        return follow(&patient, &settings, &wanted, manners, out);
    }
    let (journal, unread) = read_all(&settings, &wanted, manners);
    if unread {
        exit = exit.or_worse(Exit::CouldNotLook);
    }
    let mut report = patient.report(&journal);
    if unread && report.verdict == "healthy" {
        report.verdict = "incomplete";
    }
    tell(&report, manners, out)?;
    Ok(exit.or_worse(verdict(&report)))
}

/// The files that logs are held against.
struct Files {
    #[cfg(feature = "live")]
    request: read::Request,
    cluster: Cluster,
}

impl Files {
    /// `None` where nobody wants them.
    fn read(diagnose: &Diagnose, now: OffsetDateTime) -> Result<Option<Self>, ReadError> {
        if diagnose.no_pki {
            return Ok(None);
        }
        let usual = || vec![PathBuf::from(USUAL_PKI)];
        let paths = if diagnose.pki.is_empty() { usual() } else { diagnose.pki.clone() };
        let request = scan::request(&diagnose.place, paths);
        let cluster = read::cluster(&request, now, diagnose.judge.for_go)?;
        Ok(Some(Self {
            #[cfg(feature = "live")]
            request,
            cluster,
        }))
    }
}

/// What was seen live.
#[derive(Default)]
struct Seen {
    #[cfg(feature = "live")]
    probed: Option<(pkidoctor_live::Probed, OffsetDateTime, OffsetDateTime)>,
}

impl Seen {
    #[cfg(feature = "live")]
    fn look(diagnose: &Diagnose, files: Option<&Files>, manners: &Manners) -> io::Result<Self> {
        let Some(files) = files.filter(|_| diagnose.probe) else { return Ok(Self::default()) };
        let settings = super::probe::settings(&diagnose.tour, &[]);
        let from = clock();
        let probed = super::probe::tour_of(&files.request, &files.cluster, &settings, manners.quiet)?;
        Ok(Self { probed: Some((probed, from, clock())) })
    }

    #[cfg(not(feature = "live"))]
    #[expect(clippy::unnecessary_wraps, reason = "as where links can be walked")]
    fn look(_: &Diagnose, _: Option<&Files>, _: &Manners) -> io::Result<Self> {
        Ok(Self::default())
    }

    /// The doctor's own connections, which leave lines in the logs too.
    #[cfg_attr(not(feature = "live"), expect(clippy::unused_self, reason = "as where links can be walked"))]
    fn ours(&self) -> Vec<Own> {
        #[cfg(feature = "live")]
        if let Some((probed, from, to)) = &self.probed {
            let own = |port: u16| Own { port, from: *from, to: *to };
            return probed.source_ports.iter().copied().map(own).collect();
        }
        Vec::new()
    }
}

/// Everything but the logs.
struct Patient<'d> {
    diagnose: &'d Diagnose,
    files: Option<Files>,
    #[cfg(feature = "live")]
    seen: Seen,
    now: OffsetDateTime,
}

impl Patient<'_> {
    fn report(&self, journal: &Journal) -> Report {
        let Some(files) = &self.files else {
            return report::diagnose_logs(journal, self.now, self.diagnose.judge.for_go);
        };
        #[cfg(feature = "live")]
        let seen = self.seen.probed.as_ref().map(|(probed, ..)| (probed.links.as_slice(), &probed.evidence));
        #[cfg(not(feature = "live"))]
        let seen = None;
        report::diagnose(&files.cluster, seen, journal, &Options::default(), &Filter::default())
    }
}

/// A log that is to be read.
struct Wanted {
    /// As it is told; the name of a pod's log tells who writes it.
    name: String,
    path: PathBuf,
}

/// What was asked for, else what is found on the node.
fn wanted(diagnose: &Diagnose, manners: &Manners) -> Vec<Wanted> {
    if !diagnose.logs.is_empty() {
        let asked = |path: &PathBuf| match path.to_str() {
            Some("-") => Wanted { name: "stdin".to_owned(), path: PathBuf::from("/dev/stdin") },
            _ => Wanted { name: path.display().to_string(), path: path.clone() },
        };
        return diagnose.logs.iter().map(asked).collect();
    }
    let (found, problems) = logs::found(diagnose.place.root.as_deref());
    if !manners.quiet {
        for problem in &problems {
            say(problem);
        }
        match found.len() {
            0 => say("no logs of pods here: name some, or pipe them to -"),
            count => say(&format!("reading {} of pods", plural(count, "log"))),
        }
    }
    found.into_iter().map(|found| Wanted { name: found.name, path: found.path }).collect()
}

/// Reads logs whole; whether one could not be.
fn read_all(settings: &Settings, wanted: &[Wanted], manners: &Manners) -> (Journal, bool) {
    let mut reader = Reader::new(settings.clone());
    let mut unread = false;
    for log in wanted {
        let source = reader.source(&log.name);
        let read = waiting(&log.name, manners, || {
            logs::open(&log.path, true).and_then(|open| {
                let damaged = |error| LogError::Unreadable(log.name.clone(), error);
                open.read_into(&mut reader, source).map_err(damaged)
            })
        });
        if let Err(error) = read {
            say(&error.to_string());
            unread = true;
        }
    }
    (reader.finish(), unread)
}

/// Tells whoever waits at a terminal what takes so long.
fn waiting<T>(name: &str, manners: &Manners, work: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let clock = scope.spawn(|| {
            let (begun, mut line) = (clock(), Line::new(manners.quiet));
            while !done.load(Ordering::Acquire) {
                std::thread::park_timeout(SILENCE);
                if !done.load(Ordering::Acquire) {
                    line.draw(&format!("reading {name} for {:.1} s", (clock() - begun).as_seconds_f64()));
                }
            }
            line.wipe();
        });
        let out = work();
        done.store(true, Ordering::Release);
        clock.thread().unpark();
        out
    })
}

fn tell(report: &Report, manners: &Manners, out: &mut Output) -> io::Result<()> {
    super::tell(report, &About::default(), manners, out, |paper, detail| diagnosis::report(report, paper, detail))
}

/// A cause that somebody has met, or that will be met.
fn verdict(report: &Report) -> Exit {
    let events = report.events.as_deref().unwrap_or_default();
    if events.iter().any(|event| !event.noise) || report.verdict == "broken" {
        Exit::Found
    } else if report.verdict == "incomplete" {
        Exit::CouldNotLook
    } else {
        Exit::Clean
    }
}

/// How often growing logs are looked at.
const PAUSE: Duration = Duration::from_millis(500);
/// A line that is longer than this is not waited for.
const LONGEST: usize = 64 << 10;

/// A log that grows, with the line that is not yet at its end.
struct Tail {
    name: String,
    follow: Follow,
    rest: Vec<u8>,
}

impl Tail {
    fn new(log: &Wanted) -> Self {
        Self { name: log.name.clone(), follow: Follow::new(&log.path), rest: Vec::new() }
    }

    /// Gives the lines that have come; whether there were any.
    fn take(&mut self, reader: &mut Reader) -> Result<bool, LogError> {
        let source = reader.source(&self.name);
        let rest = &mut self.rest;
        let mut any = false;
        let looked = self.follow.look(|piece| match piece {
            Piece::Anew => {
                reader.feed(source, rest);
                reader.feed(source, b"\n");
                rest.clear();
            }
            Piece::Bytes(bytes) => {
                rest.extend_from_slice(bytes);
                let whole = rest.iter().rposition(|byte| *byte == b'\n').map(|at| at + 1);
                let whole = whole.or((rest.len() > LONGEST).then_some(rest.len()));
                if let Some(whole) = whole {
                    reader.feed(source, &rest[..whole]);
                    rest.drain(..whole);
                    any = true;
                }
            }
        });
        reader.end(source);
        looked.map(|_| any)
    }
}

/// Tells what the logs hold until now, then, each time that something new is told of, that.
///
/// # Errors
/// When the output cannot be written: it ends no other way.
fn follow(
    patient: &Patient<'_>,
    settings: &Settings,
    wanted: &[Wanted],
    manners: &Manners,
    out: &mut Output,
) -> io::Result<Exit> {
    let mut tails: Vec<Tail> = wanted.iter().map(Tail::new).collect();
    let mut first = true;
    loop {
        let mut reader = Reader::new(settings.clone());
        let mut any = first;
        for tail in &mut tails {
            loop {
                match tail.take(&mut reader) {
                    Ok(true) => any = true,
                    Ok(false) => break,
                    // a file that is being replaced is there again in a moment
                    Err(error) if first => {
                        say(&error.to_string());
                        break;
                    }
                    Err(_) => break,
                }
            }
        }
        let journal = reader.finish();
        if first || any && journal.events.iter().any(|event| !event.is_noise()) {
            tell(&patient.report(&journal), manners, out)?;
            out.flush()?;
        }
        first = false;
        std::thread::sleep(PAUSE);
    }
}
