//! `manifest-broken`: a file of the manifests directory that the kubelet cannot read.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::cluster::manifest::Component;
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "manifest-broken",
    title: "a static pod manifest does not parse",
    severity: Severity::Error,
    citation: "kubelet config/file.go (extractFromDir); sigs.k8s.io/yaml",
    docs: "\
What it looks at: every file of the manifests directory whose name does not start with a dot, read as the \
kubelet reads it.

Why it matters: the kubelet logs `Could not process manifest file` and goes on as if the file did not \
exist: it stops the pod that the file described, and does not start it again. kubectl shows nothing, \
because the API server may be that pod.

What to do: mend the file at the line that is named.

Example: etcd.yaml with a tab, a missing colon, or a half-finished edit.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (index, node) in exam.cluster.nodes.iter().enumerate() {
        look.unobserved += usize::from(!node.has_manifests);
        for manifest in node.manifests.iter().filter(|manifest| manifest.active) {
            look.subjects += 1;
            let Err(problem) = &manifest.pods else { continue };
            // what this process may not read, the kubelet may
            if manifest.unread {
                look.unobserved += 1;
                continue;
            }
            let name = manifest.path.rsplit('/').next().unwrap_or_default();
            let known = Component::ALL.into_iter().find(|component| name.starts_with(component.name()));
            let mut facts = vec![fact("what is wrong", &problem.message)];
            facts.extend(problem.line.map(|line| fact("line", line)));
            let place =
                problem.line.map_or_else(|| manifest.path.clone(), |line| format!("{} at line {line}", manifest.path));
            look.defects.push(Defect {
                severity: if known.is_some() { Severity::Error } else { Severity::Warning },
                nodes: vec![index],
                subject: node.shown(&manifest.path).to_owned(),
                message: known.map_or_else(|| "the kubelet cannot read it".to_owned(), |component| format!("the kubelet cannot read it and does not run {}", component.name())),
                facts,
                links: Vec::new(),
                remedy: Remedy::manual([format!("mend {place}; the kubelet takes the file up by itself")])
                    .avoid("keeping copies or half-finished edits in the manifests directory: the kubelet tries to run every file in it"),
            });
        }
    }
    look
}
