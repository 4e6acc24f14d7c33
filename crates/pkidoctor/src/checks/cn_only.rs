//! `cn-only`: the name stands in the common name alone.

use crate::check::{Check, Look, Severity, fact};
use crate::checks::words::{self, Told};
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "cn-only",
    title: "a certificate has no subject alternative names",
    severity: Severity::Error,
    citation: "RFC 6125 section 6.4.4; Go crypto/x509 Certificate.VerifyHostname (from 1.15)",
    docs: "\
What it looks at: server certificates on a link without a single name of the kind that clients look for, \
whose common name reads like a host.

Why it matters: Go from 1.15 ignores the common name and says `certificate relies on legacy Common Name \
field, use SANs instead`; the way to switch it back on is gone since 1.17.

What to do: issue the certificate again with its names as subject alternative names.

Example: a hand-made etcd/server.crt with CN=etcd1 and no SAN.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    words::tell(exam, CHECK.code, |group| {
        let leaf = group.first().certificate.as_ref();
        let common_name = leaf.map(|leaf| leaf.subject.common_name().to_owned()).unwrap_or_default();
        let mut dialled: Vec<&str> =
            group.links().iter().filter_map(|link| exam.links[*link].name.as_deref()).collect();
        dialled.sort_unstable();
        dialled.dedup();
        let remedy = words::remake(exam, group.first().guilty.as_ref())
            .avoid("GODEBUG=x509ignoreCN=0: gone since Go 1.17")
            .avoid("kubeadm certs renew: it copies the names of the old certificate");
        Told {
            message: "names its host in the common name alone, which counts no more".to_owned(),
            facts: vec![fact("common name", common_name), fact("dialled", dialled.join(", "))],
            remedy,
        }
    })
}
