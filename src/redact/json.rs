//! What of a JSON text is a secret?
//!
//! One pass over a text that is known to be JSON, without recursion: a payload nests as deep as it likes.

mod asked;

use std::borrow::Cow;
use std::ops::Range;

use serde_json::value::RawValue;

use super::mark::is_mark;
use super::text::{self, is_response_like};
use super::words::Secrecy;
use super::{MARK, Secrets, card, known, silent};

/// Members that hold what a function was given or returned.
const PASSED: [&str; 6] = ["args", "arguments", "result", "return_value", "return", "value"];

/// Those of them that hold what it was given, and what it returned.
const ARGUMENTS: [&str; 2] = ["args", "arguments"];
const RESULTS: [&str; 3] = ["result", "return_value", "return"];

/// Hides what is secret; how many secrets that was. `None`: there is none. Module and function: of the call it is of.
pub(super) fn hide(
    secrets: &Secrets,
    json: &str,
    module: Option<&str>,
    function: Option<&str>,
) -> Option<(String, u64)> {
    let name = function.unwrap_or_default().as_bytes();
    let of = if module.is_some_and(|module| silent::is_silent(module.as_bytes(), name)) {
        Passed::Silent
    } else if secrets.words.is_about_secrets(name) {
        Passed::Texts
    } else {
        Passed::Others
    };
    if of == Passed::Others && !may_hold(secrets, json.as_bytes()) {
        return None;
    }
    let mut walk = Walk { secrets, json, of, out: String::new(), copied: 0, count: 0 };
    walk.run();
    if walk.count == 0 {
        return None;
    }
    walk.out.push_str(&json[walk.copied..]);
    Some((walk.out, walk.count))
}

/// Whether a JSON text may hold a secret.
fn may_hold(secrets: &Secrets, json: &[u8]) -> bool {
    let has_response = || {
        memchr::memmem::find_iter(json, b"\"A").any(|at| matches!(json.get(at + 2), Some(b'C'..=b'H')))
            || memchr::memmem::find(json, b"\\u0").is_some()
    };
    secrets.has_hint(json) || card::may_hold(json) || has_response()
}

/// What of a value is hidden that a function was given or returned.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Passed {
    /// What tells by itself that it is a secret.
    Others,
    /// Its texts.
    Texts,
    /// All that may be what was asked for by the name of a secret.
    Asked,
    /// All of it.
    Silent,
}

/// Where in a value the pass is.
enum Frame {
    Object {
        /// What the name of the member being read says.
        named: Option<Secrecy>,
        /// What its `key` or `name` member says of its `value`.
        tells: Option<Secrecy>,
        /// What is hidden below: a function was given or returned it.
        hides: Passed,
        /// The same of the whole object.
        below: Passed,
        /// Whether its arguments have the name of a secret among them.
        asks: bool,
    },
    Array {
        place: usize,
        /// What its first element says of the second.
        tells: Option<Secrecy>,
        hides: Passed,
    },
}

struct Walk<'s, 'j> {
    secrets: &'s Secrets,
    json: &'j str,
    /// What the call is of.
    of: Passed,
    out: String,
    /// So much of the text is in `out`, or hidden.
    copied: usize,
    count: u64,
}

