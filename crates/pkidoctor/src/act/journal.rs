//! What a repair is about to do, on disk before it does it: lines of JSON, each behind its own SHA-256.
//!
//! The first line is the header. A second line says that everything is staged and verified, so that the repair may be
//! finished. A line counts only when it is whole. Names of staged and kept files are not written but derived from the
//! run's name, so no journal, wherever it comes from, can name other files for removal. It holds no file contents.

use std::ffi::CString;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::digest::{Digest, octal};
use super::paths::{OUR_PREFIX, PathText, is_plain, split};

/// A journal is a line per change and a few words; a larger one is not ours.
pub(super) const MAX_JOURNAL: u64 = 1 << 20;
/// As many changes as one run makes.
pub(super) const MAX_CHANGES: usize = 1000;
const SCHEMA: &str = "pkidoctor.journal.v1";
const COMMIT: &str = "{\"commit\":true}";

/// A run's own words about itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Run {
    /// Its name: 1 to 64 ASCII letters, digits and `-`, never used before; names that sort by time are kindest.
    pub id: String,
    /// The command line, without secrets.
    pub words: Vec<String>,
    /// When it began.
    #[serde(with = "instant")]
    pub at: time::OffsetDateTime,
}

impl Run {
    pub(super) fn is_well_named(&self) -> bool {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=64).contains(&self.id.len()) && self.id.bytes().all(good) && !self.id.starts_with('-')
    }

    /// The new file of a change until it is renamed over the old one.
    pub(super) fn staged_name(&self, number: usize) -> CString {
        CString::new(format!("{OUR_PREFIX}-{}-{number}.new", self.id)).unwrap_or_default()
    }

    /// The old file of a change until the repair is over.
    pub(super) fn kept_name(&self, number: usize) -> CString {
        CString::new(format!("{OUR_PREFIX}-{}-{number}.old", self.id)).unwrap_or_default()
    }
}

/// An instant as in reports.
mod instant {
    use serde::{Deserialize, Deserializer, Serializer, de, ser};
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;

    pub(super) fn serialize<S: Serializer>(at: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&at.format(&Rfc3339).map_err(ser::Error::custom)?)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OffsetDateTime, D::Error> {
        OffsetDateTime::parse(&String::deserialize(deserializer)?, &Rfc3339).map_err(de::Error::custom)
    }
}

/// A file as it was or is to become.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct FileState {
    pub(super) sha256: Digest,
    #[serde(with = "octal")]
    pub(super) mode: u32,
    /// User and group; `None` for a new file that gets those of the process.
    pub(super) owner: Option<(u32, u32)>,
}

/// One file of a repair.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) path: PathText,
    /// `None`: there was no file.
    pub(super) before: Option<FileState>,
    /// `None`: there is to be no file.
    pub(super) after: Option<FileState>,
}

/// Where the run's backup goes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct BackupPlace {
    pub(super) parent: PathText,
    /// Directories above it, itself included, that the run had to make; the outermost first.
    pub(super) made: Vec<PathText>,
}

/// The first line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) schema: String,
    pub(super) run: Run,
    pub(super) home: PathText,
    pub(super) changes: Vec<Entry>,
    pub(super) backup: Option<BackupPlace>,
}

impl Header {
    pub(super) fn new(run: Run, home: PathBuf, changes: Vec<Entry>, backup: Option<BackupPlace>) -> Self {
        Self { schema: SCHEMA.to_owned(), run, home: PathText(home), changes, backup }
    }

    /// What a header that was read must be before anything is done by it.
    fn fault(&self) -> Option<String> {
        if self.schema != SCHEMA {
            return Some(format!("expected schema {SCHEMA}, found {:?}", self.schema));
        }
        if !self.run.is_well_named() {
            return Some("the run's name is not one of ours".to_owned());
        }
        if self.changes.is_empty() || self.changes.len() > MAX_CHANGES {
            return Some(format!("expected 1 to {MAX_CHANGES} changes, found {}", self.changes.len()));
        }
        if !is_plain(&self.home.0) {
            return Some("the directory's path is not a plain one".to_owned());
        }
        let paths: Vec<&PathBuf> = self.changes.iter().map(|change| &change.path.0).collect();
        paths_fault(&paths).or_else(|| self.backup.as_ref().and_then(BackupPlace::fault))
    }
}

/// Why these cannot be the files of one run: each is plain, not one of our own, and named once.
pub(super) fn paths_fault(paths: &[&PathBuf]) -> Option<String> {
    let mut seen = std::collections::BTreeSet::new();
    for path in paths {
        let Some((_, name)) = split(path) else {
            return Some(format!("{} is not a plain absolute path", path.display()));
        };
        if name.to_bytes().starts_with(OUR_PREFIX.as_bytes()) {
            return Some(format!("{} is one of pkidoctor's own files", path.display()));
        }
        if !seen.insert(path) {
            return Some(format!("{} is changed twice", path.display()));
        }
    }
    None
}

