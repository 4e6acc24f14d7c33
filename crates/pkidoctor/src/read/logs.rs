//! Logs: where a node keeps them, and how they are read: streamed, unpacked, without ever blocking on an open.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};

use flate2::read::MultiGzDecoder;
use rustix::fs::OFlags;

use crate::logs::{PartSifter, Reader, Sifted, SourceId};

use super::disk::{Disk, EntryKind, View, WalkEntry};

/// As many logs of a node as are found, the newest ones.
pub const MAX_LOGS: usize = 256;
/// So much of a packed log is unpacked.
pub const MAX_UNPACKED: u64 = 64 << 30;

/// Small enough to stay near the processor between being read and being searched.
const BUFFER: usize = 64 * 1024;
/// A large log is sifted by two threads, in parts of this size.
const PART: u64 = 1 << 20;
/// As many parts as may wait for the ones before them.
const AHEAD: usize = 6;
/// How what gzip packed begins (RFC 1952, section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Below this size a second thread costs more than it saves.
const LARGE: u64 = 8 << 20;
/// A line that begins in a part ends at most so far behind it; else the log is read in one go.
const LONGEST_LINE: u64 = 64 * 1024;

/// The static pods of a control plane.
const COMPONENTS: [&str; 4] = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];

/// A log that was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// Its path on the node, for showing; it tells who writes it.
    pub name: String,
    /// Where it is on this machine.
    pub path: PathBuf,
    /// When it was written to, seconds since 1970.
    pub modified: i64,
}

/// The logs of the control plane that a node keeps, the newest first, and why some directories could not be listed.
///
/// Those of the kubelet's own layout, `/var/log/pods`, else the links in `/var/log/containers`; a file that has two
/// names is given once. With `root` the node's file system is below that directory, and no link leads out of it.
pub fn found(root: Option<&Path>) -> (Vec<Found>, Vec<String>) {
    let view = root.map_or(View::Node, |root| View::Root(root.to_owned()));
    let disk = Disk::new(view);
    let mut search = Search { disk: &disk, seen: BTreeSet::new(), logs: Vec::new(), problems: Vec::new() };
    search.pods();
    if search.logs.is_empty() {
        search.containers();
    }
    let Search { mut logs, problems, .. } = search;
    logs.sort_by(|one, other| other.modified.cmp(&one.modified).then_with(|| one.name.cmp(&other.name)));
    logs.truncate(MAX_LOGS);
    (logs, problems)
}

struct Search<'d> {
    disk: &'d Disk,
    seen: BTreeSet<(u64, u64)>,
    logs: Vec<Found>,
    problems: Vec<String>,
}

impl Search<'_> {
    /// `/var/log/pods/kube-system_etcd-cp1_UID/etcd/0.log`.
    fn pods(&mut self) {
        let of_component = |name: &str| {
            name.strip_prefix("kube-system_").is_some_and(|pod| COMPONENTS.iter().any(|of| is_pod_of(pod, of)))
        };
        for pod in self.list("/var/log/pods").into_iter().filter(|entry| of_component(name(entry))) {
            for container in self.list(&pod.path) {
                for log in self.list(&container.path).into_iter().filter(|entry| name(entry).contains(".log")) {
                    self.add(&log);
                }
            }
        }
    }

    /// `/var/log/containers/etcd-cp1_kube-system_etcd-ID.log`.
    fn containers(&mut self) {
        for log in self.list("/var/log/containers") {
            let file = name(&log);
            if file.contains("_kube-system_") && COMPONENTS.iter().any(|of| is_pod_of(file, of)) {
                self.add(&log);
            }
        }
    }

    /// What is in a directory; nothing where there is none.
    fn list(&mut self, directory: &str) -> Vec<WalkEntry> {
        use super::disk::WalkProblem;
        match self.disk.list(directory) {
            Ok(entries) => entries,
            Err(WalkProblem::Missing | WalkProblem::NotADirectory | WalkProblem::Unobserved) => Vec::new(),
            Err(problem) => {
                let why = match problem {
                    WalkProblem::Unreadable(why) => why,
                    WalkProblem::TooMany => "too many entries".to_owned(),
                    other => format!("{other:?}"),
                };
                self.problems.push(format!("{directory}: {why}"));
                Vec::new()
            }
        }
    }

    fn add(&mut self, entry: &WalkEntry) {
        if let (EntryKind::File, Some(path), Some(identity)) = (&entry.kind, entry.here(), entry.identity())
            && self.seen.insert(identity)
        {
            let modified = entry.meta.as_ref().and_then(|meta| meta.modified).unwrap_or(0);
            self.logs.push(Found { name: entry.path.clone(), path, modified });
        }
    }
}

