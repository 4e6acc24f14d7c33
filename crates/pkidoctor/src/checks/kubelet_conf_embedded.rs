//! `kubelet-conf-embedded`: kubelet.conf holds on to a certificate that rotation has left behind.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::File;
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "kubelet-conf-embedded",
    title: "kubelet.conf embeds a certificate that rotation does not renew",
    severity: Severity::Warning,
    citation: "kubeadm phases/kubelet (kubelet-finalize); kubernetes/kubeadm#1753",
    docs: "\
What it looks at: client-certificate-data of kubelet.conf against \
/var/lib/kubelet/pki/kubelet-client-current.pem, where there is a newer certificate.

Why it matters: the kubelet renews the file and not the kubeconfig. At its next start after the embedded \
certificate has expired it says `part of the existing bootstrap client certificate in \
/etc/kubernetes/kubelet.conf is expired` and does not start. kubeadm before 1.17 left the first \
control-plane node so.

What to do: let kubelet.conf name the file.

Example: kubelet.conf from 2019 with client-certificate-data, beside a link to last month's certificate.",
    look,
};

const CURRENT: &str = "/var/lib/kubelet/pki/kubelet-client-current.pem";

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (index, node) in exam.cluster.nodes.iter().enumerate() {
        let embedded = node
            .kubeconfig("kubelet.conf")
            .and_then(|file| Some((file, file.client_certificate.as_ref()?.parsed().next()?)));
        let Some((file, embedded)) = embedded else { continue };
        let Some(rotated) = node.file(CURRENT).and_then(File::material).and_then(|material| material.parsed().next())
        else {
            look.unobserved += 1;
            continue;
        };
        look.subjects += 1;
        if rotated.not_before <= embedded.not_before {
            continue;
        }
        look.defects.push(Defect {
            severity: Severity::Warning,
            nodes: vec![index],
            subject: format!("{}#client", node.shown(&file.path)),
            message: "is older than the certificate that the kubelet has rotated to, and is never renewed".to_owned(),
            facts: vec![
                fact("embedded until", words::instant(exam.now(), embedded.not_after)),
                fact("rotated until", words::instant(exam.now(), rotated.not_after)),
                fact("rotated certificate", CURRENT),
            ],
            links: Vec::new(),
            remedy: Remedy::manual([
                format!("in {}, put client-certificate: {CURRENT} in place of client-certificate-data", file.path),
                format!("and client-key: {CURRENT} in place of client-key-data"),
                "systemctl restart kubelet".to_owned(),
            ])
            .avoid("leaving the data beside the path: client-go refuses a kubeconfig that says both")
            .avoid("kubeadm certs renew: it does not touch kubelet.conf"),
        });
    }
    look
}
