//! A gate for CI: a repository holds manifests and public certificates, or a job has fetched the trees of all nodes; the
//! build fails when a link is broken, or when a leaf ends before the next release.
//!
//! `cargo run --example ci_gate -- DAYS PATH...`: exit 1 on errors, and on leaves that end within DAYS.
#![allow(clippy::print_stdout, reason = "it prints what it found")]

use std::path::PathBuf;
use std::process::ExitCode;

use pkidoctor::exam::Options;
use pkidoctor::go::GoVersion;
use pkidoctor::read::{self, Request};
use pkidoctor::report::{self, Filter};
use time::OffsetDateTime;

#[expect(clippy::disallowed_methods, reason = "a program asks for the time, the library is told")]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let days = arguments.next().and_then(|days| days.to_str()?.parse().ok()).ok_or("usage: ci_gate DAYS PATH...")?;
    // several paths are several nodes of one cluster
    let request = Request { paths: arguments.map(PathBuf::from).collect(), ..Request::default() };
    let cluster = read::cluster(&request, now(), GoVersion::NEWEST)?;
    let options = Options { expiry_warning: days, ..Options::default() };
    let report = report::examine(&cluster, &options, &Filter::default());
    let stops = |severity: &str, code: &str| severity == "error" || code == "expires-soon";
    let mut failed = false;
    for finding in report.findings.iter().filter(|finding| stops(finding.severity, finding.code)) {
        failed = true;
        println!("{} {}: {}", finding.code, finding.subject, finding.message);
        if let Some(command) = &finding.remedy.command {
            println!("  {command}");
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
