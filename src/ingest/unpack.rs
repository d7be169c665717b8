//! How is a zstd file unpacked? Frame after frame, within a bounded window.

use std::error::Error as StdError;
use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// Largest window a frame may ask for: what the `zstd` program takes without being told otherwise.
const MAX_WINDOW_BYTES: u64 = 128 << 20;

/// A zstd file: any number of frames, those to be skipped among them.
pub(super) struct Frames<R> {
    source: R,
    decoder: FrameDecoder,
    is_inside: bool,
}

impl<R: BufRead> Frames<R> {
    pub(super) fn new(source: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW_BYTES);
        Self { source, decoder, is_inside: false }
    }

    /// Goes into the next frame, if there is one.
    fn enter(&mut self) -> io::Result<bool> {
        loop {
            if self.source.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.decoder.reset(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let skipped = io::copy(&mut self.source.by_ref().take(length.into()), &mut io::sink())?;
                    if skipped < u64::from(length) {
                        return Err(cut_short());
                    }
                }
                Err(FrameDecoderError::WindowSizeTooBig { requested, max }) => {
                    return Err(io::Error::other(format!(
                        "the zstd data asks for a window of {requested} bytes; at most {max}: pack it with less than --long=28"
                    )));
                }
                Err(error) => return Err(damaged(&error)),
            }
        }
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.is_inside {
                self.is_inside = self.enter()?;
                if !self.is_inside {
                    return Ok(0);
                }
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(&mut self.source, one).map_err(|error| damaged(&error))?;
            }
            let bytes = self.decoder.read(buffer)?;
            if bytes > 0 || buffer.is_empty() {
                return Ok(bytes);
            }
            self.is_inside = false;
            if let Some(told) = self.decoder.get_checksum_from_data() {
                if self.decoder.get_calculated_checksum() != Some(told) {
                    return Err(io::Error::other("the zstd data is damaged: its checksum does not hold"));
                }
            }
        }
    }
}

fn cut_short() -> io::Error {
    io::Error::other("the zstd data is cut short")
}

/// The decoder wraps what its source told it.
fn damaged(error: &(dyn StdError + 'static)) -> io::Error {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref().is_some_and(|error: &io::Error| error.kind() == io::ErrorKind::UnexpectedEof) {
            return cut_short();
        }
        cause = error.source();
    }
    io::Error::other(format!("the zstd data is damaged: {error}"))
}
