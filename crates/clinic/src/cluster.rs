//! A control plane in memory: certificates, files, flags and kubeconfigs, all still changeable.

use crate::certificate::{Certificate, KeyId, Signer};
use crate::config::{
    Apiserver, ControllerManager, Etcd, EtcdTls, FieldDamage, KUBERNETES, Kubeconfig, Source,
    Style, Url, pki,
};
use crate::extension::{AltName, Purpose};
use crate::file::{CertificateId, File, Part, State};
use crate::key::{Key, Kind};
use crate::manifest::{self, Fields};
use crate::name::{COMMON_NAME, Name, ORGANIZATION};
use crate::rng::Rng;
use crate::truth;
use base64ct::{Base64, Encoding};
use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

/// A day in seconds.
pub const DAY: i64 = 86_400;

/// 2026-11-23T03:00:00Z, when most patients are seen.
const USUAL_INSTANT: i64 = 1_795_402_800;

/// A certificate authority of a kubeadm cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Authority {
    /// `ca`
    Cluster,
    /// `etcd/ca`
    Etcd,
    /// `front-proxy-ca`
    FrontProxy,
}

impl Authority {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Cluster, Self::Etcd, Self::FrontProxy];

    /// The path in the PKI directory, without suffix.
    pub fn stem(self) -> &'static str {
        match self {
            Self::Cluster => "ca",
            Self::Etcd => "etcd/ca",
            Self::FrontProxy => "front-proxy-ca",
        }
    }

    fn common_name(self) -> &'static str {
        match self {
            Self::Cluster => "kubernetes",
            Self::Etcd => "etcd-ca",
            Self::FrontProxy => "front-proxy-ca",
        }
    }
}

/// A leaf of a kubeadm cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// `etcd/server`
    EtcdServer,
    /// `etcd/peer`
    EtcdPeer,
    /// `etcd/healthcheck-client`
    EtcdHealthcheckClient,
    /// `apiserver-etcd-client`
    ApiserverEtcdClient,
    /// `apiserver`
    Apiserver,
    /// `apiserver-kubelet-client`
    ApiserverKubeletClient,
    /// `front-proxy-client`
    FrontProxyClient,
    /// `admin.conf`
    Admin,
    /// `super-admin.conf`
    SuperAdmin,
    /// `controller-manager.conf`
    ControllerManager,
    /// `scheduler.conf`
    Scheduler,
    /// `kubelet.conf`
    Kubelet,
}

impl Role {
    /// The leaves that are a pair of files.
    pub const FILES: [Self; 7] = [
        Self::EtcdServer,
        Self::EtcdPeer,
        Self::EtcdHealthcheckClient,
        Self::ApiserverEtcdClient,
        Self::Apiserver,
        Self::ApiserverKubeletClient,
        Self::FrontProxyClient,
    ];

    /// The leaves that live in a kubeconfig.
    pub const CONFS: [Self; 5] = [
        Self::Admin,
        Self::SuperAdmin,
        Self::ControllerManager,
        Self::Scheduler,
        Self::Kubelet,
    ];

    /// The leaves that are shown to clients.
    pub const SERVERS: [Self; 3] = [Self::EtcdServer, Self::EtcdPeer, Self::Apiserver];

    /// Who signs it.
    pub fn authority(self) -> Authority {
        match self {
            Self::EtcdServer
            | Self::EtcdPeer
            | Self::EtcdHealthcheckClient
            | Self::ApiserverEtcdClient => Authority::Etcd,
            Self::FrontProxyClient => Authority::FrontProxy,
            _ => Authority::Cluster,
        }
    }

