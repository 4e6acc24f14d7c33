//! Go's `%q`: `strconv.Quote`, which stands around names in its messages.

use std::fmt::Write as _;

/// Quotes `text` as Go would.
pub fn quote(text: &str) -> String {
    quote_bytes(text.as_bytes())
}

/// Quotes bytes that need not be UTF-8 as Go would.
pub fn quote_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| push(&mut out, c));
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out.push('"');
    out
}

fn push(out: &mut String, c: char) {
    match c {
        '"' | '\\' => out.extend(['\\', c]),
        '\x07' => out.push_str("\\a"),
        '\x08' => out.push_str("\\b"),
        '\x0c' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\x0b' => out.push_str("\\v"),
        ' ' => out.push(' '),
        _ if printable(c) => out.push(c),
        _ => {
            let code = u32::from(c);
            let _ = match code {
                0..0x20 | 0x7f => write!(out, "\\x{code:02x}"),
                0..=0xffff => write!(out, "\\u{code:04x}"),
                _ => write!(out, "\\U{code:08x}"),
            };
        }
    }
}

/// Close to `strconv.IsPrint`: no controls, separators, format characters or private use.
fn printable(c: char) -> bool {
    let code = u32::from(c);
    !(c.is_control()
        || c.is_whitespace()
        || code == 0xad
        || (0x200b..=0x200f).contains(&code)
        || (0x202a..=0x202e).contains(&code)
        || (0x2060..=0x206f).contains(&code)
        || (0xe000..=0xf8ff).contains(&code)
        || code == 0xfeff
        || (0xfff0..=0xfffb).contains(&code)
        || code & 0xfffe == 0xfffe
        || code >= 0xe0000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_like_go() {
        assert_eq!(quote("etcd-ca"), "\"etcd-ca\"");
        assert_eq!(quote("a\"b\\\n\u{1b}é\u{feff}"), "\"a\\\"b\\\\\\n\\x1bé\\ufeff\"");
        assert_eq!(quote_bytes(b"a\xffb"), "\"a\\xffb\"");
    }
}
