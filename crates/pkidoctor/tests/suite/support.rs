//! Patients on disk: the real trees of `testdata/clusters` with kubeadm's modes, or clusters made by the clinic.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use pkidoctor::exam::Options;
use pkidoctor::go::GoVersion;
use pkidoctor::lang::Language;
use pkidoctor::read::{self, Request};
use pkidoctor::report::{self, Filter, Finding, Report};
use time::OffsetDateTime;
use time::macros::datetime;

/// An hour after the real trees were made.
pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-23 04:00 UTC);

/// A control plane in a directory of its own, removed on drop.
pub(crate) struct Patient {
    pub(crate) directory: PathBuf,
    /// What is given to `scan`.
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) now: OffsetDateTime,
    pub(crate) go: GoVersion,
    pub(crate) request: Request,
}

impl Drop for Patient {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

static NUMBER: AtomicUsize = AtomicUsize::new(0);

fn fresh_directory() -> PathBuf {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let directory = std::env::temp_dir().join(format!("pkidoctor-suite-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a temporary directory");
    directory
}

impl Patient {
    /// A real kubeadm tree (`stacked-single`, `ecdsa`, `ipv6`, `external-etcd`, `ha/cp1`), as a copy.
    pub(crate) fn real(cluster: &str) -> Self {
        Self::real_nodes(&[cluster])
    }

    /// Several real trees as the nodes of one cluster.
    pub(crate) fn real_nodes(clusters: &[&str]) -> Self {
        let directory = fresh_directory();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/clusters");
        let mut paths = Vec::new();
        for cluster in clusters {
            let target = directory.join(cluster);
            copy_with_modes(&source.join(cluster), &target);
            paths.push(target.join("pki"));
        }
        Self { directory, paths, now: NOW, go: GoVersion::NEWEST, request: Request::default() }
    }

    /// A cluster of the clinic; `links.json` beside it is not looked at.
    pub(crate) fn clinic(cluster: &clinic::Cluster) -> Self {
        let directory = fresh_directory();
        cluster.write(&directory).expect("writes");
        let paths = (0..cluster.nodes.len()).map(|node| directory.join(cluster.prefix(node)).join("pki")).collect();
        let now = OffsetDateTime::parse(&cluster.at_text(), &time::format_description::well_known::Rfc3339)
            .expect("an instant");
        Self { directory, paths, now, go: GoVersion::NEWEST, request: Request::default() }
    }

    /// Nodes that lie somewhere already, and stay there.
    pub(crate) fn on_disk(paths: Vec<PathBuf>, now: OffsetDateTime) -> Self {
        Self { directory: fresh_directory(), paths, now, go: GoVersion::NEWEST, request: Request::default() }
    }

    /// The same node as a file system of its own, looked at with `--root`.
    pub(crate) fn below_root(mut self) -> Self {
        let root = self.directory.join("root");
        std::fs::create_dir_all(root.join("etc")).expect("a directory");
        let kubernetes = self.paths[0].parent().expect("a parent").to_path_buf();
        std::fs::rename(kubernetes, root.join("etc/kubernetes")).expect("moves");
        self.paths = vec![PathBuf::from("/etc/kubernetes/pki")];
        self.request.root = Some(root);
        self
    }

    /// A file of the first node: `etcd/server.crt`, `../manifests/etcd.yaml`.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.paths[0].join(relative)
    }

    pub(crate) fn text(&self, relative: &str) -> String {
        std::fs::read_to_string(self.path(relative)).expect("a text file")
    }

    /// Replaces content, keeping the mode.
    pub(crate) fn write(&self, relative: &str, bytes: impl AsRef<[u8]>) -> &Self {
        std::fs::write(self.path(relative), bytes).expect("writes");
        self
    }

    pub(crate) fn remove(&self, relative: &str) -> &Self {
        std::fs::remove_file(self.path(relative)).expect("removes");
        self
    }

    pub(crate) fn copy(&self, from: &str, to: &str) -> &Self {
        let to = self.path(to);
        std::fs::create_dir_all(to.parent().expect("a parent")).expect("a directory");
        std::fs::copy(self.path(from), to).expect("copies");
        self
    }

    pub(crate) fn chmod(&self, relative: &str, mode: u32) -> &Self {
        std::fs::set_permissions(self.path(relative), std::fs::Permissions::from_mode(mode)).expect("chmod");
        self
    }

    /// Replaces text in a file; panics when it is not there, so that no test passes by accident.
    pub(crate) fn edit(&self, relative: &str, from: &str, to: &str) -> &Self {
        let text = self.text(relative);
        assert!(text.contains(from), "{relative} does not contain {from:?}");
        self.write(relative, text.replace(from, to))
    }

    pub(crate) fn at(mut self, now: OffsetDateTime) -> Self {
        self.now = now;
        self
    }

    pub(crate) fn for_go(mut self, minor: u16) -> Self {
        self.go = GoVersion::minor(minor);
        self
    }

    pub(crate) fn scan(&self) -> Report {
        let request = Request { paths: self.paths.clone(), ..self.request.clone() };
        let cluster = read::cluster(&request, self.now, self.go).expect("a PKI");
        report::examine(&cluster, &Options::default(), &Filter::default())
    }

    /// Scans and demands exactly these findings, as `severity code subject`.
    #[track_caller]
    pub(crate) fn expect(&self, expected: &[&str]) -> Report {
        let report = self.scan();
        let mut found: Vec<String> = report.findings.iter().map(line).collect();
        found.sort();
        let mut expected: Vec<String> = expected.iter().map(|line| (*line).to_owned()).collect();
        expected.sort();
        assert_eq!(found, expected, "\n{}", report.findings.iter().map(told).collect::<Vec<_>>().join("\n"));
        explained(&report);
        report
    }
}

/// `error expired etcd/server.crt`
pub(crate) fn line(finding: &Finding) -> String {
    format!("{} {} {}", finding.severity, finding.code, finding.subject)
}

fn told(finding: &Finding) -> String {
    let facts: Vec<String> = finding.facts.iter().map(|fact| format!("{}={}", fact.label, fact.value)).collect();
    format!("{}: {} [{}] links {:?}", line(finding), finding.message, facts.join("; "), finding.links)
}

/// A broken vital link has an error that explains it, any other broken link at least a warning; (code, node,
/// subject) is unique.
#[track_caller]
pub(crate) fn explained(report: &Report) {
    for node in &report.nodes {
        for link in node.links.iter().filter(|link| link.verdict == "broken") {
            let severities: Vec<&str> = link.findings.iter().map(|index| report.findings[*index].severity).collect();
            let enough = if link.weight == "vital" {
                severities.contains(&"error")
            } else {
                severities.iter().any(|severity| *severity != "info")
            };
            assert!(
                enough,
                "{} {:?} is broken ({:?} / {:?}) and nothing explains it",
                link.id, link.name, link.client_error, link.server_error
            );
        }
    }
    let mut keys: Vec<_> =
        report.findings.iter().map(|finding| (finding.code, &finding.node, &finding.nodes, &finding.subject)).collect();
    let all = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), all, "a finding is told twice: {keys:?}");
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
        let bytes = std::fs::read(entry.path()).expect("reads");
        std::fs::write(&target, bytes).expect("writes");
        let mode = if target.extension().is_some_and(|extension| extension == "crt") { 0o644 } else { 0o600 };
        std::fs::set_permissions(&target, std::fs::Permissions::from_mode(mode)).expect("chmod");
    }
}

