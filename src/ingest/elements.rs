//! Events in one JSON array: where does the next one end?
//!
//! Only brackets and strings are followed, so that a large array is never in memory whole; whether the text between
//! is an event, the event parser says.

use std::io;

use super::input::Input;
use super::json::{Scanned, scan};
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

impl Elements {
    /// At the start of an array, or of an object around one.
    pub(super) fn begin(input: &mut Input) -> io::Result<Self> {
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
