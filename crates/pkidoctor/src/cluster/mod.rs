//! A cluster as it was seen: files, manifests, kubeconfigs, each understood or known not to be.
//!
//! Nothing here judges and nothing here reads; [`crate::read`] makes these values and [`crate::links`]
//! looks at them. A file that could not be read, or a manifest that is no YAML, is a value too.

pub mod etcd_config;
pub mod flags;
pub mod kubeconfig;
pub mod kubelet;
pub mod manifest;
pub(crate) mod release;
pub mod url;
pub mod yaml;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::go::GoVersion;
use crate::go::load::Material;
use etcd_config::EtcdConfig;
use flags::Flags;
use kubeconfig::{Kubeconfig, Unusable};
use kubelet::KubeletConfig;
use manifest::{Component, Container, Pod};
use yaml::Problem;

/// The largest file that is looked at, in bytes; no certificate, key or manifest comes near it.
pub const MAX_FILE: u64 = 4 << 20;

/// Everything that is to be judged, and when, and by whose rules.
pub struct Cluster {
    /// The given nodes of one cluster.
    pub nodes: Vec<Node>,
    /// The instant of judgement.
    pub now: OffsetDateTime,
    /// The Go version whose rules count; files were parsed for it.
    pub go: GoVersion,
}

/// One control-plane node.
pub struct Node {
    /// The path as it was given.
    pub path: String,
    /// etcd's `--name`, else the kubelet's node name, else the last telling part of the path.
    pub name: String,
    /// Where the PKI lies on the node, e.g. `/etc/kubernetes/pki`.
    pub pki: String,
    /// Whether only a copy of the PKI is here, so that no other path of the node can be looked at.
    pub is_copy: bool,
    /// Directories of the node and where each lies on this machine, the longest first; none where this is the node.
    pub places: Vec<(String, PathBuf)>,
    /// Every file in the tree and every file that anything names, by its path on the node.
    pub files: BTreeMap<String, File>,
    /// The directories on the way to them, as far as they can be looked at, where a reader that is not root needs
    /// permission to search them.
    pub directories: BTreeMap<String, Meta>,
    /// Whether there is a manifests directory at all.
    pub has_manifests: bool,
    /// The files of the manifests directory.
    pub manifests: Vec<Manifest>,
    /// The kubeconfigs beside the PKI.
    pub kubeconfigs: Vec<KubeconfigFile>,
    /// etcd's configuration file, when it is not a static pod.
    pub etcd_config: Option<EtcdConfigFile>,
    /// The kubelet's configuration, where it could be looked at.
    pub kubelet: Option<KubeletFile>,
    /// What stopped the walk through the tree: path and words.
    pub obstacles: Vec<(String, String)>,
}

/// A path on the node and what is there.
pub struct File {
    /// The path on the node.
    pub path: String,
    /// Whether it lies in the PKI tree that was walked.
    pub in_tree: bool,
    /// Mode, owner and size, where the path exists.
    pub meta: Option<Meta>,
    /// What it holds.
    pub state: State,
}

/// What the file system knows about a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// Permission bits, `07777`.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Bytes.
    pub size: u64,
    /// Last modification, seconds since 1970.
    pub modified: Option<i64>,
    /// The target as written, if the path itself is a symbolic link; all else describes what it leads to.
    pub link: Option<String>,
}

/// What is at a path.
pub enum State {
    /// Nothing; for a dangling symbolic link, its target.
    Missing {
        /// The target of a dangling link.
        link: Option<String>,
    },
    /// Outside what may be looked at (another path of a node whose copy this is).
    Unobserved,
    /// This process may not read it.
    Unreadable(String),
    /// A chain of symbolic links without end.
    LinkLoop,
    /// A directory where a file is expected.
    Directory,
    /// A FIFO, socket or device.
    Special(&'static str),
    /// Too large to be what it should be.
    TooLarge(u64),
    /// A regular file.
    Regular(Content),
}

/// A regular file's content, understood.
pub struct Content {
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// Read as PEM.
    pub material: Material,
    /// The bytes of a file that is DER instead of PEM, which may be a private key.
    pub der: Option<Zeroizing<Vec<u8>>>,
    /// Whether it is a kubeconfig's text with a private key in it.
    pub embeds_key: bool,
    /// Whether it is text of another kind (YAML, a log…) rather than a damaged PEM file.
    pub looks_like_pki: bool,
}

impl File {
    /// The content, if it is a regular file that could be read.
    pub fn content(&self) -> Option<&Content> {
        match &self.state {
            State::Regular(content) => Some(content),
            _ => None,
        }
    }

