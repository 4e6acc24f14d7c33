//! What people may type.

use std::path::PathBuf;
#[cfg(feature = "live")]
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use pkidoctor::checks;
#[cfg(feature = "live")]
use pkidoctor::cluster::url::{self, Endpoint};
use pkidoctor::go::GoVersion;
use pkidoctor::lang::Language;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use crate::suggest;

/// Where kubeadm keeps a PKI.
pub(crate) const USUAL_PKI: &str = "/etc/kubernetes/pki";

const EXIT_CODES: &str = "\
Exit codes:
  0  nothing at or above the threshold; repair done; nothing to do
  1  findings; a link refused or unreachable; verify refused; repair done but errors remain
  2  bad usage; no PKI there; something unreadable and nothing worse found
  3  refused, declined, stale, locked or rolled back: nothing has changed
  4  a repair could neither be finished nor undone: hands needed";

const REGEN_EXAMPLES: &str = "\
Examples:
  pkidoctor regen etcd-server --backup       key and certificate of etcd's client port
  pkidoctor regen etcd --dry-run             what would become of etcd's four leaves
  pkidoctor regen apiserver --san api.example.com
  pkidoctor regen admin.conf --keep-key      a new certificate for the same key
  pkidoctor regen etcd-server --csr /root/requests    where the CA's key is elsewhere
  pkidoctor regen etcd-ca --step bundle      the first of three steps to another CA

Targets: etcd-server, etcd-peer, etcd-healthcheck-client, apiserver-etcd-client, apiserver,
apiserver-kubelet-client, front-proxy-client, admin.conf, super-admin.conf,
controller-manager.conf, scheduler.conf, kubelet.conf, sa.pub; etcd (its four leaves),
all (all leaves that exist); etcd-ca (alone, in steps).";

const FIX_EXAMPLES: &str = "\
Examples:
  pkidoctor fix --dry-run                    what would be done
  pkidoctor fix --yes                        do it
  pkidoctor fix --select key-exposed         only this, though it is a warning";

const RESTORE_EXAMPLES: &str = "\
Examples:
  pkidoctor restore                          the backups there are
  pkidoctor restore 20261123T030000Z-1a2b    put back what that run changed";

const RECOVER_EXAMPLES: &str = "\
Examples:
  pkidoctor recover                          after a power cut in the middle of a repair";

const SCAN_EXAMPLES: &str = "\
Examples:
  pkidoctor scan                           this control-plane node
  pkidoctor scan cp1/pki cp2/pki cp3/pki   copies of three nodes of a cluster
  pkidoctor scan --root /mnt/disk          a node's file system, elsewhere
  pkidoctor scan --at 2027-11-24T00:00:00Z what will have expired by then?
  pkidoctor scan --each clusters           a fleet: lines of JSON per cluster";

#[cfg(feature = "live")]
const WATCH_EXAMPLES: &str = "\
Examples:
  pkidoctor watch                            this control-plane node; metrics on 127.0.0.1:9464
  pkidoctor watch --root /host --listen 0.0.0.0:9464   from a pod that has mounted the node's files";

#[cfg(feature = "live")]
const PROBE_EXAMPLES: &str = "\
Examples:
  pkidoctor probe                            every link of this control-plane node
  pkidoctor probe --all-members              and every member of its etcd
  pkidoctor probe --link 'kubeadm->etcd'     one link
  pkidoctor probe https://10.0.0.12:2379     an endpoint, with this node's clients
  pkidoctor probe https://127.0.0.1:12379 --pki cp1/pki   a copy, through a tunnel";

const DIAGNOSE_EXAMPLES: &str = "\
Examples:
  pkidoctor diagnose                         the logs of this node's pods, with its files
  pkidoctor diagnose etcd.log apiserver.log.gz --pki cp1/pki
  journalctl -u kubelet | pkidoctor diagnose -
  pkidoctor diagnose --no-pki etcd.log       logs alone
  pkidoctor diagnose --since 2h --follow     and what comes next";

const VERIFY_EXAMPLES: &str = "\
Examples:
  pkidoctor verify etcd/server.crt --ca etcd/ca.crt --name 10.0.0.11
  pkidoctor verify apiserver-etcd-client.crt --ca etcd/ca.crt --usage client";

