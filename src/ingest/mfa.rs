//! Which function does a name speak of?

/// A function as a tracer names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mfa<'a> {
    pub(super) module: &'a str,
    pub(super) function: &'a str,
    pub(super) arity: Option<u8>,
}

/// Reads `Shop.Cart.add/2`, `shop_cart:add/2`, `Elixir.Shop.Cart:add/2`.
pub(super) fn qualified(name: &str) -> Option<Mfa<'_>> {
    let (path, arity) = match name.rsplit_once('/') {
        Some((path, arity)) => (path, Some(arity.parse().ok()?)),
        None => (name, None),
    };
    let (module, function) = path.rsplit_once(':').or_else(|| path.rsplit_once('.'))?;
    let is_name =
        |text: &str, others: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || others.contains(c));
    (is_name(module, "_.@") && is_name(function, "_?!-/")).then_some(Mfa { module, function, arity })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_told_from_other_names() {
        let parts = |name| qualified(name).map(|Mfa { module, function, arity }| (module, function, arity));
        assert_eq!(parts("Shop.Cart.add/2"), Some(("Shop.Cart", "add", Some(2))));
        assert_eq!(parts("Elixir.Shop.Cart:valid?/1"), Some(("Elixir.Shop.Cart", "valid?", Some(1))));
        assert_eq!(parts("lists:map"), Some(("lists", "map", None)));
        for none in ["GET /carts/:id", "add/2", "SELECT shop.carts WHERE", "", "a b.c/1", "x.y/many"] {
            assert_eq!(parts(none), None, "{none}");
        }
    }
}
