//! How Go programs load pairs and pools from files, and the words when they cannot.
//!
//! Sources: Go `crypto/tls` (`X509KeyPair`), etcd `client/pkg/tlsutil` (`NewCert`, `NewCertPool`),
//! client-go `util/cert` (`ParseCertsPEM`) and `transport` (`rootCertPool`).

use std::sync::Arc;

use crate::x509::certificate::Certificate;
use crate::x509::key::PublicKey;
use crate::x509::pem::{self, Pem};

use super::parse;
use super::private_key::{self, KeyFault, KeyFaultKind};
use super::version::GoVersion;

/// A file's text, read as PEM once, for one Go version.
///
/// May hold private keys: it has no `Debug`, and its blocks are wiped on drop.
pub struct Material {
    /// The blocks and what was passed over.
    pub pem: Pem,
    /// What each block holds, in the same order.
    pub items: Vec<Item>,
    /// The Go version it was parsed for.
    pub go: GoVersion,
}

/// What one PEM block holds.
pub enum Item {
    /// A block that Go would take for a private key: its public half.
    Key(Result<PublicKey, KeyFault>),
    /// Any other block, parsed as a certificate whatever its label, because etcd does so.
    Certificate(Result<Arc<Certificate>, String>),
}

impl Material {
    /// Reads `text`.
    pub fn read(text: &[u8], go: GoVersion) -> Self {
        let pem = pem::read(text, go.pem_search());
        let items = pem
            .blocks
            .iter()
            .map(|block| {
                if block.may_hold_key() {
                    let key = private_key::public_half(&block.bytes, go);
                    // that a block is encrypted is known from its header even where the body says nothing
                    let encrypted = |fault: KeyFault| KeyFault { kind: KeyFaultKind::Encrypted, ..fault };
                    Item::Key(if block.encrypted { key.map_err(encrypted) } else { key })
                } else {
                    Item::Certificate(parse::certificate(&block.bytes, go).map(Arc::new))
                }
            })
            .collect();
        Self { pem, items, go }
    }

    /// Labels of all blocks.
    pub fn labels(&self) -> Vec<&str> {
        self.pem.blocks.iter().map(|block| block.label.as_str()).collect()
    }

    /// Blocks labelled CERTIFICATE, parsed or not, with their number from 1.
    pub fn certificates(&self) -> impl Iterator<Item = (usize, &Result<Arc<Certificate>, String>)> {
        let labelled = self.pem.blocks.iter().zip(&self.items).filter(|(block, _)| block.label == "CERTIFICATE");
        labelled
            .filter_map(|(_, item)| match item {
                Item::Certificate(parsed) => Some(parsed),
                Item::Key(_) => None,
            })
            .enumerate()
            .map(|(at, parsed)| (at + 1, parsed))
    }

    /// The certificates that parse.
    pub fn parsed(&self) -> impl Iterator<Item = &Arc<Certificate>> {
        self.certificates().filter_map(|(_, parsed)| parsed.as_ref().ok())
    }

    /// The certificates in blocks of any label, which is how etcd reads a CA file.
    pub fn trusted(&self) -> impl Iterator<Item = &Arc<Certificate>> {
        self.items.iter().filter_map(|item| match item {
            Item::Certificate(parsed) => parsed.as_ref().ok(),
            Item::Key(_) => None,
        })
    }

    /// Private keys by their public half, readable or not.
    pub fn keys(&self) -> impl Iterator<Item = &Result<PublicKey, KeyFault>> {
        self.items.iter().filter_map(|item| match item {
            Item::Key(key) => Some(key),
            Item::Certificate(_) => None,
        })
    }

    /// What it holds, by its blocks, for reports: `certificate`, `key`, `certificate+key`, `public-key`….
    pub fn kind(&self) -> &'static str {
        let labels = self.labels();
        match (self.certificates().next().is_some(), self.holds_key()) {
            (true, true) => "certificate+key",
            (true, false) => "certificate",
            (false, true) => "key",
            (false, false) if labels.iter().any(|label| label.ends_with("PUBLIC KEY")) => "public-key",
            (false, false) if labels.contains(&"CERTIFICATE REQUEST") => "certificate-request",
            (false, false) if labels.contains(&"X509 CRL") => "crl",
            (false, false) => "other",
        }
    }

    /// Whether a private key, encrypted or not, is in it.
    pub fn holds_key(&self) -> bool {
        self.keys().next().is_some()
    }
}

impl Material {
    /// The certificates in it as another Go reads them; its keys are left out.
    #[must_use]
    pub fn certificates_under(&self, go: GoVersion) -> Self {
        let pem = self.pem.without_keys();
        let items = pem
            .blocks
            .iter()
            .map(|block| Item::Certificate(parse::certificate(&block.bytes, go).map(Arc::new)))
            .collect();
        Self { pem, items, go }
    }
}

/// What a side sends: a leaf that parses and whatever follows it in the file.
#[derive(Clone)]
pub struct Presented {
    /// Every CERTIFICATE block in order; the first is the leaf and parses.
    pub chain: Vec<Result<Arc<Certificate>, String>>,
    leaf: Arc<Certificate>,
}

