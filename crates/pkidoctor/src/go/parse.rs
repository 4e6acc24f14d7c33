//! `x509.ParseCertificate` of Go 1.17 and later: what it refuses, in its order, with its words.
//!
//! Source: Go `crypto/x509/parser.go`, releases 1.19 to 1.27. (Go up to 1.16 parsed through
//! `encoding/asn1`; its texts differ, what it accepts hardly does.)

use crate::x509::certificate::{
    AlternativeName, AlternativeNames, BasicConstraints, Certificate, Extension, NameConstraints, Policies, Subtrees,
};
use crate::x509::der::{Der, dotted, tag};
use crate::x509::key::{Curve, PublicKey};
use crate::x509::name::{Attribute, Name};
use crate::x509::oid;
use crate::x509::signature::{Algorithm, Hash};

use super::constraints::{domain_valid, parse_mailbox};
use super::quote::{quote, quote_bytes};
use super::version::GoVersion;

/// Go's text, starting `x509: …`.
pub type ParseError = String;

macro_rules! need {
    ($option:expr, $text:expr) => {
        match $option {
            Some(value) => value,
            None => return Err($text.into()),
        }
    };
}

/// Parses a certificate that fills `der` (`x509.ParseCertificate`).
///
/// # Errors
/// Go's message when that Go refuses it.
pub fn certificate(der: &[u8], go: GoVersion) -> Result<Certificate, ParseError> {
    let whole = need!(Der::new(der).element(tag::SEQUENCE), "x509: malformed certificate").whole;
    let certificate = parse(whole, go)?;
    if whole.len() == der.len() { Ok(certificate) } else { Err("x509: trailing data".into()) }
}

fn parse(whole: &[u8], go: GoVersion) -> Result<Certificate, ParseError> {
    let mut input = need!(Der::new(whole).sequence(), "x509: malformed certificate");
    let tbs_bytes = need!(input.element(tag::SEQUENCE), "x509: malformed tbs certificate").whole;
    let mut tbs = need!(Der::new(tbs_bytes).sequence(), "x509: malformed tbs certificate");

    let version = version(&mut tbs)?;
    let serial = need!(tbs.integer(), "x509: malformed serial number");
    if serial[0] & 0x80 != 0 && go.refuses_negative_serial() {
        return Err("x509: negative serial number".into());
    }
    let inner = need!(tbs.read(tag::SEQUENCE), "x509: malformed signature algorithm identifier");
    let outer = need!(input.read(tag::SEQUENCE), "x509: malformed algorithm identifier");
    if inner != outer {
        return Err("x509: inner and outer signature algorithm identifiers don't match".into());
    }
    let algorithm = signature_algorithm(&algorithm_identifier(inner, go)?, go);
    let issuer = name(need!(tbs.element(tag::SEQUENCE), "x509: malformed issuer").whole, go)?;
    let mut validity = need!(tbs.sequence(), "x509: malformed validity");
    let not_before = moment(&mut validity)?;
    let not_after = moment(&mut validity)?;
    // Go says "issuer" here too
    let subject = name(need!(tbs.element(tag::SEQUENCE), "x509: malformed issuer").whole, go)?;
    let spki = need!(tbs.element(tag::SEQUENCE), "x509: malformed spki").whole;
    let key = subject_key(spki, go)?;
    let extensions = if version > 1 { extensions(&mut tbs, version, go)? } else { Vec::new() };

    let mut certificate = Certificate {
        raw: whole.to_vec(),
        tbs: range(whole, tbs_bytes),
        spki: range(whole, spki),
        signature: Vec::new(),
        version,
        serial: serial.to_vec(),
        algorithm,
        issuer,
        subject,
        not_before,
        not_after,
        key,
        extensions: Vec::new(),
        key_usage: 0,
        basic_constraints: None,
        usages: Vec::new(),
        names: AlternativeNames::default(),
        subject_key_id: Vec::new(),
        authority_key_id: Vec::new(),
        constraints: NameConstraints::default(),
        policies: Policies::default(),
        unhandled_critical: Vec::new(),
    };
    for extension in &extensions {
        let handled = process(&mut certificate, extension, go)?;
        if !handled && extension.critical {
            certificate.unhandled_critical.push(extension.oid.clone());
        }
    }
    certificate.extensions = extensions;
    let (bits, unused) = need!(input.bit_string(), "x509: malformed signature");
    certificate.signature = right_align(bits, unused);
    Ok(certificate)
}

