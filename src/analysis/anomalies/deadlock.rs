//! Do processes wait for each other in a circle?
//!
//! A process that has called and got no reply waits for the callee, one that
//! starts another for its `init/1`, and one that stops another for its end. Followed
//! from waiter to waited for, a walk that comes back to its start can go no further until one of them gives up.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use super::starting::{Start, open_call, starts};
use super::stopping::{Stop, stops};
use crate::analysis::found::{Circle, Found, Lasted, OpenCall, Process, Wait as Waiting, WaitFor};
use crate::analysis::ledger::{Kind as MessageKind, Message, MessageId, Moment, ProcessId, Sym, Waited};
use crate::analysis::terms;
use crate::error::Result;

/// Longest circle looked for.
const MAX_CIRCLE: usize = 64;

/// A circle that is over so soon was none: a caller that does not wait looks like this.
const SHORTEST_NS: i64 = 1_000_000;

/// Why a process waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wait {
    /// For the answer to a call.
    Answer(MessageId),
    /// For a process to be started: the place in the list of starts.
    Start(usize),
    /// For a process to stop: the place in the list of stops.
    Stop(usize),
}

/// Everything that is waited for.
struct Waits<'s, 'l> {
    scene: &'s Scene<'l>,
    starts: Vec<Start>,
    stops: Vec<Stop>,
}

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let all = Waits { scene, starts: starts(scene), stops: stops(scene) };
    let mut steps: Vec<(Moment, bool, Wait)> = Vec::new();
    let calls = (0..).zip(&scene.ledger.messages).filter(|(_, message)| message.kind == MessageKind::Call);
    let waits = calls.map(|(id, _)| Wait::Answer(id)).chain((0..all.starts.len()).map(Wait::Start));
    let waits = waits.chain((0..all.stops.len()).map(Wait::Stop));
    for wait in waits.filter(|wait| all.waiter(*wait).is_some() && all.waited_for(*wait).is_some()) {
        steps.push((all.since(wait), true, wait));
        steps.extend(all.end(wait).map(|end| (end, false, wait)));
    }
    steps.sort_unstable();
    let mut waits: HashMap<ProcessId, Wait> = HashMap::new();
    // The same processes at the same places in the source wait for each other again and again: told once, counted.
    let mut told: BTreeMap<BTreeSet<ProcessId>, (Vec<Wait>, usize)> = BTreeMap::new();
    for (at, (since, is_start, wait)) in steps.into_iter().enumerate() {
        if at % 4_096 == 4_095 {
            scene.checked()?;
        }
        let (Some(waiter), Some(first)) = (all.waiter(wait), all.waited_for(wait)) else { continue };
        if !is_start {
            if waits.get(&waiter) == Some(&wait) {
                waits.remove(&waiter);
            }
            continue;
        }
        waits.insert(waiter, wait);
        let mut circle = vec![wait];
        let mut at = first;
        while at != waiter && circle.len() < MAX_CIRCLE {
            let Some(next) = waits.get(&at) else { break };
            circle.push(*next);
            at = all.waited_for(*next).unwrap_or(at);
        }
        // Clocks that disagree do not say whether they waited at one time.
        if at != waiter || circle.iter().any(|wait| all.is_skewed(*wait)) {
            continue;
        }
        let over = circle.iter().filter_map(|wait| all.end(*wait)).min();
        if over.is_some_and(|over| over.since(since) < SHORTEST_NS) {
            continue;
        }
        let members: BTreeSet<ProcessId> = circle.iter().filter_map(|wait| all.waiter(*wait)).collect();
        told.entry(members).or_insert((circle, 0)).1 += 1;
    }
    found.extend(told.into_values().map(|(circle, times)| describe(&all, &circle, times)));
    Ok(())
}

impl Waits<'_, '_> {
    fn message(&self, wait: Wait) -> Option<&Message> {
        match wait {
            Wait::Answer(id) => Some(self.scene.ledger.message(id)),
            Wait::Stop(at) => Some(self.scene.ledger.message(self.stops[at].request)),
            Wait::Start(_) => None,
        }
    }

    fn waiter(&self, wait: Wait) -> Option<ProcessId> {
        match wait {
            Wait::Answer(id) => self.scene.ledger.message(id).sender,
            Wait::Start(at) => Some(self.starts[at].starter),
            Wait::Stop(at) => Some(self.stops[at].asker),
        }
    }

