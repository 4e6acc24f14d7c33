//! `crl-missing`: etcd's revocation list is not there, so every client is refused.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::exam::Exam;
use crate::links::revocation::{self, Found, List};

pub(super) static CHECK: Check = Check {
    code: "crl-missing",
    title: "etcd's revocation list is not there",
    severity: Severity::Error,
    citation: "etcd client/pkg/transport checkCRL",
    docs: "\
What it looks at: the files of --client-crl-file and --peer-crl-file.

Why it matters: etcd reads the list at every connection that shows a certificate. Without it *every* client is \
refused after TLS has succeeded: etcd logs `open PATH: no such file or directory`, the client sees only `EOF`.

What to do: put the list there, or remove the flag. No restart is needed for the file.

Example: --client-crl-file=/etc/kubernetes/pki/etcd/crl.der after a restore that did not bring it back.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for list in lists(exam) {
        let unmounted = match list.found(exam.cluster) {
            Found::Missing { unmounted } => unmounted,
            Found::Unseen => {
                look.unobserved += 1;
                continue;
            }
            Found::Unusable(_) | Found::List { .. } => {
                look.subjects += 1;
                continue;
            }
        };
        look.subjects += 1;
        let links = held_against(exam, &list);
        let mut facts = vec![fact("every client gets", "EOF, after a handshake that succeeds")];
        facts.extend(list.file.told_by(exam.cluster).map(|told| fact("named by", told)));
        if unmounted {
            facts.push(fact("reason", "the path is not mounted into the container"));
        }
        look.defects.push(Defect {
            severity: Severity::Error,
            nodes: vec![list.file.node],
            subject: list.file.subject(exam.cluster),
            message: "the revocation list does not exist: etcd refuses everybody who shows a certificate".to_owned(),
            facts,
            links,
            remedy: Remedy::manual([
                format!(
                    "put a revocation list of the CA there, in DER, or remove --{} from {}",
                    list.port.crl_flag(),
                    list.manifest
                ),
                "no restart is needed for the file: etcd reads it at every connection".to_owned(),
            ])
            .avoid("an empty file: it does not parse, which refuses everybody as well"),
        });
    }
    look
}

/// Every revocation list of every given etcd.
pub(super) fn lists<'c>(exam: &Exam<'c>) -> Vec<List<'c>> {
    (0..exam.cluster.nodes.len()).flat_map(|node| revocation::lists(exam.cluster, node)).collect()
}

/// The links whose clients are held against a list.
pub(super) fn held_against(exam: &Exam<'_>, list: &List<'_>) -> Vec<usize> {
    (0..exam.links.len()).filter(|index| list.is_asked(&exam.links[*index])).collect()
}
