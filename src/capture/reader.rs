//! Bytes of one connection: what is there, and is more to come at once?

use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::time::Duration;

use super::quit::Quit;

/// One read of the socket.
const CHUNK_BYTES: usize = 256 << 10;

/// Silence after which a source is quiet and what waits becomes events. Shorter, a busy source would be cut into small
/// batches; longer, an assistant would wait for events that are there.
const LINGER: Duration = Duration::from_millis(5);

/// Room kept when a long record has gone.
const KEPT_BYTES: usize = 1 << 20;

/// Read after a source was told to stop, at most: what the socket had received by then, not what a fast producer adds.
const MAX_LAST_BYTES: usize = 16 << 20;

/// How a wait for bytes ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Filled {
    /// More bytes are there.
    Bytes,
    /// None came for a moment.
    Quiet,
    /// None will come.
    End,
    /// The connection broke.
    Failed(String),
}

/// How long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Until something comes.
    Endless,
    /// A moment.
    Moment,
}

/// The bytes of a connection that are not taken yet.
#[derive(Debug)]
pub(super) struct Reader<'q> {
    stream: TcpStream,
    quit: &'q Quit,
    patience: Patience,
    chunk: Box<[u8]>,
    buffer: Vec<u8>,
    start: usize,
    /// Bytes taken before `start`.
    taken: u64,
    last_bytes: usize,
}

impl<'q> Reader<'q> {
    pub(super) fn new(stream: TcpStream, quit: &'q Quit) -> Self {
        let chunk = vec![0; CHUNK_BYTES].into_boxed_slice();
        Self { stream, quit, patience: Patience::Endless, chunk, buffer: Vec::new(), start: 0, taken: 0, last_bytes: 0 }
    }

    /// What is there.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// Place of the first of [`Self::bytes`] in the connection.
    pub(super) const fn offset(&self) -> u64 {
        self.taken
    }

    /// Takes bytes away.
    pub(super) fn take(&mut self, bytes: usize) {
        self.start += bytes;
        self.taken += bytes as u64;
    }

    /// Waits for bytes.
    pub(super) fn fill(&mut self, patience: Patience) -> Filled {
        if self.quit.is_set() {
            // What came before is still read; whoever goes on sending does not keep the source from ending.
            if self.last_bytes >= MAX_LAST_BYTES {
                return Filled::End;
            }
            return match self.read(Patience::Moment) {
                Ok(0) | Err(_) => Filled::End,
                Ok(bytes) => {
                    self.last_bytes += bytes;
                    Filled::Bytes
                }
            };
        }
        match self.read(patience) {
            Ok(0) => Filled::End,
            Ok(_) => Filled::Bytes,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Filled::Quiet,
            Err(error) => Filled::Failed(error.to_string()),
        }
    }

    fn read(&mut self, patience: Patience) -> std::io::Result<usize> {
        if patience != self.patience {
            self.stream.set_read_timeout((patience == Patience::Moment).then_some(LINGER))?;
            self.patience = patience;
        }
        let bytes = loop {
            match self.stream.read(&mut self.chunk) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.buffer.drain(..self.start);
        self.start = 0;
        if self.buffer.is_empty() {
            self.buffer.shrink_to(KEPT_BYTES);
        }
        self.buffer.extend_from_slice(&self.chunk[..bytes]);
        Ok(bytes)
    }
}
