//! `file-bind-mount`: a certificate or key is mounted as a single file.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::cluster::manifest::{Component, HostPath};
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "file-bind-mount",
    title: "a certificate or key is mounted as a single file",
    severity: Severity::Info,
    citation: "mount(2) MS_BIND: a bind mount keeps the inode; kubeadm mounts directories",
    docs: "\
What it looks at: volume mounts that end exactly at a PEM file which a flag names.

Why it matters: tools replace a file by renaming a new one over it. A mount of the single file keeps \
showing the old one to the container, even to etcd, which reads its pair at every handshake. It works until \
the next renewal.

What to do: mount the directory instead. After a renewal, recreate the container.

Example: a hostPath of type File for /etc/ssl/etcd/server.crt in a hand-written etcd.yaml.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (node, here) in exam.cluster.nodes.iter().enumerate() {
        let mut told: Vec<String> = Vec::new();
        for running in Component::ALL.into_iter().flat_map(|component| here.all_running(component)) {
            let Some((pod, container)) = running.pod else { continue };
            for flag in running.flags.iter() {
                let HostPath::Mapped { path, kind, exact, .. } = pod.host_path(container, &flag.value) else {
                    continue;
                };
                let is_pem = || {
                    here.file(&path)
                        .and_then(|file| file.material())
                        .is_some_and(|material| !material.pem.blocks.is_empty())
                };
                look.subjects += 1;
                if !exact || told.contains(&path) || !is_pem() {
                    continue;
                }
                look.defects.push(Defect {
                    severity: Severity::Info,
                    nodes: vec![node],
                    subject: here.shown(&path).to_owned(),
                    message: "is mounted into the container as a single file: a renewed one is not seen there".to_owned(),
                    facts: vec![
                        fact("named by", format!("--{} in {}", flag.name, here.shown(running.manifest))),
                        fact("volume type", if kind.is_empty() { "not checked" } else { kind.as_str() }),
                    ],
                    links: Vec::new(),
                    remedy: Remedy::manual([format!("mount the directory of {path} in {} instead", running.manifest)])
                        .step("until then recreate the container after every renewal: crictl rm the stopped container, or move the manifest away and back"),
                });
                told.push(path);
            }
        }
    }
    look
}