/// Where `inner`, a part of `outer`, lies in it.
fn range(outer: &[u8], inner: &[u8]) -> std::ops::Range<usize> {
    let start = inner.as_ptr().addr() - outer.as_ptr().addr();
    start..start + inner.len()
}

fn version(tbs: &mut Der<'_>) -> Result<i64, ParseError> {
    let field = need!(tbs.optional(tag::context_constructed(0)), "x509: malformed version");
    let mut version = 0;
    if let Some(field) = field {
        let mut field = Der::new(field);
        version = need!(field.int64().filter(|_| field.is_empty()), "x509: malformed version");
    }
    if version < 0 {
        return Err("x509: malformed version".into());
    }
    if version > 2 {
        return Err("x509: invalid version".into());
    }
    Ok(version + 1)
}

/// `asn1.BitString.RightAlign`.
fn right_align(bytes: &[u8], unused: u8) -> Vec<u8> {
    let mut carry = 0;
    bytes
        .iter()
        .map(|byte| {
            let wide = u16::from(carry) << 8 | u16::from(*byte);
            carry = byte & ((1 << unused) - 1);
            wide.checked_shr(u32::from(unused)).unwrap_or_default().to_be_bytes()[1]
        })
        .collect()
}

pub(super) struct AlgorithmIdentifier<'a> {
    oid: &'a [u8],
    parameters: &'a [u8],
}

pub(super) fn algorithm_identifier(der: &[u8], go: GoVersion) -> Result<AlgorithmIdentifier<'_>, ParseError> {
    let mut der = Der::new(der);
    let oid = need!(der.oid(go.strict_oids()), "x509: malformed OID");
    if der.is_empty() {
        return Ok(AlgorithmIdentifier { oid, parameters: &[] });
    }
    let parameters = need!(der.any(), "x509: malformed parameters").whole;
    Ok(AlgorithmIdentifier { oid, parameters })
}

const NULL: &[u8] = &[tag::NULL, 0];

/// `getSignatureAlgorithmFromAI`.
pub(super) fn signature_algorithm(identifier: &AlgorithmIdentifier<'_>, go: GoVersion) -> Algorithm {
    match identifier.oid {
        oid::MD5_WITH_RSA => Algorithm::Md5Rsa,
        oid::SHA1_WITH_RSA | oid::ISO_SHA1_WITH_RSA => Algorithm::Rsa(Hash::Sha1),
        oid::SHA256_WITH_RSA => Algorithm::Rsa(Hash::Sha256),
        oid::SHA384_WITH_RSA => Algorithm::Rsa(Hash::Sha384),
        oid::SHA512_WITH_RSA => Algorithm::Rsa(Hash::Sha512),
        oid::DSA_WITH_SHA1 => Algorithm::DsaSha1,
        oid::DSA_WITH_SHA256 => Algorithm::DsaSha256,
        oid::ECDSA_WITH_SHA1 => Algorithm::Ecdsa(Hash::Sha1),
        oid::ECDSA_WITH_SHA256 => Algorithm::Ecdsa(Hash::Sha256),
        oid::ECDSA_WITH_SHA384 => Algorithm::Ecdsa(Hash::Sha384),
        oid::ECDSA_WITH_SHA512 => Algorithm::Ecdsa(Hash::Sha512),
        oid::ED25519 if identifier.parameters.is_empty() => Algorithm::Ed25519,
        oid::RSA_PSS => pss(identifier.parameters, go).map_or(Algorithm::Unknown, Algorithm::RsaPss),
        _ => Algorithm::Unknown,
    }
}