    /// The PEM in it.
    pub fn material(&self) -> Option<&Material> {
        self.content().map(|content| &content.material)
    }
}

/// One file of the manifests directory.
pub struct Manifest {
    /// Its path on the node.
    pub path: String,
    /// The pods in it.
    pub pods: Result<Vec<Pod>, Problem>,
    /// Whether the kubelet would run it: it reads every file that does not start with a dot.
    pub active: bool,
    /// Whether this process may not read it; the kubelet may.
    pub unread: bool,
}

/// One kubeconfig.
pub struct KubeconfigFile {
    /// Its path on the node.
    pub path: String,
    /// Its file name, e.g. `admin.conf`.
    pub name: String,
    /// What it says.
    pub parsed: Result<Kubeconfig, KubeconfigProblem>,
    /// Certificates embedded in it, read as PEM.
    pub client_certificate: Option<Material>,
    /// The embedded key.
    pub client_key: Option<Material>,
    /// The embedded CA.
    pub ca: Option<Material>,
}

/// Why a kubeconfig gives nothing.
#[derive(Clone, Debug)]
pub enum KubeconfigProblem {
    /// It could not be read.
    Unreadable(String),
    /// It is not a kubeconfig or broken.
    Unusable(Unusable),
}

/// etcd's own configuration file.
pub struct EtcdConfigFile {
    /// Its path on the node.
    pub path: String,
    /// What it says.
    pub parsed: Result<EtcdConfig, Problem>,
    /// The number of the user that a unit runs etcd as, where that is known.
    pub user: Option<i64>,
}

/// The kubelet's configuration.
pub struct KubeletFile {
    /// Its path on the node.
    pub path: String,
    /// What it says.
    pub parsed: Result<KubeletConfig, Problem>,
    /// Flags of its unit's environment file.
    pub flags: Flags,
}

/// A component as a manifest or a configuration file runs it.
#[derive(Clone, Copy)]
pub struct Running<'a> {
    /// The file that says so: path on the node.
    pub manifest: &'a str,
    /// Its flags.
    pub flags: &'a Flags,
    /// The pod and container, unless it is a systemd service.
    pub pod: Option<(&'a Pod, &'a Container)>,
    /// The user it runs as, where that is known.
    pub user: Option<i64>,
}

impl Node {
    /// Whether manifests say that these files belong somewhere else, so that loopback is not where this node is.
    pub fn is_elsewhere(&self) -> bool {
        self.is_copy && self.has_manifests
    }

    /// The first active container that runs `component`, or etcd's configuration file.
    pub fn running(&self, component: Component) -> Option<Running<'_>> {
        let service = (component == Component::Etcd).then(|| self.etcd_service()).flatten();
        service.or_else(|| self.all_running(component).next())
    }

    /// Whether a component that no manifest names may run all the same: there are no manifests here, or one that
    /// could not be read bears its name (or is their directory).
    pub fn may_run(&self, component: Component) -> bool {
        let hidden = |manifest: &Manifest| {
            let name = manifest.path.rsplit('/').next().unwrap_or_default();
            // what begins with a dot is not read by the kubelet either; nothing else but the directory is not active
            manifest.unread && !name.starts_with('.') && (!manifest.active || name.contains(component.name()))
        };
        !self.has_manifests || self.manifests.iter().any(hidden)
    }

    fn etcd_service(&self) -> Option<Running<'_>> {
        let file = self.etcd_config.as_ref()?;
        let parsed = file.parsed.as_ref().ok()?;
        Some(Running { manifest: &file.path, flags: &parsed.flags, pod: None, user: file.user })
    }

    /// Every active container that runs `component`.
    pub fn all_running(&self, component: Component) -> impl Iterator<Item = Running<'_>> {
        let pods = self.manifests.iter().filter(|manifest| manifest.active).flat_map(|manifest| {
            let pods = manifest.pods.as_deref().unwrap_or_default();
            // the kubelet reads only the first document of a file
            pods.iter().filter(|pod| pod.document == 1).map(move |pod| (manifest, pod))
        });
        let containers =
            pods.flat_map(|(manifest, pod)| pod.containers.iter().map(move |container| (manifest, pod, container)));
        containers.filter(move |(_, _, container)| container.component == Some(component)).map(
            |(manifest, pod, container)| Running {
                manifest: &manifest.path,
                flags: &container.flags,
                pod: Some((pod, container)),
                user: container.run_as_user,
            },
        )
    }

    /// The kubelet's node name: what follows `system:node:` in the certificate or the user of kubelet.conf.
    pub fn kubelet_name(&self) -> Option<String> {
        let file = self.kubeconfig("kubelet.conf")?;
        let embedded = file.client_certificate.as_ref();
        let rotated = self.file("/var/lib/kubelet/pki/kubelet-client-current.pem").and_then(File::material);
        let subject = |material: &Material| material.parsed().next().map(|leaf| leaf.subject.common_name().to_owned());
        let common_name = embedded.and_then(subject).or_else(|| rotated.and_then(subject));
        let from_user = || {
            let current = file.parsed.as_ref().ok()?.current().ok()?;
            current.user.ok().map(|user| user.name.it.clone())
        };
        let name = common_name.or_else(from_user)?;
        name.strip_prefix("system:node:").filter(|name| !name.is_empty()).map(str::to_owned)
    }

    /// The kubeconfig of this name.
    pub fn kubeconfig(&self, name: &str) -> Option<&KubeconfigFile> {
        self.kubeconfigs.iter().find(|file| file.name == name)
    }

    /// A path of kubeadm's layout.
    pub fn layout(&self, relative: &str) -> String {
        format!("{}/{relative}", self.pki)
    }

    /// How reports write a path: relative to the PKI, or as it is on the node.
    pub fn shown<'p>(&self, path: &'p str) -> &'p str {
        path.strip_prefix(self.pki.as_str()).and_then(|rest| rest.strip_prefix('/')).unwrap_or(path)
    }

    /// Where on this machine a path is that is written as in reports.
    pub fn here(&self, shown: &str) -> PathBuf {
        let path = if shown.starts_with('/') { shown.to_owned() } else { self.layout(shown) };
        let below = |(place, here): &(String, PathBuf)| Some(here.join(Path::new(&path).strip_prefix(place).ok()?));
        self.places.iter().find_map(below).unwrap_or_else(|| PathBuf::from(&path))
    }

    /// The file at a path of the node, if anybody looked.
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.get(path)
    }

    /// The files of the PKI tree, in order.
    pub fn tree(&self) -> impl Iterator<Item = &File> {
        self.files.values().filter(|file| file.in_tree)
    }
}
