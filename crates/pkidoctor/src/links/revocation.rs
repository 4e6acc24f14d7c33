//! etcd's revocation lists: read at every connection that shows a certificate, after TLS has succeeded.
//!
//! Source: etcd `client/pkg/transport/listener_tls.go` (`checkCRL`).

use crate::cluster::manifest::Component;
use crate::cluster::{Cluster, Running, State};
use crate::go::crl::RevocationList;

use super::etcd::Port;
use super::reference::{Place, Reference, Unmapped};
use super::{At, Link, OtherKind, OtherRefusal, RefusedBy};

/// A revocation list that a flag of etcd names.
pub(crate) struct List<'c> {
    pub(crate) port: Port,
    pub(crate) file: Reference,
    pub(crate) manifest: &'c str,
    pub(crate) running: Running<'c>,
}

/// What lies where a revocation list should be.
pub(crate) enum Found {
    /// It cannot be looked at here.
    Unseen,
    /// Nothing.
    Missing {
        /// Because the container does not see the path.
        unmounted: bool,
    },
    /// Something that etcd cannot read, and why.
    Unusable(&'static str),
    /// A list that etcd reads, unless it is PEM and nobody knows its version.
    List {
        /// What it says.
        list: RevocationList,
        /// How it is written.
        is_pem: bool,
    },
}

/// Every revocation list of a node's etcd.
pub(crate) fn lists(cluster: &Cluster, node: usize) -> Vec<List<'_>> {
    let Some(running) = cluster.nodes[node].running(Component::Etcd) else { return Vec::new() };
    let list = |port: Port| {
        let file = Reference::flag(node, &running, port.crl_flag());
        (!file.is_unset()).then_some(List { port, file, manifest: running.manifest, running })
    };
    Port::ALL.into_iter().filter_map(list).collect()
}

impl List<'_> {
    /// Whether the client of a link is held against it.
    pub(crate) fn is_asked(&self, link: &Link) -> bool {
        let on_port = match self.port {
            Port::Client => link.id.ends_with("->etcd"),
            Port::Peer => link.id.starts_with("etcd-peer"),
        };
        link.server_node == Some(self.file.node) && link.server_trust.is_some() && on_port
    }

    /// What etcd finds where the flag leads.
    pub(crate) fn found(&self, cluster: &Cluster) -> Found {
        if matches!(&self.file.place, Place::Unmapped { why: Unmapped::NotMounted, .. }) {
            return Found::Missing { unmounted: true };
        }
        match self.file.file(cluster).map(|file| &file.state) {
            Some(State::Missing { .. }) => Found::Missing { unmounted: false },
            None | Some(State::Unobserved | State::Unreadable(_)) => Found::Unseen,
            Some(_) => match self.read(cluster) {
                None => Found::Unusable("it is no revocation list"),
                Some((_, true)) if self.takes_pem() == Some(false) => {
                    Found::Unusable("it is PEM, and etcd from 3.6 reads only DER")
                }
                Some((list, is_pem)) => Found::List { list, is_pem },
            },
        }
    }

    /// The list as etcd parses it, and whether it is PEM; `None` when it is no list at all.
    pub(crate) fn read(&self, cluster: &Cluster) -> Option<(RevocationList, bool)> {
        let content = self.file.file(cluster)?.content()?;
        if let Some(der) = &content.der {
            return Some((RevocationList::read(der, cluster.go)?, false));
        }
        let block = content.material.pem.blocks.first().filter(|block| block.label == "X509 CRL")?;
        Some((RevocationList::read(&block.bytes, cluster.go)?, true))
    }

    /// Whether this etcd reads PEM lists: up to 3.5 it does, from 3.6 not; `None` when no tag tells.
    pub(crate) fn takes_pem(&self) -> Option<bool> {
        let (_, container) = self.running.pod?;
        let tag = container.image_tag()?.trim_start_matches('v');
        let mut numbers = tag.split(['.', '-']).map(str::parse::<u32>);
        match (numbers.next()?, numbers.next()?) {
            (Ok(major), Ok(minor)) => Some((major, minor) < (3, 6)),
            _ => None,
        }
    }

    /// Why the client of a link is refused: the kind, and what etcd logs, where that can be told.
    fn objection(&self, cluster: &Cluster, link: &Link) -> Option<(OtherKind, Option<String>)> {
        match self.found(cluster) {
            Found::Unseen => None,
            Found::Missing { .. } => {
                let (Place::Path { shown, .. } | Place::Unmapped { shown, .. }) = &self.file.place else { return None };
                Some((OtherKind::ListMissing, Some(format!("open {shown}: no such file or directory"))))
            }
            Found::Unusable(_) => Some((OtherKind::ListUnusable, None)),
            Found::List { list, .. } => {
                let chain = link.client_pair.as_ref()?.certificate.material(cluster)?;
                let revoked = chain.parsed().find(|certificate| list.names(certificate))?;
                let serial = revoked.serial_hex().to_lowercase();
                Some((OtherKind::Revoked, Some(format!("transport: certificate serial {serial} revoked"))))
            }
        }
    }
}

/// What a revocation list does to a link against which nothing else stands.
pub(super) fn refusal(cluster: &Cluster, link: &Link) -> Option<OtherRefusal> {
    if link.refused_by().is_some() || link.client_pair.is_none() {
        return None;
    }
    let list = lists(cluster, link.server_node?).into_iter().find(|list| list.is_asked(link))?;
    let (kind, server_error) = list.objection(cluster, link)?;
    // the handshake has succeeded; etcd just hangs up
    let client_error = Some("EOF".to_owned());
    Some(OtherRefusal { by: RefusedBy::Server, at: At::Tls, client_error, server_error, kind })
}
