//! Go's HTTP server and client.

use super::{Said, Sentence, Spot, host_port, port_of, url_target};
use crate::logs::event::{Port, Writer};
use crate::logs::find;
use crate::logs::reason::{self, Reason};

/// `http: TLS handshake error from H:P: E`.
pub(super) fn handshake(said: &Said<'_>, known: Option<Writer>) -> Option<Sentence> {
    let rest = said.after("http: TLS handshake error from ")?;
    let (address, error) = rest.split_once(": ")?;
    // only kubelet is without a serving certificate for a while
    let kubelet = error.contains("available for the kubelet") || error.contains("no certificate available");
    let writer = if kubelet { Some(Writer::Kubelet) } else { known };
    let port = match writer {
        Some(Writer::KubeApiserver) => Port::Apiserver,
        Some(Writer::Kubelet) => Port::Kubelet,
        Some(Writer::ExtensionServer) => Port::ExtensionServer,
        Some(Writer::Etcd) => Port::EtcdClient,
        _ => Port::Unknown,
    };
    let mut sentence = Sentence::new(Spot::HttpServer, port, error);
    sentence.remote = host_port(address);
    sentence.writer = writer;
    Some(sentence)
}

/// `Get "https://H:P/…": E`, with any method of HTTP.
pub(super) fn get(said: &Said<'_>) -> Option<Sentence> {
    let methods = ["Get ", "Post ", "Put ", "Patch ", "Delete ", "Head "];
    let is_url = |rest: &str| rest.trim_start_matches('"').starts_with("http");
    let at = methods.iter().find_map(|method| {
        let at = find::at(&said.whole, method)? + method.len();
        is_url(&said.whole[at..]).then_some(at)
    })?;
    let rest = &said.whole[at..];
    let (url, error) = match rest.strip_prefix('"') {
        Some(rest) => rest.split_once("\": ")?,
        None => rest.split_once(": ")?,
    };
    let target = url_target(url)?;
    let reason = reason::read(error)?;
    let port = port_of(&target);
    let unreached = matches!(reason, Reason::Refused | Reason::Unreachable | Reason::Timeout);
    if port == Port::Unknown && (unreached || matches!(reason, Reason::Eof | Reason::Reset | Reason::Deadline)) {
        // programs ask many others, and many of those are not there
        return None;
    }
    let spot = match port {
        Port::EtcdClient if unreached => Spot::ClientDial,
        Port::EtcdClient => Spot::ClientHandshake,
        Port::Apiserver => Spot::Kubectl,
        _ => Spot::Get,
    };
    Some(Sentence::with_reason(spot, port, error, reason).to(Some(target)))
}
