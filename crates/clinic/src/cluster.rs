//! A control plane in memory: certificates, files, flags and kubeconfigs, all still changeable.

use crate::certificate::{Certificate, Time};
use crate::config::{Apiserver, ControllerManager, Etcd, EtcdTls, Kubeconfig, Source, Style, pki};
use crate::file::{CertificateId, File};
use crate::key::{Key, Kind};
use crate::rng::Rng;
use std::collections::BTreeMap;

pub use crate::role::{Authority, Role};

/// A day in seconds.
pub const DAY: i64 = 86_400;

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
    pub(crate) next_key: usize,
    pub(crate) render_seed: u64,
}

impl Cluster {
    /// Adds a certificate.
    pub fn issue(&mut self, certificate: Certificate, key: Key, issuer: Issuer) -> CertificateId {
        self.issued.push(Issued { certificate, key, issuer, other_signing_key: None });
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
        let default = || (pki(&format!("{}.crt", role.stem())), pki(&format!("{}.key", role.stem())));
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
        node.files.contains_key(&cert).then_some((Place::File(cert), Place::File(key)))
    }

    /// Every place on `node` that holds the trusted certificate of `authority`.
    pub fn trust_places(&self, node: usize, authority: Authority) -> Vec<Place> {
        let mut places = vec![Place::File(pki(&format!("{}.crt", authority.stem())))];
        if authority == Authority::Cluster {
            places.extend(self.nodes[node].kubeconfigs.keys().copied().map(Place::ConfCa));
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
}

fn flag_pair(tls: &EtcdTls) -> Option<(String, String)> {
    Some((tls.cert.clone()?, tls.key.clone()?))
}

impl Cluster {
    /// The same cluster as if everything had been made around another instant: for commands that go by the real
    /// clock. Seconds since 1970.
    pub fn bring_to(&mut self, now: i64) {
        let shift = now - self.at;
        let moved = |time: &mut Time| {
            if let Time::At(seconds) = time {
                *seconds += shift;
            }
        };
        for issued in &mut self.issued {
            moved(&mut issued.certificate.not_before);
            moved(&mut issued.certificate.not_after);
        }
        self.at += shift;
    }
}
