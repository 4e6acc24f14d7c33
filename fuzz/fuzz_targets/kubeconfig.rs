//! Any bytes as a kubeconfig, or as the kubelet's configuration.
#![no_main]

use pkidoctor::cluster::{kubeconfig, kubelet};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(parsed) = kubeconfig::parse(data) {
        let _ = parsed.current();
        let _ = parsed.bad_base64();
        let _ = parsed.duplicate_names();
    }
    let _ = kubelet::parse(data);
    let _ = kubelet::parse_environment(data);
});
