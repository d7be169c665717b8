//! Does a value follow a name, in any of the ways a text may say so?
//!
//! `password=x&`, `"password": "x"`, `password: "x"`, `"password" => "x"`, `{:password, "x"}`, `<password>x</password>`,
//! `Cookie: x`, `user[password]=x`, a part of a form, a field of an AMQP table.

use std::ops::Range;

use super::quoted::{after_brackets, after_spaces, between_quotes, line_end, until};
use crate::redact::Secrets;
use crate::redact::mark::MARK;
use crate::redact::words::Secrecy;

/// Longest name looked for to the left of its part that was found.
const MAX_LEFT: usize = 96;

/// Values that tell nothing.
const EMPTY: [&[u8]; 9] = [b"nil", b"null", b"true", b"false", b"undefined", b":undefined", b"none", b":none", b"\"\""];

/// What follows the name around this place, and where to go on; `from` was looked at before.
pub(super) fn at(secrets: &Secrets, text: &[u8], place: usize, from: usize) -> (Option<Range<usize>>, usize) {
    let start = name_start(text, place, from);
    let end = place + text[place..].iter().take_while(|byte| is_name(**byte)).count();
    let end = end.max(place + 1).min(text.len());
    if text[place] == b'<' || start > 0 && text[start - 1] == b'<' {
        let name = if text[place] == b'<' { text.get(place + 1..).unwrap_or_default() } else { &text[start..] };
        if let Some(part) = sasl_element(text, place, name) {
            return (Some(part), end);
        }
    }
    let name = text.get(start..end).unwrap_or_default();
    if let Some(part) = table_field(secrets, text, name, end) {
        return (Some(part), end);
    }
    if name.eq_ignore_ascii_case(b"bearer") && text.get(end) == Some(&b' ') {
        return (super::lone::scheme(text, &(start + 1..end + 1)), end);
    }
    let Some(secrecy) = secrets.secrecy(name) else {
        return (smtp(text, name, end), end);
    };
    (value(text, start, end, secrecy).or_else(|| smtp(text, name, end)), end)
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || !byte.is_ascii()
}

fn name_start(text: &[u8], place: usize, from: usize) -> usize {
    let left = place.saturating_sub(MAX_LEFT).max(from);
    let start = place - text[left..place].iter().rev().take_while(|byte| is_name(**byte) || **byte == b'.').count();
    // `\npassword`, as `inspect` writes a line's start: the letter is not of the name.
    if start > 0 && text[start - 1] == b'\\' && matches!(text[start], b'n' | b'r' | b't') { start + 1 } else { start }
}

/// The value after a name, if one follows.
fn value(text: &[u8], start: usize, end: usize, secrecy: Secrecy) -> Option<Range<usize>> {
    let after = after_closers(text, end);
    let mut at = after_spaces(text, after);
    let sign = *text.get(at)?;
    match sign {
        b',' if opens_pair(text, start) => {
            let from = after_spaces(text, at + 1);
            let value = from..pair_end(text, from);
            return (!is_harmless(&text[value.clone()], secrecy)).then_some(value);
        }
        // `<password>x</password>`.
        b'>' if after == end
            && text[start.saturating_sub(1)] != b'/'
            && (1..=MAX_LEFT).any(|left| start >= left && text[start - left] == b'<') =>
        {
            let value = at + 1..until(text, at + 1, b"<");
            return (!is_harmless(&text[value.clone()], secrecy)).then_some(value);
        }
        // A part of a form: `name="password"`, an empty line, the value.
        b'\r' if after > end && text[at..].starts_with(b"\r\n\r\n") => {
            let from = at + 4;
            let end = memchr::memmem::find(&text[from..], b"\r\n--").map_or(text.len(), |len| from + len);
            return Some(from..end);
        }
        b'\\' if after > end && text[at..].starts_with(br"\r\n\r\n") => {
            let from = at + 8;
            let end = memchr::memmem::find(&text[from..], br"\r\n--").map_or(text.len(), |len| from + len);
            return Some(from..end);
        }
        b'=' | b':' if !text[at..].starts_with(b"::") => {}
        b'%' if text[at..].starts_with(b"%3D") || text[at..].starts_with(b"%3d") => at += 2,
        _ => return None,
    }
    at += 1;
    while matches!(text.get(at), Some(b'=' | b'>')) {
        at += 1;
    }
    let from = after_spaces(text, at);
    let rest = text.get(from..)?;
    // `<<"x">>`, `~c"x"`.
    let is_quoted = rest.get(2).is_some_and(|byte| matches!(byte, b'"' | b'\\' | b'\''));
    let open = if is_quoted && (rest.starts_with(b"<<") || rest.starts_with(b"~")) { from + 2 } else { from };
    if text.get(open).is_some_and(|byte| matches!(byte, b'"' | b'\'' | b'\\' | b'`')) {
        if let Some((inside, after)) = between_quotes(text, open) {
            // Of a list of pieces that was written out, the quote closes the name's: the value is the next piece.
            if matches!(&text[inside.clone()], b", " | b"," | b" | " | b"|") && after < text.len() {
                return Some(after..piece_end(text, after));
            }
            return Some(inside);
        }
    }
    match rest.first()? {
        b'[' | b'{' | b'(' | b'%' | b'<' => {
            let value = from..after_brackets(text, bracket(text, from));
            (value.len() > 3 && !is_harmless(&text[value.clone()], secrecy)).then_some(value)
        }
        // `#Reference<...>`, `#PID<...>`.
        b'#' => None,
        _ => {
            let value = from..bare_end(text, (start, end), from, sign);
            (!value.is_empty() && !is_harmless(&text[value.clone()], secrecy)).then_some(value)
        }
    }
}

