//! Who takes the answer to an earlier question for the answer to this one?
//!
//! *Effect*: a process asks another by plain messages, gives up, and asks again by the same function; now the answer to
//! the first question comes, and nothing in it says which question it is for. The function returned what that answer
//! said, and not what its own says. An answer belongs to the question that its sender had handled last; of one without
//! callbacks they are paired in their order, where each has one. All questions are of one kind.
//!
//! What it cannot see: answers of atoms alone; a result that was not recorded; a server that does not answer in order.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use super::told::result;
use crate::analysis::found::{Found, MistakenReply, Process};
use crate::analysis::ledger::{CallId, Kind as MessageKind, MessageId, Moment, ProcessId, Sym};
use crate::analysis::value::brief::cut;
use crate::analysis::value::{Kind as Form, Value, is_cut};
use crate::error::Result;

/// Calls around a question that may be the one that waits for the answer.
const LEVELS: usize = 4;

/// Questions back to which an answer may belong.
const BACK: usize = 4;

/// Parts of an answer that are looked for in a result.
const MAX_PARTS: usize = 50;

/// Questions of one process to another that are read.
const MAX_READ: usize = 2_000;

/// An answer that was taken for another: the question it answers, the one it was taken for, the call that asked that.
struct Mistaken {
    earlier: MessageId,
    question: MessageId,
    answer: MessageId,
    asking: CallId,
}

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let ledger = scene.ledger;
    let mut between: HashMap<(ProcessId, ProcessId), Vec<MessageId>, FixedState> = HashMap::default();
    for (id, message) in (0..).zip(&ledger.messages) {
        if let (MessageKind::Info, Some(from), Some(to), false) =
            (message.kind, message.sender, message.receiver, message.is_across())
            && from != to
        {
            between.entry((from, to)).or_default().push(id);
        }
    }
    let mut pairs: Vec<(ProcessId, ProcessId)> = between.keys().copied().collect();
    pairs.sort_unstable();
    for (asker, server) in pairs {
        let (questions, Some(answers)) = (&between[&(asker, server)], between.get(&(server, asker))) else { continue };
        // What was said before the first question answers none: a server tells who starts it that it has begun.
        let asked = ledger.message(questions[0]).sent;
        let answers = &answers[answers.partition_point(|id| ledger.message(*id).sent < asked)..];
        let Some(paired) = paired(scene, questions, answers) else { continue };
        if is_late(scene, questions, &paired) {
            scene.checked()?;
            let read = questions.len().min(MAX_READ);
            found.extend(described(scene, &mistaken(scene, &questions[..read], &paired)?));
        }
    }
    Ok(())
}

/// The calls a message was sent in, that have ended.
fn asking(scene: &Scene<'_>, question: MessageId) -> Vec<CallId> {
    let ledger = scene.ledger;
    let inner = ledger.message(question).sent_in;
    let around = inner.into_iter().flat_map(|call| std::iter::once(call).chain(ledger.around(call)));
    around.take(LEVELS).filter(|call| ledger.call(*call).end.is_some()).collect()
}

/// The answers to each question: what was sent in the callback that handled it, or when that was the newest. A process
/// without callbacks does not tell what it has taken: there they are paired in order, as long as no question is without
/// an answer, for one would give all after it that of another.
fn paired(scene: &Scene<'_>, questions: &[MessageId], answers: &[MessageId]) -> Option<Vec<Vec<MessageId>>> {
    let ledger = scene.ledger;
    let sent = |id: MessageId| ledger.message(id).sent;
    let last = sent(*answers.last()?);
    if questions.len() < 2 || answers.len() > questions.len() {
        return None;
    }
    let handled: HashMap<CallId, usize, FixedState> =
        (0..).zip(questions).filter_map(|(at, id): (usize, _)| Some((ledger.message(*id).handled?, at))).collect();
    let mut all = vec![Vec::new(); questions.len()];
    if questions.iter().any(|id| sent(*id) < last && ledger.message(*id).handled.is_none()) {
        let in_order = questions.iter().zip(answers).all(|(question, answer)| sent(*question) < sent(*answer));
        for (all, answer) in all.iter_mut().zip(answers) {
            all.push(*answer);
        }
        return (in_order && questions.len() == answers.len()).then_some(all);
    }
    let mut begun: Vec<(Moment, usize)> = handled.iter().map(|(call, at)| (ledger.call(*call).start, *at)).collect();
    begun.sort_unstable();
    for id in answers {
        let answer = ledger.message(*id);
        let mut calls = answer.sent_in.into_iter().flat_map(|call| std::iter::once(call).chain(ledger.around(call)));
        let newest = || Some(begun[..begun.partition_point(|(start, _)| *start < answer.sent)].last()?.1);
        if let Some(at) = calls.find_map(|call| handled.get(&call).copied()).or_else(newest) {
            all[at].push(*id);
        }
    }
    Some(all)
}

