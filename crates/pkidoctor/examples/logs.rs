//! Reads logs and prints what was counted in them; with `--lines` what each line of a file is by itself.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "an example: it reads and prints what it is given")]

use std::path::Path;

use pkidoctor::logs::{Reader, Settings, understand};
use pkidoctor::read::logs::open;
use time::macros::datetime;

fn main() -> std::io::Result<()> {
    let now = datetime!(2026-11-23 12:00 UTC);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "--lines") {
        for line in std::fs::read_to_string(&arguments[1])?.lines() {
            let fields: Vec<&str> = line.splitn(3, '\t').collect();
            match understand(fields[2], fields[1], now) {
                Some(event) => println!(
                    "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
                    fields[0],
                    fields[1],
                    event.row.id,
                    event.writer.name(),
                    event.port.name(),
                    event.direction.name(),
                    event.causes.first().unwrap_or(&"-"),
                    fields[2]
                ),
                None => println!("{}\t{}\tNONE\t\t\t\t\t{}", fields[0], fields[1], fields[2]),
            }
        }
        return Ok(());
    }
    let mut reader = Reader::new(Settings::at(now));
    for path in &arguments {
        let source = reader.source(path);
        let log = open(Path::new(path), true).map_err(std::io::Error::other)?;
        log.read_into(&mut reader, source)?;
    }
    let journal = reader.finish();
    for event in &journal.events {
        println!(
            "{:>8} {} {} {} {} gateway {} remote {:?} {:?} target {:?} {:?}",
            event.count,
            event.row.id,
            event.writer.name(),
            event.port.name(),
            event.direction.name(),
            event.gateway,
            event.remote,
            event.causes.first(),
            event.target,
            event.first
        );
    }
    for fact in &journal.facts {
        println!("{:>8} {:?}", fact.count, fact.what);
    }
    for source in &journal.sources {
        println!("{source:?}");
    }
    println!("unknown {} ours {} dropped {} cut {}", journal.unknown, journal.ours, journal.dropped, journal.cut);
    Ok(())
}
