//! A real etcd, started with exactly the flags of its manifest.

use crate::bounded::wait;
use crate::patient::Patient;
use crate::release::Release;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long a member may take until it serves.
const START: Duration = Duration::from_secs(30);
/// How long a line may take until it is in the log.
const WORDS: Duration = Duration::from_secs(3);

/// A running member; ended on drop.
pub(crate) struct Etcd {
    process: Child,
    log: PathBuf,
    root: PathBuf,
    /// one line for each in the log when the member serves
    listeners: usize,
}

/// What became of a start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    Serves,
    Exited,
    /// neither in time
    Hangs,
}

impl Drop for Etcd {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Etcd {
    /// Starts what the manifest of a node describes.
    pub(crate) fn start(release: Release, patient: &Patient, node: usize) -> Self {
        let (root, directory) = (patient.root(), patient.directory(node));
        let manifest = std::fs::read_to_string(directory.join("manifests/etcd.yaml")).expect("a manifest");
        let flags = flags(&manifest, root);
        let listeners = listeners(&flags);
        let log = directory.join("etcd.log");
        let words = File::create(&log).expect("a log");
        // ends with this thread, even when the test is killed
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).arg(release.program("etcd")).args(flags);
        command.env_clear().env("PATH", "/usr/bin:/bin").current_dir(root);
        command.stdin(Stdio::null()).stdout(words.try_clone().expect("a second handle")).stderr(words);
        let process = command.spawn().expect("etcd starts (setpriv is part of util-linux)");
        Self { process, log, root: root.to_owned(), listeners }
    }

    /// Waits until it serves all its client URLs, or has given up.
    pub(crate) fn settled(&mut self) -> State {
        self.settled_within(START)
    }

    /// The same, for one that may wait for others in vain.
    pub(crate) fn settled_within(&mut self, at_most: Duration) -> State {
        let mut state = State::Hangs;
        wait(at_most, || {
            let log = self.log();
            let serves = log.matches(" client requests on ").count() + log.matches("\"serving client traffic ").count();
            if serves >= self.listeners {
                state = State::Serves;
            } else if self.process.try_wait().expect("a status").is_some() {
                state = State::Exited;
            }
            state != State::Hangs
        });
        state
    }

    /// Whether it is still the process that was started.
    pub(crate) fn is_running(&mut self) -> bool {
        self.process.try_wait().expect("a status").is_none()
    }

    /// Ends it.
    pub(crate) fn stop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// What it has said until now, with the paths of the node.
    pub(crate) fn log(&self) -> String {
        let text = String::from_utf8_lossy(&std::fs::read(&self.log).expect("a log")).into_owned();
        text.replace(&*self.root.to_string_lossy(), "")
    }

    /// Whether it says something of which `said` is true before long.
    pub(crate) fn says(&self, said: impl Fn(&str) -> bool) -> bool {
        wait(WORDS, || said(&self.log()))
    }
}

/// The arguments in `command`, with the node's paths below `root`.
fn flags(manifest: &str, root: &Path) -> Vec<String> {
    let root = root.to_string_lossy();
    let given = manifest.lines().filter_map(|line| line.strip_prefix("    - --"));
    given.map(|flag| format!("--{}", flag.replace("=/", &format!("={root}/")))).collect()
}

fn listeners(flags: &[String]) -> usize {
    let urls = flags.iter().find_map(|flag| flag.strip_prefix("--listen-client-urls="));
    urls.map_or(1, |urls| urls.split(',').count())
}
