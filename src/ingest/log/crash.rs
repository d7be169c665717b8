//! Does an entry tell that a process ended, and why?

use super::entry::pid;
use crate::ingest::erlang;
use crate::ingest::object::Object;

/// Lines of a message that are looked at.
const MAX_LINES: usize = 200;

/// Calls of a stack that are told.
const MAX_STACK: usize = 30;

/// The end of a process, as a message tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Crash {
    pub(super) pid: Option<String>,
    pub(super) name: Option<String>,
    reason: String,
    site: Option<String>,
    stack: Vec<String>,
}

impl Crash {
    /// Reads a message; `logged_by` is who logged it.
    pub(super) fn read(message: &str, logged_by: Option<&str>) -> Option<Self> {
        let mut lines = message.lines().take(MAX_LINES).map(str::trim_end).filter(|line| !line.trim().is_empty());
        let first = lines.next()?.trim();
        let rest: Vec<&str> = lines.collect();
        let who = elixir(first).or_else(|| generic(first)).or_else(|| in_process(first));
        let mut crash = match (who, crasher(first, &rest)) {
            (Some((pid, name)), _) => Self { pid, name, ..Self::default() },
            (None, Some(crasher)) => crasher,
            (None, None) => return None,
        };
        // What ends and says so itself is who logs it.
        if crash.pid.is_none() && logged_by.is_some() {
            crash.pid = logged_by.map(str::to_owned);
        }
        if crash.reason.is_empty() {
            crash.reason = inline(first).or_else(|| reason(&rest))?;
        }
        if crash.pid.is_none() && crash.name.is_none() {
            return None;
        }
        (crash.stack, crash.site) = stack(&rest);
        Some(crash)
    }

    /// The payload of its `process_exit`.
    pub(super) fn data(&self, who: &str) -> String {
        let mut data = Object::new();
        data.text("exited_pid", who);
        data.text("exit_reason", &self.reason);
        data.text("error", &self.reason);
        data.texts([("crash_site", self.site.as_deref()), ("registered_name", self.name.as_deref())]);
        if !self.stack.is_empty() {
            data.raw("stack", &serde_json::Value::from(self.stack.as_slice()).to_string());
        }
        data.raw("told_by_log", "true");
        data.close()
    }
}

type Who = (Option<String>, Option<String>);

/// `GenServer Shop.Cart terminating`, `Task #PID<0.1.0> started from Shop terminating`, `Process #PID<0.1.0> raised an
/// exception`.
fn elixir(line: &str) -> Option<Who> {
    let (kind, rest) = line.split_once(' ')?;
    let rest = match kind {
        "GenServer" | "GenStateMachine" | ":gen_statem" | ":gen_event" | "GenStage" | "Task" | "Agent" | "Process"
        | "Handler" => rest,
        _ => return None,
    };
    let who = rest
        .strip_suffix(" terminating")
        .or_else(|| rest.strip_suffix(" raised an exception"))
        .or_else(|| rest.split_once(" terminating:").map(|(who, _)| who))?;
    let who = who.split_once(" started from ").map_or(who, |(who, _)| who).trim();
    // `Process :name (#PID<0.1.0>)`
    let (who, told) = match who.split_once(" (") {
        Some((who, told)) => (who, pid(told.trim_end_matches(')'))),
        None => (who, None),
    };
    match (pid(who), told) {
        (Some(pid), _) => Some((Some(pid), None)),
        (None, pid) if kind != "Handler" && !who.is_empty() => Some((pid, Some(who.to_owned()))),
        _ => None,
    }
}

/// `** Generic server shop_cart terminating`, `** State machine <0.1.0> terminating`.
fn generic(line: &str) -> Option<Who> {
    // In one line it is written without the stars.
    let rest = line.strip_prefix("** ").unwrap_or(line);
    let rest =
        ["Generic server ", "State machine ", "gen_event handler "].iter().find_map(|kind| rest.strip_prefix(kind));
    let who = rest?.split(' ').next().filter(|_| line.contains("terminating"))?;
    Some(match pid(who) {
        Some(pid) => (Some(pid), None),
        None => (None, Some(erlang::atom(who))),
    })
}

