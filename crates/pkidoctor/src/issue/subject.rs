//! Subjects as Go writes them.

use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::der;
use x509_cert::der::asn1::{Any, ObjectIdentifier, PrintableStringRef, SetOfVec, Utf8StringRef};
use x509_cert::name::{RdnSequence, RelativeDistinguishedName};

use crate::x509::name::Name;

/// What kubeadm puts into a subject.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Subject {
    /// The common name: for a client its user name. Empty: none is written.
    pub common_name: String,
    /// The organizations: for a client its groups.
    pub organizations: Vec<String>,
}

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");

impl Subject {
    /// The common name and the organizations of a certificate's subject; anything else in it is left out, as
    /// `kubeadm certs renew` leaves it out (`certToConfig`).
    pub fn of(name: &Name) -> Self {
        let organizations = name.organizations().into_iter().map(ToOwned::to_owned).collect();
        Self { common_name: name.common_name().to_owned(), organizations }
    }

    /// `pkix.Name.ToRDNSequence`: all organizations in one set, then the common name.
    pub(super) fn name(&self) -> der::Result<RdnSequence> {
        let mut sets = Vec::new();
        if !self.organizations.is_empty() {
            sets.push(set(ORGANIZATION, self.organizations.iter())?);
        }
        if !self.common_name.is_empty() {
            sets.push(set(COMMON_NAME, [&self.common_name])?);
        }
        Ok(RdnSequence(sets))
    }
}

fn set<'a>(
    oid: ObjectIdentifier,
    texts: impl IntoIterator<Item = &'a String>,
) -> der::Result<RelativeDistinguishedName> {
    let attribute = |text: &String| Ok(AttributeTypeAndValue { oid, value: value(text)? });
    let attributes = texts.into_iter().map(attribute).collect::<der::Result<Vec<_>>>()?;
    Ok(RelativeDistinguishedName(SetOfVec::try_from(attributes)?))
}

/// A PrintableString where Go's `encoding/asn1` takes one (no `*`, `&`, `@` or `_`), else a UTF8String.
fn value(text: &str) -> der::Result<Any> {
    if is_printable(text) {
        PrintableStringRef::new(text).map(Any::from)
    } else {
        Utf8StringRef::new(text).map(Any::from)
    }
}

/// `isPrintable` with asterisk and ampersand refused.
pub(super) fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte))
}
