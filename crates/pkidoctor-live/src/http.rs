//! One GET, and of its answer only what is looked for.

use std::io;
use std::time::Duration;

use pkidoctor::go::GoVersion;
use pkidoctor::live::{Failure, PlainSeen, Program};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::observe::{Dial, failure_of};
use crate::sources;
use crate::watched::{TooMuch, Watched};

/// Asks for `path` without TLS, and reads what etcd's metrics tell of the program.
///
/// The answer is there after `patience` at the latest.
pub(crate) async fn plain(dial: &Dial, path: &str, patience: Duration) -> (PlainSeen, Program) {
    let asked = timeout(patience, ask(dial, path)).await;
    match asked.unwrap_or(Err(Failure::TimedOut)) {
        Ok(answer) => (PlainSeen { status: answer.status, failure: answer.failure() }, answer.program),
        Err(failure) => (PlainSeen { status: None, failure: Some(failure) }, Program::default()),
    }
}

async fn ask(dial: &Dial, path: &str) -> Result<Answer, Failure> {
    let stream = TcpStream::connect((dial.host.as_str(), dial.port)).await.map_err(|error| failure_of(&error))?;
    sources::note(&stream);
    let mut stream = Watched::new(stream);
    get(&mut stream, dial, path).await.map_err(|error| match error.get_ref() {
        Some(inner) if inner.is::<TooMuch>() => Failure::TooMuch,
        _ => failure_of(&error),
    })
}

/// What came back.
#[derive(Default)]
pub(crate) struct Answer {
    status: Option<u16>,
    pub(crate) program: Program,
    /// When the process was started, seconds since 1970 (`process_start_time_seconds`).
    pub(crate) started: Option<f64>,
    received: bool,
}

impl Answer {
    fn failure(&self) -> Option<Failure> {
        match (self.status, self.received) {
            (Some(_), _) => None,
            (None, true) => Some(Failure::NotTls),
            (None, false) => Some(Failure::Closed),
        }
    }
}

/// One request over a stream; reads until the end, or until the metrics have told all.
///
/// # Errors
/// When the stream fails before a status came.
pub(crate) async fn get<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    dial: &Dial,
    path: &str,
) -> io::Result<Answer> {
    let Dial { host, port, .. } = dial;
    let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    // 1.0 knows no chunks, which would cut lines in two
    let question =
        format!("GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\nUser-Agent: pkidoctor\r\nAccept: */*\r\n\r\n");
    stream.write_all(question.as_bytes()).await?;
    stream.flush().await?;
    let mut answer = Answer::default();
    let mut line = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        let count = match stream.read(&mut buffer).await {
            Ok(0) => break,
            Ok(count) => count,
            // what has been read stays true
            Err(_) if answer.status.is_some() => break,
            Err(error) => return Err(error),
        };
        answer.received = true;
        for byte in buffer.get(..count).unwrap_or_default() {
            if *byte != b'\n' {
                // no line that is looked for is longer
                if line.len() < MAX_LINE {
                    line.push(*byte);
                }
                continue;
            }
            note(&mut answer, &line);
            line.clear();
        }
        if answer.program.go.is_some() && answer.program.version.is_some() {
            break;
        }
    }
    note(&mut answer, &line);
    Ok(answer)
}

const MAX_LINE: usize = 512;

/// Takes from a line what is looked for: the status, then the two gauges that name the program.
fn note(answer: &mut Answer, line: &[u8]) {
    let Ok(line) = std::str::from_utf8(line) else { return };
    if answer.status.is_none() {
        let status = line.strip_prefix("HTTP/1.").and_then(|rest| rest.split_ascii_whitespace().nth(1));
        answer.status = status.and_then(|status| status.parse().ok());
    }
    if let Some(started) = line.strip_prefix("process_start_time_seconds ") {
        answer.started = started.trim().parse().ok();
    }
    let program = &mut answer.program;
    if let Some(version) = label(line, "go_info{", "version") {
        program.go = version.strip_prefix("go1.").and_then(minor).map(GoVersion::minor);
    }
    if let Some(version) = label(line, "etcd_server_version{", "server_version") {
        program.version = Some(version.to_owned());
    }
}

/// The value of a label: `go_info{version="go1.19.8"} 1`.
fn label<'l>(line: &'l str, gauge: &str, name: &str) -> Option<&'l str> {
    let labels = line.strip_prefix(gauge)?;
    let rest = labels.split_once(&format!("{name}=\""))?.1;
    rest.split('"').next()
}

/// `19` of `19.8`, `21rc2`.
fn minor(text: &str) -> Option<u16> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..digits)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_tell_the_program() {
        let mut answer = Answer::default();
        for line in [
            "HTTP/1.0 200 OK\r",
            "# TYPE go_info gauge",
            "go_info{version=\"go1.19.8\"} 1",
            "etcd_server_version{server_version=\"3.4.23\"} 1",
        ] {
            note(&mut answer, line.as_bytes());
        }
        assert_eq!(answer.status, Some(200));
        assert_eq!(answer.program, Program { version: Some("3.4.23".to_owned()), go: Some(GoVersion::minor(19)) });
        assert_eq!(minor("21rc2"), Some(21));
        assert_eq!(minor("x"), None);
    }
}
