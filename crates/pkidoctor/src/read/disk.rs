//! The only door to the file system. Everything is named by its path on the node; a [`View`] says where that is here.
//!
//! Reading is bounded and never blocks: a tree may come from anywhere, with FIFOs, loops, links to elsewhere and files
//! without end in it. File contents are wiped when dropped.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::OFlags;
use rustix::io::Errno;
use zeroize::Zeroizing;

use crate::cluster::{MAX_FILE, Meta};

const LARGEST: usize = 4 << 20;
const _: () = assert!(LARGEST as u64 == MAX_FILE);
/// How much one [`Disk`] reads in all.
pub const MAX_TOTAL: u64 = 256 << 20;
/// How many entries a walk or a listing gives.
pub const MAX_ENTRIES: usize = 20_000;
/// How deep a walk goes.
pub const MAX_DEPTH: usize = 16;
/// How many symbolic links one path may take, as in Linux.
const MAX_HOPS: usize = 40;

/// What the paths of the node mean on this machine.
#[derive(Debug, Clone)]
pub enum View {
    /// This machine is the node.
    Node,
    /// The node's file system is below this directory; links resolve inside it, absolute ones and `..` too.
    Root(PathBuf),
    /// Parts of a node, copied; every other path is unobserved and never opened.
    Copy {
        /// Paths on the node and where their copies are.
        prefixes: Vec<(String, PathBuf)>,
    },
}

/// What files are taken to be, by their paths on this machine without links: a repair that is planned, not yet made.
pub type Projection = BTreeMap<PathBuf, Projected>;

/// What a file is taken to be. It has no `Debug`, because it may be a private key.
#[derive(Clone)]
pub struct Projected {
    /// Permission bits, `07777`.
    pub mode: u32,
    /// Owner and group.
    pub owner: (u32, u32),
    /// What it holds; `None` where it is gone.
    pub bytes: Option<Arc<Zeroizing<Vec<u8>>>>,
}

/// Reads the files of one node.
pub struct Disk {
    view: View,
    projection: Arc<Projection>,
    bytes_read: AtomicU64,
}

/// What is found at a path. It has no `Debug`, because a file may be a private key.
pub enum Look {
    /// Nothing.
    Missing {
        /// The target, as written, of the link that leads nowhere, if that is the reason.
        link: Option<String>,
    },
    /// The path lies outside of what was copied.
    Unobserved,
    /// Something that this process may not or cannot read; in Go's words.
    Unreadable(String),
    /// More than 40 symbolic links.
    LinkLoop,
    /// A directory.
    Directory,
    /// `fifo`, `socket`, `block device` or `character device`; never opened.
    Special(&'static str),
    /// A file of this size, larger than [`MAX_FILE`]; not read.
    TooLarge(u64),
    /// A file.
    File {
        /// What the file system knows about it.
        meta: Meta,
        /// What it holds.
        bytes: Zeroizing<Vec<u8>>,
    },
}

/// How far a walk goes; never further than [`MAX_ENTRIES`] and [`MAX_DEPTH`].
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many entries it gives.
    pub entries: usize,
    /// How many directories below the first one it enters.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: MAX_ENTRIES, depth: MAX_DEPTH }
    }
}

/// What a walk found.
#[derive(Debug, Default)]
pub struct Walk {
    /// Every entry below the directory, each directory before what is in it, names in order.
    pub entries: Vec<WalkEntry>,
    /// What was left out, by path.
    pub problems: Vec<(String, WalkProblem)>,
}

/// Why a walk left something out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WalkProblem {
    /// There is no such directory.
    Missing,
    /// The path lies outside of what was copied.
    Unobserved,
    /// It cannot be listed; in Go's words.
    Unreadable(String),
    /// It is no directory.
    NotADirectory,
    /// Deeper than the limit.
    TooDeep,
    /// More entries than the limit; what follows was left out.
    TooMany,
    /// A link to a directory that leads back to where the walk came from, or in circles.
    LinkLoop,
    /// A link to a directory outside of the one that is walked, with its target as written.
    LeadsOutside(String),
}

/// An entry of a directory.
#[derive(Debug, Clone)]
pub struct WalkEntry {
    /// Its path on the node; what is not UTF-8 is replaced.
    pub path: String,
    /// Whether the path had to be changed to be shown; open it with [`Disk::look_entry`].
    pub odd_name: bool,
    /// What it is.
    pub kind: EntryKind,
    /// What the file system knows about it; `None` where that cannot be told.
    pub meta: Option<Meta>,
    real: PathBuf,
    found: Option<Found>,
}

impl WalkEntry {
    /// Where it is on this machine, links followed.
    pub(super) fn here(&self) -> Option<PathBuf> {
        self.found.as_ref().map(|found| found.here.clone())
    }

    /// Device and number, by which two names of one file are told.
    pub(super) fn identity(&self) -> Option<(u64, u64)> {
        self.found.as_ref().map(|found| found.status.identity)
    }
}

/// What an entry is, links followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A file, or a link to one.
    File,
    /// A directory.
    Directory,
    /// A link to a directory.
    LinkedDirectory,
    /// A link to nothing, with its target as written; or an entry that vanished meanwhile.
    Dangling(Option<String>),
    /// A link to something outside of what was copied.
    Unobserved,
    /// A link in circles.
    LinkLoop,
    /// `fifo`, `socket`, `block device` or `character device`
    Special(&'static str),
    /// It cannot be looked at; in Go's words.
    Unreadable(String),
}

impl Disk {
    /// A disk that has read nothing yet.
    pub fn new(view: View) -> Self {
        Self::projected(view, Arc::default())
    }

    /// The same where some files are taken to be other than they are.
    pub const fn projected(view: View, projection: Arc<Projection>) -> Self {
        Self { view, projection, bytes_read: AtomicU64::new(0) }
    }

    /// The view it was made with.
    pub const fn view(&self) -> &View {
        &self.view
    }

    /// Looks at a path of the node and reads what is there.
    pub fn look(&self, node_path: &str) -> Look {
        self.look_at(Path::new(node_path))
    }

