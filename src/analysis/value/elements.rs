//! The elements of a list, however it is written.

use std::borrow::Cow;

use super::charlist::numbers_of;
use super::node::{Kind, Value};

impl<'a> Value<'a> {
    /// The elements of a list, written alike whatever else is in it; also of one that is written as a text.
    pub(crate) fn elements(&self) -> Option<Vec<Cow<'a, str>>> {
        match &self.kind {
            Kind::List(items) => Some(items.iter().map(Self::element).collect()),
            Kind::Text => {
                let numbers = numbers_of(self.text)?;
                Some(numbers.iter().map(|number| number.to_string().into()).collect())
            }
            _ => None,
        }
    }

    fn element(&self) -> Cow<'a, str> {
        match &self.kind {
            Kind::Pair(pair) => format!("{{:{}, {}}}", pair.0.text, pair.1.text).into(),
            _ => self.text.into(),
        }
    }
}