    /// The path in the PKI directory without suffix, or the name of the kubeconfig.
    pub fn stem(self) -> &'static str {
        match self {
            Self::EtcdServer => "etcd/server",
            Self::EtcdPeer => "etcd/peer",
            Self::EtcdHealthcheckClient => "etcd/healthcheck-client",
            Self::ApiserverEtcdClient => "apiserver-etcd-client",
            Self::Apiserver => "apiserver",
            Self::ApiserverKubeletClient => "apiserver-kubelet-client",
            Self::FrontProxyClient => "front-proxy-client",
            Self::Admin => "admin.conf",
            Self::SuperAdmin => "super-admin.conf",
            Self::ControllerManager => "controller-manager.conf",
            Self::Scheduler => "scheduler.conf",
            Self::Kubelet => "kubelet.conf",
        }
    }

    /// Whether it lives in a kubeconfig.
    pub fn in_kubeconfig(self) -> bool {
        Self::CONFS.contains(&self)
    }

    fn purposes(self) -> &'static [Purpose] {
        match self {
            Self::EtcdServer | Self::EtcdPeer => &[Purpose::Server, Purpose::Client],
            Self::Apiserver => &[Purpose::Server],
            _ => &[Purpose::Client],
        }
    }

    fn subject(self, node: &str) -> Name {
        let member = |organization: &str, name: &str| {
            Name::empty()
                .with(ORGANIZATION, organization)
                .with(COMMON_NAME, name)
        };
        match self {
            Self::EtcdServer | Self::EtcdPeer => Name::common(node),
            Self::EtcdHealthcheckClient => member("system:masters", "kube-etcd-healthcheck-client"),
            Self::ApiserverEtcdClient => member("system:masters", "kube-apiserver-etcd-client"),
            Self::Apiserver => Name::common("kube-apiserver"),
            Self::ApiserverKubeletClient => {
                member("system:masters", "kube-apiserver-kubelet-client")
            }
            Self::FrontProxyClient => Name::common("front-proxy-client"),
            Self::Admin => member("system:masters", "kubernetes-admin"),
            Self::SuperAdmin => member("system:masters", "kubernetes-super-admin"),
            Self::ControllerManager => Name::common("system:kube-controller-manager"),
            Self::Scheduler => Name::common("system:kube-scheduler"),
            Self::Kubelet => member("system:nodes", &format!("system:node:{node}")),
        }
    }

    fn user(self, node: &str) -> String {
        self.subject(node).common_name().unwrap_or_default()
    }
}

/// Who signed a certificate.
#[derive(Clone, Debug)]
pub enum Issuer {
    /// its own key
    Itself,
    /// another certificate of the cluster
    Other(CertificateId),
}

/// A certificate, its key and its issuer.
#[derive(Clone, Debug)]
pub struct Issued {
    /// what it will say
    pub certificate: Certificate,
    /// the subject's key
    pub key: Key,
    /// who signs
    pub issuer: Issuer,
    /// signs with this key although the issuer has another
    pub other_signing_key: Option<Key>,
}

/// Where a piece of PKI lies on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// a file by its path on the node
    File(String),
    /// the CA of a kubeconfig
    ConfCa(&'static str),
    /// the certificate of a kubeconfig
    ConfCert(&'static str),
    /// the key of a kubeconfig
    ConfKey(&'static str),
}

/// A control-plane node.
#[derive(Clone, Debug)]
pub struct Node {
    /// its name
    pub name: String,
    /// its address
    pub address: String,
    /// the PKI files by path on the node
    pub files: BTreeMap<String, File>,
    /// the authority whose certificate is trusted
    pub authorities: BTreeMap<Authority, CertificateId>,
    /// the leaves
    pub leaves: BTreeMap<Role, CertificateId>,
    /// etcd, unless it is elsewhere
    pub etcd: Option<Etcd>,
    /// kube-apiserver
    pub apiserver: Apiserver,
    /// kube-controller-manager
    pub controller_manager: ControllerManager,
    /// kubeconfigs by file name
    pub kubeconfigs: BTreeMap<&'static str, Kubeconfig>,
    /// how flags are written
    pub style: Style,
}

/// A deviation that was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inflicted {
    /// its name
    pub name: &'static str,
    /// the failure it stands for
    pub slug: &'static str,
}

/// A control plane of one or several nodes.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// when it is examined, in seconds since 1970
    pub at: i64,
    /// its nodes
    pub nodes: Vec<Node>,
    /// all certificates, by [`CertificateId`]
    pub issued: Vec<Issued>,
    /// what was done to it
    pub wounds: Vec<Inflicted>,
    next_key: usize,
    render_seed: u64,
}

/// What a healthy cluster looks like.
struct Layout {
    names: Vec<String>,
    addresses: Vec<String>,
    loopback: &'static str,
    service_range: &'static str,
    service_address: &'static str,
    load_balancer: Option<String>,
    features: Vec<Feature>,
    style: Style,
    authority_kinds: BTreeMap<Authority, Kind>,
    leaf_kinds: Vec<Kind>,
}

