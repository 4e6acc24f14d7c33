//! What must be restarted after a repair, what must not, and how.
//!
//! Sources: etcd `client/pkg/transport/listener.go` (`ServerConfig`, `ClientConfig`: certificate and key are read at
//! each handshake, CA files at start), apiserver `dynamiccertificates`, client-go `transport`.

use super::{Plan, Target, Work};
use crate::check::RemedyKind;

/// A process and why it has to read its files again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restart {
    /// `kube-apiserver`, `kubelet`…; empty where nothing needs a restart.
    pub process: String,
    /// Why, or why not.
    pub why: String,
}

impl Restart {
    pub(super) fn of(process: &str, why: &str) -> Self {
        Self { process: process.to_owned(), why: why.to_owned() }
    }
}

/// What a plan makes necessary, in order, each once.
pub fn restarts(plan: &Plan) -> Vec<Restart> {
    let names = plan.steps.iter().flat_map(|step| match &step.work {
        Work::Pair(_) | Work::Kubeconfig { .. } | Work::PublicHalf { .. } => vec![step.target.as_str()],
        Work::PutBack(files) => files.iter().map(|(_, to)| to.as_str()).collect(),
        Work::Rewrite { path, .. } => vec![path.as_str()],
        Work::Join { path, .. } if step.kind == RemedyKind::PutBack => vec![path.as_str()],
        // what follows from these is in the plan itself
        Work::Chmod { .. } | Work::NewAuthority(_) | Work::Join { .. } | Work::Remove(_) => Vec::new(),
    });
    // who has to be restarted for a CA needs no word that a leaf alone would not ask for it
    let is_restarted = plan.restarts.iter().any(|restart| !restart.process.is_empty());
    let after = names.map(after).filter(|restart| !(is_restarted && restart.why.ends_with(": no restart")));
    each_once(plan.restarts.iter().cloned().chain(after))
}

/// What is necessary after files have changed, in order, each once.
pub fn restarts_for<'p>(paths: impl IntoIterator<Item = &'p str>) -> Vec<Restart> {
    each_once(paths.into_iter().map(after))
}

fn each_once(restarts: impl Iterator<Item = Restart>) -> Vec<Restart> {
    let mut all = Vec::new();
    for restart in restarts {
        if !all.contains(&restart) {
            all.push(restart);
        }
    }
    all
}

/// What a CA that nobody running knows makes necessary, in order: who loaded the old one refuses what the new one
/// signs until it is restarted.
pub(super) fn adopted(targets: &[Target]) -> Vec<Restart> {
    let signs = |ca: &str| {
        targets.iter().any(|target| match target {
            Target::Leaf(role) => role.issuer == Some(ca),
            Target::Kubeconfig(_) => ca == "ca",
            Target::SaPub => false,
        })
    };
    let every_node = "first the same CA file and new certificates on every node; then at once, because members and clients with the old CA in memory and those with the new one refuse each other";
    let mut all = Vec::new();
    if signs("etcd/ca") {
        all.push(Restart::of(
            "etcd",
            &format!("{every_node}: every member, one after the other; without a quorum until most have it"),
        ));
        all.push(Restart::of("kube-apiserver", "after etcd, on every node: it read etcd's CA at start"));
    }
    if signs("ca") {
        all.push(Restart::of("kube-apiserver", every_node));
        all.push(Restart::of("kube-controller-manager, kube-scheduler, kubelet", "after kube-apiserver, on every node, with kubeconfigs that hold the new CA; then pods that use service accounts"));
    }
    if signs("front-proxy-ca") {
        all.push(Restart::of("kube-apiserver", "it gives --requestheader-client-ca-file to extension API servers at start, which then take it over by themselves"));
    }
    all
}

/// What follows when a target or file has changed.
fn after(name: &str) -> Restart {
    let ends = |with: &[&str]| with.iter().any(|end| name.ends_with(end));
    if ends(&["etcd/ca.crt"]) {
        Restart::of("etcd, kube-apiserver", "CA files are read once, at start; one etcd member at a time")
    } else if ends(&[
        "etcd-server",
        "etcd/server.crt",
        "etcd/server.key",
        "etcd-peer",
        "etcd/peer.crt",
        "etcd/peer.key",
    ]) {
        Restart::of("", "etcd reads its certificates and keys at each handshake: no restart")
    } else if ends(&["apiserver-etcd-client", "apiserver-etcd-client.crt", "apiserver-etcd-client.key"]) {
        Restart::of("", "kube-apiserver reads its certificate for etcd at each handshake: no restart")
    } else if ends(&["healthcheck-client", "healthcheck-client.crt", "healthcheck-client.key"]) {
        Restart::of("", "kubeadm and probes read the healthcheck client's files each time: no restart")
    } else if ends(&["apiserver", "/apiserver.crt", "/apiserver.key"]) {
        Restart::of("", "kube-apiserver reads its serving certificate again within a minute: no restart")
    } else if ends(&[
        "apiserver-kubelet-client",
        "kubelet-client.crt",
        "kubelet-client.key",
        "front-proxy-client",
        "front-proxy-client.crt",
        "front-proxy-client.key",
    ]) {
        Restart::of("kube-apiserver", "older releases read this client certificate only at start")
    } else if ends(&["controller-manager.conf"]) {
        Restart::of("kube-controller-manager", "a kubeconfig is read at start")
    } else if ends(&["scheduler.conf"]) {
        Restart::of("kube-scheduler", "a kubeconfig is read at start")
    } else if ends(&["kubelet.conf"]) {
        Restart::of(
            "kubelet",
            "systemctl restart kubelet; it then asks for a certificate of its own; when kubelet-client-current.pem is there, point client-certificate and client-key of kubelet.conf at it and restart once more",
        )
    } else if ends(&["super-admin.conf"]) {
        Restart::of("", "copies of super-admin.conf still hold the old credentials: copy it again")
    } else if ends(&["admin.conf"]) {
        Restart::of("", "copies of admin.conf (~/.kube/config) still hold the old credentials: copy it again")
    } else if ends(&["sa.pub", "sa.key"]) {
        Restart::of("kube-apiserver", "keys of service accounts are read at start")
    } else if ends(&["ca.crt"]) {
        Restart::of("every process that loads it", "CA files are read at start")
    } else {
        Restart::of("", "whoever uses this file reads it at its next start")
    }
}

/// How to restart a static pod so that it really restarts, and what only looks like it.
pub fn how_to_restart() -> [&'static str; 2] {
    [
        "restart a static pod: move its manifest out of the manifests directory, wait until crictl ps no longer shows the container (20 s or more), move it back; one etcd member at a time",
        "not: deleting the mirror pod with kubectl (the container goes on), or editing the manifest in place",
    ]
}
