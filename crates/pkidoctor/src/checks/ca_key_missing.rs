//! `ca-key-missing`: a CA's key is not on this node: kept elsewhere on purpose, or lost.

use crate::check::{Check, Defect, Fact, Look, Severity, fact};
use crate::checks::ca_key_mismatch;
use crate::cluster::manifest::Component;
use crate::cluster::{File, Node, State};
use crate::exam::Exam;
use crate::links::etcd::Etcd;

pub(super) static CHECK: Check = Check {
    code: "ca-key-missing",
    title: "a CA's key is not here",
    severity: Severity::Warning,
    citation: "kubeadm phases/certs UsingExternalCA, UsingExternalEtcdCA, UsingExternalFrontProxyCA",
    docs: "\
What it looks at: CA certificates of a control-plane node whose key is not beside them: ca.key, etcd/ca.key \
where etcd runs here, front-proxy-ca.key. Keys that a flag names are another story (manifest-path-missing).

Why it matters: without the key nothing can be issued here: `kubeadm certs renew` and joins with \
certificates fail, and the leaves run out within a year. With all keys elsewhere it is an external CA, and \
as it should be; with one of them gone it is most likely a loss.

What to do: external CA: have signing requests signed there (`pkidoctor regen … --csr DIR`). Lost: copy the \
key from another control-plane node or a backup, else plan a new CA before the leaves expire.

Example: etcd/ca.key was not in the archive from which the node was restored.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (node, here) in exam.cluster.nodes.iter().enumerate() {
        let expected = expected(exam, node, here);
        let states = expected.iter().map(|stem| here.file(&here.layout(&format!("{stem}.key"))));
        let (mut absent, mut present) = (Vec::new(), 0);
        for (stem, file) in expected.iter().zip(states) {
            match file {
                Some(file) if matches!(file.state, State::Missing { .. }) => absent.push((*stem, file)),
                Some(file) if Exam::is_hidden(file) => look.unobserved += 1,
                Some(_) => present += 1,
                None => look.unobserved += 1,
            }
        }
        look.subjects += present + absent.len();
        for (stem, file) in absent {
            let severity = if stem == "ca" && signs_nothing(here) || present == 0 && !is_elsewhere(exam, node, stem) {
                Severity::Info
            } else {
                Severity::Warning
            };
            let told = exam.signing().iter().any(|signing| signing.uses(node, &file.path));
            if !told {
                look.defects.push(missing(exam, node, stem, file, severity));
            }
        }
    }
    look
}

/// The CAs that a node of this make can be expected to sign with.
fn expected(exam: &Exam<'_>, node: usize, here: &Node) -> Vec<&'static str> {
    let there = |relative: &str| {
        here.file(&here.layout(relative)).is_some_and(|file| !matches!(file.state, State::Missing { .. }))
    };
    let runs_etcd = Etcd::on(exam.cluster, node).is_some();
    let candidates =
        [("ca", there("apiserver.crt")), ("etcd/ca", runs_etcd), ("front-proxy-ca", there("front-proxy-client.crt"))];
    candidates
        .into_iter()
        .filter(|(stem, wanted)| *wanted && there(&format!("{stem}.crt")))
        .map(|(stem, _)| stem)
        .collect()
}

/// kubeadm leaves the signing flags empty when the CA is external.
fn signs_nothing(here: &Node) -> bool {
    let manager = here.running(Component::KubeControllerManager);
    manager.is_some_and(|running| running.flags.value("cluster-signing-key-file").is_none_or(str::is_empty))
}

fn is_elsewhere(exam: &Exam<'_>, node: usize, stem: &str) -> bool {
    place_elsewhere(exam, node, stem).is_some()
}

/// Another given node that has the key.
fn place_elsewhere(exam: &Exam<'_>, node: usize, stem: &str) -> Option<String> {
    let mut others = exam.cluster.nodes.iter().enumerate().filter(|(other, _)| *other != node);
    let has = |here: &Node| here.file(&here.layout(&format!("{stem}.key"))).and_then(File::material).is_some();
    others.find(|(_, here)| has(here)).map(|(_, here)| here.name.clone())
}

fn missing(exam: &Exam<'_>, node: usize, stem: &str, file: &File, severity: Severity) -> Defect {
    let subject = format!("{stem}.key");
    let mut facts: Vec<Fact> = vec![fact("certificate", format!("{stem}.crt"))];
    facts.extend(place_elsewhere(exam, node, stem).map(|name| fact("the key lies on", name)));
    if let State::Missing { link: Some(target) } = &file.state {
        facts.push(fact("a link that leads nowhere", target));
    }
    let message = if severity == Severity::Info {
        "is not here: right for an external CA, a loss otherwise"
    } else {
        "is not here while other CA keys are: nothing can be issued from this CA on this node"
    };
    let remedy = ca_key_mismatch::bring_key(exam, node, &subject)
        .step("if the CA is external on purpose, have requests signed there: pkidoctor regen TARGET --csr DIR");
    Defect { severity, nodes: vec![node], subject, message: message.to_owned(), facts, links: Vec::new(), remedy }
}
