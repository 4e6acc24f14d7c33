//! What the probe says of a link is held against what real members and real clients do, say and log.

use crate::etcdctl;
use crate::patient::Patient;
use crate::probe::{GATEWAY, Link, Live, Probe};
use crate::release::Release;
use crate::server::{Etcd, State};
use crate::tally::Tally;
use crate::words::{anonymous, complaint, rejections, timeless};
use crate::wounds::{Member, Wound};

/// A patient with the members that run, or ran, on it.
pub(crate) struct Case<'a> {
    pub(crate) release: Release,
    pub(crate) patient: &'a Patient,
    /// by node
    pub(crate) etcds: &'a [Etcd],
    pub(crate) tally: Tally,
    /// what is not as it should be
    pub(crate) wrong: Vec<String>,
    /// source ports that more than one link came from, as the log writes them
    twice: Vec<String>,
}

/// Inflicts a wound on a single member, probes and compares; what is wrong comes back.
pub(crate) fn wound(wound: &Wound, release: Release, seed: u64) -> (Tally, Vec<String>) {
    let mut patient = Patient::healthy(release, seed);
    (wound.before)(&mut patient);
    patient.write();
    let mut etcd = Etcd::start(release, &patient, 0);
    let state = etcd.settled();
    if let Some(after) = wound.after {
        after(&mut patient);
        patient.write();
    }
    if wound.member == Member::Stopped {
        etcd.stop();
    }
    let mut case = Case::new(release, &patient, std::slice::from_ref(&etcd));
    case.tally.running = usize::from(wound.after.is_some());
    let expected = if wound.member == Member::Exits { State::Exited } else { State::Serves };
    case.equal("what became of etcd", &state, &expected);
    match Probe::of(&patient, wound.arguments) {
        Ok(probe) => case.single(wound, &probe),
        Err(error) => case.wrong.push(error),
    }
    if wound.member == Member::Exits {
        case.last_words();
    }
    (case.tally, case.wrong)
}

impl<'a> Case<'a> {
    pub(crate) fn new(release: Release, patient: &'a Patient, etcds: &'a [Etcd]) -> Self {
        let tally = Tally { cases: 1, ..Tally::default() };
        Self { release, patient, etcds, tally, wrong: Vec::new(), twice: Vec::new() }
    }

    fn single(&mut self, wound: &Wound, probe: &Probe) {
        self.tally.probe(probe);
        let walked: Vec<_> = probe.links().iter().map(|link| link.id()).collect();
        self.equal("links", &walked, &wound.present().collect());
        // two links that lead to two ports of etcd may come from one port of ours, and the log does not tell them apart
        let ports: Vec<String> = probe.links().iter().filter_map(|link| source(*link)).collect();
        let is_twice = |port: &&String| ports.iter().filter(|other| other == port).count() > 1;
        self.twice = ports.iter().filter(is_twice).cloned().collect();
        for link in probe.links() {
            self.verdict(link, wound.live(link.id()));
            self.equal(&format!("{} on disk", link.id()), &link.offline(), &wound.on_disk(link.id()));
            self.link(link);
        }
        self.findings(probe, wound.finds);
        if probe.links().iter().any(|link| link.live() != Live::Ok) {
            self.equal("exit code", &probe.code, &1);
        }
        self.ports(probe);
    }

    /// Holds what the walk came to against what it should.
    pub(crate) fn verdict(&mut self, link: Link<'_>, expected: Live) {
        if link.live() != expected {
            self.blame(link, &format!("{:?}, expected {expected:?}", link.live()), "");
        }
    }

    /// Holds one link against the truth.
    pub(crate) fn link(&mut self, link: Link<'_>) {
        self.tally.links += 1;
        match link.live() {
            Live::Ok => self.taken(link),
            Live::Server | Live::Load => self.turned_away(link),
            Live::Client => self.refused_by_client(link),
            Live::Unreachable | Live::NotDialled => {}
        }
    }

    /// The member did not turn our own connection away, and a real client gets an answer.
    fn taken(&mut self, link: Link<'_>) {
        // the strangers that a probe sends to the other port may come from the same one of ours; an alert from the
        // client is never the probe's, which sends none, but that of etcd's gateway, which dials another address
        let strangers =
            ["first record does not look like", "client didn't provide a certificate", "remote error: tls: bad"];
        let log = rejections(&self.server(link).log());
        let of_clients = log.lines().filter(|line| !strangers.iter().any(|words| line.contains(words)));
        let log = of_clients.collect::<Vec<_>>().join("\n");
        // members dial each other all the time, now and then from a port that was ours a moment ago
        let is_alone = self.etcds.len() == 1;
        let was_rejected = |source: String| !self.twice.contains(&source) && log.contains(&source);
        if is_alone && source(link).is_some_and(was_rejected) {
            self.blame(link, "ok, but etcd rejected it:", &log);
        }
        // the gateway has no files of its own, and a peer port does not answer etcdctl
        if !link.id().starts_with("etcd-") {
            let ended = etcdctl::get(self.release, self.patient, link);
            if ended.code != Some(0) {
                self.blame(link, "ok, but etcdctl says", &failures(&ended.stderr));
            }
        }
    }

    /// The member logged of our own connection what was predicted.
    fn turned_away(&mut self, link: Link<'_>) {
        let predicted = link.text("live.log.server").unwrap_or("no line of the server");
        if !source(link).is_some_and(|source| predicted.contains(&source)) {
            self.blame(link, "the predicted line does not name our own connection:", predicted);
        }
        self.in_log(self.server(link), &name(link), predicted, timeless);
    }

