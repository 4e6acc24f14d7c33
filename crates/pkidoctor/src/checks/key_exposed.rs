//! `key-exposed`: others than its owner may read, write or execute a file with a private key.

use crate::check::{Check, Defect, Look, Remedy, RemedyKind, Severity, fact};
use crate::checks::{load, words};
use crate::cluster::kubeconfig::Source;
use crate::cluster::{File, KubeconfigFile, State};
use crate::exam::Exam;
use crate::go::private_key;
use crate::links::Link;

pub(super) static CHECK: Check = Check {
    code: "key-exposed",
    title: "a private key is open to others than its owner",
    severity: Severity::Warning,
    citation: "CIS Kubernetes Benchmark 1.1.13 to 1.1.21, 4.1; kubeadm writes keys with mode 0600",
    docs: "\
What it looks at: the permission bits of group and others on every file with a private key: *.key, keys \
inside other PEM or DER files and backups of the tree, kubeconfigs with an embedded key, token or password, \
the kubelet's client certificate. sa.pub is public.

Why it matters: whoever reads a CA key, sa.key or admin.conf owns the cluster; whoever reads a leaf's key \
can pass for that component. Files get open by a copy without `-p`, an unpacked archive, or a 'fix' with \
chmod.

What to do: chmod 0600, the owner being the user that reads it. If somebody untrusted could read it, take \
the key as lost and make the pair anew.

Example: a tree that was copied with `cp -r` by another user has mode 0644 everywhere.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (node, file) in exam.files() {
        let here = &exam.cluster.nodes[node];
        let kubeconfig = here.kubeconfigs.iter().find(|known| known.path == file.path);
        match what_is_secret(file, kubeconfig, exam.cluster.go) {
            Secret::None => {}
            Secret::Unseen => look.unobserved += 1,
            Secret::Held(_) if file.meta.is_none() => look.unobserved += 1,
            Secret::Held(_) if is_seen_elsewhere(exam, node, file) => {}
            Secret::Held(what) => {
                look.subjects += 1;
                if is_open(file) {
                    look.defects.push(exposed(exam, node, file, what));
                }
            }
        }
    }
    look
}

/// Whether group or others have any permission.
pub(super) fn is_open(file: &File) -> bool {
    file.meta.as_ref().is_some_and(|meta| meta.mode & 0o077 != 0)
}

enum Secret {
    None,
    Held(&'static str),
    /// Called like a key, but it cannot be read.
    Unseen,
}

fn what_is_secret(file: &File, kubeconfig: Option<&KubeconfigFile>, go: crate::go::GoVersion) -> Secret {
    let called_key = load::ending(&file.path) == "key";
    match &file.state {
        State::Unreadable(_) | State::Unobserved if called_key => return Secret::Unseen,
        State::Regular(_) => {}
        _ => return Secret::None,
    }
    if let Some(kubeconfig) = kubeconfig {
        return if holds_credentials(kubeconfig) { Secret::Held("credentials of a kubeconfig") } else { Secret::None };
    }
    let Some(content) = file.content() else { return Secret::None };
    let material = &content.material;
    let hidden = material.pem.salvaged.iter().any(|block| block.label.ends_with("PRIVATE KEY"));
    let binary = content.der.as_ref().is_some_and(|der| private_key::public_half(der, go).is_ok());
    if content.embeds_key {
        Secret::Held("a kubeconfig's private key")
    } else if material.holds_key() || hidden || binary {
        Secret::Held("a private key")
    } else if called_key && material.pem.blocks.is_empty() && file.meta.as_ref().is_some_and(|meta| meta.size > 0) {
        Secret::Held("what is called a key, though it is no PEM")
    } else {
        Secret::None
    }
}

fn holds_credentials(kubeconfig: &KubeconfigFile) -> bool {
    let Ok(parsed) = &kubeconfig.parsed else { return false };
    let secret = |user: &crate::cluster::kubeconfig::User| {
        matches!(user.client_key.source, Source::Data(_) | Source::BadBase64 { .. })
            || user.has_token
            || user.has_password
    };
    parsed.users.iter().any(secret)
}

/// A symbolic link to another file of the list: the mode is that file's.
fn is_seen_elsewhere(exam: &Exam<'_>, node: usize, file: &File) -> bool {
    let Some(target) = file.meta.as_ref().and_then(|meta| meta.link.as_deref()) else { return false };
    let directory = file.path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let target = crate::cluster::kubeconfig::resolve(directory, target);
    target != file.path && exam.cluster.nodes[node].file(&target).is_some_and(|file| file.meta.is_some())
}

fn exposed(exam: &Exam<'_>, node: usize, file: &File, what: &str) -> Defect {
    let subject = exam.cluster.nodes[node].shown(&file.path).to_owned();
    let mode = file.meta.as_ref().map_or(0, |meta| meta.mode);
    let who = if mode.trailing_zeros() >= 3 { "its group" } else { "every user of the node" };
    let is_ca_file = subject.ends_with("ca.crt");
    let mut facts = vec![fact("expected", if is_ca_file { "certificates alone" } else { "0600" })];
    facts.extend(load::mode_facts(file));
    facts.push(fact("holds", what));
    let remedy = if is_ca_file {
        // closing it would only keep its readers out
        Remedy::manual([
            format!("remove the block of the private key from {subject}; the certificates stay"),
            "take the key as lost: CA files are read by everybody, and ca.crt is published in every namespace"
                .to_owned(),
        ])
    } else {
        let path = words::quoted(&file.path);
        let chmod = match reader(exam, node, file) {
            Some(user) => format!("chown {user} {path} && chmod 0600 {path}"),
            None => format!("chmod 0600 {path}"),
        };
        Remedy::command(RemedyKind::Chmod, &subject, chmod)
            .step("if somebody untrusted could read it, take the key as lost and make the pair anew")
            .avoid("leaving it open because the directory is closed: backups and copies keep the mode")
    };
    Defect {
        severity: Severity::Warning,
        nodes: vec![node],
        subject,
        message: format!("is open to {who} (mode {:04o})", mode & 0o7777),
        facts,
        links: Vec::new(),
        remedy,
    }
}

/// The user that must own the file, where its reader is not root and owns it not yet.
fn reader(exam: &Exam<'_>, node: usize, file: &File) -> Option<i64> {
    let users = exam
        .links
        .iter()
        .flat_map(Link::references)
        .filter(|reference| reference.node == node && reference.path() == Some(file.path.as_str()));
    let user = users.into_iter().find_map(|reference| reference.reader.as_ref())?.user;
    let owner = file.meta.as_ref().map(|meta| i64::from(meta.uid));
    (owner != Some(user)).then_some(user)
}
