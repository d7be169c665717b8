//! A term's text, in one walk.

use std::marker::PhantomData;

use super::super::{Atom, Fun, Term, Terms, View};
use super::text::{Target, atom, atom_key, big, escaped, float, function_name, node, number, pid, printable};

/// Bytes looked at to decide how a map or a list is written, in one text: hostile nesting must not multiply the work.
const MAX_LOOKED_AT: usize = 1 << 20;

/// A text being written.
pub(super) struct Writer<'o, T> {
    out: &'o mut String,
    home: Option<&'o [u8]>,
    /// Length of `out` beyond which the rest is cut.
    end: usize,
    /// Bytes of the whole term.
    total: usize,
    /// Bytes that may still be looked at in advance.
    look: usize,
    is_cut: bool,
    target: PhantomData<T>,
}

impl<'o, T: Target> Writer<'o, T> {
    /// Appends a term; true if it was cut.
    pub(super) fn write(term: Term<'_>, home: Option<&'o [u8]>, out: &'o mut String, max_bytes: usize) -> bool {
        let end = out.len().saturating_add(max_bytes);
        let total = term.as_bytes().len();
        let mut writer = Self { out, home, end, total, look: MAX_LOOKED_AT, is_cut: false, target: PhantomData };
        writer.term(term);
        writer.is_cut
    }

    /// Whether there is room for more; if not, the marker stands here.
    fn has_room(&mut self) -> bool {
        if self.out.len() >= self.end {
            self.cut();
        }
        !self.is_cut
    }

    /// Leaves the marker: the rest is not written.
    fn cut(&mut self) {
        if !std::mem::replace(&mut self.is_cut, true) {
            self.out.push_str("‹cut: ");
            // With its version byte, as `byte_size(:erlang.term_to_binary(term))` counts.
            number(self.total as u64 + 1, self.out);
            self.out.push_str(" bytes›");
        }
    }

    fn quote(&mut self) {
        T::push("\"", self.out);
    }

    fn term(&mut self, term: Term<'_>) {
        if !self.has_room() {
            return;
        }
        match term.view() {
            View::Integer(value) => {
                if value < 0 {
                    self.out.push('-');
                }
                number(value.unsigned_abs(), self.out);
            }
            View::Big { negative, digits } => self.big(negative, digits),
            View::Float(value) => float(value, self.out),
            View::Atom(name) => atom::<T>(&name.text(), self.out),
            View::Pid(value) => {
                self.out.push_str("#PID");
                pid::<T>(value, self.home, self.out);
            }
            View::Port(port) => {
                self.out.push_str("#Port<");
                node::<T>(port.node, self.home, self.out);
                self.out.push('.');
                number(port.id, self.out);
                self.out.push('>');
            }
            View::Reference(reference) => {
                self.out.push_str("#Reference<");
                node::<T>(reference.node, self.home, self.out);
                for word in reference.words().rev() {
                    self.out.push('.');
                    number(word.into(), self.out);
                }
                self.out.push('>');
            }
            View::Tuple(elements) => {
                self.out.push('{');
                self.items(elements);
                self.out.push('}');
            }
            View::Nil => self.out.push_str("[]"),
            View::Bytes(bytes) => self.bytes(bytes),
            View::List { items, tail } => self.list(items, tail),
            View::Binary(bytes) => self.binary(bytes),
            View::Bits { bytes, last_bits } => self.bits(bytes, last_bits),
            View::Map(entries) => self.map(entries),
            View::Fun(fun) => self.fun(fun),
            View::Export { module, function, arity } => {
                self.out.push('&');
                atom::<T>(&module.text(), self.out);
                self.out.push('.');
                function_name::<T>(&function.text(), self.out);
                self.out.push('/');
                number(arity.into(), self.out);
            }
        }
    }

