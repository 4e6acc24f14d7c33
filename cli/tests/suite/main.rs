//! The binary as its users meet it.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs, reason = "tests")]

mod diagnose;
mod documents;
mod exits;
mod fleet;
mod formats;
mod hostile;
#[cfg(feature = "live")]
mod live;
mod outputs;
mod readme;
mod repair;
mod schema;
mod secrets;
mod snapshots;
mod support;
mod typed;
#[cfg(feature = "live")]
mod watch;
