//! The links around the API server: kubeconfigs, pods, kubelets and extension servers.
//!
//! The API server, the kubelet and extension servers only *request* client certificates: one that they
//! refuse ends as HTTP 401 over a finished handshake. Sources: Kubernetes
//! `apiserver/pkg/authentication/request/x509`, client-go `rest` and `tools/clientcmd`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::cluster::kubeconfig::{self, Current, Kubeconfig, Source};
use crate::cluster::manifest::Component;
use crate::cluster::url::{self, Endpoint};
use crate::cluster::{Cluster, KubeconfigFile, KubeconfigProblem, Running, State};
use crate::go::handshake::{AllowedNames, Side};
use crate::go::load::{KeyPair, Loader, Pool};
use crate::go::verify::Verifier;

use super::reference::{
    FaultKind, LoadFault, Loaded, Origin, PairReference, Part, Place, Reference, load_pair, load_pool,
};
use super::{At, ClientSide, Demand, Link, OtherKind, OtherRefusal, RefusedBy, ServerSide, Trusting, Wanted, finish};

/// The kubeconfigs of a control-plane node, and whether a node without them is ill.
const KUBECONFIGS: [(&str, bool); 5] = [
    ("admin.conf", true),
    ("super-admin.conf", false),
    ("controller-manager.conf", true),
    ("scheduler.conf", true),
    ("kubelet.conf", true),
];

/// Every such link of this node.
pub(super) fn links(cluster: &Cluster, verifier: &Verifier<'_>, node: usize) -> Vec<Link> {
    let Some(apiserver) = Apiserver::on(cluster, node) else { return Vec::new() };
    let mut links = Vec::new();
    for (name, expected) in KUBECONFIGS {
        links.extend(kubeconfig_link(cluster, verifier, &apiserver, name, expected));
    }
    links.extend(pod_links(cluster, verifier, &apiserver));
    links.extend(kubelet_link(cluster, verifier, &apiserver));
    links.extend(front_proxy_link(cluster, verifier, &apiserver));
    links
}

/// The API server of a node: from its manifest, or only from kubeadm's layout.
pub(crate) struct Apiserver<'c> {
    cluster: &'c Cluster,
    node: usize,
    running: Option<Running<'c>>,
}

impl<'c> Apiserver<'c> {
    pub(crate) fn on(cluster: &'c Cluster, node: usize) -> Option<Self> {
        let running = cluster.nodes[node].running(Component::KubeApiserver);
        if running.is_none() && !cluster.nodes[node].may_run(Component::KubeApiserver) {
            return None;
        }
        let this = Self { cluster, node, running };
        // a bare directory that holds nothing of an API server has none (an etcd node, say)
        let laid_out = ["apiserver.crt", "apiserver.key", "apiserver-kubelet-client.crt", "ca.crt"];
        let here = &cluster.nodes[node];
        let any = laid_out.iter().any(|file| here.file(&here.layout(file)).is_some_and(|file| file.meta.is_some()));
        (this.running.is_some() || any).then_some(this)
    }

    fn pair(&self, certificate: &str, key: &str, stem: &str) -> PairReference {
        match &self.running {
            Some(running) => PairReference::flags(self.node, running, certificate, key),
            None => PairReference::layout(self.cluster, self.node, stem),
        }
    }

    fn file(&self, flag: &str, relative: &str) -> Reference {
        match &self.running {
            Some(running) => Reference::flag(self.node, running, flag),
            None => Reference::layout(self.cluster, self.node, relative),
        }
    }

    pub(crate) fn serving_pair(&self) -> PairReference {
        self.pair("tls-cert-file", "tls-private-key-file", "apiserver")
    }

    pub(crate) fn client_ca(&self) -> Reference {
        self.file("client-ca-file", "ca.crt")
    }

    /// Where it listens: the service's address leads there.
    fn secure_port(&self) -> Option<Endpoint> {
        let running = self.running.as_ref()?;
        let port = running.flags.value("secure-port").unwrap_or("6443");
        let host = running.flags.value("advertise-address")?;
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        url::parse(&format!("https://{host}:{port}")).ok()
    }

    /// Whether the API server of this node is what listens on this address.
    pub(crate) fn advertises(&self, host: &str) -> bool {
        let flag = self.running.and_then(|running| running.flags.value("advertise-address"));
        matches!((flag.and_then(|flag| flag.parse::<IpAddr>().ok()), host.parse::<IpAddr>()), (Some(a), Ok(b)) if a == b)
    }

