//! The sentence that a message is: in which situation it was written, what it names, and which error it gives.

mod authenticate;
mod etcd;
mod grpc;
mod phrases;
mod server;

use super::event::{CertificateIds, Names, Port, Writer};
use super::find;
use super::reason::{self, Reason};
use super::wrapper::{Level, Line};

/// In which situation a line was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Spot {
    /// etcd refused a connection, or saw one end in the handshake.
    Rejected,
    /// A member dials another one for a stream.
    PeerStream,
    /// A member asks another one for its version.
    PeerVersion,
    /// A member probes another one.
    PeerProbe,
    /// Anything else between members.
    PeerOther,
    /// etcd, or another server, starts.
    Start,
    /// etcd says what a listener does.
    Listener,
    /// A client of etcd: the handshake.
    ClientHandshake,
    /// A client of etcd: the first bytes after it.
    ClientPreface,
    /// A client of etcd: writing the first bytes.
    ClientWrite,
    /// A client of etcd: the TCP connection.
    ClientDial,
    /// A client of etcd: nothing but that it failed.
    ClientHidden,
    /// etcd answered, with an error of its own.
    EtcdAnswer,
    /// kube-apiserver gives up its storage.
    Storage,
    /// Go's HTTP server: a handshake failed.
    HttpServer,
    /// A server of Kubernetes does not take a client's credentials.
    Authenticate,
    /// Go's HTTP client.
    Get,
    /// kubectl and client-go.
    Kubectl,
    /// A kubeconfig is read.
    Kubeconfig,
    /// etcdctl.
    Etcdctl,
    /// kubelet.
    Kubelet,
    /// A file with client CAs is read.
    ClientCa,
    /// kubeadm.
    Kubeadm,
    /// kube-controller-manager reads its signing files.
    Signer,
    /// Authorization.
    Authorize,
    /// etcd's JSON gateway or its proxy.
    Gateway,
    /// curl.
    Curl,
    /// `openssl s_client`.
    Openssl,
    /// A program ends with an error.
    ErrorLine,
    /// An error of TLS or X.509 in a sentence that is not known.
    Bare,
}

/// What a line says.
#[derive(Debug)]
pub(super) struct Sentence {
    pub(super) spot: Spot,
    pub(super) port: Port,
    /// The program that words itself like this.
    pub(super) writer: Option<Writer>,
    /// The words of the error.
    pub(super) error: String,
    pub(super) reason: Reason,
    /// The other end, where the writer is a server.
    pub(super) remote: Option<(String, Option<u16>)>,
    /// Whom the writer dials.
    pub(super) target: Option<String>,
    /// The port that it dials from.
    pub(super) from_port: Option<u16>,
    pub(super) server_name: Option<String>,
    pub(super) names: Option<Names>,
    pub(super) certificate: Option<CertificateIds>,
    pub(super) member: Option<String>,
}

impl Sentence {
    /// An error in its own words; what no list knows is kept as it is.
    fn new(spot: Spot, port: Port, error: &str) -> Self {
        let reason = reason::read(error).unwrap_or_else(|| Reason::Other(error.to_owned()));
        Self::with_reason(spot, port, error, reason)
    }

    fn with_reason(spot: Spot, port: Port, error: &str, reason: Reason) -> Self {
        Self {
            spot,
            port,
            writer: None,
            error: error.to_owned(),
            reason,
            remote: None,
            target: None,
            from_port: None,
            server_name: None,
            names: None,
            certificate: None,
            member: None,
        }
    }

    fn by(mut self, writer: Writer) -> Self {
        self.writer = Some(writer);
        self
    }

    fn to(mut self, target: Option<String>) -> Self {
        self.target = target;
        self
    }
}

/// The first of the readers that knows the sentence.
pub(super) fn read(line: &Line, known: Option<Writer>) -> Option<Sentence> {
    let said = Said::new(line);
    etcd::rejected(&said)
        .or_else(|| etcd::peers(&said))
        .or_else(|| etcd::listeners(&said))
        .or_else(|| server::handshake(&said, known))
        .or_else(|| authenticate::read(&said))
        .or_else(|| phrases::read(&said))
        .or_else(|| etcd::start(&said, known))
        .or_else(|| grpc::read(&said, known))
        .or_else(|| server::get(&said))
        .or_else(|| bare(&said))
}

