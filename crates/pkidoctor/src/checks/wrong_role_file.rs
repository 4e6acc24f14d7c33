//! `wrong-role-file`: a flag names a file that was made for something else, and it works.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::Running;
use crate::cluster::manifest::Component;
use crate::exam::Exam;
use crate::links::reference::{Origin, Reference};
use crate::profile;

pub(super) static CHECK: Check = Check {
    code: "wrong-role-file",
    title: "a flag names a file of another role",
    severity: Severity::Info,
    citation: "kubeadm phases/etcd, phases/controlplane (the paths it writes)",
    docs: "\
What it looks at: flags that name a file of kubeadm's layout which belongs to another role, although every \
link that uses it works.

Why it matters: it works by luck. `kubeadm certs renew` renews each file for its own role; the next one \
may lose the usage or the name that the other role needs.

What to do: name the file of the role, unless it was shared on purpose.

Example: --peer-cert-file=/etc/kubernetes/pki/etcd/server.crt.",
    look,
};

/// A component's flag, the flag of the key that goes with it, and the role whose file kubeadm names.
const EXPECTED: [(Component, &str, Option<&str>, &str); 10] = [
    (Component::Etcd, "cert-file", Some("key-file"), "etcd-server"),
    (Component::Etcd, "peer-cert-file", Some("peer-key-file"), "etcd-peer"),
    (Component::KubeApiserver, "etcd-certfile", Some("etcd-keyfile"), "apiserver-etcd-client"),
    (Component::KubeApiserver, "tls-cert-file", Some("tls-private-key-file"), "apiserver"),
    (Component::KubeApiserver, "kubelet-client-certificate", Some("kubelet-client-key"), "apiserver-kubelet-client"),
    (Component::KubeApiserver, "proxy-client-cert-file", Some("proxy-client-key-file"), "front-proxy-client"),
    (Component::KubeControllerManager, "client-ca-file", None, "ca"),
    (Component::KubeControllerManager, "requestheader-client-ca-file", None, "front-proxy-ca"),
    (Component::KubeScheduler, "client-ca-file", None, "ca"),
    (Component::KubeScheduler, "requestheader-client-ca-file", None, "front-proxy-ca"),
];

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (index, node) in exam.cluster.nodes.iter().enumerate() {
        look.unobserved += usize::from(!node.has_manifests);
        for (component, flag, key_flag, role) in EXPECTED {
            let Some(running) = node.running(component) else { continue };
            let reference = Reference::flag(index, &running, flag);
            let exists = reference.material(exam.cluster).is_some();
            look.subjects += usize::from(exists);
            let actual = reference.path().and_then(|path| profile::role_of(node.shown(path)));
            let Some(actual) = actual.filter(|actual| exists && actual.name != role) else { continue };
            if is_told(exam, &reference) {
                continue;
            }
            look.defects.push(defect(exam, index, &running, (flag, key_flag), role, actual.name));
        }
    }
    look
}

/// Whether a link that uses this flag already fails, for whatever reason.
fn is_told(exam: &Exam<'_>, flag: &Reference) -> bool {
    let same = |reference: &Reference| match (&reference.origin, &flag.origin) {
        (Origin::Flag { manifest: a, flag: b, .. }, Origin::Flag { manifest: c, flag: d, .. }) => {
            reference.node == flag.node && a == c && b == d
        }
        _ => false,
    };
    exam.reasons.iter().any(|reason| exam.links[reason.link].references().any(same))
}

fn defect(
    exam: &Exam<'_>,
    node: usize,
    running: &Running<'_>,
    (flag, key_flag): (&str, Option<&str>),
    role: &str,
    actual: &str,
) -> Defect {
    let usual = profile::named(role)
        .map(|role| exam.cluster.nodes[node].layout(&format!("{}.crt", role.stem)))
        .unwrap_or_default();
    let mut facts = vec![words::flag_fact(running, flag)];
    facts.extend(key_flag.map(|flag| words::flag_fact(running, flag)));
    facts.extend([fact("made for", actual), fact("kubeadm names", &usual)]);
    let both = key_flag.map_or_else(|| format!("--{flag}"), |key| format!("--{flag} and --{key}"));
    Defect {
        severity: Severity::Info,
        nodes: vec![node],
        subject: words::flag_subject(exam, node, running, flag),
        message: format!("names the file of {actual} where {role} belongs; it works"),
        facts,
        links: Vec::new(),
        remedy: Remedy::manual([
            format!("set {both} to the files of {role}, unless the pair is shared on purpose"),
            words::edit(running),
        ]),
    }
}
