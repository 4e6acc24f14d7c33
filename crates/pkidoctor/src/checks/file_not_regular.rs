//! `file-not-regular`: a FIFO, socket or device stands where a file is expected.

use crate::check::{Check, Look, Remedy, Severity, fact};
use crate::checks::load;
use crate::checks::words::Told;
use crate::exam::{Exam, Group};
use crate::links::reference::FaultKind;

pub(super) static CHECK: Check = Check {
    code: "file-not-regular",
    title: "something that is no file stands in place of a file",
    severity: Severity::Error,
    citation: "stat(2) S_IFMT",
    docs: "\
What it looks at: what is at every path that a link needs. FIFOs, sockets and devices are never opened.

Why it matters: a process that opens a FIFO waits for ever, one that reads a device such as /dev/zero \
never comes to an end, a socket cannot be opened at all. No certificate comes of any of them.

What to do: find out what put it there, remove it, and put the file back.

Example: etcd/server.key is a symbolic link to /dev/null, left over from a test.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    load::look(exam, CHECK.code, tell)
}

fn tell(exam: &Exam<'_>, group: &Group<'_, '_>) -> Told {
    let what = match load::fault(group).map(|fault| &fault.kind) {
        Some(FaultKind::Special(what)) => what,
        _ => "no regular file",
    };
    let guilty = group.first().guilty.as_ref();
    let path = guilty.and_then(|guilty| guilty.path()).unwrap_or(group.subject);
    let bring = load::restore(exam, group.first());
    let steps = [format!("rm {path}")].into_iter().chain(bring.command).chain(bring.steps);
    let mut facts = vec![fact("expected", "a file"), fact("found", what)];
    let link = guilty.and_then(|guilty| guilty.file(exam.cluster)).and_then(|file| file.meta.as_ref()?.link.as_ref());
    facts.extend(link.map(|target| fact("link to", target)));
    Told { message: format!("is no file but a {what}"), facts, remedy: Remedy::manual(steps) }
}
