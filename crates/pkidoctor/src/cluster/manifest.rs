//! Static-pod manifests: which component a container runs, with which flags, and where its files lie on the node.
//!
//! Reading is as tolerant as the kubelet (unknown fields, the last of two equal keys) and a little more (numbers where
//! text belongs). Also home of what every YAML file here shares: the bounds, and the [`Problem`] of one that is no YAML.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::cluster::flags::{Flags, Placed, etcd_variable};
use crate::cluster::yaml::{Problem, Spanned, Text, line, read_yaml};

/// What `$(VAR)` and shell variables may add to one file, against variables that double each other.
pub(crate) const MAX_EXPANSION: usize = 4 << 20;

/// A program that pkidoctor knows the flags of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    /// `etcd`
    Etcd,
    /// `kube-apiserver`
    KubeApiserver,
    /// `kube-controller-manager`
    KubeControllerManager,
    /// `kube-scheduler`
    KubeScheduler,
}

impl Component {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Etcd, Self::KubeApiserver, Self::KubeControllerManager, Self::KubeScheduler];

    /// The program's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::KubeApiserver => "kube-apiserver",
            Self::KubeControllerManager => "kube-controller-manager",
            Self::KubeScheduler => "kube-scheduler",
        }
    }

    /// The component that a word of a command line starts: the last part of the path is its name.
    fn of_program(word: &str) -> Option<Self> {
        let base = base_name(word);
        Self::ALL.into_iter().find(|component| component.name() == base)
    }

    /// The component that an image is named after, `etcd-amd64` and `my-etcd` included.
    fn of_image(image: &str) -> Option<Self> {
        const PLATFORMS: [&str; 5] = ["-amd64", "-arm64", "-arm", "-ppc64le", "-s390x"];
        let base = base_name(split_image(image).0);
        let base = PLATFORMS.iter().find_map(|p| base.strip_suffix(p)).unwrap_or(base);
        let named = |component: &Self| base.strip_suffix(component.name()).is_some_and(ends_a_word);
        Self::ALL.into_iter().find(named)
    }
}

/// A static pod.
#[derive(Debug, Clone, Default)]
pub struct Pod {
    /// `metadata.name`
    pub name: String,
    /// `metadata.namespace`, `default` when absent.
    pub namespace: String,
    /// Which document of the file it is, from 1. The kubelet reads only the first one and never mentions the others.
    pub document: usize,
    /// `spec.hostNetwork`
    pub host_network: bool,
    /// `metadata.annotations`
    pub annotations: BTreeMap<String, String>,
    /// `spec.containers`
    pub containers: Vec<Container>,
    /// `spec.volumes`
    pub volumes: Vec<Volume>,
    /// `spec.securityContext.runAsUser`
    pub run_as_user: Option<i64>,
    /// `spec.securityContext.runAsGroup`
    pub run_as_group: Option<i64>,
}

/// One container of a pod.
#[derive(Debug, Clone, Default)]
pub struct Container {
    /// Its name in the pod.
    pub name: String,
    /// The image reference.
    pub image: String,
    /// What it runs, if that is known.
    pub component: Option<Component>,
    /// The program's flags: its arguments, and for etcd its variables.
    pub flags: Flags,
    /// The variables of the container, expanded.
    pub environment: Vec<Variable>,
    /// Where volumes appear in the container.
    pub mounts: Vec<Mount>,
    /// The kubelet's probes.
    pub probes: Vec<Probe>,
    /// `securityContext.runAsUser` of the container, else of the pod.
    pub run_as_user: Option<i64>,
    /// `securityContext.runAsGroup` of the container, else of the pod.
    pub run_as_group: Option<i64>,
}

/// An environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value; `None` when it comes from elsewhere (`valueFrom`).
    pub value: Option<String>,
    /// The line of its value, else of its name.
    pub line: Option<u64>,
}

/// A volume in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The volume's name.
    pub volume: String,
    /// Where it appears.
    pub mount_path: String,
    /// The part of the volume that appears there.
    pub sub_path: Option<String>,
    /// Whether the container may not write to it.
    pub read_only: bool,
}

/// A volume of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Its name in the pod.
    pub name: String,
    /// What it is made of.
    pub source: VolumeSource,
}

/// What a volume is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VolumeSource {
    /// A path of the node.
    HostPath {
        /// The path.
        path: String,
        /// Kubernetes' type (`DirectoryOrCreate`, `File` …), empty when it is not checked.
        kind: String,
    },
    /// Anything that is not a path of the node.
    Other,
}

/// A probe of the kubelet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// `liveness`, `readiness` or `startup`
    pub kind: &'static str,
    /// What it does.
    pub action: ProbeAction,
    /// The line where its description starts.
    pub line: Option<u64>,
}

/// What a probe does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeAction {
    /// An HTTP request from the node.
    HttpGet {
        /// `HTTP` or `HTTPS`
        scheme: String,
        /// The host; `None` is the pod's own address.
        host: Option<String>,
        /// The port, names looked up among the container's; `None` if there is no such port.
        port: Option<u16>,
        /// The path with its query.
        path: String,
    },
    /// A command in the container.
    Exec(Vec<String>),
    /// A TCP or gRPC probe, or none at all.
    Other,
}

/// Where a path of a container lies on the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostPath {
    /// There, by name; symbolic links are not followed, and inside the container they would resolve in the container.
    Mapped {
        /// The path on the node.
        path: String,
        /// The type of the hostPath volume, empty when it is not checked.
        kind: String,
        /// Whether the mount ends exactly here: a file or directory mounted by itself.
        exact: bool,
        /// The mounted path on the node: a process in the container needs no permission for what is above it.
        mounted: String,
    },
    /// In a volume that is not a path of the node (a Secret, an emptyDir …), by the volume's name.
    OtherVolume(String),
    /// In the image, or nowhere: nothing of the node is mounted there.
    NotMounted,
}

/// Reads the pods of a manifest; documents of other kinds give none.
///
/// # Errors
/// When the file is larger than [`MAX_BYTES`](crate::cluster::yaml::MAX_BYTES), no UTF-8, no YAML, a bomb, or a field has a shape the kubelet refuses.
pub fn parse(bytes: &[u8]) -> Result<Vec<Pod>, Problem> {
    let documents: Vec<Document> = read_yaml(bytes)?;
    // checked by `read_yaml`; lossy only in form
    let text = String::from_utf8_lossy(bytes);
    let mut reading = Reading { lines: text.lines().collect(), budget: MAX_EXPANSION };
    let mut pods = Vec::new();
    for (index, document) in documents.into_iter().enumerate() {
        let number = index.saturating_add(1);
        match document.kind.as_deref() {
            Some("Pod") => pods.push(reading.pod(document, number)),
            Some("PodList" | "List") => {
                let items = document.items.unwrap_or_default().into_iter();
                let is_pod = |item: &Document| item.kind.as_deref().is_none_or(|kind| kind == "Pod");
                pods.extend(items.filter(is_pod).map(|item| reading.pod(item, number)));
            }
            _ => {}
        }
    }
    Ok(pods)
}

