//! How is a JSON object taken apart and put together, its values kept as they were written?

use std::fmt::Write as _;

use serde_json::value::RawValue;

pub(super) use crate::event::members::Members;

impl<'a> Members<'a> {
    /// The value of a member, where it has one.
    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let (_, raw) = self.0.iter().find(|(member, _)| member == name)?;
        (raw.get() != "null").then_some(*raw)
    }

    /// The text of a string, or of a number as it is written.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        scalar(self.get(name)?)
    }
}

/// The text of a string, or of a number as it is written; of anything else none.
pub(super) fn scalar(raw: &RawValue) -> Option<String> {
    match raw.get().as_bytes().first()? {
        b'"' => serde_json::from_str(raw.get()).ok(),
        b'-' | b'0'..=b'9' => Some(raw.get().to_owned()),
        _ => None,
    }
}

/// An object being written.
#[derive(Clone, Debug)]
pub(super) struct Object(String);

impl Object {
    pub(super) fn new() -> Self {
        Self("{".to_owned())
    }

    /// A member whose value is JSON.
    pub(super) fn raw(&mut self, name: &str, json: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        quote(name, &mut self.0);
        self.0.push(':');
        self.0.push_str(json);
    }

    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.raw(name, "");
        quote(text, &mut self.0);
    }

    pub(super) fn number(&mut self, name: &str, number: i64) {
        self.raw(name, &number.to_string());
    }

    /// Those there are.
    pub(super) fn texts<'a>(&mut self, members: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) {
        for (name, text) in members {
            if let Some(text) = text {
                self.text(name, text);
            }
        }
    }

    pub(super) fn close(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// Writes a text as a JSON string.
pub(super) fn quote(text: &str, out: &mut String) {
    // A string always has a JSON form, and a String takes all that is written.
    let quoted = serde_json::Value::from(text);
    let _written = write!(out, "{quoted}");
}
