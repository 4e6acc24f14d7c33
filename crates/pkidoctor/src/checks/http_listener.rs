//! `http-listener`: etcd listens in plain text.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::Running;
use crate::cluster::url::{self, Endpoint};
use crate::exam::{Exam, Why};
use crate::links::OtherKind;
use crate::links::etcd::{Etcd, Port, described};

pub(super) static CHECK: Check = Check {
    code: "http-listener",
    title: "etcd listens in plain text",
    severity: Severity::Error,
    citation: "etcd embed/etcd.go configureClientListeners, configurePeerListeners",
    docs: "\
What it looks at: http:// URLs that etcd listens on for clients and peers. The metrics URL, which kubeadm \
itself makes http on a loopback address, is left out; so is a port on which the schemes of both sides \
differ, because that has a finding of its own.

Why it matters: an http listener ignores every certificate flag with one line in the log. Whoever reaches \
it reads and writes all data, Secrets included, and nobody is asked for a certificate. On a loopback \
address that is every process and every host-network pod of the node.

What to do: make the URL https, and with it the URLs of those who dial it.

Example: --listen-client-urls=https://10.0.0.1:2379,http://127.0.0.1:2379.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look { unobserved: words::unseen_etcds(exam), ..Look::default() };
    for (etcd, running) in described(exam.cluster) {
        for (port, flag) in [
            (Port::Client, "listen-client-urls"),
            (Port::Peer, "listen-peer-urls"),
            (Port::Client, "listen-client-http-urls"),
        ] {
            let listens = if flag == port.listen_flag() {
                etcd.listens(port)
            } else {
                url::parse_list(&running.flags.list(flag)).into_iter().flatten().collect()
            };
            look.subjects += listens.len();
            let plain: Vec<Endpoint> = listens.into_iter().filter(|endpoint| endpoint.scheme == "http").collect();
            if !plain.is_empty() && !told_as_mismatch(exam, etcd.node, port) {
                look.defects.push(defect(exam, &etcd, &running, (port, flag), &plain));
            }
        }
    }
    look
}

/// Whether a client that speaks TLS to this port already tells the story.
fn told_as_mismatch(exam: &Exam<'_>, node: usize, port: Port) -> bool {
    exam.reasons.iter().any(|reason| {
        let link = &exam.links[reason.link];
        let plain = matches!(reason.why, Why::Other(other) if other.kind == OtherKind::TlsToPlain);
        plain && link.server_node == Some(node) && link.id.starts_with("etcd-peer") == (port == Port::Peer)
    })
}

fn defect(
    exam: &Exam<'_>,
    etcd: &Etcd<'_>,
    running: &Running<'_>,
    (port, flag): (Port, &str),
    plain: &[Endpoint],
) -> Defect {
    let exposed = plain.iter().any(|endpoint| !url::is_loopback(&endpoint.host));
    let urls: Vec<&str> = plain.iter().map(|endpoint| endpoint.text.as_str()).collect();
    let given = running.flags.get(flag).is_some();
    let mut facts = vec![if given { words::flag_fact(running, flag) } else { fact("etcd's default", urls.join(", ")) }];
    facts.push(fact(
        "reached by",
        if exposed { "whoever reaches this node" } else { "every process and host-network pod of this node" },
    ));
    let ignored: Vec<String> = ["cert-file", "key-file", "trusted-ca-file", "client-cert-auth"]
        .map(|name| port.flag(name))
        .into_iter()
        .filter(|name| running.flags.get(name).is_some())
        .map(|name| format!("--{name}"))
        .collect();
    if !ignored.is_empty() {
        facts.push(fact("ignored for this URL", ignored.join(", ")));
    }
    Defect {
        // an open client port hands out every Secret, as `client-auth-off` does; Raft's needs a member's patience
        severity: match (exposed, port) {
            (true, Port::Client) => Severity::Error,
            (true, Port::Peer) => Severity::Warning,
            (false, _) => Severity::Info,
        },
        nodes: vec![etcd.node],
        subject: words::flag_subject(exam, etcd.node, running, flag),
        message: format!("etcd serves {} in plain text and asks nobody for a certificate", urls.join(", ")),
        facts,
        links: Vec::new(),
        remedy: remedy(running, port, flag),
    }
}

fn remedy(running: &Running<'_>, port: Port, flag: &str) -> Remedy {
    let diallers = match port {
        Port::Client => {
            "make the URLs of its clients https in the same go: --advertise-client-urls, and --etcd-servers of kube-apiserver"
        }
        Port::Peer => {
            "members that run already: `etcdctl member update ID --peer-urls=https://…` per member, then --initial-advertise-peer-urls, then its restart"
        }
    };
    let remedy =
        Remedy::manual([format!("make the URLs of --{flag} https"), diallers.to_owned(), words::edit(running)]);
    match port {
        Port::Client => remedy,
        Port::Peer => {
            remedy.avoid("editing --initial-cluster of a running member: it is ignored after the first start")
        }
    }
}
