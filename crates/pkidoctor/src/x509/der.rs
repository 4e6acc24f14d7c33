//! A DER reader of the shape of Go's `golang.org/x/crypto/cryptobyte`, which `crypto/x509` parses with.
//!
//! Which encodings Go refuses depends on this reader's rules (one-byte tags, minimal lengths of at
//! most four bytes, minimal integers, object identifiers below 2^31, strict booleans), so no general
//! ASN.1 library can stand in for it: each accepts or refuses something else.

use time::{Date, Month, OffsetDateTime, Time, UtcOffset};

/// ASN.1 tags as they stand in the first byte of an element.
pub mod tag {
    #![allow(missing_docs, reason = "the names are X.680's")]
    pub const BOOLEAN: u8 = 0x01;
    pub const INTEGER: u8 = 0x02;
    pub const BIT_STRING: u8 = 0x03;
    pub const OCTET_STRING: u8 = 0x04;
    pub const NULL: u8 = 0x05;
    pub const OID: u8 = 0x06;
    pub const UTF8_STRING: u8 = 0x0c;
    pub const NUMERIC_STRING: u8 = 0x12;
    pub const PRINTABLE_STRING: u8 = 0x13;
    pub const T61_STRING: u8 = 0x14;
    pub const IA5_STRING: u8 = 0x16;
    pub const UTC_TIME: u8 = 0x17;
    pub const GENERALIZED_TIME: u8 = 0x18;
    pub const BMP_STRING: u8 = 0x1e;
    pub const SEQUENCE: u8 = 0x30;
    pub const SET: u8 = 0x31;

    /// `[n]`, primitive.
    pub const fn context(n: u8) -> u8 {
        0x80 | n
    }

    /// `[n]`, constructed.
    pub const fn context_constructed(n: u8) -> u8 {
        0xa0 | n
    }
}

/// Bytes still to be read (`cryptobyte.String`).
#[derive(Clone, Copy)]
pub struct Der<'a>(&'a [u8]);

/// One element: its tag, its contents, and both together with the header.
pub struct Element<'a> {
    /// The first byte.
    pub tag: u8,
    /// Without the header.
    pub contents: &'a [u8],
    /// With the header.
    pub whole: &'a [u8],
}

impl<'a> Der<'a> {
    /// A reader at the start of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// What has not been read yet.
    pub const fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// Whether nothing is left.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the next element starts with `tag`.
    pub fn peek(&self, tag: u8) -> bool {
        self.0.first() == Some(&tag)
    }

