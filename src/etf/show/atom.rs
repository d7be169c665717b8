//! How is an atom written?

use super::out::Out;
use crate::etf::atom::Atom;

/// Operators and other atoms that Elixir writes without quotes.
const UNQUOTED: [&str; 56] = [
    "!", "!=", "!==", "%", "%{}", "&", "&&", "&&&", "*", "**", "+", "++", "+++", "-", "--", "---", ".", "..", "...",
    "..//", "/", "<", "<-", "<<<", "<<>>", "<<~", "<=", "<>", "<~", "<~>", "=", "==", "===", "=~", ">", ">=", ">>>",
    "@", "\\\\", "^", "{}", "|", "|>", "||", "|||", "~>", "~>>", "->", "and", "in", "not", "or", "when", "fn", "end",
    "do",
];

/// What a byte may be in a name without quotes: a letter, also first; inside only (digits, `@`); neither.
const NAME: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        kinds[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => 3,
            b'0'..=b'9' | b'@' => 1,
            _ => 0,
        };
        byte += 1;
    }
    kinds
};

impl<const JSON: bool> Out<'_, JSON> {
    /// As `inspect` writes it.
    #[inline]
    pub(super) fn atom(&mut self, atom: Atom<'_>) {
        let bytes = atom.bytes();
        if is_ascii_identifier(bytes) && !matches!(bytes, b"nil" | b"true" | b"false" | b"Elixir") {
            self.push(":");
            return self.ascii(bytes);
        }
        self.other_atom(&atom.text());
    }

    fn other_atom(&mut self, text: &str) {
        if matches!(text, "nil" | "true" | "false") {
            return self.push(text);
        }
        if let Some(alias) = alias(text) {
            return self.push(alias);
        }
        self.push(":");
        self.name(text);
    }

    /// An atom as a key: `name: `, `"hello world": `.
    pub(super) fn key(&mut self, atom: Atom<'_>) {
        if is_ascii_identifier(atom.bytes()) {
            self.ascii(atom.bytes());
        } else {
            self.name(&atom.text());
        }
        self.push(": ");
    }

    /// Bytes that are ASCII.
    #[inline]
    fn ascii(&mut self, bytes: &[u8]) {
        self.push(std::str::from_utf8(bytes).unwrap_or_default());
    }

    /// The name of a function, after its module and a dot.
    pub(super) fn function(&mut self, text: &str) {
        let is_special = matches!(text, "%" | "%{}" | "{}" | "<<>>" | "." | "..//");
        if is_special || text.starts_with(char::is_uppercase) || text.contains('@') {
            self.quoted(text);
        } else {
            self.name(text);
        }
    }

    /// A name after a colon, or before one, quoted where it needs to be.
    pub(super) fn name(&mut self, text: &str) {
        if is_identifier(text) {
            return self.push(text);
        }
        if UNQUOTED.contains(&text) {
            for part in text.chars() {
                if part == '\\' { self.backslash() } else { self.text.push(part) }
            }
            return;
        }
        self.quoted(text);
    }

    fn quoted(&mut self, text: &str) {
        self.quote();
        for (at, part) in text.char_indices() {
            if part == '#' && !text[at..].starts_with("#{") { self.push("#") } else { self.escaped(part) }
        }
        self.quote();
    }
}

/// `Foo.Bar` of `Elixir.Foo.Bar`, if that can be read back.
fn alias(text: &str) -> Option<&str> {
    if text == "Elixir" {
        return Some(text);
    }
    let alias = text.strip_prefix("Elixir.")?;
    // No `@`, and every part starts with a capital.
    let mut is_first = true;
    for &byte in alias.as_bytes() {
        let is_right = match byte {
            b'A'..=b'Z' => true,
            b'.' => !is_first,
            byte => !is_first && NAME[usize::from(byte)] > 0 && byte != b'@',
        };
        if !is_right {
            return None;
        }
        is_first = byte == b'.';
    }
    // `Elixir.Foo` alone would read as `Foo`.
    let is_own_prefix = alias == "Elixir" || alias.starts_with("Elixir.");
    (!is_first).then_some(if is_own_prefix { text } else { alias })
}

/// Whether ASCII bytes stand without quotes: `a`, `_a1`, `node@host`, `empty?`.
#[inline]
fn is_ascii_identifier(bytes: &[u8]) -> bool {
    let [first, after @ ..] = bytes else { return false };
    let after = if let [body @ .., b'?' | b'!'] = after { body } else { after };
    NAME[usize::from(*first)] == 3 && after.iter().all(|&byte| NAME[usize::from(byte)] != 0)
}

/// Whether a name stands without quotes; beyond ASCII, letters and digits of any script do.
fn is_identifier(text: &str) -> bool {
    if text.is_ascii() {
        return is_ascii_identifier(text.as_bytes());
    }
    let body = text.strip_suffix(['?', '!']).unwrap_or(text);
    body.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && body.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '@'))
}
