//! A file's contents for people.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::contents::{Block, CertificateContents, FileContents, KeyContents};
use super::kubeconfig::{ClusterContents, FieldContents, KubeconfigContents, UserContents};
use super::requests::Seen;
use crate::language::tr;
use crate::render::human::Detail;
use crate::render::page::{BOLD, DIM, GREEN, PLAIN, Page, Paper, RED, YELLOW};
use crate::words::{distance, plural};

/// Columns of a label.
const LABEL: usize = 11;

/// All files.
pub(super) fn files(files: &[FileContents], now: OffsetDateTime, paper: Paper, detail: Detail) -> String {
    let mut teller = Teller { page: Page::new(paper), now, detail };
    for file in files {
        teller.page.gap();
        teller.file(file);
    }
    teller.page.into_text()
}

struct Teller {
    page: Page,
    now: OffsetDateTime,
    detail: Detail,
}

impl Teller {
    fn file(&mut self, file: &FileContents) {
        let path = format!("{}:", file.path);
        self.page.wrapped(0, 2, &[(BOLD, &path), (PLAIN, &summary(file))]);
        if self.detail == Detail::Quiet {
            return;
        }
        for block in &file.blocks {
            self.block(2, block);
        }
        for skipped in &file.skipped {
            let text = format!("line {}: passed over by Go: {}", skipped.line, skipped.reason);
            self.page.wrapped(2, 4, &[(YELLOW, &text)]);
        }
        self.pair(2, file.pair.as_deref());
        if let Some(kubeconfig) = &file.kubeconfig {
            self.kubeconfig(kubeconfig);
        }
    }

    fn pair(&mut self, indent: usize, pair: Option<&str>) {
        match pair {
            None => {}
            Some("ok") => self.page.wrapped(indent, indent, &[(GREEN, "the key belongs to the certificate")]),
            Some(words) => {
                self.page.wrapped(indent, indent + 2, &[(RED, "as a pair Go refuses them:"), (PLAIN, words)]);
            }
        }
    }

    fn block(&mut self, indent: usize, block: &Block) {
        let line = block.line.map(|line| format!("line {line}:")).unwrap_or_default();
        self.page.wrapped(indent, indent + 2, &[(PLAIN, &line), (BOLD, &title(block))]);
        let indent = indent + 2;
        if block.headers {
            self.fact(indent, "headers", "stand before the body: loaders of CA files skip such a block");
        }
        if let Some(words) = &block.error {
            self.page.labelled(indent, (RED, "Go says"), LABEL, (PLAIN, words));
        }
        if let Some(certificate) = &block.certificate {
            self.certificate(indent, certificate);
        }
        if let Some(key) = &block.key {
            self.key(indent, key);
        }
        if let Some(seen) = &block.seen {
            self.seen(indent, seen);
        }
    }

    fn fact(&mut self, indent: usize, label: &str, value: &str) {
        if !value.is_empty() {
            self.page.labelled(indent, (DIM, label), LABEL, (PLAIN, value));
        }
    }

    fn certificate(&mut self, indent: usize, certificate: &CertificateContents) {
        let known = &certificate.known;
        let issuer = if certificate.self_issued { format!("{} (itself)", known.issuer) } else { known.issuer.clone() };
        self.fact(indent, "issuer", &issuer);
        self.fact(indent, "serial", &format!("{} (decimal {})", known.serial, certificate.serial_decimal));
        self.fact(indent, "valid", &self.validity(&known.not_before, &known.not_after));
        self.fact(indent, "names", &names(certificate));
        let usages: Vec<&str> =
            known.usages.iter().map(String::as_str).chain(certificate.key_usage.iter().copied()).collect();
        self.fact(indent, "usages", &usages.join(", "));
        self.fact(indent, "CA", &authority(certificate));
        self.fact(indent, "key", &known.key);
        self.fact(indent, "signature", &known.signature);
        self.fact(indent, "critical", &certificate.unknown_critical.join(", "));
        self.fact(indent, "key id", &certificate.subject_key_id);
        self.fact(indent, "issuer's id", &certificate.authority_key_id);
        self.fact(indent, "public key", &known.public_key_sha256);
        self.fact(indent, "sha256", &known.sha256);
    }

    /// `2026-… to 2027-… (in 364 days)`
    fn validity(&self, from: &str, until: &str) -> String {
        let instant = |text| OffsetDateTime::parse(text, &Rfc3339).ok();
        let how_far = match (instant(from), instant(until)) {
            (Some(from), _) if from > self.now => format!(" (begins {})", distance(self.now, from)),
            (_, Some(until)) if until < self.now => format!(" (expired {})", distance(self.now, until)),
            (_, Some(until)) => format!(" (ends {})", distance(self.now, until)),
            _ => String::new(),
        };
        format!("{from} to {until}{how_far}")
    }

