//! What fails and is asked again at once, for ever, with the same answer?
//!
//! A round is a callback that takes a message its process sent to itself in the round before (or that it was sent on to
//! by `handle_continue` or a timeout of zero), or a call of a function by itself. In every round the same calls with the
//! same results, one of them an error, and no other process told anything: nobody waits for what is
//! wrong to pass.
//!
//! What it cannot see: what fails within an untraced function; rounds that differ in what they call or are told; a retry
//! through two functions or two processes in turn; rounds that a recorder has left out.

use std::cell::OnceCell;
use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use super::told::{Made, arguments, each_argument, made};
use crate::analysis::found::{Again, Failed, Found, HotLoop, Process};
use crate::analysis::ledger::{Call, CallId, Callback, ProcessId};
use crate::analysis::spread::median;
use crate::analysis::terms;
use crate::analysis::value::brief;
use crate::error::Result;

/// Fewer rounds may be a retry that is meant to be quick.
const FEWEST: usize = 50;

/// As many are surely more than that.
const MANY: usize = 200;

/// Who waits so long between an error and the next round has paused.
const PAUSE_NS: i64 = 1_000_000;

/// Rounds looked at; a loop goes on like that.
const MAX_ROUNDS: usize = 5_000;

/// Calls that a round makes at most: more is work.
const MAX_CALLS: usize = 4;

/// Calls around a send that are looked at.
const MAX_DEEP: usize = 16;

/// Calls of a round with sends that are looked at.
const MAX_SENDS: usize = 16;

/// Bytes of an error that are told; of an exception with the word before it.
const LONGEST: usize = 100;

/// What a call was given and made of it.
#[derive(Clone, PartialEq, Eq)]
struct Said {
    args: String,
    made: Made,
}

/// Rounds one after the other.
struct Run {
    rounds: Vec<CallId>,
    is_recursion: bool,
}

/// Calls in which a process sent something to another, in their order.
type Sends = HashMap<ProcessId, Vec<CallId>, FixedState>;

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let sends: OnceCell<Sends> = OnceCell::new();
    for process in 0..scene.ledger.processes.len() as ProcessId {
        for run in runs(scene, process) {
            scene.checked()?;
            found.extend(failing(scene, sends.get_or_init(|| sends_to_others(scene)), process, &run));
        }
    }
    Ok(())
}

fn sends_to_others(scene: &Scene<'_>) -> Sends {
    let mut sends = Sends::default();
    for message in &scene.ledger.messages {
        if let (Some(sender), Some(call)) =
            (message.sender.filter(|_| message.sender != message.receiver), message.sent_in)
        {
            sends.entry(sender).or_default().push(call);
        }
    }
    for calls in sends.values_mut() {
        calls.sort_unstable();
        calls.dedup();
    }
    sends
}

/// Whether a round sent something to another process beside what the call that fails sent.
fn tells_others(scene: &Scene<'_>, sends: &Sends, round: CallId, failed: CallId) -> bool {
    let ledger = scene.ledger;
    let of = sends.get(&ledger.call(round).process).map(Vec::as_slice).unwrap_or_default();
    let from = of.partition_point(|call| *call < round);
    let within = of[from..].iter().copied().take_while(|call| *call == round || ledger.is_around(round, *call));
    // Of a recursion the rounds after this one are within it.
    let function = ledger.call(round).function;
    let round_of = |call: CallId| {
        let mut outwards = std::iter::once(call).chain(ledger.around(call)).take(MAX_DEEP);
        outwards.find(|one| ledger.call(*one).function == function)
    };
    within.take(MAX_SENDS).any(|call| {
        let is_of_failure = call == failed || ledger.is_around(failed, call);
        !is_of_failure && round_of(call) == Some(round)
    })
}