fn name(entry: &WalkEntry) -> &str {
    entry.path.rsplit('/').next().unwrap_or_default()
}

fn is_pod_of(pod: &str, component: &str) -> bool {
    pod.strip_prefix(component).is_some_and(|rest| rest.starts_with('-'))
}

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The system's reason.
    #[error("cannot read {0}: {1}")]
    Unreadable(String, io::Error),
    /// Not something that ends.
    #[error("cannot read {0}: is a {1}")]
    Special(String, &'static str),
}

/// An open log.
pub struct Log {
    file: File,
    kind: Kind,
}

enum Kind {
    /// A file as it is, of this size when it was opened.
    Plain(u64),
    /// gzip.
    Packed,
    /// A pipe or a terminal.
    Stream,
}

/// Opens a log. `special` lets pipes and terminals be read, as somebody who names one wants; directories and disks
/// never are.
///
/// # Errors
/// When it cannot be opened, or is something else than a file. It never blocks.
pub fn open(path: &Path, special: bool) -> Result<Log, LogError> {
    let unreadable = |error| LogError::Unreadable(path.display().to_string(), error);
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    let what = special_kind(&metadata);
    match what {
        None => {}
        Some("fifo" | "character device" | "socket") if special => {
            // open did not wait; reading may
            let flags = rustix::fs::fcntl_getfl(&file).map_err(|error| unreadable(error.into()))?;
            rustix::fs::fcntl_setfl(&file, flags - OFlags::NONBLOCK).map_err(|error| unreadable(error.into()))?;
            return Ok(Log { file, kind: Kind::Stream });
        }
        Some(what) => return Err(LogError::Special(path.display().to_string(), what)),
    }
    let mut magic = [0; 2];
    let read = file.read_at(&mut magic, 0).map_err(unreadable)?;
    let kind = if read == 2 && magic == GZIP { Kind::Packed } else { Kind::Plain(metadata.len()) };
    Ok(Log { file, kind })
}

fn special_kind(metadata: &Metadata) -> Option<&'static str> {
    let kind = metadata.file_type();
    if kind.is_file() {
        None
    } else if kind.is_dir() {
        Some("directory")
    } else if kind.is_fifo() {
        Some("fifo")
    } else if kind.is_socket() {
        Some("socket")
    } else if kind.is_block_device() {
        Some("block device")
    } else {
        Some("character device")
    }
}

impl Log {
    /// Reads all of it into a reader, and ends the source.
    ///
    /// # Errors
    /// When the system fails, or what is packed is damaged; what was read until then is in the reader.
    pub fn read_into(self, reader: &mut Reader, source: SourceId) -> io::Result<()> {
        let result = match self.kind {
            Kind::Plain(size) if size >= LARGE && has_two_processors() => self.by_two(reader, source, size),
            Kind::Packed => stream(MultiGzDecoder::new(self.file).take(MAX_UNPACKED), reader, source),
            Kind::Plain(_) => stream(self.file, reader, source),
            Kind::Stream => pipe(self.file, reader, source),
        };
        reader.end(source);
        result
    }

    /// Both threads sift the parts that come next; here they are put together in order, so that the outcome is the same
    /// as that of one thread.
    fn by_two(self, reader: &mut Reader, source: SourceId, size: u64) -> io::Result<()> {
        let parts = Parts { file: &self.file, count: size / PART, next: AtomicU64::new(0) };
        let mut at = 0;
        std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel(AHEAD);
            let parts = &parts;
            scope.spawn(move || parts.sift_all(&sender));
            let mut line = Line { parts, receiver, ready: BTreeMap::new(), buffer: buffer() };
            line.join_all(reader, source, &mut at)
        })?;
        // what is left: the last part, what was written meanwhile, or a log without lines
        each_chunk(&self.file, at, u64::MAX, &mut buffer(), |bytes| reader.feed(source, bytes))
    }
}

/// A log in parts.
struct Parts<'f> {
    file: &'f File,
    count: u64,
    /// The next one that nobody has taken yet.
    next: AtomicU64,
}