impl Pod {
    /// Where a path that a flag of `container` names lies on the node.
    ///
    /// The mount with the longest matching path wins, as in the kernel. Relative paths are not on the node.
    pub fn host_path(&self, container: &Container, path: &str) -> HostPath {
        if !path.starts_with('/') {
            return HostPath::NotMounted;
        }
        let wanted = cleaned(path);
        let mounts = container.mounts.iter();
        let below = mounts.filter_map(|mount| Some((mount, below(&mount.mount_path, &wanted)?)));
        let Some((mount, rest)) = below.min_by_key(|(_, rest)| rest.len()) else {
            return HostPath::NotMounted;
        };
        match self.volumes.iter().find(|volume| volume.name == mount.volume) {
            Some(Volume { source: VolumeSource::HostPath { path, kind }, .. }) => {
                let below = |directory: &str, part: &str| {
                    if part.is_empty() { clean(directory) } else { clean(&format!("{directory}/{part}")) }
                };
                let mounted = below(path, mount.sub_path.as_deref().unwrap_or_default());
                HostPath::Mapped { path: below(&mounted, rest), kind: kind.clone(), exact: rest.is_empty(), mounted }
            }
            _ => HostPath::OtherVolume(mount.volume.clone()),
        }
    }
}

impl Container {
    /// The tag of the image, which carries the version; `None` without one (`etcd`, `etcd@sha256:…`).
    pub fn image_tag(&self) -> Option<&str> {
        split_image(&self.image).1
    }
}

/// Repository and tag of an image reference.
fn split_image(image: &str) -> (&str, Option<&str>) {
    let image = image.split_once('@').map_or(image, |(name, _)| name);
    match image.rsplit_once(':') {
        // a colon before a slash belongs to the registry's port
        Some((name, tag)) if !tag.contains('/') && !tag.is_empty() => (name, Some(tag)),
        _ => (image, None),
    }
}

fn base_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, base)| base)
}

fn ends_a_word(before: &str) -> bool {
    before.is_empty() || before.ends_with('-')
}

/// Go's `path.Clean` of a path taken as absolute: no `.`, no `..`, no double slash, by name alone.
pub(crate) fn clean(path: &str) -> String {
    cleaned(path).into_owned()
}

/// The same, without a copy of what is clean already.
fn cleaned(path: &str) -> Cow<'_, str> {
    // a name that begins with a dot is looked at the long way
    let is_plain = |pair: &[u8]| !matches!(pair, [b'/', b'/' | b'.']);
    if path.starts_with('/') && (path.len() == 1 || !path.ends_with('/')) && path.as_bytes().windows(2).all(is_plain) {
        return Cow::Borrowed(path);
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    Cow::Owned(format!("/{}", parts.join("/")))
}

/// What is left of a clean path below a clean directory; empty when they are the same.
fn below<'a>(directory: &str, path: &'a str) -> Option<&'a str> {
    if directory == "/" {
        return path.strip_prefix('/');
    }
    let rest = path.strip_prefix(directory)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

// ---- from the YAML shapes to the types above

struct Reading<'a> {
    lines: Vec<&'a str>,
    budget: usize,
}

impl Reading<'_> {
    fn pod(&mut self, document: Document, number: usize) -> Pod {
        let metadata = document.metadata.unwrap_or_default();
        let spec = document.spec.unwrap_or_default();
        let security = spec.security_context.unwrap_or_default();
        let mut pod = Pod {
            name: metadata.name.unwrap_or_default(),
            namespace: metadata.namespace.unwrap_or_else(|| "default".to_owned()),
            document: number,
            host_network: is_yes(spec.host_network.as_deref()),
            annotations: without_nulls(metadata.annotations),
            containers: Vec::new(),
            volumes: spec.volumes.unwrap_or_default().into_iter().map(volume).collect(),
            run_as_user: number_of(security.run_as_user),
            run_as_group: number_of(security.run_as_group),
        };
        for shape in spec.containers.unwrap_or_default() {
            let mut container = self.container(shape);
            container.run_as_user = container.run_as_user.or(pod.run_as_user);
            container.run_as_group = container.run_as_group.or(pod.run_as_group);
            pod.containers.push(container);
        }
        pod
    }

    fn container(&mut self, shape: ContainerShape) -> Container {
        let (environment, known) = self.environment(shape.env.unwrap_or_default());
        let mut words = self.words(shape.command.unwrap_or_default(), &known);
        words.extend(self.words(shape.args.unwrap_or_default(), &known));
        let image = shape.image.unwrap_or_default();
        let invocation = invocation(&words, Some(&image), &known, &mut self.budget);
        let mut flags = Flags::from_arguments(&self.settle(invocation.words, invocation.script_line));
        if invocation.component == Some(Component::Etcd) {
            let set = environment.iter().filter_map(|v| etcd_variable(&v.name, v.value.as_deref()?, v.line));
            set.for_each(|flag| flags.push(flag));
        }
        let ports = shape.ports.unwrap_or_default();
        let security = shape.security_context.unwrap_or_default();
        let probes = [
            ("liveness", shape.liveness_probe),
            ("readiness", shape.readiness_probe),
            ("startup", shape.startup_probe),
        ];
        let probes = probes.into_iter().filter_map(|(kind, shape)| Some(probe(kind, shape?, &ports)));
        let mounts = shape.volume_mounts.unwrap_or_default();
        Container {
            name: shape.name.unwrap_or_default(),
            component: invocation.component,
            flags,
            mounts: mounts.into_iter().map(|shape| self.mount(shape, &known)).collect(),
            environment,
            probes: probes.collect(),
            run_as_user: number_of(security.run_as_user),
            run_as_group: number_of(security.run_as_group),
            image,
        }
    }

    /// The variables in order, each expanded with those before it, and the map of the known ones.
    fn environment(&mut self, shapes: Vec<EnvShape>) -> (Vec<Variable>, BTreeMap<String, String>) {
        let mut known: BTreeMap<String, String> = BTreeMap::new();
        let mut variables = Vec::new();
        for shape in shapes {
            let Some(name) = shape.name else { continue };
            let line = shape.value.as_ref().map_or_else(|| line(&name), line);
            let value = match shape.value {
                Some(value) => Some(expand(&value.value, &known, &mut self.budget)),
                // neither value nor valueFrom is the empty string
                None => shape.value_from.is_none().then(String::new),
            };
            match &value {
                Some(value) => drop(known.insert(name.value.clone(), value.clone())),
                None => drop(known.remove(&name.value)),
            }
            variables.push(Variable { name: name.value, value, line });
        }
        (variables, known)
    }

    fn words(&mut self, shapes: Vec<Text>, known: &BTreeMap<String, String>) -> Vec<Placed<String>> {
        let mut words = Vec::new();
        for shape in shapes {
            let place = shape.as_ref().and_then(line);
            let text = shape.map(|text| text.value).unwrap_or_default();
            words.push(Placed::at(expand(&text, known, &mut self.budget), place));
        }
        words
    }

    fn mount(&mut self, shape: MountShape, known: &BTreeMap<String, String>) -> Mount {
        let expanded = shape.sub_path_expr.map(|path| expand(&path, known, &mut self.budget));
        Mount {
            volume: shape.name.unwrap_or_default(),
            mount_path: clean(&shape.mount_path.unwrap_or_default()),
            sub_path: shape.sub_path.or(expanded).filter(|path| !path.is_empty()),
            read_only: is_yes(shape.read_only.as_deref()),
        }
    }

    /// Words of a shell script carry the line they have if the script is a literal block; check, else use its start.
    fn settle(&self, mut words: Vec<Placed<String>>, script_line: Option<u64>) -> Vec<Placed<String>> {
        // nobody writes such a line; looking through it for every word would be slow
        const LONGEST: usize = 4096;
        let Some(start) = script_line else {
            return words;
        };
        for word in &mut words {
            let sign = word.it.split(['=', ' ']).next().unwrap_or_default();
            let source = word.line.and_then(|line| usize::try_from(line).ok()?.checked_sub(1));
            let source = source.and_then(|index| self.lines.get(index));
            if !source.is_some_and(|text| text.len() <= LONGEST && text.contains(sign)) {
                word.line = Some(start);
            }
        }
        words
    }
}

