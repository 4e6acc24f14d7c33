//! `node-identity-mismatch`: kubelet.conf speaks for another node.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::Cluster;
use crate::cluster::manifest::Component;
use crate::exam::Exam;
use crate::links::Link;
use crate::links::reference::Reference;

pub(super) static CHECK: Check = Check {
    code: "node-identity-mismatch",
    title: "the kubelet's credentials bear another node's name",
    severity: Severity::Warning,
    citation: "Kubernetes node authorizer (system:node:NAME)",
    docs: "\
What it looks at: the common name system:node:X of the client certificate in kubelet.conf against \
--hostname-override of the kubelet, etcd's --name, or the common name of etcd/server.crt.

Why it matters: the node authorizer lets a kubelet touch only its own node, so after a rename or a copy \
it is forbidden to update its own status.

What to do: make a kubelet.conf for this node on a control-plane node (kubeadm kubeconfig user --org \
system:nodes --client-name system:node:NAME) and restart the kubelet.

Example: cp2 was cloned from cp1 with its kubelet.conf.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for link in exam.links.iter().filter(|link| link.id == "kubelet.conf->kube-apiserver") {
        let Some(told) = identity(exam.cluster, link) else {
            look.unobserved += 1;
            continue;
        };
        let Some((name, whence)) = node_name(exam.cluster, link.node) else { continue };
        look.subjects += 1;
        if told.eq_ignore_ascii_case(&name) {
            continue;
        }
        let Some(pair) = &link.client_pair else { continue };
        let mut remedy = Remedy::manual([
            format!("on a healthy control-plane node: kubeadm kubeconfig user --org system:nodes --client-name {} > kubelet.conf", words::quoted(&format!("system:node:{name}"))),
            "install it as /etc/kubernetes/kubelet.conf and restart the kubelet".to_owned(),
            "wait for /var/lib/kubelet/pki/kubelet-client-current.pem, point client-certificate and client-key at it, restart once more".to_owned(),
        ]);
        remedy = remedy.avoid(
            "deleting /var/lib/kubelet/pki alone: the kubelet cannot bootstrap again without a bootstrap kubeconfig",
        );
        look.defects.push(Defect {
            severity: Severity::Warning,
            nodes: vec![link.node],
            subject: pair.certificate.subject(exam.cluster),
            message: format!("speaks for the node {told}, and this one is {name}"),
            facts: vec![fact("common name", format!("system:node:{told}")), fact(whence, name)],
            links: Vec::new(),
            remedy,
        });
    }
    look
}

/// The node that the kubelet's certificate names.
fn identity(cluster: &Cluster, link: &Link) -> Option<String> {
    let leaf = link.client_pair.as_ref()?.certificate.material(cluster)?.parsed().next()?;
    leaf.subject.common_name().strip_prefix("system:node:").map(str::to_owned)
}

/// What this node is called, and who says so.
fn node_name(cluster: &Cluster, node: usize) -> Option<(String, &'static str)> {
    let here = &cluster.nodes[node];
    let overridden = here.kubelet.as_ref().and_then(|kubelet| kubelet.flags.value("hostname-override"));
    if let Some(name) = overridden.filter(|name| !name.is_empty()) {
        return Some((name.to_owned(), "--hostname-override"));
    }
    let etcd = here.running(Component::Etcd);
    // only kubeadm's own pods take etcd's name from the node's
    let named = etcd.filter(|running| running.pod.is_some()).and_then(|running| running.flags.value("name"));
    if let Some(name) = named.filter(|name| !name.is_empty()) {
        return Some((name.to_owned(), "etcd's --name"));
    }
    if etcd.is_some() {
        return None;
    }
    let server = Reference::layout(cluster, node, "etcd/server.crt");
    let leaf = server.material(cluster)?.parsed().next()?;
    Some((leaf.subject.common_name().to_owned(), "common name of etcd/server.crt")).filter(|(name, _)| !name.is_empty())
}

/// The node name that the kubelet of a node goes by: its override, or what its credentials say.
pub(super) fn kubelet_node(cluster: &Cluster, node: usize) -> Option<String> {
    let here = &cluster.nodes[node];
    let overridden = here.kubelet.as_ref().and_then(|kubelet| kubelet.flags.value("hostname-override"));
    if let Some(name) = overridden.filter(|name| !name.is_empty()) {
        return Some(name.to_owned());
    }
    let material = here.kubeconfig("kubelet.conf")?.client_certificate.as_ref();
    let rotated = || here.file("/var/lib/kubelet/pki/kubelet-client-current.pem").and_then(|file| file.material());
    let leaf = material.or_else(rotated)?.parsed().next()?;
    leaf.subject.common_name().strip_prefix("system:node:").map(str::to_owned)
}
