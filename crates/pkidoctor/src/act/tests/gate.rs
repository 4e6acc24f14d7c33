//! System calls that fail or end where a test wants it, and a record of them all.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString};
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use zeroize::Zeroizing;

use super::super::files::{Attribute, Directory, Facts, Files, Open, RealFiles, Room};

/// What happens at a step.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    Never,
    /// The process ends: nothing from here on reaches the disk, the step itself perhaps in part.
    Die,
    Once(Errno),
    Forever(Errno),
}

/// A step, as much as is needed to do it again.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Create(PathBuf, u32),
    Append(PathBuf),
    Write(Vec<u8>),
    Owner(u32, u32),
    Mode(u32),
    Dress,
    Sync,
    Link(PathBuf, PathBuf),
    Rename(PathBuf, PathBuf),
    Unlink(PathBuf),
    MakeDirectory(PathBuf),
    RemoveDirectory(PathBuf),
    SyncDirectory(PathBuf),
    Read,
}

pub(super) struct Gated {
    real: RealFiles,
    at: usize,
    fault: Fault,
    /// Reading counts as a step, too.
    pub(super) reads: bool,
    /// What link(2) says, if it is to be refused.
    pub(super) no_links: Option<Errno>,
    pub(super) steps: Cell<usize>,
    pub(super) record: RefCell<Vec<Step>>,
}

impl Gated {
    pub(super) fn new(at: usize, fault: Fault) -> Self {
        let (steps, record) = (Cell::new(0), RefCell::default());
        Self { real: RealFiles, at, fault, reads: false, no_links: None, steps, record }
    }

    pub(super) fn reached(&self) -> bool {
        self.steps.get() > self.at
    }

    fn dead(&self) -> bool {
        matches!(self.fault, Fault::Die) && self.reached()
    }

    fn step(&self, step: Step) -> io::Result<()> {
        let number = self.steps.replace(self.steps.get() + 1);
        self.record.borrow_mut().push(step);
        match self.fault {
            Fault::Die if number >= self.at => Err(Errno::CANCELED.into()),
            Fault::Once(errno) if number == self.at => Err(errno.into()),
            Fault::Forever(errno) if number >= self.at => Err(errno.into()),
            _ => Ok(()),
        }
    }

    fn looks(&self) -> io::Result<()> {
        if self.dead() {
            return Err(Errno::CANCELED.into());
        }
        if self.reads { self.step(Step::Read) } else { Ok(()) }
    }
}

type R<T> = io::Result<T>;

