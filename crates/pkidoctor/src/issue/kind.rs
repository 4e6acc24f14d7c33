//! The kinds of keys that are made.

use std::fmt;
use std::str::FromStr;

use crate::x509::key::{Curve, PublicKey};

/// What kind of key is made (kubeadm's `encryptionAlgorithm`, v1beta4).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum KeyKind {
    /// RSA with 2048 bits, kubeadm's default.
    Rsa2048,
    /// RSA with 3072 bits.
    Rsa3072,
    /// RSA with 4096 bits.
    Rsa4096,
    /// ECDSA on NIST P-256.
    P256,
    /// ECDSA on NIST P-384.
    P384,
}

impl KeyKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Rsa2048, Self::Rsa3072, Self::Rsa4096, Self::P256, Self::P384];

    /// The kind of this key, if it is one of those that are made here.
    pub fn of(key: &PublicKey) -> Option<Self> {
        key.kind().parse().ok()
    }

    /// The name on the command line and in reports ([`PublicKey::kind`]).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "rsa2048",
            Self::Rsa3072 => "rsa3072",
            Self::Rsa4096 => "rsa4096",
            Self::P256 => "p256",
            Self::P384 => "p384",
        }
    }

    pub(super) const fn plan(self) -> Plan {
        match self {
            Self::Rsa2048 => Plan::Rsa(1024),
            Self::Rsa3072 => Plan::Rsa(1536),
            Self::Rsa4096 => Plan::Rsa(2048),
            Self::P256 => Plan::Ec(Curve::P256),
            Self::P384 => Plan::Ec(Curve::P384),
        }
    }
}

/// How a key is made.
pub(super) enum Plan {
    /// Out of two primes of so many bits.
    Rsa(u32),
    /// Out of a number below the order of the curve's group.
    Ec(Curve),
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no kind of key.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0:?} is none of rsa2048, rsa3072, rsa4096, p256 and p384")]
pub struct UnknownKind(String);

impl FromStr for KeyKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| UnknownKind(text.to_owned()))
    }
}