/// PSS parameters that Go supports: digest, MGF1 of the same digest, salt as long, trailer 1.
fn pss(parameters: &[u8], go: GoVersion) -> Option<Hash> {
    let mut fields = Der::new(parameters).sequence()?;
    let identifier = |bytes: &'_ [u8]| -> Option<(Vec<u8>, Vec<u8>)> {
        let mut sequence = Der::new(bytes).sequence()?;
        let oid = sequence.oid(go.strict_oids())?.to_vec();
        let parameters = if sequence.is_empty() { Vec::new() } else { sequence.any()?.whole.to_vec() };
        Some((oid, parameters))
    };
    let absent_or_null = |parameters: &[u8]| parameters.is_empty() || parameters == NULL;
    let (hash, hash_parameters) = identifier(fields.read(tag::context_constructed(0))?)?;
    let (mgf, mgf_parameters) = identifier(fields.read(tag::context_constructed(1))?)?;
    let salt = Der::new(fields.read(tag::context_constructed(2))?).int64()?;
    let trailer = match fields.optional(tag::context_constructed(3))? {
        None => 1,
        Some(field) => Der::new(field).int64()?,
    };
    let (mgf_hash, mgf_hash_parameters) = identifier(&mgf_parameters)?;
    if !absent_or_null(&hash_parameters)
        || mgf != oid::MGF1
        || mgf_hash != hash
        || !absent_or_null(&mgf_hash_parameters)
        || trailer != 1
    {
        return None;
    }
    match (hash.as_slice(), salt) {
        (oid::SHA256, 32) => Some(Hash::Sha256),
        (oid::SHA384, 48) => Some(Hash::Sha384),
        (oid::SHA512, 64) => Some(Hash::Sha512),
        _ => None,
    }
}

pub(super) fn moment(der: &mut Der<'_>) -> Result<time::OffsetDateTime, ParseError> {
    if der.peek(tag::UTC_TIME) {
        return der.utc_time().ok_or_else(|| "x509: malformed UTCTime".into());
    }
    if der.peek(tag::GENERALIZED_TIME) {
        return der.generalized_time().ok_or_else(|| "x509: malformed GeneralizedTime".into());
    }
    Err("x509: unsupported time format".into())
}

/// `parseName`.
pub(crate) fn name(raw: &[u8], go: GoVersion) -> Result<Name, ParseError> {
    let mut sequence = need!(Der::new(raw).sequence(), "x509: invalid RDNSequence");
    let mut rdns = Vec::new();
    while !sequence.is_empty() {
        let mut set = Der::new(need!(sequence.read(tag::SET), "x509: invalid RDNSequence"));
        let mut rdn = Vec::new();
        while !set.is_empty() {
            let mut attribute = need!(set.sequence(), "x509: invalid RDNSequence: invalid attribute");
            let oid = need!(attribute.oid(go.strict_oids()), "x509: invalid RDNSequence: invalid attribute type");
            let (tag, text) = attribute_value(&mut attribute, go)?;
            rdn.push(Attribute { oid: oid.to_vec(), tag, text });
        }
        rdns.push(rdn);
    }
    Ok(Name { raw: raw.to_vec(), rdns })
}

fn attribute_value(attribute: &mut Der<'_>, go: GoVersion) -> Result<(u8, Option<String>), ParseError> {
    let prefix = "x509: invalid RDNSequence: invalid attribute value";
    let Some(element) = attribute.any() else {
        return Err(if go.any_attribute_value() { format!("{prefix}: invalid ASN.1 element") } else { prefix.into() });
    };
    if go.any_attribute_value() && !is_string(element.tag) {
        if let Some(what) = malformed_value(&element, go) {
            return Err(format!("{prefix}: {what}"));
        }
        return Ok((element.tag, None));
    }
    match asn1_string(element.tag, element.contents, go) {
        Ok(text) => Ok((element.tag, Some(text))),
        Err(what) => Err(format!("{prefix}: {what}")),
    }
}

fn is_string(tag: u8) -> bool {
    matches!(
        tag,
        tag::T61_STRING
            | tag::PRINTABLE_STRING
            | tag::UTF8_STRING
            | tag::BMP_STRING
            | tag::IA5_STRING
            | tag::NUMERIC_STRING
    )
}

