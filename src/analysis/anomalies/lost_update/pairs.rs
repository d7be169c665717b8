//! Which two functions read and write one value?
//!
//! By the shape of their calls alone: one call makes both, the reader first; the writer is given what the reader was
//! given, and one value more, which is of the sort of what the reader gave. `get(key)` and `put(key, value)`, whatever
//! they are called; or `item(name)` and `store(item)`, where the item has its name in it.

use std::collections::{BTreeMap, HashMap, HashSet};

use foldhash::fast::FixedState;

use crate::analysis::anomalies::scene::Scene;
use crate::analysis::anomalies::told::{each_argument, result};
use crate::analysis::ledger::{CallId, Moment, Outcome, ProcessId, Sym};
use crate::analysis::terms;
use crate::analysis::value::{Kind as Form, Value, is_cut};
use crate::error::Result;

/// Calls of one caller before a write that are looked at for its read.
const BEFORE: usize = 8;

/// Pairs of calls of two functions that are read.
const MAX_PAIRS: usize = 1_000;

/// Of all functions.
const MAX_READ: usize = 6_000;

/// When none of so many first pairs has the shape, no other will.
const TRIES: usize = 8;

const NONE: CallId = CallId::MAX;

/// A read and the write after it, by one call.
pub(super) struct Pair {
    pub(super) read: CallId,
    pub(super) write: CallId,
    pub(super) process: ProcessId,
    /// What the reader was given.
    pub(super) key: Vec<String>,
    pub(super) from: String,
    pub(super) to: String,
}

/// Pairs by their two functions.
pub(super) type Pairs = BTreeMap<(Sym, Sym), Vec<Pair>>;

/// Calls that may read or write, and which other of the same caller was before each.
struct Siblings {
    before: Vec<CallId>,
    /// Of its function; `u8::MAX`: it is no such call.
    arity: Vec<u8>,
}

impl Siblings {
    fn of(scene: &Scene<'_>) -> Self {
        let calls = &scene.ledger.calls;
        let mut last = vec![NONE; calls.len()];
        let mut all = Self { before: vec![NONE; calls.len()], arity: vec![u8::MAX; calls.len()] };
        for (id, call) in (0..).zip(calls) {
            let is_plain = !call.is_anonymous && !call.is_span && call.callback.is_none();
            let Some(parent) = call.parent.filter(|_| is_plain && call.outcome == Outcome::Returned) else { continue };
            let arity = scene.ledger.text(call.function).rsplit_once('/').and_then(|(_, arity)| arity.parse().ok());
            all.arity[id as usize] = arity.unwrap_or(u8::MAX);
            all.before[id as usize] = std::mem::replace(&mut last[parent as usize], id);
        }
        all
    }

    /// Each call with those before it that may have read what it wrote, the nearest first.
    fn pairs(&self, scene: &Scene<'_>, mut each: impl FnMut(CallId, CallId)) {
        let calls = &scene.ledger.calls;
        for (write, arity) in (0..).zip(&self.arity).filter(|(_, arity)| (1..=6).contains(*arity)) {
            let mut read = self.before[write as usize];
            for _ in 0..BEFORE {
                if read == NONE {
                    break;
                }
                let is_one_more = matches!(arity.checked_sub(self.arity[read as usize]), Some(0 | 1));
                if is_one_more && calls[read as usize].function != calls[write as usize].function {
                    each(read, write);
                }
                read = self.before[read as usize];
            }
        }
    }
}

/// How far the pairs of two functions reach.
struct Reach {
    until: Moment,
    process: ProcessId,
    overlaps: bool,
}

/// Pairs of functions of which several processes are between read and write at the same time.
///
/// # Errors
/// [`Cancelled`](crate::ErrorKind::Cancelled) when the watch ended it.
pub(super) fn pairs(scene: &Scene<'_>) -> Result<Pairs> {
    let ledger = scene.ledger;
    let siblings = Siblings::of(scene);
    scene.checked()?;
    let functions = |read: CallId, write: CallId| (ledger.call(read).function, ledger.call(write).function);
    let mut reach: HashMap<(Sym, Sym), Reach, FixedState> = HashMap::default();
    siblings.pairs(scene, |read, write| {
        let (from, to) = (ledger.call(read).start, ledger.call(write).end.unwrap_or(ledger.call(write).start));
        let process = ledger.call(write).process;
        let of = reach.entry(functions(read, write));
        let of = of.or_insert(Reach { until: to, process, overlaps: false });
        of.overlaps |= process != of.process && from < of.until;
        if to > of.until {
            (of.until, of.process) = (to, process);
        }
    });
    scene.checked()?;
    let mut calls: BTreeMap<(Sym, Sym), Vec<(CallId, CallId)>> =
        reach.into_iter().filter(|(_, reach)| reach.overlaps).map(|(of, _)| (of, Vec::new())).collect();
    if calls.is_empty() {
        return Ok(Pairs::new());
    }
    // What asks another process is seen there.
    let asks = calls_that_send(scene);
    siblings.pairs(scene, |read, write| {
        if asks[read as usize] || asks[write as usize] {
            return;
        }
        if let Some(calls) = calls.get_mut(&functions(read, write)).filter(|calls| calls.len() < MAX_PAIRS) {
            calls.push((read, write));
        }
    });
    let mut left = MAX_READ;
    let mut pairs = Pairs::new();
    for (functions, calls) in calls {
        scene.checked()?;
        let fitting = fitting(scene, &calls, &mut left);
        if fitting.len() > 1 {
            pairs.insert(functions, fitting);
        }
    }
    Ok(pairs)
}

