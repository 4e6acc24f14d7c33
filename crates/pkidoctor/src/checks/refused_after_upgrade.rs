//! `refused-after-upgrade`: what runs today accepts it, a newer Go does not.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::cluster::Cluster;
use crate::cluster::manifest::Component;
use crate::cluster::release::program;
use crate::exam::{Exam, Reason};
use crate::go::GoVersion;
use crate::go::handshake::{Complaint, Side};
use crate::go::load;
use crate::links::Link;
use crate::links::reference::FaultKind;
use crate::links::under::{self, Rules};

pub(super) static CHECK: Check = Check {
    code: "refused-after-upgrade",
    title: "today's programs still accept what a newer Go refuses",
    severity: Severity::Info,
    citation: "Go release notes (GODEBUG defaults follow the go line of go.mod); etcd and Kubernetes releases",
    docs: "\
What it looks at: links that are broken as judged, once more with the rules of the Go that the images of \
the manifests were built with.

Why it matters: SHA-1 signatures, common names, small keys, negative serial numbers and loose encodings \
were accepted for years. The upgrade of an image, not of a certificate, breaks the link.

What to do: mend what the other finding names before the upgrade. The verdict is that of the newer Go.

Example: etcd 3.4.13 was built with Go 1.12 and accepts a server certificate of SHA-1; etcd 3.5 does \
not.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    let mut told: Vec<(usize, String)> = Vec::new();
    for (index, link) in exam.links.iter().enumerate() {
        let Some(today) = Today::of(exam.cluster, link) else {
            look.unobserved += 1;
            continue;
        };
        look.subjects += 1;
        if !today.is_older(exam.cluster.go) || !may_depend_on_go(link) || !today.accepts(exam, link) {
            continue;
        }
        for reason in exam.reasons.iter().filter(|reason| reason.link == index) {
            let key = (reason.node, reason.subject.clone());
            if !told.contains(&key) {
                told.push(key);
                look.defects.push(defect(exam, reason, &today));
            }
        }
    }
    look
}

fn defect(exam: &Exam<'_>, reason: &Reason<'_>, today: &Today) -> Defect {
    let same = exam.reasons.iter().filter(|other| other.node == reason.node && other.subject == reason.subject);
    let mut links: Vec<usize> = same.map(|other| other.link).collect();
    links.dedup();
    Defect {
        severity: Severity::Info,
        nodes: vec![reason.node],
        subject: reason.subject.clone(),
        message: format!("what runs today still accepts it; refused by Go {} after an upgrade", exam.cluster.go),
        facts: vec![
            fact("client runs", &today.client.0),
            fact("server runs", &today.server.0),
            fact("told as", reason.code),
        ],
        links,
        remedy: Remedy::manual([format!("mend {} before any image is upgraded", reason.code)])
            .avoid("upgrading first: the link breaks with the first new image"),
    }
}

/// Only what lies in certificates can be judged otherwise by another Go.
fn may_depend_on_go(link: &Link) -> bool {
    let faults = link.faults.iter().all(|(_, fault)| match &fault.kind {
        FaultKind::Pair(pair) => matches!(pair, load::PairFault::Certificate(_) | load::PairFault::Mismatch),
        FaultKind::Pool(pool) => pool.label.as_deref() == Some("CERTIFICATE"),
        _ => false,
    });
    let refusals = link.refusals.iter().all(|refusal| {
        matches!(
            refusal.complaint,
            Complaint::Verify(_) | Complaint::Unparsable(_) | Complaint::TooLarge(_) | Complaint::CannotSign(_)
        )
    });
    let broken = !link.faults.is_empty() || !link.refusals.is_empty();
    broken && link.other.is_none() && faults && refusals
}

/// The programs at both ends, with the Go that they were built with.
struct Today {
    client: (String, GoVersion),
    server: (String, GoVersion),
}

impl Today {
    fn of(cluster: &Cluster, link: &Link) -> Option<Self> {
        let (here, there) = (link.node, link.server_node.unwrap_or(link.node));
        let apiserver = |node: usize| program(cluster, node, Component::KubeApiserver);
        let etcd = |node: usize| program(cluster, node, Component::Etcd);
        let (client, server) = match link.id.split_once("->")? {
            ("etcd-gateway" | "etcd-peer", _) => (etcd(here)?, etcd(there)?),
            (client, _) if client.starts_with("etcd-peer:") => (etcd(here)?, etcd(there)?),
            ("controller-manager.conf", _) => {
                (program(cluster, here, Component::KubeControllerManager)?, apiserver(there)?)
            }
            ("scheduler.conf", _) => (program(cluster, here, Component::KubeScheduler)?, apiserver(there)?),
            // kubeadm, kubectl and kubelet are mostly of the API server's release
            (_, "etcd") => (apiserver(here)?, etcd(there)?),
            _ => (apiserver(here)?, apiserver(there)?),
        };
        Some(Self { client, server })
    }

    fn is_older(&self, go: GoVersion) -> bool {
        self.client.1 < go || self.server.1 < go
    }

    /// The handshake once more, each side with its own Go.
    fn accepts(&self, exam: &Exam<'_>, link: &Link) -> bool {
        [(Side::Client, self.client.1), (Side::Server, self.server.1)].into_iter().all(|(side, go)| {
            let rules = Rules { go, address: link.demands.address };
            let refusals = under::refusals(exam.cluster, link, &rules);
            refusals.is_some_and(|refusals| refusals.iter().all(|refusal| refusal.by != side))
        })
    }
}