impl Presented {
    /// What a certificate file would present, whatever becomes of the key.
    pub fn of(certificate: &Material) -> Option<Self> {
        Self::received(certificate.certificates().map(|(_, parsed)| parsed.clone()).collect())
    }

    /// What came over the wire, leaf first; `None` when the leaf does not parse.
    pub fn received(chain: Vec<Result<Arc<Certificate>, String>>) -> Option<Self> {
        let leaf = chain.first()?.as_ref().ok()?.clone();
        Some(Self { chain, leaf })
    }

    /// The first certificate.
    pub fn leaf(&self) -> &Arc<Certificate> {
        &self.leaf
    }
}

/// A chain whose key was found to belong to its leaf (`tls.Certificate`).
#[derive(Clone)]
pub struct KeyPair(Presented);

impl KeyPair {
    /// What it presents.
    pub const fn presented(&self) -> &Presented {
        &self.0
    }

    /// The certificate that the key belongs to.
    pub fn leaf(&self) -> &Arc<Certificate> {
        self.0.leaf()
    }
}

/// Which of the two files of a pair.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Half {
    /// The certificate file.
    Certificate,
    /// The key file.
    Key,
}

/// Why a pair does not load.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PairFault {
    /// No block at all.
    NoPem(Half),
    /// The certificate file holds one private key and nothing else.
    KeyInPlaceOfCertificate,
    /// The key file holds one certificate and nothing else.
    CertificateInPlaceOfKey,
    /// Blocks, but none of the wanted label.
    WrongLabels(Half, Vec<String>),
    /// The leaf does not parse.
    Certificate(String),
    /// The key does not parse.
    Key(KeyFault),
    /// RSA against EC and the like.
    TypeMismatch,
    /// Same algorithm, other key.
    Mismatch,
    /// The leaf's key is of a kind that TLS cannot use.
    UnknownAlgorithm,
}

impl PairFault {
    /// Go's words.
    pub fn text(&self) -> String {
        match self {
            Self::NoPem(Half::Certificate) => "tls: failed to find any PEM data in certificate input".into(),
            Self::NoPem(Half::Key) => "tls: failed to find any PEM data in key input".into(),
            Self::KeyInPlaceOfCertificate => "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched".into(),
            Self::CertificateInPlaceOfKey => "tls: found a certificate rather than a key in the PEM for the private key".into(),
            Self::WrongLabels(Half::Certificate, labels) => format!(
                "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the following types: [{}]",
                labels.join(" ")
            ),
            Self::WrongLabels(Half::Key, labels) => format!(
                "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks of the following types: [{}]",
                labels.join(" ")
            ),
            Self::Certificate(text) => text.clone(),
            Self::Key(fault) => fault.text.clone(),
            Self::TypeMismatch => "tls: private key type does not match public key type".into(),
            Self::Mismatch => "tls: private key does not match public key".into(),
            Self::UnknownAlgorithm => "tls: unknown public key algorithm".into(),
        }
    }
}

/// `tls.X509KeyPair`.
///
/// # Errors
/// The first fault in Go's order.
pub fn key_pair(certificate: &Material, key: &Material) -> Result<KeyPair, PairFault> {
    let chain: Vec<_> = certificate.certificates().map(|(_, parsed)| parsed.clone()).collect();
    let Some(first) = chain.first() else { return Err(no_certificate(certificate)) };
    let labels = key.labels();
    let Some(at) = key.pem.blocks.iter().position(pem::Block::may_hold_key) else {
        return Err(match labels[..] {
            [] => PairFault::NoPem(Half::Key),
            ["CERTIFICATE"] => PairFault::CertificateInPlaceOfKey,
            _ => PairFault::WrongLabels(Half::Key, owned(&labels)),
        });
    };
    let leaf = first.clone().map_err(PairFault::Certificate)?;
    let Some(Item::Key(private)) = key.items.get(at) else { return Err(PairFault::NoPem(Half::Key)) };
    let private = private.as_ref().map_err(|fault| PairFault::Key(fault.clone()))?;
    match &leaf.key {
        None | Some(PublicKey::Dsa) => Err(PairFault::UnknownAlgorithm),
        Some(public) if !public.same_algorithm(private) => Err(PairFault::TypeMismatch),
        Some(public) if !certifies(public, private, certificate.go) => Err(PairFault::Mismatch),
        Some(_) => Ok(KeyPair(Presented { chain, leaf })),
    }
}

fn no_certificate(certificate: &Material) -> PairFault {
    let labels = certificate.labels();
    match labels[..] {
        [] => PairFault::NoPem(Half::Certificate),
        [only] if only.ends_with("PRIVATE KEY") => PairFault::KeyInPlaceOfCertificate,
        _ => PairFault::WrongLabels(Half::Certificate, owned(&labels)),
    }
}

fn owned(labels: &[&str]) -> Vec<String> {
    labels.iter().map(|label| (*label).to_owned()).collect()
}

