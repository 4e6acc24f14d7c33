//! Whom to dial, as whom: endpoints that were asked for, else those that the files name.

use std::net::IpAddr;

use pkidoctor::cluster::kubeconfig::{Field, Source};
use pkidoctor::cluster::manifest::Component;
use pkidoctor::cluster::url::{self, Endpoint, is_loopback};
use pkidoctor::cluster::{Cluster, Node};
use pkidoctor::go::GoVersion;
use pkidoctor::go::handshake::Side;
use pkidoctor::go::verify::{SignatureCache, Verifier};
use pkidoctor::links::reference::{PairReference, Part, Place, Reference};
use pkidoctor::links::{Caller, Expects, Link};
use pkidoctor::live::{NotDialled, same_place};
use pkidoctor::read::{self, Request};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::identity::Identity;
use crate::observe::{Dial, Speaks};

/// Where etcd answers when nothing says otherwise.
const USUAL: &str = "https://127.0.0.1:2379";

/// Where the metrics of kubeadm's etcd are.
const USUAL_METRICS: &str = "http://127.0.0.1:2381";

/// A link and where it leads.
pub(crate) type Target = (usize, Endpoint);

/// Every link that is to be dialled, with where; links to endpoints that no file names are added to `links`.
pub(crate) fn choose(
    cluster: &Cluster,
    verifier: &Verifier<'_>,
    links: &mut Vec<Link>,
    asked: &[Endpoint],
) -> Vec<Target> {
    if asked.is_empty() {
        let usual = url::parse(USUAL).ok();
        let place = |link: &Link| link.dials.clone().or_else(|| usual.clone().filter(|_| is_bare(cluster, link)));
        return links.iter().enumerate().filter_map(|(index, link)| Some((index, place(link)?))).collect();
    }
    let asked: Vec<Endpoint> = asked.iter().map(|endpoint| endpoint.clone().or_port(2379)).collect();
    let place = |link: &Link| {
        let named = asked.iter().find(|endpoint| is_named(link, endpoint));
        named.or_else(|| asked.iter().find(|endpoint| is_own(cluster, link, endpoint))).cloned()
    };
    let mut targets: Vec<Target> =
        links.iter().enumerate().filter_map(|(index, link)| Some((index, place(link)?))).collect();
    for endpoint in &asked {
        let is_another_port = targets.iter().any(|(index, place)| {
            same_place(place, endpoint) && links.get(*index).is_some_and(|link| !link.id.ends_with("->etcd"))
        });
        if is_another_port {
            continue;
        }
        for caller in [Caller::Apiserver, Caller::Kubeadm] {
            let is_there = targets.iter().any(|(index, place)| {
                same_place(place, endpoint) && links.get(*index).is_some_and(|link| link.id == caller.id())
            });
            let mut nodes = 0..cluster.nodes.len();
            let added = || nodes.find_map(|node| pkidoctor::links::to(cluster, verifier, node, caller, endpoint));
            if let Some(link) = (!is_there).then(added).flatten() {
                targets.push((links.len(), endpoint.clone()));
                links.push(link);
            }
        }
    }
    targets
}

/// Whether only kubeadm's layout speaks of the etcd that this link leads to.
fn is_bare(cluster: &Cluster, link: &Link) -> bool {
    let of_etcd = link.id.ends_with("->etcd") && link.server_node == Some(link.node);
    of_etcd && cluster.nodes.get(link.node).is_some_and(|node| node.running(Component::Etcd).is_none())
}

/// Whether the files say that this link leads to an endpoint that was asked for; a tunnel may give etcd another port.
fn is_named(link: &Link, endpoint: &Endpoint) -> bool {
    if !link.id.ends_with("->etcd") {
        return link.dials.as_ref().is_some_and(|dials| same_place(dials, endpoint));
    }
    let names_it = |host: &str| url::same_host(host, &endpoint.host);
    link.name.as_deref().is_some_and(names_it) || link.dials.as_ref().is_some_and(|dials| names_it(&dials.host))
}

/// Whether loopback leads to the etcd of this node, perhaps through a tunnel; of several nodes nobody knows which.
fn is_own(cluster: &Cluster, link: &Link, endpoint: &Endpoint) -> bool {
    let is_of_node = link.id.ends_with("->etcd") && link.server_node == Some(link.node);
    is_loopback(&endpoint.host) && cluster.nodes.len() == 1 && is_of_node
}

