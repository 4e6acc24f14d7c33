//! `ca-pool-empty`: a CA file from which Go loads no certificate at all.

use crate::check::{Check, Look, Severity, fact};
use crate::checks::words::{self, Told};
use crate::checks::{file_empty, load, not_pem};
use crate::exam::{Exam, Group, Why};

pub(super) static CHECK: Check = Check {
    code: "ca-pool-empty",
    title: "Go loads no certificate from a CA file",
    severity: Severity::Error,
    citation: "etcd client/pkg/tlsutil NewCertPool; Kubernetes apiserver dynamiccertificates; client-go transport rootCertPool",
    docs: "\
What it looks at: how many certificates Go loads from every file that a side of a link trusts.

Why it matters: etcd *starts* with a CA file that is empty, DER, begins with a byte order mark or holds \
anything but PEM, and then refuses every client with `certificate signed by unknown authority`, its own \
gateway included; from outside this looks like a wrong CA. kube-apiserver does not start with such a file, \
a kubeconfig with one is refused.

What to do: write the file again as clean PEM, or put it back, and restart what trusts it: CA files are \
read once, at start.

Example: etcd/ca.crt was saved with a byte order mark.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = load::files_on_links(exam);
    for group in exam.groups(CHECK.code).iter().filter(|group| !load::told_elsewhere(exam, CHECK.code, group)) {
        let links = group.links();
        look.defects.push(words::defect(exam, group, exam.severity(&links), links, tell(exam, group)));
    }
    look
}

fn tell(exam: &Exam<'_>, group: &Group<'_, '_>) -> Told {
    let guilty = group.first().guilty.as_ref();
    let file = guilty.and_then(|guilty| guilty.file(exam.cluster));
    let material = guilty.and_then(|guilty| guilty.material(exam.cluster));
    let diagnosis = material.map(|material| not_pem::diagnose(material, file)).unwrap_or_default();
    let labels = material.map(|material| material.labels().join(", ")).unwrap_or_default();
    let headed = material.is_some_and(|material| {
        material.pem.blocks.iter().any(|block| block.label == "CERTIFICATE" && block.has_headers)
    });
    let found = match labels.as_str() {
        "" => diagnosis.words.clone(),
        _ if headed => "CERTIFICATE with header lines, which this reader passes over".to_owned(),
        _ => format!("only {labels}"),
    };
    let mut facts = vec![fact("certificates that Go loads", 0), fact("found", found)];
    facts.extend(file.map(|file| file_empty::facts(exam, file)).unwrap_or_default());
    // whoever loads it strictly does not start; etcd does, and refuses everybody
    let strict = group.reasons.iter().all(|reason| matches!(reason.why, Why::Fault(_)));
    let message = if strict {
        "holds no CA certificate that Go can load"
    } else {
        "holds no CA certificate that Go can load: whoever trusts it starts and refuses everybody"
    };
    let remedy = match guilty {
        _ if (diagnosis.is_whole || headed) && !group.subject.contains('#') => {
            load::rewrite(group.subject).step("restart what trusts it: CA files are read once, at start")
        }
        Some(guilty) => load::restore_ca(exam, guilty),
        None => words::remake(exam, None),
    };
    let remedy = remedy
        .avoid("update-ca-certificates: etcd and Kubernetes read the files of their flags, not the system's store");
    Told { message: message.to_owned(), facts, remedy }
}
