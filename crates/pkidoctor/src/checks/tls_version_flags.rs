//! `tls-version-flags`: TLS versions that contradict each other or that nobody knows.

use crate::check::{Check, Defect, Look, Remedy, Severity};
use crate::checks::words;
use crate::cluster::Running;
use crate::cluster::manifest::Component;
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "tls-version-flags",
    title: "TLS version flags cannot be met",
    severity: Severity::Error,
    citation: "etcd embed/config.go Validate, client/pkg/tlsutil GetTLSVersion; Kubernetes component-base/cli/flag TLSVersion",
    docs: "\
What it looks at: --tls-min-version and --tls-max-version of etcd, --tls-min-version of the Kubernetes \
components, and etcd's --cipher-suites beside a minimum of TLS 1.3.

Why it matters: the program does not start: `min version is greater than max version`, `unexpected TLS \
version`, `cipher suites cannot be configured when only TLS1.3 is enabled`.

What to do: give versions in the component's own spelling (TLS1.2, TLS1.3 for etcd; VersionTLS12, \
VersionTLS13 for Kubernetes), the minimum not above the maximum.

Example: --tls-min-version=TLS1.3 --tls-max-version=TLS1.2.",
    look,
};

const KUBERNETES: [Component; 3] =
    [Component::KubeApiserver, Component::KubeControllerManager, Component::KubeScheduler];

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (index, node) in exam.cluster.nodes.iter().enumerate() {
        if let Some(running) = node.running(Component::Etcd) {
            look.subjects += 1;
            look.defects
                .extend(etcd_fault(&running).map(|(flag, message)| defect(exam, index, &running, flag, message)));
        }
        for running in KUBERNETES.into_iter().filter_map(|component| node.running(component)) {
            look.subjects += 1;
            look.defects
                .extend(kubernetes_fault(&running).map(|(flag, message)| defect(exam, index, &running, flag, message)));
        }
    }
    look
}

fn etcd_fault(running: &Running<'_>) -> Option<(&'static str, String)> {
    // empty is left to Go: its own minimum, its newest version
    let version = |flag| match running.flags.value(flag).unwrap_or_default() {
        "" => Some(None),
        "TLS1.2" => Some(Some(2)),
        "TLS1.3" => Some(Some(3)),
        _ => None,
    };
    for flag in ["tls-min-version", "tls-max-version"] {
        if version(flag).is_none() {
            let value = running.flags.value(flag).unwrap_or_default();
            return Some((flag, format!("is {value:?}, and etcd knows TLS1.2 and TLS1.3")));
        }
    }
    let (minimum, maximum) = (version("tls-min-version").flatten(), version("tls-max-version").flatten());
    if let (Some(minimum), Some(maximum)) = (minimum, maximum)
        && minimum > maximum
    {
        return Some(("tls-min-version", format!("is TLS1.{minimum}, above --tls-max-version TLS1.{maximum}")));
    }
    let only_1_3 = minimum == Some(3) && !running.flags.list("cipher-suites").is_empty();
    only_1_3.then(|| ("cipher-suites", "cannot be given when --tls-min-version is TLS1.3".to_owned()))
}

fn kubernetes_fault(running: &Running<'_>) -> Option<(&'static str, String)> {
    let value = running.flags.value("tls-min-version").filter(|value| !value.is_empty())?;
    let known = ["VersionTLS10", "VersionTLS11", "VersionTLS12", "VersionTLS13"];
    (!known.contains(&value))
        .then(|| ("tls-min-version", format!("is {value:?}, and the program knows {}", known.join(", "))))
}

fn defect(exam: &Exam<'_>, node: usize, running: &Running<'_>, flag: &str, message: String) -> Defect {
    let flags = ["tls-min-version", "tls-max-version", "cipher-suites"];
    Defect {
        severity: Severity::Error,
        nodes: vec![node],
        subject: words::flag_subject(exam, node, running, flag),
        message,
        facts: flags
            .into_iter()
            .filter(|flag| running.flags.get(flag).is_some())
            .map(|flag| words::flag_fact(running, flag))
            .collect(),
        links: Vec::new(),
        remedy: Remedy::manual([
            format!("correct --{flag} or drop it: the default is TLS 1.2 and above"),
            words::edit(running),
        ]),
    }
}
