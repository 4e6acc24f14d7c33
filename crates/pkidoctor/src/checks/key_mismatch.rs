//! `key-mismatch`: certificate and key are of one algorithm but do not belong together.

use crate::check::{Check, Defect, Fact, Look, Remedy, Severity, fact};
use crate::checks::{ca_key_mismatch, load, words};
use crate::exam::{Exam, Reason};
use crate::profile;
use crate::x509::key::PublicKey;

pub(super) static CHECK: Check = Check {
    code: "key-mismatch",
    title: "a key does not belong to its certificate",
    severity: Severity::Error,
    citation: "Go crypto/tls X509KeyPair",
    docs: "\
What it looks at: the public half of the key against the certificate beside it, for every pair that a \
flag, a kubeconfig or kubeadm's layout names; and every other key and certificate in the tree, to find \
where the right one lies.

Why it matters: whoever loads the pair says `tls: private key does not match public key`. A process that \
starts stops there; a running etcd reads its pair at every handshake, so each new connection fails at \
once while the old ones live on.

What to do: put the matching file back if it still exists; else make both anew. Never replace one file \
of a pair alone.

Example: etcd/server.key was replaced by a new RSA key, the old one lies in etcd.bak/server.key.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let pairs = exam.links.iter().flat_map(|link| [&link.client_pair, &link.server_pair]).flatten().count();
    let mut look = Look { subjects: pairs, ..Look::default() };
    for group in exam.groups(CHECK.code) {
        let reason = group.first();
        let links = group.links();
        look.defects.push(Defect {
            // a pair that does not load is always an error
            severity: Severity::Error,
            nodes: vec![group.node],
            subject: group.subject.to_owned(),
            message: "does not belong to the certificate beside it".to_owned(),
            facts: pair_facts(exam, reason).into_iter().chain(words::go_says(&group)).collect(),
            links,
            remedy: pair_remedy(exam, reason),
        });
    }
    look
}

/// Both halves, and whose the stray key is.
pub(super) fn pair_facts(exam: &Exam<'_>, reason: &Reason<'_>) -> Vec<Fact> {
    let Some((certified, private)) = halves(exam, reason) else { return Vec::new() };
    let mut facts = vec![fact("certificate key", certified.kind()), fact("private key", private.kind())];
    if let Some(owner) = certificate_with(exam, reason.node, &private) {
        facts.push(fact("the key belongs to", owner));
    }
    if let Some((place, _)) = key_like(exam, reason.node, &certified) {
        facts.push(fact("the right key lies in", place));
    }
    facts
}

/// The certified key and the one in the key file.
pub(super) fn halves(exam: &Exam<'_>, reason: &Reason<'_>) -> Option<(PublicKey, PublicKey)> {
    let pair = reason.pair.as_ref()?;
    let certified = pair.certificate.material(exam.cluster)?.parsed().next()?.key.clone()?;
    let private = pair.key.material(exam.cluster)?.keys().next()?.as_ref().ok()?.clone();
    Some((certified, private))
}

/// A certificate of the tree that certifies this key.
fn certificate_with(exam: &Exam<'_>, node: usize, key: &PublicKey) -> Option<String> {
    let all = exam.certificates();
    let found = all.iter().find(|(at, _, _, certificate)| *at == node && certificate.key.as_ref() == Some(key));
    found.map(|(_, subject, _, _)| subject.clone())
}

/// A key file of the tree with this public half: as shown, and its path.
pub(super) fn key_like(exam: &Exam<'_>, node: usize, key: &PublicKey) -> Option<(String, String)> {
    exam.materials()
        .filter(|(at, _, _, material)| {
            *at == node && material.keys().any(|known| known.as_ref().is_ok_and(|known| known == key))
        })
        .map(|(_, shown, path, _)| (shown, path.to_owned()))
        .find(|(shown, _)| !shown.contains('#'))
}

/// Put the right half back where it lies elsewhere, else make both anew.
pub(super) fn pair_remedy(exam: &Exam<'_>, reason: &Reason<'_>) -> Remedy {
    let fresh = || {
        words::remake(exam, reason.guilty.as_ref())
            .avoid("copying only the key or only the certificate: both belong together")
    };
    let (Some(pair), Some((certified, private))) = (&reason.pair, halves(exam, reason)) else { return fresh() };
    if let Some(remedy) = words::set_flags(exam, &pair.key) {
        return remedy;
    }
    let (key, certificate) = (pair.key.subject(exam.cluster), pair.certificate.subject(exam.cluster));
    let elsewhere = load::key_elsewhere(exam, reason.node, &certified, &key);
    let crossed = |from: &String| ca_key_mismatch::exchanged(exam, reason.node, &key, from);
    if let Some(remedy) = elsewhere.as_ref().and_then(crossed) {
        return remedy.avoid("making a new key alone: a pair is replaced as a pair");
    }
    // a key that fits the certificate beside it stays
    let is_innocent = key.strip_suffix(".key").is_some_and(|stem| {
        let own = format!("{stem}.crt");
        own != certificate && certificate_with(exam, reason.node, &private).is_some_and(|owner| owner == own)
    });
    if let Some(from) = elsewhere.filter(|_| !is_innocent) {
        return words::put_in_place_of(&key, &from, &key).avoid("making a new key alone: a pair is replaced as a pair");
    }
    let all = exam.certificates();
    let owner = all.iter().find(|(at, subject, _, known)| {
        *at == reason.node
            && *subject != certificate
            // the pair of another role stays where it is: only its key was copied
            && profile::role_of(subject).is_none()
            && known.key.as_ref() == Some(&private)
            && same_subject(exam, reason, &known.subject.raw)
    });
    match owner {
        Some((_, from, _, _)) => words::put_in_place_of(&certificate, from, &certificate),
        None => fresh(),
    }
}

fn same_subject(exam: &Exam<'_>, reason: &Reason<'_>, subject: &[u8]) -> bool {
    let leaf = reason
        .pair
        .as_ref()
        .and_then(|pair| pair.certificate.material(exam.cluster))
        .and_then(|material| material.parsed().next());
    leaf.is_some_and(|leaf| leaf.subject.raw == subject)
}
