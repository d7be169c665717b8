//! Values, as the table of callbacks looks into them.

use super::node::{Kind, Value};
use crate::event::behaviour::Shape;

impl Shape for Value<'_> {
    fn parts(&self) -> Option<Vec<Self>> {
        self.tuple().map(<[Self]>::to_vec)
    }

    fn is_atom(&self, name: &str) -> bool {
        self.atom() == Some(name)
    }

    fn is_integer(&self) -> bool {
        self.kind == Kind::Number
    }

    fn is_list(&self) -> bool {
        matches!(self.kind, Kind::List(_))
    }

    fn is_struct(&self, module: &str) -> bool {
        matches!(self.kind, Kind::Map(Some(name), _) if name == module)
    }

    fn field(&self, key: &str) -> Option<Self> {
        let Kind::Map(_, entries) = &self.kind else { return None };
        entries.iter().find(|(name, _)| name.atom() == Some(key)).map(|(_, value)| value.clone())
    }
}