const INSPECT_EXAMPLES: &str = "\
Examples:
  pkidoctor inspect /etc/kubernetes/pki/etcd/server.crt
  pkidoctor inspect /etc/kubernetes/admin.conf --format json";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  pkidoctor explain
  pkidoctor explain expired";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  pkidoctor completions bash > /etc/bash_completion.d/pkidoctor";

const MAN_EXAMPLES: &str = "\
Examples:
  pkidoctor man /usr/local/share/man/man1";

/// The doctor for etcd and Kubernetes control-plane PKI.
///
/// It sees a PKI as links (who proves what to whom) and says of each what Go, the language of etcd and
/// Kubernetes, would say, why, and what to do.
#[derive(Parser, Debug)]
#[command(name = "pkidoctor", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) manners: Manners,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Examine a PKI offline
    ///
    /// Reads certificates, keys, manifests and kubeconfigs, writes nothing, and opens no connection.
    #[command(after_help = SCAN_EXAMPLES)]
    Scan(Scan),
    /// Walk every link live: who refuses whom, and why
    ///
    /// Makes real TLS handshakes with each component's own certificate, sends nothing to a server that it would not
    /// trust, changes nothing, and says of every link who refuses whom, why, and what stands in both logs.
    #[cfg(feature = "live")]
    #[command(after_help = PROBE_EXAMPLES)]
    Probe(Probe),
    /// Rescan on change and serve metrics
    ///
    /// Looks again as soon as a file changes, and after a while in any case, since certificates age by themselves. Tells
    /// on stdout when the verdict changes, and serves /metrics for Prometheus and /healthz. Writes nothing.
    #[cfg(feature = "live")]
    #[command(after_help = WATCH_EXAMPLES)]
    Watch(Watch),
    /// Read logs, name root causes and their treatment
    ///
    /// Understands the logs of etcd, kube-apiserver, kubelet, kubeadm and their clients, joins them with what the files
    /// say (and with --probe with what happens live), and tells who refused whom, since when, which file is guilty,
    /// what to do in which order, and which popular advice not to follow.
    #[command(after_help = DIAGNOSE_EXAMPLES)]
    Diagnose(Box<Diagnose>),
    /// Make certificates and keys anew, as one transaction
    ///
    /// Issues what kubeadm would issue on this node, judges it on every link before anything is written, backs up, and
    /// replaces files so that a crash leaves nothing half done.
    #[command(after_help = REGEN_EXAMPLES)]
    Regen(Box<Regen>),
    /// The smallest set of repairs that heals what scan found
    ///
    /// Puts back, rewrites, changes permissions or makes anew, in this order of preference. Never edits a manifest and
    /// never replaces a CA: those are told as steps for hands.
    #[command(after_help = FIX_EXAMPLES)]
    Fix(Fix),
    /// Put a backup back; lists backups without BACKUP
    #[command(after_help = RESTORE_EXAMPLES)]
    Restore(Restore),
    /// Finish or undo an interrupted repair
    #[command(after_help = RECOVER_EXAMPLES)]
    Recover(Recover),
    /// Would Go (so etcd and Kubernetes) accept this certificate?
    ///
    /// Prints `ok`, or the text of Go's error.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(Verify),
    /// What is in this file: certificates, keys (public half only), requests, kubeconfigs
    #[command(after_help = INSPECT_EXAMPLES)]
    Inspect(Inspect),
    /// What a finding means, why it matters, what to do; lists all without CODE
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(Explain),
    /// Completions for a shell, to stdout
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(Completions),
    /// Manual pages, one file per command
    #[command(after_help = MAN_EXAMPLES)]
    Man(Man),
}

