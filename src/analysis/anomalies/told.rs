//! What was a call given, and what did it make of it?

use super::scene::Scene;
use crate::analysis::ledger::payload::{Payload, text, texts};
use crate::analysis::ledger::{CallId, Outcome};

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

/// What a call returned, or `raised` what; `None` where neither was recorded.
pub(super) fn result(scene: &Scene<'_>, call: CallId) -> Option<String> {
    let call = scene.ledger.call(call);
    match call.outcome {
        Outcome::Open | Outcome::Ended => None,
        Outcome::Returned => {
            let event = scene.ledger.event(call.exit?)?;
            Some(text(Payload::read(event.data()).result)?.into_owned())
        }
        Outcome::Error | Outcome::Exit | Outcome::Throw => Some(format!("raised {}", scene.ledger.text(call.reason?))),
    }
}