/// Where a piece ends whose opening quote is before this place.
fn piece_end(text: &[u8], from: usize) -> usize {
    let slashes = text[..from - 1].iter().rev().take_while(|byte| **byte == b'\\').count();
    between_quotes(text, from - 1 - slashes).map_or(text.len(), |(inside, _)| inside.end)
}

/// The first bracket of `%Name{` and the like.
fn bracket(text: &[u8], from: usize) -> usize {
    if text[from] == b'%' { until(text, from, b"{") } else { from }
}

/// Where a value without quotes ends.
fn bare_end(text: &[u8], (start, end): (usize, usize), from: usize, sign: u8) -> usize {
    let name = &text[start..end];
    let holds = |part: &[u8]| name.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part));
    if sign == b'=' {
        return until(text, from, b"&;\r\n\t \"'<>)]}\\`");
    }
    let is_header = (holds(b"cookie") || holds(b"authorization") || name.contains(&b'-')) && text[from] != b':';
    if is_header && !starts_with_empty(&text[from..]) {
        line_end(text, from)
    } else {
        until(text, from, b",;\r\n\"'<>)]}\\`&")
    }
}

fn starts_with_empty(text: &[u8]) -> bool {
    EMPTY
        .iter()
        .any(|empty| text.starts_with(empty) && text.get(empty.len()).is_none_or(|byte| !byte.is_ascii_alphanumeric()))
}

/// Whether a value tells nothing: none at all, or a number where numbers count something.
fn is_harmless(value: &[u8], secrecy: Secrecy) -> bool {
    let value = value.trim_ascii();
    let is_number = || value.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_'));
    // What names a process or a reference is no secret, and joins events.
    let is_identity =
        || value.starts_with(b"#PID<") || value.starts_with(b"#Reference<") || value.starts_with(b"#Port<");
    value.is_empty()
        || EMPTY.contains(&value)
        || crate::redact::mark::is_mark(value.trim_ascii_start().strip_prefix(b"\"").unwrap_or(value))
        || is_identity()
        || has_only_marks(value)
        || secrecy == Secrecy::Texts && is_number()
}

