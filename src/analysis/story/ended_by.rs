//! Who made a process end? What the recording shows of it, or that it does not.

use super::held::held;
use super::line::{At, EndedBy, SpentRestarts, Within};
use super::part::Cx;
use super::partner::partner;
use crate::analysis::ask::{inside, of};
use crate::analysis::ends;
use crate::analysis::fact::Fact;
use crate::analysis::gave_up::{GaveUp, gave_up};
use crate::analysis::value::Value;
use crate::analysis::value::brief::brief;
use crate::analysis::who::{Who, exit_of};
use crate::error::Result;
use crate::event::Role;
use crate::event::exit_reason::{CallEnd, ExitReason};
use crate::query::Filter;

/// Events of one sort that are looked back over.
const LOOKED_BACK: usize = 32;

/// Who ended it; `None` where its own error says so, or it ended because it was done.
pub(super) fn line(cx: &Cx<'_>, who: &Who, exit: &Fact, end: &ExitReason) -> Result<Option<EndedBy>> {
    if !matches!(end, ExitReason::Shutdown | ExitReason::Killed | ExitReason::Other) {
        return Ok(None);
    }
    let reason = ends::reason(exit);
    if let Some(line) = by_supervisor(cx, who, exit)? {
        return Ok(Some(line));
    }
    for found in [own, signalled, told] {
        if let Some(line) = found(cx, who, exit, reason)? {
            return Ok(Some(line));
        }
    }
    if let Some(line) = unlinked(cx, who, exit)?.or(linked(cx, who, exit)?) {
        return Ok(Some(line));
    }
    if let Some(held) = held(cx, &who.pid, Some(exit))? {
        return Ok(Some(EndedBy::Waiting { waited_for: held.what(cx)? }));
    }
    // A call that ends with its process tells the same of its own `exit/1` and of another's signal.
    let ends = cx.ask.newest(inside(&who.pid, &["function_exit"]), (i64::MIN, exit.at()), LOOKED_BACK)?;
    let is_it =
        |end: &&Fact| CallEnd::read(end.text("exit_reason")) == CallEnd::Exit && end.text("reason") == Some(reason);
    // Nobody exits with `:killed`: a signal leaves it.
    let within = ends.iter().rfind(is_it).filter(|_| *end != ExitReason::Killed);
    let within = within.map(|end| Within { function: end.mfa().unwrap_or_default(), event: end.id().to_owned() });
    Ok(Some(EndedBy::Unrecorded { within }))
}

/// A supervisor that started its children too often: itself, or the one that started it.
pub(super) fn by_supervisor(cx: &Cx<'_>, who: &Who, exit: &Fact) -> Result<Option<EndedBy>> {
    if let Some(itself) = gave_up(cx.ask, &who.pid, exit)? {
        return Ok(Some(EndedBy::GaveUp(spent(cx, &itself)?)));
    }
    let spawn = cx.ask.last(of(&who.pid, Role::Child, &["process_spawn"]), (i64::MIN, exit.at()))?;
    let Some(starter) = spawn.as_ref().map(|spawn| spawn.text("parent_pid").unwrap_or_else(|| spawn.pid())) else {
        return Ok(None);
    };
    let Some(end) = exit_of(cx.ask, starter)?.filter(|end| end.key() > exit.key()) else { return Ok(None) };
    match gave_up(cx.ask, starter, &end)?.filter(|found| found.has_taken(&who.pid)) {
        Some(found) => Ok(Some(EndedBy::SupervisorGaveUp(spent(cx, &found)?))),
        None => Ok(None),
    }
}

/// A supervisor that gave up, with its events.
fn spent(cx: &Cx<'_>, of: &GaveUp) -> Result<Box<SpentRestarts>> {
    let last_end = of.ends.last().filter(|_| of.ends.len() > 1).map(|end| end.event().id().to_owned());
    Ok(Box::new(SpentRestarts { gave_up: of.found(cx.names)?, last_end, exit: of.exit.id().to_owned() }))
}

/// A callback that returned `{:stop, reason, ...}`, or a call that exited so.
fn own(cx: &Cx<'_>, who: &Who, exit: &Fact, reason: &str) -> Result<Option<EndedBy>> {
    let ends = cx.ask.newest(inside(&who.pid, &["function_exit"]), (i64::MIN, exit.at()), LOOKED_BACK)?;
    for end in ends.iter().filter(|end| end.key() < exit.key()) {
        let function = end.mfa().unwrap_or_default();
        let result = end.text("result").unwrap_or_default();
        let stops = Value::read(result)
            .tuple()
            .is_some_and(|parts| matches!(parts, [stop, why, ..] if stop.atom() == Some("stop") && why.text == reason));
        if stops {
            let (result, event) = (brief(result, 80), end.id().to_owned());
            return Ok(Some(EndedBy::Itself { function, result, event }));
        }
    }
    Ok(None)
}

