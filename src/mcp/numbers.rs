//! How does a number get through a parser that cannot hold it? As a marked text, which becomes the number again where the
//! event is stored.
//!
//! The protocol layer of HTTP takes requests apart into values: integers of 64 bits, and floats. A payload's other numbers
//! (`1e999`, `2^70`, decimals of twenty digits) would be refused, or changed without a word.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::json::is_exact;

/// What a marked number starts with: a character that no text may have for any other purpose.
const MARK: &str = "\u{fdd0}number:";

/// Where in a request an event lies: below the request, its params, their arguments, and the event itself.
const EVENT_DEPTH: usize = 4;

/// A request with the numbers of its events marked that a value cannot hold; borrowed where there are none. Cost: one
/// pass.
pub(crate) fn marked(request: &str) -> Cow<'_, str> {
    let bytes = request.as_bytes();
    let mut out = String::new();
    // `request[copied..at]` is to be copied.
    let (mut copied, mut at, mut depth) = (0, 0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = string_end(bytes, at),
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            b'-' | b'0'..=b'9' => {
                let length = bytes[at..].iter().take_while(|byte| is_of_number(**byte)).count();
                let number = &request[at..at + length];
                if depth >= EVENT_DEPTH && is_number(number) && !is_exact(number) {
                    out.push_str(&request[copied..at]);
                    out.push('"');
                    out.push_str(MARK);
                    out.push_str(number);
                    out.push('"');
                    copied = at + length;
                }
                at += length;
            }
            _ => at += 1,
        }
    }
    if copied == 0 {
        return Cow::Borrowed(request);
    }
    out.push_str(&request[copied..]);
    Cow::Owned(out)
}

/// The text of an event whose marked numbers are numbers again.
pub(crate) fn restored(event: String) -> String {
    if !event.contains(MARK) {
        return event;
    }
    let mut out = String::with_capacity(event.len());
    let mut parts = event.split('"');
    out.extend(parts.next());
    let mut is_open = true;
    for part in parts {
        // A number has no quote, so it is a part of its own; the text of other strings is copied as it is.
        match part.strip_prefix(MARK).filter(|number| is_open && is_number(number)) {
            Some(number) => {
                out.push_str(number);
                is_open = false;
            }
            None => {
                if is_open {
                    out.push('"');
                }
                is_open = true;
                out.push_str(part);
            }
        }
    }
    out
}

const fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

fn is_number(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    starts && text.bytes().all(is_of_number) && serde_json::from_str::<&RawValue>(text).is_ok()
}

/// The place after the string that begins at `start`.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn numbers_of_events_come_back_and_nothing_else_is_touched() {
        let event =
            r#"{"a":1e999,"b":[1180591620717411303424,-0,1.5],"c":"1e999","d\"":{"e":0.1234567890123456789},"f":""}"#;
        let request = format!(r#"{{"id":1e30,"params":{{"arguments":{{"events":[{event}],"atomic":true}}}}}}"#);
        let marked = marked(&request);
        let value: Value = serde_json::from_str(&marked).unwrap();
        assert_eq!(value["id"], 1e30);
        let back = restored(value["params"]["arguments"]["events"][0].to_string());
        assert_eq!(back.replace(' ', ""), event);
    }

    #[test]
    fn what_only_looks_marked_stays() {
        for text in [
            format!(r#"{{"a":"{MARK}x"}}"#),
            format!(r#"{{"a":"{MARK}"}}"#),
            format!(r#"{{"a":"x{MARK}1"}}"#),
            format!(r#"{{"a":"{MARK}01","b":"c"}}"#),
        ] {
            assert_eq!(restored(text.clone()), text);
        }
        assert!(matches!(marked(r#"{"params":{"arguments":{"event":{"ts":1,"x":1.5}}}}"#), Cow::Borrowed(_)));
    }
}
