//! A check of one pair before it is admitted: what a webhook, a Vault hook or a pipeline asks before a new certificate
//! for etcd is handed out. Would etcd load it, would its clients take it, would it pass as a client where it is one?
//!
//! `cargo run --example admission -- CERTIFICATE KEY CA NAME...`: exit 1 when Go would refuse on any count.
#![allow(clippy::print_stdout, reason = "it prints its verdict")]

use std::path::Path;
use std::process::ExitCode;

use pkidoctor::go::GoVersion;
use pkidoctor::go::load::{self, Loader, Pool};
use pkidoctor::go::verify::{Purpose, SignatureCache, Verifier};
use pkidoctor::read;
use time::OffsetDateTime;

#[expect(clippy::disallowed_methods, reason = "a program asks for the time, the library is told")]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// Every reason to refuse the pair, in the words of Go.
fn objections(certificate: &Path, key: &Path, ca: &Path, names: &[String]) -> Result<Vec<String>, read::ReadError> {
    let go = GoVersion::NEWEST;
    let (certificate, key, ca) = (read::pem(certificate, go)?, read::pem(key, go)?, read::pem(ca, go)?);
    // as etcd loads its files: the pair must belong together, the pool takes every block
    let pair = match load::key_pair(&certificate, &key) {
        Ok(pair) => pair,
        Err(fault) => return Ok(vec![fault.text()]),
    };
    let roots = match load::pool(&ca, Loader::Etcd) {
        Ok(roots) => roots,
        Err(fault) => return Ok(vec![fault.text]),
    };
    let signatures = SignatureCache::default();
    let verifier = Verifier { go, now: now(), signatures: &signatures };
    let presented = pair.presented();
    let intermediates = Pool::of(presented.chain.iter().skip(1).flatten());
    let mut objections = Vec::new();
    let asked = names.iter().map(|name| (Some(name.as_str()), Purpose::Server)).chain([(None, Purpose::Client)]);
    for (name, purpose) in asked {
        if let Err(error) = verifier.verify(presented.leaf(), &intermediates, &roots, name, purpose) {
            objections.push(error.to_string());
        }
    }
    Ok(objections)
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [certificate, key, ca, names @ ..] = arguments.as_slice() else {
        return Err("usage: admission CERTIFICATE KEY CA NAME...".into());
    };
    let objections = objections(certificate.as_ref(), key.as_ref(), ca.as_ref(), names)?;
    for objection in &objections {
        println!("{objection}");
    }
    Ok(if objections.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
