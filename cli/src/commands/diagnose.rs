//! `diagnose`: reads logs, holds them against files and live evidence, names causes and treatment.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pkidoctor::cluster::Cluster;
use pkidoctor::exam::Options;
use pkidoctor::logs::{Journal, Own, Reader, Settings};
use pkidoctor::read::logs::{self, Follow};
use pkidoctor::read::{self, ReadError, Request};
use pkidoctor::report::{self, Filter, Report};
use time::OffsetDateTime;

use super::scan;
#[cfg(feature = "live")]
use crate::args::clock;
use crate::args::{Diagnose, Format, Manners, USUAL_PKI};
use crate::exit::Exit;
use crate::output::{Output, say};
use crate::progress::{Line, SILENCE};
use crate::render::{diagnosis, json, lines};
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
    let wanted = sources(diagnose, manners);
    let mut settings = Settings::at(now);
    settings.zone = diagnose.zone;
    settings.since = diagnose.since.map(|since| since.instant(now));
    settings.ours = seen.ours();
    let mut reading = Reading { settings, line: Line::new(manners.quiet), begun: Instant::now(), bytes: 0 };
    let (journal, unread) = reading.all(&wanted);
    if unread {
        exit = exit.or_worse(Exit::CouldNotLook);
    }
    let patient = Patient { diagnose, files, seen, now };
    let report = patient.report(&journal);
    tell(&report, manners, out)?;
    exit = exit.or_worse(verdict(&report));
    if diagnose.follow {
        out.flush()?;
        follow(&patient, &reading.settings, &wanted, manners, out)?;
    }
    Ok(exit)
}

/// The files that logs are held against.
struct Files {
    request: Request,
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
        Ok(Some(Self { request, cluster }))
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

/// Where lines come from.
enum Source {
    Stdin,
    File(PathBuf),
}

impl Source {
    fn name(&self) -> String {
        match self {
            Self::Stdin => "stdin".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

/// What was asked for, else what is found on the node.
fn sources(diagnose: &Diagnose, manners: &Manners) -> Vec<Source> {
    let mut wanted: Vec<Source> = Vec::new();
    for path in &diagnose.logs {
        match path.to_str() {
            Some("-") if wanted.iter().any(|source| matches!(source, Source::Stdin)) => {}
            Some("-") => wanted.push(Source::Stdin),
            _ => wanted.push(Source::File(path.clone())),
        }
    }
    if wanted.is_empty() {
        wanted.extend(logs::found(diagnose.place.root.as_deref()).into_iter().map(Source::File));
        if !manners.quiet {
            match wanted.len() {
                0 => say("no logs of pods here: the causes are told by the files alone"),
                count => say(&format!("reading {} of pods", plural(count, "log"))),
            }
        }
    }
    wanted
}

/// Logs on their way in.
struct Reading {
    settings: Settings,
    line: Line,
    begun: Instant,
    bytes: u64,
}

/// So much of a stream is read at a time.
const CHUNK: usize = 1 << 20;

impl Reading {
    /// Reads them all; whether one could not be.
    fn all(&mut self, wanted: &[Source]) -> (Journal, bool) {
        let mut reader = Reader::new(self.settings.clone());
        let mut unread = false;
        for source in wanted {
            if let Err(error) = self.one(&mut reader, source) {
                self.line.wipe();
                say(&format!("cannot read {}: {error}", source.name()));
                unread = true;
            }
        }
        self.line.wipe();
        (reader.finish(), unread)
    }

    fn one(&mut self, reader: &mut Reader, source: &Source) -> io::Result<()> {
        let id = reader.source(&source.name());
        let mut stream: Box<dyn io::Read> = match source {
            Source::Stdin => logs::unpacked(Box::new(io::stdin().lock()))?,
            Source::File(path) => logs::open(path)?,
        };
        let mut chunk = vec![0; CHUNK];
        loop {
            let count = match stream.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    // what came until then is worth something
                    reader.end(id);
                    return Err(error);
                }
            };
            reader.feed(id, &chunk[..count]);
            self.bytes += count as u64;
            if self.begun.elapsed() >= SILENCE {
                self.line.draw(&format!("reading {}: {} MB", source.name(), self.bytes >> 20));
            }
        }
        reader.end(id);
        Ok(())
    }
}

fn tell(report: &Report, manners: &Manners, out: &mut Output) -> io::Result<()> {
    match manners.format() {
        Format::Human => {
            let text = diagnosis::report(report, out.paper(), super::detail(manners));
            out.write_all(text.as_bytes())
        }
        Format::Json => json::line(out, report),
        Format::Ndjson => lines::write(out, report),
    }
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

/// Goes on as the logs grow: each time that something new is told of, that is told.
fn follow(
    patient: &Patient<'_>,
    settings: &Settings,
    wanted: &[Source],
    manners: &Manners,
    out: &mut Output,
) -> io::Result<()> {
    let files = wanted.iter().filter_map(|source| match source {
        Source::File(path) => Some((path.as_path(), Follow::new(path))),
        Source::Stdin => None,
    });
    let mut following: Vec<(&Path, Follow)> = files.collect();
    if following.is_empty() {
        say("there is no file to follow");
        return Ok(());
    }
    loop {
        std::thread::sleep(PAUSE);
        let mut reader = Reader::new(settings.clone());
        for (path, follow) in &mut following {
            let source = reader.source(&path.display().to_string());
            // a file that is being replaced is there again in a moment
            if let Ok(lines) = follow.lines() {
                reader.feed(source, &lines);
            }
            reader.end(source);
        }
        let journal = reader.finish();
        if journal.events.iter().any(|event| !event.is_noise()) {
            tell(&patient.report(&journal), manners, out)?;
            out.flush()?;
        }
    }
}
