//! `sa-key-mismatch`: tokens are signed with a key that no verifier knows.

use crate::check::{Check, Defect, Fact, Look, Remedy, Severity, fact};
use crate::checks::{key_mismatch, way_out, words};
use crate::exam::{Exam, Group};
use crate::links::reference::{PairReference, Reference};
use crate::links::tokens::{TokenKeys, keys_in};
use crate::x509::key::PublicKey;

pub(super) static CHECK: Check = Check {
    code: "sa-key-mismatch",
    title: "service-account tokens are signed with a key that nobody verifies with",
    severity: Severity::Error,
    citation: "Kubernetes serviceaccount JWTTokenAuthenticator; client-go util/keyutil",
    docs: "\
What it looks at: the keys with which tokens are signed (--service-account-private-key-file of \
kube-controller-manager, --service-account-signing-key-file of kube-apiserver) against every key in the \
files of --service-account-key-file.

Why it matters: every new token is refused: `Unauthorized` for pods and controllers, while everything with a \
client certificate goes on. kubeadm does not compare sa.key with sa.pub.

What to do: make sa.pub from sa.key, the same pair on every control-plane node, and restart kube-apiserver \
and kube-controller-manager.

Example: sa.key was restored from a backup, sa.pub was not.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let links = exam.links.iter().filter(|link| link.id == "service-account-tokens");
    let unobserved = links.clone().filter(|link| !link.unknown.is_empty()).count();
    let mut look = Look { subjects: links.count() - unobserved, unobserved, ..Look::default() };
    for group in exam.groups(CHECK.code) {
        let links = group.links();
        let mut facts = facts(exam, &group);
        facts.extend(words::told_by(exam, group.first().guilty.as_ref()));
        facts.extend(words::go_says(&group));
        look.defects.push(Defect {
            severity: exam.severity(&links),
            nodes: vec![group.node],
            subject: group.subject.to_owned(),
            message: "does not hold the public half of the key that signs tokens".to_owned(),
            facts,
            links,
            remedy: remedy(exam, &group),
        });
    }
    look
}

/// Which signer nobody knows, and who verifies.
fn facts(exam: &Exam<'_>, group: &Group<'_, '_>) -> Vec<Fact> {
    let Some(keys) = TokenKeys::of(exam.cluster, group.node) else { return Vec::new() };
    let known: Vec<PublicKey> =
        keys.verifiers.iter().filter_map(|verifier| verifier.material(exam.cluster)).flat_map(keys_in).collect();
    let mut facts = Vec::new();
    for signer in &keys.signers {
        let named = |reference: &Reference| {
            reference.told_by(exam.cluster).map_or_else(String::new, |told| format!(" ({told})"))
        };
        let key = signer
            .material(exam.cluster)
            .and_then(|material| material.keys().find_map(|key| key.as_ref().ok().cloned()));
        let verdict = if key.is_some_and(|key| known.contains(&key)) { "verified" } else { "verified by nobody" };
        facts.push(fact("signs", format!("{}{}: {verdict}", signer.subject(exam.cluster), named(signer))));
    }
    let verifiers: Vec<String> = keys.verifiers.iter().map(|verifier| verifier.subject(exam.cluster)).collect();
    facts.push(fact("verifies", verifiers.join(", ")));
    if let Some((from, _)) = known.first().and_then(|key| key_mismatch::key_like(exam, group.node, key)) {
        facts.push(fact("the private half of the verifier lies in", from));
    }
    facts
}

fn remedy(exam: &Exam<'_>, group: &Group<'_, '_>) -> Remedy {
    let avoid = |remedy: Remedy| {
        remedy
            .step("restart kube-apiserver and kube-controller-manager, and have the same pair on every control-plane node")
            .avoid("deleting token Secrets: new tokens are signed with the same unknown key")
    };
    let pair: Option<&PairReference> = group.first().pair.as_ref();
    let signer = pair.map(|pair| pair.certificate.subject(exam.cluster)).unwrap_or_default();
    if signer == "sa.key" && group.subject == "sa.pub" {
        let old = group
            .first()
            .guilty
            .as_ref()
            .and_then(|guilty| guilty.material(exam.cluster))
            .and_then(|material| keys_in(material).into_iter().next());
        let from = old.and_then(|key| key_mismatch::key_like(exam, group.node, &key)).map(|(from, _)| from);
        return avoid(match from {
            // with the old key back, the tokens that are out there stay valid
            Some(from) => words::put_in_place_of("sa.key", &from, "sa.key"),
            // the others sign with the key that belongs here
            None => way_out::sa_key_back(exam, group.node).map_or_else(|| Remedy::regen("sa.pub"), Remedy::manual),
        });
    }
    avoid(Remedy::manual([format!(
        "name the public half of {signer} in --service-account-key-file of kube-apiserver (the flag may be given several times, so the old one can stay)"
    )]))
}
