//! `system-roots`: no CA file is named, so the system's roots decide.

use crate::check::{Check, Look, Remedy, Severity, fact};
use crate::checks::words::{self, Told};
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "system-roots",
    title: "a side trusts the system's roots instead of a CA of this PKI",
    severity: Severity::Error,
    citation: "Go crypto/x509 VerifyOptions.Roots; etcd client/pkg/transport TLSInfo.ServerConfig",
    docs: "\
What it looks at: sides of a link that verify the other one without a CA file of their own: \
--client-cert-auth without --trusted-ca-file, --etcd-servers without --etcd-cafile, a kubeconfig without \
a CA.

Why it matters: Go then trusts the system's roots, which hold none of this PKI's CAs, and refuses \
everybody as `certificate signed by unknown authority`, etcd's own gateway included.

What to do: name the CA file.

Example: etcd runs with --client-cert-auth=true and no --trusted-ca-file.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    words::tell(exam, CHECK.code, |group| {
        let reason = group.first();
        let right = reason.pair.as_ref().and_then(|pair| exam.own_ca(&pair.certificate));
        let right = right.as_ref().and_then(|ca| ca.path()).unwrap_or("the CA of this PKI").to_owned();
        let remedy = match reason.trust.as_ref().and_then(|trust| exam.regen_target(trust)) {
            Some(target) => Remedy::regen(target),
            None => Remedy::manual([format!(
                "give {} the value {right}; the kubelet restarts the pod by itself",
                group.subject
            )]),
        };
        let remedy =
            remedy.avoid("update-ca-certificates: trusting this CA on the whole machine is more than is needed");
        Told {
            message: "is not given, so the system's roots decide, which know none of these CAs".to_owned(),
            facts: vec![fact("expected", right)],
            remedy,
        }
    })
}