    /// The next element whatever its tag (`ReadAnyASN1Element`).
    pub fn any(&mut self) -> Option<Element<'a>> {
        let (&tag, &length) = (self.0.first()?, self.0.get(1)?);
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (header, length) = if length & 0x80 == 0 {
            (2, usize::from(length))
        } else {
            let count = usize::from(length & 0x7f);
            if count == 0 || count > 4 {
                return None;
            }
            let value = self.0.get(2..2 + count)?.iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte));
            if value < 128 || value >> ((count - 1) * 8) == 0 {
                return None;
            }
            (2 + count, usize::try_from(value).ok()?)
        };
        let whole = self.0.get(..header.checked_add(length)?)?;
        self.0 = &self.0[whole.len()..];
        Some(Element { tag, contents: &whole[header..], whole })
    }

    /// The contents of the next element if it has this tag (`ReadASN1`).
    pub fn read(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.element(tag).map(|element| element.contents)
    }

    /// The next element if it has this tag (`ReadASN1Element`).
    pub fn element(&mut self, tag: u8) -> Option<Element<'a>> {
        let mut ahead = *self;
        let element = ahead.any().filter(|element| element.tag == tag)?;
        *self = ahead;
        Some(element)
    }

    /// An element that may be absent: `Some(None)` when the next tag is another (`ReadOptionalASN1`).
    pub fn optional(&mut self, tag: u8) -> Option<Option<&'a [u8]>> {
        if self.peek(tag) { self.read(tag).map(Some) } else { Some(None) }
    }

    /// A sequence's contents as a reader.
    pub fn sequence(&mut self) -> Option<Self> {
        self.read(tag::SEQUENCE).map(Self)
    }

    /// A minimal two's complement integer of any size (`readASN1BigInt`).
    pub fn integer(&mut self) -> Option<&'a [u8]> {
        let mut ahead = *self;
        let bytes = ahead.read(tag::INTEGER).filter(|bytes| minimal_integer(bytes))?;
        *self = ahead;
        Some(bytes)
    }

    /// An integer that fits 64 bits (`readASN1Int64`).
    pub fn int64(&mut self) -> Option<i64> {
        signed(self.integer()?)
    }

    /// An integer with another tag that fits 64 bits (`ReadASN1Int64WithTag`).
    pub fn int64_with_tag(&mut self, tag: u8) -> Option<i64> {
        signed(self.read(tag).filter(|bytes| minimal_integer(bytes))?)
    }

    /// `ReadASN1Boolean`: one byte, 0x00 or 0xff.
    pub fn boolean(&mut self) -> Option<bool> {
        match self.read(tag::BOOLEAN)? {
            [0] => Some(false),
            [0xff] => Some(true),
            _ => None,
        }
    }

    /// An object identifier's contents, with every arc below 2^31 (`ReadASN1ObjectIdentifier`).
    pub fn oid(&mut self, strict: bool) -> Option<&'a [u8]> {
        self.read(tag::OID).filter(|bytes| valid_oid(bytes, strict))
    }

    /// A bit string: its bytes and the number of unused bits (`ReadASN1BitString`).
    pub fn bit_string(&mut self) -> Option<(&'a [u8], u8)> {
        let (&unused, bytes) = self.read(tag::BIT_STRING)?.split_first()?;
        let clean = match bytes.last() {
            None => unused == 0,
            Some(last) => unused <= 7 && last & ((1 << unused) - 1) == 0,
        };
        clean.then_some((bytes, unused))
    }

    /// `ReadASN1UTCTime`, including its fall-back to minute precision.
    pub fn utc_time(&mut self) -> Option<OffsetDateTime> {
        let text = self.read(tag::UTC_TIME)?;
        let (years, rest) = text.split_at_checked(2)?;
        let two_digits = number(years)?;
        // Go's two-digit years pivot at 69, then anything from 2050 on is moved back a century
        let year = if two_digits >= 50 { 1900 + two_digits } else { 2000 + two_digits };
        moment(year, rest, true)
    }

    /// `ReadASN1GeneralizedTime`: four-digit year, seconds, no fraction.
    pub fn generalized_time(&mut self) -> Option<OffsetDateTime> {
        let text = self.read(tag::GENERALIZED_TIME)?;
        let (years, rest) = text.split_at_checked(4)?;
        moment(number(years)?, rest, false)
    }
}

fn minimal_integer(bytes: &[u8]) -> bool {
    match bytes {
        [] => false,
        [_] => true,
        [first, second, ..] => !(*first == 0 && second & 0x80 == 0 || *first == 0xff && second & 0x80 == 0x80),
    }
}

fn signed(bytes: &[u8]) -> Option<i64> {
    if bytes.len() > 8 {
        return None;
    }
    let negative = bytes.first()? & 0x80 != 0;
    let mut wide = [if negative { 0xff } else { 0 }; 8];
    wide[8 - bytes.len()..].copy_from_slice(bytes);
    Some(i64::from_be_bytes(wide))
}

/// The arcs of an object identifier; `None` for an encoding that Go refuses.
fn arcs(bytes: &[u8], strict: bool) -> Option<Vec<u32>> {
    if bytes.is_empty() {
        return None;
    }
    let mut arcs = Vec::with_capacity(bytes.len() + 1);
    let mut value: u32 = 0;
    let mut length = 0;
    for byte in bytes {
        // strict: golang.org/x/crypto of Go 1.20 and later refuses a leading 0x80
        if length == 5 || value >= 1 << (31 - 7) || strict && length == 0 && *byte == 0x80 {
            return None;
        }
        value = value << 7 | u32::from(byte & 0x7f);
        length += 1;
        if byte & 0x80 == 0 {
            if arcs.is_empty() {
                let (first, second) = if value < 80 { (value / 40, value % 40) } else { (2, value - 80) };
                arcs.extend([first, second]);
            } else {
                arcs.push(value);
            }
            (value, length) = (0, 0);
        }
    }
    (length == 0).then_some(arcs)
}

fn valid_oid(bytes: &[u8], strict: bool) -> bool {
    arcs(bytes, strict).is_some()
}

/// Dotted form of an object identifier's contents, for people.
pub fn dotted(oid: &[u8]) -> String {
    arcs(oid, false).map_or_else(
        || "malformed OID".to_owned(),
        |arcs| arcs.iter().map(u32::to_string).collect::<Vec<_>>().join("."),
    )
}

