//! What the checks of files that do not load share: what a fault breaks, and where a good copy lies.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::check::{Fact, Look, Remedy, RemedyKind, Severity, fact};
use crate::checks::words::{self, Told};
use crate::checks::{ca_key_mismatch, key_mismatch, way_out};
use crate::cluster::{File, Meta, State};
use crate::exam::{Exam, Group, Reason, Why};
use crate::links::Link;
use crate::links::reference::{FaultKind, LoadFault, PairReference, Reference};
use crate::links::tokens::TokenKeys;
use crate::profile;
use crate::x509::certificate::Certificate;
use crate::x509::key::PublicKey;

/// Codes that tell the same story of one file, the one that tells it first.
const SAME_STORY: [&[&str]; 2] =
    [&["manifest-path-missing", "kubeconfig-path-missing", "file-missing"], &["file-empty", "ca-pool-empty"]];

/// One defect for every file with a fault of this code: on links, then among the pairs that only sign.
pub(super) fn look(exam: &Exam<'_>, code: &str, tell: impl Fn(&Exam<'_>, &Group<'_, '_>) -> Told) -> Look {
    let mut look = files_on_links(exam);
    for group in exam.groups(code).iter().filter(|group| !told_elsewhere(exam, code, group)) {
        let links = links_of_story(exam, code, group);
        // a pair that does not load is always an error
        let is_pair = group.reasons.iter().any(|reason| reason.pair.is_some());
        let severity = if is_pair { Severity::Error } else { exam.severity(&links) };
        look.defects.push(words::defect(exam, group, severity, links, tell(exam, group)));
    }
    for (signing, fault) in exam.signing_faults() {
        let reason = ca_key_mismatch::reason(exam, fault);
        let told = look.defects.iter().any(|defect| defect.nodes == [reason.node] && defect.subject == reason.subject);
        // the order of a CA bundle is a story of its own (ca-bundle-order)
        if reason.code == code && code != "wrong-certificate-first" && !told {
            let group = Group { node: reason.node, subject: &reason.subject, reasons: vec![&reason] };
            // kube-controller-manager does not start without what it signs with; kubeadm misses it at the next renewal
            let severity = if signing.is_named() { Severity::Error } else { Severity::Warning };
            look.defects.push(words::defect(exam, &group, severity, Vec::new(), tell(exam, &group)));
        }
    }
    look
}

/// What there is to say of a private key that Go does not take.
pub(super) fn damaged_key(exam: &Exam<'_>, group: &Group<'_, '_>, message: &str) -> Told {
    let material = group.first().guilty.as_ref().and_then(|guilty| guilty.material(exam.cluster));
    let labels = material.map(|material| material.labels().join(", ")).unwrap_or_default();
    Told {
        message: message.to_owned(),
        facts: vec![fact("found", format!("PEM with {labels}"))],
        remedy: restore(exam, group.first()).avoid("making a new key alone: a pair is replaced as a pair"),
    }
}

/// How many files links use, and how many of them cannot be seen.
pub(super) fn files_on_links(exam: &Exam<'_>) -> Look {
    let (subjects, unobserved) = exam.files_on_links();
    Look { subjects, unobserved, ..Look::default() }
}

fn story(code: &str) -> &'static [&'static str] {
    SAME_STORY.into_iter().find(|codes| codes.contains(&code)).unwrap_or_default()
}

/// Whether another code of the same story speaks of the file.
pub(super) fn told_elsewhere(exam: &Exam<'_>, code: &str, group: &Group<'_, '_>) -> bool {
    let stronger = story(code).iter().take_while(|known| **known != code);
    let speaks = |known: &&str| exam.reasons.iter().any(|reason| reason.code == *known && is_about(reason, group));
    stronger.copied().any(|known| speaks(&known))
}

fn links_of_story(exam: &Exam<'_>, code: &str, group: &Group<'_, '_>) -> Vec<usize> {
    let same = |reason: &&Reason<'_>| story(code).contains(&reason.code) && is_about(reason, group);
    let mut links = group.links();
    links.extend(exam.reasons.iter().filter(same).map(|reason| reason.link));
    links.sort_unstable();
    links.dedup();
    links
}

fn is_about(reason: &Reason<'_>, group: &Group<'_, '_>) -> bool {
    reason.node == group.node && reason.subject == group.subject
}

/// The files that are of use: on a link, to tokens, or to a signer. Node and path.
pub(super) fn needed(exam: &Exam<'_>) -> BTreeSet<(usize, String)> {
    let mut needed = BTreeSet::new();
    let mut add = |reference: &Reference| needed.extend(reference.path().map(|path| (reference.node, path.to_owned())));
    exam.links.iter().flat_map(Link::references).for_each(&mut add);
    for signing in exam.signing() {
        [&signing.pair.certificate, &signing.pair.key].into_iter().for_each(&mut add);
    }
    // the link of the tokens names only the first signer and the first verifier
    for keys in (0..exam.cluster.nodes.len()).filter_map(|node| TokenKeys::of(exam.cluster, node)) {
        keys.signers.iter().chain(&keys.verifiers).for_each(&mut add);
    }
    needed
}

