//! How is JSON text shown without losing a digit?
//!
//! Payloads stay text; they are taken apart only for the events that are shown.

use std::borrow::Cow;

use memchr::memchr2;
use rmcp::model::JsonObject;
use serde::Deserializer;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::event::members::{Each, Members};
use crate::visible::visible_json;

/// Deepest nesting given as a structure; what lies deeper is given as text. Peers give up at about 128.
const MAX_DEPTH: usize = 64;

/// The members of an object's text; none when it is no object.
pub(crate) fn members(json: &str) -> Vec<(Cow<'_, str>, &RawValue)> {
    serde_json::from_str(json).map_or_else(|_| Vec::new(), |Members(members)| members)
}

/// An object's text with only some of its members, in the order written, without white space between tokens.
pub(crate) fn select(json: &str, keep: impl Fn(&str, &RawValue) -> bool) -> String {
    let mut out = String::with_capacity(json.len());
    select_into(&mut out, json, keep);
    out
}

/// [`select`], appended.
pub(crate) fn select_into(out: &mut String, json: &str, keep: impl Fn(&str, &RawValue) -> bool) {
    let start = out.len();
    out.push('{');
    let member = |key: Cow<'_, str>, raw: &RawValue| {
        if !keep(&key, raw) {
            return;
        }
        if out.len() > start + 1 {
            out.push(',');
        }
        match key {
            // It was written without escapes: it needs none.
            Cow::Borrowed(key) => {
                out.push('"');
                out.push_str(key);
                out.push('"');
            }
            Cow::Owned(key) => out.push_str(&Value::from(key.as_str()).to_string()),
        }
        out.push(':');
        compact_into(out, raw.get());
    };
    if serde_json::Deserializer::from_str(json).deserialize_map(Each(member)).is_err() {
        // What is no object has no members.
        out.truncate(start + 1);
    }
    out.push('}');
}

/// The same JSON text without white space between its tokens: one line, on which every character is seen.
pub(crate) fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    compact_into(&mut out, json);
    visible_json(out)
}

fn compact_into(out: &mut String, json: &str) {
    let bytes = json.as_bytes();
    // `json[start..at]` is to be copied.
    let (mut start, mut at) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = string_end(bytes, at),
            b' ' | b'\t' | b'\n' | b'\r' => {
                out.push_str(&json[start..at]);
                at += 1;
                start = at;
            }
            _ => at += 1,
        }
    }
    out.push_str(&json[start..]);
}

/// The place after the string that begins at `start`.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = memchr2(b'"', b'\\', &bytes[at.min(bytes.len())..]) {
        at += found;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}

/// An object's text as a value. Numbers a value cannot hold become strings of their digits, and so does the text of
/// what is nested too deep.
pub(crate) fn lossless_object(json: &str) -> JsonObject {
    members(json).into_iter().map(|(key, raw)| (key.into_owned(), lossless(raw.get(), 1))).collect()
}

fn lossless(json: &str, depth: usize) -> Value {
    let as_text = || Value::from(json);
    match json.as_bytes().first() {
        Some(b'{' | b'[') if depth >= MAX_DEPTH => as_text(),
        Some(b'{') => Value::Object(
            members(json).into_iter().map(|(key, raw)| (key.into_owned(), lossless(raw.get(), depth + 1))).collect(),
        ),
        Some(b'[') => match serde_json::from_str::<Vec<&RawValue>>(json) {
            Ok(items) => Value::Array(items.into_iter().map(|raw| lossless(raw.get(), depth + 1)).collect()),
            Err(_) => as_text(),
        },
        Some(b'-' | b'0'..=b'9') => number(json),
        _ => serde_json::from_str(json).unwrap_or_else(|_| as_text()),
    }
}

fn number(json: &str) -> Value {
    let integer = json.parse::<i64>().map(Value::from).or_else(|_| json.parse::<u64>().map(Value::from));
    match integer {
        // An integer has no negative zero.
        Ok(_) if json == "-0" => Value::from(-0.0),
        Ok(integer) => integer,
        Err(_) => {
            let float = json.parse::<f64>().ok().filter(|float| float.is_finite() && says_all(json, *float));
            float.map_or_else(|| Value::from(json), Value::from)
        }
    }
}

/// Whether a value gives a number back as it was written.
pub(crate) fn is_exact(json: &str) -> bool {
    let value = number(json);
    let written = value.to_string();
    value.is_number() && written == json
}

/// Whether a float is written with every digit the text has: not one is lost.
fn says_all(json: &str, float: f64) -> bool {
    decimal(json) == decimal(zmij::Buffer::new().format(float))
}

/// A number's sign, its digits without zeros at either end, and the exponent of the last; none where that is too large.
fn decimal(text: &str) -> Option<(bool, String, i64)> {
    let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{part}");
    let mut exponent = exponent.parse::<i64>().ok()?.checked_sub(part.len() as i64)?;
    let kept = digits.trim_end_matches('0');
    exponent = exponent.checked_add((digits.len() - kept.len()) as i64)?;
    let kept = kept.trim_start_matches('0');
    Some((is_negative, kept.to_owned(), if kept.is_empty() { 0 } else { exponent }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_digit_is_lost_and_nothing_is_too_deep() {
        let big = r#"{"a": 340282366920938463463374607431768211455, "b": [-9223372036854775808, 18446744073709551615, 1.5], "c": 1e999}"#;
        let value = Value::Object(lossless_object(big));
        assert_eq!(value["a"], json!("340282366920938463463374607431768211455"));
        assert_eq!(value["b"], json!([i64::MIN, u64::MAX, 1.5]));
        assert_eq!(value["c"], json!("1e999"));
        for (sent, given) in [
            ("-0", json!(-0.0)),
            ("-0.0", json!(-0.0)),
            ("0.1234567890123456789", json!("0.1234567890123456789")),
            ("1180591620717411303424", json!("1180591620717411303424")),
            ("1e-400", json!("1e-400")),
            ("1.50", json!(1.5)),
            ("15e-1", json!(1.5)),
            ("1E3", json!(1000.0)),
            ("100000000000000000000000", json!(1e23)),
            ("100000000000000000000001", json!("100000000000000000000001")),
        ] {
            assert_eq!(number(sent), given, "{sent}");
            assert_eq!(number(sent).to_string().starts_with('-'), given.to_string().starts_with('-'), "{sent}");
        }
        let deep = format!("{{\"data\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
        let value = Value::Object(lossless_object(&deep));
        assert!(value.to_string().contains("[[[["));
    }

    #[test]
    fn white_space_goes_only_between_tokens() {
        assert_eq!(compact("{ \"a b\" :\n [1, \"x \\\" y\\\\\" , 2] }"), r#"{"a b":[1,"x \" y\\",2]}"#);
    }

    #[test]
    fn members_are_selected_in_the_order_written() {
        assert_eq!(select(r#"{"b":1,"a":{"x":2},"c":3}"#, |key, _| key != "b"), r#"{"a":{"x":2},"c":3}"#);
        assert_eq!(select("{}", |_, _| true), "{}");
        assert_eq!(select(r#"{"a\"b": [1, " x "]}"#, |_, _| true), r#"{"a\"b":[1," x "]}"#);
    }
}
