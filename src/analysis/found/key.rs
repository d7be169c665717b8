//! When are two findings the same trouble?

/// What findings that are told as one have in common: places, functions, what was said; no process, no time, no count.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(Vec<String>);

impl Key {
    /// With what stays the same from run to run: a place, a function, a word.
    pub(crate) fn with(mut self, part: &str) -> Self {
        self.0.push(part.to_owned());
        self
    }

    /// With a value of the program: numbers in it may differ.
    pub(crate) fn like(self, value: &str) -> Self {
        let mut plain = String::new();
        for c in value.chars() {
            match c {
                _ if !c.is_ascii_digit() => plain.push(c),
                _ if plain.ends_with('#') => {}
                _ => plain.push('#'),
            }
        }
        self.with(&plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_differ_in_numbers_alone_are_alike() {
        let key = |place: &str, value: &str| Key::default().with(place).like(value);
        assert_eq!(key("cart.ex:16", "{:cart, 4}"), key("cart.ex:16", "{:cart, 170}"));
        assert_ne!(key("cart.ex:16", "{:cart, 4}"), key("cart.ex:170", "{:cart, 4}"));
        assert_ne!(key("cart.ex:16", "{:cart, 4}"), key("cart.ex:16", "{:shop, 4}"));
    }
}
