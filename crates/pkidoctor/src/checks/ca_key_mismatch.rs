//! `ca-key-mismatch`: a CA's key is not the key of its certificate.

use crate::check::{Check, Defect, INSTEAD, Look, Remedy, RemedyKind, Severity, fact};
use crate::checks::{key_mismatch, load, way_out, words};
use crate::cluster::File;
use crate::exam::{Exam, Group, Reason, Why};
use crate::go::handshake::Side;
use crate::go::parse;
use crate::links::reference::{LoadFault, Reference};
use crate::profile;
use crate::x509::certificate::Certificate;
use crate::x509::key::PublicKey;
use crate::x509::signature;

pub(super) static CHECK: Check = Check {
    code: "ca-key-mismatch",
    title: "a CA's key is not the key of its certificate",
    severity: Severity::Error,
    citation: "Go crypto/x509 CreateCertificate; kubeadm pkiutil TryLoadCertAndKeyFromDisk; kube-controller-manager signer",
    docs: "\
What it looks at: ca.key, etcd/ca.key and front-proxy-ca.key against the first certificate of the .crt \
beside them, and every pair with which kube-controller-manager signs. kubeadm compares none of them.

Why it matters: nothing fails until something is signed. Then newer programs stop (`provided PrivateKey \
doesn't match parent's PublicKey`), older ones sign, and every new leaf is refused with `unknown authority \
(possibly because of \"crypto/rsa: verification error\" …)`.

What to do: find the right half, on another control-plane node or in a backup, and put it back before \
anything is renewed. Then issue again what the wrong key signed.

Example: the CA was made anew and only ca.crt was copied to the second control-plane node.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for signing in exam.signing() {
        let hidden = |reference: &Reference| reference.file(exam.cluster).is_none_or(Exam::is_hidden);
        let unseen = hidden(&signing.pair.certificate) || hidden(&signing.pair.key);
        *if unseen { &mut look.unobserved } else { &mut look.subjects } += 1;
    }
    for (_, fault) in exam.signing_faults() {
        let reason = reason(exam, fault);
        if !matches!(reason.code, "key-mismatch" | "key-type-mismatch")
            || is_passed_over(exam, &reason)
            || certificate_is_told(exam, &reason)
        {
            continue;
        }
        let group = Group { node: reason.node, subject: &reason.subject, reasons: vec![&reason] };
        look.defects.push(defect(exam, &group, &reason));
    }
    look
}

/// Whether links already say that the certificate file holds no CA at all.
fn certificate_is_told(exam: &Exam<'_>, reason: &Reason<'_>) -> bool {
    let Some(pair) = &reason.pair else { return false };
    let subject = pair.certificate.subject(exam.cluster);
    exam.reasons
        .iter()
        .any(|known| known.code == "ca-file-is-leaf" && known.node == reason.node && known.subject == subject)
}

/// Whether the certificate of the key is in the file, but Go passes over it: that is told as ca-pool-partial.
fn is_passed_over(exam: &Exam<'_>, reason: &Reason<'_>) -> bool {
    let Some((_, private)) = key_mismatch::halves(exam, reason) else { return false };
    let Some(material) = reason.pair.as_ref().and_then(|pair| pair.certificate.material(exam.cluster)) else {
        return false;
    };
    let mut hidden =
        material.pem.salvaged.iter().filter_map(|block| parse::certificate(&block.bytes, exam.cluster.go).ok());
    hidden.any(|certificate| certificate.key.as_ref() == Some(&private))
}

fn defect(exam: &Exam<'_>, group: &Group<'_, '_>, reason: &Reason<'_>) -> Defect {
    let signed = signed_with(exam, reason);
    let mut facts = key_mismatch::pair_facts(exam, reason);
    if !signed.is_empty() {
        facts.push(fact(
            "certificates that this key signed",
            signed.iter().take(5).cloned().collect::<Vec<_>>().join(", "),
        ));
    }
    facts.extend(words::told_by(exam, reason.guilty.as_ref()));
    let certificate = reason.pair.as_ref().map(|pair| pair.certificate.subject(exam.cluster)).unwrap_or_default();
    let stem = group.subject.strip_suffix(".key").filter(|stem| certificate == format!("{stem}.crt"));
    let remedy = match stem {
        _ if signed.is_empty() => bring_key(exam, group.node, group.subject),
        // the leaves of this node were signed with this key: it is the certificate that was replaced
        Some(stem) => way_out::old_ca_back(exam, group.node, stem),
        None => Remedy::manual([
            format!(
                "put the certificate that belongs to {} back as {certificate}: the leaves of this node were signed with this key",
                group.subject
            ),
            "it lies in a backup, on another control-plane node, or in the certificate-authority-data of a kubeconfig"
                .to_owned(),
        ]),
    };
    Defect {
        // no link is broken yet, but the next signing fails or makes a certificate that nobody accepts
        severity: Severity::Error,
        nodes: vec![group.node],
        subject: group.subject.to_owned(),
        message: format!("is not the key of {certificate}: what it signs is refused"),
        facts,
        links: Vec::new(),
        remedy: remedy.avoid("kubeadm certs renew all: it stops half-way, or signs every leaf with the wrong key"),
    }
}

