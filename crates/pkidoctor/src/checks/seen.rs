//! What checks of live evidence share: which answers come from this very node, and what was said.

use crate::check::{Fact, Remedy, RemedyKind, fact};
use crate::cluster::Node;
use crate::cluster::manifest::Component;
use crate::cluster::url::is_loopback;
use crate::exam::Exam;
use crate::links::apiserver::Apiserver;
use crate::links::etcd::Etcd;
use crate::links::under::is_of_etcd;
use crate::links::{Link, RefusedBy, Verdict};
use crate::live::{LiveVerdict, SeenLink};

/// The node whose files what answered must have, where that is sure: behind a load balancer there may be any.
pub(super) fn answering_node(exam: &Exam<'_>, link: &Link, seen: &SeenLink<'_>) -> Option<usize> {
    let (node, host) = (link.server_node?, seen.endpoint.host.as_str());
    let is_own = if is_of_etcd(link) {
        Etcd::on(exam.cluster, node).is_some_and(|etcd| etcd.lists(host))
    } else {
        link.id.ends_with("->kube-apiserver")
            && Apiserver::on(exam.cluster, node).is_some_and(|apiserver| apiserver.advertises(host))
    };
    // the loopback of one of several nodes is nowhere but there
    let is_only = exam.cluster.nodes.len() == 1 && is_loopback(host);
    (is_own || is_only).then_some(node)
}

/// What the process behind a link is called, and how it is started anew.
pub(super) fn restart(node: &Node, link: &Link) -> Vec<String> {
    let component = if is_of_etcd(link) { Component::Etcd } else { Component::KubeApiserver };
    match node.running(component) {
        Some(running) if running.pod.is_none() => vec![format!("restart the service that reads {}", running.manifest)],
        Some(running) => pod_restart(running.manifest),
        None => pod_restart(&format!("/etc/kubernetes/manifests/{}.yaml", component.name())),
    }
}

fn pod_restart(manifest: &str) -> Vec<String> {
    vec![format!(
        "move {manifest} out of its directory, wait until the container is gone (crictl ps), and move it back"
    )]
}

/// The advice against what looks like a restart.
pub(super) const NO_RESTART: &str = "deleting the mirror pod with kubectl: it restarts nothing";

/// A restart, with its steps.
pub(super) fn restart_remedy(node: &Node, link: &Link) -> Remedy {
    Remedy { kind: RemedyKind::Restart, ..Remedy::manual(restart(node, link)) }.avoid(NO_RESTART)
}

/// Whether files and live evidence agree on a link, as far as both know.
pub(super) fn agree(link: &Link, seen: &SeenLink<'_>) -> bool {
    match (link.verdict(), seen.verdict) {
        (Verdict::Unknown, _) | (_, LiveVerdict::Unreachable) | (Verdict::Ok, LiveVerdict::Ok) => true,
        (Verdict::Ok, LiveVerdict::Broken) | (Verdict::Broken, LiveVerdict::Ok) => false,
        (Verdict::Broken, LiveVerdict::Broken) => link.refused_by() == seen.refused_by,
    }
}

/// Both verdicts, as facts.
pub(super) fn both(link: &Link, seen: &SeenLink<'_>) -> Vec<Fact> {
    let who = |by: Option<RefusedBy>| match by {
        Some(RefusedBy::Client) => "the client refuses",
        Some(RefusedBy::Server) => "the server refuses",
        Some(RefusedBy::Load) => "a file does not load",
        None => "broken",
    };
    let offline = match link.verdict() {
        Verdict::Ok => "works".to_owned(),
        Verdict::Unknown => "not known".to_owned(),
        Verdict::Broken => match link.server_error().or_else(|| link.client_error()) {
            Some(words) if link.refused_by() != Some(RefusedBy::Client) => {
                format!("{}: {words}", who(link.refused_by()))
            }
            _ => format!("{}: {}", who(link.refused_by()), link.client_error().unwrap_or_default()),
        },
    };
    let live = match seen.verdict {
        LiveVerdict::Ok => "works".to_owned(),
        LiveVerdict::Unreachable => format!("no answer: {}", seen.error.as_deref().unwrap_or_default()),
        LiveVerdict::Broken => {
            let words = seen.server_error.as_ref().filter(|_| seen.refused_by != Some(RefusedBy::Client));
            format!("{}: {}", who(seen.refused_by), words.or(seen.error.as_ref()).map_or("", String::as_str))
        }
    };
    vec![fact("by the files", offline), fact("live", live)]
}
