//! `missing-client-auth`: a certificate that is shown as client lacks clientAuth.

use crate::check::{Check, Look, Severity, fact};
use crate::checks::words::{self, Told};
use crate::exam::Exam;
use crate::x509::oid::usage_name;

pub(super) static CHECK: Check = Check {
    code: "missing-client-auth",
    title: "a client's certificate may not be used by clients",
    severity: Severity::Error,
    citation: "RFC 5280 section 4.2.1.12; Go crypto/x509 checkChainForKeyUsage",
    docs: "\
What it looks at: the extended key usages of every certificate that is shown to a server: of clients, of \
etcd peers, and of etcd's server certificate, which its own gateway shows as client. None at all means \
every usage.

Why it matters: the server says `certificate specifies an incompatible key usage`. At a peer only one \
direction breaks, so health checks stay green; at the gateway it is one refused connection from etcd's \
own address per start, and only JSON under /v3 fails.

What to do: issue the certificate again with its usages; for etcd's gateway --enable-grpc-gateway=false \
is another way. Renewing copies the old usages.

Example: etcd/peer.crt with serverAuth alone.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    words::tell(exam, CHECK.code, |group| {
        let links = group.links();
        let certificate = group.first().certificate.as_ref();
        let usages =
            certificate.map(|leaf| leaf.usages.iter().map(|usage| usage_name(usage)).collect::<Vec<_>>().join(", "));
        let only = |id: &str| links.iter().all(|link| exam.links[*link].id.starts_with(id));
        let (message, needed) = if only("etcd-gateway") {
            (
                "lacks clientAuth, so etcd refuses its own gateway: one line per start, and JSON under /v3 fails",
                "serverAuth, clientAuth",
            )
        } else if only("etcd-peer") {
            (
                "lacks clientAuth, so the members that it dials refuse it, while those that dial it do not",
                "serverAuth, clientAuth",
            )
        } else {
            ("lacks clientAuth", "clientAuth")
        };
        let remedy = words::remake(exam, group.first().guilty.as_ref())
            .avoid("kubeadm certs renew: it copies the usages of the old certificate")
            .avoid("--client-cert-auth=false: no effect while a trusted CA is set, and a hole without one");
        let facts = vec![fact("usages", usages.unwrap_or_default()), fact("needed", needed)];
        Told { message: message.to_owned(), facts, remedy }
    })
}
