//! `file-missing`: a file that kubeadm's layout expects, and that no flag names, is not there.

use crate::check::{Check, Look, Severity, fact};
use crate::checks::load;
use crate::checks::words::Told;
use crate::exam::{Exam, Group};

pub(super) static CHECK: Check = Check {
    code: "file-missing",
    title: "a file of kubeadm's layout is not there",
    severity: Severity::Error,
    citation: "kubeadm cmd/phases/certs; open(2) ENOENT",
    docs: "\
What it looks at: every file that a link needs and that only kubeadm's layout names: \
etcd/healthcheck-client.crt, the files of a tree without manifests, kubeconfigs. A symbolic link that \
leads nowhere counts as missing.

Why it matters: whoever needs the file says `open PATH: no such file or directory` and stops there.

What to do: put the file back from a backup, or make it anew. A CA certificate is never made anew: \
kubeconfigs and the other control-plane nodes hold copies of it.

Example: etcd/healthcheck-client.key is gone, so `kubeadm upgrade` cannot talk to etcd.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    load::look(exam, CHECK.code, tell)
}

/// Also what the checks of missing files that a flag or a kubeconfig names have to say.
pub(super) fn tell(exam: &Exam<'_>, group: &Group<'_, '_>) -> Told {
    let reason = group.first();
    let dangling = load::dangling(exam, reason.guilty.as_ref());
    let message = if dangling.is_some() { "a symbolic link that leads nowhere" } else { "does not exist" };
    let mut facts =
        vec![fact("expected", reason.guilty.as_ref().and_then(|guilty| guilty.path()).unwrap_or(group.subject))];
    facts.extend(dangling);
    facts.extend(load::other_half(exam, reason));
    Told { message: message.to_owned(), facts, remedy: load::restore(exam, reason) }
}