/// What was sifted out of a part, and where its lines end; nothing where they are too long to be cut there.
type Cut = Option<(Sifted, u64)>;
/// What came of a part, by its number.
type Outcome = (u64, io::Result<Cut>);

impl Parts<'_> {
    /// Takes the next part and sifts it.
    fn sift_next(&self, buffer: &mut [u8]) -> Option<Outcome> {
        let part = self.next.fetch_add(1, Ordering::Relaxed);
        (part < self.count).then(|| (part, self.sift(part, buffer)))
    }

    /// What the other thread does.
    fn sift_all(&self, sender: &SyncSender<Outcome>) {
        let mut buffer = buffer();
        while let Some(outcome) = self.sift_next(&mut buffer) {
            if sender.send(outcome).is_err() {
                return;
            }
        }
    }

    fn sift(&self, part: u64, buffer: &mut [u8]) -> io::Result<Cut> {
        let (Some(start), Some(end)) = (self.start(part)?, self.start(part + 1)?) else { return Ok(None) };
        let mut sifter = PartSifter::new();
        each_chunk(self.file, start, end, buffer, |bytes| sifter.push(bytes))?;
        Ok(Some((sifter.finish(), end)))
    }

    /// Where the lines of a part begin.
    fn start(&self, part: u64) -> io::Result<Option<u64>> {
        if part == 0 { Ok(Some(0)) } else { line_start(self.file, part * PART) }
    }
}

/// Parts, put together in order.
struct Line<'p> {
    parts: &'p Parts<'p>,
    receiver: Receiver<Outcome>,
    /// Those that wait for the ones before them.
    ready: BTreeMap<u64, io::Result<Cut>>,
    buffer: Vec<u8>,
}

impl Line<'_> {
    /// `at` is moved to the end of what was read.
    fn join_all(&mut self, reader: &mut Reader, source: SourceId, at: &mut u64) -> io::Result<()> {
        for part in 0..self.parts.count {
            let Some((sifted, end)) = self.part(part)? else { return Ok(()) };
            if reader.waits(source) {
                // a part of a line, or the lines behind a start, reach into this part
                each_chunk(self.parts.file, *at, end, &mut self.buffer, |bytes| reader.feed(source, bytes))?;
            } else {
                reader.join(source, &sifted);
            }
            *at = end;
        }
        Ok(())
    }

    /// Waits for a part, and sifts later ones meanwhile.
    fn part(&mut self, part: u64) -> io::Result<Cut> {
        loop {
            if let Some(outcome) = self.ready.remove(&part) {
                return outcome;
            }
            let received = match self.receiver.try_recv() {
                Ok(outcome) => Some(outcome),
                Err(TryRecvError::Empty) if self.ready.len() < AHEAD => self.parts.sift_next(&mut self.buffer),
                Err(_) => None,
            };
            // all are taken, or too many wait: this one is in the other thread's hands
            let Some((number, outcome)) = received.or_else(|| self.receiver.recv().ok()) else { return Ok(None) };
            self.ready.insert(number, outcome);
        }
    }
}

/// Where the first line begins at or behind a place; `None` where that is far away.
fn line_start(file: &File, place: u64) -> io::Result<Option<u64>> {
    let from = place - 1;
    let (mut start, mut at) = (None, from);
    // most lines are short: little is read twice
    let mut near = [0; 1024];
    while start.is_none() && at < from + LONGEST_LINE {
        let before = at;
        each_chunk(file, at, at + near.len() as u64, &mut near, |bytes| {
            start = start.or_else(|| memchr::memchr(b'\n', bytes).map(|end| at + end as u64 + 1));
            at += bytes.len() as u64;
        })?;
        if at == before {
            break;
        }
    }
    Ok(start)
}

fn buffer() -> Vec<u8> {
    vec![0; BUFFER]
}

