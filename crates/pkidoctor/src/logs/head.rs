//! The time at the head of a line, found fast: for the lines behind it that have none.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::clock::{self, Cursor, Stamp};

/// Behind so many bytes a field is not looked for.
const FAR: usize = 512;

/// The outermost time of a line.
pub(super) fn time(line: &[u8]) -> Option<Stamp> {
    let line = line.trim_ascii_start();
    let mut cursor = Cursor::new(line);
    match *line.first()? {
        b'0'..=b'9' => cursor.date_time(),
        b'{' => field(&line[..line.len().min(FAR)]),
        b'I' | b'W' | b'E' | b'F' if line.get(1).is_some_and(u8::is_ascii_digit) => Cursor::new(&line[1..]).klog_time(),
        b'r' => line.strip_prefix(b"raft").and_then(|rest| Cursor::new(rest).date_time()),
        b'A'..=b'Z' => cursor.journal_time().or_else(|| {
            let behind = memchr::memchr(b' ', &line[..line.len().min(16)])? + 1;
            Cursor::new(&line[behind..]).date_time()
        }),
        _ => None,
    }
}

/// zap's, Docker's and journald's.
static TIMES: LazyLock<[Finder<'static>; 3]> =
    LazyLock::new(|| ["\"ts\":", "\"time\":", "\"__REALTIME_TIMESTAMP\":"].map(Finder::new));

fn field(line: &[u8]) -> Option<Stamp> {
    for key in TIMES.iter() {
        if let Some(at) = key.find(line) {
            let value = &line[at + key.needle().len()..];
            let value = value.strip_prefix(b"\"").unwrap_or(value);
            let number = || {
                let end = value.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.');
                std::str::from_utf8(&value[..end.unwrap_or(value.len())]).ok().and_then(clock::epoch)
            };
            return Cursor::new(value).date_time().or_else(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn every_form_has_its_time() {
        let full = Some(Stamp::Full(datetime!(2026-11-23 03:29:30.5 UTC)));
        assert_eq!(time(b"{\"level\":\"info\",\"ts\":\"2026-11-23T03:29:30.5Z\",\"msg\":\"x\"}"), full);
        assert_eq!(time(b"{\"log\":\"x\",\"stream\":\"stderr\",\"time\":\"2026-11-23T03:29:30.5Z\"}"), full);
        assert_eq!(time(b"{\"__REALTIME_TIMESTAMP\":\"1795404570500000\",\"MESSAGE\":\"x\"}"), full);
        assert_eq!(time(b"2026-11-23T03:29:30.5Z stderr F x"), full);
        let local = Some(Stamp::Local(datetime!(2026-11-23 03:29:30)));
        assert_eq!(time(b"2026-11-23 03:29:30 I | embed: x"), local);
        assert_eq!(time(b"WARNING: 2026/11/23 03:29:30 x"), local);
        assert_eq!(time(b"raft2026/11/23 03:29:30 INFO: x"), local);
        assert!(matches!(time(b"Nov 23 03:29:30 cp1 etcd[1]: x"), Some(Stamp::Yearless { .. })));
        assert!(matches!(time(b"W1123 03:29:30.5    1 a.go:1] x"), Some(Stamp::Yearless { .. })));
        assert_eq!(time(b"Error: context deadline exceeded"), None);
        assert_eq!(time(b""), None);
    }
}