    /// Looks at an entry of a walk or a listing, whatever its name.
    pub fn look_entry(&self, entry: &WalkEntry) -> Look {
        match &entry.found {
            Some(found) => self.look_found(found),
            None => self.look_at(&entry.real),
        }
    }

    /// Whether a path leads to a directory.
    pub fn is_directory(&self, node_path: &str) -> bool {
        let found = self.find(Path::new(node_path));
        found.is_ok_and(|found| found.status.is_directory())
    }

    /// What the file system knows about a directory of the node. The one that stands for it here, the top of a copy or
    /// of another root, was made by whoever made the copy and says nothing of the node.
    pub fn directory(&self, node_path: &str) -> Option<Meta> {
        let found = self.find(Path::new(node_path)).ok().filter(|found| found.status.is_directory())?;
        let stands_for_it = !matches!(self.view, View::Node) && found.here_may_be_link;
        (!stands_for_it).then(|| found.meta())
    }

    /// The entries of one directory, in order.
    ///
    /// # Errors
    /// When it cannot be listed, or holds more than [`MAX_ENTRIES`].
    pub fn list(&self, node_dir: &str) -> Result<Vec<WalkEntry>, WalkProblem> {
        let path = Path::new(node_dir);
        let found = self.find(path)?;
        if !found.status.is_directory() {
            return Err(WalkProblem::NotADirectory);
        }
        let (names, complete) = self.names(&found.here, MAX_ENTRIES)?;
        if !complete {
            return Err(WalkProblem::TooMany);
        }
        Ok(names.into_iter().map(|name| self.entry(path, &found, name)).collect())
    }

    /// All that is below a directory. Links to files are given as files; links to directories are entered only where
    /// they stay inside.
    pub fn walk(&self, node_dir: &str, limits: Limits) -> Walk {
        let mut walker = Walker {
            disk: self,
            entries_left: limits.entries.min(MAX_ENTRIES),
            depth: limits.depth.min(MAX_DEPTH),
            top: PathBuf::new(),
            walk: Walk::default(),
        };
        let path = Path::new(node_dir);
        match self.find(path) {
            Ok(found) if found.status.is_directory() => {
                walker.top = found.real_path();
                walker.enter(path, &found, &mut Vec::new());
            }
            Ok(_) => walker.problem(path, WalkProblem::NotADirectory),
            Err(stop) => walker.problem(path, stop.into()),
        }
        walker.walk
    }

    fn look_at(&self, path: &Path) -> Look {
        match self.find(path) {
            Ok(found) => self.look_found(&found),
            Err(stop) => stop.into(),
        }
    }

    fn look_found(&self, found: &Found) -> Look {
        if found.status.is_directory() {
            return Look::Directory;
        }
        if let Kind::Special(kind) = found.status.kind {
            return Look::Special(kind);
        }
        if found.status.size > MAX_FILE {
            return Look::TooLarge(found.status.size);
        }
        if let Some(bytes) = self.projection.get(&found.here).and_then(|projected| projected.bytes.as_deref()) {
            return Look::File { meta: found.meta(), bytes: bytes.clone() };
        }
        match self.read(found) {
            Ok(look) => look,
            Err(error) => Stop::from(&error).into(),
        }
    }

    fn read(&self, found: &Found) -> io::Result<Look> {
        let mut flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        if !found.here_may_be_link {
            flags |= OFlags::NOFOLLOW;
        }
        let flags = flags.bits().cast_signed();
        let mut file = OpenOptions::new().read(true).custom_flags(flags).open(&found.here)?;
        // what was looked at may have been replaced since
        let status = Status::of(&file.metadata()?);
        match status.kind {
            Kind::Special(kind) => return Ok(Look::Special(kind)),
            Kind::Directory => return Ok(Look::Directory),
            Kind::File | Kind::Link => {}
        }
        let size = status.size;
        if size > MAX_FILE {
            return Ok(Look::TooLarge(size));
        }
        if self.bytes_read.load(Ordering::Relaxed).saturating_add(size) > MAX_TOTAL {
            return Ok(Look::Unreadable("not read: more than 256 MiB in all".to_owned()));
        }
        let Some(bytes) = read_bounded(&mut file, size)? else {
            return Ok(Look::TooLarge(MAX_FILE.saturating_add(1)));
        };
        self.bytes_read.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(Look::File { meta: status.meta(found.link.clone()), bytes })
    }

    /// An entry of a directory that was found.
    fn entry(&self, directory: &Path, directory_found: &Found, name: OsString) -> WalkEntry {
        let path = directory.join(&name);
        let found = match &directory_found.node {
            Some(node) => self.follow(node.clone(), vec![Step { name: Some(name), link: None }]),
            None => self.find(&path),
        };
        let kind = match &found {
            Ok(found) => kind(found),
            Err(Stop::Missing(link)) => EntryKind::Dangling(link.clone()),
            Err(Stop::Unobserved) => EntryKind::Unobserved,
            Err(Stop::Loop) => EntryKind::LinkLoop,
            Err(Stop::Unreadable(why)) => EntryKind::Unreadable(why.clone()),
        };
        let found = found.ok();
        WalkEntry {
            path: path.to_string_lossy().into_owned(),
            odd_name: path.to_str().is_none(),
            kind,
            meta: found.as_ref().map(Found::meta),
            real: path,
            found,
        }
    }

    /// Follows a path of the node to something that exists here.
    fn find(&self, path: &Path) -> Result<Found, Stop> {
        match self.view {
            View::Node if self.projection.is_empty() => self.find_with_os(path),
            _ => self.find_by_hand(path),
        }
    }

    fn find_with_os(&self, path: &Path) -> Result<Found, Stop> {
        let own = fs::symlink_metadata(path);
        let is_link = own.as_ref().is_ok_and(Metadata::is_symlink);
        let metadata = match if is_link { fs::metadata(path) } else { own } {
            Ok(metadata) => metadata,
            // the kernel does not say which link leads nowhere
            Err(error) if error.kind() == io::ErrorKind::NotFound && path.is_absolute() => {
                return self.find_by_hand(path);
            }
            Err(error) => return Err(Stop::from(&error)),
        };
        let target = if is_link { fs::read_link(path).ok() } else { None };
        let link = target.map(|target| lossy(&target));
        Ok(Found { link, here: path.to_owned(), node: None, here_may_be_link: true, status: Status::of(&metadata) })
    }

