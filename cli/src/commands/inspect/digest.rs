//! The digest of a public key: the same whether it comes from a certificate, a request or a private key.

use pkidoctor::x509::certificate::hex_lower;
use pkidoctor::x509::key::{Curve, PublicKey};
use pkidoctor::x509::oid;
use sha2::{Digest as _, Sha256};

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const NULL: u8 = 0x05;
const OBJECT: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// SHA-256 in hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex_lower(&Sha256::digest(bytes))
}

/// SHA-256 of the SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) that a certificate of this key holds.
pub(super) fn public_key_sha256(key: &PublicKey) -> Option<String> {
    let (algorithm, bits) = match key {
        PublicKey::Rsa { modulus, exponent } => {
            let numbers = [integer(modulus), integer(&exponent.to_be_bytes())].concat();
            ([element(OBJECT, oid::RSA_ENCRYPTION), element(NULL, &[])].concat(), element(SEQUENCE, &numbers))
        }
        PublicKey::Ec { curve, point } => {
            ([element(OBJECT, oid::EC_PUBLIC_KEY), element(OBJECT, named(*curve))].concat(), point.clone())
        }
        PublicKey::Ed25519(point) => (element(OBJECT, oid::ED25519), point.clone()),
        PublicKey::Dsa => return None,
    };
    let whole_octets = [&[0][..], &bits].concat();
    let info = [element(SEQUENCE, &algorithm), element(BIT_STRING, &whole_octets)].concat();
    Some(sha256(&element(SEQUENCE, &info)))
}

const fn named(curve: Curve) -> &'static [u8] {
    match curve {
        Curve::P224 => oid::P224,
        Curve::P256 => oid::P256,
        Curve::P384 => oid::P384,
        Curve::P521 => oid::P521,
    }
}

/// A number that is not negative: shortest form, a zero before a set sign bit.
fn integer(number: &[u8]) -> Vec<u8> {
    let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    let mut shortest = number[start..].to_vec();
    if shortest.first().is_none_or(|byte| byte & 0x80 != 0) {
        shortest.insert(0, 0);
    }
    element(INTEGER, &shortest)
}

fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u8::try_from(contents.len()) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let length = contents.len().to_be_bytes();
            let start = length.iter().position(|byte| *byte != 0).unwrap_or(length.len() - 1);
            let bytes = &length[start..];
            // eight length bytes at most
            out.push(0x80 | u8::try_from(bytes.len()).unwrap_or_default());
            out.extend_from_slice(bytes);
        }
    }
    out.extend_from_slice(contents);
    out
}
