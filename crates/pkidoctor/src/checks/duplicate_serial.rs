//! `duplicate-serial`: two certificates of one issuer bear one serial number.

use crate::check::{Check, Defect, Look, Severity, fact};
use crate::checks::words;
use crate::exam::{Exam, Used};

pub(super) static CHECK: Check = Check {
    code: "duplicate-serial",
    title: "a serial number was used twice",
    severity: Severity::Info,
    citation: "RFC 5280 section 4.1.2.2",
    docs: "\
What it looks at: issuer and serial number of every leaf and intermediate in the given trees. Roots are \
left alone: kubeadm's bear 0.

Why it matters: Go does not care. A revocation list names serial numbers, so revoking one certificate \
revokes both; browsers and strict TLS stacks refuse the second one they meet.

What to do: nothing urgent; issue one of them again when convenient.

Example: a loop over `openssl x509 -set_serial 01`.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let all: Vec<&Used<'_>> = exam.used().iter().filter(|used| !used.certificate.is_self_issued()).collect();
    let mut look = Look { subjects: all.len(), ..Look::default() };
    for (at, used) in all.iter().enumerate() {
        let twins: Vec<&Used<'_>> = all.iter().copied().filter(|other| is_twin(used, other)).collect();
        let is_first =
            !all[..at].iter().any(|other| is_twin(used, other) || other.certificate.raw == used.certificate.raw);
        if twins.is_empty() || !is_first {
            continue;
        }
        let places = twins.iter().map(|twin| {
            let place = &twin.places[0];
            if twin.node == used.node {
                place.clone()
            } else {
                format!("{place} on {}", exam.cluster.nodes[twin.node].name)
            }
        });
        let mut nodes: Vec<usize> = twins.iter().map(|twin| twin.node).chain([used.node]).collect();
        nodes.sort_unstable();
        nodes.dedup();
        look.defects.push(Defect {
            severity: Severity::Info,
            nodes,
            subject: used.places[0].clone(),
            message: "shares its serial number with another certificate of the same CA".to_owned(),
            facts: vec![
                fact("serial", used.certificate.serial_hex()),
                fact("also in", places.collect::<Vec<_>>().join(", ")),
            ],
            links: Vec::new(),
            remedy: words::remake(exam, exam.role_of(used)),
        });
    }
    look
}

fn is_twin(a: &Used<'_>, b: &Used<'_>) -> bool {
    let (a, b) = (a.certificate, b.certificate);
    a.issuer.raw == b.issuer.raw && a.serial == b.serial && a.raw != b.raw
}
