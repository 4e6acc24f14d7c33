//! Private keys of every kind, and the containers they are written in.

use crate::algorithm::{Algorithm, Digest};
use crate::der;
use crate::pem;
use crate::rng::Rng;
use p256::ecdsa::signature::hazmat::RandomizedPrehashSigner;
use ring::signature::{Ed25519KeyPair, KeyPair, RsaKeyPair};
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{Pkcs1v15Sign, Pss, RsaPrivateKey};
use std::sync::{Arc, LazyLock, OnceLock};

/// A kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// RSA of so many bits; see [`Kind::RSA_BITS`]
    Rsa(u32),
    /// NIST P-224
    P224,
    /// NIST P-256
    P256,
    /// NIST P-384
    P384,
    /// NIST P-521
    P521,
    /// Ed25519
    Ed25519,
    /// DSA: signs nothing here
    Dsa,
    /// X25519: signs nothing
    X25519,
    /// secp256k1, which Go does not know
    Secp256k1,
    /// an algorithm nobody has heard of
    Unknown,
}

impl Kind {
    /// The sizes of RSA key this crate carries.
    pub const RSA_BITS: [u32; 9] = [512, 768, 1024, 1536, 2048, 3072, 4096, 8192, 8200];
}

struct PooledRsa {
    pkcs1: Vec<u8>,
    key: OnceLock<RsaPrivateKey>,
    fast: OnceLock<Option<RsaKeyPair>>,
}

static POOL: LazyLock<Vec<(u32, Vec<PooledRsa>)>> = LazyLock::new(|| {
    let files = [
        include_str!("../keys/rsa512.pem"),
        include_str!("../keys/rsa768.pem"),
        include_str!("../keys/rsa1024.pem"),
        include_str!("../keys/rsa1536.pem"),
        include_str!("../keys/rsa2048.pem"),
        include_str!("../keys/rsa3072.pem"),
        include_str!("../keys/rsa4096.pem"),
        include_str!("../keys/rsa8192.pem"),
        include_str!("../keys/rsa8200.pem"),
    ];
    let pooled = |text| pem::decode_all(text).into_iter().map(PooledRsa::new).collect();
    Kind::RSA_BITS.into_iter().zip(files.map(pooled)).collect()
});

impl PooledRsa {
    fn new(pkcs1: Vec<u8>) -> Self {
        Self { pkcs1, key: OnceLock::new(), fast: OnceLock::new() }
    }

    fn key(&self) -> &RsaPrivateKey {
        self.key.get_or_init(|| RsaPrivateKey::from_pkcs1_der(&self.pkcs1).expect("the pool holds valid RSA keys"))
    }

    fn fast(&self) -> Option<&RsaKeyPair> {
        self.fast.get_or_init(|| RsaKeyPair::from_der(&self.pkcs1).ok()).as_ref()
    }
}

fn pooled(bits: u32, index: usize) -> &'static PooledRsa {
    let (_, keys) = POOL.iter().find(|(size, _)| *size == bits).expect("a size of Kind::RSA_BITS");
    &keys[index % keys.len()]
}

enum Secret {
    Rsa(&'static PooledRsa),
    P224(p224::SecretKey),
    P256(p256::SecretKey),
    P384(p384::SecretKey),
    P521(p521::SecretKey),
    Ed25519([u8; 32]),
    Foreign(Vec<u8>),
}

/// A private key. Cheap to clone; nothing here is worth protecting.
#[derive(Clone)]
pub struct Key {
    kind: Kind,
    secret: Arc<Secret>,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.public_info() == other.public_info()
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Key({:?})", self.kind)
    }
}

macro_rules! random_scalar {
    ($curve:ident, $bytes:expr, $rng:expr) => {
        loop {
            let mut bytes = $rng.bytes($bytes);
            if $bytes == 66 {
                bytes[0] &= 1;
            }
            if let Ok(secret) = $curve::SecretKey::from_slice(&bytes) {
                break secret;
            }
        }
    };
}

