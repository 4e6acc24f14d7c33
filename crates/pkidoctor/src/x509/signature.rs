//! Signature algorithms and the mathematics of checking them, which libraries do.
//!
//! ring checks what it can; RustCrypto the rest of what Go accepts (P-521, P-224, another SHA-2 on a
//! curve, RSA below 1024 or above 8192 bits, SHA-384 or PSS on RSA below 2048).

use ring::signature as ring_signature;
use rsa::BigUint;
use sha2::Digest as _;

use super::key::{Curve, PublicKey};

/// A digest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hash {
    /// Broken; Go refuses it from 1.18.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// How a certificate is signed (Go's `x509.SignatureAlgorithm`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with MD5.
    Md5Rsa,
    /// RSASSA-PKCS1-v1_5.
    Rsa(Hash),
    /// RSASSA-PSS with salt as long as the digest and MGF1 of the same digest.
    RsaPss(Hash),
    /// DSA with SHA-1.
    DsaSha1,
    /// DSA with SHA-256.
    DsaSha256,
    /// ECDSA.
    Ecdsa(Hash),
    /// RFC 8032.
    Ed25519,
    /// Not known to Go.
    Unknown,
}

/// The public key algorithm that a signature algorithm needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// RSA.
    Rsa,
    /// DSA.
    Dsa,
    /// ECDSA.
    Ecdsa,
    /// Ed25519.
    Ed25519,
}

impl Algorithm {
    /// Which key it needs; `None` when the algorithm is unknown.
    pub const fn family(self) -> Option<Family> {
        match self {
            Self::Md5Rsa | Self::Rsa(_) | Self::RsaPss(_) => Some(Family::Rsa),
            Self::DsaSha1 | Self::DsaSha256 => Some(Family::Dsa),
            Self::Ecdsa(_) => Some(Family::Ecdsa),
            Self::Ed25519 => Some(Family::Ed25519),
            Self::Unknown => None,
        }
    }

    /// Whether it rests on SHA-1.
    pub const fn is_sha1(self) -> bool {
        matches!(self, Self::Rsa(Hash::Sha1) | Self::Ecdsa(Hash::Sha1) | Self::DsaSha1)
    }

    /// Go's name of it (`SignatureAlgorithm.String`).
    pub const fn go_name(self) -> &'static str {
        match self {
            Self::Md5Rsa => "MD5-RSA",
            Self::Rsa(Hash::Sha1) => "SHA1-RSA",
            Self::Rsa(Hash::Sha256) => "SHA256-RSA",
            Self::Rsa(Hash::Sha384) => "SHA384-RSA",
            Self::Rsa(Hash::Sha512) => "SHA512-RSA",
            Self::RsaPss(Hash::Sha384) => "SHA384-RSAPSS",
            Self::RsaPss(Hash::Sha512) => "SHA512-RSAPSS",
            Self::RsaPss(_) => "SHA256-RSAPSS",
            Self::DsaSha1 => "DSA-SHA1",
            Self::DsaSha256 => "DSA-SHA256",
            Self::Ecdsa(Hash::Sha1) => "ECDSA-SHA1",
            Self::Ecdsa(Hash::Sha256) => "ECDSA-SHA256",
            Self::Ecdsa(Hash::Sha384) => "ECDSA-SHA384",
            Self::Ecdsa(Hash::Sha512) => "ECDSA-SHA512",
            Self::Ed25519 => "Ed25519",
            Self::Unknown => "0",
        }
    }

    /// The name in openssl's style, for reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5Rsa => "md5WithRSA",
            Self::Rsa(Hash::Sha1) => "sha1WithRSA",
            Self::Rsa(Hash::Sha256) => "sha256WithRSA",
            Self::Rsa(Hash::Sha384) => "sha384WithRSA",
            Self::Rsa(Hash::Sha512) => "sha512WithRSA",
            Self::RsaPss(Hash::Sha384) => "rsaPSS-sha384",
            Self::RsaPss(Hash::Sha512) => "rsaPSS-sha512",
            Self::RsaPss(_) => "rsaPSS-sha256",
            Self::DsaSha1 => "dsaWithSHA1",
            Self::DsaSha256 => "dsaWithSHA256",
            Self::Ecdsa(Hash::Sha1) => "ecdsaWithSHA1",
            Self::Ecdsa(Hash::Sha256) => "ecdsaWithSHA256",
            Self::Ecdsa(Hash::Sha384) => "ecdsaWithSHA384",
            Self::Ecdsa(Hash::Sha512) => "ecdsaWithSHA512",
            Self::Ed25519 => "ed25519",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether `signature` over `message` was made with the private half of `key`.
