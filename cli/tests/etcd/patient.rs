//! Control planes whose every address is this machine's, in memory and on disk.
//!
//! The clinic makes them as kubeadm does. Here they get today's dates, loopback addresses and free ports: kube-apiserver
//! dials 127.0.0.1, everybody else the node's own address, 127.0.0.2, so that a certificate can be good for one of them.
//! No kube-apiserver runs, and nobody listens where it would.

use crate::ports;
use crate::release::Release;
use clinic::Cluster;
use clinic::certificate::{Certificate, KeyId, Time};
use clinic::cluster::{Authority, DAY, Issued, Issuer, Role};
use clinic::config::{Etcd, EtcdTls, KUBERNETES, Url, pki};
use clinic::extension::AltName;
use clinic::file::{CertificateId, File, Part, State};
use clinic::key::{Key, Kind};
use clinic::name::Name;
use clinic::render::{Entry, Rendered};
use clinic::rng::Rng;
use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where kube-apiserver finds etcd.
pub(crate) const LOOPBACK: &str = "127.0.0.1";
/// The nodes' own addresses.
pub(crate) const ADDRESSES: [&str; 3] = ["127.0.0.2", "127.0.0.3", "127.0.0.4"];
/// That of the first, or only, one.
pub(crate) const OWN: &str = ADDRESSES[0];
/// What several nodes are called, and where they lie below `/`; a single one is `pi-master1` in `/etc/kubernetes`.
pub(crate) const NAMES: [&str; 3] = ["cp1", "cp2", "cp3"];

/// What kubeadm writes into every etcd manifest.
const USUAL_METRICS: &str = "http://127.0.0.1:2381";
/// What the clinic's kubeadm runs.
const USUAL_IMAGE: &str = "/etcd:3.4.13-0";

/// The ports of one node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    pub(crate) client: u16,
    pub(crate) peer: u16,
    pub(crate) metrics: u16,
    /// at which nobody listens
    pub(crate) nobody: u16,
}

impl Ports {
    fn free() -> Self {
        Self { client: ports::free(), peer: ports::free(), metrics: ports::free(), nobody: ports::free() }
    }
}

/// A control plane of one node or three.
pub(crate) struct Patient {
    pub(crate) cluster: Cluster,
    pub(crate) rng: Rng,
    /// by node
    pub(crate) ports: Vec<Ports>,
    /// whether `--listen-metrics-urls` is there, as kubeadm writes it
    pub(crate) metrics: bool,
    release: Release,
    root: PathBuf,
    written: BTreeMap<String, Entry>,
}

impl Drop for Patient {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// The present second.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    i64::try_from(since.as_secs()).expect("a clock of this age")
}

impl Patient {
    /// A healthy single node; no two seeds share keys.
    pub(crate) fn healthy(release: Release, seed: u64) -> Self {
        Self::of(release, seed, 1)
    }

    /// Three healthy nodes with a member each.
    pub(crate) fn three(release: Release, seed: u64) -> Self {
        Self::of(release, seed, 3)
    }

    fn of(release: Release, seed: u64, nodes: usize) -> Self {
        let ports: Vec<Ports> = (0..nodes).map(|_| Ports::free()).collect();
        let mut rng = Rng::new(seed);
        let mut cluster = Cluster::kubeadm(seed);
        bring_to_now(&mut cluster);
        for _ in 1..nodes {
            add_node(&mut cluster, &mut rng);
        }
        for (node, ports) in ports.iter().enumerate() {
            settle(&mut cluster, node, *ports);
        }
        introduce(&mut cluster, &ports);
        let number = ports[0].client;
        let root = std::env::temp_dir().join(format!("pkidoctor-etcd-{}-{number}", std::process::id()));
        Self { cluster, rng, ports, metrics: true, release, root, written: BTreeMap::new() }
    }

    /// The directory that is the nodes' `/`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where the files of a node are, as seen from it: `/etc/kubernetes`.
    pub(crate) fn base(&self, node: usize) -> String {
        if self.ports.len() == 1 { KUBERNETES.to_owned() } else { format!("/{}", self.cluster.nodes[node].name) }
    }

    /// Where the files of a node really are.
    pub(crate) fn directory(&self, node: usize) -> PathBuf {
        self.root.join(self.base(node).trim_start_matches('/'))
    }

    /// Writes what is not yet on disk as it is in memory, and nothing else.
    pub(crate) fn write(&mut self) {
        let Rendered { mut entries, .. } = self.cluster.render();
        for node in 0..self.ports.len() {
            let manifests = format!("{}manifests/", self.cluster.prefix(node));
            for (_, entry) in entries.iter_mut().filter(|(path, _)| path.starts_with(&manifests)) {
                if let Entry::File(bytes, _) = entry {
                    *bytes = self.completed(node, &String::from_utf8_lossy(bytes)).into_bytes();
                }
            }
        }
        let top = if self.ports.len() == 1 { self.directory(0) } else { self.root.clone() };
        for (path, entry) in &entries {
            if self.written.get(path) != Some(entry) {
                put(&top.join(path), entry);
            }
        }
        for path in self.written.keys().filter(|path| !entries.contains_key(*path)) {
            put(&top.join(path), &Entry::Nothing);
        }
        self.written = entries;
    }

