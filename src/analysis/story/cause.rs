//! Which value was bad, and who set it?
//!
//! The values the failed operation worked on are looked for in the state and in the message. A part of the state that
//! is one of them was set by some change; of several candidates the one that is `nil`, then the one whose sort changed,
//! then the newest counts. Without a match the newest change of a part's sort is offered, as a guess.

use super::calls::{call, came_back};
use super::clause::{self, NoClause};
use super::failure::Failure;
use super::line::{At, BadValue, CauseLine, Made, SentWhere};
use super::part::Cx;
use super::reason::operands;
use super::sent::sent_where;
use super::table::{self, Table};
use crate::analysis::ask::inside;
use crate::analysis::change::{Changes, StateChange, entry_of};
use crate::analysis::fact::Fact;
use crate::analysis::value::brief::brief;
use crate::analysis::value::diff;
use crate::analysis::value::path::Path;
use crate::analysis::value::{self, Value};
use crate::error::Result;

/// Parts of a state looked at.
const MAX_LEAVES: usize = 2_000;

/// Parts that are candidates.
const MAX_CANDIDATES: usize = 16;

/// Changes looked back over for the one that set a part.
const MAX_CHANGES: usize = 1_000;

/// Calls of a callback looked through for the one that made a value.
const MAX_CALLS: usize = 500;

/// Why a part is thought to be bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The failed operation worked on this value.
    Operand,
    /// Its sort of value changed.
    Sort,
}

/// The bad value.
pub(super) enum Cause {
    /// It was in the state.
    State(Box<Bad>),
    /// It came with the message; so many parts of the state held the same.
    Message { path: String, value: String, in_state: usize },
    /// The message itself.
    Clause(NoClause),
    /// A table that was not there.
    Table(Table),
}

/// A bad part of the state.
pub(super) struct Bad {
    pub(super) path: String,
    pub(super) value: String,
    pub(super) why: Why,
    /// Other parts that hold the same: which of them the operation worked on is not recorded.
    pub(super) others: usize,
    /// The change that set it, and how it is told; `None`: it was there from the start.
    pub(super) set: Option<(StateChange, String)>,
    /// The end of the call whose result it is.
    pub(super) source: Option<Fact>,
}

impl Cause {
    pub(super) fn because(&self) -> BadValue {
        match self {
            Self::State(bad) if bad.why == Why::Operand => {
                BadValue::Operand { path: bad.path.clone(), value: brief(&bad.value, 60), others: bad.others }
            }
            Self::State(bad) => BadValue::Changed { path: bad.path.clone(), value: brief(&bad.value, 60) },
            Self::Clause(NoClause { callback, message, taken, has_more }) => BadValue::NoClause {
                callback: callback.clone(),
                message: brief(message, 80),
                taken: *taken,
                is_of_newest: *has_more,
            },
            Self::Table(table) => BadValue::NoTable { table: table.name.clone() },
            Self::Message { path, value, in_state } => {
                BadValue::Message { path: path.clone(), value: brief(value, 60), in_state: *in_state }
            }
        }
    }

    pub(super) fn path(&self) -> Option<&str> {
        match self {
            Self::State(bad) if !bad.path.is_empty() => Some(&bad.path),
            _ => None,
        }
    }

    pub(super) fn lines(&self, cx: &Cx<'_>) -> Result<Vec<CauseLine>> {
        let bad = match self {
            Self::Message { .. } | Self::Clause(_) => return Ok(Vec::new()),
            Self::Table(table) => return Ok(table.lines()),
            Self::State(bad) => bad,
        };
        let Some((change, difference)) = &bad.set else {
            return Ok(vec![CauseLine::Never { path: bad.path.clone(), value: brief(&bad.value, 60) }]);
        };
        let mut lines = vec![CauseLine::Set {
            difference: difference.clone(),
            at: At { at: change.at, event: change.id.clone() },
            trigger: brief(&change.trigger(), 80),
            callback: change.callback.clone(),
            is_guess: bad.why == Why::Sort,
        }];
        if let Some(sender) = cx.names.maybe(change.sender.as_deref())? {
            let send = cx.ask.event(change.send.as_deref());
            let place = send.as_ref().and_then(|send| sent_where(cx, send));
            let place = place.or_else(|| change.sent_at(cx.ask).map(|site| SentWhere::At { site }));
            lines.push(CauseLine::SentBy { sender: sender.process(), place, event: change.send.clone() });
        }
        lines.extend(bad.source.as_ref().map(|source| CauseLine::ResultOf(made(cx, source))));
        Ok(lines)
    }
}

