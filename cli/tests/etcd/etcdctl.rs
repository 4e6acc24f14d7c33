//! etcdctl as a client of etcd that is as real as kube-apiserver: the same library, the same files.

use crate::bounded::{self, Ended};
use crate::patient::{NAMES, Patient};
use crate::probe::{APISERVER, KUBEADM, Link};
use crate::release::Release;
use std::process::Command;
use std::time::Duration;

/// The bound of a run.
const RUN: Duration = Duration::from_secs(10);

/// Reads a key as the client of `link`, until there is an answer, or a handshake has failed.
pub(crate) fn get(release: Release, patient: &Patient, link: Link<'_>) -> Ended {
    let node = NAMES.iter().position(|name| *name == link.node).unwrap_or_default();
    let directory = patient.directory(node);
    let pki = directory.join("pki");
    let stem = match link.id() {
        APISERVER => "apiserver-etcd-client",
        KUBEADM => "etcd/healthcheck-client",
        _ => "etcd/peer",
    };
    let mut command = Command::new(release.program("etcdctl"));
    command.env_clear().env("ETCDCTL_API", "3").args(["--debug", "--endpoints"]);
    command.arg(link.text("live.endpoint").unwrap_or_default());
    command.arg("--cert").arg(pki.join(format!("{stem}.crt"))).arg("--key").arg(pki.join(format!("{stem}.key")));
    command.arg("--cacert").arg(pki.join("etcd/ca.crt"));
    command.args(["--dial-timeout=5s", "--command-timeout=5s", "get", "key"]);
    // it would try again, and again
    bounded::run(command, &directory, RUN, |said| said.contains("createTransport failed"))
}