fn volume(shape: VolumeShape) -> Volume {
    let source = match shape.host_path {
        Some(host) => {
            VolumeSource::HostPath { path: host.path.unwrap_or_default(), kind: host.kind.unwrap_or_default() }
        }
        None => VolumeSource::Other,
    };
    Volume { name: shape.name.unwrap_or_default(), source }
}

fn probe(kind: &'static str, shape: Spanned<ProbeShape>, ports: &[PortShape]) -> Probe {
    let place = line(&shape);
    let ProbeShape { http_get, exec } = shape.value;
    let action = if let Some(get) = http_get {
        ProbeAction::HttpGet {
            scheme: get.scheme.filter(|s| !s.is_empty()).unwrap_or_else(|| "HTTP".to_owned()),
            host: get.host.filter(|host| !host.is_empty()),
            port: get.port.and_then(|port| port_of(&port, ports)),
            path: get.path.unwrap_or_else(|| "/".to_owned()),
        }
    } else if let Some(exec) = exec {
        let command = exec.command.unwrap_or_default();
        ProbeAction::Exec(command.into_iter().map(Option::unwrap_or_default).collect())
    } else {
        ProbeAction::Other
    };
    Probe { kind, action, line: place }
}

fn port_of(port: &str, ports: &[PortShape]) -> Option<u16> {
    let by_name = || ports.iter().find(|shape| shape.name.as_deref() == Some(port));
    port.parse().ok().or_else(|| by_name()?.container_port.as_ref()?.parse().ok())
}

/// YAML 1.1's spellings of true, which Kubernetes' YAML reader accepts.
pub(crate) fn is_yes(text: Option<&str>) -> bool {
    text.is_some_and(|text| matches!(text.to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "y"))
}

fn number_of(text: Option<String>) -> Option<i64> {
    text?.parse().ok()
}

fn without_nulls(map: Option<BTreeMap<String, Option<String>>>) -> BTreeMap<String, String> {
    let pairs = map.unwrap_or_default().into_iter();
    pairs.filter_map(|(key, value)| Some((key, value?))).collect()
}

// ---- which program runs with which words

/// The component a command line starts, and the words after its name.
#[derive(Debug, Default)]
pub(crate) struct Invocation {
    pub(crate) component: Option<Component>,
    pub(crate) words: Vec<Placed<String>>,
    /// Set when the words come out of a shell script: the line where the script starts.
    pub(crate) script_line: Option<u64>,
}

const SHELLS: [&str; 6] = ["sh", "bash", "dash", "ash", "zsh", "ksh"];

/// Programs that start another one, named in their own arguments.
const WRAPPERS: [&str; 16] = [
    "busybox",
    "chpst",
    "chroot",
    "dumb-init",
    "env",
    "go-runner",
    "gosu",
    "hyperkube",
    "ionice",
    "nice",
    "nohup",
    "setsid",
    "su-exec",
    "taskset",
    "time",
    "tini",
];

/// What may stand before a command of a shell script.
const SHELL_WORDS: [&str; 9] = ["!", "command", "do", "else", "exec", "if", "then", "until", "while"];

/// Finds the component in a command line: the program itself, behind a wrapper, in a `sh -c` script, or, when there
/// are only arguments, by the image.
pub(crate) fn invocation(
    words: &[Placed<String>],
    image: Option<&str>,
    known: &BTreeMap<String, String>,
    budget: &mut usize,
) -> Invocation {
    let by_image = image.and_then(Component::of_image);
    let Some((first, rest)) = words.split_first() else {
        return Invocation { component: by_image, ..Invocation::default() };
    };
    if first.it.starts_with('-') && by_image.is_some() {
        return Invocation { component: by_image, words: words.to_vec(), script_line: None };
    }
    if let Some(found) = shell_script(words).and_then(|script| in_script(&script, known, budget)) {
        return found;
    }
    let texts: Vec<&str> = words.iter().map(|word| word.it.as_str()).collect();
    let found = in_command(&texts).or_else(|| {
        // an unknown program that starts what the image is named after
        let component = by_image?;
        let at = texts.iter().position(|word| base_name(word) == component.name())?;
        Some((component, at))
    });
    let (component, after) = match found {
        Some((component, at)) => (Some(component), words.get(at.saturating_add(1)..).unwrap_or_default()),
        None => (None, rest),
    };
    Invocation { component, words: after.to_vec(), script_line: None }
}

