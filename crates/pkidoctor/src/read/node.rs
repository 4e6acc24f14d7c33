//! One node: where its directories are, which of its paths mean what is here, and all its files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component as PathComponent, Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::cluster::etcd_config::{self, EtcdConfig};
use crate::cluster::flags::Flags;
use crate::cluster::kubeconfig::{self, Field, Source};
use crate::cluster::manifest::{self, Component, HostPath, Pod, clean};
use crate::cluster::yaml::Problem;
use crate::cluster::{
    Content, EtcdConfigFile, File, KubeconfigFile, KubeconfigProblem, KubeletFile, Manifest, Node, State, kubelet,
};
use crate::go::GoVersion;
use crate::go::load::Material;
use crate::profile;
use crate::x509::pem::Shape;

use super::disk::{Disk, EntryKind, Limits, Look, View, WalkEntry, WalkProblem};
use super::{ReadError, Request};

/// Where kubeadm puts the PKI.
const DEFAULT_PKI: &str = "/etc/kubernetes/pki";

/// The kubelet's own directory.
const KUBELET: &str = "/var/lib/kubelet";

/// Files that the flags of one node may name; a real node names about thirty.
const MAX_NAMED: usize = 1_000;

/// Reads the node at `given`.
pub(super) fn read(request: &Request, given: &Path, go: GoVersion) -> Result<Node, ReadError> {
    let ground = Ground::find(request, given)?;
    let (mut manifests, has_manifests) = match &ground.manifests {
        Some(directory) => read_manifests(&disk_of(request, ground.view.clone()), directory),
        None => (Vec::new(), false),
    };
    let place = ground.place(request, &named_pki(&manifests).unwrap_or_else(|| DEFAULT_PKI.to_owned()));
    if place.is_copy {
        // what lies beside the copy is told by the path that it has on the node
        let (beside, named) = (join(&parent(&ground.pki), ""), parent(&place.pki));
        for manifest in &mut manifests {
            if let Some(rest) = manifest.path.strip_prefix(&beside) {
                manifest.path = join(&named, rest);
            }
        }
    }
    let unread = manifests.iter().filter(|manifest| manifest.unread);
    let obstacles = unread.map(|manifest| {
        let why = manifest.pods.as_ref().err().map(|problem| problem.message.clone()).unwrap_or_default();
        (manifest.path.clone(), why)
    });
    let mut node = Node {
        path: given.display().to_string(),
        name: String::new(),
        pki: place.pki,
        is_copy: place.is_copy,
        places: places(&place.view),
        files: BTreeMap::new(),
        directories: BTreeMap::new(),
        has_manifests,
        obstacles: obstacles.collect(),
        manifests,
        kubeconfigs: Vec::new(),
        etcd_config: None,
        kubelet: None,
    };
    let disk = disk_of(request, place.view);
    read_tree(&mut node, &disk, go);
    read_etcd_config(&mut node, request, &disk)?;
    read_kubeconfigs(&mut node, &disk, &place.kubeconfigs, go);
    read_kubelet(&mut node, &disk, go);
    read_named(&mut node, &disk, go);
    read_directories(&mut node, &disk);
    let nothing = node.manifests.is_empty() && node.kubeconfigs.is_empty() && node.obstacles.is_empty();
    if nothing && !node.tree().any(|file| is_of_a_pki(&node, file)) {
        let why = if node.tree().next().is_none() {
            "the directory is empty"
        } else {
            "there is no certificate and no key in it"
        };
        return Err(ReadError::NoPki(given.display().to_string(), why.to_owned()));
    }
    node.name = name_of(&node, given);
    Ok(node)
}

/// One file of a node that was read before.
pub(super) fn again(request: &Request, given: &Path, node: &Node, path: &str) -> Option<Zeroizing<Vec<u8>>> {
    let place = Ground::find(request, given).ok()?.place(request, &node.pki);
    match disk_of(request, place.view).look(path) {
        Look::File { bytes, .. } => Some(bytes),
        _ => None,
    }
}

/// Where a file of a node that was read before is, or would be made.
pub(super) fn destination(request: &Request, given: &Path, node: &Node, path: &str) -> Result<PathBuf, String> {
    let ground = Ground::find(request, given).map_err(|error| error.to_string())?;
    disk_of(request, ground.place(request, &node.pki).view).destination(path)
}

