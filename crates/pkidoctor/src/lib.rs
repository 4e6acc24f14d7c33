//! pkidoctor: the doctor for etcd and Kubernetes control-plane PKI.
#![forbid(unsafe_code)]

pub mod cluster;
pub mod go;
pub mod links;
pub mod read;
pub mod x509;