    /// Elements with commas between them, up to the end of the room.
    fn items<'a>(&mut self, items: impl Iterator<Item = Term<'a>>) {
        for (at, item) in items.enumerate() {
            if at > 0 {
                self.out.push_str(", ");
            }
            self.term(item);
            if self.is_cut {
                return;
            }
        }
    }

    fn list(&mut self, items: Terms<'_>, tail: Option<Term<'_>>) {
        self.out.push('[');
        if tail.is_none() && self.is_keyword(items) {
            for (at, mut pair) in items.filter_map(Term::tuple).enumerate() {
                let (Some(key), Some(value)) = (pair.next().and_then(Term::atom), pair.next()) else { return };
                if at > 0 {
                    self.out.push_str(", ");
                }
                atom_key::<T>(&key.text(), self.out);
                self.term(value);
                if self.is_cut {
                    break;
                }
            }
        } else {
            self.items(items);
            if let Some(tail) = tail.filter(|_| !self.is_cut) {
                self.out.push_str(" | ");
                self.term(tail);
            }
        }
        self.out.push(']');
    }

    /// Whether bytes may be looked at in advance; it costs as many.
    fn may_look(&mut self, bytes: usize) -> bool {
        let is_allowed = bytes <= self.look;
        self.look = self.look.saturating_sub(bytes);
        is_allowed
    }

    /// Whether every element is a pair whose first is an atom that is no module's name.
    fn is_keyword(&mut self, items: Terms<'_>) -> bool {
        let is_pair = |item: Term<'_>| {
            item.tuple().filter(|pair| pair.len() == 2).and_then(|mut pair| pair.next()?.atom()).is_some_and(is_key)
        };
        let mut rest = items;
        rest.next().is_some_and(is_pair) && self.may_look(items.byte_len()) && rest.all(is_pair)
    }

    fn map(&mut self, entries: Terms<'_>) {
        let is_small = self.may_look(entries.byte_len());
        let mut keys = entries.step_by(2);
        let is_keyword = is_small && entries.len() > 0 && keys.all(|key| key.atom().is_some_and(is_key));
        let name = is_keyword.then(|| struct_name(entries)).flatten();
        self.out.push('%');
        if let Some(name) = name {
            atom::<T>(&name.text(), self.out);
        }
        self.out.push('{');
        let mut rest = entries;
        let mut is_first = true;
        while let Some((key, value)) = rest.next().zip(rest.next()) {
            if name.is_some() && key.atom().is_some_and(|key| key.is("__struct__")) {
                continue;
            }
            if !is_first {
                self.out.push_str(", ");
            }
            is_first = false;
            match key.atom().filter(|_| is_keyword) {
                Some(key) if self.has_room() => atom_key::<T>(&key.text(), self.out),
                Some(_) => {}
                None => {
                    self.term(key);
                    if !self.is_cut {
                        self.out.push_str(" => ");
                    }
                }
            }
            if !self.is_cut {
                self.term(value);
            }
            if self.is_cut {
                break;
            }
        }
        self.out.push('}');
    }

    fn binary(&mut self, bytes: &[u8]) {
        let Some(text) = printable(bytes) else { return self.raw(bytes, 8) };
        self.quote();
        let room = self.end.saturating_sub(self.out.len());
        if text.len() <= room {
            escaped::<T>(text, self.out);
            return self.quote();
        }
        let cut = (0..=room).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        escaped::<T>(&text[..cut], self.out);
        self.quote();
        self.cut();
    }

    fn bits(&mut self, bytes: &[u8], last_bits: u8) {
        self.raw(bytes, last_bits);
    }

    /// `<<1, 2, 3::size(4)>>`.
    fn raw(&mut self, bytes: &[u8], last_bits: u8) {
        self.out.push_str("<<");
        for (at, byte) in bytes.iter().enumerate() {
            if at > 0 {
                self.out.push_str(", ");
            }
            if !self.has_room() {
                break;
            }
            if at + 1 == bytes.len() && last_bits < 8 {
                number((byte >> (8 - last_bits)).into(), self.out);
                self.out.push_str("::size(");
                number(last_bits.into(), self.out);
                self.out.push(')');
            } else {
                number((*byte).into(), self.out);
            }
        }
        self.out.push_str(">>");
    }

    /// A list of bytes: a charlist if all of it can be printed.
    fn bytes(&mut self, bytes: &[u8]) {
        let is_text = bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | 7..=13 | 27 | 127));
        let room = self.end.saturating_sub(self.out.len());
        if let Some(text) = std::str::from_utf8(bytes).ok().filter(|_| is_text && bytes.len() <= room) {
            self.out.push_str("~c");
            self.quote();
            escaped::<T>(text, self.out);
            return self.quote();
        }
        self.out.push('[');
        for (at, byte) in bytes.iter().enumerate() {
            if at > 0 {
                self.out.push_str(", ");
            }
            if !self.has_room() {
                break;
            }
            number((*byte).into(), self.out);
        }
        self.out.push(']');
    }

    /// Integers that do not fit are cut before they are computed: that takes time with the square of their length.
    fn big(&mut self, negative: bool, digits: &[u8]) {
        let room = self.end.saturating_sub(self.out.len());
        if digits.len() > 20 && digits.len().saturating_mul(3) > room.max(64) {
            return self.cut();
        }
        big(negative, digits, self.out);
    }

    fn fun(&mut self, fun: Fun<'_>) {
        self.out.push_str("#Function<");
        for (part, end) in [(fun.index, '.'), (fun.uniq, '/'), (fun.arity.into(), ' ')] {
            if part < 0 {
                self.out.push('-');
            }
            number(part.unsigned_abs(), self.out);
            self.out.push(end);
        }
        self.out.push_str("in ");
        atom::<T>(&fun.module.text(), self.out);
        if fun.free.len() > 0 {
            self.out.push_str(", env: [");
            self.items(fun.free);
            self.out.push(']');
        }
        self.out.push('>');
    }
}

/// Whether an atom is written as a key (`name: `): the name of a module is not.
fn is_key(atom: Atom<'_>) -> bool {
    !atom.bytes().starts_with(b"Elixir.")
}

fn struct_name(mut entries: Terms<'_>) -> Option<Atom<'_>> {
    while let Some((key, value)) = entries.next().zip(entries.next()) {
        if key.atom()?.is("__struct__") {
            return value.atom();
        }
    }
    None
}
