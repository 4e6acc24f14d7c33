//! A small control plane that a run changes in every way there is: pairs, a new pair, a removal, a mode, a kubeconfig.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use zeroize::Zeroizing;

use super::super::*;

/// What a file is: its bytes, mode and owner.
pub(super) type Snapshot = BTreeMap<PathBuf, (Vec<u8>, u32, u32, u32)>;

pub(super) struct Tree {
    pub(super) base: PathBuf,
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.base);
    }
}

const FILES: [(&str, &str, u32); 9] = [
    ("etc/kubernetes/admin.conf", "old admin", 0o600),
    ("etc/kubernetes/pki/apiserver.crt", "old apiserver", 0o644),
    ("etc/kubernetes/pki/apiserver.key", "old apiserver key", 0o600),
    ("etc/kubernetes/pki/ca.crt", "ca", 0o644),
    ("etc/kubernetes/pki/ca.key", "ca key", 0o644),
    ("etc/kubernetes/pki/etcd/server.crt", "old server", 0o640),
    ("etc/kubernetes/pki/etcd/server.key", "old server key", 0o600),
    ("etc/kubernetes/pki/etcd/stale.csr", "to be removed", 0o644),
    ("etc/kubernetes/pki/sa.pub", "sa", 0o600),
];

pub(super) fn is_root() -> bool {
    RealFiles.user() == Some(0)
}

impl Tree {
    pub(super) fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        // thousands of trees with an fsync per step: in memory where there is such a place
        let shm = Path::new("/dev/shm");
        let parent =
            if fs::metadata(shm).is_ok_and(|it| it.mode() & 0o002 != 0) { shm.into() } else { std::env::temp_dir() };
        let base = parent.join(format!("pkidoctor-act-{}-{number}", std::process::id()));
        let tree = Self { base };
        tree.reset();
        tree
    }

    /// As it was at first.
    pub(super) fn reset(&self) {
        let _ = fs::remove_dir_all(&self.base);
        fs::create_dir_all(self.base.join("etc/kubernetes/pki/etcd")).expect("directories");
        for (path, content, mode) in FILES {
            self.file(path, content, mode);
        }
        if is_root() {
            chown(self.path("etc/kubernetes/pki/etcd/server.key"), Some(1234), Some(4321)).expect("an owner");
        }
    }

    pub(super) fn file(&self, path: &str, content: &str, mode: u32) {
        fs::write(self.path(path), content).expect("a file");
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).expect("a mode");
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.base.join(path)
    }

    pub(super) fn home(&self) -> PathBuf {
        self.path("etc/kubernetes/pki")
    }

    pub(super) fn backups(&self) -> PathBuf {
        self.path("var/lib/pkidoctor")
    }

    /// Everything below `etc`; our own files, too.
    pub(super) fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::new();
        collect(&self.path("etc"), &mut snapshot);
        snapshot
    }

    pub(super) fn changes(&self) -> Vec<Change> {
        let change = |path: &str, after: After| Change { path: self.path(path), before: self.digest(path), after };
        vec![
            change("etc/kubernetes/pki/apiserver.crt", file("new apiserver", 0o644)),
            change("etc/kubernetes/pki/apiserver.key", file("new apiserver key", 0o600)),
            change("etc/kubernetes/pki/etcd/server.crt", file("new server", 0o644)),
            change("etc/kubernetes/pki/etcd/server.key", file("new server key", 0o600)),
            change("etc/kubernetes/pki/etcd/peer.crt", file("new peer", 0o644)),
            change("etc/kubernetes/pki/etcd/peer.key", file("new peer key", 0o600)),
            change("etc/kubernetes/pki/etcd/stale.csr", After::Absent),
            change("etc/kubernetes/pki/ca.key", file("ca key", 0o600)),
            change("etc/kubernetes/admin.conf", file("new admin", 0o600)),
        ]
    }

    pub(super) fn digest(&self, path: &str) -> Option<[u8; 32]> {
        fs::read(self.path(path)).ok().map(|bytes| digest::Digest::of(&bytes).0)
    }

    pub(super) fn request(&self) -> BackupRequest {
        let everything = self.snapshot().into_keys().collect();
        BackupRequest { parent: self.backups(), everything }
    }

    /// Stage, commit, finish.
    pub(super) fn regen(&self, files: &dyn Files) -> Result<(), Failure> {
        let lock = lock(files, &self.home()).map_err(Failure::Unchanged)?;
        Staged::stage(&lock, run("run-1"), self.changes(), Some(self.request()))?.commit()?.finish().map(|_| ())
    }

    pub(super) fn recover(&self, files: &dyn Files) -> Result<Recovered, Failure> {
        let lock = lock(files, &self.home()).map_err(Failure::Unchanged)?;
        // as the command does: backups are elsewhere
        recover(&lock, &[self.path("etc/kubernetes")])
    }

    pub(super) fn restore(&self, files: &dyn Files) -> Result<(), Failure> {
        let lock = lock(files, &self.home()).map_err(Failure::Unchanged)?;
        let unreadable = |error: RestoreError| match error {
            RestoreError::Unreadable(reason) => Failure::Unchanged(reason),
            other => panic!("{other}"),
        };
        let backup = Backup::open(files, &self.backups().join("run-1")).map_err(Failure::Unchanged)?;
        let changes = backup.changes(&lock, false, false).map_err(unreadable)?;
        Staged::stage(&lock, run("run-2"), changes, Some(self.request()))?.commit()?.finish().map(|_| ())
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.home().join(crate::profile::JOURNAL)
    }

    /// The names of the backups that are whole; none may be anything else.
    pub(super) fn whole_backups(&self) -> Vec<String> {
        let listed = backups(&RealFiles, &self.backups()).expect("a listing");
        listed.into_iter().map(|one| one.backup.expect("whole").run().id.clone()).collect()
    }
}

pub(super) fn file(content: &str, mode: u32) -> After {
    After::File { bytes: Zeroizing::new(content.as_bytes().to_vec()), mode, owner: None }
}

pub(super) fn run(id: &str) -> Run {
    let words = vec!["pkidoctor".to_owned(), "regen".to_owned(), "all".to_owned()];
    Run { id: id.to_owned(), words, at: time::OffsetDateTime::UNIX_EPOCH }
}

fn collect(directory: &Path, into: &mut Snapshot) {
    for entry in fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        let facts = fs::symlink_metadata(&path).expect("an entry");
        if facts.is_dir() {
            collect(&path, into);
        } else {
            let bytes = if facts.is_file() { fs::read(&path).expect("a file") } else { b"link".to_vec() };
            into.insert(path, (bytes, facts.mode(), facts.uid(), facts.gid()));
        }
    }
}

/// What our own files are called.
pub(super) fn is_ours(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".pkidoctor"))
}
