//! `tls.parsePrivateKey`: label-blind, by structure, in the order of the judged release.
//!
//! Only the public half leaves this file. Sources: Go `crypto/tls/tls.go`, `crypto/x509/pkcs1.go`,
//! `pkcs8.go`, `sec1.go`, `crypto/rsa` (1.19 to 1.27).

use ring::signature::KeyPair as _;
use rsa::BigUint;
use zeroize::Zeroizing;

use crate::x509::der::{Der, dotted, tag};
use crate::x509::key::{Curve, PublicKey};
use crate::x509::oid;

use super::version::GoVersion;

/// Why Go does not load a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyFault {
    /// Go's text.
    pub text: String,
    /// What is wrong, as far as a person can be told.
    pub kind: KeyFaultKind,
}

/// What is wrong with a private key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyFaultKind {
    /// Protected by a passphrase (PKCS#8 or RFC 1421); nothing in Go's text says so.
    Encrypted,
    /// The numbers do not fit each other.
    Inconsistent,
    /// A kind of key that TLS in Go cannot use.
    Unsupported,
    /// Not a private key at all.
    Malformed,
}

type Parsed = Result<PublicKey, Refusal>;

/// A refusal of one of the three formats.
struct Refusal {
    kind: KeyFaultKind,
    text: String,
}

impl Refusal {
    fn new(kind: KeyFaultKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }

    fn malformed(text: impl Into<String>) -> Self {
        Self::new(KeyFaultKind::Malformed, text)
    }
}

/// The public half of a private key, if Go loads it.
///
/// # Errors
/// Go's text and what it means.
pub fn public_half(der: &[u8], go: GoVersion) -> Result<PublicKey, KeyFault> {
    let pkcs8 = || pkcs8(der, go);
    let pkcs1 = || pkcs1(der, go);
    let sec1 = || sec1(der, None);
    if is_unusable_pkcs8(der, go) && (go.pkcs8_first() || pkcs1().is_err()) {
        let text = "tls: found unknown private key type in PKCS#8 wrapping".to_owned();
        return Err(KeyFault { text, kind: KeyFaultKind::Unsupported });
    }
    let found = if go.pkcs8_first() {
        pkcs8().or_else(|_| pkcs1()).or_else(|_| sec1())
    } else {
        pkcs1().or_else(|_| pkcs8()).or_else(|_| sec1())
    };
    found.map_err(|_| {
        let reasons = [pkcs8().err(), pkcs1().err(), sec1().err()];
        let telling =
            reasons.iter().flatten().map(|refusal| refusal.kind).find(|kind| *kind != KeyFaultKind::Malformed);
        let kind = if is_encrypted(der) { KeyFaultKind::Encrypted } else { telling.unwrap_or(KeyFaultKind::Malformed) };
        let mut text = "tls: failed to parse private key".to_owned();
        if let (true, [Some(refusal), ..]) = (go.explains_private_key(), &reasons) {
            text = format!("{text}: {}", refusal.text);
        }
        KeyFault { text, kind }
    })
}

/// The three formats of a private key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// RSA, RFC 8017.
    Pkcs1,
    /// Any algorithm, RFC 5208.
    Pkcs8,
    /// Elliptic curves, RFC 5915.
    Sec1,
}

/// Which format a key is written in, whatever its label says.
pub fn format(der: &[u8]) -> Option<Format> {
    let mut fields = Der::new(der).sequence()?;
    fields.integer()?;
    match fields.any()?.tag {
        tag::INTEGER => Some(Format::Pkcs1),
        tag::SEQUENCE => Some(Format::Pkcs8),
        tag::OCTET_STRING => Some(Format::Sec1),
        _ => None,
    }
}

/// `EncryptedPrivateKeyInfo` of RFC 5958: an algorithm identifier where the version should be.
fn is_encrypted(der: &[u8]) -> bool {
    let fields = || {
        let mut outer = Der::new(der).sequence()?;
        let mut algorithm = outer.sequence()?;
        algorithm.oid(false)?;
        outer.read(tag::OCTET_STRING)
    };
    fields().is_some()
}

/// X25519 in PKCS#8, which Go from 1.20 parses but TLS cannot use.
fn is_unusable_pkcs8(der: &[u8], go: GoVersion) -> bool {
    go >= GoVersion::minor(20)
        && split_pkcs8(der).is_ok_and(|pkcs8| {
            let inner = || Der::new(pkcs8.key).read(tag::OCTET_STRING);
            pkcs8.algorithm == oid::X25519 && pkcs8.parameters.is_empty() && inner().is_some_and(|key| key.len() == 32)
        })
}

