//! `missing-server-auth`: a certificate that is served lacks serverAuth.

use crate::check::{Check, Look, Severity, fact};
use crate::checks::words::{self, Told};
use crate::exam::Exam;
use crate::x509::oid::usage_name;

pub(super) static CHECK: Check = Check {
    code: "missing-server-auth",
    title: "a server's certificate may not be used by servers",
    severity: Severity::Error,
    citation: "RFC 5280 section 4.2.1.12; Go crypto/x509 checkChainForKeyUsage",
    docs: "\
What it looks at: the extended key usages of every certificate that a server shows to a client that \
verifies it. None at all means every usage.

Why it matters: the client says `certificate specifies an incompatible key usage`; the server only logs \
`remote error: tls: bad certificate`.

What to do: issue the certificate again with its usages. Renewing copies the old ones.

Example: a client certificate was given as --cert-file.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    words::tell(exam, CHECK.code, |group| {
        let certificate = group.first().certificate.as_ref();
        let usages =
            certificate.map(|leaf| leaf.usages.iter().map(|usage| usage_name(usage)).collect::<Vec<_>>().join(", "));
        let of_etcd = group.links().iter().any(|link| exam.links[*link].id.contains("->etcd"));
        let needed = if of_etcd { "serverAuth, clientAuth" } else { "serverAuth" };
        let remedy = words::remake(exam, group.first().guilty.as_ref())
            .avoid("kubeadm certs renew: it copies the usages of the old certificate");
        let facts = vec![fact("usages", usages.unwrap_or_default()), fact("needed", needed)];
        Told { message: "lacks serverAuth and is served".to_owned(), facts, remedy }
    })
}
