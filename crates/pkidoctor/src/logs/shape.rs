//! What a line looks like without what differs between equal ones: times at its head, ports of clients, process ids,
//! the instant at which a certificate was looked at. A line of a known shape need not be taken apart again.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::clock::{Cursor, Stamp};

/// Longer lines are taken apart each time.
const LONGEST: usize = 2048;
/// Behind so many bytes of a JSON line its time is not looked for.
const FAR: usize = 256;
/// Stands in a shape for what was left out.
const LEFT_OUT: u8 = 0xff;

/// A shape; kept from line to line so that it costs no memory.
#[derive(Default)]
pub(super) struct Shape {
    /// The line without what was left out.
    pub(super) key: Vec<u8>,
    /// The time at its head.
    pub(super) stamp: Option<Stamp>,
    /// The port of the client: the other end of a server, the writer's own where it dials.
    pub(super) port: Option<u16>,
}

impl Shape {
    /// Takes the shape of a line; `false` where it is too long for that. `context` is what else decides what a line means.
    pub(super) fn take(&mut self, line: &[u8], context: &[u8]) -> bool {
        self.key.clear();
        self.stamp = None;
        self.port = None;
        if line.len() > LONGEST {
            return false;
        }
        self.key.extend_from_slice(context);
        let body = self.head(line);
        self.body(&line[body..]);
        true
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.key.extend_from_slice(bytes);
    }

    fn leave_out(&mut self) {
        self.key.push(LEFT_OUT);
    }

    fn time(&mut self, stamp: Stamp) {
        self.stamp = Some(Stamp::or_inner(self.stamp, stamp));
        self.leave_out();
    }

    /// Takes the times at the head; where the rest begins.
    fn head(&mut self, line: &[u8]) -> usize {
        let mut at = 0;
        // a runtime, journald, a logger
        for _ in 0..3 {
            let rest = &line[at..];
            match self.layer(rest) {
                Some(taken) => at += taken,
                None => break,
            }
        }
        at
    }

    /// One layer: how much of the line it is, with what is kept of it kept.
    fn layer(&mut self, rest: &[u8]) -> Option<usize> {
        match *rest.first()? {
            b'0'..=b'9' => {
                let mut cursor = Cursor::new(rest);
                let stamp = cursor.date_time()?;
                self.time(stamp);
                let end = cursor.at();
                let tag =
                    [&b" stderr F "[..], b" stdout F ", b" "].into_iter().find(|tag| rest[end..].starts_with(tag))?;
                self.keep(tag);
                Some(end + tag.len())
            }
            b'{' => {
                let at = after(&WORDS.time, &rest[..rest.len().min(FAR)])?;
                let mut cursor = Cursor::new(&rest[at..]);
                let stamp = cursor.date_time()?;
                self.keep(&rest[..at]);
                self.time(stamp);
                Some(at + cursor.at())
            }
            b'I' | b'W' | b'E' | b'F' if rest.get(1).is_some_and(u8::is_ascii_digit) => {
                let mut cursor = Cursor::new(&rest[1..]);
                let stamp = cursor.klog_time()?;
                self.keep(&rest[..1]);
                self.time(stamp);
                let at = 1 + cursor.at();
                // the process
                let end = at + rest[at..].iter().position(|byte| *byte != b' ' && !byte.is_ascii_digit())?;
                Some(end)
            }
            b'A'..=b'Z' => self.journal(rest),
            _ => None,
        }
    }

    /// `Nov 23 03:28:48 host etcd[9508]: `
    fn journal(&mut self, rest: &[u8]) -> Option<usize> {
        let mut cursor = Cursor::new(rest);
        let stamp = cursor.journal_time()?;
        let at = cursor.at();
        let ident = at + memchr::memchr(b'[', &rest[at..(at + FAR).min(rest.len())])?;
        let digits = rest[ident + 1..].iter().position(|byte| !byte.is_ascii_digit())?;
        let end = ident + 1 + digits;
        rest[end..].starts_with(b"]: ").then(|| {
            self.time(stamp);
            self.keep(&rest[at..=ident]);
            self.leave_out();
            self.keep(b"]: ");
            end + b"]: ".len()
        })
    }

    /// Leaves out ports of clients and the present.
    fn body(&mut self, body: &[u8]) {
        let mut gaps = [client_port(body), dialling_port(body), present(body)].map(|gap| gap.unwrap_or((0, 0)));
        gaps.sort_unstable();
        let mut at = 0;
        for (start, end) in gaps {
            // nothing, or inside of another one
            if start < at || start == end {
                continue;
            }
            self.keep(&body[at..start]);
            self.leave_out();
            self.port = self.port.or_else(|| port(&body[start..end]));
            at = end;
        }
        self.keep(&body[at..]);
    }
}

