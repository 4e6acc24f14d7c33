//! `scan --each DIR`: a fleet of clusters, on all cores, told in the order of their names.
#![expect(clippy::disallowed_methods, reason = "lists the children; each of them is read by the library")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;

use crate::args::{Manners, Scan};
use crate::exit::Exit;
use crate::output::{Output, say};
use crate::render::{json, lines};
use crate::words::plural;

use super::scan::{self, nothing_line};

/// Results that may wait for an earlier, slower one.
const WINDOW: usize = 256;

/// Runs `scan` on every child of `directory`.
///
/// # Errors
/// When the output cannot be written.
pub(crate) fn run(scan: &Scan, directory: &Path, manners: &Manners, out: &mut Output) -> io::Result<Exit> {
    let now = scan.judge.now();
    let names = match children(directory) {
        Ok(names) if names.is_empty() => return nothing(scan, directory, "no directory in it", now, out),
        Ok(names) => names,
        Err(error) => return nothing(scan, directory, &error.to_string(), now, out),
    };
    let fleet = Fleet {
        scan,
        directory,
        names,
        now,
        next: AtomicUsize::new(0),
        queue: Mutex::default(),
        moved: Condvar::new(),
    };
    let exits = fleet.run(out)?;
    if !manners.quiet {
        let of = |wanted: Exit| exits.iter().filter(|exit| **exit == wanted).count();
        let (clean, found, unseen) = (of(Exit::Clean), of(Exit::Found), of(Exit::CouldNotLook));
        say(&format!(
            "{}: {clean} clean, {found} with findings, {unseen} could not be examined",
            plural(exits.len(), "cluster")
        ));
    }
    Ok(exits.into_iter().fold(Exit::Clean, Exit::or_worse))
}

fn nothing(scan: &Scan, directory: &Path, why: &str, now: OffsetDateTime, out: &mut Output) -> io::Result<Exit> {
    let error = format!("no clusters in {}: {why}", directory.display());
    say(&error);
    json::line(out, &nothing_line(scan.judge.for_go, &error, now, directory))?;
    Ok(Exit::CouldNotLook)
}

/// The directories in `directory` that are not hidden, by name.
fn children(directory: &Path) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let hidden = name.as_encoded_bytes().starts_with(b".");
        if !hidden && is_directory(&entry) {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Symbolic links to directories count.
fn is_directory(entry: &std::fs::DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| kind.is_dir() || kind.is_symlink() && entry.path().is_dir())
}

struct Fleet<'s> {
    scan: &'s Scan,
    directory: &'s Path,
    names: Vec<OsString>,
    now: OffsetDateTime,
    /// The next child that nobody has taken.
    next: AtomicUsize,
    queue: Mutex<Queue>,
    moved: Condvar,
}

/// Results on their way from the workers to the writer.
#[derive(Default)]
struct Queue {
    done: BTreeMap<usize, (Vec<u8>, Exit)>,
    written: usize,
    /// Nobody reads any more.
    closed: bool,
}

impl Fleet<'_> {
    fn run(&self, out: &mut Output) -> io::Result<Vec<Exit>> {
        let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(self.names.len());
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| self.work());
            }
            let written = self.write(out);
            self.queue().closed = true;
            self.moved.notify_all();
            written
        })
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            if index >= self.names.len() {
                return;
            }
            let result = self.one(index);
            let waiting = |queue: &mut Queue| !queue.closed && index >= queue.written + WINDOW;
            let mut queue = self.moved.wait_while(self.queue(), waiting).unwrap_or_else(PoisonError::into_inner);
            if queue.closed {
                return;
            }
            queue.done.insert(index, result);
            drop(queue);
            self.moved.notify_all();
        }
    }

    /// The lines of one cluster.
    fn one(&self, index: usize) -> (Vec<u8>, Exit) {
        let path = self.directory.join(&self.names[index]);
        let mut text = Vec::with_capacity(1 << 14);
        let examined = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            scan::examine(self.scan, vec![path.clone()], self.now)
        }));
        let (told, exit) = match examined {
            Ok(Ok(report)) => (lines::write(&mut text, &report), scan::exit(&report, self.scan.fail_on)),
            Ok(Err(error)) => (self.tell_nothing(&mut text, &error, &path), Exit::CouldNotLook),
            // one bad patient must not cost the others their report
            Err(_) => (
                self.tell_nothing(
                    &mut text,
                    &"this is a bug in pkidoctor; please report it with this directory",
                    &path,
                ),
                Exit::CouldNotLook,
            ),
        };
        debug_assert!(told.is_ok(), "a vector takes everything");
        (text, exit)
    }

    fn tell_nothing(&self, text: &mut Vec<u8>, error: &impl ToString, path: &Path) -> io::Result<()> {
        json::line(text, &nothing_line(self.scan.judge.for_go, &error.to_string(), self.now, path))
    }

    fn write(&self, out: &mut Output) -> io::Result<Vec<Exit>> {
        let mut exits = Vec::with_capacity(self.names.len());
        while exits.len() < self.names.len() {
            for (text, exit) in self.ready(exits.len()) {
                out.write_all(&text)?;
                exits.push(exit);
            }
        }
        Ok(exits)
    }

    /// Waits for the result `from` and takes it with all that follow it without a gap.
    fn ready(&self, from: usize) -> Vec<(Vec<u8>, Exit)> {
        let waiting = |queue: &mut Queue| !queue.done.contains_key(&from);
        let mut queue = self.moved.wait_while(self.queue(), waiting).unwrap_or_else(PoisonError::into_inner);
        let mut ready = Vec::new();
        while let Some(result) = queue.done.remove(&(from + ready.len())) {
            ready.push(result);
        }
        queue.written = from + ready.len();
        drop(queue);
        self.moved.notify_all();
        ready
    }
}
