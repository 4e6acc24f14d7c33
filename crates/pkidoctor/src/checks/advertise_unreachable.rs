//! `advertise-unreachable`: etcd tells others a URL on which it does not listen.

use std::net::IpAddr;

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::url::{self, Endpoint, same_host};
use crate::exam::Exam;
use crate::links::etcd::{Etcd, Port, described};

pub(super) static CHECK: Check = Check {
    code: "advertise-unreachable",
    title: "etcd advertises a URL on which it does not listen",
    severity: Severity::Warning,
    citation: "etcd embed/config.go (--advertise-client-urls, --initial-advertise-peer-urls)",
    docs: "\
What it looks at: address and port of the advertised URLs against those that etcd listens on. Names are \
left out, because nobody resolves them here; listening on every address covers all.

Why it matters: kubeadm, members and clients that sync their endpoints dial the advertised URL and find \
nobody. A node that got another address, with half of its manifest edited, looks like this.

What to do: listen on the advertised address, or advertise the one that is listened on. Where something \
forwards the address on purpose, ignore this.

Example: --advertise-client-urls=https://10.0.0.9:2379 and \
--listen-client-urls=https://127.0.0.1:2379,https://10.0.0.11:2379.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look { unobserved: words::unseen_etcds(exam), ..Look::default() };
    for (etcd, running) in described(exam.cluster) {
        for port in Port::ALL.into_iter().filter(|port| running.flags.get(port.advertise_flag()).is_some()) {
            look.subjects += 1;
            let lost = unreachable(&etcd, port);
            if lost.is_empty() {
                continue;
            }
            look.defects.push(Defect {
                severity: Severity::Warning,
                nodes: vec![etcd.node],
                subject: words::flag_subject(exam, etcd.node, &running, port.advertise_flag()),
                message: format!("advertises {}, where etcd does not listen", lost.join(", ")),
                facts: vec![
                    words::flag_fact(&running, port.advertise_flag()),
                    words::flag_fact(&running, port.listen_flag()),
                    fact("not listened on", lost.join(", ")),
                ],
                links: Vec::new(),
                remedy: Remedy::manual([
                    format!(
                        "make --{} and --{} agree on this node's address",
                        port.listen_flag(),
                        port.advertise_flag()
                    ),
                    words::edit(&running),
                    "a member that runs already keeps its peer URL: etcdctl member update ID --peer-urls=…".to_owned(),
                ]),
            });
        }
    }
    look
}

/// The advertised URLs that no listener answers.
pub(super) fn unreachable(etcd: &Etcd<'_>, port: Port) -> Vec<String> {
    let listens = etcd.listens(port);
    let answered = |advertised: &Endpoint| listens.iter().any(|listen| answers(listen, advertised));
    etcd.advertises(port).into_iter().filter(|url| !answered(url)).map(|url| url.text).collect()
}

fn answers(listen: &Endpoint, advertised: &Endpoint) -> bool {
    let everywhere =
        listen.host.is_empty() || listen.host.parse::<IpAddr>().is_ok_and(|address| address.is_unspecified());
    let loopback_name = advertised.host.eq_ignore_ascii_case("localhost");
    let is_name = advertised.host.parse::<IpAddr>().is_err() && !loopback_name;
    let both_loopback = loopback_name && url::is_loopback(&listen.host);
    let unix = listen.scheme.starts_with("unix") || advertised.scheme.starts_with("unix");
    unix || listen.port == advertised.port
        && (everywhere || is_name || both_loopback || same_host(&listen.host, &advertised.host))
}
