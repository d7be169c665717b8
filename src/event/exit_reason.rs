//! Did a process that ended do its work, was it told to end, or did something go wrong?
//!
//! The one place that says so: every tool asks it, so that what one calls a crash is one to all of them.

use super::terms::{atom, list, tuple};

/// How deep reasons wrap each other.
const MAX_DEPTH: usize = 6;

/// Modules whose `call` or `await` waits for a reply.
const CALLING: [&str; 10] = [
    "GenServer",
    "gen_server",
    "gen_statem",
    "gen_event",
    "gen",
    "Task",
    "Agent",
    "gen_server2",
    "GenStage",
    "supervisor",
];

/// Reasons that a process or the runtime gives to an error of its own where it keeps no stack.
const ERRORS: [&str; 5] = ["bad_return_value", "nocatch", "badarith", "badmatch", "undef"];

/// What the reason of a process's end says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExitReason {
    /// None was recorded.
    Unknown,
    /// `:normal`: it had nothing more to do.
    Normal,
    /// `:shutdown` or `{:shutdown, _}`: it was told to end, or ended itself as planned.
    Shutdown,
    /// What a helper made, handed over as its reason: `{ref, :return, _}` of `erpc`, `{:ok, _}`.
    Result,
    /// A helper of the runtime or of the recorder, such as one that holds a connection to a node: its end is no news.
    Helper,
    /// `:killed`: an exit signal that cannot be caught.
    Killed,
    /// A call had no reply in time.
    Timeout(Call),
    /// A call to a process that was not there.
    NoProcess(Call),
    /// A call whose process ended meanwhile, and why that did.
    Callee(Call, String),
    /// An exception.
    Error,
    /// Anything else: its own `exit/1`, what a callback stopped with, or the signal of another.
    Other,
}

/// A call as `GenServer.call` tells it in its exit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// A pid, a name, or `{name, node}`.
    pub(crate) target: String,
    pub(crate) request: String,
    pub(crate) timeout_ms: Option<i64>,
}

impl ExitReason {
    /// Reads the text of a reason, as Elixir or Erlang writes it; a cut one as far as it goes. Cost: one pass at most.
    pub(crate) fn read(text: &str) -> Self {
        let text = text.trim();
        match atom(text) {
            Some("") => return Self::Unknown,
            Some("normal") => return Self::Normal,
            Some("shutdown") => return Self::Shutdown,
            Some("killed" | "kill") => return Self::Killed,
            Some(other) if ERRORS.contains(&other) => return Self::Error,
            Some(_) => return Self::Other,
            None => {}
        }
        if let Some(call) = waiting(text, 0) {
            return call;
        }
        let parts = tuple(text, 3).unwrap_or_default();
        match (parts.first().map(|first| atom(first)), parts.as_slice()) {
            (Some(Some("shutdown" | "ok")), [_, _]) => {
                if atom(parts[0]) == Some("ok") {
                    Self::Result
                } else {
                    Self::Shutdown
                }
            }
            (_, [reference, how, what, ..]) if reference.starts_with("#Ref") => match atom(how) {
                Some("return") => Self::Result,
                Some("error") => Self::Error,
                // Handed over to the caller as it was: `exit(:normal)` is one, too.
                Some("exit") => Self::read(what),
                _ => Self::Other,
            },
            _ if is_error(text, 0) => Self::Error,
            _ => Self::Other,
        }
    }

    /// Reads the reason of a process of which it is known whether it is one of the runtime's helpers.
    pub(crate) fn of(text: &str, is_helper: bool) -> Self {
        match Self::read(text) {
            reason if is_helper && reason.is_abnormal() => Self::Helper,
            reason => reason,
        }
    }

    /// Whether a process should not end so: it failed, or another made it end.
    pub(crate) const fn is_abnormal(&self) -> bool {
        !matches!(self, Self::Unknown | Self::Normal | Self::Shutdown | Self::Result | Self::Helper)
    }

    /// Whether a call that had no reply in time is behind it: its own, or one of the process it called.
    pub(crate) fn is_call_timeout(&self) -> bool {
        match self {
            Self::Timeout(_) => true,
            Self::Callee(_, inner) => Self::read(inner).is_call_timeout(),
            _ => false,
        }
    }

