//! `peer-scheme-mixed`: some members are known by http, some by https.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::exam::Exam;
use crate::links::etcd::{Port, described};

pub(super) static CHECK: Check = Check {
    code: "peer-scheme-mixed",
    title: "peer URLs mix http and https",
    severity: Severity::Warning,
    citation: "etcd runtime reconfiguration (member update); etcd-io/etcd#5393",
    docs: "\
What it looks at: the schemes of --initial-cluster and --initial-advertise-peer-urls together. Where a \
peer link fails for its scheme, that has a finding of its own.

Why it matters: a cluster that was moved from http to https by its flags alone. The member list that etcd \
keeps in its data still holds the old URLs: peers then say `first record does not look like a TLS \
handshake` or `server gave HTTP response to HTTPS client`.

What to do: `etcdctl member update` for each member, then restart it.

Example: --initial-cluster=cp1=https://10.0.0.11:2380 and --initial-advertise-peer-urls=http://10.0.0.11:2380.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look { unobserved: words::unseen_etcds(exam), ..Look::default() };
    for (etcd, running) in described(exam.cluster) {
        let Some(members) = super::initial_cluster_odd::members(&running) else { continue };
        look.subjects += 1;
        let urls: Vec<_> = members.into_iter().map(|(_, url)| url).chain(etcd.advertises(Port::Peer)).collect();
        let of = |scheme: &str| {
            urls.iter().filter(|url| url.scheme == scheme).map(|url| url.text.as_str()).collect::<Vec<_>>()
        };
        let (plain, secure) = (of("http"), of("https"));
        if plain.is_empty() || secure.is_empty() || is_told(exam, etcd.node) {
            continue;
        }
        look.defects.push(Defect {
            severity: Severity::Warning,
            nodes: vec![etcd.node],
            subject: words::flag_subject(exam, etcd.node, &running, "initial-cluster"),
            message: "members are known by http and by https".to_owned(),
            facts: vec![
                fact("http", plain.join(", ")),
                fact("https", secure.join(", ")),
                words::flag_fact(&running, "initial-cluster"),
                words::flag_fact(&running, Port::Peer.advertise_flag()),
            ],
            links: Vec::new(),
            remedy: Remedy::manual([
                "see which URLs the members keep: etcdctl member list -w table".to_owned(),
                "for each member with an http URL: etcdctl member update ID --peer-urls=https://…".to_owned(),
                format!(
                    "make --listen-peer-urls and --initial-advertise-peer-urls https, then restart it; {}",
                    words::edit(&running)
                ),
            ])
            .avoid("editing --initial-cluster alone: it is ignored after the first start"),
        });
    }
    look
}

fn is_told(exam: &Exam<'_>, node: usize) -> bool {
    exam.reasons.iter().any(|reason| {
        let link = &exam.links[reason.link];
        reason.code == "scheme-mismatch"
            && link.id.starts_with("etcd-peer")
            && (link.node == node || link.server_node == Some(node))
    })
}