/// Options that every command knows.
#[derive(Args, Debug)]
#[command(next_help_heading = "Output")]
pub(crate) struct Manners {
    /// How to print; human unless told otherwise
    #[arg(long, value_enum, global = true)]
    pub(crate) format: Option<Format>,
    /// Write to FILE instead of stdout, atomically
    #[arg(short, long, value_name = "FILE", global = true)]
    pub(crate) output: Option<PathBuf>,
    /// When to use colour; NO_COLOR is respected
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN", global = true)]
    pub(crate) color: When,
    /// Language of sentences; Go's own words stay as they are [default: as LANG says]
    #[arg(long, value_enum, global = true)]
    pub(crate) lang: Option<Spoken>,
    /// Say only the verdict
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

impl Manners {
    /// The format, `human` unless asked otherwise.
    pub(crate) fn format(&self) -> Format {
        self.format.unwrap_or(Format::Human)
    }

    /// The language, that of the environment unless asked otherwise.
    pub(crate) fn language(&self) -> Language {
        match self.lang {
            Some(Spoken::En) => Language::English,
            Some(Spoken::Zh) => Language::Chinese,
            None => crate::language::of_environment(),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Human,
    /// One object
    Json,
    /// One object per node and line
    Ndjson,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Test report for CI servers
    Junit,
    /// Metrics for the textfile collector
    Prometheus,
    /// For issues and chat
    Markdown,
    /// One self-contained page
    Html,
}

impl Format {
    /// Whether it tells of reports only.
    pub(crate) fn is_document(self) -> bool {
        !matches!(self, Self::Human | Self::Json | Self::Ndjson)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum When {
    /// On a terminal
    Auto,
    /// Always, in files and pipes too
    Always,
    /// Never
    Never,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Spoken {
    /// English
    En,
    /// Chinese
    Zh,
}

#[derive(Args, Debug)]
pub(crate) struct Scan {
    /// PKI directories or the ones above them; several are several nodes of one cluster
    #[arg(value_name = "PATH", default_value = USUAL_PKI)]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) place: Place,
    /// Every child of DIR is a cluster of its own; ndjson out
    #[arg(long, value_name = "DIR", conflicts_with_all = ["paths", "root", "manifests", "kubeconfigs", "etcd_config"])]
    pub(crate) each: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) choice: Choice,
    /// Print the trust map for one of these programs instead of a report
    #[arg(long, value_enum, value_name = "LANGUAGE", conflicts_with_all = ["format", "each"])]
    pub(crate) graph: Option<Graph>,
    /// Exit with 1 from this severity on
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = Threshold::Error)]
    pub(crate) fail_on: Threshold,
    /// Walk every link live, too, as `probe` does
    #[cfg(feature = "live")]
    #[arg(long, conflicts_with = "each")]
    pub(crate) probe: bool,
    #[cfg(feature = "live")]
    #[command(flatten)]
    pub(crate) tour: Tour,
    #[command(flatten)]
    pub(crate) judge: Judge,
}

/// In what the map is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Graph {
    /// Mermaid, as GitHub draws it
    Mermaid,
    /// DOT, as Graphviz draws it
    Dot,
}

/// Which findings count, and from when on.
#[derive(Args, Debug)]
pub(crate) struct Choice {
    /// Only these findings
    #[arg(long, value_name = "CODE,...", value_delimiter = ',', value_parser = code)]
    pub(crate) select: Vec<String>,
    /// Leave these findings out of verdict and exit code
    #[arg(long, value_name = "CODE,...", value_delimiter = ',', value_parser = code)]
    pub(crate) ignore: Vec<String>,
    /// Warn this many days before a leaf expires
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = days())]
    pub(crate) expiry_warning: i64,
    /// Warn this many days before a CA expires
    #[arg(long, value_name = "DAYS", default_value_t = 180, value_parser = days())]
    pub(crate) ca_expiry_warning: i64,
}

/// What `watch` is told.
#[cfg(feature = "live")]
#[derive(Args, Debug)]
pub(crate) struct Watch {
    /// PKI directories or the ones above them; several are several nodes of one cluster
    #[arg(value_name = "PATH", default_value = USUAL_PKI)]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) choice: Choice,
    /// Where /metrics and /healthz are served
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9464")]
    pub(crate) listen: std::net::SocketAddr,
    /// Look again after so long at the latest, whether or not anything has changed
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "60s")]
    pub(crate) interval: Duration,
    /// Judge as a program built by this Go
    #[arg(long, value_name = "VERSION", default_value_t = GoVersion::NEWEST)]
    pub(crate) for_go: GoVersion,
}

