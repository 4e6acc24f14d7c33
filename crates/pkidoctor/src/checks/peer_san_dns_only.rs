//! `peer-san-dns-only`: a peer certificate without addresses leans on the listener's resolver.

use crate::check::{Check, Defect, Look, Severity, fact};
use crate::checks::words;
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "peer-san-dns-only",
    title: "a peer certificate holds only DNS names",
    severity: Severity::Info,
    citation: "etcd client/pkg/transport checkCertSAN; etcd security guide",
    docs: "\
What it looks at: the names of etcd's peer certificate, where the member's own peer URL holds a name, so \
that its address is not known here.

Why it matters: the listener looks up the address that the member comes from, backwards and forwards, \
and closes the connection when DNS is down or disagrees. The dialling member sees EOF.

What to do: issue the peer certificate again with the member's addresses as well.

Example: etcd/peer.crt with DNS:etcd3.local alone.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (etcd, reference, leaf) in words::peer_leaves(exam, &mut look) {
        let by_name =
            etcd.advertise_peer().iter().any(|url| url.is_tls() && url.host.parse::<std::net::IpAddr>().is_err());
        let wildcard = leaf.names.dns.iter().any(|name| name.starts_with("*."));
        if !by_name || wildcard || leaf.names.dns.is_empty() || !leaf.names.ip.is_empty() {
            continue;
        }
        look.defects.push(Defect {
            severity: Severity::Info,
            nodes: vec![reference.node],
            subject: reference.subject(exam.cluster),
            message: "holds no address, so every peer connection needs the listener's DNS to agree".to_owned(),
            facts: vec![fact("DNS names", leaf.names.dns.join(", "))],
            links: Vec::new(),
            remedy: words::remake(exam, Some(&reference)),
        });
    }
    look
}
