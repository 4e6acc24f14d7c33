//! Which lines are looked at: those that hold one of a few pieces of words, found many at a time.
//!
//! A log of etcd is gigabytes of lines that tell nothing. Every line that is understood holds one of these pieces, or
//! stands where all lines are looked at: at the beginning of a log, which is all of what tools print, and behind a start.
//! A test holds every row of the table and every known line against that.

use std::sync::LazyLock;

use aho_corasick::packed::{self, Searcher};
use aho_corasick::{AhoCorasick, Input, Span};

/// Pieces that stand for many words and are rare in what etcd writes all day. At least four bytes each, and few: so the
/// vector search works at the speed of memory.
const PIECES: [&str; 16] = [
    // errors and refusals of any kind: error, failed, refused
    "rror",
    "ailed",
    "efused",
    "orbidden",
    "nable to",
    "reset by",
    "HTTP response",
    // certificates
    "x509",
    "tls: ",
    "ertificate ",
    // a start, and what comes behind it; a stop
    "Version: ",
    "listen",
    "shutting",
    // members
    "clock",
    "ID mismatch",
    "/version",
];

/// These begin a start: addresses, files and warnings follow, in words that are too common to be searched for.
const STARTS: [&[u8]; 2] = [b"Version: ", b"listen"];

struct Telling {
    /// Where the processor has vectors.
    vectors: Option<Searcher>,
    /// Where it has none.
    plain: AhoCorasick,
}

static TELLING: LazyLock<Option<Telling>> = LazyLock::new(|| {
    Some(Telling {
        vectors: packed::Config::new().builder().extend(PIECES).build(),
        plain: AhoCorasick::new(PIECES).ok()?,
    })
});

/// Where the next piece is, from `from` on. Without a searcher every place is one.
pub(super) fn next(text: &[u8], from: usize) -> Option<usize> {
    let Some(telling) = TELLING.as_ref() else { return (from < text.len()).then_some(from) };
    let found = match &telling.vectors {
        Some(vectors) => vectors.find_in(text, Span { start: from, end: text.len() }),
        None => telling.plain.find(Input::new(text).range(from..)),
    };
    found.map(|found| found.start())
}

/// Whether a program starts here.
pub(super) fn is_start(line: &[u8]) -> bool {
    STARTS.iter().any(|words| memchr::memmem::find(line, words).is_some())
}
