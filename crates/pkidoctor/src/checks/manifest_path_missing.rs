//! `manifest-path-missing`: a flag names a file that does not exist.

use crate::check::{Check, Look, Severity};
use crate::checks::{file_missing, load};
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "manifest-path-missing",
    title: "a flag names a file that does not exist",
    severity: Severity::Error,
    citation: "etcd embed StartEtcd; kube-apiserver and kube-controller-manager options; open(2) ENOENT",
    docs: "\
What it looks at: every path that a flag of a manifest, of etcd's configuration or of the kubelet's \
configuration names, followed through the pod's volume mounts to the node and through symbolic links \
there; and the files with which kube-controller-manager signs.

Why it matters: the process does not start (`open PATH: no such file or directory`). A running etcd \
reads its pair at every handshake, so it fails at once; the rest fails at the next restart.

What to do: put the file back, or correct the flag if the file lies elsewhere.

Example: --peer-key-file=/etc/kubernetes/pki/etcd/peer.key after a cleanup removed the key.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    load::look(exam, CHECK.code, |exam, group| {
        let mut told = file_missing::tell(exam, group);
        let guilty = group.first().guilty.as_ref();
        if told.remedy.steps.is_empty() && guilty.is_some_and(|guilty| exam.regen_target(guilty).is_none()) {
            told.remedy = told.remedy.step("or set the flag to the place where the file really is");
        }
        told
    })
}
