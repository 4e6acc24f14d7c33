//! `partial-flags`: half a pair, or https without one.

use crate::check::{Check, Defect, Fact, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::exam::{Exam, Group};
use crate::links::reference::{Origin, PairReference};

pub(super) static CHECK: Check = Check {
    code: "partial-flags",
    title: "a certificate without its key, or https without a certificate",
    severity: Severity::Error,
    citation: "etcd client/pkg/transport TLSInfo.baseConfig, embed/etcd.go; kube-apiserver EtcdOptions",
    docs: "\
What it looks at: flags that only work in pairs (--cert-file and --key-file and the like), and https URLs \
of an etcd that was given no certificate at all.

Why it matters: the program does not start. It says `KeyFile and CertFile must both be present` or `TLS \
key/cert (--cert-file, --key-file) must be provided`.

What to do: add the flag that is missing.

Example: --etcd-certfile is set, --etcd-keyfile is not.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let subjects = exam.links.iter().flat_map(|link| [&link.client_pair, &link.server_pair]).flatten().count();
    let mut look = Look { subjects, ..Look::default() };
    for group in exam.groups(CHECK.code) {
        let mut facts = pair_facts(exam, group.first().pair.as_ref());
        facts.extend(words::go_says(&group));
        look.defects.push(Defect {
            severity: Severity::Error,
            nodes: vec![group.node],
            subject: group.subject.to_owned(),
            message: message(&group),
            facts,
            links: group.links(),
            remedy: remedy(exam, &group),
        });
    }
    look
}

fn message(group: &Group<'_, '_>) -> String {
    match &group.first().pair {
        Some(pair) if pair.is_unset() => "is missing: an https URL needs a certificate and a key".to_owned(),
        _ => "is missing: a certificate and its key are given together or not at all".to_owned(),
    }
}

fn pair_facts(exam: &Exam<'_>, pair: Option<&PairReference>) -> Vec<Fact> {
    let given = pair.into_iter().flat_map(|pair| [&pair.certificate, &pair.key]).filter(|half| !half.is_unset());
    given.filter_map(|half| half.told_by(exam.cluster)).map(|told| fact("the other half", told)).collect()
}

fn remedy(exam: &Exam<'_>, group: &Group<'_, '_>) -> Remedy {
    let Some((Origin::Flag { manifest, flag, .. }, pair)) =
        group.first().guilty.as_ref().map(|guilty| &guilty.origin).zip(group.first().pair.as_ref())
    else {
        return Remedy::manual(["give the certificate and its key together"]);
    };
    let mut steps = Vec::new();
    for half in [&pair.certificate, &pair.key].into_iter().filter(|half| half.is_unset()) {
        let Origin::Flag { flag, .. } = &half.origin else { continue };
        let usual =
            usual_file(flag).map(|relative| exam.cluster.nodes[group.node].layout(relative)).unwrap_or_default();
        steps.push(format!("add --{flag}={usual} to {manifest}"));
    }
    if steps.is_empty() {
        steps.push(format!("add --{flag} to {manifest}"));
    }
    Remedy::manual(steps)
        .avoid("removing the other half instead: the connection would go on without a certificate and be refused")
}

/// The file that kubeadm gives a flag.
pub(super) fn usual_file(flag: &str) -> Option<&'static str> {
    Some(match flag {
        "cert-file" => "etcd/server.crt",
        "key-file" => "etcd/server.key",
        "peer-cert-file" => "etcd/peer.crt",
        "peer-key-file" => "etcd/peer.key",
        "etcd-certfile" => "apiserver-etcd-client.crt",
        "etcd-keyfile" => "apiserver-etcd-client.key",
        "tls-cert-file" => "apiserver.crt",
        "tls-private-key-file" => "apiserver.key",
        "kubelet-client-certificate" => "apiserver-kubelet-client.crt",
        "kubelet-client-key" => "apiserver-kubelet-client.key",
        "proxy-client-cert-file" => "front-proxy-client.crt",
        "proxy-client-key-file" => "front-proxy-client.key",
        _ => return None,
    })
}
