//! `empty-allowed-name`: the list of allowed proxy names holds an empty one.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::manifest::Component;
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "empty-allowed-name",
    title: "an empty name is allowed to speak for others",
    severity: Severity::Warning,
    citation: "spf13/pflag readAsCSV; apiserver/pkg/authentication/request/x509 Verifier.verifySubject",
    docs: "\
What it looks at: the items of --requestheader-allowed-names as pflag reads them, where literal quotes \
make an empty item.

Why it matters: an empty list allows every certificate of the request-header CA; a list with an empty item \
allows those without a common name, who may then act as anybody. A list of nothing but an empty item \
refuses the real proxy: `subject with cn=front-proxy-client is not in the allowed list: []`.

What to do: write the names, or leave the flag away.

Example: --requestheader-allowed-names=front-proxy-client,\"\"",
    look,
};

const FLAG: &str = "requestheader-allowed-names";

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (index, node) in exam.cluster.nodes.iter().enumerate() {
        let Some(running) = node.running(Component::KubeApiserver) else {
            look.unobserved += 1;
            continue;
        };
        look.subjects += 1;
        let names = running.flags.list_raw(FLAG);
        // a list that keeps the real proxy out is a refusal of its own
        let told = exam
            .reasons
            .iter()
            .any(|reason| reason.code == "request-header-names" && exam.links[reason.link].node == index);
        if told || !names.iter().any(|name| name.trim().is_empty()) {
            continue;
        }
        look.defects.push(Defect {
            severity: Severity::Warning,
            nodes: vec![index],
            subject: words::flag_subject(exam, index, &running, FLAG),
            message: "allows a proxy certificate without a common name to speak for any user".to_owned(),
            facts: vec![
                words::flag_fact(&running, FLAG),
                fact("items", names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")),
            ],
            links: Vec::new(),
            remedy: Remedy::manual([format!("set --{FLAG}=front-proxy-client, without quotes"), words::edit(&running)]),
        });
    }
    look
}
