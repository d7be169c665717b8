//! How are names that Erlang writes written in events?

use super::mfa::qualified;

/// An atom as Erlang writes it (`init`, `'Elixir.Shop.Cart'`), as Elixir does: `:init`, `Shop.Cart`.
pub(super) fn atom(text: &str) -> String {
    let name = bare(text);
    match name.strip_prefix("Elixir.") {
        Some(alias) if alias.starts_with(|c: char| c.is_ascii_uppercase()) => alias.to_owned(),
        _ if is_plain(name) => format!(":{name}"),
        _ => format!(":\"{name}\""),
    }
}

/// The text of an atom, without the quotes it may need.
pub(super) fn bare(text: &str) -> &str {
    text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).unwrap_or(text)
}

fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || "_@".contains(c))
}

/// `gen_server:loop/7` and `'Elixir.Shop.Cart':init/1` as events write them: `:gen_server.loop/7`, `Shop.Cart.init/1`. What
/// is no function stays as it is.
pub(super) fn function(text: &str) -> String {
    let text = text.trim();
    let split = match text.strip_prefix('\'') {
        Some(quoted) => quoted.split_once("':"),
        None => text.split_once(':'),
    };
    let Some((module, rest)) = split.filter(|(module, _)| !module.is_empty()) else { return text.to_owned() };
    let Some((name, arity)) = rest.rsplit_once('/').filter(|(_, arity)| arity.parse::<u16>().is_ok()) else {
        return text.to_owned();
    };
    format!("{}.{}/{arity}", atom(module), bare(name))
}

/// Module, function and arity of a function in either writing.
pub(super) fn parts(text: &str) -> Option<(String, String, Option<u8>)> {
    let shown = function(text);
    let (shown, is_erlang) = match shown.strip_prefix(':') {
        Some(name) => (name, true),
        None => (&*shown, false),
    };
    let mfa = qualified(shown)?;
    let module = mfa.module.strip_prefix("Elixir.").unwrap_or(mfa.module);
    let colon = if is_erlang { ":" } else { "" };
    Some((format!("{colon}{module}"), mfa.function.to_owned(), mfa.arity))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_elixir_does() {
        for (erlang, elixir) in [
            ("init", ":init"),
            ("'Elixir.Shop.Cart'", "Shop.Cart"),
            ("Elixir.Shop", "Shop"),
            ("'a b'", ":\"a b\""),
            ("ssl_connection_sup", ":ssl_connection_sup"),
        ] {
            assert_eq!(atom(erlang), elixir);
        }
        for (erlang, elixir) in [
            ("init:loop/1", ":init.loop/1"),
            ("'Elixir.Shop.Cart':handle_call/3", "Shop.Cart.handle_call/3"),
            ("prog:'-main/0-fun-0-'/0", ":prog.-main/0-fun-0-/0"),
            ("<terminate process normally>", "<terminate process normally>"),
        ] {
            assert_eq!(function(erlang), elixir);
        }
    }
}
