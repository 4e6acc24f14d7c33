//! `pair-swapped`: the certificate stands where the key belongs, or the reverse.

use crate::check::{Check, Look, Remedy, Severity, fact};
use crate::checks::load;
use crate::checks::words::{self, Told};
use crate::exam::{Exam, Group};
use crate::go::load::{Material, PairFault};
use crate::links::reference::{FaultKind, Origin, PairReference, Reference};

pub(super) static CHECK: Check = Check {
    code: "pair-swapped",
    title: "certificate and key are exchanged",
    severity: Severity::Error,
    citation: "Go crypto/tls X509KeyPair",
    docs: "\
What it looks at: whether the certificate file of a pair holds a private key, or its key file a \
certificate.

Why it matters: Go says `PEM inputs may have been switched`, or `found a certificate rather than a key`, \
and the process does not start.

What to do: exchange the two flags, or the two files, whichever is wrong. Where only one file is \
wrong, put the right one back.

Example: --cert-file=…/server.key and --key-file=…/server.crt in etcd.yaml.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    load::look(exam, CHECK.code, tell)
}

fn tell(exam: &Exam<'_>, group: &Group<'_, '_>) -> Told {
    let reason = group.first();
    let key_is_wrong = load::is_kind(group, |kind| matches!(kind, FaultKind::Pair(PairFault::CertificateInPlaceOfKey)));
    let message = if key_is_wrong {
        "holds a certificate instead of the private key"
    } else {
        "holds a private key instead of the certificate"
    };
    let Some(pair) = &reason.pair else {
        return Told { message: message.to_owned(), facts: Vec::new(), remedy: load::restore(exam, reason) };
    };
    let holds =
        |reference: &Reference| reference.material(exam.cluster).map_or("nothing that can be read", Material::kind);
    let facts = vec![
        fact(format!("certificate file {}", pair.certificate.subject(exam.cluster)), holds(&pair.certificate)),
        fact(format!("key file {}", pair.key.subject(exam.cluster)), holds(&pair.key)),
    ];
    let crossed = material(exam, &pair.key).is_some_and(|key| key.parsed().next().is_some())
        && material(exam, &pair.certificate).is_some_and(Material::holds_key);
    let remedy = if crossed { exchange(exam, pair) } else { load::restore(exam, reason) };
    Told { message: message.to_owned(), facts, remedy }
}

fn material<'c>(exam: &Exam<'c>, reference: &Reference) -> Option<&'c Material> {
    reference.material(exam.cluster)
}

fn exchange(exam: &Exam<'_>, pair: &PairReference) -> Remedy {
    let (Some(certificate), Some(key)) = (pair.certificate.path(), pair.key.path()) else {
        return Remedy::manual(["exchange the two"]);
    };
    let avoid = "making a new pair: both halves are there";
    if let (Origin::Flag { manifest, flag, .. }, true) =
        (&pair.certificate.origin, load::ending(certificate) == "key" && load::ending(key) == "crt")
    {
        let other = match &pair.key.origin {
            Origin::Flag { flag, .. } => flag,
            _ => flag,
        };
        return Remedy::manual([format!(
            "in {manifest} exchange the values of --{flag} and --{other}; the kubelet restarts the pod by itself"
        )])
        .avoid(avoid);
    }
    if certificate == key {
        return Remedy::manual(["exchange the two in the kubeconfig"]).avoid(avoid);
    }
    let names = [pair.certificate.subject(exam.cluster), pair.key.subject(exam.cluster)];
    let [certificate, key, aside] =
        [certificate.to_owned(), key.to_owned(), format!("{certificate}.swap")].map(|path| words::quoted(&path));
    let mut remedy = Remedy::manual([
        format!("mv {certificate} {aside} && mv {key} {certificate} && mv {aside} {key}"),
        format!("chmod 0600 {key}"),
    ])
    .avoid(avoid);
    remedy.targets = names.to_vec();
    remedy
}