/// The PKI directory behind a given path, on this machine.
pub(super) fn home(request: &Request, given: &Path) -> Result<PathBuf, ReadError> {
    let ground = Ground::find(request, given)?;
    let lost = |why: String| ReadError::NoPki(given.display().to_string(), why);
    disk_of(request, ground.view).real_directory(&ground.pki).map_err(lost)
}

fn disk_of(request: &Request, view: View) -> Disk {
    Disk::projected(view, Arc::clone(&request.projection))
}

/// Where the files lie that a path given by the user stands for.
struct Ground {
    /// What paths mean before it is known whether this is a copy.
    view: View,
    pki: String,
    kubeconfigs: String,
    /// `None` when nobody wants them.
    manifests: Option<String>,
}

impl Ground {
    fn find(request: &Request, given: &Path) -> Result<Self, ReadError> {
        // with `--root` every path is one of the node
        let (view, absolute): (View, fn(&Path) -> String) = match &request.root {
            Some(root) => (View::Root(root.clone()), |path| clean(&path.to_string_lossy())),
            None => (View::Node, absolute),
        };
        let disk = disk_of(request, view.clone());
        let pki = pki_below(&disk, &absolute(given));
        exists(&disk, &pki, given)?;
        let parent = parent(&pki);
        let manifests = request.manifests.as_deref().map_or_else(|| join(&parent, "manifests"), absolute);
        let kubeconfigs = request.kubeconfigs.as_deref().map_or(parent, absolute);
        Ok(Self { view, pki, kubeconfigs, manifests: (!request.no_manifests).then_some(manifests) })
    }

    /// What the files are, if the manifests say that the PKI is at `named`.
    ///
    /// Without `--root`, a path other than the directory that the manifests name is a copy.
    fn place(&self, request: &Request, named: &str) -> Place {
        let here = Place {
            view: self.view.clone(),
            pki: self.pki.clone(),
            is_copy: false,
            kubeconfigs: self.kubeconfigs.clone(),
        };
        if !matches!(self.view, View::Node) || named == self.pki {
            return here;
        }
        if same_directory(named, &self.pki) {
            return Place { pki: named.to_owned(), ..here };
        }
        let (parent_here, parent_named) = (parent(&self.pki), parent(named));
        let mut prefixes =
            vec![(named.to_owned(), PathBuf::from(&self.pki)), (parent_named.clone(), PathBuf::from(&parent_here))];
        let mut kubeconfigs = parent_named;
        if self.kubeconfigs != parent_here {
            prefixes.push((self.kubeconfigs.clone(), PathBuf::from(&self.kubeconfigs)));
            kubeconfigs.clone_from(&self.kubeconfigs);
        }
        if let Some(config) = &request.etcd_config {
            let config = absolute(config);
            prefixes.push((config.clone(), PathBuf::from(config)));
        }
        Place { view: View::Copy { prefixes }, pki: named.to_owned(), is_copy: true, kubeconfigs }
    }
}

/// What paths of the node mean on this machine, the longest first.
fn places(view: &View) -> Vec<(String, PathBuf)> {
    let mut places = match view {
        View::Node => Vec::new(),
        View::Root(root) => vec![("/".to_owned(), root.clone())],
        View::Copy { prefixes } => prefixes.clone(),
    };
    places.sort_by_key(|(place, _)| std::cmp::Reverse(place.len()));
    places
}

/// Where everything of a node is, by its paths on the node.
struct Place {
    view: View,
    pki: String,
    is_copy: bool,
    kubeconfigs: String,
}

/// Whether a file is where those of a PKI are (in the directory, or in `etcd`) and looks like one, or cannot be looked
/// at. A directory of other things, or of whole trees, is no PKI that could be healthy.
fn is_of_a_pki(node: &Node, file: &File) -> bool {
    let relative = node.shown(&file.path);
    let is_near = relative.bytes().filter(|byte| *byte == b'/').count() < 2;
    let has_name = [".crt", ".key", ".pub", ".pem"].iter().any(|end| relative.ends_with(end));
    let holds = || {
        file.material().is_some_and(|material| material.parsed().next().is_some() || material.keys().next().is_some())
    };
    is_near && (has_name || is_journal(&file.path) || matches!(file.state, State::Unreadable(_)) || holds())
}