    /// Resolves component by component in the node's own tree, so that no link can lead out of the view.
    fn find_by_hand(&self, path: &Path) -> Result<Found, Stop> {
        self.follow(PathBuf::from("/"), steps(path, None))
    }

    /// The same from a directory that is resolved already.
    fn follow(&self, mut at: PathBuf, mut pending: Vec<Step>) -> Result<Found, Stop> {
        let mut own_link = None;
        let mut hops = 0_usize;
        // what the last step found, if it went down
        let mut arrived = None;
        while let Some(step) = pending.pop() {
            let Some(name) = step.name else {
                at.pop();
                arrived = None;
                continue;
            };
            let next = at.join(name);
            let (here, given) = match self.place(&next) {
                Place::Below(here) => (here, false),
                Place::Given(here) => (here, true),
                Place::Above => {
                    at = next;
                    arrived = None;
                    continue;
                }
                Place::Elsewhere => return Err(Stop::Unobserved),
            };
            let status = self.status(&here, given).map_err(|error| Stop::of_step(&error, step.link.as_deref()))?;
            if status.kind == Kind::Link {
                hops = hops.saturating_add(1);
                if hops > MAX_HOPS {
                    return Err(Stop::Loop);
                }
                let target = fs::read_link(&here).map_err(|error| Stop::from(&error))?;
                if pending.is_empty() && step.link.is_none() {
                    own_link = Some(lossy(&target));
                }
                if target.is_absolute() {
                    at = PathBuf::from("/");
                }
                arrived = None;
                pending.extend(steps(&target, Some(&Rc::from(lossy(&target)))));
            } else if !status.is_directory() && !pending.is_empty() {
                return Err(Stop::Unreadable("not a directory".to_owned()));
            } else {
                at = next;
                arrived = Some((here, given, status));
            }
        }
        let Some((here, here_may_be_link, status)) = arrived else { return self.arrive(at, own_link) };
        Ok(Found { status, here, node: Some(at), here_may_be_link, link: own_link })
    }

    /// Where a way that ended upwards, or at a link to a directory above, leads.
    fn arrive(&self, at: PathBuf, link: Option<String>) -> Result<Found, Stop> {
        let (here, given) = match self.place(&at) {
            Place::Below(here) => (here, false),
            Place::Given(here) => (here, true),
            Place::Above | Place::Elsewhere => return Err(Stop::Unobserved),
        };
        Ok(Found {
            status: self.status(&here, given).map_err(|error| Stop::from(&error))?,
            here,
            node: Some(at),
            here_may_be_link: given,
            link,
        })
    }

    /// What is at a path of this machine, or taken to be there.
    fn status(&self, here: &Path, follow: bool) -> io::Result<Status> {
        match self.projection.get(here) {
            Some(Projected { bytes: Some(bytes), mode, owner }) => Ok(Status::of_bytes(bytes, *mode, *owner)),
            Some(Projected { bytes: None, .. }) => Err(io::ErrorKind::NotFound.into()),
            None if follow => fs::metadata(here).map(|metadata| Status::of(&metadata)),
            None => fs::symlink_metadata(here).map(|metadata| Status::of(&metadata)),
        }
    }

    /// The names in a directory in order, at most `limit`, and whether these are all.
    fn names(&self, here: &Path, limit: usize) -> io::Result<(Vec<OsString>, bool)> {
        let (mut names, complete) = names(here, limit)?;
        for (path, projected) in self.projection.iter().filter(|(path, _)| path.parent() == Some(here)) {
            let Some(name) = path.file_name() else { continue };
            match (names.binary_search_by(|known| known.as_os_str().cmp(name)), &projected.bytes) {
                (Ok(at), None) => drop(names.remove(at)),
                (Err(at), Some(_)) => names.insert(at, name.to_owned()),
                _ => {}
            }
        }
        Ok((names, complete))
    }

    /// Where on this machine a file of the node is, or would be made: links are followed, the last one too.
    ///
    /// # Errors
    /// Why nothing can be written there, in the kernel's words.
    pub fn destination(&self, node_path: &str) -> Result<PathBuf, String> {
        let path = Path::new(node_path);
        match self.find_by_hand(path) {
            Ok(found) if found.status.is_directory() => Err("is a directory".to_owned()),
            Ok(found) => Ok(found.here),
            Err(Stop::Missing(None)) => self.new_file(path),
            Err(Stop::Missing(Some(target))) => {
                let target = path.parent().unwrap_or(Path::new("/")).join(target);
                self.new_file(&target)
            }
            Err(Stop::Unobserved) => Err("outside of this copy".to_owned()),
            Err(Stop::Unreadable(why)) => Err(why),
            Err(Stop::Loop) => Err("too many levels of symbolic links".to_owned()),
        }
    }

    /// Where on this machine a directory of the node is, every link resolved.
    ///
    /// # Errors
    /// Why it cannot be told.
    pub fn real_directory(&self, node_path: &str) -> Result<PathBuf, String> {
        match self.find_by_hand(Path::new(node_path)) {
            Ok(found) if found.status.is_directory() => fs::canonicalize(&found.here).map_err(|error| go_text(&error)),
            Ok(_) => Err("not a directory".to_owned()),
            Err(_) => Err("no such directory".to_owned()),
        }
    }

