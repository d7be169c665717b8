//! Terms, as the table of callbacks looks into them.

use crate::etf::{Term, View};
use crate::event::behaviour::Shape;

impl Shape for Term<'_> {
    fn parts(&self) -> Option<Vec<Self>> {
        self.tuple().map(Iterator::collect)
    }

    fn is_atom(&self, name: &str) -> bool {
        self.atom().is_some_and(|atom| atom.is(name) || atom.text().strip_prefix("Elixir.") == Some(name))
    }

    fn is_integer(&self) -> bool {
        self.integer().is_some()
    }

    fn is_list(&self) -> bool {
        Self::is_list(*self)
    }

    fn is_struct(&self, module: &str) -> bool {
        self.field("__struct__").is_some_and(|name| name.is_atom(module))
    }

    fn field(&self, key: &str) -> Option<Self> {
        let View::Map(mut entries) = self.view() else { return None };
        while let (Some(name), Some(value)) = (entries.next(), entries.next()) {
            if name.atom().is_some_and(|name| name.is(key)) {
                return Some(value);
            }
        }
        None
    }
}
