//! Which parts of a text are secrets?
//!
//! A text is a binary, a charlist, an iolist put together, or a string of JSON: HTTP, forms, JSON, XML, connection
//! strings, frames of AMQP, or terms as `inspect` wrote them. `hints` finds the few places where something may
//! be; what stands there is then looked at. A secret whose end was cut off reaches to the end.

mod keyed;
mod lone;
mod quoted;
mod short;

use std::ops::Range;

pub(super) use lone::is_response_like;

use super::Secrets;
use super::card;
use super::mark::{MARK, is_mark};

/// What a place that was found may be the start of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// A part of the name of a secret.
    Name,
    /// `://`: a URL, perhaps with a password.
    Url,
    /// The end of `Bearer ` and `Basic `.
    Scheme,
    /// A token that carries its own form: a JWT, what Phoenix signs or encrypts.
    Token,
    /// `PLAIN`: a SASL response follows.
    Plain,
    /// `,p=`: a SCRAM proof.
    Proof,
    /// `\0` as `inspect` writes it: perhaps between the name and the password of a SASL response.
    Escape,
    /// The end of the first line of a private key.
    Key,
    /// A struct that is shown short, or one of its names in a term.
    Struct,
}

/// What besides names is looked for.
pub(super) const HINTS: [(&str, Hint); 22] = [
    ("://", Hint::Url),
    ("earer ", Hint::Scheme),
    ("EARER ", Hint::Scheme),
    ("earer:", Hint::Name),
    ("earer=", Hint::Name),
    ("asic ", Hint::Scheme),
    ("eyJ", Hint::Token),
    ("SFMyNTY", Hint::Token),
    ("QTEyOEdDTQ", Hint::Token),
    ("QTI1NkdDTQ", Hint::Token),
    ("PLAIN", Hint::Plain),
    (",p=", Hint::Proof),
    ("\\0", Hint::Escape),
    ("PRIVATE KEY-----", Hint::Key),
    ("<response", Hint::Name),
    ("initial-resp", Hint::Name),
    ("Plug.Conn", Hint::Struct),
    ("Socket", Hint::Struct),
    ("Protocol", Hint::Struct),
    ("Postgrex.", Hint::Struct),
    ("MyXQL.", Hint::Struct),
    ("DBConnection", Hint::Struct),
];

/// The parts of a text that are hidden, in order; none overlap.
pub(super) fn find(secrets: &Secrets, text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((place, hint)) = secrets.next_hint(text, at) {
        let (part, next) = match hint {
            Hint::Name => keyed::at(secrets, text, place.start, at),
            hint => (lone::at(hint, text, &place), place.end),
        };
        at = next.max(place.start + 1);
        if let Some(part) = part.filter(|part| !part.is_empty() && !is_mark(&text[part.clone()])) {
            at = at.max(part.end);
            found.push(part);
        }
    }
    let whole = lone::whole(text).filter(|part| !is_mark(&text[part.clone()]));
    found.extend(whole);
    if card::may_hold(text) {
        let mut at = 0;
        while let Some(card) = card::find(text, at) {
            at = card.end;
            found.push(card);
        }
    }
    merged(found)
}

/// In order, what overlaps or touches put together.
fn merged(mut parts: Vec<Range<usize>>) -> Vec<Range<usize>> {
    if parts.len() < 2 {
        return parts;
    }
    parts.sort_by_key(|part| part.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(parts.len());
    for part in parts {
        match merged.last_mut() {
            Some(last) if part.start < last.end => last.end = last.end.max(part.end),
            _ => merged.push(part),
        }
    }
    merged
}

/// A text with the mark in place of parts of it.
pub(super) fn marked(text: &[u8], parts: &[Range<usize>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    for part in parts {
        out.extend_from_slice(&text[at..part.start]);
        out.extend_from_slice(MARK.as_bytes());
        at = part.end;
    }
    out.extend_from_slice(&text[at..]);
    out
}
