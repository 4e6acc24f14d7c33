//! Which file a side of a link uses, who says so, and what comes of loading it.

use std::sync::Arc;

use crate::cluster::kubeconfig::{Field, Source, resolve};
use crate::cluster::manifest::HostPath;
use crate::cluster::{Cluster, File, KubeconfigFile, Meta, Node, Running, State};
use crate::go::load::{self, Half, KeyPair, Loader, Material, PairFault, Pool, PoolFault};

/// Who says that a file is used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// A flag of a manifest or configuration file.
    Flag {
        /// Path of the manifest on the node.
        manifest: String,
        /// The flag without dashes.
        flag: String,
        /// Its line.
        line: Option<u64>,
    },
    /// A field of a kubeconfig.
    Kubeconfig {
        /// Path of the kubeconfig on the node.
        path: String,
        /// The field's line.
        line: Option<u64>,
        /// Which field.
        part: Part,
    },
    /// Nobody: kubeadm's layout expects it.
    Layout,
}

/// Where the bytes are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// A file; `shown` is the path as the process sees it, `path` the one on the node.
    Path {
        /// As in the flag.
        shown: String,
        /// On the node, links not followed.
        path: String,
    },
    /// A path that the container cannot see, or that is relative to a directory nobody knows.
    Unmapped {
        /// As in the flag.
        shown: String,
        /// Why there is no file of the node behind it.
        why: Unmapped,
    },
    /// Inside a kubeconfig.
    Embedded {
        /// The kubeconfig's path on the node.
        path: String,
        /// Which part.
        part: Part,
    },
    /// The flag is not given.
    Unset,
}

/// Why a path leads nowhere on the node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unmapped {
    /// No volume mount covers it.
    NotMounted,
    /// A volume that is not a path of the node.
    OtherVolume(String),
    /// Not absolute.
    Relative,
}

/// A part of a kubeconfig.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// `client-certificate-data`.
    Certificate,
    /// `client-key-data`.
    Key,
    /// `certificate-authority-data`.
    Ca,
}

/// A file in its role on a link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reference {
    /// Index of the node that uses it.
    pub node: usize,
    /// Where it is.
    pub place: Place,
    /// Who says so.
    pub origin: Origin,
    /// Who reads it, when that is known not to be root.
    pub reader: Option<Reader>,
}

/// A process that is not root.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reader {
    /// Its user.
    pub user: i64,
    /// The directory of the node from which on it needs permission to search: the mounted one, or `/`.
    pub from: String,
}

impl Reference {
    /// The file that kubeadm's layout expects.
    pub fn layout(cluster: &Cluster, node: usize, relative: &str) -> Self {
        let path = cluster.nodes[node].layout(relative);
        Self { node, place: Place::Path { shown: path.clone(), path }, origin: Origin::Layout, reader: None }
    }

    /// The file that a flag names.
    pub fn flag(node: usize, running: &Running<'_>, flag: &str) -> Self {
        let found = running.flags.get(flag).filter(|found| !found.value.is_empty());
        let origin = Origin::Flag {
            manifest: running.manifest.to_owned(),
            flag: flag.to_owned(),
            line: found.and_then(|found| found.line),
        };
        let (place, reader) = found.map_or((Place::Unset, None), |found| place_of(running, &found.value));
        Self { node, place, origin, reader }
    }

    /// The same file asked of another value, for flags that name several files.
    pub fn flag_value(node: usize, running: &Running<'_>, flag: &str, value: &str, line: Option<u64>) -> Self {
        let origin = Origin::Flag { manifest: running.manifest.to_owned(), flag: flag.to_owned(), line };
        let (place, reader) = place_of(running, value);
        Self { node, place, origin, reader }
    }

    /// A field of a kubeconfig.
    pub fn kubeconfig(node: usize, file: &KubeconfigFile, field: &Field, part: Part) -> Self {
        let origin = Origin::Kubeconfig { path: file.path.clone(), line: field.line, part };
        let place = match &field.source {
            Source::Absent => Place::Unset,
            Source::Data(_) | Source::BadBase64 { .. } => Place::Embedded { path: file.path.clone(), part },
            Source::Path(path) => {
                let directory = file.path.rsplit_once('/').map_or("", |(directory, _)| directory);
                let path = resolve(directory, path);
                Place::Path { shown: path.clone(), path }
            }
        };
        Self { node, place, origin, reader: None }
    }

