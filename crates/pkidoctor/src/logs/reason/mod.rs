//! Why a connection or a start failed: the words of Go's `crypto/tls` and `crypto/x509`, of etcd and of the systems
//! around them, taken apart.

mod read;

use time::OffsetDateTime;

pub(super) use read::{instant, quoted_names, read};

/// Why. Instants and names are those in the line.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Reason {
    /// The other side sent this alert (`remote error: tls: …`); its reason stands in the other side's log.
    Alert(Alert),
    /// Signed by an authority that is not trusted.
    UnknownAuthority {
        /// A trusted CA of the issuer's name, whose key does not fit.
        candidate: Option<String>,
        /// Why it does not, where Go says so.
        hint: Option<Hint>,
    },
    /// After `notAfter` of a certificate of the chain: the leaf, an intermediate or the root.
    Expired {
        /// The verifier's clock; the first time it was seen.
        now: Option<OffsetDateTime>,
        /// `notAfter` of the guilty certificate.
        after: Option<OffsetDateTime>,
    },
    /// Before `notBefore`.
    NotYetValid {
        /// The verifier's clock; the first time it was seen.
        now: Option<OffsetDateTime>,
        /// `notBefore` of the guilty certificate.
        before: Option<OffsetDateTime>,
    },
    /// The certificate is for other names.
    Name {
        /// Those in the certificate.
        valid_for: Vec<String>,
        /// The one that was wanted.
        wanted: String,
    },
    /// An address was wanted, and the certificate has none.
    NoIpSans {
        /// The address.
        wanted: String,
    },
    /// The certificate has names, none of them a DNS name, or no name at all.
    NoNames {
        /// The name that was wanted.
        wanted: String,
    },
    /// The name stands in the common name only.
    LegacyCommonName,
    /// The usages of the leaf, or of a CA above it, exclude this one.
    IncompatibleUsage,
    /// A critical extension that Go does not know.
    CriticalExtension,
    /// A path length constraint.
    PathLength,
    /// A name constraint.
    NameConstraint,
    /// A negative serial number.
    NegativeSerial,
    /// The certificate cannot be parsed; what Go says of it.
    Malformed(String),
    /// The client showed no certificate.
    NoCertificate,
    /// etcd's list of allowed names.
    NotAllowedName,
    /// On the revocation list.
    Revoked {
        /// Its serial number, as written.
        serial: String,
    },
    /// etcd's check of a member's address against the DNS names of its certificate.
    PeerAddress {
        /// The source address.
        address: String,
        /// The DNS names of the certificate.
        dns: Vec<String>,
        /// Whether a lookup was tried and failed.
        lookup_failed: bool,
    },
    /// Key and certificate do not belong together.
    KeyMismatch,
    /// They are not even of one algorithm.
    KeyTypeMismatch,
    /// A PEM file without what it should hold.
    NoPem {
        /// Whether the key is looked for.
        key: bool,
    },
    /// PEM blocks of other labels.
    WrongLabel {
        /// Whether the key is looked for.
        key: bool,
        /// The labels that were found.
        found: String,
    },
    /// Certificate and key exchanged.
    Switched,
    /// The private key cannot be parsed: encrypted, or damaged.
    KeyUnparsable,
    /// The key is neither RSA nor ECDSA (kubeadm).
    KeyKind {
        /// The file.
        path: String,
    },
    /// A file.
    File {
        /// Its path.
        path: String,
        /// What is the matter with it.
        what: FileFault,
    },
    /// Several PEM objects where one is wanted.
    TrailingData,
    /// The root certificates of a kubeconfig are no PEM.
    NoRoots,
    /// base64 of a kubeconfig.
    IllegalBase64,
    /// Half a pair of flags or fields.
    HalfAPair,
    /// Anything that contradicts itself in flags, environment or a kubeconfig.
    Flags,
    /// The server asks for a user name: there are no credentials.
    NoCredentials,
    /// The CA's key is not the key of the CA's certificate.
    IssuerKeyMismatch,
    /// A certificate on disk is not signed by the CA beside it.
    NotSignedBy {
        /// The certificate, as kubeadm calls it.
        certificate: Option<String>,
    },
    /// A certificate in a CA's place is none.
    NotACa,
    /// A CA without its key.
    NoCaKey,
    /// A leaf on disk is not fit, says kubeadm.
    UnfitLeaf,
    /// A kubeconfig on disk belongs to another cluster, says kubeadm.
    OtherCluster,
    /// The public key of the CA is not the pinned one.
    NotPinned,
    /// Uploaded certificates cannot be decrypted.
    CannotDecrypt,
    /// A name that is no certificate of this cluster.
    NotACertificate,
    /// Plain text where TLS was expected.
    NotTls,
    /// HTTP without TLS where TLS was expected, seen by the client.
    HttpAnswer,
    /// A plain HTTP listener that takes no heed of the TLS flags.
    TlsIgnored,
    /// etcd says that client certificates are not wanted.
    ClientAuthOff,
    /// What an OpenSSL client leaves behind that refuses a Go server under TLS 1.3.
    BadRecordMac,
    /// No version in common.
    Versions {
        /// Those of the client, as written.
        offered: String,
    },
    /// No cipher suite in common.
    Cipher,
    /// A cipher suite that does not exist.
    CipherName,
    /// An RSA key that cannot sign, or that nobody verifies.
    RsaSize {
        /// Whether it is too large.
        large: bool,
    },
    /// The server did not choose HTTP/2 (ALPN).
    NoAlpn,
    /// End of the stream.
    Eof,
    /// Reset, or a pipe broken in writing: the other side closed first.
    Reset,
    /// Nobody listens.
    Refused,
    /// Cannot be reached, or has no address.
    Unreachable,
    /// An address to listen on that this machine does not have.
    NoSuchAddress,
    /// Another process listens there.
    AddressInUse,
    /// Nothing came in time.
    Timeout,
    /// A context's deadline; what went before is hidden.
    Deadline,
    /// etcd answers, but has no quorum.
    NoQuorum,
    /// A proxy of the environment stands between.
    Proxy,
    /// No serving certificate yet.
    NoServingCertificate,
    /// A bearer token whose signature does not verify.
    Token,
    /// A bearer token whose signature verifies, and whose time or object does not.
    TokenClaims,
    /// The subject is not among those allowed to speak for others.
    NotAllowedSubject {
        /// The common name.
        cn: String,
        /// The list, as written.
        allowed: String,
    },
    /// Not who is allowed to do it.
    Forbidden {
        /// The user.
        user: String,
    },
    /// HTTP 401.
    Unauthorized,
    /// Kubelet's own client certificate expired, and it wants to join anew.
    ClientExpired {
        /// When, where it says so.
        at: Option<OffsetDateTime>,
    },
    /// Kubelet wants to join anew and cannot.
    NoBootstrap,
    /// A signing request that nobody signed.
    NotSigned,
    /// The signing files are not what the controller-manager wants.
    SigningFile,
    /// Clocks of members differ.
    Clocks,
    /// Certificates that etcd made for itself.
    AutoTls {
        /// Until when they are valid.
        until: Option<OffsetDateTime>,
    },
    /// A handshake that came about, and says nothing about the client's certificate.
    OnlyHandshake,
    /// Membership, not PKI.
    Membership,
    /// A common name that the gateway may not lend.
    GatewayCommonName,
    /// A consequence of another line.
    Consequence,
    /// Any other error of TLS or X.509, in its own words.
    Other(String),
}

