//! A TCP stream that counts, so that no server can send without end, and remembers how the answer began.

use std::io;
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
pub(crate) struct Watched {
    stream: TcpStream,
    received: usize,
    allowed: usize,
    beginning: Vec<u8>,
}

impl Watched {
    pub(crate) const fn new(stream: TcpStream) -> Self {
        Self { stream, received: 0, allowed: MAX_RECEIVED, beginning: Vec::new() }
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
        polled
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
