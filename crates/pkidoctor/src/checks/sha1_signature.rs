//! `sha1-signature`: a signature made with SHA-1 or MD5.

use crate::check::{Check, Defect, Look, Severity, fact};
use crate::checks::words::{self, Told};
use crate::exam::{Exam, Used};
use crate::x509::signature::Algorithm;

pub(super) static CHECK: Check = Check {
    code: "sha1-signature",
    title: "a certificate is signed with SHA-1",
    severity: Severity::Error,
    citation: "RFC 6194; Go crypto/x509 InsecureAlgorithmError (from 1.18)",
    docs: "\
What it looks at: the signature algorithm of every certificate on a link that is not a trusted root. The \
signature of a root is never checked, so a root of SHA-1 is harmless.

Why it matters: Go from 1.18 refuses SHA-1, and MD5 always: `cannot verify signature: insecure algorithm \
SHA1-RSA`. A PKI from an old OpenSSL or Windows CA works until the programs are upgraded.

What to do: sign again with SHA-256.

Example: front-proxy-client.crt from a corporate CA of 2010.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = words::tell(exam, CHECK.code, |group| {
        let orphan = words::orphan(group.first());
        let mut facts: Vec<_> = orphan.map(|child| fact("signature", child.algorithm.go_name())).into_iter().collect();
        facts.extend(orphan.map(|child| fact("certificate", &child.subject)));
        let remedy = words::remake(exam, group.first().guilty.as_ref())
            .avoid("GODEBUG=x509sha1=1: gone since Go 1.24, and it never outlives an upgrade");
        Told { message: "is signed with an algorithm that Go refuses".to_owned(), facts, remedy }
    });
    if !exam.verifier.go.refuses_sha1() {
        let all = exam.used();
        look.defects.extend(all.iter().filter(|used| is_weak(used)).map(|used| will_be_refused(exam, used)));
    }
    look
}

fn is_weak(used: &Used<'_>) -> bool {
    !used.certificate.is_self_issued()
        && used.certificate.algorithm.is_sha1()
        && used.certificate.algorithm != Algorithm::DsaSha1
}

fn will_be_refused(exam: &Exam<'_>, used: &Used<'_>) -> Defect {
    Defect {
        severity: Severity::Info,
        nodes: vec![used.node],
        subject: used.places[0].clone(),
        message: "is signed with SHA-1, which Go refuses from 1.18".to_owned(),
        facts: vec![fact("signature", used.certificate.algorithm.go_name())],
        links: Vec::new(),
        remedy: words::remake(exam, exam.role_of(used)),
    }
}
