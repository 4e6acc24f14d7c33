//! `file-too-large`: a file is far too large to be a certificate or key.

use crate::check::{Check, Look, Remedy, Severity, fact};
use crate::checks::load;
use crate::checks::words::Told;
use crate::cluster::MAX_FILE;
use crate::cluster::State;
use crate::exam::{Exam, Group};

pub(super) static CHECK: Check = Check {
    code: "file-too-large",
    title: "a file is far too large to be a certificate or key",
    severity: Severity::Error,
    citation: "opinion: the largest real CA bundles stay below 1 MiB",
    docs: "\
What it looks at: the size of every file that a link needs; above 4 MiB nothing is read.

Why it matters: certificates and keys have a few kilobytes. A file of many megabytes is a log, an image \
or a disk that was written to the wrong place; whoever loads it finds no certificate, or takes very long.

What to do: look at what it is, move it away, and put the right file back.

Example: etcd/ca.crt has 100 MiB because a backup script wrote its archive there.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    load::look(exam, CHECK.code, tell)
}

fn tell(exam: &Exam<'_>, group: &Group<'_, '_>) -> Told {
    let guilty = group.first().guilty.as_ref();
    let size = match guilty.and_then(|guilty| guilty.file(exam.cluster)).map(|file| &file.state) {
        Some(State::TooLarge(size)) => *size,
        _ => 0,
    };
    let path = guilty.and_then(|guilty| guilty.path()).unwrap_or(group.subject);
    let bring = load::restore(exam, group.first());
    let steps = [format!("look at what it is (file {path}) and move it out of the tree")]
        .into_iter()
        .chain(bring.command)
        .chain(bring.steps);
    Told {
        message: format!("has {} MiB, too much for a certificate or key", size >> 20),
        facts: vec![fact("size", format!("{size} bytes")), fact("read at most", format!("{MAX_FILE} bytes"))],
        remedy: Remedy::manual(steps),
    }
}
