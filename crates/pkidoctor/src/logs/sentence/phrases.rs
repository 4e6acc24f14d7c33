//! Sentences that are known by their words alone: kubelet, kubeadm, kubectl, etcdctl, curl, OpenSSL.
#![expect(clippy::unnecessary_wraps, reason = "all reasons of the table are found by functions of one shape")]

use super::{Said, Sentence, Spot, url_target};
use crate::logs::clock;
use crate::logs::event::{Port, Writer};
use crate::logs::reason::{self, Alert, Reason};

/// All of these words, and why.
type Phrase = (&'static [&'static str], fn(&str) -> Option<Reason>);

/// Sentences of one program, in one situation, about one port.
struct Group {
    spot: Spot,
    port: Port,
    writer: Option<Writer>,
    phrases: &'static [Phrase],
}

const KUBELET: Option<Writer> = Some(Writer::Kubelet);
const KUBEADM: Option<Writer> = Some(Writer::Kubeadm);
const KUBECTL: Option<Writer> = Some(Writer::Kubectl);
const ETCDCTL: Option<Writer> = Some(Writer::Etcdctl);
const CURL: Option<Writer> = Some(Writer::Curl);
const OPENSSL: Option<Writer> = Some(Writer::Openssl);

/// The first one that fits.
static GROUPS: &[Group] = &[
    Group {
        spot: Spot::Kubelet,
        port: Port::Apiserver,
        writer: KUBELET,
        phrases: &[
            (&["art of the existing bootstrap client certificate", "expired"], client_expired),
            (&["unable to load bootstrap kubeconfig"], |_| Some(Reason::NoBootstrap)),
        ],
    },
    Group {
        spot: Spot::ClientCa,
        port: Port::OwnFiles,
        writer: KUBELET,
        phrases: &[(&["failed to run Kubelet", "unable to load client CA file"], any)],
    },
    Group {
        spot: Spot::ClientCa,
        port: Port::OwnFiles,
        writer: None,
        phrases: &[(&["unable to load client CA file"], any)],
    },
    Group {
        spot: Spot::Kubelet,
        port: Port::Apiserver,
        writer: KUBELET,
        phrases: &[
            (&["ertificate request was not signed"], |_| Some(Reason::NotSigned)),
            (&["nable to register node"], reason::read),
        ],
    },
    Group {
        spot: Spot::Kubelet,
        port: Port::OwnFiles,
        writer: KUBELET,
        phrases: &[(&["crypto/tls: failed to parse"], reason::read)],
    },
    Group { spot: Spot::Kubelet, port: Port::EtcdClient, writer: KUBELET, phrases: &[(&["robe failed"], probe)] },
    Group {
        spot: Spot::Kubeadm,
        port: Port::OwnFiles,
        writer: KUBEADM,
        phrases: &[
            (&["is neither in RSA nor ECDSA format"], key_kind),
            (&["assuming external key for"], |_| Some(Reason::NoCaKey)),
            (&["failure loading"], any),
            (&["couldn't load the certificate file"], any),
            (&["couldn't load the private key file"], any),
            (&["not signed by corresponding CA"], not_signed_by),
            (&["not signed by CA certificate"], not_signed_by),
            (&["certificate is not a certificate authority"], |_| Some(Reason::NotACa)),
            (&["could not validate bounds for certificate"], bounds),
            (&["the certificate has expired"], bounds),
            (&["certificate ", " is invalid: "], unfit),
            (&["is not a valid certificate for this cluster"], |_| Some(Reason::NotACertificate)),
        ],
    },
    Group {
        spot: Spot::Kubeadm,
        port: Port::EtcdClient,
        writer: KUBEADM,
        phrases: &[
            (&["error syncing endpoints with etc"], or_deadline),
            (&["ailed to get etcd status for"], or_deadline),
            (&["with maintenance client"], or_deadline),
            (&["error creating local etcd static pod manifest file"], deadline),
        ],
    },
    Group {
        spot: Spot::Kubeadm,
        port: Port::OwnFiles,
        writer: None,
        phrases: &[(&["provided PrivateKey doesn't match parent's PublicKey"], reason::read)],
    },
    Group {
        spot: Spot::Kubeadm,
        port: Port::Apiserver,
        writer: KUBEADM,
        phrases: &[(&["none of the public keys", "are pinned"], |_| Some(Reason::NotPinned))],
    },
    Group {
        spot: Spot::Kubeadm,
        port: Port::OwnFiles,
        writer: KUBEADM,
        phrases: &[
            (&["cipher: message authentication failed"], |_| Some(Reason::CannotDecrypt)),
            (&["trailing data after first PEM block"], |_| Some(Reason::TrailingData)),
            (&["exists already but has got the wrong CA cert"], |_| Some(Reason::OtherCluster)),
            (&["ailed to create a kubeconfig"], |_| Some(Reason::OtherCluster)),
        ],
    },
    Group {
        spot: Spot::Kubeadm,
        port: Port::Apiserver,
        writer: KUBEADM,
        phrases: &[(&["nable to fetch the kubeadm-config ConfigMap"], reason::read)],
    },
    Group {
        spot: Spot::Signer,
        port: Port::OwnFiles,
        writer: Some(Writer::KubeControllerManager),
        phrases: &[
            (&["error parsing CA cert file"], |_| Some(Reason::SigningFile)),
            (&["error reading CA cert file", "expected 1 certificate"], |_| Some(Reason::SigningFile)),
        ],
    },
    Group { spot: Spot::Authorize, port: Port::Kubelet, writer: None, phrases: &[(&["Forbidden (user="], forbidden)] },
    Group {
        spot: Spot::Authorize,
        port: Port::Apiserver,
        writer: None,
        phrases: &[(&["is forbidden: User \"system:node:"], forbidden)],
    },
    Group {
        spot: Spot::Authorize,
        port: Port::ExtensionServer,
        writer: None,
        phrases: &[(&["is forbidden: User \"kube-apiserver\""], forbidden)],
    },
    Group {
        spot: Spot::Kubeconfig,
        port: Port::OwnFiles,
        writer: KUBECTL,
        phrases: &[
            (&["error loading config file"], |_| Some(Reason::IllegalBase64)),
            (&["illegal base64 data at input byte"], |_| Some(Reason::IllegalBase64)),
            (&["unable to load root certificates"], |_| Some(Reason::NoRoots)),
            (&["unable to read client-cert"], any),
            (&["unable to read client-key"], any),
            (&["unable to read certificate-authority"], any),
            (&["must be specified for", "clientCert authentication method"], |_| Some(Reason::HalfAPair)),
            (&["Please enter Username"], |_| Some(Reason::NoCredentials)),
            (&["root certificates file with the insecure flag"], |_| Some(Reason::Flags)),
        ],
    },
    Group {
        spot: Spot::Kubectl,
        port: Port::Apiserver,
        writer: KUBECTL,
        phrases: &[(&["You must be logged in to the server"], |_| Some(Reason::Unauthorized))],
    },
    Group {
        spot: Spot::Kubectl,
        port: Port::Apiserver,
        writer: None,
        phrases: &[
            (&["the server has asked for the client to provide credentials"], |_| Some(Reason::Unauthorized)),
            (&[": Unauthorized"], unauthorized),
        ],
    },
    Group {
        spot: Spot::Kubectl,
        port: Port::Apiserver,
        writer: KUBECTL,
        phrases: &[
            (&["did you specify the right host or port?"], |_| Some(Reason::Refused)),
            (&["client rate limiter Wait returned an error"], previous),
            (&["Unable to connect to the server: "], connect),
        ],
    },
    Group {
        spot: Spot::Etcdctl,
        port: Port::OwnFiles,
        writer: ETCDCTL,
        phrases: &[
            (&["is shadowed by corresponding command-line flag"], |_| Some(Reason::Flags)),
            (&["conflicting environment variable"], |_| Some(Reason::Flags)),
            (&["unknown flag: --", "-file"], |_| Some(Reason::Flags)),
        ],
    },
    Group {
        spot: Spot::Etcdctl,
        port: Port::EtcdClient,
        writer: ETCDCTL,
        phrases: &[(&["etcd cluster is unavailable or misconfigured"], reason::read)],
    },
    Group {
        spot: Spot::ClientHandshake,
        port: Port::EtcdClient,
        writer: ETCDCTL,
        phrases: &[(&["is unhealthy: failed to connect: "], unhealthy)],
    },
    Group {
        spot: Spot::ClientDial,
        port: Port::EtcdClient,
        writer: None,
        phrases: &[(&["failed to do connect handshake, response"], |_| Some(Reason::Proxy))],
    },
    Group {
        spot: Spot::Curl,
        port: Port::Unknown,
        writer: CURL,
        phrases: &[
            (&["curl: (52)"], |_| Some(Reason::NotTls)),
            (&["Empty reply from server"], |_| Some(Reason::NotTls)),
            (&["getpeername() failed"], |_| Some(Reason::Reset)),
            (&["curl: (55)"], |_| Some(Reason::Reset)),
            (&["curl: (60)"], openssl_verify),
            (&["SSL certificate problem"], openssl_verify),
            (&["curl: (", " alert "], openssl_alert),
            (&["curl: (56)"], |_| Some(Reason::Reset)),
        ],
    },
    Group {
        spot: Spot::Openssl,
        port: Port::Unknown,
        writer: OPENSSL,
        phrases: &[
            (&["SSL alert number "], openssl_alert),
            (&["SSL routines", " alert "], openssl_alert),
            (&[" alert certificate required"], openssl_alert),
            (&["sslv3 alert "], openssl_alert),
            (&["tlsv1 alert "], openssl_alert),
            (&["New, TLSv1.", "Cipher is "], |_| Some(Reason::OnlyHandshake)),
        ],
    },
];