/// Where things are.
#[derive(Args, Clone, Debug)]
pub(crate) struct Place {
    /// The node's file system is below DIR
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// Where the static-pod manifests are
    #[arg(long, value_name = "DIR")]
    pub(crate) manifests: Option<PathBuf>,
    /// Where the kubeconfigs are
    #[arg(long, value_name = "DIR")]
    pub(crate) kubeconfigs: Option<PathBuf>,
    /// Do not read manifests: judge by kubeadm's layout
    #[arg(long, conflicts_with = "manifests")]
    pub(crate) no_manifests: bool,
    /// etcd's configuration, environment file or unit, when it is no static pod
    #[arg(long, value_name = "FILE")]
    pub(crate) etcd_config: Option<PathBuf>,
}

#[cfg(feature = "live")]
#[derive(Args, Debug)]
pub(crate) struct Probe {
    /// Endpoints of etcd, instead of those that manifests and kubeconfigs name
    #[arg(value_name = "ENDPOINT", value_parser = endpoint)]
    pub(crate) endpoints: Vec<Endpoint>,
    /// PKI directory or the one above it; several are several nodes of one cluster
    #[arg(long, value_name = "PATH", default_value = USUAL_PKI)]
    pub(crate) pki: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) tour: Tour,
    #[command(flatten)]
    pub(crate) judge: Judge,
}

/// How to walk.
#[cfg(feature = "live")]
#[derive(Args, Debug)]
#[command(next_help_heading = "Live")]
pub(crate) struct Tour {
    /// Give up on whoever is silent [default: 5s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
    /// Only links with this id; may be repeated
    #[arg(long, value_name = "ID")]
    pub(crate) link: Vec<String>,
    /// Which TLS versions to offer [default: auto]
    #[arg(long, value_enum, value_name = "VERSION")]
    pub(crate) tls: Option<Tls>,
    /// Ask the member list, and walk to every member
    #[arg(long)]
    pub(crate) all_members: bool,
}

#[cfg(feature = "live")]
impl Tour {
    /// Whether anything of it was asked for.
    pub(crate) fn is_set(&self) -> bool {
        self.timeout.is_some() || !self.link.is_empty() || self.tls.is_some() || self.all_members
    }
}

#[cfg(feature = "live")]
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Tls {
    /// 1.2 alone
    #[value(name = "1.2")]
    V12,
    /// 1.3 alone
    #[value(name = "1.3")]
    V13,
    /// Both
    Auto,
}

#[derive(Args, Debug)]
pub(crate) struct Diagnose {
    /// Logs, gzipped ones too; - for stdin [default: the logs of this node's pods]
    #[arg(value_name = "LOG")]
    pub(crate) logs: Vec<PathBuf>,
    /// PKI directory or the one above it; several are several nodes of one cluster [default: /etc/kubernetes/pki]
    #[arg(long, value_name = "PATH")]
    pub(crate) pki: Vec<PathBuf>,
    /// Read the logs alone
    #[arg(long, conflicts_with_all = ["pki", "root", "manifests", "kubeconfigs", "no_manifests", "etcd_config"])]
    pub(crate) no_pki: bool,
    #[command(flatten)]
    pub(crate) place: Place,
    /// Leave out lines that are older: 90s, 30m, 2h, 3d, or an instant (RFC 3339)
    #[arg(long, value_name = "AGE", value_parser = since)]
    pub(crate) since: Option<Since>,
    /// The zone of times that name none
    #[arg(long, value_name = "+HH:MM", default_value = "+00:00", value_parser = zone, allow_hyphen_values = true)]
    pub(crate) zone: UtcOffset,
    /// Go on as the logs grow
    #[arg(long)]
    pub(crate) follow: bool,
    /// Walk every link live, too, as `probe` does
    #[cfg(feature = "live")]
    #[arg(long, conflicts_with = "no_pki")]
    pub(crate) probe: bool,
    #[cfg(feature = "live")]
    #[command(flatten)]
    pub(crate) tour: Tour,
    #[command(flatten)]
    pub(crate) judge: Judge,
}

