//! Public keys, and the public half of private ones.
//!
//! A private key is read only to learn whose it is. Its bytes are never kept in a value that can be
//! printed, cloned or serialised.

/// The named curves that Go knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Curve {
    /// NIST P-224.
    P224,
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
}

impl Curve {
    /// From the contents of the curve's object identifier (`namedCurveFromOID`).
    pub fn from_oid(oid: &[u8]) -> Option<Self> {
        use super::oid as known;
        match oid {
            known::P224 => Some(Self::P224),
            known::P256 => Some(Self::P256),
            known::P384 => Some(Self::P384),
            known::P521 => Some(Self::P521),
            _ => None,
        }
    }

    /// Bytes of a coordinate.
    pub const fn coordinate_len(self) -> usize {
        match self {
            Self::P224 => 28,
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// Go's name of it (`elliptic.CurveParams.Name`).
    pub const fn name(self) -> &'static str {
        match self {
            Self::P224 => "P-224",
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// Whether `point` is an uncompressed point of this curve (SEC 1 section 2.3.4).
    pub fn holds(self, point: &[u8]) -> bool {
        if point.len() != 1 + 2 * self.coordinate_len() || point.first() != Some(&4) {
            return false;
        }
        match self {
            Self::P224 => p224::PublicKey::from_sec1_bytes(point).is_ok(),
            Self::P256 => p256::PublicKey::from_sec1_bytes(point).is_ok(),
            Self::P384 => p384::PublicKey::from_sec1_bytes(point).is_ok(),
            Self::P521 => p521::PublicKey::from_sec1_bytes(point).is_ok(),
        }
    }

    /// The uncompressed public point of `scalar` (big endian, exactly as long as a coordinate).
    /// `None` for zero or a value not below the group's order.
    pub fn public_point(self, scalar: &[u8]) -> Option<Vec<u8>> {
        macro_rules! point {
            ($curve:ident) => {{
                use $curve::elliptic_curve::sec1::ToEncodedPoint as _;
                let secret = $curve::SecretKey::from_slice(scalar).ok()?;
                Some(secret.public_key().to_encoded_point(false).as_bytes().to_vec())
            }};
        }
        match self {
            Self::P224 => point!(p224),
            Self::P256 => point!(p256),
            Self::P384 => point!(p384),
            Self::P521 => point!(p521),
        }
    }
}

/// A public key as far as Go knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PublicKey {
    /// RSA: modulus without leading zeros, exponent.
    Rsa {
        /// n.
        modulus: Vec<u8>,
        /// e.
        exponent: i64,
    },
    /// An uncompressed point on a named curve.
    Ec {
        /// Which curve.
        curve: Curve,
        /// 04, x, y.
        point: Vec<u8>,
    },
    /// RFC 8410.
    Ed25519(Vec<u8>),
    /// Go parses DSA keys but can neither verify nor serve with them.
    Dsa,
}

impl PublicKey {
    /// Size of an RSA modulus in bits.
    pub fn rsa_bits(&self) -> Option<usize> {
        match self {
            Self::Rsa { modulus, .. } => Some(bit_length(modulus)),
            _ => None,
        }
    }

    /// A short name for reports: `rsa2048`, `p256`, `ed25519`.
    pub fn kind(&self) -> String {
        match self {
            Self::Rsa { .. } => format!("rsa{}", self.rsa_bits().unwrap_or_default()),
            Self::Ec { curve, .. } => curve.name().to_lowercase().replace('-', ""),
            Self::Ed25519(_) => "ed25519".to_owned(),
            Self::Dsa => "dsa".to_owned(),
        }
    }

    /// Whether both are of the same algorithm, which Go checks before it compares values.
    pub fn same_algorithm(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// Go's type of it, as `%T` prints.
    pub const fn go_type(&self) -> &'static str {
        match self {
            Self::Rsa { .. } => "*rsa.PublicKey",
            Self::Ec { .. } => "*ecdsa.PublicKey",
            Self::Ed25519(_) => "ed25519.PublicKey",
            Self::Dsa => "*dsa.PublicKey",
        }
    }
}

/// Bits of a big-endian number without leading zero bytes.
pub fn bit_length(number: &[u8]) -> usize {
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

impl Curve {
    /// The prime of the field, big endian: every coordinate is below it.
    pub fn field(self) -> &'static [u8] {
        match self {
            Self::P224 => &[
                0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0,
                0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
            ],
            Self::P256 => &[
                0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff,
                0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            ],
            Self::P384 => &[
                0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff,
                0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
            ],
            Self::P521 => &P521_FIELD,
        }
    }
}

/// 2^521 - 1.
static P521_FIELD: [u8; 66] = {
    let mut prime = [0xff; 66];
    prime[0] = 1;
    prime
};
