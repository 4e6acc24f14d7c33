//! Certificates in any combination as leaf, intermediates and roots: verification ends and never panics.
//!
//! Input: a byte for the Go version, a byte for the purpose, then chunks of a two-byte length and that many bytes.
#![no_main]

use std::sync::Arc;

use pkidoctor::go::load::Pool;
use pkidoctor::go::verify::{Purpose, SignatureCache, Verifier};
use pkidoctor::go::{GoVersion, parse};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [version, purpose, rest @ ..] = data else { return };
    let go = GoVersion::minor(u16::from(12 + version % 16));
    let mut certificates = Vec::new();
    let mut rest = rest;
    while let [high, low, tail @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(tail.len());
        let (chunk, tail) = tail.split_at(length);
        certificates.extend(parse::certificate(chunk, go).map(Arc::new));
        rest = tail;
        if certificates.len() == 8 {
            break;
        }
    }
    let Some((leaf, others)) = certificates.split_first() else { return };
    let signatures = SignatureCache::default();
    let verifier = Verifier { go, now: time::macros::datetime!(2026-11-23 04:00 UTC), signatures: &signatures };
    let purpose = [Purpose::Server, Purpose::Client, Purpose::Any][usize::from(purpose % 3)];
    let (roots, intermediates) = others.split_at(others.len() / 2);
    let examined = verifier.examine(leaf, &Pool::of(intermediates), Some(&Pool::of(roots)), Some("127.0.0.1"), purpose);
    for complaint in examined.complaints {
        let _ = complaint.to_string();
    }
});
