//! Backups: a directory per run, whole or not there, with what is needed to know that it is whole.
//!
//! ```text
//! <parent>/<run>/backup.json      what the run was, and every file with digest, mode, owner
//! <parent>/<run>/files/etc/…      the files at their absolute paths, as they were
//! ```
//!
//! It is made as `<run>.partial`, 0700, and renamed when all of it is on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::digest::{Digest, octal};
use super::dress::{PRIVATE, attributes};
use super::files::{Directory, Facts, Files, Kind, Open};
use super::journal::{BackupPlace, Entry, Header, Run};
use super::ledger::{Here, remove as remove_file, seen};
use super::lock::Lock;
use super::paths::{PathText, below, is_plain, moved, split};
use super::reason::{Reason, While};
use super::transaction::{After, Change};
use crate::cluster::MAX_FILE;

const SCHEMA: &str = "pkidoctor.backup.v1";
/// The list of a backup; a line per file.
const MAX_LIST: u64 = 16 << 20;
/// As deep as directories nest in a backup.
const MAX_DEPTH: usize = 64;
const LIST: &CStr = c"backup.json";
const FILES: &CStr = c"files";

/// What a run saves before it changes anything.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BackupRequest {
    /// The directory that holds the backups; made if it is missing.
    pub parent: PathBuf,
    /// Files and symbolic links on this machine. What the run changes is saved in any case.
    pub everything: Vec<PathBuf>,
}

/// A backup whose every file has the digest that it was saved with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Backup {
    directory: PathBuf,
    list: List,
}

/// A directory among the backups.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Where it is.
    pub directory: PathBuf,
    /// The backup, or why it is none.
    pub backup: Result<Backup, Reason>,
}