/// The component that a simple command starts, and the index of the word that names it.
fn in_command(words: &[&str]) -> Option<(Component, usize)> {
    let skipped = words.iter().take_while(|word| SHELL_WORDS.contains(word) || is_assignment(word)).count();
    let program = words.get(skipped)?;
    if let Some(component) = Component::of_program(program) {
        return Some((component, skipped));
    }
    if !WRAPPERS.contains(&base_name(program)) {
        return None;
    }
    let hyper = base_name(program) == "hyperkube";
    let named = |word: &str| Component::of_program(word).or_else(|| of_hyperkube(word).filter(|_| hyper));
    let mut later = words.iter().enumerate().skip(skipped.saturating_add(1));
    later.find_map(|(index, word)| Some((named(word)?, index)))
}

/// hyperkube's own short names.
fn of_hyperkube(word: &str) -> Option<Component> {
    match word {
        "apiserver" => Some(Component::KubeApiserver),
        "controller-manager" => Some(Component::KubeControllerManager),
        "scheduler" => Some(Component::KubeScheduler),
        _ => None,
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()))
}

struct ShellScript<'a> {
    text: &'a Placed<String>,
    /// `$0`, `$1` …
    arguments: &'a [Placed<String>],
}

/// The script of `sh -c SCRIPT ARGUMENT...`.
fn shell_script(words: &[Placed<String>]) -> Option<ShellScript<'_>> {
    let start = words.iter().take_while(|word| WRAPPERS.contains(&base_name(&word.it))).count();
    let (shell, rest) = words.get(start..)?.split_first()?;
    if !SHELLS.contains(&base_name(&shell.it)) {
        return None;
    }
    let options = rest.iter().take_while(|word| word.it.starts_with(['-', '+'])).count();
    let (options, rest) = rest.split_at_checked(options)?;
    let runs_text = |word: &Placed<String>| !word.it.starts_with("--") && word.it.contains('c');
    if !options.iter().any(runs_text) {
        return None;
    }
    let (text, arguments) = rest.split_first()?;
    Some(ShellScript { text, arguments })
}

fn in_script(script: &ShellScript<'_>, known: &BTreeMap<String, String>, budget: &mut usize) -> Option<Invocation> {
    let start = script.text.line;
    let positional: Vec<&str> = script.arguments.iter().map(|word| word.it.as_str()).collect();
    let place = |newlines: u64| start.map(|start| start.saturating_add(newlines));
    for command in shell_commands(&script.text.it, &positional, known, budget) {
        let texts: Vec<&str> = command.iter().map(|word| word.text.as_str()).collect();
        let Some((component, at)) = in_command(&texts) else {
            continue;
        };
        let after = command.get(at.saturating_add(1)..).unwrap_or_default();
        let words = after.iter().map(|word| Placed::at(word.text.clone(), place(word.newlines)));
        return Some(Invocation { component: Some(component), words: words.collect(), script_line: start });
    }
    None
}

/// `$(VAR)` as the kubelet expands it (`third_party/forked/golang/expansion`): `$$` is a dollar, unknown names stay.
pub(crate) fn expand(text: &str, known: &BTreeMap<String, String>, budget: &mut usize) -> String {
    let mut out = String::new();
    let mut rest = text;
    // where the last `)` is, so that unclosed references cost one look each
    let last_close = text.rfind(')').map_or(usize::MAX, |at| text.len().saturating_sub(at));
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let inside = rest.strip_prefix('(').filter(|inside| inside.len() >= last_close);
        let Some((name, after)) = inside.and_then(|inside| inside.split_once(')')) else {
            out.push('$');
            continue;
        };
        rest = after;
        match known.get(name).and_then(|value| affordable(value, budget)) {
            Some(value) => out.push_str(value),
            None => {
                // writing to a String cannot fail
                let _ = write!(out, "$({name})");
            }
        }
    }
    out.push_str(rest);
    out
}

/// The value if the budget still covers it.
pub(crate) fn affordable<'a>(value: &'a str, budget: &mut usize) -> Option<&'a str> {
    *budget = budget.checked_sub(value.len())?;
    Some(value)
}

/// A word of a script and how many line ends stand before it.
pub(crate) struct ShellWord {
    pub(crate) text: String,
    newlines: u64,
}

/// The simple commands of a script, as far as a scanner without a grammar can tell: quotes, line continuations,
/// comments, redirections, known variables. Command substitutions stay as they are written.
pub(crate) fn shell_commands(
    script: &str,
    positional: &[&str],
    known: &BTreeMap<String, String>,
    budget: &mut usize,
) -> Vec<Vec<ShellWord>> {
    let mut shell = Shell {
        rest: script,
        newlines: 0,
        word: None,
        command: Vec::new(),
        commands: Vec::new(),
        redirected: false,
        positional,
        known,
        budget,
    };
    shell.run();
    shell.commands
}

struct Shell<'a> {
    rest: &'a str,
    newlines: u64,
    /// The word being read and the line it started on.
    word: Option<ShellWord>,
    command: Vec<ShellWord>,
    commands: Vec<Vec<ShellWord>>,
    /// The next word is the target of a redirection.
    redirected: bool,
    positional: &'a [&'a str],
    known: &'a BTreeMap<String, String>,
    budget: &'a mut usize,
}

