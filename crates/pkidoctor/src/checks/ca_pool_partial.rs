//! `ca-pool-partial`: Go loads fewer certificates from a CA or chain file than it seems to hold.

use crate::check::{Check, Defect, Fact, Look, Remedy, Severity, fact};
use crate::checks::{load, not_pem, words};
use crate::exam::Exam;
use crate::go::load::Material;
use crate::go::parse;
use crate::links::reference::Reference;

pub(super) static CHECK: Check = Check {
    code: "ca-pool-partial",
    title: "Go passes over a part of a CA or chain file",
    severity: Severity::Warning,
    citation: "Go encoding/pem Decode; client-go util/cert",
    docs: "\
What it looks at: BEGIN lines in CA files and in the certificate files of pairs against the blocks that \
Go's reader finds there. A byte order mark hides the first block, a missing line break between two blocks \
hides both, blanks before BEGIN hide any.

Why it matters: nobody says anything. During a change of CA the new (or the old) CA is simply not \
trusted, or the intermediate is not sent, and the other side says `signed by unknown authority`.

What to do: write the file again as clean PEM and restart what trusts it.

Example: `cat old-ca.crt new-ca.crt > etcd/ca.crt` where the first file did not end in a line break.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = load::files_on_links(exam);
    for group in exam.groups(CHECK.code) {
        let Some(guilty) = &group.first().guilty else { continue };
        let Some(material) = guilty.material(exam.cluster) else { continue };
        let links = group.links();
        let mut facts = facts(exam, material);
        facts.extend(words::told_by(exam, Some(guilty)));
        facts.extend(words::go_says(&group));
        look.defects.push(Defect {
            severity: exam.severity(&links),
            nodes: vec![group.node],
            subject: group.subject.to_owned(),
            message: "the CA that is needed stands in it, but Go passes over that block".to_owned(),
            facts,
            links,
            remedy: remedy(group.subject, material),
        });
    }
    for (reference, trusts) in chains_and_pools(exam) {
        let subject = reference.subject(exam.cluster);
        let told = look.defects.iter().any(|defect| defect.nodes == [reference.node] && defect.subject == subject);
        let Some(material) = reference.material(exam.cluster).filter(|material| !told && is_partial(material)) else {
            continue;
        };
        if exam.has_reason(reference.node, &subject) {
            continue;
        }
        look.defects.push(Defect {
            // a CA that is not trusted is missed later, a certificate that is not sent was not needed so far
            severity: if trusts { Severity::Warning } else { Severity::Info },
            nodes: vec![reference.node],
            message: "Go passes over a part of it".to_owned(),
            facts: facts(exam, material).into_iter().chain(words::told_by(exam, Some(reference))).collect(),
            links: Vec::new(),
            remedy: remedy(&subject, material),
            subject,
        });
    }
    look
}

fn is_partial(material: &Material) -> bool {
    !material.pem.skipped.is_empty() && material.trusted().next().is_some()
}

/// Certificate and CA files on links, and whether they are trusted.
fn chains_and_pools<'e>(exam: &'e Exam<'_>) -> Vec<(&'e Reference, bool)> {
    let trusted = exam
        .links
        .iter()
        .flat_map(|link| [&link.client_trust, &link.server_trust])
        .flatten()
        .map(|trust| (trust, true));
    let shown = exam
        .links
        .iter()
        .flat_map(|link| [&link.client_pair, &link.server_pair])
        .flatten()
        .map(|pair| (&pair.certificate, false));
    trusted.chain(shown).collect()
}

fn facts(exam: &Exam<'_>, material: &Material) -> Vec<Fact> {
    let diagnosis = not_pem::diagnose(material, None);
    let mut facts = vec![
        fact("BEGIN lines", material.pem.blocks.len() + material.pem.skipped.len()),
        fact("blocks that Go finds", material.pem.blocks.len()),
        fact("passed over", diagnosis.words),
    ];
    let names = material.pem.salvaged.iter().filter_map(|block| parse::certificate(&block.bytes, exam.cluster.go).ok());
    facts.extend(names.take(5).map(|certificate| fact("hidden", &certificate.subject)));
    facts
}

fn remedy(subject: &str, material: &Material) -> Remedy {
    if material.pem.skipped.len() == material.pem.salvaged.len() && !subject.contains('#') {
        return load::rewrite(subject).step("restart what trusts it: CA files are read once, at start");
    }
    Remedy::manual([
        format!(
            "look at {subject}, complete or remove the block that is cut, one BEGIN and one END line for each certificate"
        ),
        "restart what trusts it: CA files are read once, at start".to_owned(),
    ])
}
