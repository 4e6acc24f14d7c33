//! `not-yet-valid`: notBefore lies in the future.

use crate::check::{Check, Defect, Fact, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::exam::Exam;
use crate::x509::certificate::Certificate;

pub(super) static CHECK: Check = Check {
    code: "not-yet-valid",
    title: "a certificate is not valid yet",
    severity: Severity::Error,
    citation: "RFC 5280 section 4.1.2.5; Go crypto/x509 Certificate.isValid",
    docs: "\
What it looks at: notBefore of every leaf, intermediate and CA that a link uses, and of every other \
certificate in the tree. The first second counts.

Why it matters: Go refuses the certificate with the text that it also prints for an expired one. Mostly \
the clock is wrong: of this machine, of the one that issued the certificate, or of a board without a \
battery.

What to do: compare the clocks first (timedatectl, chronyc tracking). When this clock is right, wait, or \
issue the certificate again where the clock is right.

Example: a node whose hardware clock runs in local time made etcd/server.crt valid from in eight hours.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    let mut told = Vec::new();
    for group in exam.groups(CHECK.code) {
        let Some(certificate) = &group.first().certificate else { continue };
        told.push((group.node, group.subject.to_owned()));
        let mut facts = facts(exam, certificate);
        facts.extend(words::told_by(exam, group.first().guilty.as_ref()));
        facts.extend(words::go_says(&group));
        let links = group.links();
        look.defects.push(Defect {
            severity: exam.severity(&links),
            nodes: vec![group.node],
            subject: group.subject.to_owned(),
            message: format!("valid only {}", words::distance(exam.now(), certificate.not_before)),
            facts,
            links,
            remedy: remedy(),
        });
    }
    for &(node, ref subject, path, certificate) in exam.certificates() {
        look.subjects += 1;
        if certificate.not_before <= exam.now() || told.contains(&(node, subject.clone())) {
            continue;
        }
        look.defects.push(Defect {
            severity: exam.severity(&exam.links_using(node, path)).max(Severity::Warning),
            nodes: vec![node],
            subject: subject.clone(),
            message: format!(
                "valid only {}; no link stumbles over it",
                words::distance(exam.now(), certificate.not_before)
            ),
            facts: facts(exam, certificate),
            links: Vec::new(),
            remedy: remedy(),
        });
    }
    look
}

fn facts(exam: &Exam<'_>, certificate: &Certificate) -> Vec<Fact> {
    let mut facts = vec![
        fact("certificate", &certificate.subject),
        fact("not before", words::instant(exam.now(), certificate.not_before)),
    ];
    let all = exam.certificates();
    let future = all.iter().filter(|(_, _, _, known)| known.not_before > exam.now()).count();
    if future * 2 > all.len() {
        facts.push(fact(
            "in the future",
            format!("{future} of {} certificates: this machine's clock is probably behind", all.len()),
        ));
    }
    facts
}

fn remedy() -> Remedy {
    Remedy::manual([
        "compare this machine's clock with the others (timedatectl, chronyc tracking) and mend it where it is wrong",
        "when the clock is right, wait, or issue the certificate again on a machine whose clock is right",
    ])
    .avoid("issuing everything again on the machine whose clock is wrong")
}
