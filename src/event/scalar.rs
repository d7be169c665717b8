//! What does one JSON value say: a text, a number, a time?

use std::borrow::Cow;

use memchr::memchr;
use serde_json::value::RawValue;

use super::time;
use crate::error::{Error, Result};

/// A string that borrows where it has no escapes.
#[derive(serde::Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// A scalar as the text it is compared by; `null`, arrays and objects have none.
pub(crate) fn scalar(raw: &RawValue) -> Option<Cow<'_, str>> {
    let json = raw.get();
    match json.as_bytes().first()? {
        // Without escapes the text is what stands between the quotes.
        b'"' if memchr(b'\\', json.as_bytes()).is_none() => json.get(1..json.len() - 1).map(Cow::Borrowed),
        b'"' => {
            let Text(text) = serde_json::from_str(json).ok()?;
            Some(text)
        }
        b'{' | b'[' | b'n' => None,
        _ => Some(Cow::Borrowed(json)),
    }
}

/// A value inside the payload that can be indexed; anything else stays payload only.
pub(super) fn indexable(raw: &RawValue) -> Option<Cow<'_, str>> {
    scalar(raw).filter(|text| text.len() <= super::MAX_KEY_BYTES)
}

pub(super) fn key_text<'a>(name: &str, raw: &'a RawValue) -> Result<Cow<'a, str>> {
    scalar(raw)
        .ok_or_else(|| Error::invalid(format!("{name}: got {}; expected a string or a number", shape(raw.get()))))
}

/// Nanoseconds, and whether they were written as a wall-clock time.
pub(super) fn nanoseconds(name: &str, raw: &RawValue) -> Result<(i64, bool)> {
    let text = scalar(raw);
    let read = text.as_deref().and_then(|text| {
        time::nanoseconds(text).map(|ns| (ns, false)).or_else(|| time::rfc3339(text).map(|ns| (ns, true)))
    });
    read.ok_or_else(|| {
        Error::invalid(format!(
            "{name}: got {}; expected integer nanoseconds (any sign, 64 bits), a decimal string, or RFC 3339",
            short(raw)
        ))
    })
}

pub(super) fn arity(raw: &RawValue) -> Option<u8> {
    scalar(raw)?.parse().ok()
}

pub(super) fn duration(raw: &RawValue) -> Option<i64> {
    scalar(raw)?.parse().ok().filter(|ns| *ns >= 0)
}

/// What kind of JSON value a text starts as, for messages.
pub(super) fn shape(json: &str) -> &'static str {
    match json.as_bytes().first() {
        None => "nothing",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        Some(b'-' | b'0'..=b'9') => "a number",
        Some(_) => "text that is not JSON",
    }
}

/// The value itself, cut to fit a message.
pub(super) fn short(raw: &RawValue) -> String {
    const SHOWN: usize = 60;
    let json = raw.get();
    match json.char_indices().nth(SHOWN) {
        None => json.to_owned(),
        Some((cut, _)) => format!("{}...", &json[..cut]),
    }
}
