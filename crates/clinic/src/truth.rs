//! The ground truth beside a cluster: every link and exactly which files it uses, taken from what the cluster was
//! built from and never from its manifests.

use crate::cluster::{Cluster, Node};
use crate::config::{Etcd, EtcdTls, KUBERNETES, Kubeconfig, Source, Url, pki};
use crate::render::{Entry, Rendered};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::IpAddr;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// `links.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Document {
    /// the instant of examination
    pub at: String,
    /// the PKI directory of every node, relative to this file
    pub nodes: Vec<String>,
    /// what was done to the cluster
    pub wounds: Vec<WoundRecord>,
    /// every link that exists
    pub links: Vec<Link>,
}

/// A wound as recorded.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct WoundRecord {
    /// its name
    pub name: String,
    /// the failure it stands for
    pub slug: String,
}

/// A file, a piece of inline data, or something that is not in this tree.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
pub struct Material {
    /// the path as the component knows it
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path: Option<String>,
    /// the same, relative to the document
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub file: Option<String>,
    /// inline base64 as written
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub base64: Option<String>,
}

/// The side that dials.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Client {
    /// how files are loaded: `etcd`, `apiserver` or `kubeconfig`
    pub loader: String,
    /// speaks plain text
    pub plain: bool,
    /// whom it believes: `pool` (its CA), `system` (nobody of this PKI) or `none` (does not look)
    pub trust: String,
    /// its certificate
    pub cert: Option<Material>,
    /// its key
    pub key: Option<Material>,
    /// its CA
    pub ca: Option<Material>,
    /// the kubeconfig's path and its user, for the words of its loader
    pub conf: Option<String>,
    /// the kubeconfig's user
    pub user: Option<String>,
    /// `insecure-skip-tls-verify` was asked for
    pub insecure: bool,
    /// common names it accepts on the other side
    pub allowed_cn: Vec<String>,
    /// host names it accepts on the other side
    pub allowed_hostname: Vec<String>,
}

/// The side that answers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Server {
    /// whether it belongs to this tree
    pub known: bool,
    /// `etcd` or `apiserver`
    pub loader: String,
    /// speaks plain text
    pub plain: bool,
    /// its certificate; absent where only the client is judged
    pub cert: Option<Material>,
    /// its key
    pub key: Option<Material>,
    /// what it does with client certificates: `require`, `request` or `none`
    pub policy: String,
    /// whom it believes; absent means the system's roots
    pub ca: Option<Material>,
    /// common names it accepts
    pub allowed_cn: Vec<String>,
    /// host names it accepts
    pub allowed_hostname: Vec<String>,
    /// common names of request-header clients; absent means any
    pub requestheader_names: Option<Vec<String>>,
}

/// The signers and verifiers of service-account tokens.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Tokens {
    /// private keys
    pub signers: Vec<Material>,
    /// public keys, or private ones whose public half counts
    pub verifiers: Vec<Material>,
}

/// One link.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Link {
    /// the index of the node that dials
    pub node: usize,
    /// its identity
    pub id: String,
    /// what the client calls the server
    pub name: Option<String>,
    /// the client
    pub client: Client,
    /// the server
    pub server: Server,
    /// the client's address, when etcd's peer port compares it
    pub address: Option<String>,
    /// instead of client and server: tokens
    pub tokens: Option<Tokens>,
    /// whether only the verdict can be compared
    pub verdict_only: bool,
}

impl Link {
    /// Whether it uses a file that is not in this tree.
    fn needs_elsewhere(&self) -> bool {
        let (client, server) = (&self.client, &self.server);
        [&client.cert, &client.key, &client.ca, &server.cert, &server.key, &server.ca]
            .into_iter()
            .flatten()
            .any(|material| material.base64.is_none() && material.file.is_none())
    }
}

/// Seconds since 1970 as RFC 3339.
pub fn rfc3339(seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(seconds)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .format(&Rfc3339)
        .unwrap_or_default()
}

/// The document for `cluster`.
pub fn document(cluster: &Cluster, rendered: &Rendered) -> Document {
    let view = |index| View { cluster, rendered, index, node: &cluster.nodes[index] };
    let links = (0..cluster.nodes.len()).flat_map(|index| view(index).links()).collect();
    Document {
        at: rfc3339(cluster.at),
        nodes: (0..cluster.nodes.len()).map(|index| format!("{}pki", cluster.prefix(index))).collect(),
        wounds: cluster
            .wounds
            .iter()
            .map(|wound| WoundRecord { name: wound.name.to_owned(), slug: wound.slug.to_owned() })
            .collect(),
        links,
    }
}

struct View<'a> {
    cluster: &'a Cluster,
    rendered: &'a Rendered,
    index: usize,
    node: &'a Node,
}

