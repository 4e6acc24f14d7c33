//! `etcd-loopback-only`: etcd serves clients of its own node only.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::url::Endpoint;
use crate::exam::Exam;
use crate::links::etcd::{Port, described};

pub(super) static CHECK: Check = Check {
    code: "etcd-loopback-only",
    title: "etcd listens on the loopback address only",
    severity: Severity::Info,
    citation: "kubeadm phases/etcd before 1.13; kubernetes/kubeadm#1950",
    docs: "\
What it looks at: --listen-client-urls that name nothing but loopback addresses.

Why it matters: kubeadm up to 1.12 made etcd so, and upgrades kept it. One node works; the etcd step of \
joining a second control-plane node fails, because it dials the node's address.

What to do: issue server.crt and peer.crt with the node's address, then listen on it and advertise it.

Example: --listen-client-urls=https://127.0.0.1:2379 and nothing else.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look { unobserved: words::unseen_etcds(exam), ..Look::default() };
    for (etcd, running) in described(exam.cluster) {
        if running.flags.get(Port::Client.listen_flag()).is_none() {
            continue;
        }
        look.subjects += 1;
        let listens = etcd.listens(Port::Client);
        let only_loopback = !listens.is_empty() && listens.iter().all(is_loopback);
        // an advertised address without a listener says it better
        if !only_loopback || !super::advertise_unreachable::unreachable(&etcd, Port::Client).is_empty() {
            continue;
        }
        let others = others(exam, &running);
        look.defects.push(Defect {
            severity: if others { Severity::Warning } else { Severity::Info },
            nodes: vec![etcd.node],
            subject: words::flag_subject(exam, etcd.node, &running, Port::Client.listen_flag()),
            message: if others {
                "other nodes cannot reach this etcd: it listens on the loopback address only".to_owned()
            } else {
                "no other node could reach this etcd: it listens on the loopback address only".to_owned()
            },
            facts: vec![
                words::flag_fact(&running, Port::Client.listen_flag()),
                words::flag_fact(&running, Port::Client.advertise_flag()),
                fact("other members", if others { "yes" } else { "none known" }),
            ],
            links: Vec::new(),
            remedy: Remedy::manual([
                "pkidoctor regen etcd-server etcd-peer --san ADDRESS --backup, with the node's address".to_owned(),
                "add https://ADDRESS:2379 to --listen-client-urls and --advertise-client-urls".to_owned(),
                words::edit(&running),
                "etcdctl member update ID --peer-urls=https://ADDRESS:2380".to_owned(),
            ]),
        });
    }
    look
}

fn is_loopback(endpoint: &Endpoint) -> bool {
    endpoint.scheme.starts_with("unix") || crate::cluster::url::is_loopback(&endpoint.host)
}

/// Whether there are other members, or other control-plane nodes.
fn others(exam: &Exam<'_>, running: &crate::cluster::Running<'_>) -> bool {
    let mut names: Vec<String> =
        super::initial_cluster_odd::members(running).unwrap_or_default().into_iter().map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    exam.cluster.nodes.len() > 1 || names.len() > 1
}
