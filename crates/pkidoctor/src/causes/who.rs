//! Who is at the other end: addresses in logs, led back to the components that dial from them.

use crate::cluster::url::{is_loopback, parse_initial_cluster, same_host};
use crate::exam::Exam;
use crate::links::Link;
use crate::links::etcd::Etcd;
use crate::logs::{Event, Fact, Journal, Port, SourceId, Told, Urls, Writer};
use crate::plan::Identity;

/// Who is at the other end of a connection.
#[derive(Clone, Default, Debug)]
pub(super) struct Who {
    /// In words, where anything is known.
    pub(super) words: Option<String>,
    /// What is known of it.
    pub(super) place: Place,
}

/// Where the other end is.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) enum Place {
    /// The line names nobody, or nothing is known of the address.
    #[default]
    Unknown,
    /// The machine that wrote the line, under this address.
    Own(String),
    /// Another given node.
    Node(usize),
    /// A member of etcd's cluster that was not given.
    Member,
    /// No file knows the address.
    Foreign,
}

/// The addresses that files and logs know.
pub(super) struct Directory<'e> {
    exam: Option<&'e Exam<'e>>,
    /// Hosts of each given node.
    hosts: Vec<Vec<String>>,
    /// Members by the hosts of their peer URLs.
    members: Vec<(String, String)>,
    /// Hosts that a program called its own in its log.
    said: Vec<String>,
    /// The node that each log comes from, by the name or the addresses that it tells.
    homes: Vec<Option<usize>>,
}

impl<'e> Directory<'e> {
    /// What files and logs tell of addresses.
    pub(super) fn new(exam: Option<&'e Exam<'e>>, journal: &Journal) -> Self {
        let nodes = exam.map_or(0, |exam| exam.cluster.nodes.len());
        let mut members = Vec::new();
        let mut hosts = Vec::new();
        for (exam, node) in exam.into_iter().flat_map(|exam| (0..nodes).map(move |node| (exam, node))) {
            let identity = Identity::of(exam.cluster, node, None);
            hosts.push(identity.marks().map(str::to_owned).collect());
            let running = Etcd::on(exam.cluster, node).and_then(|etcd| etcd.running);
            let listed = running.and_then(|running| running.flags.value("initial-cluster").map(parse_initial_cluster));
            let named = listed.into_iter().flatten().filter_map(|(name, url)| Some((name, url.ok()?.host)));
            members.extend(named);
        }
        let urls = journal.facts.iter().filter_map(|fact| match &fact.what {
            Told::Urls { urls, .. } => Some(urls),
            _ => None,
        });
        let said = urls.flatten().filter_map(|url| host_of(url)).filter(|host| !is_anybody(host)).collect();
        let mut all = Self { exam, hosts, members, said, homes: Vec::new() };
        all.homes = (0..journal.sources.len()).map(|source| all.home(journal, SourceId(source))).collect();
        all
    }

    fn home(&self, journal: &Journal, source: SourceId) -> Option<usize> {
        let exam = self.exam?;
        if exam.cluster.nodes.len() == 1 {
            return Some(0);
        }
        let told = |fact: &Fact| match &fact.what {
            Told::Name(name) => exam.cluster.nodes.iter().position(|node| node.name == *name),
            Told::Urls { of: Urls::AdvertiseClient | Urls::AdvertisePeer | Urls::Own, urls } => {
                let is_here = |hosts: &Vec<String>, url: &String| {
                    host_of(url)
                        .is_some_and(|host| !is_loopback(&host) && hosts.iter().any(|known| same_host(known, &host)))
                };
                self.hosts.iter().position(|hosts| urls.iter().any(|url| is_here(hosts, url)))
            }
            _ => None,
        };
        journal.facts.iter().filter(|fact| fact.source == source).find_map(told)
    }

