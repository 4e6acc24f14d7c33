//! `file-empty`: a file is there, but nothing is in it.

use crate::check::{Check, Defect, Fact, Look, Remedy, Severity, fact};
use crate::checks::load;
use crate::checks::words::{self, Told};
use crate::cluster::File;
use crate::exam::{Exam, Group};
use crate::x509::pem::Shape;

pub(super) static CHECK: Check = Check {
    code: "file-empty",
    title: "a file is empty",
    severity: Severity::Error,
    citation: "Go crypto/tls X509KeyPair; client-go util/cert ParseCertsPEM",
    docs: "\
What it looks at: files without a byte, or with blanks only, among those that a link or a signer needs, \
and every other .crt, .key, .pem and .pub of the tree.

Why it matters: a full disk or a crash in the middle of a write leaves a file of no bytes. Go says \
`failed to find any PEM data`, as for any other text. An empty CA file of etcd is another story: etcd \
starts and refuses everybody (see ca-pool-empty).

What to do: make room on the disk first, then put the file back or make it anew.

Example: apiserver.key has 0 bytes since the disk was full during a renewal.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = load::look(exam, CHECK.code, tell);
    for (node, file) in load::unused_pem(exam).into_iter().filter(|(_, file)| is_empty(file)) {
        look.defects.push(Defect {
            severity: Severity::Info,
            nodes: vec![node],
            subject: exam.cluster.nodes[node].shown(&file.path).to_owned(),
            message: "is empty; nothing uses it".to_owned(),
            facts: facts(exam, file),
            links: Vec::new(),
            remedy: Remedy::manual(["remove it if nobody misses it"]),
        });
    }
    look
}

fn is_empty(file: &File) -> bool {
    file.material().is_some_and(|material| matches!(material.pem.shape, Shape::Empty | Shape::Blank))
}

fn tell(exam: &Exam<'_>, group: &Group<'_, '_>) -> Told {
    let file = group.first().guilty.as_ref().and_then(|guilty| guilty.file(exam.cluster));
    let remedy = load::restore(exam, group.first())
        .step("look at the disk first (df): a full one empties files while they are written");
    Told { message: "is empty".to_owned(), facts: file.map(|file| facts(exam, file)).unwrap_or_default(), remedy }
}

/// Size, and when it was emptied: that instant often names the culprit.
pub(super) fn facts(exam: &Exam<'_>, file: &File) -> Vec<Fact> {
    let Some(meta) = &file.meta else { return Vec::new() };
    let mut facts = vec![fact("size", format!("{} bytes", meta.size))];
    let modified = meta.modified.and_then(|seconds| time::OffsetDateTime::from_unix_timestamp(seconds).ok());
    facts.extend(modified.map(|instant| fact("last written", words::instant(exam.now(), instant))));
    facts
}