/// What a file is called like: the part after the last dot.
pub(super) fn ending(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, ending)| ending)
}

/// Files of the tree that nothing uses and that are called like PEM.
pub(super) fn unused_pem<'c>(exam: &Exam<'c>) -> Vec<(usize, &'c File)> {
    let needed = needed(exam);
    let called_so = |file: &File| ["crt", "key", "pem", "pub"].contains(&ending(&file.path));
    exam.files()
        .filter(|(node, file)| file.in_tree && called_so(file) && !needed.contains(&(*node, file.path.clone())))
        .collect()
}

/// The load fault of a group.
pub(super) fn fault<'c>(group: &Group<'_, 'c>) -> Option<&'c LoadFault> {
    match group.first().why {
        Why::Fault(fault) => Some(fault),
        _ => None,
    }
}

/// The same fault in the other half of the pair: the program stops at the first and does not mention it.
pub(super) fn other_half(exam: &Exam<'_>, reason: &Reason<'_>) -> Option<Fact> {
    let pair = reason.pair.as_ref()?;
    let other = if reason.guilty.as_ref() == Some(&pair.key) { &pair.certificate } else { &pair.key };
    let missing = other.path() != reason.guilty.as_ref()?.path()
        && other.file(exam.cluster).is_some_and(|file| matches!(file.state, State::Missing { .. }));
    missing.then(|| fact("missing as well", other.subject(exam.cluster)))
}

/// What brings a lost or spoiled file back: a copy elsewhere, else a new one.
pub(super) fn restore(exam: &Exam<'_>, reason: &Reason<'_>) -> Remedy {
    let Some(guilty) = &reason.guilty else { return words::remake(exam, None) };
    if let Some(pair) = &reason.pair {
        let flags = words::set_flags(exam, guilty);
        return flags.or_else(|| half_elsewhere(exam, pair, guilty)).unwrap_or_else(|| remake(exam, guilty));
    }
    if is_trust(exam, guilty) {
        return restore_ca(exam, guilty);
    }
    remake(exam, guilty)
}

/// The matching half of a pair where it lies elsewhere in the tree.
fn half_elsewhere(exam: &Exam<'_>, pair: &PairReference, guilty: &Reference) -> Option<Remedy> {
    let subject = guilty.subject(exam.cluster);
    let from = if *guilty == pair.key {
        let certified = pair.certificate.material(exam.cluster)?.parsed().next()?.key.clone()?;
        key_elsewhere(exam, guilty.node, &certified, &subject)?
    } else {
        let private = pair.key.material(exam.cluster)?.keys().next()?.as_ref().ok()?;
        let all = exam.certificates();
        let fits = |(node, place, _, certificate): &&(usize, String, &str, &Arc<Certificate>)| {
            *node == guilty.node
                && *place != subject
                && !place.contains('#')
                && certificate.key.as_ref() == Some(private)
        };
        all.iter().find(fits)?.1.clone()
    };
    Some(words::put_back(&subject, &from, &subject))
}

/// A key file of the node with this public half, other than the one in question; a CA's key never serves.
pub(super) fn key_elsewhere(exam: &Exam<'_>, node: usize, key: &PublicKey, subject: &str) -> Option<String> {
    key_mismatch::key_like(exam, node, key)
        .map(|(place, _)| place)
        .filter(|place| place != subject && (!place.ends_with("ca.key") || subject.ends_with("ca.key")))
}

fn is_trust(exam: &Exam<'_>, guilty: &Reference) -> bool {
    let trusts =
        |link: &Link| [&link.client_trust, &link.server_trust].into_iter().flatten().any(|trust| trust == guilty);
    exam.links.iter().any(trusts)
}

