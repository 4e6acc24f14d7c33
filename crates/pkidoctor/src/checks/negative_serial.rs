//! `negative-serial`: a negative serial number.

use crate::check::{Check, Defect, Look, Severity, fact};
use crate::checks::words::{self, Told};
use crate::exam::{Exam, Why};
use crate::links::reference::FaultKind;

pub(super) static CHECK: Check = Check {
    code: "negative-serial",
    title: "a serial number is negative",
    severity: Severity::Error,
    citation: "RFC 5280 section 4.1.2.2; Go crypto/x509 (from 1.23, GODEBUG x509negativeserial)",
    docs: "\
What it looks at: the sign of the serial number of every certificate in the tree.

Why it matters: Go from 1.23 does not parse the certificate: `x509: negative serial number`. A server \
with such a pair does not start, a CA file with such a CA does not load; before the upgrade everything \
worked.

What to do: issue the certificate again; a CA with the same key and the byte-identical subject, so that \
its leaves stay valid.

Example: a script took random bytes for the serial number and did not clear the first bit.",
    look,
};

const REFUSED: &str = "x509: negative serial number";

fn look(exam: &Exam<'_>) -> Look {
    let mut look = words::tell(exam, CHECK.code, |group| Told {
        message: "bears a negative serial number, which Go refuses from 1.23".to_owned(),
        facts: Vec::new(),
        remedy: words::remake(exam, group.first().guilty.as_ref())
            .avoid("GODEBUG=x509negativeserial=1 for good: it is per process and no upgrade keeps it"),
    });
    for (defect, group) in look.defects.iter_mut().zip(exam.groups(CHECK.code)) {
        let pair = group
            .reasons
            .iter()
            .any(|reason| matches!(reason.why, Why::Fault(fault) if matches!(fault.kind, FaultKind::Pair(_))));
        if pair {
            // a pair that does not load is always an error
            defect.severity = Severity::Error;
        }
    }
    let others =
        quiet(exam).into_iter().filter(|(node, subject)| !is_told(&look.defects, *node, subject)).collect::<Vec<_>>();
    look.defects.extend(others.into_iter().map(|(node, subject)| info(exam, node, subject)));
    look
}

/// Whether the file has its finding: `ca.crt` tells `ca.crt#2` too.
fn is_told(defects: &[Defect], node: usize, subject: &str) -> bool {
    let file = subject.split('#').next().unwrap_or(subject);
    defects.iter().any(|defect| defect.nodes == [node] && (defect.subject == subject || defect.subject == file))
}

/// Negative serial numbers that stop nobody here: not on a link, or accepted by an older Go.
fn quiet(exam: &Exam<'_>) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (node, shown, _, material) in exam.materials() {
        let several = material.certificates().count() > 1;
        for (number, parsed) in material.certificates() {
            let negative = match parsed {
                Ok(certificate) => certificate.serial_is_negative(),
                Err(text) => text == REFUSED,
            };
            if negative {
                found.push((node, if several { format!("{shown}#{number}") } else { shown.clone() }));
            }
        }
    }
    found
}

fn info(exam: &Exam<'_>, node: usize, subject: String) -> Defect {
    let target = exam.used().iter().find(|used| used.node == node && used.places.contains(&subject));
    Defect {
        severity: Severity::Info,
        nodes: vec![node],
        subject,
        message: "bears a negative serial number, which Go refuses from 1.23; no link stumbles over it today"
            .to_owned(),
        facts: vec![fact("judged as", format!("Go {}", exam.cluster.go))],
        links: Vec::new(),
        remedy: words::remake(exam, target.and_then(|used| exam.role_of(used))),
    }
}
