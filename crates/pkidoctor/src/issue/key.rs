//! Private keys: made, read, written, and used to sign.

use p521::ecdsa::signature::hazmat::RandomizedPrehashSigner as _;
use pkcs8::PrivateKeyInfo;
use ring::rand::SystemRandom;
use ring::signature as ring_signature;
use sec1::{EcParameters, EcPrivateKey};
use sha2::Digest as _;
use x509_cert::der::asn1::{Any, AnyRef, BitString, Null, ObjectIdentifier, OctetStringRef, UintRef};
use x509_cert::der::{self, Encode as _};
use x509_cert::spki::{AlgorithmIdentifier, AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use zeroize::Zeroizing;

use crate::go::GoVersion;
use crate::go::private_key::{self, Format, KeyFault, KeyFaultKind};
use crate::x509::der::{Der, tag};
use crate::x509::key::{Curve, PublicKey};
use crate::x509::oid;
use crate::x509::pem as pem_reader;
use crate::x509::signature::{Algorithm, Hash, verifies};

use super::kind::{KeyKind, Plan};
use super::source::{self, Source};
use super::{pem, primes, rsa};

/// Why there is no private key. Never holds a byte of one.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyError {
    /// Go finds no block whose label ends in PRIVATE KEY; the labels that are there.
    #[error("no PEM block labelled \"PRIVATE KEY\" or ending in it, only [{}]", .0.join(" "))]
    NotFound(Vec<String>),
    /// Protected by a passphrase, which no component of Kubernetes can read.
    #[error("the private key is encrypted")]
    Encrypted,
    /// Not a private key to Go, in whose words.
    #[error("not a private key: {0}")]
    Malformed(String),
    /// Its numbers do not fit each other.
    #[error("the numbers of the private key do not fit each other: {0}")]
    Inconsistent(String),
    /// A kind of key that cannot be signed with here, or a container that cannot hold it.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers")]
    Random,
    /// A check of our own work failed.
    #[error("this is a bug in pkidoctor: {0}")]
    Bug(&'static str),
}

impl From<KeyFault> for KeyError {
    fn from(fault: KeyFault) -> Self {
        match fault.kind {
            KeyFaultKind::Encrypted => Self::Encrypted,
            KeyFaultKind::Inconsistent => Self::Inconsistent(fault.text),
            // Go's text is about the last format that it tried
            KeyFaultKind::Unsupported => Self::Unsupported("a curve or algorithm that Go cannot use".to_owned()),
            KeyFaultKind::Malformed => Self::Malformed(fault.text),
        }
    }
}

impl From<der::Error> for KeyError {
    fn from(_: der::Error) -> Self {
        Self::Bug("a key cannot be encoded")
    }
}

/// A private key that can sign. Its secret is wiped on drop.
///
/// ```
/// use pkidoctor::issue::{Container, KeyKind, PrivateKey};
/// let key = PrivateKey::generate(KeyKind::P256)?;
/// let text = key.pem(Container::Sec1)?;
/// assert_eq!(PrivateKey::from_pem(&text)?.spki(), key.spki());
/// # Ok::<(), pkidoctor::issue::KeyError>(())
/// ```
///
/// It cannot be shown, copied or serialised by accident:
///
/// ```compile_fail,E0277
/// # let key = pkidoctor::issue::PrivateKey::generate(pkidoctor::issue::KeyKind::P256).unwrap();
/// format!("{key:?}");
/// ```
/// ```compile_fail,E0277
/// # let key = pkidoctor::issue::PrivateKey::generate(pkidoctor::issue::KeyKind::P256).unwrap();
/// format!("{key}");
/// ```
/// ```compile_fail,E0599
/// # let key = pkidoctor::issue::PrivateKey::generate(pkidoctor::issue::KeyKind::P256).unwrap();
/// let copy: pkidoctor::issue::PrivateKey = key.clone();
/// ```
/// ```compile_fail,E0277
/// # let key = pkidoctor::issue::PrivateKey::generate(pkidoctor::issue::KeyKind::P256).unwrap();
/// serde_json::to_string(&key).unwrap();
/// ```
///
/// ring does not wipe what it loads, so a key is lent to it only while it signs.
pub struct PrivateKey {
    /// RSA: the key as PKCS#1. Curves: the scalar, as long as a coordinate. Ed25519: the seed.
    secret: Zeroizing<Vec<u8>>,
    public: PublicKey,
    spki: Vec<u8>,
}

impl PrivateKey {
    /// Makes one key.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn generate(kind: KeyKind) -> Result<Self, KeyError> {
        Self::generate_many(&[kind])?.pop().ok_or(KeyError::Bug("no key was made"))
    }

    /// Makes several keys in this order; the primes of RSA keys are searched on all cores.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn generate_many(kinds: &[KeyKind]) -> Result<Vec<Self>, KeyError> {
        let widths: Vec<u32> = kinds
            .iter()
            .filter_map(|kind| match kind.plan() {
                Plan::Rsa(width) => Some([width; 2]),
                Plan::Ec(_) => None,
            })
            .flatten()
            .collect();
        let mut primes = primes::search(&widths)?.into_iter();
        let one = |kind: &KeyKind| match kind.plan() {
            Plan::Rsa(width) => generate_rsa(width, &mut primes),
            Plan::Ec(curve) => generate_ec(curve),
        };
        kinds.iter().map(one).collect()
    }

    /// The key that Go would take from this text (`tls.X509KeyPair`): the first block whose label is
    /// `PRIVATE KEY` or ends in ` PRIVATE KEY`, read by its structure whatever the rest of the label says.
    ///
    /// # Errors
    /// Why there is none, or why it cannot be used.
    pub fn from_pem(text: &[u8]) -> Result<Self, KeyError> {
        let found = pem_reader::read(text, GoVersion::NEWEST.pem_search());
        let Some(block) = found.blocks.iter().find(|block| block.may_hold_key()) else {
            return Err(KeyError::NotFound(found.blocks.into_iter().map(|block| block.label).collect()));
        };
        if block.encrypted { Err(KeyError::Encrypted) } else { Self::from_der(&block.bytes) }
    }

    /// A key in PKCS#1, PKCS#8 or SEC 1, told apart by structure as Go does.
    ///
    /// A public key that is written beside the secret is not believed but computed anew, as in Go.
    ///
    /// # Errors
    /// Why it is none, or why it cannot be used.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let public = private_key::public_half(der, GoVersion::NEWEST)?;
        let lost = KeyError::Bug("a key that was understood cannot be found again");
        let secret = secret(der, &public).ok_or(lost)?;
        let key = Self::assemble(secret, public)?;
        key.usable()?;
        Ok(key)
    }

    fn assemble(secret: Zeroizing<Vec<u8>>, public: PublicKey) -> Result<Self, KeyError> {
        let spki = spki(&public)?;
        Ok(Self { secret, public, spki })
    }

    /// The public half.
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The public half as SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), as Go's `MarshalPKIXPublicKey` writes it.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The container that kubeadm would write this key in: PKCS#1 for RSA, SEC 1 for curves, else PKCS#8
    /// (`keyutil.MarshalPrivateKeyToPEM`).
    pub const fn usual_container(&self) -> Format {
        match &self.public {
            PublicKey::Rsa { .. } => Format::Pkcs1,
            PublicKey::Ec { .. } => Format::Sec1,
            PublicKey::Ed25519(_) | PublicKey::Dsa => Format::Pkcs8,
        }
    }

    /// The key as a PEM file, as Go writes it.
    ///
    /// # Errors
    /// [`KeyError::Unsupported`] when the container cannot hold this kind of key.
    pub fn pem(&self, container: Format) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let (label, der) = match container {
            Format::Pkcs1 => ("RSA PRIVATE KEY", self.pkcs1()?),
            Format::Sec1 => ("EC PRIVATE KEY", self.sec1(true)?),
            Format::Pkcs8 => ("PRIVATE KEY", self.pkcs8()?),
        };
        pem::write(label, &der).ok_or(KeyError::Bug("a key cannot be written as PEM"))
    }

    /// The public half as a PEM file, as kubeadm writes `sa.pub`.
    ///
    /// # Errors
    /// None but a [`KeyError::Bug`].
    pub fn public_pem(&self) -> Result<Vec<u8>, KeyError> {
        let text = pem::write("PUBLIC KEY", &self.spki).ok_or(KeyError::Bug("a key cannot be written as PEM"))?;
        Ok(text.to_vec())
    }

    fn pkcs1(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        match self.public {
            PublicKey::Rsa { .. } => Ok(self.secret.clone()),
            _ => Err(KeyError::Unsupported(format!("PKCS#1 holds RSA keys, not {}", self.public.kind()))),
        }
    }

    /// `marshalECPrivateKeyWithOID`: Go names the curve unless PKCS#8 does so already.
    fn sec1(&self, with_curve: bool) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let PublicKey::Ec { curve, point } = &self.public else {
            return Err(KeyError::Unsupported(format!("SEC 1 holds keys on curves, not {}", self.public.kind())));
        };
        let name = identifier(curve_oid(*curve))?;
        let parameters = with_curve.then_some(EcParameters::NamedCurve(name));
        let key = EcPrivateKey { private_key: &self.secret, parameters, public_key: Some(point) };
        Ok(Zeroizing::new(key.to_der()?))
    }

    /// `MarshalPKCS8PrivateKey`.
    fn pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let body = match self.public {
            PublicKey::Rsa { .. } => self.pkcs1()?,
            PublicKey::Ec { .. } => self.sec1(false)?,
            _ => Zeroizing::new(OctetStringRef::new(&self.secret)?.to_der()?),
        };
        let algorithm = key_algorithm(&self.public)?;
        let parameters = algorithm.parameters.as_ref().map(AnyRef::from);
        let whole = PrivateKeyInfo::new(AlgorithmIdentifier { oid: algorithm.oid, parameters }, &body);
        Ok(Zeroizing::new(whole.to_der()?))
    }

    /// How Go signs certificates with this key when it is not told (`signingParamsForPublicKey`).
    pub(super) fn algorithm(&self) -> Algorithm {
        match &self.public {
            PublicKey::Rsa { .. } => Algorithm::Rsa(Hash::Sha256),
            PublicKey::Ec { curve: Curve::P384, .. } => Algorithm::Ecdsa(Hash::Sha384),
            PublicKey::Ec { curve: Curve::P521, .. } => Algorithm::Ecdsa(Hash::Sha512),
            PublicKey::Ec { .. } => Algorithm::Ecdsa(Hash::Sha256),
            PublicKey::Ed25519(_) => Algorithm::Ed25519,
            PublicKey::Dsa => Algorithm::Unknown,
        }
    }

    /// Signs with [`Self::algorithm`].
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match self.signer()? {
            Signer::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let scheme = &ring_signature::RSA_PKCS1_SHA256;
                pair.sign(scheme, &SystemRandom::new(), message, &mut signature).map_err(|_| KeyError::Random)?;
                Ok(signature)
            }
            Signer::Ec(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message).map_err(|_| KeyError::Random)?;
                Ok(signature.as_ref().to_vec())
            }
            Signer::P521(pair) => sign_p521(&pair, message),
            Signer::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }

    fn signer(&self) -> Result<Signer, KeyError> {
        match &self.public {
            PublicKey::Rsa { modulus, exponent } => ring_signature::RsaKeyPair::from_der(&self.secret)
                .map(Signer::Rsa)
                .map_err(|refusal| refused_rsa(modulus, *exponent, &refusal)),
            PublicKey::Ec { curve: Curve::P256, point } => {
                self.ring_ec(&ring_signature::ECDSA_P256_SHA256_ASN1_SIGNING, point)
            }
            PublicKey::Ec { curve: Curve::P384, point } => {
                self.ring_ec(&ring_signature::ECDSA_P384_SHA384_ASN1_SIGNING, point)
            }
            PublicKey::Ec { curve: Curve::P521, .. } => p521::ecdsa::SigningKey::from_slice(&self.secret)
                .map(Signer::P521)
                .map_err(|_| KeyError::Bug("a P-521 key was understood and then refused")),
            PublicKey::Ed25519(_) => ring_signature::Ed25519KeyPair::from_seed_unchecked(&self.secret)
                .map(Signer::Ed25519)
                .map_err(|_| KeyError::Bug("an Ed25519 key was understood and then refused")),
            other => Err(KeyError::Unsupported(format!("signing with a key of kind {}", other.kind()))),
        }
    }

    fn ring_ec(&self, way: &'static ring_signature::EcdsaSigningAlgorithm, point: &[u8]) -> Result<Signer, KeyError> {
        let random = SystemRandom::new();
        ring_signature::EcdsaKeyPair::from_private_key_and_public_key(way, &self.secret, point, &random)
            .map(Signer::Ec)
            .map_err(|_| KeyError::Bug("a key on a curve was understood and then refused"))
    }

    /// # Errors
    /// What keeps it from signing.
    fn usable(&self) -> Result<(), KeyError> {
        self.signer().map(drop)
    }

    /// A new key signs once, and its public half must agree.
    fn proven(self) -> Result<Self, KeyError> {
        let message = b"pkidoctor";
        let signature = self.sign(message)?;
        if verifies(self.algorithm(), &self.public, message, &signature) {
            Ok(self)
        } else {
            Err(KeyError::Bug("a new key does not fit its public half"))
        }
    }
}

