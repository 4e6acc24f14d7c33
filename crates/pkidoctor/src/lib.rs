//! pkidoctor: the doctor for etcd and Kubernetes control-plane PKI.
//!
//! It sees a PKI as links (who proves what to whom), says on each link what Go, the language of etcd and
//! Kubernetes, would say, and why. Synchronous, no network, no clock, no global state.
#![forbid(unsafe_code)]

pub mod act;
mod causes;
pub mod check;
pub mod checks;
pub mod cluster;
pub mod exam;
pub mod go;
pub mod issue;
pub mod lang;
pub mod links;
pub mod live;
pub mod logs;
pub mod modes;
pub mod plan;
pub mod profile;
pub mod read;
pub mod repair;
pub mod report;
mod shell;
pub mod x509;

/// The README's example.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
