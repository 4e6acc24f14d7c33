//! What can be made anew, by the names of `kubeadm certs renew`.

use crate::cluster::{Cluster, State};
use crate::profile::{self, Role};

/// One thing that `regen` makes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// A certificate and its key.
    Leaf(Role),
    /// The credentials in a kubeconfig.
    Kubeconfig(&'static str),
    /// `sa.pub` from `sa.key`.
    SaPub,
}

/// A name that is no target.
#[derive(Debug, thiserror::Error)]
#[error("no such target: {0}")]
pub struct UnknownTarget(pub String);

/// Words for several targets.
const GROUPS: [&str; 2] = ["etcd", "all"];

/// The kubeconfigs of the group `all`: kubelet.conf is the kubelet's own business (`kubeadm certs renew` leaves it
/// out, too).
const RENEWED: [&str; 4] = ["admin.conf", "super-admin.conf", "controller-manager.conf", "scheduler.conf"];

impl Target {
    /// Every target, in the order in which they are made.
    pub fn every() -> Vec<Self> {
        let leaves = profile::ROLES.into_iter().filter(|role| role.issuer.is_some()).map(Self::Leaf);
        leaves.chain(profile::KUBECONFIGS.into_iter().map(Self::Kubeconfig)).chain([Self::SaPub]).collect()
    }

    /// As it is typed.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Leaf(role) => role.name,
            Self::Kubeconfig(name) => name,
            Self::SaPub => "sa.pub",
        }
    }

    /// The target of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn named(name: &str) -> Result<Self, UnknownTarget> {
        Self::every().into_iter().find(|target| target.name() == name).ok_or_else(|| UnknownTarget(name.to_owned()))
    }

    /// Whether a word is a target or a group.
    ///
    /// # Errors
    /// When it is neither.
    pub fn known(word: &str) -> Result<(), UnknownTarget> {
        if GROUPS.contains(&word) { Ok(()) } else { Self::named(word).map(|_| ()) }
    }

    /// The targets that a word stands for: itself, or those of a group (`etcd`, `all`) that exist on the node or that
    /// a manifest names.
    ///
    /// # Errors
    /// When it is no target and no group.
    pub fn meant(word: &str, cluster: &Cluster, node: usize) -> Result<Vec<Self>, UnknownTarget> {
        let belongs: fn(&Self) -> bool = match word {
            "etcd" => Self::is_of_etcd,
            "all" => |target| match target {
                Self::Leaf(_) => true,
                Self::Kubeconfig(name) => RENEWED.contains(name),
                Self::SaPub => false,
            },
            other => return Self::named(other).map(|target| vec![target]),
        };
        let all = Self::every().into_iter().filter(belongs);
        Ok(all.filter(|target| target.is_wanted(cluster, node)).collect())
    }

    /// Whether etcd's CA signs it.
    pub(super) fn is_of_etcd(&self) -> bool {
        matches!(self, Self::Leaf(role) if role.issuer == Some("etcd/ca"))
    }

    /// Whether the CA that signs it is another machine's by design: etcd is external, and its CA's key is not here.
    pub(crate) fn is_signed_elsewhere(&self, cluster: &Cluster, node: usize) -> bool {
        let here = &cluster.nodes[node];
        let key = here.file(&here.layout("etcd/ca.key"));
        let has_key = key.is_some_and(|file| !matches!(file.state, State::Missing { .. } | State::Unobserved));
        self.is_of_etcd() && !has_key && super::authority::is_etcd_external(cluster, node)
    }

    /// Whether it exists, or a manifest names it.
    fn is_wanted(&self, cluster: &Cluster, node: usize) -> bool {
        let here = &cluster.nodes[node];
        let is_there = |path: String| {
            here.file(&path).is_some_and(|file| !matches!(file.state, State::Missing { .. } | State::Unobserved))
        };
        match self {
            Self::Leaf(role) => {
                let flags = profile::PAIR_FLAGS.into_iter().filter(|(_, _, name)| *name == role.name);
                let named = flags.into_iter().any(|(certificate, _, _)| {
                    let mut running = crate::cluster::manifest::Component::ALL
                        .into_iter()
                        .filter_map(|component| here.running(component));
                    running.any(|running| running.flags.value(certificate).is_some_and(|value| !value.is_empty()))
                });
                named || ["crt", "key"].iter().any(|ending| is_there(here.layout(&format!("{}.{ending}", role.stem))))
            }
            Self::Kubeconfig(name) => here.kubeconfig(name).is_some(),
            Self::SaPub => is_there(here.layout("sa.pub")),
        }
    }
}
