//! `apiserver-address-not-covered`: the API server's own address is not in its certificate.

use crate::check::{Check, Defect, Look, Severity, fact};
use crate::checks::{san_missing, words};
use crate::cluster::manifest::Component;
use crate::exam::Exam;
use crate::go::hostname;
use crate::links::reference::Reference;

pub(super) static CHECK: Check = Check {
    code: "apiserver-address-not-covered",
    title: "the API server's certificate lacks its advertised address",
    severity: Severity::Info,
    citation: "kubeadm pkiutil.GetAPIServerAltNames",
    docs: "\
What it looks at: --advertise-address of kube-apiserver against the names of its certificate, where no \
link dials that address.

Why it matters: the endpoints of the service `kubernetes` hold this address; who dials it directly is \
refused. After a change of address it is the first sign.

What to do: issue apiserver.crt again with the address.

Example: the node moved from 10.0.0.4 to 10.0.0.5 and only the manifest was edited.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (index, node) in exam.cluster.nodes.iter().enumerate() {
        let Some(running) = node.running(Component::KubeApiserver) else { continue };
        let address =
            running.flags.value("advertise-address").filter(|address| address.parse::<std::net::IpAddr>().is_ok());
        let Some(address) = address else { continue };
        let reference = Reference::flag(index, &running, "tls-cert-file");
        let leaf = reference.material(exam.cluster).and_then(|material| material.parsed().next());
        let Some(leaf) = leaf else {
            look.unobserved += 1;
            continue;
        };
        look.subjects += 1;
        let subject = reference.subject(exam.cluster);
        // a refusal over names says what is missing already
        let told = exam.reasons.iter().any(|reason| {
            reason.node == index
                && reason.subject == subject
                && matches!(reason.code, "san-missing" | "san-ip-as-dns" | "cn-only" | "copied-from-other-node")
        });
        if told || hostname::verify(leaf, address, exam.cluster.go).is_ok() {
            continue;
        }
        look.defects.push(Defect {
            severity: Severity::Info,
            nodes: vec![index],
            subject,
            message: format!("does not cover {address}, which the API server advertises"),
            facts: vec![words::flag_fact(&running, "advertise-address"), fact("valid for", san_missing::covered(leaf))],
            links: Vec::new(),
            remedy: words::remake(exam, Some(&reference))
                .avoid("kubeadm certs renew: it copies the names of the old certificate"),
        });
    }
    look
}
