//! A certificate revocation list as etcd reads it: for its serial numbers, and nothing else.
//!
//! Sources: etcd `client/pkg/transport/listener_tls.go` (`checkCRL`), Go `x509.ParseCRL` (etcd up to 3.5, PEM
//! or DER) and `x509.ParseRevocationList` (etcd from 3.6, DER only), RFC 5280 section 5.

use time::OffsetDateTime;

use crate::x509::certificate::Certificate;
use crate::x509::der::{Der, tag};
use crate::x509::name::Name;
use crate::x509::signature::{self, Algorithm};

use super::parse;
use super::version::GoVersion;

/// A parsed list.
pub struct RevocationList {
    /// Who signed it.
    pub issuer: Name,
    /// When the next one is due.
    pub next_update: Option<OffsetDateTime>,
    /// The revoked serial numbers: magnitudes without leading zeros, as `big.Int.Bytes` gives them.
    pub serials: Vec<Vec<u8>>,
    signed: Vec<u8>,
    algorithm: Algorithm,
    signature: Vec<u8>,
}

impl RevocationList {
    /// Reads DER; `None` when it is no revocation list.
    pub fn read(der: &[u8], go: GoVersion) -> Option<Self> {
        let mut outer = Der::new(der).sequence()?;
        let signed = outer.element(tag::SEQUENCE)?;
        let identifier = outer.read(tag::SEQUENCE)?;
        let (signature, _) = outer.bit_string()?;
        let mut fields = Der::new(signed.contents);
        fields.optional(tag::INTEGER)?;
        fields.read(tag::SEQUENCE)?;
        let issuer = parse::name(fields.element(tag::SEQUENCE)?.whole, go).ok()?;
        parse::moment(&mut fields).ok()?;
        let dated = fields.peek(tag::UTC_TIME) || fields.peek(tag::GENERALIZED_TIME);
        let next_update = if dated { Some(parse::moment(&mut fields).ok()?) } else { None };
        let mut revoked = Der::new(fields.optional(tag::SEQUENCE)?.unwrap_or_default());
        let mut serials = Vec::new();
        while !revoked.is_empty() {
            serials.push(magnitude(revoked.sequence()?.integer()?));
        }
        let algorithm = parse::signature_algorithm(&parse::algorithm_identifier(identifier, go).ok()?, go);
        Some(Self {
            issuer,
            next_update,
            serials,
            signed: signed.whole.to_vec(),
            algorithm,
            signature: signature.to_vec(),
        })
    }

    /// Whether it is this authority's: its name and its signature. etcd never asks.
    pub fn is_from(&self, authority: &Certificate) -> bool {
        let signed = |key| signature::verifies(self.algorithm, key, &self.signed, &self.signature);
        self.issuer.raw == authority.subject.raw && authority.key.as_ref().is_some_and(signed)
    }

    /// Whether a certificate's serial number is in it. etcd compares nothing else.
    pub fn names(&self, certificate: &Certificate) -> bool {
        self.serials.contains(&magnitude(&certificate.serial))
    }
}

fn magnitude(serial: &[u8]) -> Vec<u8> {
    let leading = serial.iter().take_while(|byte| **byte == 0).count();
    serial[leading..].to_vec()
}
