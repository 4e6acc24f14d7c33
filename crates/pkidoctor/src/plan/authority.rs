//! Which CA signs, and whether it may: what every running pool would refuse is not made.

use std::sync::Arc;

use crate::cluster::manifest::Component;
use crate::cluster::{Cluster, File, State};
use crate::go::private_key::KeyFaultKind;
use crate::links::reference::Reference;
use crate::profile::{self, ROLES};
use crate::x509::certificate::Certificate;
use crate::x509::key::PublicKey;
use crate::x509::signature::verifies;

use super::{Options, Refusal};

/// A CA on the node.
#[derive(Clone)]
pub struct Signer {
    /// The file with its certificate, by its path on the node.
    pub certificate_file: String,
    /// The file with its key.
    pub key_file: String,
    /// Its certificate: the one in the file that the key belongs to.
    pub certificate: Arc<Certificate>,
    /// What a leaf's file carries beside the leaf, where the CA is not its own issuer: from the CA up to below the
    /// root.
    pub chain: Vec<Arc<Certificate>>,
    /// Whether the key is here; without it only a request can be made.
    pub has_key: bool,
}

/// The CA of a role (`ca`, `etcd/ca`, `front-proxy-ca`).
///
/// # Errors
/// When it cannot sign, or when signing with it would make certificates that nobody running trusts.
pub fn signer(cluster: &Cluster, node: usize, stem: &str, options: &Options) -> Result<Signer, Refusal> {
    let found = find(cluster, node, stem, options.without_ca_key);
    if !options.adopt_ca {
        // that the CA was replaced is why its key does not fit, too
        let here = &cluster.nodes[node];
        let path = found
            .as_ref()
            .map_or_else(|_| here.layout(&format!("{stem}.crt")), |signer| signer.certificate_file.clone());
        let certificates = match &found {
            Ok(signer) => vec![Arc::clone(&signer.certificate)],
            Err(_) => here
                .file(&path)
                .and_then(File::material)
                .map(|file| file.parsed().cloned().collect())
                .unwrap_or_default(),
        };
        known_to_leaves(cluster, node, stem, &certificates, here.shown(&path))?;
    }
    let signer = found?;
    let shown = cluster.nodes[node].shown(&signer.certificate_file).to_owned();
    if !signer.certificate.may_sign() {
        return Err(Refusal::new("not-a-ca", format!("{shown} may not sign: it is no CA certificate"))
            .then("put the CA's own certificate there; pkidoctor scan says what lies there now"));
    }
    if cluster.now > signer.certificate.not_after {
        let end = crate::go::verify::rfc3339(signer.certificate.not_after);
        return Err(Refusal::new("ca-expired", format!("{shown} expired at {end}: what it signs is refused as it is"))
            .then("renew the CA first, and everything that it signed; etcd members and API servers read CA files at start")
            .then("a clock that runs ahead looks the same: see that it is right"));
    }
    Ok(signer)
}

fn find(cluster: &Cluster, node: usize, stem: &str, without_key: bool) -> Result<Signer, Refusal> {
    let places = places(cluster, node, stem);
    let mut refusal = None;
    for (certificate, key) in places {
        match at(cluster, node, &certificate, &key, without_key) {
            Ok(signer) => return Ok(signer),
            // what kubeadm's own place says is what counts
            Err(why) => refusal = refusal.or(Some(why)),
        }
    }
    Err(refusal.unwrap_or_else(|| Refusal::new("ca-missing", format!("there is no {stem}.crt"))))
}

