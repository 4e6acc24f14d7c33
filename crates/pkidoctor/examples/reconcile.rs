//! One step of an operator that reconciles: look, plan the smallest repair, judge it, carry it out, or say why not.
//!
//! `cargo run --example reconcile -- PKI [--apply]`: without `--apply` nothing is written. Exit 1 when something is left.
#![allow(clippy::print_stdout, reason = "it prints what it does")]

use std::path::PathBuf;
use std::process::ExitCode;

use pkidoctor::act::{RealFiles, Run};
use pkidoctor::go::GoVersion;
use pkidoctor::read::Request;
use pkidoctor::repair::{self, Nobody, Refused, Selection, Setting};
use time::OffsetDateTime;

#[expect(clippy::disallowed_methods, reason = "a program asks for the time, the library is told")]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let pki = PathBuf::from(arguments.next().ok_or("usage: reconcile PKI [--apply]")?);
    let apply = arguments.next().is_some_and(|word| word == "--apply");
    let backups = std::path::absolute(pki.join("../pkidoctor-backups"))?;
    let setting = Setting {
        request: Request { paths: vec![pki], ..Request::default() },
        now: now(),
        go: GoVersion::NEWEST,
        // when this program was built: a clock that is behind it is wrong
        built: OffsetDateTime::UNIX_EPOCH,
    };
    let prescription = match repair::fix(&setting, &Selection::default()) {
        Ok(prescription) => prescription,
        Err(Refused::No(refusal)) => {
            println!("not now: {}", refusal.message);
            refusal.way_out.iter().for_each(|step| println!("  {step}"));
            return Ok(ExitCode::FAILURE);
        }
        Err(other) => return Err(other.into()),
    };
    for step in &prescription.plan.steps {
        println!("{} {}", step.kind.name(), step.target);
    }
    for left in &prescription.left {
        println!("left for hands: {} {}", left.finding.code, left.finding.subject);
    }
    if apply && !prescription.is_empty() {
        let at = now();
        let run = Run { id: format!("reconcile-{}", at.unix_timestamp()), words: vec!["reconcile".to_owned()], at };
        // a witness could ask a running etcd before the files change, and look at it after
        let done = prescription.carry_out(&setting, &RealFiles, run, Some(backups), &mut Nobody)?;
        println!("done; backup: {}", done.backup.map_or_else(String::new, |path| path.display().to_string()));
    }
    Ok(if prescription.left.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
