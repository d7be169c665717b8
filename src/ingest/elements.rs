//! Events in one JSON array: where does the next one end?
//!
//! Only brackets and strings are followed, so that a large array is never in memory whole; whether the text between
//! is an event, the event parser says.

use std::io;

use super::input::Input;
use super::{Found, MAX_EVENT_BYTES, cut_short};

/// Key under which a wrapped array lies.
const WRAPPER_KEY: &str = "events";

/// Longest key read in the object around the array; longer ones are not [`WRAPPER_KEY`].
const MAX_KEY_BYTES: usize = 1 << 10;

/// Where in an array of events the input stands.
#[derive(Debug)]
pub(super) struct Elements {
    wrapped: bool,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the first `[`.
    Start,
    /// After `[`.
    First,
    /// After an element.
    Rest,
    /// After `]`.
    Left,
}

/// How long a value was, and whether its brackets and quotes are closed.
struct Scanned {
    bytes: u64,
    closed: bool,
}

impl Elements {
    /// Looks at the first byte. `None`: not an array, so one event per line.
    pub(super) fn detect(input: &mut Input) -> io::Result<Option<Self>> {
        let wrapped = match input.peek_byte()? {
            Some(b'[') => false,
            // An event per line starts with `{` too; a wrapped array is told by its first key.
            Some(b'{') if starts_wrapped(input.peek()?) => true,
            _ => return Ok(None),
        };
        Ok(Some(Self { wrapped, state: State::Start }))
    }

    /// For a file that can only be an array, or an object around one whatever its first key is.
    pub(super) fn demand(input: &mut Input) -> io::Result<Self> {
        let wrapped = input.peek_byte()? == Some(b'{');
        Ok(Self { wrapped, state: State::Start })
    }

    /// Reads the next event into `text`. `None` at the end of the array. The error says why the rest cannot be read.
    pub(super) fn next(&mut self, input: &mut Input, text: &mut Vec<u8>) -> Result<Option<Found>, String> {
        loop {
            input.skip_space().map_err(cut_short)?;
            let byte = input.peek_byte().map_err(cut_short)?;
            match (self.state, byte) {
                (State::Start, Some(b'{')) if self.wrapped => find_member(input)?,
                (State::Start, Some(b'[')) => self.take(input, State::First),
                // Arrays may follow each other, one per line or not.
                (State::Left, Some(b'[')) if !self.wrapped => self.take(input, State::First),
                (State::Left, _) if self.wrapped => return Ok(None),
                (State::Left, None) => return Ok(None),
                (State::First | State::Rest, Some(b']')) => self.take(input, State::Left),
                (State::First, Some(_)) => return self.element(input, text),
                (State::Rest, Some(b',')) => {
                    input.take(1, 0);
                    input.skip_space().map_err(cut_short)?;
                    return self.element(input, text);
                }
                (State::Rest, Some(_)) => return Err("expected , or ] after an event".to_owned()),
                (State::First | State::Rest, None) => {
                    return Err("the array does not end: the file is cut short".to_owned());
                }
                (State::Left, Some(_)) => return Err("expected nothing after the array of events".to_owned()),
                (State::Start, _) => {
                    return Err(format!("expected an array of events, or an object with {WRAPPER_KEY:?}"));
                }
            }
        }
    }

    fn take(&mut self, input: &mut Input, state: State) {
        input.take(1, 0);
        self.state = state;
    }

    fn element(&mut self, input: &mut Input, text: &mut Vec<u8>) -> Result<Option<Found>, String> {
        let line = input.line;
        let Scanned { bytes, closed } = scan(input, text, MAX_EVENT_BYTES).map_err(cut_short)?;
        if !closed {
            input.line = line;
            return Err(
                "the event that starts here does not end: a bracket or a quote is missing, or the file is cut \
                        short"
                    .to_owned(),
            );
        }
        self.state = State::Rest;
        Ok(Some(Found { line, bytes }))
    }
}

/// Whether a text starts `{"events": [`.
fn starts_wrapped(text: &[u8]) -> bool {
    let after_key = text
        .strip_prefix(b"{")
        .and_then(|rest| rest.trim_ascii_start().strip_prefix(b"\""))
        .and_then(|rest| rest.strip_prefix(WRAPPER_KEY.as_bytes()))
        .and_then(|rest| rest.strip_prefix(b"\""));
    after_key
        .and_then(|rest| rest.trim_ascii_start().strip_prefix(b":"))
        .is_some_and(|rest| rest.trim_ascii_start().starts_with(b"["))
}

/// Goes to the value under [`WRAPPER_KEY`] of the object that starts here.
fn find_member(input: &mut Input) -> Result<(), String> {
    let mut text = Vec::new();
    let mut expected = b'{';
    loop {
        if input.peek_byte().map_err(cut_short)? != Some(expected) {
            return Err(format!("expected an array of events, or an object with {WRAPPER_KEY:?}"));
        }
        input.take(1, 0);
        expected = b',';
        input.skip_space().map_err(cut_short)?;
        scan(input, &mut text, MAX_KEY_BYTES).map_err(cut_short)?;
        let key = text.trim_ascii();
        let found = key.strip_prefix(b"\"").and_then(|key| key.strip_suffix(b"\"")) == Some(WRAPPER_KEY.as_bytes());
        if input.peek_byte().map_err(cut_short)? != Some(b':') {
            return Err(format!("the object has no {WRAPPER_KEY:?}"));
        }
        input.take(1, 0);
        input.skip_space().map_err(cut_short)?;
        if found {
            return Ok(());
        }
        scan(input, &mut text, 0).map_err(cut_short)?;
    }
}

/// Reads one value: up to the `,`, `:` or bracket that ends it, which is left. Keeps at most `keep` bytes: of a longer
/// value, none.
fn scan(input: &mut Input, text: &mut Vec<u8>, keep: usize) -> io::Result<Scanned> {
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
