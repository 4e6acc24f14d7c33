//! Which lines are looked at: those that hold one of a few pieces of words, found many at a time.
//!
//! A log of etcd is gigabytes of lines that tell nothing. Every line that is understood holds one of these pieces, or
//! stands among the lines behind a start; a test holds every row of the table against them.

use std::sync::LazyLock;

use aho_corasick::packed::{self, Searcher};
use aho_corasick::{AhoCorasick, Input, Span};

/// Pieces that stand for many words and are rare in what etcd writes all day. At least four bytes each, at most 32 of
/// them: so the vector search works at the speed of memory.
const PIECES: [&str; 24] = [
    // errors and refusals of any kind: error, failed, refused
    "rror",
    "ailed",
    "efused",
    "orbidden",
    "nable to",
    "reset by",
    // certificates
    "x509",
    "tls: ",
    "TLSv",
    "ertificate ",
    "private key",
    // a start, and what comes behind it
    "Version: ",
    "etcdmain: ",
    "listen",
    "shutting",
    // members
    " leader ",
    "clock",
    "ID mismatch",
    "/version",
    // what tools say
    "curl: (",
    "HTTP response",
    "reply from",
    "Username",
    "shadowed",
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
