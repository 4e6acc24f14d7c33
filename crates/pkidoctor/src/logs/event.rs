//! What a line says: who wrote it, who refused whom, at which port, why, and with which values.

use time::OffsetDateTime;

use super::reason::Reason;
use super::rows::Row;

/// A source of a [`super::Journal`], by its index there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SourceId(pub usize);

/// Equal lines of one source, understood and counted.
///
/// Equal means: all but times, the remote port and the instant at which a certificate was looked at. Every string is
/// free of control characters and of anything that could be a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// Where the lines stand.
    pub source: SourceId,
    /// The row of the table that they fall under: their meaning, and the check that confirms the cause.
    pub row: &'static Row,
    /// Who wrote them.
    pub writer: Writer,
    /// The port that they are about.
    pub port: Port,
    /// Who refused whom.
    pub direction: Direction,
    /// How far the connection had come.
    pub stage: Stage,
    /// Why, taken apart.
    pub reason: Reason,
    /// Why, in the words of the log, at most 500 characters.
    pub error: String,
    /// What may be behind it, the likeliest first: failure modes of `docs/coverage.md`.
    pub causes: Vec<&'static str>,
    /// The host at the other end, without brackets, where the writer is a server.
    pub remote: Option<String>,
    /// Ports at the other end, at most 16 different ones.
    pub remote_ports: Vec<u16>,
    /// `host:port` that was dialled, where the writer is a client.
    pub target: Option<String>,
    /// The server name that the client asked for (SNI); etcd writes an empty one for an address.
    pub server_name: Option<String>,
    /// The names in the client's certificate. etcd writes them only after Go's verification has passed: where they are
    /// present, chain, dates and usages of that certificate were fine.
    pub names: Option<Names>,
    /// The certificate that was refused.
    pub certificate: Option<CertificateIds>,
    /// The member at the other end, as etcd writes its id.
    pub member: Option<String>,
    /// How many of the lines are surely, or very likely, etcd's own gateway at etcd's own port.
    pub gateway: u64,
    /// How many lines.
    pub count: u64,
    /// The first of them.
    pub first: When,
    /// The last of them.
    pub last: When,
    /// The first of them in full, cleaned, at most 1,000 characters.
    pub example: String,
}

impl Event {
    /// Whether most of the lines are etcd's own gateway at etcd's own port.
    pub const fn is_of_gateway(&self) -> bool {
        self.gateway > 0 && self.gateway * 2 >= self.count
    }

    /// Whether it tells of no fault of the PKI: probes, resets without more.
    pub const fn is_noise(&self) -> bool {
        self.row.noise
    }
}

/// Where and when a line stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct When {
    /// The line's own time, or the one of the last line before it that has one.
    pub time: Option<OffsetDateTime>,
    /// Its number in the source, from 1.
    pub line: u64,
}

/// The program that wrote a line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Writer {
    /// etcd, a member.
    Etcd,
    /// kube-apiserver.
    KubeApiserver,
    /// kube-controller-manager.
    KubeControllerManager,
    /// kube-scheduler.
    KubeScheduler,
    /// kubelet.
    Kubelet,
    /// kubeadm.
    Kubeadm,
    /// etcdctl, and other programs made of etcd's client library.
    Etcdctl,
    /// kubectl.
    Kubectl,
    /// An extension API server behind the aggregator: metrics-server and the like.
    ExtensionServer,
    /// curl.
    Curl,
    /// `openssl s_client`.
    Openssl,
    /// Nothing tells.
    Unknown,
}

impl Writer {
    /// As in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::KubeApiserver => "kube-apiserver",
            Self::KubeControllerManager => "kube-controller-manager",
            Self::KubeScheduler => "kube-scheduler",
            Self::Kubelet => "kubelet",
            Self::Kubeadm => "kubeadm",
            Self::Etcdctl => "etcdctl",
            Self::Kubectl => "kubectl",
            Self::ExtensionServer => "extension-apiserver",
            Self::Curl => "curl",
            Self::Openssl => "openssl",
            Self::Unknown => "unknown",
        }
    }
}

/// The port that a line is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Port {
    /// etcd's, for clients: 2379.
    EtcdClient,
    /// etcd's, for the other members: 2380.
    EtcdPeer,
    /// kube-apiserver's: 6443.
    Apiserver,
    /// kubelet's: 10250.
    Kubelet,
    /// An extension API server's.
    ExtensionServer,
    /// None: the writer loads its own files.
    OwnFiles,
    /// Nothing tells.
    Unknown,
}

