//! Which secrets are known by their own form, whatever stands before them?

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::Hint;
use super::quoted::{after_brackets, between_quotes, until};

/// Shortest credential after `Bearer` or `Basic`.
const SHORTEST: usize = 8;

/// What a hint turns out to be.
pub(super) fn at(hint: Hint, text: &[u8], place: &Range<usize>) -> Option<Range<usize>> {
    match hint {
        Hint::Name => None,
        Hint::Url => url(text, place.end),
        Hint::Scheme => scheme(text, place),
        Hint::Token => token(text, place.start),
        Hint::Plain => plain(text, place.end),
        Hint::Proof => proof(text, place),
        Hint::Escape => escaped_response(text, place.start),
        Hint::Key => {
            let end = memchr::memmem::find(&text[place.end..], b"-----END").map_or(text.len(), |len| place.end + len);
            let is_first = !text[..place.start].ends_with(b"END ") && !text[..place.start].ends_with(b"END RSA ");
            (is_first && !text[place.end..end].trim_ascii().is_empty()).then_some(place.end..end)
        }
        Hint::Struct => shown_struct(text, place),
    }
}

/// A text that is a secret as a whole: a SASL response, as it is or in base64, or a password message of `PostgreSQL`.
pub(super) fn whole(text: &[u8]) -> Option<Range<usize>> {
    if is_response(text) || is_encoded_response(text) {
        return Some(0..text.len());
    }
    if let [b'p', a, b, c, d, password @ .., 0] = text {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        return (length + 1 == text.len() && !password.is_empty()).then_some(5..text.len() - 1);
    }
    None
}

