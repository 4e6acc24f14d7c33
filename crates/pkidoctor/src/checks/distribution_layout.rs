//! `distribution-layout`: the PKI is kept by a distribution with tools of its own.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::Node;
use crate::cluster::manifest::Component;
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "distribution-layout",
    title: "the PKI belongs to a distribution with its own rotation",
    severity: Severity::Info,
    citation: "k3s, RKE2, RKE, kops and MicroK8s documentation (certificate rotation)",
    docs: "\
What it looks at: the PKI directory and the paths in flags, for places that k3s, RKE2, RKE, kops and \
MicroK8s use.

Why it matters: such a distribution makes and rotates its certificates itself. What kubeadm or this tool \
writes there may be overwritten at the next start, and its supervisor keeps copies of its own.

What to do: rotate with the distribution's command, then scan again.

Example: --cert-file=/var/lib/rancher/rke2/server/tls/etcd/server-client.crt.",
    look,
};

/// Where a distribution keeps its PKI, its name, and how it rotates.
const DISTRIBUTIONS: [(&str, &str, &str); 5] = [
    ("/var/lib/rancher/k3s", "k3s", "k3s certificate rotate"),
    ("/var/lib/rancher/rke2", "RKE2", "rke2 certificate rotate"),
    ("/etc/kubernetes/ssl", "RKE or Kubespray", "rke cert rotate, or the playbook that made it"),
    ("/etc/kubernetes/pki/etcd-manager", "kops", "kops rolling-update cluster (etcd-manager renews by itself)"),
    ("/var/snap/microk8s", "MicroK8s", "microk8s refresh-certs"),
];

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (index, node) in exam.cluster.nodes.iter().enumerate() {
        look.subjects += 1;
        let Some((subject, value, (_, name, rotate))) = found(exam, index, node) else { continue };
        look.defects.push(Defect {
            severity: Severity::Info,
            nodes: vec![index],
            subject,
            message: format!("belongs to {name}, which rotates its certificates itself"),
            facts: vec![fact("path", value), fact("rotation", rotate)],
            links: Vec::new(),
            remedy: Remedy::manual([format!("rotate with the distribution's own command: {rotate}")])
                .avoid("kubeadm certs renew: it does not know this layout"),
        });
    }
    look
}

fn found(
    exam: &Exam<'_>,
    index: usize,
    node: &Node,
) -> Option<(String, String, (&'static str, &'static str, &'static str))> {
    let known = |path: &str| DISTRIBUTIONS.into_iter().find(|(place, _, _)| path.starts_with(place));
    if let Some(distribution) = known(&node.pki).or_else(|| known(&node.path)) {
        return Some((node.pki.clone(), node.pki.clone(), distribution));
    }
    Component::ALL.into_iter().filter_map(|component| node.running(component)).find_map(|running| {
        let (flag, distribution) = running.flags.iter().find_map(|flag| Some((flag, known(&flag.value)?)))?;
        Some((words::flag_subject(exam, index, &running, &flag.name), flag.value.clone(), distribution))
    })
}
