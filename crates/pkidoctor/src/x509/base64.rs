//! Base64 exactly as Go's `encoding/base64` `StdEncoding` reads it.
//!
//! The general-purpose crates are stricter (they refuse line breaks or non-zero trailing bits) and
//! do not say at which input byte Go would stop, which kubectl prints to the user.

use zeroize::Zeroizing;

/// Decodes `input` as Go's `StdEncoding.Decode` does: CR and LF are skipped, padding is required,
/// trailing bits are not checked.
///
/// # Errors
/// The offset in `input` that Go names in `illegal base64 data at input byte N`
/// (`encoding/base64`, `CorruptInputError`).
pub fn decode(input: &[u8]) -> Result<Zeroizing<Vec<u8>>, usize> {
    let mut out = Zeroizing::new(Vec::with_capacity(input.len() / 4 * 3 + 3));
    let mut at = 0;
    loop {
        // four digits in a row, as nearly everywhere
        while let Some(&[a, b, c, d]) = input.get(at..).and_then(<[u8]>::first_chunk) {
            let (a, b, c, d) = (digit(a), digit(b), digit(c), digit(d));
            if (a | b | c | d) & NO_DIGIT != 0 {
                break;
            }
            out.extend_from_slice(&[a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]);
            at += 4;
        }
        let mut quantum = [0u8; 4];
        let mut filled = 0;
        let mut ended = false;
        while filled < 4 {
            let Some(&byte) = input.get(at) else {
                if filled == 0 {
                    return Ok(out);
                }
                return Err(at - filled);
            };
            at += 1;
            if let Some(value) = sextet(byte) {
                quantum[filled] = value;
                filled += 1;
                continue;
            }
            if byte == b'\n' || byte == b'\r' {
                continue;
            }
            if byte != b'=' {
                return Err(at - 1);
            }
            at = padding(input, at, filled)?;
            ended = true;
            break;
        }
        let word = u32::from(quantum[0]) << 18
            | u32::from(quantum[1]) << 12
            | u32::from(quantum[2]) << 6
            | u32::from(quantum[3]);
        let [_, a, b, c] = word.to_be_bytes();
        out.extend_from_slice(&[a, b, c][..filled.saturating_sub(1)]);
        if ended {
            return Ok(out);
        }
    }
}

/// Reads what may follow the first `=`, met after `filled` characters of a quantum.
fn padding(input: &[u8], mut at: usize, filled: usize) -> Result<usize, usize> {
    if filled < 2 {
        return Err(at - 1);
    }
    let skip_newlines = |mut at: usize| {
        while matches!(input.get(at), Some(b'\n' | b'\r')) {
            at += 1;
        }
        at
    };
    if filled == 2 {
        at = skip_newlines(at);
        match input.get(at) {
            None => return Err(input.len()),
            Some(b'=') => at += 1,
            Some(_) => return Err(at - 1),
        }
    }
    at = skip_newlines(at);
    if at < input.len() { Err(at) } else { Ok(at) }
}

/// Marks in [`DIGITS`] what is no digit.
const NO_DIGIT: u8 = 0x80;

const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut byte = 0_u8;
    loop {
        if let Some(value) = sextet(byte) {
            digits[byte as usize] = value;
        }
        if byte == u8::MAX {
            break digits;
        }
        byte += 1;
    }
};

const fn digit(byte: u8) -> u8 {
    DIGITS[byte as usize]
}

const fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    fn ok(input: &str) -> Vec<u8> {
        decode(input.as_bytes()).expect("decodes").to_vec()
    }

    #[test]
    fn reads_what_go_reads() {
        assert_eq!(ok(""), b"");
        assert_eq!(ok("aGk="), b"hi");
        assert_eq!(ok("a\nG\r\nk=\n"), b"hi");
        assert_eq!(ok("aGVsbG8h"), b"hello!");
        assert_eq!(ok("aA=="), b"h");
        // non-zero trailing bits pass in Go's default mode
        assert_eq!(ok("aGl="), b"hi");
    }

    #[test]
    fn stops_at_the_byte_go_names() {
        assert_eq!(decode(b"-----BEGIN").err(), Some(0));
        assert_eq!(decode(b"aGk").err(), Some(0));
        assert_eq!(decode(b"aGk=x").err(), Some(4));
        assert_eq!(decode(b"aA=").err(), Some(3));
        assert_eq!(decode(b"aA=b").err(), Some(2));
        assert_eq!(decode(b"a===").err(), Some(1));
    }
}
