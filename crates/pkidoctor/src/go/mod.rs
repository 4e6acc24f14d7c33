//! What Go's `crypto/x509` and `crypto/tls` would say: the heart of the doctor.
//!
//! etcd and Kubernetes are Go programs, and other verifiers disagree with Go in exactly the hard cases
//! (an expired CA, a re-encoded name, a root's key usage). So the rules are Go's own, in Go's order, with
//! Go's words, for the Go version asked for. `scripts/differential` holds them against real Go.

pub mod constraints;
pub mod crl;
pub mod handshake;
pub mod hostname;
pub mod load;
pub mod parse;
pub mod policy;
pub mod private_key;
pub mod quote;
mod uri;
pub mod verify;
pub mod version;

pub use version::GoVersion;
