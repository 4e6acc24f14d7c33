//! `duplicate-pod`: a second file of the manifests directory defines the same pod.

use crate::check::{Check, Defect, Fact, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::manifest::{Component, Pod};
use crate::cluster::{Manifest, Node};
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "duplicate-pod",
    title: "two manifests define the same pod",
    severity: Severity::Error,
    citation: "kubelet pkg/kubelet/config listConfig: every file that does not start with a dot",
    docs: "\
What it looks at: every file of the manifests directory whatever its ending, except those that start with a \
dot: pods of one name, and containers that run the same component. Also files with several YAML documents, \
of which the kubelet reads only the first.

Why it matters: the kubelet reads etcd.yaml.bak, too. The two fight for the port (`bind: address already in \
use`), or the old flags stay active and changes seem to do nothing. What this report says of links holds \
for the first file only.

What to do: move the copy out of the directory.

Example: `cp etcd.yaml etcd.yaml.bak` in /etc/kubernetes/manifests before an edit.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (node, here) in exam.cluster.nodes.iter().enumerate() {
        let mut first: Vec<(&Manifest, &Pod)> = Vec::new();
        for manifest in here.manifests.iter().filter(|manifest| manifest.active) {
            look.subjects += 1;
            let Ok(pods) = &manifest.pods else { continue };
            let doubles = pods.iter().filter(|pod| pod.document == 1).find_map(|pod| {
                first.iter().find(|(_, known)| is_same(known, pod)).map(|(other, known)| (*other, *known, pod))
            });
            if let Some((other, known, pod)) = doubles {
                look.defects.push(double(here, node, (other, known), (manifest, pod)));
            } else if let Some(pod) = pods.iter().find(|pod| pod.document > 1) {
                look.defects.push(never_read(here, node, manifest, pod));
            }
            first.extend(pods.iter().filter(|pod| pod.document == 1).map(|pod| (manifest, pod)));
        }
    }
    look
}

fn is_same(a: &Pod, b: &Pod) -> bool {
    (!a.name.is_empty() && (&a.name, &a.namespace) == (&b.name, &b.namespace))
        || component(a).is_some() && component(a) == component(b)
}

fn component(pod: &Pod) -> Option<Component> {
    pod.containers.iter().find_map(|container| container.component)
}

fn double(here: &Node, node: usize, (other, known): (&Manifest, &Pod), (manifest, pod): (&Manifest, &Pod)) -> Defect {
    let mut facts =
        vec![fact("pod", format!("{}/{}", pod.namespace, pod.name)), fact("also in", here.shown(&other.path))];
    facts.extend(differences(known, pod));
    Defect {
        severity: Severity::Error,
        nodes: vec![node],
        subject: here.shown(&manifest.path).to_owned(),
        message: format!("defines the same pod as {}: the kubelet reads both", here.shown(&other.path)),
        facts,
        links: Vec::new(),
        remedy: Remedy::manual([format!(
            "move it out of the manifests directory, for instance: mv {} /root/",
            words::quoted(&manifest.path)
        )])
        .avoid("renaming it to another ending: the kubelet reads every file that does not start with a dot"),
    }
}

/// Flags that the two do not share, at most five.
fn differences(a: &Pod, b: &Pod) -> Vec<Fact> {
    let flags = |pod: &Pod| -> Vec<(String, String)> {
        pod.containers
            .iter()
            .flat_map(|container| container.flags.iter().map(|flag| (flag.name.clone(), flag.value.clone())))
            .collect()
    };
    let (first, second) = (flags(a), flags(b));
    let mut facts: Vec<Fact> = second
        .iter()
        .filter(|flag| !first.contains(flag))
        .take(5)
        .map(|(name, value)| fact(format!("--{name} here"), value))
        .collect();
    if facts.is_empty() {
        let same = first.iter().all(|flag| second.contains(flag));
        facts.push(fact("flags", if same { "the same in both" } else { "fewer than in the other file" }));
    }
    facts
}

fn never_read(here: &Node, node: usize, manifest: &Manifest, pod: &Pod) -> Defect {
    Defect {
        severity: Severity::Warning,
        nodes: vec![node],
        subject: here.shown(&manifest.path).to_owned(),
        message: "holds several documents, of which the kubelet reads only the first".to_owned(),
        facts: vec![fact("never run", format!("{}/{} (document {})", pod.namespace, pod.name, pod.document))],
        links: Vec::new(),
        remedy: Remedy::manual([format!(
            "give each pod its own file, or remove what follows the first document of {}",
            manifest.path
        )]),
    }
}
