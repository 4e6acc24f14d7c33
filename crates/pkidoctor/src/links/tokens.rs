//! Service-account tokens: every signer's public half must be among the verifiers' keys.
//!
//! Sources: Kubernetes `kube-apiserver/app/options`, client-go `util/keyutil` (`PublicKeysFromFile`).

use crate::cluster::manifest::Component;
use crate::cluster::{Cluster, Node, State};
use crate::go::handshake::Side;
use crate::go::load::{Item, Material};
use crate::go::private_key::{self, Format};
use crate::x509::der::{Der, tag};
use crate::x509::key::PublicKey;

use super::reference::{FaultKind, LoadFault, PairReference, Place, Reference};
use super::{At, Link, OtherKind, OtherRefusal, RefusedBy};

/// The files of one node that sign and verify tokens.
pub(crate) struct TokenKeys {
    /// Signers.
    pub(crate) signers: Vec<Reference>,
    /// Verifiers; with none given, the API server's TLS key.
    pub(crate) verifiers: Vec<Reference>,
}

impl TokenKeys {
    /// What the manifests name, or the layout.
    pub(crate) fn of(cluster: &Cluster, node: usize) -> Option<Self> {
        let here = &cluster.nodes[node];
        let (manager, apiserver) =
            (here.running(Component::KubeControllerManager), here.running(Component::KubeApiserver));
        if manager.is_none() && apiserver.is_none() {
            return Self::laid_out(cluster, node, here);
        }
        let mut signers = Vec::new();
        if let Some(manager) = &manager {
            signers.push(Reference::flag(node, manager, "service-account-private-key-file"));
        }
        let mut verifiers = Vec::new();
        if let Some(apiserver) = &apiserver {
            signers.push(Reference::flag(node, apiserver, "service-account-signing-key-file"));
            for flag in apiserver.flags.every("service-account-key-file") {
                let values = flag.value.split(',').map(str::trim).filter(|value| !value.is_empty());
                verifiers
                    .extend(values.map(|value| Reference::flag_value(node, apiserver, &flag.name, value, flag.line)));
            }
            if verifiers.is_empty() {
                verifiers.push(Reference::flag(node, apiserver, "tls-private-key-file"));
            }
        }
        signers.retain(|signer| !signer.is_unset());
        verifiers.retain(|verifier| !verifier.is_unset());
        (!signers.is_empty() && !verifiers.is_empty()).then_some(Self { signers, verifiers })
    }

    fn laid_out(cluster: &Cluster, node: usize, here: &Node) -> Option<Self> {
        let there = |file: &str| here.file(&here.layout(file)).is_some_and(|file| file.meta.is_some());
        if !here.may_run(Component::KubeApiserver) || !there("sa.key") && !there("sa.pub") {
            return None;
        }
        Some(Self {
            signers: vec![Reference::layout(cluster, node, "sa.key")],
            verifiers: vec![Reference::layout(cluster, node, "sa.pub")],
        })
    }
}

/// `service-account-tokens` of a node.
pub(super) fn link(cluster: &Cluster, node: usize) -> Option<Link> {
    let keys = TokenKeys::of(cluster, node)?;
    let mut link = Link::new("service-account-tokens", node);
    let mut known = Vec::new();
    let mut gaps = false;
    for verifier in &keys.verifiers {
        match public_keys(cluster, verifier) {
            Ok(Some(keys)) => known.extend(keys),
            Ok(None) => gaps = true,
            Err(fault) => link.faults.push((Side::Server, fault)),
        }
    }
    for signer in &keys.signers {
        match signing_key(cluster, signer) {
            Ok(Some(key)) if known.contains(&key) => {}
            Ok(Some(_)) if gaps => {}
            Ok(Some(_)) => link.other = Some(unknown_signer()),
            Ok(None) => gaps = true,
            Err(fault) => link.faults.push((Side::Client, fault)),
        }
    }
    if gaps {
        link.unknown.push("a service-account key".to_owned());
    }
    // what does not load is told first: the program does not start
    if !link.faults.is_empty() {
        link.other = None;
    }
    let first = |references: &[Reference]| {
        references.first().map(|reference| PairReference { certificate: reference.clone(), key: reference.clone() })
    };
    link.client_pair = first(&keys.signers);
    link.server_pair = first(&keys.verifiers);
    Some(link)
}

fn unknown_signer() -> OtherRefusal {
    OtherRefusal {
        by: RefusedBy::Server,
        at: At::Http,
        client_error: Some("Unauthorized".to_owned()),
        server_error: Some("invalid bearer token".to_owned()),
        kind: OtherKind::UnknownSigner,
    }
}

