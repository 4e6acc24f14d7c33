//! The report: a small set of versioned structs, and the one way from a cluster to them.
//!
//! What is printed as JSON is exactly these; the schema's name changes when a meaning changes.

mod live;

use std::path::PathBuf;

use serde::Serialize;
use time::OffsetDateTime;

use crate::causes;
use crate::check::{Defect, Outcome, Severity};
use crate::checks::{CHECKS, way_out};
use crate::cluster::manifest::Component;
use crate::cluster::{Cluster, File, Node, Running, State};
use crate::exam::{Exam, Options};
use crate::go::GoVersion;
use crate::go::handshake::Side;
use crate::go::load::Material;
use crate::go::verify::{SignatureCache, Verifier, rfc3339};
use crate::links::reference::Reference;
use crate::links::{self, At, Link, RefusedBy, Weight};
use crate::live::{Evidence, judge};
use crate::logs::{Journal, Source};
use crate::profile;
use crate::x509::certificate::{Certificate, hex_lower};
use crate::x509::oid::usage_name;

pub use live::{
    EtcdReport, LiveReport, LogReport, MemberReport, PlainReport, PortReport, StrangerReport, UpgradeReport,
};

/// The report's schema.
pub const SCHEMA: &str = "pkidoctor.report.v1";

/// The whole of what a run has to say.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: &'static str,
    /// Who made it.
    pub tool: Tool,
    /// The instant of judgement, RFC 3339.
    pub at: String,
    /// Whose rules.
    pub judged_as: JudgedAs,
    /// `healthy`, `warnings`, `broken` or `incomplete`.
    pub verdict: &'static str,
    /// One per given path.
    pub nodes: Vec<NodeReport>,
    /// Worst first.
    pub findings: Vec<Finding>,
    /// Root causes.
    pub causes: Vec<Cause>,
    /// What logs tell, merged in time; absent when none was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<EventReport>>,
    /// The logs; absent when none was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logs: Option<LogsReport>,
    /// Counts.
    pub summary: Summary,
}

/// Name and version.
#[derive(Clone, Debug, Serialize)]
pub struct Tool {
    /// `pkidoctor`.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

/// Whose rules count.
#[derive(Clone, Debug, Serialize)]
pub struct JudgedAs {
    /// The Go version.
    pub go: String,
}

/// One node.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct NodeReport {
    /// As given.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Its files.
    pub files: Vec<FileReport>,
    /// Links whose client it is.
    pub links: Vec<LinkReport>,
    /// Ports of etcd, seen live.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<PortReport>,
    /// Whether `kubeadm upgrade` will get past etcd, seen live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubeadm_upgrade: Option<UpgradeReport>,
}

/// One file.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct FileReport {
    /// Relative to the PKI, or as on the node.
    pub path: String,
    /// Its role in kubeadm's layout.
    pub role: Option<&'static str>,
    /// `certificate`, `key`, `certificate+key`, `public-key`, `kubeconfig`, `other`, or why it could not be read.
    pub kind: String,
    /// Octal permissions.
    pub mode: Option<String>,
    /// `uid:gid`.
    pub owner: Option<String>,
    /// Digest of the content; `null` for private keys and what could not be read.
    pub sha256: Option<String>,
    /// The certificates in it.
    pub certificates: Vec<CertificateReport>,
}

/// One certificate.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct CertificateReport {
    /// RFC 2253.
    pub subject: String,
    /// RFC 2253.
    pub issuer: String,
    /// Hexadecimal.
    pub serial: String,
    /// RFC 3339.
    pub not_before: String,
    /// RFC 3339.
    pub not_after: String,
    /// Whether basicConstraints say so.
    pub is_ca: bool,
    /// `rsa2048`, `p256`…
    pub key: String,
    /// Digest of the SubjectPublicKeyInfo.
    pub public_key_sha256: String,
    /// `sha256WithRSA`…
    pub signature: String,
    /// DNS names.
    pub dns: Vec<String>,
    /// Addresses.
    pub ip: Vec<String>,
    /// Extended key usages.
    pub usages: Vec<String>,
    /// Digest of the DER.
    pub sha256: String,
}

