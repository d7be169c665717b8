//! What does a message say, its values aside: how many numbers, how many lists, of what form?

use std::borrow::Cow;

use crate::analysis::anomalies::scene::Scene;
use crate::analysis::ledger::MessageId;
use crate::analysis::value::{Kind as Form, Value, is_cut};

/// Deeper in a message nobody looks for a number or a list.
const DEEPEST: usize = 4;

/// What a message says, its values aside.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Its form, with its words.
    pub(super) shape: String,
    pub(super) pattern: String,
    pub(super) numbers: Vec<u64>,
    /// Lengths of its lists.
    pub(super) lists: Vec<u64>,
}

impl Said {
    pub(super) const fn is_ask(&self) -> bool {
        self.numbers.len() == 1 && self.lists.is_empty()
    }

    pub(super) const fn may_be_gift(&self) -> bool {
        self.lists.len() <= 1
    }

    fn take(&mut self, value: &Value<'_>, depth: usize) {
        match &value.kind {
            Form::Number => match value.text.parse() {
                Ok(number) => {
                    self.numbers.push(number);
                    self.shape.push('#');
                }
                Err(_) => self.shape.push('_'),
            },
            Form::List(_) | Form::Text => match elements(value) {
                Some(items) => {
                    self.lists.push(items.len() as u64);
                    self.shape.push_str("[]");
                }
                None => self.shape.push('_'),
            },
            Form::Tuple(items) if depth < DEEPEST => {
                self.shape.push('{');
                for item in items {
                    self.take(item, depth + 1);
                }
                self.shape.push('}');
            }
            Form::Map(name, entries) if depth < DEEPEST => {
                self.shape.push('%');
                self.shape.push_str(name.unwrap_or_default());
                for (key, value) in entries {
                    self.shape.push(',');
                    self.shape.push_str(key.text);
                    self.take(value, depth + 1);
                }
                self.shape.push('}');
            }
            Form::Atom(name) => {
                self.shape.push(':');
                self.shape.push_str(name);
            }
            _ => self.shape.push('_'),
        }
    }
}

/// The elements of a list; `[:alias | #Reference<0.1.2.3>]` is none.
fn elements<'a>(value: &Value<'a>) -> Option<Vec<Cow<'a, str>>> {
    value.elements().filter(|_| !value.text.starts_with("[:alias | "))
}

/// `None`: what it says is not known.
pub(super) fn said(scene: &Scene<'_>, id: MessageId) -> Option<Said> {
    let content = scene.traffic.whole(scene.ledger.message(id));
    if content.is_empty() || is_cut(&content) || content.contains("[REDACTED]") {
        return None;
    }
    let value = Value::read(&content);
    let mut said = Said { pattern: value.pattern(), ..Said::default() };
    said.take(&value, 0);
    Some(said)
}

/// The elements of the one list that a message has outside of lists.
pub(super) fn list_in<'a>(value: &Value<'a>, depth: usize) -> Option<Vec<Cow<'a, str>>> {
    match &value.kind {
        Form::Tuple(items) if depth < DEEPEST => items.iter().find_map(|item| list_in(item, depth + 1)),
        Form::Map(_, entries) if depth < DEEPEST => entries.iter().find_map(|(_, value)| list_in(value, depth + 1)),
        _ => elements(value),
    }
}

/// Whether a message holds a list, or may.
pub(super) fn may_hold_list(scene: &Scene<'_>, id: MessageId) -> bool {
    said(scene, id).is_none_or(|said| !said.lists.is_empty())
}
