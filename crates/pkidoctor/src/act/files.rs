//! Every system call of this room. All writing goes through [`Files`], so that a test can fail or end each of them.
//!
//! Entries are named by an open directory and a name in it, and links are never followed: what was checked is what is
//! changed, whatever happens to the path meanwhile.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{
    self, Access, AtFlags, CWD, Dir, FileType, FlockOperation, Gid, Mode, OFlags, Stat, StatVfsMountFlags,
    StatxAttributes, StatxFlags, Timespec, Timestamps, Uid, XattrFlags,
};
use rustix::io::Errno;
use zeroize::Zeroizing;

/// As many names as a listing gives.
const MAX_NAMES: usize = 20_000;
/// The largest extended attribute that Linux takes.
const MAX_ATTRIBUTE: usize = 64 << 10;

/// A directory that was opened, and its path.
#[derive(Debug)]
pub struct Directory {
    descriptor: OwnedFd,
    path: PathBuf,
}

impl Directory {
    /// Where it was when it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn join(&self, name: &CStr) -> PathBuf {
        self.path.join(std::ffi::OsStr::from_bytes(name.to_bytes()))
    }
}

/// A file that was opened.
#[derive(Debug)]
pub struct Open(OwnedFd);

/// What is at a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, FIFO or socket.
    Special,
}

/// What the file system says about an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Facts {
    /// What it is.
    pub kind: Kind,
    /// Permission bits, `07777`.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Bytes.
    pub size: u64,
    /// Last modification: seconds since 1970, and nanoseconds.
    pub modified: (i64, u32),
}

/// How much fits on a file system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Room {
    /// Bytes that this process may still write.
    pub bytes: u64,
    /// Files that may still be made; `None` where the file system does not count them.
    pub files: Option<u64>,
    /// It is mounted read-only.
    pub read_only: bool,
}

/// An extended attribute: its name and its value.
pub type Attribute = (CString, Vec<u8>);

/// The system calls of this room, reading first, writing after. Each does one thing, retries only when interrupted,
/// and never follows a symbolic link. Errors are the operating system's.
#[allow(missing_docs, reason = "each is the system call of its name, and the line above it says what is special")]
#[allow(clippy::missing_errors_doc, reason = "the operating system's, for each")]
pub trait Files {
    // every link in it resolved
    fn real_path(&self, path: &Path) -> io::Result<PathBuf>;
    // from `/` down, none of the parts a link
    fn directory(&self, path: &Path) -> io::Result<Directory>;
    fn child(&self, directory: &Directory, name: &CStr) -> io::Result<Directory>;
    // `None`: there is nothing
    fn facts(&self, directory: &Directory, name: &CStr) -> io::Result<Option<Facts>>;
    fn facts_of(&self, file: &Open) -> io::Result<Facts>;
    // why it cannot be replaced whatever its mode says: the words of a sentence `path is …`
    fn fixed(&self, directory: &Directory, name: &CStr) -> Option<&'static str>;
    fn open(&self, directory: &Directory, name: &CStr) -> io::Result<Open>;
    // an error when there is more than `limit`
    fn read(&self, file: &Open, limit: u64) -> io::Result<Zeroizing<Vec<u8>>>;
    // none where the file system has no such thing
    fn attributes(&self, file: &Open) -> io::Result<Vec<Attribute>>;
    fn link_target(&self, directory: &Directory, name: &CStr) -> io::Result<CString>;
    // in order
    fn names(&self, directory: &Directory) -> io::Result<Vec<CString>>;
    fn room(&self, directory: &Directory) -> io::Result<Room>;
    fn may_write(&self, directory: &Directory) -> io::Result<()>;
    // `None` when it cannot be told
    fn user(&self) -> Option<u32>;
    // false: someone else has it. It lasts as long as the directory is open, and ends with the process.
    fn lock(&self, directory: &Directory, exclusive: bool) -> io::Result<bool>;