impl BackupPlace {
    fn fault(&self) -> Option<String> {
        let ours = |made: &PathText| is_plain(&made.0) && self.parent.0.starts_with(&made.0);
        (!is_plain(&self.parent.0) || !self.made.iter().all(ours))
            .then(|| "the backup's directories are not plain paths".to_owned())
    }
}

/// What a journal says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Journal {
    /// The header was never finished, so nothing had been staged.
    Empty,
    /// The header counts.
    Begun {
        header: Header,
        /// A second line was written, so renames may have happened.
        committed: bool,
    },
    /// Not as this program writes it, and not as a crash leaves it.
    Broken(String),
}

pub(super) fn header_line(header: &Header) -> Option<Vec<u8>> {
    let line = line(&serde_json::to_string(header).ok()?);
    // the second line needs room, too
    (line.len() as u64 + 200 <= MAX_JOURNAL).then_some(line)
}

pub(super) fn commit_line() -> Vec<u8> {
    line(COMMIT)
}

fn line(json: &str) -> Vec<u8> {
    format!("{} {json}\n", Digest::of(json.as_bytes())).into_bytes()
}

/// Reads a journal.
pub(super) fn parse(bytes: &[u8]) -> Journal {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return Journal::Empty };
    let (first, rest) = (&bytes[..end], bytes.get(end + 1..).unwrap_or_default());
    // a file system may give a file its length before its blocks
    if first.contains(&0) {
        return Journal::Empty;
    }
    let Some(json) = content(first) else {
        return Journal::Broken("the first line does not have its checksum".to_owned());
    };
    match serde_json::from_str::<Header>(json) {
        Err(error) => Journal::Broken(format!("the first line is not a header: {error}")),
        Ok(header) => match header.fault() {
            Some(fault) => Journal::Broken(fault),
            // a whole line that is damaged was on disk before the first rename; what is torn was not
            None => Journal::Begun { header, committed: rest.contains(&b'\n') },
        },
    }
}

fn content(line: &[u8]) -> Option<&str> {
    let (checksum, json) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    (Digest::parse(checksum)? == Digest::of(json.as_bytes())).then_some(json)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header() -> Header {
        let run =
            Run { id: "20261123-1".to_owned(), words: vec!["regen".to_owned()], at: time::OffsetDateTime::UNIX_EPOCH };
        let state = FileState { sha256: Digest::of(b""), mode: 0o600, owner: Some((0, 0)) };
        let changes = vec![
            Entry { path: PathText("/pki/a.crt".into()), before: Some(state), after: Some(state) },
            Entry {
                path: PathText("/pki/a.key".into()),
                before: None,
                after: Some(FileState { owner: None, ..state }),
            },
        ];
        let backup = BackupPlace { parent: PathText("/var/b".into()), made: vec![PathText("/var/b".into())] };
        Header::new(run, "/pki".into(), changes, Some(backup))
    }

    fn whole() -> Vec<u8> {
        let mut bytes = header_line(&header()).expect("a line");
        bytes.extend(commit_line());
        bytes
    }

    #[test]
    fn cut_anywhere() {
        let bytes = whole();
        let first = bytes.len() - commit_line().len();
        for length in 0..=bytes.len() {
            let wanted = match length {
                _ if length < first => Journal::Empty,
                _ => Journal::Begun { header: header(), committed: length == bytes.len() },
            };
            assert_eq!(parse(&bytes[..length]), wanted, "{length}");
        }
    }

    #[test]
    fn every_bit_flipped() {
        let bytes = whole();
        let first = bytes.len() - commit_line().len();
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            match parse(&bytes) {
                Journal::Begun { header: read, .. } => assert!(bit / 8 >= first && read == header(), "{bit}"),
                Journal::Broken(_) | Journal::Empty => assert!(bit / 8 < first, "{bit}"),
            }
        }
    }

    #[test]
    fn headers_that_are_not_followed() {
        let mut odd: Vec<Header> = Vec::new();
        for path in ["/pki/../etc/shadow", "relative", "/pki/.pkidoctor-journal", "/pki/", "/pki/a.crt"] {
            let mut header = header();
            header.changes[1].path = PathText(path.into());
            odd.push(header);
        }
        for id in ["", "../x", "-x", "a/b", &"x".repeat(65)] {
            let mut header = header();
            header.run.id = id.to_owned();
            odd.push(header);
        }
        let mut elsewhere = header();
        elsewhere.backup = Some(BackupPlace { parent: PathText("/b".into()), made: vec![PathText("/home".into())] });
        let mut other = header();
        other.schema = "pkidoctor.journal.v2".to_owned();
        let empty = Header { changes: Vec::new(), ..header() };
        odd.extend([elsewhere, other, empty]);
        for header in odd {
            let line = header_line(&header).expect("a line");
            assert!(matches!(parse(&line), Journal::Broken(_)), "{header:?}");
        }
    }

    proptest! {
        #[test]
        fn anything_is_read(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn any_json_behind_its_checksum_is_read(json in "[{}\\[\\]\":,a-z0-9/. -]{0,200}") {
            let _ = parse(&line(&json));
        }
    }
}