/// The public half of a signer; `None` when the file cannot be known here.
pub(crate) fn signing_key(cluster: &Cluster, reference: &Reference) -> Result<Option<PublicKey>, LoadFault> {
    let Some(material) = opened(cluster, reference)? else { return Ok(None) };
    match private_key_in(material) {
        Some(key) => Ok(Some(key)),
        None => Err(fault(
            reference,
            "data does not contain a valid RSA or ECDSA private key".to_owned(),
            FaultKind::Configuration,
        )),
    }
}

/// The first block whose label fits its format (`keyutil.ParsePrivateKeyPEM`), if it is RSA or ECDSA.
fn private_key_in(material: &Material) -> Option<PublicKey> {
    let blocks = material.pem.blocks.iter().zip(&material.items);
    let keys = blocks.filter_map(|(block, item)| match item {
        Item::Key(Ok(key)) => Some((block, key)),
        _ => None,
    });
    let fits = |label: &str, format: Option<Format>| match label {
        "EC PRIVATE KEY" => format == Some(Format::Sec1),
        "RSA PRIVATE KEY" => format == Some(Format::Pkcs1),
        "PRIVATE KEY" => format == Some(Format::Pkcs8),
        _ => false,
    };
    let (_, key) = keys.into_iter().find(|(block, _)| fits(&block.label, private_key::format(&block.bytes)))?;
    matches!(key, PublicKey::Rsa { .. } | PublicKey::Ec { .. }).then(|| key.clone())
}

/// Every public key that a verifier's file holds: public keys, certificates, or private ones.
pub(crate) fn public_keys(cluster: &Cluster, reference: &Reference) -> Result<Option<Vec<PublicKey>>, LoadFault> {
    let Some(material) = opened(cluster, reference)? else { return Ok(None) };
    let keys = keys_in(material);
    if keys.is_empty() {
        return Err(fault(
            reference,
            "data does not contain any valid RSA or ECDSA public keys".to_owned(),
            FaultKind::Configuration,
        ));
    }
    Ok(Some(keys))
}

/// Every public key in a PEM file.
pub(crate) fn keys_in(material: &Material) -> Vec<PublicKey> {
    let blocks = material.pem.blocks.iter().zip(&material.items);
    blocks
        .filter_map(|(block, item)| match item {
            Item::Key(Ok(key)) => readable_private(&block.bytes, key),
            Item::Key(Err(_)) => None,
            Item::Certificate(Ok(certificate)) => certificate.key.clone(),
            Item::Certificate(Err(_)) => public_key(&block.bytes, material),
        })
        .collect()
}

/// `keyutil` reads RSA keys in either format, EC keys only as SEC 1.
fn readable_private(der: &[u8], key: &PublicKey) -> Option<PublicKey> {
    let fine = match key {
        PublicKey::Rsa { .. } => true,
        PublicKey::Ec { .. } => private_key::format(der) == Some(Format::Sec1),
        PublicKey::Ed25519(_) | PublicKey::Dsa => false,
    };
    fine.then(|| key.clone())
}

/// A bare public key: a SubjectPublicKeyInfo whatever its label (`x509.ParsePKIXPublicKey`), never PKCS#1.
fn public_key(der: &[u8], material: &Material) -> Option<PublicKey> {
    Der::new(der).element(tag::SEQUENCE)?;
    let key = crate::go::parse::subject_key(der, material.go).ok().flatten()?;
    matches!(key, PublicKey::Rsa { .. } | PublicKey::Ec { .. }).then_some(key)
}

fn opened<'c>(cluster: &'c Cluster, reference: &Reference) -> Result<Option<&'c Material>, LoadFault> {
    if let Some(material) = reference.material(cluster) {
        return Ok(Some(material));
    }
    let shown = match &reference.place {
        Place::Path { shown, .. } => shown,
        Place::Unmapped { shown, why } if *why == super::reference::Unmapped::NotMounted => {
            let text = format!("open {shown}: no such file or directory");
            return Err(fault(reference, text, FaultKind::NotMounted(why.clone())));
        }
        _ => return Ok(None),
    };
    match reference.file(cluster).map(|file| &file.state) {
        Some(State::Missing { .. }) => {
            Err(fault(reference, format!("open {shown}: no such file or directory"), FaultKind::Missing))
        }
        Some(State::Directory) => Err(fault(reference, format!("read {shown}: is a directory"), FaultKind::Directory)),
        Some(State::LinkLoop) => {
            Err(fault(reference, format!("open {shown}: too many levels of symbolic links"), FaultKind::LinkLoop))
        }
        Some(State::Special(what)) => {
            Err(fault(reference, format!("read {shown}: not a regular file ({what})"), FaultKind::Special(what)))
        }
        Some(State::TooLarge(_)) => Err(fault(reference, format!("read {shown}: file too large"), FaultKind::TooLarge)),
        _ => Ok(None),
    }
}

fn fault(reference: &Reference, text: String, kind: FaultKind) -> LoadFault {
    LoadFault { text, guilty: reference.clone(), pair: None, kind }
}