    fn key(&mut self, indent: usize, key: &KeyContents) {
        self.fact(indent, "key", key.kind.as_deref().unwrap_or_default());
        if key.encrypted {
            self.fact(indent, "encrypted", "yes: no component of Kubernetes asks for a passphrase");
        }
        if key.consistent == Some(false) {
            self.fact(indent, "consistent", "no: its numbers do not fit each other");
        }
        self.fact(indent, "public key", key.public_key_sha256.as_deref().unwrap_or_default());
    }

    fn seen(&mut self, indent: usize, seen: &Seen) {
        for fact in &seen.facts {
            self.fact(indent, fact.label, &fact.value);
        }
    }

    fn kubeconfig(&mut self, kubeconfig: &KubeconfigContents) {
        if let Some(problem) = &kubeconfig.problem {
            self.page.wrapped(2, 4, &[(YELLOW, problem)]);
        }
        for context in &kubeconfig.contexts {
            let current =
                if kubeconfig.current_context.as_ref() == Some(&context.name) { "current context" } else { "context" };
            self.page.wrapped(2, 4, &[(PLAIN, current), (BOLD, &context.name)]);
            self.fact(4, "cluster", context.cluster.as_deref().unwrap_or("none"));
            self.fact(4, "user", context.user.as_deref().unwrap_or("none"));
            self.fact(4, "namespace", context.namespace.as_deref().unwrap_or_default());
        }
        for cluster in &kubeconfig.clusters {
            self.cluster(cluster);
        }
        for user in &kubeconfig.users {
            self.user(user);
        }
    }

    fn cluster(&mut self, cluster: &ClusterContents) {
        self.page.wrapped(2, 4, &[(PLAIN, "cluster"), (BOLD, &cluster.name)]);
        self.fact(4, "server", cluster.server.as_deref().unwrap_or("none"));
        self.fact(4, "as", cluster.tls_server_name.as_deref().unwrap_or_default());
        self.fact(4, "proxy", cluster.proxy_url.as_deref().unwrap_or_default());
        if cluster.insecure_skip_tls_verify {
            self.fact(4, "insecure", "the server's certificate is not verified");
        }
        self.field("CA", &cluster.ca);
    }

    fn user(&mut self, user: &UserContents) {
        self.page.wrapped(2, 4, &[(PLAIN, "user"), (BOLD, &user.name)]);
        self.field("certificate", &user.client_certificate);
        self.field("key", &user.client_key);
        self.fact(4, "also", &user.other_credentials.join(", "));
        self.pair(4, user.pair.as_deref());
    }

    fn field(&mut self, label: &str, field: &FieldContents) {
        match field.source {
            "absent" => {}
            "embedded" if field.blocks.is_empty() => self.fact(4, label, "embedded, but no PEM block in it"),
            "embedded" => {
                self.fact(4, label, "embedded");
                field.blocks.iter().for_each(|block| self.block(6, block));
            }
            source => self.fact(4, label, field.path.as_deref().unwrap_or(source)),
        }
    }
}

fn summary(file: &FileContents) -> String {
    match (file.kind, file.error.is_some()) {
        (_, true) | (None, _) => "could not be read".to_owned(),
        (Some("pem"), _) => format!("PEM, {}", plural(file.blocks.len(), "block")),
        (Some("der"), _) => "DER, the binary form; Kubernetes and etcd want PEM".to_owned(),
        (Some(kind), _) => kind.to_owned(),
    }
}

/// `certificate CN=pi-master1`
fn title(block: &Block) -> String {
    let name = match (&block.certificate, &block.seen) {
        (Some(certificate), _) => certificate.known.subject.as_str(),
        (None, Some(seen)) => seen.title.as_str(),
        (None, None) => "",
    };
    let kind = block.kind.replace('-', " ");
    match (block.kind, &block.label) {
        ("other", Some(label)) => format!("{label}, {}", plural(block.bytes, "byte")),
        ("private-key", Some(label)) if label != "PRIVATE KEY" => format!("{kind} ({label})"),
        ("certificate", Some(label)) if label != "CERTIFICATE" => {
            format!("{kind} {name} (labelled {label}: only etcd's loader takes it)")
        }
        ("crl", _) => format!("revocation list of {name}"),
        _ => format!("{} {name}", tr(&kind)),
    }
}

fn names(certificate: &CertificateContents) -> String {
    let known = &certificate.known;
    let kinds = [("DNS", &known.dns), ("IP", &known.ip), ("email", &certificate.email), ("URI", &certificate.uri)];
    let told: Vec<String> = kinds
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(kind, names)| format!("{kind} {}", names.join(", ")))
        .collect();
    told.join("; ")
}

fn authority(certificate: &CertificateContents) -> String {
    match (certificate.known.is_ca, certificate.max_path_len) {
        (false, _) => "no".to_owned(),
        (true, None) => "yes".to_owned(),
        (true, Some(length)) => {
            format!("yes, at most {} below it", plural(usize::try_from(length).unwrap_or_default(), "intermediate"))
        }
    }
}
