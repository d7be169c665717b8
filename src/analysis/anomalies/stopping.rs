//! Who waits for another to stop? `GenServer.stop` and its like ask for it by a message, and wait for the end.

use super::scene::Scene;
use super::starting::open_call;
use crate::analysis::ledger::{Kind, MessageId, Moment, ProcessId};

/// Requests that are looked at.
const MAX_STOPS: usize = 1_000;

/// One that waits for the end of another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop {
    pub(super) request: MessageId,
    pub(super) asker: ProcessId,
    /// Whom it asks to stop.
    pub(super) other: ProcessId,
    pub(super) since: Moment,
    /// When that one ended, or the asker did something else; `None`: never, as far as is recorded.
    pub(super) until: Option<Moment>,
}

/// All of them, in the order they began.
pub(super) fn stops(scene: &Scene<'_>) -> Vec<Stop> {
    let ledger = scene.ledger;
    let requests = (0..).zip(&ledger.messages).filter(|(_, message)| message.kind == Kind::System);
    let mut all = Vec::new();
    for (request, message) in requests {
        let (Some(asker), Some(other)) = (message.sender, message.receiver) else { continue };
        if all.len() == MAX_STOPS {
            break;
        }
        if !scene.traffic.whole(message).contains("{:terminate, ") {
            continue;
        }
        let since = message.sent;
        let end = |process: ProcessId| ledger.process(process).exit.as_ref().map(|exit| exit.moment);
        let calls = &scene.by_process[asker as usize];
        let next = calls.get(calls.partition_point(|call| ledger.call(*call).start <= since));
        let next = next.map(|call| ledger.call(*call).start);
        let came_back = open_call(scene, asker, since).and_then(|call| ledger.call(call).end);
        let until = [end(other), end(asker), next, came_back].into_iter().flatten().filter(|at| *at > since).min();
        all.push(Stop { request, asker, other, since, until });
    }
    all
}