/// Why a backup is not put back.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RestoreError {
    /// These are neither what the run left nor what the backup holds.
    #[error("changed since that run: {}", paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "))]
    ChangedSince {
        /// The files.
        paths: Vec<PathBuf>,
    },
    /// The backup belongs to another directory.
    #[error("the backup is of {}, and this is {}", theirs.display(), here.display())]
    OtherHome {
        /// The PKI directory that was saved.
        theirs: PathBuf,
        /// The one that it was to be put back to.
        here: PathBuf,
    },
    /// Something could not be read.
    #[error("{0}")]
    Unreadable(#[from] Reason),
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct List {
    schema: String,
    run: Run,
    home: PathText,
    changes: Vec<Entry>,
    files: Vec<Saved>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Saved {
    path: PathText,
    what: What,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    File(SavedFile),
    /// A symbolic link, by its target as written; not made again in the backup.
    Link(PathText),
    /// Left out, and why: no private key and no certificate is like this.
    LeftOut(String),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct SavedFile {
    sha256: Digest,
    #[serde(with = "octal")]
    mode: u32,
    uid: u32,
    gid: u32,
    size: u64,
    /// Seconds since 1970.
    modified: i64,
}

// ---- writing ----

/// A directory, links resolved, and which ones above it and itself are missing. Writes nothing.
fn resolved(files: &dyn Files, parent: &Path) -> Result<BackupPlace, Reason> {
    let mut missing: Vec<&OsStr> = Vec::new();
    let mut existing = parent;
    let real = loop {
        match files.real_path(existing) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let (Some(name), Some(above)) = (existing.file_name(), existing.parent()) else {
                    return Err(Reason::of(&error, "find", parent));
                };
                missing.push(name);
                existing = above;
            }
            answer => break answer.while_at("find", existing)?,
        }
    };
    let mut place = BackupPlace { parent: PathText(real), made: Vec::new() };
    for name in missing.into_iter().rev() {
        place.parent.0.push(name);
        place.made.push(place.parent.clone());
    }
    if !is_plain(&place.parent.0) {
        return Err(Reason::BadPlan { path: parent.to_path_buf(), why: "expected an absolute path".to_owned() });
    }
    Ok(place)
}

/// Where a run's backup goes: links resolved, missing directories named, nothing of that name there. Writes nothing.
pub(super) fn place(files: &dyn Files, parent: &Path, id: &str) -> Result<BackupPlace, Reason> {
    let place = resolved(files, parent)?;
    if place.made.is_empty() {
        let directory = files.directory(&place.parent.0).while_at("open", &place.parent.0)?;
        for name in [finished_name(id), partial_name(id)] {
            if files.facts(&directory, &name).while_at("look at", &directory.join(&name))?.is_some() {
                return Err(Reason::Exists { path: directory.join(&name) });
            }
        }
    }
    Ok(place)
}

/// Finds or makes a directory, 0700, that lies outside of the PKI and of the manifests.
///
/// # Errors
/// When it lies inside, or cannot be made.
pub(crate) fn make_outside(files: &dyn Files, home: &Path, directory: &Path) -> Result<PathBuf, Reason> {
    let place = resolved(files, directory)?;
    require_outside(home, &place.parent.0)?;
    place.made.iter().try_for_each(|made| make_parent(files, &made.0))?;
    Ok(place.parent.0)
}

/// The kubelet runs what lies among the manifests, and what lies in the PKI is taken for files of it.
pub(super) fn require_outside(home: &Path, directory: &Path) -> Result<(), Reason> {
    let manifests = home.parent().map(|above| above.join("manifests"));
    if directory.starts_with(home) || manifests.is_some_and(|manifests| directory.starts_with(manifests)) {
        let why = "backups and requests go outside of the PKI and of the manifests".to_owned();
        return Err(Reason::BadPlan { path: directory.to_path_buf(), why });
    }
    Ok(())
}

fn finished_name(id: &str) -> CString {
    CString::new(id).unwrap_or_default()
}

fn partial_name(id: &str) -> CString {
    CString::new(format!("{id}.partial")).unwrap_or_default()
}

/// Where a backup keeps a file.
pub(super) fn saved(backup: &Path, path: &Path) -> PathBuf {
    below(&backup.join("files"), path)
}

/// Saves everything that is asked for and everything that the run changes, if it has a place for a backup.
pub(super) fn write(files: &dyn Files, header: &Header, everything: Vec<PathBuf>) -> Result<Option<PathBuf>, Reason> {
    let Some(place) = &header.backup else { return Ok(None) };
    for made in &place.made {
        make_parent(files, &made.0)?;
    }
    let parent = files.directory(&place.parent.0).while_at("open", &place.parent.0)?;
    let (partial, finished) = (partial_name(&header.run.id), finished_name(&header.run.id));
    let root = make(files, &parent, &partial)?;
    let mut writer = Writer { files, root: make(files, &root, FILES)?, made: BTreeMap::new() };
    let saved = wanted(files, header, everything)?.iter().map(|path| writer.save(path)).collect::<Result<_, _>>()?;
    writer.sync()?;
    let list = List {
        schema: SCHEMA.to_owned(),
        run: header.run.clone(),
        home: header.home.clone(),
        changes: header.changes.clone(),
        files: saved,
    };
    write_list(files, &root, &list)?;
    files.sync_directory(&root).while_at("sync", root.path())?;
    files.rename(&parent, &partial, &finished).while_at("rename", root.path())?;
    files.sync_directory(&parent).while_at("sync", parent.path())?;
    Ok(Some(parent.join(&finished)))
}

fn make_parent(files: &dyn Files, path: &Path) -> Result<(), Reason> {
    let Some((above, name)) = split(path) else { return Ok(()) };
    let directory = files.directory(&above).while_at("open", &above)?;
    files.make_directory(&directory, &name).while_at("make", path)?;
    files.sync_directory(&directory).while_at("sync", &above)
}

fn make(files: &dyn Files, parent: &Directory, name: &CStr) -> Result<Directory, Reason> {
    let path = parent.join(name);
    files.make_directory(parent, name).while_at("make", &path)?;
    files.child(parent, name).while_at("open", &path)
}

fn write_list(files: &dyn Files, root: &Directory, list: &List) -> Result<(), Reason> {
    let path = root.join(LIST);
    let text = serde_json::to_string_pretty(list)
        .map_err(|error| Reason::BadPlan { path: path.clone(), why: error.to_string() })?;
    let file = files.create(root, LIST, PRIVATE).while_at("create", &path)?;
    files.write(&file, text.as_bytes()).while_at("write", &path)?;
    files.write(&file, b"\n").while_at("write", &path)?;
    files.sync(&file).while_at("sync", &path)
}

/// Every path once, the directories that lead to it resolved, in order.
fn wanted(files: &dyn Files, header: &Header, everything: Vec<PathBuf>) -> Result<BTreeSet<PathBuf>, Reason> {
    let changed = header.changes.iter().filter(|change| change.before.is_some()).map(|change| change.path.0.clone());
    changed
        .chain(everything)
        .map(|path| {
            let odd = || Reason::BadPlan { path: path.clone(), why: "expected an absolute path of a file".to_owned() };
            let (above, name) = path.parent().zip(path.file_name()).ok_or_else(odd)?;
            Ok(files.real_path(above).while_at("find", above)?.join(name))
        })
        .collect()
}

struct Writer<'a> {
    files: &'a dyn Files,
    root: Directory,
    /// What was made below `files/`, by path on the machine.
    made: BTreeMap<PathBuf, Directory>,
}

