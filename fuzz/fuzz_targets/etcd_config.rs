//! Any bytes as etcd's configuration file, environment file or systemd unit.
#![no_main]

use pkidoctor::cluster::etcd_config;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for name in ["etcd.conf.yml", "etcd.env", "etcd.service"] {
        let _ = etcd_config::parse(data, name);
    }
});
