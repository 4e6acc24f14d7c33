//! `client-auth-off`: etcd serves whoever comes.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::Running;
use crate::cluster::url::Endpoint;
use crate::exam::Exam;
use crate::links::etcd::{Etcd, Port, described};

pub(super) static CHECK: Check = Check {
    code: "client-auth-off",
    title: "etcd serves clients without certificates",
    severity: Severity::Error,
    citation: "etcd client/pkg/transport TLSInfo.ServerConfig; etcd transport security model",
    docs: "\
What it looks at: the policy that etcd's flags amount to. A certificate is demanded when \
--trusted-ca-file is set or --client-cert-auth is true; the peer port has flags of its own.

Why it matters: TLS alone hides the traffic and keeps nobody out. Whoever reaches the client port reads \
and writes every object of the cluster, Secrets included; whoever reaches the peer port can speak Raft. \
Nothing prints a word about it.

What to do: set both the trusted CA and the demand for certificates, on every member.

Example: etcd.yaml has --cert-file and --key-file but neither --trusted-ca-file nor --client-cert-auth.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look { unobserved: words::unseen_etcds(exam), ..Look::default() };
    for (etcd, running) in described(exam.cluster) {
        for port in Port::ALL.into_iter().filter(|port| etcd.listens(*port).iter().any(Endpoint::is_tls)) {
            look.subjects += 1;
            if !etcd.demands_certificate(port) && !super::auto_tls_drops_auth::drops(&etcd, &running, port) {
                look.defects.push(defect(exam, &etcd, &running, port));
            }
        }
    }
    look
}

fn defect(exam: &Exam<'_>, etcd: &Etcd<'_>, running: &Running<'_>, port: Port) -> Defect {
    let (flag, trust) = (port.flag("client-cert-auth"), port.flag("trusted-ca-file"));
    let listens: Vec<String> = etcd.listens(port).into_iter().map(|endpoint| endpoint.text).collect();
    let exposed = if port == Port::Client {
        "every object of the cluster, Secrets included"
    } else {
        "Raft, and so the data of this member"
    };
    let ca = exam.cluster.nodes[etcd.node].layout("etcd/ca.crt");
    Defect {
        severity: Severity::Error,
        nodes: vec![etcd.node],
        subject: words::flag_subject(exam, etcd.node, running, &flag),
        message: "etcd serves whoever reaches the port, with or without a certificate".to_owned(),
        facts: vec![
            words::flag_fact(running, &flag),
            words::flag_fact(running, &trust),
            fact("listens on", listens.join(", ")),
            fact("open to everybody", exposed),
        ],
        links: Vec::new(),
        remedy: Remedy::manual([
            format!("set --{trust}={ca} and --{flag}=true, one member at a time"),
            words::edit(running),
            "afterwards a handshake without a certificate must fail".to_owned(),
        ])
        .avoid("a firewall rule alone: every process and host-network pod of the node still reads all Secrets"),
    }
}