/// What some healthy clusters have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Feature {
    /// etcd is elsewhere
    ExternalEtcd,
    /// a `super-admin.conf`
    SuperAdmin,
    /// some pairs lie at paths of their own
    OwnPaths,
    /// etcd's gateway shows another pair than the server's
    OwnClientPair,
    /// leaves are signed by an issuing authority
    Intermediate,
    /// and that one is in the leaves' files, not in the authority's
    IntermediateInLeaf,
    /// the apiserver dials every member
    AllEndpoints,
}

const LEAF_KINDS: [Kind; 8] = [
    Kind::Rsa(2048),
    Kind::Rsa(2048),
    Kind::Rsa(2048),
    Kind::P256,
    Kind::P256,
    Kind::P384,
    Kind::Rsa(3072),
    Kind::P256,
];

impl Layout {
    /// A single node, exactly as `kubeadm init` leaves it.
    fn kubeadm() -> Self {
        Self {
            names: vec!["pi-master1".to_owned()],
            addresses: vec!["192.168.6.11".to_owned()],
            loopback: "127.0.0.1",
            service_range: "10.96.0.0/12",
            service_address: "10.96.0.1",
            load_balancer: None,
            features: Vec::new(),
            style: Style::Equals,
            authority_kinds: Authority::ALL
                .map(|authority| (authority, Kind::Rsa(2048)))
                .into(),
            leaf_kinds: vec![Kind::Rsa(2048)],
        }
    }

    fn random(rng: &mut Rng) -> Self {
        let count = if rng.chance(20) { 3 } else { 1 };
        let six = rng.chance(15);
        let stem = *rng.pick(&["cp", "pi-master", "k8s-control-", "node.example.", "m"]);
        let first = 2 + rng.below(238);
        let subnet = rng.between(0, 250);
        let address = |number: usize| {
            if six {
                format!("fd00:{subnet:x}::{:x}", first + number)
            } else {
                format!("10.{subnet}.7.{}", first + number)
            }
        };
        let authority_kind = |rng: &mut Rng| *rng.pick(&LEAF_KINDS);
        let authority_kinds = Authority::ALL.map(|authority| (authority, authority_kind(rng)));
        let uniform = rng.chance(50);
        let features = Self::features(count, rng);
        Self {
            names: (1..=count)
                .map(|number| format!("{stem}{number}"))
                .collect(),
            addresses: (1..=count).map(address).collect(),
            loopback: if six { "::1" } else { "127.0.0.1" },
            service_range: if six {
                "fd00:200::/112"
            } else {
                "10.96.0.0/12"
            },
            service_address: if six { "fd00:200::1" } else { "10.96.0.1" },
            load_balancer: rng.chance(20).then(|| {
                if rng.chance(50) {
                    "api.cluster.example".to_owned()
                } else {
                    address(9)
                }
            }),
            features,
            style: *rng.pick(&[
                Style::Equals,
                Style::Equals,
                Style::Equals,
                Style::Space,
                Style::Args,
                Style::Env,
            ]),
            authority_kinds: authority_kinds.into(),
            leaf_kinds: if uniform {
                vec![*rng.pick(&LEAF_KINDS)]
            } else {
                LEAF_KINDS.to_vec()
            },
        }
    }

    fn features(nodes: usize, rng: &mut Rng) -> Vec<Feature> {
        if nodes == 1 && rng.chance(8) {
            return vec![Feature::ExternalEtcd];
        }
        let odds = [
            (Feature::SuperAdmin, 30),
            (Feature::OwnPaths, 15),
            (Feature::OwnClientPair, 5),
            (Feature::Intermediate, 8),
            (Feature::IntermediateInLeaf, 50),
            (Feature::AllEndpoints, 15),
        ];
        odds.into_iter()
            .filter(|(_, percent)| rng.chance(*percent))
            .map(|(feature, _)| feature)
            .collect()
    }

    fn has(&self, feature: Feature) -> bool {
        self.features.contains(&feature)
    }
}

impl Cluster {
    /// A single node, exactly as kubeadm makes it: RSA 2048, its own etcd. Only keys and serials follow the seed.
    pub fn kubeadm(seed: u64) -> Self {
        Self::build(&Layout::kubeadm(), &mut Rng::new(seed))
    }

    /// A healthy cluster of a random make: one or three nodes, IPv4 or IPv6, its own or an external etcd, keys of
    /// several kinds, perhaps intermediates, perhaps paths of its own.
    pub fn healthy(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        Self::build(&Layout::random(&mut rng), &mut rng)
    }

