//! The only room that writes. It replaces the files of a control plane like a database: all of them or none.
//!
//! [`lock()`] a PKI directory, [`Staged::stage`] the changes, let others judge [`Staged::overlay`], then
//! [`Staged::commit`] and [`Committed::finish`]. Whatever ends the process on the way, wherever: afterwards every file
//! is as it was or as it was to become, or [`recover()`] makes it so. Directories are never replaced, because pods
//! mount them; owner, mode, SELinux label and ACLs of a file that is replaced are kept.
//!
//! Old files are kept twice: beside the new ones until the repair is over, and in a [`Backup`] for later.

mod backup;
mod digest;
mod dress;
#[allow(clippy::disallowed_methods, reason = "the one file that makes the system calls of this room")]
mod files;
mod journal;
mod ledger;
mod lock;
mod paths;
mod reason;
mod recover;
mod transaction;

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests make the trees that are changed")]
mod tests;

pub use crate::shell::quoted;
pub(crate) use backup::make_outside;
pub use backup::{Backup, BackupRequest, Listed, RestoreError, backups};
pub use files::{Attribute, Directory, Facts, Files, Kind, Open, RealFiles, Room};
pub use journal::Run;
pub use lock::{Lock, is_locked, lock};
pub use reason::{Failure, Reason, Stopped};
pub use recover::{Recovered, recover};
pub use transaction::{After, Change, Committed, Staged};