/// `path`, or the `pki` directory in it; also the one that should be in it, where `path` is what lies around a PKI.
fn pki_below(disk: &Disk, path: &str) -> String {
    let below = join(path, "pki");
    let is_around = || {
        let there = |name: &str| !matches!(disk.look(&join(path, name)), Look::Missing { .. });
        let is_pki = disk.is_directory(&join(path, "etcd"))
            || ["ca.crt", "ca.key", "apiserver.crt", "sa.pub"].iter().any(|name| there(name));
        !is_pki && (disk.is_directory(&join(path, "manifests")) || there("admin.conf") || there("kubelet.conf"))
    };
    if disk.is_directory(&below) || is_around() { below } else { path.to_owned() }
}

fn exists(disk: &Disk, pki: &str, given: &Path) -> Result<(), ReadError> {
    if disk.is_directory(pki) {
        return Ok(());
    }
    let why = match disk.look(pki) {
        Look::Missing { link: Some(target) } => format!("a link to {target}, which does not exist"),
        Look::Missing { link: None } if pki.ends_with("/pki") && !given.ends_with("pki") => {
            "there is no directory pki in it".to_owned()
        }
        Look::Missing { link: None } => "no such directory".to_owned(),
        Look::Unreadable(why) => why,
        Look::LinkLoop => "too many levels of symbolic links".to_owned(),
        _ => "not a directory".to_owned(),
    };
    Err(ReadError::NoPki(given.display().to_string(), why))
}

fn absolute(path: &Path) -> String {
    // resolves `.` and `..` by name only; links are the disk's business
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    clean(&whole.to_string_lossy())
}

fn same_directory(a: &str, b: &str) -> bool {
    super::disk::same_directory(Path::new(a), Path::new(b))
}

fn parent(path: &str) -> String {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some(("", _)) | None => "/".to_owned(),
        Some((parent, _)) => parent.to_owned(),
    }
}

fn join(directory: &str, name: &str) -> String {
    format!("{}/{name}", directory.trim_end_matches('/'))
}

/// The PKI directory that the flags of the manifests name most often.
///
/// A flag counts when its file has the name that kubeadm gives it: what stands before is the directory.
fn named_pki(manifests: &[Manifest]) -> Option<String> {
    const LAYOUT: [(&str, &str); 14] = [
        ("cert-file", "/etcd/server.crt"),
        ("key-file", "/etcd/server.key"),
        ("trusted-ca-file", "/etcd/ca.crt"),
        ("peer-cert-file", "/etcd/peer.crt"),
        ("peer-trusted-ca-file", "/etcd/ca.crt"),
        ("client-ca-file", "/ca.crt"),
        ("etcd-cafile", "/etcd/ca.crt"),
        ("etcd-certfile", "/apiserver-etcd-client.crt"),
        ("tls-cert-file", "/apiserver.crt"),
        ("kubelet-client-certificate", "/apiserver-kubelet-client.crt"),
        ("proxy-client-cert-file", "/front-proxy-client.crt"),
        ("requestheader-client-ca-file", "/front-proxy-ca.crt"),
        ("service-account-key-file", "/sa.pub"),
        ("root-ca-file", "/ca.crt"),
    ];
    let mut votes: BTreeMap<String, usize> = BTreeMap::new();
    for (pod, container) in containers(manifests) {
        for (flag, suffix) in LAYOUT {
            let Some(value) = container.flags.value(flag) else { continue };
            let HostPath::Mapped { path, .. } = pod.host_path(container, value) else { continue };
            if let Some(directory) = path.strip_suffix(suffix).filter(|directory| !directory.is_empty()) {
                *votes.entry(directory.to_owned()).or_default() += 1;
            }
        }
    }
    let most = votes.values().copied().max()?;
    votes.into_iter().find(|(_, count)| *count == most).map(|(directory, _)| directory)
}

fn containers(manifests: &[Manifest]) -> impl Iterator<Item = (&Pod, &manifest::Container)> {
    let pods = manifests
        .iter()
        .filter(|manifest| manifest.active)
        .flat_map(|manifest| manifest.pods.as_deref().unwrap_or_default());
    pods.flat_map(|pod| pod.containers.iter().map(move |container| (pod, container)))
}

