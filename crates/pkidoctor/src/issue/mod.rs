//! Making keys, certificates, authorities and requests as kubeadm makes them.
//!
//! Everything here is a value in memory: no file is read or written, and an instant is an argument. A key
//! that does not belong to its certificate, or an authority that may not sign, cannot be built.

mod authority;
mod certificate;
mod draft;
mod extensions;
mod key;
mod kind;
mod pem;
mod primes;
mod request;
mod rsa;
mod source;
mod subject;

pub use authority::{Authority, AuthorityError, AuthorityTemplate, MatchedPair, PairError, new_authority};
pub use certificate::{IssueError, Template, certificate_pem, issue};
pub use key::{KeyError, PrivateKey};
pub use kind::{KeyKind, UnknownKind};
pub use request::request;
pub use subject::Subject;

pub use crate::go::private_key::Format as Container;
