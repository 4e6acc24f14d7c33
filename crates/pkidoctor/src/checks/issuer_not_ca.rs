//! `issuer-not-ca`: an issuer may not sign: CA:FALSE, no basicConstraints, or no keyCertSign.

use crate::check::{Check, Look, Remedy, Severity, fact};
use crate::checks::words::{self, Told};
use crate::exam::Exam;
use crate::x509::certificate::{Certificate, KEY_CERT_SIGN};

pub(super) static CHECK: Check = Check {
    code: "issuer-not-ca",
    title: "a certificate that is no CA is used as one",
    severity: Severity::Error,
    citation: "RFC 5280 section 4.2.1.9; Go crypto/x509 Certificate.CheckSignatureFrom",
    docs: "\
What it looks at: basicConstraints and keyUsage of every CA and intermediate on a link. A certificate of \
version 1, which has neither, counts as a CA; one of version 3 without basicConstraints does not.

Why it matters: Go says `parent certificate cannot sign this kind of certificate` or `certificate is not \
authorized to sign other certificates`, and refuses. OpenSSL and rustls accept some of these, so their \
verdict misleads.

What to do: issue the CA certificate again with CA:TRUE and keyCertSign. With the same key and the \
byte-identical subject its leaves stay valid.

Example: etcd/ca.crt was made by `openssl req -x509` with an extension section for servers.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    words::tell(exam, CHECK.code, |group| {
        let certificate = group.first().certificate.as_ref();
        let facts = certificate
            .map(|ca| vec![fact("certificate", &ca.subject), fact("what forbids it", obstacle(ca))])
            .unwrap_or_default();
        let remedy = Remedy::manual([
            "issue the CA certificate again with basicConstraints CA:TRUE and keyUsage keyCertSign, same key, byte-identical subject: its leaves stay valid".to_owned(),
            words::spread(group.subject),
            "restart whoever trusts it, one node at a time".to_owned(),
        ])
        .avoid("trusting openssl verify here: it accepts some certificates that Go refuses");
        Told { message: "is used as a CA and is none".to_owned(), facts, remedy }
    })
}

fn obstacle(certificate: &Certificate) -> &'static str {
    match certificate.basic_constraints {
        None => "version 3 without basicConstraints",
        Some(constraints) if !constraints.is_ca => "basicConstraints say CA:FALSE",
        Some(_) if certificate.key_usage != 0 && certificate.key_usage & KEY_CERT_SIGN == 0 => {
            "keyUsage without keyCertSign"
        }
        Some(_) => "nothing in the certificate itself",
    }
}
