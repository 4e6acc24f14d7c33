//! The links that end at etcd: the API server's, kubeadm's, the gateway's and the peers'.
//!
//! Sources: etcd `embed/config.go`, `embed/etcd.go`, `client/pkg/transport/listener.go`; kube-apiserver
//! `storagebackend/factory/etcd3.go`; kubeadm `util/etcd`.

use crate::cluster::manifest::Component;
use crate::cluster::url::{self, Endpoint, same_host};
use crate::cluster::{Cluster, File, Running, State};
use crate::go::handshake::AllowedNames;
use crate::go::load::{KeyPair, Loader, Pool};
use crate::go::verify::Verifier;

use super::reference::{FaultKind, LoadFault, Loaded, PairReference, Reference, load_pair, load_pool};
use super::{
    At, Caller, ClientSide, Demand, Link, OtherKind, OtherRefusal, RefusedBy, ServerSide, Trusting, Wanted, Weight,
    finish,
};

/// etcd on a node: from a manifest or configuration file, or only from kubeadm's layout.
pub(crate) struct Etcd<'c> {
    cluster: &'c Cluster,
    pub(crate) node: usize,
    /// Absent when there are no manifests and only the layout speaks.
    pub(crate) running: Option<Running<'c>>,
}

/// The two ports of etcd.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    Client,
    Peer,
}

impl Port {
    pub(crate) const ALL: [Self; 2] = [Self::Client, Self::Peer];

    /// The flag of this port: the peer's are called like the client's, with `peer-` before.
    pub(crate) fn flag(self, name: &str) -> String {
        match self {
            Self::Client => name.to_owned(),
            Self::Peer => format!("peer-{name}"),
        }
    }

    /// The flag of its revocation list.
    pub(crate) const fn crl_flag(self) -> &'static str {
        match self {
            Self::Client => "client-crl-file",
            Self::Peer => "peer-crl-file",
        }
    }

    /// The flag of the URLs that it listens on.
    pub(crate) const fn listen_flag(self) -> &'static str {
        match self {
            Self::Client => "listen-client-urls",
            Self::Peer => "listen-peer-urls",
        }
    }

    /// The flag of the URLs that it tells others.
    pub(crate) const fn advertise_flag(self) -> &'static str {
        match self {
            Self::Client => "advertise-client-urls",
            Self::Peer => "initial-advertise-peer-urls",
        }
    }
}

/// Every given etcd whose flags are known.
pub(crate) fn described(cluster: &Cluster) -> Vec<(Etcd<'_>, Running<'_>)> {
    let all = (0..cluster.nodes.len()).filter_map(|node| Etcd::on(cluster, node));
    all.filter_map(|etcd| etcd.running.map(|running| (etcd, running))).collect()
}

/// Every etcd link whose client is on this node.
pub(super) fn links(cluster: &Cluster, verifier: &Verifier<'_>, node: usize) -> Vec<Link> {
    let mut links = apiserver_links(cluster, verifier, node);
    if let Some(etcd) = Etcd::on(cluster, node) {
        links.extend(kubeadm_links(cluster, verifier, node));
        links.extend(etcd.gateway(verifier));
        links.extend(etcd.peers(verifier));
    }
    links
}

impl<'c> Etcd<'c> {
    /// The node's own etcd; `None` when etcd is external.
    pub(crate) fn on(cluster: &'c Cluster, node: usize) -> Option<Self> {
        let here = &cluster.nodes[node];
        let running = here.running(Component::Etcd);
        if running.is_none() {
            let laid_out = ["etcd/server.crt", "etcd/server.key", "etcd/peer.crt", "etcd/peer.key"];
            // in a directory that this process may not enter there may be anything
            let may_be = |file: &File| file.meta.is_some() || matches!(file.state, State::Unreadable(_));
            let any = laid_out.iter().any(|file| here.file(&here.layout(file)).is_some_and(may_be));
            if !here.may_run(Component::Etcd) || !any {
                return None;
            }
        }
        Some(Self { cluster, node, running })
    }

    fn urls(&self, flag: &str, default: &str) -> Vec<Endpoint> {
        let Some(running) = &self.running else { return Vec::new() };
        let mut listed = running.flags.list(flag);
        if listed.is_empty() {
            listed.push(default.to_owned());
        }
        url::parse_list(&listed).into_iter().flatten().collect()
    }

    pub(crate) fn listens(&self, port: Port) -> Vec<Endpoint> {
        if port == Port::Client { self.listen_client() } else { self.listen_peer() }
    }