impl Writer<'_> {
    fn save(&mut self, path: &Path) -> Result<Saved, Reason> {
        let odd = || Reason::BadPlan { path: path.to_path_buf(), why: "not a plain path".to_owned() };
        let (above, name) = split(path).ok_or_else(odd)?;
        let source = self.files.directory(&above).while_at("open", &above)?;
        let gone = || Reason::Stale { path: path.to_path_buf(), expected: "a file".into(), found: "no file".into() };
        let facts = self.files.facts(&source, &name).while_at("look at", path)?.ok_or_else(gone)?;
        let what = match facts.kind {
            Kind::File if facts.size > MAX_FILE => What::LeftOut("larger than 4 MiB".to_owned()),
            Kind::File => What::File(self.copy(&source, &name, facts)?),
            Kind::Link => {
                let target = self.files.link_target(&source, &name).while_at("read the link", path)?;
                What::Link(PathText(PathBuf::from(OsStr::from_bytes(target.to_bytes()))))
            }
            Kind::Directory => What::LeftOut("a directory".to_owned()),
            Kind::Special => What::LeftOut("a device, FIFO or socket".to_owned()),
        };
        Ok(Saved { path: PathText(path.to_path_buf()), what })
    }

    fn copy(&mut self, source: &Directory, name: &CStr, facts: Facts) -> Result<SavedFile, Reason> {
        let path = source.join(name);
        let original = self.files.open(source, name).while_at("open", &path)?;
        let bytes = self.files.read(&original, MAX_FILE).while_at("read", &path)?;
        let files = self.files;
        let target = self.directory(source.path())?;
        let there = target.join(name);
        let file = files.create(target, name, PRIVATE).while_at("create", &there)?;
        files.write(&file, &bytes).while_at("write", &there)?;
        resemble(files, &file, facts, source, name);
        files.sync(&file).while_at("sync", &there)?;
        Ok(SavedFile {
            sha256: Digest::of(&bytes),
            mode: facts.mode,
            uid: facts.uid,
            gid: facts.gid,
            size: bytes.len() as u64,
            modified: facts.modified.0,
        })
    }

    /// The directory of the backup that stands for one of the machine.
    fn directory(&mut self, path: &Path) -> Result<&Directory, Reason> {
        let mut ancestors: Vec<&Path> = path.ancestors().filter(|ancestor| ancestor.file_name().is_some()).collect();
        ancestors.reverse();
        for ancestor in ancestors {
            if !self.made.contains_key(ancestor) {
                let above = ancestor.parent().and_then(|above| self.made.get(above)).unwrap_or(&self.root);
                let (_, name) = split(ancestor).unwrap_or_default();
                let directory = make(self.files, above, &name)?;
                self.made.insert(ancestor.to_path_buf(), directory);
            }
        }
        Ok(self.made.get(path).unwrap_or(&self.root))
    }

    fn sync(&self) -> Result<(), Reason> {
        for directory in self.made.values().chain([&self.root]) {
            self.files.sync_directory(directory).while_at("sync", directory.path())?;
        }
        Ok(())
    }
}