    /// What it shows; without the flags it makes its own certificate, which nobody knows.
    fn shown(&self) -> Loaded<KeyPair> {
        match load_pair(self.cluster, &self.serving_pair()) {
            Loaded::Nothing => Loaded::Unknown,
            loaded => loaded,
        }
    }

    fn server_side(&self) -> ServerSide {
        let auth = match load_pool(self.cluster, &self.client_ca(), Loader::Apiserver) {
            // no client CA: certificates are not an authentication method
            Loaded::Nothing => Demand::AtHttp { pool: Loaded::Ready(Pool::default()), names: Vec::new() },
            pool => Demand::AtHttp { pool, names: Vec::new() },
        };
        ServerSide { pair: self.shown(), not_asked: false, auth, allowed: AllowedNames::default(), address: None }
    }
}

/// The API server that answers `host`: a given node that advertises it, else this node's own.
fn who_answers<'c>(cluster: &'c Cluster, own: &Apiserver<'c>, host: &str) -> Apiserver<'c> {
    let others = (0..cluster.nodes.len()).filter(|other| *other != own.node && !own.advertises(host));
    let other = others.filter_map(|other| Apiserver::on(cluster, other)).find(|other| other.advertises(host));
    other.unwrap_or(Apiserver { cluster, node: own.node, running: own.running })
}

/// `X.conf->kube-apiserver`.
fn kubeconfig_link(
    cluster: &Cluster,
    verifier: &Verifier<'_>,
    own: &Apiserver<'_>,
    name: &str,
    expected: bool,
) -> Option<Link> {
    let here = &cluster.nodes[own.node];
    let mut link = Link::new(format!("{name}->kube-apiserver"), own.node);
    let Some(file) = here.kubeconfig(name) else {
        return missing_kubeconfig(cluster, own, name, expected, link);
    };
    link.server_pair = Some(own.serving_pair());
    link.server_trust = Some(own.client_ca());
    let parsed = match &file.parsed {
        Ok(parsed) => parsed,
        Err(KubeconfigProblem::Unreadable(_)) => {
            link.unknown.push(format!("{name}, which this process may not read"));
            return Some(link);
        }
        Err(KubeconfigProblem::Unusable(_)) => return Some(unusable(link, own.node, file)),
    };
    if let Some(name) = parsed.duplicate_names().first() {
        let text = format!("error loading config file \"{}\": duplicate name \"{}\" in list", file.path, name.it);
        link.other = Some(refused_to_load(&text, OtherKind::SaidTwice));
        return Some(link);
    }
    // one bad field anywhere and client-go takes nothing from the file
    if let Some(offset) = parsed.bad_base64().filter(|_| !damaged_in_use(parsed)) {
        let text = format!("error loading config file \"{}\": illegal base64 data at input byte {offset}", file.path);
        link.faults.push((
            Side::Client,
            LoadFault { text, guilty: whole(own.node, file), pair: None, kind: FaultKind::Base64(offset) },
        ));
        return Some(link);
    }
    let Ok(current) = parsed.current() else { return Some(leads_nowhere(link)) };
    let Ok(user) = current.user else { return Some(leads_nowhere(link)) };
    let pair = PairReference {
        certificate: Reference::kubeconfig(own.node, file, &user.client_certificate, Part::Certificate),
        key: Reference::kubeconfig(own.node, file, &user.client_key, Part::Key),
    };
    // client-go looks for a key only where there is a certificate
    if pair.certificate.is_unset() {
        let otherwise = user.has_token || user.has_exec_or_auth_provider || user.username.is_some();
        return if otherwise { None } else { Some(no_credentials(link, &current)) };
    }
    // the kubelet rotates its certificate in a directory of its own, which no copy of the PKI holds
    if here.is_copy && [&pair.certificate, &pair.key].into_iter().any(|half| is_unobserved(cluster, half)) {
        return None;
    }
    link.client_pair = Some(pair.clone());
    Some(dial(cluster, verifier, own, link, file, &current, &pair))
}

fn is_unobserved(cluster: &Cluster, reference: &Reference) -> bool {
    reference.file(cluster).is_some_and(|file| matches!(file.state, State::Unobserved))
}

