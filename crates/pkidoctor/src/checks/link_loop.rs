//! `link-loop`: symbolic links in a circle.

use crate::check::{Check, Look, Remedy, Severity, fact};
use crate::checks::load;
use crate::checks::words::Told;
use crate::exam::{Exam, Group};

pub(super) static CHECK: Check = Check {
    code: "link-loop",
    title: "symbolic links lead in a circle",
    severity: Severity::Error,
    citation: "open(2) ELOOP",
    docs: "\
What it looks at: the symbolic links on the way to every file that a link needs; more than forty are a \
circle for Linux.

Why it matters: the process says `open PATH: too many levels of symbolic links` and does not start.

What to do: remove the links and put the file itself there.

Example: etcd/server.key links to server.key in its own directory after a failed move.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    load::look(exam, CHECK.code, tell)
}

fn tell(exam: &Exam<'_>, group: &Group<'_, '_>) -> Told {
    let path = group.first().guilty.as_ref().and_then(|guilty| guilty.path()).unwrap_or(group.subject);
    let bring = load::restore(exam, group.first());
    let steps =
        [format!("rm {path} (it removes the link, not a file)")].into_iter().chain(bring.command).chain(bring.steps);
    Told {
        message: "symbolic links lead in a circle".to_owned(),
        facts: vec![fact("expected", "a file"), fact("found", "a symbolic link without end")],
        remedy: Remedy::manual(steps),
    }
}