    /// Whether no file is named.
    pub fn is_unset(&self) -> bool {
        self.place == Place::Unset
    }

    /// The path on the node, if there is one.
    pub fn path(&self) -> Option<&str> {
        match &self.place {
            Place::Path { path, .. } | Place::Embedded { path, .. } => Some(path),
            _ => None,
        }
    }

    /// How reports name it.
    pub fn subject(&self, cluster: &Cluster) -> String {
        let node = &cluster.nodes[self.node];
        match &self.place {
            Place::Path { path, .. } => node.shown(path).to_owned(),
            Place::Embedded { path, part } => {
                let part = if *part == Part::Ca { "ca" } else { "client" };
                format!("{}#{part}", node.shown(path))
            }
            Place::Unmapped { .. } | Place::Unset => self.flag_subject(cluster).unwrap_or_default(),
        }
    }

    /// `manifest:--flag`, or the kubeconfig, that names it.
    pub fn flag_subject(&self, cluster: &Cluster) -> Option<String> {
        let node = &cluster.nodes[self.node];
        match &self.origin {
            Origin::Flag { manifest, flag, .. } => Some(format!("{}:--{flag}", node.shown(manifest))),
            Origin::Kubeconfig { path, .. } => Some(node.shown(path).to_owned()),
            Origin::Layout => None,
        }
    }

    /// In words, with the line of the flag: `--etcd-cafile in /etc/…/kube-apiserver.yaml line 24`.
    pub fn told_by(&self, cluster: &Cluster) -> Option<String> {
        let node = &cluster.nodes[self.node];
        let line = |line: &Option<u64>| line.map_or_else(String::new, |line| format!(" line {line}"));
        match &self.origin {
            Origin::Flag { manifest, flag, line: at } => {
                Some(format!("--{flag} in {}{}", node.shown(manifest), line(at)))
            }
            Origin::Kubeconfig { path, line: at, .. } => Some(format!("{}{}", node.shown(path), line(at))),
            Origin::Layout => None,
        }
    }

    /// The file behind it, if anybody looked.
    pub fn file<'c>(&self, cluster: &'c Cluster) -> Option<&'c File> {
        match &self.place {
            Place::Path { path, .. } => cluster.nodes[self.node].file(path),
            _ => None,
        }
    }

    /// The PEM in it, if it could be read.
    pub fn material<'c>(&self, cluster: &'c Cluster) -> Option<&'c Material> {
        match &self.place {
            Place::Path { .. } => self.file(cluster)?.material(),
            Place::Embedded { path, part } => {
                let file = cluster.nodes[self.node].kubeconfigs.iter().find(|file| file.path == *path)?;
                match part {
                    Part::Certificate => file.client_certificate.as_ref(),
                    Part::Key => file.client_key.as_ref(),
                    Part::Ca => file.ca.as_ref(),
                }
            }
            _ => None,
        }
    }
}

/// Where a value of a flag leads, and who reads it there.
fn place_of(running: &Running<'_>, value: &str) -> (Place, Option<Reader>) {
    let unmapped = |why| (Place::Unmapped { shown: value.to_owned(), why }, None);
    let placed = |path: String, from: &str| {
        let user = running.user.filter(|user| *user != 0);
        let reader = user.map(|user| Reader { user, from: from.to_owned() });
        (Place::Path { shown: value.to_owned(), path }, reader)
    };
    if !value.starts_with('/') {
        return unmapped(Unmapped::Relative);
    }
    let Some((pod, container)) = running.pod else {
        return placed(crate::cluster::manifest::clean(value), "/");
    };
    match pod.host_path(container, value) {
        HostPath::Mapped { path, mounted, .. } => placed(path, &mounted),
        HostPath::OtherVolume(volume) => unmapped(Unmapped::OtherVolume(volume)),
        HostPath::NotMounted => unmapped(Unmapped::NotMounted),
    }
}

