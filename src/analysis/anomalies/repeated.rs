//! Does one call ask again and again what could be asked once?

use std::collections::{BTreeMap, HashSet};

use foldhash::fast::FixedState;

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use super::told::arguments;
use crate::analysis::found::{Found, Process, Questions, SameCalls};
use crate::analysis::ledger::{CallId, Kind as MessageKind, Ledger, Message, MessageId, ProcessId, Sym, Waited};
use crate::analysis::terms;
use crate::analysis::value::Value;
use crate::error::Result;

/// Questions of one kind from one call that are told.
const FEWEST: usize = 10;

/// Share of the caller's time that questions take, in percent.
const ASKED_PERCENT: i64 = 20;

/// Calls with the same arguments that are told, where no message is sent.
const FEWEST_LOCAL: usize = 20;

/// Their share of the caller's time, in percent, and the least time.
const LOCAL_PERCENT: i64 = 20;
const LOCAL_NS: i64 = 1_000_000;

/// Arguments compared.
const MAX_ARGS: usize = 200;

/// A call, and the questions asked in it.
type Case = (CallId, Vec<MessageId>);

/// The call around, the function called, and where.
type Place = (CallId, Sym, Option<Sym>);

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let asked = questions(scene, found)?;
    local(scene, &asked, found)
}

/// Calls to a server that change nothing there; the callers are given back.
fn questions(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<Vec<(CallId, Sym)>> {
    let ledger = scene.ledger;
    // By the call around, the function that asks, and who is asked.
    let mut groups: BTreeMap<(CallId, Sym, ProcessId), Vec<MessageId>> = BTreeMap::new();
    for (id, message) in (0..).zip(&ledger.messages) {
        let (MessageKind::Call, Some(sent_in), Some(receiver)) = (message.kind, message.sent_in, message.receiver)
        else {
            continue;
        };
        let asks = ledger.named(sent_in);
        let around = ledger.call(asks).parent.map(|parent| ledger.named(parent));
        if let Some(around) = around {
            groups.entry((around, ledger.call(asks).function, receiver)).or_default().push(id);
        }
    }
    // The same pair of functions in every call is one finding.
    let mut pairs: BTreeMap<(Sym, Sym), Vec<Case>> = BTreeMap::new();
    for ((around, asks, _), messages) in groups {
        let handled = messages.iter().filter_map(|id| ledger.message(*id).handled);
        let (mut known, mut changes) = (0, 0);
        for call in handled {
            known += 1;
            changes += usize::from(ledger.call(call).change.is_some());
        }
        // Questions that change something are orders, one by one.
        if messages.len() >= FEWEST && known * 10 >= messages.len() * 9 && changes * 10 <= messages.len() {
            pairs.entry((ledger.call(around).function, asks)).or_default().push((around, messages));
        }
    }
    let orders = senders(ledger, ledger.messages.iter().filter(|message| message.kind != MessageKind::Reply));
    let mut asked = Vec::new();
    for ((caller, asks), cases) in pairs {
        scene.checked()?;
        let (around, messages) =
            cases.iter().max_by_key(|(id, messages)| (messages.len(), std::cmp::Reverse(*id))).unwrap_or(&cases[0]);
        let (first, last) = (ledger.message(messages[0]), ledger.message(messages[messages.len() - 1]));
        let spent: i64 = messages
            .iter()
            .filter_map(|id| {
                let (end, how) = ledger.message(*id).waited?;
                (how != Waited::Unseen).then(|| end.since(ledger.message(*id).sent))
            })
            .fold(0, i64::saturating_add);
        let contents: Vec<String> =
            messages.iter().take(MAX_ARGS).map(|id| scene.traffic.whole(ledger.message(*id))).collect();
        let (pattern, is_same) = alike(&contents);
        let Some(pattern) = pattern else { continue };
        // Who passes a question on does something with it.
        let passes_on = messages.iter().filter_map(|id| ledger.message(*id).handled).any(|call| orders.contains(&call));
        let whole = ledger.call(*around).duration.unwrap_or(i64::MAX).max(1);
        let percent = (i128::from(spent) * 100 / i128::from(whole)).clamp(0, 100) as i64;
        if passes_on || ledger.call(*around).duration.is_some() && percent < ASKED_PERCENT {
            continue;
        }
        let questions = Questions {
            caller: terms::home(ledger.text(caller)),
            server: first.receiver.map(|id| Process::of(ledger, id)),
            through: terms::home(ledger.text(asks)),
            pattern,
            questions: messages.len(),
            spent_ns: spent,
            percent: ledger.call(*around).duration.map(|_| percent),
            more_times: cases.len() - 1,
            asked_at: scene.traffic.place(first),
        };
        let confidence = if is_same { Confidence::High } else { Confidence::Medium };
        let finding = Finding::of(Kind::RepeatedCalls, confidence, first.sent, Found::Questions(questions))
            .shown_by("caller", ledger.call(*around).event)
            .shown_by("first", first.event)
            .shown_by("last", last.event);
        asked.push((*around, asks));
        found.push(finding);
    }
    Ok(asked)
}

/// Calls in which one of these messages was sent.
fn senders<'l>(ledger: &Ledger, messages: impl Iterator<Item = &'l Message>) -> HashSet<CallId, FixedState> {
    let mut all = HashSet::default();
    for call in messages.filter_map(|message| message.sent_in) {
        // Of a call that is among them those around it are, too.
        _ = std::iter::once(call).chain(ledger.around(call)).take_while(|call| all.insert(*call)).count();
    }
    all
}

