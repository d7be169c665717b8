//! What was a call given, and what did it make of it?

use super::scene::Scene;
use crate::analysis::ledger::payload::{Payload, text, texts};
use crate::analysis::ledger::{CallId, Outcome};
use crate::analysis::value::Value;

/// The arguments of a call as one text, where they were recorded.
pub(super) fn arguments(scene: &Scene<'_>, call: CallId) -> Option<String> {
    let event = scene.ledger.event(scene.ledger.call(call).event)?;
    Some(text(Payload::read(event.data()).args)?.into_owned())
}

/// Each of them; `None` where they were not recorded.
pub(super) fn each_argument(scene: &Scene<'_>, call: CallId) -> Option<Vec<String>> {
    let event = scene.ledger.event(scene.ledger.call(call).event)?;
    let args = Payload::read(event.data()).args?;
    Some(texts(Some(args)))
}

/// What a call made of what it was given.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Made {
    /// The value.
    Returned(String),
    /// The reason of the exception.
    Raised(String),
}

/// What a call made; `None` where it was not recorded.
pub(super) fn made(scene: &Scene<'_>, call: CallId) -> Option<Made> {
    let call = scene.ledger.call(call);
    match call.outcome {
        Outcome::Open | Outcome::Ended => None,
        Outcome::Returned => {
            let event = scene.ledger.event(call.exit?)?;
            Some(Made::Returned(text(Payload::read(event.data()).result)?.into_owned()))
        }
        Outcome::Error | Outcome::Exit | Outcome::Throw => {
            Some(Made::Raised(scene.ledger.text(call.reason?).to_owned()))
        }
    }
}

/// The same as one text, to compare; what was raised is none that a value has.
pub(super) fn result(scene: &Scene<'_>, call: CallId) -> Option<String> {
    Some(match made(scene, call)? {
        Made::Returned(value) => value,
        Made::Raised(reason) => format!("raised {reason}"),
    })
}

/// The answer in what a `handle_call/3` returned: `1` of `{:reply, 1, state}` and of `{:stop, reason, 1, state}`.
pub(super) fn answer_in(result: &str) -> Option<&str> {
    match Value::read(result).tuple()? {
        [reply, answer, _] | [reply, answer, _, _] if reply.atom() == Some("reply") => Some(answer.text),
        [stop, _, answer, _] if stop.atom() == Some("stop") => Some(answer.text),
        _ => None,
    }
}
