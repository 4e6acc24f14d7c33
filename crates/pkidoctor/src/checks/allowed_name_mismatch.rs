//! `allowed-name-mismatch`: a certificate bears none of the names that etcd allows.

use crate::check::{Check, Fact, Look, Remedy, Severity, fact};
use crate::checks::san_missing;
use crate::checks::words::{self, Told};
use crate::exam::{Exam, Group};
use crate::go::handshake::Side;
use crate::links::etcd::Etcd;

pub(super) static CHECK: Check = Check {
    code: "allowed-name-mismatch",
    title: "etcd's list of allowed names leaves a certificate out",
    severity: Severity::Error,
    citation: "etcd client/pkg/transport TLSInfo.baseConfig (AllowedCN, AllowedHostname)",
    docs: "\
What it looks at: --client-cert-allowed-hostname, --peer-cert-allowed-cn and \
--peer-cert-allowed-hostname against every certificate that etcd verifies on that port, its own \
gateway's and, on the peer port, both sides' included.

Why it matters: etcd says `client certificate authentication failed` and the other side gets `bad \
certificate`, although the chain is sound.

What to do: add the name to the list, or issue the certificate with a name of the list. Several values \
are taken only by etcd 3.4.45, late 3.5 and 3.6.

Example: --peer-cert-allowed-cn=etcd-peer while every peer certificate bears its node's name.",
    look,
};

const CLIENT: &[&str] = &["client-cert-allowed-hostname"];
const PEER: &[&str] = &["peer-cert-allowed-cn", "peer-cert-allowed-hostname"];

fn look(exam: &Exam<'_>) -> Look {
    words::tell(exam, CHECK.code, |group| {
        let leaf = group.first().certificate.as_ref();
        let mut facts = lists(exam, group);
        facts.extend(leaf.map(|leaf| fact("common name", leaf.subject.common_name())));
        facts.extend(leaf.map(|leaf| fact("valid for", san_missing::covered(leaf))));
        let remedy = Remedy::manual([
            "add the certificate's name to the list, or drop the list, in etcd's manifest on every member",
            "or issue the certificate again with a name of the list",
        ])
        .avoid("--client-cert-auth=false: it does not switch the list off");
        Told { message: "bears none of the names that etcd allows".to_owned(), facts, remedy }
    })
}

/// The lists of those who refuse.
fn lists(exam: &Exam<'_>, group: &Group<'_, '_>) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    for reason in &group.reasons {
        let link = &exam.links[reason.link];
        let refuser = if reason.side == Side::Client { Some(link.node) } else { link.server_node };
        let Some(running) = refuser.and_then(|node| Etcd::on(exam.cluster, node)).and_then(|etcd| etcd.running) else {
            continue;
        };
        let flags = if link.id.starts_with("etcd-peer") { PEER } else { CLIENT };
        for flag in flags.iter().filter(|flag| running.flags.get(flag).is_some()) {
            let told = words::flag_fact(&running, flag);
            if !facts.contains(&told) {
                facts.push(told);
            }
        }
    }
    facts
}
