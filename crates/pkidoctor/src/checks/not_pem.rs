//! `not-pem`: Go finds no PEM block in a file, and why.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::load;
use crate::checks::words::Told;
use crate::cluster::File;
use crate::exam::{Exam, Group};
use crate::go::load::Material;
use crate::go::{crl::RevocationList, parse, private_key};
use crate::x509::pem::{Shape, Skip};

pub(super) static CHECK: Check = Check {
    code: "not-pem",
    title: "Go finds no PEM block in a file",
    severity: Severity::Error,
    citation: "Go encoding/pem Decode; RFC 7468",
    docs: "\
What it looks at: files without a single block that Go's reader finds, among those that a link or a \
signer needs, and every other .crt, .key, .pem and .pub of the tree. It names the defect: a byte order \
mark, blanks before BEGIN, two blocks on one line, a missing END, binary DER, base64 of PEM, UTF-16.

Why it matters: Go says only `failed to find any PEM data` for all of these, while editors and openssl \
show a file that looks right.

What to do: write the same content again as clean PEM. Only what was cut off must be restored or made anew.

Example: etcd/server.crt was saved by an editor that puts EF BB BF in front.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = load::look(exam, CHECK.code, tell);
    for (node, file) in load::unused_pem(exam) {
        let Some(material) = file.material().filter(|material| is_no_pem(material)) else { continue };
        let subject = exam.cluster.nodes[node].shown(&file.path).to_owned();
        let diagnosis = diagnose(material, Some(file));
        look.defects.push(Defect {
            severity: Severity::Info,
            nodes: vec![node],
            message: format!("is not PEM: {}; nothing uses it", diagnosis.words),
            facts: vec![fact("found", diagnosis.words)],
            links: Vec::new(),
            remedy: if diagnosis.is_whole {
                load::rewrite(&subject)
            } else {
                Remedy::manual(["remove it if nobody misses it"])
            },
            subject,
        });
    }
    look
}

fn is_no_pem(material: &Material) -> bool {
    material.pem.blocks.is_empty() && !matches!(material.pem.shape, Shape::Empty | Shape::Blank)
}

fn tell(exam: &Exam<'_>, group: &Group<'_, '_>) -> Told {
    let reason = group.first();
    let guilty = reason.guilty.as_ref();
    let material = guilty.and_then(|guilty| guilty.material(exam.cluster));
    let diagnosis = material.map_or_else(Diagnosis::default, |material| {
        diagnose(material, guilty.and_then(|guilty| guilty.file(exam.cluster)))
    });
    let remedy = if diagnosis.is_whole && !group.subject.contains('#') {
        load::rewrite(group.subject)
    } else {
        load::restore(exam, reason)
    };
    Told {
        message: format!("is not PEM: {}", diagnosis.words),
        facts: vec![fact("expected", "PEM (-----BEGIN … at the start of a line)"), fact("found", diagnosis.words)],
        remedy,
    }
}

/// What is in a file in which Go finds nothing.
#[derive(Default)]
pub(super) struct Diagnosis {
    /// The defect.
    pub(super) words: String,
    /// Whether all of the content is there, so that it can be written again as clean PEM.
    pub(super) is_whole: bool,
}

/// Says why Go finds no block, or not every block.
pub(super) fn diagnose(material: &Material, file: Option<&File>) -> Diagnosis {
    let pem = &material.pem;
    let of_shape = match pem.shape {
        _ if !pem.blocks.is_empty() => None,
        Shape::Empty => Some(("it is empty".to_owned(), false)),
        Shape::Blank => Some(("it holds nothing but blanks".to_owned(), false)),
        Shape::Der => Some(binary(material, file)),
        Shape::EncodedTwice => {
            Some(("it is base64 of PEM, as in the data of a Secret: encoded once too often".to_owned(), true))
        }
        Shape::Utf16 => Some(("it is UTF-16, as some Windows editors write".to_owned(), true)),
        Shape::Other => None,
    };
    if let Some((words, is_whole)) = of_shape {
        return Diagnosis { words, is_whole };
    }
    let Some((line, first)) = pem.skipped.first() else {
        return Diagnosis { words: "there is no BEGIN line in it".to_owned(), is_whole: false };
    };
    // Go's two readers take different blocks of a glued file; a person wants to hear of the missing line break
    let reason = pem.skipped.iter().map(|(_, skip)| *skip).find(|skip| *skip == Skip::Glued).unwrap_or(*first);
    Diagnosis { words: format!("{} (line {line})", reason.words()), is_whole: pem.skipped.len() == pem.salvaged.len() }
}

fn binary(material: &Material, file: Option<&File>) -> (String, bool) {
    let der = file.and_then(|file| file.content()).and_then(|content| content.der.as_ref());
    let what = match der {
        Some(der) if parse::certificate(der, material.go).is_ok() => Some("a certificate"),
        Some(der) if private_key::public_half(der, material.go).is_ok() => Some("a private key"),
        Some(der) if RevocationList::read(der, material.go).is_some() => Some("a revocation list"),
        _ => None,
    };
    let known = what.is_some_and(|what| what != "a revocation list");
    (format!("it is DER, the binary form{}", what.map_or_else(String::new, |what| format!(", of {what}"))), known)
}
