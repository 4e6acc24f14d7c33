//! The wounds: what is done to a control plane, before etcd starts or under it, and what comes of it.

mod authorities;
mod clients;
mod healthy;
mod loading;
mod ports;
mod revocation;
mod servers;

use crate::patient::Patient;
use crate::probe::{APISERVER, GATEWAY, KUBEADM, Live, PEER};
use crate::release::Release;

/// What is done to a patient.
pub(crate) type Inflict = fn(&mut Patient);

/// A wound and what it does to the links of a single member.
pub(crate) struct Wound {
    pub(crate) name: &'static str,
    /// before etcd starts
    pub(crate) before: Inflict,
    /// under the running etcd
    pub(crate) after: Option<Inflict>,
    /// what becomes of the member
    pub(crate) member: Member,
    /// the links that are not ok
    pub(crate) links: Vec<(&'static str, Live)>,
    /// the links that do not exist
    pub(crate) absent: &'static [&'static str],
    /// exactly what only a probe can find
    pub(crate) finds: &'static [&'static str],
    /// the links of which the files alone tell something else
    pub(crate) offline: Vec<(&'static str, Live)>,
    /// on this release only
    pub(crate) only: Option<Release>,
    /// further arguments of the probe
    pub(crate) arguments: &'static [&'static str],
}

/// What becomes of a member.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Member {
    Serves,
    /// it gives up at start
    Exits,
    /// it served, and was then stopped
    Stopped,
}

/// A wound that etcd meets when it starts.
fn fresh(name: &'static str, before: Inflict) -> Wound {
    Wound {
        name,
        before,
        after: None,
        member: Member::Serves,
        links: Vec::new(),
        absent: &[],
        finds: &[],
        offline: Vec::new(),
        only: None,
        arguments: &[],
    }
}

/// A wound inflicted under a running etcd.
fn running(name: &'static str, before: Inflict, after: Inflict) -> Wound {
    Wound { after: Some(after), ..fresh(name, before) }
}

/// Nothing is wrong.
fn nothing(_: &mut Patient) {}

impl Wound {
    /// These links end so.
    fn ends(mut self, live: Live, links: &[&'static str]) -> Self {
        self.links.extend(links.iter().map(|link| (*link, live)));
        self
    }

    fn member(self, member: Member) -> Self {
        Self { member, ..self }
    }

    fn without(self, absent: &'static [&'static str]) -> Self {
        Self { absent, ..self }
    }

    fn finds(self, finds: &'static [&'static str]) -> Self {
        Self { finds, ..self }
    }

    /// The files alone tell this of these links.
    fn offline(mut self, said: Live, links: &[&'static str]) -> Self {
        self.offline.extend(links.iter().map(|link| (*link, said)));
        self
    }

    fn only(self, release: Release) -> Self {
        Self { only: Some(release), ..self }
    }

    fn with(self, arguments: &'static [&'static str]) -> Self {
        Self { arguments, ..self }
    }

    /// The links that exist.
    pub(crate) fn present(&self) -> impl Iterator<Item = &'static str> {
        [APISERVER, KUBEADM, GATEWAY, PEER].into_iter().filter(|id| !self.absent.contains(id))
    }

    /// What the link `id` should come to.
    pub(crate) fn live(&self, id: &str) -> Live {
        of(&self.links, id).unwrap_or(Live::Ok)
    }

    /// What the files alone tell of the link `id`.
    pub(crate) fn on_disk(&self, id: &str) -> Live {
        of(&self.offline, id).unwrap_or(match self.live(id) {
            // a pair that does not load is nothing to dial with
            Live::NotDialled => Live::Load,
            live => live,
        })
    }
}

fn of(links: &[(&str, Live)], id: &str) -> Option<Live> {
    links.iter().find(|(link, _)| *link == id).map(|(_, live)| *live)
}

/// Every wound.
pub(crate) fn all() -> Vec<Wound> {
    let families = [
        healthy::wounds(),
        clients::wounds(),
        servers::wounds(),
        loading::wounds(),
        authorities::wounds(),
        revocation::wounds(),
        ports::wounds(),
    ];
    families.into_iter().flatten().collect()
}
