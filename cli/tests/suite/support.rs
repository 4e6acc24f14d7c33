//! Runs the built binary on copies of the real trees.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// An hour after the real trees were made.
pub(crate) const NOW: &str = "2026-11-23T04:00:00Z";
/// When every leaf has expired.
pub(crate) const LATER: &str = "2028-01-01T00:00:00Z";

static NUMBER: AtomicUsize = AtomicUsize::new(0);

/// A directory of its own, removed on drop; commands run in it, so that paths in output are short and stable.
pub(crate) struct Ward {
    pub(crate) directory: PathBuf,
}

impl Drop for Ward {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// What a run did.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    #[track_caller]
    pub(crate) fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, expected, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }

    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<serde_json::Value> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect()
    }
}

impl Ward {
    pub(crate) fn new() -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("pkidoctor-cli-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a temporary directory");
        Self { directory }
    }

    /// With a copy of a real tree (`stacked-single`, `ha/cp1`), under its own name.
    pub(crate) fn with(clusters: &[&str]) -> Self {
        Self::with_from("clusters", clusters)
    }

    /// With an act of the story.
    pub(crate) fn act(act: &str) -> Self {
        Self::with_from("story", &[act])
    }

    fn with_from(shelf: &str, trees: &[&str]) -> Self {
        let ward = Self::new();
        for tree in trees {
            copy_with_modes(&testdata().join(shelf).join(tree), &ward.path(tree));
        }
        ward
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.directory.join(relative)
    }

    /// `etcd/server.key` overwritten with a key that belongs to another certificate.
    pub(crate) fn with_wrong_key(self) -> Self {
        let pki = self.path("stacked-single/pki");
        std::fs::copy(pki.join("apiserver.key"), pki.join("etcd/server.key")).expect("copies");
        self
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pkidoctor"));
        command.args(arguments).current_dir(&self.directory).env("COLUMNS", "80").stdin(Stdio::null());
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM", "LANG", "LC_ALL", "LC_MESSAGES"] {
            command.env_remove(name);
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        finish(self.command(arguments))
    }

    /// `scan ... --at NOW`
    pub(crate) fn scan(&self, arguments: &[&str]) -> Ran {
        self.run(&[&["scan"], arguments, &["--at", NOW]].concat())
    }
}

pub(crate) fn finish(mut command: Command) -> Ran {
    let output = command.output().expect("the binary runs");
    Ran {
        code: output.status.code().expect("an exit code"),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

pub(crate) fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata")
}

/// Copies a tree; keys, kubeconfigs, `sa.pub` and manifests get 0600 as kubeadm makes them.
pub(crate) fn copy_with_modes(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_with_modes(&entry.path(), &target);
            continue;
        }
        std::fs::write(&target, std::fs::read(entry.path()).expect("reads")).expect("writes");
        let mode = if target.extension().is_some_and(|extension| extension == "crt") { 0o644 } else { 0o600 };
        std::fs::set_permissions(&target, std::fs::Permissions::from_mode(mode)).expect("chmod");
    }
}

/// Every file below a directory.
pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).expect("a directory").flatten().map(|entry| entry.path());
    let mut all: Vec<PathBuf> =
        entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect();
    all.sort();
    all
}

/// Compares with a file of `tests/snapshots`; `UPDATE=1` rewrites it.
#[track_caller]
pub(crate) fn snapshot(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name);
    let text = redacted(text);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).expect("writes");
        return;
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(known == text, "{name} differs; UPDATE=1 rewrites it.\n--- known\n{known}\n--- now\n{text}");
}

/// The version, and how many checks this release has, change without changing what is shown.
fn redacted(text: &str) -> String {
    let line = |line: &str| match line.split_once(" checks: ") {
        Some((count, _)) if count.parse::<usize>().is_ok() => "[COUNTS]".to_owned(),
        _ => line.replace(env!("CARGO_PKG_VERSION"), "[VERSION]"),
    };
    let mut counted = false;
    let kept = text.lines().map(line).filter(|line| {
        // the counts may be wrapped
        let tail = counted && line.starts_with("  ");
        counted = line == "[COUNTS]";
        !tail
    });
    kept.map(|line| line + "\n").collect()
}
