//! Which failure mode of the catalogue a group of findings is.

use crate::cluster::url::is_loopback;
use crate::modes::{self, Mode};
use crate::x509::certificate::Certificate;

use super::heard::Heard;
use super::{Group, Root, Scan};

/// So many certificates that end on one day were issued together.
const TOGETHER: usize = 3;

/// The mode that the links and files of the findings tell, else the one that events and findings agree on.
pub(super) fn mode(scan: &Scan<'_>, group: &Group, heard: &[Heard<'_>]) -> Option<&'static Mode> {
    let finding = &scan.findings[*group.members.first()?];
    let candidates: Vec<&'static Mode> = modes::every().filter(|mode| mode.codes.contains(&finding.code)).collect();
    let by_place = || by_file(finding.code, &finding.subject);
    if let Some(slug) = by_dates(scan, group).or_else(|| by_names(scan, group)).or_else(by_place) {
        return modes::mode(slug);
    }
    let heard = group.events.iter().flat_map(|event| &heard[*event].event.causes);
    let agreed = heard.into_iter().find_map(|slug| candidates.iter().find(|mode| mode.slug == *slug));
    let primary = || candidates.iter().find(|mode| mode.codes.first() == Some(&finding.code));
    agreed.or_else(primary).or(candidates.first()).copied()
}

/// Certificates that ended on one day, and CAs.
fn by_dates(scan: &Scan<'_>, group: &Group) -> Option<&'static str> {
    let first = expired(scan, *group.members.first()?)?;
    match &group.root {
        Root::Expiry(_) => {
            let mut all = group.members.iter().filter_map(|member| expired(scan, *member));
            let is_one_day = all.all(|one| one.not_after.date() == first.not_after.date());
            (group.members.len() >= TOGETHER && is_one_day).then_some("time-mass-expiry")
        }
        _ => first.is_ca().then_some("time-ca-expired"),
    }
}

/// The certificate that a finding says has expired.
fn expired<'s>(scan: &Scan<'s>, member: usize) -> Option<&'s Certificate> {
    let (code, defect) = &scan.stamped[member];
    let known = |node: usize, subject: &str| defect.nodes == [node] && defect.subject == subject;
    let mut all = scan.exam.certificates().iter().filter(|_| *code == "expired");
    all.find(|(node, subject, ..)| known(*node, subject)).map(|(.., certificate)| &***certificate)
}

/// Of a name that a certificate lacks: by who dials it.
fn by_names(scan: &Scan<'_>, group: &Group) -> Option<&'static str> {
    let (_, missing) = group.members.first().map(|at| &scan.stamped[*at]).filter(|(code, _)| *code == "san-missing")?;
    let links: Vec<_> = missing.links.iter().map(|link| &scan.exam.links[*link]).collect();
    let dials = |client: &str, server: &str| {
        links
            .iter()
            .any(|link| link.id.starts_with(client) && link.id.split_once("->").is_some_and(|(_, to)| to == server))
    };
    Some(if links.iter().any(|link| link.id.starts_with("etcd-peer")) {
        "san-peer-target"
    } else if dials("", "etcd") && links.iter().filter_map(|link| link.name.as_deref()).any(is_loopback) {
        "san-server-missing-localhost"
    } else if dials("kubeadm", "etcd") {
        // kubeadm dials what etcd advertises, and nothing else
        "cfg-advertise-not-covered"
    } else if dials("", "kube-apiserver") && !links.iter().all(|link| link.id.starts_with("pod")) {
        "kc-server-not-in-san"
    } else if links.is_empty() {
        return None;
    } else {
        "san-lb-name"
    })
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
        "expired" if is("apiserver.") => "time-apiserver-expired",
        "expired" if is("front-proxy-client") => "time-front-proxy-client-expired",
        "expired" if subject.contains("kubelet") => "time-kubelet-client-expired",
        "expired" if kubeconfig => "kc-client-cert-expired",
        "expired" => "time-wrong-culprit",
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
