//! Writes down when this program is built: no clock may be behind that.

#![allow(clippy::disallowed_methods, reason = "a build asks its environment and the clock")]

use std::time::{SystemTime, UNIX_EPOCH};

fn main() {
    println!("cargo:rerun-if-env-changed=SOURCE_DATE_EPOCH");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=Cargo.toml");
    // reproducible builds say when they were; see https://reproducible-builds.org/specs/source-date-epoch/
    let told = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|seconds| seconds.parse::<u64>().ok());
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    println!("cargo:rustc-env=PKIDOCTOR_BUILT={}", told.unwrap_or_else(now));
}
