//! Carrying a prescription out: lock, look again, stage, commit; and undoing it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::act::{
    self, After, Backup, BackupRequest, Change, Committed, Failure, Files, Reason, Recovered, RestoreError, Run, Staged,
};
use crate::cluster::{Cluster, File, State};
use crate::go::GoVersion;
use crate::plan::Refusal;
use crate::read::{self, Request};

use super::bench::{Bench, PATIENT, Requested};
use super::{Prescription, Setting, WrongSetting};

/// Why a repair was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// Nothing could be read.
    #[error(transparent)]
    Read(#[from] WrongSetting),
    /// Somebody objected, or a file has changed: nothing has changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The disk did not take it.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// Who looks on: at the prepared repair before it is committed, and at what it led to while it can still be undone.
pub trait Witness {
    /// Objects, and nothing changes.
    ///
    /// # Errors
    /// The objection.
    fn before(&mut self, prescription: &Prescription) -> Result<(), Refusal>;

    /// Objects, and everything is put back.
    ///
    /// # Errors
    /// The objection.
    fn after(&mut self, prescription: &Prescription) -> Result<(), Refusal>;

    /// Whether it sees to what [`Prescription::proof`] wants.
    fn proves(&self) -> bool {
        false
    }
}

/// Nobody looks on.
#[derive(Clone, Copy, Debug)]
pub struct Nobody;

impl Witness for Nobody {
    fn before(&mut self, _: &Prescription) -> Result<(), Refusal> {
        Ok(())
    }

    fn after(&mut self, _: &Prescription) -> Result<(), Refusal> {
        Ok(())
    }
}

/// A repair that was done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Done {
    /// Where the backup is.
    pub backup: Option<PathBuf>,
}

impl Prescription {
    /// The PKI directory of the patient on this machine, links followed: where its lock and its journal are.
    ///
    /// # Errors
    /// When it cannot be found.
    pub fn home(&self) -> Result<PathBuf, Refusal> {
        read::home(&self.bench.request).map_err(|error| Refusal::new("not-writable", error.to_string()))
    }

    /// Whose files they are, and what was read of them as they will be.
    pub fn setting(&self) -> (&Request, &Cluster) {
        (&self.bench.request, &self.bench.cluster)
    }

    /// What a file will hold; `None` where it does not change, or goes. It may be a private key.
    pub fn content(&self, path: &str) -> Option<Arc<Zeroizing<Vec<u8>>>> {
        let changes = &self.bench.changes;
        changes.iter().find(|change| change.path == path)?.bytes.clone()
    }

    /// Changes the files, all of them or none.
    ///
    /// # Errors
    /// When a file has changed since, somebody else is at work, a witness objects, or the disk does not take it.
    pub fn carry_out(
        &self,
        setting: &Setting,
        files: &dyn Files,
        run: Run,
        backup: Option<PathBuf>,
        witness: &mut dyn Witness,
    ) -> Result<Done, NotDone> {
        let home = self.home()?;
        let lock = act::lock(files, &home).map_err(Failure::Unchanged)?;
        lock.refuse_leftovers().map_err(Failure::Unchanged)?;
        self.is_still_so(setting)?;
        if self.rotation.is_some() && !witness.proves() {
            let way_out = if self.is_elsewhere() {
                "run this with --verify-live on the machine that these files belong to"
            } else {
                "run this again with --verify-live"
            };
            return Err(Refusal::new(
                "not-proved",
                "whether etcd and every kube-apiserver were restarted with the new CA is known only of running ones",
            )
            .then(way_out)
            .into());
        }
        witness.before(self)?;
        let changes = self.changes()?;
        let backup = backup.map(|parent| BackupRequest { parent, everything: self.everything() });
        let committed = Staged::stage(&lock, run, changes, backup)?.commit()?;
        finish(committed, || witness.after(self))
    }

    /// What was read is still so: not only what is replaced, but everything that the plan was made by.
    fn is_still_so(&self, setting: &Setting) -> Result<(), NotDone> {
        let now = Bench::new(setting)?.fingerprint();
        let differs = |(place, digest): &(&(usize, String), &Option<[u8; 32]>)| now.get(*place) != Some(*digest);
        let changed = self.read.iter().find(differs).map(|(place, _)| place);
        let added = || now.keys().find(|place| !self.read.contains_key(*place));
        match changed.or_else(added) {
            None => Ok(()),
            Some((_, path)) => Err(Refusal::new("stale", format!("{path} has changed since it was planned with"))
                .then("run this again: it plans anew")
                .into()),
        }
    }

    fn changes(&self) -> Result<Vec<Change>, Refusal> {
        let changes = self.bench.changes.iter().map(|change| {
            let path = real(&change.destination)?;
            let after = match &change.bytes {
                Some(bytes) => {
                    let bytes = bytes.as_ref().clone();
                    After::File { bytes, mode: change.mode & 0o777, owner: Some(change.owner) }
                }
                None => After::Absent,
            };
            Ok(Change { path, before: change.before, after })
        });
        changes.collect()
    }

    /// Every file of the PKI and every kubeconfig beside it, as they are before.
    fn everything(&self) -> Vec<PathBuf> {
        let node = &self.start.nodes[PATIENT];
        let is_file = |file: &&File| matches!(file.state, State::Regular(_));
        let tree = node.tree().filter(is_file).map(|file| file.path.as_str());
        let kubeconfigs = node.kubeconfigs.iter().map(|file| file.path.as_str());
        let here = |path: &str| read::destination(&self.bench.request, &self.start, PATIENT, path).ok();
        let mut all: Vec<PathBuf> =
            tree.chain(kubeconfigs).filter_map(here).filter_map(|path| real(&path).ok()).collect();
        all.sort();
        all.dedup();
        all
    }
}

