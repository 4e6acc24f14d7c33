//! `signer-mismatch`: the controller-manager signs kubelet certificates that the API server will refuse.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::manifest::Component;
use crate::exam::Exam;
use crate::links::reference::Reference;
use crate::x509::key::PublicKey;

pub(super) static CHECK: Check = Check {
    code: "signer-mismatch",
    title: "kubelet certificates are signed by a CA that the API server does not trust",
    severity: Severity::Error,
    citation: "kube-controller-manager certificates/signer; kube-apiserver --client-ca-file",
    docs: "\
What it looks at: the public key of the controller-manager's --cluster-signing-cert-file against the keys \
of the CAs in the API server's --client-ca-file.

Why it matters: everything works until the kubelets rotate their certificates, one by one over months. \
Each then shows a certificate that the API server refuses: `Unable to authenticate the request: x509: \
certificate signed by unknown authority`, and its node becomes NotReady.

What to do: name the cluster CA's certificate and key, on every node, because any controller-manager may \
lead. Kubelets that were given bad certificates need a new kubeconfig.

Example: --cluster-signing-cert-file=/etc/kubernetes/pki/front-proxy-ca.crt.",
    look,
};

/// The general signer, and the one for the client certificates of kubelets alone.
const SIGNERS: [(&str, &str); 2] = [
    ("cluster-signing-cert-file", "cluster-signing-key-file"),
    ("cluster-signing-kubelet-client-cert-file", "cluster-signing-kubelet-client-key-file"),
];

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (index, node) in exam.cluster.nodes.iter().enumerate() {
        let (Some(manager), Some(apiserver)) =
            (node.running(Component::KubeControllerManager), node.running(Component::KubeApiserver))
        else {
            look.unobserved += 1;
            continue;
        };
        let trusted = Reference::flag(index, &apiserver, "client-ca-file");
        for (certificate_flag, key_flag) in SIGNERS {
            let certificate = Reference::flag(index, &manager, certificate_flag);
            let (Some(certified), Some(known)) = (certified_key(exam, &certificate), keys(exam, &trusted)) else {
                look.unobserved += usize::from(!certificate.is_unset());
                continue;
            };
            look.subjects += 1;
            // a wrong --client-ca-file refuses today's clients, too, and that is told already
            let trust_is_told = exam.reasons.iter().any(|reason| reason.trust.as_ref() == Some(&trusted));
            if known.contains(&certified) || trust_is_told {
                continue;
            }
            let trust = trusted.subject(exam.cluster);
            look.defects.push(Defect {
                severity: Severity::Error,
                nodes: vec![index],
                subject: words::flag_subject(exam, index, &manager, certificate_flag),
                message: format!("is none of the CAs in {trust}: kubelets will be refused once their certificates are renewed"),
                facts: vec![
                    words::flag_fact(&manager, certificate_flag),
                    words::flag_fact(&manager, key_flag),
                    fact("signs as", signer_name(exam, &certificate)),
                    fact("trusted for clients", trusted_names(exam, &trusted)),
                ],
                links: Vec::new(),
                remedy: Remedy::manual([
                    format!("set --{certificate_flag} and --{key_flag} to the CA of --client-ca-file and its key, on every control-plane node"),
                    words::edit(&manager),
                    "look at /var/lib/kubelet/pki/kubelet-client-current.pem of every node: one signed by the wrong CA needs a new kubelet.conf".to_owned(),
                ])
                .avoid("adding the wrong CA to --client-ca-file: whoever holds its key could then act as any user"),
            });
        }
    }
    look
}

fn certified_key(exam: &Exam<'_>, reference: &Reference) -> Option<PublicKey> {
    reference.material(exam.cluster)?.parsed().next()?.key.clone()
}

fn keys(exam: &Exam<'_>, reference: &Reference) -> Option<Vec<PublicKey>> {
    let keys: Vec<PublicKey> =
        reference.material(exam.cluster)?.parsed().filter_map(|certificate| certificate.key.clone()).collect();
    (!keys.is_empty()).then_some(keys)
}

fn signer_name(exam: &Exam<'_>, reference: &Reference) -> String {
    reference
        .material(exam.cluster)
        .and_then(|material| material.parsed().next().map(|ca| ca.subject.to_string()))
        .unwrap_or_default()
}

fn trusted_names(exam: &Exam<'_>, reference: &Reference) -> String {
    let names: Vec<String> = reference
        .material(exam.cluster)
        .into_iter()
        .flat_map(|material| material.parsed().map(|ca| ca.subject.to_string()).collect::<Vec<_>>())
        .collect();
    names.join(", ")
}
