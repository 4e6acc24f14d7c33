//! `unsupported-key`: a kind of key that TLS in Go cannot use.

use crate::check::{Check, Look, Severity, fact};
use crate::checks::load;
use crate::checks::words::Told;
use crate::exam::{Exam, Group};
use crate::go::load::PairFault;
use crate::links::reference::FaultKind;
use crate::x509::certificate::Certificate;

pub(super) static CHECK: Check = Check {
    code: "unsupported-key",
    title: "a key is of a kind that Go cannot use in TLS",
    severity: Severity::Error,
    citation: "Go crypto/tls X509KeyPair, signatureSchemesForCertificate; crypto/x509 checkSignature",
    docs: "\
What it looks at: the algorithm of every key that a pair shows, and of every CA that a chain needs.

Why it matters: Go's TLS signs with RSA, ECDSA on P-256, P-384 and P-521, and Ed25519. DSA, X25519, P-224, \
secp256k1 and brainpool keys do not load, cannot sign a handshake, or cannot verify a certificate.

What to do: issue the certificate again with a key of a usual kind; RSA 2048 and P-256 work everywhere, \
kubeadm included.

Example: etcd/server.key is a DSA key of an old in-house CA.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    load::look(exam, CHECK.code, tell)
}

fn tell(exam: &Exam<'_>, group: &Group<'_, '_>) -> Told {
    let reason = group.first();
    let in_certificate = load::is_kind(group, |kind| matches!(kind, FaultKind::Pair(PairFault::UnknownAlgorithm)));
    let material = reason.guilty.as_ref().and_then(|guilty| guilty.material(exam.cluster));
    let certificate = reason
        .certificate
        .as_deref()
        .or_else(|| material.and_then(|material| material.parsed().next().map(|leaf| &**leaf)));
    let mut facts = vec![fact("usable", "RSA, ECDSA on P-256, P-384 or P-521, Ed25519")];
    facts.extend(certificate.map(|certificate| fact("certified key", kind(certificate))));
    let message = match load::fault(group) {
        Some(_) if in_certificate => "certifies a key of a kind that Go cannot use in TLS",
        Some(_) => "is a key of a kind that Go cannot use in TLS",
        None => "has a key of a kind that Go cannot use here",
    };
    let remedy =
        load::remake_or_hands(exam, reason).avoid("converting the file to another format: the algorithm stays");
    Told { message: message.to_owned(), facts, remedy }
}

fn kind(certificate: &Certificate) -> String {
    certificate.key.as_ref().map_or_else(|| "unknown to Go".to_owned(), crate::x509::key::PublicKey::kind)
}
