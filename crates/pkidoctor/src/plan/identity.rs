//! Who this node is: its name, its addresses and its release, from its own manifests and kubelet.conf.
//!
//! A certificate is never asked: the one in place may have been copied from another node.

use std::net::IpAddr;

use crate::cluster::manifest::Component;
use crate::cluster::release;
use crate::cluster::url::{self, is_loopback};
use crate::cluster::{Cluster, Node, Running};

/// Who a node is.
#[derive(Clone, Default, Debug)]
pub struct Identity {
    /// kubeadm's node name: etcd's `--name`, else the kubelet's.
    pub name: Option<String>,
    /// The kubelet's node name, else etcd's.
    pub kubelet_name: Option<String>,
    /// Hosts of etcd's client URLs that are not loopback, advertised ones first.
    pub etcd: Vec<String>,
    /// Likewise of its peer URLs.
    pub peer: Vec<String>,
    /// kube-apiserver's `--advertise-address`.
    pub apiserver: Vec<String>,
    /// Whether every client URL of etcd is of loopback: then nobody else dials it.
    pub etcd_is_local: bool,
    /// Likewise of its peer URLs: a member that is alone.
    pub peer_is_local: bool,
    /// The release of Kubernetes by the tag of an image.
    pub release: Option<(u16, u16, u16)>,
}

impl Identity {
    /// Reads it off a node; a name that the user gives wins.
    pub fn of(cluster: &Cluster, node: usize, given: Option<&str>) -> Self {
        let here = &cluster.nodes[node];
        let etcd = here.running(Component::Etcd);
        let member = etcd.as_ref().and_then(member_name);
        let kubelet = here.kubelet_name();
        let pick = |first: &Option<String>, second: &Option<String>| {
            given.map(str::to_owned).or_else(|| first.clone()).or_else(|| second.clone())
        };
        Self {
            name: pick(&member, &kubelet),
            kubelet_name: pick(&kubelet, &member),
            etcd: etcd.as_ref().map(|etcd| distinct(hosts(etcd, &CLIENT_URLS))).unwrap_or_default(),
            peer: etcd.as_ref().map(peer_hosts).unwrap_or_default(),
            apiserver: apiserver_addresses(here),
            etcd_is_local: etcd.as_ref().is_some_and(|etcd| is_local(etcd, &CLIENT_URLS)),
            peer_is_local: etcd.as_ref().is_some_and(|etcd| is_local(etcd, &PEER_URLS)),
            release: release(here),
        }
    }

    /// Every name and address by which it can be told from other nodes.
    pub fn marks(&self) -> impl Iterator<Item = &str> {
        let names = [&self.name, &self.kubelet_name].into_iter().flatten();
        let hosts = self.etcd.iter().chain(&self.peer).chain(&self.apiserver);
        names.chain(hosts).map(String::as_str)
    }
}

/// etcd's `--name`; `default` is what it is called when nobody named it.
fn member_name(etcd: &Running<'_>) -> Option<String> {
    etcd.flags.value("name").filter(|name| !name.is_empty() && *name != "default").map(str::to_owned)
}

const CLIENT_URLS: [&str; 2] = ["advertise-client-urls", "listen-client-urls"];
const PEER_URLS: [&str; 2] = ["initial-advertise-peer-urls", "listen-peer-urls"];

/// The hosts of URL flags.
fn hosts<'a>(running: &'a Running<'_>, flags: &'a [&str]) -> impl Iterator<Item = String> + use<'a> {
    let listed = flags.iter().flat_map(|flag| running.flags.list(flag));
    listed.filter_map(|text| Some(url::parse(&text).ok()?.host))
}

/// Whether there are URLs, and all of them are of loopback.
fn is_local(etcd: &Running<'_>, flags: &[&str]) -> bool {
    let mut hosts = hosts(etcd, flags).peekable();
    hosts.peek().is_some() && hosts.all(|host| is_loopback(&host))
}

/// Of `--initial-cluster` only the entry with our own name.
fn peer_hosts(etcd: &Running<'_>) -> Vec<String> {
    let mut all: Vec<String> = hosts(etcd, &PEER_URLS).collect();
    if let (Some(name), Some(text)) = (member_name(etcd), etcd.flags.value("initial-cluster")) {
        let own = url::parse_initial_cluster(text).into_iter().filter(|(member, _)| *member == name);
        all.extend(own.filter_map(|(_, url)| Some(url.ok()?.host)));
    }
    distinct(all.into_iter())
}

fn apiserver_addresses(node: &Node) -> Vec<String> {
    let Some(running) = node.running(Component::KubeApiserver) else { return Vec::new() };
    let flags = ["advertise-address", "bind-address"];
    distinct(flags.into_iter().filter_map(|flag| running.flags.value(flag).map(str::to_owned)))
}

/// Without loopback, wildcards and repetitions.
fn distinct(hosts: impl Iterator<Item = String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for host in hosts {
        let is_any = host.parse::<IpAddr>().is_ok_and(|address| address.is_unspecified());
        if !host.is_empty() && !is_any && !is_loopback(&host) && !all.contains(&host) {
            all.push(host);
        }
    }
    all
}

/// By the tag of kube-apiserver's image, else of another component of the same release.
fn release(node: &Node) -> Option<(u16, u16, u16)> {
    let components = [Component::KubeApiserver, Component::KubeControllerManager, Component::KubeScheduler];
    components.into_iter().find_map(|component| release::kubernetes_version(&node.running(component)?))
}
