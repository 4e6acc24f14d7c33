//! Certificates written byte by byte, so that any rule can be bent.

use crate::algorithm::{Algorithm, Digest};
use crate::der::{self, tag};
use crate::extension::{self, AltName, Extension, Purpose, usage_bit};
use crate::key::Key;
use crate::name::Name;
use crate::rng::Rng;
use time::OffsetDateTime;

/// An instant as a certificate writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Time {
    /// seconds since 1970, in the form RFC 5280 asks for
    At(i64),
    /// seconds since 1970, always as GeneralizedTime
    Generalized(i64),
    /// any tag, any bytes
    Raw(u8, Vec<u8>),
}

impl Time {
    fn to_der(&self) -> Vec<u8> {
        match self {
            Self::At(seconds) => {
                let moment = moment(*seconds);
                if (1950..2050).contains(&moment.year()) {
                    der::tlv(tag::UTC_TIME, &digits(moment).as_bytes()[2..])
                } else {
                    der::tlv(tag::GENERALIZED_TIME, digits(moment).as_bytes())
                }
            }
            Self::Generalized(seconds) => der::tlv(tag::GENERALIZED_TIME, digits(moment(*seconds)).as_bytes()),
            Self::Raw(tag, content) => der::tlv(*tag, content),
        }
    }
}

fn moment(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// `YYYYMMDDHHMMSSZ`
fn digits(moment: OffsetDateTime) -> String {
    format!(
        "{:04}{:02}{:02}{:02}{:02}{:02}Z",
        moment.year(),
        u8::from(moment.month()),
        moment.day(),
        moment.hour(),
        moment.minute(),
        moment.second()
    )
}

/// What stands in a key identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyId {
    /// no such extension
    Absent,
    /// SHA-1 of the public key
    Proper,
    /// these bytes
    Bytes(Vec<u8>),
}

/// Damage inside the signed part: the signature covers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformation {
    /// version 4
    VersionFour,
    /// version 1 written although it is the default
    VersionOneExplicit,
    /// the serial is an OCTET STRING
    SerialTag,
    /// the serial has a superfluous leading zero
    SerialPadded,
    /// the serial is empty
    SerialEmpty,
    /// the subject is a SET
    SubjectTag,
    /// the issuer is a SET
    IssuerTag,
    /// the validity holds one time
    ValidityHalf,
    /// the public key lacks its last 20 bytes
    KeyTruncated,
    /// the public key's BIT STRING says that bits are unused
    KeyUnusedBits,
    /// the extensions are an empty sequence
    ExtensionsEmpty,
    /// an extension is written twice
    ExtensionTwice,
    /// an extension's critical flag is 0x01 instead of 0xff
    ExtensionBoolean,
    /// an extension's critical flag is written although it is false
    ExtensionFalse,
    /// an extension's value is not DER
    ExtensionGarbage,
    /// a length is longer than it needs to be
    LongLength,
    /// a length goes beyond the end
    LengthBeyond,
    /// bytes after the last field of the signed part
    TrailingField,
    /// unique identifiers before the extensions: odd, not wrong
    UniqueIds,
    /// the algorithm inside has parameters that the one outside lacks
    AlgorithmParameters,
}

/// Damage outside the signed part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoil {
    /// one bit of the signature differs
    Signature,
    /// the signature is empty
    NoSignature,
    /// the signature's BIT STRING says that bits are unused
    SignatureUnusedBits,
    /// one byte of the signed part was changed after signing
    Content,
    /// bytes after the certificate
    Trailing,
    /// the last 40 bytes are gone
    Truncated,
    /// the first byte is not a SEQUENCE
    OuterTag,
    /// bytes after the signature, inside the certificate
    TrailingInside,
    /// random bytes
    Garbage,
}

