//! `verify`: Go's verdict on one certificate.

use std::path::Path;

use pkidoctor::go::load::{self, Item, Loader, Material, Pool};
use pkidoctor::go::verify::{Purpose, SignatureCache, Verifier};
use pkidoctor::read::{self, ReadError};
use time::OffsetDateTime;

use crate::args::{Usage, Verify};
use crate::exit::Exit;

/// Runs `verify`.
pub(crate) fn run(verify: &Verify) -> Exit {
    match judge(verify) {
        Ok(Ok(())) => {
            anstream::println!("ok");
            Exit::Clean
        }
        Ok(Err(text)) => {
            anstream::println!("{text}");
            Exit::Found
        }
        Err(error) => {
            anstream::eprintln!("pkidoctor: {error}");
            Exit::CouldNotLook
        }
    }
}

/// Outer error: a path could not be read. Inner: Go's words.
fn judge(verify: &Verify) -> Result<Result<(), String>, ReadError> {
    let read = |path: &Path| read::pem(path, verify.for_go);
    let (leaf_file, trust) = (read(&verify.leaf)?, read(&verify.ca)?);
    let untrusted = verify.untrusted.as_deref().map(read).transpose()?;
    let roots = match load::pool(&trust, Loader::Etcd) {
        Ok(pool) => pool,
        Err(fault) => return Ok(Err(fault.text)),
    };
    let mut certificates = certificates(&leaf_file);
    if certificates.is_empty() {
        return Ok(Err("tls: failed to find any PEM data in certificate input".to_owned()));
    }
    let leaf = match certificates.remove(0) {
        Ok(leaf) => leaf.clone(),
        Err(text) => return Ok(Err(text.clone())),
    };
    let further = untrusted.as_ref().map(|file| self::certificates(file)).unwrap_or_default();
    let intermediates = Pool::of(certificates.into_iter().chain(further).flatten());
    let signatures = SignatureCache::default();
    let now = verify.at.unwrap_or_else(OffsetDateTime::now_utc);
    let purpose = match verify.usage {
        Usage::Server => Purpose::Server,
        Usage::Client => Purpose::Client,
        Usage::Any => Purpose::Any,
    };
    let verifier = Verifier { go: verify.for_go, now, signatures: &signatures };
    let verdict = verifier.verify(&leaf, &intermediates, &roots, verify.name.as_deref(), purpose);
    Ok(verdict.map(drop).map_err(|error| error.to_string()))
}

type Parsed<'m> = &'m Result<std::sync::Arc<pkidoctor::x509::certificate::Certificate>, String>;

fn certificates(file: &Material) -> Vec<Parsed<'_>> {
    let blocks = file.pem.blocks.iter().zip(&file.items).filter(|(block, _)| block.label == "CERTIFICATE");
    let parsed = blocks.filter_map(|(_, item)| match item {
        Item::Certificate(parsed) => Some(parsed),
        Item::Key(_) => None,
    });
    parsed.collect()
}
