//! Words that several checks share: dates with their distance, link names, remedies, folk remedies.

use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use crate::check::{Defect, Fact, Look, Remedy, RemedyKind, Severity, fact};
use crate::checks::kubelet_current_broken;
use crate::cluster::manifest::Component;
use crate::cluster::{Running, State};
use crate::exam::{Exam, Group, Reason, Why};
use crate::go::handshake::Side;
use crate::go::verify::{VerifyError, rfc3339};
use crate::links::etcd::Etcd;
use crate::links::reference::{Loaded, Origin, PairReference, Reference, load_pair};
use crate::profile;
use crate::x509::certificate::Certificate;

/// `3 days ago`, `in 5 hours`, `now`.
pub(super) fn distance(now: OffsetDateTime, then: OffsetDateTime) -> String {
    let difference = then - now;
    let magnitude = difference.abs();
    if magnitude < Duration::SECOND {
        return "now".to_owned();
    }
    let amount = amount(magnitude);
    if difference.is_negative() { format!("{amount} ago") } else { format!("in {amount}") }
}

fn amount(magnitude: Duration) -> String {
    let plural = |count: i64, unit: &str| if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") };
    let days = magnitude.whole_days();
    if days >= 730 {
        plural(days / 365, "year")
    } else if days >= 2 {
        plural(days, "day")
    } else if magnitude.whole_hours() >= 2 {
        plural(magnitude.whole_hours(), "hour")
    } else if magnitude.whole_minutes() >= 2 {
        plural(magnitude.whole_minutes(), "minute")
    } else {
        plural(magnitude.whole_seconds(), "second")
    }
}

/// An instant with its distance from now.
pub(super) fn instant(now: OffsetDateTime, then: OffsetDateTime) -> String {
    format!("{} ({})", rfc3339(then), distance(now, then))
}

/// Who says that the guilty file is used, with the line.
pub(super) fn told_by(exam: &Exam<'_>, reference: Option<&Reference>) -> Vec<Fact> {
    reference
        .and_then(|reference| reference.told_by(exam.cluster))
        .map(|told| fact("named by", told))
        .into_iter()
        .collect()
}

/// Go's words, one fact each, told with the side that prints them.
pub(super) fn go_says(group: &Group<'_, '_>) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    for reason in &group.reasons {
        let alone = Group { node: group.node, subject: group.subject, reasons: vec![reason] };
        let by_server = match reason.why {
            Why::Other(other) => other.server_error.is_some(),
            _ => reason.side == Side::Server,
        };
        let side = if by_server { "the server says" } else { "the client says" };
        let told = alone.texts().into_iter().map(|text| fact(side, text));
        facts.extend(told.filter(|told| !facts.contains(told)).collect::<Vec<_>>());
    }
    facts.truncate(3);
    facts
}

/// The right flags, where one names nothing or the file of another role while kubeadm's place holds a sound pair: then
/// the files are innocent, and copying over them would break whoever uses them rightly.
pub(super) fn set_flags(exam: &Exam<'_>, reference: &Reference) -> Option<Remedy> {
    let Origin::Flag { manifest, flag, .. } = &reference.origin else { return None };
    let (certificate, key, own) = profile::pair_of(flag)?;
    let node = &exam.cluster.nodes[reference.node];
    let runs_it = |component| node.all_running(component).find(|running| running.manifest == manifest.as_str());
    let running = Component::ALL.into_iter().filter_map(runs_it).find(|running| running.flags.get(flag).is_some())?;
    let named = PairReference::flags(reference.node, &running, certificate, key);
    let usual = PairReference::layout(exam.cluster, reference.node, own.stem);
    if !matches!(load_pair(exam.cluster, &usual), Loaded::Ready(_)) {
        return None;
    }
    let halves = [(certificate, &named.certificate, &usual.certificate), (key, &named.key, &usual.key)];
    let astray = halves.into_iter().filter(|(_, named, usual)| named.path().is_some() && named.path() != usual.path());
    let astray: Vec<_> = astray.collect();
    let wrong = |named: &Reference| {
        let missing = named.file(exam.cluster).is_none_or(|file| matches!(file.state, State::Missing { .. }));
        let role = named.path().and_then(|path| profile::role_of(node.shown(path)));
        missing || role.is_some_and(|role| role.stem != own.stem)
    };
    // what a hand-written manifest names on purpose stays its own affair
    if astray.is_empty() || !astray.iter().any(|(_, named, _)| wrong(named)) {
        return None;
    }
    let in_words = |(flag, _, usual): &(&str, &Reference, &Reference)| {
        let path = usual.path().unwrap_or_default();
        format!("set --{flag} in {manifest} to {path}; the kubelet restarts the pod by itself")
    };
    let remedy = Remedy::manual(astray.iter().map(in_words));
    Some(remedy.avoid("copying files over those that the flags name: another program uses them"))
}