/// Every file of the manifests directory; whether there is one.
fn read_manifests(disk: &Disk, directory: &str) -> (Vec<Manifest>, bool) {
    let broken = |message: &str| Err(Problem { line: None, message: message.to_owned() });
    let entries = match disk.list(directory) {
        Ok(entries) => entries,
        // the directory itself stands for what is in it
        Err(WalkProblem::Unreadable(why)) => {
            return (
                vec![Manifest { path: directory.to_owned(), pods: broken(&why), active: false, unread: true }],
                true,
            );
        }
        Err(_) => return (Vec::new(), disk.is_directory(directory)),
    };
    let mut manifests = Vec::new();
    for entry in entries {
        let name = entry.path.rsplit('/').next().unwrap_or_default().to_owned();
        let look = disk.look_entry(&entry);
        let unread = matches!(look, Look::Unreadable(_));
        let pods = match look {
            Look::File { bytes, .. } => manifest::parse(&bytes),
            Look::Unreadable(why) => broken(&why),
            Look::TooLarge(_) => broken("too large for a manifest"),
            Look::Missing { .. } => broken("a dangling link"),
            Look::LinkLoop => broken("too many levels of symbolic links"),
            Look::Special(what) => broken(what),
            Look::Directory | Look::Unobserved => continue,
        };
        manifests.push(Manifest { path: join(directory, &name), pods, active: !name.starts_with('.'), unread });
    }
    (manifests, true)
}

/// Walks the PKI tree.
fn read_tree(node: &mut Node, disk: &Disk, go: GoVersion) {
    let walk = disk.walk(&node.pki, Limits::default());
    for entry in walk.entries {
        if is_our_own(&entry.path) {
            continue;
        }
        let state = match &entry.kind {
            _ if is_journal(&entry.path) => State::Directory,
            EntryKind::Directory => continue,
            EntryKind::LinkedDirectory => State::Directory,
            EntryKind::File => state_of(disk.look_entry(&entry), &entry.path, go),
            EntryKind::Dangling(target) => State::Missing { link: Some(target.clone().unwrap_or_default()) },
            EntryKind::Unobserved => State::Unobserved,
            EntryKind::LinkLoop => State::LinkLoop,
            EntryKind::Special(what) => State::Special(what),
            EntryKind::Unreadable(why) => State::Unreadable(why.clone()),
        };
        insert(node, entry, state);
    }
    for (path, problem) in walk.problems {
        // a linked directory outside the tree is looked at through the flags that name its files
        if let Some(words) = walk_words(&problem) {
            node.obstacles.push((path, words));
        }
    }
}

/// Our own backups and journals are never judged; only that a journal is there is worth knowing.
fn is_our_own(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with(".pkidoctor")) && !is_journal(path)
}

fn is_journal(path: &str) -> bool {
    path.rsplit('/').next() == Some(profile::JOURNAL)
}

fn insert(node: &mut Node, entry: WalkEntry, state: State) {
    // two names that are not UTF-8 may look alike
    let mut path = entry.path;
    while node.files.contains_key(&path) {
        path.push('\u{fffd}');
    }
    node.files.insert(path.clone(), File { path, in_tree: true, meta: entry.meta, state });
}

fn walk_words(problem: &WalkProblem) -> Option<String> {
    Some(match problem {
        WalkProblem::Missing => "vanished while it was read".to_owned(),
        // what a link leads back to has been looked at
        WalkProblem::Unobserved | WalkProblem::LeadsOutside(_) | WalkProblem::LinkLoop => return None,
        WalkProblem::Unreadable(why) => why.clone(),
        WalkProblem::NotADirectory => "not a directory".to_owned(),
        WalkProblem::TooDeep => "directories nest too deep; what lies below was not looked at".to_owned(),
        WalkProblem::TooMany => "too many files; the rest was not looked at".to_owned(),
    })
}

fn state_of(look: Look, path: &str, go: GoVersion) -> State {
    match look {
        Look::Missing { link } => State::Missing { link },
        Look::Unobserved => State::Unobserved,
        Look::Unreadable(why) => State::Unreadable(why),
        Look::LinkLoop => State::LinkLoop,
        Look::Directory => State::Directory,
        Look::Special(what) => State::Special(what),
        Look::TooLarge(size) => State::TooLarge(size),
        Look::File { bytes, .. } => State::Regular(content(&bytes, path, go)),
    }
}

/// The field of a kubeconfig that holds a private key.
const KEY_DATA: &[u8] = b"client-key-data:";