/// A certificate file and a key file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PairReference {
    /// The certificate.
    pub certificate: Reference,
    /// Its key.
    pub key: Reference,
}

impl PairReference {
    /// Two files of kubeadm's layout: `stem.crt` and `stem.key`.
    pub fn layout(cluster: &Cluster, node: usize, stem: &str) -> Self {
        Self {
            certificate: Reference::layout(cluster, node, &format!("{stem}.crt")),
            key: Reference::layout(cluster, node, &format!("{stem}.key")),
        }
    }

    /// The files of two flags.
    pub fn flags(node: usize, running: &Running<'_>, certificate: &str, key: &str) -> Self {
        Self { certificate: Reference::flag(node, running, certificate), key: Reference::flag(node, running, key) }
    }

    /// Whether neither half is named.
    pub fn is_unset(&self) -> bool {
        self.certificate.is_unset() && self.key.is_unset()
    }
}

/// What came of loading something.
#[derive(Clone)]
pub enum Loaded<T> {
    /// It loads.
    Ready(T),
    /// Nothing is configured.
    Nothing,
    /// It does not load.
    Failed(LoadFault),
    /// It cannot be known here.
    Unknown,
}

/// Why a program could not load a file.
#[derive(Clone, Debug)]
pub struct LoadFault {
    /// What the program prints.
    pub text: String,
    /// The file at fault.
    pub guilty: Reference,
    /// The pair that it belongs to, if it is half of one.
    pub pair: Option<PairReference>,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What is wrong with a file that does not load.
#[derive(Clone, Debug)]
pub enum FaultKind {
    /// Nothing at the path.
    Missing,
    /// The container cannot see the path.
    NotMounted(Unmapped),
    /// A directory.
    Directory,
    /// A FIFO, socket or device.
    Special(&'static str),
    /// Far too large.
    TooLarge,
    /// Symbolic links in a circle.
    LinkLoop,
    /// The process's user may not read it, or not enter this directory on the way to it.
    Permission(Option<String>),
    /// The pair is at fault.
    Pair(PairFault),
    /// The CA file is at fault.
    Pool(PoolFault),
    /// Base64 of a kubeconfig.
    Base64(usize),
    /// The flags or fields contradict each other.
    Configuration,
}

/// Loads a pair as every Go program here does: certificate file, key file, then both together.
pub fn load_pair(cluster: &Cluster, pair: &PairReference) -> Loaded<KeyPair> {
    if pair.is_unset() {
        return Loaded::Nothing;
    }
    if pair.certificate.is_unset() || pair.key.is_unset() {
        return Loaded::Failed(half_a_pair(cluster, pair));
    }
    let with_pair = |fault: LoadFault| LoadFault { pair: Some(pair.clone()), ..fault };
    let certificate = match open(cluster, &pair.certificate) {
        Loaded::Ready(material) => material,
        Loaded::Failed(fault) => return Loaded::Failed(with_pair(fault)),
        Loaded::Nothing | Loaded::Unknown => return Loaded::Unknown,
    };
    let key = match open(cluster, &pair.key) {
        Loaded::Ready(material) => material,
        Loaded::Failed(fault) => return Loaded::Failed(with_pair(fault)),
        Loaded::Nothing | Loaded::Unknown => return Loaded::Unknown,
    };
    match load::key_pair(certificate, key) {
        Ok(pair) => Loaded::Ready(pair),
        Err(fault) => {
            let in_certificate = matches!(
                fault,
                PairFault::NoPem(Half::Certificate)
                    | PairFault::WrongLabels(Half::Certificate, _)
                    | PairFault::KeyInPlaceOfCertificate
                    | PairFault::Certificate(_)
                    | PairFault::UnknownAlgorithm
            );
            let guilty = if in_certificate { &pair.certificate } else { &pair.key };
            Loaded::Failed(LoadFault {
                text: fault.text(),
                guilty: guilty.clone(),
                pair: Some(pair.clone()),
                kind: FaultKind::Pair(fault),
            })
        }
    }
}

fn half_a_pair(cluster: &Cluster, pair: &PairReference) -> LoadFault {
    let missing = if pair.key.is_unset() { &pair.key } else { &pair.certificate };
    let shown = |reference: &Reference| match &reference.place {
        Place::Path { shown, .. } | Place::Unmapped { shown, .. } => shown.clone(),
        _ => String::new(),
    };
    let text = match &missing.origin {
        Origin::Kubeconfig { .. } => kubeconfig_half(cluster, missing, pair.key.is_unset()),
        _ => format!(
            "KeyFile and CertFile must both be present[key: {}, cert: {}]",
            shown(&pair.key),
            shown(&pair.certificate)
        ),
    };
    LoadFault { text, guilty: missing.clone(), pair: Some(pair.clone()), kind: FaultKind::Configuration }
}

/// client-go `clientcmd/validation.go`.
fn kubeconfig_half(cluster: &Cluster, missing: &Reference, key: bool) -> String {
    let user = match &missing.origin {
        Origin::Kubeconfig { path, .. } => user_name(&cluster.nodes[missing.node], path),
        _ => String::new(),
    };
    if key {
        format!(
            "client-key-data or client-key must be specified for {user} to use the clientCert authentication method."
        )
    } else {
        format!(
            "client-cert-data or client-cert must be specified for {user} to use the clientCert authentication method."
        )
    }
}

fn user_name(node: &Node, kubeconfig: &str) -> String {
    let file = node.kubeconfigs.iter().find(|file| file.path == kubeconfig);
    let parsed = file.and_then(|file| file.parsed.as_ref().ok());
    let user = parsed.and_then(|parsed| parsed.current().ok()).and_then(|current| current.user.ok());
    user.map(|user| user.name.it.clone()).unwrap_or_default()
}

/// The PEM behind a reference, or why the program would not get it.
fn open<'c>(cluster: &'c Cluster, reference: &Reference) -> Loaded<&'c Material> {
    let failed = |text: String, kind| Loaded::Failed(LoadFault { text, guilty: reference.clone(), pair: None, kind });
    let (shown, path) = match &reference.place {
        Place::Unset => return Loaded::Nothing,
        Place::Path { shown, path } => (shown, path),
        Place::Unmapped { why: Unmapped::NotMounted, shown } => {
            return failed(
                format!("open {shown}: no such file or directory"),
                FaultKind::NotMounted(Unmapped::NotMounted),
            );
        }
        Place::Unmapped { .. } => return Loaded::Unknown,
        Place::Embedded { path, part } => return embedded(cluster, reference, path, *part),
    };
    let Some(file) = cluster.nodes[reference.node].file(path) else { return Loaded::Unknown };
    let told = |text: String| match &reference.origin {
        Origin::Kubeconfig { path, part, .. } => {
            let what = if *part == Part::Key { "client-key" } else { "client-cert" };
            format!(
                "unable to read {what} {shown} for {} due to {text}",
                user_name(&cluster.nodes[reference.node], path)
            )
        }
        _ => text,
    };
    match &file.state {
        State::Missing { .. } => failed(told(format!("open {shown}: no such file or directory")), FaultKind::Missing),
        State::Unobserved | State::Unreadable(_) => Loaded::Unknown,
        State::LinkLoop => {
            failed(told(format!("open {shown}: too many levels of symbolic links")), FaultKind::LinkLoop)
        }
        State::Directory => failed(told(format!("read {shown}: is a directory")), FaultKind::Directory),
        State::Special(what) => failed(format!("read {shown}: not a regular file ({what})"), FaultKind::Special(what)),
        State::TooLarge(_) => failed(format!("read {shown}: file too large"), FaultKind::TooLarge),
        State::Regular(content) => match denied(&cluster.nodes[reference.node], file, reference.reader.as_ref()) {
            Some(directory) => {
                failed(told(format!("open {shown}: permission denied")), FaultKind::Permission(directory))
            }
            None => Loaded::Ready(&content.material),
        },
    }
}