/// The rest of a kubeconfig's link, once it is known what it shows.
fn dial(
    cluster: &Cluster,
    verifier: &Verifier<'_>,
    own: &Apiserver<'_>,
    mut link: Link,
    file: &KubeconfigFile,
    current: &Current<'_>,
    pair: &PairReference,
) -> Link {
    let Ok(target) = current.cluster else { return leads_nowhere(link) };
    let twice = said_twice(current).map(|text| (text, OtherKind::SaidTwice));
    if let Some((text, kind)) = twice.or_else(|| Some((no_server(target)?, OtherKind::NoServer))) {
        link.other = Some(refused_to_load(&text, kind));
        return link;
    }
    let url = target.server.as_ref().and_then(|server| url::parse(&server.it).ok());
    let host = target
        .tls_server_name
        .as_ref()
        .map(|name| name.it.clone())
        .or_else(|| url.as_ref().map(|url| url.host.clone()));
    let trust = Reference::kubeconfig(own.node, file, &target.ca, Part::Ca);
    // client-go dials the scheme's own port where the URL names none
    link.dials = url.clone().map(|url| {
        let default = if url.scheme == "http" { 80 } else { 443 };
        url.or_port(default)
    });
    let server = who_answers(cluster, own, url.as_ref().map_or("", |url| url.host.as_str()));
    link.server_node = Some(server.node);
    link.server_pair = Some(server.serving_pair());
    link.server_trust = Some(server.client_ca());
    link.client_trust = Some(trust.clone());
    if url.as_ref().is_some_and(|url| url.scheme == "http") {
        link.name = host;
        link.other = Some(OtherRefusal {
            by: RefusedBy::Server,
            at: At::Tls,
            client_error: Some("EOF".to_owned()),
            server_error: Some("tls: first record does not look like a TLS handshake".to_owned()),
            kind: OtherKind::PlainToTls,
        });
        return link;
    }
    let trusting = if target.insecure_skip_tls_verify {
        if !matches!(target.ca.source, Source::Absent) {
            link.name = host;
            link.other = Some(refused_to_load(
                "specifying a root certificates file with the insecure flag is not allowed",
                OtherKind::InsecureWithCa,
            ));
            return link;
        }
        Trusting::Anybody
    } else {
        Trusting::Pool(load_pool(cluster, &trust, Loader::Kubeconfig))
    };
    let client = ClientSide {
        pair: load_pair(cluster, pair),
        trust: trusting,
        name: host.map_or(Wanted::Unknown, Wanted::Name),
        allowed: AllowedNames::default(),
    };
    finish(link, cluster, verifier, client, &server.server_side())
}

fn refused_to_load(text: &str, kind: OtherKind) -> OtherRefusal {
    OtherRefusal { by: RefusedBy::Load, at: At::Load, client_error: Some(text.to_owned()), server_error: None, kind }
}

/// A current context that names no cluster or user.
fn leads_nowhere(mut link: Link) -> Link {
    link.other = Some(refused_to_load("the current context leads to no cluster or user", OtherKind::NoCredentials));
    link
}

/// A user without any credentials is anonymous to the API server.
fn no_credentials(mut link: Link, current: &Current<'_>) -> Link {
    let target = current.cluster.as_ref().ok();
    let url = target.and_then(|target| target.server.as_ref()).and_then(|server| url::parse(&server.it).ok());
    link.name = url.map(|url| url.host);
    link.other = Some(OtherRefusal {
        by: RefusedBy::Server,
        at: At::Http,
        client_error: Some("Unauthorized".to_owned()),
        server_error: None,
        kind: OtherKind::NoCredentials,
    });
    link
}

/// Whether a field that the current context leads to is no base64.
fn damaged_in_use(parsed: &Kubeconfig) -> bool {
    let Ok(current) = parsed.current() else { return false };
    let client = current.user.iter().flat_map(|user| [&user.client_certificate, &user.client_key]);
    let mut fields = client.chain(current.cluster.iter().map(|cluster| &cluster.ca));
    fields.any(|field| matches!(field.source, Source::BadBase64 { .. }))
}

/// client-go `clientcmd/validation.go`: data and a path for the same thing.
fn said_twice(current: &Current<'_>) -> Option<String> {
    let (Ok(cluster), Ok(user)) = (&current.cluster, &current.user) else { return None };
    let (cluster_name, user_name) = (&cluster.name.it, &user.name.it);
    if cluster.ca.also_path.is_some() {
        return Some(format!(
            "certificate-authority-data and certificate-authority are both specified for {cluster_name}. certificate-authority-data will override"
        ));
    }
    if user.client_certificate.also_path.is_some() {
        return Some(format!(
            "client-cert-data and client-cert are both specified for {user_name}. client-cert-data will override."
        ));
    }
    user.client_key.also_path.as_ref().map(|_| {
        format!("client-key-data and client-key are both specified for {user_name}; client-key-data will override")
    })
}