/// A line, and its message with the error behind it, wherever the logger put that.
struct Said<'l> {
    line: &'l Line,
    /// The message, and the error where it stands in a field.
    whole: String,
}

impl<'l> Said<'l> {
    fn new(line: &'l Line) -> Self {
        let mut whole = line.text.clone();
        if let Some(error) = line.fields.any(&["error", "err", "output"]) {
            whole.push_str(": ");
            whole.push_str(&super::quoted::plain(error));
        }
        Self { line, whole }
    }

    fn has(&self, words: &str) -> bool {
        find::has(&self.whole, words)
    }

    fn after(&self, words: &str) -> Option<&str> {
        find::after(&self.whole, words)
    }

    fn between(&self, from: &str, to: &str) -> Option<&str> {
        find::between(&self.whole, from, to)
    }
}

/// An error of TLS or X.509 that stands alone: what a program ends with, or a sentence that nobody has met yet.
fn bare(said: &Said<'_>) -> Option<Sentence> {
    let whole = said.whole.as_str();
    let prefix = ["Error: ", "error: ", "Error:  "].into_iter().find(|prefix| whole.starts_with(prefix));
    let has_words = ["x509: ", "tls: ", "remote error: "].iter().any(|words| said.has(words));
    let reason = reason::read(whole).or_else(|| {
        let at = whole.find("x509: ")?;
        Some(Reason::Other(whole[at..].to_owned()))
    })?;
    let ends = prefix.is_some() || said.has("command failed") || said.line.level == Level::Fatal;
    let own = matches!(reason, Reason::HalfAPair | Reason::HttpAnswer | Reason::CipherName)
        || ends && matches!(&reason, Reason::File { path, .. } if is_of_a_pki(path));
    let spot = match prefix {
        Some("error: ") if has_words => Spot::Kubectl,
        Some(_) if has_words || own || matches!(reason, Reason::Deadline) => Spot::ErrorLine,
        _ if has_words || own => Spot::Bare,
        _ => return None,
    };
    let error = prefix.map_or(whole, |prefix| &whole[prefix.len()..]);
    let port = if spot == Spot::Kubectl { Port::Apiserver } else { Port::Unknown };
    let sentence = Sentence::with_reason(spot, port, error, reason);
    Some(if spot == Spot::Kubectl { sentence.by(Writer::Kubectl) } else { sentence })
}

/// A certificate, a key or a kubeconfig, by its name.
fn is_of_a_pki(path: &str) -> bool {
    let path = path.trim_end_matches('"');
    path.contains("/pki/") || [".crt", ".key", ".pem", ".conf", ".pub"].iter().any(|end| path.ends_with(end))
}

/// `host:port`, with or without brackets; a port is optional.
fn host_port(text: &str) -> Option<(String, Option<u16>)> {
    let text = text.trim_matches('"');
    let (host, port) = match text.rsplit_once(':') {
        // an IPv6 address without brackets and port
        Some((head, _)) if head.contains(':') && !head.ends_with(']') => (text, None),
        Some((host, port)) => (host, Some(port.parse::<u16>().ok()?)),
        None => (text, None),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let fits = !host.is_empty() && host.len() <= 253 && !host.contains([' ', '"', '/']);
    fits.then(|| (host.to_owned(), port))
}

/// `host:port` of the first URL in a text.
fn url_target(text: &str) -> Option<String> {
    let at = text.find("https://").map(|at| at + 8).or_else(|| text.find("http://").map(|at| at + 7))?;
    let rest = &text[at..];
    let end = rest.find(['/', '"', ' ', ',', '?', ')', '}']).unwrap_or(rest.len());
    let authority = rest[..end].trim_end_matches(':');
    host_port(authority).map(|_| authority.to_owned())
}

/// The port that stands behind a target.
fn port_of(target: &str) -> Port {
    match target.rsplit(':').next() {
        Some("2379" | "4001") => Port::EtcdClient,
        Some("2380" | "7001") => Port::EtcdPeer,
        Some("6443" | "8443") => Port::Apiserver,
        Some("10250") => Port::Kubelet,
        _ => Port::Unknown,
    }
}
