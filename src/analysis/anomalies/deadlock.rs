//! Do processes wait for each other in a circle?
//!
//! A process that has called and got no reply waits for the callee. Followed from waiter to callee, a walk that comes
//! back to its start can go no further until one of them gives up.

use std::collections::{BTreeSet, HashMap};

use serde_json::json;

use super::{Confidence, Finding, Kind, Scene, span};
use crate::analysis::ledger::{Kind as MessageKind, Message, MessageId, Moment, ProcessId, Waited};
use crate::error::Result;

/// Longest circle looked for.
const MAX_CIRCLE: usize = 64;

/// A circle that is over so soon was none: a caller that does not wait looks like this.
const SHORTEST_NS: i64 = 1_000_000;

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let ledger = scene.ledger;
    let mut steps: Vec<(Moment, bool, MessageId)> = Vec::new();
    for (id, message) in (0..).zip(&ledger.messages) {
        if message.kind != MessageKind::Call || message.sender.is_none() || message.receiver.is_none() {
            continue;
        }
        steps.push((message.sent, true, id));
        if let Some(end) = end(scene, message) {
            steps.push((end, false, id));
        }
    }
    steps.sort_unstable();
    let mut waits: HashMap<ProcessId, MessageId> = HashMap::new();
    // The same processes at the same places in the source wait for each other again and again: told once, counted.
    let mut told: Vec<(BTreeSet<ProcessId>, Vec<MessageId>, usize)> = Vec::new();
    for (at, (_, is_start, id)) in steps.into_iter().enumerate() {
        if at % 4_096 == 4_095 {
            scene.checked()?;
        }
        let message = ledger.message(id);
        let (Some(waiter), Some(callee)) = (message.sender, message.receiver) else { continue };
        if !is_start {
            if waits.get(&waiter) == Some(&id) {
                waits.remove(&waiter);
            }
            continue;
        }
        waits.insert(waiter, id);
        let mut circle = vec![id];
        let mut at = callee;
        while at != waiter && circle.len() < MAX_CIRCLE {
            let Some(next) = waits.get(&at) else { break };
            circle.push(*next);
            at = ledger.message(*next).receiver.unwrap_or(at);
        }
        if at != waiter {
            continue;
        }
        // Clocks that disagree do not say whether they waited at one time.
        if circle.iter().any(|id| ledger.message(*id).is_skewed()) {
            continue;
        }
        let over = circle.iter().filter_map(|id| end(scene, ledger.message(*id))).min();
        if over.is_some_and(|over| over.since(message.sent) < SHORTEST_NS) {
            continue;
        }
        let members: BTreeSet<ProcessId> = circle.iter().filter_map(|id| ledger.message(*id).sender).collect();
        match told.iter_mut().find(|(known, ..)| *known == members) {
            Some((.., times)) => *times += 1,
            None => told.push((members, circle, 1)),
        }
    }
    for (_, circle, times) in told {
        found.push(describe(scene, &circle, times));
    }
    Ok(())
}

/// When a caller stopped waiting, or could have.
fn end(scene: &Scene<'_>, message: &Message) -> Option<Moment> {
    let reply = message.reply.map(|reply| scene.ledger.message(reply).sent);
    let waited = message.waited.map(|(moment, _)| moment);
    reply.into_iter().chain(waited).min()
}

fn describe(scene: &Scene<'_>, circle: &[MessageId], times: usize) -> Finding {
    let ledger = scene.ledger;
    // From the first who waited on.
    let start = (0..circle.len()).min_by_key(|at| ledger.message(circle[*at]).sent).unwrap_or_default();
    let circle: Vec<MessageId> = circle[start..].iter().chain(&circle[..start]).copied().collect();
    let label = |process: Option<ProcessId>| process.map_or_else(String::new, |process| ledger.full_label(process));
    let mut names: Vec<String> = circle.iter().map(|id| label(ledger.message(*id).sender)).collect();
    names.extend(names.first().cloned());
    let closed = circle.iter().map(|id| ledger.message(*id).sent).max();
    let closed = closed.unwrap_or(ledger.message(circle[0]).sent);
    let over = circle.iter().filter_map(|id| end(scene, ledger.message(*id))).min();
    let is_unseen = |id: &&MessageId| matches!(ledger.message(**id).waited, Some((_, Waited::Unseen)));
    let lasted = match over {
        Some(over) if circle.iter().find(is_unseen).is_some_and(|id| end(scene, ledger.message(*id)) == Some(over)) => {
            format!("for {} at least: something was not recorded then", span(over.since(closed)))
        }
        Some(over) => format!("for {}, until one gave up", span(over.since(closed))),
        None => "to the end of the recording".to_owned(),
    };
    let again = if times > 1 { format!(" ({times} times)") } else { String::new() };
    let what = format!("{} wait for each other {lasted}{again}", names.join(" -> "));
    let mut finding = Finding::new(Kind::Deadlock, Confidence::High, closed, what);
    for id in &circle {
        let message = ledger.message(*id);
        finding = finding
            .detail(format!(
                "{} called {} with {} at {}",
                label(message.sender),
                label(message.receiver),
                scene.traffic.content(message, 60),
                scene.traffic.place(message)
            ))
            .shown_by("call", message.event);
    }
    finding.refuted_by("a reply sent by one of them between the calls").next(
        "message_flow",
        json!({"only": "unanswered"}),
        "the calls nobody answered",
    )
}