/// What `readASN1Any` of Go 1.27 finds wrong with a value that is not a string.
fn malformed_value(element: &crate::x509::der::Element<'_>, go: GoVersion) -> Option<&'static str> {
    let mut der = Der::new(element.whole);
    let (fine, words) = match element.tag {
        tag::INTEGER => (der.int64().is_some(), "invalid ASN.1 integer"),
        tag::BIT_STRING => (der.bit_string().is_some(), "invalid ASN.1 BIT STRING"),
        tag::OID => (der.oid(go.strict_oids()).is_some(), "invalid ASN.1 OBJECT IDENTIFIER"),
        tag::UTC_TIME => (der.utc_time().is_some(), "x509: malformed UTCTime"),
        tag::GENERALIZED_TIME => (der.generalized_time().is_some(), "x509: malformed GeneralizedTime"),
        tag::BOOLEAN => (der.boolean().is_some(), "invalid ASN.1 BOOLEAN"),
        _ => (true, ""),
    };
    (!fine).then_some(words)
}

/// `parseASN1String`.
fn asn1_string(tag: u8, value: &[u8], go: GoVersion) -> Result<String, String> {
    let latin = || value.iter().map(|byte| char::from(*byte)).collect::<String>();
    match tag {
        tag::T61_STRING if go.checks_bmp() => Ok(latin()),
        tag::T61_STRING => Ok(String::from_utf8_lossy(value).into_owned()),
        tag::PRINTABLE_STRING if !value.iter().all(|byte| printable(*byte)) => Err("invalid PrintableString".into()),
        tag::UTF8_STRING => std::str::from_utf8(value).map(str::to_owned).map_err(|_| "invalid UTF-8 string".into()),
        tag::BMP_STRING => bmp(value, go),
        tag::IA5_STRING if !value.is_ascii() => Err("invalid IA5String".into()),
        tag::NUMERIC_STRING if !value.iter().all(|byte| byte.is_ascii_digit() || *byte == b' ') => {
            Err("invalid NumericString".into())
        }
        tag::PRINTABLE_STRING | tag::IA5_STRING | tag::NUMERIC_STRING => Ok(latin()),
        other => Err(format!("unsupported string type: {other}")),
    }
}

fn printable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'\''..=b')' | b'+'..=b'/' | b' ' | b':' | b'=' | b'?' | b'*' | b'&')
}

fn bmp(value: &[u8], go: GoVersion) -> Result<String, String> {
    if !value.len().is_multiple_of(2) {
        return Err("invalid BMPString".into());
    }
    let mut units: Vec<u16> = value.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    if units.last() == Some(&0) {
        units.pop();
    }
    let none = |unit: &u16| matches!(unit, 0xfffe | 0xffff | 0xfdd0..=0xfdef | 0xd800..=0xdfff);
    if go.checks_bmp() && units.iter().any(none) {
        return Err("invalid BMPString".into());
    }
    Ok(String::from_utf16_lossy(&units))
}

pub(crate) fn subject_key(spki: &[u8], go: GoVersion) -> Result<Option<PublicKey>, ParseError> {
    let mut spki = need!(Der::new(spki).sequence(), "x509: malformed spki");
    let algorithm = need!(spki.read(tag::SEQUENCE), "x509: malformed public key algorithm identifier");
    let algorithm = algorithm_identifier(algorithm, go)?;
    let (bits, unused) = need!(spki.bit_string(), "x509: malformed subjectPublicKey");
    let data = right_align(bits, unused);
    match algorithm.oid {
        oid::RSA_ENCRYPTION => rsa_key(algorithm.parameters, &data).map(Some),
        oid::EC_PUBLIC_KEY => ec_key(algorithm.parameters, data, go).map(Some),
        oid::ED25519 if !algorithm.parameters.is_empty() => {
            Err("x509: Ed25519 key encoded with illegal parameters".into())
        }
        oid::ED25519 if data.len() != 32 => Err("x509: wrong Ed25519 public key size".into()),
        oid::ED25519 => Ok(Some(PublicKey::Ed25519(data))),
        oid::DSA => dsa_key(algorithm.parameters, &data).map(Some),
        _ => Ok(None),
    }
}

fn rsa_key(parameters: &[u8], data: &[u8]) -> Result<PublicKey, ParseError> {
    if parameters != NULL {
        return Err("x509: RSA key missing NULL parameters".into());
    }
    let mut der = need!(Der::new(data).sequence(), "x509: invalid RSA public key");
    let modulus = need!(der.integer(), "x509: invalid RSA modulus");
    let exponent = need!(der.int64(), "x509: invalid RSA public exponent");
    let positive = modulus[0] & 0x80 == 0 && modulus.iter().any(|byte| *byte != 0);
    if !positive {
        return Err("x509: RSA modulus is not a positive number".into());
    }
    if exponent <= 0 {
        return Err("x509: RSA public exponent is not a positive number".into());
    }
    let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus).to_vec();
    Ok(PublicKey::Rsa { modulus, exponent })
}