/// Since when.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Since {
    /// So long ago.
    Ago(time::Duration),
    /// From this instant on.
    At(OffsetDateTime),
}

impl Since {
    /// The instant.
    pub(crate) fn instant(self, now: OffsetDateTime) -> OffsetDateTime {
        match self {
            Self::Ago(age) => now.saturating_sub(age),
            Self::At(instant) => instant,
        }
    }
}

/// When, and by whose rules.
#[derive(Args, Debug)]
pub(crate) struct Judge {
    /// Judge as of this instant instead of now
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    pub(crate) at: Option<OffsetDateTime>,
    /// Judge as a program built by this Go
    #[arg(long, value_name = "VERSION", default_value_t = GoVersion::NEWEST)]
    pub(crate) for_go: GoVersion,
}

impl Judge {
    /// The instant of judgement.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.at.unwrap_or_else(clock)
    }
}

/// What time it is.
#[expect(clippy::disallowed_methods, reason = "only the command line asks what time it is")]
pub(crate) fn clock() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Threshold {
    /// A link is broken, or will be at the next restart
    Error,
    /// Dated or exposed, too
    Warning,
    /// Anything at all
    Info,
    /// Never
    Never,
}

impl Threshold {
    /// Whether a finding of this severity is at or above it.
    pub(crate) fn counts(self, severity: &str) -> bool {
        match self {
            Self::Error => severity == "error",
            Self::Warning => severity != "info",
            Self::Info => true,
            Self::Never => false,
        }
    }
}

/// Whose files are repaired.
#[derive(Args, Clone, Debug)]
pub(crate) struct Patient {
    /// PKI directory or the one above it; the first is repaired, further ones are the cluster's other nodes
    #[arg(long, value_name = "PATH", default_value = USUAL_PKI)]
    pub(crate) pki: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// How a repair is carried out.
#[cfg_attr(feature = "live", expect(clippy::struct_excessive_bools, reason = "each is a flag that people type"))]
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Repair")]
pub(crate) struct Manner {
    /// Back up to a directory in DIR, outside of PKI and manifests [default: pkidoctor-backups beside the PKI]
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true, conflicts_with = "no_backup")]
    pub(crate) backup: Option<Option<PathBuf>>,
    /// Make no backup
    #[arg(long)]
    pub(crate) no_backup: bool,
    /// Print plan and difference, write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Answer every question with yes
    #[arg(long)]
    pub(crate) yes: bool,
    /// Show the new pair to the running etcd before, and see it served after
    #[cfg(feature = "live")]
    #[arg(long)]
    pub(crate) verify_live: bool,
    /// How long an endpoint may take to answer again
    #[cfg(feature = "live")]
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "60s", requires = "verify_live")]
    pub(crate) wait: Duration,
}

