//! `request-header-names`: the front-proxy client's common name is not in the list.

use crate::check::{Check, Look, Remedy, Severity, fact};
use crate::checks::words::{self, Told};
use crate::cluster::manifest::Component;
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "request-header-names",
    title: "the front-proxy client is not among the allowed names",
    severity: Severity::Error,
    citation: "Kubernetes apiserver/pkg/authentication/request/x509 Verifier.verifySubject",
    docs: "\
What it looks at: the common name of --proxy-client-cert-file against --requestheader-allowed-names. An \
empty or absent list admits any name; a list with an empty item in quotes admits only the empty name.

Why it matters: extension API servers say `subject with cn=... is not in the allowed list`, and \
aggregated APIs such as metrics fail as Unauthorized.

What to do: put the common name into the list.

Example: --requestheader-allowed-names=aggregator while the certificate says front-proxy-client.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    words::tell(exam, CHECK.code, |group| {
        let name =
            group.first().certificate.as_ref().map(|leaf| leaf.subject.common_name().to_owned()).unwrap_or_default();
        let running = exam.cluster.nodes[group.node].running(Component::KubeApiserver);
        let mut facts = vec![fact("common name", &name)];
        facts.extend(running.map(|running| words::flag_fact(&running, "requestheader-allowed-names")));
        let place =
            running.map_or_else(|| "kube-apiserver's manifest".to_owned(), |running| running.manifest.to_owned());
        let remedy = Remedy::manual([
            format!("add {name} to --requestheader-allowed-names in {place}; the kubelet restarts the pod by itself"),
            "restart extension servers that read the list only at start".to_owned(),
        ])
        .avoid("emptying the list while the request-header CA also signs ordinary clients: any of them could assert any user");
        // another role's pair must not become one that may assert any user
        let flags = group.first().guilty.as_ref().and_then(|guilty| words::set_flags(exam, guilty));
        let remedy = flags.unwrap_or(remedy);
        Told {
            message: format!("its common name {name} is not among the names that the request-header check allows"),
            facts,
            remedy,
        }
    })
}
