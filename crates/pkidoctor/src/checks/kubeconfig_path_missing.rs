//! `kubeconfig-path-missing`: a kubeconfig names a certificate, key or CA file that does not exist.

use crate::check::{Check, Look, Severity};
use crate::checks::{file_missing, load};
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "kubeconfig-path-missing",
    title: "a kubeconfig names a file that does not exist",
    severity: Severity::Error,
    citation: "client-go tools/clientcmd validateAuthInfo, validateClusterInfo",
    docs: "\
What it looks at: client-certificate, client-key and certificate-authority of the current context of \
every kubeconfig, where they name files. Relative paths start at the kubeconfig.

Why it matters: client-go refuses the whole kubeconfig (`unable to read client-cert PATH for USER due \
to open PATH: no such file or directory`), so the component never reaches the API server.

What to do: put the file back, or make the kubeconfig anew with its certificates embedded.

Example: admin.conf names /root/admin.key, which stayed on the machine where it was made.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    load::look(exam, CHECK.code, file_missing::tell)
}