/// The bytes between two places, in pieces.
fn each_chunk(file: &File, from: u64, to: u64, buffer: &mut [u8], mut each: impl FnMut(&[u8])) -> io::Result<()> {
    let mut at = from;
    while at < to {
        let want = usize::try_from(to - at).unwrap_or(buffer.len()).min(buffer.len());
        match file.read_at(&mut buffer[..want], at) {
            Ok(0) => break,
            Ok(read) => {
                each(&buffer[..read]);
                at += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What comes through a pipe may be packed, too.
fn pipe(mut from: impl Read, reader: &mut Reader, source: SourceId) -> io::Result<()> {
    let mut magic = Vec::with_capacity(2);
    from.by_ref().take(2).read_to_end(&mut magic)?;
    let is_packed = magic == GZIP;
    let whole = io::Cursor::new(magic).chain(from);
    if is_packed {
        stream(MultiGzDecoder::new(whole).take(MAX_UNPACKED), reader, source)
    } else {
        stream(whole, reader, source)
    }
}

fn stream(mut from: impl Read, reader: &mut Reader, source: SourceId) -> io::Result<()> {
    let mut buffer = buffer();
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => reader.feed(source, &buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A second thread on one processor only costs.
fn has_two_processors() -> bool {
    std::thread::available_parallelism().is_ok_and(|count| count.get() > 1)
}

/// A log that is written to while it is read.
pub struct Follow {
    path: PathBuf,
    current: Option<Current>,
    buffer: Vec<u8>,
}

struct Current {
    file: File,
    /// Device and number of the file.
    identity: (u64, u64),
    /// Up to where it was read.
    at: u64,
}

/// What comes out of a followed log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Piece<'b> {
    /// It was cut to nothing, or another file is in its place: the line before is over.
    Anew,
    /// The next bytes.
    Bytes(&'b [u8]),
}

/// What a look at a followed log gave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum News {
    /// Nothing new.
    None,
    /// There were pieces.
    Pieces,
    /// It is not there, at least for now.
    Gone,
}

impl Follow {
    /// Follows a log, from its beginning. A packed log does not grow; read that with [`open`].
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), current: None, buffer: vec![0; BUFFER] }
    }

    /// Looks whether it grew, was cut or was replaced. Of each file at most 64 MiB come at a time; what is left comes
    /// with the next look. The rest of a file that was rotated away comes before the one in its place.
    ///
    /// # Errors
    /// When the system fails, or something else than a file is in its place.
    pub fn look(&mut self, mut each: impl FnMut(Piece<'_>)) -> Result<News, LogError> {
        let path = &self.path;
        let unreadable = |error| LogError::Unreadable(path.display().to_string(), error);
        let mut progress = Progress::default();
        if let Some(current) = &mut self.current {
            progress = current.read(&mut self.buffer, &mut each).map_err(unreadable)?;
        }
        let there = match rustix::fs::stat(path) {
            Ok(status) => (identity(status.st_dev), identity(status.st_ino)),
            Err(rustix::io::Errno::NOENT) if !progress.any => return Ok(News::Gone),
            Err(rustix::io::Errno::NOENT) => return Ok(News::Pieces),
            Err(error) => return Err(unreadable(error.into())),
        };
        let same = self.current.as_ref().is_some_and(|current| current.identity == there);
        if !same && !progress.more {
            let log = open(path, false)?;
            let metadata = log.file.metadata().map_err(unreadable)?;
            let mut next = Current { file: log.file, identity: (metadata.dev(), metadata.ino()), at: 0 };
            if self.current.is_some() {
                each(Piece::Anew);
                progress.any = true;
            }
            progress.any |= next.read(&mut self.buffer, &mut each).map_err(unreadable)?.any;
            self.current = Some(next);
        }
        Ok(if progress.any { News::Pieces } else { News::None })
    }
}

/// What the system counts devices and files with differs between machines.
fn identity(number: impl TryInto<u64>) -> u64 {
    number.try_into().unwrap_or(u64::MAX)
}

/// How far a look came.
#[derive(Clone, Copy, Default)]
struct Progress {
    /// Whether there was anything new.
    any: bool,
    /// Whether there may be more.
    more: bool,
}

impl Current {
    /// Reads what is there.
    fn read(&mut self, buffer: &mut [u8], each: &mut impl FnMut(Piece<'_>)) -> io::Result<Progress> {
        const MOST: u64 = 64 << 20;
        let mut progress = Progress::default();
        if self.file.metadata()?.len() < self.at {
            self.at = 0;
            progress.any = true;
            each(Piece::Anew);
        }
        let start = self.at;
        while self.at - start < MOST {
            match self.file.read_at(buffer, self.at) {
                Ok(0) => return Ok(progress),
                Ok(read) => {
                    each(Piece::Bytes(&buffer[..read]));
                    self.at += read as u64;
                    progress.any = true;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Progress { more: true, ..progress })
    }
}
