//! A TCP stream that counts, so that no server can send without end, remembers how the answer began, and hears what a
//! server said before it hung up.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// More than any handshake and first answer: the TLS library takes messages of up to 64 KiB.
const MAX_RECEIVED: usize = 512 << 10;

/// Enough to tell HTTP from TLS.
const BEGINNING: usize = 8;

/// The error inside of the [`io::Error`] that stands for "too much".
#[derive(Debug, thiserror::Error)]
#[error("more than any answer needs")]
pub(crate) struct TooMuch;

/// A counting stream.
///
/// A server that refuses its client says so and hangs up, often while the client is still writing. What has arrived
/// before the reset stays readable on Linux (measured on loopback: always, whatever is written in between), but the
/// write takes the error, and who gives up then never reads the alert: under TLS 1.2 that were six of a hundred refusals
/// by Go. So a write to nobody counts as done, and whoever reads on hears all that was said; where that was nothing
/// more, the read fails as the write did. What had not arrived before the reset is lost for good, since the server's
/// kernel forgets it (measured with a full window); only another call helps.
pub(crate) struct Watched {
    stream: TcpStream,
    received: usize,
    allowed: usize,
    beginning: Vec<u8>,
    /// How the server hung up, once a write has met with it.
    hung_up: Option<io::ErrorKind>,
}

impl Watched {
    pub(crate) const fn new(stream: TcpStream) -> Self {
        Self { stream, received: 0, allowed: MAX_RECEIVED, beginning: Vec::new(), hung_up: None }
    }

    /// From now on, no more than this.
    pub(crate) const fn allow(&mut self, more: usize) {
        self.allowed = self.received.saturating_add(more);
    }

    /// Whether what came first is an HTTP response without TLS.
    pub(crate) fn began_as_http(&self) -> bool {
        self.beginning.starts_with(b"HTTP/")
    }

    /// Whether what came first is a TLS record (RFC 8446 section 5.1).
    pub(crate) fn began_as_tls(&self) -> bool {
        matches!(self.beginning.as_slice(), [20..=23, 3, ..])
    }

    /// What came of writing so many bytes.
    fn written(&mut self, polled: Poll<io::Result<usize>>, wanted: usize) -> Poll<io::Result<usize>> {
        match polled {
            Poll::Ready(Err(error)) if is_hang_up(error.kind()) => {
                // the first reason is the true one: from then on it is a broken pipe
                self.hung_up.get_or_insert(error.kind());
                Poll::Ready(Ok(wanted))
            }
            other => other,
        }
    }
}

const fn is_hang_up(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted)
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.received > self.allowed {
            return Poll::Ready(Err(io::Error::other(TooMuch)));
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let new = buffer.filled().get(before..).unwrap_or_default();
        let missing = BEGINNING.saturating_sub(self.beginning.len()).min(new.len());
        self.beginning.extend_from_slice(new.get(..missing).unwrap_or_default());
        self.received = self.received.saturating_add(new.len());
        match (self.hung_up, &polled) {
            // the kernel tells of a reset once, and the write was told
            (Some(kind), Poll::Ready(Ok(()))) if new.is_empty() => Poll::Ready(Err(kind.into())),
            _ => polled,
        }
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(polled, bytes.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.written(polled, parts.iter().map(|part| part.len()).sum())
    }

    /// A flight of records goes out in one piece, as Go sends it, so that a server has all of it before it answers.
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpListener;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::{sleep, timeout};

    use super::*;

    /// A stream that its server has closed, with this as its last words, before it read everything: a reset follows.
    async fn reset_after(words: &[u8]) -> Watched {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let mut stream = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("a server");
        let (mut server, _) = listener.accept().expect("a client");
        stream.write_all(b"never read").await.expect("a server that is there");
        server.write_all(words).expect("a client that is there");
        drop(server);
        // until the reset is here, too
        sleep(Duration::from_millis(20)).await;
        Watched::new(stream)
    }

    #[test]
    fn what_was_said_before_a_reset_is_heard() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let alert = [21, 3, 3, 0, 2, 2, 48];
        for (words, writes) in [(&alert[..], 0), (&alert, 1), (&alert, 2), (&[], 0), (&[], 1), (&[], 2)] {
            runtime.block_on(hears(words, writes));
        }
    }

    async fn hears(words: &[u8], writes: usize) {
        let mut stream = reset_after(words).await;
        for _ in 0..writes {
            stream.write_all(&[0; 100]).await.expect("as if done");
        }
        assert_eq!(stream.hung_up.is_some(), writes > 0);
        let mut heard = Vec::new();
        let end = timeout(Duration::from_secs(2), stream.read_to_end(&mut heard)).await.expect("at once");
        // however much was written, it ends the same
        assert_eq!((heard.as_slice(), end.map_err(|error| error.kind())), (words, Err(io::ErrorKind::ConnectionReset)));
    }
}
