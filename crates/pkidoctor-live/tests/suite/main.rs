//! Handshakes with servers of every kind, all of them in this process and on 127.0.0.0/8.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests read the shipped PKI and run servers")]

mod probe;
mod servers;
mod support;
