//! `client-cert-auth-noop`: the requirement was switched off, and stays on.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::Running;
use crate::cluster::url::Endpoint;
use crate::exam::Exam;
use crate::links::etcd::{Etcd, Port, described};

pub(super) static CHECK: Check = Check {
    code: "client-cert-auth-noop",
    title: "client-cert-auth is switched off without effect",
    severity: Severity::Warning,
    citation: "etcd client/pkg/transport TLSInfo.ServerConfig; etcd-io/etcd#16663",
    docs: "\
What it looks at: --client-cert-auth and --peer-client-cert-auth that are set to false while \
--trusted-ca-file or --peer-trusted-ca-file names a CA.

Why it matters: etcd demands client certificates when a trusted CA is given *or* the flag is true. The \
flag says one thing, etcd does the other: clients without a certificate are still refused with `tls: \
client didn't provide a certificate`, and whoever reads the manifest believes etcd to be open.

What to do: set the flag to true, and give the client that was to be let in a certificate. Removing the \
trusted CA instead would open etcd to everybody.

Example: --client-cert-auth=false beside --trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look { unobserved: words::unseen_etcds(exam), ..Look::default() };
    for (etcd, running) in described(exam.cluster) {
        for port in Port::ALL {
            look.subjects += 1;
            if is_without_effect(&etcd, &running, port) {
                look.defects.push(defect(exam, &etcd, &running, port));
            }
        }
    }
    look
}

fn is_without_effect(etcd: &Etcd<'_>, running: &Running<'_>, port: Port) -> bool {
    let switched_off = running.flags.get(&port.flag("client-cert-auth")).is_some_and(|flag| !flag.is_true());
    switched_off && etcd.demands_certificate(port) && etcd.listens(port).iter().any(Endpoint::is_tls)
}

fn defect(exam: &Exam<'_>, etcd: &Etcd<'_>, running: &Running<'_>, port: Port) -> Defect {
    let (flag, trust) = (port.flag("client-cert-auth"), port.flag("trusted-ca-file"));
    Defect {
        severity: Severity::Warning,
        nodes: vec![etcd.node],
        subject: words::flag_subject(exam, etcd.node, running, &flag),
        message: format!("has no effect: etcd demands client certificates because --{trust} is set"),
        facts: vec![
            words::flag_fact(running, &flag),
            words::flag_fact(running, &trust),
            fact("in effect", "client certificates are demanded"),
        ],
        links: Vec::new(),
        remedy: Remedy::manual([
            format!("set --{flag}=true, so that the flag says what etcd does"),
            words::edit(running),
        ])
        .step("give a client that is refused its own certificate with the usage clientAuth, signed by the trusted CA")
        .avoid(format!("removing --{trust} to let a client in: etcd is then open to everybody who reaches the port")),
    }
}
