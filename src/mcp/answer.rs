//! An answer, in the two channels that it has.

use serde::Serialize;

use crate::visible::visible_lines;

/// An answer in both channels. Hosts show only one of them, so both carry the same facts.
#[derive(Clone, Debug)]
pub(crate) struct Answer<Reply> {
    /// For a model to read.
    pub(crate) text: String,
    /// For a program to read.
    pub(crate) structured: Reply,
}

/// Both channels of an answer as JSON.
#[derive(Clone, Debug)]
pub(crate) struct AnswerJson {
    /// A string.
    pub(crate) text: Vec<u8>,
    /// An object.
    pub(crate) structured: Vec<u8>,
}

impl AnswerJson {
    /// As serde writes it.
    pub(crate) fn of(answer: &Answer<impl Serialize>) -> serde_json::Result<Self> {
        let structured = serde_json::to_vec(&answer.structured)?;
        Ok(Self { text: serde_json::to_vec(&visible_lines(&answer.text))?, structured })
    }
}