impl<'j> Walk<'_, 'j> {
    /// All of the text.
    fn run(&mut self) {
        self.from(0, Vec::new());
    }

    /// The members of the object that the text is.
    fn fields(&mut self) {
        self.from(
            1,
            vec![Frame::Object { named: None, tells: None, hides: Passed::Others, below: Passed::Others, asks: false }],
        );
    }

    fn from(&mut self, mut at: usize, mut stack: Vec<Frame>) {
        let bytes: &'j [u8] = self.json.as_bytes();
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'}' | b']' => {
                    stack.pop();
                    at += 1;
                }
                b',' => {
                    if let Some(Frame::Array { place, .. }) = stack.last_mut() {
                        *place += 1;
                    }
                    at += 1;
                }
                b':' | b' ' | b'\t' | b'\r' | b'\n' => at += 1,
                b'"' if matches!(stack.last(), Some(Frame::Object { .. })) && is_key(bytes, at) => {
                    at = self.key(at, &mut stack);
                }
                _ => at = self.value(at, &mut stack),
            }
        }
    }

    /// The name of a member.
    fn key(&mut self, at: usize, stack: &mut [Frame]) -> usize {
        let end = string_end(self.json.as_bytes(), at);
        let name = unescaped(&self.json[at..end]);
        let secrecy = self.secrets.secrecy(name.as_bytes());
        if secrecy.is_none() {
            self.string(at..end);
        }
        let is_passed = PASSED.contains(&&*name);
        if let Some(Frame::Object { named, tells, hides, below, asks }) = stack.last_mut() {
            *named = secrecy.or(if matches!(&*name, "value" | "val") { *tells } else { None });
            *hides = if is_passed { (*below).max(self.of) } else { *below };
            if ARGUMENTS.contains(&&*name) {
                *asks = asked::asks(self.secrets, self.json, end);
            } else if RESULTS.contains(&&*name) && (*asks || asked::asks_later(self.secrets, self.json, end)) {
                *hides = (*hides).max(Passed::Asked);
            }
            // The next string may be the name of what `value` holds.
            if matches!(&*name, "key" | "name" | "k") {
                let from = after_colon(self.json.as_bytes(), end);
                if self.json.as_bytes().get(from) == Some(&b'"') {
                    let value = unescaped(&self.json[from..string_end(self.json.as_bytes(), from)]);
                    *tells = self.secrets.secrecy(value.as_bytes());
                }
            }
        }
        end
    }

    /// A value that is no name: hidden, looked into, or passed over.
    fn value(&mut self, at: usize, stack: &mut Vec<Frame>) -> usize {
        let bytes: &'j [u8] = self.json.as_bytes();
        let (secrecy, hides) = match stack.last_mut() {
            Some(Frame::Object { named, hides, .. }) => (named.take(), *hides),
            Some(Frame::Array { place: 1, tells, hides }) => (*tells, *hides),
            Some(Frame::Array { hides, .. }) => (None, *hides),
            None => (None, Passed::Others),
        };
        if let Some(secrecy) = secrecy {
            let end = value_end(bytes, at);
            let is_pair = !matches!(stack.last(), Some(Frame::Array { .. })) || next_is(bytes, end, b']');
            if is_pair && !is_harmless(&self.json[at..end], secrecy) {
                self.replace(at..end, &format!("\"{MARK}\""), 1);
                return end;
            }
        }
        match bytes[at] {
            b'"' => {
                let end = string_end(bytes, at);
                if let Some(Frame::Array { place: 0, tells, .. }) = stack.last_mut() {
                    *tells = self.secrets.secrecy(unescaped(&self.json[at..end]).as_bytes());
                }
                if hidden_as(hides, &self.json[at..end]) {
                    self.replace(at..end, &format!("\"{MARK}\""), 1);
                } else {
                    self.string(at..end);
                }
                end
            }
            b'{' => {
                if let Some((end, short)) = self.short(at) {
                    self.replace(at..end, &short, 1);
                    return end;
                }
                stack.push(Frame::Object { named: None, tells: None, hides, below: hides, asks: false });
                at + 1
            }
            b'[' => {
                stack.push(Frame::Array { place: 0, tells: None, hides });
                at + 1
            }
            _ => {
                let end = value_end(bytes, at).max(at + 1);
                let is_number = || self.json[at..end].starts_with(|first: char| first.is_ascii_digit() || first == '-');
                let is_card = self.json[at..end].parse().is_ok_and(card::is_card_integer);
                if is_card || hides == Passed::Silent && is_number() {
                    self.replace(at..end, &format!("\"{MARK}\""), 1);
                }
                end
            }
        }
    }

    /// A string with the secrets in it hidden.
    fn string(&mut self, range: Range<usize>) {
        let text = unescaped(&self.json[range.clone()]);
        let bytes = text.as_bytes();
        if !(self.secrets.has_hint(bytes) || card::may_hold(bytes) || is_response_like(bytes)) {
            return;
        }
        let parts = text::find(self.secrets, bytes);
        if !parts.is_empty() {
            let marked = String::from_utf8_lossy(&text::marked(bytes, &parts)).into_owned();
            self.replace(range, &serde_json::Value::from(marked).to_string(), parts.len() as u64);
        }
    }

    /// The short form of an object that says it is one of the structs that have one; where it ends.
    fn short(&self, at: usize) -> Option<(usize, String)> {
        const STRUCT: &[u8] = b"__struct__";
        let bytes: &'j [u8] = self.json.as_bytes();
        let window = bytes.get(at..(at + (1 << 16)).min(bytes.len()))?;
        memchr::memmem::find(window, STRUCT)?;
        let end = value_end(bytes, at);
        let members: serde_json::Map<String, serde_json::Value> = {
            // Values stay text; a payload that nests too deep for it has its names to tell its secrets.
            let raw: std::collections::BTreeMap<String, &RawValue> = serde_json::from_str(&self.json[at..end]).ok()?;
            let name: String = serde_json::from_str(raw.get("__struct__")?.get()).ok()?;
            let fields = known::short_form(name.as_bytes())?;
            let is_short =
                raw.keys().all(|key| matches!(&**key, "__struct__" | "redacted") || fields.contains(&&**key));
            if is_short {
                return None;
            }
            let scalar = |field: &&str| {
                let value: serde_json::Value = serde_json::from_str(raw.get(*field)?.get()).ok()?;
                (!value.is_array() && !value.is_object()).then(|| ((*field).to_owned(), value))
            };
            let kept = fields.iter().filter_map(scalar);
            [("__struct__".to_owned(), name.clone().into())].into_iter().chain(kept).collect()
        };
        let short = serde_json::Value::Object(members).to_string();
        // What a path or a name says is looked at as any other text.
        let mut inside = Walk { json: &short, out: String::new(), copied: 0, count: 0, ..*self };
        inside.fields();
        let rest = &short[inside.copied..];
        let mut short = format!("{}{rest}", inside.out);
        short.pop();
        Some((end, format!("{short},\"redacted\":\"{MARK}\"}}")))
    }

    fn replace(&mut self, range: Range<usize>, with: &str, secrets: u64) {
        self.out.push_str(&self.json[self.copied..range.start]);
        self.out.push_str(with);
        self.copied = range.end;
        self.count += secrets;
    }
}