/// Whether one of the answers came when its asker had gone on.
fn is_late(scene: &Scene<'_>, questions: &[MessageId], paired: &[Vec<MessageId>]) -> bool {
    let ledger = scene.ledger;
    questions.iter().zip(paired).any(|(question, answers)| {
        let call = ledger.message(*question).sent_in.map(|call| ledger.call(call));
        let end = call.and_then(|call| call.end);
        end.is_some_and(|end| answers.iter().any(|answer| end < ledger.message(*answer).sent))
    })
}

fn mistaken(scene: &Scene<'_>, questions: &[MessageId], paired: &[Vec<MessageId>]) -> Result<Vec<Mistaken>> {
    let ledger = scene.ledger;
    let mut all = Vec::new();
    let (mut pattern, mut said): (Option<String>, Vec<Vec<String>>) = (None, Vec::new());
    for (question, answers) in questions.iter().zip(paired) {
        scene.checked()?;
        let this = scene.traffic.pattern(ledger.message(*question));
        if pattern.get_or_insert_with(|| this.clone()) != &this {
            return Ok(all);
        }
        said.push(answers.iter().map(|id| scene.traffic.whole(ledger.message(*id))).collect());
    }
    for (at, question) in questions.iter().enumerate().skip(1) {
        scene.checked()?;
        let calls = asking(scene, *question);
        let results: Vec<(CallId, String)> =
            calls.into_iter().filter_map(|call| Some((call, result(scene, call)?))).collect();
        let is_told = |said: &String| results.iter().find(|(_, result)| says(result, said)).map(|(call, _)| *call);
        // What it asked for is what it got.
        if said[at].iter().any(|said| is_told(said).is_some()) {
            continue;
        }
        for back in (at.saturating_sub(BACK)..at).rev() {
            let ([told], [answer]) = (&*said[back], &*paired[back]) else { continue };
            let Some(asking) = is_told(told) else { continue };
            let (call, came) = (ledger.call(asking), ledger.message(*answer));
            // One that took the answer to another has left its own to the next, whenever that was sent.
            let took_another = all.last().is_some_and(|one: &Mistaken| one.question == questions[back]);
            let gave_up = |id: CallId| {
                let one = ledger.call(id);
                one.function == call.function
                    && one.end.is_some_and(|end| end <= call.start && (took_another || end < came.sent))
            };
            // A callback that is given the answer is no call that waits for it.
            let is_taken =
                came.handled.is_none() && came.received.is_some_and(|at| call.end.is_some_and(|end| at < end));
            if is_taken && self::asking(scene, questions[back]).into_iter().any(gave_up) {
                all.push(Mistaken { earlier: questions[back], question: *question, answer: *answer, asking });
                break;
            }
        }
    }
    Ok(all)
}

/// Whether a result has in it what an answer said: a value that is no atom.
fn says(result: &str, answer: &str) -> bool {
    if is_cut(result) || is_cut(answer) {
        return false;
    }
    let (result, answer) = (Value::read(result), Value::read(answer));
    let results = result.leaves(MAX_PARTS);
    let tells = |leaf: &Value<'_>| matches!(leaf.kind, Form::Number | Form::Text);
    answer.leaves(MAX_PARTS).iter().any(|(_, leaf)| tells(leaf) && results.iter().any(|(_, of)| of.text == leaf.text))
}

/// By the function that asked.
fn described(scene: &Scene<'_>, all: &[Mistaken]) -> Vec<Finding> {
    let mut by_function: BTreeMap<Sym, Vec<&Mistaken>> = BTreeMap::new();
    for one in all {
        by_function.entry(scene.ledger.call(one.asking).function).or_default().push(one);
    }
    by_function.values().filter_map(|all| finding(scene, all)).collect()
}

fn finding(scene: &Scene<'_>, all: &[&Mistaken]) -> Option<Finding> {
    let ledger = scene.ledger;
    let first = all.first()?;
    let call = ledger.call(first.asking);
    let (earlier, question, answer) =
        (ledger.message(first.earlier), ledger.message(first.question), ledger.message(first.answer));
    let it = MistakenReply {
        asker: Process::of(ledger, question.sender?),
        server: Process::of(ledger, question.receiver?),
        times: all.len(),
        function: ledger.text(call.function).to_owned(),
        earlier: scene.traffic.content(earlier, 60),
        question: scene.traffic.content(question, 60),
        answer: scene.traffic.content(answer, 60),
        returned: cut(&result(scene, first.asking)?, 60),
        after_ns: answer.sent.since(earlier.sent),
        sent: scene.traffic.place(question),
    };
    // One alone may be an answer that is right for both.
    let confidence = if all.len() > 1 { Confidence::High } else { Confidence::Medium };
    let finding = Finding::of(Kind::MistakenReply, confidence, question.sent, Found::MistakenReply(it))
        .shown_by("earlier_question", earlier.event)
        .shown_by("question", question.event)
        .shown_by("answer", answer.event)
        .shown_by("returned", call.exit);
    Some(finding)
}
