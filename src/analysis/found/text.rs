//! A finding whose values are not told apart yet.

use serde::Serialize;
use serde_json::Value;

use super::facts::Facts;
use super::key::Key;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Text {
    pub(crate) what: String,
    pub(crate) details: Vec<String>,
    #[serde(skip)]
    pub(crate) refuted_by: &'static str,
    #[serde(skip)]
    pub(crate) next: Option<(&'static str, Value, &'static str)>,
}

impl Facts for Text {
    /// Without numbers; lines and arities stay.
    fn key(&self) -> Key {
        let mut plain = String::new();
        for line in std::iter::once(&self.what).chain(self.details.first()) {
            let mut before = ' ';
            for c in line.chars() {
                let is_of_place = matches!(before, ':' | '/');
                if !c.is_ascii_digit() || is_of_place {
                    plain.push(c);
                    // All digits of a line number stay.
                    before = if is_of_place && c.is_ascii_digit() { before } else { c };
                } else if before != '#' {
                    plain.push('#');
                    before = '#';
                }
            }
        }
        Key::default().with(&plain)
    }
}
