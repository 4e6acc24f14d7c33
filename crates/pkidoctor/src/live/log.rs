//! The lines that stand in both sides' logs after a refusal, so that a person finds the right one among thousands.

use std::net::SocketAddr;

use crate::go::handshake::Complaint;
use crate::go::quote::quote;
use crate::links::under::is_of_etcd;
use crate::links::{Link, RefusedBy};
use crate::x509::certificate::{Certificate, hex_lower};

use super::observation::{Observation, Stage, Version};
use super::program::Answering;

/// What each side writes, after its own date.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Lines {
    /// The client's.
    pub client: Option<String>,
    /// The server's. Where the server refused, it is the very line about the probe's own connection.
    pub server: Option<String>,
}

/// One refusal, as far as its two logs are concerned.
pub(crate) struct Told<'t> {
    pub(crate) link: &'t Link,
    pub(crate) seen: &'t Observation,
    pub(crate) by: RefusedBy,
    /// The error on each side.
    pub(crate) client: Option<&'t str>,
    pub(crate) server: Option<&'t str>,
    /// Why the server refuses, where that is known.
    pub(crate) complaint: Option<&'t Complaint>,
    /// What the client shows.
    pub(crate) shown: Option<&'t Certificate>,
    pub(crate) answering: &'t Answering,
}

/// Stands for an address that only the real client's next attempt will have.
const SOME_CLIENT: &str = "CLIENT";

impl Told<'_> {
    pub(crate) fn lines(&self) -> Lines {
        Lines { client: self.client.map(|error| self.client_line(error)), server: self.server_line() }
    }

    /// gRPC says at which step; others print the bare error.
    fn client_line(&self, error: &str) -> String {
        let is_grpc = self.link.id.ends_with("->etcd");
        match (is_grpc, self.by, self.seen.version) {
            (false, ..) => error.to_owned(),
            _ if !self.seen.reached() => format!("transport: Error while dialing: {error}"),
            // the client has finished when a TLS 1.3 server looks at its certificate
            (_, RefusedBy::Server, Some(Version::Tls13)) => format!("error reading server preface: {error}"),
            _ => format!("transport: authentication handshake failed: {error}"),
        }
    }

    fn server_line(&self) -> Option<String> {
        let error = self.server?;
        if is_of_etcd(self.link) {
            return Some(self.etcd_line(error));
        }
        if self.seen.http_status == Some(401) {
            let identity = self.shown.map(identifier).unwrap_or_default();
            return Some(format!("verifying certificate {identity} failed: {error}"));
        }
        Some(format!("http: TLS handshake error from {}: {error}", self.remote()))
    }

    fn remote(&self) -> String {
        let own = self.seen.local.filter(|_| self.by != RefusedBy::Client);
        own.map_or_else(|| SOME_CLIENT.to_owned(), |address: SocketAddr| address.to_string())
    }

    /// `embed/config_logging.go: logTLSHandshakeFailure` of etcd.
    fn etcd_line(&self, error: &str) -> String {
        let remote = quote(&self.remote());
        let name = self.link.name.as_deref().filter(|name| name.parse::<std::net::IpAddr>().is_err());
        let name = quote(name.unwrap_or_default());
        let known = self.shown.filter(|_| self.is_after_the_chain());
        if self.answering.zap {
            let names = known.map(|shown| {
                format!(
                    "\"ip-addresses\":[{}],\"dns-names\":[{}],",
                    quoted(&addresses(shown)).join(","),
                    quoted(&shown.names.dns).join(",")
                )
            });
            let (message, names) = (self.message(), names.unwrap_or_default());
            let error = quote(error);
            return format!(
                "\"msg\":\"{message}\",\"remote-addr\":{remote},\"server-name\":{name},{names}\"error\":{error}"
            );
        }
        let names = known.map(|shown| {
            format!(
                ", IPAddresses [{}], DNSNames [{}]",
                quoted(&addresses(shown)).join(" "),
                quoted(&shown.names.dns).join(" ")
            )
        });
        let (error, names) = (quote(error), names.unwrap_or_default());
        format!("embed: rejected connection from {remote} (error {error}, ServerName {name}{names})")
    }

    /// From 3.5.15 on the line says at which port.
    fn message(&self) -> &'static str {
        match self.answering.release {
            Some(release) if release < (3, 5, 15) => "rejected connection",
            // that was before the Go that names reasons in its alerts
            None if !self.answering.go.telling_alerts() => "rejected connection",
            _ if self.link.id.starts_with("etcd-peer") => "rejected connection on peer endpoint",
            _ => "rejected connection on client endpoint",
        }
    }

    /// Whether etcd knows the certificate when it refuses: only what it checks after Go's own verification.
    fn is_after_the_chain(&self) -> bool {
        let own = matches!(self.complaint, Some(Complaint::NotAllowed | Complaint::PeerAddress { .. }));
        let revoked = self.complaint.is_none() && self.link.other.is_some() && self.seen.stage >= Stage::Read;
        self.by == RefusedBy::Server && (own || revoked)
    }
}

fn addresses(certificate: &Certificate) -> Vec<String> {
    certificate.ip_addresses().into_iter().map(|address| address.to_string()).collect()
}

fn quoted(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| quote(text)).collect()
}

/// `certificateIdentifier` of Kubernetes' x509 authenticator.
fn identifier(certificate: &Certificate) -> String {
    let hex = |bytes: &[u8]| hex_lower(bytes).to_uppercase();
    format!(
        "SN={}, SKID={}, AKID={}",
        certificate.serial_decimal(),
        hex(&certificate.subject_key_id),
        hex(&certificate.authority_key_id)
    )
}