macro_rules! sign_curve {
    ($curve:ident, $secret:expr, $digest:expr, $bytes:expr, $rng:expr) => {{
        let signer = $curve::ecdsa::SigningKey::from_slice(&$secret.to_bytes()).ok()?;
        let signature: $curve::ecdsa::Signature = signer.sign_prehash_with_rng($rng, &widened($digest, $bytes)).ok()?;
        Some(signature.to_der().as_bytes().to_vec())
    }};
}

/// A digest shorter than half the field is refused by the signer; zeros in front change no number.
fn widened(digest: &[u8], field: usize) -> Vec<u8> {
    let missing = field.saturating_sub(digest.len());
    [&vec![0; missing][..], digest].concat()
}

impl Key {
    /// The RSA key `index` of `bits` in the pool, which repeats itself.
    ///
    /// # Panics
    ///
    /// When `bits` is not in [`Kind::RSA_BITS`].
    pub fn rsa(bits: u32, index: usize) -> Self {
        Self::from_secret(Kind::Rsa(bits), Secret::Rsa(pooled(bits, index)))
    }

    /// A key of `kind`; RSA keys come from the pool.
    pub fn generate(kind: Kind, rng: &mut Rng) -> Self {
        let secret = match kind {
            Kind::Rsa(bits) => return Self::rsa(bits, rng.below(1 << 20)),
            Kind::P224 => Secret::P224(random_scalar!(p224, 28, rng)),
            Kind::P256 => Secret::P256(random_scalar!(p256, 32, rng)),
            Kind::P384 => Secret::P384(random_scalar!(p384, 48, rng)),
            Kind::P521 => Secret::P521(random_scalar!(p521, 66, rng)),
            Kind::Ed25519 => Secret::Ed25519(std::array::from_fn(|_| rng.bytes(1)[0])),
            Kind::Dsa | Kind::X25519 | Kind::Secp256k1 | Kind::Unknown => Secret::Foreign(rng.bytes(64)),
        };
        Self::from_secret(kind, secret)
    }

    fn from_secret(kind: Kind, secret: Secret) -> Self {
        Self { kind, secret: Arc::new(secret) }
    }

    /// What kind of key this is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The algorithm that Go would choose to sign with this key.
    pub fn usual_algorithm(&self) -> Algorithm {
        match self.kind {
            Kind::Rsa(_) => Algorithm::Rsa(Digest::Sha256),
            Kind::P384 => Algorithm::Ecdsa(Digest::Sha384),
            Kind::P521 => Algorithm::Ecdsa(Digest::Sha512),
            Kind::Ed25519 => Algorithm::Ed25519,
            _ => Algorithm::Ecdsa(Digest::Sha256),
        }
    }

    /// A signature of `message`; random bytes where key and algorithm do not go together.
    pub fn sign(&self, algorithm: &Algorithm, message: &[u8], rng: &mut Rng) -> Vec<u8> {
        self.try_sign(algorithm, message, rng).unwrap_or_else(|| rng.bytes(64))
    }

    fn try_sign(&self, algorithm: &Algorithm, message: &[u8], rng: &mut Rng) -> Option<Vec<u8>> {
        match algorithm {
            Algorithm::Rsa(digest) | Algorithm::RsaWithoutNull(digest) => self.sign_rsa(*digest, message),
            Algorithm::RsaPss(digest) => self.sign_pss(*digest, message, rng),
            Algorithm::Ecdsa(digest) => self.sign_ecdsa(&digest.of(message), rng),
            Algorithm::Ed25519 => self.sign_ed25519(message),
            Algorithm::Labelled(_) => self.try_sign(&self.usual_algorithm(), message, rng),
        }
    }

