//! pkidoctor: the doctor for etcd and Kubernetes control-plane PKI.
#![forbid(unsafe_code)]

pub mod go;
pub mod x509;
