//! `client-certificate-missing`: a client shows no certificate to a server that demands one.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::exam::{Exam, Group};
use crate::links::Link;
use crate::links::reference::{Origin, PairReference};

use super::partial_flags::usual_file;

pub(super) static CHECK: Check = Check {
    code: "client-certificate-missing",
    title: "a client is given no certificate",
    severity: Severity::Error,
    citation: "Go crypto/tls RequireAndVerifyClientCert; kube-apiserver storagebackend newETCD3Client",
    docs: "\
What it looks at: clients that no flag gives a certificate, although the server that they dial demands \
one.

Why it matters: etcd says `tls: client didn't provide a certificate`; the client reads `remote error: tls: \
certificate required`, `bad certificate` from an old etcd, or only `write: connection reset by peer`. \
kube-apiserver does not become ready.

What to do: name certificate and key in the client's flags.

Example: kube-apiserver.yaml lacks --etcd-certfile and --etcd-keyfile.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look =
        Look { subjects: exam.links.iter().filter(|link| link.client_pair.is_some()).count(), ..Look::default() };
    for group in exam.groups(CHECK.code) {
        let links = group.links();
        let mut facts: Vec<_> = trusted(exam, &group).into_iter().collect();
        facts.extend(words::go_says(&group));
        look.defects.push(Defect {
            severity: exam.severity(&links),
            nodes: vec![group.node],
            subject: group.subject.to_owned(),
            message: "no client certificate is configured, and the server demands one".to_owned(),
            facts,
            links,
            remedy: remedy(exam, group.node, group.first().pair.as_ref()),
        });
    }
    look.defects.extend((0..exam.cluster.nodes.len()).filter_map(|node| to_etcd_elsewhere(exam, node)));
    look
}

/// An apiserver without a certificate, and an etcd that nobody has looked at: hardly one goes without.
fn to_etcd_elsewhere(exam: &Exam<'_>, node: usize) -> Option<Defect> {
    let is_bare = |link: &Link| link.client_pair.as_ref().is_some_and(PairReference::is_unset);
    let is_meant = |link: &Link| {
        link.node == node && link.id == "kube-apiserver->etcd" && link.other.is_none() && link.server_pair.is_none()
    };
    let links: Vec<usize> = exam
        .links
        .iter()
        .enumerate()
        .filter(|(_, link)| is_meant(link) && is_bare(link))
        .map(|(index, _)| index)
        .collect();
    let pair = exam.links[*links.first()?].client_pair.as_ref()?;
    Some(Defect {
        severity: Severity::Warning,
        nodes: vec![node],
        subject: pair.certificate.flag_subject(exam.cluster)?,
        message: "no client certificate is configured: an etcd that trusts a CA demands one".to_owned(),
        facts: Vec::new(),
        links,
        remedy: remedy(exam, node, Some(pair)),
    })
}

fn trusted(exam: &Exam<'_>, group: &Group<'_, '_>) -> Option<crate::check::Fact> {
    let trust = group.first().trust.as_ref()?;
    Some(fact("the server trusts", trust.subject(exam.cluster)))
}

fn remedy(exam: &Exam<'_>, node: usize, pair: Option<&PairReference>) -> Remedy {
    let mut steps = Vec::new();
    for half in pair.iter().flat_map(|pair| [&pair.certificate, &pair.key]) {
        let Origin::Flag { flag, manifest, .. } = &half.origin else { continue };
        let usual = usual_file(flag).map(|relative| exam.cluster.nodes[node].layout(relative)).unwrap_or_default();
        steps.push(format!("add --{flag}={usual} to {manifest}"));
    }
    Remedy::manual(steps).avoid(
        "switching off --client-cert-auth of etcd: no effect while a trusted CA is set, and an open etcd without one",
    )
}
