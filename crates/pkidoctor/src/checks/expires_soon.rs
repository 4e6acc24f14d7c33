//! `expires-soon`: notAfter comes near.

use time::{Duration, OffsetDateTime};

use crate::check::{Check, Defect, Fact, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::exam::{Exam, Used};
use crate::x509::certificate::Certificate;

pub(super) static CHECK: Check = Check {
    code: "expires-soon",
    title: "a certificate expires soon",
    severity: Severity::Warning,
    citation: "RFC 5280 section 4.1.2.5; opinion on how soon is soon",
    docs: "\
What it looks at: notAfter of every certificate that a link uses, in files and kubeconfigs: leaves 30 \
days ahead (--expiry-warning), CAs 180 days (--ca-expiry-warning). A leaf ends with the CA above it, if \
that one ends sooner. A CA that stands beside its own renewal is left alone.

Why it matters: leaves of kubeadm live a year and were mostly made in the same minute, so the whole \
control plane stops at once; open connections hide it until the next restart. CAs live ten years, and \
nothing renews them.

What to do: make leaves anew in time. A CA is renewed with the same key and the same subject bytes, \
which keeps its leaves valid.

Example: eleven leaves end in nine days, one minute apart.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let all = exam.used();
    let mut look = Look { subjects: all.len(), ..Look::default() };
    for used in all {
        if is_over(exam, used.certificate.not_after) || is_renewed(all, used) {
            continue;
        }
        let (end, message) = if is_authority(used.certificate) { own_end(used) } else { leaf_end(exam, all, used) };
        if !is_soon(exam, used.certificate, end) {
            continue;
        }
        look.defects.push(Defect {
            severity: Severity::Warning,
            nodes: vec![used.node],
            subject: used.places[0].clone(),
            message: format!("{message} {}", words::distance(exam.now(), end)),
            facts: facts(exam, all, used, end),
            links: used.links.clone(),
            remedy: remedy(exam, used),
        });
    }
    look
}

fn is_over(exam: &Exam<'_>, end: OffsetDateTime) -> bool {
    end < exam.now()
}

fn is_authority(certificate: &Certificate) -> bool {
    certificate.is_ca() || certificate.is_self_issued() && certificate.may_sign()
}

fn is_soon(exam: &Exam<'_>, certificate: &Certificate, end: OffsetDateTime) -> bool {
    let days = if is_authority(certificate) { exam.options.ca_expiry_warning } else { exam.options.expiry_warning };
    end - exam.now() <= Duration::days(days)
}

fn own_end(used: &Used<'_>) -> (OffsetDateTime, &'static str) {
    (used.certificate.not_after, "expires")
}

/// A leaf's own end, or that of the CA above it when it is sooner and has no finding of its own.
fn leaf_end(exam: &Exam<'_>, all: &[Used<'_>], used: &Used<'_>) -> (OffsetDateTime, &'static str) {
    let issuers = all.iter().filter(|ca| {
        ca.node == used.node
            && ca.certificate.subject.raw == used.certificate.issuer.raw
            && exam.verifier.check_signature(used.certificate, ca.certificate).is_ok()
    });
    let issuer = issuers
        .max_by_key(|ca| ca.certificate.not_after)
        .filter(|ca| ca.certificate.not_after < used.certificate.not_after);
    match issuer {
        Some(ca)
            if is_over(exam, ca.certificate.not_after) || is_soon(exam, ca.certificate, ca.certificate.not_after) =>
        {
            own_end(used)
        }
        Some(ca) => (ca.certificate.not_after, "ends with its CA"),
        None => own_end(used),
    }
}

/// Whether a link finds the same name and key in a certificate that lasts longer.
fn is_renewed(all: &[Used<'_>], used: &Used<'_>) -> bool {
    let certificate = used.certificate;
    is_authority(certificate)
        && all.iter().any(|other| {
            other.node == used.node
                && other.certificate.not_after > certificate.not_after
                && other.certificate.subject.raw == certificate.subject.raw
                && other.certificate.spki_bytes() == certificate.spki_bytes()
                && used.places.iter().all(|place| other.places.iter().any(|known| same_file(known, place)))
        })
}

/// Whether both stand in one file: `ca.crt#1` and `ca.crt#2`.
fn same_file(a: &str, b: &str) -> bool {
    let file =
        |place: &str| place.trim_end_matches(|last: char| last.is_ascii_digit()).trim_end_matches('#').to_owned();
    file(a) == file(b)
}

fn facts(exam: &Exam<'_>, all: &[Used<'_>], used: &Used<'_>, end: OffsetDateTime) -> Vec<Fact> {
    let mut facts = vec![
        fact("certificate", &used.certificate.subject),
        fact("not after", words::instant(exam.now(), used.certificate.not_after)),
    ];
    if end != used.certificate.not_after {
        facts.push(fact("its CA ends", words::instant(exam.now(), end)));
    }
    if used.places.len() > 1 {
        facts.push(fact("also in", used.places[1..].join(", ")));
    }
    let near = |other: &&Used<'_>| (other.certificate.not_after - used.certificate.not_after).abs() <= Duration::HOUR;
    let together = all.iter().filter(near).count() - 1;
    if together > 0 {
        facts.push(fact("ending within the same hour", format!("{together} others")));
    }
    facts
}

fn remedy(exam: &Exam<'_>, used: &Used<'_>) -> Remedy {
    if is_authority(used.certificate) {
        return words::renew_ca(exam, used.node, &used.places[0]);
    }
    words::remake(exam, exam.role_of(used))
        .avoid("waiting for the outage: open connections hide an expired certificate until the next restart")
}