    /// A manifest with what the clinic cannot say.
    fn completed(&self, node: usize, manifest: &str) -> String {
        let ports = self.ports[node];
        let changes = [
            (USUAL_METRICS.to_owned(), format!("http://{LOOPBACK}:{}", ports.metrics)),
            (USUAL_IMAGE.to_owned(), format!("/etcd:{}-0", self.release.version())),
            ("--secure-port=6443".to_owned(), format!("--secure-port={}", ports.nobody)),
            (KUBERNETES.to_owned(), self.base(node)),
            ("/var/lib/etcd".to_owned(), format!("/var/lib/{}", self.cluster.nodes[node].name)),
        ];
        let kept = manifest.lines().filter(|line| self.metrics || !line.contains(USUAL_METRICS));
        let line = |line: &str| changes.iter().fold(line.to_owned(), |line, (old, new)| line.replace(old, new)) + "\n";
        kept.map(line).collect()
    }

    /// The leaf of `role`.
    pub(crate) fn leaf(&mut self, role: Role) -> &mut Issued {
        self.cluster.leaf(0, role).expect("every role has a leaf")
    }

    pub(crate) fn certificate(&mut self, role: Role) -> &mut Certificate {
        &mut self.leaf(role).certificate
    }

    /// The certificate authority of etcd.
    pub(crate) fn authority(&mut self) -> &mut Issued {
        self.cluster.authority(0, Authority::Etcd)
    }

    pub(crate) fn authority_id(&self) -> CertificateId {
        self.cluster.nodes[0].authorities[&Authority::Etcd]
    }

    pub(crate) fn replace_authority(&mut self, authority: CertificateId) {
        self.cluster.nodes[0].authorities.insert(Authority::Etcd, authority);
    }

    pub(crate) fn etcd(&mut self) -> &mut Etcd {
        self.cluster.nodes[0].etcd.as_mut().expect("etcd runs here")
    }

    /// The client port's side of etcd.
    pub(crate) fn client_port(&mut self) -> &mut EtcdTls {
        &mut self.etcd().client
    }

    /// A file by its path in the PKI directory, made if need be.
    pub(crate) fn file(&mut self, path: &str) -> &mut File {
        self.cluster.nodes[0].files.entry(pki(path)).or_default()
    }

    /// Takes a file away.
    pub(crate) fn lose(&mut self, path: &str) {
        self.file(path).state = State::Missing;
    }

    pub(crate) fn key(&mut self, kind: Kind) -> Key {
        self.cluster.new_key(kind, &mut self.rng)
    }

    /// Another authority called `name`, valid as long as etcd's own.
    pub(crate) fn other_authority(&mut self, name: &str) -> CertificateId {
        let mut certificate = self.authority().certificate.clone();
        certificate.subject = Name::common(name);
        let key = self.key(Kind::Rsa(2048));
        self.cluster.issue(certificate, key, Issuer::Itself)
    }

    /// An authority of the same name with another key: what a second `kubeadm init phase certs etcd-ca` makes.
    pub(crate) fn twin(&mut self) -> CertificateId {
        self.other_authority("etcd-ca")
    }

    /// An authority below etcd's own, in no file yet.
    pub(crate) fn intermediate(&mut self) -> CertificateId {
        let root = self.authority_id();
        let mut certificate = self.authority().certificate.clone();
        certificate.subject = Name::common(&format!("issuing-{}", self.cluster.issued.len()));
        certificate.serial = vec![0x21, 0x43];
        certificate.authority_key_id = KeyId::Proper;
        let key = self.key(Kind::Rsa(2048));
        self.cluster.issue(certificate, key, Issuer::Other(root))
    }

    /// Lets another authority sign the leaf of `role`.
    pub(crate) fn sign_by(&mut self, role: Role, authority: CertificateId) {
        self.leaf(role).issuer = Issuer::Other(authority);
    }

    /// Gives the client port a trust file that no client reads, holding `authorities`.
    pub(crate) fn trust_only(&mut self, authorities: &[CertificateId]) {
        self.client_port().trusted_ca = Some(pki("etcd/clients-ca.crt"));
        let parts = authorities.iter().map(|id| Part::Certificate(*id)).collect();
        *self.file("etcd/clients-ca.crt") = File::new(parts);
    }