struct Pkcs8<'a> {
    algorithm: &'a [u8],
    parameters: &'a [u8],
    key: &'a [u8],
}

/// `asn1.Unmarshal` into Go's `pkcs8`; the error is its text.
fn split_pkcs8(der: &[u8]) -> Result<Pkcs8<'_>, String> {
    let outer = field(&mut Der::new(der), tag::SEQUENCE, "pkcs8", der)?;
    let mut fields = Der::new(outer);
    field(&mut fields, tag::INTEGER, "int", outer)?;
    let identifier = field(&mut fields, tag::SEQUENCE, "AlgorithmIdentifier", outer)?;
    let mut inner = Der::new(identifier);
    let algorithm = field(&mut inner, tag::OID, "ObjectIdentifier", identifier)?;
    let parameters =
        if inner.is_empty() { &[] } else { inner.any().ok_or("asn1: syntax error: data truncated")?.whole };
    let key = field(&mut fields, tag::OCTET_STRING, "[]uint8", outer)?;
    Ok(Pkcs8 { algorithm, parameters, key })
}

/// One field of `container`, with the error that `encoding/asn1` would print for it.
fn field<'a>(fields: &mut Der<'a>, wanted: u8, type_name: &str, container: &[u8]) -> Result<&'a [u8], String> {
    if let Some(contents) = fields.read(wanted) {
        return Ok(contents);
    }
    let rest = fields.rest();
    let Some((&first, after)) = rest.split_first() else {
        return Err("asn1: syntax error: sequence truncated".to_owned());
    };
    let truncated = || "asn1: syntax error: truncated tag or length".to_owned();
    let mut header = after;
    let number = if first & 0x1f == 0x1f { base_128(&mut header)? } else { u64::from(first & 0x1f) };
    let (&length, mut header) = header.split_first().ok_or_else(truncated)?;
    let mut value = u64::from(length & 0x7f);
    if length & 0x80 != 0 {
        let count = usize::from(length & 0x7f);
        if count == 0 {
            return Err("asn1: syntax error: indefinite length found (not DER)".to_owned());
        }
        value = 0;
        for _ in 0..count {
            let (&byte, rest) = header.split_first().ok_or_else(truncated)?;
            if value >= 1 << 23 {
                return Err("asn1: structure error: length too large".to_owned());
            }
            value = value << 8 | u64::from(byte);
            header = rest;
            if value == 0 {
                return Err("asn1: structure error: superfluous leading zeros in length".to_owned());
            }
        }
        if value < 0x80 {
            return Err("asn1: structure error: non-minimal length".to_owned());
        }
    }
    let (class, compound) = (first >> 6, first & 0x20 != 0);
    if first == wanted {
        return Err("asn1: syntax error: data truncated".to_owned());
    }
    let parameters = "{optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false}";
    Err(format!(
        "asn1: structure error: tags don't match ({} vs {{class:{class} tag:{number} length:{value} isCompound:{compound}}}) {parameters} {type_name} @{}",
        wanted & 0x1f,
        container.len() - header.len(),
    ))
}

/// A tag number in several bytes (`parseBase128Int`).
fn base_128(bytes: &mut &[u8]) -> Result<u64, String> {
    let mut value: u64 = 0;
    for count in 0.. {
        let Some((&byte, rest)) = bytes.split_first() else { break };
        if count == 5 {
            return Err("asn1: structure error: base 128 integer too large".to_owned());
        }
        if count == 0 && byte == 0x80 {
            return Err("asn1: syntax error: integer is not minimally encoded".to_owned());
        }
        value = value << 7 | u64::from(byte & 0x7f);
        *bytes = rest;
        if byte & 0x80 == 0 {
            return match value {
                0..0x1f => Err("asn1: syntax error: non-minimal tag".to_owned()),
                0x1f..=0x7fff_ffff => Ok(value),
                _ => Err("asn1: structure error: base 128 integer too large".to_owned()),
            };
        }
    }
    Err("asn1: syntax error: truncated base 128 integer".to_owned())
}

