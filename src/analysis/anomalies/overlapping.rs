//! Which job is started again by its timer while its last run is still at it?
//!
//! Processes that one process has started, at regular times, each because of a message of a timer; all run the same
//! function with the same arguments, they end, and as a rule take longer than the time from one start to the next. So
//! several are at it at any time, and where they are in each other's way, ever more.
//!
//! What it cannot see: runs whose arguments differ, such as by a reference; a job that is started by a loop that sleeps,
//! or by requests of others (these may come as often as they like); runs of which none or one ends; a timer that sends a
//! different message each time; a server that lives on and is told to do the job.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::finding::{Confidence, Finding};
use super::handed::{Cause, Starts};
use super::kind::Kind;
use super::scene::Scene;
use super::told::each_argument;
use crate::analysis::found::{Found, Overlapping, Process};
use crate::analysis::ledger::payload::{Payload, text};
use crate::analysis::ledger::{Call, CallId, Callback, Kind as MessageKind, Moment, ProcessId, Sym};
use crate::analysis::setter::is_setter;
use crate::analysis::spawn::{Spawn, owner};
use crate::analysis::spread::median;
use crate::analysis::terms;
use crate::analysis::value::{brief, is_cut};
use crate::error::Result;

/// Starts during another run: fewer may be a slow day.
const FEWEST: usize = 3;

/// Runs that ended: what never ends is no run of a job.
const FEWEST_ENDED: usize = 2;

/// So many at once are not only one that is late.
const MANY: usize = 3;

/// What starts more often is no timer's work.
const SHORTEST_NS: i64 = 1_000_000;

/// Starts of one process that are read.
const MAX_READ: usize = 2_000;

/// Starts that are read in all.
const MAX_IN_ALL: usize = 20_000;

/// Calls of a process that set a timer, of which so many are read.
const MAX_TIMERS: usize = 64;

/// One run of a job.
#[derive(Clone, Copy)]
struct Run {
    process: ProcessId,
    start: Moment,
    /// `None`: it is at it to the end of its capture.
    end: Option<Moment>,
    /// Then that end.
    seen: i64,
}

impl Run {
    /// How long it took, or was seen to take.
    fn lasted(&self) -> i64 {
        self.end.map_or(self.seen, |end| end.at).saturating_sub(self.start.at)
    }
}

/// Runs of one job.
struct Runs<'r> {
    all: &'r [Run],
    /// Whether more were started than were read.
    is_cut: bool,
}

/// What a process was started for: what it is called, and all that makes two the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Job {
    name: String,
    given: Vec<String>,
    /// Whether that is what it was spawned with, not a call.
    is_spawn: bool,
}

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let ledger = scene.ledger;
    let ends = capture_ends(scene);
    let mut by_parent: BTreeMap<ProcessId, Vec<Run>> = BTreeMap::new();
    for (id, process) in (0..).zip(&ledger.processes) {
        let is_job = process.spawned.is_none() && process.name.is_none() && !process.is_helper;
        if let (true, Some(parent), Some((start, _))) = (is_job, process.parent, process.spawn) {
            let (end, seen) = (process.exit.as_ref().map(|exit| exit.moment), ends[&process.session]);
            // Of one that goes on across a seam it is not known whether it does.
            if end.is_some() || !scene.has_seam(id, start.at, seen.saturating_sub(1)) {
                by_parent.entry(parent).or_default().push(Run { process: id, start, end, seen });
            }
        }
    }
    let (starts, mut left) = (OnceCell::new(), MAX_IN_ALL);
    for mut runs in by_parent.into_values() {
        runs.sort_by_key(|run| run.start);
        if overlaps(&runs, 0).len() < FEWEST {
            continue;
        }
        scene.checked()?;
        let is_cut = runs.len() > MAX_READ.min(left);
        runs.truncate(MAX_READ.min(left));
        left -= runs.len();
        let starts = starts.get_or_init(|| Starts::of(scene));
        let mut jobs: BTreeMap<(ProcessId, Job), Vec<Run>> = BTreeMap::new();
        for run in runs {
            let by = starts.handed(scene, run.process).map(|handed| handed.by);
            if let (Some(by), Some(job)) = (by, job(scene, run)) {
                jobs.entry((by, job)).or_default().push(run);
            }
        }
        for ((by, job), runs) in jobs {
            found.extend(told(scene, starts, (by, &job), &Runs { all: &runs, is_cut }));
        }
    }
    Ok(())
}