    // it must not exist
    fn create(&self, directory: &Directory, name: &CStr, mode: u32) -> io::Result<Open>;
    fn append(&self, directory: &Directory, name: &CStr) -> io::Result<Open>;
    fn write(&self, file: &Open, bytes: &[u8]) -> io::Result<()>;
    fn set_owner(&self, file: &Open, uid: u32, gid: u32) -> io::Result<()>;
    fn set_mode(&self, file: &Open, mode: u32) -> io::Result<()>;
    fn set_attribute(&self, file: &Open, name: &CStr, value: &[u8]) -> io::Result<()>;
    fn remove_attribute(&self, file: &Open, name: &CStr) -> io::Result<()>;
    fn set_modified(&self, file: &Open, modified: (i64, u32)) -> io::Result<()>;
    fn sync(&self, file: &Open) -> io::Result<()>;
    fn link(&self, directory: &Directory, from: &CStr, to: &CStr) -> io::Result<()>;
    fn rename(&self, directory: &Directory, from: &CStr, to: &CStr) -> io::Result<()>;
    fn unlink(&self, directory: &Directory, name: &CStr) -> io::Result<()>;
    fn make_directory(&self, directory: &Directory, name: &CStr) -> io::Result<()>;
    fn remove_directory(&self, directory: &Directory, name: &CStr) -> io::Result<()>;
    fn sync_directory(&self, directory: &Directory) -> io::Result<()>;
}

/// The system calls themselves.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealFiles;

const OPEN: OFlags = OFlags::CLOEXEC.union(OFlags::NOFOLLOW);

