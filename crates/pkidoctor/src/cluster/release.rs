//! Which release an image is, and the Go that its program was built with.

use crate::cluster::manifest::Component;
use crate::cluster::{Cluster, Running};
use crate::go::GoVersion;

/// `etcd 3.4.13 (Go 1.12)`, from the tag of the image.
pub(crate) fn program(cluster: &Cluster, node: usize, component: Component) -> Option<(String, GoVersion)> {
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
pub(crate) fn etcd_version(running: &Running<'_>) -> Option<(u16, u16, u16)> {
    version(running)
}

/// The release of Kubernetes that an image's tag names.
pub(crate) fn kubernetes_version(running: &Running<'_>) -> Option<(u16, u16, u16)> {
    version(running).filter(|(major, _, _)| *major == 1)
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
pub(crate) fn etcd_go((major, minor, patch): (u16, u16, u16)) -> Option<GoVersion> {
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
