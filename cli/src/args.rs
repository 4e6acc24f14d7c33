//! What people may type.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use pkidoctor::go::GoVersion;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The doctor for etcd and Kubernetes control-plane PKI.
#[derive(Parser, Debug)]
#[command(name = "pkidoctor", version, max_term_width = 100)]
pub(crate) struct Arguments {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Examine a PKI offline
    Scan(Scan),
    /// Would Go (so etcd and Kubernetes) accept this certificate?
    Verify(Verify),
}

/// Options that every command knows.
#[derive(Args, Debug)]
pub(crate) struct Global {
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
    /// Write to FILE instead of stdout, atomically
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Judge as of this instant
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    pub(crate) at: Option<OffsetDateTime>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Human,
    /// One object
    Json,
    /// One object per node and line
    Ndjson,
}

#[derive(Args, Debug)]
pub(crate) struct Scan {
    /// PKI directories or the ones above them; several are several nodes of one cluster
    #[arg(value_name = "PATH", default_value = "/etc/kubernetes/pki")]
    pub(crate) paths: Vec<PathBuf>,
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
    /// Only these checks
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub(crate) select: Vec<String>,
    /// Leave these findings out of verdict and exit code
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub(crate) ignore: Vec<String>,
    /// Exit with 1 from this severity on
    #[arg(long, value_enum, default_value_t = Threshold::Error)]
    pub(crate) fail_on: Threshold,
    /// Warn this many days before a leaf expires
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    pub(crate) expiry_warning: i64,
    /// Warn this many days before a CA expires
    #[arg(long, value_name = "DAYS", default_value_t = 180)]
    pub(crate) ca_expiry_warning: i64,
    /// Judge as a program built by this Go
    #[arg(long, value_name = "VERSION", default_value_t = GoVersion::NEWEST)]
    pub(crate) for_go: GoVersion,
    /// Every child of DIR is a cluster of its own
    #[arg(long, value_name = "DIR", conflicts_with_all = ["paths", "root"])]
    pub(crate) each: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) global: Global,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Threshold {
    /// A link is broken
    Error,
    /// Dated or exposed, too
    Warning,
    /// Anything at all
    Info,
    /// Never
    Never,
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
    /// The name that the client dials
    #[arg(long, value_name = "HOST-OR-IP")]
    pub(crate) name: Option<String>,
    /// Judge as of this instant
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    pub(crate) at: Option<OffsetDateTime>,
    /// Judge as a program built by this Go
    #[arg(long, value_name = "VERSION", default_value_t = GoVersion::NEWEST)]
    pub(crate) for_go: GoVersion,
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

fn instant(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|error| format!("not an RFC 3339 instant: {error}"))
}