    fn build(layout: &Layout, rng: &mut Rng) -> Self {
        let mut cluster = Self {
            at: USUAL_INSTANT + rng.between(-300 * DAY, 300 * DAY),
            nodes: Vec::new(),
            issued: Vec::new(),
            wounds: Vec::new(),
            next_key: rng.below(1000),
            render_seed: rng.draw(),
        };
        let age = rng.between(260, 2500) * DAY + rng.between(0, DAY);
        let authorities = cluster.make_authorities(layout, age, rng);
        let tokens = cluster.new_key(*rng.pick(&layout.leaf_kinds), rng);
        for index in 0..layout.names.len() {
            let node = cluster.make_node(layout, index, &authorities, &tokens, rng);
            cluster.nodes.push(node);
        }
        cluster
    }

    fn make_authorities(
        &mut self,
        layout: &Layout,
        age: i64,
        rng: &mut Rng,
    ) -> BTreeMap<Authority, Made> {
        let (from, until) = (self.at - age, self.at - age + 3650 * DAY);
        let mut made = BTreeMap::new();
        for authority in Authority::ALL {
            let kind = layout.authority_kinds[&authority];
            let key = self.new_key(kind, rng);
            let certificate =
                Certificate::authority(Name::common(authority.common_name())).valid(from, until);
            let root = self.issue(certificate, key, Issuer::Itself);
            let issuing = layout.has(Feature::Intermediate).then(|| {
                let key = self.new_key(kind, rng);
                let name = Name::common(&format!("{}-issuing", authority.common_name()));
                let mut certificate = Certificate::authority(name).valid(from, until);
                certificate.serial = vec![0x10];
                certificate.authority_key_id = KeyId::Proper;
                self.issue(certificate, key, Issuer::Other(root))
            });
            made.insert(authority, Made { root, issuing });
        }
        made
    }

    fn make_node(
        &mut self,
        layout: &Layout,
        index: usize,
        authorities: &BTreeMap<Authority, Made>,
        tokens: &Key,
        rng: &mut Rng,
    ) -> Node {
        let mut node = Node {
            name: layout.names[index].clone(),
            address: layout.addresses[index].clone(),
            files: BTreeMap::new(),
            authorities: authorities
                .iter()
                .map(|(authority, made)| (*authority, made.root))
                .collect(),
            leaves: BTreeMap::new(),
            etcd: None,
            apiserver: apiserver(layout, index),
            controller_manager: ControllerManager {
                root_ca: pki("ca.crt"),
                token_signer: pki("sa.key"),
                signing_cert: pki("ca.crt"),
                signing_key: pki("ca.key"),
            },
            kubeconfigs: BTreeMap::new(),
            style: layout.style,
        };
        self.write_authorities(layout, authorities, &mut node);
        node.files.insert(pki("sa.key"), File::key(tokens));
        let public = Part::Key(tokens.clone(), crate::key::Container::Public);
        node.files.insert(pki("sa.pub"), File::new(vec![public]));
        for role in Role::FILES {
            self.make_pair(layout, role, authorities, &mut node, rng);
        }
        for role in Role::CONFS {
            if role != Role::SuperAdmin || layout.has(Feature::SuperAdmin) {
                self.make_kubeconfig(layout, role, authorities, &mut node, rng);
            }
        }
        if !layout.has(Feature::ExternalEtcd) {
            node.etcd = Some(etcd(layout, index));
        }
        if layout.has(Feature::OwnPaths) {
            move_paths(&mut node);
        }
        if layout.has(Feature::OwnClientPair) {
            own_client_pair(&mut node);
        }
        node
    }

    fn write_authorities(
        &self,
        layout: &Layout,
        authorities: &BTreeMap<Authority, Made>,
        node: &mut Node,
    ) {
        for (authority, made) in authorities {
            let mut parts = vec![Part::Certificate(made.root)];
            if let Some(issuing) = made.issuing
                && !layout.has(Feature::IntermediateInLeaf)
            {
                parts.push(Part::Certificate(issuing));
            }
            node.files
                .insert(pki(&format!("{}.crt", authority.stem())), File::new(parts));
            if !(layout.has(Feature::ExternalEtcd) && *authority == Authority::Etcd) {
                let key = File::key(&self.issued[made.root.0].key);
                node.files
                    .insert(pki(&format!("{}.key", authority.stem())), key);
            }
        }
    }