/// One link.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct LinkReport {
    /// `kube-apiserver->etcd`…
    pub id: String,
    /// What the client dials.
    pub name: Option<String>,
    /// `vital`, `latent`, `auxiliary`.
    pub weight: &'static str,
    /// `ok`, `broken`, `unknown`.
    pub verdict: &'static str,
    /// `client`, `server`, `load`.
    pub refused_by: Option<&'static str>,
    /// Whose file does not load.
    pub load_side: Option<&'static str>,
    /// `tls`, `http`, `load`.
    pub stage: Option<&'static str>,
    /// What each side comes to by itself.
    pub sides: SidesReport,
    /// The files that it stands on.
    pub uses: UsesReport,
    /// Go's words on the client's side.
    pub client_error: Option<String>,
    /// Go's words on the server's side.
    pub server_error: Option<String>,
    /// What was assumed, left out, or could not be known.
    pub facts: Vec<String>,
    /// Indices into [`Report::findings`].
    pub findings: Vec<usize>,
    /// What came of it live: absent when nobody looked, `None` when it was not dialled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<Option<LiveReport>>,
}

/// The files that a link stands on, as subjects of findings name them; `null` where there is none, or none is known.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct UsesReport {
    /// The client's certificate.
    pub client_shows: Option<String>,
    /// What the client trusts.
    pub client_trusts: Option<String>,
    /// The server's certificate.
    pub server_shows: Option<String>,
    /// What the server trusts.
    pub server_trusts: Option<String>,
}

/// Both sides of a link: `ok`, `broken` where it refuses or does not load, `unknown`.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SidesReport {
    /// The client.
    pub client: &'static str,
    /// The server.
    pub server: &'static str,
}

/// One finding.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The defect's code.
    pub code: &'static str,
    /// `error`, `warning`, `info`.
    pub severity: &'static str,
    /// The node; `null` when it lies between nodes.
    pub node: Option<String>,
    /// The nodes it lies between.
    pub nodes: Option<Vec<String>>,
    /// The guilty file, flag or part.
    pub subject: String,
    /// Where the file of the subject is on this machine, for each of its nodes.
    #[serde(skip)]
    pub here: Vec<PathBuf>,
    /// The line of the manifest or configuration file on which that flag stands, from 1.
    pub line: Option<u64>,
    /// Whether it was asked to be left out of the verdict.
    pub ignored: bool,
    /// One sentence.
    pub message: String,
    /// Labelled values.
    pub facts: Vec<FactReport>,
    /// Links that it breaks.
    pub links: Vec<String>,
    /// What to do.
    pub remedy: RemedyReport,
}

/// One labelled value.
#[derive(Clone, Debug, Serialize)]
pub struct FactReport {
    /// What it is.
    pub label: String,
    /// Its value.
    pub value: String,
}

/// What to do.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct RemedyReport {
    /// `put-back`, `rewrite`, `regen`, `chmod`, `restart`, `manual`.
    pub kind: &'static str,
    /// What it acts on.
    pub targets: Vec<String>,
    /// One command, where there is one.
    pub command: Option<String>,
    /// Steps in order.
    pub steps: Vec<String>,
    /// What not to do.
    pub avoid: Vec<String>,
}

/// A root cause: findings that belong together.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Cause {
    /// The node that it concerns; absent where it concerns several, and where only one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// One sentence.
    pub title: String,
    /// The failure mode of `docs/coverage.md` that it is.
    pub mode: Option<&'static str>,
    /// `certain`, `likely`, `possible`.
    pub confidence: &'static str,
    /// The time of its first line in the logs, RFC 3339.
    pub since: Option<String>,
    /// Indices into [`Report::findings`].
    pub findings: Vec<usize>,
    /// Link names.
    pub links: Vec<String>,
    /// Indices into [`Report::events`].
    pub log_events: Vec<usize>,
    /// What speaks for it, and against it.
    pub evidence: EvidenceReport,
    /// What would confirm what only files, only logs or only running processes show.
    pub confirm: Option<String>,
    /// What to do, in order.
    pub treatment: Vec<String>,
    /// What not to do.
    pub avoid: Vec<String>,
}

/// What speaks for a cause, and what against it.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct EvidenceReport {
    /// For it.
    #[serde(rename = "for")]
    pub speaks_for: Vec<String>,
    /// Against it.
    #[serde(rename = "against")]
    pub speaks_against: Vec<String>,
}

