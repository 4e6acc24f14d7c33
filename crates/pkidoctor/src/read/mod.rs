//! The room that reads: from paths to a [`Cluster`], everything bounded, nothing judged.

#[allow(clippy::disallowed_methods, reason = "the one door through which files are read")]
pub mod disk;
#[allow(clippy::disallowed_methods, reason = "asks for times and sizes, and opens nothing")]
mod footprint;
#[allow(clippy::disallowed_methods, reason = "logs are streamed from here; they are no part of the tree")]
pub mod logs;
mod node;

use std::path::PathBuf;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::cluster::Cluster;
use crate::go::GoVersion;

pub use disk::{Projected, Projection};
pub use footprint::Footprint;

/// What is to be read.
#[derive(Clone, Default)]
pub struct Request {
    /// PKI directories or the ones above them, one per node; at most [`MAX_NODES`].
    pub paths: Vec<PathBuf>,
    /// The node's file system is below this directory.
    pub root: Option<PathBuf>,
    /// Where the static-pod manifests are, if not beside the PKI.
    pub manifests: Option<PathBuf>,
    /// Where the kubeconfigs are, if not beside the PKI.
    pub kubeconfigs: Option<PathBuf>,
    /// Do not look for manifests: kubeadm's layout speaks.
    pub no_manifests: bool,
    /// etcd's configuration or environment file, when it is no static pod.
    pub etcd_config: Option<PathBuf>,
    /// What files are taken to be, instead of what they are: the tree as a repair would leave it.
    pub projection: Arc<Projection>,
}

/// As many nodes as one run takes.
pub const MAX_NODES: usize = 64;

/// Why nothing could be read. A bad certificate is never one of these: it is a finding.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There is nothing at the path.
    #[error("no PKI at {0}: {1}")]
    NoPki(String, String),
    /// Too many paths.
    #[error("{0} paths given, at most {MAX_NODES} nodes fit one run")]
    TooManyNodes(usize),
    /// The etcd configuration that was asked for is not there.
    #[error("cannot read {0}: {1}")]
    Unreadable(String, String),
}

/// Reads every node of one cluster.
///
/// # Errors
/// When a path holds no PKI at all, or there are too many of them.
pub fn cluster(request: &Request, now: OffsetDateTime, go: GoVersion) -> Result<Cluster, ReadError> {
    if request.paths.len() > MAX_NODES {
        return Err(ReadError::TooManyNodes(request.paths.len()));
    }
    let mut nodes = Vec::new();
    for path in &request.paths {
        nodes.push(node::read(request, path, go)?);
    }
    tell_apart(&mut nodes);
    Ok(Cluster { nodes, now, go })
}

/// The bytes of one file of a node that was read, by its path on the node, for who must show what is in it.
///
/// A cluster keeps no private keys, so they are read again when they are needed.
pub fn again(request: &Request, cluster: &Cluster, node: usize, path: &str) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    node::again(request, request.paths.get(node)?, cluster.nodes.get(node)?, path)
}

/// Where on this machine a file of a node that was read is, or would be made, links followed.
///
/// # Errors
/// Why nothing can be written there.
pub fn destination(request: &Request, cluster: &Cluster, node: usize, path: &str) -> Result<PathBuf, String> {
    let (Some(given), Some(read)) = (request.paths.get(node), cluster.nodes.get(node)) else {
        return Err("no such node".to_owned());
    };
    node::destination(request, given, read, path)
}

/// The PKI directory of the first node on this machine, links followed, without reading what is in it.
///
/// # Errors
/// When there is none.
pub fn home(request: &Request) -> Result<PathBuf, ReadError> {
    let given = request.paths.first().map_or(std::path::Path::new(""), PathBuf::as_path);
    node::home(request, given)
}

/// A file's path on this machine, links on the way to it resolved, but not the last one.
///
/// # Errors
/// Why its directory cannot be found.
pub fn real(path: &std::path::Path) -> Result<PathBuf, String> {
    disk::real(path)
}

/// A second node of the same name becomes `name#2`.
fn tell_apart(nodes: &mut [crate::cluster::Node]) {
    let mut seen: Vec<String> = Vec::new();
    for node in nodes {
        let base = node.name.clone();
        let mut number = 1;
        while seen.contains(&node.name) {
            number += 1;
            node.name = format!("{base}#{number}");
        }
        seen.push(node.name.clone());
    }
}

/// Reads one PEM file of this machine.
///
/// # Errors
/// When it cannot be read.
pub fn pem(path: &std::path::Path, go: GoVersion) -> Result<crate::go::load::Material, ReadError> {
    Ok(crate::go::load::Material::read(&file(path)?, go))
}

/// The bytes of one file of this machine, bounded.
///
/// # Errors
/// When it cannot be read, is no regular file, or is too large.
pub fn file(path: &std::path::Path) -> Result<zeroize::Zeroizing<Vec<u8>>, ReadError> {
    let unreadable = |why: &str| Err(ReadError::Unreadable(path.display().to_string(), why.to_owned()));
    let Some(text) = path.to_str() else { return unreadable("the path is not UTF-8") };
    match disk::Disk::new(disk::View::Node).look(text) {
        disk::Look::File { bytes, .. } => Ok(bytes),
        disk::Look::Missing { .. } => unreadable("no such file or directory"),
        disk::Look::Unobserved => unreadable("outside what may be looked at"),
        disk::Look::Unreadable(why) => unreadable(&why),
        disk::Look::LinkLoop => unreadable("too many levels of symbolic links"),
        disk::Look::Directory => unreadable("is a directory"),
        disk::Look::Special(what) => unreadable(what),
        disk::Look::TooLarge(_) => unreadable("too large"),
    }
}