    fn make_leaf(
        &mut self,
        layout: &Layout,
        role: Role,
        authorities: &BTreeMap<Authority, Made>,
        node: &mut Node,
        rng: &mut Rng,
    ) -> (File, File) {
        let made = &authorities[&role.authority()];
        let age = rng.between(1, 250) * DAY + rng.between(0, DAY);
        let names = alt_names(layout, role, node);
        let mut certificate = Certificate::leaf(role.subject(&node.name), role.purposes(), &names)
            .valid(self.at - age, self.at - age + 365 * DAY);
        certificate.serial = positive_serial(rng);
        let key = self.new_key(*rng.pick(&layout.leaf_kinds), rng);
        let key_file = File::key(&key);
        let id = self.issue(
            certificate,
            key,
            Issuer::Other(made.issuing.unwrap_or(made.root)),
        );
        node.leaves.insert(role, id);
        let mut parts = vec![Part::Certificate(id)];
        if let Some(issuing) = made.issuing
            && layout.has(Feature::IntermediateInLeaf)
        {
            parts.push(Part::Certificate(issuing));
        }
        (File::new(parts), key_file)
    }

    fn make_pair(
        &mut self,
        layout: &Layout,
        role: Role,
        authorities: &BTreeMap<Authority, Made>,
        node: &mut Node,
        rng: &mut Rng,
    ) {
        let of_etcd = matches!(
            role,
            Role::EtcdServer | Role::EtcdPeer | Role::EtcdHealthcheckClient
        );
        if of_etcd && layout.has(Feature::ExternalEtcd) {
            return;
        }
        let (cert, key) = self.make_leaf(layout, role, authorities, node, rng);
        node.files
            .insert(pki(&format!("{}.crt", role.stem())), cert);
        node.files.insert(pki(&format!("{}.key", role.stem())), key);
    }

    fn make_kubeconfig(
        &mut self,
        layout: &Layout,
        role: Role,
        authorities: &BTreeMap<Authority, Made>,
        node: &mut Node,
        rng: &mut Rng,
    ) {
        let (cert, key) = self.make_leaf(layout, role, authorities, node, rng);
        let server = layout.load_balancer.as_ref().unwrap_or(&node.address);
        let conf = Kubeconfig {
            server: Url::https(server, 6443),
            tls_server_name: None,
            insecure: false,
            ca: Source::data(node.files[&pki("ca.crt")].clone()),
            cert: Source::data(cert),
            key: Source::data(key),
            token: None,
            user: role.user(&node.name),
        };
        node.kubeconfigs.insert(role.stem(), conf);
    }

    /// Adds a certificate.
    pub fn issue(&mut self, certificate: Certificate, key: Key, issuer: Issuer) -> CertificateId {
        self.issued.push(Issued {
            certificate,
            key,
            issuer,
            other_signing_key: None,
        });
        CertificateId(self.issued.len() - 1)
    }

    /// A key that no other certificate of this cluster has, unless the pool is exhausted.
    pub fn new_key(&mut self, kind: Kind, rng: &mut Rng) -> Key {
        self.next_key += 1;
        match kind {
            Kind::Rsa(bits) => Key::rsa(bits, self.next_key),
            _ => Key::generate(kind, rng),
        }
    }

    /// The certificate `id`.
    pub fn issued(&mut self, id: CertificateId) -> &mut Issued {
        &mut self.issued[id.0]
    }

    /// The leaf of `role` on `node`.
    pub fn leaf(&mut self, node: usize, role: Role) -> Option<&mut Issued> {
        let id = *self.nodes.get(node)?.leaves.get(&role)?;
        Some(self.issued(id))
    }

    /// The root of `authority` on `node`.
    pub fn authority(&mut self, node: usize, authority: Authority) -> &mut Issued {
        let id = self.nodes[node].authorities[&authority];
        self.issued(id)
    }

    /// Where the certificate and the key of `role` lie on `node`.
    pub fn pair_places(&self, node: usize, role: Role) -> Option<(Place, Place)> {
        let node = &self.nodes[node];
        if role.in_kubeconfig() {
            node.kubeconfigs.get(role.stem())?;
            return Some((Place::ConfCert(role.stem()), Place::ConfKey(role.stem())));
        }
        let default = || {
            (
                pki(&format!("{}.crt", role.stem())),
                pki(&format!("{}.key", role.stem())),
            )
        };
        let api = &node.apiserver;
        let (cert, key) = match role {
            Role::EtcdServer => flag_pair(&node.etcd.as_ref()?.client)?,
            Role::EtcdPeer => flag_pair(&node.etcd.as_ref()?.peer)?,
            Role::ApiserverEtcdClient => (api.etcd_cert.clone()?, api.etcd_key.clone()?),
            Role::Apiserver => (api.cert.clone(), api.key.clone()),
            Role::ApiserverKubeletClient => (api.kubelet_cert.clone(), api.kubelet_key.clone()),
            Role::FrontProxyClient => (api.proxy_cert.clone(), api.proxy_key.clone()),
            _ => default(),
        };
        node.files
            .contains_key(&cert)
            .then_some((Place::File(cert), Place::File(key)))
    }