/// A call by its end, and what it made: `Coupons.percent("SPRNG") -> nil`.
fn made(cx: &Cx<'_>, exit: &Fact) -> Made {
    let entry = entry_of(cx.ask, exit);
    Made {
        call: entry.as_ref().map_or_else(|| exit.mfa().unwrap_or_default(), |entry| call(entry, 60)),
        came_back: came_back(exit),
        result: brief(exit.text("result").or_else(|| exit.text("reason")).unwrap_or("?"), 60),
        site: entry.as_ref().and_then(Fact::call_site).map(str::to_owned),
        entry: entry.map(|entry| entry.id().to_owned()),
        exit: exit.id().to_owned(),
    }
}

/// Looks for the bad value of a failure.
pub(super) fn find(cx: &Cx<'_>, failure: &Failure) -> Result<Option<Cause>> {
    if let Some(missing) = clause::missing(cx, failure)? {
        return Ok(Some(Cause::Clause(missing)));
    }
    if let Some(table) = table::missing(cx, failure)? {
        return Ok(Some(Cause::Table(table)));
    }
    let operands = suspects(failure.text(), operands(failure.text(), failure.stack.first().map(String::as_str)));
    let is_operand = |leaf: &Value<'_>| operands.iter().any(|operand| operand == leaf.text);
    let state = failure.state();
    let matching = |text: &str| -> Vec<(String, String)> {
        let value = Value::read(text);
        let leaves = value.leaves(MAX_LEAVES);
        let bad = leaves.iter().filter(|(_, leaf)| is_operand(leaf));
        bad.map(|(path, leaf)| (path.clone(), leaf.text.to_owned())).take(MAX_CANDIDATES).collect()
    };
    let in_state = state.as_deref().map(matching).unwrap_or_default();
    // A tag in the message is no value: `{:add, :add}` would match itself.
    let is_value = |value: &str| value == "nil" || Value::read(value).sort() != "atom";
    let in_message = failure.message().as_deref().map(matching).unwrap_or_default();
    // Parts of the state are equal to what came with the message by chance: there are many of them.
    if let Some((path, value)) = in_message.into_iter().find(|(_, value)| is_value(value)) {
        let in_state = in_state.iter().filter(|(_, other)| *other == value).count();
        return Ok(Some(Cause::Message { path, value, in_state }));
    }
    if let Some(bad) = likeliest(cx, failure, in_state)? {
        return Ok(Some(Cause::State(Box::new(bad))));
    }
    match state {
        Some(_) => Ok(other_sort(cx, failure)?.map(|bad| Cause::State(Box::new(bad)))),
        None => Ok(None),
    }
}

/// Of the values an operation worked on those that it can have failed on: arithmetic fails on what is no number, and on
/// a zero it divides by.
fn suspects(error: &str, operands: Vec<String>) -> Vec<String> {
    if !matches!(error, ":badarith" | "badarith") {
        return operands;
    }
    let is_number = |text: &String| text.parse::<f64>().is_ok();
    if operands.iter().any(|operand| !is_number(operand)) {
        return operands.into_iter().filter(|operand| !is_number(operand)).collect();
    }
    match operands.last().map(|last| last.parse::<f64>()) {
        Some(Ok(0.0)) => operands.into_iter().next_back().into_iter().collect(),
        _ => operands,
    }
}

/// Of parts that may be bad the one that most likely is.
fn likeliest(cx: &Cx<'_>, failure: &Failure, candidates: Vec<(String, String)>) -> Result<Option<Bad>> {
    if candidates.is_empty() {
        return Ok(None);
    }
    let changes = Changes::new(cx.ask, &failure.who.pid)?;
    let (all, _) = changes.all((i64::MIN, failure.at), MAX_CHANGES)?;
    let mut best: Option<((bool, bool, i64), Bad)> = None;
    // Only what sets one apart from all others says which one it was.
    let mut alike = 0;
    for (path, value) in candidates {
        let set = set_by(&all, &path, &value);
        let is_other_sort = set.as_ref().is_some_and(|(_, old, _)| {
            old.as_deref().is_some_and(|old| Value::read(old).sort() != Value::read(&value).sort())
        });
        let at = set.as_ref().map_or(i64::MIN, |(change, ..)| change.at);
        let rank = (value == "nil", is_other_sort, at);
        let of_rank = |(nil, sort, _): (bool, bool, i64)| (nil, sort);
        match best.as_ref().map(|(known, _)| of_rank(rank).cmp(&of_rank(*known))) {
            None | Some(std::cmp::Ordering::Greater) => alike = 0,
            Some(std::cmp::Ordering::Equal) => alike += 1,
            Some(std::cmp::Ordering::Less) => {}
        }
        if best.as_ref().is_none_or(|(known, _)| rank > *known) {
            let set = set.map(|(change, _, shown)| (change, shown));
            best = Some((rank, Bad { path, value, why: Why::Operand, others: 0, set, source: None }));
        }
    }
    let Some((_, mut bad)) = best else { return Ok(None) };
    bad.others = alike;
    bad.source = source(cx, &bad)?;
    Ok(Some(bad))
}

