//! `permission-denied`: the user that a process runs as may not read a file.

use crate::check::{Check, Look, Remedy, RemedyKind, Severity, fact};
use crate::checks::load;
use crate::checks::words::{self, Told};
use crate::exam::{Exam, Group};
use crate::links::reference::{FaultKind, Reference};

pub(super) static CHECK: Check = Check {
    code: "permission-denied",
    title: "a process may not read its own file",
    severity: Severity::Error,
    citation: "open(2) EACCES; kubeadm RootlessControlPlane",
    docs: "\
What it looks at: mode and owner of every file, and of every directory on the way to it, against the \
user of its reader: runAsUser of the manifest, User= of etcd's unit. Groups of that user are not known, \
so a file that its group may read counts as readable. What lies above a mounted directory does not count.

Why it matters: the process says `open PATH: permission denied` and does not start, or refuses every \
connection when the file changed under a running etcd.

What to do: give the file to the user and keep it closed for everybody else; let everybody pass through \
the directory.

Example: etcd runs as user 998 and etcd/server.key came back from a backup as root with mode 0600.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    load::look(exam, CHECK.code, tell)
}

fn tell(exam: &Exam<'_>, group: &Group<'_, '_>) -> Told {
    let guilty = group.first().guilty.as_ref();
    let user = guilty.and_then(|guilty| guilty.reader.as_ref()).map_or(0, |reader| reader.user);
    let path = guilty.and_then(Reference::path).unwrap_or(group.subject);
    let avoid = "chmod 0644 or 0777 on a key: it trades the outage for a leak";
    let mut facts = vec![fact("read by user", user)];
    if let Some(FaultKind::Permission(Some(directory))) = load::fault(group).map(|fault| &fault.kind) {
        facts.push(fact("on the way to", path));
        let meta = exam.cluster.nodes[group.node].directories.get(directory);
        facts.extend(meta.map(load::meta_facts).unwrap_or_default());
        let remedy =
            Remedy::command(RemedyKind::Chmod, group.subject, format!("chmod a+x {}", words::quoted(directory)))
                .avoid(avoid);
        return Told { message: format!("user {user} may not enter it to read the files below"), facts, remedy };
    }
    facts.extend(guilty.and_then(|guilty| guilty.file(exam.cluster)).map(load::mode_facts).unwrap_or_default());
    let path = words::quoted(path);
    let remedy = Remedy::command(RemedyKind::Chmod, group.subject, format!("chown {user} {path} && chmod 0600 {path}"));
    Told { message: format!("user {user}, which reads it, may not"), facts, remedy: remedy.avoid(avoid) }
}
