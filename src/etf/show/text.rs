//! How are binaries, bit strings and lists of bytes written?

use std::fmt::Write as _;

use super::out::Out;
use super::scan::is_printable;

/// What a byte means to the text it is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Stands as it is.
    Plain,
    /// Escaped, not printable, or part of a character beyond ASCII.
    Special,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Special; 256];
    let mut byte = 0x20;
    while byte < 0x7f {
        if !matches!(byte as u8, b'"' | b'\\' | b'#') {
            classes[byte] = Class::Plain;
        }
        byte += 1;
    }
    classes
};

/// How far a text came.
#[derive(PartialEq, Eq)]
enum Body {
    Whole,
    /// The limit is reached.
    Cut,
    /// A character that is not printable.
    Unprintable,
}

impl<const JSON: bool> Out<'_, JSON> {
    /// `"text"`, or `<<1, 2>>` where it is not printable.
    #[inline(never)]
    pub(super) fn binary(&mut self, bytes: &[u8]) {
        // What cannot be written need not be read; a character takes four bytes at most.
        let seen = &bytes[..bytes.len().min(self.room().saturating_add(4))];
        let text = match std::str::from_utf8(seen) {
            Ok(text) => text,
            Err(error) if error.error_len().is_none() && seen.len() < bytes.len() => {
                std::str::from_utf8(&seen[..error.valid_up_to()]).unwrap_or_default()
            }
            Err(_) => return self.bits(bytes, 8),
        };
        let from = self.text.len();
        self.quote();
        match self.body(text) {
            Body::Whole => self.quote(),
            Body::Cut => {
                self.quote();
                self.mark();
            }
            Body::Unprintable => {
                self.text.truncate(from);
                self.bits(bytes, 8);
            }
        }
    }

    /// `~c"text"` of bytes that are printable, `[1, 2]` of others.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        let seen = &bytes[..bytes.len().min(self.room())];
        if !bytes.is_empty() && seen.iter().copied().all(is_printable) {
            return self.charlist(seen, bytes.len());
        }
        self.push("[");
        self.numbers(bytes);
        self.push("]");
    }

    /// `~c"text"`: the first bytes of so many, all of them printable.
    pub(super) fn charlist(&mut self, seen: &[u8], len: usize) {
        self.push("~c");
        self.quote();
        let whole = self.body(std::str::from_utf8(seen).unwrap_or_default()) == Body::Whole && seen.len() == len;
        self.quote();
        if !whole {
            self.mark();
        }
    }

    /// `<<1, 2::size(3)>>`.
    pub(super) fn bits(&mut self, bytes: &[u8], last_bits: u8) {
        self.push("<<");
        match bytes.split_last() {
            Some((last, before)) if last_bits < 8 => {
                self.numbers(before);
                if !self.cut {
                    if !before.is_empty() {
                        self.push(", ");
                    }
                    let from = self.text.len();
                    self.integer(last >> (8 - last_bits));
                    self.push("::size(");
                    self.integer(last_bits);
                    self.push(")");
                    self.fits(from);
                }
            }
            _ => self.numbers(bytes),
        }
        self.push(">>");
    }

    fn numbers(&mut self, bytes: &[u8]) {
        for (place, &byte) in bytes.iter().enumerate() {
            if place > 0 {
                self.push(", ");
            }
            let from = self.text.len();
            self.integer(byte);
            if !self.fits(from) {
                return;
            }
        }
    }

    /// What stands between the quotes.
    fn body(&mut self, text: &str) -> Body {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let plain = bytes[at..].iter().position(|&byte| CLASSES[usize::from(byte)] == Class::Special);
            let end = plain.map_or(bytes.len(), |len| at + len);
            let room = self.room();
            if end - at > room {
                self.push(&text[at..at + room]);
                return Body::Cut;
            }
            self.push(&text[at..end]);
            let Some(special) = text[end..].chars().next() else { return Body::Whole };
            at = end + special.len_utf8();
            let from = self.text.len();
            match special {
                '#' if bytes.get(at) != Some(&b'{') => self.push("#"),
                '"' | '\\' | '#' | '\u{7}'..='\r' | '\u{1b}' | '\u{7f}' | '\u{feff}' => self.escaped(special),
                special if is_printable_char(special) => self.text.push(special),
                _ => return Body::Unprintable,
            }
            if self.is_over() {
                self.text.truncate(from);
                return Body::Cut;
            }
        }
        Body::Whole
    }

    /// A character inside quotes, escaped where Elixir does.
    pub(super) fn escaped(&mut self, character: char) {
        let letter = match character {
            '"' => {
                self.backslash();
                return self.quote();
            }
            '\\' => {
                self.backslash();
                return self.backslash();
            }
            '#' => "#",
            '\0' => "0",
            '\u{7}' => "a",
            '\u{8}' => "b",
            '\t' => "t",
            '\n' => "n",
            '\u{b}' => "v",
            '\u{c}' => "f",
            '\r' => "r",
            '\u{1b}' => "e",
            '\u{7f}' => "d",
            '\u{feff}' => "uFEFF",
            character if is_printable_char(character) => return self.text.push(character),
            character => {
                self.backslash();
                let code = u32::from(character);
                // Writing to a string cannot fail.
                let _ =
                    if code < 0x100 { write!(self.text, "x{code:02X}") } else { write!(self.text, "x{{{code:X}}}") };
                return;
            }
        };
        self.backslash();
        self.push(letter);
    }
}

/// `String.printable?`, the escaped ones aside.
const fn is_printable_char(character: char) -> bool {
    matches!(character, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