/// Sentences of a report that stay English in Chinese; Go's own words, commands and values are none.
pub(crate) fn untold(report: &Report) -> Vec<String> {
    let mut sentences: Vec<&str> = Vec::new();
    for finding in &report.findings {
        sentences.push(&finding.message);
        for fact in &finding.facts {
            sentences.push(&fact.label);
            // what programs say is quoted
            if !fact.label.ends_with(" says") && !fact.label.ends_with(" logs") {
                sentences.push(&fact.value);
            }
        }
        sentences.extend(finding.remedy.steps.iter().map(String::as_str));
        sentences.extend(finding.remedy.avoid.iter().map(String::as_str));
    }
    for cause in &report.causes {
        sentences.push(&cause.title);
        sentences.extend(cause.confirm.as_deref());
        let evidence = [&cause.evidence.speaks_for, &cause.evidence.speaks_against];
        let lists = evidence.into_iter().chain([&cause.treatment, &cause.avoid]);
        sentences.extend(lists.flatten().map(String::as_str));
    }
    sentences.extend(report.nodes.iter().flat_map(|node| &node.links).flat_map(|link| &link.facts).map(String::as_str));
    sentences.retain(|sentence| is_prose(sentence) && !is_chinese(&Language::Chinese.tell(sentence)));
    sentences.into_iter().map(str::to_owned).collect()
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// Two words of English side by side, outside of a command and of what a program says.
fn is_prose(text: &str) -> bool {
    let programs = [
        "pkidoctor ",
        "kubeadm ",
        "chmod ",
        "chown ",
        "cp ",
        "mv ",
        "systemctl ",
        "crictl ",
        "kubectl ",
        "openssl ",
        "ssh ",
    ];
    let said = ["x509: ", "tls: ", "remote error: ", "asn1: ", "open ", "error loading ", "yaml: "];
    // Go's own words, too
    if ["is not permitted by any constraint", "is excluded by constraint"].iter().any(|words| text.contains(words)) {
        return false;
    }
    if programs.iter().chain(&said).any(|start| text.starts_with(start)) && !text.contains(": it") {
        return false;
    }
    let mut run = 0;
    text.split(' ').any(|word| {
        let is_word = word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_lowercase());
        run = if is_word { run + 1 } else { 0 };
        run >= 2
    })
}