/// A cluster entry that client-go cannot dial.
fn no_server(target: &kubeconfig::Cluster) -> Option<String> {
    match &target.server {
        Some(server) => {
            url::parse(&server.it).err().map(|_| format!("host must be a URL or a host:port pair: \"{}\"", server.it))
        }
        None => Some(format!("no server found for cluster \"{}\"", target.name.it)),
    }
}

/// The kubeconfig itself.
fn whole(node: usize, file: &KubeconfigFile) -> Reference {
    Reference {
        node,
        place: Place::Path { shown: file.path.clone(), path: file.path.clone() },
        origin: Origin::Layout,
        reader: None,
    }
}

/// A kubeconfig that is no YAML: what client-go says about it varies, so the words are ours.
fn unusable(mut link: Link, node: usize, file: &KubeconfigFile) -> Link {
    let text = format!("error loading config file \"{}\"", file.path);
    let fault = LoadFault { text, guilty: whole(node, file), pair: None, kind: FaultKind::Configuration };
    link.faults.push((Side::Client, fault));
    link
}

/// A kubeconfig that is not there: ill only where a manifest or the layout of a node with manifests expects it.
fn missing_kubeconfig(
    cluster: &Cluster,
    own: &Apiserver<'_>,
    name: &str,
    expected: bool,
    mut link: Link,
) -> Option<Link> {
    let here = &cluster.nodes[own.node];
    if !expected || !here.has_manifests {
        return None;
    }
    let path = format!("{}/{name}", here.pki.rsplit_once('/').map_or("", |(parent, _)| parent));
    let state = here.file(&path).map(|file| &file.state);
    if matches!(state, None | Some(State::Unobserved)) {
        return None;
    }
    let component = match name {
        "controller-manager.conf" => Some(Component::KubeControllerManager),
        "scheduler.conf" => Some(Component::KubeScheduler),
        _ => None,
    };
    let named = component
        .and_then(|component| here.running(component))
        .map(|running| Reference::flag(own.node, &running, "kubeconfig"));
    if component.is_some() && named.is_none() {
        return None;
    }
    let guilty = named.filter(|reference| reference.path() == Some(path.as_str())).unwrap_or(Reference {
        node: own.node,
        place: Place::Path { shown: path.clone(), path: path.clone() },
        origin: Origin::Layout,
        reader: None,
    });
    let text = format!("open {path}: no such file or directory");
    link.faults.push((Side::Client, LoadFault { text, guilty, pair: None, kind: FaultKind::Missing }));
    link.server_pair = Some(own.serving_pair());
    link.server_trust = Some(own.client_ca());
    Some(link)
}

/// `pod->kube-apiserver`: the service address and `kubernetes.default.svc`, with the CA that pods get.
fn pod_links(cluster: &Cluster, verifier: &Verifier<'_>, own: &Apiserver<'_>) -> Vec<Link> {
    let here = &cluster.nodes[own.node];
    let manager = here.running(Component::KubeControllerManager);
    let (trust, loader) = match &manager {
        Some(running) if running.flags.value("root-ca-file").is_some_and(|value| !value.is_empty()) => {
            // the controller-manager parses it before it hands it to pods, and stops when it cannot
            (Reference::flag(own.node, running, "root-ca-file"), Loader::Apiserver)
        }
        _ => (own.file("client-ca-file", "ca.crt"), Loader::Apiserver),
    };
    let address = match &own.running {
        Some(running) => match first_service_address(&running.flags.list("service-cluster-ip-range")) {
            Some(address) => Wanted::Name(address),
            None => Wanted::Unknown,
        },
        None => Wanted::Unknown,
    };
    let names = [address, Wanted::Name("kubernetes.default.svc".to_owned())];
    names
        .into_iter()
        .map(|name| {
            let mut link = Link::new("pod->kube-apiserver", own.node);
            link.dials = own.secure_port();
            link.client_trust = Some(trust.clone());
            link.server_pair = Some(own.serving_pair());
            let client = ClientSide {
                pair: Loaded::Nothing,
                trust: Trusting::Pool(load_pool(cluster, &trust, loader)),
                name,
                allowed: AllowedNames::default(),
            };
            let server = ServerSide { auth: Demand::Nothing, ..own.server_side() };
            finish(link, cluster, verifier, client, &server)
        })
        .collect()
}

