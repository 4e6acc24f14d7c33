//! `peer-address-not-in-san`: etcd does not find a member's address in its peer certificate.

use std::net::IpAddr;

use crate::check::{Check, Look, Severity, fact};
use crate::checks::words::{self, Told};
use crate::checks::{san_ip_as_dns, san_missing};
use crate::exam::{Exam, Group, Why};
use crate::go::handshake::Complaint;

pub(super) static CHECK: Check = Check {
    code: "peer-address-not-in-san",
    title: "a peer certificate does not cover the address it comes from",
    severity: Severity::Error,
    citation: "etcd client/pkg/transport tlsListener.acceptLoop, checkCertSAN",
    docs: "\
What it looks at: the address that each member dials from, as far as its own peer URL tells, against the \
names of the peer certificate that it shows. etcd alone does this, on the peer port alone, after TLS. A \
certificate without any name passes. Where the address is also one that others dial, san-missing or \
san-ip-as-dns tells it.

Why it matters: the listener closes the connection; the dialling member only sees EOF. The other \
direction goes on, so health checks stay green until quorum is lost.

What to do: issue the peer certificate again with the address.

Example: a member whose peer URL is https://10.0.0.12:2380 shows a certificate of 10.0.0.11.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = words::tell(exam, CHECK.code, |group| {
        let leaf = group.first().certificate.as_ref();
        let mut facts: Vec<_> = leaf.map(|leaf| fact("valid for", san_missing::covered(leaf))).into_iter().collect();
        let addresses: Vec<String> = addresses(group).iter().map(ToString::to_string).collect();
        facts.push(fact("comes from", addresses.join(", ")));
        if could_be_rescued(group) {
            facts.push(fact(
                "DNS",
                "a listener whose resolver maps one of the DNS names to this address accepts it, others do not",
            ));
        }
        let remedy = words::remake(exam, group.first().guilty.as_ref())
            .avoid("--peer-client-cert-auth=false: opens the Raft port to everybody")
            .avoid("--peer-skip-client-san-verification: drops the check for every member");
        Told {
            message: format!("does not cover {}, from where this member dials", addresses.join(", ")),
            facts,
            remedy,
        }
    });
    look.defects.retain(|defect| !is_told(exam, defect.nodes[0], &defect.subject));
    look
}

/// The addresses that were not found, each once.
pub(super) fn addresses(group: &Group<'_, '_>) -> Vec<IpAddr> {
    let all = group.reasons.iter().filter_map(|reason| match reason.why {
        Why::Refusal(refusal) => match &refusal.complaint {
            Complaint::PeerAddress { address, .. } => Some(*address),
            _ => None,
        },
        _ => None,
    });
    let mut all: Vec<IpAddr> = all.collect();
    all.sort();
    all.dedup();
    all
}

fn could_be_rescued(group: &Group<'_, '_>) -> bool {
    group.reasons.iter().any(|reason| match reason.why {
        Why::Refusal(refusal) => matches!(refusal.complaint, Complaint::PeerAddress { dns_could_rescue: true, .. }),
        _ => false,
    })
}

/// Whether those who dial the member already miss the same address in the same file.
fn is_told(exam: &Exam<'_>, node: usize, subject: &str) -> bool {
    let dialled = [san_missing::CHECK.code, san_ip_as_dns::CHECK.code].into_iter().flat_map(|code| exam.groups(code));
    let mut same = dialled.filter(|group| group.node == node && group.subject == subject);
    same.any(|group| san_missing::shares_address(exam, &group))
}
