//! `refused-after-upgrade`: what runs today accepts it, a newer Go does not.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::cluster::manifest::Component;
use crate::cluster::{Cluster, Running};
use crate::exam::{Exam, Reason};
use crate::go::GoVersion;
use crate::go::handshake::{self, AllowedNames, Client, ClientAuth, Complaint, Server, Shown, Side, Trust};
use crate::go::load::{self, KeyPair, Loader, Pool};
use crate::go::verify::{SignatureCache, Verifier};
use crate::links::Link;
use crate::links::reference::{FaultKind, Loaded, PairReference};

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
        accepts(exam, link, Side::Client, self.client.1) && accepts(exam, link, Side::Server, self.server.1)
    }
}

/// Whether this side, built with that Go, refuses nothing.
fn accepts(exam: &Exam<'_>, link: &Link, side: Side, go: GoVersion) -> bool {
    // what is remembered of signatures holds for one Go
    let signatures = SignatureCache::default();
    let verifier = Verifier { go, now: exam.now(), signatures: &signatures };
    let pairs = [pair(exam.cluster, link.client_pair.as_ref(), go), pair(exam.cluster, link.server_pair.as_ref(), go)];
    let trusts = [trust(exam.cluster, link, Side::Client, go), trust(exam.cluster, link, Side::Server, go)];
    if pairs.iter().any(|pair| matches!(pair, Loaded::Unknown))
        || trusts.iter().any(|trust| matches!(trust, Loaded::Unknown))
    {
        return false;
    }
    let ([client_pair, server_pair], [client_trust, server_trust]) = (&pairs, &trusts);
    let names = AllowedNames::default();
    let trusted = if let Loaded::Ready(pool) = client_trust { Trust::Pool(pool) } else { Trust::Skip };
    let client = Client { shown: shown(client_pair), trust: trusted, name: link.name.as_deref(), allowed: &names };
    let auth = match (server_trust, client_pair) {
        (Loaded::Ready(pool), Loaded::Ready(_)) if is_of_etcd(link) => ClientAuth::Require(Trust::Pool(pool)),
        (Loaded::Ready(pool), Loaded::Ready(_)) => ClientAuth::Request { trust: Trust::Pool(pool), names: &[] },
        _ => ClientAuth::None,
    };
    let server = Server { shown: shown(server_pair), auth, allowed: &names, client_address: None };
    !handshake::judge(&verifier, &client, &server).iter().any(|refusal| refusal.by == side)
}

fn is_of_etcd(link: &Link) -> bool {
    link.id.ends_with("->etcd") || link.id.starts_with("etcd-")
}

/// The pair as that Go loads it; unknown when it does not load.
fn pair(cluster: &Cluster, pair: Option<&PairReference>, go: GoVersion) -> Loaded<KeyPair> {
    let Some(pair) = pair.filter(|pair| !pair.is_unset()) else { return Loaded::Nothing };
    let halves = pair.certificate.material(cluster).zip(pair.key.material(cluster));
    let loaded = halves.and_then(|(certificate, key)| load::key_pair(&certificate.certificates_under(go), key).ok());
    loaded.map_or(Loaded::Unknown, Loaded::Ready)
}

/// What a side trusts as that Go loads it, likewise; no file is the system's roots, which hold none of these CAs.
fn trust(cluster: &Cluster, link: &Link, side: Side, go: GoVersion) -> Loaded<Pool> {
    let trust = if side == Side::Client { &link.client_trust } else { &link.server_trust };
    let Some(trust) = trust else { return Loaded::Nothing };
    if trust.is_unset() {
        return Loaded::Ready(Pool::default());
    }
    let loader = match (is_of_etcd(link), side) {
        (true, _) => Loader::Etcd,
        (false, Side::Server) => Loader::Apiserver,
        (false, Side::Client) => Loader::Kubeconfig,
    };
    let pool = trust.material(cluster).and_then(|material| load::pool(&material.certificates_under(go), loader).ok());
    pool.map_or(Loaded::Unknown, Loaded::Ready)
}

fn shown(pair: &Loaded<KeyPair>) -> Shown<'_> {
    if let Loaded::Ready(pair) = pair { Shown::Chain(pair.presented()) } else { Shown::Unknown }
}

/// `etcd 3.4.13 (Go 1.12)`, from the tag of the image.
fn program(cluster: &Cluster, node: usize, component: Component) -> Option<(String, GoVersion)> {
    let running = cluster.nodes[node].running(component)?;
    if component == Component::Etcd {
        let (major, minor, patch) = etcd_version(&running)?;
        let go = etcd_go((major, minor, patch))?;
        return Some((format!("etcd {major}.{minor}.{patch} (Go {go})"), go));
    }
    let (major, minor, patch) = version(&running)?;
    let go = kubernetes_go(minor).filter(|_| major == 1)?;
    Some((format!("Kubernetes {major}.{minor}.{patch} (Go {go})"), go))
}

/// The release of etcd that an image's tag names.
pub(super) fn etcd_version(running: &Running<'_>) -> Option<(u16, u16, u16)> {
    version(running)
}

/// `3.4.13-0`, `v1.20.9`.
fn version(running: &Running<'_>) -> Option<(u16, u16, u16)> {
    let (_, container) = running.pod?;
    let tag = container.image_tag()?;
    let release = tag.trim_start_matches('v').split(['-', '+', '_']).next()?;
    let mut numbers = release.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// The Go of the binaries that the etcd project released, from its change log and `.go-version`.
fn etcd_go((major, minor, patch): (u16, u16, u16)) -> Option<GoVersion> {
    // the first patch release with each Go
    let table: &[(u16, u16)] = match (major, minor) {
        (3, 4) => &[(0, 12), (19, 16), (23, 17), (25, 19), (28, 20), (31, 21), (34, 22), (36, 23), (38, 24), (42, 25)],
        (3, 5) => &[(0, 16), (7, 17), (8, 19), (10, 20), (13, 21), (16, 22), (19, 23), (23, 24), (28, 25)],
        (3, 6) => &[(0, 23), (5, 24), (9, 25)],
        (3, 7) => &[(0, 26)],
        _ => return None,
    };
    table.iter().rev().find(|(first, _)| patch >= *first).map(|(_, go)| GoVersion::minor(*go))
}

/// The `go` line of a Kubernetes release, which GODEBUG defaults follow.
fn kubernetes_go(minor: u16) -> Option<GoVersion> {
    let go = match minor {
        17..=18 => 13,
        19..=20 => 15,
        21..=22 => 16,
        23 => 17,
        24 => 18,
        25..=26 => 19,
        27..=28 => 20,
        29 => 21,
        30..=31 => 22,
        32 => 23,
        33..=34 => 24,
        35 => 25,
        36 => 26,
        _ => return None,
    };
    Some(GoVersion::minor(go))
}
