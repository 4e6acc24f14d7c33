//! A cluster as bytes, and on disk.

use crate::certificate::Signer;
use crate::cluster::{Cluster, Issued, Issuer, Node};
use crate::config::{FieldDamage, KUBERNETES, Source};
use crate::file::{CertificateId, File, State};
use crate::manifest::{self, Fields};
use crate::rng::Rng;
use crate::truth;
use base64ct::{Base64, Encoding};
use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

impl Cluster {
    /// The instant of examination in RFC 3339.
    pub fn at_text(&self) -> String {
        truth::rfc3339(self.at)
    }

    /// Everything that would be written, by path relative to the cluster's directory.
    pub fn render(&self) -> Rendered {
        let mut rng = Rng::new(self.render_seed);
        let certificates: Vec<Vec<u8>> = self.issued.iter().map(|issued| self.sign(issued, &mut rng)).collect();
        let certificate = |id: CertificateId| certificates[id.0].clone();
        let mut rendered = Rendered::default();
        for (index, node) in self.nodes.iter().enumerate() {
            let prefix = self.prefix(index);
            for (path, file) in &node.files {
                if let Some(relative) = path.strip_prefix(&format!("{KUBERNETES}/")) {
                    let bytes = file.bytes(&certificate, &mut rng);
                    rendered.entries.insert(format!("{prefix}{relative}"), entry(file, path, bytes));
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
                rendered.entries.insert(path, Entry::File(text.into_bytes(), 0o600));
                rendered.fields.insert((index, (*name).to_owned()), fields);
            }
            for (name, text) in manifests(node) {
                let path = format!("{prefix}manifests/{name}.yaml");
                rendered.entries.insert(path, Entry::File(text.into_bytes(), 0o600));
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
            key: issued.other_signing_key.as_ref().unwrap_or(&parent.key).clone(),
        };
        issued.certificate.sign(&issued.key, &signer, rng)
    }

    /// What stands before `pki/` in paths of the node: nothing for a single one, else its name.
    pub fn prefix(&self, node: usize) -> String {
        if self.nodes.len() == 1 { String::new() } else { format!("{}/", self.nodes[node].name) }
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

fn manifests(node: &Node) -> Vec<(&'static str, String)> {
    let mut manifests = vec![
        ("kube-apiserver", manifest::apiserver(&node.apiserver, node.style)),
        ("kube-controller-manager", manifest::controller_manager(&node.controller_manager, node.style)),
        ("kube-scheduler", manifest::scheduler(node.style)),
    ];
    if let Some(etcd) = &node.etcd {
        manifests.push(("etcd", manifest::etcd(etcd, node.style)));
    }
    manifests
}

fn field(source: &Source, certificate: &dyn Fn(CertificateId) -> Vec<u8>, rng: &mut Rng) -> Option<String> {
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
            text.truncate(text.trim_end_matches('=').len().saturating_sub(1));
        }
        Some(FieldDamage::Twice) => text = Base64::encode_string(text.as_bytes()),
        Some(FieldDamage::Raw) => text = String::from_utf8_lossy(&bytes).into_owned(),
        Some(FieldDamage::Empty) => text.clear(),
        Some(FieldDamage::Folded) => {
            let lines = text.as_bytes().chunks(76).map(String::from_utf8_lossy);
            text = lines.flat_map(|line| [line.into_owned(), "\n".to_owned()]).collect();
        }
    }
    Some(text)
}

fn entry(file: &File, path: &str, bytes: Vec<u8>) -> Entry {
    let extension = Path::new(path).extension().and_then(|extension| extension.to_str());
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