fn number(digits: &[u8]) -> Option<i32> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// `MMDDhhmmss` (or without seconds where allowed) and the zone, which must be the form Go would print.
fn moment(year: i32, rest: &[u8], minutes_allowed: bool) -> Option<OffsetDateTime> {
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (fields, zone) = rest.split_at(digits);
    if !(digits == 10 || minutes_allowed && digits == 8) {
        return None;
    }
    let field = |at: usize| fields.get(at..at + 2).and_then(number).and_then(|value| u8::try_from(value).ok());
    let month = Month::try_from(field(0)?).ok()?;
    let date = Date::from_calendar_date(year, month, field(2)?).ok()?;
    let second = if digits == 10 { field(8)? } else { 0 };
    let time = Time::from_hms(field(4)?, field(6)?, second).ok()?;
    Some(OffsetDateTime::new_in_offset(date, time, offset(zone)?))
}

fn offset(zone: &[u8]) -> Option<UtcOffset> {
    match zone {
        b"Z" => Some(UtcOffset::UTC),
        [sign @ (b'+' | b'-'), digits @ ..] if digits.len() == 4 => {
            let hours = i8::try_from(number(&digits[..2])?).ok()?;
            let minutes = i8::try_from(number(&digits[2..])?).ok()?;
            // a zero offset is printed as Z, so Go's comparison with the re-formatted text fails
            if hours > 24 || minutes > 59 || (hours, minutes) == (0, 0) {
                return None;
            }
            let sign = if *sign == b'-' { -1 } else { 1 };
            UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn read_utc(text: &str) -> Option<OffsetDateTime> {
        let mut bytes = vec![tag::UTC_TIME, u8::try_from(text.len()).expect("short")];
        bytes.extend_from_slice(text.as_bytes());
        Der::new(&bytes).utc_time()
    }

    #[test]
    fn lengths_must_be_minimal() {
        assert!(Der::new(&[0x30, 0x00]).any().is_some());
        assert!(Der::new(&[0x30, 0x81, 0x01, 0x00]).any().is_none());
        assert!(Der::new(&[0x30, 0x80, 0x00, 0x00]).any().is_none());
        assert!(Der::new(&[0x30, 0x85, 1, 1, 1, 1, 1]).any().is_none());
        assert!(Der::new(&[0x3f, 0x21, 0x00]).any().is_none());
        assert!(Der::new(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).any().is_none());
    }

    #[test]
    fn integers_must_be_minimal() {
        assert_eq!(Der::new(&[2, 1, 0x80]).int64(), Some(-128));
        assert_eq!(Der::new(&[2, 2, 0, 0x80]).int64(), Some(128));
        assert_eq!(Der::new(&[2, 2, 0, 0x7f]).int64(), None);
        assert_eq!(Der::new(&[2, 0]).int64(), None);
        assert_eq!(Der::new(&[2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0]).int64(), None);
    }

    #[test]
    fn times_follow_go() {
        assert_eq!(read_utc("261123024913Z"), Some(datetime!(2026-11-23 02:49:13 UTC)));
        assert_eq!(read_utc("500101000000Z"), Some(datetime!(1950-01-01 00:00 UTC)));
        assert_eq!(read_utc("491231235959Z"), Some(datetime!(2049-12-31 23:59:59 UTC)));
        assert_eq!(read_utc("2611230249Z"), Some(datetime!(2026-11-23 02:49 UTC)));
        assert_eq!(read_utc("261123024913+0100"), Some(datetime!(2026-11-23 02:49:13 +1)));
        assert_eq!(read_utc("261123024913+0000"), None);
        assert_eq!(read_utc("260230000000Z"), None);
        assert_eq!(read_utc("261123024960Z"), None);
        assert_eq!(read_utc("261123024913.5Z"), None);
        assert_eq!(read_utc("26112302"), None);
    }

    #[test]
    fn object_identifiers() {
        assert_eq!(dotted(&[0x2b, 0x65, 0x70]), "1.3.101.112");
        assert_eq!(dotted(&[0x88, 0x37]), "2.999");
        assert!(Der::new(&[6, 2, 0x2b, 0x80]).oid(false).is_none());
        assert!(Der::new(&[6, 3, 0x2b, 0x80, 0x01]).oid(false).is_some());
        assert!(Der::new(&[6, 3, 0x2b, 0x80, 0x01]).oid(true).is_none());
    }
}