/// `regen` of the certificate behind a reference, or hands where no target makes it.
pub(super) fn remake(exam: &Exam<'_>, reference: Option<&Reference>) -> Remedy {
    if let Some(remedy) = reference.and_then(|reference| set_flags(exam, reference)) {
        return remedy;
    }
    if reference.and_then(Reference::path).is_some_and(|path| path.ends_with("/kubelet-client-current.pem")) {
        return kubelet_current_broken::remedy();
    }
    match reference.and_then(|reference| exam.regen_target(reference)) {
        Some(target) => Remedy::regen(target),
        None => Remedy::manual([
            "issue the certificate again from the CA that its consumers trust, with the names and usages of its role",
        ]),
    }
}

/// Where a renewed CA has to go: only the cluster's own CA is in kubeconfigs, and an intermediate stands behind its leaf.
pub(super) fn spread(subject: &str) -> String {
    match subject.split_once('#') {
        Some((file, "ca")) => format!("put it on every node as ca.crt, and into certificate-authority-data of {file}"),
        Some((file, _)) => format!("put it in the place of the old one in {file}, behind the leaf"),
        None if subject == "ca.crt" => {
            "put it on every node and into every kubeconfig's certificate-authority-data".to_owned()
        }
        None => format!("put it on every node as {subject}; kubeconfigs do not hold it"),
    }
}

/// A CA whose certificate has to be made again, its key kept.
pub(super) fn renew_ca(exam: &Exam<'_>, node: usize, subject: &str) -> Remedy {
    let mut steps = vec![
        "renew the CA certificate with the same key and the byte-identical subject: its leaves stay valid".to_owned(),
    ];
    if profile::role_of(subject).is_some_and(|role| role.issuer.is_none()) {
        let here = &exam.cluster.nodes[node];
        let certificate = quoted(&here.layout(subject));
        let key = quoted(&here.layout(&subject.replace(".crt", ".key")));
        // subject, serial number and extensions stay as they are
        steps.push(format!("openssl x509 -in {certificate} -signkey {key} -days 3650 -out {certificate}.new"));
        steps.push(format!("mv {certificate}.new {certificate}"));
    }
    steps.push(spread(subject));
    steps.push(
        "restart etcd, kube-apiserver, kube-controller-manager and kube-scheduler, one node at a time".to_owned(),
    );
    Remedy::manual(steps).avoid("kubeadm certs renew all: it never touches a CA")
}

/// A path as a shell takes it, whatever its name is.
pub(super) fn quoted(path: &str) -> String {
    crate::shell::quoted(std::path::Path::new(path))
}

/// `cp` of a matching file to its place.
pub(super) fn put_back(target: &str, from: &str, to: &str) -> Remedy {
    Remedy { command: Some("pkidoctor fix".to_owned()), ..Remedy::command(RemedyKind::PutBack, target, "") }
        .step(format!("copy {from} to {to}, keeping mode 0600 for a key"))
}

/// The same where something else is in that place: it may be what belongs somewhere else, so that it is kept.
pub(super) fn put_in_place_of(target: &str, from: &str, to: &str) -> Remedy {
    let mut remedy = put_back(target, from, to);
    remedy.steps.insert(0, format!("put {to} aside first, as {to}.old: it may be what another place lacks"));
    remedy
}

/// How reports name a flag: `/etc/kubernetes/manifests/etcd.yaml:--cert-file`.
pub(super) fn flag_subject(exam: &Exam<'_>, node: usize, running: &Running<'_>, flag: &str) -> String {
    format!("{}:--{flag}", exam.cluster.nodes[node].shown(running.manifest))
}

/// A flag as it is written, with its line.
pub(super) fn flag_fact(running: &Running<'_>, flag: &str) -> Fact {
    let value = running.flags.get(flag).map_or_else(
        || "not given".to_owned(),
        |found| match found.line {
            Some(line) => format!("{} (line {line})", found.value),
            None => found.value.clone(),
        },
    );
    fact(format!("--{flag}"), value)
}

/// Where a file of flags is edited, and what makes it count.
pub(super) fn edit(running: &Running<'_>) -> String {
    match running.pod {
        Some(_) => format!(
            "edit {} (keep no copy in that directory: the kubelet runs every file there); the kubelet restarts the pod by itself",
            running.manifest
        ),
        None => format!("edit {} and restart the service", running.manifest),
    }
}

/// What a check has to say of one group of reasons.
pub(super) struct Told {
    /// One sentence.
    pub(super) message: String,
    /// Expected, found, difference; who names the file and Go's words are added.
    pub(super) facts: Vec<Fact>,
    /// What to do.
    pub(super) remedy: Remedy,
}

/// One defect for every group of a code, as severe as its links are important.
pub(super) fn tell<'c>(exam: &Exam<'c>, code: &str, tell: impl Fn(&Group<'_, 'c>) -> Told) -> Look {
    let mut look = judged(exam);
    for group in exam.groups(code) {
        let told = tell(&group);
        let is_subject = |guilty: &&Reference| {
            group.subject.starts_with(&guilty.subject(exam.cluster))
                || guilty.flag_subject(exam.cluster).as_deref() == Some(group.subject)
        };
        let named = group.first().guilty.as_ref().filter(is_subject);
        let links = group.links();
        look.defects.push(defect_named(exam, &group, named, exam.severity(&links), links, told));
    }
    look
}

