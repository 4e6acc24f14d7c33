//! Any bytes as PEM, in both of Go's ways, and as a CA file or pair.
#![no_main]

use pkidoctor::go::GoVersion;
use pkidoctor::go::load::{self, Loader, Material};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for minor in [19, 27] {
        let material = Material::read(data, GoVersion::minor(minor));
        assert!(material.pem.blocks.len() <= pkidoctor::x509::pem::MAX_BLOCKS);
        for loader in [Loader::Etcd, Loader::Apiserver, Loader::Kubeconfig] {
            let _ = load::pool(&material, loader);
        }
        let _ = load::key_pair(&material, &material);
        let _ = pkidoctor::report::certificate_reports(&material);
    }
});