    /// Who is at the other end of an event's connections.
    pub(super) fn who(&self, event: &Event) -> Who {
        let Some(host) = &event.remote else { return Who::default() };
        if event.is_of_gateway() {
            return Who {
                words: Some("etcd itself, through its JSON gateway".to_owned()),
                place: self.place(host, event.source),
            };
        }
        let place = self.place(host, event.source);
        let words = match &place {
            Place::Own(_) => Some(self.own(event.port, host)),
            Place::Node(node) => self.exam.map(|exam| format!("node {}", exam.cluster.nodes[*node].name)),
            Place::Member => self.member(host).map(|name| format!("member {name}")),
            Place::Foreign => Some("no address that these files know: another client".to_owned()),
            Place::Unknown => None,
        };
        Who { words, place }
    }

    fn place(&self, host: &str, source: SourceId) -> Place {
        let is_here = |hosts: &[String]| hosts.iter().any(|known| same_host(known, host));
        let (home, node) = (self.home_of(source), self.hosts.iter().position(|hosts| is_here(hosts)));
        match node {
            Some(node) if home == Some(node) => Place::Own(host.to_owned()),
            Some(node) => Place::Node(node),
            None if is_loopback(host) || is_here(&self.said) => Place::Own(host.to_owned()),
            None if self.member(host).is_some() => Place::Member,
            None if self.exam.is_some() && !self.hosts.iter().all(Vec::is_empty) => Place::Foreign,
            None => Place::Unknown,
        }
    }

    /// The node that wrote a log, where that is known.
    pub(super) fn home_of(&self, source: SourceId) -> Option<usize> {
        self.homes.get(source.0).copied().flatten()
    }

    fn member(&self, host: &str) -> Option<&str> {
        self.members.iter().find(|(_, known)| same_host(known, host)).map(|(name, _)| name.as_str())
    }

    /// Who dials this address from the machine that has it: a connection to an own address comes from that address.
    fn own(&self, port: Port, host: &str) -> String {
        let mut clients: Vec<&str> = Vec::new();
        for link in self.exam.into_iter().flat_map(|exam| exam.links) {
            let client = link.id.split("->").next().unwrap_or_default();
            if leads_to(link, port) && dials(link, host) && !clients.contains(&client) {
                clients.push(client);
            }
        }
        if clients.is_empty() {
            return "this machine".to_owned();
        }
        format!("this machine: {} dials this address", clients.join(" or "))
    }
}

/// Whether a client of this machine that dials what the link dials comes from the address.
pub(super) fn dials(link: &Link, host: &str) -> bool {
    let Some(endpoint) = &link.dials else { return false };
    same_host(&endpoint.host, host) || is_loopback(&endpoint.host) && is_loopback(host)
}

/// Whether an event may be about a link.
pub(super) fn may_be_at(link: &Link, event: &Event) -> bool {
    match event.port {
        Port::OwnFiles => true,
        port if event.writer == Writer::Etcd => leads_to(link, port),
        Port::Unknown => true,
        port => leads_to(link, port),
    }
}

/// Whether a link leads to a port; etcd did not always say which of its two it speaks of.
fn leads_to(link: &Link, port: Port) -> bool {
    match port_of(link) {
        Some(Port::EtcdClient | Port::EtcdPeer) if port == Port::Unknown => true,
        known => known == Some(port),
    }
}

/// The port that a link leads to.
pub(super) fn port_of(link: &Link) -> Option<Port> {
    let (_, server) = link.id.split_once("->").or_else(|| link.id.split_once(':'))?;
    Some(match server {
        _ if link.id.starts_with("etcd-peer") => Port::EtcdPeer,
        "etcd" => Port::EtcdClient,
        "kube-apiserver" => Port::Apiserver,
        "kubelet" => Port::Kubelet,
        "extension-apiserver" => Port::ExtensionServer,
        _ => return None,
    })
}

/// The host of a URL or of `host:port`.
fn host_of(text: &str) -> Option<String> {
    let endpoint = crate::cluster::url::parse(text).ok()?;
    (!endpoint.host.is_empty()).then_some(endpoint.host)
}

fn is_anybody(host: &str) -> bool {
    host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_unspecified())
}
