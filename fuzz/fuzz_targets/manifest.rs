//! Any bytes as a static-pod manifest.
#![no_main]

use pkidoctor::cluster::{manifest, url};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(pods) = manifest::parse(data) else { return };
    for pod in &pods {
        for container in &pod.containers {
            let _ = container.image_tag();
            let _ = container.flags.overridden();
            for flag in container.flags.iter() {
                let _ = pod.host_path(container, &flag.value);
                let _ = url::parse_list(&container.flags.list(&flag.name));
                let _ = url::parse_initial_cluster(&flag.value);
            }
        }
    }
});
