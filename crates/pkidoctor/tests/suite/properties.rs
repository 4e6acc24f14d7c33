//! What holds for every input, not only for examples.

use pkidoctor::x509::base64;
use pkidoctor::x509::pem::{self, Search};
use proptest::prelude::*;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// RFC 4648, section 4, written a second time and as plainly as can be.
fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = (0..3).fold(0_u32, |word, at| word << 8 | u32::from(chunk.get(at).copied().unwrap_or(0)));
        for digit in 0..4 {
            let value = word >> (18 - 6 * digit) & 63;
            text.push(if digit > chunk.len() { '=' } else { char::from(DIGITS[value as usize]) });
        }
    }
    text
}

/// `text` with a line end after every so many characters.
fn wrapped(text: &str, width: usize, line_end: &str) -> String {
    let lines = text.as_bytes().chunks(width).map(|line| String::from_utf8_lossy(line).into_owned());
    lines.map(|line| line + line_end).collect()
}

fn block(label: &str, bytes: &[u8], width: usize, line_end: &str) -> String {
    let body = wrapped(&encode(bytes), width, line_end);
    format!("-----BEGIN {label}-----{line_end}{body}-----END {label}-----{line_end}")
}

proptest! {
    #[test]
    fn base64_gives_back_what_went_in(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        width in 1_usize..90,
        crlf: bool,
    ) {
        let text = wrapped(&encode(&bytes), width, if crlf { "\r\n" } else { "\n" });
        let decoded = base64::decode(text.as_bytes()).map(|bytes| bytes.to_vec());
        prop_assert_eq!(decoded, Ok(bytes));
    }

    /// A byte that is no digit stops the reader at itself, whichever way it was going.
    #[test]
    fn base64_names_the_byte_it_stops_at(
        bytes in prop::collection::vec(any::<u8>(), 30..90),
        at in 0_usize..40,
        odd in prop::sample::select(b" -:\t\0\xff".to_vec()),
    ) {
        let mut text = encode(&bytes).into_bytes();
        text[at] = odd;
        // but for '=' and line ends, Go stops at the first byte that is no digit
        prop_assume!(!text[..at].contains(&b'='));
        prop_assert_eq!(base64::decode(&text).err(), Some(at));
    }

    /// Both of Go's algorithms find every block of a clean file, whatever stands between the blocks.
    #[test]
    fn pem_finds_every_block(
        blocks in prop::collection::vec(
            (prop::sample::select(vec!["CERTIFICATE", "RSA PRIVATE KEY", "EC PARAMETERS", "X"]),
             prop::collection::vec(any::<u8>(), 1..200), "[a-z ,.=]{0,40}"), 1..6),
        width in 10_usize..80,
        crlf: bool,
    ) {
        let line_end = if crlf { "\r\n" } else { "\n" };
        let mut pieces = Vec::new();
        for (label, bytes, between) in &blocks {
            pieces.extend([between.clone(), line_end.to_owned(), block(label, bytes, width, line_end)]);
        }
        let text = pieces.concat();
        for search in [Search::Forward, Search::Backward] {
            let read = pem::read(text.as_bytes(), search);
            let found: Vec<_> = read.blocks.iter().map(|block| (block.label.as_str(), block.bytes.as_slice())).collect();
            let wanted: Vec<_> = blocks.iter().map(|(label, bytes, _)| (*label, bytes.as_slice())).collect();
            prop_assert_eq!(found, wanted);
            prop_assert!(read.skipped.is_empty());
        }
    }

    /// Whatever the bytes, every block lies where its line says, and nothing is told twice.
    #[test]
    fn pem_reads_anything(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "-----BEGIN ", "-----END ", "-----", "CERTIFICATE", "\n", "\r\n", "AAAA", "=", ":", " ", "\u{feff}", "é",
        ]), 0..60),
    ) {
        let text = pieces.concat();
        for search in [Search::Forward, Search::Backward] {
            let read = pem::read(text.as_bytes(), search);
            for block in &read.blocks {
                let line = text.split('\n').nth(block.line - 1).unwrap_or_default();
                prop_assert!(line.contains("-----BEGIN "), "line {} of {text:?}", block.line);
            }
            prop_assert!(read.blocks.windows(2).all(|pair| pair[0].line <= pair[1].line));
        }
    }
}
