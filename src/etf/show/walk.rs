//! How is each kind of term written, and what is inside it?
//!
//! One cursor passes over the term from its first byte to its last, or to the cut. Recursion is bounded by
//! [`crate::etf::MAX_DEPTH`], which the check held.

use super::out::Out;
use super::scan::{ListStyle, MapStyle};
use crate::etf::atom::Atom;
use crate::etf::cursor::Cursor;
use crate::etf::identity::{Fun, Pid};
use crate::etf::tag;
use crate::etf::view::View;

impl<const JSON: bool> Out<'_, JSON> {
    /// Writes the term at the cursor and leaves the cursor behind it, unless the text was cut.
    pub(super) fn term(&mut self, cursor: &mut Cursor<'_>) {
        if self.room() == 0 {
            return self.mark();
        }
        let from = self.text.len();
        // Most terms are these; the rest is apart so that this frame, of which there are many, is small.
        match cursor.rest[0] {
            tag::ATOM | tag::ATOM_UTF8 | tag::SMALL_ATOM | tag::SMALL_ATOM_UTF8 => self.atom(cursor.atom()),
            tag::SMALL_INTEGER | tag::INTEGER => self.integer(cursor.small()),
            tag::SMALL_TUPLE => {
                let arity = usize::from(cursor.take(2)[1]);
                return self.tuple(cursor, arity);
            }
            _ => return self.other(cursor, from),
        }
        self.fits(from);
    }

    #[inline(never)]
    fn other(&mut self, cursor: &mut Cursor<'_>, from: usize) {
        match View::next(cursor) {
            View::Atom(atom) => self.atom(atom),
            View::Integer(integer) => self.integer(integer),
            View::Pid(pid) => {
                self.push("#PID");
                self.pid(pid);
            }
            View::Float(float) => self.float(float),
            View::Nil => self.push("[]"),
            View::Reference(reference) => {
                self.push("#Reference<");
                self.node(reference.node);
                for word in reference.words().rev() {
                    self.push(".");
                    self.integer(word);
                }
                self.push(">");
            }
            View::Port(port) => {
                self.push("#Port<");
                self.node(port.node);
                self.push(".");
                self.integer(port.id);
                self.push(">");
            }
            View::Export { module, function, arity } => {
                self.push("&");
                self.atom(module);
                self.push(".");
                self.function(&function.text());
                self.push("/");
                self.integer(arity);
            }
            // These cut themselves.
            View::Binary(bytes) => return self.binary(bytes),
            View::Tuple(elements) => return self.tuple(cursor, elements.len()),
            View::Map(terms) => return self.map(cursor, terms.len() / 2),
            View::List { items, .. } => return self.list(cursor, items.len()),
            View::Bytes(bytes) => return self.bytes(bytes),
            View::Bits { bytes, last_bits } => return self.bits(bytes, last_bits),
            View::Big { negative, digits } => return self.big(negative, digits),
            View::Fun(fun) => return self.fun(cursor, fun),
        }
        self.fits(from);
    }

    #[inline]
    fn tuple(&mut self, cursor: &mut Cursor<'_>, arity: usize) {
        self.push("{");
        self.elements(cursor, arity);
        self.push("}");
    }

    #[inline]
    fn elements(&mut self, cursor: &mut Cursor<'_>, count: usize) {
        for place in 0..count {
            if place > 0 {
                self.push(", ");
            }
            self.term(cursor);
            if self.cut {
                return;
            }
        }
    }

    #[inline(never)]
    fn list(&mut self, cursor: &mut Cursor<'_>, len: usize) {
        match self.list_style(*cursor, len) {
            ListStyle::Plain => {
                self.push("[");
                self.elements(cursor, len);
                if !self.cut && cursor.rest[0] == tag::NIL {
                    cursor.take(1);
                } else if !self.cut {
                    self.push(" | ");
                    self.term(cursor);
                }
            }
            ListStyle::Keyword => {
                self.push("[");
                for place in 0..len {
                    if place > 0 {
                        self.push(", ");
                    }
                    // The tag and the size of a pair.
                    cursor.take(2);
                    if !self.entry(cursor) {
                        break;
                    }
                }
                if !self.cut {
                    cursor.take(1);
                }
            }
            ListStyle::Text => {
                let seen = len.min(self.room());
                let text: Vec<u8> = cursor.take(2 * seen).chunks(2).map(|item| item[1]).collect();
                self.charlist(&text, len);
                if !self.cut {
                    cursor.take(1);
                }
                return;
            }
        }
        self.push("]");
    }

    #[inline(never)]
    fn map(&mut self, cursor: &mut Cursor<'_>, pairs: usize) {
        let style = self.map_style(*cursor, pairs);
        self.push("%");
        if let MapStyle::Struct(name) = style {
            self.atom(name);
        }
        self.push("{");
        let mut is_named = false;
        let mut is_first = true;
        for _ in 0..pairs {
            if !is_named && matches!(style, MapStyle::Struct(_)) {
                let mut after = *cursor;
                if after.atom().is("__struct__") {
                    after.skip();
                    *cursor = after;
                    is_named = true;
                    continue;
                }
            }
            if !is_first {
                self.push(", ");
            }
            is_first = false;
            if let MapStyle::Arrows = style {
                self.term(cursor);
                if self.cut {
                    break;
                }
                self.push(" => ");
                self.term(cursor);
            } else {
                self.entry(cursor);
            }
            if self.cut {
                break;
            }
        }
        self.push("}");
    }

    /// `key: value`; whether it was written whole.
    fn entry(&mut self, cursor: &mut Cursor<'_>) -> bool {
        let from = self.text.len();
        self.key(cursor.atom());
        if self.fits(from) {
            self.term(cursor);
        }
        !self.cut
    }

    #[inline(never)]
    fn fun(&mut self, cursor: &mut Cursor<'_>, fun: Fun<'_>) {
        let from = self.text.len();
        self.push("#Function<");
        self.integer(fun.index);
        self.push(".");
        self.integer(fun.uniq);
        self.push("/");
        self.integer(fun.arity);
        self.push(" in ");
        self.atom(fun.module);
        if !self.fits(from) {
            return;
        }
        if fun.free.len() > 0 {
            self.push(", env: [");
            self.elements(cursor, fun.free.len());
            self.push("]");
        }
        self.push(">");
    }

    /// `<0.1.0>`.
    pub(super) fn pid(&mut self, pid: Pid<'_>) {
        self.push("<");
        self.node(pid.node);
        self.push(".");
        self.integer(pid.id);
        self.push(".");
        self.integer(pid.serial);
        self.push(">");
    }

    /// The first number of an identity: 0 for the recorded node, another one by its name.
    fn node(&mut self, node: Atom<'_>) {
        match self.home {
            Some(home) if home != node.bytes() => {
                for part in node.text().chars() {
                    self.escaped(part);
                }
            }
            _ => self.push("0"),
        }
    }
}