    pub(crate) fn advertises(&self, port: Port) -> Vec<Endpoint> {
        if port == Port::Client { self.advertise_client() } else { self.advertise_peer() }
    }

    pub(crate) fn listen_client(&self) -> Vec<Endpoint> {
        self.urls("listen-client-urls", "http://localhost:2379")
    }

    pub(crate) fn advertise_client(&self) -> Vec<Endpoint> {
        self.urls("advertise-client-urls", "http://localhost:2379")
    }

    pub(crate) fn listen_peer(&self) -> Vec<Endpoint> {
        self.urls("listen-peer-urls", "http://localhost:2380")
    }

    pub(crate) fn advertise_peer(&self) -> Vec<Endpoint> {
        self.urls("initial-advertise-peer-urls", "http://localhost:2380")
    }

    /// Whether any URL of this etcd names the host.
    pub(crate) fn lists(&self, host: &str) -> bool {
        let all = [self.listen_client(), self.advertise_client(), self.listen_peer(), self.advertise_peer()];
        all.iter().flatten().any(|endpoint| same_host(&endpoint.host, host))
    }

    pub(crate) fn server_pair(&self) -> PairReference {
        self.pair(Port::Client)
    }

    pub(crate) fn peer_pair(&self) -> PairReference {
        self.pair(Port::Peer)
    }

    pub(crate) fn pair(&self, port: Port) -> PairReference {
        let (certificate, key, stem) = match port {
            Port::Client => ("cert-file", "key-file", "etcd/server"),
            Port::Peer => ("peer-cert-file", "peer-key-file", "etcd/peer"),
        };
        match &self.running {
            Some(running) => PairReference::flags(self.node, running, certificate, key),
            None => PairReference::layout(self.cluster, self.node, stem),
        }
    }

    pub(crate) fn trust(&self, port: Port) -> Reference {
        let flag = if port == Port::Client { "trusted-ca-file" } else { "peer-trusted-ca-file" };
        match &self.running {
            Some(running) => Reference::flag(self.node, running, flag),
            None => Reference::layout(self.cluster, self.node, "etcd/ca.crt"),
        }
    }

    pub(crate) fn client_trust(&self) -> Reference {
        self.trust(Port::Client)
    }

    pub(crate) fn peer_trust(&self) -> Reference {
        self.trust(Port::Peer)
    }

    /// `auto-tls` counts only where no certificate is given, and then drops every demand on clients.
    pub(crate) fn makes_its_own(&self, port: Port) -> bool {
        let flag = if port == Port::Client { "auto-tls" } else { "peer-auto-tls" };
        self.running.is_some_and(|running| running.flags.is_true(flag)) && self.pair(port).is_unset()
    }

    /// Whether clients must show a certificate: a trusted CA is set *or* client-cert-auth is on
    /// (`transport.TLSInfo.ServerConfig`).
    pub(crate) fn demands_certificate(&self, port: Port) -> bool {
        let flag = if port == Port::Client { "client-cert-auth" } else { "peer-client-cert-auth" };
        let Some(running) = &self.running else { return true };
        !self.makes_its_own(port) && (!self.trust(port).is_unset() || running.flags.is_true(flag))
    }

    fn allowed(&self, port: Port) -> AllowedNames {
        let Some(running) = &self.running else { return AllowedNames::default() };
        match port {
            Port::Client => {
                AllowedNames { common_names: Vec::new(), hostnames: running.flags.list("client-cert-allowed-hostname") }
            }
            Port::Peer => AllowedNames {
                common_names: running.flags.list("peer-cert-allowed-cn"),
                hostnames: running.flags.list("peer-cert-allowed-hostname"),
            },
        }
    }

    /// What a port shows: the pair, or nothing known where etcd makes its own, or the refusal to start.
    fn loaded_pair(&self, port: Port) -> Loaded<KeyPair> {
        let pair = self.pair(port);
        if self.makes_its_own(port) {
            return Loaded::Unknown;
        }
        if pair.is_unset() {
            let (certificate, key, url) = match port {
                Port::Client => ("cert-file", "key-file", "client"),
                Port::Peer => ("peer-cert-file", "peer-key-file", "peer"),
            };
            let listens = if port == Port::Client { self.listen_client() } else { self.listen_peer() };
            let text = listens
                .iter()
                .find(|endpoint| endpoint.is_tls())
                .map(|endpoint| endpoint.text.clone())
                .unwrap_or_default();
            return Loaded::Failed(LoadFault {
                text: format!(
                    "TLS key/cert (--{certificate}, --{key}) must be provided for {url} url {text} with HTTPS scheme"
                ),
                guilty: pair.certificate.clone(),
                pair: Some(pair),
                kind: FaultKind::Configuration,
            });
        }
        load_pair(self.cluster, &pair)
    }