    /// Every place on `node` that holds the trusted certificate of `authority`.
    pub fn trust_places(&self, node: usize, authority: Authority) -> Vec<Place> {
        let mut places = vec![Place::File(pki(&format!("{}.crt", authority.stem())))];
        if authority == Authority::Cluster {
            places.extend(
                self.nodes[node]
                    .kubeconfigs
                    .keys()
                    .copied()
                    .map(Place::ConfCa),
            );
        }
        places
    }

    /// The file at `place`; for a kubeconfig, the data of the field.
    pub fn file(&mut self, node: usize, place: &Place) -> Option<&mut File> {
        let node = self.nodes.get_mut(node)?;
        let source = match place {
            Place::File(path) => return node.files.get_mut(path),
            Place::ConfCa(conf) => &mut node.kubeconfigs.get_mut(conf)?.ca,
            Place::ConfCert(conf) => &mut node.kubeconfigs.get_mut(conf)?.cert,
            Place::ConfKey(conf) => &mut node.kubeconfigs.get_mut(conf)?.key,
        };
        match source {
            Source::Data(file, _) => Some(file),
            _ => None,
        }
    }

    /// The instant of examination in RFC 3339.
    pub fn at_text(&self) -> String {
        truth::rfc3339(self.at)
    }

    /// Everything that would be written, by path relative to the cluster's directory.
    pub fn render(&self) -> Rendered {
        let mut rng = Rng::new(self.render_seed);
        let certificates: Vec<Vec<u8>> = self
            .issued
            .iter()
            .map(|issued| self.sign(issued, &mut rng))
            .collect();
        let certificate = |id: CertificateId| certificates[id.0].clone();
        let mut rendered = Rendered::default();
        for (index, node) in self.nodes.iter().enumerate() {
            let prefix = self.prefix(index);
            for (path, file) in &node.files {
                if let Some(relative) = path.strip_prefix(&format!("{KUBERNETES}/")) {
                    let bytes = file.bytes(&certificate, &mut rng);
                    rendered
                        .entries
                        .insert(format!("{prefix}{relative}"), entry(file, path, bytes));
                }
            }
            for (name, conf) in &node.kubeconfigs {
                let fields = Fields {
                    ca: field(&conf.ca, &certificate, &mut rng),
                    cert: field(&conf.cert, &certificate, &mut rng),
                    key: field(&conf.key, &certificate, &mut rng),
                };
                let text = manifest::kubeconfig(conf, &fields);
                let path = format!("{prefix}{name}");
                rendered
                    .entries
                    .insert(path, Entry::File(text.into_bytes(), 0o600));
                rendered.fields.insert((index, (*name).to_owned()), fields);
            }
            for (name, text) in manifests(node) {
                let path = format!("{prefix}manifests/{name}.yaml");
                rendered
                    .entries
                    .insert(path, Entry::File(text.into_bytes(), 0o600));
            }
        }
        rendered
    }

    fn sign(&self, issued: &Issued, rng: &mut Rng) -> Vec<u8> {
        let parent = match issued.issuer {
            Issuer::Itself => issued,
            Issuer::Other(id) => &self.issued[id.0],
        };
        let signer = Signer {
            name: parent.certificate.subject.clone(),
            key: issued
                .other_signing_key
                .as_ref()
                .unwrap_or(&parent.key)
                .clone(),
        };
        issued.certificate.sign(&issued.key, &signer, rng)
    }

    /// What stands before `pki/` in paths of the node: nothing for a single one, else its name.
    pub fn prefix(&self, node: usize) -> String {
        if self.nodes.len() == 1 {
            String::new()
        } else {
            format!("{}/", self.nodes[node].name)
        }
    }