    /// A file that does not exist yet, in a directory that does.
    fn new_file(&self, path: &Path) -> Result<PathBuf, String> {
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            return Err("is a directory".to_owned());
        };
        match self.find_by_hand(directory) {
            Ok(found) if found.status.is_directory() => Ok(found.here.join(name)),
            Ok(_) => Err("not a directory".to_owned()),
            Err(Stop::Missing(_)) => Err(format!("there is no directory {}", lossy(directory))),
            Err(Stop::Unobserved) => Err("outside of this copy".to_owned()),
            Err(Stop::Unreadable(why)) => Err(why),
            Err(Stop::Loop) => Err("too many levels of symbolic links".to_owned()),
        }
    }

    /// Where a resolved path of the node is on this machine.
    fn place(&self, node: &Path) -> Place {
        let prefixes = match &self.view {
            View::Node => return Place::Below(node.to_owned()),
            View::Root(root) => {
                let rest = node.strip_prefix("/").unwrap_or(node);
                let is_root = rest.as_os_str().is_empty();
                return if is_root { Place::Given(root.clone()) } else { Place::Below(root.join(rest)) };
            }
            View::Copy { prefixes } => prefixes,
        };
        let matching = prefixes.iter().filter_map(|(prefix, here)| Some((node.strip_prefix(prefix).ok()?, here)));
        // the longest prefix leaves the shortest rest
        match matching.min_by_key(|(rest, _)| rest.components().count()) {
            Some((rest, here)) if rest.as_os_str().is_empty() => Place::Given(here.clone()),
            Some((rest, here)) => Place::Below(here.join(rest)),
            None if prefixes.iter().any(|(prefix, _)| Path::new(prefix).starts_with(node)) => Place::Above,
            None => Place::Elsewhere,
        }
    }
}

/// Where a path of the node is here.
enum Place {
    /// The directory or file the view was given; its own links are the user's choice and followed.
    Given(PathBuf),
    /// Below one of them.
    Below(PathBuf),
    /// A parent of a copied path: a directory that nothing more is known about.
    Above,
    /// Not in the view.
    Elsewhere,
}

/// Something that exists.
#[derive(Debug, Clone)]
struct Found {
    /// Its path on this machine.
    here: PathBuf,
    /// Its path on the node without links, where that was worked out.
    node: Option<PathBuf>,
    here_may_be_link: bool,
    status: Status,
    /// The target as written if the path itself was a link.
    link: Option<String>,
}

impl Found {
    /// What the file system knows about it.
    fn meta(&self) -> Meta {
        self.status.meta(self.link.clone())
    }

    /// The path without links, to compare with others of the same view.
    fn real_path(&self) -> PathBuf {
        let resolved = self.node.clone().map_or_else(|| fs::canonicalize(&self.here).ok(), Some);
        resolved.unwrap_or_else(|| self.here.clone())
    }
}

/// Why a path leads nowhere.
enum Stop {
    Missing(Option<String>),
    Unobserved,
    Unreadable(String),
    Loop,
}

impl Stop {
    fn of_step(error: &io::Error, link: Option<&str>) -> Self {
        match Self::from(error) {
            Self::Missing(_) => Self::Missing(link.map(str::to_owned)),
            other => other,
        }
    }
}

impl From<&io::Error> for Stop {
    fn from(error: &io::Error) -> Self {
        match Errno::from_io_error(error) {
            Some(Errno::NOENT) => Self::Missing(None),
            Some(Errno::LOOP) => Self::Loop,
            _ => Self::Unreadable(go_text(error)),
        }
    }
}

impl From<Stop> for Look {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Missing(link) => Self::Missing { link },
            Stop::Unobserved => Self::Unobserved,
            Stop::Unreadable(why) => Self::Unreadable(why),
            Stop::Loop => Self::LinkLoop,
        }
    }
}

impl From<Stop> for WalkProblem {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Missing(_) => Self::Missing,
            Stop::Unobserved => Self::Unobserved,
            Stop::Unreadable(why) => Self::Unreadable(why),
            Stop::Loop => Self::LinkLoop,
        }
    }
}

impl From<io::Error> for WalkProblem {
    fn from(error: io::Error) -> Self {
        Stop::from(&error).into()
    }
}

/// One component that is still to be resolved.
struct Step {
    /// `None` is `..`.
    name: Option<OsString>,
    /// The target of the link it comes from.
    link: Option<Rc<str>>,
}

/// The components of a path, the last one first.
fn steps(path: &Path, link: Option<&Rc<str>>) -> Vec<Step> {
    let step = |component: Component<'_>| match component {
        Component::Normal(name) => Some(Some(name.to_owned())),
        Component::ParentDir => Some(None),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    };
    let names = path.components().rev().filter_map(step);
    names.map(|name| Step { name, link: link.cloned() }).collect()
}

struct Walker<'a> {
    disk: &'a Disk,
    entries_left: usize,
    depth: usize,
    /// The directory that is walked, without links.
    top: PathBuf,
    walk: Walk,
}

impl Walker<'_> {
    /// Gives what is in a directory; `above` are the directories on the way to it.
    fn enter(&mut self, path: &Path, directory: &Found, above: &mut Vec<(u64, u64)>) {
        let (names, complete) = match self.disk.names(&directory.here, self.entries_left) {
            Ok(listed) => listed,
            Err(error) => return self.problem(path, error.into()),
        };
        above.push(directory.status.identity);
        for name in names {
            if self.entries_left == 0 {
                self.problem(path, WalkProblem::TooMany);
                break;
            }
            self.entries_left = self.entries_left.saturating_sub(1);
            let entry = self.disk.entry(path, directory, name);
            let directory = entry.found.as_ref().filter(|found| found.status.is_directory());
            let directory = directory.map(|found| (entry.real.clone(), found.clone()));
            self.walk.entries.push(entry);
            if let Some((child, found)) = directory {
                match self.objection(&found, above) {
                    Some(problem) => self.problem(&child, problem),
                    None => self.enter(&child, &found, above),
                }
            }
        }
        if !complete {
            self.problem(path, WalkProblem::TooMany);
        }
        above.pop();
    }

    /// Why a directory is not entered.
    fn objection(&self, directory: &Found, above: &[(u64, u64)]) -> Option<WalkProblem> {
        if above.contains(&directory.status.identity) {
            return Some(WalkProblem::LinkLoop);
        }
        if let Some(target) = &directory.link
            && !directory.real_path().starts_with(&self.top)
        {
            return Some(WalkProblem::LeadsOutside(target.clone()));
        }
        (above.len() > self.depth).then_some(WalkProblem::TooDeep)
    }

    fn problem(&mut self, path: &Path, problem: WalkProblem) {
        let path = path.to_string_lossy().into_owned();
        let told = self.walk.problems.last().is_some_and(|last| last.1 == problem && last.0 == path);
        if !told {
            self.walk.problems.push((path, problem));
        }
    }
}