    fn loaded_trust(&self, port: Port) -> Loaded<Pool> {
        load_pool(self.cluster, &self.trust(port), Loader::Etcd)
    }

    fn server_side(&self, port: Port) -> ServerSide {
        let auth =
            if self.demands_certificate(port) { Demand::Certificate(self.loaded_trust(port)) } else { Demand::Nothing };
        ServerSide { pair: self.loaded_pair(port), not_asked: false, auth, allowed: self.allowed(port), address: None }
    }

    /// Whether the listener that answers this URL speaks TLS; `None` when nothing tells.
    fn speaks_tls(&self, port: Port, dialled: &Endpoint) -> Option<bool> {
        let listens = if port == Port::Client { self.listen_client() } else { self.listen_peer() };
        let wanted = dialled.port.or(Some(if port == Port::Client { 2379 } else { 2380 }));
        let exact = listens.iter().find(|endpoint| endpoint.port == wanted && same_host(&endpoint.host, &dialled.host));
        exact
            .or_else(|| listens.iter().find(|endpoint| endpoint.port == wanted))
            .or(listens.first())
            .map(Endpoint::is_tls)
    }

    /// etcd's own client, which lends the JSON gateway to HTTP users.
    fn gateway(&self, verifier: &Verifier<'_>) -> Option<Link> {
        let on = |running: &Running<'_>| {
            running.flags.value("enable-grpc-gateway").is_none_or(|_| running.flags.is_true("enable-grpc-gateway"))
        };
        let listens_tls = self.running.is_none() || self.listen_client().iter().any(Endpoint::is_tls);
        if !self.running.as_ref().is_none_or(on) || !self.demands_certificate(Port::Client) || !listens_tls {
            return None;
        }
        let own = self
            .running
            .as_ref()
            .map(|running| PairReference::flags(self.node, running, "client-cert-file", "client-key-file"));
        let own = own.filter(|pair| !pair.is_unset());
        let loaded = own.as_ref().map_or_else(|| self.loaded_pair(Port::Client), |pair| load_pair(self.cluster, pair));
        let pair = own.unwrap_or_else(|| self.server_pair());
        let mut link = Link::new("etcd-gateway->etcd", self.node);
        link.dials = self.listen_client().into_iter().find(Endpoint::is_tls).map(|endpoint| endpoint.or_port(2379));
        link.weight = Weight::Auxiliary;
        let client = ClientSide {
            pair: loaded,
            trust: Trusting::Anybody,
            name: Wanted::NoName,
            allowed: self.allowed(Port::Client),
        };
        link.client_pair = Some(pair);
        link.server_pair = Some(self.server_pair());
        link.server_trust = Some(self.client_trust());
        Some(finish(link, self.cluster, verifier, client, &self.server_side(Port::Client)))
    }

    /// Every peer link whose dialler is this member.
    fn peers(&self, verifier: &Verifier<'_>) -> Vec<Link> {
        let others: Vec<Etcd<'_>> =
            (0..self.cluster.nodes.len()).filter_map(|node| Etcd::on(self.cluster, node)).collect();
        if others.len() < 2 {
            return self.peer(self, verifier);
        }
        let others = others.iter().filter(|other| other.node != self.node);
        others.flat_map(|other| self.peer(other, verifier)).collect()
    }

    /// This member dials `other`, which may be itself when it is the only one given.
    fn peer(&self, other: &Etcd<'_>, verifier: &Verifier<'_>) -> Vec<Link> {
        let names = &self.cluster.nodes;
        let alone = other.node == self.node;
        let id = if alone {
            "etcd-peer->etcd-peer".to_owned()
        } else {
            format!("etcd-peer:{}->etcd-peer:{}", names[self.node].name, names[other.node].name)
        };
        let urls = other.advertise_peer();
        let targets: Vec<Option<Endpoint>> =
            if urls.is_empty() { vec![None] } else { urls.into_iter().map(Some).collect() };
        let mut links = Vec::new();
        let mut seen = Vec::new();
        for target in targets {
            let host = target.as_ref().map(|endpoint| endpoint.host.clone());
            if seen.contains(&host) {
                continue;
            }
            seen.push(host.clone());
            let mut link = Link::new(id.clone(), self.node);
            link.dials = target.clone().map(|endpoint| endpoint.or_port(2380));
            link.server_node = Some(other.node);
            link.weight = if alone && self.is_single_member() { Weight::Latent } else { Weight::Vital };
            link.client_pair = Some(self.peer_pair());
            link.client_trust = Some(self.peer_trust());
            link.server_pair = Some(other.peer_pair());
            link.server_trust = Some(other.peer_trust());
            if let Some(endpoint) = &target {
                match schemes(endpoint, other.speaks_tls(Port::Peer, endpoint), Port::Peer) {
                    Schemes::Plain => continue,
                    Schemes::Differ(refusal) => {
                        link.name = host;
                        link.other = Some(refusal);
                        links.push(link);
                        continue;
                    }
                    Schemes::Tls => {}
                }
            }
            let client = ClientSide {
                pair: self.loaded_pair(Port::Peer),
                trust: Trusting::Pool(self.loaded_trust(Port::Peer)),
                name: host.map_or(Wanted::Unknown, Wanted::Name),
                allowed: self.allowed(Port::Peer),
            };
            let mut server = other.server_side(Port::Peer);
            server.address = self.peer_address(other, &mut link);
            links.push(finish(link, self.cluster, verifier, client, &server));
        }
        links
    }

    /// This member dials one that is not among the given nodes.
    fn stranger(&self, verifier: &Verifier<'_>, endpoint: &Endpoint) -> Option<Link> {
        if endpoint.scheme == "http" {
            return None;
        }
        let mut link = Link::new("etcd-peer->etcd-peer", self.node);
        link.dials = Some(endpoint.clone().or_port(2380));
        link.server_node = None;
        link.client_pair = Some(self.peer_pair());
        link.client_trust = Some(self.peer_trust());
        let client = ClientSide {
            pair: self.loaded_pair(Port::Peer),
            trust: Trusting::Pool(self.loaded_trust(Port::Peer)),
            name: Wanted::Name(endpoint.host.clone()),
            allowed: self.allowed(Port::Peer),
        };
        let server = nobody_known(&client.pair);
        let mut link = finish(link, self.cluster, verifier, client, &server);
        // whether that member skips the check is not known, so that nothing is judged by it offline
        link.demands.address = self.advertise_peer().iter().find_map(|endpoint| endpoint.host.parse().ok());
        Some(link)
    }

    /// The address that the listener will hold against our certificate.
    fn peer_address(&self, other: &Etcd<'_>, link: &mut Link) -> Option<std::net::IpAddr> {
        let skips = |running: &Running<'_>| {
            let flags = ["peer-skip-client-san-verification", "experimental-peer-skip-client-san-verification"];
            flags.iter().any(|flag| running.flags.is_true(flag))
        };
        if other.running.as_ref().is_some_and(skips) || !other.demands_certificate(Port::Peer) {
            return None;
        }
        let own = self.advertise_peer();
        let address = own.iter().find_map(|endpoint| endpoint.host.parse().ok());
        if address.is_none() && !own.is_empty() {
            link.facts.push("the peer address check is left out: the member's own peer URL holds a name".to_owned());
        }
        address
    }

    /// Whether the cluster has one member, as far as this node can tell.
    fn is_single_member(&self) -> bool {
        let Some(running) = &self.running else { return true };
        let cluster = running.flags.value("initial-cluster").unwrap_or_default();
        let mut members: Vec<String> = url::parse_initial_cluster(cluster).into_iter().map(|(name, _)| name).collect();
        members.sort();
        members.dedup();
        members.len() < 2
    }
}