/// A CA file is never made anew: its certificate lies in a kubeconfig, on another node or in a backup.
pub(super) fn restore_ca(exam: &Exam<'_>, guilty: &Reference) -> Remedy {
    let children = shown_to(exam, guilty);
    let subject = guilty.subject(exam.cluster);
    let all = exam.certificates();
    let signs = |certificate: &Arc<Certificate>| {
        let signed = |child: &Arc<Certificate>| {
            child.issuer.raw == certificate.subject.raw && exam.verifier.check_signature(child, certificate).is_ok()
        };
        certificate.may_sign() && children.iter().any(signed)
    };
    let avoid = "making a new CA: every certificate that the old one signed would be refused";
    let others = all.iter().filter(|(node, place, _, certificate)| {
        (*node, place.as_str()) != (guilty.node, subject.as_str()) && signs(certificate)
    });
    // the nearest: a file here, a kubeconfig here, another node
    let found = others.min_by_key(|(node, place, _, _)| (*node != guilty.node, place.contains('#')));
    let Some((node, place, from, _)) = found else {
        let steps = [format!("put {subject} back from a backup or from another control-plane node"), restart()];
        return Remedy::manual(steps).avoid(avoid);
    };
    let to = guilty.path().unwrap_or(&subject);
    let kind = if *node == guilty.node { RemedyKind::PutBack } else { RemedyKind::Manual };
    let steps = [way_out::bring(exam, (*node, place, from), guilty.node, to), restart()];
    Remedy { kind, targets: vec![subject.clone()], ..Remedy::manual(steps) }.avoid(avoid)
}

pub(super) fn restart() -> String {
    "restart what trusts it: CA files are read once, at start".to_owned()
}

/// A file that is made anew by its place, or hands.
pub(super) fn remake(exam: &Exam<'_>, guilty: &Reference) -> Remedy {
    let subject = guilty.subject(exam.cluster);
    let name = subject.rsplit('/').next().unwrap_or_default();
    if subject == "sa.pub" {
        return Remedy::regen("sa.pub");
    }
    if subject == "sa.key" {
        let avoid = "making a new key: every token that the old one signed becomes invalid";
        let brought = way_out::sa_key_back(exam, guilty.node).map(|steps| Remedy::manual(steps).avoid(avoid));
        return brought.unwrap_or_else(|| {
            Remedy::manual([
                "put sa.key back from a backup or from another control-plane node: a new one makes every token invalid",
            ])
        });
    }
    if let Some(conf) = profile::KUBECONFIGS.into_iter().find(|known| *known == name) {
        return Remedy::regen(conf);
    }
    if subject.ends_with("ca.key") {
        return ca_key_mismatch::bring_key(exam, guilty.node, &subject);
    }
    words::remake(exam, Some(guilty))
}

/// A new pair, or hands for a CA: what is wrong here no copy would mend.
pub(super) fn remake_or_hands(exam: &Exam<'_>, reason: &Reason<'_>) -> Remedy {
    match &reason.guilty {
        Some(guilty) if is_trust(exam, guilty) => Remedy::manual([format!(
            "issue a new CA for {} with a usual key, and then every certificate that it signed, one node after the other",
            guilty.subject(exam.cluster)
        )]),
        Some(guilty) => remake(exam, guilty),
        None => words::remake(exam, None),
    }
}

/// The same bytes as clean PEM.
pub(super) fn rewrite(subject: &str) -> Remedy {
    Remedy::command(RemedyKind::Rewrite, subject, "pkidoctor fix")
        .avoid("issuing a new certificate: what is in the file is sound, only its wrapping is not")
}

/// The leaves that the links of a CA file show to it.
fn shown_to(exam: &Exam<'_>, guilty: &Reference) -> Vec<Arc<Certificate>> {
    let mut children = Vec::new();
    for link in exam.links {
        let by_client = (link.client_trust.as_ref(), link.server_pair.as_ref());
        let by_server = (link.server_trust.as_ref(), link.client_pair.as_ref());
        for (trust, pair) in [by_client, by_server] {
            let same_file = trust.is_some_and(|trust| trust.node == guilty.node && trust.path() == guilty.path());
            let leaf = pair
                .and_then(|pair| pair.certificate.material(exam.cluster))
                .and_then(|material| material.parsed().next());
            children.extend(leaf.filter(|_| same_file).cloned());
        }
    }
    children
}

/// Mode and owner of a file.
pub(super) fn mode_facts(file: &File) -> Vec<Fact> {
    file.meta.as_ref().map(meta_facts).unwrap_or_default()
}

/// Mode and owner.
pub(super) fn meta_facts(meta: &Meta) -> Vec<Fact> {
    vec![fact("mode", format!("{:04o}", meta.mode & 0o7777)), fact("owner", format!("{}:{}", meta.uid, meta.gid))]
}

/// The dangling link behind a missing file.
pub(super) fn dangling(exam: &Exam<'_>, guilty: Option<&Reference>) -> Option<Fact> {
    match guilty?.file(exam.cluster).map(|file| &file.state) {
        Some(State::Missing { link: Some(target) }) => Some(fact("a link that leads nowhere", target)),
        _ => None,
    }
}

/// Whether the fault is of this kind.
pub(super) fn is_kind(group: &Group<'_, '_>, wanted: impl Fn(&FaultKind) -> bool) -> bool {
    fault(group).is_some_and(|fault| wanted(&fault.kind))
}
