//! Did a callback ask for a timeout?

use super::turn::Turn;
use crate::analysis::anomalies::scene::Scene;
use crate::analysis::anomalies::told::result;
use crate::analysis::ledger::CallId;
use crate::analysis::ledger::payload::{Payload, differences, text};
use crate::analysis::value::{Kind as Form, Value};
use crate::event::behaviour::{By, Loop};

/// How a process asks for timeouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// By what its callbacks return.
    Returned,
    /// By timers that it keeps in its state.
    Kept,
}

/// Callbacks looked at to see whether a process asks for timeouts at all.
const PROBES: usize = 5;

/// How a process asks, if it does as a rule.
pub(super) fn sorts(scene: &Scene<'_>, calls: &[CallId]) -> Option<Sort> {
    let probes: Vec<CallId> = (0..PROBES).map(|at| calls[at * (calls.len() - 1) / (PROBES - 1)]).collect();
    let usual = |sort: Sort| probes.iter().filter(|call| asked(scene, **call, sort).is_some()).count() * 2 > PROBES;
    [Sort::Returned, Sort::Kept].into_iter().find(|sort| usual(*sort))
}

/// The timeout a callback asked for.
pub(super) fn asked(scene: &Scene<'_>, call: CallId, sort: Sort) -> Option<Turn> {
    match sort {
        Sort::Returned => {
            let after_ms = timeout(&Value::read(&result(scene, call)?), || is_of_server(scene, call))?;
            Some(Turn { call, after_ms: Some(after_ms), kept: None })
        }
        Sort::Kept => {
            let event = scene.ledger.event(scene.ledger.call(call).change?)?;
            let changed = differences(Payload::read(event.data()).state_diff);
            let is_reference =
                |text: &Option<String>| text.as_ref().is_some_and(|text| text.starts_with("#Reference<"));
            let timer = changed.into_iter().find(|one| is_reference(&one.new) && is_reference(&one.old))?;
            Some(Turn { call, after_ms: None, kept: timer.new.map(|reference| (timer.path, reference)) })
        }
    }
}

/// Whether the loop of a `gen_server` called it: to another, such as `GenStage`'s, the same result says something else.
fn is_of_server(scene: &Scene<'_>, call: CallId) -> bool {
    let ledger = scene.ledger;
    let call = ledger.call(call);
    if let Some((behaviour, _)) = ledger.process(call.process).spawned {
        return matches!(ledger.text(behaviour), ":gen_server" | "gen_server");
    }
    let Some(event) = ledger.event(call.event) else { return false };
    let payload = Payload::read(event.data());
    By::of_function(text(payload.caller).as_deref(), text(payload.extra).as_deref()) == By::Loop(Loop::Server)
}

/// The milliseconds of `{:noreply, state, 100}`, of `{:keep_state, data, {:timeout, 100, :flush}}` and such.
fn timeout(result: &Value<'_>, is_of_server: impl FnOnce() -> bool) -> Option<i64> {
    let parts = result.tuple()?;
    let (last, size) = (parts.last()?, parts.len());
    match (parts.first()?.atom()?, size) {
        ("reply", 4) | ("noreply" | "ok", 3) => milliseconds(last).filter(|_| is_of_server()),
        // One element less, and the last is the data.
        ("next_state", 4)
        | ("keep_state" | "repeat_state", 3)
        | ("keep_state_and_data" | "repeat_state_and_data", 2) => {
            let actions = last.list().map_or_else(|| vec![last], |list| list.iter().collect());
            actions.into_iter().find_map(event_timeout)
        }
        _ => None,
    }
}

/// An action that any event ends: `100`, `{:timeout, 100, content}`.
fn event_timeout(action: &Value<'_>) -> Option<i64> {
    match action.tuple() {
        None => milliseconds(action),
        Some([timeout, after, _, ..]) if timeout.atom() == Some("timeout") => milliseconds(after),
        Some(_) => None,
    }
}

fn milliseconds(value: &Value<'_>) -> Option<i64> {
    let is_number = matches!(value.kind, Form::Number);
    value.text.parse().ok().filter(|ms: &i64| is_number && *ms > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_callback_returns_says_for_how_long() {
        let of = |text| timeout(&Value::read(text), || true);
        assert_eq!(of("{:noreply, %{a: 1}, 100}"), Some(100));
        assert_eq!(of("{:reply, :ok, %{a: 1}, 250}"), Some(250));
        assert_eq!(of("{:reply, 250, %{a: 1}}"), None, "the state");
        assert_eq!(of("{:noreply, 100}"), None, "the state");
        assert_eq!(of("{:noreply, [], :hibernate}"), None);
        assert_eq!(of("{:noreply, [], {:continue, 5}}"), None);
        assert_eq!(of("{:keep_state, %{}, [{:reply, 1, :ok}, {:timeout, 30, :flush}]}"), Some(30));
        assert_eq!(of("{:keep_state, %{}, 30}"), Some(30));
        assert_eq!(of("{:keep_state, 30}"), None, "the data");
        assert_eq!(of("{:next_state, :open, 5}"), None, "the data");
        assert_eq!(of("{:next_state, :open, %{}, 5}"), Some(5));
        assert_eq!(of("{:keep_state_and_data, [{:timeout, 5, :flush}]}"), Some(5));
        assert_eq!(timeout(&Value::read("{:noreply, [], 7}"), || false), None, "another loop's events and state");
        assert_eq!(of("{:keep_state, %{}, {:state_timeout, 30, :flush}}"), None, "events do not end it");
    }
}
