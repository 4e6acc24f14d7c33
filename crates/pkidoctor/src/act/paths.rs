//! Paths as this room takes them: absolute, plain, and written in JSON without loss.

use std::ffi::{CString, OsString};
use std::fmt::Write as _;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Names that begin so are this tool's own: never judged, never changed for others.
pub(super) const OUR_PREFIX: &str = ".pkidoctor";

/// Absolute, and without `.`, `..`, doubled or trailing slashes: no two plain paths name the same entry but by links.
pub(super) fn is_plain(path: &Path) -> bool {
    let plain: PathBuf =
        path.components().filter(|part| matches!(part, Component::RootDir | Component::Normal(_))).collect();
    path.is_absolute() && plain.as_os_str() == path.as_os_str() && !path.as_os_str().as_bytes().contains(&0)
}

/// The directory and the name of a plain path; `None` for `/` and for paths that are not plain.
pub(super) fn split(path: &Path) -> Option<(PathBuf, CString)> {
    let name = CString::new(path.file_name()?.as_bytes()).ok()?;
    Some((path.parent().filter(|_| is_plain(path))?.to_path_buf(), name))
}

/// What stood before `then` when `now` is the same directory, seen from elsewhere: a node's disk that is now below
/// `/mnt` has every one of its paths there. `None` when `now` is another directory.
pub(super) fn moved(then: &Path, now: &Path) -> Option<PathBuf> {
    let (then, now) = (then.as_os_str().as_bytes(), now.as_os_str().as_bytes());
    let prefix = now.strip_suffix(then)?;
    let prefix = PathBuf::from(OsString::from_vec(prefix.to_vec()));
    (prefix.as_os_str().is_empty() || is_plain(&prefix)).then_some(prefix)
}

/// `path`, which was absolute, below `prefix`.
pub(super) fn below(prefix: &Path, path: &Path) -> PathBuf {
    if prefix.as_os_str().is_empty() {
        return path.to_path_buf();
    }
    prefix.join(path.strip_prefix("/").unwrap_or(path))
}

/// A path in JSON: bytes that are not UTF-8 are written as `%XX`, and so is `%`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PathText(pub(super) PathBuf);

impl Serialize for PathText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&escape(self.0.as_os_str().as_bytes()))
    }
}

impl<'de> Deserialize<'de> for PathText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = unescape(&text).ok_or_else(|| de::Error::custom("a path with a broken %XX"))?;
        Ok(Self(PathBuf::from(OsString::from_vec(bytes))))
    }
}

fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(&chunk.valid().replace('%', "%25"));
        for byte in chunk.invalid() {
            // writing to a String cannot fail
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::quoted;

    #[test]
    fn plain_paths() {
        for good in ["/a", "/a/b", "/a/..b", "/"] {
            assert!(is_plain(Path::new(good)), "{good}");
        }
        for bad in ["", "a", "/a/", "/a/../b", "/a/./b", "//a", "/a//b", "/a\0b"] {
            assert!(!is_plain(Path::new(bad)), "{bad}");
        }
        assert!(split(Path::new("/")).is_none());
        assert_eq!(split(Path::new("/a/b")), Some(("/a".into(), c"b".into())));
    }

    #[test]
    fn a_tree_that_moved() {
        let moved = |then: &str, now: &str| moved(Path::new(then), Path::new(now));
        assert_eq!(moved("/etc/pki", "/etc/pki"), Some(PathBuf::new()));
        assert_eq!(moved("/etc/pki", "/mnt/etc/pki"), Some(PathBuf::from("/mnt")));
        assert_eq!(moved("/etc/pki", "/tmp/pki"), None);
        assert_eq!(moved("/etc/pki", "/mntetc/pki"), None);
        assert_eq!(below(Path::new("/mnt"), Path::new("/etc/x")), Path::new("/mnt/etc/x"));
        assert_eq!(below(Path::new(""), Path::new("/etc/x")), Path::new("/etc/x"));
    }

    #[test]
    fn odd_names_survive() {
        for bytes in [&b"/plain"[..], b"/100%", b"/\xff\xfe%41", b"/\xc3\xa9\n"] {
            assert_eq!(unescape(&escape(bytes)).as_deref(), Some(bytes));
        }
        assert_eq!(escape(b"/\xff%"), "/%FF%25");
        for bad in ["%", "%4", "%zz", "%\u{e9}"] {
            assert!(unescape(bad).is_none(), "{bad}");
        }
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "the shell is what is asked")]
    fn a_shell_reads_the_same_path() {
        for bytes in [&b"/plain"[..], b"/it's $HOME", b"/\xff \xfe", b"/a\tb'c%d"] {
            let path = PathBuf::from(OsString::from_vec(bytes.to_vec()));
            let output =
                std::process::Command::new("sh").args(["-c", &format!("printf %s {}", quoted(&path))]).output();
            assert_eq!(output.expect("a shell").stdout, bytes);
        }
    }
}
