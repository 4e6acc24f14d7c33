//! Test patients: certificates, keys and whole control planes with chosen wounds.
//!
//! Nothing here knows how the doctor works. Certificates are written byte by byte so that any rule can be bent;
//! a [`cluster::Cluster`] is a kubeadm control plane still in memory; a wound changes exactly one thing about it.
//! Beside a written cluster stands `links.json`, the truth from which real Go judges every link.

#![allow(clippy::disallowed_methods, reason = "the rooms are the doctor's; a workshop writes files and runs programs")]

pub mod algorithm;
pub mod certificate;
pub mod chains;
pub mod cluster;
pub mod compare;
pub mod config;
pub mod der;
pub mod extension;
pub mod file;
pub mod key;
mod layout;
pub mod manifest;
pub mod name;
pub mod pem;
pub mod render;
pub mod rng;
pub mod role;
pub mod series;
pub mod truth;
pub mod verify;
pub mod wounds;

pub use cluster::Cluster;
