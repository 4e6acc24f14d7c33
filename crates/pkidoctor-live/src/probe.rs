//! The whole tour: every link at the same time, etcd's ports beside them, then what the answers lead to.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use pkidoctor::cluster::Cluster;
use pkidoctor::cluster::url::{self, Endpoint};
use pkidoctor::go::verify::{SignatureCache, Verifier};
use pkidoctor::links::{self, Caller, Link};
use pkidoctor::live::{
    End, EtcdSeen, EtcdState, Evidence, Failure, Observation, Outcome, PlainSeen, PortSeen, Program, Serves, Walk,
    same_place,
};
use pkidoctor::read::Request;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::identity::Identity;
use crate::observe::{Dial, Manner, Speaks, Versions, observe, open};
use crate::sources::Sources;
use crate::targets::{self, Client, Judge, Target};
use crate::{etcd, http};

/// How to probe.
#[derive(Clone, Debug)]
pub struct Settings {
    /// For the whole tour: whoever is silent is given up after it.
    pub timeout: Duration,
    /// What to offer.
    pub versions: Versions,
    /// Endpoints of etcd to dial instead of those that the files name.
    pub endpoints: Vec<Endpoint>,
    /// Only links with these ids; empty for all.
    pub links: Vec<String>,
    /// Whether to walk to every member of the member list.
    pub all_members: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            versions: Versions::Auto,
            endpoints: Vec::new(),
            links: Vec::new(),
            all_members: false,
        }
    }
}

/// What a tour brought home.
pub struct Probed {
    /// Every link of the cluster, judged from its files, and those that were found on the way.
    pub links: Vec<Link>,
    /// What was seen of them.
    pub evidence: Evidence,
    /// The ports from which this process has dialled: servers that refused one of these connections have logged it.
    pub source_ports: Vec<u16>,
}

/// How far a tour is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Questions that have been answered.
    pub done: usize,
    /// Questions so far.
    pub of: usize,
}

/// No machine is asked too much at once.
const AT_ONCE: usize = 256;

/// A member list longer than this is no cluster's, nor has a member more URLs of a kind.
pub(crate) const MOST_MEMBERS: usize = 32;
const MOST_URLS: usize = 2;

/// Walks every link of a cluster, and asks etcd about itself where one of its clients is taken.
///
/// `cluster` was read with `request`. Nothing is written and no call changes anything. It is over after
/// [`Settings::timeout`]; `progress` is called after every answer.
pub async fn probe(
    request: &Request,
    cluster: &Cluster,
    settings: &Settings,
    mut progress: impl FnMut(Progress),
) -> Probed {
    let signatures = SignatureCache::default();
    let verifier = Verifier { go: cluster.go, now: cluster.now, signatures: &signatures };
    let links = links::judge(cluster, &verifier);
    let mut tour = Tour {
        request,
        cluster,
        verifier,
        settings,
        deadline: Instant::now() + settings.timeout,
        gate: Arc::new(Semaphore::new(AT_ONCE)),
        calls: JoinSet::new(),
        links,
        evidence: Evidence::default(),
        beside: Vec::new(),
        followed: Vec::new(),
        asked: 0,
        sources: Sources::default(),
    };
    tour.set_out();
    let mut done = 0;
    while let Some(joined) = tour.calls.join_next().await {
        // nobody aborts a call: what fails here has panicked, which is a bug to be seen
        let answer = joined.unwrap_or_else(|error| resume_unwind(error.into_panic()));
        tour.note(answer);
        done += 1;
        progress(Progress { done, of: tour.asked });
    }
    tour.evidence.walks.sort_by_key(|walk| walk.link);
    Probed { links: tour.links, evidence: tour.evidence, source_ports: tour.sources.ports() }
}

/// An answer to one question.
enum Answer {
    Walked(usize, Endpoint, Observation),
    Stranger(usize, Observation),
    Plain(usize, PlainSeen, Program),
    Scraped(usize, Program),
    Unknown(usize, Observation),
    Asked(usize, Endpoint, Result<EtcdState, String>),
}

/// What is known of a port beside what was seen.
#[derive(Clone, Copy, Default)]
struct Beside {
    /// Whether an answer about its program may still come.
    waits: bool,
    /// A client of etcd that it takes: a link.
    takes: Option<usize>,
    /// Whether it refused a client.
    refuses: bool,
    /// What it was asked about its program.
    asked: Asked,
}

/// Ways to find out which Go a server was built with, the better one last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Asked {
    #[default]
    Nothing,
    /// A protocol that nobody speaks.
    Protocol,
    /// Its metrics, over TLS.
    Metrics,
}

