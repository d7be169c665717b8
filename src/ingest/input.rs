//! Where do the bytes of a file come from? Unpacks gzip and zstd, counts lines and bytes.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;

use super::Progress;
use super::access::Access;
use super::unpack::Frames;

/// What a gzip member starts with (RFC 1952, section 2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// What a zstd frame starts with (RFC 8878, section 3.1.1).
pub(super) const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// What a frame to be skipped starts with, but for the lower half of its first byte (section 3.1.2).
const ZSTD_SKIPPED_MAGIC: [u8; 4] = [0x50, 0x2a, 0x4d, 0x18];

/// Large enough that a system call per buffer does not show, small enough to stay in cache.
const BUFFER_BYTES: usize = 256 << 10;

/// What is unpacked in one step. Where packed data is damaged, the step is lost, so it is small.
const UNPACKED_BYTES: usize = 32 << 10;

/// Start of the unpacked file that can be looked at before it is taken: what a Chrome trace says before its events
/// fits.
const HEAD_BYTES: u64 = 64 << 10;

const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// A file being read, unpacked.
pub(super) struct Input {
    reader: Box<dyn BufRead>,
    read: Rc<Cell<u64>>,
    total: Option<u64>,
    /// Line of the next byte, from 1.
    pub(super) line: u64,
    /// The next byte's place in the unpacked file.
    pub(super) offset: u64,
}

impl Input {
    pub(super) fn open(path: &Path, access: &Access) -> io::Result<Self> {
        let file = access.open(path)?;
        let metadata = file.metadata()?;
        Self::of(file, metadata.is_file().then_some(metadata.len()))
    }

    /// What a reader gives; it has `total` bytes, if that is known.
    pub(super) fn of(mut file: impl Read + 'static, total: Option<u64>) -> io::Result<Self> {
        // Not a seek back: the path may be a pipe.
        let mut magic = Vec::with_capacity(ZSTD_MAGIC.len());
        file.by_ref().take(ZSTD_MAGIC.len() as u64).read_to_end(&mut magic)?;
        let is_gzip = magic.starts_with(&GZIP_MAGIC);
        let is_zstd = magic == ZSTD_MAGIC || is_skipped_frame(&magic);
        let read = Rc::new(Cell::new(magic.len() as u64));
        // A small file needs no large buffer; of many small ones, filling buffers would be most of the work.
        let buffer = total.map_or(BUFFER_BYTES as u64, |total| total.clamp(4 << 10, BUFFER_BYTES as u64)) as usize;
        let rest = BufReader::with_capacity(buffer, Counted { inner: file, read: Rc::clone(&read) });
        let file = Cursor::new(magic).chain(rest);
        let reader = if is_gzip {
            with_head(BufReader::with_capacity(UNPACKED_BYTES, MultiGzDecoder::new(file)))
        } else if is_zstd {
            with_head(BufReader::with_capacity(UNPACKED_BYTES, Frames::new(file)))
        } else {
            with_head(file)
        };
        Ok(Self { reader, read, total, line: 1, offset: 0 })
    }

    /// A part of this input that was read already and is walked now; `line` is where it begins.
    pub(super) fn within(&self, part: Vec<u8>, line: u64) -> Self {
        let offset = self.offset.saturating_sub(part.len() as u64);
        Self { line, offset, ..self.around(Box::new(Cursor::new(part))) }
    }

    /// Bytes that stand in this input in another form.
    pub(super) fn around(&self, reader: Box<dyn BufRead>) -> Self {
        let Self { read, total, line, offset, .. } = self;
        Self { reader, read: Rc::clone(read), total: *total, line: *line, offset: *offset }
    }

    pub(super) fn progress(&self) -> Progress {
        Progress { read: self.read.get(), total: self.total }
    }

