//! `san-missing`: a name that a client dials is not among the subject alternative names.

use crate::check::{Check, Defect, Look, Severity, fact};
use crate::checks::words;
use crate::exam::Exam;
use crate::x509::certificate::Certificate;

pub(super) static CHECK: Check = Check {
    code: "san-missing",
    title: "a certificate does not cover a name that clients dial",
    severity: Severity::Error,
    citation: "RFC 6125; Go crypto/x509 Certificate.VerifyHostname",
    docs: "\
What it looks at: for every link, the host that the client dials (from --etcd-servers, \
--advertise-client-urls, --initial-advertise-peer-urls, the server of a kubeconfig, the service address) \
against the DNS and IP names of the certificate that the server shows.

Why it matters: the client refuses the server. The server's log says only `remote error: tls: bad \
certificate`; the reason stands in the client's log, or nowhere, because kubeadm hides it behind \
`context deadline exceeded`.

What to do: issue the certificate again with all its names. `kubeadm certs renew` copies the old names, \
so it does not help.

Example: etcd/server.crt covers 127.0.0.1 but not the node's own address, so kube-apiserver works and \
kubeadm upgrade does not.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let subjects = exam.links.iter().filter(|link| link.name.is_some()).count();
    let mut look = Look { subjects, unobserved: usize::from(subjects == 0), defects: Vec::new() };
    for group in exam.groups(CHECK.code) {
        let Some(certificate) = &group.first().certificate else { continue };
        let links = group.links();
        let mut missing: Vec<&str> = links.iter().filter_map(|link| exam.links[*link].name.as_deref()).collect();
        missing.sort_unstable();
        missing.dedup();
        let mut facts = vec![fact("valid for", covered(certificate)), fact("missing", missing.join(", "))];
        facts.extend(words::go_says(&group));
        let remedy = words::remake(exam, group.first().guilty.as_ref())
            .avoid("kubeadm certs renew: it copies the names of the old certificate")
            .avoid("--insecure-skip-tls-verify or an entry in /etc/hosts: the name in the certificate stays wrong");
        look.defects.push(Defect {
            severity: exam.severity(&links),
            nodes: vec![group.node],
            subject: group.subject.to_owned(),
            message: format!("does not cover {}", missing.join(", ")),
            facts,
            links,
            remedy,
        });
    }
    look
}

fn covered(certificate: &Certificate) -> String {
    let addresses = certificate.ip_addresses().into_iter().map(|address| address.to_string());
    let names: Vec<String> = certificate.names.dns.iter().cloned().chain(addresses).collect();
    if names.is_empty() { "no name at all".to_owned() } else { names.join(", ") }
}
