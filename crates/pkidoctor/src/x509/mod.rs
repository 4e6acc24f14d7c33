//! Certificates, keys and the PEM around them: plain values, parsed once.
//!
//! This room knows formats, not verdicts: what Go accepts is decided in [`crate::go`].

pub mod base64;
pub mod certificate;
pub mod der;
pub mod key;
pub mod name;
pub mod oid;
pub mod pem;
pub mod signature;