/// A certificate before it is signed.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// 1, 2 or 3
    pub version: u8,
    /// the content bytes of the serial number
    pub serial: Vec<u8>,
    /// the algorithm of the signature; the signer's usual one when absent
    pub algorithm: Option<Algorithm>,
    /// the algorithm named inside the signed part; the same one when absent
    pub inner_algorithm: Option<Algorithm>,
    /// the issuer's name; the signer's subject when absent
    pub issuer: Option<Name>,
    /// valid from, inclusive
    pub not_before: Time,
    /// valid until, inclusive
    pub not_after: Time,
    /// the subject's name
    pub subject: Name,
    /// the SubjectPublicKeyInfo when it is not the key's
    pub public_info: Option<Vec<u8>>,
    /// the extensions, key identifiers apart
    pub extensions: Vec<Extension>,
    /// the subject key identifier
    pub subject_key_id: KeyId,
    /// the authority key identifier
    pub authority_key_id: KeyId,
    /// damage that is signed
    pub malformations: Vec<Malformation>,
    /// damage that is not
    pub spoils: Vec<Spoil>,
}

/// Who signs: a name and a key.
#[derive(Clone, Debug)]
pub struct Signer {
    /// the name that will stand as issuer
    pub name: Name,
    /// the key that signs
    pub key: Key,
}

impl Certificate {
    /// A leaf as kubeadm makes it: digital signature and key encipherment, the given purposes and names.
    pub fn leaf(subject: Name, purposes: &[Purpose], names: &[AltName]) -> Self {
        let mut extensions = vec![
            Extension::key_usage(&[usage_bit::DIGITAL_SIGNATURE, usage_bit::KEY_ENCIPHERMENT]),
            Extension::purposes(purposes),
        ];
        if !names.is_empty() {
            extensions.push(Extension::alt_names(names));
        }
        Self {
            version: 3,
            serial: vec![0x12, 0x34, 0x56, 0x78],
            algorithm: None,
            inner_algorithm: None,
            issuer: None,
            not_before: Time::At(0),
            not_after: Time::At(0),
            subject,
            public_info: None,
            extensions,
            subject_key_id: KeyId::Absent,
            authority_key_id: KeyId::Proper,
            malformations: Vec::new(),
            spoils: Vec::new(),
        }
    }

    /// A certificate authority as kubeadm makes it, serial 0 included.
    pub fn authority(subject: Name) -> Self {
        let usage = [usage_bit::DIGITAL_SIGNATURE, usage_bit::KEY_ENCIPHERMENT, usage_bit::CERT_SIGN];
        Self {
            serial: vec![0],
            extensions: vec![Extension::key_usage(&usage), Extension::basic_constraints(true, None)],
            subject_key_id: KeyId::Proper,
            authority_key_id: KeyId::Absent,
            ..Self::leaf(subject, &[], &[])
        }
    }

    /// This certificate, valid from `not_before` to `not_after`, both inclusive.
    #[must_use]
    pub fn valid(mut self, not_before: i64, not_after: i64) -> Self {
        self.not_before = Time::At(not_before);
        self.not_after = Time::At(not_after);
        self
    }

    /// Replaces the extension of the same identifier, or adds it.
    pub fn put(&mut self, extension: Extension) {
        match self.extensions.iter_mut().find(|known| known.id == extension.id) {
            Some(known) => *known = extension,
            None => self.extensions.push(extension),
        }
    }

    /// Removes an extension.
    pub fn drop_extension(&mut self, id: &[u64]) {
        self.extensions.retain(|extension| extension.id != id);
    }

    /// Sets the purposes.
    pub fn set_purposes(&mut self, purposes: &[Purpose]) {
        self.put(Extension::purposes(purposes));
    }

    /// Sets the alternative names; none removes the extension.
    pub fn set_names(&mut self, names: &[AltName]) {
        if names.is_empty() {
            self.drop_extension(extension::SUBJECT_ALT_NAME);
        } else {
            self.put(Extension::alt_names(names));
        }
    }

