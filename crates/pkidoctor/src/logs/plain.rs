//! What the words of an error name by themselves, whatever row the line has: a row that stands for many errors would
//! else rank a cause first that its own line rules out.

use super::event::Port;
use super::reason::{FileFault, Hint, Reason};
use super::rows::Row;
use super::sentence::{Sentence, Spot};

/// The failure modes of a line, the likeliest first: those of its row, unless the line is plainer than the row.
pub(super) fn causes(row: &'static Row, said: &Sentence) -> Vec<&'static str> {
    let named = named(said);
    // a row with one cause was made for it
    let fits = row.causes.len() < 2 && !overrules(said) || row.noise;
    if named.is_empty() || fits || row.causes.first().is_some_and(|first| named.contains(first)) {
        return row.causes.to_vec();
    }
    let (mut first, rest): (Vec<_>, Vec<_>) = row.causes.iter().partition(|slug| named.contains(slug));
    if first.is_empty() || leaves_no_doubt(&said.reason) {
        return named.to_vec();
    }
    first.extend(rest);
    first
}

/// Whether a file that cannot be loaded cannot be loaded for any other reason.
const fn leaves_no_doubt(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::File { .. }
            | Reason::NoPem { .. }
            | Reason::WrongLabel { .. }
            | Reason::Switched
            | Reason::KeyUnparsable
    )
}

/// Whether the words stand against the one cause of a row.
fn overrules(said: &Sentence) -> bool {
    match said.reason {
        Reason::NotSigned => true,
        Reason::Expired { .. } => said.port == Port::Kubelet,
        _ => false,
    }
}

/// The modes that an error names.
fn named(said: &Sentence) -> &'static [&'static str] {
    match (&said.reason, said.spot) {
        // a kubeconfig names the file, a running server lost it: that is what their rows are about
        (Reason::File { .. }, Spot::Kubeconfig) => &[],
        (Reason::File { what: FileFault::Missing, .. }, Spot::Rejected) => &[],
        (Reason::File { what: FileFault::Missing, .. }, _) => &["file-missing", "file-not-mounted"],
        (Reason::File { what: FileFault::Directory, .. }, _) => &["file-is-directory"],
        (Reason::File { .. }, _) => &["file-permission"],
        (Reason::NoPem { .. }, _) => &["enc-no-pem", "file-zero-bytes"],
        (Reason::WrongLabel { .. }, _) => &["enc-wrong-pem-label"],
        (Reason::Switched, _) => &["pair-swapped-files"],
        (Reason::KeyUnparsable, _) => &["enc-encrypted-key", "enc-corrupt-der"],
        // there is none at all: it did not change
        (Reason::NoIpSans { wanted }, _) if !wanted.starts_with("127.") => &["san-ip-as-dns"],
        (Reason::LegacyCommonName, _) => &["san-legacy-cn"],
        (Reason::CriticalExtension, _) => &["chain-critical-extension"],
        (Reason::PathLength, _) => &["chain-pathlen"],
        (Reason::NameConstraint, _) => &["chain-name-constraints"],
        (Reason::NegativeSerial, _) => &["alg-negative-serial"],
        (Reason::UnknownAuthority { hint: Some(Hint::NotACa), .. }, _) => &["chain-ca-not-a-ca"],
        (Reason::UnknownAuthority { hint: Some(Hint::InsecureAlgorithm), .. }, _) => &["alg-sha1"],
        // no CA of that name is trusted
        (Reason::UnknownAuthority { hint: None, .. }, Spot::Get) => &["chain-wrong-ca", "op-ca-rotated-pods-stale"],
        (Reason::Expired { .. }, Spot::Get) => &["time-mass-expiry", "time-ca-expired"],
        (Reason::NotYetValid { .. }, Spot::Get | Spot::Curl) => &["time-not-yet-valid"],
        (Reason::Name { .. } | Reason::NoNames { .. }, Spot::Get) => {
            &["san-ip-changed", "san-lb-name", "san-copied-from-other-node"]
        }
        (Reason::Expired { .. }, Spot::Curl) => &["time-etcd-server-expired", "time-mass-expiry", "time-ca-expired"],
        (Reason::Name { .. }, Spot::Curl) => &["san-server-missing-localhost", "san-ip-changed"],
        (Reason::Expired { .. }, Spot::Kubeadm) => of_certificate(&said.error),
        (Reason::HttpAnswer, Spot::Kubelet) => &["cfg-metrics-probe"],
        (Reason::NoCertificate, _) if said.port == Port::EtcdPeer => &["cli-no-cert"],
        (Reason::NotSigned, _) if said.error.contains("kubelet-serving") => &["kc-kubelet-serving-missing"],
        _ => &[],
    }
}

/// kubeadm names the certificate that is past its end.
fn of_certificate(error: &str) -> &'static [&'static str] {
    let name = super::find::after(error, "certificate ").and_then(|rest| rest.split([':', ' ']).next());
    match name {
        Some("apiserver-etcd-client") => &["time-apiserver-etcd-client-expired"],
        Some("etcd-server" | "etcd/server") => &["time-etcd-server-expired"],
        Some("etcd-peer" | "etcd/peer") => &["time-etcd-peer-expired"],
        Some("etcd-healthcheck-client" | "etcd/healthcheck-client") => &["time-healthcheck-client-expired"],
        Some("apiserver") => &["time-apiserver-expired"],
        Some("front-proxy-client") => &["time-front-proxy-client-expired"],
        Some("apiserver-kubelet-client") => &["cli-apiserver-kubelet-client"],
        Some("ca" | "etcd-ca" | "front-proxy-ca") => &["time-ca-expired"],
        _ => &[],
    }
}