/// Lines of a log that tell the same, understood and counted.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct EventReport {
    /// The log.
    pub source: String,
    /// The number of the first line in it, from 1.
    pub line: u64,
    /// Who wrote it: `etcd`, `kube-apiserver`…
    pub writer: &'static str,
    /// The port that it is about: `etcd-client`, `etcd-peer`, `kube-apiserver`… or `own-files`.
    pub port: &'static str,
    /// The host at the other end, where a server wrote it.
    pub remote: Option<String>,
    /// Who that is, as far as files and logs tell.
    pub remote_is: Option<String>,
    /// What was dialled, where a client wrote it.
    pub target: Option<String>,
    /// `client-refused-server`, `server-refused-client`, `writer-cannot-load`, `other-cannot-load`, `nobody`,
    /// `unknown`.
    pub direction: &'static str,
    /// `start`, `connect`, `tls`, `after-tls`, `http`.
    pub stage: &'static str,
    /// Why, in the words of the log.
    pub error: String,
    /// The row of `docs/logs.md`.
    pub row: &'static str,
    /// What such lines mean.
    pub meaning: &'static str,
    /// Whether it tells of no fault of the PKI.
    pub noise: bool,
    /// Failure modes that may be behind it, the likeliest first.
    pub suspects: Vec<&'static str>,
    /// Files whose certificates it names, by date, serial number or key.
    pub points_at: Vec<String>,
    /// How many lines.
    pub count: u64,
    /// The time of the first, RFC 3339.
    pub first: Option<String>,
    /// The time of the last, RFC 3339.
    pub last: Option<String>,
    /// The first line itself.
    pub example: String,
    /// Indices into [`Report::causes`].
    pub causes: Vec<usize>,
}

/// The logs that were read.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct LogsReport {
    /// Each of them.
    pub sources: Vec<SourceReport>,
    /// Lines that tell nothing about the PKI, or that nobody understands.
    pub unknown: u64,
    /// Lines about the doctor's own connections.
    pub ours: u64,
    /// Lines for which there was no room.
    pub dropped: u64,
}

/// One log.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SourceReport {
    /// Its name.
    pub name: String,
    /// Bytes, unpacked.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
    /// Lines that were understood.
    pub understood: u64,
    /// The time of the first line that has one, RFC 3339.
    pub first: Option<String>,
    /// The time of the last line that has one, RFC 3339.
    pub last: Option<String>,
}

/// Counts.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// Findings that are errors, ignored ones left out.
    pub error: usize,
    /// Warnings.
    pub warning: usize,
    /// Infos.
    pub info: usize,
    /// What became of every check.
    pub checks: Checks,
}

/// What became of every check.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Checks {
    /// Looked, nothing wrong.
    pub clear: usize,
    /// Looked, something wrong.
    pub found: usize,
    /// Nothing of the kind here.
    pub no_subject: usize,
    /// Could not be seen.
    pub unobserved: usize,
}

/// Which findings count.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these codes; empty for all.
    pub select: Vec<String>,
    /// Not these: they stay in the report, marked, and leave the verdict.
    pub ignore: Vec<String>,
}

/// Judges a cluster and reports it.
pub fn examine(cluster: &Cluster, options: &Options, filter: &Filter) -> Report {
    let signatures = SignatureCache::default();
    let verifier = Verifier { go: cluster.go, now: cluster.now, signatures: &signatures };
    let links = links::judge(cluster, &verifier);
    examined(&Exam::new(cluster, &verifier, &links, options.clone()), filter, None)
}

/// Judges a cluster together with what was seen live of these links, which were judged from its files.
pub fn examine_live(
    cluster: &Cluster,
    links: &[Link],
    evidence: &Evidence,
    options: &Options,
    filter: &Filter,
) -> Report {
    let signatures = SignatureCache::default();
    let verifier = Verifier { go: cluster.go, now: cluster.now, signatures: &signatures };
    let live = judge(cluster, links, evidence);
    examined(&Exam::with_live(cluster, &verifier, links, Some(&live), options.clone()), filter, None)
}

/// Judges a cluster together with what its logs tell, and, where links were walked, with what was seen of them live.
///
/// Of `seen` the links were judged from the cluster's files.
pub fn diagnose(
    cluster: &Cluster,
    seen: Option<(&[Link], &Evidence)>,
    journal: &Journal,
    options: &Options,
    filter: &Filter,
) -> Report {
    let signatures = SignatureCache::default();
    let verifier = Verifier { go: cluster.go, now: cluster.now, signatures: &signatures };
    let judged;
    let links = if let Some((links, _)) = seen {
        links
    } else {
        judged = links::judge(cluster, &verifier);
        &judged
    };
    let live = seen.map(|(links, evidence)| judge(cluster, links, evidence));
    examined(&Exam::with_live(cluster, &verifier, links, live.as_ref(), options.clone()), filter, Some(journal))
}