pub(super) fn read(said: &Said<'_>) -> Option<Sentence> {
    let whole = said.whole.as_str();
    let (group, reason) = GROUPS.iter().find_map(|group| {
        let fits = |(words, _): &&Phrase| words.iter().all(|words| said.has(words));
        group.phrases.iter().filter(fits).find_map(|(_, reason)| Some((group, reason(whole)?)))
    })?;
    let mut sentence = Sentence::with_reason(group.spot, group.port, whole, reason);
    sentence.writer = group.writer;
    let dials = !matches!(group.port, Port::OwnFiles);
    Some(sentence.to(if dials { url_target(whole).or_else(|| host_said(said)) } else { None }))
}

/// `The connection to the server H:P was refused`.
fn host_said(said: &Said<'_>) -> Option<String> {
    let unhealthy = || said.whole.split(" is unhealthy: ").next().filter(|host| host.len() < said.whole.len());
    let host = said.between("The connection to the server ", " was refused").or_else(unhealthy)?;
    super::host_port(host).map(|_| host.to_owned())
}

/// Whatever is the matter with a file.
fn any(whole: &str) -> Option<Reason> {
    Some(reason::read(whole).unwrap_or_else(|| Reason::Other(whole.to_owned())))
}

fn or_deadline(whole: &str) -> Option<Reason> {
    Some(reason::read(whole).unwrap_or(Reason::Deadline))
}