    /// Writes the cluster below `directory`, and `links.json` beside it.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn write(&self, directory: &Path) -> io::Result<()> {
        let rendered = self.render();
        fs::create_dir_all(directory)?;
        for (relative, entry) in &rendered.entries {
            entry.write(&directory.join(relative))?;
        }
        let document = truth::document(self, &rendered);
        let text = serde_json::to_string_pretty(&document).map_err(io::Error::other)?;
        fs::write(directory.join("links.json"), text)
    }
}

struct Made {
    root: CertificateId,
    issuing: Option<CertificateId>,
}

fn flag_pair(tls: &EtcdTls) -> Option<(String, String)> {
    Some((tls.cert.clone()?, tls.key.clone()?))
}

fn positive_serial(rng: &mut Rng) -> Vec<u8> {
    let mut serial = rng.bytes(8);
    serial[0] = (serial[0] & 0x3f) | 0x40;
    serial
}

fn apiserver(layout: &Layout, index: usize) -> Apiserver {
    let etcd_servers = if layout.has(Feature::ExternalEtcd) {
        let host = |number| match layout.loopback {
            "::1" => format!("fd00:ee::{number}"),
            _ => format!("10.99.0.{number}"),
        };
        (21..=23)
            .map(|number| Url::https(&host(number), 2379))
            .collect()
    } else if layout.has(Feature::AllEndpoints) {
        layout
            .addresses
            .iter()
            .map(|address| Url::https(address, 2379))
            .collect()
    } else {
        vec![Url::https(layout.loopback, 2379)]
    };
    Apiserver {
        address: layout.addresses[index].clone(),
        etcd_servers,
        etcd_ca: Some(pki("etcd/ca.crt")),
        etcd_cert: Some(pki("apiserver-etcd-client.crt")),
        etcd_key: Some(pki("apiserver-etcd-client.key")),
        cert: pki("apiserver.crt"),
        key: pki("apiserver.key"),
        client_ca: pki("ca.crt"),
        kubelet_cert: pki("apiserver-kubelet-client.crt"),
        kubelet_key: pki("apiserver-kubelet-client.key"),
        proxy_cert: pki("front-proxy-client.crt"),
        proxy_key: pki("front-proxy-client.key"),
        requestheader_ca: pki("front-proxy-ca.crt"),
        allowed_names: Some(vec!["front-proxy-client".to_owned()]),
        token_keys: vec![pki("sa.pub")],
        token_signer: pki("sa.key"),
        service_range: layout.service_range.to_owned(),
        service_address: layout.service_address.to_owned(),
    }
}

fn etcd(layout: &Layout, index: usize) -> Etcd {
    let (name, address) = (&layout.names[index], &layout.addresses[index]);
    let member = |index: usize| {
        let url = Url::https(&layout.addresses[index], 2380);
        format!("{}={url}", layout.names[index])
    };
    let tls = |stem: &str| EtcdTls {
        cert: Some(pki(&format!("etcd/{stem}.crt"))),
        key: Some(pki(&format!("etcd/{stem}.key"))),
        trusted_ca: Some(pki("etcd/ca.crt")),
        client_cert_auth: Some(true),
        ..EtcdTls::default()
    };
    Etcd {
        name: name.clone(),
        advertise_client: vec![Url::https(address, 2379)],
        listen_client: vec![Url::https(layout.loopback, 2379), Url::https(address, 2379)],
        advertise_peer: vec![Url::https(address, 2380)],
        listen_peer: vec![Url::https(address, 2380)],
        initial_cluster: (0..=index).map(member).collect::<Vec<_>>().join(","),
        client: tls("server"),
        peer: tls("peer"),
        skip_san: false,
        extra: Vec::new(),
    }
}

fn alt_names(layout: &Layout, role: Role, node: &Node) -> Vec<AltName> {
    let hosts: Vec<&str> = match role {
        Role::EtcdServer | Role::EtcdPeer => {
            vec!["localhost", &node.name, &node.address, "127.0.0.1", "::1"]
        }
        Role::Apiserver => {
            let mut hosts = vec![
                "kubernetes",
                "kubernetes.default",
                "kubernetes.default.svc",
                "kubernetes.default.svc.cluster.local",
                &node.name,
                layout.service_address,
                &node.address,
            ];
            hosts.extend(layout.load_balancer.as_deref());
            hosts
        }
        _ => Vec::new(),
    };
    hosts.into_iter().map(AltName::host).collect()
}