/// Calls in which a message was sent; the runtime asks for code without being told to.
fn calls_that_send(scene: &Scene<'_>) -> Vec<bool> {
    let ledger = scene.ledger;
    let mut sends = vec![false; ledger.calls.len()];
    for message in &ledger.messages {
        let is_runtime = message.name.is_some_and(|name| ledger.text(name) == ":code_server");
        let Some(call) = message.sent_in.filter(|_| !is_runtime) else { continue };
        for call in std::iter::once(call).chain(ledger.around(call)) {
            if std::mem::replace(&mut sends[call as usize], true) {
                break;
            }
        }
    }
    sends
}

fn fitting(scene: &Scene<'_>, calls: &[(CallId, CallId)], left: &mut usize) -> Vec<Pair> {
    let mut used: HashSet<CallId, FixedState> = HashSet::default();
    let mut fitting: Vec<Pair> = Vec::new();
    let mut has_shape = false;
    for (tried, (read, write)) in calls.iter().enumerate() {
        if *left == 0 || (tried >= TRIES && !has_shape) {
            break;
        }
        // A value is written once for a read, and a write has one read.
        if used.contains(read) || used.contains(write) {
            continue;
        }
        if has_shape {
            *left -= 1;
        }
        let Some(fit) = Fit::of(scene, *read, *write) else { continue };
        has_shape = true;
        used.extend([*read, *write]);
        let is_written = result(scene, *write).is_some_and(|result| !is_refusal(&result));
        if is_written && fit.are_alike && fit.from != fit.to {
            let process = scene.ledger.call(*write).process;
            fitting.push(Pair { read: *read, write: *write, process, key: fit.key, from: fit.from, to: fit.to });
        }
    }
    fitting
}

/// What a write says that was not made.
fn is_refusal(result: &str) -> bool {
    matches!(result, "false" | ":error") || result.starts_with("{:error")
}

/// What a read gave, without what it was wrapped in: `5` of `{:ok, 5}`, `{:tea, 5}` of `[{:tea, 5}]`.
pub(super) fn unwrapped(result: &str) -> &str {
    let value = Value::read(result);
    match &value.kind {
        Form::Tuple(items) => match &**items {
            [tag, inner] if tag.text == ":ok" => inner.text,
            _ => value.text,
        },
        Form::List(items) => match &**items {
            [only] if only.tuple().is_some() => only.text,
            _ => value.text,
        },
        _ => value.text,
    }
}

/// Two calls of the shape of a read and a write.
struct Fit {
    key: Vec<String>,
    from: String,
    to: String,
    /// Whether one value may be a later one of the other.
    are_alike: bool,
}

impl Fit {
    fn of(scene: &Scene<'_>, read: CallId, write: CallId) -> Option<Self> {
        let given = each_argument(scene, write)?;
        let key = each_argument(scene, read)?;
        let result = result(scene, read)?;
        let from = Value::read(unwrapped(&result));
        if is_cut(&result) || given.iter().any(|given| is_cut(given)) {
            return None;
        }
        // The value is most often the last.
        let place = (0..given.len()).rev().find(|place| {
            let rest = || given.iter().enumerate().filter(|(at, _)| at != place).map(|(_, given)| given);
            rest().eq(&key) || {
                // What is missing stands in both values.
                let missing: Vec<&String> = key.iter().filter(|one| !rest().any(|given| given == *one)).collect();
                let is_rest = rest().eq(key.iter().filter(|one| !missing.contains(one)));
                matches!(&*missing, [one] if is_rest && holds(&from, &Value::read(&given[*place]), one))
            }
        })?;
        let are_alike = are_alike(&from, &Value::read(&given[place]));
        Some(Self { from: from.text.to_owned(), to: given[place].clone(), key, are_alike })
    }
}

/// Whether a key stands in both values in the same place.
fn holds(from: &Value<'_>, to: &Value<'_>, key: &str) -> bool {
    match (&from.kind, &to.kind) {
        (Form::Tuple(from), Form::Tuple(to)) => {
            from.first().is_some_and(|one| one.text == key) && to.first().is_some_and(|one| one.text == key)
        }
        (Form::Map(_, from), Form::Map(_, to)) => from.iter().any(|(of, value)| {
            value.text == key && to.iter().any(|(other, value)| other.text == of.text && value.text == key)
        }),
        _ => false,
    }
}

/// Whether one value may be a later one of the other; what says that there was nothing has none.
fn are_alike(from: &Value<'_>, to: &Value<'_>) -> bool {
    match (&from.kind, &to.kind) {
        (Form::Number, Form::Number) => true,
        (Form::Map(from, had), Form::Map(to, _)) => from == to && !had.is_empty(),
        (Form::Tuple(from), Form::Tuple(to)) => from.len() == to.len() && !from.is_empty(),
        (Form::List(from), Form::List(_)) => !from.is_empty(),
        _ => false,
    }
}

/// What was between a read and its write: whether another call made what was written, of what was read or without it.
pub(super) fn made(scene: &Scene<'_>, pair: &Pair) -> Option<bool> {
    let parent = scene.ledger.call(pair.write).parent;
    let of = &scene.by_process[pair.process as usize];
    let from = of.partition_point(|one| *one <= pair.read);
    let between = of[from..].iter().take_while(|one| **one < pair.write).take(4 * BEFORE);
    let maker = between
        .copied()
        .filter(|one| scene.ledger.call(*one).parent == parent)
        .find(|one| result(scene, *one).is_some_and(|result| result == pair.to || unwrapped(&result) == pair.to))?;
    Some(each_argument(scene, maker)?.iter().any(|given| terms::has(given, &pair.from)))
}
