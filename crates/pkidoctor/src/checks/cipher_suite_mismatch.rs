//! `cipher-suite-mismatch`: a list of cipher suites that names nothing known, or nothing that fits the key.

use crate::check::{Check, Defect, Fact, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::Running;
use crate::cluster::manifest::Component;
use crate::cluster::release::etcd_version;
use crate::exam::Exam;
use crate::links::reference::Reference;
use crate::x509::key::PublicKey;

pub(super) static CHECK: Check = Check {
    code: "cipher-suite-mismatch",
    title: "cipher suites do not fit the key",
    severity: Severity::Warning,
    citation: "etcd client/pkg/tlsutil GetCipherSuites; Go crypto/tls; golang.org/x/net/http2 ConfigureServer",
    docs: "\
What it looks at: --cipher-suites of etcd and --tls-cipher-suites of the Kubernetes components: names \
that Go does not know, lists without a suite for the key in the certificate, and for kube-apiserver \
lists without the suite that HTTP/2 requires.

Why it matters: an unknown name stops the program at its start. A list for RSA keys with an ECDSA \
certificate shuts out everybody who speaks TLS 1.2: `no cipher suite supported by both client and \
server`. TLS 1.3 is not bound by the list, but etcd up to 3.4.18 and from 3.5.0 to 3.5.7 speaks 1.2 \
alone.

What to do: drop the flag, or list the ECDSA suites as well.

Example: --cipher-suites=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 and a P-256 key in etcd/server.crt.",
    look,
};

/// Every name of `tls.CipherSuites` and `tls.InsecureCipherSuites`, and two older spellings.
const KNOWN: [&str; 29] = [
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
    "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_RSA_WITH_RC4_128_SHA",
    "TLS_FALLBACK_SCSV",
];

/// One of these must be in a list for HTTP/2 (RFC 7540 section 9.2.2).
const HTTP2: [&str; 2] = ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"];

/// The component, its flag, and the flags of the certificates that it serves.
const SERVERS: [(Component, &str, &[&str]); 4] = [
    (Component::Etcd, "cipher-suites", &["cert-file", "peer-cert-file"]),
    (Component::KubeApiserver, "tls-cipher-suites", &["tls-cert-file"]),
    (Component::KubeControllerManager, "tls-cipher-suites", &["tls-cert-file"]),
    (Component::KubeScheduler, "tls-cipher-suites", &["tls-cert-file"]),
];

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (index, node) in exam.cluster.nodes.iter().enumerate() {
        for (component, flag, certificates) in SERVERS {
            let Some(running) = node.running(component) else { continue };
            let suites = running.flags.list(flag);
            if suites.is_empty() {
                continue;
            }
            look.subjects += 1;
            let server = Server { exam, node: index, component, running };
            if let Some((severity, message, facts)) = server.fault(&suites, certificates) {
                look.defects.push(server.defect(flag, severity, message, facts));
            }
        }
    }
    look
}

struct Server<'e, 'c> {
    exam: &'e Exam<'c>,
    node: usize,
    component: Component,
    running: Running<'c>,
}

impl Server<'_, '_> {
    fn fault(&self, suites: &[String], certificates: &[&str]) -> Option<(Severity, String, Vec<Fact>)> {
        let unknown: Vec<&str> = suites.iter().map(String::as_str).filter(|suite| !KNOWN.contains(suite)).collect();
        if !unknown.is_empty() {
            let unknown = unknown.join(", ");
            return Some((
                Severity::Error,
                format!("names cipher suites that Go does not know: {unknown}"),
                vec![fact("unknown", unknown)],
            ));
        }
        let unfit = certificates.iter().find_map(|flag| self.unfit(suites, flag));
        if let Some((certificate, key)) = unfit {
            let (severity, who) = if self.speaks_only_1_2() {
                (Severity::Error, "nobody")
            } else {
                (Severity::Warning, "nobody who speaks TLS 1.2")
            };
            let facts = vec![fact("certificate", certificate), fact("key", &key)];
            return Some((
                severity,
                format!("holds no cipher suite for a key of kind {key}: {who} can connect"),
                facts,
            ));
        }
        let modern =
            self.component != Component::Etcd && self.running.flags.value("tls-min-version") != Some("VersionTLS13");
        (modern && !suites.iter().any(|suite| HTTP2.contains(&suite.as_str()))).then(|| {
            let message = "lacks the cipher suite that HTTP/2 requires, so the program does not start".to_owned();
            (Severity::Error, message, vec![fact("one of", HTTP2.join(", "))])
        })
    }

    /// A served certificate for whose key no suite of TLS 1.2 is listed.
    fn unfit(&self, suites: &[String], flag: &str) -> Option<(String, String)> {
        let reference = Reference::flag(self.node, &self.running, flag);
        let leaf = reference.material(self.exam.cluster)?.parsed().next()?;
        let key = leaf.key.as_ref()?;
        let old: Vec<&String> = suites.iter().filter(|suite| suite.contains("_WITH_")).collect();
        let fits = |suite: &&&String| match key {
            PublicKey::Rsa { .. } => !suite.contains("_ECDSA_"),
            _ => suite.contains("_ECDSA_"),
        };
        (!old.is_empty() && !old.iter().any(|suite| fits(&suite)))
            .then(|| (reference.subject(self.exam.cluster), key.kind()))
    }

    fn speaks_only_1_2(&self) -> bool {
        if self.component != Component::Etcd {
            return false;
        }
        let old = etcd_version(&self.running)
            .is_some_and(|version| version <= (3, 4, 18) || ((3, 5, 0)..=(3, 5, 7)).contains(&version));
        old || self.running.flags.value("tls-max-version") == Some("TLS1.2")
    }

    fn defect(&self, flag: &str, severity: Severity, message: String, mut facts: Vec<Fact>) -> Defect {
        facts.push(words::flag_fact(&self.running, flag));
        Defect {
            severity,
            nodes: vec![self.node],
            subject: words::flag_subject(self.exam, self.node, &self.running, flag),
            message,
            facts,
            links: Vec::new(),
            remedy: Remedy::manual([
                format!("drop --{flag}, whose default is sound, or list suites for both kinds of key"),
                words::edit(&self.running),
            ]),
        }
    }
}
