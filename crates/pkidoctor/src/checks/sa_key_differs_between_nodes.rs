//! `sa-key-differs-between-nodes`: a token signed on one node is refused on another.

use crate::check::{Check, Defect, Fact, Look, Remedy, Severity, fact};
use crate::checks::way_out;
use crate::exam::Exam;
use crate::links::reference::Reference;
use crate::links::tokens::{TokenKeys, public_keys, signing_key};
use crate::x509::key::PublicKey;

pub(super) static CHECK: Check = Check {
    code: "sa-key-differs-between-nodes",
    title: "nodes sign tokens with different keys",
    severity: Severity::Error,
    citation: "kube-apiserver --service-account-key-file; kubeadm copycerts; kubernetes/kubeadm#1013",
    docs: "\
What it looks at: the public half of every key that signs service-account tokens, on every given node, \
against the keys with which every given API server verifies them.

Why it matters: a token works on one API server and is `Unauthorized` on the next. CNI plug-ins and \
operators flap, depending on which controller-manager leads and which API server answers.

What to do: take sa.key and sa.pub of one node to the others and restart API servers and \
controller-managers.

Example: the second node was made by kubeadm init instead of kubeadm join.",
    look,
};

/// What one node signs and verifies with.
struct Here {
    node: usize,
    signers: Vec<(Reference, PublicKey)>,
    verifiers: Vec<PublicKey>,
    shown: String,
}

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    if exam.cluster.nodes.len() < 2 {
        return look;
    }
    let all: Vec<Here> = (0..exam.cluster.nodes.len()).filter_map(|node| here(exam, node)).collect();
    look.unobserved = exam.cluster.nodes.len() - all.len();
    look.subjects = all.len();
    let mut refused: Vec<(&Here, &Reference, &Here)> = Vec::new();
    // a node that refuses its own tokens has a finding of its own
    let whole: Vec<&Here> =
        all.iter().filter(|here| here.signers.iter().all(|(_, key)| here.verifiers.contains(key))).collect();
    for signs in &whole {
        for (reference, key) in &signs.signers {
            let others = whole.iter().filter(|other| other.node != signs.node && !other.verifiers.contains(key));
            refused.extend(others.map(|other| (*signs, reference, *other)));
        }
    }
    let Some((_, first, _)) = refused.first() else { return look };
    let mut nodes: Vec<usize> = refused.iter().flat_map(|(signs, _, other)| [signs.node, other.node]).collect();
    nodes.sort_unstable();
    nodes.dedup();
    let name = |node: usize| exam.cluster.nodes[node].name.as_str();
    let mut facts: Vec<Fact> = Vec::new();
    for (signs, reference, other) in &refused {
        let told = fact(
            format!("signed on {}", name(signs.node)),
            format!(
                "with {}, refused on {} (verifies with {})",
                reference.subject(exam.cluster),
                name(other.node),
                other.shown
            ),
        );
        if !facts.contains(&told) {
            facts.push(told);
        }
    }
    look.defects.push(Defect {
        severity: Severity::Error,
        nodes,
        subject: first.subject(exam.cluster),
        message: "tokens that one node signs are refused on another".to_owned(),
        facts,
        links: Vec::new(),
        remedy: Remedy::manual(steps(exam, &whole, &first.subject(exam.cluster)))
            .avoid("deleting all token Secrets: pointless while nodes disagree on the key"),
    });
    look
}

/// Where most nodes sign with one key, the others get it.
fn steps(exam: &Exam<'_>, whole: &[&Here], subject: &str) -> Vec<String> {
    let key = |here: &Here| here.signers.first().map(|(_, key)| key.clone());
    let alike = |here: &Here| whole.iter().filter(|other| key(other) == key(here)).count();
    let most = whole.iter().find(|here| subject == "sa.key" && alike(here) * 2 > whole.len());
    let mut steps = Vec::new();
    if let Some(most) = most {
        let from = &exam.cluster.nodes[most.node];
        for odd in whole.iter().filter(|here| key(here) != key(most)) {
            let to = &exam.cluster.nodes[odd.node];
            let keep = |file: &&str| way_out::keep(&to.layout(file));
            let bring =
                |file: &&str| way_out::bring(exam, (most.node, file, &from.layout(file)), odd.node, &to.layout(file));
            let files = ["sa.key", "sa.pub"];
            let told = files.iter().map(keep).chain(files.iter().map(bring));
            steps.extend(told.map(|step| format!("on {}: {step}", to.name)));
        }
    } else {
        steps.push("choose the node whose tokens are to stay valid".to_owned());
        steps.push("copy its sa.key and sa.pub to the others, with owner and modes".to_owned());
    }
    steps.push("restart kube-apiserver and kube-controller-manager of those nodes, one node at a time".to_owned());
    steps.push("restart pods whose tokens were signed with a key that is gone".to_owned());
    steps
}

fn here(exam: &Exam<'_>, node: usize) -> Option<Here> {
    let keys = TokenKeys::of(exam.cluster, node)?;
    let signers = keys
        .signers
        .iter()
        .filter_map(|signer| Some((signer.clone(), signing_key(exam.cluster, signer).ok()??)))
        .collect();
    let mut verifiers = Vec::new();
    for verifier in &keys.verifiers {
        // one that cannot be seen may hold any key
        verifiers.extend(public_keys(exam.cluster, verifier).ok()??);
    }
    let shown: Vec<String> = keys.verifiers.iter().map(|verifier| verifier.subject(exam.cluster)).collect();
    Some(Here { node, signers, verifiers, shown: shown.join(", ") })
}