    fn sign_rsa(&self, digest: Digest, message: &[u8]) -> Option<Vec<u8>> {
        let Secret::Rsa(pooled) = &*self.secret else {
            return None;
        };
        if let (Digest::Sha256, Some(fast)) = (digest, pooled.fast()) {
            let mut signature = vec![0; fast.public().modulus_len()];
            let random = ring::rand::SystemRandom::new();
            let scheme = &ring::signature::RSA_PKCS1_SHA256;
            fast.sign(scheme, &random, message, &mut signature).ok()?;
            return Some(signature);
        }
        let hashed = digest.of(message);
        let scheme = Pkcs1v15Sign { hash_len: Some(hashed.len()), prefix: digest.prefix().into() };
        pooled.key().sign(scheme, &hashed).ok()
    }

    fn sign_pss(&self, digest: Digest, message: &[u8], rng: &mut Rng) -> Option<Vec<u8>> {
        let Secret::Rsa(pooled) = &*self.secret else {
            return None;
        };
        let hashed = digest.of(message);
        let scheme = match digest {
            Digest::Sha1 => Pss::new_with_salt::<sha1::Sha1>(20),
            Digest::Sha384 => Pss::new_with_salt::<sha2::Sha384>(48),
            Digest::Sha512 => Pss::new_with_salt::<sha2::Sha512>(64),
            _ => Pss::new_with_salt::<sha2::Sha256>(32),
        };
        pooled.key().sign_with_rng(rng, scheme, &hashed).ok()
    }

    fn sign_ecdsa(&self, digest: &[u8], rng: &mut Rng) -> Option<Vec<u8>> {
        match &*self.secret {
            Secret::P224(secret) => sign_curve!(p224, secret, digest, 28, rng),
            Secret::P256(secret) => sign_curve!(p256, secret, digest, 32, rng),
            Secret::P384(secret) => sign_curve!(p384, secret, digest, 48, rng),
            Secret::P521(secret) => sign_curve!(p521, secret, digest, 66, rng),
            _ => None,
        }
    }

    fn sign_ed25519(&self, message: &[u8]) -> Option<Vec<u8>> {
        let Secret::Ed25519(seed) = &*self.secret else {
            return None;
        };
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        Some(pair.sign(message).as_ref().to_vec())
    }

    /// The uncompressed point of an elliptic key, and the scalar.
    fn point_and_scalar(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        use p256::elliptic_curve::sec1::ToEncodedPoint;
        Some(match &*self.secret {
            Secret::P224(key) => {
                (key.public_key().to_encoded_point(false).as_bytes().to_vec(), key.to_bytes().to_vec())
            }
            Secret::P256(key) => {
                (key.public_key().to_encoded_point(false).as_bytes().to_vec(), key.to_bytes().to_vec())
            }
            Secret::P384(key) => {
                (key.public_key().to_encoded_point(false).as_bytes().to_vec(), key.to_bytes().to_vec())
            }
            Secret::P521(key) => {
                (key.public_key().to_encoded_point(false).as_bytes().to_vec(), key.to_bytes().to_vec())
            }
            _ => return None,
        })
    }

    fn curve(&self) -> Vec<u64> {
        match self.kind {
            Kind::P224 => vec![1, 3, 132, 0, 33],
            Kind::P384 => vec![1, 3, 132, 0, 34],
            Kind::P521 => vec![1, 3, 132, 0, 35],
            Kind::Secp256k1 => vec![1, 3, 132, 0, 10],
            _ => vec![1, 2, 840, 10045, 3, 1, 7],
        }
    }

    fn key_algorithm(&self) -> Vec<u8> {
        match self.kind {
            Kind::Rsa(_) => der::sequence(&[der::oid(&[1, 2, 840, 113_549, 1, 1, 1]), der::null()]),
            Kind::Ed25519 => der::sequence(&[der::oid(&[1, 3, 101, 112])]),
            Kind::X25519 => der::sequence(&[der::oid(&[1, 3, 101, 110])]),
            Kind::Dsa => der::sequence(&[der::oid(&[1, 2, 840, 10040, 4, 1]), dsa_parameters()]),
            Kind::Unknown => der::sequence(&[der::oid(&[1, 3, 6, 1, 4, 1, 99_999, 1])]),
            _ => der::sequence(&[der::oid(&[1, 2, 840, 10045, 2, 1]), der::oid(&self.curve())]),
        }
    }

