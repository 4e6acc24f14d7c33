//! `malformed-certificate`: a certificate that Go cannot parse.

use std::sync::Arc;

use crate::check::{Check, Defect, Fact, Look, Remedy, Severity, fact};
use crate::checks::load;
use crate::checks::words::{self, Told};
use crate::exam::{Exam, Group};
use crate::go::GoVersion;
use crate::go::load::Material;
use crate::go::parse;
use crate::links::reference::Reference;

pub(super) static CHECK: Check = Check {
    code: "malformed-certificate",
    title: "a certificate does not parse",
    severity: Severity::Error,
    citation: "Go crypto/x509 ParseCertificate; RFC 5280 section 4.1",
    docs: "\
What it looks at: the DER inside every CERTIFICATE block, and inside every block of a CA file that etcd \
reads, with the parser of the Go version that is judged. A negative serial number has a code of its own.

Why it matters: whoever loads the file stops (`x509: malformed certificate`, or a more telling text); a \
certificate in the middle of a chain makes the other side refuse. Newer Go refuses encodings that older \
Go and openssl let pass, so an upgrade can bring it to light.

What to do: put an undamaged copy back; where there is none, issue the certificate again.

Example: one character of etcd/server.crt was lost in a copy from a terminal.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = load::look(exam, CHECK.code, tell);
    let needed = load::needed(exam);
    for (node, shown, path, material) in exam.materials() {
        if needed.contains(&(node, path.to_owned())) {
            continue;
        }
        let several = material.certificates().count() > 1;
        for (number, parsed) in material.certificates() {
            let Err(text) = parsed else { continue };
            if text.contains("negative serial number") {
                continue;
            }
            look.defects.push(Defect {
                severity: Severity::Info,
                nodes: vec![node],
                subject: if several { format!("{shown}#{number}") } else { shown.clone() },
                message: "does not parse; nothing uses it".to_owned(),
                facts: vec![fact("Go says", text)],
                links: Vec::new(),
                remedy: Remedy::manual(["remove it if nobody misses it"]),
            });
        }
    }
    look
}

fn tell(exam: &Exam<'_>, group: &Group<'_, '_>) -> Told {
    let reason = group.first();
    let material = reason.guilty.as_ref().and_then(|guilty| guilty.material(exam.cluster));
    let mut facts = Vec::new();
    let mut remedy = None;
    if let Some(material) = material {
        facts.extend(place(material));
        facts.extend(accepted_before(material));
        remedy = reason.guilty.as_ref().and_then(|guilty| copy_elsewhere(exam, guilty, material));
    }
    let remedy = remedy.unwrap_or_else(|| load::restore(exam, reason));
    Told { message: "holds a certificate that does not parse".to_owned(), facts, remedy }
}

/// Which block it is, where there are several.
fn place(material: &Material) -> Option<Fact> {
    let blocks = material.pem.blocks.iter().zip(&material.items);
    let broken = |item: &crate::go::load::Item| matches!(item, crate::go::load::Item::Certificate(Err(_)));
    let (number, (block, _)) = blocks.enumerate().find(|(_, (_, item))| broken(item))?;
    let count = material.pem.blocks.len();
    Some(fact("block", format!("{} of {count}, at line {}, {} bytes", number + 1, block.line, block.bytes.len())))
}

/// Whether an older Go took what this one refuses.
fn accepted_before(material: &Material) -> Option<Fact> {
    let broken = material
        .pem
        .blocks
        .iter()
        .filter(|block| block.label == "CERTIFICATE")
        .find(|block| parse::certificate(&block.bytes, material.go).is_err())?;
    let older = (19..=30).rev().map(GoVersion::minor).filter(|go| *go < material.go);
    let last = older.into_iter().find(|go| parse::certificate(&broken.bytes, *go).is_ok())?;
    Some(fact("accepted by", format!("Go up to {last}: it parses there")))
}

/// An undamaged certificate with the key of the pair, or with the CA's key beside it.
fn copy_elsewhere(exam: &Exam<'_>, guilty: &Reference, material: &Material) -> Option<Remedy> {
    let subject = guilty.subject(exam.cluster);
    if material.certificates().count() != 1 || subject.contains('#') {
        return None;
    }
    let key = Reference::layout(exam.cluster, guilty.node, &format!("{}.key", subject.strip_suffix(".crt")?));
    let key = key.material(exam.cluster)?.keys().next()?.as_ref().ok()?;
    let all = exam.certificates();
    let fits = |(node, place, _, certificate): &&(usize, String, &str, &Arc<crate::x509::certificate::Certificate>)| {
        *node == guilty.node
            && *place != subject
            && certificate.key.as_ref() == Some(key)
            && certificate.not_after > exam.now()
    };
    let (_, from, _, _) = all.iter().find(fits)?;
    Some(words::put_back(&subject, from, &subject))
}