/// What logs alone tell, where there is no PKI to hold them against.
pub fn diagnose_logs(journal: &Journal, now: OffsetDateTime, go: GoVersion) -> Report {
    let folded = causes::of_logs(journal);
    let broken = folded.events.iter().any(|event| !event.noise);
    Report {
        verdict: if broken { "broken" } else { "healthy" },
        causes: folded.causes,
        events: Some(folded.events),
        logs: Some(logs_report(journal)),
        ..Report::empty(now, go)
    }
}

fn logs_report(journal: &Journal) -> LogsReport {
    let source = |source: &Source| SourceReport {
        name: source.name.clone(),
        bytes: source.bytes,
        lines: source.lines,
        understood: source.understood,
        first: source.first.map(rfc3339),
        last: source.last.map(rfc3339),
    };
    LogsReport {
        sources: journal.sources.iter().map(source).collect(),
        unknown: journal.unknown,
        ours: journal.ours,
        dropped: journal.dropped,
    }
}

impl Report {
    /// Where nothing could be examined.
    pub fn incomplete(now: OffsetDateTime, go: GoVersion) -> Self {
        Self { verdict: "incomplete", ..Self::empty(now, go) }
    }

    /// One in which nothing has been looked at.
    fn empty(now: OffsetDateTime, go: GoVersion) -> Self {
        Self {
            schema: SCHEMA,
            tool: Tool { name: "pkidoctor", version: env!("CARGO_PKG_VERSION") },
            at: rfc3339(now),
            judged_as: JudgedAs { go: go.to_string() },
            verdict: "healthy",
            nodes: Vec::new(),
            findings: Vec::new(),
            causes: Vec::new(),
            events: None,
            logs: None,
            summary: Summary::default(),
        }
    }
}

/// A defect whose remedy can be typed as it stands.
fn feasible(exam: &Exam<'_>, code: &str, mut defect: Defect) -> Defect {
    if let [node] = defect.nodes[..]
        && let Some(remedy) = way_out::instead(exam, code, node, &defect.remedy)
    {
        defect.remedy = remedy;
    }
    // by itself `fix` heals errors only
    if defect.severity != Severity::Error && defect.remedy.command.as_deref() == Some("pkidoctor fix") {
        defect.remedy.command = Some(format!("pkidoctor fix --select {code}"));
    }
    defect
}

/// Asks every check, and writes down what they say.
fn examined(exam: &Exam<'_>, filter: &Filter, journal: Option<&Journal>) -> Report {
    let cluster = exam.cluster;
    let mut checks = Checks::default();
    let mut stamped: Vec<(&'static str, Defect)> = Vec::new();
    for check in CHECKS {
        let look = (check.look)(exam);
        *match look.outcome() {
            Outcome::Clear => &mut checks.clear,
            Outcome::Found => &mut checks.found,
            Outcome::NoSubject => &mut checks.no_subject,
            Outcome::Unobserved => &mut checks.unobserved,
        } += 1;
        stamped.extend(look.defects.into_iter().map(|defect| (check.code, feasible(exam, check.code, defect))));
    }
    stamped.retain(|(code, _)| filter.select.is_empty() || filter.select.iter().any(|wanted| wanted == code));
    // worst first, then by code and place: the order never depends on how a check walks
    stamped.sort_by(|(code_a, a), (code_b, b)| {
        (a.severity, code_a, &a.nodes, &a.subject).cmp(&(b.severity, code_b, &b.nodes, &b.subject))
    });
    let ignored = |code: &str| filter.ignore.iter().any(|known| known == code);
    let findings: Vec<Finding> =
        stamped.iter().map(|(code, defect)| finding(exam, code, defect, ignored(code))).collect();
    let mut summary = Summary { checks, ..Summary::default() };
    for finding in findings.iter().filter(|finding| !finding.ignored) {
        *match finding.severity {
            "error" => &mut summary.error,
            "warning" => &mut summary.warning,
            _ => &mut summary.info,
        } += 1;
    }
    let nodes =
        cluster.nodes.iter().enumerate().map(|(index, node)| node_report(exam, index, node, &stamped)).collect();
    let folded = causes::fold(exam, &stamped, &findings, journal);
    Report {
        verdict: verdict(&findings, &summary),
        nodes,
        findings,
        causes: folded.causes,
        events: journal.map(|_| folded.events),
        logs: journal.map(logs_report),
        summary,
        ..Report::empty(cluster.now, cluster.go)
    }
}

fn verdict(findings: &[Finding], summary: &Summary) -> &'static str {
    if summary.error > 0 {
        "broken"
    } else if findings.iter().any(|finding| finding.code == "unreadable" && !finding.ignored) {
        "incomplete"
    } else if summary.warning > 0 {
        "warnings"
    } else {
        "healthy"
    }
}

