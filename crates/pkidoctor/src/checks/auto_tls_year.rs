//! `auto-tls-year`: etcd makes its own certificates, which nothing renews.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::manifest::Component;
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "auto-tls-year",
    title: "self-made etcd certificates end and are never renewed",
    severity: Severity::Warning,
    citation: "etcd client/pkg/transport SelfCert; --self-signed-cert-validity",
    docs: "\
What it looks at: --auto-tls and --peer-auto-tls where no certificate file is given, and \
--self-signed-cert-validity.

Why it matters: etcd makes the certificate once, below its data directory, for one year unless told \
otherwise, and uses it for ever: members stop trusting each other a year after their first start.

What to do: give etcd real certificates. As a stop-gap delete the generated directory (fixtures/client, \
fixtures/peer below the data directory) and restart the member.

Example: --peer-auto-tls=true and no --peer-cert-file.",
    look,
};

/// The flag, what overrides it, and where etcd keeps what it makes.
const PORTS: [(&str, &str, &str, &str); 2] = [
    ("auto-tls", "cert-file", "key-file", "fixtures/client"),
    ("peer-auto-tls", "peer-cert-file", "peer-key-file", "fixtures/peer"),
];

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (index, node) in exam.cluster.nodes.iter().enumerate() {
        let Some(running) = node.running(Component::Etcd) else { continue };
        look.subjects += 1;
        let given = |flag: &str| running.flags.value(flag).is_some_and(|value| !value.is_empty());
        for (flag, certificate, key, directory) in PORTS {
            if !running.flags.is_true(flag) || given(certificate) || given(key) {
                continue;
            }
            let years = running.flags.value("self-signed-cert-validity").unwrap_or("1");
            let data = running.flags.value("data-dir").unwrap_or("the data directory");
            look.defects.push(Defect {
                severity: Severity::Warning,
                nodes: vec![index],
                subject: words::flag_subject(exam, index, &running, flag),
                message: format!("makes a certificate that ends after {years} year(s) and is never renewed"),
                facts: vec![words::flag_fact(&running, flag), fact("kept in", format!("{data}/{directory}"))],
                links: Vec::new(),
                remedy: Remedy::manual([
                    format!(
                        "give etcd real certificates (--{certificate}, --{key} and the trusted CA) and drop --{flag}"
                    ),
                    format!("as a stop-gap delete {data}/{directory} and restart the member"),
                ]),
            });
        }
    }
    look
}
