//! `san-missing`: a name that a client dials is not among the subject alternative names.

use std::net::IpAddr;

use crate::check::{Check, Defect, Look, Severity, fact};
use crate::checks::{peer_address_not_in_san, words};
use crate::exam::{Exam, Group};
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
        facts.extend(words::told_by(exam, group.first().guilty.as_ref()));
        facts.extend(words::go_says(&group));
        let remedy = words::remake(exam, group.first().guilty.as_ref())
            .avoid("kubeadm certs renew: it copies the names of the old certificate")
            .avoid("--insecure-skip-tls-verify or an entry in /etc/hosts: the name in the certificate stays wrong");
        let mut defect = Defect {
            severity: exam.severity(&links),
            nodes: vec![group.node],
            subject: group.subject.to_owned(),
            message: format!("does not cover {}", missing.join(", ")),
            facts,
            links,
            remedy,
        };
        add_peer_address(exam, &mut defect);
        look.defects.push(defect);
    }
    look
}

/// Adds to a missing address what etcd's peer port says of it: one lack, two refusals.
pub(super) fn add_peer_address(exam: &Exam<'_>, defect: &mut Defect) {
    let groups = exam.groups(peer_address_not_in_san::CHECK.code);
    let Some(peer) = groups.iter().find(|group| defect.nodes == [group.node] && group.subject == defect.subject) else {
        return;
    };
    if !all_dialled(exam, &defect.links, peer) {
        return;
    }
    defect.links.extend(peer.links());
    defect.links.sort_unstable();
    defect.links.dedup();
    defect.severity = exam.severity(&defect.links);
    defect.facts.extend(peer.texts().into_iter().map(|text| fact("the member that it dials says", text)));
    let avoid = "--peer-client-cert-auth=false or --peer-skip-client-san-verification: drops the check for everybody";
    defect.remedy.avoid.push(avoid.to_owned());
}

/// Whether the address that a member dials from is among those that a group misses in the same file.
pub(super) fn shares_address(exam: &Exam<'_>, group: &Group<'_, '_>) -> bool {
    let groups = exam.groups(peer_address_not_in_san::CHECK.code);
    let peer = groups.iter().find(|peer| peer.node == group.node && peer.subject == group.subject);
    peer.is_some_and(|peer| all_dialled(exam, &group.links(), peer))
}

fn all_dialled(exam: &Exam<'_>, links: &[usize], peer: &Group<'_, '_>) -> bool {
    let names = links.iter().filter_map(|link| exam.links[*link].name.as_deref());
    let dialled: Vec<IpAddr> = names.filter_map(|name| name.parse().ok()).collect();
    peer_address_not_in_san::addresses(peer).iter().all(|address| dialled.contains(address))
}

pub(super) fn covered(certificate: &Certificate) -> String {
    let addresses = certificate.ip_addresses().into_iter().map(|address| address.to_string());
    let names: Vec<String> = certificate.names.dns.iter().cloned().chain(addresses).collect();
    if names.is_empty() { "no name at all".to_owned() } else { names.join(", ") }
}
