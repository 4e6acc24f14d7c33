//! Distinguished names: the bytes (which decide a match in Go) and the text (which people read).

use super::der::dotted;

/// One attribute of a distinguished name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attribute {
    /// Contents of the type's object identifier.
    pub oid: Vec<u8>,
    /// The string type's tag: the same text in another type is another name to Go.
    pub tag: u8,
    /// The value as text; `None` when it is not a string.
    pub text: Option<String>,
}

/// A distinguished name (RFC 5280 section 4.1.2.4).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Name {
    /// The DER bytes, which Go compares (`bytes.Equal(child.RawIssuer, parent.RawSubject)`).
    pub raw: Vec<u8>,
    /// The relative distinguished names in order, each with its attributes.
    pub rdns: Vec<Vec<Attribute>>,
}

const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const ORGANIZATION: &[u8] = &[0x55, 4, 10];

impl Name {
    fn texts<'a>(&'a self, oid: &'a [u8]) -> impl Iterator<Item = &'a str> {
        self.rdns
            .iter()
            .flatten()
            .filter(move |attribute| attribute.oid == oid)
            .filter_map(|attribute| attribute.text.as_deref())
    }

    /// The common name as Go's `pkix.Name` holds it: the last one, or empty.
    pub fn common_name(&self) -> &str {
        self.texts(COMMON_NAME).last().unwrap_or_default()
    }

    /// Every organization, in order.
    pub fn organizations(&self) -> Vec<&str> {
        self.texts(ORGANIZATION).collect()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.rdns.is_empty()
    }
}

/// RFC 2253: last first, as `openssl x509 -nameopt RFC2253` and Go's `pkix.Name.String` print.
impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, rdn) in self.rdns.iter().rev().enumerate() {
            if at > 0 {
                f.write_str(",")?;
            }
            for (at, attribute) in rdn.iter().enumerate() {
                if at > 0 {
                    f.write_str("+")?;
                }
                let value = attribute.text.as_deref().unwrap_or("(not a string)");
                write!(f, "{}={}", short(&attribute.oid), escaped(value))?;
            }
        }
        Ok(())
    }
}

fn short(oid: &[u8]) -> String {
    let known = match oid {
        [0x55, 4, 3] => "CN",
        [0x55, 4, 5] => "SERIALNUMBER",
        [0x55, 4, 6] => "C",
        [0x55, 4, 7] => "L",
        [0x55, 4, 8] => "ST",
        [0x55, 4, 9] => "STREET",
        [0x55, 4, 10] => "O",
        [0x55, 4, 11] => "OU",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 0x19] => "DC",
        _ => return dotted(oid),
    };
    known.to_owned()
}

fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            out.push('\\');
            out.push(c);
        } else if c.is_control() {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_runs_backwards_and_is_escaped() {
        let attribute =
            |oid: &[u8], text: &str| Attribute { oid: oid.to_vec(), tag: 0x0c, text: Some(text.to_owned()) };
        let name = Name {
            raw: vec![],
            rdns: vec![vec![attribute(ORGANIZATION, "system:masters")], vec![attribute(COMMON_NAME, "a,\u{1b}b")]],
        };
        assert_eq!(name.to_string(), "CN=a\\,\\u{1b}b,O=system:masters");
        assert_eq!(name.common_name(), "a,\u{1b}b");
        assert_eq!(name.organizations(), ["system:masters"]);
    }
}
