//! `pkidoctor probe`, run on a patient, and what it says.

use crate::bounded::{self, Ended};
use crate::patient::Patient;
use serde_json::Value;
use std::process::Command;
use std::time::Duration;

pub(crate) const APISERVER: &str = "kube-apiserver->etcd";
pub(crate) const KUBEADM: &str = "kubeadm->etcd";
pub(crate) const GATEWAY: &str = "etcd-gateway->etcd";
pub(crate) const PEER: &str = "etcd-peer->etcd-peer";

/// Findings that only a probe can make.
const LIVE_CODES: [&str; 6] = [
    "ca-in-memory-differs",
    "endpoint-unreachable",
    "live-differs",
    "plain-http-answers",
    "port-open",
    "served-not-on-disk",
];

/// The bound of a run, far beyond anything that is right.
const RUN: Duration = Duration::from_secs(60);

/// What a walk of a link came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Live {
    Ok,
    /// the client refused
    Client,
    /// the server refused
    Server,
    /// the server could not load its pair
    Load,
    Unreachable,
    /// not dialled at all
    NotDialled,
}

/// A report.
pub(crate) struct Probe {
    pub(crate) report: Value,
    pub(crate) code: i32,
    pub(crate) took: Duration,
}

impl Probe {
    /// Walks every link of the patient.
    pub(crate) fn of(patient: &Patient, arguments: &[&str]) -> Result<Self, String> {
        let nodes = (0..patient.ports.len()).map(|node| format!("--pki={}/pki", patient.base(node)));
        Self::run(patient, "probe", nodes.chain(arguments.iter().map(|text| (*text).to_owned())).collect())
    }

    /// Reads the files, as a Go of this version would.
    pub(crate) fn scan(patient: &Patient, go: &str) -> Result<Self, String> {
        Self::run(patient, "scan", vec![format!("--for-go={go}")])
    }

    fn run(patient: &Patient, what: &str, arguments: Vec<String>) -> Result<Self, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pkidoctor"));
        command.args([what, "--format", "json", "--root"]).arg(patient.root()).args(arguments);
        let Ended { code, stdout, stderr, took } = bounded::run(command, patient.root(), RUN, |_| false);
        let code = code.ok_or_else(|| format!("the probe took longer than {RUN:?}"))?;
        match serde_json::from_str(&stdout) {
            Ok(report) => Ok(Self { report, code, took }),
            Err(error) => Err(format!("the probe ended with {code}, and {error}\nstdout: {stdout}\nstderr: {stderr}")),
        }
    }

    /// The links that lead to etcd.
    pub(crate) fn links(&self) -> Vec<Link<'_>> {
        let nodes = self.report["nodes"].as_array().into_iter().flatten();
        let links = nodes.flat_map(|node| {
            let name = node["name"].as_str().unwrap_or_default();
            node["links"].as_array().into_iter().flatten().map(move |json| Link { json, node: name })
        });
        links.filter(|link| link.id().contains("->etcd")).collect()
    }

    /// Whether `kubeadm upgrade` will get past etcd, by node.
    pub(crate) fn upgrades(&self) -> Vec<&str> {
        let nodes = self.report["nodes"].as_array().into_iter().flatten();
        nodes.map(|node| node["kubeadm_upgrade"]["verdict"].as_str().unwrap_or("nothing")).collect()
    }

    /// What listens, over all nodes.
    pub(crate) fn ports(&self) -> Vec<&Value> {
        let nodes = self.report["nodes"].as_array().into_iter().flatten();
        nodes.flat_map(|node| node["ports"].as_array().into_iter().flatten()).collect()
    }

    /// What only a probe can find, by code; what is about kube-apiserver's own port, where nobody listens, left out.
    pub(crate) fn live_findings(&self) -> Vec<&Value> {
        let findings = self.report["findings"].as_array().into_iter().flatten();
        let is_live = |finding: &Value| finding["code"].as_str().is_some_and(|code| LIVE_CODES.contains(&code));
        let mut found: Vec<&Value> = findings.filter(|finding| is_live(finding) && is_of_etcd(finding)).collect();
        found.sort_by_key(|finding| finding["code"].as_str());
        found
    }
}

fn is_of_etcd(finding: &Value) -> bool {
    let links: Vec<&str> = finding["links"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    links.is_empty() || links.iter().any(|link| link.contains("->etcd"))
}

/// A link of a report.
#[derive(Clone, Copy)]
pub(crate) struct Link<'p> {
    pub(crate) json: &'p Value,
    /// whose client it is
    pub(crate) node: &'p str,
}

impl<'p> Link<'p> {
    pub(crate) fn id(self) -> &'p str {
        self.json["id"].as_str().unwrap_or_default()
    }

    /// The text at a path of the report such as `live.log.server`.
    pub(crate) fn text(self, path: &str) -> Option<&'p str> {
        path.split('.').fold(self.json, |value, key| &value[key]).as_str()
    }

    /// What the walk came to.
    pub(crate) fn live(self) -> Live {
        let Some(verdict) = self.text("live.verdict") else { return Live::NotDialled };
        match (verdict, self.text("live.refused_by")) {
            ("ok", None) => Live::Ok,
            ("unreachable", None) => Live::Unreachable,
            ("broken", Some("client")) => Live::Client,
            ("broken", Some("server")) => Live::Server,
            ("broken", Some("load")) => Live::Load,
            (verdict, by) => panic!("no verdict: {verdict}, refused by {by:?}"),
        }
    }

    /// What the files alone tell.
    pub(crate) fn offline(self) -> Live {
        match (self.text("verdict").unwrap_or_default(), self.text("refused_by")) {
            ("ok", None) => Live::Ok,
            ("broken", Some("client")) => Live::Client,
            ("broken", Some("server")) => Live::Server,
            ("broken", Some("load")) => Live::Load,
            (verdict, by) => panic!("no verdict: {verdict}, refused by {by:?}"),
        }
    }
}
