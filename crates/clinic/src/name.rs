//! Distinguished names in any string type.

use crate::der::{self, tag};

/// `commonName`
pub const COMMON_NAME: &[u64] = &[2, 5, 4, 3];
/// `organizationName`
pub const ORGANIZATION: &[u64] = &[2, 5, 4, 10];
/// `organizationalUnitName`
pub const ORGANIZATIONAL_UNIT: &[u64] = &[2, 5, 4, 11];
/// `countryName`
pub const COUNTRY: &[u64] = &[2, 5, 4, 6];
/// `serialNumber`
pub const SERIAL_NUMBER: &[u64] = &[2, 5, 4, 5];
/// `domainComponent`
pub const DOMAIN_COMPONENT: &[u64] = &[0, 9, 2342, 19_200_300, 100, 1, 25];

/// One attribute: its type, the tag of its string and the bytes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// the arcs of the attribute's type
    pub kind: Vec<u64>,
    /// the tag of the value
    pub string: u8,
    /// the value as written
    pub value: Vec<u8>,
}

impl Attribute {
    /// An attribute in Go's choice of string: PrintableString where it fits, else UTF8String.
    pub fn new(kind: &[u64], text: &str) -> Self {
        let string = if text.bytes().all(is_printable) { tag::PRINTABLE_STRING } else { tag::UTF8_STRING };
        Self::typed(kind, string, text)
    }

    /// An attribute in the string type `string`, encoded as that type demands.
    pub fn typed(kind: &[u64], string: u8, text: &str) -> Self {
        Self { kind: kind.to_vec(), string, value: encode(string, text) }
    }

    fn to_der(&self) -> Vec<u8> {
        der::sequence(&[der::oid(&self.kind), der::tlv(self.string, &self.value)])
    }
}

fn is_printable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(&byte)
}

fn encode(string: u8, text: &str) -> Vec<u8> {
    match string {
        tag::BMP_STRING => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        tag::UNIVERSAL_STRING => text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect(),
        _ => text.as_bytes().to_vec(),
    }
}

/// A name: relative names of one or more attributes each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Name {
    /// the relative names in order; more than one attribute makes a multi-valued one
    pub parts: Vec<Vec<Attribute>>,
}

impl Name {
    /// The empty name.
    pub fn empty() -> Self {
        Self::default()
    }

    /// `CN=text`.
    pub fn common(text: &str) -> Self {
        Self::empty().with(COMMON_NAME, text)
    }

    /// `CN=text`, in one string type.
    pub fn common_typed(string: u8, text: &str) -> Self {
        Self { parts: vec![vec![Attribute::typed(COMMON_NAME, string, text)]] }
    }

    /// This name with one more attribute at its end.
    #[must_use]
    pub fn with(mut self, kind: &[u64], text: &str) -> Self {
        self.parts.push(vec![Attribute::new(kind, text)]);
        self
    }

    /// The last common name, as Go reads it, or nothing.
    pub fn common_name(&self) -> Option<String> {
        self.parts
            .iter()
            .flatten()
            .rfind(|attribute| attribute.kind == COMMON_NAME)
            .map(|attribute| String::from_utf8_lossy(&attribute.value).into_owned())
    }

    /// The same attributes in another string type.
    #[must_use]
    pub fn retyped(&self, string: u8) -> Self {
        let retype = |attribute: &Attribute| {
            Attribute::typed(&attribute.kind, string, &String::from_utf8_lossy(&attribute.value))
        };
        Self { parts: self.parts.iter().map(|part| part.iter().map(retype).collect()).collect() }
    }

    /// The `Name` structure.
    pub fn to_der(&self) -> Vec<u8> {
        let relative = |part: &Vec<Attribute>| der::set(&part.iter().map(Attribute::to_der).collect::<Vec<_>>());
        der::sequence(&self.parts.iter().map(relative).collect::<Vec<_>>())
    }
}