    /// The certificate of `key`, signed by `signer`.
    pub fn sign(&self, key: &Key, signer: &Signer, rng: &mut Rng) -> Vec<u8> {
        let algorithm = self.algorithm.clone().unwrap_or_else(|| signer.key.usual_algorithm());
        let signed_part = self.signed_part(key, signer, &algorithm);
        let mut signature = signer.key.sign(&algorithm, &signed_part, rng);
        if self.spoiled(Spoil::Signature)
            && let Some(last) = signature.last_mut()
        {
            *last ^= 1;
        }
        if self.spoiled(Spoil::NoSignature) {
            signature.clear();
        }
        let unused = u8::from(self.spoiled(Spoil::SignatureUnusedBits));
        let bits = der::tlv(tag::BIT_STRING, &[&[unused][..], &signature].concat());
        let mut parts = vec![signed_part, algorithm.to_der(), bits];
        if self.spoiled(Spoil::Content) {
            let middle = parts[0].len() / 2;
            parts[0][middle] ^= 0x01;
        }
        if self.spoiled(Spoil::TrailingInside) {
            parts.push(der::null());
        }
        self.spoil_whole(der::sequence(&parts), rng)
    }

    fn spoiled(&self, spoil: Spoil) -> bool {
        self.spoils.contains(&spoil)
    }

    fn malformed(&self, malformation: Malformation) -> bool {
        self.malformations.contains(&malformation)
    }

    fn spoil_whole(&self, mut der: Vec<u8>, rng: &mut Rng) -> Vec<u8> {
        if self.spoiled(Spoil::Trailing) {
            der.extend_from_slice(&[0x05, 0x00]);
        }
        if self.spoiled(Spoil::Truncated) {
            der.truncate(der.len().saturating_sub(40));
        }
        if self.spoiled(Spoil::OuterTag) {
            der[0] = tag::SET;
        }
        if self.spoiled(Spoil::Garbage) {
            der = rng.bytes(300);
        }
        der
    }

    fn signed_part(&self, key: &Key, signer: &Signer, algorithm: &Algorithm) -> Vec<u8> {
        let mut parts = Vec::new();
        parts.extend(self.version_field());
        parts.push(self.serial_field());
        parts.push(self.inner_identifier(algorithm));
        parts.push(self.issuer_field(signer));
        parts.push(self.validity_field());
        parts.push(self.subject_field());
        parts.push(self.key_field(key));
        if self.malformed(Malformation::UniqueIds) {
            parts.push(der::implicit(1, &[0, 0xaa]));
            parts.push(der::implicit(2, &[0, 0xbb]));
        }
        parts.extend(self.extensions_field(key, signer));
        if self.malformed(Malformation::TrailingField) {
            parts.push(der::null());
        }
        if self.malformed(Malformation::LongLength) {
            return long_length(&parts.concat());
        }
        der::sequence(&parts)
    }

    fn version_field(&self) -> Option<Vec<u8>> {
        let number = |value: u8| Some(der::explicit(0, &der::integer(&[value])));
        if self.malformed(Malformation::VersionFour) {
            return number(3);
        }
        if self.malformed(Malformation::VersionOneExplicit) {
            return number(0);
        }
        match self.version {
            1 => None,
            version => number(version - 1),
        }
    }

    fn serial_field(&self) -> Vec<u8> {
        if self.malformed(Malformation::SerialTag) {
            return der::octet_string(&self.serial);
        }
        if self.malformed(Malformation::SerialPadded) {
            return der::integer(&[&[0, 0], &self.serial[..]].concat());
        }
        if self.malformed(Malformation::SerialEmpty) {
            return der::integer(&[]);
        }
        der::integer(&self.serial)
    }

    fn inner_identifier(&self, algorithm: &Algorithm) -> Vec<u8> {
        let identifier = self.inner_algorithm.as_ref().unwrap_or(algorithm).to_der();
        if self.malformed(Malformation::AlgorithmParameters) {
            let header = 2;
            return der::sequence(&[identifier[header..].to_vec(), der::octet_string(b"?")]);
        }
        identifier
    }