/// Whether the mode bits keep this reader out, and which directory's; only the owner is known, not the user's groups.
fn denied(node: &Node, file: &File, reader: Option<&Reader>) -> Option<Option<String>> {
    let Reader { user, from } = reader?;
    let allows = |meta: &Meta, owner: u32, others: u32| {
        meta.mode & if i64::from(meta.uid) == *user { owner } else { others } != 0
    };
    let on_the_way = |directory: &str| {
        let inside = from == "/"
            || directory.strip_prefix(from.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let above = file.path.strip_prefix(directory.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'));
        inside && above
    };
    let mut directories = node.directories.iter().filter(|(directory, _)| on_the_way(directory));
    if let Some((directory, _)) = directories.find(|(_, meta)| !allows(meta, 0o100, 0o011)) {
        return Some(Some(directory.clone()));
    }
    file.meta.as_ref().filter(|meta| !allows(meta, 0o400, 0o044)).map(|_| None)
}

fn embedded<'c>(cluster: &'c Cluster, reference: &Reference, path: &str, part: Part) -> Loaded<&'c Material> {
    if let Some(material) = reference.material(cluster) {
        return Loaded::Ready(material);
    }
    let file = cluster.nodes[reference.node].kubeconfigs.iter().find(|file| file.path == path);
    let parsed = file.and_then(|file| file.parsed.as_ref().ok());
    let offset = parsed.and_then(|parsed| {
        let current = parsed.current().ok()?;
        let field = match part {
            Part::Certificate => &current.user.ok()?.client_certificate,
            Part::Key => &current.user.ok()?.client_key,
            Part::Ca => &current.cluster.ok()?.ca,
        };
        match field.source {
            Source::BadBase64 { offset } => Some(offset),
            _ => None,
        }
    });
    match offset {
        Some(offset) => Loaded::Failed(LoadFault {
            text: format!("error loading config file \"{path}\": illegal base64 data at input byte {offset}"),
            guilty: reference.clone(),
            pair: None,
            kind: FaultKind::Base64(offset),
        }),
        None => Loaded::Unknown,
    }
}

