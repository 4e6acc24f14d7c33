//! What a cluster was read from, so that a change is noticed without reading anything again.
//!
//! Every file that was looked at or looked for, and every directory on the way, by device, number, size, owner, mode and
//! times. A file that is rewritten within one tick of the clock looks the same as before: whoever compares must look
//! once more as long as the newest time is that of the reading itself ([`Footprint::newest`]).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use time::OffsetDateTime;

use super::{Request, destination};
use crate::cluster::Cluster;

/// Paths, and what the file system says of each.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Footprint {
    marks: BTreeMap<PathBuf, Option<Mark>>,
}

/// What changes when a file or a directory does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Mark {
    device: u64,
    number: u64,
    size: u64,
    mode: u32,
    owner: (u32, u32),
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Footprint {
    /// That of a cluster that was just read.
    pub fn of(request: &Request, cluster: &Cluster) -> Self {
        let mut paths = BTreeSet::new();
        for (index, node) in cluster.nodes.iter().enumerate() {
            for path in node.files.keys() {
                // what lies outside of a copy is not on this machine
                let Ok(path) = destination(request, cluster, index, path) else { continue };
                paths.extend(path.parent().map(ToOwned::to_owned));
                paths.insert(path);
            }
            for manifest in &node.manifests {
                if let Ok(path) = destination(request, cluster, index, &manifest.path) {
                    paths.extend(path.parent().map(ToOwned::to_owned));
                    paths.insert(path);
                }
            }
        }
        paths.extend(request.paths.iter().filter(|_| request.root.is_none()).cloned());
        Self { marks: paths.into_iter().map(|path| (path, None)).collect() }.again()
    }

    /// The same paths as they are now.
    #[must_use]
    pub fn again(&self) -> Self {
        Self { marks: self.marks.keys().map(|path| (path.clone(), Mark::of(path))).collect() }
    }

    /// The newest time of all of them.
    pub fn newest(&self) -> Option<OffsetDateTime> {
        let times = self.marks.values().flatten().flat_map(|mark| [mark.modified, mark.changed]);
        let (seconds, nanoseconds) = times.max()?;
        let at = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
        Some(at + time::Duration::nanoseconds(nanoseconds))
    }
}

impl Mark {
    fn of(path: &PathBuf) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let meta = std::fs::symlink_metadata(path).ok()?;
        Some(Self {
            device: meta.dev(),
            number: meta.ino(),
            size: meta.size(),
            mode: meta.mode(),
            owner: (meta.uid(), meta.gid()),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        })
    }
}
