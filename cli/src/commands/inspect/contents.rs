//! What a file holds, as values that are told or printed as JSON. Of a private key only the public half.

use std::path::Path;
use std::sync::Arc;

use pkidoctor::go::load::{self, Item, Material};
use pkidoctor::go::private_key::{self, KeyFault, KeyFaultKind};
use pkidoctor::go::{GoVersion, parse};
use pkidoctor::read;
use pkidoctor::report::{CertificateReport, certificate_report};
use pkidoctor::x509::certificate::{Certificate, hex_lower};
use pkidoctor::x509::der::dotted;
use pkidoctor::x509::key::PublicKey;
use pkidoctor::x509::pem::{self, Shape};
use serde::Serialize;

use super::digest::public_key_sha256;
use super::kubeconfig::{self, KubeconfigContents};
use super::requests::{self, Seen};

/// One file.
#[derive(Serialize)]
pub(super) struct FileContents {
    pub(super) path: String,
    /// `pem`, `der`, `kubeconfig`, or why it is none of them; `null` when it could not be read.
    pub(super) kind: Option<&'static str>,
    /// Why it could not be read.
    pub(super) error: Option<String>,
    pub(super) blocks: Vec<Block>,
    /// What looks like a block and is none for Go.
    pub(super) skipped: Vec<Skipped>,
    /// Whether the first key belongs to the first certificate, where there are both; else Go's words.
    pub(super) pair: Option<String>,
    pub(super) kubeconfig: Option<KubeconfigContents>,
}

/// Something between BEGIN and END that Go passes over.
#[derive(Serialize)]
pub(super) struct Skipped {
    pub(super) line: usize,
    pub(super) reason: &'static str,
}

/// One PEM block, or a whole DER file.
#[derive(Serialize)]
pub(super) struct Block {
    /// Line of BEGIN, `null` for DER.
    pub(super) line: Option<usize>,
    pub(super) label: Option<String>,
    /// `certificate`, `private-key`, `public-key`, `certificate-request`, `crl`, `other`.
    pub(super) kind: &'static str,
    pub(super) bytes: usize,
    /// Header lines stand before the body; some loaders skip such blocks.
    pub(super) headers: bool,
    /// Go's words when it refuses what is in it.
    pub(super) error: Option<String>,
    pub(super) certificate: Option<CertificateContents>,
    pub(super) key: Option<KeyContents>,
    /// What a more patient reader sees.
    pub(super) seen: Option<Seen>,
}

/// A certificate, with what a report leaves out.
#[derive(Serialize)]
pub(super) struct CertificateContents {
    #[serde(flatten)]
    pub(super) known: CertificateReport,
    pub(super) serial_decimal: String,
    pub(super) version: i64,
    /// `null` when not limited.
    pub(super) max_path_len: Option<i64>,
    pub(super) key_usage: Vec<&'static str>,
    pub(super) email: Vec<String>,
    pub(super) uri: Vec<String>,
    pub(super) subject_key_id: String,
    pub(super) authority_key_id: String,
    pub(super) self_issued: bool,
    /// Critical extensions that Go does not know and therefore refuses.
    pub(super) unknown_critical: Vec<String>,
}

/// The public half of a key.
#[derive(Serialize)]
pub(super) struct KeyContents {
    /// `rsa2048`, `p256`, or `null` when it cannot be told.
    pub(super) kind: Option<String>,
    pub(super) public_key_sha256: Option<String>,
    pub(super) encrypted: bool,
    /// Whether its numbers fit each other; `null` when it cannot be told.
    pub(super) consistent: Option<bool>,
}

impl FileContents {
    /// Reads one file of this machine.
    pub(super) fn of(path: &Path, go: GoVersion) -> Self {
        let path_shown = path.display().to_string();
        match read::file(path) {
            Ok(bytes) => Self::of_bytes(path_shown, &bytes, go),
            Err(error) => Self { error: Some(error.to_string()), ..Self::empty(path_shown, None) },
        }
    }

    const fn empty(path: String, kind: Option<&'static str>) -> Self {
        Self { path, kind, error: None, blocks: Vec::new(), skipped: Vec::new(), pair: None, kubeconfig: None }
    }

    fn of_bytes(path: String, bytes: &[u8], go: GoVersion) -> Self {
        let material = Material::read(bytes, go);
        if !material.pem.blocks.is_empty() {
            return Self {
                blocks: blocks(&material),
                pair: pair(&material, &material),
                ..Self::passed_over(path, "pem", &material)
            };
        }
        match material.pem.shape {
            Shape::Der => Self { blocks: vec![der(bytes, go)], ..Self::empty(path, Some("der")) },
            Shape::Other if material.pem.skipped.is_empty() => match kubeconfig::read(bytes, go) {
                Some(kubeconfig) => Self { kubeconfig: Some(kubeconfig), ..Self::empty(path, Some("kubeconfig")) },
                None => Self::empty(path, Some(shape_words(Shape::Other))),
            },
            shape => Self::passed_over(path, shape_words(shape), &material),
        }
    }

    fn passed_over(path: String, kind: &'static str, material: &Material) -> Self {
        let skipped =
            material.pem.skipped.iter().map(|(line, why)| Skipped { line: *line, reason: why.words() }).collect();
        Self { skipped, ..Self::empty(path, Some(kind)) }
    }
}

const fn shape_words(shape: Shape) -> &'static str {
    match shape {
        Shape::Empty => "empty",
        Shape::Blank => "blank",
        Shape::Der => "der",
        Shape::EncodedTwice => "base64 of PEM, as in a Secret's data",
        Shape::Utf16 => "UTF-16, which Go does not read",
        Shape::Other => "not PEM, DER or a kubeconfig",
    }
}

