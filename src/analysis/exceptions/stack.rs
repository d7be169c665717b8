//! Which line does a stack name?

use crate::analysis::place::is_library;
use crate::analysis::value::{Kind, Value};

/// Where an exception was raised, by its own stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// `Shop.gross/1`.
    pub(crate) function: String,
    /// `shop.ex:12`.
    pub(crate) line: String,
}

/// Whether a value is a stack: a list of `{module, function, arity, location}`.
pub(super) fn is_stack(value: &Value<'_>) -> bool {
    value.list().is_some_and(|frames| frames.first().is_some_and(is_frame))
}

fn is_frame(value: &Value<'_>) -> bool {
    match value.tuple() {
        Some([module, function, _, location]) => {
            module.atom().is_some() && function.atom().is_some() && location.list().is_some()
        }
        _ => false,
    }
}

/// The first frame of the program, else the first that has a line.
pub(super) fn origin(stack: &Value<'_>) -> Option<Origin> {
    let origins: Vec<Origin> = stack.list()?.iter().filter_map(origin_of).collect();
    let own = origins.iter().find(|origin| !is_library(&origin.function));
    own.or(origins.first()).cloned()
}

fn origin_of(frame: &Value<'_>) -> Option<Origin> {
    let [module, function, arity, location] = frame.tuple()? else { return None };
    let location = location.list()?;
    let member = |name: &str| {
        location.iter().find_map(|item| match &item.kind {
            Kind::Pair(pair) if pair.0.atom() == Some(name) => Some(pair.1.text),
            _ => None,
        })
    };
    let line = member("line").filter(|line| *line != "0")?;
    let file = member("file").map(|file| file.trim_start_matches("~c").trim_matches(['"', '\'']));
    let arity = arity.list().map_or_else(|| arity.text.to_owned(), |args| args.len().to_string());
    let function = format!("{}.{}/{arity}", module.text, function.atom()?);
    let line = file.map_or_else(|| format!("line {line}"), |file| format!("{file}:{line}"));
    Some(Origin { function: crate::analysis::terms::home(&function), line })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_frame_of_the_program_with_a_line_is_the_origin() {
        let stack = r#"[{:erlang, :*, [nil, 119], [error_info: %{module: :erl_erts_errors}]},
            {Enum, :map, 2, [file: ~c"lib/enum.ex", line: 9]},
            {Shop, :"-gross/1-fun-0-", [1], [file: ~c"lib/shop.ex", line: 12]}, {Web, :call, 2, []}]"#;
        let stack = Value::read(stack);
        assert!(is_stack(&stack));
        let found = origin(&stack).unwrap();
        assert_eq!((&*found.function, &*found.line), ("Shop.gross/1", "lib/shop.ex:12"));
        assert!(!is_stack(&Value::read("[1, 2]")) && !is_stack(&Value::read("[]")));
        assert_eq!(origin(&Value::read("[{Web, :call, 2, []}]")), None);
    }
}
