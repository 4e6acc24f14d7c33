//! `plaintext-etcd`: kube-apiserver speaks plain text to an etcd that is elsewhere.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::manifest::Component;
use crate::cluster::url::{self, Endpoint};
use crate::exam::Exam;
use crate::links::etcd::{Etcd, described};

pub(super) static CHECK: Check = Check {
    code: "plaintext-etcd",
    title: "kube-apiserver speaks plain text to etcd",
    severity: Severity::Warning,
    citation: "etcd client/v3 credentials; kube-apiserver storagebackend newETCD3Client",
    docs: "\
What it looks at: http:// URLs of --etcd-servers that no given etcd answers. Where the etcd is among the \
given nodes, its own listener tells the story.

Why it matters: every Secret travels in the clear, the certificates of --etcd-certfile are not shown, and \
an etcd that answers in plain text lets everybody in.

What to do: give that etcd certificates and make the URL https.

Example: --etcd-servers=http://10.0.0.21:2379.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (index, node) in exam.cluster.nodes.iter().enumerate() {
        let Some(running) = node.running(Component::KubeApiserver) else {
            look.unobserved += usize::from(!node.has_manifests);
            continue;
        };
        let servers: Vec<Endpoint> =
            url::parse_list(&running.flags.list("etcd-servers")).into_iter().flatten().collect();
        look.subjects += servers.len();
        let plain: Vec<Endpoint> = servers
            .into_iter()
            .filter(|server| server.scheme == "http" && !is_given(exam, index, &server.host))
            .collect();
        if plain.is_empty() {
            continue;
        }
        let exposed = plain.iter().any(|server| !url::is_loopback(&server.host));
        let urls: Vec<&str> = plain.iter().map(|server| server.text.as_str()).collect();
        look.defects.push(Defect {
            severity: if exposed { Severity::Warning } else { Severity::Info },
            nodes: vec![index],
            subject: words::flag_subject(exam, index, &running, "etcd-servers"),
            message: format!("kube-apiserver speaks plain text to {}", urls.join(", ")),
            facts: vec![words::flag_fact(&running, "etcd-servers"), fact("in the clear", "every object, Secrets included")],
            links: Vec::new(),
            remedy: Remedy::manual([
                "give every member of that etcd --cert-file, --key-file, --trusted-ca-file, --client-cert-auth=true and https URLs".to_owned(),
                "make the URLs of --etcd-servers https and set --etcd-cafile, --etcd-certfile and --etcd-keyfile".to_owned(),
                words::edit(&running),
            ]),
        });
    }
    look
}

/// Whether the etcd behind a host is among the given nodes: its own, or one that lists the host.
fn is_given(exam: &Exam<'_>, node: usize, host: &str) -> bool {
    Etcd::on(exam.cluster, node).is_some() || described(exam.cluster).iter().any(|(etcd, _)| etcd.lists(host))
}