/// kubeadm's place, then the file that a server trusts with the key beside it.
fn places(cluster: &Cluster, node: usize, stem: &str) -> Vec<(String, String)> {
    let here = &cluster.nodes[node];
    let mut all = vec![(here.layout(&format!("{stem}.crt")), here.layout(&format!("{stem}.key")))];
    let (component, flag) = match stem {
        "etcd/ca" => (Component::Etcd, "trusted-ca-file"),
        "ca" => (Component::KubeApiserver, "client-ca-file"),
        _ => (Component::KubeApiserver, "requestheader-client-ca-file"),
    };
    let named = here.running(component).map(|running| Reference::flag(node, &running, flag));
    if let Some(certificate) = named.as_ref().and_then(Reference::path) {
        let beside = |ending: &str| certificate.strip_suffix(ending);
        let bases =
            [beside(".crt").map(|base| format!("{base}.key")), beside(".pem").map(|base| format!("{base}-key.pem"))];
        all.extend(bases.into_iter().flatten().map(|key| (certificate.to_owned(), key)));
    }
    all.dedup();
    all
}

fn at(
    cluster: &Cluster,
    node: usize,
    certificate_file: &str,
    key_file: &str,
    without_key: bool,
) -> Result<Signer, Refusal> {
    let here = &cluster.nodes[node];
    let (shown, shown_key) = (here.shown(certificate_file), here.shown(key_file));
    let Some(material) = here.file(certificate_file).and_then(File::material) else {
        return Err(Refusal::new("ca-missing", format!("{shown} is not there or cannot be read"))
            .then(format!("put {shown} of another control-plane node, or of a backup, back")));
    };
    let certificates: Vec<&Arc<Certificate>> = material.parsed().collect();
    let Some(first) = certificates.first() else {
        return Err(Refusal::new("ca-missing", format!("no certificate can be read in {shown}"))
            .then(format!("put {shown} of another control-plane node, or of a backup, back")));
    };
    let made = |certificate: &Arc<Certificate>, has_key| Signer {
        certificate_file: certificate_file.to_owned(),
        key_file: key_file.to_owned(),
        certificate: Arc::clone(certificate),
        chain: chain(certificate, &certificates),
        has_key,
    };
    let is_external = shown_key == "etcd/ca.key" && is_etcd_external(cluster, node);
    let way_out = |refusal: Refusal| {
        let refusal = refusal.then(
            "where the key is kept elsewhere: --csr DIR makes requests, --install DIR puts in place what was signed",
        );
        if is_external {
            return refusal.then("etcd is external: whoever runs it has the key, and signs");
        }
        refusal.then(format!(
            "or copy {shown_key} from the node that has it (kubeadm gives every control-plane node the same)"
        ))
    };
    let key = match key(here.file(key_file), shown_key) {
        Ok(key) => key,
        Err(_) if without_key => return Ok(made(first, false)),
        Err(refusal) => return Err(way_out(refusal)),
    };
    match certificates.iter().find(|certificate| certificate.key.as_ref() == Some(&key)) {
        Some(certificate) => Ok(made(certificate, true)),
        None if without_key => Ok(made(first, false)),
        None => Err(way_out(Refusal::new(
            "ca-key-mismatch",
            format!("{shown_key} is not the key of {shown}: what it signs would be refused"),
        ))),
    }
}

/// The public half of the CA's key.
fn key(file: Option<&File>, shown: &str) -> Result<PublicKey, Refusal> {
    let state = file.map(|file| &file.state);
    let missing = || Refusal::new("ca-key-missing", format!("{shown} is not here, so nothing can be signed"));
    let material = match state {
        None | Some(State::Missing { .. } | State::Unobserved) => return Err(missing()),
        Some(State::Regular(content)) => &content.material,
        Some(State::Unreadable(why)) => {
            return Err(Refusal::new("not-allowed", format!("{shown} cannot be read: {why}")).then("run as root"));
        }
        Some(_) => return Err(missing()),
    };
    match material.keys().next() {
        Some(Ok(key)) => Ok(key.clone()),
        Some(Err(fault)) if fault.kind == KeyFaultKind::Encrypted => {
            Err(Refusal::new("ca-key-encrypted", format!("{shown} is protected by a passphrase"))
                .then(format!("decrypt a copy for the time of the repair: openssl pkey -in {shown} -out …")))
        }
        Some(Err(fault)) => Err(Refusal::new("ca-key-unusable", format!("{shown} does not load: {}", fault.text))),
        None => Err(Refusal::new("ca-key-unusable", format!("there is no private key in {shown}"))),
    }
}

