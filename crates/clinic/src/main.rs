//! `clinic`: makes patients and holds the doctor's report against real Go.

#![allow(clippy::disallowed_methods, reason = "the rooms are the doctor's; a workshop writes files and runs programs")]

use clinic::series::Plan;
use clinic::{compare, series, verify, wounds};
use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "\
clinic generate --count N --seed S --out DIR [--single | --healthy | --wound NAME]
clinic scan DIR --go VERSION... --doctor BINARY
clinic compare DIR --go VERSION [--show N] [--divergent FILE]
clinic effects DIR --go VERSION...
clinic chains --count N --seed S --out FILE
clinic verify FILE --answers FILE --go VERSION --doctor BINARY [--show N]
clinic wounds
";

fn main() -> ExitCode {
    let mut arguments: VecDeque<String> = std::env::args().skip(1).collect();
    let command = arguments.pop_front().unwrap_or_default();
    let options = Options::read(arguments);
    let outcome = match command.as_str() {
        "generate" => generate(&options),
        "scan" => scan(&options),
        "compare" => compare(&options),
        "effects" => compare::effects(&options.directory, &options.go).and_then(|text| say(&text).map(|()| true)),
        "chains" => verify::generate(&options.directory, options.count, options.seed).map(|()| true),
        "verify" => verify_chains(&options),
        "wounds" => list(),
        _ => Err(io::Error::other(USAGE)),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            let _ = writeln!(io::stderr(), "clinic: {error}");
            ExitCode::from(2)
        }
    }
}

#[derive(Default)]
struct Options {
    directory: PathBuf,
    count: u64,
    seed: u64,
    show: Option<usize>,
    go: Vec<String>,
    single: bool,
    healthy: bool,
    wound: Option<String>,
    divergent: Option<PathBuf>,
    doctor: PathBuf,
    answers: PathBuf,
}

impl Options {
    fn read(mut arguments: VecDeque<String>) -> Self {
        let mut options = Self::default();
        while let Some(argument) = arguments.pop_front() {
            let mut value = || arguments.pop_front().unwrap_or_default();
            match argument.as_str() {
                "--count" => options.count = value().parse().unwrap_or(0),
                "--seed" => options.seed = value().parse().unwrap_or(0),
                "--out" => options.directory = value().into(),
                "--show" => options.show = value().parse().ok(),
                "--go" => options.go.push(value()),
                "--single" => options.single = true,
                "--healthy" => options.healthy = true,
                "--wound" => options.wound = Some(value()),
                "--answers" => options.answers = value().into(),
                "--doctor" => options.doctor = value().into(),
                "--divergent" => options.divergent = Some(value().into()),
                _ => options.directory = argument.into(),
            }
        }
        options
    }

    fn plan(&self) -> io::Result<Plan> {
        match &self.wound {
            Some(name) => {
                let unknown = || io::Error::other(format!("no wound is called {name}"));
                wounds::find(name).map(Plan::Only).ok_or_else(unknown)
            }
            None if self.healthy => Ok(Plan::Healthy),
            None if self.single => Ok(Plan::Single),
            None => Ok(Plan::Mixed),
        }
    }
}

fn say(text: &str) -> io::Result<()> {
    io::stdout().write_all(text.as_bytes())
}

fn generate(options: &Options) -> io::Result<bool> {
    let plan = options.plan()?;
    series::write(&options.directory, options.count, options.seed, plan)?;
    Ok(true)
}

fn scan(options: &Options) -> io::Result<bool> {
    for go in &options.go {
        compare::scan(&options.directory, go, &options.doctor)?;
    }
    Ok(true)
}

fn compare(options: &Options) -> io::Result<bool> {
    let mut passes = true;
    for go in &options.go {
        let comparison = compare::directory(&options.directory, go)?;
        say(&comparison.describe(go, options.show.unwrap_or(20)))?;
        passes &= comparison.passes();
        if let Some(path) = &options.divergent {
            let mut list = OpenOptions::new().create(true).append(true).open(path)?;
            for cluster in comparison.divergent() {
                writeln!(list, "{}", cluster.display())?;
            }
        }
    }
    Ok(passes)
}

fn verify_chains(options: &Options) -> io::Result<bool> {
    let mut same = true;
    for go in &options.go {
        let limit = options.show.unwrap_or(20);
        let (equal, text) = verify::compare(&options.directory, &options.answers, &options.doctor, go, limit)?;
        say(&text)?;
        same &= equal;
    }
    Ok(same)
}

fn list() -> io::Result<bool> {
    for wound in wounds::all() {
        say(&format!("{:48} {}\n", wound.name, wound.slug))?;
    }
    say(&format!("{} wounds\n", wounds::all().len()))?;
    Ok(true)
}
