//! Live evidence in the report.

use serde::Serialize;

use crate::cluster::Cluster;
use crate::exam::Exam;
use crate::links::{Link, RefusedBy};
use crate::live::judge::{ca_names, protocol_words, served as chain};
use crate::live::log::Told;
use crate::live::program::answering;
use crate::live::upgrade::outlook;
use crate::live::{
    End, EtcdSeen, EtcdState, Live, LiveLink, Observation, PortSeen, SeenLink, Stage, Version, same_place, words,
};
use crate::x509::certificate::hex_lower;

use super::{CertificateReport, certificate_report};

/// What came of one link live.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct LiveReport {
    /// What was dialled.
    pub endpoint: String,
    /// The address behind it.
    pub address: Option<String>,
    /// Whether anybody accepted the connection.
    pub reached: bool,
    /// How far it came: `resolve`, `connect`, `tls`, `read`, `http`, `etcd`.
    pub stage: &'static str,
    /// `1.2` or `1.3`.
    pub tls: Option<&'static str>,
    /// The application protocol that was agreed on.
    pub alpn: Option<String>,
    /// Whether the server proved that it holds the key of its certificate.
    pub key_proved: Option<bool>,
    /// Digest of the leaf that was shown.
    pub served_sha256: Option<String>,
    /// The chain that was shown, leaf first, as far as it parses.
    pub served: Vec<CertificateReport>,
    /// Whether the server asked for a client certificate.
    pub asks_for_certificate: bool,
    /// Whether one was shown.
    pub showed_certificate: bool,
    /// The CAs that the running process trusts, as it says itself.
    pub trusted_ca_names: Vec<String>,
    /// `ok`, `broken`, `unreachable`.
    pub verdict: &'static str,
    /// `client`, `server`, `load`.
    pub refused_by: Option<&'static str>,
    /// The fatal alert that the server sent, as RFC 8446 calls it.
    pub alert: Option<String>,
    /// The status of the one HTTP request.
    pub http_status: Option<u16>,
    /// Go's words on the client's side.
    pub error: Option<String>,
    /// The server's reason, in the words of the Go that it was built with.
    pub server_error: Option<String>,
    /// What stands in the logs.
    pub log: LogReport,
    /// The port from which it was dialled.
    pub source_port: Option<u16>,
    /// Milliseconds.
    pub took_ms: f64,
    /// What etcd says of itself.
    pub etcd: Option<EtcdReport>,
}

/// The lines that a refusal leaves in the logs of both sides, after their dates.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct LogReport {
    /// The client's.
    pub client: Option<String>,
    /// The server's.
    pub server: Option<String>,
}

/// What an etcd says of itself.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct EtcdReport {
    /// Its version.
    pub version: Option<String>,
    /// Whether it answers a linearizable read, has a leader and no alarm.
    pub health: bool,
    /// How many members it knows.
    pub members: usize,
    /// Its member's number, hexadecimal as etcdctl writes it.
    pub member: Option<String>,
    /// The leader's; `None` for none.
    pub leader: Option<String>,
    /// Whether it does not vote yet.
    pub learner: bool,
    /// Alarms, and errors that it reports.
    pub alarms: Vec<String>,
    /// Why it could not be asked, or is not healthy.
    pub error: Option<String>,
    /// Its member list.
    pub member_list: Vec<MemberReport>,
}

/// One member of the list.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct MemberReport {
    /// Its number, hexadecimal.
    pub id: String,
    /// Its name; empty when it has never started.
    pub name: String,
    /// Where the other members reach it.
    pub peer_urls: Vec<String>,
    /// Where clients reach it.
    pub client_urls: Vec<String>,
    /// Whether it does not vote yet.
    pub learner: bool,
}

/// One port of etcd.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct PortReport {
    /// Where it is.
    pub endpoint: String,
    /// `etcd-client`, `etcd-peer`, `metrics`.
    pub serves: &'static str,
    /// What became of a client without a certificate.
    pub without_certificate: Option<StrangerReport>,
    /// What became of HTTP without TLS.
    pub plain_http: Option<PlainReport>,
    /// etcd's version, as its metrics tell.
    pub etcd_version: Option<String>,
    /// The Go that it was built with, as its metrics tell.
    pub go: Option<String>,
}

/// A client without a certificate.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct StrangerReport {
    /// Whether it was taken.
    pub served: bool,
    /// The alert, if that was the answer.
    pub alert: Option<String>,
    /// Why it came to nothing, where it did not come to an alert.
    pub error: Option<String>,
    /// The line in the server's log.
    pub log: Option<String>,
}

/// A client without TLS.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct PlainReport {
    /// Whether HTTP came back.
    pub answered: bool,
    /// Its status.
    pub status: Option<u16>,
}

/// Whether `kubeadm upgrade` will get past etcd.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct UpgradeReport {
    /// `passes`, `hangs`, `unknown`.
    pub verdict: &'static str,
    /// Why.
    pub because: Vec<String>,
}

/// What has to be known of how a link was dialled, or why it was not.
pub(super) fn remark(live: &LiveLink<'_>) -> Option<String> {
    match live {
        LiveLink::NotDialled(endpoint, why) => Some(format!("{} not dialled: {}", endpoint.url(), why.words())),
        LiveLink::Seen(seen) if seen.is_stand_in => {
            Some("etcd took the certificate and hung up over the address: this machine is not the member's".to_owned())
        }
        _ => None,
    }
}

