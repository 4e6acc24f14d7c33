//! `san-ip-as-dns`: an address stands among the DNS names.

use crate::check::{Check, Look, Severity, fact};
use crate::checks::san_missing;
use crate::checks::words::{self, Told};
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "san-ip-as-dns",
    title: "an IP address was written as a DNS name",
    severity: Severity::Error,
    citation: "RFC 5280 section 4.2.1.6; Go crypto/x509 Certificate.VerifyHostname",
    docs: "\
What it looks at: dNSName entries of a server's certificate that hold the very address which a client \
dials.

Why it matters: Go looks for an address only among the iPAddress entries and says `cannot validate \
certificate for ... because it doesn't contain any IP SANs`, though openssl x509 -text shows the \
address.

What to do: issue the certificate again with the address as IP entry (`IP:` in OpenSSL, not `DNS:`).

Example: etcd/server.crt with DNS:127.0.0.1.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = words::tell(exam, CHECK.code, |group| {
        let mut dialled: Vec<&str> =
            group.links().iter().filter_map(|link| exam.links[*link].name.as_deref()).collect();
        dialled.sort_unstable();
        dialled.dedup();
        let dialled = dialled.join(", ");
        let names = group.first().certificate.as_ref().map(|leaf| leaf.names.dns.join(", ")).unwrap_or_default();
        let remedy = words::remake(exam, group.first().guilty.as_ref())
            .avoid("kubeadm certs renew: it copies the names of the old certificate");
        Told {
            message: format!("holds {dialled} as a DNS name, not as an address"),
            facts: vec![fact("DNS names", names), fact("dialled", dialled)],
            remedy,
        }
    });
    look.defects.iter_mut().for_each(|defect| san_missing::add_peer_address(exam, defect));
    look
}
