//! Any bytes as DER: parsing, describing, host names.
#![no_main]

use pkidoctor::go::{GoVersion, hostname, parse};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for minor in [19, 22, 24, 27] {
        let go = GoVersion::minor(minor);
        let Ok(certificate) = parse::certificate(data, go) else { continue };
        let _ = pkidoctor::report::certificate_report(&certificate);
        let _ = certificate.serial_decimal();
        for host in ["127.0.0.1", "::1", "localhost", "a.b.example", ""] {
            let _ = hostname::verify(&certificate, host, go);
        }
    }
});