/// The first address of the first service range (`controlplane.ServiceIPRange`); its default is 10.0.0.0/24.
fn first_service_address(ranges: &[String]) -> Option<String> {
    let range = ranges.first().map_or("10.0.0.0/24", String::as_str);
    let (address, length) = range.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    match address.parse().ok()? {
        IpAddr::V4(four) => {
            let mask = u32::MAX.checked_shl(32 - length.min(32)).unwrap_or(0);
            Some(Ipv4Addr::from((u32::from(four) & mask).wrapping_add(1)).to_string())
        }
        IpAddr::V6(six) => {
            let mask = u128::MAX.checked_shl(128 - length.min(128)).unwrap_or(0);
            Some(Ipv6Addr::from((u128::from(six) & mask).wrapping_add(1)).to_string())
        }
    }
}

/// `kube-apiserver->kubelet`: only what the API server shows is known offline.
fn kubelet_link(cluster: &Cluster, verifier: &Verifier<'_>, own: &Apiserver<'_>) -> Option<Link> {
    let pair = own.pair("kubelet-client-certificate", "kubelet-client-key", "apiserver-kubelet-client");
    if pair.is_unset() {
        return None;
    }
    let here = &cluster.nodes[own.node];
    let configured = here.kubelet.as_ref().and_then(|kubelet| {
        let parsed = kubelet.parsed.as_ref().ok()?;
        let flag = kubelet.flags.get("client-ca-file").map(|flag| (flag.value.clone(), None, kubelet.path.clone()));
        flag.or_else(|| {
            parsed.client_ca_file.as_ref().map(|placed| (placed.it.clone(), placed.line, kubelet.path.clone()))
        })
    });
    let trust = match configured {
        Some((path, line, manifest)) => Reference {
            node: own.node,
            place: Place::Path { shown: path.clone(), path },
            origin: Origin::Flag { manifest, flag: "client-ca-file".to_owned(), line },
            reader: None,
        },
        None => Reference::layout(cluster, own.node, "ca.crt"),
    };
    let pool = load_pool(cluster, &trust, Loader::Apiserver);
    let mut link = half_known(cluster, verifier, own, "kube-apiserver->kubelet", pair, trust, (pool, Vec::new()));
    // the node's own kubelet, on the port that kubeadm leaves at its default
    link.dials = own.secure_port().map(|endpoint| Endpoint { port: Some(10250), ..endpoint });
    Some(link)
}

/// `front-proxy-client->extension-apiserver`.
fn front_proxy_link(cluster: &Cluster, verifier: &Verifier<'_>, own: &Apiserver<'_>) -> Option<Link> {
    let pair = own.pair("proxy-client-cert-file", "proxy-client-key-file", "front-proxy-client");
    let trust = own.file("requestheader-client-ca-file", "front-proxy-ca.crt");
    if pair.is_unset() || trust.is_unset() {
        return None;
    }
    let names = own.running.map(|running| running.flags.list_raw("requestheader-allowed-names")).unwrap_or_default();
    let pool = load_pool(cluster, &trust, Loader::Apiserver);
    Some(half_known(cluster, verifier, own, "front-proxy-client->extension-apiserver", pair, trust, (pool, names)))
}

/// A link of which only the client's half and the server's trust are known, by design.
fn half_known(
    cluster: &Cluster,
    verifier: &Verifier<'_>,
    own: &Apiserver<'_>,
    id: &str,
    pair: PairReference,
    trust: Reference,
    (pool, names): (Loaded<Pool>, Vec<String>),
) -> Link {
    let mut link = Link::new(id, own.node);
    let client = ClientSide {
        pair: load_pair(cluster, &pair),
        trust: Trusting::NotAsked,
        name: Wanted::NoName,
        allowed: AllowedNames::default(),
    };
    let server = ServerSide {
        pair: Loaded::Unknown,
        not_asked: true,
        auth: Demand::AtHttp { pool, names },
        allowed: AllowedNames::default(),
        address: None,
    };
    link.client_pair = Some(pair);
    link.server_trust = Some(trust);
    finish(link, cluster, verifier, client, &server)
}
