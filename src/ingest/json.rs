//! How is a large JSON text walked without holding it?
//!
//! Only brackets and strings are followed; whether the text between is JSON, who reads the values says.

use std::io;

use super::input::Input;
use super::{Found, MAX_EVENT_BYTES, cut_short};

/// Longest name of a member that is read; of a longer one the name is empty.
const MAX_NAME_BYTES: usize = 1 << 10;

/// Takes the next byte if it is this one.
pub(super) fn take(input: &mut Input, byte: u8) -> Result<bool, String> {
    input.skip_space().map_err(cut_short)?;
    let is_next = input.peek_byte().map_err(cut_short)? == Some(byte);
    input.take(usize::from(is_next), 0);
    Ok(is_next)
}

/// Goes on to the next item before `close`, or takes that. `is_first` is whether none has been read.
pub(super) fn more(input: &mut Input, close: u8, is_first: &mut bool) -> Result<bool, String> {
    if take(input, close)? {
        return Ok(false);
    }
    if !std::mem::take(is_first) && !take(input, b',')? {
        return Err(match input.peek_byte().map_err(cut_short)? {
            None => format!("the file is cut short: {} is missing", char::from(close)),
            Some(_) => format!("expected , or {}", char::from(close)),
        });
    }
    Ok(true)
}

/// Reads the name of a member and its colon; of one above [`MAX_NAME_BYTES`] nothing.
pub(super) fn name(input: &mut Input, text: &mut Vec<u8>) -> Result<String, String> {
    name_of(input, text, MAX_NAME_BYTES)
}

/// Reads the name of a member and its colon, however long; `text` is the name as it was written.
pub(super) fn long_name(input: &mut Input, text: &mut Vec<u8>) -> Result<String, String> {
    name_of(input, text, MAX_EVENT_BYTES)
}

/// Whether nothing but space is left.
pub(super) fn is_at_end(input: &mut Input) -> Result<bool, String> {
    input.skip_space().map_err(cut_short)?;
    Ok(input.peek_byte().map_err(cut_short)?.is_none())
}

fn name_of(input: &mut Input, text: &mut Vec<u8>, keep: usize) -> Result<String, String> {
    input.skip_space().map_err(cut_short)?;
    if input.peek_byte().map_err(cut_short)? != Some(b'"') {
        return Err("expected the name of a member".to_owned());
    }
    scan(input, text, keep).map_err(cut_short)?;
    let name = serde_json::from_slice(text.trim_ascii()).unwrap_or_default();
    if !take(input, b':')? {
        return Err("expected : after the name of a member".to_owned());
    }
    Ok(name)
}

/// Reads one value; of one above [`MAX_EVENT_BYTES`] the text is empty.
pub(super) fn value(input: &mut Input, text: &mut Vec<u8>) -> Result<Found, String> {
    read_value(input, text, MAX_EVENT_BYTES)
}

/// Reads past one value.
pub(super) fn skip(input: &mut Input) -> Result<Found, String> {
    read_value(input, &mut Vec::new(), 0)
}

fn read_value(input: &mut Input, text: &mut Vec<u8>, keep: usize) -> Result<Found, String> {
    input.skip_space().map_err(cut_short)?;
    let line = input.line;
    let Scanned { bytes, closed } = scan(input, text, keep).map_err(cut_short)?;
    if !closed {
        input.line = line;
        return Err(
            "the value that starts here does not end: a bracket or a quote is missing, or the file is cut short"
                .to_owned(),
        );
    }
    Ok(Found { line, bytes })
}

/// How long a value was, and whether its brackets and quotes are closed.
pub(super) struct Scanned {
    pub(super) bytes: u64,
    pub(super) closed: bool,
}

/// Reads one value: to its own last bracket, or up to the `,`, `:` or bracket that ends it, which is left. Keeps at most
/// `keep` bytes: of a longer value, none.
pub(super) fn scan(input: &mut Input, text: &mut Vec<u8>, keep: usize) -> io::Result<Scanned> {
    text.clear();
    let (mut bytes, mut depth, mut in_string, mut escaped) = (0_u64, 0_u64, false, false);
    loop {
        let peeked = input.peek()?;
        if peeked.is_empty() {
            return Ok(Scanned { bytes, closed: depth == 0 && !in_string });
        }
        let (mut taken, mut lines, mut closed) = (0, 0, false);
        for byte in peeked {
            lines += u64::from(*byte == b'\n');
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_string => escaped = true,
                b'"' => in_string = !in_string,
                _ if in_string => {}
                b'[' | b'{' => depth += 1,
                b',' | b':' | b']' | b'}' if depth == 0 => {
                    closed = true;
                    break;
                }
                b']' | b'}' => depth -= 1,
                _ => {}
            }
            taken += 1;
            if depth == 0 && !in_string && matches!(byte, b']' | b'}') {
                closed = true;
                break;
            }
        }
        bytes += taken as u64;
        if bytes <= keep as u64 {
            text.extend_from_slice(&peeked[..taken]);
        } else {
            text.clear();
        }
        input.take(taken, lines);
        if closed {
            return Ok(Scanned { bytes, closed });
        }
    }
}

/// Bytes before the quote that ends a string, of a text after the quote that begins it; all there are without one.
pub(super) fn string_length(text: &[u8]) -> usize {
    let mut escaped = false;
    let end = text.iter().position(|byte| {
        let is_end = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        is_end
    });
    end.unwrap_or(text.len())
}