/// A traced `Process.exit/2` that names it, and whose signal gives this end.
fn signalled(cx: &Cx<'_>, who: &Who, exit: &Fact, reason: &str) -> Result<Option<EndedBy>> {
    let filter = Filter {
        event_types: vec!["function_entry".to_owned()],
        function: Some("exit".to_owned()),
        arity: Some(2),
        ..Filter::default()
    };
    // A pid is used again: what was sent to the one before ended that one.
    let spawn = cx.ask.last(of(&who.pid, Role::Child, &["process_spawn"]), (i64::MIN, exit.at()))?;
    let since = spawn.map_or(i64::MIN, |spawn| spawn.at());
    let calls = cx.ask.newest(filter, (since, exit.at()), LOOKED_BACK)?;
    // Of several that would end it, the first did.
    for call in calls.iter().rev().filter(|call| call.key() < exit.key()) {
        let is_exit = matches!(call.event.module(), Some(":erlang" | "erlang" | "Process"));
        let args = call.list("args");
        let [pid, signal] = args[..] else { continue };
        if !is_exit || call.pid_in(pid) != who.pid || !ends_with(signal, reason) {
            continue;
        }
        // A kill cannot be trapped: what it did yet, it did before the signal came.
        if plain(signal) == "kill" || !went_on(cx, who, call, exit)? {
            let sender = cx.names.who(call.pid())?.process();
            return Ok(Some(EndedBy::Signal { sender, signal: brief(signal, 60), at: At::of(call) }));
        }
    }
    Ok(None)
}

/// Whether an exit signal makes a process end for a reason.
fn ends_with(signal: &str, reason: &str) -> bool {
    match plain(signal) {
        "kill" => plain(reason) == "killed",
        // Another process ignores it.
        "normal" => false,
        signal => signal == plain(reason),
    }
}

/// An atom without its colon.
fn plain(reason: &str) -> &str {
    reason.strip_prefix(':').unwrap_or(reason)
}

/// Whether a process did anything but end between two events: then the first did not end it.
fn went_on(cx: &Cx<'_>, who: &Who, from: &Fact, exit: &Fact) -> Result<bool> {
    let filter = inside(&who.pid, &["function_entry", "message_receive", "message_send", "process_spawn"]);
    let did = cx.ask.oldest(filter, (from.at(), exit.at()), LOOKED_BACK)?;
    for one in did.iter().filter(|one| from.key() < one.key() && one.key() < exit.key()) {
        if one.is("function_entry") && one.event.function() == Some("terminate") {
            return Ok(false);
        }
        // The ends of others come while it ends them.
        let message = Value::read(one.text("message").unwrap_or_default());
        let kind = message.tuple().and_then(|parts| parts.first()?.atom());
        if !one.is("message_receive") || !matches!(kind, Some("EXIT" | "DOWN")) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What it took from its mailbox: the exit of one it is linked to, or the wish that it stops.
fn told(cx: &Cx<'_>, who: &Who, exit: &Fact, reason: &str) -> Result<Option<EndedBy>> {
    let receives = cx.ask.newest(inside(&who.pid, &["message_receive"]), (i64::MIN, exit.at()), LOOKED_BACK)?;
    // A wish that it stops says more than the exits of others that come meanwhile.
    for is_wish in [true, false] {
        for receive in receives.iter().filter(|receive| receive.key() < exit.key()) {
            let message = Value::read(receive.text("message").unwrap_or_default());
            match message.tuple() {
                Some([kind, from, why]) if !is_wish && kind.atom() == Some("EXIT") && why.text == reason => {
                    if went_on(cx, who, receive, exit)? {
                        continue;
                    }
                    let from = cx.names.who(&receive.pid_in(from.text))?.process();
                    return Ok(Some(EndedBy::GotExit { from, event: receive.id().to_owned() }));
                }
                Some([kind, from, wish]) if is_wish && kind.atom() == Some("system") && is_stop(wish, reason) => {
                    let from = from.tuple().and_then(|from| from.first()).map(|from| receive.pid_in(from.text));
                    let by = cx.names.maybe(from.as_deref())?.map(|from| from.process());
                    return Ok(Some(EndedBy::AskedToStop { by, event: receive.id().to_owned() }));
                }
                _ => {}
            }
        }
    }
    Ok(None)
}

/// `{:terminate, reason}`.
fn is_stop(wish: &Value<'_>, reason: &str) -> bool {
    wish.tuple()
        .is_some_and(|wish| matches!(wish, [stop, why] if stop.atom() == Some("terminate") && why.text == reason))
}

/// A supervisor takes its link away before it ends a child.
fn unlinked(cx: &Cx<'_>, who: &Who, exit: &Fact) -> Result<Option<EndedBy>> {
    let filter = of(&who.pid, Role::Target, &["process_unlink", "process_link"]);
    let Some(last) = cx.ask.last(filter, (i64::MIN, exit.at()))? else { return Ok(None) };
    let spawn = cx.ask.last(of(&who.pid, Role::Child, &["process_spawn"]), (i64::MIN, exit.at()))?;
    let is_parent = spawn.is_some_and(|spawn| spawn.text("parent_pid").unwrap_or_else(|| spawn.pid()) == last.pid());
    if !last.is("process_unlink") || !is_parent || last.key() > exit.key() {
        return Ok(None);
    }
    Ok(Some(EndedBy::Unlinked {
        starter: cx.names.who(last.pid())?.process(),
        before_ns: exit.at().saturating_sub(last.at()),
        event: last.id().to_owned(),
    }))
}

/// One it was linked to that had ended for the same reason.
pub(super) fn linked(cx: &Cx<'_>, who: &Who, exit: &Fact) -> Result<Option<EndedBy>> {
    let Some(before) = partner(cx.ask, &who.pid, exit)? else { return Ok(None) };
    Ok(Some(EndedBy::Linked {
        other: cx.names.who(before.text("exited_pid").unwrap_or_else(|| before.pid()))?.process(),
        before_ns: exit.at().saturating_sub(before.at()),
        event: before.id().to_owned(),
    }))
}