/// The defect of one group, with who names the guilty file and Go's words.
pub(super) fn defect(
    exam: &Exam<'_>,
    group: &Group<'_, '_>,
    severity: Severity,
    links: Vec<usize>,
    told: Told,
) -> Defect {
    defect_named(exam, group, group.first().guilty.as_ref(), severity, links, told)
}

fn defect_named(
    exam: &Exam<'_>,
    group: &Group<'_, '_>,
    named: Option<&Reference>,
    severity: Severity,
    links: Vec<usize>,
    told: Told,
) -> Defect {
    let Told { message, mut facts, remedy } = told;
    facts.extend(told_by(exam, named));
    facts.extend(go_says(group));
    Defect { severity, nodes: vec![group.node], subject: group.subject.to_owned(), message, facts, links, remedy }
}

/// The peer certificate of every etcd, counted as the subjects of a look.
pub(super) fn peer_leaves<'c>(exam: &Exam<'c>, look: &mut Look) -> Vec<(Etcd<'c>, Reference, &'c Arc<Certificate>)> {
    let mut leaves = Vec::new();
    for node in 0..exam.cluster.nodes.len() {
        let Some(etcd) = Etcd::on(exam.cluster, node) else { continue };
        let reference = etcd.peer_pair().certificate;
        match reference.material(exam.cluster).and_then(|material| material.parsed().next()) {
            Some(leaf) => {
                look.subjects += 1;
                leaves.push((etcd, reference, leaf));
            }
            None => look.unobserved += 1,
        }
    }
    leaves
}

/// How many links could be judged, and how many lack something.
pub(super) fn judged(exam: &Exam<'_>) -> Look {
    let unobserved = exam.links.iter().filter(|link| !link.unknown.is_empty()).count();
    Look { subjects: exam.links.len() - unobserved, unobserved, defects: Vec::new() }
}

/// The certificate whose issuer was not found: the leaf, or an intermediate above it.
pub(super) fn orphan<'c>(reason: &Reason<'c>) -> Option<&'c Arc<Certificate>> {
    match reason.why.verify_error()? {
        VerifyError::UnknownAuthority { certificate, .. } => Some(certificate),
        _ => None,
    }
}

/// Where the certificates lie that did sign `child`, with the node where it is another one.
pub(super) fn signers(exam: &Exam<'_>, node: usize, child: &Arc<Certificate>) -> Vec<String> {
    let found = exam.signers(child);
    let place = |(at, subject): &(usize, String)| {
        if *at == node { subject.clone() } else { format!("{subject} on {}", exam.cluster.nodes[*at].name) }
    };
    found.iter().map(place).collect()
}

/// `expected` and `found` for a chain that ends at another CA than the one that is trusted.
pub(super) fn chain_facts(exam: &Exam<'_>, reason: &Reason<'_>) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(trust) = &reason.trust {
        facts.push(fact("trusted", trust.subject(exam.cluster)));
    }
    let Some(child) = orphan(reason) else { return facts };
    facts.push(fact("certificate", &child.subject));
    facts.push(fact("issuer", &child.issuer));
    let by = signers(exam, reason.node, child);
    let by = if by.is_empty() { "no certificate here".to_owned() } else { by.join(", ") };
    facts.push(fact("signed by", by));
    facts
}

/// Whether the trust is blamed, not what was shown: the certificate chains to the CA of its own role.
pub(super) fn trust_is_guilty(reason: &Reason<'_>) -> bool {
    reason.guilty.is_some() && reason.guilty == reason.trust
}

/// Gives one consumer the CA that the others have.
pub(super) fn trust_again(exam: &Exam<'_>, reason: &Reason<'_>) -> Remedy {
    let (Some(trust), Some(pair)) = (&reason.trust, &reason.pair) else { return remake(exam, reason.guilty.as_ref()) };
    let right = exam.own_ca(&pair.certificate);
    let right = right.as_ref().and_then(Reference::path).unwrap_or("the CA that signed it");
    match &trust.origin {
        Origin::Flag { manifest, flag, .. } => {
            Remedy::manual([format!("set --{flag} in {manifest} to {right}; the kubelet restarts the pod by itself")])
                .avoid("making the certificates anew: they and their CA fit each other")
        }
        Origin::Kubeconfig { .. } => match exam.regen_target(trust) {
            Some(target) => Remedy::regen(target),
            None => Remedy::manual([format!("put {right} into the kubeconfig's certificate-authority-data")]),
        },
        Origin::Layout => Remedy::manual([format!("put {right} into {}", trust.subject(exam.cluster))]),
    }
}

/// How many nodes run an etcd whose flags nobody can see.
pub(super) fn unseen_etcds(exam: &Exam<'_>) -> usize {
    let nodes = 0..exam.cluster.nodes.len();
    nodes.filter_map(|node| Etcd::on(exam.cluster, node)).filter(|etcd| etcd.running.is_none()).count()
}
