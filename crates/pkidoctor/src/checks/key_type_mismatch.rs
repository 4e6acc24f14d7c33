//! `key-type-mismatch`: certificate and key are of different algorithms.

use crate::check::{Check, Defect, Look, Severity};
use crate::checks::{key_mismatch, words};
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "key-type-mismatch",
    title: "certificate and key are of different algorithms",
    severity: Severity::Error,
    citation: "Go crypto/tls X509KeyPair",
    docs: "\
What it looks at: the algorithm of the certified key against the algorithm of the private key beside \
it, for every pair that a flag, a kubeconfig or kubeadm's layout names.

Why it matters: `tls: private key type does not match public key type`. It happens when \
encryptionAlgorithm changed between two renewals, or when files of two generations were mixed.

What to do: put the matching file back if it still exists; else make both anew.

Example: etcd/server.crt certifies an RSA key, etcd/server.key is a P-256 key of a newer set.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let pairs = exam.links.iter().flat_map(|link| [&link.client_pair, &link.server_pair]).flatten().count();
    let mut look = Look { subjects: pairs, ..Look::default() };
    for group in exam.groups(CHECK.code) {
        let reason = group.first();
        let mut facts = key_mismatch::pair_facts(exam, reason);
        facts.extend(words::told_by(exam, reason.guilty.as_ref()));
        facts.extend(words::go_says(&group));
        look.defects.push(Defect {
            // a pair that does not load is always an error
            severity: Severity::Error,
            nodes: vec![group.node],
            subject: group.subject.to_owned(),
            message: "is a key of another algorithm than the certificate beside it".to_owned(),
            facts,
            links: group.links(),
            remedy: key_mismatch::pair_remedy(exam, reason),
        });
    }
    look
}