/// Moves the etcd server pair and the apiserver's etcd client pair to paths of their own.
fn move_paths(node: &mut Node) {
    let moves = [
        ("etcd/server.crt", "etcd-custom/srv.pem"),
        ("etcd/server.key", "etcd-custom/srv-key.pem"),
        ("apiserver-etcd-client.crt", "clients/etcd.crt"),
        ("apiserver-etcd-client.key", "clients/etcd.key"),
    ];
    for (from, to) in moves {
        if let Some(file) = node.files.remove(&pki(from)) {
            node.files.insert(pki(to), file);
        }
    }
    if let Some(etcd) = &mut node.etcd {
        etcd.client.cert = Some(pki("etcd-custom/srv.pem"));
        etcd.client.key = Some(pki("etcd-custom/srv-key.pem"));
    }
    node.apiserver.etcd_cert = Some(pki("clients/etcd.crt"));
    node.apiserver.etcd_key = Some(pki("clients/etcd.key"));
}

/// Gives etcd's gateway the health check's pair to show.
fn own_client_pair(node: &mut Node) {
    if let Some(etcd) = &mut node.etcd {
        etcd.client.client_pair = Some((
            pki("etcd/healthcheck-client.crt"),
            pki("etcd/healthcheck-client.key"),
        ));
    }
}

fn manifests(node: &Node) -> Vec<(&'static str, String)> {
    let mut manifests = vec![
        (
            "kube-apiserver",
            manifest::apiserver(&node.apiserver, node.style),
        ),
        (
            "kube-controller-manager",
            manifest::controller_manager(&node.controller_manager, node.style),
        ),
        ("kube-scheduler", manifest::scheduler(node.style)),
    ];
    if let Some(etcd) = &node.etcd {
        manifests.push(("etcd", manifest::etcd(etcd, node.style)));
    }
    manifests
}

fn field(
    source: &Source,
    certificate: &dyn Fn(CertificateId) -> Vec<u8>,
    rng: &mut Rng,
) -> Option<String> {
    let Source::Data(file, damage) = source else {
        return None;
    };
    let bytes = file.bytes(certificate, rng);
    let mut text = Base64::encode_string(&bytes);
    match damage {
        None => {}
        Some(FieldDamage::BadCharacter) => {
            let middle = text.len() / 2;
            text.replace_range(middle..=middle, "%");
        }
        Some(FieldDamage::Short) => {
            text.truncate(text.trim_end_matches('=').len().saturating_sub(1))
        }
        Some(FieldDamage::Twice) => text = Base64::encode_string(text.as_bytes()),
        Some(FieldDamage::Raw) => text = String::from_utf8_lossy(&bytes).into_owned(),
        Some(FieldDamage::Empty) => text.clear(),
        Some(FieldDamage::Folded) => {
            let lines = text.as_bytes().chunks(76).map(String::from_utf8_lossy);
            text = lines
                .flat_map(|line| [line.into_owned(), "\n".to_owned()])
                .collect();
        }
    }
    Some(text)
}

fn entry(file: &File, path: &str, bytes: Vec<u8>) -> Entry {
    let extension = Path::new(path)
        .extension()
        .and_then(|extension| extension.to_str());
    let secret = extension == Some("key") || path.ends_with("-key.pem") || path.ends_with("sa.pub");
    match &file.state {
        State::Present => Entry::File(bytes, if secret { 0o600 } else { 0o644 }),
        State::Missing => Entry::Nothing,
        State::Directory => Entry::Directory,
        State::Link(target) => Entry::Link(target.clone()),
    }
}

/// Something on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// a file and its mode
    File(Vec<u8>, u32),
    /// a directory
    Directory,
    /// a symbolic link
    Link(String),
    /// nothing
    Nothing,
}

impl Entry {
    #[cfg(unix)]
    fn write(&self, path: &Path) -> io::Result<()> {
        use std::os::unix::fs::{PermissionsExt, symlink};
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        match self {
            Self::File(bytes, mode) => {
                fs::write(path, bytes)?;
                fs::set_permissions(path, fs::Permissions::from_mode(*mode))
            }
            Self::Directory => fs::create_dir_all(path),
            Self::Link(target) => symlink(target, path),
            Self::Nothing => Ok(()),
        }
    }
}

/// A cluster as bytes.
#[derive(Clone, Debug, Default)]
pub struct Rendered {
    /// everything by path relative to the cluster's directory
    pub entries: BTreeMap<String, Entry>,
    /// the data fields of every kubeconfig, by node and file name
    pub fields: BTreeMap<(usize, String), Fields>,
}
