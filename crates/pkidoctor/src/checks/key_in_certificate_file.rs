//! `key-in-certificate-file`: a private key in a file that is called or used as a certificate.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::{key_exposed, load};
use crate::exam::Exam;
use crate::go::load::Material;

pub(super) static CHECK: Check = Check {
    code: "key-in-certificate-file",
    title: "a certificate file holds a private key as well",
    severity: Severity::Info,
    citation: "opinion: certificate files are copied and shown freely",
    docs: "\
What it looks at: private keys in files called .crt or .cer, and in files that a link shows as certificate or \
trusts, unless the same file is named as the key, too.

Why it matters: it works, but certificate files are mailed, mounted and backed up without care, and the key \
goes with them. When others may read the file already, key-exposed says so instead; when it stops etcd, \
ca-file-with-key does.

What to do: keep the key in its own file only.

Example: `cat server.crt server.key > etcd/server.crt`, which haproxy wants and etcd does not.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (node, file) in exam.files() {
        let Some(material) = file.material() else { continue };
        let shown = exam.cluster.nodes[node].shown(&file.path);
        look.subjects += 1;
        if !material.holds_key() || key_exposed::is_open(file) || exam.has_reason(node, shown) {
            continue;
        }
        let (as_certificate, as_key) = uses(exam, node, &file.path);
        let called_so = ["crt", "cer"].contains(&load::ending(shown));
        if as_key || !(called_so || as_certificate) {
            continue;
        }
        look.defects.push(Defect {
            severity: Severity::Info,
            nodes: vec![node],
            subject: shown.to_owned(),
            message: "holds a private key as well".to_owned(),
            facts: vec![fact("expected", "certificates only"), fact("found", labels(material))],
            links: Vec::new(),
            remedy: Remedy::manual([format!(
                "remove the private key block from {} and keep it in its own file of mode 0600",
                file.path
            )]),
        });
    }
    look
}

fn labels(material: &Material) -> String {
    material.labels().join(", ")
}

/// Whether links use a file as certificate or CA, and whether as key.
fn uses(exam: &Exam<'_>, node: usize, path: &str) -> (bool, bool) {
    let is = |reference: &crate::links::reference::Reference| reference.node == node && reference.path() == Some(path);
    let pairs = || exam.links.iter().flat_map(|link| [&link.client_pair, &link.server_pair]).flatten();
    let trusted = exam.links.iter().flat_map(|link| [&link.client_trust, &link.server_trust]).flatten().any(is);
    (trusted || pairs().any(|pair| is(&pair.certificate)), pairs().any(|pair| is(&pair.key)))
}
