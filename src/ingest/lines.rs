//! One event per line: where does the next one end?

use std::io;

use super::input::Input;
use super::{Found, MAX_EVENT_BYTES};

/// Reads the next line that is not blank into `text`, without its line end; a last line needs none. `None` at the end
/// of the file.
pub(super) fn next(input: &mut Input, text: &mut Vec<u8>) -> io::Result<Option<Found>> {
    loop {
        let line = input.line;
        let Some(bytes) = read_line(input, text)? else { return Ok(None) };
        if bytes > text.len() as u64 || !text.trim_ascii().is_empty() {
            return Ok(Some(Found { line, bytes }));
        }
    }
}

/// How long the line is; a line that is too long is read past but not kept.
fn read_line(input: &mut Input, text: &mut Vec<u8>) -> io::Result<Option<u64>> {
    text.clear();
    let mut bytes = 0;
    loop {
        let peeked = input.peek()?;
        if peeked.is_empty() {
            return Ok((bytes > 0).then_some(bytes));
        }
        let end = memchr::memchr(b'\n', peeked);
        let part = &peeked[..end.unwrap_or(peeked.len())];
        bytes += part.len() as u64;
        if bytes <= MAX_EVENT_BYTES as u64 {
            text.extend_from_slice(part);
        } else {
            text.clear();
        }
        let taken = part.len() + usize::from(end.is_some());
        input.take(taken, u64::from(end.is_some()));
        if end.is_some() {
            return Ok(Some(bytes));
        }
    }
}