/// Go's words on certificate and key together, `ok` when they fit; `None` where there are not both.
pub(super) fn pair(certificate: &Material, key: &Material) -> Option<String> {
    let both = certificate.certificates().next().is_some() && key.holds_key();
    both.then(|| load::key_pair(certificate, key).map_or_else(|fault| fault.text(), |_| "ok".to_owned()))
}

/// Every block of a PEM text.
pub(super) fn blocks(material: &Material) -> Vec<Block> {
    material.pem.blocks.iter().zip(&material.items).map(|(block, item)| Block::of(block, item)).collect()
}

impl Block {
    fn of(block: &pem::Block, item: &Item) -> Self {
        let bare = Self {
            line: Some(block.line),
            label: Some(block.label.clone()),
            headers: block.has_headers,
            ..Self::bare("other", block.bytes.len())
        };
        match (item, block.label.as_str()) {
            (Item::Key(key), _) => bare.with_key(key),
            (_, "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST") => {
                Self { kind: "certificate-request", seen: requests::request(&block.bytes), ..bare }
            }
            (_, "X509 CRL") => Self { kind: "crl", seen: requests::revocations(&block.bytes), ..bare },
            (_, label) if label.ends_with("PUBLIC KEY") => bare.with_public_key(&block.bytes),
            (Item::Certificate(Ok(certificate)), _) => bare.with_certificate(certificate),
            (Item::Certificate(Err(words)), "CERTIFICATE") => bare.with_refused(words, &block.bytes),
            (Item::Certificate(Err(_)), _) => bare,
        }
    }

    const fn bare(kind: &'static str, bytes: usize) -> Self {
        Self {
            line: None,
            label: None,
            kind,
            bytes,
            headers: false,
            error: None,
            certificate: None,
            key: None,
            seen: None,
        }
    }

    fn with_key(self, key: &Result<PublicKey, KeyFault>) -> Self {
        let error = key.as_ref().err().map(|fault| fault.text.clone());
        Self { kind: "private-key", error, key: Some(KeyContents::of(key)), ..self }
    }

    fn with_public_key(self, der: &[u8]) -> Self {
        let key = requests::public_key(der).map(|(kind, digest)| KeyContents {
            kind: Some(kind),
            public_key_sha256: Some(digest),
            encrypted: false,
            consistent: None,
        });
        Self { kind: "public-key", key, ..self }
    }

    fn with_certificate(self, certificate: &Arc<Certificate>) -> Self {
        Self { kind: "certificate", certificate: Some(CertificateContents::of(certificate)), ..self }
    }

    fn with_refused(self, words: &str, der: &[u8]) -> Self {
        Self { kind: "certificate", error: Some(words.to_owned()), seen: requests::refused_certificate(der), ..self }
    }
}

/// A file without PEM around it: a key, a certificate, a request, a list, in this order of likelihood to be told apart.
fn der(bytes: &[u8], go: GoVersion) -> Block {
    let key = private_key::public_half(bytes, go);
    if key.as_ref().map_or_else(|fault| fault.kind != KeyFaultKind::Malformed, |_| true) {
        return Block::bare("private-key", bytes.len()).with_key(&key);
    }
    let bare = |kind| Block::bare(kind, bytes.len());
    match parse::certificate(bytes, go) {
        Ok(certificate) => return bare("certificate").with_certificate(&Arc::new(certificate)),
        Err(words) if requests::refused_certificate(bytes).is_some() => {
            return bare("certificate").with_refused(&words, bytes);
        }
        Err(_) => {}
    }
    if let Some(seen) = requests::request(bytes) {
        return Block { seen: Some(seen), ..bare("certificate-request") };
    }
    if let Some(seen) = requests::revocations(bytes) {
        return Block { seen: Some(seen), ..bare("crl") };
    }
    if requests::public_key(bytes).is_some() { bare("other").with_public_key(bytes) } else { bare("other") }
}

impl KeyContents {
    fn of(key: &Result<PublicKey, KeyFault>) -> Self {
        let fault = key.as_ref().err().map(|fault| fault.kind);
        Self {
            kind: key.as_ref().ok().map(PublicKey::kind),
            public_key_sha256: key.as_ref().ok().and_then(public_key_sha256),
            encrypted: fault == Some(KeyFaultKind::Encrypted),
            consistent: match fault {
                None => Some(true),
                Some(KeyFaultKind::Inconsistent) => Some(false),
                Some(_) => None,
            },
        }
    }
}

impl CertificateContents {
    fn of(certificate: &Certificate) -> Self {
        Self {
            known: certificate_report(certificate),
            serial_decimal: certificate.serial_decimal(),
            version: certificate.version,
            max_path_len: certificate.basic_constraints.map(|known| known.max_path_len).filter(|length| *length >= 0),
            key_usage: key_usages(certificate.key_usage),
            email: certificate.names.email.clone(),
            uri: certificate.names.uri.clone(),
            subject_key_id: hex_lower(&certificate.subject_key_id),
            authority_key_id: hex_lower(&certificate.authority_key_id),
            self_issued: certificate.is_self_issued(),
            unknown_critical: certificate.unhandled_critical.iter().map(|oid| dotted(oid)).collect(),
        }
    }
}

/// RFC 5280 section 4.2.1.3, by bit.
fn key_usages(bits: u16) -> Vec<&'static str> {
    const NAMES: [&str; 9] = [
        "digitalSignature",
        "contentCommitment",
        "keyEncipherment",
        "dataEncipherment",
        "keyAgreement",
        "keyCertSign",
        "cRLSign",
        "encipherOnly",
        "decipherOnly",
    ];
    NAMES.into_iter().enumerate().filter(|(bit, _)| bits & (1 << bit) != 0).map(|(_, name)| name).collect()
}
