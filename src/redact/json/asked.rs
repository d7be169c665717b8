//! Does the payload of a call say that it was asked for a secret by its name? Its arguments and its result are members of
//! one object; where they are events of their own, the event of the end has no arguments to tell it.

use super::{ARGUMENTS, is_mark, next_is, string_end, unescaped, value_end};
use crate::redact::Secrets;

/// Bytes of an object that are looked at for the arguments behind a result.
const MAX_AHEAD: usize = 1 << 16;

/// Whether the list behind the name that ends here has the name of a secret in it.
pub(super) fn asks(secrets: &Secrets, json: &str, end: usize) -> bool {
    let bytes = json.as_bytes();
    let mut at = super::after_colon(bytes, end);
    if bytes.get(at) != Some(&b'[') {
        return false;
    }
    at += 1;
    while let Some(&byte) = bytes.get(at).filter(|byte| **byte != b']') {
        let end = value_end(bytes, at).max(at + 1);
        if byte == b'"' && is_name(secrets, &unescaped(&json[at..end])) {
            return true;
        }
        at = end;
    }
    false
}

/// The same of the arguments that come behind the member whose name ends here.
pub(super) fn asks_later(secrets: &Secrets, json: &str, end: usize) -> bool {
    let bytes = json.as_bytes();
    let stop = bytes.len().min(end + MAX_AHEAD);
    let mut at = super::after_colon(bytes, end);
    while at < stop {
        match bytes[at] {
            b'}' => return false,
            b'"' => {
                let end = string_end(bytes, at);
                if next_is(bytes, end, b':') && ARGUMENTS.contains(&&*unescaped(&json[at..end])) {
                    return asks(secrets, json, end);
                }
                at = end;
            }
            b'{' | b'[' => at = value_end(&bytes[..stop], at).max(at + 1),
            _ => at += 1,
        }
    }
    false
}

/// Whether an argument, as it is or as `inspect` wrote it, is the name of a secret: `:token`, `"api_key"`, `~c"pwd"`.
fn is_name(secrets: &Secrets, argument: &str) -> bool {
    let bare = argument.strip_prefix("~c").or_else(|| argument.strip_prefix(':')).unwrap_or(argument);
    let bare = bare.trim_matches(['"', '\'']);
    // `MyApp.Token` without quotes is a module.
    let is_module =
        bare == argument && bare.contains('.') && bare.starts_with(|first: char| first.is_ascii_uppercase());
    bare.len() <= 64 && !bare.contains(' ') && !is_module && secrets.secrecy(bare.as_bytes()).is_some()
}

/// Whether a result, as `inspect` wrote it, may be what was asked for: not an atom, a number, a process or a struct.
pub(super) fn may_be_answer(result: &str) -> bool {
    let is_struct = || result.starts_with('%') && result[1..].starts_with(|first: char| first.is_ascii_uppercase());
    let text = result.trim_matches(['\\', '"']);
    !(text.is_empty()
        || is_mark(text.as_bytes())
        || matches!(result, "nil" | "true" | "false" | "ok" | "error" | "undefined")
        || result.starts_with([':', '#'])
        || result.parse::<f64>().is_ok()
        || is_struct())
}