/// When each session last told something of a process.
fn capture_ends(scene: &Scene<'_>) -> BTreeMap<Sym, i64> {
    let ledger = scene.ledger;
    let mut ends: BTreeMap<Sym, i64> = BTreeMap::new();
    let mut tell = |process: ProcessId, at: i64| {
        let newest = ends.entry(ledger.process(process).session).or_insert(at);
        *newest = at.max(*newest);
    };
    for (id, process) in (0..).zip(&ledger.processes) {
        let exit = process.exit.as_ref().map(|exit| exit.moment.at);
        process.spawn.iter().map(|(start, _)| start.at).chain(exit).for_each(|at| tell(id, at));
    }
    for call in &ledger.calls {
        tell(call.process, call.end.unwrap_or(call.start).at);
    }
    for message in &ledger.messages {
        let came = message.receiver.zip(message.received.map(|moment| moment.at));
        message
            .sender
            .map(|sender| (sender, message.sent.at))
            .into_iter()
            .chain(came)
            .for_each(|(id, at)| tell(id, at));
    }
    ends
}

/// Runs that began while one before was at it, each with the one that goes on longest; both took so long.
fn overlaps(runs: &[Run], at_least: i64) -> Vec<(Run, Run)> {
    let is_long = |run: &Run| run.end.is_none_or(|end| end.since(run.start) >= at_least);
    // Of those before the one that goes on longest: whoever overlaps one overlaps it.
    let mut longest: Option<Run> = None;
    let mut found = Vec::new();
    for run in runs.iter().filter(|run| is_long(run)) {
        match longest {
            Some(before) if before.end.is_none_or(|end| end > run.start) => found.push((before, *run)),
            _ => {}
        }
        let goes_on = |run: Run| run.end.map_or(i64::MAX, |end| end.at);
        longest = longest.filter(|before| goes_on(*before) > goes_on(*run)).or(Some(*run));
    }
    found
}

/// What a process was started for: the call that is nearly all it does; else all it was spawned with.
fn job(scene: &Scene<'_>, run: Run) -> Option<Job> {
    let ledger = scene.ledger;
    let job = match main_call(scene, run) {
        Some(call) => {
            let name = ledger.text(ledger.call(call).function).to_owned();
            Job { name, given: each_argument(scene, call)?, is_spawn: false }
        }
        None => spawned(scene, run)?,
    };
    let is_whole = |text: &String| !is_cut(text) && !text.contains("[REDACTED]");
    job.given.iter().all(is_whole).then_some(job)
}

fn spawned(scene: &Scene<'_>, run: Run) -> Option<Job> {
    let ledger = scene.ledger;
    let event = ledger.event(ledger.process(run.process).spawn?.1)?;
    let payload = Payload::read(event.data());
    let [module, function, args] = [payload.spawn_module, payload.spawn_function, payload.spawn_args].map(text);
    let args = args?;
    // This one is told later what to do.
    if args.contains("Task.Supervised, :reply") {
        return None;
    }
    let spawn = Spawn { module: module.as_deref()?, function: function.as_deref()?, args: &args };
    let first = scene.calls_of(run.process).next().map(|(_, call)| call);
    let name = first.map_or_else(|| name(spawn), |call| called(ledger.text(call.function)));
    Some(Job { name, given: vec![args.clone().into_owned()], is_spawn: true })
}