    fn issuer_field(&self, signer: &Signer) -> Vec<u8> {
        let issuer = self.issuer.as_ref().unwrap_or(&signer.name).to_der();
        if self.malformed(Malformation::IssuerTag) {
            return [&[tag::SET], &issuer[1..]].concat();
        }
        issuer
    }

    fn validity_field(&self) -> Vec<u8> {
        if self.malformed(Malformation::ValidityHalf) {
            return der::sequence(&[self.not_before.to_der()]);
        }
        der::sequence(&[self.not_before.to_der(), self.not_after.to_der()])
    }

    fn subject_field(&self) -> Vec<u8> {
        let subject = self.subject.to_der();
        if self.malformed(Malformation::SubjectTag) {
            return [&[tag::SET], &subject[1..]].concat();
        }
        subject
    }

    fn key_field(&self, key: &Key) -> Vec<u8> {
        let mut info = self.public_info.clone().unwrap_or_else(|| key.public_info());
        if self.malformed(Malformation::KeyTruncated) {
            info.truncate(info.len() - 20);
        }
        if self.malformed(Malformation::KeyUnusedBits) {
            let bits = key.public_bits();
            let start = info.len() - bits.len() - 1;
            info[start] = 1;
        }
        info
    }

    fn extensions_field(&self, key: &Key, signer: &Signer) -> Option<Vec<u8>> {
        if self.malformed(Malformation::ExtensionsEmpty) {
            return Some(der::explicit(3, &der::sequence(&[])));
        }
        let mut written: Vec<Vec<u8>> = self.extensions.iter().map(Extension::to_der).collect();
        let subject_id = key_id(&self.subject_key_id, key).map(|id| Extension::subject_key_id(&id).to_der());
        let authority_id =
            key_id(&self.authority_key_id, &signer.key).map(|id| Extension::authority_key_id(&id).to_der());
        written.extend(subject_id);
        written.extend(authority_id);
        self.malform_extensions(&mut written);
        if self.version < 3 && written.is_empty() {
            return None;
        }
        Some(der::explicit(3, &der::sequence(&written)))
    }

    fn malform_extensions(&self, written: &mut Vec<Vec<u8>>) {
        let Some(first) = written.first().cloned() else {
            return;
        };
        if self.malformed(Malformation::ExtensionTwice) {
            written.push(first);
        }
        let odd = |flag: u8, value: Vec<u8>| {
            let id = der::oid(&[1, 3, 6, 1, 4, 1, 99_999, 43]);
            der::sequence(&[id, der::tlv(tag::BOOLEAN, &[flag]), der::octet_string(&value)])
        };
        if self.malformed(Malformation::ExtensionBoolean) {
            written.push(odd(0x01, der::null()));
        }
        if self.malformed(Malformation::ExtensionFalse) {
            written.push(odd(0x00, der::null()));
        }
        if self.malformed(Malformation::ExtensionGarbage) {
            written.push(Extension::new(extension::SUBJECT_KEY_ID, false, vec![0x30, 0x7f, 1]).to_der());
        }
        if self.malformed(Malformation::LengthBeyond) {
            let last = written.len() - 1;
            written[last][1] = written[last][1].wrapping_add(3);
        }
    }
}

fn key_id(id: &KeyId, key: &Key) -> Option<Vec<u8>> {
    match id {
        KeyId::Absent => None,
        KeyId::Proper => Some(Digest::Sha1.of(&key.public_bits())),
        KeyId::Bytes(bytes) => Some(bytes.clone()),
    }
}

/// A SEQUENCE whose length takes one byte more than it needs.
fn long_length(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap_or(0).to_be_bytes();
    [&[tag::SEQUENCE, 0x84][..], &length, content].concat()
}