fn pkcs8(der: &[u8], go: GoVersion) -> Parsed {
    let wrapping = match split_pkcs8(der) {
        Ok(wrapping) => wrapping,
        Err(text) => {
            let other = if split_sec1(der).is_some() {
                Some("ParseECPrivateKey")
            } else if split_pkcs1(der).is_some() {
                Some("ParsePKCS1PrivateKey")
            } else {
                None
            };
            let hint = |name| format!("x509: failed to parse private key (use {name} instead for this key format)");
            return Err(Refusal::malformed(other.map_or(text, hint)));
        }
    };
    match wrapping.algorithm {
        oid::RSA_ENCRYPTION => pkcs1(wrapping.key, go).map_err(|inner| embedded("RSA", &inner)),
        oid::EC_PUBLIC_KEY => {
            let curve = Der::new(wrapping.parameters).oid(false);
            sec1(wrapping.key, curve).map_err(|inner| embedded("EC", &inner))
        }
        oid::ED25519 => ed25519(&wrapping),
        other => {
            let text = format!("x509: PKCS#8 wrapping contained private key with unknown algorithm: {}", dotted(other));
            Err(Refusal::new(KeyFaultKind::Unsupported, text))
        }
    }
}

fn embedded(kind: &str, inner: &Refusal) -> Refusal {
    Refusal::new(inner.kind, format!("x509: failed to parse {kind} private key embedded in PKCS#8: {}", inner.text))
}

fn ed25519(wrapping: &Pkcs8<'_>) -> Parsed {
    if !wrapping.parameters.is_empty() {
        return Err(Refusal::malformed("x509: invalid Ed25519 private key parameters"));
    }
    let Some(seed) = Der::new(wrapping.key).read(tag::OCTET_STRING) else {
        return Err(Refusal::malformed("x509: invalid Ed25519 private key: asn1: structure error"));
    };
    if seed.len() != 32 {
        return Err(Refusal::malformed(format!("x509: invalid Ed25519 private key length: {}", seed.len())));
    }
    let pair = ring::signature::Ed25519KeyPair::from_seed_unchecked(seed)
        .map_err(|_| Refusal::malformed("x509: invalid Ed25519 private key"))?;
    Ok(PublicKey::Ed25519(pair.public_key().as_ref().to_vec()))
}

struct Sec1<'a> {
    version: i64,
    scalar: &'a [u8],
    curve: Option<&'a [u8]>,
}

/// `asn1.Unmarshal` into Go's `ecPrivateKey`.
fn split_sec1(der: &[u8]) -> Option<Sec1<'_>> {
    let mut fields = Der::new(der).sequence()?;
    let version = fields.int64()?;
    let scalar = fields.read(tag::OCTET_STRING)?;
    let curve = match fields.optional(tag::context_constructed(0))? {
        None => None,
        Some(field) => Some(Der::new(field).oid(false)?),
    };
    if let Some(field) = fields.optional(tag::context_constructed(1))? {
        Der::new(field).bit_string()?;
    }
    Some(Sec1 { version, scalar, curve })
}

/// What `encoding/asn1` says of something that is no `ecPrivateKey`.
fn sec1_error(der: &[u8]) -> String {
    let error = || {
        let outer = field(&mut Der::new(der), tag::SEQUENCE, "ecPrivateKey", der)?;
        let mut fields = Der::new(outer);
        field(&mut fields, tag::INTEGER, "int", outer)?;
        field(&mut fields, tag::OCTET_STRING, "[]uint8", outer).map(drop)
    };
    error().err().unwrap_or_else(|| "asn1: structure error".to_owned())
}

fn sec1(der: &[u8], outer_curve: Option<&[u8]>) -> Parsed {
    let Some(fields) = split_sec1(der) else {
        return Err(Refusal::malformed(if split_pkcs8(der).is_ok() {
            "x509: failed to parse private key (use ParsePKCS8PrivateKey instead for this key format)".to_owned()
        } else if split_pkcs1(der).is_some() {
            "x509: failed to parse private key (use ParsePKCS1PrivateKey instead for this key format)".to_owned()
        } else {
            format!("x509: failed to parse EC private key: {}", sec1_error(der))
        }));
    };
    if fields.version != 1 {
        return Err(Refusal::malformed(format!("x509: unknown EC private key version {}", fields.version)));
    }
    let Some(curve) = outer_curve.or(fields.curve).and_then(Curve::from_oid) else {
        return Err(Refusal::new(KeyFaultKind::Unsupported, "x509: unknown elliptic curve"));
    };
    // too many leading zeros, or too few, are both let pass
    let size = curve.coordinate_len();
    let mut scalar = Zeroizing::new(vec![0; size]);
    let surplus = fields.scalar.len().saturating_sub(size);
    let (leading, digits) = fields.scalar.split_at(surplus);
    if leading.iter().any(|byte| *byte != 0) {
        return Err(Refusal::malformed("x509: invalid private key length"));
    }
    scalar[size - digits.len()..].copy_from_slice(digits);
    let Some(point) = curve.public_point(&scalar) else {
        return Err(Refusal::new(KeyFaultKind::Inconsistent, "x509: invalid elliptic curve private key value"));
    };
    Ok(PublicKey::Ec { curve, point })
}