/// `\0user\0password`, perhaps with a name to act as before it.
pub(super) fn is_response(text: &[u8]) -> bool {
    let mut parts = text.splitn(4, |byte| *byte == 0);
    let (Some(role), Some(user), Some(password), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let is_text = |part: &[u8]| part.iter().all(|byte| *byte >= b' ' && *byte != 0x7f) && str::from_utf8(part).is_ok();
    !user.is_empty() && !password.is_empty() && [role, user, password].into_iter().all(is_text)
}

/// Whether a text may be a secret as a whole; see [`whole`].
pub(in crate::redact) fn is_response_like(text: &[u8]) -> bool {
    match text {
        [] => false,
        [b'p', 0, ..] => true,
        [b'A', b'C'..=b'H', ..] if text.len() >= SHORTEST => is_encoded_response(text),
        _ => text.len() < 4096 && memchr::memchr(0, text).is_some() && is_response(text),
    }
}

/// The same in base64. Nearly all begin with a NUL, so with `A`.
fn is_encoded_response(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    if text.len() < SHORTEST || text.len() > 4096 || !text.iter().all(|byte| is_base64(*byte)) {
        return false;
    }
    let bare = text.trim_ascii_end();
    let decoded = STANDARD.decode(bare).or_else(|_| STANDARD_NO_PAD.decode(bare));
    decoded.is_ok_and(|decoded| is_response(&decoded))
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// `user:password@` after the slashes: the password.
fn url(text: &[u8], start: usize) -> Option<Range<usize>> {
    let end = until(text, start, b"/?# \t\r\n\"'\\<>,;`)]}|");
    let authority = &text[start..end];
    let at = memchr::memrchr(b'@', authority)?;
    let colon = memchr::memchr(b':', &authority[..at])?;
    (colon + 1 < at).then_some(start + colon + 1..start + at)
}

/// The credential after `Bearer ` or `Basic `.
pub(super) fn scheme(text: &[u8], place: &Range<usize>) -> Option<Range<usize>> {
    let first = *text.get(place.start.checked_sub(1)?)?;
    let is_basic = text[place.start] == b'a';
    let is_right = matches!(first, b'B' | b'b');
    let from = place.end;
    let len =
        text[from..].iter().take_while(|byte| is_base64(**byte) || matches!(byte, b'-' | b'.' | b'_' | b'~')).count();
    let value = &text[from..from + len];
    if !is_right || len < SHORTEST {
        return None;
    }
    let is_credential = if is_basic {
        let decoded = STANDARD.decode(value).or_else(|_| STANDARD_NO_PAD.decode(value));
        // Cut, it cannot be decoded.
        decoded.map_or(from + len == text.len(), |decoded| decoded.contains(&b':'))
    } else {
        value.iter().any(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-'))
            || value.iter().skip(1).any(u8::is_ascii_uppercase)
    };
    is_credential.then_some(from..from + len)
}

/// `eyJ...` of three parts, or `SFMyNTY.` and what follows.
fn token(text: &[u8], start: usize) -> Option<Range<usize>> {
    let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'=');
    if start.checked_sub(1).is_some_and(|before| text[before].is_ascii_alphanumeric()) {
        return None;
    }
    let end = start + text[start..].iter().take_while(|byte| goes_on(byte)).count();
    let value = &text[start..end];
    let mut parts = value.split(|byte| *byte == b'.');
    let (head, body) = (parts.next()?, parts.next()?);
    (head.len() >= 7 && body.len() >= 4 && value.len() >= 16).then_some(start..end)
}

/// What follows `PLAIN` in a frame of AMQP: 32 bits of length, the response.
fn plain(text: &[u8], end: usize) -> Option<Range<usize>> {
    let length = text.get(end..end + 4)?;
    let length = u32::from_be_bytes(length.try_into().ok()?) as usize;
    (1..0x0001_0000).contains(&length).then(|| end + 4..(end + 4 + length).min(text.len()))
}

/// The proof of a SCRAM client: `c=biws,r=...,p=...`.
fn proof(text: &[u8], place: &Range<usize>) -> Option<Range<usize>> {
    let line = text[..place.start].iter().rposition(|byte| matches!(byte, b'"' | b'\n' | b' ')).map_or(0, |at| at + 1);
    let before = &text[line..place.start];
    let is_final = before.starts_with(b"c=") && memchr::memmem::find(before, b",r=").is_some();
    let end = place.end + text[place.end..].iter().take_while(|byte| is_base64(**byte)).count();
    (is_final && end > place.end).then_some(place.end..end)
}

/// `\0user\0password` as `inspect` writes it, in quotes: the password. The first `\0` is found.
fn escaped_response(text: &[u8], first: usize) -> Option<Range<usize>> {
    let slashes = text[first..].iter().take_while(|byte| **byte == b'\\').count();
    let mark = &text[first..=first + slashes];
    let quote = text[..first].iter().rposition(|byte| *byte == b'"')?;
    let opens = quote - text[..quote].iter().rev().take_while(|byte| **byte == b'\\').count();
    let (inside, _) = between_quotes(text, opens)?;
    if !inside.contains(&first) {
        return None;
    }
    let user = first + mark.len();
    let second = user + memchr::memmem::find(text.get(user..inside.end)?, mark)?;
    let password = second + mark.len()..inside.end;
    let is_plain = |part: &[u8]| memchr::memmem::find(part, mark).is_none();
    (second > user && !password.is_empty() && is_plain(&text[password.clone()])).then_some(password)
}

/// The fields of a struct that is shown short: all but those that say nothing of who asked what.
fn shown_struct(text: &[u8], place: &Range<usize>) -> Option<Range<usize>> {
    let open = until(text, place.start, b"{}, \"").min(text.len());
    if text.get(open) != Some(&b'{') {
        return None;
    }
    let start = text[..place.start].iter().rposition(|byte| *byte == b'%')?;
    let name = text.get(start + 1..open)?;
    let fields = super::super::known::short_form(name)?;
    let end = after_brackets(text, open);
    let inside = open + 1..if text.get(end - 1) == Some(&b'}') && end - 1 > open { end - 1 } else { end };
    (!inside.is_empty() && !super::short::is_short(&text[inside.clone()], fields)).then_some(inside)
}