/// The runs of a process that are long enough.
fn runs(scene: &Scene<'_>, process: ProcessId) -> Vec<Run> {
    let ledger = scene.ledger;
    let (mut done, mut runs) = (Vec::new(), Vec::<Run>::new());
    // The run each newest round belongs to.
    let mut open: HashMap<CallId, usize, FixedState> = HashMap::default();
    let mut before: Option<CallId> = None;
    for (id, call) in scene.calls_of(process) {
        let is_callback = matches!(call.callback, Some(Callback::Info | Callback::Cast | Callback::Continue));
        if !is_callback && call.parent.is_none_or(|parent| ledger.call(parent).function != call.function) {
            if call.callback.is_some() {
                before = Some(id);
            }
            continue;
        }
        let last = if is_callback { round_before(scene, id, call, before) } else { call.parent };
        let at = last.and_then(|last| Some((last, open.remove(&last)?)));
        let at = match (at, last) {
            (Some((_, at)), _) => at,
            (None, Some(last)) if !is_callback => {
                runs.push(Run { rounds: vec![last], is_recursion: true });
                runs.len() - 1
            }
            _ => {
                runs.push(Run { rounds: Vec::new(), is_recursion: false });
                runs.len() - 1
            }
        };
        runs[at].rounds.push(id);
        open.insert(id, at);
        if is_callback {
            before = Some(id);
        }
    }
    done.extend(runs.into_iter().filter(|run| run.rounds.len() >= FEWEST));
    done
}

/// The round that led to a callback, if nothing but it did.
fn round_before(scene: &Scene<'_>, id: CallId, call: &Call, before: Option<CallId>) -> Option<CallId> {
    let ledger = scene.ledger;
    let is_round = |one: CallId| one < id && ledger.call(one).function == call.function;
    match call.message.map(|message| ledger.message(message)) {
        Some(message) => {
            let sent_in = message.sent_in.filter(|_| message.sender == Some(call.process))?;
            std::iter::once(sent_in).chain(ledger.around(sent_in)).find(|one| is_round(*one))
        }
        // Sent on, or a timeout: by the callback before it.
        None => before.filter(|one| call.callback != Some(Callback::Cast) && is_round(*one)),
    }
}

/// The longest stretch of rounds around the middle one in which one call fails alike.
fn failing(scene: &Scene<'_>, sends: &Sends, process: ProcessId, run: &Run) -> Option<Finding> {
    let ledger = scene.ledger;
    let rounds = &run.rounds[..run.rounds.len().min(MAX_ROUNDS)];
    let middle = rounds.len() / 2;
    let call = ledger.call(rounds[middle]);
    if !run.is_recursion && call.callback == Some(Callback::Info) && call.message.is_none() {
        // Of what else comes without a send, such as the exit of another, nobody asked for the next.
        let is_timeout = each_argument(scene, rounds[middle])?.first().is_some_and(|message| message == ":timeout");
        if !is_timeout {
            return None;
        }
    }
    let model = said(scene, rounds, middle)?;
    let fails = model.iter().position(|(_, said)| is_error(&said.made))?;
    let begun = arguments(scene, rounds[middle])?;
    // A look-up that finds nothing is no failure where the rounds get on; of one that says why only its tries are counted.
    let is_strict = model[fails].1.made == Made::Returned(":error".to_owned());
    let is_alike = |at: usize| {
        let args = arguments(scene, rounds[at])?;
        if args != begun && (is_strict || without_digits(&args) != without_digits(&begun)) {
            return None;
        }
        let round = said(scene, rounds, at).filter(|round| round.len() == model.len())?;
        // What succeeds with other values gets on.
        let same = round.iter().zip(&model).all(|((call, said), (other, known))| {
            said == known && ledger.call(*call).function == ledger.call(*other).function
        });
        if tells_others(scene, sends, rounds[at], round[fails].0) {
            return None;
        }
        let failed = ledger.call(round[fails].0);
        let next = rounds.get(at + 1).map(|next| ledger.call(*next).start.since(failed.end.unwrap_or(failed.start)));
        (same && next.is_none_or(|pause| (0..PAUSE_NS).contains(&pause))).then_some((round[fails].0, next))
    };
    let first = (0..=middle).rev().take_while(|at| is_alike(*at).is_some()).last()?;
    let all: Vec<(CallId, Option<i64>)> = (first..rounds.len()).map_while(is_alike).collect();
    if all.len() < FEWEST {
        return None;
    }
    let mut pauses: Vec<i64> = all.iter().filter_map(|(_, pause)| *pause).collect();
    pauses.sort_unstable();
    Some(describe(scene, process, run, rounds[first], &all, (&model[fails].1, median(&pauses))))
}

