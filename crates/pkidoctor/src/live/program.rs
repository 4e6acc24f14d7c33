//! Which program answers: what its metrics say, else how it behaves, else what the image's tag promises.

use crate::cluster::Cluster;
use crate::cluster::manifest::Component;
use crate::cluster::release;
use crate::cluster::url::{Endpoint, same_host};
use crate::go::GoVersion;
use crate::links::Link;
use crate::links::under::is_of_etcd;

use super::observation::{End, Version};
use super::{Evidence, PortSeen, Serves};

/// The program at the far end of a link, as far as it is known.
pub(crate) struct Answering {
    /// The Go that it was built with; the judged one when nothing tells.
    pub(crate) go: GoVersion,
    /// etcd's release.
    pub(crate) release: Option<Release>,
    /// Whether etcd writes JSON.
    pub(crate) zap: bool,
}

/// `3.5.1` as numbers.
pub(crate) type Release = (u16, u16, u16);

/// The program that answers `link` at `endpoint`.
pub(crate) fn answering(cluster: &Cluster, link: &Link, endpoint: &Endpoint, evidence: &Evidence) -> Answering {
    if !is_of_etcd(link) {
        let node = link.server_node.unwrap_or(link.node);
        let image = release::program(cluster, node, Component::KubeApiserver).map(|(_, go)| go);
        return Answering { go: image.unwrap_or(cluster.go), release: None, zap: false };
    }
    let running = link.server_node.and_then(|node| cluster.nodes[node].running(Component::Etcd));
    let image = running.as_ref().and_then(release::etcd_version);
    let ports: Vec<&PortSeen> = of_link(link, endpoint, evidence).collect();
    let told = ports.iter().find_map(|port| port.program.go);
    let version = ports.iter().find_map(|port| read(port.program.version.as_deref()?)).or_else(|| {
        let mut own = evidence.etcds.iter().filter(|etcd| same(&etcd.endpoint, endpoint));
        own.find_map(|etcd| read(&etcd.state.as_ref().ok()?.version))
    });
    let behaves = ports.iter().find_map(|port| by_behaviour(port, cluster.go));
    let image = image.filter(|image| !belies(*image, &ports, behaves));
    let release = version.or(image);
    let released = || release.and_then(release::etcd_go);
    let go = told.or(behaves).or_else(released).unwrap_or(cluster.go);
    let logger = running.as_ref().and_then(|running| running.flags.value("logger"));
    let new = release.map_or(go >= GoVersion::minor(16), |release| release >= (3, 5, 0));
    let zap = logger.map_or(new, |logger| logger == "zap" || new);
    Answering { go, release, zap }
}

/// Whether what runs cannot be the release that the manifest's image names: its Go behaves otherwise.
fn belies(image: Release, ports: &[&PortSeen], behaves: Option<GoVersion>) -> bool {
    let Some(go) = release::etcd_go(image) else { return false };
    let tells_otherwise = behaves.is_some_and(|behaves| behaves.telling_alerts() != go.telling_alerts());
    // Go before 1.13 knows neither TLS 1.3 by default nor Ed25519; distributions build old releases with newer Gos,
    // which speak TLS 1.3
    let newer = |port: &&PortSeen| {
        let seen = port.without_certificate.as_ref();
        seen.is_some_and(|seen| seen.knows_ed25519 && seen.version != Some(Version::Tls13))
    };
    tells_otherwise || go < GoVersion::minor(13) && ports.iter().any(newer)
}

/// Ports of the very endpoint first, then those of the same etcd.
fn of_link<'e>(link: &'e Link, endpoint: &'e Endpoint, evidence: &'e Evidence) -> impl Iterator<Item = &'e PortSeen> {
    let exact = evidence.ports.iter().filter(|port| same(&port.endpoint, endpoint));
    let beside = evidence.ports.iter().filter(|port| {
        Some(port.node) == link.server_node && (port.serves == Serves::Metrics || port.endpoint.host == endpoint.host)
    });
    exact.chain(beside)
}

/// Whether two URLs lead to the same place.
pub fn same(a: &Endpoint, b: &Endpoint) -> bool {
    a.port == b.port && same_host(&a.host, &b.host)
}

/// What the way in which a server refuses a client without a certificate tells of its Go. In between, the releases
/// that answer alike also write alike.
fn by_behaviour(port: &PortSeen, judged: GoVersion) -> Option<GoVersion> {
    let seen = port.without_certificate.as_ref()?;
    let End::Alert { number, .. } = seen.end else { return None };
    match (number, seen.version, port.refuses_unknown_protocol) {
        // certificate_required, since 1.21
        (116, ..) => Some(judged.max(GoVersion::minor(21))),
        // handshake_failure under TLS 1.2, since 1.26
        (40, Some(Version::Tls12) | None, _) => Some(judged.max(GoVersion::minor(26))),
        // bad_certificate and no refusal by ALPN: before 1.17
        (42, _, Some(false)) => Some(GoVersion::minor(16)),
        (42, Some(Version::Tls13), Some(true)) => Some(GoVersion::minor(19)),
        _ => None,
    }
}

/// `3.5.1`, whatever stands behind the numbers.
fn read(text: &str) -> Option<Release> {
    let mut numbers = text.split(['-', '+']).next()?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?))
}