/// Whether a value that was written out has a mark in it and besides only atoms and empty lists: the rest of a tuple
/// whose secret is hidden.
fn has_only_marks(value: &[u8]) -> bool {
    let Some(at) = memchr::memmem::find(value, MARK.as_bytes()) else { return false };
    let is_atoms = |part: &[u8]| {
        let words = part.split(|byte| matches!(byte, b',' | b' ' | b'"' | b'\\' | b'[' | b']'));
        words.filter(|word| !word.is_empty()).all(|word| {
            matches!(word, [b':', name @ ..] if name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_'))
        })
    };
    is_atoms(&value[..at]) && is_atoms(&value[at + MARK.len()..])
}

/// Behind what closes a name: quotes, `>>`, `]`, also as a URL escapes them.
fn after_closers(text: &[u8], end: usize) -> usize {
    let mut at = end;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        at += match rest {
            [b'"' | b'\'' | b']' | b'`', ..] | [b'\\', b'"' | b'\\' | b'\'', ..] => 1,
            [b'>', b'>', ..] => 2,
            [b'%', b'5', b'D' | b'd', ..] | [b'%', b'2', b'2' | b'7', ..] => 3,
            _ => return at,
        };
    }
}

/// Whether a name stands first in a tuple, or in a list of two.
fn opens_pair(text: &[u8], start: usize) -> bool {
    let mut at = start;
    while at > 0 && matches!(text[at - 1], b'"' | b'\\' | b'\'' | b':' | b'<' | b'c' | b'~') {
        at -= 1;
    }
    at > 0 && matches!(text[at - 1], b'{' | b'[')
}

/// Where the tuple around this place ends.
fn pair_end(text: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'}' | b']' => return at,
            b'"' | b'[' | b'{' | b'(' | b'<' if byte != b'<' || text.get(at + 1) == Some(&b'<') => {
                if byte == b'"' {
                    let slashes = text[from..at].iter().rev().take_while(|byte| **byte == b'\\').count();
                    match between_quotes(text, at - slashes) {
                        Some((_, after)) => at = after.max(at + 1),
                        None => at += 1,
                    }
                } else {
                    at = after_brackets(text, at);
                }
            }
            _ => at += 1,
        }
    }
    text.len()
}

/// `<auth ... mechanism='PLAIN'>AGp1...</auth>` and `<response ...>` of XMPP.
fn sasl_element(text: &[u8], place: usize, name: &[u8]) -> Option<Range<usize>> {
    let is_one = [&b"auth"[..], b"response", b"initial-response", b"authenticate"].iter().any(|one| {
        name.starts_with(one)
            && name.get(one.len()).is_none_or(|byte| matches!(byte, b' ' | b'>' | b'\t' | b'\n' | b'/'))
    });
    if !is_one {
        return None;
    }
    let from = until(text, place, b">");
    if from == text.len() || text[from - 1] == b'/' {
        return None;
    }
    let tag = &text[place..from];
    let is_sasl = name.starts_with(b"initial")
        || ["mechanism", "sasl"].iter().any(|word| memchr::memmem::find(tag, word.as_bytes()).is_some());
    let value = from + 1..until(text, from + 1, b"<");
    (is_sasl && !value.is_empty()).then_some(value)
}

/// A long string of an AMQP table: the name, `S`, 32 bits of length, the value.
fn table_field(secrets: &Secrets, text: &[u8], name: &[u8], end: usize) -> Option<Range<usize>> {
    let name = name.strip_suffix(b"S")?;
    let length = text.get(end..end + 4)?;
    let length = u32::from_be_bytes(length.try_into().ok()?) as usize;
    if length > 0x00ff_ffff {
        return None;
    }
    secrets.secrecy(name)?;
    Some(end + 4..(end + 4 + length).min(text.len()))
}

/// `AUTH PLAIN AGp1...` of SMTP, `AUTHENTICATE` of IMAP, `AUTH user password` of Redis, `PASS hunter2` of FTP and POP3.
fn smtp(text: &[u8], name: &[u8], end: usize) -> Option<Range<usize>> {
    if !matches!(name, b"AUTH" | b"AUTHENTICATE" | b"PASS") || text.get(end) != Some(&b' ') {
        return None;
    }
    let line = line_end(text, end);
    let mut words = text[end..line].split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let first = words.next()?;
    let is_mechanism = matches!(first, b"PLAIN" | b"LOGIN" | b"XOAUTH2" | b"CRAM-MD5") || first.starts_with(b"SCRAM");
    let from = if is_mechanism { end + 1 + first.len() + 1 } else { end + 1 };
    let begins = || end == name.len() || matches!(text[end - name.len() - 1], b'\n' | b'"');
    (from < line && (is_mechanism || begins())).then_some(from..line)
}
