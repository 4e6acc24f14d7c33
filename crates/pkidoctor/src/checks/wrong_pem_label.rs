//! `wrong-pem-label`: PEM of another kind than the one that is needed.

use crate::check::{Check, Look, Remedy, Severity, fact};
use crate::checks::load;
use crate::checks::words::Told;
use crate::exam::{Exam, Group};
use crate::go::load::{Half, Item, Material, PairFault};
use crate::links::reference::FaultKind;

pub(super) static CHECK: Check = Check {
    code: "wrong-pem-label",
    title: "a PEM file holds something else than is needed",
    severity: Severity::Error,
    citation: "Go crypto/tls X509KeyPair; etcd tlsutil NewCertPool; RFC 7468",
    docs: "\
What it looks at: the labels (the text after BEGIN) of the blocks in every certificate, key and CA file. \
A pair needs CERTIFICATE and a label that ends in PRIVATE KEY; etcd parses every block of a CA file as a \
certificate, whatever its label.

Why it matters: a signing request, a public key or openssl's TRUSTED CERTIFICATE is refused although \
the file is there and readable.

What to do: put the right file there; where only the label is wrong, write it again as CERTIFICATE.

Example: etcd/server.crt holds the CERTIFICATE REQUEST instead of the certificate that came back.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    load::look(exam, CHECK.code, tell)
}

fn tell(exam: &Exam<'_>, group: &Group<'_, '_>) -> Told {
    let reason = group.first();
    let material = reason.guilty.as_ref().and_then(|guilty| guilty.material(exam.cluster));
    let kind = load::fault(group).map(|fault| &fault.kind);
    let is_key = matches!(kind, Some(FaultKind::Pair(PairFault::WrongLabels(Half::Key, _))));
    let labels = material.map(|material| material.labels().join(", ")).unwrap_or_default();
    let wanted = if is_key { "a label that ends in PRIVATE KEY" } else { "CERTIFICATE" };
    let facts = vec![fact("expected", wanted), fact("found", &labels)];
    if let Some(FaultKind::Pool(pool)) = kind {
        let label = pool.label.as_deref().unwrap_or_default();
        let line = pool.line.map_or_else(String::new, |line| format!(" at line {line}"));
        let remedy = Remedy::manual([
            format!("remove the block {label}{line} from {}", group.subject),
            "restart what trusts it: CA files are read once, at start".to_owned(),
        ]);
        return Told {
            message: format!("{} stands in a CA file, where every block must be a certificate", a_label(label)),
            facts,
            remedy,
        };
    }
    let only_label = !is_key && material.is_some_and(holds_certificate);
    let remedy = if only_label && !group.subject.contains('#') {
        load::rewrite(group.subject)
    } else {
        load::restore(exam, reason)
    };
    let found = material.and_then(|material| material.labels().first().map(|label| a_label(label))).unwrap_or_default();
    let wanted = if is_key { "a private key" } else { "a certificate" };
    Told { message: format!("holds {found} instead of {wanted}"), facts, remedy }
}

fn holds_certificate(material: &Material) -> bool {
    matches!(material.items.first(), Some(Item::Certificate(Ok(_))))
}

fn a_label(label: &str) -> String {
    match label {
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => "a signing request".to_owned(),
        "TRUSTED CERTIFICATE" => "openssl's TRUSTED CERTIFICATE".to_owned(),
        "PUBLIC KEY" | "RSA PUBLIC KEY" => "a public key".to_owned(),
        "X509 CRL" => "a revocation list".to_owned(),
        _ => format!("a block {label:?}"),
    }
}