    /// A real client with the same files refuses, too: in the predicted words, and leaving the predicted line.
    fn refused_by_client(&mut self, link: Link<'_>) {
        let predicted = link.text("live.log.server");
        let eyes = |log: &str| anonymous(&timeless(log));
        // members dial each other, and their own gateway, by themselves
        if link.id() == GATEWAY || link.id().starts_with("etcd-peer:") {
            // under running members nobody dials anew but the probe
            if let Some(predicted) = predicted.filter(|_| self.tally.running == 0 || link.id() == GATEWAY) {
                self.in_log(self.server(link), &name(link), predicted, eyes);
            }
            return;
        }
        let before = self.server(link).log().len();
        let client = etcdctl::get(self.release, self.patient, link);
        let complained = timeless(&failures(&client.stderr));
        let since = |log: &str| log.get(before..).unwrap_or(log).to_owned();
        if let Some(predicted) = predicted {
            self.in_log(self.server(link), &name(link), predicted, |log| eyes(&since(log)));
        } else {
            // without TLS etcd hangs up in silence
            let said = rejections(&since(&self.server(link).log()));
            self.equal(&format!("{} in the log", name(link)), &said, &String::new());
        }
        let said = timeless(complaint(link.text("live.error").unwrap_or("no words of the client")));
        self.tally.complaints += 1;
        // who hangs up without a word may do it before or after the client has written
        let hung_up = said == "EOF" && complained.contains("connection reset by peer");
        if !complained.contains(&said) && !hung_up {
            self.blame(link, &format!("its client says {said}\n  etcdctl says"), &complained);
        }
    }

    /// A member that gave up said why, in the words that the files foretell for its Go.
    fn last_words(&mut self) {
        let scan = match Probe::scan(self.patient, self.release.go()) {
            Ok(scan) => scan,
            Err(error) => return self.wrong.push(error),
        };
        let broken = scan.links().into_iter().filter(|link| link.text("load_side") == Some("server"));
        for link in broken {
            let foretold = link.text("server_error").unwrap_or("no words of the server");
            self.in_log(&self.etcds[0], &name(link), foretold, |log| log.replace("\\\"", "\""));
        }
    }

    /// What is said of the ports of a single member.
    fn ports(&mut self, probe: &Probe) {
        for port in probe.ports() {
            let endpoint = port["endpoint"].as_str().unwrap_or_default();
            if let Some(predicted) = port["without_certificate"]["log"].as_str() {
                self.in_log(self.at(endpoint), endpoint, predicted, timeless);
            }
            for (key, truth) in [("etcd_version", self.release.version()), ("go", self.release.go())] {
                if let Some(said) = port[key].as_str() {
                    self.equal(&format!("{key} of {endpoint}"), &said, &truth);
                }
            }
        }
    }

    /// What only a probe can find, no more and no less.
    pub(crate) fn findings(&mut self, probe: &Probe, expected: &[&str]) {
        let found = probe.live_findings();
        let mut codes: Vec<&str> = found.iter().filter_map(|finding| finding["code"].as_str()).collect();
        codes.dedup();
        if codes != expected {
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            self.wrong.push(format!("findings {codes:?}, expected {expected:?}\n  {}", found.join("\n  ")));
        }
    }

    /// The member's log has this line, when both are seen through `eyes`.
    fn in_log(&mut self, etcd: &Etcd, what: &str, predicted: &str, eyes: impl Fn(&str) -> String) {
        self.tally.lines += 1;
        let expected = eyes(predicted);
        if !etcd.says(|log| eyes(log).contains(&expected)) {
            let real = nearest(&etcd.log(), predicted).join("\n       ");
            self.wrong.push(format!("{what}: not in the log\n  predicted {predicted}\n  real {real}"));
        }
    }

    /// The member that a link leads to.
    fn server(&self, link: Link<'_>) -> &'a Etcd {
        self.at(link.text("live.endpoint").unwrap_or_default())
    }

    fn at(&self, endpoint: &str) -> &'a Etcd {
        let port: u16 = endpoint.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or_default();
        let node = self.patient.ports.iter().position(|ports| ports.client == port || ports.peer == port);
        &self.etcds[node.unwrap_or_default()]
    }

    fn blame(&mut self, link: Link<'_>, what: &str, real: &str) {
        let mut live = link.json["live"].clone();
        live["served"] = "…".into();
        let what = format!("{} of {}: {what} {real}\n  live {live}", name(link), link.node);
        self.wrong.push(what);
    }

    pub(crate) fn equal<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, said: &T, truth: &T) {
        if said != truth {
            self.wrong.push(format!("{what}: {said:?}, expected {truth:?}"));
        }
    }
}

/// A link as a person would point at it.
fn name(link: Link<'_>) -> String {
    format!("{} {}", link.id(), link.text("name").unwrap_or_default())
}

/// The end of our own connection as a log names it.
fn source(link: Link<'_>) -> Option<String> {
    link.json["live"]["source_port"].as_u64().map(|port| format!(":{port}\""))
}

/// What etcdctl says of its connections, with the quotes of the inner errors as they were.
fn failures(said: &str) -> String {
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("rror: ")).collect();
    lines.join("\n").replace("\\\"", "\"")
}

/// The lines that a person would look at: those about the same connection, else those about any, else the last ones.
fn nearest<'l>(log: &'l str, predicted: &str) -> Vec<&'l str> {
    let address = predicted.split('"').find(|part| part.starts_with("127.") || part.starts_with("[::1]"));
    let same = log.lines().filter(|line| address.is_some_and(|address| line.contains(address))).collect();
    let any = log.lines().filter(|line| line.contains("rejected connection")).take(4).collect();
    let last = log.lines().rev().take(8).collect();
    [same, any, last].into_iter().find(|lines: &Vec<&str>| !lines.is_empty()).unwrap_or_default()
}