///
/// Says nothing about whether Go would accept the algorithm.
pub fn verifies(algorithm: Algorithm, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    match (algorithm, key) {
        (Algorithm::Rsa(hash), PublicKey::Rsa { modulus, exponent }) => {
            rsa_pkcs1(hash, modulus, *exponent, message, signature)
        }
        (Algorithm::RsaPss(hash), PublicKey::Rsa { modulus, exponent }) => {
            rsa_pss(hash, modulus, *exponent, message, signature)
        }
        (Algorithm::Ecdsa(hash), PublicKey::Ec { curve, point }) => ecdsa(hash, *curve, point, message, signature),
        (Algorithm::Ed25519, PublicKey::Ed25519(bytes)) => {
            ring_signature::UnparsedPublicKey::new(&ring_signature::ED25519, bytes).verify(message, signature).is_ok()
        }
        _ => false,
    }
}

fn digest(hash: Hash, message: &[u8]) -> Vec<u8> {
    match hash {
        Hash::Sha1 => sha1::Sha1::digest(message).to_vec(),
        Hash::Sha256 => sha2::Sha256::digest(message).to_vec(),
        Hash::Sha384 => sha2::Sha384::digest(message).to_vec(),
        Hash::Sha512 => sha2::Sha512::digest(message).to_vec(),
    }
}

/// ring's verification of RSA keys that it can hold; `None` where it cannot judge.
fn ring_rsa(
    parameters: &'static ring_signature::RsaParameters,
    modulus: &[u8],
    exponent: i64,
    message: &[u8],
    signature: &[u8],
) -> Option<bool> {
    // ring refuses exponents below 3 and even ones; Go before 1.24 does not
    if exponent < 3 || exponent % 2 == 0 {
        return None;
    }
    let e = exponent.to_be_bytes();
    let e = &e[e.iter().position(|byte| *byte != 0)?..];
    let key = ring_signature::RsaPublicKeyComponents { n: modulus, e };
    Some(key.verify(parameters, message, signature).is_ok())
}

/// The widest modulus that is worth the mathematics; Go's own TLS refuses more than 8192 bits.
const MAX_RSA_BITS: usize = 16_384;

fn rsa_key(modulus: &[u8], exponent: i64) -> Option<rsa::RsaPublicKey> {
    let exponent = u64::try_from(exponent).ok()?;
    rsa::RsaPublicKey::new_with_max_size(BigUint::from_bytes_be(modulus), BigUint::from(exponent), MAX_RSA_BITS).ok()
}

