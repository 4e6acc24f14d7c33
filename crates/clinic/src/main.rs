//! `clinic`: makes patients.

use clinic::Cluster;
use clinic::rng::Rng;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let out = PathBuf::from(std::env::args().nth(1).unwrap_or_default());
    for index in 0..20 {
        let seed = Rng::for_patient(1, index).next();
        let c = Cluster::healthy(seed);
        if c.write(&out.join(index.to_string())).is_err() {
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
