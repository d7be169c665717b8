//! Blocks of the collector's file exporter: `<<Size:32, Export:Size/binary>>`, packed with zstd each for itself or not.

use std::io::{BufReader, Cursor};

use super::proto::{self, Signal};
use super::{Otlp, signal};
use crate::ingest::input::{Input, ZSTD_MAGIC};
use crate::ingest::job::Stop;
use crate::ingest::out::Out;
use crate::ingest::report::Place;
use crate::ingest::unpack::Frames;
use crate::ingest::{MAX_EVENT_BYTES, cut_short, documents};

/// Bytes that say how long a block is.
const SIZE_BYTES: u64 = 4;

/// Whether a file starts with a block.
pub(in crate::ingest) fn is_blocks(head: &[u8]) -> bool {
    let Some((size, rest)) = head.split_first_chunk::<4>() else { return false };
    let size = u64::from(u32::from_be_bytes(*size));
    let is_whole = rest.len() as u64 >= size;
    let block = rest.get(..usize::try_from(size).unwrap_or(usize::MAX)).unwrap_or(rest);
    let of_otlp = |signal| matches!(signal, Signal::Traces | Signal::Metrics | Signal::Logs);
    size > 0
        && (block.starts_with(&ZSTD_MAGIC)
            || is_whole && signal(block).is_some_and(of_otlp)
            || signal(block) == Some(Signal::Traces))
}

/// Reads the blocks to the end of the file.
pub(in crate::ingest) fn read(otlp: &mut Otlp, out: &mut Out<'_, '_>, input: &mut Input) -> Result<(), Stop> {
    let mut block = Vec::new();
    loop {
        let start = input.offset;
        let at = |message: String| Stop::At(Place::Offset(start), message);
        input.read_into(&mut block, SIZE_BYTES).map_err(|error| at(cut_short(error)))?;
        let size = match block.as_slice() {
            [] => return Ok(()),
            [a, b, c, d] => u64::from(u32::from_be_bytes([*a, *b, *c, *d])),
            _ => return Err(at("the file is cut short: a block starts here".to_owned())),
        };
        let kept = size.min(MAX_EVENT_BYTES as u64);
        input.read_into(&mut block, kept).map_err(|error| at(cut_short(error)))?;
        let came = block.len() as u64 + input.skip(size - kept).map_err(|error| at(cut_short(error)))?;
        if came < size {
            return Err(at(format!(
                "the file is cut short: the block that starts here has {size} bytes, {came} are there"
            )));
        }
        if size > kept {
            out.job.reject(Place::Offset(start), format!("{size} bytes; a block is at most {MAX_EVENT_BYTES}"));
            continue;
        }
        let read = one(otlp, out, input, std::mem::take(&mut block));
        match read {
            // What is wrong with one block is not wrong with the next.
            Err(Stop::Here(message) | Stop::At(_, message)) => out.job.reject(Place::Offset(start), message),
            other => other?,
        }
    }
}

fn one(otlp: &mut Otlp, out: &mut Out<'_, '_>, input: &Input, block: Vec<u8>) -> Result<(), Stop> {
    let is_packed = block.starts_with(&ZSTD_MAGIC);
    let mut part = if is_packed {
        input.around(Box::new(BufReader::new(Frames::new(Cursor::new(block)))))
    } else {
        input.around(Box::new(Cursor::new(block)))
    };
    match part.peek_byte().map_err(cut_short)? {
        None => Ok(()),
        Some(b'{') => documents::export(otlp, out, &mut part),
        Some(_) => match signal(part.peek().map_err(cut_short)?) {
            Some(other @ (Signal::Metrics | Signal::Logs)) => {
                otlp.leave_signal(other);
                Ok(())
            }
            _ => proto::read(otlp, out, &mut part),
        },
    }
}