    /// Whether it is sure that something failed: a reason alone, such as `:boom`, may have been the plan.
    pub(crate) const fn is_failure(&self) -> bool {
        self.is_abnormal() && !matches!(self, Self::Killed | Self::Other)
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallEnd {
    Returned,
    Error,
    Exit,
    Throw,
}

impl CallEnd {
    /// Reads the `exit_reason` of the end of a call.
    pub(crate) fn read(reason: Option<&str>) -> Self {
        match reason.and_then(atom) {
            None if reason.is_none() => Self::Returned,
            Some("" | "normal" | "return") => Self::Returned,
            Some("exit") => Self::Exit,
            Some("throw") => Self::Throw,
            _ => Self::Error,
        }
    }
}

/// Whether the end of a call is a failure: a call that ends because its process is told to end, or killed, is none.
pub(crate) fn is_failed_call(end: Option<&str>, reason: Option<&str>) -> bool {
    match CallEnd::read(end) {
        CallEnd::Returned => false,
        CallEnd::Exit => reason.map(ExitReason::read).is_none_or(|end| end.is_abnormal() && end != ExitReason::Killed),
        CallEnd::Error | CallEnd::Throw => true,
    }
}

/// Whether a call was left by an exit that carries an error and its stack: it was raised elsewhere.
pub(crate) fn carries_error(end: Option<&str>, reason: Option<&str>) -> bool {
    CallEnd::read(end) == CallEnd::Exit
        && reason.and_then(|reason| tuple(reason, 2)).is_some_and(|parts| parts.len() == 2 && is_stack(parts[1]))
}

/// What `{reason, {GenServer, :call, [target, request, timeout]}}` says, however deep stacks wrap it: the outermost call is
/// that of the process that ended, the ones inside are those of the processes it waited for.
fn waiting(text: &str, depth: usize) -> Option<ExitReason> {
    let parts = tuple(text, 2)?;
    let [inner, second] = parts.as_slice() else { return None };
    if depth > MAX_DEPTH {
        return None;
    }
    let Some(call) = call(second) else { return waiting(inner, depth + 1) };
    Some(match atom(inner) {
        Some("timeout") => ExitReason::Timeout(call),
        Some("noproc") => ExitReason::NoProcess(call),
        _ => {
            let inner = of_target(inner, &call.target).to_owned();
            ExitReason::Callee(call, inner)
        }
    })
}

/// The reason of the process that was called, without what other functions on the way to the same call put around it:
/// `GenServer.stop` calls `:sys.terminate`.
fn of_target<'t>(mut reason: &'t str, target: &str) -> &'t str {
    for _ in 0..MAX_DEPTH {
        match tuple(reason, 2).as_deref() {
            Some([inner, way]) if call(way).is_some_and(|way| way.target == target) => reason = inner,
            _ => break,
        }
    }
    reason
}

/// `{GenServer, :call, [target, request, timeout]}`: a function that waits for another process, as those that exit with the
/// reason of their failure tell it.
fn call(text: &str) -> Option<Call> {
    let parts = tuple(text, 4)?;
    let [module, function, args] = parts.as_slice() else { return None };
    let is_call = match (atom(module)?, atom(function)?) {
        ("sys", _) | ("proc_lib", "stop") => true,
        (module, "call" | "await" | "sync_send" | "stop") => CALLING.contains(&module),
        _ => false,
    };
    let args = list(args, 8)?;
    let [target, rest @ ..] = args.as_slice() else { return None };
    is_call.then(|| Call {
        target: (*target).to_owned(),
        request: rest.first().map(|request| (*request).to_owned()).unwrap_or_default(),
        timeout_ms: rest.last().and_then(|timeout| timeout.parse().ok()),
    })
}

/// Whether a reason is `{error, stack}`, perhaps wrapped, or an error by its name.
fn is_error(text: &str, depth: usize) -> bool {
    let Some(parts) = tuple(text, 2).filter(|_| depth <= MAX_DEPTH) else { return false };
    match parts.as_slice() {
        [first, ..] if atom(first).is_some_and(|name| ERRORS.contains(&name)) => true,
        [first, second] => {
            is_stack(second) || atom(first) == Some("EXIT") && is_error(second, depth + 1) || is_error(first, depth + 1)
        }
        _ => false,
    }
}