/// Owner, attributes, mode and date as far as this process and this file system can: the list has them, too.
fn resemble(files: &dyn Files, file: &Open, facts: Facts, source: &Directory, name: &CStr) {
    let _ = files.set_owner(file, facts.uid, facts.gid);
    for (attribute, value) in attributes(files, source, name).unwrap_or_default() {
        let _ = files.set_attribute(file, &attribute, &value);
    }
    let _ = files.set_mode(file, facts.mode & 0o777);
    let _ = files.set_modified(file, facts.modified);
}

// ---- removing ----

/// Whether what is called so among backups is nothing yet, or this run's own, as far as it is still there.
pub(super) fn is_of(files: &dyn Files, parent: &Path, run: &Run) -> Result<bool, Reason> {
    let name = finished_name(&run.id);
    let missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    let root = match files.directory(parent).and_then(|parent| files.child(&parent, &name)) {
        Err(error) if missing(&error) => return Ok(true),
        answer => answer.while_at("open", parent)?,
    };
    let path = root.join(LIST);
    match files.open(&root, LIST).and_then(|file| files.read(&file, MAX_LIST)) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).is_ok_and(|list: List| list.run == *run)),
        // the list goes last
        Err(error) if missing(&error) => Ok(files.facts(&root, FILES).while_at("look at", &path)?.is_none()),
        Err(error) => Err(Reason::of(&error, "read", &path)),
    }
}

/// Removes the backup of a run that is undone, however far it came, and the directories that were made for it.
pub(super) fn remove(files: &dyn Files, parent: &Path, id: &str, made: &[PathText]) -> Result<(), Reason> {
    match files.directory(parent) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(Reason::of(&error, "open", parent)),
        Ok(directory) => {
            remove_root(files, &directory, &partial_name(id))?;
            remove_root(files, &directory, &finished_name(id))?;
            files.sync_directory(&directory).while_at("sync", parent)?;
        }
    }
    made.iter().rev().try_for_each(|path| remove_empty(files, &path.0))
}

fn remove_root(files: &dyn Files, parent: &Directory, name: &CStr) -> Result<(), Reason> {
    let path = parent.join(name);
    let root = match files.child(parent, name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        answer => answer.while_at("open", &path)?,
    };
    // only what a backup holds: whatever else is there, someone else put there, and the directory then stays
    if files.facts(&root, FILES).while_at("look at", &path)?.is_some() {
        remove_tree(files, &root, FILES, 0)?;
    }
    remove_file(files, &root, LIST)?;
    files.remove_directory(parent, name).while_at("remove", &path)
}

fn remove_tree(files: &dyn Files, parent: &Directory, name: &CStr, depth: usize) -> Result<(), Reason> {
    let path = parent.join(name);
    if depth > MAX_DEPTH {
        return Err(Reason::BadPlan { path, why: "directories nest too deep for a backup".to_owned() });
    }
    let directory = files.child(parent, name).while_at("open", &path)?;
    for inner in files.names(&directory).while_at("list", &path)? {
        let facts = files.facts(&directory, &inner).while_at("look at", &directory.join(&inner))?;
        if facts.is_some_and(|facts| facts.kind == Kind::Directory) {
            remove_tree(files, &directory, &inner, depth + 1)?;
        } else {
            remove_file(files, &directory, &inner)?;
        }
    }
    files.remove_directory(parent, name).while_at("remove", &path)
}

fn remove_empty(files: &dyn Files, path: &Path) -> Result<(), Reason> {
    let Some((above, name)) = split(path) else { return Ok(()) };
    let removed = files.directory(&above).and_then(|directory| {
        files.remove_directory(&directory, &name)?;
        files.sync_directory(&directory)
    });
    match removed {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty) => Ok(()),
        answer => answer.while_at("remove", path),
    }
}

// ---- reading ----

