//! How healthy clusters are made: as kubeadm does, or of a random make.

use crate::certificate::{Certificate, KeyId};
use crate::cluster::{Cluster, DAY, Issuer, Node};
use crate::config::{Apiserver, ControllerManager, Etcd, EtcdTls, Kubeconfig, Source, Style, Url, pki};
use crate::extension::AltName;
use crate::file::{CertificateId, File, Part};
use crate::key::{Container, Key, Kind};
use crate::name::Name;
use crate::rng::Rng;
use crate::role::{Authority, Role};
use std::collections::BTreeMap;

/// 2026-11-23T03:00:00Z, when most patients are seen.
const USUAL_INSTANT: i64 = 1_795_402_800;

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
            authority_kinds: Authority::ALL.map(|authority| (authority, Kind::Rsa(2048))).into(),
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
            names: (1..=count).map(|number| format!("{stem}{number}")).collect(),
            addresses: (1..=count).map(address).collect(),
            loopback: if six { "::1" } else { "127.0.0.1" },
            service_range: if six { "fd00:200::/112" } else { "10.96.0.0/12" },
            service_address: if six { "fd00:200::1" } else { "10.96.0.1" },
            load_balancer: rng
                .chance(20)
                .then(|| if rng.chance(50) { "api.cluster.example".to_owned() } else { address(9) }),
            features,
            style: *rng.pick(&[Style::Equals, Style::Equals, Style::Equals, Style::Space, Style::Args, Style::Env]),
            authority_kinds: authority_kinds.into(),
            leaf_kinds: if uniform { vec![*rng.pick(&LEAF_KINDS)] } else { LEAF_KINDS.to_vec() },
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
        odds.into_iter().filter(|(_, percent)| rng.chance(*percent)).map(|(feature, _)| feature).collect()
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

    fn make_authorities(&mut self, layout: &Layout, age: i64, rng: &mut Rng) -> BTreeMap<Authority, Made> {
        let (from, until) = (self.at - age, self.at - age + 3650 * DAY);
        let mut made = BTreeMap::new();
        for authority in Authority::ALL {
            let kind = layout.authority_kinds[&authority];
            let key = self.new_key(kind, rng);
            let certificate = Certificate::authority(Name::common(authority.common_name())).valid(from, until);
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
            authorities: authorities.iter().map(|(authority, made)| (*authority, made.root)).collect(),
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
        let public = Part::Key(tokens.clone(), Container::Public);
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

    fn write_authorities(&self, layout: &Layout, authorities: &BTreeMap<Authority, Made>, node: &mut Node) {
        for (authority, made) in authorities {
            let mut parts = vec![Part::Certificate(made.root)];
            if let Some(issuing) = made.issuing
                && !layout.has(Feature::IntermediateInLeaf)
            {
                parts.push(Part::Certificate(issuing));
            }
            node.files.insert(pki(&format!("{}.crt", authority.stem())), File::new(parts));
            if !(layout.has(Feature::ExternalEtcd) && *authority == Authority::Etcd) {
                let key = File::key(&self.issued[made.root.0].key);
                node.files.insert(pki(&format!("{}.key", authority.stem())), key);
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
        let id = self.issue(certificate, key, Issuer::Other(made.issuing.unwrap_or(made.root)));
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
        let of_etcd = matches!(role, Role::EtcdServer | Role::EtcdPeer | Role::EtcdHealthcheckClient);
        if of_etcd && layout.has(Feature::ExternalEtcd) {
            return;
        }
        let (cert, key) = self.make_leaf(layout, role, authorities, node, rng);
        node.files.insert(pki(&format!("{}.crt", role.stem())), cert);
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
}

struct Made {
    root: CertificateId,
    issuing: Option<CertificateId>,
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
        (21..=23).map(|number| Url::https(&host(number), 2379)).collect()
    } else if layout.has(Feature::AllEndpoints) {
        layout.addresses.iter().map(|address| Url::https(address, 2379)).collect()
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
        narrow_mount: false,
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
        etcd.client.client_pair = Some((pki("etcd/healthcheck-client.crt"), pki("etcd/healthcheck-client.key")));
    }
}
