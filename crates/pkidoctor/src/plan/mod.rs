//! What a repair would do, decided before anything is touched: pure data.
//!
//! A plan names files by their paths on the node, says what becomes of each and why, or says why nothing can be done
//! ([`Refusal`]) and how to go on. Keys are not in it: they are made when it is prepared ([`crate::repair`]).

mod authority;
mod credentials;
mod identity;
mod names;
mod regen;
mod restart;
mod rotation;
mod target;

use std::sync::Arc;

use time::OffsetDateTime;

use crate::check::RemedyKind;
use crate::issue::{AuthorityTemplate, Container, KeyKind, Template};
use crate::x509::certificate::Certificate;

pub use authority::{Signer, signer};
pub use credentials::{Edit, EditError, Fields, edit, fresh};
pub use identity::Identity;
pub use regen::{KeyChoice, Options, common_name, regen};
pub use restart::{Restart, how_to_restart, restarts, restarts_for};
pub use rotation::{Rotation, RotationStep, every_member};
pub use target::{Target, UnknownTarget};

/// The steps of a repair, in order.
#[derive(Default)]
pub struct Plan {
    /// What is done.
    pub steps: Vec<Step>,
    /// What asks for consent before it is done.
    pub questions: Vec<String>,
    /// What must be restarted beside what follows from the files, in order.
    pub restarts: Vec<Restart>,
    /// Targets of a group that are not made, and why.
    pub left_out: Vec<(Target, String)>,
}

/// One step.
pub struct Step {
    /// How it heals.
    pub kind: RemedyKind,
    /// A `regen` target, or a file as reports show it.
    pub target: String,
    /// What becomes of which files.
    pub work: Work,
    /// What is kept, added, dropped or cut, and why.
    pub notes: Vec<Note>,
}

/// One thing that the plan decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// What it is about: `DNS name`, `validity`.
    pub about: String,
    /// The value.
    pub value: String,
    /// `from the profile`, `kept`, `added`, `dropped`… and why.
    pub why: String,
}

impl Note {
    fn new(about: &str, value: impl std::fmt::Display, why: impl Into<String>) -> Self {
        Self { about: about.to_owned(), value: value.to_string(), why: why.into() }
    }
}

/// What becomes of which files; every path is one of the node.
pub enum Work {
    /// A certificate for a pair of files.
    Pair(Box<Issue>),
    /// A certificate inside a kubeconfig.
    Kubeconfig {
        /// What is issued; its `certificate` and `key` are the kubeconfig's path.
        issue: Box<Issue>,
        /// The CA file whose certificates replace those of the kubeconfig, where they do not verify the API server.
        ca: Option<String>,
        /// Where to find the API server, when the file is written anew.
        server: Option<String>,
        /// The name of the user in it, when the file is written anew.
        user: String,
    },
    /// The public half of a private key.
    PublicHalf {
        /// The private key.
        from: String,
        /// The public one.
        to: String,
    },
    /// Files that lie elsewhere take the place of those that do not fit.
    PutBack(Vec<(String, String)>),
    /// The same certificates or the same key as clean PEM.
    Rewrite {
        /// The file.
        path: String,
        /// The key file whose certificate comes first.
        leaf_of: Option<String>,
    },
    /// A CA beside the one in use.
    NewAuthority(Box<NewAuthority>),
    /// The certificates of several files in one, in this order, each once.
    Join {
        /// Where they go.
        path: String,
        /// Where they come from; may be the same file, or a kubeconfig, whose CA is meant.
        from: Vec<String>,
        /// Whether all but the first go.
        only_first: bool,
    },
    /// Files that are of no use any more.
    Remove(Vec<String>),
    /// Other permission bits.
    Chmod {
        /// The file.
        path: String,
        /// The bits.
        mode: u32,
    },
}

/// A certificate to be made.
#[derive(Clone)]
pub struct Issue {
    /// What it is for.
    pub target: String,
    /// What is in it.
    pub template: Template,
    /// Who signs.
    pub signer: Signer,
    /// Which key it certifies.
    pub key_from: KeyFrom,
    /// How the key is written.
    pub container: Option<Container>,
    /// Where the certificate goes.
    pub certificate: String,
    /// Where the key goes.
    pub key: String,
    /// The certificate in place, where there is one that can be read.
    pub old: Option<Arc<Certificate>>,
}

/// A CA to be made.
pub struct NewAuthority {
    /// What is in it.
    pub template: AuthorityTemplate,
    /// Its key.
    pub kind: KeyKind,
    /// Where the certificate goes.
    pub certificate: String,
    /// Where the key goes.
    pub key: String,
    /// Whose owner both get.
    pub like: String,
}

/// Which key a new certificate is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyFrom {
    /// A new one of this kind.
    New(KeyKind),
    /// The one in place.
    InPlace,
}

/// Why nothing is done. A refusal is a result: it has a reason and a way out.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Kebab-case: `ca-key-missing`.
    pub code: &'static str,
    /// What stands in the way, as a sentence.
    pub message: String,
    /// How to go on, in order.
    pub way_out: Vec<String>,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), way_out: Vec::new() }
    }

    #[must_use]
    pub(crate) fn then(mut self, step: impl Into<String>) -> Self {
        self.way_out.push(step.into());
        self
    }
}

/// Refuses to work by a clock that is behind what has certainly happened already.
///
/// # Errors
/// When `now` is before the build of this program, the beginning of a CA in use, or those of two leaves: what is not
/// yet valid is not cured by issuing it again.
pub fn clock(now: OffsetDateTime, built: OffsetDateTime, begun: &Begun) -> Result<(), Refusal> {
    let mut leaves = begun.leaves.clone();
    leaves.sort_unstable();
    // one leaf may have been made by a machine whose clock was ahead; two hardly
    let second = leaves.len().checked_sub(2).map(|at| leaves[at]);
    let newest_ca = begun.authorities.iter().copied().max();
    let past = [
        (Some(built), "this program was built"),
        (newest_ca, "a CA in use became valid"),
        (second, "two certificates became valid"),
    ];
    for (instant, what) in past {
        let Some(instant) = instant.filter(|instant| now < *instant) else { continue };
        let message = format!(
            "the clock says {}, but {what} at {}",
            crate::go::verify::rfc3339(now),
            crate::go::verify::rfc3339(instant)
        );
        return Err(Refusal::new("clock-behind", message)
            .then("set the clock first: timedatectl, chronyc makestep")
            .then("certificates that are not yet valid need no new ones: they are valid once the clock is right"));
    }
    Ok(())
}

/// When the certificates in use began to be valid.
#[derive(Clone, Default, Debug)]
pub struct Begun {
    /// Of CAs.
    pub authorities: Vec<OffsetDateTime>,
    /// Of leaves.
    pub leaves: Vec<OffsetDateTime>,
}
