//! `auto-tls-ignored`: auto-tls beside a certificate of one's own.

use crate::check::{Check, Defect, Look, Remedy, Severity};
use crate::checks::words;
use crate::exam::Exam;
use crate::links::etcd::{Port, described};

pub(super) static CHECK: Check = Check {
    code: "auto-tls-ignored",
    title: "auto-tls is set and ignored",
    severity: Severity::Info,
    citation: "etcd embed.Config.ClientSelfCert (\"ignoring client auto TLS since certs given\")",
    docs: "\
What it looks at: --auto-tls and --peer-auto-tls beside --cert-file or --peer-cert-file.

Why it matters: etcd uses the files and ignores auto-tls. It works today; but whoever removes the files' \
flags one day turns auto-tls on, and with it loses the demand for client certificates.

What to do: remove auto-tls.

Example: --auto-tls=true beside --cert-file=/etc/kubernetes/pki/etcd/server.crt.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look { unobserved: words::unseen_etcds(exam), ..Look::default() };
    for (etcd, running) in described(exam.cluster) {
        for port in Port::ALL {
            let flag = port.flag("auto-tls");
            look.subjects += 1;
            if !running.flags.is_true(&flag) || etcd.makes_its_own(port) {
                continue;
            }
            look.defects.push(Defect {
                severity: Severity::Info,
                nodes: vec![etcd.node],
                subject: words::flag_subject(exam, etcd.node, &running, &flag),
                message: format!("is ignored because --{} is given", port.flag("cert-file")),
                facts: vec![words::flag_fact(&running, &flag), words::flag_fact(&running, &port.flag("cert-file"))],
                links: Vec::new(),
                remedy: Remedy::manual([format!("remove --{flag}"), words::edit(&running)]),
            });
        }
    }
    look
}