struct Tour<'c> {
    request: &'c Request,
    cluster: &'c Cluster,
    verifier: Verifier<'c>,
    settings: &'c Settings,
    deadline: Instant,
    gate: Arc<Semaphore>,
    calls: JoinSet<Answer>,
    links: Vec<Link>,
    evidence: Evidence,
    /// One for each port of the evidence.
    beside: Vec<Beside>,
    /// Nodes whose member list has been followed.
    followed: Vec<usize>,
    asked: usize,
    /// Where it dialled from.
    sources: Sources,
}

impl Tour<'_> {
    fn set_out(&mut self) {
        let targets = targets::choose(self.cluster, &self.verifier, &mut self.links, &self.settings.endpoints);
        let targets: Vec<Target> = targets.into_iter().filter(|(link, _)| self.is_wanted(*link)).collect();
        for (link, endpoint) in &targets {
            self.walk(*link, endpoint);
        }
        for (link, endpoint) in targets {
            self.look_at_port(link, &endpoint);
        }
    }

    fn is_wanted(&self, link: usize) -> bool {
        let wanted = &self.settings.links;
        wanted.is_empty() || self.links.get(link).is_some_and(|link| wanted.contains(&link.id))
    }

    fn spawn(&mut self, question: impl Future<Output = Answer> + Send + 'static) {
        let gate = Arc::clone(&self.gate);
        self.asked += 1;
        self.calls.spawn(self.sources.clone().of(async move {
            // the gate is never closed
            let _pass = gate.acquire_owned().await;
            question.await
        }));
    }

    fn manner(&self, speaks: Speaks) -> Manner {
        let timeout = self.deadline.saturating_duration_since(Instant::now());
        Manner { timeout, versions: self.settings.versions, speaks }
    }

    fn client(&self, index: usize, endpoint: &Endpoint) -> Option<Result<Client, pkidoctor::live::NotDialled>> {
        let link = self.links.get(index)?;
        let asked = !self.settings.endpoints.is_empty();
        Some(targets::client(self.request, self.cluster, link, endpoint, asked))
    }

    fn walk(&mut self, index: usize, endpoint: &Endpoint) {
        match self.client(index, endpoint) {
            None => {}
            Some(Err(why)) => {
                let outcome = Outcome::NotDialled(why);
                self.evidence.walks.push(Walk { link: index, endpoint: endpoint.clone(), outcome });
            }
            Some(Ok(Client { dial, identity, speaks, judge })) => {
                let (manner, endpoint) = (self.manner(speaks), endpoint.clone());
                self.spawn(async move {
                    let trusted = |chain: &[Vec<u8>], proved| judge.trusts(chain, proved);
                    let mut seen = observe(&dial, identity.as_ref(), &manner, trusted).await;
                    // a reset may have overtaken the alert that tells why: once more
                    if seen.end == End::Failed(Failure::Reset) && !seen.chain.is_empty() {
                        let timeout = manner.timeout.saturating_sub(seen.took);
                        seen = observe(&dial, identity.as_ref(), &Manner { timeout, ..manner }, trusted).await;
                    }
                    Answer::Walked(index, endpoint, seen)
                });
            }
        }
    }

    /// The questions about a port of etcd that no link asks, each port once.
    fn look_at_port(&mut self, index: usize, endpoint: &Endpoint) {
        let Some(link) = self.links.get(index) else { return };
        let serves = match link.id.as_str() {
            id if id.ends_with("->etcd") => Serves::Clients,
            id if id.starts_with("etcd-peer") => Serves::Peers,
            _ => return,
        };
        let is_known = self.evidence.ports.iter().any(|port| same_place(&port.endpoint, endpoint));
        let is_left_out = self.evidence.walks.iter().any(|walk| {
            walk.link == index && matches!(walk.outcome, Outcome::NotDialled(why) if !why.leaves_the_port())
        });
        if is_known || is_left_out {
            return;
        }
        let node = link.server_node.unwrap_or(link.node);
        let judge = Judge::of(self.cluster, link, endpoint);
        let is_of_node = link.server_node.is_some();
        let port = self.add_port(node, endpoint, serves);
        if is_of_node {
            self.look_at_metrics(node);
        }
        // who asks for one link wants to know of no other client
        if !self.settings.links.is_empty() {
            return;
        }
        let Some(number) = endpoint.port else { return };
        let dial = Dial { host: endpoint.host.clone(), port: number, server_name: None, own: None };
        let speaks = match serves {
            Serves::Peers => Speaks::Http1 { path: "/version".to_owned() },
            _ => Speaks::Http2,
        };
        let (manner, to) = (self.manner(speaks), dial.clone());
        self.spawn(async move {
            let trusted = |chain: &[Vec<u8>], proved| judge.trusts(chain, proved);
            Answer::Stranger(port, observe(&to, None, &manner, trusted).await)
        });
        let patience = self.manner(Speaks::Http2).timeout;
        self.spawn(async move {
            let (seen, program) = http::plain(&dial, "/version", patience).await;
            Answer::Plain(port, seen, program)
        });
    }

    fn add_port(&mut self, node: usize, endpoint: &Endpoint, serves: Serves) -> usize {
        self.evidence.ports.push(PortSeen {
            node,
            endpoint: endpoint.clone(),
            serves,
            without_certificate: None,
            plain: None,
            refuses_unknown_protocol: None,
            program: Program::default(),
        });
        self.beside.push(Beside::default());
        self.beside.len() - 1
    }

    fn look_at_metrics(&mut self, node: usize) {
        let is_known = |port: &PortSeen| port.node == node && port.serves == Serves::Metrics;
        if self.evidence.ports.iter().any(is_known) {
            return;
        }
        let Some(endpoint) = targets::metrics(self.cluster, node) else { return };
        let Some(number) = endpoint.port else { return };
        let port = self.add_port(node, &endpoint, Serves::Metrics);
        self.mark(port, |beside| beside.waits = true);
        let dial = Dial { host: endpoint.host.clone(), port: number, server_name: None, own: None };
        let patience = self.manner(Speaks::Http2).timeout;
        self.spawn(async move {
            let (seen, program) = http::plain(&dial, "/metrics", patience).await;
            Answer::Plain(port, seen, program)
        });
    }

    fn mark(&mut self, port: usize, change: impl FnOnce(&mut Beside)) {
        if let Some(beside) = self.beside.get_mut(port) {
            change(beside);
        }
    }

    fn port_at(&self, endpoint: &Endpoint) -> Option<usize> {
        self.evidence.ports.iter().position(|port| same_place(&port.endpoint, endpoint))
    }

    fn note(&mut self, answer: Answer) {
        match answer {
            Answer::Walked(index, endpoint, seen) => self.walked(index, endpoint, seen),
            Answer::Stranger(port, seen) => {
                if let Some(port) = self.evidence.ports.get_mut(port) {
                    port.without_certificate = Some(seen);
                }
            }
            Answer::Plain(port, seen, program) => {
                self.mark(port, |beside| beside.waits = false);
                if let Some(port) = self.evidence.ports.get_mut(port) {
                    (port.plain, port.program) = (Some(seen), program);
                }
            }
            Answer::Scraped(port, program) => {
                self.mark(port, |beside| beside.waits = false);
                if let Some(port) = self.evidence.ports.get_mut(port) {
                    port.program = program;
                }
            }
            Answer::Unknown(port, seen) => {
                if let Some(port) = self.evidence.ports.get_mut(port) {
                    port.refuses_unknown_protocol = match seen.end {
                        End::Alert { number: 120, .. } => Some(true),
                        _ if seen.chain.is_empty() => None,
                        _ => Some(false),
                    };
                }
            }
            Answer::Asked(link, endpoint, state) => {
                if let Ok(state) = &state {
                    self.follow(link, state);
                }
                self.evidence.etcds.push(EtcdSeen { endpoint, link, state });
            }
        }
        self.find_out_programs();
    }

    fn walked(&mut self, index: usize, endpoint: Endpoint, seen: Observation) {
        let is_client = self
            .links
            .get(index)
            .is_some_and(|link| [Caller::Apiserver, Caller::Kubeadm].iter().any(|caller| link.id == caller.id()));
        let is_taken = seen.end == End::Served;
        let port = self.port_at(&endpoint);
        if let Some(port) = port {
            let refuses = matches!(seen.end, End::Alert { .. } | End::Failed(_)) && seen.reached();
            let first = is_taken && is_client && self.beside.get(port).is_some_and(|beside| beside.takes.is_none());
            self.mark(port, |beside| {
                beside.refuses |= refuses;
                if first {
                    beside.takes = Some(index);
                }
            });
            if first {
                self.ask(index, &endpoint);
            }
        }
        self.evidence.walks.push(Walk { link: index, endpoint, outcome: Outcome::Observed(seen) });
    }

    /// Asks an etcd about itself, as a client that it has just taken.
    fn ask(&mut self, index: usize, endpoint: &Endpoint) {
        let Some(Ok(Client { dial, identity, speaks, judge })) = self.client(index, endpoint) else { return };
        let (manner, endpoint) = (self.manner(speaks), endpoint.clone());
        self.spawn(async move {
            let trusted = move |chain: &[Vec<u8>], proved| judge.trusts(chain, proved);
            Answer::Asked(index, endpoint, etcd::ask(dial, identity, manner, trusted).await)
        });
    }

    /// Where a server refused and nothing has told its Go yet, asks for it: its words depend on it.
    fn find_out_programs(&mut self) {
        // nodes whose program is known, or may become so by an answer that is still on its way
        let settled: Vec<usize> = self
            .beside
            .iter()
            .zip(&self.evidence.ports)
            .filter(|(beside, port)| beside.waits || port.program.go.is_some())
            .map(|(_, port)| port.node)
            .collect();
        for port in 0..self.beside.len() {
            let (Some(beside), Some(seen)) = (self.beside.get(port).copied(), self.evidence.ports.get(port)) else {
                continue;
            };
            let may_ask = beside.refuses && beside.asked < Asked::Metrics && seen.serves != Serves::Metrics;
            if !may_ask || settled.contains(&seen.node) {
                continue;
            }
            let endpoint = seen.endpoint.clone();
            if let (Some(link), true) = (beside.takes, beside.asked < Asked::Metrics) {
                self.mark(port, |beside| (beside.asked, beside.waits) = (Asked::Metrics, true));
                self.scrape(port, link, &endpoint);
            } else if beside.asked < Asked::Protocol {
                self.mark(port, |beside| beside.asked = Asked::Protocol);
                self.ask_unknown(port, &endpoint);
            }
        }
    }

    /// etcd's metrics over TLS.
    fn scrape(&mut self, port: usize, index: usize, endpoint: &Endpoint) {
        let Some(Ok(Client { dial, identity, judge, .. })) = self.client(index, endpoint) else { return };
        let manner = self.manner(Speaks::Http1 { path: "/metrics".to_owned() });
        self.spawn(async move { Answer::Scraped(port, scraped(&dial, identity.as_ref(), &manner, &judge).await) });
    }

    fn ask_unknown(&mut self, port: usize, endpoint: &Endpoint) {
        let Some(number) = endpoint.port else { return };
        let dial = Dial { host: endpoint.host.clone(), port: number, server_name: None, own: None };
        let manner = self.manner(Speaks::Unknown);
        self.spawn(async move { Answer::Unknown(port, observe(&dial, None, &manner, |_, _| false).await) });
    }

    /// Walks to the members that a member list names and no file does: kubeadm's upgrade asks each of them.
    fn follow(&mut self, index: usize, state: &EtcdState) {
        let Some(node) = self.links.get(index).map(|link| link.node) else { return };
        let is_copy = self.cluster.nodes.get(node).is_some_and(pkidoctor::cluster::Node::is_elsewhere);
        let is_told = self.settings.endpoints.is_empty() && !is_copy;
        if self.followed.contains(&node) || !(is_told || self.settings.all_members) {
            return;
        }
        self.followed.push(node);
        for member in state.members.iter().take(MOST_MEMBERS) {
            for text in member.client_urls.iter().take(MOST_URLS) {
                self.go_to(node, Caller::Kubeadm, text, 2379);
            }
            if self.settings.all_members && member.id != state.member {
                for text in member.peer_urls.iter().take(MOST_URLS) {
                    self.go_to(node, Caller::Peer, text, 2380);
                }
            }
        }
    }

    fn go_to(&mut self, node: usize, caller: Caller, text: &str, usual: u16) {
        let Ok(endpoint) = url::parse(text) else { return };
        let endpoint = endpoint.or_port(usual);
        let of_caller =
            |link: &Link| link.id == caller.id() || caller == Caller::Peer && link.id.starts_with("etcd-peer");
        let is_known = self.evidence.walks.iter().any(|walk| {
            let link = self.links.get(walk.link);
            same_place(&walk.endpoint, &endpoint) && link.is_some_and(|link| link.node == node && of_caller(link))
        });
        let is_known = is_known
            || self.links.iter().any(|link| {
                let leads_there = link.dials.as_ref().is_some_and(|dials| same_place(dials, &endpoint));
                link.node == node && of_caller(link) && leads_there
            });
        if is_known {
            return;
        }
        let Some(mut link) = links::to(self.cluster, &self.verifier, node, caller, &endpoint) else { return };
        link.is_of_member_list = true;
        link.facts.push("the member list names this endpoint".to_owned());
        let index = self.links.len();
        self.links.push(link);
        if !self.is_wanted(index) {
            self.links.pop();
            return;
        }
        self.walk(index, &endpoint);
        self.look_at_port(index, &endpoint);
    }
}

async fn scraped(dial: &Dial, identity: Option<&Identity>, manner: &Manner, judge: &Judge) -> Program {
    let asked = async {
        let mut stream = open(dial, identity, manner, |chain, proved| judge.trusts(chain, proved)).await.ok()?;
        http::get(&mut stream, dial, "/metrics").await.ok()
    };
    let answer = tokio::time::timeout(manner.timeout, asked).await.ok().flatten();
    answer.map(|answer| answer.program).unwrap_or_default()
}
