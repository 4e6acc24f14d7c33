//! The same certificates, or the same key, as clean PEM: what a person sees in a file and Go does not.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::go::load::{Item, Material};
use crate::go::{GoVersion, parse, private_key};
use crate::issue::{PrivateKey, certificate_pem};
use crate::x509::base64;
use crate::x509::certificate::Certificate;
use crate::x509::key::PublicKey;
use crate::x509::pem::{Block, Shape};

/// Everything whole in a file, written as Go and kubeadm write it: certificates where there are any, the one of
/// `leaf_key` first, else the first key. `None` where nothing whole is in it.
pub(super) fn rewritten(bytes: &[u8], leaf_key: Option<&PublicKey>, go: GoVersion) -> Option<Zeroizing<Vec<u8>>> {
    let text = unwrapped(bytes);
    let material = Material::read(&text, go);
    if material.pem.blocks.is_empty() && material.pem.salvaged.is_empty() {
        return from_der(&text, go);
    }
    let certificates = certificates(&material, leaf_key, go);
    if certificates.is_empty() {
        let mut blocks = material.pem.blocks.iter().chain(&material.pem.salvaged);
        return blocks.find_map(|block| key(&block.bytes));
    }
    let mut out = Zeroizing::new(Vec::new());
    for certificate in certificates {
        out.extend_from_slice(&certificate_pem(&certificate.raw).ok()?);
    }
    Some(out)
}

/// Certificates in the order in which they stand in the file, each once; the leaf before all others.
fn certificates(material: &Material, leaf_key: Option<&PublicKey>, go: GoVersion) -> Vec<Arc<Certificate>> {
    let read = material.pem.blocks.iter().zip(&material.items);
    let known = read.filter_map(|(block, item)| match item {
        Item::Certificate(Ok(certificate)) => Some((block.line, Arc::clone(certificate))),
        _ => None,
    });
    let salvaged = material.pem.salvaged.iter().filter(|block| !block.may_hold_key());
    let salvaged =
        salvaged.filter_map(|block: &Block| Some((block.line, Arc::new(parse::certificate(&block.bytes, go).ok()?))));
    let mut all: Vec<(usize, Arc<Certificate>)> = known.chain(salvaged).collect();
    all.sort_by_key(|(line, certificate)| (leaf_key.is_none() || certificate.key.as_ref() != leaf_key, *line));
    let mut distinct: Vec<Arc<Certificate>> = Vec::new();
    for (_, certificate) in all {
        if !distinct.iter().any(|known| known.raw == certificate.raw) {
            distinct.push(certificate);
        }
    }
    distinct
}

fn from_der(bytes: &[u8], go: GoVersion) -> Option<Zeroizing<Vec<u8>>> {
    match parse::certificate(bytes, go) {
        Ok(certificate) => certificate_pem(&certificate.raw).ok().map(Zeroizing::new),
        Err(_) => key(bytes),
    }
}

/// A key in the format that it has.
fn key(der: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let format = private_key::format(der)?;
    PrivateKey::from_der(der).ok()?.pem(format).ok()
}

/// Text without what was wrapped around it: base64 of PEM, UTF-16.
fn unwrapped(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let shape = crate::x509::pem::read(bytes, GoVersion::NEWEST.pem_search()).shape;
    let plain = match shape {
        Shape::EncodedTwice => {
            let digits: Zeroizing<Vec<u8>> =
                Zeroizing::new(bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect());
            base64::decode(&digits).ok()
        }
        Shape::Utf16 => Some(from_utf16(bytes)),
        _ => None,
    };
    plain.unwrap_or_else(|| Zeroizing::new(bytes.to_vec()))
}

/// PEM is ASCII: every second byte of it, the mark left out.
fn from_utf16(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(bytes.iter().copied().filter(|byte| !matches!(byte, 0 | 0xff | 0xfe)).collect())
}
