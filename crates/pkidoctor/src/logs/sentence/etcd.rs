//! etcd's own sentences.

use super::{Said, Sentence, Spot, host_port, url_target};
use crate::logs::event::{Names, Port, Writer};
use crate::logs::reason::{self, Reason};
use crate::logs::wrapper::{Form, Level};

/// `rejected connection from "H:P" (error "E", ServerName "S")`, and the same in fields.
pub(super) fn rejected(said: &Said<'_>) -> Option<Sentence> {
    let fields = &said.line.fields;
    let in_fields = fields.has("remote-addr") && fields.has("error");
    if !(said.has("rejected connection") || in_fields && fields.has("server-name")) {
        return None;
    }
    let port = if said.has("on client endpoint") {
        Port::EtcdClient
    } else if said.has("on peer endpoint") {
        Port::EtcdPeer
    } else {
        Port::Unknown
    };
    let mut sentence = if in_fields { from_fields(said, port) } else { from_text(said, port)? };
    // only the members' port holds names against addresses
    if port == Port::Unknown && matches!(sentence.reason, Reason::Name { .. } | Reason::PeerAddress { .. }) {
        sentence.port = Port::EtcdPeer;
    }
    Some(sentence.by(Writer::Etcd))
}

fn from_fields(said: &Said<'_>, port: Port) -> Sentence {
    let fields = &said.line.fields;
    let error = super::super::quoted::plain(fields.text("error").unwrap_or_default());
    let mut sentence = Sentence::new(Spot::Rejected, port, &error);
    sentence.remote = fields.text("remote-addr").and_then(host_port);
    sentence.server_name = fields.text("server-name").map(str::to_owned);
    if let (addresses, Some(dns)) = (fields.list("ip-addresses"), fields.list("dns-names")) {
        sentence.names = Some(Names { addresses: addresses.unwrap_or_default(), dns });
    }
    sentence
}

fn from_text(said: &Said<'_>, port: Port) -> Option<Sentence> {
    let from = said.after("rejected connection")?;
    let from = &from[from.find("from ")? + 5..];
    let (address, rest) = from.split_once(' ').unwrap_or((from, ""));
    let inner = rest.trim_start().trim_start_matches('(');
    let (error, tail) = match inner.strip_prefix("error \"") {
        // the error may hold quotes of its own
        Some(inner) => match inner.rfind("\", ServerName ") {
            Some(at) => (&inner[..at], &inner[at + 2..]),
            None => (inner.trim_end_matches([')', '"', '>']), ""),
        },
        None => (inner.strip_suffix(')').unwrap_or(inner), ""),
    };
    let mut sentence = Sentence::new(Spot::Rejected, port, error);
    sentence.remote = host_port(address);
    let name = tail.split_once("ServerName \"").and_then(|(_, rest)| rest.split_once('"'));
    sentence.server_name = name.map(|(name, _)| name.to_owned());
    let list = |words: &str| {
        let rest = &tail[tail.find(words)? + words.len()..];
        Some(reason::quoted_names(&rest[..rest.find(']')?]))
    };
    if let (Some(addresses), Some(dns)) = (list("IPAddresses ["), list("DNSNames [")) {
        sentence.names = Some(Names { addresses, dns });
    }
    Some(sentence)
}

/// What one member says about another.
pub(super) fn peers(said: &Said<'_>) -> Option<Sentence> {
    let sentence = stream(said)
        .or_else(|| version(said))
        .or_else(|| probe(said))
        .or_else(|| clocks(said))
        .or_else(|| membership(said))?;
    Some(with_member(sentence, said).by(Writer::Etcd))
}