impl Files for Gated {
    fn real_path(&self, path: &Path) -> R<PathBuf> {
        self.looks().and_then(|()| self.real.real_path(path))
    }
    fn directory(&self, path: &Path) -> R<Directory> {
        self.looks().and_then(|()| self.real.directory(path))
    }
    fn child(&self, directory: &Directory, name: &CStr) -> R<Directory> {
        self.looks().and_then(|()| self.real.child(directory, name))
    }
    fn facts(&self, directory: &Directory, name: &CStr) -> R<Option<Facts>> {
        self.looks().and_then(|()| self.real.facts(directory, name))
    }
    fn facts_of(&self, file: &Open) -> R<Facts> {
        self.looks().and_then(|()| self.real.facts_of(file))
    }
    fn fixed(&self, directory: &Directory, name: &CStr) -> Option<&'static str> {
        self.real.fixed(directory, name)
    }
    fn open(&self, directory: &Directory, name: &CStr) -> R<Open> {
        self.looks().and_then(|()| self.real.open(directory, name))
    }
    fn read(&self, file: &Open, limit: u64) -> R<Zeroizing<Vec<u8>>> {
        self.looks().and_then(|()| self.real.read(file, limit))
    }
    fn attributes(&self, file: &Open) -> R<Vec<Attribute>> {
        self.looks().and_then(|()| self.real.attributes(file))
    }
    fn link_target(&self, directory: &Directory, name: &CStr) -> R<CString> {
        self.looks().and_then(|()| self.real.link_target(directory, name))
    }
    fn names(&self, directory: &Directory) -> R<Vec<CString>> {
        self.looks().and_then(|()| self.real.names(directory))
    }
    fn room(&self, directory: &Directory) -> R<Room> {
        self.looks().and_then(|()| self.real.room(directory))
    }
    fn may_write(&self, directory: &Directory) -> R<()> {
        self.looks().and_then(|()| self.real.may_write(directory))
    }
    fn user(&self) -> Option<u32> {
        self.real.user()
    }
    fn lock(&self, directory: &Directory, exclusive: bool) -> R<bool> {
        self.real.lock(directory, exclusive)
    }

    fn create(&self, directory: &Directory, name: &CStr, mode: u32) -> R<Open> {
        self.step(Step::Create(directory.join(name), mode)).and_then(|()| self.real.create(directory, name, mode))
    }
    fn append(&self, directory: &Directory, name: &CStr) -> R<Open> {
        self.step(Step::Append(directory.join(name))).and_then(|()| self.real.append(directory, name))
    }
    fn write(&self, file: &Open, bytes: &[u8]) -> R<()> {
        let was_dead = self.dead();
        match self.step(Step::Write(bytes.to_vec())) {
            Ok(()) => self.real.write(file, bytes),
            Err(error) => {
                if !was_dead {
                    self.real.write(file, &bytes[..bytes.len() / 2])?;
                }
                Err(error)
            }
        }
    }
    fn set_owner(&self, file: &Open, uid: u32, gid: u32) -> R<()> {
        self.step(Step::Owner(uid, gid)).and_then(|()| self.real.set_owner(file, uid, gid))
    }
    fn set_mode(&self, file: &Open, mode: u32) -> R<()> {
        self.step(Step::Mode(mode)).and_then(|()| self.real.set_mode(file, mode))
    }
    fn set_attribute(&self, file: &Open, name: &CStr, value: &[u8]) -> R<()> {
        self.step(Step::Dress).and_then(|()| self.real.set_attribute(file, name, value))
    }
    fn remove_attribute(&self, file: &Open, name: &CStr) -> R<()> {
        self.step(Step::Dress).and_then(|()| self.real.remove_attribute(file, name))
    }
    fn set_modified(&self, file: &Open, modified: (i64, u32)) -> R<()> {
        self.step(Step::Dress).and_then(|()| self.real.set_modified(file, modified))
    }
    fn sync(&self, file: &Open) -> R<()> {
        self.step(Step::Sync).and_then(|()| self.real.sync(file))
    }
    fn link(&self, directory: &Directory, from: &CStr, to: &CStr) -> R<()> {
        if let Some(errno) = self.no_links {
            return Err(errno.into());
        }
        self.step(Step::Link(directory.join(from), directory.join(to)))?;
        self.real.link(directory, from, to)
    }
    fn rename(&self, directory: &Directory, from: &CStr, to: &CStr) -> R<()> {
        self.step(Step::Rename(directory.join(from), directory.join(to)))?;
        self.real.rename(directory, from, to)
    }
    fn unlink(&self, directory: &Directory, name: &CStr) -> R<()> {
        self.step(Step::Unlink(directory.join(name))).and_then(|()| self.real.unlink(directory, name))
    }
    fn make_directory(&self, directory: &Directory, name: &CStr) -> R<()> {
        self.step(Step::MakeDirectory(directory.join(name))).and_then(|()| self.real.make_directory(directory, name))
    }
    fn remove_directory(&self, directory: &Directory, name: &CStr) -> R<()> {
        let step = Step::RemoveDirectory(directory.join(name));
        self.step(step).and_then(|()| self.real.remove_directory(directory, name))
    }
    fn sync_directory(&self, directory: &Directory) -> R<()> {
        let step = Step::SyncDirectory(directory.path().to_path_buf());
        self.step(step).and_then(|()| self.real.sync_directory(directory))
    }
}