/// Who answers a host: a given node that lists it, else this node's own etcd, else nobody known.
fn who_answers<'c>(cluster: &'c Cluster, node: usize, host: &str) -> (Option<Etcd<'c>>, Option<String>) {
    let own = Etcd::on(cluster, node);
    if own.as_ref().is_some_and(|etcd| etcd.lists(host)) {
        return (own, None);
    }
    if !is_everybodys(host) {
        let others =
            (0..cluster.nodes.len()).filter(|other| *other != node).filter_map(|other| Etcd::on(cluster, other));
        if let Some(other) = others.into_iter().find(|etcd| etcd.lists(host)) {
            return (Some(other), None);
        }
    }
    let assumed = own
        .as_ref()
        .filter(|etcd| etcd.running.is_some())
        .map(|_| format!("assumed: {host} is answered by this node's own etcd"));
    (own, assumed)
}

/// Loopback as every node has it: another node that lists it means its own.
fn is_everybodys(host: &str) -> bool {
    ["localhost", "127.0.0.1", "::1"].iter().any(|known| same_host(known, host))
}

/// Likewise for a host that no file of this node names: nothing is assumed but of loopback.
fn who_is<'c>(cluster: &'c Cluster, node: usize, host: &str) -> Option<Etcd<'c>> {
    let (answers, assumed) = who_answers(cluster, node, host);
    let is_known = |etcd: &Etcd<'_>| url::is_loopback(host) || assumed.is_none() && etcd.lists(host);
    answers.filter(is_known)
}

