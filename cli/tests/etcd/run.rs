//! `pkidoctor` with any command on a patient, and its JSON.

use crate::bounded::{self, Ended};
use crate::patient::Patient;
use serde_json::Value;
use std::process::Command;
use std::time::Duration;

/// The bound of a run, far beyond anything that is right.
const RUN: Duration = Duration::from_secs(60);

/// What a command came to.
pub(crate) struct Told {
    pub(crate) code: i32,
    pub(crate) json: Value,
    /// everything that was said, for whoever has to find out why
    pub(crate) words: String,
}

/// Runs a command on one node of the patient.
pub(crate) fn pkidoctor(patient: &Patient, node: usize, words: &[&str]) -> Told {
    with_others(patient, &[node], words)
}

/// Runs a command on the first of these nodes, which looks at the others, too.
pub(crate) fn with_others(patient: &Patient, nodes: &[usize], words: &[&str]) -> Told {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pkidoctor"));
    // what is compared is English
    command.env("LC_ALL", "C");
    command.args(words).args(["--format", "json", "--root"]).arg(patient.root());
    for node in nodes {
        let pki = format!("{}/pki", patient.base(*node));
        // scan takes its place bare
        if words[0] == "scan" {
            command.arg(pki)
        } else {
            command.arg(format!("--pki={pki}"))
        };
    }
    let Ended { code, stdout, stderr, .. } = bounded::run(command, patient.root(), RUN, |_| false);
    let code = code.expect("it ends in time");
    let json = serde_json::from_str(&stdout).unwrap_or_default();
    Told { code, json, words: format!("{words:?} ended with {code}\n{stdout}\n{stderr}") }
}

impl Told {
    /// The codes of the errors and warnings about etcd's server pair.
    pub(crate) fn codes(&self) -> Vec<&str> {
        let findings = self.json["findings"].as_array().into_iter().flatten();
        let counts = findings.filter(|finding| {
            let subject = finding["subject"].as_str().unwrap_or_default();
            finding["severity"] != "info" && subject.starts_with("etcd/server.")
        });
        counts.filter_map(|finding| finding["code"].as_str()).collect()
    }

    /// What the first certificate of a file may be used for.
    pub(crate) fn usages(&self, path: &str) -> Vec<&str> {
        let files = self.json["nodes"][0]["files"].as_array().into_iter().flatten();
        let file = files.into_iter().find(|file| file["path"] == path).expect("a file of this name");
        file["certificates"][0]["usages"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Fails unless it was refused for this reason, with nothing changed.
    #[track_caller]
    pub(crate) fn refused(&self, code: &str) {
        assert_eq!((self.code, self.json["refusal"]["code"].as_str()), (3, Some(code)), "{}", self.words);
    }

    /// Fails unless it ended so.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.words);
        self
    }
}