/// A key while it signs.
enum Signer {
    Rsa(ring_signature::RsaKeyPair),
    Ec(ring_signature::EcdsaKeyPair),
    P521(p521::ecdsa::SigningKey),
    Ed25519(ring_signature::Ed25519KeyPair),
}

/// ring has no P-521.
fn sign_p521(pair: &p521::ecdsa::SigningKey, message: &[u8]) -> Result<Vec<u8>, KeyError> {
    let mut source = Source::new();
    let signed = pair.sign_prehash_with_rng(&mut source, &sha2::Sha512::digest(message));
    source.done()?;
    let signature: p521::ecdsa::Signature = signed.map_err(|_| KeyError::Random)?;
    Ok(signature.to_der().as_bytes().to_vec())
}

fn refused_rsa(modulus: &[u8], exponent: i64, refusal: &ring::error::KeyRejected) -> KeyError {
    let bits = crate::x509::key::bit_length(modulus);
    KeyError::Unsupported(if !(2048..=4096).contains(&bits) {
        format!("an RSA key of {bits} bits; 2048 to 4096 can be signed with")
    } else if exponent < i64::from(rsa::EXPONENT) {
        format!("an RSA key with the exponent {exponent}; 65537 and more can be signed with")
    } else {
        format!("this RSA key of {bits} bits ({refusal})")
    })
}

