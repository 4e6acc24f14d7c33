//! What kubeadm makes each role look like: one table.
//!
//! Source: kubeadm `cmd/phases/certs` and `constants`, releases 1.20 to 1.34.

/// A file's role in a kubeadm control plane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Role {
    /// As in reports: `etcd-server`.
    pub name: &'static str,
    /// File name below the PKI directory, without `.crt` and `.key`.
    pub stem: &'static str,
    /// The CA that signs it, by its stem; `None` for a CA.
    pub issuer: Option<&'static str>,
    /// What it must be able to prove.
    pub server: bool,
    /// Likewise as client.
    pub client: bool,
}

/// Every certificate of kubeadm's layout.
pub const ROLES: [Role; 10] = [
    role("ca", "ca", None, false, false),
    role("apiserver", "apiserver", Some("ca"), true, false),
    role("apiserver-kubelet-client", "apiserver-kubelet-client", Some("ca"), false, true),
    role("front-proxy-ca", "front-proxy-ca", None, false, false),
    role("front-proxy-client", "front-proxy-client", Some("front-proxy-ca"), false, true),
    role("etcd-ca", "etcd/ca", None, false, false),
    role("etcd-server", "etcd/server", Some("etcd/ca"), true, true),
    role("etcd-peer", "etcd/peer", Some("etcd/ca"), true, true),
    role("etcd-healthcheck-client", "etcd/healthcheck-client", Some("etcd/ca"), false, true),
    role("apiserver-etcd-client", "apiserver-etcd-client", Some("etcd/ca"), false, true),
];

const fn role(
    name: &'static str,
    stem: &'static str,
    issuer: Option<&'static str>,
    server: bool,
    client: bool,
) -> Role {
    Role { name, stem, issuer, server, client }
}

/// The role of a file below the PKI directory, by its name.
pub fn role_of(relative: &str) -> Option<Role> {
    let stem = relative.strip_suffix(".crt").or_else(|| relative.strip_suffix(".key"))?;
    ROLES.into_iter().find(|role| role.stem == stem)
}

/// A role by its name in reports.
pub fn named(name: &str) -> Option<Role> {
    ROLES.into_iter().find(|role| role.name == name)
}

/// The name that a report gives a file: its role, `sa-key`, `sa-pub`, or the kubeconfig's own name.
pub fn file_role(relative: &str) -> Option<&'static str> {
    match relative {
        "sa.key" => Some("sa-key"),
        "sa.pub" => Some("sa-pub"),
        _ => role_of(relative).map(|role| role.name),
    }
}

/// The flags of a certificate and its key, and the role of what they name.
pub const PAIR_FLAGS: [(&str, &str, &str); 6] = [
    ("cert-file", "key-file", "etcd-server"),
    ("peer-cert-file", "peer-key-file", "etcd-peer"),
    ("etcd-certfile", "etcd-keyfile", "apiserver-etcd-client"),
    ("tls-cert-file", "tls-private-key-file", "apiserver"),
    ("kubelet-client-certificate", "kubelet-client-key", "apiserver-kubelet-client"),
    ("proxy-client-cert-file", "proxy-client-key-file", "front-proxy-client"),
];

/// The pair of flags to which one belongs, with the role of what they name.
pub fn pair_of(flag: &str) -> Option<(&'static str, &'static str, Role)> {
    let (certificate, key, role) =
        PAIR_FLAGS.into_iter().find(|(certificate, key, _)| [*certificate, *key].contains(&flag))?;
    Some((certificate, key, named(role)?))
}

/// The kubeconfigs that `regen` can make anew.
pub const KUBECONFIGS: [&str; 5] =
    ["admin.conf", "super-admin.conf", "controller-manager.conf", "scheduler.conf", "kubelet.conf"];

/// The groups that kubeadm of a release writes into the certificate of a target; `None` when that depends on a release
/// that is not known.
///
/// Sources: kubernetes#119859, #120521 (etcd's clients), #121837 (kubeadm:cluster-admins), #138957 (1.36.1).
pub fn organizations(target: &str, release: Option<(u16, u16, u16)>) -> Option<&'static [&'static str]> {
    const MASTERS: &[&str] = &["system:masters"];
    const ADMINS: &[&str] = &["kubeadm:cluster-admins"];
    let until_28 =
        |then: &'static [&'static str]| release.map(|release| if release < (1, 29, 0) { MASTERS } else { then });
    match target {
        "etcd-healthcheck-client" | "apiserver-etcd-client" => until_28(&[]),
        "apiserver-kubelet-client" => {
            until_28(if release.is_some_and(|release| release > (1, 36, 0)) { &[] } else { ADMINS })
        }
        "admin.conf" => until_28(ADMINS),
        "super-admin.conf" => Some(MASTERS),
        "kubelet.conf" => Some(&["system:nodes"]),
        _ => Some(&[]),
    }
}

/// What an unfinished repair leaves in the PKI directory until it is finished or undone.
pub const JOURNAL: &str = ".pkidoctor-journal";