/// What a function is called for a reader; `fn in Scheduler.handle_info/2`.
fn called(function: &str) -> String {
    let home = terms::home(function);
    if home == function { home } else { format!("fn in {home}") }
}

/// What a process runs, where no function of it was traced.
fn name(spawn: Spawn<'_>) -> String {
    let (module, function) = spawn.runs();
    match owner(spawn.args) {
        Some(owner) => format!("fn in {owner}"),
        None => format!("{module}.{function}"),
    }
}

/// The call with a name that is nearly all a run does.
fn main_call(scene: &Scene<'_>, run: Run) -> Option<CallId> {
    let ledger = scene.ledger;
    let is_outer = |call: CallId| ledger.around(call).all(|around| ledger.call(around).is_anonymous);
    let mut outer = scene.calls_of(run.process).filter(|(id, call)| !call.is_anonymous && is_outer(*id));
    let is_main = |call: &Call| match run.end {
        Some(end) => call.duration.is_some_and(|ns| ns >= end.since(run.start) / 5 * 4),
        None => call.end.is_none(),
    };
    outer.find(|(_, call)| is_main(call)).map(|(id, _)| id)
}

fn told(scene: &Scene<'_>, starts: &Starts, (by, job): (ProcessId, &Job), runs: &Runs<'_>) -> Option<Finding> {
    let ledger = scene.ledger;
    let Runs { all: runs, is_cut } = *runs;
    if runs.len() <= FEWEST {
        return None;
    }
    let period = period(runs)?;
    let mut took: Vec<i64> = runs.iter().map(Run::lasted).collect();
    took.sort_unstable();
    let longest = took.last().copied().unwrap_or_default();
    let ended = runs.iter().filter(|run| run.end.is_some()).count();
    // A run that finds another at it and ends at once is as it should be.
    let overlaps = overlaps(runs, period / 2);
    if ended < FEWEST_ENDED || median(&took) <= period || overlaps.len() < FEWEST {
        return None;
    }
    let tick = tick(scene, starts, by, runs)?;
    let counts = at_once(runs);
    let most = counts.iter().copied().max().unwrap_or_default();
    // More and more of them, to the end: each is in the way of the next.
    let is_most_last = most >= MANY && counts.last() == Some(&most);
    let begun = usize::try_from(longest / period).map_or(counts.len(), |runs| runs + 1).min(counts.len());
    let grows = !is_cut && is_most_last && (is_more(&counts[begun..]) || is_longer(runs));
    let overlapping = Overlapping {
        by: Process::of(ledger, by),
        job: job.name.clone(),
        given: (!job.is_spawn).then(|| brief::cut(&job.given.join(", "), 80)),
        is_timer: is_timer(scene, by, &tick),
        tick: brief::cut(&tick.said, 60),
        runs: runs.len(),
        is_cut,
        overlapped: overlaps.len(),
        short: runs.iter().filter(|run| run.end.is_some() && run.lasted() < period / 2).count(),
        most_at_once: most,
        grows,
        period_ns: period,
        median_ns: median(&took),
        longest_ns: longest,
        open_ns: runs.iter().filter(|run| run.end.is_none()).map(Run::lasted).max(),
        unfinished: runs.len() - ended,
    };
    let confidence = if grows { Confidence::High } else { Confidence::Medium };
    let spawn = |run: Run| ledger.process(run.process).spawn.map(|(_, event)| event);
    let (first, last) = (overlaps[0], overlaps[overlaps.len() - 1]);
    let finding = Finding::of(Kind::OverlappingRuns, confidence, first.1.start, Found::Overlapping(overlapping))
        .shown_by("at_it", spawn(first.0))
        .shown_by("started_again", spawn(first.1))
        .shown_by("first_ended", ledger.process(first.0.process).exit.as_ref().map(|exit| exit.event))
        .shown_by("last_started", spawn(last.1));
    Some(finding)
}