struct Pkcs1<'a> {
    version: i64,
    modulus: &'a [u8],
    exponent: i64,
    /// d, p, q.
    private: [&'a [u8]; 3],
    /// dP, dQ, qInv, where all three are there.
    crt: Option<[&'a [u8]; 3]>,
    further_primes: usize,
    trailing: bool,
}

/// `asn1.Unmarshal` into Go's `pkcs1PrivateKey`.
fn split_pkcs1(der: &[u8]) -> Option<Pkcs1<'_>> {
    let mut outer = Der::new(der);
    let mut fields = outer.sequence()?;
    let version = fields.int64()?;
    let modulus = fields.integer()?;
    let exponent = fields.int64()?;
    let private = [fields.integer()?, fields.integer()?, fields.integer()?];
    let mut crt = Vec::new();
    while crt.len() < 3 && fields.peek(tag::INTEGER) {
        crt.push(fields.integer()?);
    }
    let mut further_primes = 0;
    if fields.peek(tag::SEQUENCE) {
        let mut primes = fields.sequence()?;
        while !primes.is_empty() {
            let mut prime = primes.sequence()?;
            prime.integer()?;
            further_primes += 1;
        }
    }
    let crt = <[&[u8]; 3]>::try_from(crt).ok();
    Some(Pkcs1 { version, modulus, exponent, private, crt, further_primes, trailing: !outer.is_empty() })
}

fn pkcs1(der: &[u8], go: GoVersion) -> Parsed {
    let Some(key) = split_pkcs1(der) else {
        let other = if split_sec1(der).is_some() {
            "x509: failed to parse private key (use ParseECPrivateKey instead for this key format)"
        } else if split_pkcs8(der).is_ok() {
            "x509: failed to parse private key (use ParsePKCS8PrivateKey instead for this key format)"
        } else {
            "asn1: structure error"
        };
        return Err(Refusal::malformed(other));
    };
    if key.trailing {
        return Err(Refusal::malformed("asn1: syntax error: trailing data"));
    }
    if key.version > 1 {
        return Err(Refusal::malformed("x509: unsupported private key version"));
    }
    let checked = key.crt.iter().flatten().filter(|_| go.checks_rsa_keys());
    let mut numbers = [key.modulus].into_iter().chain(key.private).chain(checked.copied());
    if !numbers.all(|number| number[0] & 0x80 == 0 && number.iter().any(|byte| *byte != 0)) {
        return Err(Refusal::malformed("x509: private key contains zero or negative value"));
    }
    consistent(&key, go).map_err(|text| Refusal::new(KeyFaultKind::Inconsistent, text))?;
    let modulus = key.modulus.strip_prefix(&[0]).unwrap_or(key.modulus).to_vec();
    Ok(PublicKey::Rsa { modulus, exponent: key.exponent })
}

