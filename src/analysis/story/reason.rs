//! What is an error called, and which values did the failed operation work on?

use crate::analysis::value::brief::brief;
use crate::analysis::value::{Kind, Value};

/// The exception Elixir makes of an error: `ArithmeticError` of `:badarith`; with what it says.
pub(crate) fn exception(error: &str) -> Option<String> {
    let value = Value::read(error);
    match &value.kind {
        Kind::Map(Some(name), entries) => {
            let message = entries.iter().find(|(key, _)| key.atom() == Some("message")).map(|(_, value)| value.text);
            Some(match message {
                Some(message) if message != "nil" => format!("{name} {}", brief(message, 120)),
                _ => brief(error, 120).trim_start_matches('%').to_owned(),
            })
        }
        Kind::Atom(name) => elixir_name(name).map(str::to_owned),
        Kind::Tuple(parts) => elixir_name(parts.first()?.atom()?).map(str::to_owned),
        _ => None,
    }
}

/// The exception Elixir makes of an error of this tag.
pub(crate) fn elixir_name(error: &str) -> Option<&'static str> {
    Some(match error {
        "badarith" => "ArithmeticError",
        "badarg" => "ArgumentError",
        "function_clause" => "FunctionClauseError",
        "badmatch" => "MatchError",
        "case_clause" => "CaseClauseError",
        "cond_clause" => "CondClauseError",
        "with_clause" | "else_clause" => "WithClauseError",
        "try_clause" => "TryClauseError",
        "badmap" => "BadMapError",
        "badkey" => "KeyError",
        "badbool" => "BadBooleanError",
        "badfun" => "BadFunctionError",
        "badarity" => "BadArityError",
        "undef" => "UndefinedFunctionError",
        "system_limit" => "SystemLimitError",
        _ => return None,
    })
}

/// What the failed operation worked on: values one of which was bad.
pub(crate) fn operands(error: &str, frame: Option<&str>) -> Vec<String> {
    let mut found = Vec::new();
    // `:erlang.*/2 [360, nil]`.
    if let Some((_, args)) = frame.and_then(|frame| frame.split_once(" [")) {
        let args = format!("[{args}");
        if let Some(args) = Value::read(args.split(" (").next().unwrap_or_default()).list() {
            found.extend(args.iter().map(|arg| arg.text.to_owned()));
        }
    }
    let error = Value::read(error);
    match &error.kind {
        Kind::Tuple(parts) => found.extend(parts.iter().skip(1).map(|part| part.text.to_owned())),
        Kind::Map(Some(_), entries) => {
            let is_value = |key: &Value<'_>| matches!(key.atom(), Some("term" | "value" | "key" | "left" | "right"));
            found.extend(entries.iter().filter(|(key, _)| is_value(key)).map(|(_, value)| value.text.to_owned()));
        }
        _ => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_called_what_elixir_calls_them() {
        assert_eq!(exception(":badarith").as_deref(), Some("ArithmeticError"));
        assert_eq!(exception("{:badmatch, nil}").as_deref(), Some("MatchError"));
        let runtime = r#"%RuntimeError{message: "boom"}"#;
        assert_eq!(exception(runtime).as_deref(), Some("RuntimeError \"boom\""));
        assert_eq!(
            exception("%KeyError{key: :a, term: %{}, message: nil}").as_deref(),
            Some("KeyError{key: :a, term: %{}, message: nil}")
        );
        assert_eq!(exception(":killed"), None);
    }

    #[test]
    fn operands_are_what_the_operation_failed_on() {
        assert_eq!(operands(":badarith", Some(":erlang.*/2 [360, nil]")), ["360", "nil"]);
        assert_eq!(operands("{:badmatch, {:error, 1}}", Some("A.b/1 (a.ex:3)")), ["{:error, 1}"]);
        assert_eq!(operands("%KeyError{key: :a, term: nil}", None), [":a", "nil"]);
        assert_eq!(operands(":function_clause", Some("A.b/1 [%{x: nil}] (a.ex:1)")), ["%{x: nil}"]);
    }
}
