//! Bytes of one connection: what is there, and is more to come at once?

use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use super::quit::Quit;
use super::waiting::Sign;
use crate::budget::{Budget, Busy, Reservation};

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
    /// There is no room for more bytes of a record or line that has not come whole; why.
    Full(String),
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
pub(super) struct Reader<'q> {
    stream: Arc<TcpStream>,
    quit: &'q Quit,
    patience: Patience,
    chunk: Box<[u8]>,
    buffer: Vec<u8>,
    start: usize,
    /// Bytes taken before `start`.
    taken: u64,
    last_bytes: usize,
    /// What the buffer holds beyond [`KEPT_BYTES`].
    held: Option<Reservation>,
    budget: &'q Budget,
    /// Told that bytes came.
    sign: Option<Arc<Sign>>,
}

impl<'q> Reader<'q> {
    /// What one record or line makes it hold counts against the budget.
    pub(super) fn new(stream: Arc<TcpStream>, quit: &'q Quit, budget: &'q Budget) -> Self {
        let chunk = vec![0; CHUNK_BYTES].into_boxed_slice();
        Self {
            stream,
            quit,
            patience: Patience::Endless,
            chunk,
            buffer: Vec::new(),
            start: 0,
            taken: 0,
            last_bytes: 0,
            held: None,
            budget,
            sign: None,
        }
    }

    /// Tells somebody, from now on, when bytes come.
    pub(super) fn signs(&mut self, sign: Arc<Sign>) {
        self.sign = Some(sign);
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
            if let Err(busy) = self.make_room() {
                return Filled::Full(busy.to_string());
            }
            return match self.read(Patience::Moment) {
                Ok(0) | Err(_) => Filled::End,
                Ok(bytes) => {
                    self.last_bytes += bytes;
                    Filled::Bytes
                }
            };
        }
        if let Err(busy) = self.make_room() {
            return Filled::Full(busy.to_string());
        }
        match self.read(patience) {
            Ok(0) => Filled::End,
            Ok(_) => {
                if let Some(sign) = &self.sign {
                    sign.give();
                }
                Filled::Bytes
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Filled::Quiet,
            Err(error) => Filled::Failed(error.to_string()),
        }
    }

    /// Room for one more read beside what is not taken yet.
    fn make_room(&mut self) -> Result<(), Busy> {
        self.buffer.drain(..self.start);
        self.start = 0;
        if self.buffer.is_empty() {
            self.buffer.shrink_to(KEPT_BYTES);
            self.held = None;
        }
        let needed = self.buffer.len() + CHUNK_BYTES;
        if needed <= self.buffer.capacity() {
            return Ok(());
        }
        // Doubling, so that a long record is copied once on the whole.
        let room = needed.max(self.buffer.capacity() * 2);
        if room > KEPT_BYTES {
            match &mut self.held {
                Some(held) => held.grow_to(room as u64)?,
                None => self.held = Some(self.budget.reserve(room as u64)?),
            }
        }
        self.buffer.reserve_exact(room - self.buffer.len());
        Ok(())
    }

    fn read(&mut self, patience: Patience) -> std::io::Result<usize> {
        if patience != self.patience {
            self.stream.set_read_timeout((patience == Patience::Moment).then_some(LINGER))?;
            self.patience = patience;
        }
        let bytes = loop {
            match (&*self.stream).read(&mut self.chunk) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.buffer.extend_from_slice(&self.chunk[..bytes]);
        Ok(bytes)
    }
}
