//! `auto-tls-drops-auth`: auto-tls silently cancels the demand for client certificates.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::Running;
use crate::exam::Exam;
use crate::links::etcd::{Etcd, Port, described};

pub(super) static CHECK: Check = Check {
    code: "auto-tls-drops-auth",
    title: "auto-tls cancels client authentication",
    severity: Severity::Error,
    citation: "etcd embed.Config.ClientSelfCert, PeerSelfCert",
    docs: "\
What it looks at: --auto-tls and --peer-auto-tls that take effect, because no certificate file is given, \
beside --client-cert-auth or a trusted CA.

Why it matters: etcd makes its own certificate and puts it in place of *all* TLS settings of that port. \
The trusted CA and the demand for certificates are gone without a warning; its log says `client-cert-auth \
= false`. A client without a certificate is served.

What to do: remove auto-tls and give etcd a certificate from the cluster's etcd CA.

Example: --auto-tls=true and --client-cert-auth=true, without --cert-file.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look { unobserved: words::unseen_etcds(exam), ..Look::default() };
    for (etcd, running) in described(exam.cluster) {
        for port in Port::ALL {
            look.subjects += 1;
            if drops(&etcd, &running, port) {
                look.defects.push(defect(exam, &etcd, &running, port));
            }
        }
    }
    look
}

/// Whether auto-tls is in effect and takes a demand for certificates away.
pub(super) fn drops(etcd: &Etcd<'_>, running: &Running<'_>, port: Port) -> bool {
    etcd.makes_its_own(port) && (!etcd.trust(port).is_unset() || running.flags.is_true(&port.flag("client-cert-auth")))
}

fn defect(exam: &Exam<'_>, etcd: &Etcd<'_>, running: &Running<'_>, port: Port) -> Defect {
    let (flag, auth, trust) = (port.flag("auto-tls"), port.flag("client-cert-auth"), port.flag("trusted-ca-file"));
    let target = if port == Port::Client { "server" } else { "peer" };
    let directory = exam.cluster.nodes[etcd.node].layout("etcd");
    Defect {
        severity: Severity::Error,
        nodes: vec![etcd.node],
        subject: words::flag_subject(exam, etcd.node, running, &flag),
        message: "cancels the demand for client certificates: etcd serves whoever reaches the port".to_owned(),
        facts: vec![
            words::flag_fact(running, &flag),
            words::flag_fact(running, &auth),
            words::flag_fact(running, &trust),
            fact("in effect", "no client certificate is demanded"),
        ],
        links: Vec::new(),
        remedy: Remedy::manual([
            format!(
                "remove --{flag}, and set --{}={directory}/{target}.crt and --{}={directory}/{target}.key",
                port.flag("cert-file"),
                port.flag("key-file")
            ),
            words::edit(running),
        ])
        .avoid(format!("setting --{auth}=true again: auto-tls drops it")),
    }
}