fn content(bytes: &[u8], path: &str, go: GoVersion) -> Content {
    use sha2::Digest as _;
    let material = Material::read(bytes, go);
    let name = path.rsplit('/').next().unwrap_or_default();
    let named_so = [".crt", ".key", ".pem", ".pub", ".cer", ".csr"].iter().any(|ending| name.ends_with(ending));
    let looks_like_pki = named_so
        || !material.pem.blocks.is_empty()
        || !material.pem.skipped.is_empty()
        || material.pem.shape == Shape::EncodedTwice;
    let der = (material.pem.shape == Shape::Der).then(|| Zeroizing::new(bytes.to_vec()));
    let embeds_key = material.pem.shape == Shape::Other && memchr::memmem::find(bytes, KEY_DATA).is_some();
    Content { sha256: sha2::Sha256::digest(bytes).into(), material, der, embeds_key, looks_like_pki }
}

/// `*.conf` beside the PKI: the known names always, others only when they are kubeconfigs.
fn read_kubeconfigs(node: &mut Node, disk: &Disk, directory: &str, go: GoVersion) {
    const KNOWN: [&str; 6] = [
        "admin.conf",
        "super-admin.conf",
        "controller-manager.conf",
        "scheduler.conf",
        "kubelet.conf",
        "bootstrap-kubelet.conf",
    ];
    for name in KNOWN {
        let path = join(directory, name);
        let look = disk.look(&path);
        remember(node, &path, &look);
        if let Some(file) = kubeconfig_file(&path, name, look, go) {
            node.kubeconfigs.push(file);
        }
    }
    let Ok(entries) = disk.list(directory) else { return };
    for entry in entries {
        let name = entry.path.rsplit('/').next().unwrap_or_default().to_owned();
        if !name.ends_with(".conf") || KNOWN.contains(&name.as_str()) || node.kubeconfigs.len() >= 100 {
            continue;
        }
        let look = disk.look_entry(&entry);
        let Some(file) = kubeconfig_file(&entry.path, &name, look, go).filter(|file| file.parsed.is_ok()) else {
            continue;
        };
        let look = disk.look_entry(&entry);
        remember(node, &entry.path, &look);
        node.kubeconfigs.push(file);
    }
}

/// Keeps mode and state of a file whose content is understood elsewhere.
fn remember(node: &mut Node, path: &str, look: &Look) {
    let (meta, state) = match look {
        Look::File { meta, .. } => {
            let material = Material::read(&[], GoVersion::NEWEST);
            (
                Some(meta.clone()),
                State::Regular(Content {
                    sha256: [0; 32],
                    material,
                    der: None,
                    embeds_key: false,
                    looks_like_pki: false,
                }),
            )
        }
        Look::Missing { link } => (None, State::Missing { link: link.clone() }),
        Look::Unobserved => (None, State::Unobserved),
        Look::Unreadable(why) => (None, State::Unreadable(why.clone())),
        Look::LinkLoop => (None, State::LinkLoop),
        Look::Directory => (None, State::Directory),
        Look::Special(what) => (None, State::Special(what)),
        Look::TooLarge(size) => (None, State::TooLarge(*size)),
    };
    node.files.entry(path.to_owned()).or_insert(File { path: path.to_owned(), in_tree: false, meta, state });
}

fn kubeconfig_file(path: &str, name: &str, look: Look, go: GoVersion) -> Option<KubeconfigFile> {
    let (mut client_certificate, mut client_key, mut ca) = (None, None, None);
    let parsed = match look {
        Look::Missing { .. } | Look::Unobserved => return None,
        Look::Unreadable(why) => Err(KubeconfigProblem::Unreadable(why)),
        Look::File { bytes, .. } => kubeconfig::parse(&bytes).map_err(KubeconfigProblem::Unusable),
        _ => {
            let problem = Problem { line: None, message: "not a regular file of a sensible size".to_owned() };
            Err(KubeconfigProblem::Unusable(kubeconfig::Unusable::Broken(problem)))
        }
    };
    if let Ok(Ok(current)) = parsed.as_ref().map(kubeconfig::Kubeconfig::current) {
        let embedded = |field: &Field| match &field.source {
            Source::Data(bytes) => Some(Material::read(bytes, go)),
            _ => None,
        };
        if let Ok(user) = current.user {
            client_certificate = embedded(&user.client_certificate);
            client_key = embedded(&user.client_key);
        }
        ca = current.cluster.ok().and_then(|cluster| embedded(&cluster.ca));
    }
    Some(KubeconfigFile { path: path.to_owned(), name: name.to_owned(), parsed, client_certificate, client_key, ca })
}