/// The time between starts, where these are regular.
fn period(runs: &[Run]) -> Option<i64> {
    let gaps: Vec<i64> = runs.windows(2).map(|pair| pair[1].start.since(pair[0].start)).collect();
    let mut sorted = gaps.clone();
    sorted.sort_unstable();
    let period = median(&sorted);
    let regular = gaps.iter().filter(|gap| **gap >= period / 2 && **gap <= period / 2 * 3).count();
    (period >= SHORTEST_NS && regular * 4 >= gaps.len() * 3).then_some(period)
}

/// What is said to the process each time.
struct Tick {
    said: String,
    /// Whether each is a message of the process to itself.
    is_own: bool,
}

/// What the timer says: the same each time, and nobody else has asked.
fn tick(scene: &Scene<'_>, starts: &Starts, by: ProcessId, runs: &[Run]) -> Option<Tick> {
    let ledger = scene.ledger;
    let mut all: Option<(Vec<Cause>, Tick)> = None;
    for run in runs {
        let handed = starts.handed(scene, run.process)?;
        let order = starts.order(scene, handed, &[])?;
        // A timer sends no cast; of a call it is not known who made it often.
        let (is_info, is_own) = match order.cause {
            Cause::Message(id) => {
                let message = ledger.message(id);
                (message.kind == MessageKind::Info, message.sender == Some(by))
            }
            Cause::Callback(id) => (ledger.call(id).callback == Some(Callback::Info), false),
            Cause::Call(_) => (false, false),
        };
        if order.who.is_some() || !is_info || handed.by != by {
            return None;
        }
        match &mut all {
            None => all = Some((vec![order.cause], Tick { said: order.said, is_own })),
            Some((causes, tick)) if tick.said == order.said && causes.last() != Some(&order.cause) => {
                causes.push(order.cause);
                tick.is_own &= is_own;
            }
            Some(_) => return None,
        }
    }
    all.map(|(_, tick)| tick)
}

/// Whether a timer is known to send it: from the process itself, or set in a call of it that was traced.
fn is_timer(scene: &Scene<'_>, by: ProcessId, tick: &Tick) -> bool {
    let sets = |call: &Call| is_setter(scene.ledger.text(call.function));
    let is_for = |id: CallId| each_argument(scene, id).is_some_and(|given| given.contains(&tick.said));
    tick.is_own || scene.calls_of(by).filter(|(_, call)| sets(call)).take(MAX_TIMERS).any(|(id, _)| is_for(id))
}

/// How many were at it at each start.
fn at_once(runs: &[Run]) -> Vec<usize> {
    let mut ends: Vec<Moment> = runs.iter().filter_map(|run| run.end).collect();
    ends.sort_unstable();
    let count = |(before, run): (usize, &Run)| before + 1 - ends.partition_point(|end| *end <= run.start);
    runs.iter().enumerate().map(count).collect()
}

/// Whether each third has more at its most than the one before.
fn is_more(counts: &[usize]) -> bool {
    let third = counts.len() / 3;
    let most = |counts: &[usize]| counts.iter().copied().max().unwrap_or_default();
    let [first, second, last] = [&counts[..third], &counts[third..third * 2], &counts[third * 2..]].map(most);
    third > 1 && first < second && second < last
}

/// Whether runs take longer and longer, of those that ended; the first ones only fill what is free.
fn is_longer(runs: &[Run]) -> bool {
    let took: Vec<i64> = runs.iter().filter(|run| run.end.is_some()).map(Run::lasted).collect();
    let third = took.len() / 3;
    let typical = |took: &[i64]| {
        let mut took = took.to_vec();
        took.sort_unstable();
        median(&took)
    };
    if third < 2 {
        return false;
    }
    let [first, second, last] = [&took[..third], &took[third..third * 2], &took[third * 2..]].map(typical);
    first < second && second < last && last / 3 * 2 > first
}