/// `[{module, function, arity, location}, ...]`.
fn is_stack(text: &str) -> bool {
    let frames = list(text, 1).unwrap_or_default();
    let Some(frame) = frames.first().and_then(|frame| tuple(frame, 4)) else { return false };
    frame.len() >= 3 && frame[..2].iter().all(|name| atom(name).is_some_and(|name| !name.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(target: &str, request: &str) -> Call {
        Call { target: target.to_owned(), request: request.to_owned(), timeout_ms: Some(5000) }
    }

    #[test]
    fn a_reason_tells_who_is_at_fault() {
        let check = |text: &str, reason: ExitReason| assert_eq!(ExitReason::read(text), reason, "{text}");
        for (text, reason) in [
            ("", ExitReason::Unknown),
            (":normal", ExitReason::Normal),
            ("normal", ExitReason::Normal),
            (":shutdown", ExitReason::Shutdown),
            ("{:shutdown, :left}", ExitReason::Shutdown),
            ("{shutdown,{closed,1}}", ExitReason::Shutdown),
            ("{:shutdown, {:failed_to_start_child, A, :boom}}", ExitReason::Shutdown),
            ("{:ok, %{a: 1}}", ExitReason::Result),
            ("{#Reference<0.1.2.3>, :return, {:a, 1}}", ExitReason::Result),
            ("{#Reference<b@host.1.2.3>, :return, :ok}", ExitReason::Result),
            ("{#Ref<0.1.2.3>,return,ok}", ExitReason::Result),
            ("{#Reference<0.1.2.3>, :exit, :normal}", ExitReason::Normal),
            ("{#Reference<0.1.2.3>, :exit, :boom}", ExitReason::Other),
            ("{#Reference<0.1.2.3>, :throw, :x}", ExitReason::Other),
            ("{#Reference<0.1.2.3>, :error, :bad, [{:erlang, :error, [:bad], []}]}", ExitReason::Error),
            ("{:ref, :return, :ok}", ExitReason::Other),
            (":killed", ExitReason::Killed),
            (":boom", ExitReason::Other),
            ("{:boom, [1, 2]}", ExitReason::Other),
            ("{:boom, [{:a, 1}]}", ExitReason::Other),
            ("{:badarith, [{Cart, :compute, 1, []}]}", ExitReason::Error),
            ("{{:nocatch, :x}, [{Cart, :compute, 1, [file: ~c\"a.ex\", line: 1]}]}", ExitReason::Error),
            ("{{{:badmatch, %{a: \"}\"}}, [{A, :\"-b/1-fun-0-\", 1, []}]}, :extra}", ExitReason::Error),
            ("{:badarith, [{Cart, :compute, 1, [file: \u{2039}cut: 900 bytes\u{203a}", ExitReason::Error),
            ("{:bad_return_value, 1}", ExitReason::Error),
            ("a text", ExitReason::Other),
        ] {
            check(text, reason);
        }
        check(
            "{:timeout, {GenServer, :call, [:slow, {:work, 1}, 5000]}}",
            ExitReason::Timeout(asked(":slow", "{:work, 1}")),
        );
        check(
            "{{:timeout, {GenServer, :call, [#PID<0.1.0>, :x, 5000]}}, [{GenServer, :call, 3, []}]}",
            ExitReason::Timeout(asked("#PID<0.1.0>", ":x")),
        );
        check("{:noproc, {GenServer, :call, [Gone, :x, 5000]}}", ExitReason::NoProcess(asked("Gone", ":x")));
        check(
            "{{:badarith, [{A, :b, 1, []}]}, {GenServer, :call, [:cart_4, :total, 5000]}}",
            ExitReason::Callee(asked(":cart_4", ":total"), "{:badarith, [{A, :b, 1, []}]}".to_owned()),
        );
        // Who stops another waits for its end; a timeout inside is that of the one it waited for.
        let timeout = "{:timeout, {GenServer, :call, [A, :x, 400]}}";
        let stopped = format!(
            "{{{{{timeout}, {{:sys, :terminate, [#PID<0.2.0>, :normal, 9]}}}}, {{GenServer, :stop, [#PID<0.2.0>, :normal, 9]}}}}"
        );
        let stop = Call { target: "#PID<0.2.0>".to_owned(), request: ":normal".to_owned(), timeout_ms: Some(9) };
        check(&stopped, ExitReason::Callee(stop, timeout.to_owned()));
        // A caller whose callee was shut down did not end of its own will.
        for (text, inner) in [
            ("{:shutdown, {GenServer, :call, [A, :x, 5000]}}", ":shutdown"),
            ("{shutdown,{gen_server,call,[A,:x,5000]}}", "shutdown"),
            ("{:normal, {:gen_statem, :call, [A, :x, 5000]}}", ":normal"),
            ("{{:shutdown, :closed}, {GenServer, :call, [A, :x, 5000]}}", "{:shutdown, :closed}"),
        ] {
            check(text, ExitReason::Callee(asked("A", ":x"), inner.to_owned()));
        }
    }

    #[test]
    fn the_end_of_a_helper_is_no_news_whatever_its_reason() {
        assert_eq!(ExitReason::of(":connection_closed", true), ExitReason::Helper);
        assert_eq!(ExitReason::of(":shutdown", true), ExitReason::Shutdown);
        assert!(ExitReason::of(":connection_closed", false).is_abnormal());
        assert!(!ExitReason::of(":connection_closed", true).is_abnormal());
    }

    #[test]
    fn a_call_returns_unless_its_end_says_otherwise() {
        let read = |reason| CallEnd::read(Some(reason));
        assert_eq!([CallEnd::read(None), read("normal"), read(":normal")], [CallEnd::Returned; 3]);
        assert_eq!([read("exit"), read("throw"), read("error")], [CallEnd::Exit, CallEnd::Throw, CallEnd::Error]);
        assert_eq!([read("{:badarith, []}"), read("exception")], [CallEnd::Error; 2]);
        assert!(!is_failed_call(Some("exit"), Some(":shutdown")) && !is_failed_call(None, None));
        assert!(!is_failed_call(Some("exit"), Some(":killed")));
        assert!(is_failed_call(Some("exit"), Some(":boom")) && is_failed_call(Some("exit"), None));
        let carried = "{:badarith, [{Cart, :compute, 1, []}]}";
        assert!(carries_error(Some("exit"), Some(carried)) && !carries_error(Some("error"), Some(carried)));
        assert!(!carries_error(Some("exit"), Some(":boom")) && !carries_error(None, None));
        assert!(is_failed_call(Some("throw"), Some(":normal")) && is_failed_call(Some("error"), Some(":shutdown")));
    }
}
