//! `ca-bundle-order`: several certificates where kubeadm takes the first and the controller-manager wants one.

use std::sync::Arc;

use crate::check::{Check, Defect, Fact, Look, Remedy, Severity, fact};
use crate::cluster::manifest::Component;
use crate::exam::Exam;
use crate::links::reference::Reference;
use crate::x509::certificate::Certificate;

pub(super) static CHECK: Check = Check {
    code: "ca-bundle-order",
    title: "the order or number of certificates in a CA file matters",
    severity: Severity::Warning,
    citation: "kubeadm pkiutil.TryLoadCertFromDisk; Kubernetes pkg/controller/certificates/signer (expected 1 certificate)",
    docs: "\
What it looks at: the files ca.crt, etcd/ca.crt and front-proxy-ca.crt, where kubeadm takes the first \
certificate for the CA, and the file of --cluster-signing-cert-file, which must hold exactly one.

Why it matters: etcd and kube-apiserver trust every certificate of a bundle, so all links work; but \
kubeadm says `is not a certificate authority` or `is not signed by corresponding CA`, and the \
controller-manager does not start: `expected 1 certificate, found 2`.

What to do: keep the file that signs single, with the CA that matches its key. Put bundles into a file \
of their own and point the flags that trust at it.

Example: ca.crt holds the old and the new CA during a rotation.",
    look,
};

/// The CAs that kubeadm loads, by their stems.
const STEMS: [&str; 3] = ["ca", "etcd/ca", "front-proxy-ca"];

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for node in 0..exam.cluster.nodes.len() {
        for stem in STEMS {
            look_at(exam, node, &Reference::layout(exam.cluster, node, &format!("{stem}.crt")), Some(stem), &mut look);
        }
        let signing = exam.cluster.nodes[node].running(Component::KubeControllerManager);
        let signing = signing.map(|running| Reference::flag(node, &running, "cluster-signing-cert-file"));
        let elsewhere = signing.filter(|signing| {
            signing.path().is_some_and(|path| !STEMS.iter().any(|stem| path == layout(exam, node, stem)))
        });
        if let Some(signing) = elsewhere {
            look_at(exam, node, &signing, None, &mut look);
        }
    }
    look
}

fn layout(exam: &Exam<'_>, node: usize, stem: &str) -> String {
    exam.cluster.nodes[node].layout(&format!("{stem}.crt"))
}

fn look_at(exam: &Exam<'_>, node: usize, file: &Reference, stem: Option<&str>, look: &mut Look) {
    let Some(material) = file.material(exam.cluster) else {
        look.unobserved += usize::from(file.file(exam.cluster).is_some_and(Exam::is_hidden));
        return;
    };
    look.subjects += 1;
    let count = material.certificates().count();
    let certificates: Vec<&Arc<Certificate>> = material.parsed().collect();
    if count < 2 || certificates.is_empty() {
        return;
    }
    let mut facts = vec![fact("certificates in it", count)];
    facts.extend(stem.and_then(|stem| wrong_first(exam, node, stem, &certificates)));
    let order = facts.len() > 1;
    let signs = signs_with(exam, node, file);
    if signs {
        facts.push(fact("the controller-manager wants", "exactly 1 (--cluster-signing-cert-file)"));
    }
    if !order && !signs {
        return;
    }
    let message = if order {
        "does not begin with the CA that kubeadm needs there"
    } else {
        "holds several certificates, and the controller-manager wants one"
    };
    look.defects.push(Defect {
        severity: Severity::Warning,
        nodes: vec![node],
        subject: file.subject(exam.cluster),
        message: message.to_owned(),
        facts,
        links: Vec::new(),
        remedy: remedy(),
    });
}

/// What is wrong with the first certificate, when a later one would be right.
fn wrong_first(exam: &Exam<'_>, node: usize, stem: &str, certificates: &[&Arc<Certificate>]) -> Option<Fact> {
    let (first, later) = certificates.split_first()?;
    if !first.is_ca() && later.iter().any(|certificate| certificate.is_ca()) {
        return Some(fact("the first one", format!("{} is no CA", first.subject)));
    }
    let keys = Reference::layout(exam.cluster, node, &format!("{stem}.key"));
    let key = keys.material(exam.cluster)?.keys().next()?.as_ref().ok()?;
    let fits = |certificate: &Certificate| certificate.key.as_ref() == Some(key);
    let misplaced = !fits(first) && later.iter().any(|certificate| fits(certificate));
    misplaced.then(|| fact("the first one", format!("does not match {stem}.key, a later one does")))
}

/// Whether the controller-manager signs with this file.
fn signs_with(exam: &Exam<'_>, node: usize, file: &Reference) -> bool {
    let running = exam.cluster.nodes[node].running(Component::KubeControllerManager);
    let signing = running.map(|running| Reference::flag(node, &running, "cluster-signing-cert-file"));
    signing.is_some_and(|signing| signing.path().is_some() && signing.path() == file.path())
}

fn remedy() -> Remedy {
    Remedy::manual([
        "leave in the file only the CA that matches the key beside it",
        "put the bundle into a file of its own and point the flags that trust at it (--client-ca-file, --root-ca-file, --trusted-ca-file)",
        "restart kube-controller-manager",
    ])
    .avoid("concatenating old and new CA and going on: verification works, kubeadm and the signer do not")
}
