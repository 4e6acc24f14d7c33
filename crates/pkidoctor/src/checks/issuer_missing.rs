//! `issuer-missing`: the chain lacks an intermediate certificate.

use crate::check::{Check, Look, Remedy, Severity, fact};
use crate::checks::words::{self, Told};
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "issuer-missing",
    title: "the issuing certificate is neither sent nor trusted",
    severity: Severity::Error,
    citation: "RFC 8446 section 4.4.2; Go crypto/x509 Certificate.buildChains",
    docs: "\
What it looks at: chains that would be complete if a certificate which lies elsewhere in the tree were \
sent behind the leaf or stood in the trusted file.

Why it matters: Go fetches nothing: the other side knows only what is sent and what is in its CA file, \
so it says `certificate signed by unknown authority`.

What to do: append the intermediate to the certificate file, leaf first; or put it into the trusted CA \
file, which Go accepts and OpenSSL does only with -partial_chain.

Example: etcd/server.crt holds the leaf alone, its issuer issuing-1 lies in etcd/issuing.crt, and \
etcd/ca.crt holds the root.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    words::tell(exam, CHECK.code, |group| {
        let reason = group.first();
        let issuer = words::orphan(reason).map(|child| child.issuer.to_string()).unwrap_or_default();
        let lies = words::orphan(reason).map(|child| words::signers(exam, reason.node, child)).unwrap_or_default();
        let from = lies.first().cloned().unwrap_or_else(|| issuer.clone());
        let remedy = Remedy::manual([format!("append {from} to {} behind the leaf", group.subject)])
            .step("etcd reads its pair at every handshake; restart the other programs")
            .avoid("issuing the certificate again: it is sound, only its issuer is not sent along");
        Told {
            message: format!("its issuer {issuer} is not sent along"),
            facts: vec![fact("the issuer lies in", lies.join(", "))],
            remedy,
        }
    })
}