fn deadline(whole: &str) -> Option<Reason> {
    reason::read(whole).filter(|reason| *reason == Reason::Deadline)
}

/// `H:P is unhealthy: failed to connect: E`, as etcdctl before 3.4 says it.
fn unhealthy(whole: &str) -> Option<Reason> {
    reason::read(whole.split_once("is unhealthy: failed to connect: ")?.1)
}

/// client-go ends a sentence with the status.
fn unauthorized(whole: &str) -> Option<Reason> {
    whole.trim_end_matches('"').ends_with(": Unauthorized").then_some(Reason::Unauthorized)
}

/// Behind the last `is expired: ` kubelet writes the instant in Go's default form.
fn client_expired(whole: &str) -> Option<Reason> {
    let at = whole.rsplit("expired: ").next().map(|text| text.replace(" +0000 UTC", "Z"));
    let at = at.as_deref().and_then(clock::whole).and_then(|stamp| match stamp {
        clock::Stamp::Full(at) => Some(at),
        _ => None,
    });
    Some(Reason::ClientExpired { at })
}

/// Probes of other programs fail as well, for other reasons.
fn probe(whole: &str) -> Option<Reason> {
    let etcd = whole.contains(":2381") || whole.contains(":2379") || whole.contains("etcd");
    reason::read(whole).filter(|reason| etcd && !matches!(reason, Reason::Eof | Reason::Timeout))
}

