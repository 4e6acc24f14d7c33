//! PEM as openssl and Go write it; damage is done to the bytes afterwards.

use base64ct::{Base64, Encoding};
use std::fmt::Write as _;

/// One block, 64 characters a line.
pub fn encode(label: &str, der: &[u8]) -> String {
    encode_with_headers(label, &[], der)
}

/// One block with `key: value` headers between the label and the data.
pub fn encode_with_headers(label: &str, headers: &[(&str, &str)], der: &[u8]) -> String {
    let mut out = format!("-----BEGIN {label}-----\n");
    for (key, value) in headers {
        let _ = writeln!(out, "{key}: {value}");
    }
    if !headers.is_empty() {
        out.push('\n');
    }
    let body = Base64::encode_string(der);
    for line in body.as_bytes().chunks(64) {
        out.push_str(&String::from_utf8_lossy(line));
        out.push('\n');
    }
    let _ = writeln!(out, "-----END {label}-----");
    out
}

/// The contents of every block of `text`, for this crate's own well-formed files.
pub fn decode_all(text: &str) -> Vec<Vec<u8>> {
    let mut blocks = Vec::new();
    let mut body: Option<String> = None;
    for line in text.lines() {
        if line.starts_with("-----BEGIN") {
            body = Some(String::new());
        } else if line.starts_with("-----END") {
            let decoded = body.take().and_then(|body| Base64::decode_vec(&body).ok());
            blocks.extend(decoded);
        } else if let Some(body) = &mut body {
            body.push_str(line.trim());
        }
    }
    blocks
}
