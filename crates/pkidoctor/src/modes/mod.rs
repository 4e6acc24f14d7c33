//! What to say of each failure mode when it is told as a cause: the cause in one sentence, what would confirm it, the
//! treatment in order, and the popular advice that would not help.
//!
//! A finding carries its own remedy, made for the tree it was found in. These words are for causes that stand in logs
//! alone, and for what several findings have in common. One file per category of failure; the slugs are those of
//! `docs/coverage.tsv`.
//!
//! Sources: etcd (`client/pkg/transport`, `server/embed`), Go `crypto/tls` and `crypto/x509`, kubeadm `cmd/phases`,
//! the Kubernetes documentation on static pods and certificates, and issue threads of those projects.
//!
//! ```
//! let mode = pkidoctor::modes::mode("san-server-missing-localhost").expect("a known failure");
//! assert_eq!(mode.codes, ["san-missing"]);
//! assert_eq!(mode.treatment[0], "pkidoctor regen etcd-server --backup");
//! ```

mod algorithm;
mod chain;
mod config;
mod encoding;
mod files;
mod folk;
mod kubeconfig;
mod live;
mod nodes;
mod operations;
mod pairing;
mod san;
mod steps;
mod time;
mod usage;

pub use folk::FOLK;

/// One way in which a control plane's PKI fails, as it is told to somebody who has to mend it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Mode {
    /// Kebab-case, for ever: `san-server-missing-localhost`.
    pub slug: &'static str,
    /// The cause as one short sentence, without a full stop.
    pub title: &'static str,
    /// Codes of the findings that show it in files or live; empty where only logs or the API can.
    pub codes: &'static [&'static str],
    /// What would confirm it when only a log line speaks for it: one command, or one look.
    pub confirm: &'static str,
    /// What to do, in order. A line that begins with `nothing` says that no repair is needed.
    pub treatment: &'static [&'static str],
    /// Popular advice not to follow.
    pub avoid: &'static [Folk],
}

/// A folk remedy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Folk {
    /// What people are told to do.
    pub advice: &'static str,
    /// What it would really do.
    pub really: &'static str,
}

/// The modes, one category after the other.
const CATEGORIES: [&[Mode]; 13] = [
    pairing::MODES,
    chain::MODES,
    time::MODES,
    san::MODES,
    usage::MODES,
    algorithm::MODES,
    encoding::MODES,
    files::MODES,
    config::MODES,
    live::MODES,
    kubeconfig::MODES,
    nodes::MODES,
    operations::MODES,
];

/// The mode of this slug; `None` where there is none.
pub fn mode(slug: &str) -> Option<&'static Mode> {
    every().find(|mode| mode.slug == slug)
}

/// All of them, by category.
pub fn every() -> impl Iterator<Item = &'static Mode> {
    CATEGORIES.into_iter().flatten()
}