fn key_kind(whole: &str) -> Option<Reason> {
    let head = whole.split(" is neither in RSA").next()?;
    Some(Reason::KeyKind { path: head.rsplit(' ').next().unwrap_or_default().to_owned() })
}

fn not_signed_by(whole: &str) -> Option<Reason> {
    let name = whole.split("certificate ").nth(1).and_then(|rest| rest.split(' ').next());
    Some(Reason::NotSignedBy { certificate: name.map(str::to_owned) })
}

fn bounds(whole: &str) -> Option<Reason> {
    match reason::read(whole) {
        Some(reason @ (Reason::Expired { .. } | Reason::NotYetValid { .. })) => Some(reason),
        _ if whole.contains("not valid yet") => Some(Reason::NotYetValid { now: None, before: None }),
        _ => Some(Reason::Expired { now: None, after: None }),
    }
}

fn unfit(whole: &str) -> Option<Reason> {
    Some(match reason::read(whole) {
        Some(reason @ (Reason::Name { .. } | Reason::NoIpSans { .. } | Reason::LegacyCommonName)) => reason,
        _ => Reason::UnfitLeaf,
    })
}

fn forbidden(whole: &str) -> Option<Reason> {
    let user = match whole.split_once("Forbidden (user=") {
        Some((_, rest)) => rest.split([',', ')']).next()?,
        None => whole.split_once("User \"")?.1.split('"').next()?,
    };
    // only users that the PKI makes
    let ours = user.starts_with("system:node:") || matches!(user, "kube-apiserver-kubelet-client" | "kube-apiserver");
    ours.then(|| Reason::Forbidden { user: user.to_owned() })
}

/// What a retry hides is the reason.
fn previous(whole: &str) -> Option<Reason> {
    reason::read(whole.split_once("error from a previous attempt: ")?.1)
}

fn connect(whole: &str) -> Option<Reason> {
    reason::read(whole.split_once("Unable to connect to the server: ")?.1)
}

/// The alert in OpenSSL's words (its table of reason strings).
fn openssl_alert(whole: &str) -> Option<Reason> {
    let name = &whole[whole.find(" alert ")? + " alert ".len()..];
    let known = [
        ("certificate required", Alert::CertificateRequired),
        ("bad certificate", Alert::BadCertificate),
        ("unsupported certificate", Alert::UnsupportedCertificate),
        ("certificate revoked", Alert::RevokedCertificate),
        ("certificate expired", Alert::ExpiredCertificate),
        ("certificate unknown", Alert::UnknownCertificate),
        ("unknown ca", Alert::UnknownCa),
        ("handshake failure", Alert::HandshakeFailure),
        ("decode error", Alert::DecodeError),
        ("decrypt error", Alert::DecryptError),
        ("protocol version", Alert::ProtocolVersion),
        ("internal error", Alert::InternalError),
        ("no application protocol", Alert::NoApplicationProtocol),
    ];
    let alert = known.iter().find(|(words, _)| name.starts_with(words)).map_or(Alert::Other, |(_, alert)| *alert);
    Some(Reason::Alert(alert))
}

/// What OpenSSL finds wrong with the server's certificate.
fn openssl_verify(whole: &str) -> Option<Reason> {
    let has = |words: &str| whole.contains(words);
    Some(if has("has expired") {
        Reason::Expired { now: None, after: None }
    } else if has("not yet valid") {
        Reason::NotYetValid { now: None, before: None }
    } else if has("no alternative certificate subject name") || has("subject name") {
        Reason::Name { valid_for: Vec::new(), wanted: wanted_by_curl(whole) }
    } else if has("local issuer") || has("self-signed") || has("self signed") || has("first certificate") {
        Reason::UnknownAuthority { candidate: None, hint: None }
    } else {
        Reason::Other(whole.to_owned())
    })
}

/// `… subject name matches target host name '10.0.0.1'`.
fn wanted_by_curl(whole: &str) -> String {
    whole.rsplit_once(" '").and_then(|(_, rest)| rest.split('\'').next()).unwrap_or_default().to_owned()
}