    /// The bytes that can be had without another read; empty at the end of the file.
    pub(super) fn peek(&mut self) -> io::Result<&[u8]> {
        loop {
            match self.reader.fill_buf() {
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.reader.fill_buf()
    }

    /// The next byte, not taken.
    pub(super) fn peek_byte(&mut self) -> io::Result<Option<u8>> {
        Ok(self.peek()?.first().copied())
    }

    /// Takes bytes that were peeked and hold `lines` line feeds.
    pub(super) fn take(&mut self, bytes: usize, lines: u64) {
        self.reader.consume(bytes);
        self.line += lines;
        self.offset += bytes as u64;
    }

    /// Reads `bytes` bytes into `to`, fewer if the file ends before; no more memory is taken than bytes come.
    pub(super) fn read_into(&mut self, to: &mut Vec<u8>, bytes: u64) -> io::Result<()> {
        to.clear();
        self.pass(bytes, |part| to.extend_from_slice(part))?;
        Ok(())
    }

    /// Reads past `bytes` bytes, fewer if the file ends before; says how many there were.
    pub(super) fn skip(&mut self, bytes: u64) -> io::Result<u64> {
        self.pass(bytes, |_| ())
    }

    fn pass(&mut self, bytes: u64, mut each: impl FnMut(&[u8])) -> io::Result<u64> {
        let mut left = bytes;
        while left > 0 {
            let peeked = self.peek()?;
            let part = peeked.get(..usize::try_from(left).unwrap_or(usize::MAX)).unwrap_or(peeked);
            if part.is_empty() {
                break;
            }
            each(part);
            let taken = part.len();
            self.take(taken, 0);
            left -= taken as u64;
        }
        Ok(bytes - left)
    }

    pub(super) fn skip_byte_order_mark(&mut self) -> io::Result<()> {
        if self.peek()?.starts_with(&BYTE_ORDER_MARK) {
            self.take(BYTE_ORDER_MARK.len(), 0);
        }
        Ok(())
    }

    /// Skips what JSON calls whitespace.
    pub(super) fn skip_space(&mut self) -> io::Result<()> {
        while self.skip_some_space()? {}
        Ok(())
    }

    /// Skips whitespace among the bytes at hand; whether they were nothing else, so that more may follow.
    pub(super) fn skip_some_space(&mut self) -> io::Result<bool> {
        let peeked = self.peek()?;
        // Files of nothing but line ends are packed a thousand to one: many are passed over at once.
        let runs = peeked.chunks_exact(RUN).take_while(|run| is_all_line_ends(run)).count();
        let (mut bytes, mut lines) = (runs * RUN, (runs * RUN) as u64);
        for byte in peeked[bytes..].iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
            bytes += 1;
            lines += u64::from(*byte == b'\n');
            if bytes % RUN == 0 && peeked.get(bytes..bytes + RUN).is_some_and(is_all_line_ends) {
                break;
            }
        }
        let is_all = bytes == peeked.len() && bytes > 0;
        let may_go_on = is_all || (bytes > 0 && bytes % RUN == 0);
        self.take(bytes, lines);
        Ok(may_go_on)
    }
}

/// Line ends that are looked at together.
const RUN: usize = 64;

fn is_all_line_ends(run: &[u8]) -> bool {
    // Without a branch for each byte it is done many bytes at once.
    run.iter().fold(0, |others, byte| others | (*byte ^ b'\n')) == 0
}

fn is_skipped_frame(magic: &[u8]) -> bool {
    let [first, rest @ ..] = magic else { return false };
    first & 0xf0 == ZSTD_SKIPPED_MAGIC[0] && rest == &ZSTD_SKIPPED_MAGIC[1..]
}

/// A reader whose first [`HEAD_BYTES`] are one buffer, however they arrive.
fn with_head(mut reader: impl BufRead + 'static) -> Box<dyn BufRead> {
    let mut head = Vec::new();
    match reader.by_ref().take(HEAD_BYTES).read_to_end(&mut head) {
        Ok(_) => Box::new(Cursor::new(head).chain(reader)),
        Err(error) => {
            Box::new(Cursor::new(head).chain(BufReader::new(Failed { kind: error.kind(), message: error.to_string() })))
        }
    }
}

/// What is left of a reader that failed while its head was read: the same failure, however often it is asked.
struct Failed {
    kind: io::ErrorKind,
    message: String,
}

impl Read for Failed {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::new(self.kind, self.message.clone()))
    }
}

/// Counts the bytes that come through.
struct Counted<R> {
    inner: R,
    read: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.inner.read(buffer)?;
        self.read.set(self.read.get() + bytes as u64);
        Ok(bytes)
    }
}