/// `rsa.PrivateKey.Validate`, before and after its rewrite in 1.24.
fn consistent(key: &Pkcs1<'_>, go: GoVersion) -> Result<(), &'static str> {
    let exponent = u64::try_from(key.exponent).unwrap_or_default();
    if exponent < 2 {
        return Err("crypto/rsa: public exponent too small or negative");
    }
    if exponent > (1 << 31) - 1 {
        return Err("crypto/rsa: public exponent too large");
    }
    let number = |bytes: &[u8]| Zeroizing::new(BigUint::from_bytes_be(bytes));
    let modulus = number(key.modulus);
    let [d, p, q] = key.private.map(number);
    let one = BigUint::from(1u8);
    if key.further_primes > 0 {
        // a key with more than two primes: rare, and Go from 1.24 checks only its public half
        return Ok(());
    }
    if *p <= one || *q <= one {
        return Err("crypto/rsa: invalid prime value");
    }
    if &*p * &*q != *modulus {
        return Err(if go.checks_rsa_keys() { "crypto/rsa: p * q != n" } else { "crypto/rsa: invalid modulus" });
    }
    let [p_less_one, q_less_one] = [&p, &q].map(|prime| Zeroizing::new(&**prime - &one));
    let is_inverse = |d: &BigUint, modulus: &BigUint| {
        let product = Zeroizing::new(d * BigUint::from(exponent));
        &*product % modulus == one
    };
    // Go and OpenSSL mostly make d with the product of both, which takes one short division to see
    let fits = *p_less_one != one
        && *q_less_one != one
        && (is_inverse(&d, &(&*p_less_one * &*q_less_one))
            || is_inverse(&d, &p_less_one) && is_inverse(&d, &q_less_one));
    if !fits {
        return Err(if go.checks_rsa_keys() {
            "crypto/rsa: invalid CRT exponent"
        } else {
            "crypto/rsa: invalid exponents"
        });
    }
    if !go.checks_rsa_keys() {
        return Ok(());
    }
    if exponent % 2 == 0 {
        return Err("crypto/rsa: public exponent is even");
    }
    if let Some([dp, dq, q_inverse]) = key.crt.map(|crt| crt.map(number)) {
        // the one inverse of e below p - 1 is what d leaves
        let is_crt = |d: &BigUint, less_one: &BigUint| d < less_one && is_inverse(d, less_one);
        if !is_crt(&dp, &p_less_one) || !is_crt(&dq, &q_less_one) {
            return Err("crypto/rsa: invalid CRT exponent");
        }
        if &*q_inverse * &*q % &*p != one || *q_inverse >= *p {
            return Err("crypto/rsa: invalid CRT coefficient");
        }
    }
    let distance = if *p > *q { &*p - &*q } else { &*q - &*p };
    let half = modulus.bits() / 2;
    if distance.bits() <= half.saturating_sub(100) {
        return Err(if *p == *q { "crypto/rsa: p == q" } else { "crypto/rsa: |p - q| too small" });
    }
    if d.bits() <= half || *d >= *modulus {
        return Err("crypto/rsa: d too small");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `Validate` of `crypto/rsa` asks of the exponents, before and after 1.24, word by word.
    fn by_the_book(d: u128, e: u128, [p, q]: [u128; 2], crt: [u128; 2], go: GoVersion) -> bool {
        let congruent = [p, q].iter().all(|prime| d * e % (prime - 1) == 1);
        let reduced = crt == [d % (p - 1), d % (q - 1)];
        congruent && (!go.checks_rsa_keys() || reduced)
    }

    #[test]
    fn exponents_are_judged_as_by_long_division() {
        let primes = [2_u128, 3, 7, 13, 29, 37];
        let bytes = |number: u128| number.to_be_bytes();
        let (mut good, mut bad) = (0, 0);
        for (p, q) in primes.iter().flat_map(|p| primes.map(|q| (*p, q))) {
            for e in [3, 5, 17] {
                for d in 1..(p - 1) * (q - 1) * 2 {
                    for offset in [0, 1, p - 1] {
                        let crt = [d % (p - 1) + offset, d % (q - 1)];
                        let numbers = [d, p, q, crt[0], crt[1], 1].map(bytes);
                        let [d_bytes, p_bytes, q_bytes, rest @ ..] = &numbers;
                        let modulus = bytes(p * q);
                        let key = Pkcs1 {
                            version: 0,
                            modulus: &modulus,
                            exponent: i64::try_from(e).expect("small"),
                            private: [d_bytes, p_bytes, q_bytes],
                            crt: Some(rest.each_ref().map(<[u8; 16]>::as_slice)),
                            further_primes: 0,
                            trailing: false,
                        };
                        for go in [GoVersion::minor(19), GoVersion::NEWEST] {
                            let judged = consistent(&key, go);
                            let said = matches!(judged, Err(text) if text.contains("exponent"));
                            assert_eq!(!said, by_the_book(d, e, [p, q], crt, go), "{p} {q} {e} {d} {crt:?} {judged:?}");
                            *if said { &mut bad } else { &mut good } += 1;
                        }
                    }
                }
            }
        }
        assert!(good > 1000 && bad > 1000, "{good} {bad}");
    }
}
