//! `path-not-mounted`: a flag names a path that the container cannot see.

use crate::check::{Check, Look, Remedy, Severity, fact};
use crate::checks::load;
use crate::checks::words::Told;
use crate::cluster::manifest::VolumeSource;
use crate::exam::{Exam, Group};
use crate::links::reference::{Origin, Place};

pub(super) static CHECK: Check = Check {
    code: "path-not-mounted",
    title: "a flag names a path that is not mounted into the container",
    severity: Severity::Error,
    citation: "kubeadm phases/etcd GetEtcdPodSpec; Kubernetes volumeMounts",
    docs: "\
What it looks at: every path in the flags of a static pod against the volume mounts of its container.

Why it matters: the process says `open PATH: no such file or directory` although `ls` on the node shows \
the file. kubeadm mounts only /etc/kubernetes/pki/etcd and the data directory into etcd.

What to do: move the file below a directory that is mounted, or mount its directory.

Example: --cert-file=/etc/ssl/etcd/server.crt in etcd.yaml without a volume for /etc/ssl/etcd.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    load::look(exam, CHECK.code, tell)
}

fn tell(exam: &Exam<'_>, group: &Group<'_, '_>) -> Told {
    let guilty = group.first().guilty.as_ref();
    let shown = guilty.map_or("", |guilty| match &guilty.place {
        Place::Path { shown, .. } | Place::Unmapped { shown, .. } => shown.as_str(),
        _ => "",
    });
    let mounts = mounts(exam, group);
    let mut facts = vec![
        fact("path in the container", shown),
        fact("mounted", if mounts.is_empty() { "nothing of the node".to_owned() } else { mounts.join(", ") }),
    ];
    let other =
        group.first().pair.as_ref().map(|pair| if Some(&pair.key) == guilty { &pair.certificate } else { &pair.key });
    if let Some(Place::Unmapped { shown, .. }) = other.map(|other| &other.place) {
        facts.push(fact("not mounted either", shown));
    }
    let manifest = match guilty.map(|guilty| &guilty.origin) {
        Some(Origin::Flag { manifest, .. }) => manifest.as_str(),
        _ => "the manifest",
    };
    let remedy = Remedy::manual([
        format!("move the files below a mounted directory and set the flags to them in {manifest}, or add a hostPath volume and a volumeMount for their directory there"),
        "keep no copy of the manifest in its directory: the kubelet runs every file there".to_owned(),
    ])
    .avoid("putting the file on the node once more: the container does not see that place");
    Told { message: format!("names {shown}, which is not mounted into the container"), facts, remedy }
}

/// The directories of the node that the containers of the manifest see.
fn mounts(exam: &Exam<'_>, group: &Group<'_, '_>) -> Vec<String> {
    let Some(Origin::Flag { manifest, .. }) = group.first().guilty.as_ref().map(|guilty| &guilty.origin) else {
        return Vec::new();
    };
    let found = exam.cluster.nodes[group.node].manifests.iter().find(|known| known.path == *manifest);
    let pods = found.and_then(|found| found.pods.as_deref().ok()).unwrap_or_default();
    let mut mounts = Vec::new();
    for pod in pods {
        let of_node = |name: &str| {
            pod.volumes
                .iter()
                .any(|volume| volume.name == name && matches!(volume.source, VolumeSource::HostPath { .. }))
        };
        for mount in pod.containers.iter().flat_map(|container| &container.mounts) {
            if of_node(&mount.volume) && !mounts.contains(&mount.mount_path) {
                mounts.push(mount.mount_path.clone());
            }
        }
    }
    mounts
}
