//! Makes private keys and writes them to standard output: `keys [COUNT] [KIND]`, by default one `rsa2048`.
//! `scripts/bench-keys` measures this.

use std::error::Error;
use std::io::{self, Write as _};

use pkidoctor::issue::{KeyKind, PrivateKey};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let count = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let kind = arguments.next().map_or(Ok(KeyKind::Rsa2048), |text| text.parse())?;
    let mut out = io::stdout().lock();
    for key in PrivateKey::generate_many(&vec![kind; count])? {
        out.write_all(&key.pem(key.usual_container())?)?;
    }
    Ok(())
}
