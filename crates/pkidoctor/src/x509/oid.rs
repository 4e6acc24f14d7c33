//! Object identifiers, as the contents of their DER encoding.
#![allow(missing_docs, reason = "the names are those of the standards")]

pub const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
pub const MD5_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4];
pub const SHA1_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5];
pub const ISO_SHA1_WITH_RSA: &[u8] = &[0x2b, 0x0e, 3, 2, 0x1d];
pub const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8];
pub const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
pub const SHA256_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
pub const SHA384_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12];
pub const SHA512_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13];
pub const DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1];
pub const DSA_WITH_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3];
pub const DSA_WITH_SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 2];
pub const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
pub const ECDSA_WITH_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1];
pub const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
pub const ECDSA_WITH_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];
pub const ECDSA_WITH_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4];
pub const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
pub const P224: &[u8] = &[0x2b, 0x81, 4, 0, 0x21];
pub const P384: &[u8] = &[0x2b, 0x81, 4, 0, 0x22];
pub const P521: &[u8] = &[0x2b, 0x81, 4, 0, 0x23];
pub const X25519: &[u8] = &[0x2b, 0x65, 0x6e];
pub const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
pub const ML_DSA_44: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 0x11];
pub const ML_DSA_65: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 0x12];
pub const ML_DSA_87: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 0x13];
pub const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
pub const SHA384: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2];
pub const SHA512: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3];

pub const EKU_ANY: &[u8] = &[0x55, 0x1d, 0x25, 0];
pub const EKU_SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
pub const EKU_CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];

pub const ANY_POLICY: &[u8] = &[0x55, 0x1d, 0x20, 0];
pub const AUTHORITY_INFO_ACCESS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];
/// The arc of the extensions that RFC 5280 defines: 2.5.29.
pub const CERTIFICATE_EXTENSIONS: &[u8] = &[0x55, 0x1d];

/// The usual short name of an extended key usage, else its dotted form.
pub fn usage_name(oid: &[u8]) -> String {
    let Some(last) = oid.strip_prefix(&[0x2b, 6, 1, 5, 5, 7, 3]) else {
        return if oid == EKU_ANY { "any".to_owned() } else { super::der::dotted(oid) };
    };
    match last {
        [1] => "serverAuth".to_owned(),
        [2] => "clientAuth".to_owned(),
        [3] => "codeSigning".to_owned(),
        [4] => "emailProtection".to_owned(),
        [8] => "timeStamping".to_owned(),
        [9] => "OCSPSigning".to_owned(),
        _ => super::der::dotted(oid),
    }
}