fn ec_key(parameters: &[u8], point: Vec<u8>, go: GoVersion) -> Result<PublicKey, ParseError> {
    let curve = need!(Der::new(parameters).oid(go.strict_oids()), "x509: invalid ECDSA parameters");
    let curve = need!(Curve::from_oid(curve), "x509: unsupported elliptic curve");
    if curve.holds(&point) {
        return Ok(PublicKey::Ec { curve, point });
    }
    if !go.new_point_parser() {
        return Err("x509: failed to unmarshal elliptic curve point".into());
    }
    if point.first() != Some(&4) {
        return Err("ecdsa: invalid uncompressed public key".into());
    }
    let p = curve.name().replace('-', "");
    if point.len() != 1 + 2 * curve.coordinate_len() {
        return Err(format!("invalid {p} point encoding"));
    }
    let coordinates = point[1..].chunks(curve.coordinate_len()).all(|value| value < curve.field());
    Err(if coordinates { format!("{p} point not on curve") } else { format!("invalid {p} element encoding") })
}

fn dsa_key(parameters: &[u8], data: &[u8]) -> Result<PublicKey, ParseError> {
    let y = need!(Der::new(data).integer(), "x509: invalid DSA public key");
    let numbers = || {
        let mut sequence = Der::new(parameters).sequence()?;
        Some([sequence.integer()?, sequence.integer()?, sequence.integer()?])
    };
    let [p, q, g] = need!(numbers(), "x509: invalid DSA parameters");
    let positive = |number: &[u8]| number[0] & 0x80 == 0 && number.iter().any(|byte| *byte != 0);
    if [y, p, q, g].into_iter().all(positive) {
        Ok(PublicKey::Dsa)
    } else {
        Err("x509: zero or negative DSA parameter".into())
    }
}

fn extensions(tbs: &mut Der<'_>, version: i64, go: GoVersion) -> Result<Vec<Extension>, ParseError> {
    for (number, words) in [(1, "x509: malformed issuerUniqueID"), (2, "x509: malformed subjectUniqueID")] {
        need!(tbs.optional(tag::context(number)), words);
    }
    if version != 3 {
        return Ok(Vec::new());
    }
    let field = need!(tbs.optional(tag::context_constructed(3)), "x509: malformed extensions");
    let Some(field) = field else { return Ok(Vec::new()) };
    let mut list = need!(Der::new(field).sequence(), "x509: malformed extensions");
    let mut all: Vec<Extension> = Vec::new();
    while !list.is_empty() {
        let extension = extension(need!(list.sequence(), "x509: malformed extension"), go)?;
        if all.iter().any(|known| known.oid == extension.oid) {
            return Err(if go.names_duplicate_extension() {
                format!("x509: certificate contains duplicate extension with OID {}", quote(&dotted(&extension.oid)))
            } else {
                "x509: certificate contains duplicate extensions".into()
            });
        }
        all.push(extension);
    }
    Ok(all)
}

fn extension(mut der: Der<'_>, go: GoVersion) -> Result<Extension, ParseError> {
    let oid = need!(der.oid(go.strict_oids()), "x509: malformed extension OID field").to_vec();
    let mut critical = false;
    if der.peek(tag::BOOLEAN) {
        critical = need!(der.boolean(), "x509: malformed extension critical field");
    }
    let value = need!(der.read(tag::OCTET_STRING), "x509: malformed extension value field").to_vec();
    Ok(Extension { oid, critical, value })
}