fn read_etcd_config(node: &mut Node, request: &Request, disk: &Disk) -> Result<(), ReadError> {
    let Some(path) = &request.etcd_config else { return Ok(()) };
    let path = if request.root.is_some() { clean(&path.to_string_lossy()) } else { absolute(path) };
    let parsed = match disk.look(&path) {
        Look::File { bytes, .. } => {
            etcd_config::parse(&bytes, &path).map(|config| with_environment_files(config, &bytes, &path, disk))
        }
        Look::Unreadable(why) => return Err(ReadError::Unreadable(path, why)),
        Look::Missing { .. } => return Err(ReadError::Unreadable(path, "no such file or directory".to_owned())),
        _ => return Err(ReadError::Unreadable(path, "not a regular file of a sensible size".to_owned())),
    };
    let user = parsed.as_ref().ok().and_then(|config| user_number(config.user.as_deref()?, disk));
    node.etcd_config = Some(EtcdConfigFile { path, parsed, user });
    Ok(())
}

/// The number of a unit's user: given as such, or looked up in the node's `/etc/passwd`.
fn user_number(user: &str, disk: &Disk) -> Option<i64> {
    if let Ok(number) = user.parse() {
        return Some(number);
    }
    let Look::File { bytes, .. } = disk.look("/etc/passwd") else { return None };
    let text = std::str::from_utf8(&bytes).ok()?;
    let mut found = text.lines().filter_map(|line| line.strip_prefix(user)?.strip_prefix(':'));
    found.next()?.split(':').nth(1)?.parse().ok()
}

/// A unit's environment files, which beat its own variables.
fn with_environment_files(config: EtcdConfig, bytes: &[u8], path: &str, disk: &Disk) -> EtcdConfig {
    if config.environment_files.is_empty() {
        return config;
    }
    let mut known = BTreeMap::new();
    let mut flags = Flags::default();
    for file in config.environment_files.iter().take(20) {
        let Look::File { bytes, .. } = disk.look(file) else { continue };
        let Ok(parsed) = etcd_config::parse(&bytes, file) else { continue };
        known.extend(parsed.variables.into_iter().filter_map(|variable| Some((variable.name, variable.value?))));
        flags.append(parsed.flags);
    }
    match etcd_config::parse_with(bytes, path, &known) {
        Ok(mut again) => {
            again.flags.append(flags);
            again
        }
        Err(_) => config,
    }
}

fn read_kubelet(node: &mut Node, disk: &Disk, go: GoVersion) {
    let path = join(KUBELET, "config.yaml");
    if let Look::File { bytes, .. } = disk.look(&path) {
        let flags = match disk.look(&join(KUBELET, "kubeadm-flags.env")) {
            Look::File { bytes, .. } => kubelet::parse_environment(&bytes).unwrap_or_default(),
            _ => Flags::default(),
        };
        node.kubelet = Some(KubeletFile { path, parsed: kubelet::parse(&bytes), flags });
    }
    for name in ["kubelet-client-current.pem", "kubelet-server-current.pem", "kubelet.crt", "kubelet.key"] {
        let path = format!("{KUBELET}/pki/{name}");
        let look = disk.look(&path);
        if !matches!(look, Look::Missing { link: None } | Look::Unobserved) {
            add_named(node, &path, look, go);
        }
    }
}

fn add_named(node: &mut Node, path: &str, look: Look, go: GoVersion) {
    let meta = match &look {
        Look::File { meta, .. } => Some(meta.clone()),
        _ => None,
    };
    let state = state_of(look, path, go);
    node.files.entry(path.to_owned()).or_insert(File { path: path.to_owned(), in_tree: false, meta, state });
}

