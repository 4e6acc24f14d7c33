//! `kubelet-client-group`: the group that lets kube-apiserver use the kubelet's API is missing.

use crate::check::{Check, Defect, Look, Severity, fact};
use crate::checks::words;
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "kubelet-client-group",
    title: "the kubelet client certificate is in another group",
    severity: Severity::Info,
    citation: "kubeadm certs (KubeadmCertKubeletClient); opinion",
    docs: "\
What it looks at: the organizations in the certificate that kube-apiserver shows to kubelets: \
system:masters, kubeadm:cluster-admins, or none where a role binding names the user.

Why it matters: kubelets authorise by group. With another group the connection works, and kubectl logs \
and exec say Forbidden (user=kube-apiserver-kubelet-client).

What to do: issue the certificate again; an external CA has to keep the organization of the request.

Example: a corporate CA replaced the organization by O=Example.",
    look,
};

const GROUPS: [&str; 2] = ["system:masters", "kubeadm:cluster-admins"];

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for link in exam.links.iter().filter(|link| link.id == "kube-apiserver->kubelet") {
        let Some(pair) = &link.client_pair else { continue };
        let leaf = pair.certificate.material(exam.cluster).and_then(|material| material.parsed().next());
        let Some(leaf) = leaf else {
            look.unobserved += 1;
            continue;
        };
        look.subjects += 1;
        let groups = leaf.subject.organizations();
        if groups.is_empty() || groups.iter().any(|group| GROUPS.contains(group)) {
            continue;
        }
        look.defects.push(Defect {
            severity: Severity::Info,
            nodes: vec![link.node],
            subject: pair.certificate.subject(exam.cluster),
            message: "is in none of the groups that kubelets know by default".to_owned(),
            facts: vec![fact("organizations", groups.join(", ")), fact("usual", GROUPS.join(" or "))],
            links: Vec::new(),
            remedy: words::remake(exam, Some(&pair.certificate)),
        });
    }
    look
}
