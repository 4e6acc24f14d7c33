//! `ca-file-is-leaf`: a file of trusted CAs holds only leaves.

use crate::check::{Check, Look, Remedy, Severity, fact};
use crate::checks::words::{self, Told};
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "ca-file-is-leaf",
    title: "a leaf certificate stands where a CA is expected",
    severity: Severity::Error,
    citation: "Go crypto/x509 Certificate.Verify; etcd client/pkg/tlsutil NewCertPool",
    docs: "\
What it looks at: the certificates of every CA file on a link: not one of them may sign others or signs \
itself.

Why it matters: only that very certificate is accepted, so etcd's own gateway may work while every \
client is refused as `certificate signed by unknown authority`.

What to do: name the CA in the flag, or put the CA back into the file.

Example: --trusted-ca-file=/etc/kubernetes/pki/etcd/server.crt.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    words::tell(exam, CHECK.code, |group| {
        let reason = group.first();
        let held = reason
            .trust
            .as_ref()
            .and_then(|trust| trust.material(exam.cluster))
            .and_then(|material| material.parsed().next());
        let mut facts: Vec<_> = held.map(|leaf| fact("it holds", &leaf.subject)).into_iter().collect();
        let expected =
            reason.pair.as_ref().and_then(|pair| exam.own_ca(&pair.certificate)).map(|ca| ca.subject(exam.cluster));
        facts.extend(expected.map(|ca| fact("expected", ca)));
        let held_there = reason.trust.as_ref().map(|trust| trust.subject(exam.cluster)).unwrap_or_default();
        let remedy = if held_there == group.subject {
            Remedy::manual([format!(
                "put the CA back into {}, from a backup or another control-plane node",
                group.subject
            )])
        } else {
            words::trust_again(exam, reason)
        };
        Told {
            message: "a leaf stands where a CA is expected".to_owned(),
            facts,
            remedy: remedy.avoid("making the leaves anew: none of them will chain to a leaf"),
        }
    })
}
