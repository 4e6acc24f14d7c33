//! `ca-usage-limits`: a CA's extended key usage excludes what the leaf is used for.

use crate::check::{Check, Look, Remedy, Severity, fact};
use crate::checks::words::{self, Told};
use crate::exam::Exam;
use crate::go::handshake::Side;
use crate::x509::oid::usage_name;

pub(super) static CHECK: Check = Check {
    code: "ca-usage-limits",
    title: "a CA may not sign for this usage",
    severity: Severity::Error,
    citation: "Go crypto/x509 checkChainForKeyUsage; CA/Browser Baseline Requirements 7.1.2.10",
    docs: "\
What it looks at: the extended key usages of every CA and intermediate above a certificate on a link. Go \
nests them: what a CA leaves out, none of its leaves can do.

Why it matters: Go says `certificate specifies an incompatible key usage` although the leaf names the \
right usage. Corporate CAs are often limited to servers, and etcd needs clients too. openssl verify and \
rustls do not look.

What to do: use an issuing CA without extended key usage, or with both serverAuth and clientAuth. \
Issuing the leaf again does not help.

Example: etcd/ca.crt carries serverAuth alone, so etcd refuses every client.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    words::tell(exam, CHECK.code, |group| {
        let reason = group.first();
        let usages =
            reason.certificate.as_ref().map(|ca| ca.usages.iter().map(|usage| usage_name(usage)).collect::<Vec<_>>());
        let wanted = |side: Side| group.reasons.iter().any(|reason| reason.side == side);
        let mut needed = Vec::new();
        // who refuses a client is a server, and the other way round
        needed.extend(wanted(Side::Client).then_some("serverAuth"));
        needed.extend(wanted(Side::Server).then_some("clientAuth"));
        let facts =
            vec![fact("allows", usages.unwrap_or_default().join(", ")), fact("its leaves need", needed.join(", "))];
        let remedy = Remedy::manual([
            "issue the CA certificate again without extended key usage, or with serverAuth and clientAuth, same key, byte-identical subject",
            "put it wherever the old one is trusted, then restart whoever trusts it",
        ])
        .avoid("adding the usage to the leaf once more: the CA above it still excludes it");
        Told { message: format!("excludes {} for everything that it signs", needed.join(" and ")), facts, remedy }
    })
}
