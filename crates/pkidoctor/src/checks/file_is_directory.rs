//! `file-is-directory`: a directory stands where a file is expected.

use crate::check::{Check, Look, Remedy, Severity, fact};
use crate::checks::load;
use crate::checks::words::Told;
use crate::exam::{Exam, Group};

pub(super) static CHECK: Check = Check {
    code: "file-is-directory",
    title: "a directory stands in place of a file",
    severity: Severity::Error,
    citation: "read(2) EISDIR; Kubernetes hostPath type DirectoryOrCreate",
    docs: "\
What it looks at: what is at every path that a link needs.

Why it matters: the process says `read PATH: is a directory`. The container runtime makes an empty \
directory when a mount names a file that is not there yet and its type is not checked.

What to do: remove the directory, put the file there, restart the pod.

Example: etcd/ca.crt is an empty directory since the node was rebooted before its files were restored.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    load::look(exam, CHECK.code, tell)
}

fn tell(exam: &Exam<'_>, group: &Group<'_, '_>) -> Told {
    let guilty = group.first().guilty.as_ref();
    let path = guilty.and_then(|guilty| guilty.path()).unwrap_or(group.subject);
    let bring = load::restore(exam, group.first());
    let mut steps = vec![format!("rmdir {path} (it refuses when something is in it: look first)")];
    steps.extend(bring.command);
    steps.extend(bring.steps);
    let mut remedy = Remedy::manual(steps);
    remedy.avoid = bring.avoid;
    Told {
        message: "is a directory".to_owned(),
        facts: vec![fact("expected", "a file"), fact("found", "a directory")],
        remedy,
    }
}