/// A link that was dialled.
pub(super) fn link(cluster: &Cluster, link: &SeenLink<'_>) -> LiveReport {
    let seen = link.seen;
    LiveReport {
        endpoint: link.endpoint.url(),
        address: seen.address.map(|address| address.to_string()),
        reached: seen.reached(),
        stage: stage(link),
        tls: seen.version.map(|version| if version == Version::Tls12 { "1.2" } else { "1.3" }),
        alpn: seen.alpn.clone(),
        key_proved: seen.key_proved,
        served_sha256: seen.chain.first().map(|leaf| digest(leaf)),
        served: served(cluster, seen),
        asks_for_certificate: seen.asks_for_certificate,
        showed_certificate: seen.showed_certificate,
        trusted_ca_names: ca_names(cluster, seen),
        verdict: link.verdict.name(),
        refused_by: link.refused_by.map(RefusedBy::name),
        alert: alert(seen),
        http_status: seen.http_status,
        error: link.error.clone(),
        server_error: link.server_error.clone(),
        log: LogReport { client: link.log.client.clone(), server: link.log.server.clone() },
        source_port: seen.local.map(|local| local.port()),
        took_ms: (seen.took.as_secs_f64() * 1e6).round() / 1e3,
        etcd: link.etcd.map(etcd),
    }
}

fn served(cluster: &Cluster, seen: &Observation) -> Vec<CertificateReport> {
    chain(seen, cluster.go).iter().map(|certificate| certificate_report(certificate)).collect()
}

fn digest(der: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    hex_lower(&Sha256::digest(der))
}

fn stage(link: &SeenLink<'_>) -> &'static str {
    if link.etcd.is_some_and(|etcd| etcd.state.is_ok()) {
        return "etcd";
    }
    match link.seen.stage {
        Stage::Resolve => "resolve",
        Stage::Connect => "connect",
        Stage::Tls => "tls",
        Stage::Read => "read",
        Stage::Http => "http",
    }
}

fn alert(seen: &Observation) -> Option<String> {
    match &seen.end {
        End::Alert { name, .. } => Some(words::alert_name(name)),
        _ => None,
    }
}

fn etcd(seen: &EtcdSeen) -> EtcdReport {
    let state = seen.state.as_ref();
    let id = |id: u64| format!("{id:x}");
    let members = state.map(|state| state.members.as_slice()).unwrap_or_default();
    EtcdReport {
        version: state.map(|state| state.version.clone()).ok(),
        health: state.is_ok_and(EtcdState::is_healthy),
        members: members.len(),
        member: state.map(|state| id(state.member)).ok(),
        leader: state.ok().filter(|state| state.leader != 0).map(|state| id(state.leader)),
        learner: state.is_ok_and(|state| state.is_learner),
        alarms: state.map(EtcdState::complaints).unwrap_or_default(),
        error: match state {
            Err(why) => Some(why.clone()),
            Ok(state) => state.health.clone().err(),
        },
        member_list: members
            .iter()
            .map(|member| MemberReport {
                id: id(member.id),
                name: member.name.clone(),
                peer_urls: member.peer_urls.clone(),
                client_urls: member.client_urls.clone(),
                learner: member.is_learner,
            })
            .collect(),
    }
}

/// The ports of a node's etcd.
pub(super) fn ports(exam: &Exam<'_>, live: &Live<'_>, node: usize) -> Vec<PortReport> {
    let own = live.evidence.ports.iter().filter(|port| port.node == node);
    own.map(|port| PortReport {
        endpoint: port.endpoint.url(),
        serves: port.serves.name(),
        without_certificate: port.without_certificate.as_ref().map(|seen| stranger(exam, live, port, seen)),
        plain_http: port
            .plain
            .as_ref()
            .map(|plain| PlainReport { answered: plain.status.is_some(), status: plain.status }),
        etcd_version: port.program.version.clone(),
        go: port.program.go.map(|go| go.to_string()),
    })
    .collect()
}

fn stranger(exam: &Exam<'_>, live: &Live<'_>, port: &PortSeen, seen: &Observation) -> StrangerReport {
    let error = match &seen.end {
        End::Failed(failure) => Some(words::failure(failure, seen, &port.endpoint.host)),
        _ => None,
    };
    StrangerReport { served: seen.is_open(), alert: alert(seen), error, log: stranger_line(exam, live, port, seen) }
}

/// The line of a client that showed no certificate.
fn stranger_line(exam: &Exam<'_>, live: &Live<'_>, port: &PortSeen, seen: &Observation) -> Option<String> {
    let End::Alert { number, .. } = seen.end else { return None };
    let leads_there = |link: &&Link| link.dials.as_ref().is_some_and(|dials| same_place(dials, &port.endpoint));
    let link = exam.links.iter().find(leads_there)?;
    // a pair that does not load is told with the links
    if number == 80 {
        return None;
    }
    let answering = answering(exam.cluster, link, &port.endpoint, live.evidence);
    let protocol = protocol_words(seen);
    let told = Told {
        link,
        seen,
        by: RefusedBy::Server,
        client: None,
        server: Some(protocol.as_deref().unwrap_or("tls: client didn't provide a certificate")),
        complaint: None,
        shown: None,
        answering: &answering,
    };
    told.lines().server
}

/// What will become of `kubeadm upgrade` on a node.
pub(super) fn upgrade(exam: &Exam<'_>, live: &Live<'_>, node: usize) -> Option<UpgradeReport> {
    let outlook = outlook(exam.links, live, node)?;
    Some(UpgradeReport { verdict: outlook.outlook.name(), because: outlook.because })
}