    fn waited_for(&self, wait: Wait) -> Option<ProcessId> {
        match wait {
            Wait::Answer(id) => self.scene.ledger.message(id).receiver,
            Wait::Start(at) => Some(self.starts[at].started),
            Wait::Stop(at) => Some(self.stops[at].other),
        }
    }

    fn since(&self, wait: Wait) -> Moment {
        match wait {
            Wait::Answer(id) => self.scene.ledger.message(id).sent,
            Wait::Start(at) => self.starts[at].since,
            Wait::Stop(at) => self.stops[at].since,
        }
    }

    /// When it stopped waiting, or could have.
    fn end(&self, wait: Wait) -> Option<Moment> {
        let message = match wait {
            Wait::Answer(id) => self.scene.ledger.message(id),
            Wait::Start(at) => return self.starts[at].until,
            Wait::Stop(at) => return self.stops[at].until,
        };
        let reply = message.reply.map(|reply| self.scene.ledger.message(reply).sent);
        let waited = message.waited.map(|(moment, _)| moment);
        reply.into_iter().chain(waited).min()
    }

    fn is_skewed(&self, wait: Wait) -> bool {
        self.message(wait).is_some_and(Message::is_skewed)
    }

    fn is_unseen(&self, wait: Wait) -> bool {
        self.message(wait).is_some_and(|message| matches!(message.waited, Some((_, Waited::Unseen))))
    }

    /// Who waits for what, and where that is.
    fn told(&self, wait: Wait) -> Waiting {
        let (ledger, traffic) = (self.scene.ledger, &self.scene.traffic);
        let process = |id: Option<ProcessId>| id.map(|id| Process::of(ledger, id));
        let what = match self.message(wait) {
            Some(message) if matches!(wait, Wait::Stop(_)) => WaitFor::Stop { sent: traffic.place(message) },
            Some(message) => WaitFor::Answer { message: traffic.content(message, 60), sent: traffic.place(message) },
            None => {
                let open = self.waiter(wait).and_then(|waiter| open_call(self.scene, waiter, self.since(wait)));
                let open = open.map(|open| ledger.call(open));
                let within = open.map(|call| OpenCall {
                    function: terms::home(ledger.text(call.function)),
                    called_at: traffic.call_place(call),
                });
                WaitFor::Start { within }
            }
        };
        Waiting { waiter: process(self.waiter(wait)), waits_for: process(self.waited_for(wait)), what }
    }

    fn event(&self, wait: Wait) -> Option<Sym> {
        match wait {
            Wait::Answer(id) => Some(self.scene.ledger.message(id).event),
            Wait::Start(at) => self.scene.ledger.process(self.starts[at].started).spawn.map(|(_, event)| event),
            Wait::Stop(at) => Some(self.scene.ledger.message(self.stops[at].request).event),
        }
    }
}

fn describe(all: &Waits<'_, '_>, circle: &[Wait], times: usize) -> Finding {
    // From the first who waited on.
    let start = (0..circle.len()).min_by_key(|at| all.since(circle[*at])).unwrap_or_default();
    let circle: Vec<Wait> = circle[start..].iter().chain(&circle[..start]).copied().collect();
    let closed = circle.iter().map(|wait| all.since(*wait)).max().unwrap_or(all.since(circle[0]));
    let over = circle.iter().filter_map(|wait| all.end(*wait)).min();
    let unseen = circle.iter().find(|wait| all.is_unseen(**wait));
    let lasted = match over {
        Some(over) if unseen.is_some_and(|wait| all.end(*wait) == Some(over)) => {
            Lasted::AtLeast { ns: over.since(closed) }
        }
        Some(over) => Lasted::For { ns: over.since(closed) },
        None => Lasted::ToTheEnd,
    };
    let waits = circle.iter().map(|wait| all.told(*wait)).collect();
    let found = Found::Deadlock(Circle { waits, lasted, times });
    let finding = Finding::of(Kind::Deadlock, Confidence::High, closed, found);
    circle.iter().fold(finding, |finding, wait| {
        let role = match wait {
            Wait::Answer(_) => "call",
            Wait::Start(_) => "start",
            Wait::Stop(_) => "stop",
        };
        finding.shown_by(role, all.event(*wait))
    })
}
