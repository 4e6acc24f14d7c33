//! JSON whose strings are safe to print, too: what could deceive a terminal is written as `\u001b`.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use super::clean::is_unsafe;

/// Writes `value` on one line.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    // serde_json buries the kind of an I/O error, and a closed pipe must stay one
    value.serialize(&mut Serializer::with_formatter(&mut *out, Careful)).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

struct Careful;

impl Formatter for Careful {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        if fragment.bytes().all(|byte| byte < 0x7f) {
            return out.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some(at) = rest.find(is_unsafe) {
            let (safe, tail) = rest.split_at(at);
            out.write_all(safe.as_bytes())?;
            let mut characters = tail.chars();
            for unit in characters.next().unwrap_or_default().encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = characters.as_str();
        }
        out.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn strings_come_back_and_are_harmless_on_the_way() {
        let hostile = "a\u{1b}[2J\"\\\u{9b}\u{202e}\u{e0041}\u{7f}\n東京";
        let mut out = Vec::new();
        super::line(&mut out, &hostile).expect("a vector takes everything");
        let text = String::from_utf8(out).expect("UTF-8");
        assert!(!text.trim_end().contains(super::is_unsafe), "{text:?}");
        assert_eq!(serde_json::from_str::<String>(&text).expect("JSON"), hostile);
    }
}