#[derive(Args, Debug)]
pub(crate) struct Regen {
    /// What to make anew
    #[arg(value_name = "TARGET", required = true)]
    pub(crate) targets: Vec<String>,
    #[command(flatten)]
    pub(crate) patient: Patient,
    #[command(flatten)]
    pub(crate) manner: Manner,
    /// Add a name or an address; may be repeated
    #[arg(long, value_name = "NAME-OR-IP", value_parser = san)]
    pub(crate) san: Vec<String>,
    /// Drop names of the certificate in place that kubeadm would not give it
    #[arg(long)]
    pub(crate) only_san: bool,
    /// Which kind of key
    #[arg(long, value_enum, value_name = "KIND", default_value_t = KeyType::Same)]
    pub(crate) key_type: KeyType,
    /// Certify the key in place
    #[arg(long, conflicts_with = "key_type")]
    pub(crate) keep_key: bool,
    /// Days of validity [default: 365]
    #[arg(long, value_name = "N", conflicts_with_all = ["csr", "install"], value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub(crate) days: Option<u32>,
    /// The node's name, where no file tells it
    #[arg(long, value_name = "NAME", value_parser = node_name)]
    pub(crate) node_name: Option<String>,
    /// The organization (group) of a client, where no file tells it
    #[arg(long, value_name = "O", value_parser = organization)]
    pub(crate) organization: Option<String>,
    /// The CA's key is elsewhere: write keys and requests to DIR
    #[arg(long, value_name = "DIR", conflicts_with = "install")]
    pub(crate) csr: Option<PathBuf>,
    /// Put in place what was signed from requests in DIR
    #[arg(long, value_name = "DIR")]
    pub(crate) install: Option<PathBuf>,
    /// Sign with a CA that signed nothing of what is in place
    #[arg(long)]
    pub(crate) adopt_ca: bool,
    /// Which step of the rotation of etcd-ca; without it, the next one is shown
    #[arg(long, value_enum, value_name = "STEP")]
    pub(crate) step: Option<StepName>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum StepName {
    /// Trust a new CA beside the old one
    Bundle,
    /// Make this node's etcd certificates anew by the new CA
    Leaves,
    /// Trust the old CA no more
    Drop,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum KeyType {
    /// As in the certificate in place
    Same,
    /// RSA, 2048 bits
    Rsa2048,
    /// RSA, 3072 bits
    Rsa3072,
    /// RSA, 4096 bits
    Rsa4096,
    /// ECDSA on P-256
    P256,
    /// ECDSA on P-384
    P384,
}

#[derive(Args, Debug)]
pub(crate) struct Fix {
    #[command(flatten)]
    pub(crate) patient: Patient,
    #[command(flatten)]
    pub(crate) manner: Manner,
    /// Only these findings, be they warnings
    #[arg(long, value_name = "CODE,...", value_delimiter = ',', value_parser = code)]
    pub(crate) select: Vec<String>,
    /// Not these findings
    #[arg(long, value_name = "CODE,...", value_delimiter = ',', value_parser = code)]
    pub(crate) ignore: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Restore {
    /// The backup: its name or its directory
    #[arg(value_name = "BACKUP")]
    pub(crate) backup: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) patient: Patient,
    /// Where the backups are kept [default: pkidoctor-backups beside the PKI]
    #[arg(long, value_name = "DIR")]
    pub(crate) from: Option<PathBuf>,
    /// The whole backup, not only what its run changed
    #[arg(long)]
    pub(crate) all: bool,
    /// Also over files that have changed since
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Recover {
    #[command(flatten)]
    pub(crate) patient: Patient,
}

#[derive(Args, Debug)]
pub(crate) struct Verify {
    /// The certificate, perhaps followed by its chain
    #[arg(value_name = "LEAF")]
    pub(crate) leaf: PathBuf,
    /// Trusted CAs, loaded as etcd loads them
    #[arg(long, value_name = "BUNDLE")]
    pub(crate) ca: PathBuf,
    /// Further intermediates
    #[arg(long, value_name = "FILE")]
    pub(crate) untrusted: Option<PathBuf>,
    /// What it is to be used for
    #[arg(long, value_enum, default_value_t = Usage::Server)]
    pub(crate) usage: Usage,
    /// The name that the client dials; without it no name is checked
    #[arg(long, value_name = "HOST-OR-IP")]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) judge: Judge,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Usage {
    /// serverAuth
    Server,
    /// clientAuth
    Client,
    /// Any
    Any,
}

#[derive(Args, Debug)]
pub(crate) struct Inspect {
    /// PEM, DER or kubeconfig files
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) judge: Judge,
}

#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// The finding's code
    #[arg(value_name = "CODE", value_parser = code)]
    pub(crate) code: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Args, Debug)]
pub(crate) struct Man {
    /// Where to write them; made if it does not exist
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
}

fn instant(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| "not an instant such as 2026-11-23T03:00:00Z".to_owned())
}

/// An age or an instant.
fn since(text: &str) -> Result<Since, String> {
    if let Ok(instant) = OffsetDateTime::parse(text, &Rfc3339) {
        return Ok(Since::At(instant));
    }
    let wrong = || "neither an age such as 2h nor an instant such as 2026-11-23T03:00:00Z".to_owned();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let seconds = match unit {
        "s" | "" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let number: i64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).map(|age| Since::Ago(time::Duration::seconds(age))).ok_or_else(wrong)
}