fn finding(exam: &Exam<'_>, code: &'static str, defect: &Defect, ignored: bool) -> Finding {
    let name = |node: &usize| exam.cluster.nodes[*node].name.clone();
    let (node, nodes) = match defect.nodes.as_slice() {
        [only] => (Some(name(only)), None),
        several => (None, Some(several.iter().map(name).collect())),
    };
    let mut links: Vec<String> = Vec::new();
    for link in &defect.links {
        let id = &exam.links[*link].id;
        if !links.contains(id) {
            links.push(id.clone());
        }
    }
    let facts =
        defect.facts.iter().map(|fact| FactReport { label: fact.label.clone(), value: fact.value.clone() }).collect();
    let remedy = RemedyReport {
        kind: defect.remedy.kind.name(),
        targets: defect.remedy.targets.clone(),
        command: defect.remedy.command.clone(),
        steps: defect.remedy.steps.clone(),
        avoid: defect.remedy.avoid.clone(),
    };
    Finding {
        code,
        severity: defect.severity.name(),
        node,
        nodes,
        subject: defect.subject.clone(),
        here: defect.nodes.iter().map(|node| exam.cluster.nodes[*node].here(file_of(&defect.subject))).collect(),
        line: defect.nodes.iter().find_map(|node| line_of(&exam.cluster.nodes[*node], &defect.subject)),
        ignored,
        message: defect.message.clone(),
        facts,
        links,
        remedy,
    }
}

/// The file of a subject: without the flag, the number or the part in it.
fn file_of(subject: &str) -> &str {
    subject.split_once(":--").or_else(|| subject.split_once('#')).map_or(subject, |(file, _)| file)
}

/// Where the flag of a subject `FILE:--FLAG` stands.
fn line_of(node: &Node, subject: &str) -> Option<u64> {
    let (file, name) = subject.rsplit_once(":--")?;
    let named = |running: &Running<'_>| {
        (node.shown(running.manifest) == file).then(|| running.flags.get(name)).flatten().and_then(|flag| flag.line)
    };
    Component::ALL
        .iter()
        .flat_map(|component| node.running(*component).into_iter().chain(node.all_running(*component)))
        .find_map(|running| named(&running))
}

fn node_report(exam: &Exam<'_>, index: usize, node: &Node, stamped: &[(&'static str, Defect)]) -> NodeReport {
    let own = exam.links.iter().enumerate().filter(|(_, link)| link.node == index);
    let links = own.map(|(at, link)| link_report(exam, at, link, stamped)).collect();
    let mut files: Vec<FileReport> = node
        .files
        .values()
        .filter(|file| worth_telling(exam, index, file))
        .map(|file| file_report(node, file))
        .collect();
    for file in &mut files {
        embed_kubeconfig(node, file);
    }
    NodeReport {
        path: node.path.clone(),
        name: node.name.clone(),
        files,
        links,
        ports: exam.live.map(|live| live::ports(exam, live, index)).unwrap_or_default(),
        kubeadm_upgrade: exam.live.and_then(|live| live::upgrade(exam, live, index)),
    }
}

/// Files of the tree, and others that exist or that a link needs.
fn worth_telling(exam: &Exam<'_>, node: usize, file: &File) -> bool {
    file.in_tree || file.meta.is_some() || exam.is_on_link(node, &file.path)
}

