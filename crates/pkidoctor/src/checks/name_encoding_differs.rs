//! `name-encoding-differs`: issuer and CA subject are the same text in other string types.

use crate::check::{Check, Look, Remedy, Severity, fact};
use crate::checks::words::{self, Told};
use crate::exam::Exam;
use crate::x509::name::Name;

pub(super) static CHECK: Check = Check {
    code: "name-encoding-differs",
    title: "issuer and CA subject read alike but differ in bytes",
    severity: Severity::Error,
    citation: "RFC 5280 section 7.1; Go crypto/x509 CertPool.findPotentialParents (bytes.Equal)",
    docs: "\
What it looks at: the raw bytes of the issuer of a certificate on a link against the subjects in the \
trusted CA file, where the texts agree.

Why it matters: Go compares bytes and finds no CA of that name: `certificate signed by unknown \
authority` without a parenthesis. openssl verify normalises the strings and says OK, so the fault hides \
well.

What to do: issue the CA certificate again with the subject in the encoding that its leaves carry as \
issuer (UTF8String or PrintableString); or issue the leaves again.

Example: the CA was renewed by a tool that writes PrintableString, while the old leaves name their \
issuer in UTF8String.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    words::tell(exam, CHECK.code, |group| {
        let reason = group.first();
        let child = words::orphan(reason);
        let pool = reason.trust.as_ref().and_then(|trust| trust.material(exam.cluster));
        let ca = child
            .zip(pool)
            .and_then(|(child, pool)| pool.parsed().find(|ca| ca.subject.to_string() == child.issuer.to_string()));
        let mut facts = words::chain_facts(exam, reason);
        if let (Some(child), Some(ca)) = (child, ca) {
            facts.push(fact("issuer written as", string_types(&child.issuer)));
            facts.push(fact("CA subject written as", string_types(&ca.subject)));
            facts.push(fact("key that signed", "the CA's"));
        }
        let remedy = Remedy::manual([
            "issue the CA certificate again with the same key and the subject in the bytes that its leaves name as issuer",
            "put it wherever the old one is trusted, then restart whoever trusts it",
        ])
        .avoid("trusting openssl verify here: it normalises the strings, Go compares bytes");
        Told { message: "names its issuer in another encoding than the CA names itself".to_owned(), facts, remedy }
    })
}

fn string_types(name: &Name) -> String {
    let mut types: Vec<&str> = name.rdns.iter().flatten().map(|attribute| string_type(attribute.tag)).collect();
    types.dedup();
    types.join(", ")
}

fn string_type(tag: u8) -> &'static str {
    match tag {
        0x0c => "UTF8String",
        0x13 => "PrintableString",
        0x14 => "TeletexString",
        0x16 => "IA5String",
        0x1e => "BMPString",
        _ => "another type",
    }
}
