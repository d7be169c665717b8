//! What does the reason of an exit or an error say?

use crate::analysis::value::brief::brief;
use crate::analysis::value::{Kind, Value};

/// How deep reasons wrap each other.
const MAX_DEPTH: usize = 6;

/// Modules whose `call` function waits for a reply.
const CALLING: [&str; 5] = ["GenServer", "gen_server", "gen_statem", "gen", "Task"];

/// What a reason says about who is at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It ended as it should.
    Normal,
    /// A call had no reply in time.
    Timeout(Call),
    /// A call to a process that was not there.
    NoProcess(Call),
    /// A call whose process ended meanwhile, and why it did.
    Callee(Call, String),
    /// Anything else: an error of its own, or a signal.
    Own,
}

/// A call as `GenServer.call` tells it in its exit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// A pid, a name, or `{name, node}`.
    pub(crate) target: String,
    pub(crate) request: String,
    pub(crate) timeout_ms: Option<i64>,
}

impl Reason {
    /// Reads the text of an exit reason.
    pub(crate) fn read(text: &str) -> Self {
        if is_normal(text) { Self::Normal } else { of(&Value::read(text), 0).unwrap_or(Self::Own) }
    }
}

fn of(value: &Value<'_>, depth: usize) -> Option<Reason> {
    let [inner, second] = value.tuple()? else { return None };
    if depth > MAX_DEPTH {
        return None;
    }
    let Some(call) = call(second) else { return of(inner, depth + 1) };
    Some(match inner.atom() {
        Some("timeout") => Reason::Timeout(call),
        Some("noproc") => Reason::NoProcess(call),
        _ => Reason::Callee(call, inner.text.to_owned()),
    })
}

/// `{GenServer, :call, [target, request, timeout]}`.
fn call(value: &Value<'_>) -> Option<Call> {
    let [module, function, args] = value.tuple()? else { return None };
    let is_call = CALLING.contains(&module.atom()?) && matches!(function.atom()?, "call" | "await");
    let [target, rest @ ..] = args.list()? else { return None };
    is_call.then(|| Call {
        target: target.text.to_owned(),
        request: rest.first().map(|request| request.text.to_owned()).unwrap_or_default(),
        timeout_ms: rest.last().and_then(|timeout| timeout.text.parse().ok()),
    })
}

/// Whether a process that ends so has done its work.
pub(crate) fn is_normal(reason: &str) -> bool {
    matches!(reason, "" | "normal" | ":normal" | "shutdown" | ":shutdown")
        // A caller whose callee was shut down did not end of its own will.
        || reason.starts_with("{:shutdown, ") && !reason.starts_with("{:shutdown, {GenServer, :call")
        // Helpers hand their result over as their reason.
        || reason.starts_with("{:ok, ")
}

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
    fn a_reason_tells_who_is_at_fault() {
        let call = |target: &str, request: &str| Call {
            target: target.to_owned(),
            request: request.to_owned(),
            timeout_ms: Some(5000),
        };
        let check = |text: &str, reason: Reason| assert_eq!(Reason::read(text), reason, "{text}");
        check(":normal", Reason::Normal);
        check("{:shutdown, :left}", Reason::Normal);
        check(
            "{:shutdown, {GenServer, :call, [A, :x, 5000]}}",
            Reason::Callee(call("A", ":x"), ":shutdown".to_owned()),
        );
        check(":killed", Reason::Own);
        check("{:badarith, [{Cart, :compute, 1, []}]}", Reason::Own);
        check(
            "{:timeout, {GenServer, :call, [:slow, {:work, 1}, 5000]}}",
            Reason::Timeout(call(":slow", "{:work, 1}")),
        );
        check(
            "{{:timeout, {GenServer, :call, [#PID<0.1.0>, :x, 5000]}}, [{GenServer, :call, 3, []}]}",
            Reason::Timeout(call("#PID<0.1.0>", ":x")),
        );
        check("{:noproc, {GenServer, :call, [Gone, :x, 5000]}}", Reason::NoProcess(call("Gone", ":x")));
        check(
            "{{:badarith, [{A, :b, 1, []}]}, {GenServer, :call, [:cart_4, :total, 5000]}}",
            Reason::Callee(call(":cart_4", ":total"), "{:badarith, [{A, :b, 1, []}]}".to_owned()),
        );
    }

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