impl Shell<'_> {
    fn run(&mut self) {
        while let Some(c) = self.next() {
            match c {
                '\'' => self.single_quoted(),
                '"' => self.double_quoted(),
                '\\' => self.escaped(),
                '$' => self.dollar(false),
                '`' => self.verbatim('`', '`', "`"),
                '#' if self.word.is_none() => self.comment(),
                ' ' | '\t' | '\r' => self.end_word(),
                '\n' | ';' | '|' | '(' | ')' => self.end_command(),
                // `&>` and `2>&1` are redirections
                '&' if self.redirected && self.word.is_none() => {}
                '&' if self.rest.starts_with('>') => self.end_word(),
                '&' => self.end_command(),
                '<' | '>' => self.redirection(),
                c => self.push(c),
            }
        }
        self.end_command();
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = self.rest.get(c.len_utf8()..).unwrap_or_default();
        if c == '\n' {
            self.newlines = self.newlines.saturating_add(1);
        }
        Some(c)
    }

    fn push(&mut self, c: char) {
        self.open_word().push(c);
    }

    fn open_word(&mut self) -> &mut String {
        let newlines = self.newlines;
        let fresh = || ShellWord { text: String::new(), newlines };
        &mut self.word.get_or_insert_with(fresh).text
    }

    fn end_word(&mut self) {
        if let Some(word) = self.word.take() {
            if self.redirected {
                self.redirected = false;
            } else {
                self.command.push(word);
            }
        }
    }

    fn end_command(&mut self) {
        self.end_word();
        self.redirected = false;
        if !self.command.is_empty() {
            self.commands.push(std::mem::take(&mut self.command));
        }
    }

    fn redirection(&mut self) {
        // the number before it names a file descriptor
        let digits = |word: &ShellWord| word.text.bytes().all(|b| b.is_ascii_digit());
        if self.word.as_ref().is_some_and(digits) {
            self.word = None;
        }
        self.end_word();
        self.redirected = true;
    }

    fn comment(&mut self) {
        let end = self.rest.find('\n').unwrap_or(self.rest.len());
        self.rest = self.rest.get(end..).unwrap_or_default();
    }

    fn escaped(&mut self) {
        match self.next() {
            Some('\n') | None => {}
            Some(c) => self.push(c),
        }
    }

    fn single_quoted(&mut self) {
        self.open_word();
        while let Some(c) = self.next().filter(|c| *c != '\'') {
            self.push(c);
        }
    }

    fn double_quoted(&mut self) {
        self.open_word();
        while let Some(c) = self.next() {
            match c {
                '"' => return,
                '$' => self.dollar(true),
                '`' => self.verbatim('`', '`', "`"),
                '\\' => match self.next() {
                    Some('\n') | None => {}
                    Some(c @ ('"' | '\\' | '$' | '`')) => self.push(c),
                    Some(c) => {
                        self.push('\\');
                        self.push(c);
                    }
                },
                c => self.push(c),
            }
        }
    }

    /// Copies a command substitution up to its end.
    fn verbatim(&mut self, open: char, close: char, start: &str) {
        self.open_word().push_str(start);
        let mut depth = 1_usize;
        while let Some(c) = self.next() {
            self.push(c);
            if c == close {
                depth = depth.saturating_sub(1);
            } else if c == open {
                depth = depth.saturating_add(1);
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn dollar(&mut self, quoted: bool) {
        if self.rest.starts_with('(') {
            self.next();
            return self.verbatim('(', ')', "$(");
        }
        if self.rest.starts_with(['@', '*']) {
            self.next();
            return self.all_arguments();
        }
        let Some((reference, name, default)) = variable(self.rest) else {
            return self.push('$');
        };
        self.rest = self.rest.get(reference.len()..).unwrap_or_default();
        let positional = name.parse().ok().and_then(|index: usize| self.positional.get(index).copied());
        let value = positional.or_else(|| self.known.get(name).map(String::as_str).filter(|v| !v.is_empty()));
        match value.or(default).and_then(|value| affordable(value, self.budget)) {
            Some(value) if quoted => self.open_word().push_str(value),
            Some(value) => self.fields(value),
            None => {
                self.push('$');
                self.open_word().push_str(reference);
            }
        }
    }

    /// An unquoted variable is split at blanks.
    fn fields(&mut self, value: &str) {
        for c in value.chars() {
            if c.is_ascii_whitespace() {
                self.end_word();
            } else {
                self.push(c);
            }
        }
    }

    fn all_arguments(&mut self) {
        for (index, argument) in self.positional.iter().enumerate().skip(1) {
            let Some(argument) = affordable(argument, self.budget) else {
                return;
            };
            if index > 1 {
                self.end_word();
            }
            self.open_word().push_str(argument);
        }
    }
}

/// Reads `NAME`, `{NAME}`, `{NAME:-default}` after a dollar: the text read, the name, the default.
pub(crate) fn variable(text: &str) -> Option<(&str, &str, Option<&str>)> {
    let is_name = |c: char| c == '_' || c.is_ascii_alphanumeric();
    let Some(inside) = text.strip_prefix('{') else {
        let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
        let name = text.get(..end).filter(|name| !name.is_empty())?;
        return Some((name, name, None));
    };
    // no name is that long; the bound keeps a row of open braces linear
    let close = inside.char_indices().take(1024).find(|(_, c)| *c == '}')?.0;
    let body = inside.get(..close)?;
    let reference = text.get(..body.len().saturating_add(2))?;
    let (name, default) = match body.split_once(":-").or_else(|| body.split_once('-')) {
        Some((name, default)) => (name, Some(default)),
        None => (body, None),
    };
    (!name.is_empty() && name.chars().all(is_name)).then_some((reference, name, default))
}

// ---- the shapes of a manifest; every scalar is read as text, so that `0600`, `yes` and `2379` stay what they are

#[derive(Deserialize)]
struct Document {
    kind: Option<String>,
    metadata: Option<MetadataShape>,
    spec: Option<SpecShape>,
    items: Option<Vec<Self>>,
}

#[derive(Default, Deserialize)]
struct MetadataShape {
    name: Option<String>,
    namespace: Option<String>,
    annotations: Option<BTreeMap<String, Option<String>>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpecShape {
    host_network: Option<String>,
    containers: Option<Vec<ContainerShape>>,
    volumes: Option<Vec<VolumeShape>>,
    security_context: Option<SecurityShape>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SecurityShape {
    run_as_user: Option<String>,
    run_as_group: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContainerShape {
    name: Option<String>,
    image: Option<String>,
    command: Option<Vec<Text>>,
    args: Option<Vec<Text>>,
    env: Option<Vec<EnvShape>>,
    ports: Option<Vec<PortShape>>,
    volume_mounts: Option<Vec<MountShape>>,
    liveness_probe: Option<Spanned<ProbeShape>>,
    readiness_probe: Option<Spanned<ProbeShape>>,
    startup_probe: Option<Spanned<ProbeShape>>,
    security_context: Option<SecurityShape>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnvShape {
    name: Text,
    value: Text,
    value_from: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PortShape {
    name: Option<String>,
    container_port: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MountShape {
    name: Option<String>,
    mount_path: Option<String>,
    sub_path: Option<String>,
    sub_path_expr: Option<String>,
    read_only: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VolumeShape {
    name: Option<String>,
    host_path: Option<HostPathShape>,
}

#[derive(Deserialize)]
struct HostPathShape {
    path: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProbeShape {
    http_get: Option<HttpGetShape>,
    exec: Option<ExecShape>,
}

#[derive(Deserialize)]
struct HttpGetShape {
    scheme: Option<String>,
    host: Option<String>,
    port: Option<String>,
    path: Option<String>,
}

#[derive(Deserialize)]
struct ExecShape {
    command: Option<Vec<Option<String>>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::yaml::MAX_BYTES;

    /// From a real kubeadm 1.20 cluster, shortened.
    const ETCD: &str = "\
apiVersion: v1
kind: Pod
metadata:
  annotations:
    kubeadm.kubernetes.io/etcd.advertise-client-urls: https://192.168.6.11:2379
  creationTimestamp: null
  labels:
    component: etcd
  name: etcd
  namespace: kube-system
spec:
  containers:
  - command:
    - etcd
    - --advertise-client-urls=https://192.168.6.11:2379
    - --cert-file=/etc/kubernetes/pki/etcd/server.crt
    - --client-cert-auth=true
    - --listen-client-urls=https://127.0.0.1:2379,https://192.168.6.11:2379
    - --name=pi-master1
    image: k8s.gcr.io/etcd:3.4.13-0
    livenessProbe:
      failureThreshold: 8
      httpGet:
        host: 127.0.0.1
        path: /health
        port: 2381
        scheme: HTTP
    name: etcd
    resources:
      requests:
        cpu: 100m
    volumeMounts:
    - mountPath: /var/lib/etcd
      name: etcd-data
    - mountPath: /etc/kubernetes/pki/etcd
      name: etcd-certs
  hostNetwork: true
  priorityClassName: system-node-critical
  volumes:
  - hostPath:
      path: /etc/kubernetes/pki/etcd
      type: DirectoryOrCreate
    name: etcd-certs
  - hostPath:
      path: /var/lib/etcd
      type: DirectoryOrCreate
    name: etcd-data
status: {}
";

    fn only(text: &str) -> (Pod, Container) {
        let pods = parse(text.as_bytes()).expect(text);
        let pod = pods.first().expect("a pod").clone();
        let container = pod.containers.first().expect("a container").clone();
        (pod, container)
    }

    /// A pod with one container, described by lines indented by four.
    fn container(lines: &str) -> Container {
        only(&format!("kind: Pod\nspec:\n  containers:\n  - name: x\n{lines}")).1
    }

    /// Mapped below this mounted path, or exactly there.
    fn mapped(path: &str, kind: &str, mounted: &str) -> HostPath {
        let (path, kind, mounted) = (path.to_owned(), kind.to_owned(), mounted.to_owned());
        HostPath::Mapped { exact: path == mounted, path, kind, mounted }
    }

    #[test]
    fn a_kubeadm_manifest() {
        let (pod, etcd) = only(ETCD);
        assert_eq!((pod.name.as_str(), pod.namespace.as_str()), ("etcd", "kube-system"));
        assert!(pod.host_network);
        assert_eq!(pod.document, 1);
        assert_eq!(pod.annotations.len(), 1);
        assert_eq!(etcd.component, Some(Component::Etcd));
        assert_eq!(etcd.image_tag(), Some("3.4.13-0"));
        let cert = etcd.flags.get("cert-file").expect("a flag");
        assert_eq!((cert.value.as_str(), cert.line), ("/etc/kubernetes/pki/etcd/server.crt", Some(16)));
        assert!(etcd.flags.is_true("client-cert-auth"));
        assert_eq!(etcd.flags.list("listen-client-urls").len(), 2);
        let probe = etcd.probes.first().expect("a probe");
        assert_eq!((probe.kind, probe.line), ("liveness", Some(22)));
        let get = ProbeAction::HttpGet {
            scheme: "HTTP".to_owned(),
            host: Some("127.0.0.1".to_owned()),
            port: Some(2381),
            path: "/health".to_owned(),
        };
        assert_eq!(probe.action, get);
    }

    #[test]
    fn paths_of_the_container_on_the_node() {
        let (pod, etcd) = only(ETCD);
        let host = |path: &str| pod.host_path(&etcd, path);
        let kind = "DirectoryOrCreate";
        let server = "/etc/kubernetes/pki/etcd/server.crt";
        assert_eq!(host(server), mapped(server, kind, "/etc/kubernetes/pki/etcd"));
        assert_eq!(
            host("/etc/kubernetes//pki/./etcd/x/../server.crt"),
            mapped(server, kind, "/etc/kubernetes/pki/etcd")
        );
        assert_eq!(host("/var/lib/etcd/"), mapped("/var/lib/etcd", kind, "/var/lib/etcd"));
        assert_eq!(host("/var/lib/etcd2"), HostPath::NotMounted);
        assert_eq!(host("/etc/kubernetes/pki/etcd/../ca.crt"), HostPath::NotMounted);
        assert_eq!(host("server.crt"), HostPath::NotMounted);
        assert_eq!(host(""), HostPath::NotMounted);
    }

    #[test]
    fn the_longest_mount_wins_with_its_sub_path() {
        let (pod, c) = only(
            "kind: Pod
spec:
  containers:
  - name: a
    env: [{name: NODE, value: cp1}]
    volumeMounts:
    - {name: pki, mountPath: /pki}
    - {name: deep, mountPath: /pki/etcd/, subPath: sub/dir}
    - {name: one, mountPath: /pki/sa.key, readOnly: true}
    - {name: secret, mountPath: /secret}
    - {name: gone, mountPath: /gone}
    - {name: deep, mountPath: /expr, subPathExpr: $(NODE)/x}
  volumes:
  - {name: pki, hostPath: {path: /srv/pki/}}
  - {name: deep, hostPath: {path: /srv/deep, type: Directory}}
  - {name: one, hostPath: {path: /srv/keys/sa.key, type: File}}
  - {name: secret, secret: {secretName: s}}
",
        );
        assert_eq!(pod.host_path(&c, "/pki/ca.crt"), mapped("/srv/pki/ca.crt", "", "/srv/pki"));
        assert_eq!(pod.host_path(&c, "/pki/etcd/x"), mapped("/srv/deep/sub/dir/x", "Directory", "/srv/deep/sub/dir"));
        assert_eq!(pod.host_path(&c, "/pki/sa.key"), mapped("/srv/keys/sa.key", "File", "/srv/keys/sa.key"));
        assert_eq!(pod.host_path(&c, "/expr/y"), mapped("/srv/deep/cp1/x/y", "Directory", "/srv/deep/cp1/x"));
        assert_eq!(pod.host_path(&c, "/secret/x"), HostPath::OtherVolume("secret".to_owned()));
        assert_eq!(pod.host_path(&c, "/gone/x"), HostPath::OtherVolume("gone".to_owned()));
        assert_eq!(pod.host_path(&c, "/"), HostPath::NotMounted);
        assert!(c.mounts.iter().any(|m| m.read_only));
    }

    #[test]
    fn a_mount_of_the_whole_root() {
        let (pod, c) = only(
            "kind: Pod
spec:
  containers: [{name: a, volumeMounts: [{name: r, mountPath: /}]}]
  volumes: [{name: r, hostPath: {path: /}}]
",
        );
        assert_eq!(pod.host_path(&c, "/a/b"), mapped("/a/b", "", "/"));
        assert_eq!(pod.host_path(&c, "/"), mapped("/", "", "/"));
    }

    #[test]
    fn the_component_however_it_is_started() {
        let cases = [
            ("    command: [etcd, --name=n]\n", Component::Etcd),
            ("    command: [/usr/local/bin/kube-apiserver, --name=n]\n", Component::KubeApiserver),
            ("    image: quay.io/coreos/etcd:v3\n    args: [--name=n]\n", Component::Etcd),
            ("    image: r:5000/kube-scheduler-amd64@sha256:00\n    args: [--name=n]\n", Component::KubeScheduler),
            ("    image: x/etcd\n    args: [etcd, --name=n]\n", Component::Etcd),
            ("    command: [/hyperkube, controller-manager, --name=n]\n", Component::KubeControllerManager),
            ("    command: [/go-runner, --log-file=/l, /bin/kube-apiserver, --name=n]\n", Component::KubeApiserver),
            ("    command: [sh, -c, 'exec etcd --name=n']\n", Component::Etcd),
            (
                "    command: [/bin/bash, -ec, 'mkdir -p /var/lib/etcd && A=b exec /usr/bin/etcd --name n 2>&1 >>/x']\n",
                Component::Etcd,
            ),
            ("    command: [/bin/sh, -c]\n    args: ['exec etcd \"$@\"', --, --name=n]\n", Component::Etcd),
            ("    command: [busybox, sh, -c, 'etcd --name=n']\n", Component::Etcd),
            ("    image: etcd\n    command: [/wrapper.sh, etcd, --name=n]\n", Component::Etcd),
            ("    command: [env, A=b, etcd, --name=n]\n", Component::Etcd),
        ];
        for (lines, component) in cases {
            let c = container(lines);
            assert_eq!(c.component, Some(component), "{lines}");
            assert_eq!(c.flags.value("name"), Some("n"), "{lines}");
            assert!(c.flags.stray().is_empty(), "{lines}: {:?}", c.flags.stray());
        }
    }

    #[test]
    fn what_is_no_component() {
        for lines in [
            "    command: [sleep, etcd]\n",
            "    command: [sh, -c, 'ls /var/lib/etcd; chown etcd /x']\n",
            "    image: example/etcdctl:1\n",
            "    image: ''\n",
            "    command: []\n",
            "    command: [sh]\n",
            "    command: [sh, -c]\n",
        ] {
            assert_eq!(container(lines).component, None, "{lines}");
        }
    }

    #[test]
    fn flags_of_a_script_know_their_lines() {
        let c = container(
            "    command:\n    - sh\n    - -c\n    - |\n      set -e\n      exec etcd \\\n        --name=n \\\n        --cert-file=/c # not this\n",
        );
        let lines: Vec<_> = c.flags.iter().map(|f| (f.name.as_str(), f.line)).collect();
        assert_eq!(lines, [("name", Some(11)), ("cert-file", Some(12))]);
        let folded = container("    command: [sh, -c, \"set -e\\nset -x\\netcd --name=n\"]\n");
        assert_eq!(folded.flags.get("name").and_then(|f| f.line), Some(5));
    }

    #[test]
    fn variables() {
        let c = container(
            "    command: [etcd, --name=$(NAME), '--data-dir=$$(NAME)', --key-file=$(GONE)$(SECRET)]
    env:
    - {name: NAME, value: cp1}
    - {name: ETCD_CERT_FILE, value: /$(NAME)/c}
    - {name: ETCD_NAME, value: other}
    - {name: ETCD_EMPTY}
    - {name: SECRET, valueFrom: {secretKeyRef: {name: a, key: b}}}
    - {name: 5, value: 6}
",
        );
        assert_eq!(c.flags.value("name"), Some("cp1"));
        assert_eq!(c.flags.value("data-dir"), Some("$(NAME)"));
        assert_eq!(c.flags.value("key-file"), Some("$(GONE)$(SECRET)"));
        assert_eq!(c.flags.get("cert-file").map(|f| (f.value.as_str(), f.line)), Some(("/cp1/c", Some(8))));
        assert_eq!(c.flags.overridden().len(), 1);
        assert_eq!(c.flags.value("empty"), None);
        let secret = c.environment.iter().find(|v| v.name == "SECRET").expect("a variable");
        assert_eq!(secret.value, None);
        let api = container("    command: [kube-apiserver]\n    env: [{name: ETCD_CERT_FILE, value: /x}]\n");
        assert!(api.flags.is_empty());
    }

    #[test]
    fn shell_variables() {
        let c = container(
            "    command: [sh, -c, 'etcd --name=${NAME} --data-dir=\"$NAME\" $MORE --key-file=${X:-/k} --cert-file=$(hostname -f) --peer-key-file=$Y']
    env:
    - {name: NAME, value: cp1}
    - {name: MORE, value: --a=b --c=d}
",
        );
        let flags: Vec<_> = c.flags.iter().map(|f| format!("{}={}", f.name, f.value)).collect();
        // `$(hostname -f)` is no variable of the container, so the shell sees it
        let wanted =
            ["name=cp1", "data-dir=cp1", "a=b", "c=d", "key-file=/k", "cert-file=$(hostname -f)", "peer-key-file=$Y"];
        assert_eq!(flags, wanted);
    }

    #[test]
    fn scalars_of_the_wrong_kind_are_text() {
        let c = container(
            "    command: [etcd, --name, 0600, --snapshot-count, 1_000, --x, yes, ~]
    securityContext: {runAsUser: '1000'}
    ports: [{name: metrics, containerPort: 2381}]
    readinessProbe: {httpGet: {port: metrics}}
    startupProbe: {exec: {command: [etcdctl, 3, null]}}
    livenessProbe: {tcpSocket: {port: 1}}
",
        );
        assert_eq!(c.flags.value("name"), Some("0600"));
        assert_eq!(c.flags.value("snapshot-count"), Some("1_000"));
        assert_eq!(c.flags.value("x"), Some("yes"));
        assert_eq!(c.run_as_user, Some(1000));
        assert_eq!(c.probes[0].action, ProbeAction::Other);
        assert!(
            matches!(&c.probes[1].action, ProbeAction::HttpGet { port: Some(2381), host: None, scheme, .. } if scheme == "HTTP")
        );
        assert!(matches!(&c.probes[2].action, ProbeAction::Exec(command) if command == &["etcdctl", "3", ""]));
    }

    #[test]
    fn users_of_the_pod_reach_the_containers() {
        let (pod, c) = only(
            "kind: Pod\nspec: {securityContext: {runAsUser: 5, runAsGroup: 6}, containers: [{name: a, securityContext: {runAsUser: 7}}]}",
        );
        assert_eq!((pod.run_as_user, pod.run_as_group), (Some(5), Some(6)));
        assert_eq!((c.run_as_user, c.run_as_group), (Some(7), Some(6)));
    }

    #[test]
    fn forms_of_a_file() {
        let json = "{\"kind\":\"Pod\",\n\t\"spec\":{\"containers\":[{\"command\":[\"etcd\",\n\"--name=a\\/b\"]}]}}";
        let (_, c) = only(json);
        assert_eq!(c.flags.get("name").map(|f| (f.value.as_str(), f.line)), Some(("a/b", Some(3))));
        let (_, bom) = only(&format!("\u{feff}{ETCD}"));
        assert_eq!(bom.flags, only(ETCD).1.flags);
        let (_, crlf) = only(&ETCD.replace('\n', "\r\n"));
        assert_eq!(crlf.flags, only(ETCD).1.flags);
        let anchors = "x: &c\n- etcd\n- --name=n\nkind: Pod\nspec: {containers: [{command: *c}]}\n";
        assert_eq!(only(anchors).1.flags.get("name").and_then(|f| f.line), Some(3));
        let merged = "x: &m {image: 'etcd:1'}\nkind: Pod\nspec: {containers: [{<<: *m, args: [--name=n]}]}\n";
        assert_eq!(only(merged).1.component, Some(Component::Etcd));
        let two =
            parse(format!("---\n{ETCD}\n---\nkind: Service\n---\nkind: Pod\n").as_bytes()).expect("three documents");
        assert_eq!(two.iter().map(|p| p.document).collect::<Vec<_>>(), [1, 3]);
        let list =
            parse(b"kind: PodList\nitems: [{metadata: {name: a}}, {kind: Service}, {kind: Pod}]").expect("a list");
        assert_eq!(list.len(), 2);
        let twice =
            "kind: Pod\nspec: {containers: [{command: [etcd]}]}\nspec: {containers: [{command: [kube-scheduler]}]}";
        assert_eq!(only(twice).1.component, Some(Component::KubeScheduler));
    }

    #[test]
    fn nothing_to_see() {
        for text in ["", "\n", "# c\n", "---\n", "kind: ConfigMap\ndata: {a: b}\n", "{}", "null"] {
            assert!(parse(text.as_bytes()).expect(text).is_empty(), "{text:?}");
        }
    }

    #[test]
    fn problems_have_lines_and_no_content() {
        let cases: [(&[u8], Option<u64>); 7] = [
            (b"kind: Pod\nspec: [HIDDEN]\n", Some(2)),
            (b"kind: Pod\nspec:\n  containers: HIDDEN\n", Some(3)),
            (b"kind: Pod\n  x: HIDDEN\n", Some(2)),
            (b"kind: Pod\nx: \"HIDDEN\n", Some(2)),
            (b"HIDDEN", Some(1)),
            (b"kind: Pod\nx: \xff HIDDEN\n", Some(2)),
            (b"kind: Pod\nx: a\0HIDDEN\n", Some(2)),
        ];
        for (bytes, at) in cases {
            let problem = parse(bytes).expect_err("a problem");
            assert_eq!(problem.line, at, "{problem:?}");
            assert!(!problem.message.contains("HIDDEN") && !problem.message.contains(" at line"), "{problem:?}");
            assert!(!problem.message.is_empty());
            assert!(problem.message.chars().all(|c| !c.is_control()), "{problem:?}");
        }
    }

    #[test]
    fn hostile_files() {
        let nine = |name: &str| format!("[{}]", vec![format!("*{name}"); 9].join(","));
        let mut bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
        for (one, next) in ["a", "b", "c", "d", "e", "f", "g", "h"].windows(2).map(|w| (w[0], w[1])) {
            writeln!(bomb, "{next}: &{next} {}", nine(one)).expect("a string");
        }
        bomb.push_str("kind: Pod\nspec: {containers: [{command: [etcd]}]}\n");
        let big = "B".repeat(500_000);
        let repeated = vec!["*b"; 1000].join(",");
        let texts = [
            bomb,
            format!("b: &b {big}\nkind: Pod\nspec: {{containers: [{{command: [{repeated}]}}]}}\n"),
            "[".repeat(20_000),
            format!("kind: {}", "{a: ".repeat(20_000)),
            "? ".repeat(20_000),
            " ".repeat(MAX_BYTES + 1),
            "a".repeat(2 << 20),
            "a: \n".repeat(250_000),
        ];
        for text in &texts {
            assert!(parse(text.as_bytes()).is_err(), "{}", text.chars().take(40).collect::<String>());
        }
        let _ = parse(&[0; 4096]);
        let _ = parse(&[0xff; 4096]);
    }

    #[test]
    fn variables_that_double_each_other_stay_small() {
        let mut text = "kind: Pod\nspec:\n  containers:\n  - command: [sh, -c, 'etcd $V99 ${V99}', $(V99)]\n    env:\n    - {name: V0, value: 0123456789}\n".to_owned();
        for i in 1..100 {
            let before = i - 1;
            writeln!(text, "    - {{name: V{i}, value: $(V{before})$(V{before})}}").expect("a string");
        }
        let (_, c) = only(&text);
        let total: usize = c.environment.iter().filter_map(|v| v.value.as_ref()).map(String::len).sum();
        assert!(total < 2 * MAX_EXPANSION + 4096, "{total}");
    }

    #[test]
    fn scripts_that_never_end() {
        for unit in ["$(", "${", "`", "'", "\"", "\\", "$", "$@", "<", ">", "&", "(", "2>", "#", "$$(", "${A"] {
            let script = unit.repeat(60_000);
            let none = BTreeMap::new();
            let mut budget = MAX_EXPANSION;
            let _ = shell_commands(&script, &["sh", "a", "b"], &none, &mut budget);
            let _ = expand(&script, &none, &mut budget);
        }
    }

    #[test]
    fn image_tags() {
        let tag = |image: &str| split_image(image).1.map(str::to_owned);
        assert_eq!(tag("registry.k8s.io/etcd:3.5.15-0"), Some("3.5.15-0".to_owned()));
        assert_eq!(tag("r:5000/etcd"), None);
        assert_eq!(tag("r:5000/etcd:3.5@sha256:ab"), Some("3.5".to_owned()));
        assert_eq!(tag("etcd@sha256:ab"), None);
        assert_eq!(tag("etcd:"), None);
        assert_eq!(tag(""), None);
    }

    #[test]
    fn lexical_paths() {
        assert_eq!(clean("/a//b/./c/../d/"), "/a/b/d");
        assert_eq!(clean("/../../a"), "/a");
        assert_eq!(clean(""), "/");
    }
}
