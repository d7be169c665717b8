//! How is an atom written?

use super::out::Out;
use crate::etf::atom::Atom;

/// Operators and other atoms that Elixir writes without quotes.
const UNQUOTED: [&str; 62] = [
    "!", "!=", "!==", "%", "%{}", "&", "&&", "&&&", "*", "**", "+", "++", "+++", "-", "--", "---", ".", "..", "...",
    "..//", "/", "<", "<-", "<<<", "<<>>", "<<~", "<=", "<>", "<|>", "<~", "<~>", "=", "==", "===", "=~", ">", ">=",
    ">>>", "@", "\\\\", "^", "^^^", "{}", "|", "|>", "||", "|||", "~>", "~>>", "~~~", "->", "=>", "::", "and", "in",
    "not", "or", "when", "fn", "end", "do", "not in",
];

impl<const JSON: bool> Out<'_, JSON> {
    /// As `inspect` writes it.
    pub(super) fn atom(&mut self, atom: Atom<'_>) {
        let text = atom.text();
        if matches!(&*text, "nil" | "true" | "false") {
            return self.push(&text);
        }
        if let Some(alias) = alias(&text) {
            return self.push(alias);
        }
        self.push(":");
        self.name(&text);
    }

    /// An atom as a key: `name: `, `"hello world": `.
    pub(super) fn key(&mut self, atom: Atom<'_>) {
        self.name(&atom.text());
        self.push(": ");
    }

    /// A name after a colon or a dot, quoted where it needs to be.
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
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_uppercase())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    alias.split('.').all(is_part).then_some(alias)
}

/// Whether a name stands without quotes: `a`, `_a1`, `node@host`, `empty?`.
fn is_identifier(text: &str) -> bool {
    let body = text.strip_suffix(['?', '!']).unwrap_or(text);
    if body.is_ascii() {
        let Some(&first) = body.as_bytes().first() else { return false };
        return (first.is_ascii_alphabetic() || first == b'_')
            && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@'));
    }
    body.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && body.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '@'))
}
