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
use crate::args::{Diagnose, Format, Manners, clock};
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
    let mut settings = Settings::new(now);
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