/// Everything among the backups, oldest first; what is broken comes first of all.
///
/// # Errors
/// When the directory cannot be listed. One that does not exist holds no backups.
pub fn backups(files: &dyn Files, parent: &Path) -> Result<Vec<Listed>, Reason> {
    let real = match files.real_path(parent) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        answer => answer.while_at("find", parent)?,
    };
    let directory = files.directory(&real).while_at("open", &real)?;
    let mut listed = Vec::new();
    for name in files.names(&directory).while_at("list", &real)? {
        let facts = files.facts(&directory, &name).while_at("look at", &directory.join(&name))?;
        if facts.is_some_and(|facts| facts.kind == Kind::Directory) {
            let directory = directory.join(&name);
            listed.push(Listed { backup: Backup::open(files, &directory), directory });
        }
    }
    listed.sort_by_cached_key(|one| (one.backup.as_ref().ok().map(|backup| backup.list.run.at), one.directory.clone()));
    Ok(listed)
}

impl Backup {
    /// Reads a backup and compares every file with its digest.
    ///
    /// # Errors
    /// [`Reason::Backup`] when it is none, was not finished or is damaged.
    pub fn open(files: &dyn Files, directory: &Path) -> Result<Self, Reason> {
        let real = files.real_path(directory).while_at("find", directory)?;
        let bad = |why: String| Reason::Backup { path: real.clone(), why };
        if real.extension() == Some(OsStr::new("partial")) {
            return Err(bad("it was not finished".to_owned()));
        }
        let root = files.directory(&real).while_at("open", &real)?;
        let path = root.join(LIST);
        let bytes = files.open(&root, LIST).and_then(|file| files.read(&file, MAX_LIST)).while_at("read", &path)?;
        let list: List = serde_json::from_slice(&bytes).map_err(|error| bad(format!("{}: {error}", path.display())))?;
        if let Some(fault) = list.fault() {
            return Err(bad(fault));
        }
        let backup = Self { directory: real, list };
        for (path, file) in backup.files() {
            backup.read(files, path, file.sha256)?;
        }
        Ok(backup)
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The run that made it.
    pub fn run(&self) -> &Run {
        &self.list.run
    }

    /// The PKI directory that it was made of.
    pub fn home(&self) -> &Path {
        &self.list.home.0
    }

    /// The files that the run changed, made or removed.
    pub fn changed(&self) -> Vec<&Path> {
        self.list.changes.iter().map(|change| change.path.0.as_path()).collect()
    }

    /// What it could not hold, and why.
    pub fn left_out(&self) -> Vec<(&Path, &str)> {
        let left_out = |saved: &'_ Saved| matches!(saved.what, What::LeftOut(_));
        let all = self.list.files.iter().filter(|saved| left_out(saved));
        all.filter_map(|saved| match &saved.what {
            What::LeftOut(why) => Some((saved.path.0.as_path(), why.as_str())),
            _ => None,
        })
        .collect()
    }

    fn files(&self) -> impl Iterator<Item = (&Path, &SavedFile)> {
        self.list.files.iter().filter_map(|saved| match &saved.what {
            What::File(file) => Some((saved.path.0.as_path(), file)),
            _ => None,
        })
    }

    fn read(&self, files: &dyn Files, path: &Path, expected: Digest) -> Result<Zeroizing<Vec<u8>>, Reason> {
        let there = saved(&self.directory, path);
        let Some((above, name)) = split(&there) else {
            return Err(Reason::BadPlan { path: there, why: "not a plain path".to_owned() });
        };
        let directory = files.directory(&above).while_at("open", &above)?;
        let bytes =
            files.open(&directory, &name).and_then(|file| files.read(&file, MAX_FILE)).while_at("read", &there)?;
        let found = Digest::of(&bytes);
        if found != expected {
            return Err(Reason::Differs { path: there, expected: expected.to_string(), found: found.to_string() });
        }
        Ok(bytes)
    }

    /// What puts it back: the files that its run changed, with `all` every file that differs or is gone. What is as it
    /// was saved is left alone; what the run made is removed. `force` overwrites what has changed since that run.
    ///
    /// # Errors
    /// [`RestoreError::ChangedSince`] without `force`; or something could not be read.
    pub fn changes(&self, lock: &Lock<'_>, all: bool, force: bool) -> Result<Vec<Change>, RestoreError> {
        let other = || RestoreError::OtherHome { theirs: self.home().to_path_buf(), here: lock.home().to_path_buf() };
        let prefix = moved(self.home(), lock.home()).ok_or_else(other)?;
        let mut restore = Restore { backup: self, files: lock.files, prefix, changes: Vec::new(), changed: Vec::new() };
        for entry in &self.list.changes {
            restore.consider(entry)?;
        }
        for (path, file) in self.files().filter(|_| all) {
            if !self.list.changes.iter().any(|entry| entry.path.0 == path) {
                restore.consider_other(path, file)?;
            }
        }
        if !restore.changed.is_empty() && !force {
            return Err(RestoreError::ChangedSince { paths: restore.changed });
        }
        Ok(restore.changes)
    }
}

impl List {
    fn fault(&self) -> Option<String> {
        if self.schema != SCHEMA {
            return Some(format!("expected schema {SCHEMA}, found {:?}", self.schema));
        }
        let paths = self.files.iter().map(|saved| &saved.path).chain(self.changes.iter().map(|change| &change.path));
        if !self.run.is_well_named() || !paths.chain([&self.home]).all(|path| is_plain(&path.0)) {
            return Some("its list is not one of ours".to_owned());
        }
        let saved: BTreeSet<&Path> = self.files.iter().map(|saved| saved.path.0.as_path()).collect();
        let lost =
            self.changes.iter().find(|change| change.before.is_some() && !saved.contains(change.path.0.as_path()));
        lost.map(|change| format!("its list lacks {}, which the run changed", change.path.0.display()))
    }
}

struct Restore<'a> {
    backup: &'a Backup,
    files: &'a dyn Files,
    prefix: PathBuf,
    changes: Vec<Change>,
    changed: Vec<PathBuf>,
}