/// `Error in process <0.1.0> with exit value:`, `... on node shop@host with exit value:`.
fn in_process(line: &str) -> Option<Who> {
    let rest = line.strip_prefix("Error in process ")?;
    let who = rest.split(' ').next().filter(|_| rest.contains("with exit value"))?;
    Some((Some(pid(who)?), None))
}

/// A crash report: `crasher:` and what is known of it, a line each.
fn crasher(first: &str, rest: &[&str]) -> Option<Crash> {
    // All in one line.
    if let Some(line) = first.strip_prefix("crasher: ") {
        let reason = ["error", "exit", "throw", "exception error", "exception exit", "exception throw"]
            .iter()
            .find_map(|kind| between(line, &format!(", {kind}: "), ", ancestors: "));
        return one_line(&line.split(", ").collect::<Vec<_>>(), reason?);
    }
    let all = || std::iter::once(first).chain(rest.iter().copied().map(str::trim));
    if !all().take(3).any(|line| line == "crasher:") {
        return None;
    }
    let mut crash = Crash::default();
    for line in all() {
        if let Some(told) = line.strip_prefix("pid: ") {
            crash.pid = crash.pid.or_else(|| pid(told));
        } else if let Some(name) = line.strip_prefix("registered_name: ").filter(|name| *name != "[]") {
            crash.name = Some(erlang::atom(name));
        } else if crash.reason.is_empty()
            && let Some(reason) = ["exception error: ", "exception exit: ", "exception throw: "]
                .iter()
                .find_map(|kind| line.strip_prefix(kind))
        {
            reason.clone_into(&mut crash.reason);
        }
    }
    (!crash.reason.is_empty()).then_some(crash)
}

/// A crash report in one line, `initial call: m:init/1, pid: <0.9.0>, registered_name: [], error: {...}, ancestors: ...`.
fn one_line(parts: &[&str], reason: &str) -> Option<Crash> {
    let told = |key: &str| parts.iter().find_map(|part| part.strip_prefix(key));
    let name = told("registered_name: ").filter(|name| *name != "[]").map(erlang::atom);
    Some(Crash { pid: Some(pid(told("pid: ")?)?), name, reason: reason.to_owned(), ..Crash::default() })
}

/// The reason a first line tells itself: `... terminating. Reason: {badarith,...}. Last message: ...`,
/// `Error in process <0.1.0> with exit value:, {badarith,...}`.
fn inline(first: &str) -> Option<String> {
    let reason = between(first, " terminating. Reason: ", ". Last message: ")
        .or_else(|| first.split_once(" terminating. Reason: ").map(|(_, reason)| reason))
        .or_else(|| first.split_once(" with exit value:").map(|(_, reason)| reason.trim_start_matches([',', ' '])))?;
    (!reason.is_empty()).then(|| reason.to_owned())
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(between, _)| between)
}

/// Why it ended: `** (RuntimeError) oops`, or the line behind `** Reason for termination ==`.
fn reason(lines: &[&str]) -> Option<String> {
    let mut lines = lines.iter().map(|line| line.trim());
    while let Some(line) = lines.next() {
        if line.starts_with("** (") {
            return Some(line[3..].to_owned());
        }
        if let Some(inline) = line.strip_prefix("** Reason for termination") {
            let inline = inline.trim_start_matches([' ', '=', ':']).trim();
            let next = if inline.is_empty() { lines.next()? } else { inline };
            return Some(next.strip_prefix("** ").unwrap_or(next).to_owned());
        }
        if line.starts_with('{') {
            return Some(line.to_owned());
        }
    }
    None
}