/// The pattern of all, if they have one, and whether they are all the same.
fn alike(contents: &[String]) -> (Option<String>, bool) {
    let mut patterns = contents.iter().map(|content| Value::read(content).pattern());
    let first = patterns.next();
    let is_one = patterns.all(|pattern| Some(pattern) == first);
    let is_same = contents.windows(2).all(|pair| pair[0] == pair[1]);
    (first.filter(|_| is_one), is_same)
}

/// Calls with the same arguments, from one place in one call, that take much of its time.
fn local(scene: &Scene<'_>, asked: &[(CallId, Sym)], found: &mut Vec<Finding>) -> Result<()> {
    let ledger = scene.ledger;
    let mut groups: BTreeMap<Place, (Vec<CallId>, i64)> = BTreeMap::new();
    for (id, call) in (0..).zip(&ledger.calls) {
        let (false, Some(parent), Some(ns)) = (call.is_anonymous, call.parent, call.duration) else { continue };
        let around = ledger.named(parent);
        let group = groups.entry((around, call.function, call.site)).or_default();
        group.0.push(id);
        group.1 = ns.saturating_add(group.1);
    }
    let senders = senders(ledger, ledger.messages.iter());
    for ((around, function, _), (calls, spent)) in groups {
        let whole = ledger.call(around).duration.unwrap_or(i64::MAX);
        let is_much = spent >= LOCAL_NS && spent >= whole / 100 * LOCAL_PERCENT;
        if calls.len() < FEWEST_LOCAL || !is_much || asked.contains(&(around, function)) {
            continue;
        }
        scene.checked()?;
        let args: Vec<String> = calls.iter().take(MAX_ARGS).filter_map(|id| arguments(scene, *id)).collect();
        let same = args.iter().filter(|arg| Some(*arg) == args.first()).count();
        // Without arguments there is nothing to be the same: it may be a different answer every time.
        if args.first().is_none_or(|first| first == "[]")
            || same * 10 < args.len() * 9
            // It was called for what it does.
            || senders.contains(&calls[0])
        {
            continue;
        }
        let (first, last) = (ledger.call(calls[0]), ledger.call(calls[calls.len() - 1]));
        let same = SameCalls {
            caller: terms::home(ledger.text(ledger.call(around).function)),
            caller_event_id: ledger.text(ledger.call(around).event).to_owned(),
            function: ledger.text(function).to_owned(),
            called_at: scene.traffic.call_place(first),
            calls: calls.len(),
            spent_ns: spent,
        };
        let finding = Finding::of(Kind::RepeatedCalls, Confidence::Medium, first.start, Found::SameCalls(same))
            .shown_by("first", first.event)
            .shown_by("last", last.event);
        found.push(finding);
    }
    Ok(())
}