impl Restore<'_> {
    fn consider(&mut self, entry: &Entry) -> Result<(), Reason> {
        let path = below(&self.prefix, &entry.path.0);
        let here = digest(&self.look(&path)?, &path)?;
        let (before, after) = (entry.before.map(|state| state.sha256), entry.after.map(|state| state.sha256));
        if here != after && here != before {
            self.changed.push(path.clone());
        }
        let file = self.backup.files().find(|(saved, _)| *saved == entry.path.0);
        match (entry.before, file) {
            (Some(_), Some((saved, file))) => self.put_back(saved, file),
            _ if here.is_some() => {
                let before = here.map(|digest| digest.0);
                self.changes.push(Change { path, before, after: After::Absent });
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A file that the run saved and left alone.
    fn consider_other(&mut self, saved: &Path, file: &SavedFile) -> Result<(), Reason> {
        let path = below(&self.prefix, saved);
        if digest(&self.look(&path)?, &path)?.is_some_and(|here| here != file.sha256) {
            self.changed.push(path);
        }
        self.put_back(saved, file)
    }

    fn put_back(&mut self, saved: &Path, file: &SavedFile) -> Result<(), Reason> {
        let path = below(&self.prefix, saved);
        let here = self.look(&path)?;
        let (mode, owner) = (file.mode & 0o777, Some((file.uid, file.gid)));
        if matches!(&here, Here::File(state) if state.sha256 == file.sha256 && state.mode == mode && state.owner == owner)
        {
            return Ok(());
        }
        let before = digest(&here, &path)?.map(|digest| digest.0);
        let bytes = self.backup.read(self.files, saved, file.sha256)?;
        self.changes.push(Change { path, before, after: After::File { bytes, mode, owner } });
        Ok(())
    }

    fn look(&self, path: &Path) -> Result<Here, Reason> {
        let odd = || Reason::BadPlan { path: path.to_path_buf(), why: "not a plain path".to_owned() };
        let (above, name) = split(path).ok_or_else(odd)?;
        let directory = self.files.directory(&above).while_at("open", &above)?;
        seen(self.files, &directory, &name)
    }
}

fn digest(here: &Here, path: &Path) -> Result<Option<Digest>, Reason> {
    match here {
        Here::Nothing => Ok(None),
        Here::File(state) => Ok(Some(state.sha256)),
        Here::Odd(found) => Err(Reason::NotAFile { path: path.to_path_buf(), found: (*found).to_owned() }),
    }
}