/// The calls a message names as a stack, `(shop 0.1.0) lib/shop/cart.ex:16: Shop.Cart.add/2`, and the place of the first.
fn stack(lines: &[&str]) -> (Vec<String>, Option<String>) {
    let mut calls = Vec::new();
    let mut site = None;
    // Behind its own stack a message may tell that of who called it.
    let is_own = |line: &&str| !line.starts_with("Last message") && !line.starts_with("Client ");
    for line in lines.iter().map(|line| line.trim()).take_while(is_own) {
        let line = match line.strip_prefix('(').and_then(|line| line.split_once(") ")) {
            Some((_, rest)) => rest,
            None => line,
        };
        let Some((place, call)) = line.split_once(": ") else { continue };
        let Some((file, number)) = place.rsplit_once(':') else { continue };
        let is_source = [".ex", ".exs", ".erl"].iter().any(|end| file.ends_with(end)) && !file.contains(' ');
        if !is_source || number.parse::<u32>().is_err() {
            continue;
        }
        site.get_or_insert_with(|| place.to_owned());
        if calls.len() < MAX_STACK {
            calls.push(format!("{} ({place})", call.trim()));
        }
    }
    (calls, site)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Told = (Option<String>, Option<String>, String, Option<String>);

    fn told(message: &str, logged_by: Option<&str>) -> Option<Told> {
        Crash::read(message, logged_by).map(|it| (it.pid, it.name, it.reason, it.site))
    }

    #[expect(clippy::unnecessary_wraps, reason = "what is expected may be absent")]
    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn ends_of_processes_are_read() {
        let message = "GenServer #PID<0.150.0> terminating\n** (RuntimeError) oops\n    (shop 0.1.0) lib/cart.ex:16: Cart.add/2\n    \
                       (stdlib 4.2) gen_server.erl:1123: :gen_server.try_dispatch/4\nLast message: :go\nState: 1";
        assert_eq!(
            told(message, None),
            Some((some("<0.150.0>"), None, "(RuntimeError) oops".to_owned(), some("lib/cart.ex:16")))
        );
        let message = "GenServer Shop.Cart terminating\n** (stop) bad return value: :x";
        let expected = (some("<0.7.0>"), some("Shop.Cart"), "(stop) bad return value: :x".to_owned(), None);
        assert_eq!(told(message, Some("<0.7.0>")), Some(expected));
        let message = "Task #PID<0.1.0> started from Shop terminating\n** (ArithmeticError) bad argument";
        assert_eq!(told(message, None).and_then(|it| it.0), some("<0.1.0>"));
        let message = "** Generic server shop_cart terminating \n** Last message in was go\n** When Server state == 1\n\
                       ** Reason for termination ==\n** {badarith,[{shop,add,2,[]}]}";
        let expected = (None, some(":shop_cart"), "{badarith,[{shop,add,2,[]}]}".to_owned(), None);
        assert_eq!(told(message, None), Some(expected));
        let message = "Error in process <0.85.0> with exit value:\n{badarith,[{m,f,1,[]}]}";
        assert_eq!(
            told(message, None).map(|it| (it.0, it.2)),
            Some((some("<0.85.0>"), "{badarith,[{m,f,1,[]}]}".to_owned()))
        );
        let message = "  crasher:\n    initial call: m:init/1\n    pid: <0.9.0>\n    registered_name: []\n    exception error: bad\n";
        assert_eq!(told(message, None), Some((some("<0.9.0>"), None, "bad".to_owned(), None)));
        let message = "Generic server shop terminating. Reason: {badarith,[]}. Last message: add. State: [].";
        assert_eq!(told(message, None), Some((None, some(":shop"), "{badarith,[]}".to_owned(), None)));
        let message = "crasher: initial call: m:init/1, pid: <0.79.0>, registered_name: shop, error: {badarith,[{m,f,3}]}, ancestors: [<0.9.0>]";
        assert_eq!(
            told(message, None),
            Some((some("<0.79.0>"), some(":shop"), "{badarith,[{m,f,3}]}".to_owned(), None))
        );
        let message = "Error in process <0.80.0> with exit value:, {badarith,[]}";
        assert_eq!(told(message, None), Some((some("<0.80.0>"), None, "{badarith,[]}".to_owned(), None)));
        for none in ["GenServer is great", "terminating", "Process finished", "GenServer x terminating", ""] {
            assert_eq!(told(none, Some("<0.1.0>")), None, "{none}");
        }
    }
}
