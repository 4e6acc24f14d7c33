//! `endpoint-unreachable`: nobody answers where a link leads.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::exam::Exam;
use crate::go::handshake::Side;
use crate::links::Link;
use crate::links::under::is_of_etcd;
use crate::live::{End, Failure, LiveVerdict, SeenLink, Stage};

pub(super) static CHECK: Check = Check {
    code: "endpoint-unreachable",
    title: "nobody answers where a link leads",
    severity: Severity::Error,
    citation: "connect(2); kubeadm util/etcd/etcd.go (every member is asked)",
    docs: "\
What it looks at: every endpoint that was dialled and from which nothing came that could be judged: no address, no \
listener, no way there, no answer in time, or a connection that was closed before any TLS.

Why it matters: kubeadm and kube-apiserver tell of it as `context deadline exceeded`, after minutes, like of any other \
fault. kubeadm's upgrade asks every member of etcd, so that one that is down stops it.

What to do: `connection refused` means that nothing listens: look why the container does not start (crictl ps -a, its \
last log). No answer at all means a firewall or a wrong address.

Example: etcd stopped because its key no longer belongs to its certificate, and port 2379 is closed.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (index, link, seen) in exam.seen() {
        look.subjects += 1;
        if seen.verdict != LiveVerdict::Unreachable {
            continue;
        }
        let subject = seen.endpoint.url();
        // whoever dials it, it is one thing that is down
        let node = link.server_node.unwrap_or(link.node);
        match look.defects.iter_mut().find(|defect| defect.nodes == [node] && defect.subject == subject) {
            Some(defect) => defect.links.push(index),
            None => look.defects.push(defect(node, (index, link, seen), subject)),
        }
    }
    for defect in &mut look.defects {
        defect.severity = exam.severity(&defect.links);
    }
    look
}

fn defect(node: usize, (index, link, seen): (usize, &Link, &SeenLink<'_>), subject: String) -> Defect {
    let mut facts: Vec<_> = seen.error.iter().map(|error| fact("the client says", error)).collect();
    let address = seen.seen.address.map(|address| address.to_string());
    facts.extend(address.filter(|address| !subject.contains(address.as_str())).map(|address| fact("address", address)));
    let own = link.server_node.is_some();
    let keeps_down = link.faults.iter().find(|(side, _)| *side == Side::Server && own);
    facts.extend(keeps_down.map(|(_, fault)| fact("its own files keep it down", &fault.text)));
    if link.is_of_member_list {
        facts.push(fact("named by", "the member list: a member that will not come back has to be removed from it"));
    }
    Defect {
        severity: Severity::Error,
        nodes: vec![node],
        subject,
        message: message(seen).to_owned(),
        facts,
        links: vec![index],
        remedy: remedy(link, seen, keeps_down.is_some()),
    }
}

fn message(seen: &SeenLink<'_>) -> &'static str {
    match &seen.seen.end {
        End::Failed(Failure::NoAddress(_)) => "the name has no address here",
        End::Failed(Failure::Refused) => "nobody listens there",
        End::Failed(Failure::Unreachable(_)) => "there is no way there",
        End::Failed(Failure::TimedOut) if seen.seen.stage <= Stage::Connect => {
            "no answer to a connection: a firewall, or nobody has the address"
        }
        End::Failed(Failure::TimedOut) => "the connection stands, but nothing comes",
        End::Failed(Failure::Closed) => {
            "the connection is closed before any TLS: a load balancer without a server behind it?"
        }
        End::Failed(Failure::Reset) => "the connection is reset before any TLS",
        _ => "nothing came that could be judged",
    }
}

fn remedy(link: &Link, seen: &SeenLink<'_>, keeps_down: bool) -> Remedy {
    if keeps_down {
        return Remedy::manual(["mend the pair that the other finding names: the server does not start without it"])
            .avoid("recreating the pod: it reads the same files");
    }
    if link.id.ends_with("->kubelet") {
        return Remedy::manual(["on that node: systemctl status kubelet, journalctl -u kubelet -n 50"]);
    }
    let what = if is_of_etcd(link) { "etcd" } else { "kube-apiserver" };
    let port = seen.endpoint.port.unwrap_or_default();
    match &seen.seen.end {
        End::Failed(Failure::TimedOut) if seen.seen.reached() && is_of_etcd(link) => Remedy::manual([
            "etcd opens its port before it has a quorum, and serves only after: look at the links between the members first",
            "then at its log: crictl logs of the etcd container",
        ]),
        End::Failed(Failure::NoAddress(_)) => {
            Remedy::manual(["see whether the name resolves on this node: getent hosts NAME"])
        }
        End::Failed(Failure::Refused | Failure::Closed | Failure::Reset) => Remedy::manual([
            format!("on that node: ss -ltnp 'sport = :{port}'"),
            format!("if nothing listens: crictl ps -a --name {what}, then crictl logs of the newest container"),
        ]),
        _ => Remedy::manual([format!(
            "on that node: does {what} listen (ss -ltnp 'sport = :{port}'), and does a firewall drop the port?"
        )]),
    }
}