/// Whether a string of a call is hidden as a whole.
fn hidden_as(hides: Passed, string: &str) -> bool {
    let inside = string.trim_matches('"');
    match hides {
        Passed::Others => false,
        Passed::Texts => is_passed_text(string),
        Passed::Asked => asked::may_be_answer(inside),
        Passed::Silent => !inside.is_empty() && !is_mark(inside.trim_matches(['\\', '"']).as_bytes()),
    }
}

/// Whether a string of a call is a text, and not a number, an atom or a pid that `inspect` wrote.
fn is_passed_text(string: &str) -> bool {
    let inside = string.trim_matches('"');
    !(inside.is_empty()
        || inside.starts_with([':', '#', '%', '-'])
        || inside.starts_with(|first: char| first.is_ascii_digit()))
}

/// Whether a value tells nothing.
fn is_harmless(value: &str, secrecy: Secrecy) -> bool {
    let is_number = value.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    let is_count = || value.trim_matches('"').bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    matches!(value, "null" | "true" | "false" | "\"\"" | "[]" | "{}" | "\"nil\"" | "\"undefined\"" | "\":undefined\"")
        || matches!(value, "\"true\"" | "\"false\"")
        || value.trim_matches('"') == MARK
        || value.starts_with("\"#PID<")
        || value.starts_with("\"#Reference<")
        || secrecy == Secrecy::Texts && (is_number || is_count())
}

/// Behind the string that begins here.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(next) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += next;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}

/// Behind the value that begins here.
fn value_end(bytes: &[u8], start: usize) -> usize {
    let mut open = 0_usize;
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = string_end(bytes, at);
                if open == 0 {
                    return at;
                }
                continue;
            }
            b'{' | b'[' => open += 1,
            b'}' | b']' => {
                if open == 0 {
                    return at;
                }
                open -= 1;
                if open == 0 {
                    return at + 1;
                }
            }
            b',' | b' ' | b'\t' | b'\r' | b'\n' if open == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// Whether the string that begins here is the name of a member.
fn is_key(bytes: &[u8], at: usize) -> bool {
    next_is(bytes, string_end(bytes, at), b':')
}

fn next_is(bytes: &[u8], from: usize, byte: u8) -> bool {
    bytes.get(from..).is_some_and(|rest| rest.trim_ascii_start().first() == Some(&byte))
}

fn after_colon(bytes: &[u8], from: usize) -> usize {
    from + bytes[from..].iter().take_while(|byte| matches!(byte, b':' | b' ' | b'\t' | b'\r' | b'\n')).count()
}

/// What a string says, quotes included in the range.
fn unescaped(string: &str) -> Cow<'_, str> {
    if !string.contains('\\') {
        return Cow::Borrowed(string.get(1..string.len().saturating_sub(1)).unwrap_or_default());
    }
    serde_json::from_str::<String>(string).map_or(Cow::Borrowed(""), Cow::Owned)
}
