//! `verify`: Go's verdict on one certificate.

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use pkidoctor::go::load::{self, Loader, Material, Pool};
use pkidoctor::go::verify::{Purpose, SignatureCache, Verifier, rfc3339};
use pkidoctor::read::{self, ReadError};
use pkidoctor::x509::certificate::Certificate;
use serde_json::json;
use time::OffsetDateTime;

use crate::args::{Format, Manners, Usage, Verify};
use crate::exit::Exit;
use crate::language::tr;
use crate::output::{Output, say};
use crate::render::clean::clean;
use crate::render::json;

/// Runs `verify`.
///
/// # Errors
/// When the output cannot be written.
pub(crate) fn run(verify: &Verify, manners: &Manners, out: &mut Output) -> io::Result<Exit> {
    let now = verify.judge.now();
    let (verdict, error, exit) = match judge(verify, now) {
        Ok(Ok(())) => ("ok", None, Exit::Clean),
        Ok(Err(text)) => ("refused", Some(text), Exit::Found),
        Err(error) => {
            say(&error.to_string());
            ("incomplete", Some(error.to_string()), Exit::CouldNotLook)
        }
    };
    if manners.format() == Format::Human {
        writeln!(out, "{}", tr(&human(verdict, error.as_deref())))?;
    } else {
        let go = verify.judge.for_go.to_string();
        json::line(out, &json!({ "verdict": verdict, "error": error, "at": rfc3339(now), "judged_as": { "go": go } }))?;
    }
    Ok(exit)
}

/// `ok`, Go's text alone, or that nothing could be judged (the reason is on stderr).
fn human(verdict: &str, error: Option<&str>) -> String {
    match (verdict, error) {
        ("refused", Some(text)) => clean(text).into_owned(),
        ("incomplete", _) => "incomplete: nothing was judged".to_owned(),
        _ => verdict.to_owned(),
    }
}

/// Outer error: a path could not be read. Inner: Go's words.
fn judge(verify: &Verify, now: OffsetDateTime) -> Result<Result<(), String>, ReadError> {
    let go = verify.judge.for_go;
    let read = |path: &Path| read::pem(path, go);
    let (leaf, trust) = (read(&verify.leaf)?, read(&verify.ca)?);
    let untrusted = verify.untrusted.as_deref().map(read).transpose()?;
    let purpose = match verify.usage {
        Usage::Server => Purpose::Server,
        Usage::Client => Purpose::Client,
        Usage::Any => Purpose::Any,
    };
    let signatures = SignatureCache::default();
    let verifier = Verifier { go, now, signatures: &signatures };
    Ok(in_go(&verifier, &Files { leaf, trust, untrusted }, verify.name.as_deref(), purpose))
}

struct Files {
    leaf: Material,
    trust: Material,
    untrusted: Option<Material>,
}

/// The order in which a Go program meets its errors: trust, leaf, verification.
fn in_go(verifier: &Verifier<'_>, files: &Files, name: Option<&str>, purpose: Purpose) -> Result<(), String> {
    let roots = load::pool(&files.trust, Loader::Etcd).map_err(|fault| fault.text)?;
    let leaf = first(&files.leaf)?;
    let further = files.leaf.certificates().skip(1).map(|(_, parsed)| parsed);
    let untrusted = files.untrusted.iter().flat_map(Material::certificates).map(|(_, parsed)| parsed);
    let intermediates = Pool::of(further.chain(untrusted).flatten());
    verifier.verify(leaf, &intermediates, &roots, name, purpose).map(drop).map_err(|error| error.to_string())
}

fn first(leaf: &Material) -> Result<&Arc<Certificate>, String> {
    match leaf.certificates().next() {
        Some((_, parsed)) => parsed.as_ref().map_err(Clone::clone),
        None => Err("tls: failed to find any PEM data in certificate input".to_owned()),
    }
}
