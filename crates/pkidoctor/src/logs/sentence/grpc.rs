//! gRPC clients of etcd: kube-apiserver, etcdctl, kubeadm, and etcd's own gateway.

use super::{Said, Sentence, Spot, host_port, url_target};
use crate::logs::event::{Port, Writer};
use crate::logs::reason::Reason;
use crate::logs::wrapper::{Form, Level};

pub(super) fn read(said: &Said<'_>, known: Option<Writer>) -> Option<Sentence> {
    storage(said).or_else(|| connection(said, known)).or_else(|| hidden(said, known))
}

/// kube-apiserver cannot reach its storage and ends.
fn storage(said: &Said<'_>) -> Option<Sentence> {
    let words = ["Unable to create storage backend", "error creating storage factory"];
    words.iter().find(|words| said.has(words))?;
    let error = said.after("err (").map_or(said.whole.as_str(), |rest| rest.strip_suffix(')').unwrap_or(rest));
    let error = error.strip_prefix("error creating storage factory: ").unwrap_or(error);
    Some(Sentence::new(Spot::Storage, Port::EtcdClient, error).by(Writer::KubeApiserver))
}

/// A connection that did not come about.
fn connection(said: &Said<'_>, known: Option<Writer>) -> Option<Sentence> {
    let words = ["connection error", "createTransport failed", "error reading server preface", "cannot check peer"];
    words.iter().find(|words| said.has(words))?;
    let target = target(said);
    // container runtimes are dialled by gRPC, too
    if target.as_deref().is_some_and(|target| target.starts_with('/') || target.contains(".sock")) {
        return None;
    }
    let error = error(&said.whole);
    let (spot, error) = spot(error);
    let mut sentence = Sentence::new(spot, Port::EtcdClient, error);
    sentence.from_port = local_port(&said.whole);
    sentence.writer = writer(said, known, target.as_deref());
    Some(sentence.to(target))
}

/// The words that say what went wrong.
fn error(whole: &str) -> &str {
    let rest = if let Some(at) = whole.rfind("desc = \"") {
        let rest = &whole[at + "desc = \"".len()..];
        return rest.rfind('"').map_or(rest, |end| &rest[..end]).trim_end_matches('>');
    } else if let Some(at) = whole.find("Err: ").or_else(|| whole.find("Err :")) {
        whole[at + "Err :".len()..].trim_start()
    } else {
        whole
    };
    rest.strip_suffix(". Reconnecting...").unwrap_or(rest)
}

fn spot(error: &str) -> (Spot, &str) {
    let after = |words: &str| error.find(words).map(|at| &error[at + words.len()..]);
    if let Some(inner) = after("authentication handshake failed: ") {
        (Spot::ClientHandshake, inner)
    } else if let Some(inner) = after("error reading server preface: ") {
        (Spot::ClientPreface, inner)
    } else if let Some(inner) = after("Error while dialing") {
        (Spot::ClientDial, inner.trim_start_matches([':', ' ']))
    } else if let Some(inner) = after("failed to write client preface: ") {
        (Spot::ClientWrite, inner)
    } else if error.contains("write tcp") || error.contains("use of closed network connection") {
        (Spot::ClientWrite, error)
    } else if let Some(inner) = error.strip_prefix("transport: ") {
        // before gRPC said at which step
        (Spot::ClientHandshake, inner)
    } else if error.contains("cannot check peer") || error.contains("tls: ") || error.contains("x509: ") {
        (Spot::ClientHandshake, error)
    } else {
        (Spot::ClientHidden, error)
    }
}

fn target(said: &Said<'_>) -> Option<String> {
    if let Some(inner) = said.between("failed to connect to {", "}") {
        let address = match inner.split_once("Addr: \"") {
            Some((_, rest)) => rest.split('"').next()?,
            None => inner.split_whitespace().next()?,
        };
        return Some(without_scheme(address));
    }
    let in_field = said.line.fields.any(&["target", "endpoint"]).map(|target| {
        // `etcd-endpoints://0xc000010000/127.0.0.1:2379`
        let last = target.trim_end_matches('/').rsplit('/').next().unwrap_or(target);
        without_scheme(last)
    });
    let dialled = || said.between("Failed to dial ", ": ").map(without_scheme);
    let tcp = || said.after("dial tcp ").and_then(|rest| rest.split(": ").next()).map(str::to_owned);
    let found = in_field.or_else(dialled).or_else(tcp).or_else(|| url_target(&said.whole))?;
    host_port(&found).is_some().then_some(found)
}

fn without_scheme(address: &str) -> String {
    let address = address.split_once("://").map_or(address, |(_, rest)| rest);
    address.trim_end_matches([';', ',', '/']).to_owned()
}

/// `write tcp 127.0.0.1:53158->127.0.0.1:2379`.
fn local_port(whole: &str) -> Option<u16> {
    let (head, _) = whole.split_once("->")?;
    host_port(head.rsplit(' ').next()?)?.1
}

fn writer(said: &Said<'_>, known: Option<Writer>, target: Option<&str>) -> Option<Writer> {
    // nobody but etcd's gateway dials the address that one listens on
    let any = target.is_some_and(|target| target.starts_with("0.0.0.0:") || target.starts_with("[::]:"));
    let caller = super::super::writer::of_file(&said.line.file);
    match (known, said.line.form) {
        (Some(_), _) => None,
        _ if any => Some(Writer::Etcd),
        _ if caller.is_some() => caller,
        (None, Form::Klog) => Some(Writer::KubeApiserver),
        _ => None,
    }
}

/// Nothing but that it did not work.
fn hidden(said: &Said<'_>, known: Option<Writer>) -> Option<Sentence> {
    if known == Some(Writer::Etcd) {
        return None;
    }
    let whole = said.whole.as_str();
    let quorum = ["etcdserver: request timed out", "etcdserver: no leader", "etcdserver: leader changed"];
    if quorum.iter().any(|words| said.has(words)) {
        let sentence = Sentence::with_reason(Spot::EtcdAnswer, Port::EtcdClient, whole, Reason::NoQuorum);
        return Some(sentence.to(target(said)));
    }
    let words = ["all SubConns are in TransientFailure", "failed to commit proposal", "code = DeadlineExceeded"];
    let bare = [
        "context deadline exceeded",
        "Error: context deadline exceeded",
        "error: context deadline exceeded",
        "command failed: context deadline exceeded",
    ];
    if !words.iter().any(|words| said.has(words)) && !bare.contains(&whole) {
        return None;
    }
    let sentence = Sentence::with_reason(Spot::ClientHidden, Port::EtcdClient, whole, Reason::Deadline);
    let fatal = said.line.level == Level::Fatal;
    let by = super::super::writer::of_file(&said.line.file).filter(|_| known.is_none() && !fatal);
    Some(Sentence { writer: by, ..sentence }.to(target(said)))
}
