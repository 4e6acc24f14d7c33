//! Signature algorithms by identifier, and the digests behind them.

use crate::der;
use sha1::Sha1;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};

/// A digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    /// only ever a label here: the signature below it is made with SHA-256
    Md5,
    /// SHA-1
    Sha1,
    /// SHA-224
    Sha224,
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

impl Digest {
    /// The digest of `message`.
    pub fn of(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(message).to_vec(),
            Self::Sha224 => Sha224::digest(message).to_vec(),
            Self::Md5 | Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }

    fn oid(self) -> Vec<u64> {
        match self {
            Self::Md5 => vec![1, 2, 840, 113_549, 2, 5],
            Self::Sha1 => vec![1, 3, 14, 3, 2, 26],
            Self::Sha256 => vec![2, 16, 840, 1, 101, 3, 4, 2, 1],
            Self::Sha384 => vec![2, 16, 840, 1, 101, 3, 4, 2, 2],
            Self::Sha512 => vec![2, 16, 840, 1, 101, 3, 4, 2, 3],
            Self::Sha224 => vec![2, 16, 840, 1, 101, 3, 4, 2, 4],
        }
    }

    /// What PKCS#1 v1.5 puts before the digest: a DigestInfo without its last value.
    pub fn prefix(self) -> Vec<u8> {
        let actual = if self == Self::Md5 { Self::Sha256 } else { self };
        let digest = actual.of(&[]);
        let algorithm = der::sequence(&[der::oid(&actual.oid()), der::null()]);
        let mut info = der::sequence(&[algorithm, der::octet_string(&digest)]);
        info.truncate(info.len() - digest.len());
        info
    }
}

/// A signature algorithm, as its identifier names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA, PKCS#1 v1.5
    Rsa(Digest),
    /// RSA PKCS#1 v1.5 whose identifier lacks the NULL
    RsaWithoutNull(Digest),
    /// RSA PSS, salt as long as the digest
    RsaPss(Digest),
    /// ECDSA on whatever curve the key has
    Ecdsa(Digest),
    /// Ed25519
    Ed25519,
    /// any identifier, signed with the key's usual algorithm
    Labelled(Vec<u64>),
}

impl Algorithm {
    /// The `AlgorithmIdentifier`.
    pub fn to_der(&self) -> Vec<u8> {
        match self {
            Self::Rsa(digest) => der::sequence(&[der::oid(&rsa_oid(*digest)), der::null()]),
            Self::RsaWithoutNull(digest) => der::sequence(&[der::oid(&rsa_oid(*digest))]),
            Self::RsaPss(digest) => pss_identifier(*digest),
            Self::Ecdsa(digest) => der::sequence(&[der::oid(&ecdsa_oid(*digest))]),
            Self::Ed25519 => der::sequence(&[der::oid(&[1, 3, 101, 112])]),
            Self::Labelled(arcs) => der::sequence(&[der::oid(arcs)]),
        }
    }
}

fn rsa_oid(digest: Digest) -> Vec<u64> {
    let last = match digest {
        Digest::Md5 => 4,
        Digest::Sha1 => 5,
        Digest::Sha256 => 11,
        Digest::Sha384 => 12,
        Digest::Sha512 => 13,
        Digest::Sha224 => 14,
    };
    vec![1, 2, 840, 113_549, 1, 1, last]
}

fn ecdsa_oid(digest: Digest) -> Vec<u64> {
    match digest {
        Digest::Md5 | Digest::Sha1 => vec![1, 2, 840, 10045, 4, 1],
        Digest::Sha224 => vec![1, 2, 840, 10045, 4, 3, 1],
        Digest::Sha256 => vec![1, 2, 840, 10045, 4, 3, 2],
        Digest::Sha384 => vec![1, 2, 840, 10045, 4, 3, 3],
        Digest::Sha512 => vec![1, 2, 840, 10045, 4, 3, 4],
    }
}

fn pss_identifier(digest: Digest) -> Vec<u8> {
    let hash = der::sequence(&[der::oid(&digest.oid()), der::null()]);
    let mask = der::sequence(&[der::oid(&[1, 2, 840, 113_549, 1, 1, 8]), hash.clone()]);
    let salt = u8::try_from(digest.of(&[]).len()).unwrap_or(32);
    let parameters =
        der::sequence(&[der::explicit(0, &hash), der::explicit(1, &mask), der::explicit(2, &der::integer(&[salt]))]);
    der::sequence(&[der::oid(&[1, 2, 840, 113_549, 1, 1, 10]), parameters])
}
