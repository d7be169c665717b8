//! From text to a value, whatever the text.

use super::node::{Kind, Value};

/// Deeper than this a value is opaque: it bounds the stack against hostile input.
const MAX_DEPTH: usize = 48;

impl<'a> Value<'a> {
    /// Reads a text; never fails. Cost: one pass.
    pub(crate) fn read(text: &'a str) -> Self {
        whole(text)
    }
}

/// The value of a whole text; one that does not end where the text ends is opaque.
fn whole(text: &str) -> Value<'_> {
    let text = text.trim();
    let mut reader = Reader { text, at: 0 };
    match reader.value(0) {
        Some(value) if reader.at == text.len() => value,
        _ => Value { text, kind: Kind::Opaque },
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn skip_space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Reads one value; `None` where none starts.
    fn value(&mut self, depth: usize) -> Option<Value<'a>> {
        let start = self.at;
        let mut kind = if depth > MAX_DEPTH { self.opaque()? } else { self.kind(depth)? };
        if self.cut_mark() {
            kind = Kind::Opaque;
        }
        Some(Value { text: &self.text[start..self.at], kind })
    }

    /// The recorder's mark behind a value that it cut: `‹cut: 900 bytes›`.
    fn cut_mark(&mut self) -> bool {
        let Some(end) = self.rest().strip_prefix('‹').and_then(|mark| mark.find('›')) else { return false };
        self.at += '‹'.len_utf8() + end + '›'.len_utf8();
        true
    }

    fn kind(&mut self, depth: usize) -> Option<Kind<'a>> {
        let rest = self.rest();
        match self.peek()? {
            b'%' => {
                let open = rest.find('{')?;
                let name = &rest[1..open];
                if !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_')) {
                    return self.opaque();
                }
                self.at += open + 1;
                let entries = self.entries(depth)?;
                Some(Kind::Map((!name.is_empty()).then_some(name), entries))
            }
            b'{' => {
                self.at += 1;
                Some(Kind::Tuple(self.items("}", depth)?))
            }
            b'[' => {
                self.at += 1;
                Some(Kind::List(self.items("]", depth)?))
            }
            b'"' => {
                self.quoted()?;
                Some(Kind::Text)
            }
            b'~' => self.sigil(),
            b':' if rest[1..].starts_with('"') => {
                self.at += 1;
                let name = self.quoted()?;
                Some(Kind::Atom(name))
            }
            b':' => {
                let name = &rest[1..];
                let end = name.find([',', ']', '}', ')', '|', ' ', '\n']).unwrap_or(name.len());
                if end == 0 {
                    // `:|`, `:{}` and such.
                    return self.opaque();
                }
                self.at += 1 + end;
                Some(Kind::Atom(&name[..end]))
            }
            b'-' | b'0'..=b'9' => {
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '+' | '_')));
                self.at += end.unwrap_or(rest.len());
                Some(Kind::Number)
            }
            b'#' | b'<' => self.opaque(),
            _ => {
                let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '@' | '?' | '!');
                let end = rest.find(|c: char| !word(c)).unwrap_or(rest.len());
                if end == 0 || rest[..end].starts_with('.') {
                    return self.opaque();
                }
                self.at += end;
                Some(Kind::Atom(&rest[..end]))
            }
        }
    }

    /// The items of a list or tuple up to and with its end.
    fn items(&mut self, end: &str, depth: usize) -> Option<Vec<Value<'a>>> {
        let mut items = Vec::new();
        loop {
            self.skip_space();
            if self.eat(end) {
                return Some(items);
            }
            if !items.is_empty() && !self.eat(",") && !self.eat("|") {
                return None;
            }
            self.skip_space();
            items.push(self.item(depth + 1)?);
        }
    }

    /// A value, or `key: value`.
    fn item(&mut self, depth: usize) -> Option<Value<'a>> {
        let start = self.at;
        let Some(key) = self.keyword() else { return self.value(depth) };
        let value = self.value(depth)?;
        Some(Value { text: &self.text[start..self.at], kind: Kind::Pair(Box::new((key, value))) })
    }

    /// The entries of a map up to and with its end.
    fn entries(&mut self, depth: usize) -> Option<Vec<(Value<'a>, Value<'a>)>> {
        let mut entries = Vec::new();
        loop {
            self.skip_space();
            if self.eat("}") {
                return Some(entries);
            }
            if !entries.is_empty() && !self.eat(",") {
                return None;
            }
            self.skip_space();
            let key = match self.keyword() {
                Some(key) => key,
                None => {
                    let key = self.value(depth + 1)?;
                    self.skip_space();
                    if !self.eat("=>") {
                        // A struct shown by its own protocol, or text that was cut: the rest says nothing.
                        return None;
                    }
                    self.skip_space();
                    key
                }
            };
            entries.push((key, self.value(depth + 1)?));
        }
    }

    /// `name: ` or `"any name": `; nothing is taken where there is none.
    fn keyword(&mut self) -> Option<Value<'a>> {
        let start = self.at;
        let name = if self.peek()? == b'"' {
            self.quoted()
        } else {
            let rest = self.rest();
            let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '@' | '?' | '!'))).unwrap_or(0);
            self.at += end;
            (end > 0).then(|| &rest[..end])
        };
        let text = &self.text[start..self.at];
        match name {
            Some(name) if self.eat(": ") => Some(Value { text, kind: Kind::Atom(name) }),
            _ => {
                self.at = start;
                None
            }
        }
    }

    /// What stands between quotes; ends after them.
    fn quoted(&mut self) -> Option<&'a str> {
        let inner = &self.rest()[1..];
        let mut bytes = inner.bytes().enumerate();
        while let Some((at, byte)) = bytes.next() {
            match byte {
                b'\\' => {
                    bytes.next();
                }
                b'"' => {
                    self.at += at + 2;
                    return Some(&inner[..at]);
                }
                _ => {}
            }
        }
        None
    }

    /// `~c"abc"`, `~U[2026-01-01 00:00:00Z]`.
    fn sigil(&mut self) -> Option<Kind<'a>> {
        let rest = self.rest();
        let open = rest.find(['"', '[', '(', '{'])?;
        self.at += open;
        if rest[open..].starts_with('"') {
            self.quoted()?;
        } else {
            self.opaque()?;
        }
        Some(Kind::Text)
    }

    /// Up to the comma or bracket that ends it, brackets and strings within it balanced.
    fn opaque(&mut self) -> Option<Kind<'a>> {
        let start = self.at;
        let mut open = Vec::new();
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.quoted()?;
                    continue;
                }
                b'<' | b'[' | b'{' | b'(' => open.push(byte),
                // An arrow is no bracket.
                b'>' if open.last() == Some(&b'<') => {
                    open.pop();
                }
                b']' | b'}' | b')' => {
                    while open.last() == Some(&b'<') {
                        open.pop();
                    }
                    if open.pop().is_none() {
                        break;
                    }
                }
                b',' | b'|' if open.is_empty() => break,
                _ => {}
            }
            self.at += 1;
        }
        (self.at > start).then_some(Kind::Opaque)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> Kind<'_> {
        whole(text).kind
    }

    #[test]
    fn every_form_is_read() {
        assert_eq!(kind(":total"), Kind::Atom("total"));
        assert_eq!(kind(r#":"$gen_call""#), Kind::Atom("$gen_call"));
        assert_eq!(kind("Bank.Account"), Kind::Atom("Bank.Account"));
        assert_eq!(kind("nil"), Kind::Atom("nil"));
        assert_eq!(kind("-12.5e-3"), Kind::Number);
        assert_eq!(kind(r#""a \"quoted\" text, {""#), Kind::Text);
        assert_eq!(kind(r#"~c"abc""#), Kind::Text);
        assert_eq!(kind("#PID<0.1.0>"), Kind::Opaque);
        assert_eq!(kind(r#"#Function<3.1/0 in S3, env: [5, "a>"]>"#), Kind::Opaque);
        assert_eq!(kind("<<1, 2, 3>>"), Kind::Opaque);
        let Kind::Map(Some("Job"), entries) = kind(r#"%Job{id: 1, "odd key": [a: 2], 3 => %{}}"#) else { panic!() };
        let texts: Vec<(&str, &str)> = entries.iter().map(|(key, value)| (key.text, value.text)).collect();
        assert_eq!(texts, [("id", "1"), ("\"odd key\"", "[a: 2]"), ("3", "%{}")]);
        let call = whole(r#"{:"$gen_call", {#PID<0.1.0>, [:alias | #Reference<0.2.3.4>]}, :total}"#);
        let parts = call.tuple().unwrap();
        assert_eq!(parts.iter().map(|part| part.text).nth(1), Some("{#PID<0.1.0>, [:alias | #Reference<0.2.3.4>]}"));
        assert_eq!(parts[1].tuple().unwrap()[1].list().unwrap().len(), 2);
        let nested = whole("{:a, {}, [], %{}}");
        assert_eq!(nested.tuple().unwrap().len(), 4);
    }

    #[test]
    fn what_is_not_understood_is_opaque_and_never_a_panic() {
        for text in
            ["", "{", "%{a: 1", "[1, 2", "\"open", "%{a 1}", "}{", ":", "#", "é", "{:a, ...}", "[1, \u{2026}", "1, 2"]
        {
            _ = whole(text);
        }
        assert_eq!(kind("%{a: 1"), Kind::Opaque);
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        _ = whole(&deep);
        let cut = whole("%{a: 1, b: #Weird<[1, {2}]>, c: 3}");
        assert!(matches!(cut.kind, Kind::Map(None, ref entries) if entries.len() == 3));
    }
}
