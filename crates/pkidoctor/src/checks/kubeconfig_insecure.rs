//! `kubeconfig-insecure`: a kubeconfig that does not verify the API server.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::kubeconfig_malformed::restart;
use crate::checks::words;
use crate::exam::Exam;
use crate::profile;

pub(super) static CHECK: Check = Check {
    code: "kubeconfig-insecure",
    title: "a kubeconfig does not verify the API server",
    severity: Severity::Warning,
    citation: "client-go rest.TLSConfigFor; transport.TLSConfigFor",
    docs: "\
What it looks at: insecure-skip-tls-verify of the cluster that each kubeconfig's current context names.

Why it matters: the credentials are shown to whoever answers at that address. Together with a CA client-go \
refuses the file: `specifying a root certificates file with the insecure flag is not allowed`.

What to do: remove the setting and keep, or put back, certificate-authority-data. If it was set because of \
a name that the certificate does not cover, issue the certificate with that name.

Example: insecure-skip-tls-verify: true in admin.conf.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for group in exam.groups(CHECK.code) {
        let links = group.links();
        look.defects.push(Defect {
            severity: exam.severity(&links),
            nodes: vec![group.node],
            subject: group.subject.to_owned(),
            message: "has a CA and insecure-skip-tls-verify, and client-go refuses both together".to_owned(),
            facts: words::go_says(&group),
            links,
            remedy: remedy(group.subject, true),
        });
    }
    for (index, node) in exam.cluster.nodes.iter().enumerate() {
        for file in &node.kubeconfigs {
            let Some(target) = file.parsed.as_ref().ok().and_then(|parsed| parsed.current().ok()?.cluster.ok()) else {
                continue;
            };
            look.subjects += 1;
            let subject = node.shown(&file.path);
            let told = look.defects.iter().any(|defect| defect.subject == subject && defect.nodes == [index]);
            if !target.insecure_skip_tls_verify || told {
                continue;
            }
            let known = profile::KUBECONFIGS.contains(&file.name.as_str());
            look.defects.push(Defect {
                severity: if known { Severity::Warning } else { Severity::Info },
                nodes: vec![index],
                subject: subject.to_owned(),
                message: "shows its credentials to whoever answers: the API server is not verified".to_owned(),
                facts: vec![
                    fact("insecure-skip-tls-verify", "true"),
                    fact("server", target.server.as_ref().map_or("not given", |server| server.it.as_str())),
                ],
                links: Vec::new(),
                remedy: remedy(subject, false),
            });
        }
    }
    look.unobserved = usize::from(look.subjects == 0);
    look
}

fn remedy(path: &str, has_ca: bool) -> Remedy {
    let name = path.rsplit('/').next().unwrap_or(path);
    let remedy = Remedy::manual([format!("remove insecure-skip-tls-verify from {path}")]);
    let remedy = if has_ca { remedy } else { remedy.step("set certificate-authority-data to the base64 of ca.crt") };
    remedy
        .step(restart(name))
        .avoid("removing the CA instead: then nothing is verified, and a stranger at that address gets the credentials")
}
