//! `crl-missing`: etcd's revocation list is not there, so every client is refused.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::cluster::Running;
use crate::cluster::State;
use crate::cluster::manifest::Component;
use crate::exam::Exam;
use crate::go::crl::RevocationList;
use crate::links::etcd::Port;
use crate::links::reference::{Place, Reference, Unmapped};

pub(super) static CHECK: Check = Check {
    code: "crl-missing",
    title: "etcd's revocation list is not there",
    severity: Severity::Error,
    citation: "etcd client/pkg/transport checkCRL",
    docs: "\
What it looks at: the files of --client-crl-file and --peer-crl-file.

Why it matters: etcd reads the list at every connection that shows a certificate. Without it *every* client is \
refused after TLS has succeeded: etcd logs `open PATH: no such file or directory`, the client sees only `EOF`.

What to do: put the list there, or remove the flag. No restart is needed for the file.

Example: --client-crl-file=/etc/kubernetes/pki/etcd/crl.der after a restore that did not bring it back.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for list in lists(exam) {
        let state = list.file.file(exam.cluster).map(|file| &file.state);
        let unmounted = matches!(&list.file.place, Place::Unmapped { why: Unmapped::NotMounted, .. });
        match state {
            Some(State::Missing { .. }) => {}
            _ if unmounted => {}
            Some(State::Unobserved | State::Unreadable(_)) | None => {
                look.unobserved += 1;
                continue;
            }
            Some(_) => {
                look.subjects += 1;
                continue;
            }
        }
        look.subjects += 1;
        let links = list.links(exam);
        let mut facts = vec![fact("every client gets", "EOF, after a handshake that succeeds")];
        facts.extend(list.file.told_by(exam.cluster).map(|told| fact("named by", told)));
        if unmounted {
            facts.push(fact("reason", "the path is not mounted into the container"));
        }
        look.defects.push(Defect {
            severity: Severity::Error,
            nodes: vec![list.file.node],
            subject: list.file.subject(exam.cluster),
            message: "the revocation list does not exist: etcd refuses everybody who shows a certificate".to_owned(),
            facts,
            links,
            remedy: Remedy::manual([
                format!(
                    "put a revocation list of the CA there, in DER, or remove --{} from {}",
                    list.port.crl_flag(),
                    list.manifest
                ),
                "no restart is needed for the file: etcd reads it at every connection".to_owned(),
            ])
            .avoid("an empty file: it does not parse, which refuses everybody as well"),
        });
    }
    look
}

/// A revocation list that a flag of etcd names.
pub(super) struct List<'c> {
    pub(super) port: Port,
    pub(super) file: Reference,
    pub(super) manifest: &'c str,
    pub(super) running: Running<'c>,
}

/// Every revocation list of every given etcd.
pub(super) fn lists<'c>(exam: &Exam<'c>) -> Vec<List<'c>> {
    let mut lists = Vec::new();
    for (node, here) in exam.cluster.nodes.iter().enumerate() {
        let Some(running) = here.running(Component::Etcd) else { continue };
        for port in Port::ALL {
            let file = Reference::flag(node, &running, port.crl_flag());
            if !file.is_unset() {
                lists.push(List { port, file, manifest: running.manifest, running });
            }
        }
    }
    lists
}

impl<'c> List<'c> {
    /// The links whose clients are held against it.
    pub(super) fn links(&self, exam: &Exam<'_>) -> Vec<usize> {
        let on_port = |id: &str| match self.port {
            Port::Client => id.ends_with("->etcd"),
            Port::Peer => id.starts_with("etcd-peer"),
        };
        let links = exam.links.iter().enumerate();
        links
            .filter(|(_, link)| {
                link.server_node == Some(self.file.node) && link.server_trust.is_some() && on_port(&link.id)
            })
            .map(|(index, _)| index)
            .collect()
    }

    /// The list as etcd parses it, and whether it is PEM; `None` when it is no list at all.
    pub(super) fn read(&self, exam: &Exam<'c>) -> Option<(RevocationList, bool)> {
        let content = self.file.file(exam.cluster)?.content()?;
        if let Some(der) = &content.der {
            return Some((RevocationList::read(der, exam.cluster.go)?, false));
        }
        let block = content.material.pem.blocks.first().filter(|block| block.label == "X509 CRL")?;
        Some((RevocationList::read(&block.bytes, exam.cluster.go)?, true))
    }

    /// Whether this etcd reads PEM lists: up to 3.5 it does, from 3.6 not; `None` when no tag tells.
    pub(super) fn takes_pem(&self) -> Option<bool> {
        let (_, container) = self.running.pod?;
        let tag = container.image_tag()?.trim_start_matches('v');
        let mut numbers = tag.split(['.', '-']).map(str::parse::<u32>);
        match (numbers.next()?, numbers.next()?) {
            (Ok(major), Ok(minor)) => Some((major, minor) < (3, 6)),
            _ => None,
        }
    }
}