    /// Gives a leaf and its key file a new key.
    pub(crate) fn rekey(&mut self, role: Role, kind: Kind) {
        let key = self.key(kind);
        *self.file(&format!("{}.key", role.stem())) = File::key(&key);
        self.leaf(role).key = key;
    }
}

/// A certificate that was good until yesterday.
pub(crate) fn expire(certificate: &mut Certificate) {
    certificate.not_before = Time::At(now() - 300 * DAY);
    certificate.not_after = Time::At(now() - DAY);
}

/// A certificate that will be good from tomorrow on.
pub(crate) fn postpone(certificate: &mut Certificate) {
    certificate.not_before = Time::At(now() + DAY);
    certificate.not_after = Time::At(now() + 300 * DAY);
}

/// Everything was made `cluster.at` ago as if that were now.
fn bring_to_now(cluster: &mut Cluster) {
    let shift = now() - cluster.at;
    let moved = |time: &mut Time| {
        if let Time::At(seconds) = time {
            *seconds += shift;
        }
    };
    for issued in &mut cluster.issued {
        moved(&mut issued.certificate.not_before);
        moved(&mut issued.certificate.not_after);
        // a leaf of kubeadm lives a year; a finding of soon to expire is of no use here
        if matches!(issued.issuer, Issuer::Other(_)) {
            issued.certificate.not_after = Time::At(now() + 300 * DAY);
        }
    }
    cluster.at += shift;
}

/// Another control-plane node, with the same authorities and leaves of its own.
fn add_node(cluster: &mut Cluster, rng: &mut Rng) {
    let mut node = cluster.nodes[0].clone();
    for role in Role::FILES {
        let mut issued = cluster.issued(node.leaves[&role]).clone();
        issued.certificate.serial[0] ^= u8::try_from(cluster.nodes.len()).expect("few nodes");
        let key = cluster.new_key(Kind::Rsa(2048), rng);
        node.files.insert(pki(&format!("{}.key", role.stem())), File::key(&key));
        let id = cluster.issue(issued.certificate, key, issued.issuer);
        node.files.insert(pki(&format!("{}.crt", role.stem())), File::new(vec![Part::Certificate(id)]));
        node.leaves.insert(role, id);
    }
    cluster.nodes.push(node);
}

/// Gives a node its name, its addresses and its ports.
fn settle(cluster: &mut Cluster, index: usize, ports: Ports) {
    let own = ADDRESSES[index];
    if cluster.nodes.len() > 1 {
        NAMES[index].clone_into(&mut cluster.nodes[index].name);
    }
    let name = cluster.nodes[index].name.clone();
    for role in [Role::EtcdServer, Role::EtcdPeer] {
        let certificate = &mut cluster.leaf(index, role).expect("a leaf").certificate;
        certificate.set_names(&[&name, "localhost", LOOPBACK, own, "::1"].map(AltName::host));
        certificate.subject = Name::common(&name);
    }
    let service = cluster.nodes[index].apiserver.service_address.clone();
    let names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", &name, own, &service];
    cluster.leaf(index, Role::Apiserver).expect("a leaf").certificate.set_names(&names.map(AltName::host));

    let node = &mut cluster.nodes[index];
    own.clone_into(&mut node.address);
    own.clone_into(&mut node.apiserver.address);
    node.apiserver.etcd_servers = vec![Url::https(LOOPBACK, ports.client)];
    for conf in node.kubeconfigs.values_mut() {
        conf.server = Url::https(own, ports.nobody);
    }
    let etcd = node.etcd.as_mut().expect("kubeadm's etcd");
    etcd.name = name;
    etcd.listen_client = [LOOPBACK, own].map(|host| Url::https(host, ports.client)).to_vec();
    etcd.advertise_client = vec![Url::https(own, ports.client)];
    etcd.listen_peer = vec![Url::https(own, ports.peer)];
    etcd.advertise_peer.clone_from(&etcd.listen_peer);
}

/// Tells the members of each other.
fn introduce(cluster: &mut Cluster, ports: &[Ports]) {
    let members = cluster.nodes.iter().zip(ADDRESSES).zip(ports);
    let members: Vec<String> =
        members.map(|((node, own), ports)| format!("{}={}", node.name, Url::https(own, ports.peer))).collect();
    for node in &mut cluster.nodes {
        node.etcd.as_mut().expect("kubeadm's etcd").initial_cluster = members.join(",");
    }
}

fn put(path: &Path, entry: &Entry) {
    let _ = std::fs::remove_file(path);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    match entry {
        Entry::File(bytes, mode) => {
            std::fs::write(path, bytes).expect("writes");
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(*mode)).expect("chmod");
        }
        Entry::Directory => std::fs::create_dir_all(path).expect("a directory"),
        Entry::Link(target) => symlink(target, path).expect("a link"),
        Entry::Nothing => {}
    }
}
