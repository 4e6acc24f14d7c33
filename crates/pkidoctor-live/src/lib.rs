//! Live evidence: what servers really show, demand and refuse.
//!
//! Gathers only; what the evidence means is judged by `pkidoctor`, which knows Go's rules. Nothing here aborts a
//! handshake before it has seen the server's chain, so that a client certificate, which is public, is shown to whoever
//! asks for it; but no request follows over a connection that the caller would not have trusted. Every observation is
//! bounded in time and in bytes, whatever the server does. No call changes anything.
#![forbid(unsafe_code)]

mod etcd;
mod http;
mod identity;
mod observe;
mod probe;
mod recorder;
mod sources;
mod targets;
mod watched;
mod watcher;

pub use identity::{Identity, IdentityError};
pub use observe::{Dial, Manner, Speaks, Versions, observe};
pub use probe::{Probed, Progress, Settings, probe};
pub use watcher::{Checked, Watcher};
