//! The floor under a scan: starts, reads the files of one control plane, verifies the signatures of its
//! certificates, and prints how many. No finding, no manifest, no report. `scripts/bench` holds the scan against it.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "it is measured against the doctor and shares nothing with it")]

use std::io::Write as _;
use std::path::Path;

use base64ct::{Base64, Encoding as _};
use ring::signature;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::public_key::PublicKey;

fn main() {
    let root = std::env::args_os().nth(1).unwrap_or_default();
    let mut ders = Vec::new();
    read(Path::new(&root), &mut ders);
    let certificates: Vec<X509Certificate<'_>> =
        ders.iter().filter_map(|der| X509Certificate::from_der(der).ok()).map(|(_, certificate)| certificate).collect();
    let verified = certificates.iter().filter(|leaf| certificates.iter().any(|ca| signed(leaf, ca))).count();
    let _ = writeln!(std::io::stdout(), "{} certificates, {verified} signatures verified", certificates.len());
}

fn read(directory: &Path, ders: &mut Vec<Vec<u8>>) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            read(&path, ders);
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        collect(&text, ders);
        for line in text.lines() {
            let Some((key, data)) = line.split_once("-data: ") else { continue };
            // keys are read by the doctor, too, but the floor owes nothing for them
            if key.trim().ends_with("key") {
                continue;
            }
            let inner = Base64::decode_vec(data.trim()).unwrap_or_default();
            collect(&String::from_utf8_lossy(&inner), ders);
        }
    }
}

fn collect(text: &str, ders: &mut Vec<Vec<u8>>) {
    for block in text.split("-----BEGIN CERTIFICATE-----").skip(1) {
        let body: String = block.split("-----END").next().unwrap_or_default().split_whitespace().collect();
        ders.extend(Base64::decode_vec(&body));
    }
}

fn signed(leaf: &X509Certificate<'_>, ca: &X509Certificate<'_>) -> bool {
    if leaf.tbs_certificate.issuer.as_raw() != ca.tbs_certificate.subject.as_raw() {
        return false;
    }
    let message = leaf.tbs_certificate.as_ref();
    let bytes = leaf.signature_value.as_ref();
    let key = ca.public_key();
    match key.parsed() {
        Ok(PublicKey::RSA(_)) => {
            signature::UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, &key.subject_public_key)
                .verify(message, bytes)
                .is_ok()
        }
        Ok(PublicKey::EC(point)) => signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_ASN1, point.data())
            .verify(message, bytes)
            .is_ok(),
        _ => false,
    }
}
