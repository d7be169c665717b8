//! Does the client read what it is sent? One that does not is let go, because its answer holds memory.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// How long a client that has to be waited for may take for [`LEAST_BYTES`].
const WINDOW: Duration = Duration::from_secs(15);

/// What a client has to take in that time, where so much is there: some 17 KB a second.
const LEAST_BYTES: u64 = 256 << 10;

/// A connection that fails when its client takes too little of what is written.
pub(super) struct Reader<S> {
    stream: S,
    /// While the client has to be waited for.
    blocked: Option<Blocked>,
}

struct Blocked {
    until: Pin<Box<Sleep>>,
    /// Bytes it took since then.
    taken: u64,
}

impl<S> Reader<S> {
    pub(super) const fn new(stream: S) -> Self {
        Self { stream, blocked: None }
    }

    /// What became of a write.
    fn wrote(&mut self, written: Poll<io::Result<usize>>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => {
                if let Some(blocked) = &mut self.blocked {
                    blocked.taken += bytes as u64;
                    if blocked.taken >= LEAST_BYTES {
                        self.blocked = None;
                    }
                }
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                let blocked = self.blocked.get_or_insert_with(|| Blocked {
                    until: Box::pin(tokio::time::sleep_until(Instant::now() + WINDOW)),
                    taken: 0,
                });
                ready!(blocked.until.as_mut().poll(cx));
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read its answer")))
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Reader<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Reader<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.wrote(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // What is flushed was taken: the next wait is another one.
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_ready() {
            self.blocked = None;
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// Time stands still but where everybody waits for it.
    fn paused<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(work)
    }

    #[test]
    fn a_client_that_does_not_read_is_let_go() {
        paused(async {
            let (ours, _theirs) = tokio::io::duplex(1 << 10);
            let mut reader = Reader::new(ours);
            let error = reader.write_all(&vec![0; 1 << 20]).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        });
    }

    #[test]
    fn a_client_that_reads_a_little_again_and_again_is_let_go_and_one_that_reads_enough_is_not() {
        for (each, is_served) in [(1 << 10, false), (64 << 10, true)] {
            paused(async {
                let (ours, mut theirs) = tokio::io::duplex(64 << 10);
                let slow = tokio::spawn(async move {
                    let mut bytes = vec![0; each];
                    while theirs.read_exact(&mut bytes).await.is_ok() {
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    }
                });
                let mut reader = Reader::new(ours);
                let written = reader.write_all(&vec![0; 4 << 20]).await;
                assert_eq!(written.is_ok(), is_served, "{each} bytes a second: {written:?}");
                slow.abort();
            });
        }
    }
}