/// Whether the manifests are here and neither they nor a certificate speak of an etcd of this node.
pub(super) fn is_etcd_external(cluster: &Cluster, node: usize) -> bool {
    let here = &cluster.nodes[node];
    let own = ["etcd/server.crt", "etcd/peer.crt"];
    let has_own = own.iter().any(|file| here.file(&here.layout(file)).and_then(File::material).is_some());
    here.running(Component::KubeApiserver).is_some() && here.running(Component::Etcd).is_none() && !has_own
}

/// What a leaf's file carries beside it: nothing below a root, else the CA and what is above it, without the root.
fn chain(certificate: &Arc<Certificate>, file: &[&Arc<Certificate>]) -> Vec<Arc<Certificate>> {
    let mut chain = Vec::new();
    let mut at = certificate;
    while !at.is_self_issued() && chain.len() < file.len() {
        chain.push(Arc::clone(at));
        let Some(above) = file.iter().find(|above| above.subject.raw == at.issuer.raw) else { break };
        at = above;
    }
    chain
}

/// Refuses where no leaf in place was signed by this CA: then the file was replaced, and whoever loaded the old one
/// would refuse what the new one signs.
fn known_to_leaves(
    cluster: &Cluster,
    node: usize,
    stem: &str,
    authorities: &[Arc<Certificate>],
    shown: &str,
) -> Result<(), Refusal> {
    let leaves = leaves(cluster, node, stem);
    let is_child = |leaf: &Arc<Certificate>| authorities.iter().any(|ca| signed(leaf, ca));
    if leaves.is_empty() || authorities.is_empty() || leaves.iter().any(is_child) {
        return Ok(());
    }
    let message = format!(
        "none of the {} certificates that belong to {shown} was signed by it: the CA was replaced, and every process that loaded the old one would refuse new certificates",
        leaves.len()
    );
    Err(Refusal::new("ca-replaced", message)
        .then(format!(
            "put the old {shown} and its key back (a backup, another control-plane node), then run this again"
        ))
        .then("or make the new CA the cluster's own: --adopt-ca, with the restarts that it names, on every node"))
}

/// Whether a CA signed a leaf, by the bare signature: that the CA may not sign, or has expired, is another fault.
pub(super) fn signed(leaf: &Certificate, ca: &Certificate) -> bool {
    let verified = |key| verifies(leaf.algorithm, key, leaf.tbs_bytes(), &leaf.signature);
    leaf.issuer.raw == ca.subject.raw && ca.key.as_ref().is_some_and(verified)
}

/// The certificates in place that a CA should have signed, with the chains in their files.
pub(super) fn leaves(cluster: &Cluster, node: usize, stem: &str) -> Vec<Arc<Certificate>> {
    let here = &cluster.nodes[node];
    let mut paths: Vec<String> = Vec::new();
    for role in ROLES.into_iter().filter(|role| role.issuer == Some(stem)) {
        paths.push(here.layout(&format!("{}.crt", role.stem)));
        for (flag, _, _) in profile::PAIR_FLAGS.into_iter().filter(|(_, _, name)| *name == role.name) {
            let running = Component::ALL.into_iter().filter_map(|component| here.running(component));
            let named = running.map(|running| Reference::flag(node, &running, flag));
            paths.extend(named.filter_map(|reference| reference.path().map(str::to_owned)));
        }
    }
    if stem == "ca" {
        paths.push("/var/lib/kubelet/pki/kubelet-client-current.pem".to_owned());
    }
    paths.sort();
    paths.dedup();
    let files = paths.iter().filter_map(|path| here.file(path)?.material());
    let embedded = here.kubeconfigs.iter().filter(|_| stem == "ca");
    let embedded = embedded.filter_map(|file| file.client_certificate.as_ref());
    let all = files.chain(embedded).flat_map(crate::go::load::Material::parsed);
    all.filter(|certificate| !certificate.is_self_issued()).cloned().collect()
}
