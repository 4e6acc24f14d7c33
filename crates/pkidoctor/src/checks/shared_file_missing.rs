//! `shared-file-missing`: a node lacks one of the files that all control-plane nodes share.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::cluster::{Node, State};
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "shared-file-missing",
    title: "a node lacks a file that all nodes share",
    severity: Severity::Warning,
    citation: "kubeadm copycerts; kubeadm phases/certs SharedCertificateExists",
    docs: "\
What it looks at: the eight files that kubeadm join expects to find or copies (ca, front-proxy-ca and \
etcd/ca with their keys, sa.key and sa.pub), where some of the given nodes have one and others do not. A \
key that no node has is an external CA, and in order.

Why it matters: kubeadm makes what it does not find. The next join, upgrade or phase on that node gives it \
a CA or a token key of its own, and splits the cluster.

What to do: copy the file from a node that has it.

Example: etcd/ca.key was forgotten when the certificates were copied by hand.",
    look,
};

const SHARED: [&str; 8] =
    ["ca.crt", "ca.key", "sa.key", "sa.pub", "front-proxy-ca.crt", "front-proxy-ca.key", "etcd/ca.crt", "etcd/ca.key"];

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    if exam.cluster.nodes.len() < 2 {
        return look;
    }
    for relative in SHARED {
        let holders: Vec<&Node> = exam.cluster.nodes.iter().filter(|node| is_there(node, relative)).collect();
        look.subjects += usize::from(!holders.is_empty());
        let Some(holder) = holders.first() else { continue };
        for (index, node) in exam.cluster.nodes.iter().enumerate() {
            if !is_missing(node, relative) || is_told(exam, index, relative) || is_key_of_a_ca_here(node, relative) {
                continue;
            }
            let names: Vec<&str> = holders.iter().map(|holder| holder.name.as_str()).collect();
            look.defects.push(Defect {
                severity: Severity::Warning,
                nodes: vec![index],
                subject: relative.to_owned(),
                message: format!("is missing here and lies on {}", names.join(", ")),
                facts: vec![fact("nodes that have it", names.join(", "))],
                links: Vec::new(),
                remedy: Remedy::manual([format!(
                    "copy {} from {} to the same place, with owner and mode",
                    holder.layout(relative),
                    holder.name
                )])
                .avoid(
                    "kubeadm init phase certs on this node: it makes a new file of that name instead of the shared one",
                ),
            });
        }
    }
    look
}

fn is_there(node: &Node, relative: &str) -> bool {
    node.file(&node.layout(relative)).is_some_and(|file| file.content().is_some())
}

fn is_missing(node: &Node, relative: &str) -> bool {
    node.file(&node.layout(relative)).is_some_and(|file| matches!(file.state, State::Missing { .. }))
}

/// A CA's key that is missing beside its certificate has a finding of its own.
fn is_key_of_a_ca_here(node: &Node, relative: &str) -> bool {
    relative.strip_suffix("ca.key").is_some_and(|stem| is_there(node, &format!("{stem}ca.crt")))
}

/// Whether a link that needs the file already tells that it is gone.
fn is_told(exam: &Exam<'_>, node: usize, relative: &str) -> bool {
    let codes = ["file-missing", "manifest-path-missing", "kubeconfig-path-missing"];
    exam.reasons.iter().any(|reason| codes.contains(&reason.code) && reason.node == node && reason.subject == relative)
}