    /// The contents of the BIT STRING in the SubjectPublicKeyInfo.
    pub fn public_bits(&self) -> Vec<u8> {
        match &*self.secret {
            Secret::Rsa(pooled) => {
                let key = pooled.key();
                der::sequence(&[der::unsigned(&key.n().to_bytes_be()), der::unsigned(&key.e().to_bytes_be())])
            }
            Secret::Ed25519(seed) => Ed25519KeyPair::from_seed_unchecked(seed)
                .map(|pair| pair.public_key().as_ref().to_vec())
                .unwrap_or_default(),
            Secret::Foreign(bytes) => match self.kind {
                Kind::Dsa => der::unsigned(&bytes[..20]),
                Kind::Secp256k1 => [&[4], &bytes[..64]].concat(),
                _ => bytes[..32].to_vec(),
            },
            _ => self.point_and_scalar().map(|(point, _)| point).unwrap_or_default(),
        }
    }

    /// The SubjectPublicKeyInfo.
    pub fn public_info(&self) -> Vec<u8> {
        der::sequence(&[self.key_algorithm(), der::bit_string(&self.public_bits())])
    }

    fn pkcs1(&self) -> Vec<u8> {
        match &*self.secret {
            Secret::Rsa(pooled) => pooled.pkcs1.clone(),
            _ => der::sequence(&[der::integer(&[0])]),
        }
    }

    fn sec1(&self, with_curve: bool, with_public: bool) -> Vec<u8> {
        let (point, scalar) = self.point_and_scalar().unwrap_or_default();
        let mut parts = vec![der::integer(&[1]), der::octet_string(&scalar)];
        if with_curve {
            parts.push(der::explicit(0, &der::oid(&self.curve())));
        }
        if with_public {
            parts.push(der::explicit(1, &der::bit_string(&point)));
        }
        der::sequence(&parts)
    }

    fn pkcs8(&self) -> Vec<u8> {
        let inner = match &*self.secret {
            Secret::Rsa(_) => self.pkcs1(),
            Secret::Ed25519(seed) => der::octet_string(seed),
            Secret::Foreign(bytes) => der::octet_string(&bytes[..32]),
            _ => self.sec1(false, true),
        };
        der::sequence(&[der::integer(&[0]), self.key_algorithm(), der::octet_string(&inner)])
    }

    /// An RSA key whose private exponent does not fit, or an elliptic one whose scalar is too large.
    fn inconsistent(&self) -> (&'static str, Vec<u8>) {
        if let Secret::Rsa(pooled) = &*self.secret {
            return ("RSA PRIVATE KEY", contradictory(pooled.key()));
        }
        let (_, scalar) = self.point_and_scalar().unwrap_or((vec![], vec![0; 32]));
        let parts = [
            der::integer(&[1]),
            der::octet_string(&vec![0xff; scalar.len()]),
            der::explicit(0, &der::oid(&self.curve())),
        ];
        ("EC PRIVATE KEY", der::sequence(&parts))
    }

