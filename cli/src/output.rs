//! The one door out: the product goes to stdout or, whole or not at all, to a file; talk goes to stderr.
#![expect(clippy::disallowed_methods, reason = "the file behind -o is written here")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, StdoutLock, Write};
use std::path::{Path, PathBuf};

use anstream::{AutoStream, ColorChoice};

use crate::args::{Manners, When};
use crate::exit::Exit;
use crate::language::tr;
use crate::render::clean::clean;
use crate::render::page::Paper;

/// Lines are wrapped to this when nobody says how wide the terminal is.
const DEFAULT_WIDTH: usize = 100;

/// Where the product goes.
pub(crate) struct Output {
    sink: Sink,
    paper: Paper,
    done: Option<Exit>,
}

enum Sink {
    Stdout(BufWriter<StdoutLock<'static>>),
    /// A device or FIFO, which is written and not replaced.
    Device(BufWriter<File>),
    File(Staged),
}

impl Output {
    /// Opens what `-o` names, else stdout.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub(crate) fn open(manners: &Manners) -> io::Result<Self> {
        let sink = match &manners.output {
            None => Sink::Stdout(BufWriter::with_capacity(1 << 16, io::stdout().lock())),
            Some(path) => Sink::to(path)?,
        };
        let color = match manners.color {
            When::Always => true,
            When::Never => false,
            When::Auto => manners.output.is_none() && AutoStream::choice(&io::stdout()) != ColorChoice::Never,
        };
        Ok(Self { sink, paper: Paper { color, width: width() }, done: None })
    }

    /// How wide it is, and whether it takes colour.
    pub(crate) fn paper(&self) -> Paper {
        self.paper
    }

    /// Files were written or not, and that stands, whether or not it can be told.
    pub(crate) fn stands(&mut self, exit: Exit) {
        self.done = Some(exit);
    }

    /// What stands.
    pub(crate) fn done(&self) -> Option<Exit> {
        self.done
    }

    /// Puts everything in its place.
    ///
    /// # Errors
    /// When something could not be written; the file is then as it was.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self.sink {
            Sink::Stdout(mut stdout) => stdout.flush(),
            Sink::Device(mut device) => device.flush(),
            Sink::File(staged) => staged.commit(),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.sink {
            Sink::Stdout(stdout) => stdout.write(bytes),
            Sink::Device(device) => device.write(bytes),
            Sink::File(staged) => staged.file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Sink::Stdout(stdout) => stdout.flush(),
            Sink::Device(device) => device.flush(),
            Sink::File(staged) => staged.file.flush(),
        }
    }
}

impl Sink {
    fn to(path: &Path) -> io::Result<Self> {
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        match fs::metadata(&target) {
            Ok(meta) if meta.is_dir() => Err(io::Error::from(io::ErrorKind::IsADirectory)),
            Ok(meta) if !meta.is_file() => {
                Ok(Self::Device(BufWriter::new(OpenOptions::new().write(true).open(&target)?)))
            }
            known => Staged::beside(target, known.ok().map(|meta| meta.permissions())).map(Self::File),
        }
    }
}

/// A file that is written beside its target and takes its place when it is whole.
struct Staged {
    target: PathBuf,
    temporary: PathBuf,
    file: BufWriter<File>,
    committed: bool,
}

impl Staged {
    fn beside(target: PathBuf, permissions: Option<fs::Permissions>) -> io::Result<Self> {
        let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.tmp", std::process::id()));
        let temporary = target.with_file_name(hidden);
        let file = OpenOptions::new().write(true).create_new(true).open(&temporary)?;
        let staged = Self { target, temporary, file: BufWriter::with_capacity(1 << 16, file), committed: false };
        if let Some(permissions) = permissions {
            staged.file.get_ref().set_permissions(permissions)?;
        }
        Ok(staged)
    }

    fn commit(mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        fs::rename(&self.temporary, &self.target)?;
        self.committed = true;
        let directory = self.target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // not every file system can sync a directory; the content is safe already
        let _ = File::open(directory).and_then(|directory| directory.sync_all());
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.committed {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// `COLUMNS`, else the terminal's width; lines longer than 120 are hard to read.
fn width() -> usize {
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse::<usize>().ok());
    let seen = || terminal_size::terminal_size().map(|(terminal_size::Width(columns), _)| usize::from(columns));
    told.or_else(seen).unwrap_or(DEFAULT_WIDTH).clamp(40, 120)
}

/// One line of talk on stderr.
pub(crate) fn say(text: &str) {
    // nobody is left to be told when stderr is closed
    let _ = writeln!(io::stderr().lock(), "pkidoctor: {}", clean(&tr(text)));
}