/// What the calls of a round said, in their order; `None` when it did more than a retry does.
fn said(scene: &Scene<'_>, rounds: &[CallId], at: usize) -> Option<Vec<(CallId, Said)>> {
    let ledger = scene.ledger;
    let (round, next) = (rounds[at], rounds.get(at + 1).copied().unwrap_or(CallId::MAX));
    let of = &scene.by_process[ledger.call(round).process as usize];
    let calls = of[of.partition_point(|id| *id <= round)..].iter().copied();
    let inside = calls.take_while(|id| *id < next && ledger.is_around(round, *id));
    let direct: Vec<CallId> = inside.filter(|id| ledger.call(*id).parent == Some(round)).take(MAX_CALLS + 1).collect();
    if direct.is_empty() || direct.len() > MAX_CALLS {
        return None;
    }
    let read = |id: CallId| Some((id, Said { args: arguments(scene, id)?, made: made(scene, id)? }));
    direct.into_iter().map(read).collect()
}

/// An error that is told by value, or an exception.
fn is_error(made: &Made) -> bool {
    match made {
        Made::Returned(value) => value == ":error" || value.starts_with("{:error, "),
        Made::Raised(_) => true,
    }
}

fn without_digits(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

fn describe(
    scene: &Scene<'_>,
    process: ProcessId,
    run: &Run,
    round: CallId,
    all: &[(CallId, Option<i64>)],
    (said, pause): (&Said, i64),
) -> Finding {
    let ledger = scene.ledger;
    let (first, last) = (ledger.call(all[0].0), ledger.call(all[all.len() - 1].0));
    let failed = match &said.made {
        Made::Returned(error) => Failed::Returned(brief::cut(error, LONGEST)),
        Made::Raised(reason) => Failed::Raised(brief::cut(reason, LONGEST - "raised ".len())),
    };
    let around = ledger.call(ledger.named(round));
    let message = ledger.call(run.rounds[run.rounds.len() - 1]).message.map(|message| ledger.message(message));
    let again = match message {
        _ if run.is_recursion => Again::CallsItself { function: terms::home(ledger.text(around.function)) },
        Some(message) => {
            Again::Message { message: scene.traffic.content(message, 60), sent: scene.traffic.place(message) }
        }
        None => Again::Follows { function: ledger.text(around.function).to_owned() },
    };
    let arguments = each_argument(scene, all[0].0).filter(|arguments| !arguments.is_empty());
    let hot_loop = HotLoop {
        process: Process::of(ledger, process),
        function: terms::home(ledger.text(first.function)),
        called_at: scene.traffic.call_place(first),
        arguments: arguments.map(|arguments| brief::cut(&arguments.join(", "), 80)),
        failed,
        rounds: all.len(),
        is_least: run.rounds.len() > MAX_ROUNDS,
        within_ns: last.end.unwrap_or(last.start).since(first.start),
        pause_ns: pause,
        again,
    };
    let confidence = if all.len() >= MANY { Confidence::High } else { Confidence::Medium };
    Finding::of(Kind::HotLoop, confidence, first.start, Found::HotLoop(hot_loop))
        .shown_by("first", first.event)
        .shown_by("first_error", first.exit)
        .shown_by("round", ledger.call(round).event)
        .shown_by("last", last.event)
}