enum Schemes {
    Tls,
    Plain,
    Differ(OtherRefusal),
}

fn schemes(dialled: &Endpoint, server: Option<bool>, port: Port) -> Schemes {
    // without a scheme, clients with TLS settings speak TLS
    let client_tls = dialled.is_tls() || dialled.scheme.is_empty();
    match (client_tls, server.unwrap_or(client_tls)) {
        (true, true) => Schemes::Tls,
        (false, false) => Schemes::Plain,
        (true, false) => Schemes::Differ(OtherRefusal {
            by: RefusedBy::Client,
            at: At::Tls,
            // the gRPC port hangs up, the peer port answers in HTTP
            client_error: Some(
                if port == Port::Client { "EOF" } else { "tls: first record does not look like a TLS handshake" }
                    .to_owned(),
            ),
            server_error: None,
            kind: OtherKind::TlsToPlain,
        }),
        (false, true) => Schemes::Differ(OtherRefusal {
            by: RefusedBy::Server,
            at: At::Tls,
            client_error: Some("EOF".to_owned()),
            server_error: Some("tls: first record does not look like a TLS handshake".to_owned()),
            kind: OtherKind::PlainToTls,
        }),
    }
}

/// `kube-apiserver->etcd`, one per host of `--etcd-servers`.
fn apiserver_links(cluster: &Cluster, verifier: &Verifier<'_>, node: usize) -> Vec<Link> {
    let Some(source) = apiserver(cluster, node) else { return Vec::new() };
    let targets = if let Some(running) = cluster.nodes[node].running(Component::KubeApiserver) {
        url::parse_list(&running.flags.list("etcd-servers")).into_iter().flatten().map(Some).collect()
    } else {
        let loopback = url::parse("https://127.0.0.1:2379").ok();
        vec![loopback.filter(|_| Etcd::on(cluster, node).is_some())]
    };
    targets_to_etcd(cluster, verifier, &source, targets)
}

/// The API server as a client of etcd.
fn apiserver(cluster: &Cluster, node: usize) -> Option<Source> {
    let here = &cluster.nodes[node];
    let id = "kube-apiserver->etcd";
    if let Some(running) = here.running(Component::KubeApiserver) {
        let pair = PairReference::flags(node, &running, "etcd-certfile", "etcd-keyfile");
        return Some(Source { id, node, is_told: true, pair, trust: Reference::flag(node, &running, "etcd-cafile") });
    }
    let known = ["apiserver-etcd-client.crt", "apiserver-etcd-client.key"];
    let laid_out = known.iter().any(|file| here.file(&here.layout(file)).is_some_and(|file| file.meta.is_some()));
    if !here.may_run(Component::KubeApiserver) || !laid_out && Etcd::on(cluster, node).is_none() {
        return None;
    }
    let pair = PairReference::layout(cluster, node, "apiserver-etcd-client");
    Some(Source { id, node, is_told: true, pair, trust: Reference::layout(cluster, node, "etcd/ca.crt") })
}

/// `kubeadm->etcd`, one per host of every given node's `--advertise-client-urls`.
fn kubeadm_links(cluster: &Cluster, verifier: &Verifier<'_>, node: usize) -> Vec<Link> {
    let Some(source) = kubeadm(cluster, node) else { return Vec::new() };
    let mut targets: Vec<Option<Endpoint>> = (0..cluster.nodes.len())
        .filter_map(|other| Etcd::on(cluster, other))
        .filter(|etcd| etcd.running.is_some())
        .flat_map(|etcd| etcd.advertise_client())
        .map(Some)
        .collect();
    if targets.is_empty() {
        targets.push(None);
    }
    targets_to_etcd(cluster, verifier, &source, targets)
}