/// What stands before the gaps; made ready once, for each line is searched for all of them.
struct Words {
    time: Finder<'static>,
    /// Before the address of a client, and behind it.
    clients: [(Finder<'static>, Finder<'static>); 3],
    arrow: Finder<'static>,
    present: Finder<'static>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| Words {
    time: Finder::new("\"ts\":\""),
    clients: [("\"remote-addr\":\"", "\""), ("rejected connection from \"", "\""), ("TLS handshake error from ", ": ")]
        .map(|(marker, behind)| (Finder::new(marker), Finder::new(behind))),
    arrow: Finder::new("->"),
    present: Finder::new("current time "),
});

/// Where the words end.
fn after(words: &Finder<'_>, text: &[u8]) -> Option<usize> {
    Some(words.find(text)? + words.needle().len())
}

type Gap = (usize, usize);

fn port(digits: &[u8]) -> Option<u16> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The port behind the address of whom a server speaks of.
fn client_port(body: &[u8]) -> Option<Gap> {
    let (start, end) = WORDS.clients.iter().find_map(|(marker, behind)| {
        let start = after(marker, body)?;
        Some((start, start + behind.find(&body[start..])?))
    })?;
    digits_before(body, end).filter(|(digits, _)| *digits > start && body[digits - 1] == b':')
}

/// The port in `write tcp 127.0.0.1:53158->127.0.0.1:2379`.
fn dialling_port(body: &[u8]) -> Option<Gap> {
    let arrow = WORDS.arrow.find(body)?;
    digits_before(body, arrow).filter(|(digits, _)| *digits > 0 && body[digits - 1] == b':')
}

fn digits_before(body: &[u8], end: usize) -> Option<Gap> {
    let count = body[..end].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    (1..=5).contains(&count).then_some((end - count, end))
}

/// The instant in `current time 2026-11-23T03:28:48Z is after …`.
fn present(body: &[u8]) -> Option<Gap> {
    let start = after(&WORDS.present, body)?;
    let mut cursor = Cursor::new(&body[start..]);
    cursor.date_time()?;
    Some((start, start + cursor.at()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(line: &str) -> (String, Option<u16>, bool) {
        let mut shape = Shape::default();
        assert!(shape.take(line.as_bytes(), b""));
        let key = shape.key.iter().map(|byte| if *byte == LEFT_OUT { '*' } else { char::from(*byte) }).collect();
        (key, shape.port, shape.stamp.is_some())
    }

    #[test]
    fn what_differs_is_left_out() {
        for (line, expected, port) in [
            (
                r#"{"level":"warn","ts":"2026-11-23T03:29:30.6Z","msg":"rejected connection","remote-addr":"[::1]:38154","error":"x509: … current time 2026-11-23T03:28:48Z is after 2026-10-19T03:28:45Z"}"#,
                r#"{"level":"warn","ts":"*","msg":"rejected connection","remote-addr":"[::1]:*","error":"x509: …"#,
                Some(38154),
            ),
            (
                r#"2026-11-23T03:28:19Z stderr F 2026-11-23 03:28:18.1 I | embed: rejected connection from "127.0.0.1:53158" (error "EOF", ServerName "")"#,
                r#"* stderr F * I | embed: rejected connection from "127.0.0.1:*" (error "EOF", ServerName "")"#,
                Some(53158),
            ),
            (
                "W1123 04:25:56.164032   32722 clientconn.go:1223] grpc: … {https://127.0.0.1:32379} Err :write tcp 127.0.0.1:60444->127.0.0.1:32379: write: broken pipe",
                "W*clientconn.go:1223] grpc: … {https://127.0.0.1:32379} Err :write tcp 127.0.0.1:*->127.0.0.1:32379: write: broken pipe",
                Some(60444),
            ),
            (
                "Nov 23 03:28:48 cp1 kubelet[2959]: I1123 03:20:38.1    2959 log.go:245] http: TLS handshake error from 10.0.0.99:31022: EOF",
                "* cp1 kubelet[*]: I*log.go:245] http: TLS handshake error from 10.0.0.99:*: EOF",
                Some(31022),
            ),
        ] {
            let (key, found, timed) = shape(line);
            let expected: String = expected.chars().map(|c| if c.is_ascii() { c } else { '…' }).collect();
            let key: String =
                String::from_utf8_lossy(&key.chars().map(|c| c as u8).collect::<Vec<_>>()).replace('\u{fffd}', "*");
            let head = expected.trim_end_matches('…');
            assert!(key.starts_with(head), "{key}\n{expected}");
            assert_eq!((found, timed), (port, true), "{line}");
        }
    }

    #[test]
    fn what_tells_is_kept() {
        let (one, ..) =
            shape("2026-11-23 03:28:18 x509: … current time 2026-11-23T03:28:48Z is after 2026-10-19T03:28:45Z");
        let (other, ..) =
            shape("2026-11-23 03:28:19 x509: … current time 2026-11-23T03:28:49Z is after 2026-10-19T03:28:46Z");
        assert_ne!(one, other);
        let (one, ..) = shape("dial tcp 127.0.0.1:2379: connect: connection refused");
        let (other, ..) = shape("dial tcp 127.0.0.1:2380: connect: connection refused");
        assert_ne!(one, other);
    }
}
