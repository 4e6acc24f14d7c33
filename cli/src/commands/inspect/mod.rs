//! `inspect`: what is in a file, without judging it.

mod contents;
mod digest;
mod kubeconfig;
mod requests;
mod tell;

use std::io::{self, Write as _};

use pkidoctor::go::verify::rfc3339;
use serde_json::json;

use crate::args::{Format, Inspect, Manners};
use crate::exit::Exit;
use crate::output::{Output, say};
use crate::render::json;
use contents::FileContents;

/// Runs `inspect`.
///
/// # Errors
/// When the output cannot be written.
pub(crate) fn run(inspect: &Inspect, manners: &Manners, out: &mut Output) -> io::Result<Exit> {
    let (go, now) = (inspect.judge.for_go, inspect.judge.now());
    let files: Vec<FileContents> = inspect.files.iter().map(|path| FileContents::of(path, go)).collect();
    for error in files.iter().filter_map(|file| file.error.as_deref()) {
        say(error);
    }
    match manners.format() {
        Format::Human => out.write_all(tell::files(&files, now, out.paper(), super::detail(manners)).as_bytes())?,
        Format::Json => {
            json::line(out, &json!({ "at": rfc3339(now), "judged_as": { "go": go.to_string() }, "files": files }))?;
        }
        _ => files.iter().try_for_each(|file| json::line(out, file))?,
    }
    Ok(if files.iter().any(|file| file.error.is_some()) { Exit::CouldNotLook } else { Exit::Clean })
}
