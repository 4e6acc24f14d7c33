//! `pem-skipped`: Go passes over a block of a file in which that breaks nothing.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::{load, not_pem};
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "pem-skipped",
    title: "Go passes over a block of a file",
    severity: Severity::Info,
    citation: "Go encoding/pem Decode",
    docs: "\
What it looks at: BEGIN lines that Go's reader passes over, in key files and in files that no link uses. \
CA and chain files have a code of their own (ca-pool-partial), files without any block as well (not-pem).

Why it matters: it breaks nothing today, but the file does not hold what it seems to hold, and it will be \
missed when somebody puts it to use.

What to do: write the file again as clean PEM, or remove it.

Example: backup/etcd-ca.pem has two certificates on one line.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (node, file) in exam.files() {
        let Some(material) = file.material() else { continue };
        look.subjects += 1;
        if material.pem.skipped.is_empty() || material.pem.blocks.is_empty() {
            continue;
        }
        let subject = exam.cluster.nodes[node].shown(&file.path).to_owned();
        if holds_chain(exam, node, &file.path) || exam.has_reason(node, &subject) {
            continue;
        }
        let diagnosis = not_pem::diagnose(material, Some(file));
        look.defects.push(Defect {
            severity: Severity::Info,
            nodes: vec![node],
            message: "Go passes over a part of it".to_owned(),
            facts: vec![
                fact("BEGIN lines", material.pem.blocks.len() + material.pem.skipped.len()),
                fact("blocks that Go finds", material.pem.blocks.len()),
                fact("passed over", diagnosis.words),
            ],
            links: Vec::new(),
            remedy: if diagnosis.is_whole {
                load::rewrite(&subject)
            } else {
                Remedy::manual(["complete or remove the block that is cut"])
            },
            subject,
        });
    }
    look
}

/// Whether a link trusts or shows it.
fn holds_chain(exam: &Exam<'_>, node: usize, path: &str) -> bool {
    let mut chains = exam.links.iter().flat_map(|link| {
        let shown = [&link.client_pair, &link.server_pair].into_iter().flatten().map(|pair| &pair.certificate);
        shown.chain([&link.client_trust, &link.server_trust].into_iter().flatten())
    });
    chains.any(|reference| reference.node == node && reference.path() == Some(path))
}
