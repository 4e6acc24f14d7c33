//! `kubelet-serving-missing`: the kubelet asked for a serving certificate and never got one.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::cluster::State;
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "kubelet-serving-missing",
    title: "the kubelet has no serving certificate",
    severity: Severity::Warning,
    citation: "kubelet certificate.NewKubeletServerCertificateManager; kubernetes/kubeadm#591",
    docs: "\
What it looks at: serverTLSBootstrap of the kubelet's configuration, and whether \
/var/lib/kubelet/pki/kubelet-server-current.pem exists.

Why it matters: with serverTLSBootstrap the kubelet asks the cluster for its serving certificate, and \
nothing approves such requests by itself. Until somebody does, `kubectl logs` and `kubectl exec` fail with \
`remote error: tls: internal error`, and metrics-server with them.

What to do: approve the request, and install something that approves them from now on.

Example: serverTLSBootstrap: true, and a pending request of system:node:cp1 for \
kubernetes.io/kubelet-serving.",
    look,
};

const SERVING: &str = "/var/lib/kubelet/pki/kubelet-server-current.pem";

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (index, node) in exam.cluster.nodes.iter().enumerate() {
        let Some(kubelet) = &node.kubelet else {
            look.unobserved += 1;
            continue;
        };
        let Ok(config) = &kubelet.parsed else { continue };
        let asks = config.server_tls_bootstrap || kubelet.flags.is_true("rotate-server-certificates");
        look.subjects += 1;
        let missing = match node.file(SERVING).map(|file| &file.state) {
            None | Some(State::Missing { link: None }) => "does not exist".to_owned(),
            Some(State::Missing { link: Some(target) }) => format!("points to {target}, which does not exist"),
            Some(_) => continue,
        };
        if !asks || config.tls_cert_file.is_some() || kubelet.flags.value("tls-cert-file").is_some() {
            continue;
        }
        look.defects.push(Defect {
            severity: Severity::Warning,
            nodes: vec![index],
            subject: SERVING.to_owned(),
            message: format!("{missing}: the kubelet waits for a serving certificate"),
            facts: vec![fact("serverTLSBootstrap", format!("true in {}", kubelet.path)), fact("clients of the kubelet read", "remote error: tls: internal error")],
            links: Vec::new(),
            remedy: Remedy::manual([
                "kubectl get csr: look for pending requests of kubernetes.io/kubelet-serving from this node",
                "kubectl certificate approve NAME, after a look at the addresses in it",
                "install an approver for kubelet serving certificates, or set serverTLSBootstrap to false and restart the kubelet",
            ]),
        });
    }
    look
}
