//! Whether `kubeadm upgrade` will get past etcd: the steps that it takes with healthcheck-client, one by one.
//!
//! Sources: kubeadm `util/etcd/etcd.go`: `NewFromCluster` dials the advertised client URL of every etcd pod, `Sync` asks
//! for the member list within two minutes, `CheckClusterHealth` asks every member's client URLs for their status.

use crate::cluster::url;
use crate::links::Link;

use super::judge::{Live, LiveVerdict, SeenLink};
use super::program::same;

/// What will become of `kubeadm upgrade` on a node.
#[derive(Clone, Debug)]
pub(crate) struct Upgrade {
    pub(crate) outlook: Outlook,
    /// Why it hangs, or what is not known.
    pub(crate) because: Vec<String>,
}

/// Whether it passes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outlook {
    /// Every step was taken and went well.
    Passes,
    /// It will hang at a step until its time is up.
    Hangs,
    /// A step could not be taken from here.
    Unknown,
}

impl Outlook {
    /// As in reports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Passes => "passes",
            Self::Hangs => "hangs",
            Self::Unknown => "unknown",
        }
    }
}

/// The outlook for a node; `None` where kubeadm runs no etcd, or nothing of it was dialled.
pub(crate) fn outlook(links: &[Link], live: &Live<'_>, node: usize) -> Option<Upgrade> {
    let own = links.iter().zip(&live.links).filter(|(link, _)| link.id == "kubeadm->etcd" && link.node == node);
    let seen: Vec<&SeenLink<'_>> = own.clone().filter_map(|(_, live)| live.seen()).collect();
    if seen.is_empty() {
        return None;
    }
    let first: Vec<&SeenLink<'_>> =
        own.filter(|(link, _)| !link.is_of_member_list).filter_map(|(_, live)| live.seen()).collect();
    let refused: Vec<String> = first.iter().filter_map(|seen| trouble(seen)).collect();
    if !first.is_empty() && refused.len() == first.len() {
        let because = refused.into_iter().map(|why| format!("no member list: {why}"));
        return Some(Upgrade { outlook: Outlook::Hangs, because: because.collect() });
    }
    let state = seen.iter().find_map(|seen| seen.etcd?.state.as_ref().ok());
    let Some(state) = state else {
        let why = seen.iter().find_map(|seen| seen.etcd?.state.as_ref().err());
        let because =
            why.map_or_else(|| "the member list was not asked for".to_owned(), |why| format!("no member list: {why}"));
        let outlook = if why.is_some() { Outlook::Hangs } else { Outlook::Unknown };
        return Some(Upgrade { outlook, because: vec![because] });
    };
    let (mut hangs, mut open) = (Vec::new(), Vec::new());
    for member in &state.members {
        let name = if member.name.is_empty() { format!("{:x}", member.id) } else { member.name.clone() };
        if member.client_urls.is_empty() {
            open.push(format!("member {name} has never started"));
        }
        for text in &member.client_urls {
            let asked = url::parse(text).ok().map(|url| url.or_port(2379));
            let asked = asked.and_then(|url| seen.iter().find(|seen| same(seen.endpoint, &url)));
            match asked {
                Some(seen) => hangs.extend(trouble(seen).map(|why| format!("member {name}: {why}"))),
                None => open.push(format!("member {name} at {text} was not asked from here")),
            }
        }
    }
    Some(match (hangs.is_empty(), open.is_empty()) {
        (false, _) => Upgrade { outlook: Outlook::Hangs, because: hangs },
        (true, false) => Upgrade { outlook: Outlook::Unknown, because: open },
        (true, true) => Upgrade { outlook: Outlook::Passes, because: Vec::new() },
    })
}

/// Why kubeadm gets nothing from an endpoint.
fn trouble(seen: &SeenLink<'_>) -> Option<String> {
    if seen.verdict == LiveVerdict::Ok {
        let failed = seen.etcd.and_then(|etcd| etcd.state.as_ref().err());
        return failed.map(|why| format!("{}: {why}", seen.endpoint.url()));
    }
    let words = seen.server_error.as_ref().filter(|_| seen.refusals.is_empty()).or(seen.error.as_ref());
    Some(format!("{}: {}", seen.endpoint.url(), words.map_or("it does not answer", String::as_str)))
}