/// The names in a directory in order, at most `limit`, and whether these are all.
fn names(here: &Path, limit: usize) -> io::Result<(Vec<OsString>, bool)> {
    let mut names = Vec::new();
    let mut complete = true;
    for entry in fs::read_dir(here)? {
        let entry = entry?;
        if names.len() >= limit {
            complete = false;
            break;
        }
        names.push(entry.file_name());
    }
    names.sort_unstable();
    Ok((names, complete))
}

fn kind(found: &Found) -> EntryKind {
    match found.status.kind {
        Kind::Special(kind) => EntryKind::Special(kind),
        Kind::File | Kind::Link => EntryKind::File,
        Kind::Directory if found.link.is_some() => EntryKind::LinkedDirectory,
        Kind::Directory => EntryKind::Directory,
    }
}

/// What the kernel says of a path, as far as it counts here.
#[derive(Debug, Clone)]
struct Status {
    kind: Kind,
    mode: u32,
    owner: (u32, u32),
    size: u64,
    modified: Option<i64>,
    /// Device and number, by which two paths are the same.
    identity: (u64, u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Directory,
    Link,
    /// Its name in words.
    Special(&'static str),
}

impl Status {
    fn of(metadata: &Metadata) -> Self {
        Self {
            kind: kind_of(metadata),
            mode: metadata.mode() & 0o7777,
            owner: (metadata.uid(), metadata.gid()),
            size: metadata.len(),
            modified: Some(metadata.mtime()),
            identity: (metadata.dev(), metadata.ino()),
        }
    }

    fn of_bytes(bytes: &[u8], mode: u32, owner: (u32, u32)) -> Self {
        Self { kind: Kind::File, mode, owner, size: bytes.len() as u64, modified: None, identity: (0, 0) }
    }

    fn is_directory(&self) -> bool {
        self.kind == Kind::Directory
    }

    fn meta(&self, link: Option<String>) -> Meta {
        let (uid, gid) = self.owner;
        Meta { mode: self.mode, uid, gid, size: self.size, modified: self.modified, link }
    }
}

fn kind_of(metadata: &Metadata) -> Kind {
    let kind = metadata.file_type();
    if kind.is_dir() {
        Kind::Directory
    } else if kind.is_symlink() {
        Kind::Link
    } else if kind.is_fifo() {
        Kind::Special("fifo")
    } else if kind.is_socket() {
        Kind::Special("socket")
    } else if kind.is_block_device() {
        Kind::Special("block device")
    } else if kind.is_char_device() {
        Kind::Special("character device")
    } else {
        Kind::File
    }
}

/// Reads to the end; `None` when that is beyond [`MAX_FILE`]. The size is only a hint: files of `/proc` have none.
fn read_bounded(file: &mut File, size: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    // what says that it is empty may be a file of `/proc`
    const SMALLEST: usize = 4096;
    // one more than is allowed, to see that there is more
    const ROOM: usize = LARGEST + 1;
    let wanted = match usize::try_from(size) {
        Ok(0) => SMALLEST,
        Ok(size) => size.saturating_add(1).min(ROOM),
        Err(_) => ROOM,
    };
    let mut bytes = Zeroizing::new(vec![0; wanted]);
    let mut filled = 0_usize;
    loop {
        if filled == bytes.len() {
            if filled >= ROOM {
                return Ok(None);
            }
            // grown by hand, so that the old copy is wiped
            let mut larger = Zeroizing::new(vec![0; filled.saturating_mul(2).min(ROOM)]);
            for (to, from) in larger.iter_mut().zip(bytes.iter()) {
                *to = *from;
            }
            bytes = larger;
        }
        match file.read(bytes.get_mut(filled..).unwrap_or_default()) {
            Ok(0) => break,
            Ok(count) => filled = filled.saturating_add(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(Some(bytes))
}

/// The text that Go prints for an error of the kernel (`syscall.Errno.Error` on Linux).
fn go_text(error: &io::Error) -> String {
    let known = match Errno::from_io_error(error) {
        Some(Errno::ACCESS) => "permission denied",
        Some(Errno::PERM) => "operation not permitted",
        Some(Errno::NOTDIR) => "not a directory",
        Some(Errno::NAMETOOLONG) => "file name too long",
        Some(Errno::IO) => "input/output error",
        Some(Errno::INVAL) => "invalid argument",
        Some(Errno::MFILE) => "too many open files",
        Some(Errno::NFILE) => "too many open files in system",
        Some(Errno::NXIO) => "no such device or address",
        Some(Errno::STALE) => "stale NFS file handle",
        Some(Errno::AGAIN) => "resource temporarily unavailable",
        // Rust itself refuses a path with a NUL; Go says the same as the kernel would
        None if error.kind() == io::ErrorKind::InvalidInput => "invalid argument",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut characters = text.chars();
    let first = characters.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(characters).collect()
}

fn lossy(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// A file's path with every link on the way to it resolved; the file itself may be one or not exist.
pub(super) fn real(path: &Path) -> Result<PathBuf, String> {
    let (Some(above), Some(name)) = (path.parent(), path.file_name()) else { return Err("not a file".to_owned()) };
    fs::canonicalize(above).map(|above| above.join(name)).map_err(|error| go_text(&error))
}

/// Whether two paths of this machine are the same directory, links followed.
pub(super) fn same_directory(a: &Path, b: &Path) -> bool {
    match (fs::canonicalize(a), fs::canonicalize(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// A directory that goes away with the test.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new() -> Self {
            static NEXT: AtomicUsize = AtomicUsize::new(0);
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("pkidoctor-disk-{}-{number}", std::process::id()));
            fs::create_dir_all(&path).expect("a directory");
            Self(fs::canonicalize(path).expect("a path"))
        }

        fn at(&self, path: &str) -> PathBuf {
            self.0.join(path)
        }

        fn file(&self, path: &str, content: &str) -> &Self {
            let path = self.at(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            fs::write(path, content).expect("a file");
            self
        }

        fn link(&self, path: &str, target: &str) -> &Self {
            let path = self.at(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            symlink(target, path).expect("a link");
            self
        }

        fn name(&self, path: &str) -> String {
            self.at(path).to_str().expect("UTF-8").to_owned()
        }

        fn root(&self) -> Disk {
            Disk::new(View::Root(self.0.clone()))
        }

        fn copy(&self, prefixes: &[(&str, &str)]) -> Disk {
            let prefixes = prefixes.iter().map(|(node, here)| ((*node).to_owned(), self.at(here)));
            Disk::new(View::Copy { prefixes: prefixes.collect() })
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn told(look: Look) -> String {
        match look {
            Look::Missing { link: None } => "missing".to_owned(),
            Look::Missing { link: Some(link) } => format!("dangling {link}"),
            Look::Unobserved => "unobserved".to_owned(),
            Look::Unreadable(why) => format!("unreadable: {why}"),
            Look::LinkLoop => "loop".to_owned(),
            Look::Directory => "directory".to_owned(),
            Look::Special(kind) => kind.to_owned(),
            Look::TooLarge(size) => format!("too large: {size}"),
            Look::File { meta, bytes } => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                meta.link.map_or(text.clone(), |link| format!("{text} by {link}"))
            }
        }
    }

    fn expect(disk: &Disk, cases: &[(&str, &str)]) {
        for (path, wanted) in cases {
            assert_eq!(told(disk.look(path)), *wanted, "{path}");
        }
    }

    fn paths(walk: &Walk) -> Vec<&str> {
        walk.entries.iter().map(|entry| entry.path.as_str()).collect()
    }

    fn problems(walk: &Walk) -> Vec<(&str, WalkProblem)> {
        walk.problems.iter().map(|(path, problem)| (path.as_str(), problem.clone())).collect()
    }

    #[test]
    fn files_of_this_machine() {
        let s = Scratch::new();
        s.file("pki/ca.crt", "CA")
            .link("pki/l", "ca.crt")
            .link("pki/gone", "nothing")
            .link("pki/a", "b")
            .link("pki/b", "a");
        s.link("away", "/nonexistent-pkidoctor");
        fs::set_permissions(s.at("pki/ca.crt"), fs::Permissions::from_mode(0o640)).expect("a mode");
        let disk = Disk::new(View::Node);
        for (path, wanted) in [
            ("pki/ca.crt", "CA"),
            ("pki/l", "CA by ca.crt"),
            ("pki/gone", "dangling nothing"),
            ("pki/a", "loop"),
            ("pki", "directory"),
            ("pki/x", "missing"),
            ("pki/ca.crt/x", "unreadable: not a directory"),
            ("away/x", "dangling /nonexistent-pkidoctor"),
            ("pki/../pki/ca.crt", "CA"),
        ] {
            assert_eq!(told(disk.look(&s.name(path))), wanted, "{path}");
        }
        let Look::File { meta, .. } = disk.look(&s.name("pki/l")) else { panic!("no file") };
        assert_eq!((meta.mode, meta.size, meta.link.as_deref()), (0o640, 2, Some("ca.crt")));
        assert!(meta.modified.is_some_and(|at| at > 1_600_000_000));
        assert!(disk.is_directory(&s.name("pki")) && !disk.is_directory(&s.name("pki/l")));
        expect(
            &disk,
            &[("/nonexistent-pkidoctor", "missing"), ("", "missing"), ("a\0b", "unreadable: invalid argument")],
        );
        expect(&disk, &[("/dev/null", "character device")]);
    }

    #[test]
    fn names_that_are_too_long() {
        let disk = Disk::new(View::Node);
        let long = format!("/{}", "x".repeat(300));
        expect(&disk, &[(&long, "unreadable: file name too long")]);
        let s = Scratch::new();
        expect(&s.root(), &[(&long, "unreadable: file name too long"), ("/a\0b", "unreadable: invalid argument")]);
    }

    #[test]
    fn what_may_not_be_read() {
        let s = Scratch::new();
        s.file("secret", "x").file("closed/x", "x");
        fs::set_permissions(s.at("secret"), fs::Permissions::from_mode(0o000)).expect("a mode");
        fs::set_permissions(s.at("closed"), fs::Permissions::from_mode(0o000)).expect("a mode");
        let is_root = fs::read(s.at("secret")).is_ok();
        if !is_root {
            expect(
                &s.root(),
                &[("/secret", "unreadable: permission denied"), ("/closed/x", "unreadable: permission denied")],
            );
            let walk = s.root().walk("/", Limits::default());
            assert_eq!(problems(&walk), [("/closed", WalkProblem::Unreadable("permission denied".to_owned()))]);
        }
        fs::set_permissions(s.at("closed"), fs::Permissions::from_mode(0o700)).expect("a mode");
    }

    #[test]
    fn fifos_sockets_and_devices_are_not_opened() {
        let s = Scratch::new();
        let made = std::process::Command::new("mkfifo").arg(s.at("fifo")).status().expect("mkfifo");
        assert!(made.success());
        let _socket = std::os::unix::net::UnixListener::bind(s.at("socket")).expect("a socket");
        s.link("to-fifo", "fifo");
        expect(&s.root(), &[("/fifo", "fifo"), ("/to-fifo", "fifo"), ("/socket", "socket")]);
        assert_eq!(told(Disk::new(View::Node).look(&s.name("fifo"))), "fifo");
    }

    #[test]
    fn a_fifo_swapped_in_does_not_block() {
        let s = Scratch::new();
        s.file("x", "x");
        let disk = s.root();
        let Ok(found) = disk.find(Path::new("/x")) else { panic!("no file") };
        fs::remove_file(s.at("x")).expect("removed");
        assert!(std::process::Command::new("mkfifo").arg(s.at("x")).status().expect("mkfifo").success());
        assert_eq!(disk.read(&found).map(told).ok().as_deref(), Some("fifo"));
        fs::remove_file(s.at("x")).expect("removed");
        s.file("other", "other").link("x", "other");
        assert!(disk.read(&found).is_err(), "a link swapped in is not followed");
    }

    #[test]
    fn large_files() {
        let s = Scratch::new();
        s.file("exact", "").file("over", "");
        File::options().write(true).open(s.at("exact")).and_then(|f| f.set_len(MAX_FILE)).expect("a size");
        File::options().write(true).open(s.at("over")).and_then(|f| f.set_len(MAX_FILE + 1)).expect("a size");
        let disk = s.root();
        assert!(matches!(disk.look("/exact"), Look::File { bytes, .. } if bytes.len() as u64 == MAX_FILE));
        assert!(matches!(disk.look("/over"), Look::TooLarge(size) if size == MAX_FILE + 1));
        for _ in 0..(MAX_TOTAL / MAX_FILE - 1) {
            assert!(matches!(disk.look("/exact"), Look::File { .. }));
        }
        assert_eq!(told(disk.look("/exact")), "unreadable: not read: more than 256 MiB in all");
    }

    #[test]
    fn files_that_do_not_know_their_size() {
        let disk = Disk::new(View::Node);
        let Look::File { bytes, meta } = disk.look("/proc/self/status") else { panic!("no file") };
        assert!(bytes.len() > 100 && meta.size == 0);
        let s = Scratch::new();
        s.file("grown", &"x".repeat(100_000));
        let mut file = File::open(s.at("grown")).expect("a file");
        let read = read_bounded(&mut file, 0).expect("read").expect("small enough");
        assert_eq!(read.len(), 100_000);
        let mut endless = File::open("/dev/zero").expect("a device");
        assert!(read_bounded(&mut endless, 0).expect("read").is_none());
    }

    #[test]
    fn links_stay_inside_the_root() {
        let s = Scratch::new();
        s.file("etc/kubernetes/pki/ca.crt", "CA").file("opt/pki/server.crt", "S");
        s.link("etc/kubernetes/pki/etcd", "/opt/pki");
        s.link("etc/kubernetes/pki/up", "../../../../../../../../opt/pki/server.crt");
        s.link("etc/kubernetes/pki/passwd", "/etc/passwd").link("etc/kubernetes/pki/abs", "/etc/kubernetes/pki/ca.crt");
        s.link("etc/kubernetes/pki/two", "abs").link("etc/kubernetes/pki/dot", "./../pki/ca.crt");
        s.link("etc/kubernetes/pki/self", "self").link("etc/kubernetes/pki/into", "ca.crt/x");
        expect(
            &s.root(),
            &[
                ("/etc/kubernetes/pki/etcd/server.crt", "S"),
                ("/etc/kubernetes/pki/etcd/../pki/server.crt", "S"),
                ("/etc/kubernetes/pki/up", "S by ../../../../../../../../opt/pki/server.crt"),
                ("/etc/kubernetes/pki/passwd", "dangling /etc/passwd"),
                ("/etc/kubernetes/pki/abs", "CA by /etc/kubernetes/pki/ca.crt"),
                ("/etc/kubernetes/pki/two", "CA by abs"),
                ("/etc/kubernetes/pki/dot", "CA by ./../pki/ca.crt"),
                ("/etc/kubernetes/pki/self", "loop"),
                ("/etc/kubernetes/pki/into", "unreadable: not a directory"),
                ("/etc/kubernetes/pki/etcd/no", "missing"),
                ("/../../etc/kubernetes/pki/ca.crt", "CA"),
                ("etc//kubernetes/./pki/ca.crt", "CA"),
                ("/etc/passwd", "missing"),
                ("/", "directory"),
                ("/..", "directory"),
                ("", "directory"),
            ],
        );
        assert!(s.root().is_directory("/etc/kubernetes/pki/etcd"));
    }

    #[test]
    fn forty_links_are_enough() {
        let s = Scratch::new();
        s.file("l0", "end");
        for i in 1..=41 {
            s.link(&format!("l{i}"), &format!("l{}", i - 1));
        }
        expect(&s.root(), &[("/l40", "end by l39"), ("/l41", "loop")]);
        // every link doubles the way
        for i in 0..30 {
            s.link(&format!("d{}", i + 1), &format!("d{i}/../d{i}"));
        }
        fs::create_dir(s.at("d0")).expect("a directory");
        expect(&s.root(), &[("/d30", "loop")]);
    }

    #[test]
    fn a_copy_never_leaves_its_prefixes() {
        let s = Scratch::new();
        s.file("copy/pki/ca.crt", "CA").file("copy/admin.conf", "A").file("elsewhere/x", "X");
        s.link("copy/pki/out", "/etc/passwd").link("copy/pki/in", "/etc/kubernetes/pki/ca.crt");
        s.link("copy/pki/conf", "../admin.conf")
            .link("copy/pki/far", "../../../elsewhere/x")
            .link("copy/pki/gone", "nope");
        s.link("chosen", "copy/pki");
        let disk = s.copy(&[("/etc/kubernetes/pki", "copy/pki")]);
        expect(
            &disk,
            &[
                ("/etc/kubernetes/pki/ca.crt", "CA"),
                ("/etc/kubernetes/pki/in", "CA by /etc/kubernetes/pki/ca.crt"),
                ("/etc/kubernetes/pki/out", "unobserved"),
                ("/etc/kubernetes/pki/conf", "unobserved"),
                ("/etc/kubernetes/pki/far", "unobserved"),
                ("/etc/kubernetes/pki/gone", "dangling nope"),
                ("/etc/kubernetes/pki/x", "missing"),
                ("/etc/kubernetes/pki", "directory"),
                ("/etc/kubernetes/pki2/ca.crt", "unobserved"),
                ("/etc/kubernetes", "unobserved"),
                ("/etc/kubernetes/pki/../../passwd", "unobserved"),
                ("/etc/passwd", "unobserved"),
                ("/", "unobserved"),
            ],
        );
        let both = s.copy(&[("/etc/kubernetes", "copy"), ("/etc/kubernetes/pki", "chosen")]);
        expect(
            &both,
            &[
                ("/etc/kubernetes/pki/conf", "A by ../admin.conf"),
                ("/etc/kubernetes/pki/ca.crt", "CA"),
                ("/etc/kubernetes/pki/far", "unobserved"),
                ("/etc/kubernetes/admin.conf", "A"),
                ("/etc/kubernetes/pki", "directory"),
            ],
        );
        expect(&s.copy(&[("/a", "nowhere")]), &[("/a", "missing"), ("/a/b", "missing")]);
        expect(&s.copy(&[]), &[("/a", "unobserved")]);
        expect(&s.copy(&[("/x/admin.conf", "copy/admin.conf")]), &[("/x/admin.conf", "A"), ("/x/y", "unobserved")]);
    }

    #[test]
    fn a_walk_is_in_order_and_stays_inside() {
        let s = Scratch::new();
        s.file("pki/b.crt", "B").file("pki/a.crt", "A").file("pki/etcd/ca.crt", "C").file("outside/x", "X");
        s.link("pki/l.crt", "../outside/x")
            .link("pki/out", "../outside")
            .link("pki/alias", "etcd")
            .link("pki/etcd/loop", "..");
        s.link("pki/gone", "nope").link("pki/round", "round");
        let entries = [
            "/pki/a.crt",
            "/pki/alias",
            "/pki/alias/ca.crt",
            "/pki/alias/loop",
            "/pki/b.crt",
            "/pki/etcd",
            "/pki/etcd/ca.crt",
            "/pki/etcd/loop",
            "/pki/gone",
            "/pki/l.crt",
            "/pki/out",
            "/pki/round",
        ];
        let disk = s.root();
        let walk = disk.walk("/pki", Limits::default());
        assert_eq!(paths(&walk), entries);
        let outside = WalkProblem::LeadsOutside("../outside".to_owned());
        let wanted = [
            ("/pki/alias/loop", WalkProblem::LinkLoop),
            ("/pki/etcd/loop", WalkProblem::LinkLoop),
            ("/pki/out", outside),
        ];
        assert_eq!(problems(&walk), wanted);
        let kinds: Vec<_> = walk.entries.iter().map(|entry| entry.kind.clone()).collect();
        assert_eq!(kinds[0], EntryKind::File);
        assert_eq!(kinds[1], EntryKind::LinkedDirectory);
        assert_eq!(kinds[5], EntryKind::Directory);
        assert_eq!(kinds[8], EntryKind::Dangling(Some("nope".to_owned())));
        assert_eq!(kinds[9], EntryKind::File);
        assert_eq!(kinds[11], EntryKind::LinkLoop);
        assert_eq!(walk.entries[9].meta.as_ref().and_then(|m| m.link.as_deref()), Some("../outside/x"));
        assert_eq!(told(disk.look_entry(&walk.entries[9])), "X by ../outside/x");
        // the same tree in the other views
        let node = Disk::new(View::Node).walk(&s.name("pki"), Limits::default());
        assert_eq!(node.entries.len(), entries.len());
        assert_eq!(node.problems.len(), 3);
        let copy = s.copy(&[("/pki", "pki")]).walk("/pki", Limits::default());
        assert_eq!(paths(&copy), entries);
        assert_eq!(copy.entries[9].kind, EntryKind::Unobserved);
    }

    #[test]
    fn walks_of_nothing() {
        let s = Scratch::new();
        s.file("f", "x").link("l", "l");
        let disk = s.root();
        let problem = |path: &str| disk.walk(path, Limits::default()).problems.pop().map(|(_, problem)| problem);
        assert_eq!(problem("/no"), Some(WalkProblem::Missing));
        assert_eq!(problem("/f"), Some(WalkProblem::NotADirectory));
        assert_eq!(problem("/l"), Some(WalkProblem::LinkLoop));
        let copy = s.copy(&[("/a", "")]);
        assert_eq!(copy.walk("/b", Limits::default()).problems, [("/b".to_owned(), WalkProblem::Unobserved)]);
    }

    #[test]
    fn walks_are_bounded() {
        let s = Scratch::new();
        for i in 0..30 {
            s.file(&format!("many/{i:02}"), "");
        }
        s.file(&format!("{}/x", ["deep"; 20].join("/")), "");
        let disk = s.root();
        let few = disk.walk("/many", Limits { entries: 10, depth: 1 });
        assert_eq!(few.entries.len(), 10);
        assert_eq!(problems(&few), [("/many", WalkProblem::TooMany)]);
        let all = disk.walk("/many", Limits { entries: 30, depth: 1 });
        assert_eq!((all.entries.len(), all.problems.len()), (30, 0));
        let deep = disk.walk("/deep", Limits { entries: usize::MAX, depth: usize::MAX });
        assert_eq!(deep.entries.len(), MAX_DEPTH + 1);
        assert_eq!(deep.problems.first().map(|p| p.1.clone()), Some(WalkProblem::TooDeep));
        let flat = disk.walk("/deep", Limits { entries: 9, depth: 0 });
        assert_eq!(flat.entries.len(), 1);
    }

    #[test]
    fn links_that_multiply() {
        let s = Scratch::new();
        for (from, to) in ["a", "b", "c", "d", "e", "f", "g", "h"].windows(2).map(|w| (w[0], w[1])) {
            for i in 0..10 {
                s.link(&format!("{from}/{i}"), &format!("../{to}"));
            }
        }
        s.file("h/x", "");
        let walk = s.root().walk("/", Limits::default());
        assert_eq!(walk.entries.len(), MAX_ENTRIES);
        assert!(walk.problems.iter().any(|(_, problem)| *problem == WalkProblem::TooMany));
    }

    #[test]
    fn odd_names_can_be_opened() {
        let s = Scratch::new();
        let odd = OsString::from_vec(b"\xff\xfe.crt".to_vec());
        fs::write(s.0.join(&odd), "odd").expect("a file");
        let disk = s.root();
        let listed = disk.list("/").expect("a listing");
        let entry = listed.first().expect("an entry");
        assert!(entry.odd_name && entry.path.contains('\u{fffd}'));
        assert_eq!(told(disk.look_entry(entry)), "odd");
        assert_eq!(told(disk.look(&entry.path)), "missing");
        assert_eq!(odd.as_bytes().len(), 6);
    }

    #[test]
    fn listings() {
        let s = Scratch::new();
        s.file("m/b.yaml", "").file("m/a.yaml", "").file("m/sub/x", "");
        let disk = s.root();
        let names: Vec<_> = disk.list("/m").expect("a listing").into_iter().map(|entry| entry.path).collect();
        assert_eq!(names, ["/m/a.yaml", "/m/b.yaml", "/m/sub"]);
        assert_eq!(disk.list("/no").err(), Some(WalkProblem::Missing));
        assert_eq!(disk.list("/m/a.yaml").err(), Some(WalkProblem::NotADirectory));
    }
}