fn generate_rsa(width: u32, primes: &mut impl Iterator<Item = primes::Prime>) -> Result<PrivateKey, KeyError> {
    let short = KeyError::Bug("too few primes were found");
    let (mut p, mut q) = primes.next().zip(primes.next()).ok_or(short)?;
    let secret = loop {
        if let Some(secret) = rsa::pkcs1(&p, &q) {
            break secret;
        }
        // once in 2^100 times
        [p, q] = <[_; 2]>::try_from(primes::search(&[width; 2])?).map_err(|_| KeyError::Bug("two primes"))?;
    };
    let public = private_key::public_half(&secret, GoVersion::NEWEST)
        .map_err(|_| KeyError::Bug("Go would refuse a new RSA key"))?;
    PrivateKey::assemble(secret, public)?.proven()
}

/// FIPS 186-5 appendix A.2.2: numbers of the group's length are drawn until one lies below its order.
fn generate_ec(curve: Curve) -> Result<PrivateKey, KeyError> {
    let mut secret = Zeroizing::new(vec![0; curve.coordinate_len()]);
    loop {
        source::fill(&mut secret)?;
        if let Some(point) = curve.public_point(&secret) {
            return PrivateKey::assemble(secret, PublicKey::Ec { curve, point })?.proven();
        }
    }
}