impl Port {
    /// As in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EtcdClient => "etcd-client",
            Self::EtcdPeer => "etcd-peer",
            Self::Apiserver => "kube-apiserver",
            Self::Kubelet => "kubelet",
            Self::ExtensionServer => "extension-apiserver",
            Self::OwnFiles => "own-files",
            Self::Unknown => "unknown",
        }
    }
}

/// Who refused whom, from the words alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Direction {
    /// The client did not take the server's certificate.
    ClientRefusedServer,
    /// The server did not take the client's certificate, or there was none.
    ServerRefusedClient,
    /// The writer cannot load its own files.
    WriterCannotLoad,
    /// The server at the other end cannot load its own files.
    OtherCannotLoad,
    /// Nobody: one side went away, or it is no matter of certificates.
    Nobody,
    /// The words leave it open.
    Unknown,
}

impl Direction {
    /// As in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientRefusedServer => "client-refused-server",
            Self::ServerRefusedClient => "server-refused-client",
            Self::WriterCannotLoad => "writer-cannot-load",
            Self::OtherCannotLoad => "other-cannot-load",
            Self::Nobody => "nobody",
            Self::Unknown => "unknown",
        }
    }
}

/// How far a connection had come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Stage {
    /// The program was starting.
    Start,
    /// The TCP connection.
    Connect,
    /// The TLS handshake. In TLS 1.3 the client reads a refusal of its certificate only after its half of it.
    Tls,
    /// After it: etcd's own checks of addresses and revocation, the first bytes of the protocol.
    AfterTls,
    /// An answer of the server's own protocol, such as HTTP 401.
    Http,
}

impl Stage {
    /// As in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::AfterTls => "after-tls",
            Self::Http => "http",
        }
    }
}

/// The names in a certificate, as a log line tells them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Names {
    /// IP addresses.
    pub addresses: Vec<String>,
    /// DNS names.
    pub dns: Vec<String>,
}

/// What names a certificate in a log line.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct CertificateIds {
    /// Its serial number, decimal, as Go writes it.
    pub serial: Option<String>,
    /// Its subject key identifier, lower-case hex without colons.
    pub skid: Option<String>,
    /// The key identifier of its issuer, likewise.
    pub akid: Option<String>,
}

/// Something a line tells that is no fault, but helps to read the others: whose an address is, which files a program
/// was started with, when and how often it started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fact {
    /// Where the lines stand.
    pub source: SourceId,
    /// Who wrote them.
    pub writer: Writer,
    /// What they tell.
    pub what: Told,
    /// How many lines.
    pub count: u64,
    /// The first of them.
    pub first: When,
    /// The last of them.
    pub last: When,
    /// The times of the first 64 of them that have one.
    pub times: Vec<OffsetDateTime>,
}

/// What a [`Fact`] tells.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Told {
    /// The program starts, of this version where it says so.
    Started {
        /// Its own version.
        version: Option<String>,
    },
    /// The Go it was built with, as `go1.26.4`.
    Go(String),
    /// It takes requests.
    Ready,
    /// It stops, and was told to.
    Stopping,
    /// The member's name.
    Name(String),
    /// Where it listens, or what it advertises.
    Urls {
        /// Which of them.
        of: Urls,
        /// URLs, or `host:port` in old releases.
        urls: Vec<String>,
    },
    /// The files behind one of etcd's ports.
    Files {
        /// The port.
        port: Port,
        /// The certificate it serves.
        cert: String,
        /// Its key.
        key: String,
        /// What it trusts.
        trusted_ca: String,
        /// The revocation list.
        crl: String,
        /// Whether it says that it wants client certificates.
        client_cert_auth: bool,
    },
    /// A file, or a pair joined with `::`, that kube-apiserver watches, after its own name for it (`serving-cert`).
    Watched {
        /// `serving-cert`, `client-ca-bundle`, `request-header`, `aggregator-proxy-cert`.
        role: String,
        /// Paths.
        paths: Vec<String>,
    },
    /// A member of the cluster.
    Member {
        /// Its id in hex.
        id: String,
        /// Its peer URLs.
        urls: Vec<String>,
    },
    /// There is a leader.
    LeaderElected,
    /// There is none.
    LeaderLost,
}

/// Which addresses a [`Told::Urls`] lists.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Urls {
    /// Where it listens for clients.
    ListenClient,
    /// Where it listens for members.
    ListenPeer,
    /// Where it listens for metrics.
    ListenMetrics,
    /// Where clients are told to go.
    AdvertiseClient,
    /// Where members are told to go.
    AdvertisePeer,
    /// Where kube-apiserver or another server listens.
    Serving,
    /// The address that kube-apiserver takes for its own.
    Own,
}