    /// This key in `container`, as PEM.
    pub fn to_pem(&self, container: &Container) -> String {
        let elliptic = self.point_and_scalar().is_some();
        match container {
            Container::Native => match self.kind {
                Kind::Rsa(_) => pem::encode("RSA PRIVATE KEY", &self.pkcs1()),
                _ if elliptic => pem::encode("EC PRIVATE KEY", &self.sec1(true, true)),
                _ => pem::encode("PRIVATE KEY", &self.pkcs8()),
            },
            Container::Pkcs8 => pem::encode("PRIVATE KEY", &self.pkcs8()),
            Container::Sec1WithParameters if elliptic => {
                let parameters = pem::encode("EC PARAMETERS", &der::oid(&self.curve()));
                parameters + &pem::encode("EC PRIVATE KEY", &self.sec1(true, true))
            }
            Container::Sec1WithoutPublic if elliptic => pem::encode("EC PRIVATE KEY", &self.sec1(true, false)),
            Container::Sec1WithoutCurve if elliptic => pem::encode("EC PRIVATE KEY", &self.sec1(false, true)),
            Container::Sec1WithParameters | Container::Sec1WithoutPublic | Container::Sec1WithoutCurve => {
                self.to_pem(&Container::Native)
            }
            Container::Labelled(label) => {
                let der = match self.kind {
                    Kind::Rsa(_) => self.pkcs1(),
                    _ if elliptic => self.sec1(true, true),
                    _ => self.pkcs8(),
                };
                pem::encode(label, &der)
            }
            Container::Pkcs8Labelled(label) => pem::encode(label, &self.pkcs8()),
            Container::EncryptedTraditional => {
                let headers =
                    [("Proc-Type", "4,ENCRYPTED"), ("DEK-Info", "AES-256-CBC,0F1E2D3C4B5A69788796A5B4C3D2E1F0")];
                let label = if elliptic { "EC PRIVATE KEY" } else { "RSA PRIVATE KEY" };
                pem::encode_with_headers(label, &headers, &scrambled(&self.pkcs8()))
            }
            Container::EncryptedPkcs8 => {
                let algorithm = der::sequence(&[der::oid(&[1, 2, 840, 113_549, 1, 5, 13]), der::null()]);
                let sealed = der::sequence(&[algorithm, der::octet_string(&scrambled(&self.pkcs8()))]);
                pem::encode("ENCRYPTED PRIVATE KEY", &sealed)
            }
            Container::Inconsistent => {
                let (label, der) = self.inconsistent();
                pem::encode(label, &der)
            }
            Container::Public => pem::encode("PUBLIC KEY", &self.public_info()),
            Container::Pkcs1Public => pem::encode("RSA PUBLIC KEY", &self.public_bits()),
        }
    }
}

fn contradictory(key: &RsaPrivateKey) -> Vec<u8> {
    let mut exponent = key.d().to_bytes_be();
    exponent[8] ^= 0x55;
    let primes = key.primes();
    let numbers = [
        vec![0],
        key.n().to_bytes_be(),
        key.e().to_bytes_be(),
        exponent,
        primes[0].to_bytes_be(),
        primes[1].to_bytes_be(),
        vec![3],
        vec![3],
        vec![3],
    ];
    der::sequence(&numbers.map(|number| der::unsigned(&number)))
}

/// Bytes that look encrypted.
fn scrambled(bytes: &[u8]) -> Vec<u8> {
    let mut rng = Rng::new(bytes.len() as u64);
    rng.bytes(bytes.len().next_multiple_of(16))
}

fn dsa_parameters() -> Vec<u8> {
    der::sequence(&[der::unsigned(&[0xc3; 128]), der::unsigned(&[0xa7; 20]), der::unsigned(&[2])])
}

/// How a key is written to its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Container {
    /// PKCS#1, SEC1 or PKCS#8, as Go writes a key of this kind
    Native,
    /// PKCS#8
    Pkcs8,
    /// SEC1 after an EC PARAMETERS block, as openssl writes
    Sec1WithParameters,
    /// SEC1 without the public half
    Sec1WithoutPublic,
    /// SEC1 that does not say its curve
    Sec1WithoutCurve,
    /// the native structure under another label
    Labelled(&'static str),
    /// the PKCS#8 structure under another label
    Pkcs8Labelled(&'static str),
    /// the native label with an encryption header
    EncryptedTraditional,
    /// encrypted PKCS#8
    EncryptedPkcs8,
    /// a key that contradicts itself
    Inconsistent,
    /// the public half only
    Public,
    /// the public half only, in the RSA form
    Pkcs1Public,
}