/// The last look, while everything can still be put back.
fn finish(committed: Committed<'_>, look: impl FnOnce() -> Result<(), Refusal>) -> Result<Done, NotDone> {
    match look() {
        Ok(()) => Ok(Done { backup: committed.finish()? }),
        Err(objection) => {
            committed.undo()?;
            Err(objection.into())
        }
    }
}

/// A file's own path, links on the way to it resolved.
fn real(path: &Path) -> Result<PathBuf, Refusal> {
    read::real(path).map_err(|why| Refusal::new("not-writable", format!("{} cannot be written: {why}", path.display())))
}

/// The PKI directory of the first node on this machine, links followed, without reading what is in it.
///
/// # Errors
/// When there is none.
pub fn home(request: &Request) -> Result<PathBuf, WrongSetting> {
    read::home(request)
}

/// Writes keys and requests into a directory, which is made where it is missing, each a new file that nobody else may
/// read. Returns their paths.
///
/// # Errors
/// When the directory lies in the PKI (`home`) or among the manifests, when one of the files exists already, or the
/// disk does not take it.
pub fn write_requests(
    files: &dyn Files,
    home: &Path,
    directory: &Path,
    requested: &[Requested],
    run: Run,
) -> Result<Vec<PathBuf>, NotDone> {
    let directory = act::make_outside(files, home, directory).map_err(Failure::Unchanged)?;
    let file = |name: String, bytes: Zeroizing<Vec<u8>>| Change {
        path: directory.join(name),
        before: None,
        after: After::File { bytes, mode: 0o600, owner: None },
    };
    let changes: Vec<Change> = requested
        .iter()
        .flat_map(|one| {
            let request = Zeroizing::new(one.request.clone());
            [file(format!("{}.key", one.target), one.key.clone()), file(format!("{}.csr", one.target), request)]
        })
        .collect();
    let paths: Vec<PathBuf> = changes.iter().map(|change| change.path.clone()).collect();
    let lock = act::lock(files, &directory).map_err(Failure::Unchanged)?;
    lock.refuse_leftovers().map_err(Failure::Unchanged)?;
    Staged::stage(&lock, run, changes, None).map_err(asked_before)?.commit()?.finish()?;
    Ok(paths)
}

/// What is signed for a key that is there would be lost with it.
fn asked_before(failure: Failure) -> NotDone {
    match failure {
        Failure::Unchanged(Reason::Stale { path, .. } | Reason::Exists { path }) => {
            Refusal::new("requests-exist", format!("{} is there already", path.display()))
                .then("have it signed, put the certificate beside it, then: --install with the same directory")
                .then("or give another directory for new keys")
                .into()
        }
        other => other.into(),
    }
}

/// Puts a backup back, as a transaction of its own with a backup of what was there.
///
/// # Errors
/// [`RestoreError`] in its own words as a refusal, or what the disk said.
pub fn restore(
    files: &dyn Files,
    home: &Path,
    backup: &Backup,
    (all, force): (bool, bool),
    run: Run,
    save: Option<PathBuf>,
) -> Result<(Vec<PathBuf>, Done), NotDone> {
    let lock = act::lock(files, home).map_err(Failure::Unchanged)?;
    lock.refuse_leftovers().map_err(Failure::Unchanged)?;
    let changes = backup.changes(&lock, all, force).map_err(|error| not_restored(&error))?;
    let paths: Vec<PathBuf> = changes.iter().map(|change| change.path.clone()).collect();
    if paths.is_empty() {
        return Ok((paths, Done { backup: None }));
    }
    let save = save.map(|parent| BackupRequest { parent, everything: Vec::new() });
    let committed = Staged::stage(&lock, run, changes, save)?.commit()?;
    Ok((paths, Done { backup: committed.finish()? }))
}

fn not_restored(error: &RestoreError) -> Refusal {
    let refusal = |code| Refusal::new(code, error.to_string());
    match error {
        RestoreError::ChangedSince { .. } => refusal("changed-since").then(
            "look at what changed them; --force puts the backup back all the same, and keeps what is there in a backup",
        ),
        RestoreError::OtherHome { .. } => refusal("other-directory").then("give the PKI that it is of: --pki PATH"),
        RestoreError::Unreadable(_) => refusal("unreadable"),
    }
}

/// Finishes or undoes an interrupted repair of the first node.
///
/// # Errors
/// As [`act::recover`].
pub fn recover(files: &dyn Files, request: &Request) -> Result<Recovered, NotDone> {
    let home = read::home(request)?;
    let lock = act::lock(files, &home).map_err(Failure::Unchanged)?;
    Ok(act::recover(&lock, &places(request, &home))?)
}

/// Where files of the node lie: kubeconfigs beside the PKI, and what flags name elsewhere. What is in no such directory
/// is not of this node.
fn places(request: &Request, home: &Path) -> Vec<PathBuf> {
    let mut places = vec![home.parent().unwrap_or(home).to_path_buf()];
    // neither the time nor the Go decides where files are
    if let Ok(cluster) = read::cluster(request, OffsetDateTime::UNIX_EPOCH, GoVersion::NEWEST) {
        let node = &cluster.nodes[PATIENT];
        let here = |path: &String| read::destination(request, &cluster, PATIENT, path).ok();
        let named = node.files.keys().filter_map(here).filter_map(|path| path.parent().map(Path::to_path_buf));
        for place in named.filter_map(|place| read::real(&place.join("x")).ok()?.parent().map(Path::to_path_buf)) {
            if !places.iter().any(|known| place.starts_with(known)) {
                places.push(place);
            }
        }
    }
    places
}
