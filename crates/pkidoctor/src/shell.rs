//! What a shell takes as one word: commands are typed by people who trust them.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// A path as one word of a POSIX shell; one without any special character stays as it is.
pub fn quoted(path: &Path) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,=".contains(c);
    match path.to_str() {
        Some(text) if !text.is_empty() && text.chars().all(is_plain) => text.to_owned(),
        Some(text) if !text.chars().any(char::is_control) => format!("'{}'", text.replace('\'', r"'\''")),
        _ => {
            let mut words = "\"$(printf '".to_owned();
            for byte in path.as_os_str().as_bytes() {
                // writing to a String cannot fail
                let _ = write!(words, "\\{byte:03o}");
            }
            words + "')\""
        }
    }
}
