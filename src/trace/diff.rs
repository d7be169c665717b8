//! In what do two states differ?

use std::borrow::Cow;
use std::collections::HashMap;

use super::cut::{holds_cut, is_cut};
use super::object::Object;
use crate::etf::show::Show;
use crate::etf::{Atom, Term, Terms, View};
use crate::redact::Hidden;

/// Differences written out; the rest are counted.
const MAX_SHOWN: usize = 32;

/// How far into nested maps and tuples differences are told apart.
const MAX_DEPTH: usize = 4;

/// Longest text of one side of a difference, in bytes.
const MAX_SIDE: usize = 160;

/// One difference: where, and the value before and after.
type Difference<'a> = (String, Side<'a>);

/// What is known of a difference.
enum Side<'a> {
    /// The value before and after; `None` where it was not there.
    Values(Option<Term<'a>>, Option<Term<'a>>),
    /// It was cut before it came here: whether there is a difference is not known.
    Cut,
}

/// Writes `state_diff`: an object for each difference, with its `path` (none: the whole state) and the values `old` and
/// `new` in Elixir syntax, of which one is absent where it was not there. What was cut before it came here is not
/// compared: its difference is `unknown`. Those beyond the first are counted in `state_diff_more`.
pub(super) fn write(old: Term<'_>, new: Term<'_>, object: &mut Object<'_>) {
    let hidden = Sides { old: object.context.rules.term(old), new: object.context.rules.term(new) };
    let mut found = Differences { all: Vec::new(), more: 0, hidden: &hidden };
    found.compare("", old, new, 0);
    object.key("state_diff");
    object.text.push('[');
    for (at, (path, sides)) in found.all.iter().enumerate() {
        if at > 0 {
            object.text.push(',');
        }
        let mut one = Object::new(object.text, object.context);
        if !path.is_empty() {
            one.str("path", path);
        }
        match sides {
            Side::Values(old, new) => {
                for (key, side) in [("old", old), ("new", new)] {
                    let Some(side) = side else { continue };
                    let mut shown = String::new();
                    let show = Show { max_bytes: MAX_SIDE, home: one.context.home };
                    show.elixir(Term::checked(&hidden.shown(*side)), &mut shown);
                    one.str(key, &shown);
                }
            }
            Side::Cut => one.bool("unknown", true),
        }
        _ = one.end();
    }
    object.text.push(']');
    if found.more > 0 {
        object.int("state_diff_more", found.more as i64);
    }
}

/// What is hidden of both states. It is counted where they are shown whole.
struct Sides<'a> {
    old: Hidden<'a>,
    new: Hidden<'a>,
}

impl Sides<'_> {
    fn hide(&self, part: Term<'_>) -> bool {
        self.old.hides(part) || self.new.hides(part)
    }

    /// A part of either, as it may be shown.
    fn shown<'p>(&self, part: Term<'p>) -> Cow<'p, [u8]> {
        let side = if self.old.is_part(part) { &self.old } else { &self.new };
        side.shown_part(part)
    }
}

struct Differences<'a, 'h> {
    all: Vec<Difference<'a>>,
    more: usize,
    hidden: &'h Sides<'h>,
}

impl<'a> Differences<'a, '_> {
    fn add(&mut self, path: &str, sides: Side<'a>) {
        if self.all.len() < MAX_SHOWN {
            self.all.push((path.to_owned(), sides));
        } else {
            self.more += 1;
        }
    }

    fn compare(&mut self, path: &str, old: Term<'a>, new: Term<'a>, depth: usize) {
        if old.as_bytes() == new.as_bytes() && !holds_cut(old) {
            return;
        }
        if self.hidden.hide(old) || self.hidden.hide(new) {
            let is_known = !holds_cut(old) && !holds_cut(new);
            return self.add(path, if is_known { Side::Values(Some(old), Some(new)) } else { Side::Cut });
        }
        if is_cut(old) || is_cut(new) {
            return self.add(path, Side::Cut);
        }
        match (old.view(), new.view()) {
            (View::Map(old), View::Map(new)) if depth < MAX_DEPTH => self.compare_maps(path, old, new, depth),
            (View::Tuple(old), View::Tuple(new)) if depth < MAX_DEPTH && old.len() == new.len() && old.len() > 0 => {
                for (at, (old, new)) in old.zip(new).enumerate() {
                    self.compare(&format!("{path}{{{at}}}"), old, new, depth + 1);
                }
            }
            _ if holds_cut(old) || holds_cut(new) => self.add(path, Side::Cut),
            _ => self.add(path, Side::Values(Some(old), Some(new))),
        }
    }

    fn compare_maps(&mut self, path: &str, old: Terms<'a>, new: Terms<'a>, depth: usize) {
        let mut before: HashMap<&[u8], (Term<'a>, Term<'a>)> =
            pairs(old).map(|(k, v)| (k.as_bytes(), (k, v))).collect();
        for (key, value) in pairs(new) {
            match before.remove(key.as_bytes()) {
                Some((_, old)) => self.compare(&self.under(path, key), old, value, depth + 1),
                None => self.add(&self.under(path, key), Side::Values(None, Some(value))),
            }
        }
        // In the order of the state before, whatever the hash table's.
        for (key, value) in pairs(old).filter(|(key, _)| before.contains_key(key.as_bytes())) {
            self.add(&self.under(path, key), Side::Values(Some(value), None));
        }
    }

    /// `discount` below `cart` is `cart.discount`; keys that are no plain atoms stand in brackets.
    fn under(&self, path: &str, key: Term<'_>) -> String {
        let plain = key.atom().map(Atom::text).filter(|name| {
            !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '?' | '!'))
        });
        match plain {
            Some(name) if path.is_empty() => name.into_owned(),
            Some(name) => format!("{path}.{name}"),
            None => {
                let mut shown = format!("{path}[");
                Show { max_bytes: MAX_SIDE, home: None }.elixir(Term::checked(&self.hidden.shown(key)), &mut shown);
                shown.push(']');
                shown
            }
        }
    }
}

fn pairs(mut terms: Terms<'_>) -> impl Iterator<Item = (Term<'_>, Term<'_>)> {
    std::iter::from_fn(move || Some((terms.next()?, terms.next()?)))
}