/// What Go found wrong with a CA of the right name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Hint {
    /// The signature does not verify: the key is another one.
    OtherKey,
    /// It may not sign certificates.
    NotACa,
    /// The signature's algorithm is not accepted any more.
    InsecureAlgorithm,
    /// Something else.
    Other,
}

/// What is the matter with a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FileFault {
    /// It does not exist.
    Missing,
    /// This process may not read it.
    Permission,
    /// It is a directory.
    Directory,
    /// Something else.
    Other,
}

/// A TLS alert by the name that Go prints.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Alert {
    /// 42. Go clients send only this one; Go servers for what the others do not say.
    BadCertificate,
    /// 43.
    UnsupportedCertificate,
    /// 44.
    RevokedCertificate,
    /// 45.
    ExpiredCertificate,
    /// 46.
    UnknownCertificate,
    /// 48.
    UnknownCa,
    /// 116.
    CertificateRequired,
    /// 40.
    HandshakeFailure,
    /// 50.
    DecodeError,
    /// 51.
    DecryptError,
    /// 70.
    ProtocolVersion,
    /// 80: a Go server cannot load its own pair.
    InternalError,
    /// 120.
    NoApplicationProtocol,
    /// Any other.
    Other,
}

impl Reason {
    /// What a text says that a program printed as an error; `None` for one that says nothing of TLS, X.509, files or
    /// the network.
    pub fn of(text: &str) -> Option<Self> {
        read(text)
    }
}