fn with_member(mut sentence: Sentence, said: &Said<'_>) -> Sentence {
    let keys = ["remote-peer-id", "remote-member-id", "peer-id", "remote-peer-active"];
    let is_id = |text: &str| (12..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let named = said.line.fields.any(&keys).filter(|id| is_id(id)).map(str::to_owned);
    let in_text = || said.whole.split([' ', '(', ')', ':', ',']).find(|word| is_id(word)).map(str::to_owned);
    sentence.member = named.or_else(in_text);
    sentence
}

/// `failed to dial ID on stream MsgApp v2 (E)`.
fn stream(said: &Said<'_>) -> Option<Sentence> {
    if let Some(rest) = said.after("failed to dial ").filter(|rest| rest.contains(" on stream ")) {
        let stream = &rest[rest.find(" on stream ")?..];
        let error = stream.split_once(" (").map_or("", |(_, error)| error.strip_suffix(')').unwrap_or(error));
        // the parenthesis may close in the middle of what was cut off
        return Some(Sentence::new(Spot::PeerStream, Port::EtcdPeer, error));
    }
    if said.has("peer became inactive (message send to peer failed)") || said.has("became inactive (message send") {
        return Some(Sentence::with_reason(Spot::PeerOther, Port::EtcdPeer, "", Reason::Consequence));
    }
    None
}

/// `Get "https://H:2380/version": E`, and the sentences around it.
fn version(said: &Said<'_>) -> Option<Sentence> {
    let words = [
        "failed to get version",
        "cannot get the version of member",
        "failed to reach the peer URL",
        "failed to reach the peerURL",
        "could not get cluster response from",
    ];
    let url = said.has("/version\": ") || said.has("/version: ");
    let asked = words.iter().any(|words| said.has(words));
    let by_etcd = said.has(":2380/version") || said.line.form == Form::Capnslog;
    if !(asked || url && by_etcd) {
        return None;
    }
    let error = ["/version\": ", "/version: ", "/members\": ", "/members: "].iter().find_map(|end| said.after(end));
    let error = error.unwrap_or(&said.whole);
    let error = error.strip_suffix(')').unwrap_or(error);
    let target = said.line.fields.text("address").and_then(url_target).or_else(|| url_target(&said.whole));
    Some(Sentence::new(Spot::PeerVersion, Port::EtcdPeer, error).to(target))
}

fn probe(said: &Said<'_>) -> Option<Sentence> {
    if said.has("prober detected unhealthy status") {
        let error = said.after("prober detected unhealthy status: ").unwrap_or_default();
        return Some(Sentence::new(Spot::PeerProbe, Port::EtcdPeer, error));
    }
    let rest = said.after("health check for peer ")?;
    let error = rest.split_once("could not connect: ").map(|(_, error)| error)?;
    Some(Sentence::new(Spot::PeerProbe, Port::EtcdPeer, error))
}

fn clocks(said: &Said<'_>) -> Option<Sentence> {
    let words = ["the clock difference against peer ", "prober found high clock drift"];
    let words = words.iter().find(|words| said.has(words))?;
    let at = said.whole.find(words)?;
    Some(Sentence::with_reason(Spot::PeerOther, Port::EtcdPeer, &said.whole[at..], Reason::Clocks))
}

fn membership(said: &Said<'_>) -> Option<Sentence> {
    let words = ["cluster ID mismatch", "etcdserver: re-configuration failed", "request sent was ignored (cluster ID"];
    let words = words.iter().find(|words| said.has(words))?;
    Some(Sentence::with_reason(Spot::PeerOther, Port::EtcdPeer, words, Reason::Membership))
}

/// What etcd says of the listeners it makes.
pub(super) fn listeners(said: &Said<'_>) -> Option<Sentence> {
    let listener = |error: &str, port, reason| Some(Sentence::with_reason(Spot::Listener, port, error, reason));
    let ignored = [
        ("ignoring client cert auth for this URL", Port::EtcdClient),
        ("serving client traffic insecurely", Port::EtcdClient),
        ("serving insecure client requests on", Port::EtcdClient),
        ("Ignored key/cert files", Port::Unknown),
        ("Ignored --client-cert-auth", Port::EtcdClient),
        ("ignoring key and cert files", Port::Unknown),
    ];
    let sentence = if let Some((words, port)) = ignored.iter().find(|(words, _)| said.has(words)) {
        listener(words, *port, Reason::TlsIgnored)
    } else if said.has("automatically generate certificates") {
        let until = said.line.fields.text("certificate-validity-bound-not-after");
        let until = until.and_then(reason::instant);
        listener("automatically generate certificates", Port::OwnFiles, Reason::AutoTls { until })
    } else if said.has("must have empty CommonName in its cert") || said.has("cert has non empty Common Name") {
        let reason = Reason::GatewayCommonName;
        Some(Sentence::with_reason(Spot::Gateway, Port::EtcdClient, &said.whole, reason))
    } else {
        client_auth_off(said).and_then(|error| listener(&error, Port::EtcdClient, Reason::ClientAuthOff))
    }?;
    Some(sentence.by(Writer::Etcd))
}

/// The client port's TLS settings, where they want no client certificate.
fn client_auth_off(said: &Said<'_>) -> Option<String> {
    let info = match said.line.fields.text("tls-info") {
        Some(info) => info.to_owned(),
        None => said.after("ClientTLS: ")?.to_owned(),
    };
    let of_clients = said.has("starting with client TLS") || said.has("ClientTLS: ");
    let off = info.contains("trusted-ca = , client-cert-auth = false");
    (of_clients && off).then_some(info)
}

/// What ends a start.
pub(super) fn start(said: &Said<'_>, known: Option<Writer>) -> Option<Sentence> {
    let is_etcd = said.line.form == Form::Capnslog || known == Some(Writer::Etcd);
    let words = ["listener failed", "discovery failed", "registerGateway failed", "failed to start etcd"];
    let named = words.iter().find(|words| said.has(words));
    let fatal = said.line.level == Level::Fatal;
    let listens = said.has("listen tcp ") && said.has(": bind: ");
    if named.is_none() && !listens && !(fatal && is_etcd) {
        return None;
    }
    let error = match named {
        Some(words) => said.after(words)?.trim_start_matches(": "),
        None => said.after("etcdmain: ").unwrap_or(&said.whole),
    };
    let reason = reason::read(error)?;
    let by_etcd = named.is_some() || (fatal && is_etcd);
    let sentence = Sentence::with_reason(Spot::Start, Port::OwnFiles, error, reason);
    Some(if by_etcd { sentence.by(Writer::Etcd) } else { sentence })
}
