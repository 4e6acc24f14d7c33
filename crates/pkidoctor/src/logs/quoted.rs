//! Strings as JSON and Go quote them, also where the end is cut off.

use super::clean;

/// A quoted string, read.
pub(super) struct Quoted {
    /// What it says, cleaned.
    pub(super) text: String,
    /// Where it ends in what was read, behind the closing quote.
    pub(super) end: usize,
    /// Whether there is a closing quote.
    pub(super) closed: bool,
}

/// Reads behind an opening quote. JSON's escapes and Go's (`%q`) are understood alike.
pub(super) fn read(text: &str) -> Quoted {
    let mut out = String::new();
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &text.as_bytes()[at..]) {
        clean::push_str(&mut out, &text[at..at + found]);
        at += found + 1;
        if text.as_bytes()[at - 1] == b'"' {
            return Quoted { text: out, end: at, closed: true };
        }
        let mut chars = text[at..].char_indices();
        let Some(c) = escaped(&mut chars) else { return Quoted { text: out, end: text.len(), closed: false } };
        clean::push(&mut out, c);
        at = text.len() - chars.as_str().len();
    }
    clean::push_str(&mut out, &text[at..]);
    Quoted { text: out, end: text.len(), closed: false }
}

/// What stands behind a backslash.
fn escaped(chars: &mut std::str::CharIndices<'_>) -> Option<char> {
    Some(match chars.next()?.1 {
        'n' | 'r' | 't' => ' ',
        'a' | 'b' | 'f' | 'v' => '\u{fffd}',
        'x' => code(chars, 2)?,
        'U' => code(chars, 8)?,
        'u' => match code_point(chars, 4)? {
            // JSON writes what lies beyond 16 bits as two halves
            high @ 0xd800..0xdc00 => low_half(chars, high),
            point => char::from_u32(point).unwrap_or('\u{fffd}'),
        },
        c => c,
    })
}

fn low_half(chars: &mut std::str::CharIndices<'_>, high: u32) -> char {
    let mut ahead = chars.clone();
    let escape = (ahead.next().map(|(_, c)| c), ahead.next().map(|(_, c)| c));
    match (escape, code_point(&mut ahead, 4)) {
        ((Some('\\'), Some('u')), Some(low @ 0xdc00..0xe000)) => {
            *chars = ahead;
            char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)).unwrap_or('\u{fffd}')
        }
        _ => '\u{fffd}',
    }
}

fn code(chars: &mut std::str::CharIndices<'_>, digits: usize) -> Option<char> {
    code_point(chars, digits).map(|point| char::from_u32(point).unwrap_or('\u{fffd}'))
}

/// `None` where the text ends; something else than a digit counts as 0.
fn code_point(chars: &mut std::str::CharIndices<'_>, digits: usize) -> Option<u32> {
    let mut point: u32 = 0;
    for _ in 0..digits {
        let digit = chars.next()?.1.to_digit(16).unwrap_or(0);
        point = point.wrapping_mul(16).wrapping_add(digit);
    }
    Some(point)
}

/// The text with quotes that are escaped once, twice or more made plain, and cleaned.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        clean::push_str(&mut out, &rest[..at]);
        let behind = rest[at..].trim_start_matches('\\');
        if !behind.starts_with('"') {
            out.push_str(&rest[at..rest.len() - behind.len()]);
        }
        rest = behind;
    }
    clean::push_str(&mut out, rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_json_and_go() {
        let read = |text: &str| read(text).text;
        assert_eq!(read(r#"a \"b\" \\ \u0041\x42\ud83d\ude00 \n\u001b" rest"#), "a \"b\" \\ AB\u{1f600}  \u{fffd}");
        assert_eq!(read(r"\ud83d alone"), "\u{fffd} alone");
        assert_eq!(read(r"cut\u00"), "cut");
        assert_eq!(read("cut\\"), "cut");
    }

    #[test]
    fn quotes_become_plain() {
        assert_eq!(plain(r#"desc = \"x \\\"y\\\"\" C:\dir"#), r#"desc = "x "y"" C:\dir"#);
        assert_eq!(plain("a\u{1b}[31m\u{202e}b\\"), "a\u{fffd}[31m\u{fffd}b\\");
    }
}
