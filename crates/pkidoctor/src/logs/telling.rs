//! Which lines are looked at: those that hold one of a few pieces of words, found many at a time.
//!
//! A log of etcd is gigabytes of lines that tell nothing. Every line that is understood holds one of these pieces, or
//! stands where all lines are looked at: at the beginning of a log, which is all of what tools print, and behind a start.
//! A test holds every row of the table and every known line against that.

use std::sync::LazyLock;

use aho_corasick::packed::{self, Searcher};
use aho_corasick::{AhoCorasick, Input, Span};
use memchr::memmem::Finder;

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
static STARTS: LazyLock<[Finder<'static>; 2]> = LazyLock::new(|| ["Version: ", "listen"].map(Finder::new));

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

/// Where the next piece is between two places. Without a searcher every place is one.
fn find(text: &[u8], from: usize, to: usize) -> Option<usize> {
    let Some(telling) = TELLING.as_ref() else { return (from < to).then_some(from) };
    let found = match &telling.vectors {
        Some(vectors) => vectors.find_in(text, Span { start: from, end: to }),
        None => telling.plain.find(Input::new(text).range(from..to)),
    };
    found.map(|found| found.start())
}

/// What a runtime writes before a line is not longer.
const HEAD: usize = 64;
/// After so many other lines in a row, the log is not one of lines that are passed by their heads.
const FEW: u32 = 16;

/// Whether a line is known by its head to tell nothing: zap's, by code of etcd that knows nothing of certificates and
/// writes most of the lines of a healthy member. The lengths are constants: that is as fast as finding the line's end.
fn is_every_day(line: &[u8]) -> bool {
    let head = &line[..line.len().min(HEAD)];
    let caller = memchr::memchr(b'{', head).and_then(|start| {
        let zap = &line[start..];
        let time = zap
            .strip_prefix(b"{\"level\":\"info\",\"ts\":\"")
            .or_else(|| zap.strip_prefix(b"{\"level\":\"warn\",\"ts\":\""))?;
        let end = memchr::memchr(b'"', &time[..time.len().min(HEAD)])?;
        time[end..].strip_prefix(b"\",\"caller\":\"")
    });
    caller.is_some_and(|caller| {
        caller.starts_with(b"mvcc/") || caller.starts_with(b"traceutil/") || caller.starts_with(b"etcdserver/util.go:")
    })
}

/// Goes through complete lines, from one that may tell something to the next.
pub(super) struct Walk<'l> {
    lines: &'l [u8],
    at: usize,
    /// How many lines were passed, this one not.
    pub(super) passed: u64,
    /// Lines in a row that were searched.
    searched: u32,
}

impl<'l> Walk<'l> {
    pub(super) const fn new(lines: &'l [u8]) -> Self {
        Self { lines, at: 0, passed: 0, searched: 0 }
    }

    /// The next line: where it begins and where it ends.
    pub(super) fn line(&mut self) -> Option<(usize, usize)> {
        (self.at < self.lines.len()).then(|| self.take(self.at))
    }

    /// The next line that may tell something. At the end all lines are passed.
    pub(super) fn telling(&mut self) -> Option<(usize, usize)> {
        while self.searched < FEW && self.at < self.lines.len() {
            let end = self.end(self.at);
            if is_every_day(&self.lines[self.at..end]) {
                self.searched = 0;
            } else if find(self.lines, self.at, end).is_some() {
                return Some(self.take(self.at));
            } else {
                self.searched += 1;
            }
            self.at = end + 1;
            self.passed += 1;
        }
        let rest = self.lines.get(self.at..)?;
        let Some(found) = find(rest, 0, rest.len()) else {
            self.passed += count(rest);
            self.at = self.lines.len();
            return None;
        };
        let start = memchr::memrchr(b'\n', &rest[..found]).map_or(0, |end| end + 1);
        self.passed += count(&rest[..start]);
        Some(self.take(self.at + start))
    }

    fn end(&self, from: usize) -> usize {
        memchr::memchr(b'\n', &self.lines[from..]).map_or(self.lines.len(), |end| from + end)
    }

    fn take(&mut self, start: usize) -> (usize, usize) {
        let end = self.end(start);
        self.at = end + 1;
        self.passed += 1;
        (start, end)
    }
}

fn count(lines: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', lines).count() as u64
}

/// Whether a program starts here.
pub(super) fn is_start(line: &[u8]) -> bool {
    STARTS.iter().any(|words| words.find(line).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks, and tells the lines and their numbers.
    fn walked(text: &str) -> (Vec<(u64, &str)>, u64) {
        let mut walk = Walk::new(text.as_bytes());
        let mut told = Vec::new();
        while let Some((start, end)) = walk.telling() {
            told.push((walk.passed, &text[start..end]));
        }
        (told, walk.passed)
    }

    const EVERY_DAY: &str = r#"{"level":"info","ts":"2026-11-23T03:29:29.735057Z","caller":"mvcc/index.go:214","msg":"compact tree index","key":"/registry/x509 error"}"#;
    const OTHER: &str = r#"{"level":"info","ts":"2026-11-23T03:29:29.735057Z","caller":"wal/wal.go:1","msg":"x"}"#;
    const REFUSED: &str = r#"{"level":"warn","ts":"2026-11-23T03:29:29.735057Z","caller":"embed/config_logging.go:169","msg":"rejected connection","error":"mvcc/ EOF"}"#;

    #[test]
    fn whatever_lies_between_the_same_lines_are_found() {
        // few others, and so many that the heads are no longer looked at
        for others in [0, 1, 3, 40] {
            for every_day in [0, 1, 2, 50] {
                let mut lines = Vec::new();
                let mut expected = Vec::new();
                for _ in 0..5 {
                    lines.extend(std::iter::repeat_n(EVERY_DAY, every_day));
                    lines.push(REFUSED);
                    expected.push((lines.len() as u64, REFUSED));
                    lines.extend(std::iter::repeat_n(OTHER, others));
                }
                let text = lines.join("\n") + "\n";
                let (mut told, all) = walked(&text);
                // a line that tells nothing may come out, one that tells something is never passed
                told.retain(|(_, line)| *line != EVERY_DAY);
                assert_eq!((told, all), (expected, lines.len() as u64), "{others} {every_day}");
            }
        }
        assert_eq!(walked(""), (Vec::new(), 0));
        assert_eq!(walked("\n\n"), (Vec::new(), 2));
    }

    #[test]
    fn no_line_that_is_understood_is_passed_by_its_head() {
        assert!(is_every_day(EVERY_DAY.as_bytes()));
        assert!(is_every_day(format!("2026-11-23T03:29:29.735057123Z stderr F {EVERY_DAY}").as_bytes()));
        assert!(!is_every_day(REFUSED.as_bytes()) && !is_every_day(OTHER.as_bytes()) && !is_every_day(b""));
        for row in crate::logs::rows() {
            assert!(!is_every_day(row.example.as_bytes()), "{}", row.example);
        }
    }
}
