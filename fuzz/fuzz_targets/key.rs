//! Any bytes as a private key.
#![no_main]

use pkidoctor::go::{GoVersion, private_key};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for minor in [19, 27] {
        let _ = private_key::public_half(data, GoVersion::minor(minor));
    }
});