/// What [`PrivateKey`] keeps of a key that Go understands.
fn secret(der: &[u8], public: &PublicKey) -> Option<Zeroizing<Vec<u8>>> {
    let body = match private_key::format(der)? {
        Format::Pkcs8 => wrapped(der)?,
        Format::Pkcs1 | Format::Sec1 => der,
    };
    match public {
        PublicKey::Rsa { .. } => Some(Zeroizing::new(body.to_vec())),
        PublicKey::Ec { curve, .. } => scalar(body, curve.coordinate_len()),
        PublicKey::Ed25519(_) => Some(Zeroizing::new(Der::new(body).read(tag::OCTET_STRING)?.to_vec())),
        PublicKey::Dsa => None,
    }
}

/// The OCTET STRING of a PKCS#8 PrivateKeyInfo (RFC 5208 section 5).
fn wrapped(der: &[u8]) -> Option<&[u8]> {
    let mut fields = Der::new(der).sequence()?;
    fields.integer()?;
    fields.sequence()?;
    fields.read(tag::OCTET_STRING)
}

/// The number of an ECPrivateKey (RFC 5915 section 3) as long as it should be; some writers drop or add zeros.
fn scalar(der: &[u8], length: usize) -> Option<Zeroizing<Vec<u8>>> {
    let mut fields = Der::new(der).sequence()?;
    fields.integer()?;
    let written = fields.read(tag::OCTET_STRING)?;
    let digits = &written[written.len().saturating_sub(length)..];
    let mut scalar = Zeroizing::new(vec![0; length]);
    scalar[length - digits.len()..].copy_from_slice(digits);
    Some(scalar)
}