/// Before 1.26 Go compares RSA moduli alone, and EC coordinates without the curve.
fn certifies(public: &PublicKey, private: &PublicKey, go: GoVersion) -> bool {
    match (public, private) {
        (PublicKey::Rsa { modulus: a, .. }, PublicKey::Rsa { modulus: b, .. }) if go < GoVersion::minor(26) => a == b,
        _ => public == private,
    }
}

/// How a CA file is loaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loader {
    /// etcd, kubeadm and the apiserver's etcd client: every PEM block whatever its label; one that does
    /// not parse is an error, none at all is not.
    Etcd,
    /// The apiserver's client and request-header CAs: CERTIFICATE blocks; none, or a bad one, is an error.
    Apiserver,
    /// kubeconfigs: CERTIFICATE blocks; bad ones are skipped, none at all is an error.
    Kubeconfig,
}

/// Trusted certificates (`x509.CertPool`), each once.
#[derive(Clone, Default)]
pub struct Pool {
    /// In the order of the file.
    pub certificates: Vec<Arc<Certificate>>,
}

impl Pool {
    fn add(&mut self, certificate: &Arc<Certificate>) {
        if !self.contains(certificate) {
            self.certificates.push(Arc::clone(certificate));
        }
    }

    /// A pool of these.
    pub fn of<'a>(certificates: impl IntoIterator<Item = &'a Arc<Certificate>>) -> Self {
        let mut pool = Self::default();
        certificates.into_iter().for_each(|certificate| pool.add(certificate));
        pool
    }

    /// Whether exactly this certificate is in it.
    pub fn contains(&self, certificate: &Certificate) -> bool {
        self.certificates.iter().any(|known| known.raw == certificate.raw)
    }

    /// Whether nothing is in it: everybody is refused.
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }
}

/// Why a CA file does not load.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PoolFault {
    /// Go's words.
    pub text: String,
    /// Label of the block that stopped it, if one did.
    pub label: Option<String>,
    /// Line of that block.
    pub line: Option<usize>,
}

/// Loads a CA file.
///
/// # Errors
/// What the loader says.
pub fn pool(file: &Material, loader: Loader) -> Result<Pool, PoolFault> {
    match loader {
        Loader::Etcd => every_block(file),
        Loader::Apiserver => certificate_blocks(file),
        Loader::Kubeconfig => tolerant(file),
    }
}

fn every_block(file: &Material) -> Result<Pool, PoolFault> {
    let mut pool = Pool::default();
    for (block, item) in file.pem.blocks.iter().zip(&file.items) {
        let reparsed;
        let parsed = match item {
            Item::Certificate(parsed) => parsed,
            Item::Key(_) => {
                reparsed = parse::certificate(&block.bytes, file.go).map(Arc::new);
                &reparsed
            }
        };
        match parsed {
            Ok(certificate) => pool.add(certificate),
            Err(text) => return Err(fault(text, block)),
        }
    }
    Ok(pool)
}

fn fault(text: &str, block: &pem::Block) -> PoolFault {
    PoolFault { text: text.to_owned(), label: Some(block.label.clone()), line: Some(block.line) }
}

/// `ParseCertsPEM`.
fn certificate_blocks(file: &Material) -> Result<Pool, PoolFault> {
    let mut pool = Pool::default();
    for (block, item) in file.pem.blocks.iter().zip(&file.items) {
        if block.label != "CERTIFICATE" || block.has_headers {
            continue;
        }
        match item {
            Item::Certificate(Ok(certificate)) => pool.add(certificate),
            Item::Certificate(Err(text)) => return Err(fault(text, block)),
            Item::Key(_) => {}
        }
    }
    if pool.is_empty() {
        let text = "data does not contain any valid RSA or ECDSA certificates".to_owned();
        return Err(PoolFault { text, label: None, line: None });
    }
    Ok(pool)
}

/// `AppendCertsFromPEM`, and client-go's explanation when nothing comes of it (`createErrorParsingCAData`).
fn tolerant(file: &Material) -> Result<Pool, PoolFault> {
    let mut pool = Pool::default();
    let mut first_fault = None;
    for (block, item) in file.pem.blocks.iter().zip(&file.items) {
        if block.label != "CERTIFICATE" || block.has_headers {
            continue;
        }
        match item {
            Item::Certificate(Ok(certificate)) => pool.add(certificate),
            Item::Certificate(Err(text)) => {
                first_fault.get_or_insert_with(|| fault(&format!("failed to parse certificate: {text}"), block));
            }
            Item::Key(_) => {}
        }
    }
    // no data at all counts as none given: the system's roots
    if !pool.is_empty() || file.pem.shape == pem::Shape::Empty {
        return Ok(pool);
    }
    let plain = |text: &str| PoolFault { text: text.to_owned(), label: None, line: None };
    let reason = first_fault.unwrap_or_else(|| {
        plain(if file.pem.has_rest {
            "unable to parse bytes as PEM block"
        } else {
            "no valid certificate authority data seen"
        })
    });
    Err(PoolFault { text: format!("unable to load root certificates: {}", reason.text), ..reason })
}