impl Files for RealFiles {
    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        std::fs::canonicalize(path)
    }

    fn directory(&self, path: &Path) -> io::Result<Directory> {
        let flags = OPEN | OFlags::DIRECTORY;
        let mut descriptor = fs::openat(CWD, c"/", flags | OFlags::PATH, Mode::empty())?;
        let mut parts = path.components().peekable();
        if parts.next() != Some(Component::RootDir) {
            return Err(Errno::INVAL.into());
        }
        while let Some(part) = parts.next() {
            let Component::Normal(name) = part else { return Err(Errno::INVAL.into()) };
            // what is only passed through need not be readable
            let way = if parts.peek().is_some() { OFlags::PATH } else { OFlags::RDONLY };
            descriptor = fs::openat(&descriptor, name, flags | way, Mode::empty())?;
        }
        if path == Path::new("/") {
            descriptor = fs::openat(CWD, c"/", flags, Mode::empty())?;
        }
        Ok(Directory { descriptor, path: path.to_path_buf() })
    }

    fn child(&self, directory: &Directory, name: &CStr) -> io::Result<Directory> {
        let descriptor = fs::openat(&directory.descriptor, name, OPEN | OFlags::DIRECTORY, Mode::empty())?;
        Ok(Directory { descriptor, path: directory.join(name) })
    }

    fn facts(&self, directory: &Directory, name: &CStr) -> io::Result<Option<Facts>> {
        match fs::statat(&directory.descriptor, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(facts(&stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn facts_of(&self, file: &Open) -> io::Result<Facts> {
        Ok(facts(&fs::fstat(&file.0)?))
    }

    fn fixed(&self, directory: &Directory, name: &CStr) -> Option<&'static str> {
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH;
        // kernels before 4.11 and some sandboxes have no statx; the rename itself then says so, and is undone
        let seen = fs::statx(&directory.descriptor, name, flags, StatxFlags::BASIC_STATS).ok()?.stx_attributes;
        if seen.contains(StatxAttributes::IMMUTABLE) {
            return Some("immutable (chattr +i)");
        }
        if seen.contains(StatxAttributes::APPEND) {
            return Some("append-only (chattr +a)");
        }
        // a directory may well be a mount point
        (seen.contains(StatxAttributes::MOUNT_ROOT) && !name.is_empty()).then_some("a mount point")
    }

    fn open(&self, directory: &Directory, name: &CStr) -> io::Result<Open> {
        // a FIFO that was swapped in must not block
        let flags = OPEN | OFlags::RDONLY | OFlags::NONBLOCK;
        let file = fs::openat(&directory.descriptor, name, flags, Mode::empty())?;
        Ok(Open(file))
    }

    fn read(&self, file: &Open, limit: u64) -> io::Result<Zeroizing<Vec<u8>>> {
        let facts = self.facts_of(file)?;
        if facts.kind != Kind::File || facts.size > limit {
            return Err(Errno::FBIG.into());
        }
        // one buffer that never moves, so that no copy of a key stays behind; one byte more shows a file that grows
        let size = usize::try_from(facts.size).map_err(|_| Errno::FBIG)?;
        let mut bytes = Zeroizing::new(vec![0; size + 1]);
        let mut filled = 0;
        loop {
            let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) else {
                return Err(Errno::FBIG.into());
            };
            match rustix::io::retry_on_intr(|| rustix::io::read(&file.0, &mut *rest))? {
                0 => break,
                more => filled += more,
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }

    fn attributes(&self, file: &Open) -> io::Result<Vec<Attribute>> {
        let mut list = vec![0; MAX_ATTRIBUTE];
        let length = match fs::flistxattr(&file.0, &mut list[..]) {
            Ok(length) => length,
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => 0,
            Err(error) => return Err(error.into()),
        };
        let mut attributes = Vec::new();
        for name in list.get(..length).unwrap_or_default().split_inclusive(|byte| *byte == 0) {
            let Ok(name) = CStr::from_bytes_with_nul(name) else { continue };
            let mut value = vec![0; MAX_ATTRIBUTE];
            match fs::fgetxattr(&file.0, name, &mut value[..]) {
                Ok(length) => value.truncate(length),
                // listed, but only for the eyes of another
                Err(Errno::NODATA | Errno::PERM | Errno::OPNOTSUPP) => continue,
                Err(error) => return Err(error.into()),
            }
            attributes.push((name.to_owned(), value));
        }
        Ok(attributes)
    }

    fn link_target(&self, directory: &Directory, name: &CStr) -> io::Result<CString> {
        Ok(fs::readlinkat(&directory.descriptor, name, Vec::new())?)
    }

    fn names(&self, directory: &Directory) -> io::Result<Vec<CString>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&directory.descriptor)? {
            let entry = entry?;
            if ![c".", c".."].contains(&entry.file_name()) {
                names.push(entry.file_name().to_owned());
            }
            if names.len() > MAX_NAMES {
                return Err(Errno::OVERFLOW.into());
            }
        }
        names.sort();
        Ok(names)
    }

    fn room(&self, directory: &Directory) -> io::Result<Room> {
        let seen = fs::fstatvfs(&directory.descriptor)?;
        // the superuser may use what is reserved
        let blocks = if self.user() == Some(0) { seen.f_bfree } else { seen.f_bavail };
        Ok(Room {
            bytes: blocks.saturating_mul(seen.f_frsize),
            files: (seen.f_files > 0).then_some(seen.f_favail),
            read_only: seen.f_flag.contains(StatVfsMountFlags::RDONLY),
        })
    }

    fn may_write(&self, directory: &Directory) -> io::Result<()> {
        let wanted = Access::WRITE_OK | Access::EXEC_OK;
        match fs::accessat(&directory.descriptor, c".", wanted, AtFlags::EACCESS) {
            // before 5.8 there is no asking for the effective user; creating will tell
            Err(Errno::NOSYS | Errno::INVAL | Errno::OPNOTSUPP) => Ok(()),
            answer => Ok(answer?),
        }
    }

    fn user(&self) -> Option<u32> {
        fs::stat(c"/proc/self").ok().map(|stat| stat.st_uid)
    }

    fn lock(&self, directory: &Directory, exclusive: bool) -> io::Result<bool> {
        let operation =
            if exclusive { FlockOperation::NonBlockingLockExclusive } else { FlockOperation::NonBlockingLockShared };
        match rustix::io::retry_on_intr(|| fs::flock(&directory.descriptor, operation)) {
            Err(Errno::WOULDBLOCK) => Ok(false),
            answer => Ok(answer.map(|()| true)?),
        }
    }

    fn create(&self, directory: &Directory, name: &CStr, mode: u32) -> io::Result<Open> {
        let flags = OPEN | OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        Ok(Open(fs::openat(&directory.descriptor, name, flags, Mode::from_raw_mode(mode))?))
    }

    fn append(&self, directory: &Directory, name: &CStr) -> io::Result<Open> {
        let flags = OPEN | OFlags::WRONLY | OFlags::APPEND | OFlags::NONBLOCK;
        Ok(Open(fs::openat(&directory.descriptor, name, flags, Mode::empty())?))
    }

    fn write(&self, file: &Open, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match rustix::io::retry_on_intr(|| rustix::io::write(&file.0, bytes))? {
                0 => return Err(Errno::NOSPC.into()),
                written => bytes = bytes.get(written..).unwrap_or_default(),
            }
        }
        Ok(())
    }

    fn set_owner(&self, file: &Open, uid: u32, gid: u32) -> io::Result<()> {
        Ok(fs::fchown(&file.0, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?)
    }

    fn set_mode(&self, file: &Open, mode: u32) -> io::Result<()> {
        Ok(fs::fchmod(&file.0, Mode::from_raw_mode(mode))?)
    }

    fn set_attribute(&self, file: &Open, name: &CStr, value: &[u8]) -> io::Result<()> {
        Ok(fs::fsetxattr(&file.0, name, value, XattrFlags::empty())?)
    }

    fn remove_attribute(&self, file: &Open, name: &CStr) -> io::Result<()> {
        Ok(fs::fremovexattr(&file.0, name)?)
    }

    fn set_modified(&self, file: &Open, modified: (i64, u32)) -> io::Result<()> {
        let instant = Timespec { tv_sec: modified.0, tv_nsec: modified.1.into() };
        Ok(fs::futimens(&file.0, &Timestamps { last_access: instant, last_modification: instant })?)
    }

    fn sync(&self, file: &Open) -> io::Result<()> {
        Ok(fs::fsync(&file.0)?)
    }

    fn link(&self, directory: &Directory, from: &CStr, to: &CStr) -> io::Result<()> {
        Ok(fs::linkat(&directory.descriptor, from, &directory.descriptor, to, AtFlags::empty())?)
    }

    fn rename(&self, directory: &Directory, from: &CStr, to: &CStr) -> io::Result<()> {
        Ok(fs::renameat(&directory.descriptor, from, &directory.descriptor, to)?)
    }

    fn unlink(&self, directory: &Directory, name: &CStr) -> io::Result<()> {
        Ok(fs::unlinkat(&directory.descriptor, name, AtFlags::empty())?)
    }

    fn make_directory(&self, directory: &Directory, name: &CStr) -> io::Result<()> {
        Ok(fs::mkdirat(&directory.descriptor, name, Mode::RWXU)?)
    }

    fn remove_directory(&self, directory: &Directory, name: &CStr) -> io::Result<()> {
        Ok(fs::unlinkat(&directory.descriptor, name, AtFlags::REMOVEDIR)?)
    }

    fn sync_directory(&self, directory: &Directory) -> io::Result<()> {
        Ok(fs::fsync(directory.descriptor.as_fd())?)
    }
}

fn facts(stat: &Stat) -> Facts {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Link,
        _ => Kind::Special,
    };
    Facts {
        kind,
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        modified: (stat.st_mtime, u32::try_from(stat.st_mtime_nsec).unwrap_or(0)),
    }
}