/// One extension of `processExtensions`; whether Go handles it.
fn process(certificate: &mut Certificate, extension: &Extension, go: GoVersion) -> Result<bool, ParseError> {
    let value = Der::new(&extension.value);
    if extension.oid == oid::AUTHORITY_INFO_ACCESS {
        authority_information(value, extension.critical, go)?;
        return Ok(true);
    }
    let [number] = extension.oid.strip_prefix(oid::CERTIFICATE_EXTENSIONS).unwrap_or_default() else {
        return Ok(false);
    };
    match number {
        15 => certificate.key_usage = key_usage(value)?,
        19 => certificate.basic_constraints = Some(basic_constraints(value, go)?),
        17 => {
            certificate.names = alternative_names(value, go)?;
            return Ok(!certificate.names.order.is_empty());
        }
        30 => return name_constraints(certificate, value, go),
        31 => distribution_points(value)?,
        35 => certificate.authority_key_id = authority_key_id(value, extension.critical, go)?,
        36 if go.checks_policies() => policy_constraints(&mut certificate.policies, value)?,
        37 => certificate.usages = extended_usages(value, go)?,
        14 => certificate.subject_key_id = subject_key_id(value, extension.critical, go)?,
        32 => certificate.policies.asserted = policies(value, go)?,
        33 if go.checks_policies() => certificate.policies.mappings = policy_mappings(value)?,
        54 if go.checks_policies() => {
            let mut value = value;
            let skip = need!(value.int64(), "x509: invalid inhibit any policy extension");
            certificate.policies.inhibit_any = Some(skip);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn authority_information(mut value: Der<'_>, critical: bool, go: GoVersion) -> Result<(), ParseError> {
    if critical && go.refuses_critical_key_ids() {
        return Err("x509: authority info access incorrectly marked critical".into());
    }
    let words = "x509: invalid authority info access";
    let mut list = need!(value.sequence(), words);
    while !list.is_empty() {
        let mut access = need!(list.sequence(), words);
        need!(access.oid(go.strict_oids()), words);
        if access.peek(tag::context(6)) {
            need!(access.read(tag::context(6)), words);
        }
    }
    Ok(())
}

fn key_usage(mut value: Der<'_>) -> Result<u16, ParseError> {
    let (bytes, _) = need!(value.bit_string(), "x509: invalid key usage");
    let bit = |at: usize| bytes.get(at / 8).is_some_and(|byte| byte & (0x80 >> (at % 8)) != 0);
    Ok((0..9).filter(|at| bit(*at)).fold(0, |usage, at| usage | 1 << at))
}

fn basic_constraints(mut value: Der<'_>, go: GoVersion) -> Result<BasicConstraints, ParseError> {
    let words = |letter: &str| {
        let letter = if go.lettered_basic_constraints() { letter } else { "" };
        format!("x509: invalid basic constraints{letter}")
    };
    let mut fields = need!(value.sequence(), words(" a"));
    let mut is_ca = false;
    if fields.peek(tag::BOOLEAN) {
        is_ca = need!(fields.boolean(), words(" b"));
    }
    let mut max_path_len = -1;
    if fields.peek(tag::INTEGER) {
        let number = fields.int64().filter(|length| *length >= 0 || !go.refuses_negative_path_length());
        max_path_len = need!(number, words(" c"));
    }
    Ok(BasicConstraints { is_ca, max_path_len })
}

fn alternative_names(mut value: Der<'_>, go: GoVersion) -> Result<AlternativeNames, ParseError> {
    let mut list = need!(value.sequence(), "x509: invalid subject alternative names");
    let mut names = AlternativeNames::default();
    while !list.is_empty() {
        let element = need!(list.any(), "x509: invalid subject alternative name");
        let text = || std::str::from_utf8(element.contents).ok().filter(|text| text.is_ascii()).map(str::to_owned);
        match element.tag ^ 0x80 {
            1 => {
                let text = need!(text(), "x509: SAN rfc822Name is malformed");
                names.order.push(AlternativeName::Email(text.clone()));
                names.email.push(text);
            }
            2 => {
                let text = need!(text(), "x509: SAN dNSName is malformed");
                names.order.push(AlternativeName::Dns(text.clone()));
                names.dns.push(text);
            }
            6 => {
                let text = need!(text(), "x509: SAN uniformResourceIdentifier is malformed");
                check_uri(&text, go)?;
                names.order.push(AlternativeName::Uri(text.clone()));
                names.uri.push(text);
            }
            7 => {
                check_address(element.contents, go)?;
                names.order.push(AlternativeName::Ip(element.contents.to_vec()));
                names.ip.push(element.contents.to_vec());
            }
            _ => {}
        }
    }
    Ok(names)
}

fn check_address(bytes: &[u8], go: GoVersion) -> Result<(), ParseError> {
    match bytes.len() {
        16 if go.refuses_mapped_addresses() && is_mapped(bytes) => {
            Err("x509: SAN iPAddress contains IPv4-mapped IPv6 address".into())
        }
        4 | 16 => Ok(()),
        length => Err(format!("x509: cannot parse IP address of length {length}")),
    }
}

/// Whether `net.IP.To4` would fold these 16 bytes.
fn is_mapped(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff])
}

fn check_uri(text: &str, go: GoVersion) -> Result<(), ParseError> {
    let host =
        super::uri::host(text, go).map_err(|reason| format!("x509: cannot parse URI {}: {reason}", quote(text)))?;
    if host.is_empty() || domain_valid(&host, false, go) {
        Ok(())
    } else {
        Err(format!("x509: cannot parse URI {}: invalid domain", quote(text)))
    }
}

fn name_constraints(certificate: &mut Certificate, mut value: Der<'_>, go: GoVersion) -> Result<bool, ParseError> {
    let words = "x509: invalid NameConstraints extension";
    let mut list = need!(value.sequence(), words);
    if !value.is_empty() {
        return Err(words.into());
    }
    let permitted = need!(list.optional(tag::context_constructed(0)), words);
    let excluded = need!(list.optional(tag::context_constructed(1)), words);
    if !list.is_empty() {
        return Err(words.into());
    }
    if permitted.unwrap_or_default().is_empty() && excluded.unwrap_or_default().is_empty() {
        return Err("x509: empty name constraints extension".into());
    }
    let (permitted, permitted_handled) = subtrees(permitted.unwrap_or_default(), go)?;
    let (excluded, excluded_handled) = subtrees(excluded.unwrap_or_default(), go)?;
    certificate.constraints = NameConstraints { permitted, excluded };
    Ok(permitted_handled && excluded_handled)
}

fn subtrees(der: &[u8], go: GoVersion) -> Result<(Subtrees, bool), ParseError> {
    let words = "x509: invalid NameConstraints extension";
    let mut list = Der::new(der);
    let mut trees = Subtrees::default();
    let mut handled = true;
    while !list.is_empty() {
        let mut tree = need!(list.sequence(), words);
        let base = need!(tree.any(), words);
        let text = || match std::str::from_utf8(base.contents) {
            Ok(text) if text.is_ascii() => Ok(text.to_owned()),
            _ => Err(format!(
                "x509: invalid constraint value: x509: {} cannot be encoded as an IA5String",
                quote_bytes(base.contents)
            )),
        };
        if base.tag == tag::context(2) {
            let domain = text()?;
            if !domain_valid(&domain, true, go) {
                return Err(format!("x509: failed to parse dnsName constraint {}", quote(&domain)));
            }
            trees.dns.push(domain);
        } else if base.tag == tag::context(7) {
            trees.ip.push(network(base.contents, go)?);
        } else if base.tag == tag::context(1) {
            let mailbox = text()?;
            let fine = if mailbox.contains('@') {
                parse_mailbox(&mailbox, go).is_some()
            } else {
                domain_valid(&mailbox, true, go)
            };
            if !fine {
                return Err(format!("x509: failed to parse rfc822Name constraint {}", quote(&mailbox)));
            }
            trees.email.push(mailbox);
        } else if base.tag == tag::context(6) {
            let domain = text()?;
            if domain.parse::<std::net::IpAddr>().is_ok() {
                return Err(format!("x509: failed to parse URI constraint {}: cannot be IP address", quote(&domain)));
            }
            if !domain_valid(&domain, true, go) {
                return Err(format!("x509: failed to parse URI constraint {}", quote(&domain)));
            }
            trees.uri.push(domain);
        } else {
            handled = false;
        }
    }
    Ok((trees, handled))
}

fn network(bytes: &[u8], go: GoVersion) -> Result<(Vec<u8>, Vec<u8>), ParseError> {
    if !matches!(bytes.len(), 8 | 32) {
        return Err(format!("x509: IP constraint contained value of length {}", bytes.len()));
    }
    let (address, mask) = bytes.split_at(bytes.len() / 2);
    if !contiguous(mask) {
        let mask = crate::x509::certificate::hex_lower(mask);
        return Err(format!("x509: IP constraint contained invalid mask {mask}"));
    }
    if go.refuses_mapped_addresses() && is_mapped(address) {
        return Err("x509: IP constraint contained IPv4-mapped IPv6 address".into());
    }
    Ok((address.to_vec(), mask.to_vec()))
}

/// `isValidIPMask`: ones, then zeros.
fn contiguous(mask: &[u8]) -> bool {
    let ones = mask.iter().take_while(|byte| **byte == 0xff).count();
    match mask.get(ones..) {
        Some([edge, rest @ ..]) => {
            edge.leading_ones() + edge.trailing_zeros().min(8) >= 8 && rest.iter().all(|byte| *byte == 0)
        }
        _ => true,
    }
}

fn distribution_points(mut value: Der<'_>) -> Result<(), ParseError> {
    let words = "x509: invalid CRL distribution point";
    let mut list = need!(value.sequence(), "x509: invalid CRL distribution points");
    while !list.is_empty() {
        let mut point = need!(list.sequence(), words);
        let Some(name) = need!(point.optional(tag::context_constructed(0)), words) else { continue };
        let mut full = Der::new(need!(Der::new(name).read(tag::context_constructed(0)), words));
        while full.peek(tag::context(6)) {
            need!(full.read(tag::context(6)), words);
        }
    }
    Ok(())
}

fn authority_key_id(mut value: Der<'_>, critical: bool, go: GoVersion) -> Result<Vec<u8>, ParseError> {
    if critical && go.refuses_critical_key_ids() {
        return Err("x509: authority key identifier incorrectly marked critical".into());
    }
    let words = "x509: invalid authority key identifier";
    let mut fields = need!(value.sequence(), words);
    if !fields.peek(tag::context(0)) {
        return Ok(Vec::new());
    }
    Ok(need!(fields.read(tag::context(0)), words).to_vec())
}

fn subject_key_id(mut value: Der<'_>, critical: bool, go: GoVersion) -> Result<Vec<u8>, ParseError> {
    if critical && go.refuses_critical_key_ids() {
        return Err("x509: subject key identifier incorrectly marked critical".into());
    }
    Ok(need!(value.read(tag::OCTET_STRING), "x509: invalid subject key identifier").to_vec())
}

fn extended_usages(mut value: Der<'_>, go: GoVersion) -> Result<Vec<Vec<u8>>, ParseError> {
    let words = "x509: invalid extended key usages";
    let mut list = need!(value.sequence(), words);
    let mut usages = Vec::new();
    while !list.is_empty() {
        usages.push(need!(list.oid(go.strict_oids()), words).to_vec());
    }
    Ok(usages)
}

fn policies(mut value: Der<'_>, go: GoVersion) -> Result<Vec<Vec<u8>>, ParseError> {
    let words = "x509: invalid certificate policies";
    let mut list = need!(value.sequence(), words);
    let mut all: Vec<Vec<u8>> = Vec::new();
    while !list.is_empty() {
        let mut policy = need!(list.sequence(), words);
        let oid = need!(policy.read(tag::OID).filter(|oid| policy_oid_valid(oid)), words).to_vec();
        if go.checks_policies() && all.contains(&oid) {
            return Err(words.into());
        }
        all.push(oid);
    }
    Ok(all)
}

/// `newOIDFromDER`: arcs of any size, but minimal and complete.
fn policy_oid_valid(oid: &[u8]) -> bool {
    let mut start = true;
    for byte in oid {
        if start && *byte == 0x80 {
            return false;
        }
        start = byte & 0x80 == 0;
    }
    !oid.is_empty() && start
}

fn policy_constraints(policies: &mut Policies, mut value: Der<'_>) -> Result<(), ParseError> {
    let words = "x509: invalid policy constraints extension";
    let mut fields = need!(value.sequence(), words);
    if fields.peek(tag::context(0)) {
        policies.require_explicit = Some(need!(fields.int64_with_tag(tag::context(0)), words));
    }
    if fields.peek(tag::context(1)) {
        policies.inhibit_mapping = Some(need!(fields.int64_with_tag(tag::context(1)), words));
    }
    Ok(())
}

/// issuerDomainPolicy and subjectDomainPolicy.
type PolicyMapping = (Vec<u8>, Vec<u8>);

fn policy_mappings(mut value: Der<'_>) -> Result<Vec<PolicyMapping>, ParseError> {
    let words = "x509: invalid policy mappings extension";
    let mut list = need!(value.sequence(), words);
    let mut all = Vec::new();
    while !list.is_empty() {
        let mut mapping = need!(list.sequence(), words);
        let issuer = need!(mapping.read(tag::OID), words).to_vec();
        let subject = need!(mapping.read(tag::OID), words).to_vec();
        all.push((issuer, subject));
    }
    Ok(all)
}
