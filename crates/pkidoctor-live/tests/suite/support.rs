//! The PKI of a real kubeadm node, and servers that use it.

use std::path::PathBuf;
use std::sync::Arc;

use pkidoctor_live::Identity;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

pub(crate) const BOTH: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];
pub(crate) const ONLY_12: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];

/// The tree of a real node.
pub(crate) fn node() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata/clusters/stacked-single")
}

pub(crate) fn pki(name: &str) -> Vec<u8> {
    let path = node().join("pki").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn identity(stem: &str) -> Identity {
    Identity::from_pem(&pki(&format!("{stem}.crt")), &pki(&format!("{stem}.key"))).unwrap()
}

/// A server with this pair that demands certificates of etcd's CA.
pub(crate) fn server_config(
    stem: &str,
    versions: &[&'static SupportedProtocolVersion],
    alpn: &[&[u8]],
) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&pki("etcd/ca.crt")).unwrap()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let chain = vec![CertificateDer::from_pem_slice(&pki(&format!("{stem}.crt"))).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(&pki(&format!("{stem}.key"))).unwrap();
    let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
    let mut config = builder.with_client_cert_verifier(verifier).with_single_cert(chain, key).unwrap();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    Arc::new(config)
}