/// Leaves of the node that the stray key signed.
fn signed_with(exam: &Exam<'_>, reason: &Reason<'_>) -> Vec<String> {
    let Some((_, private)) = key_mismatch::halves(exam, reason) else { return Vec::new() };
    let authority = reason.pair.as_ref().and_then(|pair| pair.certificate.material(exam.cluster));
    let authority = authority.and_then(|material| material.parsed().next());
    // what the certificate in place, whichever it is, should have signed: by its name, or by its place in the layout
    let place = reason.pair.as_ref().and_then(|pair| pair.certificate.path());
    let place = place.and_then(|path| profile::role_of(exam.cluster.nodes[reason.node].shown(path)));
    let is_its = |subject: &str, certificate: &Certificate| {
        let role = profile::role_of(subject.split('#').next().unwrap_or(subject));
        authority.is_some_and(|authority| certificate.issuer.raw == authority.subject.raw)
            || place.zip(role).is_some_and(|(place, role)| role.issuer == Some(place.stem))
    };
    let by_key = |certificate: &Certificate| {
        !certificate.is_self_issued()
            && signature::verifies(certificate.algorithm, &private, certificate.tbs_bytes(), &certificate.signature)
    };
    let all = exam.certificates();
    all.iter()
        .filter(|(node, subject, _, certificate)| {
            *node == reason.node && is_its(subject, certificate) && by_key(certificate)
        })
        .map(|(_, subject, _, _)| subject.clone())
        .collect()
}

/// How a CA's key comes back: from this tree, from another node, from a backup; it is never made anew.
pub(super) fn bring_key(exam: &Exam<'_>, node: usize, subject: &str) -> Remedy {
    let avoid = "making a new CA on this node: it splits the cluster in two that refuse each other";
    if let Some(certified) = certified(exam, node, subject) {
        if let Some(from) = load::key_elsewhere(exam, node, &certified, subject) {
            let here = &exam.cluster.nodes[node];
            let is_there = here.file(&here.layout(subject)).and_then(File::material).is_some();
            // in the place of another CA's key, which lies elsewhere: only hands find it
            let is_exchanged = profile::role_of(&from).is_some_and(|role| role.issuer.is_none());
            if is_there
                && is_exchanged
                && let Some(remedy) = exchanged(exam, node, subject, &from)
            {
                return remedy.avoid(avoid);
            }
            let remedy = match (is_there, is_exchanged) {
                (false, _) => words::put_back(subject, &from, subject),
                (true, false) => words::put_in_place_of(subject, &from, subject),
                (true, true) => Remedy {
                    kind: RemedyKind::Manual,
                    command: None,
                    ..words::put_in_place_of(subject, &from, subject)
                },
            };
            return remedy.avoid(avoid);
        }
        let others = (0..exam.cluster.nodes.len()).filter(|other| *other != node);
        let found =
            others.into_iter().find_map(|other| Some((other, key_mismatch::key_like(exam, other, &certified)?.0)));
        if let Some((other, place)) = found {
            return Remedy::manual([format!(
                "copy {place} from {} to {subject}, mode 0600",
                exam.cluster.nodes[other].name
            )])
            .avoid(avoid);
        }
    }
    Remedy::manual([
        format!("find the key of {}: another control-plane node, a backup, a vault", subject.replace(".key", ".crt")),
        "compare before you copy it: openssl pkey -pubout of the key and openssl x509 -pubkey -noout of the certificate must be the same".to_owned(),
        "where it is lost for good, plan a new CA before the leaves expire".to_owned(),
    ])
    .avoid(avoid)
}

/// Two keys, each in the other's place: the same steps for both, since doing them twice undoes them.
pub(super) fn exchanged(exam: &Exam<'_>, node: usize, one: &str, other: &str) -> Option<Remedy> {
    let here = &exam.cluster.nodes[node];
    let key = here.file(&here.layout(one)).and_then(File::material)?.keys().next()?.as_ref().ok()?;
    if certified(exam, node, other)? != *key {
        return None;
    }
    let (first, second) = if one < other { (one, other) } else { (other, one) };
    let (first, second) = (words::quoted(&here.layout(first)), words::quoted(&here.layout(second)));
    let by_hand = format!("mv {first} {first}.exchanged && mv {second} {first} && mv {first}.exchanged {second}");
    let by_command = Remedy::command(RemedyKind::PutBack, one, "pkidoctor fix");
    Some(by_command.step(format!("{INSTEAD} {by_hand}")))
}

fn certified(exam: &Exam<'_>, node: usize, subject: &str) -> Option<PublicKey> {
    let certificate = format!("{}.crt", subject.strip_suffix(".key")?);
    let here = &exam.cluster.nodes[node];
    here.file(&here.layout(&certificate)).and_then(File::material)?.parsed().next()?.key.clone()
}

/// A signing pair's fault in the form of a link's.
pub(super) fn reason<'f>(exam: &Exam<'_>, fault: &'f LoadFault) -> Reason<'f> {
    let (guilty, subject) = exam.blamed(fault);
    Reason {
        code: exam.fault_code(fault),
        // no link: the groups that are made of this never ask
        link: usize::MAX,
        side: Side::Server,
        node: guilty.node,
        subject,
        guilty: Some(guilty),
        pair: fault.pair.clone(),
        trust: None,
        certificate: None,
        why: Why::Fault(fault),
    }
}