fn rsa_pkcs1(hash: Hash, modulus: &[u8], exponent: i64, message: &[u8], signature: &[u8]) -> bool {
    let bits = super::key::bit_length(modulus);
    let parameters = match hash {
        Hash::Sha256 if (1024..=8192).contains(&bits) => {
            Some(&ring_signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY)
        }
        Hash::Sha384 if (2048..=8192).contains(&bits) => Some(&ring_signature::RSA_PKCS1_2048_8192_SHA384),
        Hash::Sha512 if (1024..=8192).contains(&bits) => {
            Some(&ring_signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY)
        }
        _ => None,
    };
    if let Some(verdict) = parameters.and_then(|known| ring_rsa(known, modulus, exponent, message, signature)) {
        return verdict;
    }
    let Some(key) = rsa_key(modulus, exponent) else { return false };
    // the DigestInfo prefixes of RFC 8017 section 9.2 note 1
    let (prefix, hash_len): (&[u8], usize) = match hash {
        Hash::Sha1 => (&[0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0, 4, 0x14], 20),
        Hash::Sha256 => {
            (&[0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20], 32)
        }
        Hash::Sha384 => {
            (&[0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2, 5, 0, 4, 0x30], 48)
        }
        Hash::Sha512 => {
            (&[0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3, 5, 0, 4, 0x40], 64)
        }
    };
    let scheme = rsa::Pkcs1v15Sign { hash_len: Some(hash_len), prefix: prefix.into() };
    key.verify(scheme, &digest(hash, message), signature).is_ok()
}

fn rsa_pss(hash: Hash, modulus: &[u8], exponent: i64, message: &[u8], signature: &[u8]) -> bool {
    if (2048..=8192).contains(&super::key::bit_length(modulus)) {
        let parameters = match hash {
            Hash::Sha1 => None,
            Hash::Sha256 => Some(&ring_signature::RSA_PSS_2048_8192_SHA256),
            Hash::Sha384 => Some(&ring_signature::RSA_PSS_2048_8192_SHA384),
            Hash::Sha512 => Some(&ring_signature::RSA_PSS_2048_8192_SHA512),
        };
        if let Some(verdict) = parameters.and_then(|known| ring_rsa(known, modulus, exponent, message, signature)) {
            return verdict;
        }
    }
    let Some(key) = rsa_key(modulus, exponent) else { return false };
    let scheme = match hash {
        Hash::Sha1 => return false,
        Hash::Sha256 => rsa::Pss::new_with_salt::<sha2::Sha256>(32),
        Hash::Sha384 => rsa::Pss::new_with_salt::<sha2::Sha384>(48),
        Hash::Sha512 => rsa::Pss::new_with_salt::<sha2::Sha512>(64),
    };
    key.verify(scheme, &digest(hash, message), signature).is_ok()
}

fn ecdsa(hash: Hash, curve: Curve, point: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let ring_way: Option<&'static dyn ring_signature::VerificationAlgorithm> = match (curve, hash) {
        (Curve::P256, Hash::Sha256) => Some(&ring_signature::ECDSA_P256_SHA256_ASN1),
        (Curve::P256, Hash::Sha384) => Some(&ring_signature::ECDSA_P256_SHA384_ASN1),
        (Curve::P384, Hash::Sha256) => Some(&ring_signature::ECDSA_P384_SHA256_ASN1),
        (Curve::P384, Hash::Sha384) => Some(&ring_signature::ECDSA_P384_SHA384_ASN1),
        _ => None,
    };
    if let Some(way) = ring_way {
        return ring_signature::UnparsedPublicKey::new(way, point).verify(message, signature).is_ok();
    }
    let mut digest = digest(hash, message);
    // RustCrypto refuses a digest much shorter than the field; leading zeros do not change its value
    while digest.len() < curve.coordinate_len() {
        digest.insert(0, 0);
    }
    macro_rules! check {
        ($curve:ident) => {{
            use $curve::ecdsa::signature::hazmat::PrehashVerifier as _;
            let Ok(key) = $curve::ecdsa::VerifyingKey::from_sec1_bytes(point) else { return false };
            let Ok(signature) = $curve::ecdsa::DerSignature::from_bytes(signature) else { return false };
            let Ok(signature) = $curve::ecdsa::Signature::try_from(signature) else { return false };
            key.verify_prehash(&digest, &signature).is_ok()
        }};
    }
    match curve {
        Curve::P224 => check!(p224),
        Curve::P256 => check!(p256),
        Curve::P384 => check!(p384),
        Curve::P521 => check!(p521),
    }
}
