//! Which failure mode of the catalogue a group of findings is.

use crate::modes::{self, Mode};

use super::heard::Heard;
use super::{Group, Scan};

/// The mode that events and findings agree on, else the one that the findings' files tell.
pub(super) fn mode(scan: &Scan<'_>, group: &Group, heard: &[Heard<'_>]) -> Option<&'static Mode> {
    let finding = &scan.findings[*group.members.first()?];
    let candidates: Vec<&'static Mode> = modes::every().filter(|mode| mode.codes.contains(&finding.code)).collect();
    if let Some(slug) = by_file(finding.code, &finding.subject) {
        return modes::mode(slug);
    }
    let heard = group.events.iter().flat_map(|event| &heard[*event].event.causes);
    let agreed = heard.into_iter().find_map(|slug| candidates.iter().find(|mode| mode.slug == *slug));
    let primary = || candidates.iter().find(|mode| mode.codes.first() == Some(&finding.code));
    agreed.or_else(primary).or(candidates.first()).copied()
}

/// Codes whose mode depends on the file that they are about.
fn by_file(code: &str, subject: &str) -> Option<&'static str> {
    let is = |stem: &str| subject.starts_with(stem);
    let kubeconfig = subject.contains(".conf");
    Some(match code {
        "not-yet-valid" => "time-not-yet-valid",
        "expired" if subject.ends_with("#ca") || subject.contains("ca.crt") => "time-ca-expired",
        "expired" if is("etcd/server") => "time-etcd-server-expired",
        "expired" if is("etcd/peer") => "time-etcd-peer-expired",
        "expired" if is("etcd/healthcheck-client") => "time-healthcheck-client-expired",
        "expired" if is("apiserver-etcd-client") => "time-apiserver-etcd-client-expired",
        "expired" if is("apiserver-kubelet-client") => "cli-apiserver-kubelet-client",
        "expired" if subject.contains("kubelet") => "time-kubelet-client-expired",
        "expired" if kubeconfig => "kc-client-cert-expired",
        "san-missing" if is("etcd/peer") => "san-peer-target",
        "san-missing" if is("etcd/") => "san-server-missing-localhost",
        "san-missing" if is("apiserver") => "kc-server-not-in-san",
        "missing-client-auth" if is("etcd/server") => "usage-server-without-clientauth",
        "missing-client-auth" if is("etcd/peer") => "usage-peer-without-clientauth",
        "missing-client-auth" => "usage-client-serverauth-only",
        "missing-server-auth" if is("etcd/peer") => "usage-peer-without-serverauth",
        "missing-server-auth" => "usage-server-clientauth-only",
        "key-mismatch" | "key-type-mismatch" if kubeconfig => "kc-pair-mismatch",
        "ca-regenerated" | "signed-by-other-ca" if subject.ends_with("#ca") => "kc-ca-data-mismatch",
        "ca-regenerated" => "chain-same-name-other-key",
        _ => return None,
    })
}