/// Every file that a flag, a kubeconfig or the kubelet's configuration names, and every file that kubeadm's
/// layout expects.
fn read_named(node: &mut Node, disk: &Disk, go: GoVersion) {
    let mut named = named_by_flags(node);
    for file in &node.kubeconfigs {
        let directory = parent(&file.path);
        let Ok(Ok(current)) = file.parsed.as_ref().map(kubeconfig::Kubeconfig::current) else { continue };
        let mut fields: Vec<&Field> = Vec::new();
        fields.extend(current.user.iter().flat_map(|user| [&user.client_certificate, &user.client_key]));
        fields.extend(current.cluster.iter().map(|cluster| &cluster.ca));
        named.extend(fields.into_iter().filter_map(|field| match &field.source {
            Source::Path(path) => Some(kubeconfig::resolve(&directory, path)),
            _ => None,
        }));
    }
    if let Some(Ok(parsed)) = node.kubelet.as_ref().map(|kubelet| &kubelet.parsed) {
        let files = [&parsed.client_ca_file, &parsed.tls_cert_file, &parsed.tls_private_key_file];
        named.extend(files.into_iter().flatten().map(|placed| placed.it.clone()));
    }
    named.extend(LAYOUT.iter().map(|relative| node.layout(relative)));
    named.sort();
    named.dedup();
    for path in named.into_iter().filter(|path| path.starts_with('/')).take(MAX_NAMED) {
        if !node.files.contains_key(&path) {
            let look = disk.look(&path);
            add_named(node, &path, look, go);
        }
    }
}

/// Every directory on the way to a file, for processes that are not root.
fn read_directories(node: &mut Node, disk: &Disk) {
    let service = node.running(Component::Etcd).filter(|running| running.pod.is_none());
    let pods = Component::ALL.into_iter().flat_map(|component| node.all_running(component));
    if service.into_iter().chain(pods).all(|running| running.user.unwrap_or_default() == 0) {
        return;
    }
    let mut paths = BTreeSet::new();
    // what was read has a path of sensible length
    for file in node.files.values().filter(|file| matches!(file.state, State::Regular(_))) {
        let mut directory = parent(&file.path);
        while paths.insert(directory.clone()) && directory != "/" {
            directory = parent(&directory);
        }
    }
    node.directories.extend(paths.into_iter().filter_map(|path| Some((path.clone(), disk.directory(&path)?))));
}

/// The files that kubeadm writes.
const LAYOUT: [&str; 22] = [
    "ca.crt",
    "ca.key",
    "apiserver.crt",
    "apiserver.key",
    "apiserver-kubelet-client.crt",
    "apiserver-kubelet-client.key",
    "apiserver-etcd-client.crt",
    "apiserver-etcd-client.key",
    "front-proxy-ca.crt",
    "front-proxy-ca.key",
    "front-proxy-client.crt",
    "front-proxy-client.key",
    "sa.key",
    "sa.pub",
    "etcd/ca.crt",
    "etcd/ca.key",
    "etcd/server.crt",
    "etcd/server.key",
    "etcd/peer.crt",
    "etcd/peer.key",
    "etcd/healthcheck-client.crt",
    "etcd/healthcheck-client.key",
];

fn named_by_flags(node: &Node) -> Vec<String> {
    let names_file =
        |flag: &str| ["file", "cert", "key", "ca", "kubeconfig", "crl"].iter().any(|part| flag.contains(part));
    let values = |flags: &Flags| -> Vec<String> {
        let flags = flags.iter().filter(|flag| names_file(&flag.name));
        flags
            .flat_map(|flag| flag.value.split(',').map(|value| value.trim().to_owned()).collect::<Vec<_>>())
            .filter(|value| value.starts_with('/'))
            .collect()
    };
    let mut named = Vec::new();
    for component in Component::ALL {
        for running in node.all_running(component) {
            let Some((pod, container)) = running.pod else { continue };
            named.extend(values(running.flags).iter().filter_map(|value| match pod.host_path(container, value) {
                HostPath::Mapped { path, .. } => Some(path),
                _ => None,
            }));
        }
    }
    if let Some(running) = node.running(Component::Etcd).filter(|running| running.pod.is_none()) {
        named.extend(values(running.flags).iter().map(|value| clean(value)));
    }
    named
}

/// etcd's `--name`, else the kubelet's node, else the last telling part of the path.
fn name_of(node: &Node, given: &Path) -> String {
    let etcd = node.running(Component::Etcd).and_then(|running| running.flags.value("name").map(str::to_owned));
    if let Some(name) = etcd.filter(|name| !name.is_empty()) {
        return name;
    }
    if let Some(name) = node.kubelet_name() {
        return name;
    }
    let parts = given.components().rev().filter_map(|part| match part {
        PathComponent::Normal(part) => Some(part.to_string_lossy().into_owned()),
        _ => None,
    });
    parts
        .into_iter()
        .find(|part| !matches!(part.as_str(), "pki" | "kubernetes" | "etc"))
        .unwrap_or_else(|| "node".to_owned())
}