/// Where the metrics of a node's etcd are, if it serves them without TLS.
pub(crate) fn metrics(cluster: &Cluster, node: usize) -> Option<Endpoint> {
    let here = cluster.nodes.get(node)?;
    let text = match here.running(Component::Etcd) {
        Some(running) => {
            running.flags.list("listen-metrics-urls").into_iter().find(|url| url.starts_with("http://"))?
        }
        None => USUAL_METRICS.to_owned(),
    };
    let endpoint = url::parse(&text).ok()?;
    let is_elsewhere = here.is_elsewhere() && is_loopback(&endpoint.host);
    (!is_elsewhere).then(|| endpoint.or_port(2381))
}

/// A link's client, ready to dial and to judge what it is shown.
pub(crate) struct Client {
    pub(crate) dial: Dial,
    pub(crate) identity: Option<Identity>,
    pub(crate) speaks: Speaks,
    pub(crate) judge: Judge,
}

/// What a link's client makes of a chain, for another thread.
#[derive(Clone)]
pub(crate) struct Judge {
    expects: Expects,
    name: Option<String>,
    go: GoVersion,
    now: OffsetDateTime,
}

impl Judge {
    pub(crate) fn of(cluster: &Cluster, link: &Link, endpoint: &Endpoint) -> Self {
        Self { expects: link.expects.clone(), name: link.wanted_name(endpoint), go: cluster.go, now: cluster.now }
    }

    /// Whether the client would go on over this connection.
    pub(crate) fn trusts(&self, chain: &[Vec<u8>], key_proved: Option<bool>) -> bool {
        let signatures = SignatureCache::default();
        let verifier = Verifier { go: self.go, now: self.now, signatures: &signatures };
        key_proved == Some(true) && self.expects.judge_served(self.name.as_deref(), &verifier, chain).is_empty()
    }
}

/// Makes the client of a link ready, or says why it cannot dial.
///
/// `asked` tells that a person named the endpoint.
pub(crate) fn client(
    request: &Request,
    cluster: &Cluster,
    link: &Link,
    endpoint: &Endpoint,
    asked: bool,
) -> Result<Client, NotDialled> {
    let node = cluster.nodes.get(link.node).ok_or(NotDialled::NoIdentity)?;
    let port = endpoint.port.filter(|_| endpoint.scheme != "http").ok_or(NotDialled::NoTls)?;
    if node.is_elsewhere() && is_loopback(&endpoint.host) && !asked {
        return Err(NotDialled::LoopbackOfACopy);
    }
    if link.faults.iter().any(|(side, fault)| *side == Side::Client && fault.pair.is_some()) {
        return Err(NotDialled::NoPair);
    }
    let identity = match &link.client_pair {
        Some(pair) => Some(identity(request, cluster, pair).ok_or(NotDialled::NoIdentity)?),
        None => None,
    };
    // the name that the client verifies is also what it asks for, unless that is an address
    let server_name = link.name.clone().filter(|name| name.parse::<IpAddr>().is_err());
    let dial = Dial { host: endpoint.host.clone(), port, server_name, own: link.demands.address };
    // a peer port, which is no `->etcd`, agrees on h2 and then speaks HTTP/1.1 only
    let speaks = if link.id.ends_with("->etcd") {
        Speaks::Http2
    } else {
        let path = if link.id.ends_with("->kubelet") { "/healthz" } else { "/version" };
        Speaks::Http1 { path: path.to_owned() }
    };
    Ok(Client { dial, identity, speaks, judge: Judge::of(cluster, link, endpoint) })
}

fn identity(request: &Request, cluster: &Cluster, pair: &PairReference) -> Option<Identity> {
    let certificate = bytes(request, cluster, &pair.certificate)?;
    let key = bytes(request, cluster, &pair.key)?;
    Identity::from_pem(&certificate, &key).ok()
}

/// What is behind a reference: a file, read again, or a field of a kubeconfig.
fn bytes(request: &Request, cluster: &Cluster, reference: &Reference) -> Option<Zeroizing<Vec<u8>>> {
    let node = cluster.nodes.get(reference.node)?;
    match &reference.place {
        Place::Path { path, .. } => read::again(request, cluster, reference.node, path),
        Place::Embedded { path, part } => embedded(node, path, *part),
        Place::Unmapped { .. } | Place::Unset => None,
    }
}

fn embedded(node: &Node, path: &str, part: Part) -> Option<Zeroizing<Vec<u8>>> {
    let file = node.kubeconfigs.iter().find(|file| file.path == path)?;
    let user = file.parsed.as_ref().ok()?.current().ok()?.user.ok()?;
    let field: &Field = match part {
        Part::Certificate => &user.client_certificate,
        Part::Key => &user.client_key,
        Part::Ca => return None,
    };
    match &field.source {
        Source::Data(bytes) => Some(bytes.clone()),
        _ => None,
    }
}