/// kubeadm as a client of etcd.
fn kubeadm(cluster: &Cluster, node: usize) -> Option<Source> {
    let here = &cluster.nodes[node];
    // an etcd that kubeadm does not run has no such client
    let as_pod = here.running(Component::Etcd).is_none_or(|running| running.pod.is_some());
    let laid_out = here.file(&here.layout("etcd/healthcheck-client.crt")).is_some_and(|file| file.meta.is_some());
    if Etcd::on(cluster, node).is_none() || !as_pod && !laid_out {
        return None;
    }
    let pair = PairReference::layout(cluster, node, "etcd/healthcheck-client");
    Some(Source {
        id: "kubeadm->etcd",
        node,
        is_told: true,
        pair,
        trust: Reference::layout(cluster, node, "etcd/ca.crt"),
    })
}

/// The link of one of a node's clients of etcd to an endpoint that no file names, judged; `None` where the node has no
/// such client.
pub fn to(
    cluster: &Cluster,
    verifier: &Verifier<'_>,
    node: usize,
    caller: Caller,
    endpoint: &Endpoint,
) -> Option<Link> {
    let source = match caller {
        Caller::Apiserver => apiserver(cluster, node)?,
        Caller::Kubeadm => kubeadm(cluster, node)?,
        Caller::Peer => return Etcd::on(cluster, node)?.stranger(verifier, endpoint),
    };
    let source = Source { is_told: false, ..source };
    targets_to_etcd(cluster, verifier, &source, vec![Some(endpoint.clone())]).pop()
}

struct Source {
    id: &'static str,
    node: usize,
    /// Whether it is the node's own files that say whom it dials.
    is_told: bool,
    pair: PairReference,
    trust: Reference,
}

/// An etcd outside of what was given. It asks for what a client has to show; whether it would do without, of a client
/// that has nothing, is not known.
fn nobody_known<T>(shown: &Loaded<T>) -> ServerSide {
    let nothing = matches!(shown, Loaded::Nothing);
    ServerSide {
        pair: Loaded::Unknown,
        not_asked: false,
        auth: if nothing { Demand::Nothing } else { Demand::Certificate(Loaded::Unknown) },
        allowed: AllowedNames::default(),
        address: None,
    }
}

/// One link per host that the client dials.
fn targets_to_etcd(
    cluster: &Cluster,
    verifier: &Verifier<'_>,
    source: &Source,
    targets: Vec<Option<Endpoint>>,
) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    let mut seen: Vec<Option<String>> = Vec::new();
    for target in targets {
        let host = target.as_ref().map(|endpoint| endpoint.host.clone());
        if seen.contains(&host) {
            continue;
        }
        let (answers, assumed) = match &host {
            Some(host) if source.is_told => who_answers(cluster, source.node, host),
            Some(host) => (who_is(cluster, source.node, host), None),
            None => (Etcd::on(cluster, source.node), None),
        };
        let mut link = Link::new(source.id, source.node);
        link.dials = target.clone().map(|endpoint| endpoint.or_port(2379));
        link.server_node = answers.as_ref().map(|etcd| etcd.node);
        link.client_pair = Some(source.pair.clone());
        link.client_trust = Some(source.trust.clone());
        link.facts.extend(assumed);
        link.server_pair = answers.as_ref().map(Etcd::server_pair);
        link.server_trust = answers.as_ref().map(Etcd::client_trust);
        if let Some(endpoint) = &target {
            let speaks = answers.as_ref().and_then(|etcd| etcd.speaks_tls(Port::Client, endpoint));
            match schemes(endpoint, speaks, Port::Client) {
                Schemes::Plain => continue,
                Schemes::Differ(refusal) => {
                    link.name.clone_from(&host);
                    link.other = Some(refusal);
                    seen.push(host);
                    links.push(link);
                    continue;
                }
                Schemes::Tls => {}
            }
        }
        seen.push(host.clone());
        let client = ClientSide {
            pair: load_pair(cluster, &source.pair),
            trust: Trusting::Pool(load_pool(cluster, &source.trust, Loader::Etcd)),
            name: host.map_or(Wanted::Unknown, Wanted::Name),
            allowed: AllowedNames::default(),
        };
        let server = match &answers {
            Some(etcd) => etcd.server_side(Port::Client),
            None => nobody_known(&client.pair),
        };
        links.push(finish(link, cluster, verifier, client, &server));
    }
    links
}