fn spki(public: &PublicKey) -> Result<Vec<u8>, KeyError> {
    let key = match public {
        PublicKey::Rsa { modulus, exponent } => {
            let exponent = exponent.to_be_bytes();
            let (modulus, public_exponent) = (UintRef::new(modulus)?, UintRef::new(&exponent)?);
            pkcs1::RsaPublicKey { modulus, public_exponent }.to_der()?
        }
        PublicKey::Ec { point, .. } => point.clone(),
        PublicKey::Ed25519(key) => key.clone(),
        PublicKey::Dsa => return Err(KeyError::Unsupported("DSA keys".to_owned())),
    };
    let info = SubjectPublicKeyInfoOwned {
        algorithm: key_algorithm(public)?,
        subject_public_key: BitString::from_bytes(&key)?,
    };
    Ok(info.to_der()?)
}

/// The AlgorithmIdentifier of a key (RFC 3279 sections 2.3.1 and 2.3.5, RFC 8410 section 3).
fn key_algorithm(public: &PublicKey) -> Result<AlgorithmIdentifierOwned, KeyError> {
    let (name, parameters) = match public {
        PublicKey::Rsa { .. } => (oid::RSA_ENCRYPTION, Some(Any::from(Null))),
        PublicKey::Ec { curve, .. } => (oid::EC_PUBLIC_KEY, Some(Any::from(&identifier(curve_oid(*curve))?))),
        PublicKey::Ed25519(_) => (oid::ED25519, None),
        PublicKey::Dsa => return Err(KeyError::Unsupported("DSA keys".to_owned())),
    };
    Ok(AlgorithmIdentifier { oid: identifier(name)?, parameters })
}

fn identifier(contents: &[u8]) -> Result<ObjectIdentifier, KeyError> {
    ObjectIdentifier::from_bytes(contents).map_err(|_| KeyError::Bug("an object identifier is none"))
}

const fn curve_oid(curve: Curve) -> &'static [u8] {
    match curve {
        Curve::P224 => oid::P224,
        Curve::P256 => oid::P256,
        Curve::P384 => oid::P384,
        Curve::P521 => oid::P521,
    }
}