impl View<'_> {
    fn links(&self) -> Vec<Link> {
        let mut links = self.apiserver_to_etcd();
        links.extend(self.kubeadm_to_etcd());
        links.extend(self.gateway());
        links.extend(self.peers());
        for (name, conf) in &self.node.kubeconfigs {
            links.extend(self.kubeconfig(name, conf));
        }
        links.extend(self.pods());
        links.push(self.kubelet());
        links.push(self.front_proxy());
        links.push(self.tokens());
        for link in &mut links {
            link.verdict_only |= link.needs_elsewhere();
        }
        links
    }

    fn at_path(&self, path: &str) -> Material {
        let relative = path.strip_prefix(&format!("{KUBERNETES}/"));
        Material {
            path: Some(path.to_owned()),
            file: relative.map(|relative| format!("{}{relative}", self.cluster.prefix(self.index))),
            base64: None,
        }
    }

    fn optional(&self, path: Option<&String>) -> Option<Material> {
        path.map(|path| self.at_path(path))
    }

    /// What etcd's container sees at a path: nothing outside its mount.
    fn in_etcd(&self, path: Option<&String>) -> Option<Material> {
        let narrow = self.node.etcd.as_ref().is_some_and(|etcd| etcd.narrow_mount);
        let hidden = |path: &String| narrow && !path.starts_with(&pki("etcd/"));
        let mut material = self.optional(path)?;
        if path.is_some_and(hidden) {
            material.file = Some("not-mounted".to_owned());
        }
        Some(material)
    }

    fn link(&self, id: &str, name: Option<&str>) -> Link {
        Link { node: self.index, id: id.to_owned(), name: name.map(str::to_owned), ..Link::default() }
    }

    /// The node that answers for `host` on etcd's client port: one that lists it, this one first; else this one.
    fn etcd_for(&self, host: &str) -> Option<(usize, &Etcd)> {
        let lists = |index: &usize| {
            self.cluster.nodes[*index].etcd.as_ref().is_some_and(|etcd| {
                let urls = [&etcd.listen_client, &etcd.advertise_client, &etcd.advertise_peer, &etcd.listen_peer];
                urls.into_iter().flatten().any(|url| same_host(&url.host, host))
            })
        };
        let own_first = std::iter::once(self.index).chain(0..self.cluster.nodes.len());
        let index = own_first.into_iter().find(lists).unwrap_or(self.index);
        let etcd = self.cluster.nodes[index].etcd.as_ref()?;
        Some((index, etcd))
    }

    fn other(&self, index: usize) -> View<'_> {
        View { cluster: self.cluster, rendered: self.rendered, index, node: &self.cluster.nodes[index] }
    }

    fn etcd_server(&self, host: &str) -> Server {
        let Some((index, etcd)) = self.etcd_for(host) else {
            return Server::default();
        };
        Server { plain: listens_plain(&etcd.listen_client, host), ..self.other(index).etcd_side(&etcd.client) }
    }

    fn etcd_side(&self, tls: &EtcdTls) -> Server {
        Server {
            known: true,
            loader: "etcd".to_owned(),
            plain: false,
            cert: self.in_etcd(tls.cert.as_ref()),
            key: self.in_etcd(tls.key.as_ref()),
            policy: if tls.requires_client() { "require" } else { "none" }.to_owned(),
            ca: self.in_etcd(tls.trusted_ca.as_ref()),
            allowed_cn: tls.allowed_cn.clone(),
            allowed_hostname: tls.allowed_hostname.clone(),
            requestheader_names: None,
        }
    }

    fn towards_etcd(&self, id: &str, url: &Url, client: &Client) -> Option<Link> {
        let mut link = self.link(id, Some(&url.host));
        link.server = self.etcd_server(&url.host);
        link.client = client.clone();
        link.client.plain = !url.tls;
        if link.server.known && link.client.plain && link.server.plain {
            return None;
        }
        link.verdict_only = link.client.plain || link.server.plain || !link.server.known;
        Some(link)
    }

    fn apiserver_to_etcd(&self) -> Vec<Link> {
        let api = &self.node.apiserver;
        let client = Client {
            loader: "etcd".to_owned(),
            trust: if api.etcd_ca.is_some() { "pool" } else { "system" }.to_owned(),
            cert: self.optional(api.etcd_cert.as_ref()),
            key: self.optional(api.etcd_key.as_ref()),
            ca: self.optional(api.etcd_ca.as_ref()),
            ..Client::default()
        };
        distinct(&api.etcd_servers)
            .into_iter()
            .filter_map(|url| self.towards_etcd("kube-apiserver->etcd", url, &client))
            .collect()
    }

    fn kubeadm_to_etcd(&self) -> Vec<Link> {
        if self.node.etcd.is_none() {
            return Vec::new();
        }
        let client = Client {
            loader: "etcd".to_owned(),
            trust: "pool".to_owned(),
            cert: Some(self.at_path(&pki("etcd/healthcheck-client.crt"))),
            key: Some(self.at_path(&pki("etcd/healthcheck-client.key"))),
            ca: Some(self.at_path(&pki("etcd/ca.crt"))),
            ..Client::default()
        };
        let members = self.cluster.nodes.iter().filter_map(|node| node.etcd.as_ref());
        let urls: Vec<Url> = members.flat_map(|etcd| etcd.advertise_client.clone()).collect();
        distinct(&urls).into_iter().filter_map(|url| self.towards_etcd("kubeadm->etcd", url, &client)).collect()
    }

    /// etcd dials itself with its own server configuration, unverified: but the allowed-name check, which wants a
    /// verified chain, runs all the same.
    fn gateway(&self) -> Option<Link> {
        let etcd = self.node.etcd.as_ref()?;
        let tls = &etcd.client;
        let secure = etcd.listen_client.iter().any(|url| url.tls);
        if !tls.requires_client() || !secure {
            return None;
        }
        let pair = tls.client_pair.clone();
        let (cert, key) = match pair {
            Some((cert, key)) => (Some(cert), Some(key)),
            None => (tls.cert.clone(), tls.key.clone()),
        };
        let mut link = self.link("etcd-gateway->etcd", None);
        link.server = self.etcd_side(tls);
        link.client = Client {
            loader: "etcd".to_owned(),
            trust: "none".to_owned(),
            cert: self.in_etcd(cert.as_ref()),
            key: self.in_etcd(key.as_ref()),
            allowed_cn: tls.allowed_cn.clone(),
            allowed_hostname: tls.allowed_hostname.clone(),
            ..Client::default()
        };
        Some(link)
    }

    fn peers(&self) -> Vec<Link> {
        let count = self.cluster.nodes.len();
        let others: Vec<usize> = match count {
            1 => vec![0],
            _ => (0..count).filter(|index| *index != self.index).collect(),
        };
        others.into_iter().flat_map(|index| self.peer(index)).collect()
    }

    fn peer(&self, index: usize) -> Vec<Link> {
        let (Some(dialer), Some(listener)) = (&self.node.etcd, &self.cluster.nodes[index].etcd) else {
            return Vec::new();
        };
        let id = if index == self.index {
            "etcd-peer->etcd-peer".to_owned()
        } else {
            format!("etcd-peer:{}->etcd-peer:{}", dialer.name, listener.name)
        };
        let client = Client {
            loader: "etcd".to_owned(),
            trust: if dialer.peer.trusted_ca.is_some() { "pool" } else { "system" }.to_owned(),
            cert: self.in_etcd(dialer.peer.cert.as_ref()),
            key: self.in_etcd(dialer.peer.key.as_ref()),
            ca: self.in_etcd(dialer.peer.trusted_ca.as_ref()),
            allowed_cn: dialer.peer.allowed_cn.clone(),
            allowed_hostname: dialer.peer.allowed_hostname.clone(),
            ..Client::default()
        };
        let own_address = dialer.advertise_peer.iter().find_map(|url| url.host.parse::<IpAddr>().ok());
        let mut links = Vec::new();
        for url in distinct(&listener.advertise_peer) {
            let mut link = self.link(&id, Some(&url.host));
            link.server = self.other(index).etcd_side(&listener.peer);
            link.server.plain = listens_plain(&listener.listen_peer, &url.host);
            link.client = client.clone();
            link.client.plain = !url.tls;
            link.verdict_only = link.client.plain || link.server.plain;
            if !listener.skip_san {
                link.address = own_address.map(|address| address.to_string());
            }
            if !(link.client.plain && link.server.plain) {
                links.push(link);
            }
        }
        links
    }

    fn apiserver_server(&self) -> Server {
        let api = &self.node.apiserver;
        Server {
            known: true,
            loader: "apiserver".to_owned(),
            cert: Some(self.at_path(&api.cert)),
            key: Some(self.at_path(&api.key)),
            policy: "request".to_owned(),
            ca: Some(self.at_path(&api.client_ca)),
            ..Server::default()
        }
    }

    fn kubeconfig(&self, name: &str, conf: &Kubeconfig) -> Option<Link> {
        let file = format!("{}{name}", self.cluster.prefix(self.index));
        let there = matches!(self.rendered.entries.get(&file), Some(Entry::File(..)));
        // the kubelet's own files are not in a copy, and tokens are no certificates
        let of_kubelet =
            |source: &Source| matches!(source, Source::Path(path) if path.starts_with("/var/lib/kubelet/"));
        if !there || conf.token.is_some() || of_kubelet(&conf.cert) {
            return None;
        }
        let fields = self.rendered.fields.get(&(self.index, name.to_owned()))?;
        let called = conf.tls_server_name.as_ref().unwrap_or(&conf.server.host);
        let mut link = self.link(&format!("{name}->kube-apiserver"), Some(called));
        let ca = self.field(&conf.ca, fields.ca.as_ref());
        let trust = match (conf.insecure, ca.is_some()) {
            (true, _) => "none",
            (false, true) => "pool",
            (false, false) => "system",
        };
        link.client = Client {
            loader: "kubeconfig".to_owned(),
            plain: !conf.server.tls,
            trust: trust.to_owned(),
            cert: self.field(&conf.cert, fields.cert.as_ref()),
            key: self.field(&conf.key, fields.key.as_ref()),
            ca,
            conf: Some(format!("{KUBERNETES}/{name}")),
            user: Some(conf.user.clone()),
            insecure: conf.insecure,
            ..Client::default()
        };
        link.server = self.apiserver_server();
        // who shows no certificate is anonymous: what follows depends on more than the PKI
        link.verdict_only = link.client.plain || link.client.cert.is_none();
        Some(link)
    }

    fn field(&self, source: &Source, data: Option<&String>) -> Option<Material> {
        match source {
            Source::Absent => None,
            Source::Data(..) => data
                .filter(|data| !data.is_empty())
                .map(|data| Material { base64: Some(data.clone()), ..Material::default() }),
            Source::Path(path) if path.starts_with('/') => Some(self.at_path(path)),
            Source::Path(path) => Some(self.at_path(&format!("{KUBERNETES}/{path}"))),
        }
    }

    fn pods(&self) -> Vec<Link> {
        let manager = &self.node.controller_manager;
        let names = [self.node.apiserver.service_address.as_str(), "kubernetes.default.svc"];
        let link = |name| {
            let mut link = self.link("pod->kube-apiserver", Some(name));
            link.client = Client {
                loader: "apiserver".to_owned(),
                trust: "pool".to_owned(),
                ca: Some(self.at_path(&manager.root_ca)),
                ..Client::default()
            };
            link.server = Server { policy: "none".to_owned(), ca: None, ..self.apiserver_server() };
            link
        };
        names.map(link).into()
    }

    fn kubelet(&self) -> Link {
        let api = &self.node.apiserver;
        let mut link = self.link("kube-apiserver->kubelet", None);
        link.client = Client {
            loader: "apiserver".to_owned(),
            trust: "none".to_owned(),
            cert: Some(self.at_path(&api.kubelet_cert)),
            key: Some(self.at_path(&api.kubelet_key)),
            ..Client::default()
        };
        link.server = Server {
            known: true,
            loader: "apiserver".to_owned(),
            policy: "request".to_owned(),
            ca: Some(self.at_path(&pki("ca.crt"))),
            ..Server::default()
        };
        link
    }

    fn front_proxy(&self) -> Link {
        let api = &self.node.apiserver;
        let mut link = self.link("front-proxy-client->extension-apiserver", None);
        link.client = Client {
            loader: "apiserver".to_owned(),
            trust: "none".to_owned(),
            cert: Some(self.at_path(&api.proxy_cert)),
            key: Some(self.at_path(&api.proxy_key)),
            ..Client::default()
        };
        link.server = Server {
            known: true,
            loader: "apiserver".to_owned(),
            policy: "request".to_owned(),
            ca: Some(self.at_path(&api.requestheader_ca)),
            requestheader_names: api.allowed_names.clone(),
            ..Server::default()
        };
        link
    }

    fn tokens(&self) -> Link {
        let api = &self.node.apiserver;
        let manager = &self.node.controller_manager;
        let verifiers = if api.token_keys.is_empty() {
            vec![self.at_path(&api.key)]
        } else {
            api.token_keys.iter().map(|path| self.at_path(path)).collect()
        };
        let mut link = self.link("service-account-tokens", None);
        link.tokens = Some(Tokens {
            signers: vec![self.at_path(&manager.token_signer), self.at_path(&api.token_signer)],
            verifiers,
        });
        link.verdict_only = true;
        link
    }
}

/// URLs of distinct hosts, the first of each.
fn distinct(urls: &[Url]) -> Vec<&Url> {
    let mut seen = BTreeSet::new();
    urls.iter().filter(|url| seen.insert(url.host.clone())).collect()
}

fn same_host(left: &str, right: &str) -> bool {
    match (left.parse::<IpAddr>(), right.parse::<IpAddr>()) {
        (Ok(left), Ok(right)) => left == right,
        _ => left == right,
    }
}

/// Whether `host` is listened to without TLS: its own URL decides, else whether any is plain.
fn listens_plain(urls: &[Url], host: &str) -> bool {
    match urls.iter().find(|url| same_host(&url.host, host)) {
        Some(url) => !url.tls,
        None => !urls.is_empty() && urls.iter().all(|url| !url.tls),
    }
}