/// Loads a CA file; nothing configured means the system's roots, which hold none of this PKI's CAs.
pub fn load_pool(cluster: &Cluster, reference: &Reference, loader: Loader) -> Loaded<Pool> {
    let material = match open(cluster, reference) {
        Loaded::Ready(material) => material,
        Loaded::Failed(fault) => return Loaded::Failed(pool_words(cluster, fault)),
        Loaded::Nothing => return Loaded::Nothing,
        Loaded::Unknown => return Loaded::Unknown,
    };
    match load::pool(material, loader) {
        Ok(pool) => Loaded::Ready(pool),
        Err(fault) => Loaded::Failed(LoadFault {
            text: fault.text.clone(),
            guilty: reference.clone(),
            pair: None,
            kind: FaultKind::Pool(fault),
        }),
    }
}

/// client-go words a missing CA file otherwise than a missing client certificate.
fn pool_words(cluster: &Cluster, fault: LoadFault) -> LoadFault {
    let Origin::Kubeconfig { path, .. } = &fault.guilty.origin else { return fault };
    let node = &cluster.nodes[fault.guilty.node];
    let Place::Path { shown, .. } = &fault.guilty.place else { return fault };
    let file = node.kubeconfigs.iter().find(|file| file.path == *path);
    let parsed = file.and_then(|file| file.parsed.as_ref().ok());
    let name = parsed
        .and_then(|parsed| parsed.current().ok())
        .and_then(|current| current.cluster.ok())
        .map(|cluster| cluster.name.it.clone());
    let reason = fault.text.split_once(" due to ").map_or(fault.text.as_str(), |(_, reason)| reason);
    let text = format!("unable to read certificate-authority {shown} for {} due to {reason}", name.unwrap_or_default());
    LoadFault { text, ..fault }
}

/// A pool that the reference loads with certainty, for comparisons between files.
pub fn certificates(cluster: &Cluster, reference: &Reference) -> Vec<Arc<crate::x509::certificate::Certificate>> {
    reference.material(cluster).map(|material| material.parsed().cloned().collect()).unwrap_or_default()
}