/// The change that gave a part this value: the change, the value before, and both as they are told.
fn set_by(all: &[StateChange], path: &str, value: &str) -> Option<(StateChange, Option<String>, String)> {
    let whole = path.is_empty();
    let path = Path::read(path).ok();
    let part = |state: &str| match &path {
        Some(path) => path.find(&Value::read(state)).map(|value| value.text.to_owned()),
        None => Some(state.to_owned()),
    };
    let change = all.iter().rev().find(|change| {
        let before = change.old.as_deref().and_then(part);
        let is_known = !change.spans_gap && !value::is_cut(value);
        is_known && part(&change.new).as_deref() == Some(value) && before.as_deref() != Some(value)
    })?;
    let before = change.old.as_deref().and_then(part);
    let from = match (&before, change.is_initial()) {
        (Some(before), _) => brief(before, 60),
        (None, true) => "(start)".to_owned(),
        (None, false) => "(absent)".to_owned(),
    };
    let name = path.as_ref().filter(|_| !whole).map(|path| format!("{}: ", path.text())).unwrap_or_default();
    Some((change.clone(), before, format!("{name}{from} -> {}", brief(value, 60))))
}

/// The newest change after which a part held another sort of value than before.
fn other_sort(cx: &Cx<'_>, failure: &Failure) -> Result<Option<Bad>> {
    let changes = Changes::new(cx.ask, &failure.who.pid)?;
    let (all, _) = changes.all((i64::MIN, failure.at), MAX_CHANGES)?;
    let Some(now) = failure.state() else { return Ok(None) };
    let now = Value::read(&now);
    for change in all.iter().rev() {
        let Some(old) = &change.old else { continue };
        let (old, new) = (Value::read(old), Value::read(&change.new));
        for one in diff::diff(&old, &new) {
            let (Some(from), Some(to), false) = (one.from, one.to, one.is_cut) else { continue };
            // What was nil before is filled in: that is how it should be.
            if from.sort() == to.sort() || from.sort() == "nil" || one.path.is_empty() {
                continue;
            }
            let still = Path::read(&one.path).ok().and_then(|path| path.find(&now).map(|value| value.text));
            if still != Some(to.text) {
                continue;
            }
            let mut bad = Bad {
                path: one.path.clone(),
                value: to.text.to_owned(),
                why: Why::Sort,
                others: 0,
                set: Some((change.clone(), one.shown())),
                source: None,
            };
            bad.source = source(cx, &bad)?;
            return Ok(Some(bad));
        }
    }
    Ok(None)
}

/// The call whose result the bad value is: the last one of the callback that returned it; else, where it came with the
/// message, one the sender had made before.
fn source(cx: &Cx<'_>, bad: &Bad) -> Result<Option<Fact>> {
    let Some((change, _)) = &bad.set else { return Ok(None) };
    let Some(entry) = cx.ask.event(change.entry.as_deref()) else { return Ok(None) };
    let gives =
        |end: &Fact| end.text("result").is_some_and(|result| result == bad.value || gives_inside(result, &bad.value));
    let ends = cx.ask.newest(inside(&change.pid, &["function_exit"]), (entry.at(), change.at), MAX_CALLS)?;
    let own = ends.into_iter().find(|end| end.event.call_id() != entry.event.call_id() && gives(end));
    if own.is_some() {
        return Ok(own);
    }
    let Some(send) = cx.ask.event(change.send.as_deref()) else { return Ok(None) };
    let message = change.message.as_deref().map(Value::read);
    let comes_along =
        message.is_some_and(|message| message.leaves(MAX_LEAVES).iter().any(|(_, leaf)| leaf.text == bad.value));
    if !comes_along {
        return Ok(None);
    }
    let before = cx.ask.newest(inside(send.pid(), &["function_exit"]), (i64::MIN, send.at()), 50)?;
    Ok(before.into_iter().find(|end| end.text("result") == Some(&bad.value)))
}

/// `{:ok, value}` gives the value.
fn gives_inside(result: &str, value: &str) -> bool {
    Value::read(result)
        .tuple()
        .is_some_and(|parts| matches!(parts, [tag, inner] if tag.atom().is_some() && inner.text == value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_fails_on_what_is_no_number_or_on_a_divisor_of_zero() {
        let of = |operands: &[&str]| suspects(":badarith", operands.iter().map(|one| (*one).to_owned()).collect());
        assert_eq!(of(&["360", "nil"]), ["nil"]);
        assert_eq!(of(&["7", "0"]), ["0"]);
        assert_eq!(of(&["0", "0.0"]), ["0.0"]);
        assert_eq!(of(&[":a", "\"b\""]), [":a", "\"b\""]);
        assert!(of(&[]).is_empty());
        assert_eq!(suspects("{:badmatch, 7}", vec!["7".to_owned()]), ["7"]);
    }
}