/// `+08:00`, `Z`.
fn zone(text: &str) -> Result<UtcOffset, String> {
    let wrong = || "not a zone such as +08:00".to_owned();
    if matches!(text, "Z" | "UTC" | "utc") {
        return Ok(UtcOffset::UTC);
    }
    let (sign, rest) = match text.split_at_checked(1) {
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        _ => return Err(wrong()),
    };
    let (hours, minutes) = rest.split_once(':').or_else(|| rest.split_at_checked(2)).ok_or_else(wrong)?;
    let number = |text: &str| text.parse::<i8>().ok().filter(|number| *number >= 0);
    let (hours, minutes) = number(hours).zip(number(minutes).filter(|minutes| *minutes < 60)).ok_or_else(wrong)?;
    UtcOffset::from_hms(sign * hours, sign * minutes, 0).map_err(|_| wrong())
}

/// A URL of etcd.
#[cfg(feature = "live")]
fn endpoint(text: &str) -> Result<Endpoint, String> {
    let endpoint = url::parse(text)?;
    match endpoint.scheme.as_str() {
        "https" | "" if endpoint.host.is_empty() => Err("no host in it".to_owned()),
        "https" => Ok(endpoint),
        "" => url::parse(&format!("https://{text}")),
        other => Err(format!("links speak TLS: https://…, not {other}://…")),
    }
}

/// A DNS name as Go would match it, or an address.
fn san(text: &str) -> Result<String, String> {
    let is_name = || {
        let label = |label: &str| {
            !label.is_empty()
                && label.len() < 64
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        text.len() < 254 && text.strip_prefix("*.").unwrap_or(text).split('.').all(label)
    };
    let looks_like_address = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let is_matched = || !looks_like_address && is_name() && pkidoctor::go::hostname::is_valid_pattern(text);
    if text.parse::<std::net::IpAddr>().is_ok() || is_matched() {
        Ok(text.to_owned())
    } else {
        Err("neither a DNS name nor an IP address".to_owned())
    }
}

/// A group of Kubernetes: anything that is not empty and can be printed.
fn organization(text: &str) -> Result<String, String> {
    let is_group = !text.trim().is_empty() && !text.chars().any(char::is_control);
    if is_group { Ok(text.to_owned()) } else { Err("not the name of a group".to_owned()) }
}

/// A node's name as kubeadm takes it (`GetHostname`, then a DNS-1123 subdomain): lower case, letters, digits, `-` and `.`.
fn node_name(text: &str) -> Result<String, String> {
    let name = text.trim().to_ascii_lowercase();
    let is_end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let is_label = |label: &str| {
        let bytes = label.as_bytes();
        is_end(bytes.first())
            && is_end(bytes.last())
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
    };
    if name.len() < 254 && name.split('.').all(is_label) { Ok(name) } else { Err("not the name of a node".to_owned()) }
}

/// `5s`, `500ms`, `1m`; a bare number is seconds.
#[cfg(feature = "live")]
fn duration(text: &str) -> Result<Duration, String> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: f64 = number.parse().map_err(|_| "not a duration such as 5s or 500ms".to_owned())?;
    let seconds = match unit {
        "" | "s" => number,
        "ms" => number / 1e3,
        "m" => number * 60.0,
        "h" => number * 3600.0,
        _ => return Err("not a duration such as 5s or 500ms".to_owned()),
    };
    if !(0.001..=3600.0).contains(&seconds) {
        return Err("between 1ms and 1h".to_owned());
    }
    Ok(Duration::from_secs_f64(seconds))
}

/// A code that exists, else the one that was probably meant.
fn code(text: &str) -> Result<String, String> {
    if let Some(check) = checks::by_code(text) {
        return Ok(check.code.to_owned());
    }
    let known = checks::CHECKS.iter().map(|check| check.code);
    Err(match suggest::nearest(text, known) {
        Some(near) => format!("no such code; did you mean {near}?"),
        None => "no such code; `pkidoctor explain` lists all".to_owned(),
    })
}

/// Not negative, and not so many that a date overflows.
fn days() -> clap::builder::RangedI64ValueParser<i64> {
    clap::value_parser!(i64).range(0..=36_500)
}