fn link_report(exam: &Exam<'_>, at: usize, link: &Link, stamped: &[(&'static str, Defect)]) -> LinkReport {
    let unknown = link.unknown.iter().map(|what| format!("not known here: {what}"));
    let live = exam.live.map(|live| &live.links[at]);
    let remark = live.and_then(live::remark);
    LinkReport {
        id: link.id.clone(),
        name: link.name.clone(),
        weight: match link.weight {
            Weight::Vital => "vital",
            Weight::Latent => "latent",
            Weight::Auxiliary => "auxiliary",
        },
        verdict: link.verdict().name(),
        sides: SidesReport {
            client: link.verdict_of(Side::Client).name(),
            server: link.verdict_of(Side::Server).name(),
        },
        refused_by: link.refused_by().map(RefusedBy::name),
        load_side: link.load_side().map(|side| if side == Side::Client { "client" } else { "server" }),
        stage: link.stage().map(|stage| match stage {
            At::Tls => "tls",
            At::Http => "http",
            At::Load => "load",
        }),
        uses: UsesReport {
            client_shows: shown(exam, link.client_pair.as_ref().map(|pair| &pair.certificate)),
            client_trusts: shown(exam, link.client_trust.as_ref()),
            server_shows: shown(exam, link.server_pair.as_ref().map(|pair| &pair.certificate)),
            server_trusts: shown(exam, link.server_trust.as_ref()),
        },
        client_error: link.client_error(),
        server_error: link.server_error(),
        facts: link.facts.iter().cloned().chain(unknown).chain(remark).collect(),
        findings: (0..stamped.len()).filter(|finding| stamped[*finding].1.links.contains(&at)).collect(),
        live: live.map(|live| live.seen().map(|seen| live::link(exam.cluster, seen))),
    }
}

fn shown(exam: &Exam<'_>, reference: Option<&Reference>) -> Option<String> {
    reference.filter(|reference| !reference.is_unset()).map(|reference| reference.subject(exam.cluster))
}

fn file_report(node: &Node, file: &File) -> FileReport {
    let shown = node.shown(&file.path);
    let material = file.material();
    let holds_key = material.is_some_and(Material::holds_key);
    let kubeconfig = node.kubeconfigs.iter().any(|known| known.path == file.path);
    let kind = match &file.state {
        _ if kubeconfig => "kubeconfig".to_owned(),
        State::Missing { link: None } => "missing".to_owned(),
        State::Missing { link: Some(_) } => "dangling link".to_owned(),
        State::Unobserved => "unobserved".to_owned(),
        State::Unreadable(_) => "unreadable".to_owned(),
        State::LinkLoop => "link loop".to_owned(),
        State::Directory => "directory".to_owned(),
        State::Special(what) => (*what).to_owned(),
        State::TooLarge(_) => "too large".to_owned(),
        State::Regular(content) => content.material.kind().to_owned(),
    };
    let digest = file.content().filter(|content| !holds_key && content.sha256 != [0; 32]);
    FileReport {
        path: shown.to_owned(),
        role: profile::file_role(shown),
        kind,
        mode: file.meta.as_ref().map(|meta| format!("{:04o}", meta.mode & 0o7777)),
        owner: file.meta.as_ref().map(|meta| format!("{}:{}", meta.uid, meta.gid)),
        sha256: digest.map(|content| hex_lower(&content.sha256)),
        certificates: material.map(certificate_reports).unwrap_or_default(),
    }
}

fn embed_kubeconfig(node: &Node, file: &mut FileReport) {
    let Some(kubeconfig) = node.kubeconfigs.iter().find(|known| node.shown(&known.path) == file.path) else { return };
    file.role = profile::KUBECONFIGS.into_iter().find(|name| *name == kubeconfig.name);
    let parts = [&kubeconfig.client_certificate, &kubeconfig.ca];
    file.certificates = parts.into_iter().flatten().flat_map(certificate_reports).collect();
}

/// The certificates of a PEM file that parse.
pub fn certificate_reports(material: &Material) -> Vec<CertificateReport> {
    material.parsed().map(|certificate| certificate_report(certificate)).collect()
}

/// One certificate, for people and machines.
pub fn certificate_report(certificate: &Certificate) -> CertificateReport {
    use sha2::{Digest as _, Sha256};
    CertificateReport {
        subject: certificate.subject.to_string(),
        issuer: certificate.issuer.to_string(),
        serial: certificate.serial_hex(),
        not_before: rfc3339(certificate.not_before),
        not_after: rfc3339(certificate.not_after),
        is_ca: certificate.is_ca(),
        key: certificate.key.as_ref().map_or_else(|| "unknown".to_owned(), crate::x509::key::PublicKey::kind),
        public_key_sha256: hex_lower(&Sha256::digest(certificate.spki_bytes())),
        signature: certificate.algorithm.name().to_owned(),
        dns: certificate.names.dns.clone(),
        ip: certificate.ip_addresses().into_iter().map(|address| address.to_string()).collect(),
        usages: certificate.usages.iter().map(|usage| usage_name(usage)).collect(),
        sha256: hex_lower(&Sha256::digest(&certificate.raw)),
    }
}
