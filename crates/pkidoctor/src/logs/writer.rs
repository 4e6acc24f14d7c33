//! Which program wrote a line: by the name of the log, of the unit or container, of the source file.

use super::event::Writer;

const NAMES: [(&str, Writer); 11] = [
    ("etcd", Writer::Etcd),
    ("kube-apiserver", Writer::KubeApiserver),
    ("apiserver", Writer::KubeApiserver),
    ("kube-controller-manager", Writer::KubeControllerManager),
    ("kube-scheduler", Writer::KubeScheduler),
    ("kubelet", Writer::Kubelet),
    ("kubeadm", Writer::Kubeadm),
    ("etcdctl", Writer::Etcdctl),
    ("kubectl", Writer::Kubectl),
    ("metrics-server", Writer::ExtensionServer),
    ("curl", Writer::Curl),
];

fn exactly(name: &str) -> Option<Writer> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, writer)| *writer)
}

/// The program behind an identifier at the head of a line, without a date before it.
pub(super) fn of_ident(name: &str) -> Option<Writer> {
    // `curl: (56) …` and `kubectl: …` say themselves what they are
    exactly(name).filter(|writer| *writer != Writer::Curl)
}

/// The program behind a unit, a container or a process: `etcd.service`, `k8s_etcd_etcd-cp1_kube-system_…`.
pub(super) fn of_unit(name: &str) -> Option<Writer> {
    let name = name.rsplit('/').next().unwrap_or(name).trim_end_matches(".service");
    let name = name.strip_prefix("k8s_").and_then(|rest| rest.split('_').next()).unwrap_or(name);
    exactly(name)
}

/// The program whose log has this name, where the name is not of two programs.
pub(super) fn of_source(name: &str) -> Option<Writer> {
    let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty()).collect();
    if let Some(pods) = parts.iter().position(|part| *part == "pods") {
        // NAMESPACE_POD_UID/CONTAINER/0.log
        return parts.get(pods + 2).and_then(|container| exactly(container));
    }
    let file = parts.last()?;
    // containers/POD_NAMESPACE_CONTAINER-ID.log
    if parts.iter().rev().nth(1) == Some(&"containers")
        && let Some((container, _)) = file.rsplit('_').next().and_then(|last| last.rsplit_once('-'))
    {
        return exactly(container);
    }
    let numbered = file.split('.').all(|part| matches!(part, "log" | "gz") || part.bytes().all(|b| b.is_ascii_digit()));
    named_once(if numbered { parts.iter().rev().nth(1)? } else { file })
}

/// The only program that a name names.
fn named_once(name: &str) -> Option<Writer> {
    let boundary = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
    let bytes = name.as_bytes();
    let mut found = None;
    for (known, writer) in NAMES {
        let named = memchr::memmem::find_iter(bytes, known).any(|at| {
            boundary(at.checked_sub(1).and_then(|before| bytes.get(before))) && boundary(bytes.get(at + known.len()))
        });
        if named && found.replace(writer).is_some_and(|other| other != writer) {
            return None;
        }
    }
    found
}

/// The program that has a source file of this name, where only one has.
pub(super) fn of_file(file: &str) -> Option<Writer> {
    const FILES: [(&str, Writer); 31] = [
        ("embed/", Writer::Etcd),
        ("etcdmain/", Writer::Etcd),
        ("etcdserver/", Writer::Etcd),
        ("rafthttp/", Writer::Etcd),
        ("membership/", Writer::Etcd),
        ("mvcc/", Writer::Etcd),
        ("v3rpc/", Writer::Etcd),
        ("fileutil/", Writer::Etcd),
        ("osutil/", Writer::Etcd),
        ("api/capability.go", Writer::Etcd),
        ("auth/store.go", Writer::Etcd),
        ("grpclog/", Writer::Etcd),
        ("clientv3/", Writer::Etcdctl),
        ("v3@", Writer::Etcdctl),
        ("kubelet.go", Writer::Kubelet),
        ("kubelet_node_status.go", Writer::Kubelet),
        ("bootstrap.go", Writer::Kubelet),
        ("certificate_manager.go", Writer::Kubelet),
        ("prober.go", Writer::Kubelet),
        ("pod_workers.go", Writer::Kubelet),
        ("memcache.go", Writer::Kubectl),
        ("instance.go", Writer::KubeApiserver),
        ("storage_factory.go", Writer::KubeApiserver),
        ("available_controller.go", Writer::KubeApiserver),
        ("apiservice_controller.go", Writer::KubeApiserver),
        ("node_authorizer.go", Writer::KubeApiserver),
        ("controllermanager.go", Writer::KubeControllerManager),
        ("certificate_controller.go", Writer::KubeControllerManager),
        ("csrapproving.go", Writer::KubeControllerManager),
        ("scheduler.go", Writer::KubeScheduler),
        ("schedule_one.go", Writer::KubeScheduler),
    ];
    // callers are `dir/file.go:1`, klog's files are bare
    let file = file.split(':').next().unwrap_or(file);
    FILES
        .iter()
        .find(|(known, _)| if known.ends_with(".go") { file == *known } else { file.starts_with(known) })
        .map(|(_, writer)| *writer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_logs() {
        let pods = "/var/log/pods/kube-system_etcd-cp1_0a1b/etcd/0.log";
        assert_eq!(of_source(pods), Some(Writer::Etcd));
        let containers = "/var/log/containers/kube-apiserver-cp1_kube-system_kube-apiserver-0a1b2c.log";
        assert_eq!(of_source(containers), Some(Writer::KubeApiserver));
        assert_eq!(of_source("logs/34-client-expired.etcd.log"), Some(Writer::Etcd));
        assert_eq!(of_source("/var/log/etcd/1.log.gz"), Some(Writer::Etcd));
        assert_eq!(of_source("apiserver-120-etcd-client-expired.log"), None, "of two programs");
        assert_eq!(of_source("kube-apiserver.log"), Some(Writer::KubeApiserver));
        assert_eq!(of_source("kubelet"), Some(Writer::Kubelet));
        assert_eq!(of_source("etcdctl.txt"), Some(Writer::Etcdctl), "not etcd");
        assert_eq!(of_source("messages"), None);
    }

    #[test]
    fn names_of_units() {
        assert_eq!(of_unit("etcd.service"), Some(Writer::Etcd));
        assert_eq!(of_unit("/usr/bin/kubelet"), Some(Writer::Kubelet));
        assert_eq!(of_unit("k8s_kube-apiserver_kube-apiserver-cp1_kube-system_0a_1"), Some(Writer::KubeApiserver));
        assert_eq!(of_unit("sshd"), None);
    }
}
