//! `manifest-unknown`: a manifest with a component's name in which the component is not found.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::cluster::Manifest;
use crate::cluster::manifest::{Component, Pod};
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "manifest-unknown",
    title: "a manifest in which its component is not found",
    severity: Severity::Info,
    citation: "opinion",
    docs: "\
What it looks at: etcd.yaml, kube-apiserver.yaml, kube-controller-manager.yaml and kube-scheduler.yaml that \
parse, but hold no container that runs the component of that name.

Why it matters: a program or an image of one's own starts the component, and its flags cannot be judged \
here. What depends on them is reported as unknown, or as if the component did not run on this node.

What to do: nothing, if that is meant. For etcd behind a program of your own, give its settings with \
--etcd-config.

Example: etcd.yaml whose command is /usr/local/bin/start-it.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (index, node) in exam.cluster.nodes.iter().enumerate() {
        look.unobserved += usize::from(!node.has_manifests);
        for component in Component::ALL {
            let file = format!("{}.yaml", component.name());
            let Some(manifest) = node
                .manifests
                .iter()
                .find(|manifest| manifest.active && manifest.path.rsplit('/').next() == Some(file.as_str()))
            else {
                continue;
            };
            look.subjects += 1;
            if manifest.pods.is_err() || node.running(component).is_some() || stands_further_down(manifest, component) {
                continue;
            }
            look.defects.push(defect(index, node.shown(&manifest.path), manifest, component));
        }
    }
    look
}

/// A component in a later document, which the kubelet never reads, is another finding.
fn stands_further_down(manifest: &Manifest, component: Component) -> bool {
    let pods: &[Pod] = manifest.pods.as_deref().unwrap_or_default();
    pods.iter().any(|pod| pod.containers.iter().any(|container| container.component == Some(component)))
}

fn defect(index: usize, subject: &str, manifest: &Manifest, component: Component) -> Defect {
    let pods: &[Pod] = manifest.pods.as_deref().unwrap_or_default();
    let containers: Vec<String> = pods
        .iter()
        .flat_map(|pod| &pod.containers)
        .map(|container| format!("{} ({})", container.name, container.image))
        .collect();
    Defect {
        severity: Severity::Info,
        nodes: vec![index],
        subject: subject.to_owned(),
        message: format!("no container in it is known to run {}: its flags are not judged", component.name()),
        facts: vec![fact("containers", if containers.is_empty() { "none".to_owned() } else { containers.join(", ") })],
        links: Vec::new(),
        remedy: Remedy::manual([
            "nothing, if that is meant; settings of an etcd behind a script can be given with --etcd-config",
        ]),
    }
}
