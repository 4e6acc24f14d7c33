//! `kubelet-serving-san`: the kubelet's serving certificate does not cover its node.

use std::sync::Arc;

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::san_missing;
use crate::cluster::manifest::Component;
use crate::cluster::{Cluster, Node};
use crate::exam::Exam;
use crate::go::hostname;
use crate::x509::certificate::Certificate;

pub(super) static CHECK: Check = Check {
    code: "kubelet-serving-san",
    title: "the kubelet's serving certificate lacks its node",
    severity: Severity::Info,
    citation: "Kubernetes kubelet serverTLSBootstrap; kube-apiserver --kubelet-certificate-authority",
    docs: "\
What it looks at: the certificate that the kubelet serves (tlsCertFile, kubelet-server-current.pem or \
kubelet.crt) against the node's name, and against its address where --kubelet-certificate-authority \
makes kube-apiserver verify.

Why it matters: kubectl logs and exec, and metrics-server, refuse the kubelet where they verify it. \
kubeadm's default does not.

What to do: set serverTLSBootstrap: true in the kubelet's configuration and approve the requests.

Example: kubelet.crt of a node that was cloned from another one.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (index, node) in exam.cluster.nodes.iter().enumerate() {
        let Some((path, leaf)) = served(node) else { continue };
        look.subjects += 1;
        let wanted = wanted(exam.cluster, index, node);
        let missing: Vec<&String> =
            wanted.iter().filter(|name| hostname::verify(leaf, name, exam.cluster.go).is_err()).collect();
        if missing.is_empty() {
            continue;
        }
        let missing = missing.into_iter().cloned().collect::<Vec<_>>().join(", ");
        look.defects.push(Defect {
            severity: Severity::Info,
            nodes: vec![index],
            subject: node.shown(path).to_owned(),
            message: format!("does not cover {missing}"),
            facts: vec![fact("valid for", san_missing::covered(leaf)), fact("missing", missing)],
            links: Vec::new(),
            remedy: Remedy::manual([
                "set serverTLSBootstrap: true in /var/lib/kubelet/config.yaml and restart the kubelet",
                "approve its request: kubectl get csr, kubectl certificate approve NAME",
            ])
            .avoid("--kubelet-insecure-tls in metrics-server for good: nobody verifies the kubelet then"),
        });
    }
    look
}

/// What the kubelet serves: what its configuration names, else what it was given, else what it made.
fn served(node: &Node) -> Option<(&str, &Arc<Certificate>)> {
    let configured = node.kubelet.as_ref().and_then(|kubelet| kubelet.parsed.as_ref().ok()?.tls_cert_file.as_ref());
    let usual = ["/var/lib/kubelet/pki/kubelet-server-current.pem", "/var/lib/kubelet/pki/kubelet.crt"];
    let paths = configured.map(|placed| placed.it.as_str()).into_iter().chain(usual);
    paths
        .filter_map(|path| node.file(path))
        .find_map(|file| Some((file.path.as_str(), file.material()?.parsed().next()?)))
}

fn wanted(cluster: &Cluster, index: usize, node: &Node) -> Vec<String> {
    let mut wanted: Vec<String> = super::node_identity_mismatch::kubelet_node(cluster, index).into_iter().collect();
    if let Some(running) = node.running(Component::KubeApiserver) {
        let verifies = running.flags.value("kubelet-certificate-authority").is_some_and(|value| !value.is_empty());
        wanted.extend(running.flags.value("advertise-address").filter(|_| verifies).map(str::to_owned));
    }
    wanted
}
