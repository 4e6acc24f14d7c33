//! `ca-differs-between-nodes`: control-plane nodes do not share one CA.

use crate::check::{Check, Defect, Fact, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::File;
use crate::exam::{Exam, Group};
use crate::x509::certificate::hex_lower;
use crate::x509::key::PublicKey;

pub(super) static CHECK: Check = Check {
    code: "ca-differs-between-nodes",
    title: "nodes have different CAs",
    severity: Severity::Error,
    citation: "kubeadm copycerts (the eight shared files); Go crypto/x509 Certificate.CheckSignatureFrom",
    docs: "\
What it looks at: the public keys of the CAs in ca.crt, etcd/ca.crt and front-proxy-ca.crt of every given \
node. A CA that was renewed with its key is the same CA; bundles are compared as sets.

Why it matters: two CAs with one name. Members of etcd refuse each other in both directions; through a load \
balancer every second kubectl call fails. The hint `possibly because of \"crypto/rsa: verification error\" \
while trying to verify candidate authority certificate \"etcd-ca\"` points here.

What to do: take the CA of the node whose data is to live on, with its key, to the others, and issue their \
leaves again.

Example: kubeadm init phase certs etcd-ca was run on the second node.",
    look,
};

const SHARED: [&str; 3] = ["ca.crt", "etcd/ca.crt", "front-proxy-ca.crt"];

/// Nodes that hold the same set of keys.
struct Camp {
    keys: Vec<PublicKey>,
    nodes: Vec<usize>,
    digest: String,
}

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    if exam.cluster.nodes.len() < 2 {
        return look;
    }
    for relative in SHARED {
        let hidden = exam
            .cluster
            .nodes
            .iter()
            .filter(|node| node.file(&node.layout(relative)).is_some_and(Exam::is_hidden))
            .count();
        let camps = camps(exam, relative);
        let holders: usize = camps.iter().map(|camp| camp.nodes.len()).sum();
        look.unobserved += hidden;
        look.subjects += usize::from(holders > 1);
        if camps.len() > 1 {
            look.defects.push(defect(exam, relative, &camps));
        }
    }
    for group in exam.groups(CHECK.code) {
        if look.defects.iter().all(|defect| defect.subject != group.subject) {
            let camps = camps(exam, group.subject);
            look.defects.push(defect(exam, group.subject, &camps));
        }
    }
    look
}

fn camps(exam: &Exam<'_>, relative: &str) -> Vec<Camp> {
    let mut camps: Vec<Camp> = Vec::new();
    for (index, node) in exam.cluster.nodes.iter().enumerate() {
        let Some(material) = node.file(&node.layout(relative)).and_then(File::material) else { continue };
        let keys: Vec<PublicKey> = material.parsed().filter_map(|certificate| certificate.key.clone()).collect();
        let Some(first) = material.parsed().next() else { continue };
        let same = |camp: &&mut Camp| {
            keys.iter().all(|key| camp.keys.contains(key)) && camp.keys.iter().all(|key| keys.contains(key))
        };
        match camps.iter_mut().find(same) {
            Some(camp) => camp.nodes.push(index),
            None => camps.push(Camp { keys, nodes: vec![index], digest: digest(first.spki_bytes()) }),
        }
    }
    camps
}

fn digest(spki: &[u8]) -> String {
    use sha2::Digest as _;
    hex_lower(&sha2::Sha256::digest(spki))
}

fn defect(exam: &Exam<'_>, relative: &str, camps: &[Camp]) -> Defect {
    let name = |index: &usize| exam.cluster.nodes[*index].name.as_str();
    let told = |camp: &Camp| camp.nodes.iter().map(name).collect::<Vec<_>>().join(", ");
    let groups = exam.groups(CHECK.code);
    let mut links: Vec<usize> =
        groups.iter().filter(|group| group.subject == relative).flat_map(Group::links).collect();
    links.sort_unstable();
    links.dedup();
    let mut facts: Vec<Fact> =
        camps.iter().map(|camp| fact(told(camp), format!("public key sha256 {}", camp.digest))).collect();
    facts.extend(groups.iter().filter(|group| group.subject == relative).flat_map(words::go_says).take(2));
    let share_nothing =
        camps.iter().any(|camp| camps.iter().any(|other| camp.keys.iter().all(|key| !other.keys.contains(key))));
    let mut nodes: Vec<usize> = camps.iter().flat_map(|camp| camp.nodes.iter().copied()).collect();
    nodes.sort_unstable();
    Defect {
        severity: if share_nothing { Severity::Error } else { exam.severity(&links).min(Severity::Warning) },
        nodes,
        subject: relative.to_owned(),
        message: format!(
            "is not the same CA on all nodes: {}",
            camps.iter().map(told).collect::<Vec<_>>().join(" against ")
        ),
        facts,
        links,
        remedy: remedy(relative),
    }
}

fn remedy(relative: &str) -> Remedy {
    let key = relative.replace(".crt", ".key");
    let leaves = match relative {
        "etcd/ca.crt" => "pkidoctor regen etcd --adopt-ca --backup, with the other members' PKI as further --pki",
        "front-proxy-ca.crt" => "pkidoctor regen front-proxy-client --adopt-ca --backup",
        _ => {
            "pkidoctor regen apiserver apiserver-kubelet-client admin.conf controller-manager.conf scheduler.conf kubelet.conf --adopt-ca --backup"
        }
    };
    Remedy::manual([
        "choose the node whose data is to live on, and back up /etc/kubernetes of all".to_owned(),
        format!("copy {relative} and {key} from it to the others, with owner and modes; never its leaves"),
        format!("on each of the others: {leaves}"),
        "restart the components of those nodes, one node at a time".to_owned(),
    ])
    .avoid("concatenating both CAs for good: kubeadm and the controller-manager take the first certificate only")
    .avoid("regenerating the CA on one node: it splits the cluster in two")
    .avoid("kubeadm certs renew all: it never touches a CA")
}
