//! `wrong-certificate-first`: the leaf is in the file, but another certificate stands before it.

use crate::check::{Check, Look, Remedy, Severity, fact};
use crate::checks::load;
use crate::checks::words::Told;
use crate::exam::{Exam, Group};

pub(super) static CHECK: Check = Check {
    code: "wrong-certificate-first",
    title: "the leaf is not the first certificate in its file",
    severity: Severity::Error,
    citation: "Go crypto/tls X509KeyPair; RFC 8446 section 4.4.2",
    docs: "\
What it looks at: pairs whose key belongs to a certificate of the file, but not to the first one. CA files \
have a code of their own (ca-bundle-order).

Why it matters: Go says `private key does not match public key` although the right certificate is there.

What to do: write the file again, the leaf first, then what signed it. Nothing needs to be issued.

Example: `cat ca.crt server.crt > etcd/server.crt` in a deployment script.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    load::look(exam, CHECK.code, tell)
}

fn tell(exam: &Exam<'_>, group: &Group<'_, '_>) -> Told {
    let reason = group.first();
    let mut facts = Vec::new();
    if let Some(pair) = &reason.pair {
        let certificates = pair
            .certificate
            .material(exam.cluster)
            .map(|material| material.parsed().cloned().collect::<Vec<_>>())
            .unwrap_or_default();
        let key = pair.key.material(exam.cluster).and_then(|material| material.keys().next()?.as_ref().ok());
        facts.extend(certificates.first().map(|first| fact("first certificate", &first.subject)));
        let owner = certificates.iter().enumerate().find(|(_, certificate)| certificate.key.as_ref() == key);
        facts.extend(owner.map(|(at, certificate)| {
            fact("the key belongs to", format!("certificate {}, {}", at + 1, certificate.subject))
        }));
    }
    let avoid = "making a new certificate: the right one is in the file";
    let remedy = if group.subject.contains('#') {
        Remedy::manual(["write the client certificate of the kubeconfig again with the leaf first"]).avoid(avoid)
    } else {
        load::rewrite(group.subject).step("leaf first, then its intermediates").avoid(avoid)
    };
    Told { message: "the certificate of the key is in the file, but not in the first place".to_owned(), facts, remedy }
}
