//! Was a process in the answer to a request, and is there none in the same answer of the successor?

use std::collections::BTreeMap;

use super::handled::Handled;
use super::held::pids_in;
use super::subscribed::is_unknown;
use crate::analysis::anomalies::scene::Scene;
use crate::analysis::ledger::{CallId, MessageId, ProcessId, Sym};
use crate::analysis::value::is_cut;

/// That a process was in the newest answer to a request, and is in none of the successor's.
pub(super) struct Missing {
    pub(super) function: Sym,
    pub(super) request: String,
    pub(super) pattern: String,
    /// The reply that has it, and its content.
    pub(super) reply: MessageId,
    pub(super) answer: String,
    /// The first that has it not, what that says, and all of them.
    pub(super) now_reply: MessageId,
    pub(super) now: String,
    pub(super) since: Vec<MessageId>,
}

/// An answer: its reply, and what it says.
pub(super) struct Answer {
    call: CallId,
    reply: MessageId,
    said: String,
    pattern: String,
}

/// Answers by request, in the order they were given.
pub(super) type Answers = BTreeMap<(Sym, String), Vec<Answer>>;

pub(super) fn answers(scene: &Scene<'_>, handled: &[Handled]) -> Answers {
    let ledger = scene.ledger;
    let mut all = Answers::new();
    for one in handled {
        let Some(reply) = ledger.call(one.call).message.and_then(|message| ledger.message(message).reply) else {
            continue;
        };
        let said = scene.traffic.whole(ledger.message(reply));
        let answer = Answer { call: one.call, reply, said, pattern: one.pattern.clone() };
        all.entry((one.function, one.content.clone())).or_default().push(answer);
    }
    all
}

pub(super) fn missing(scene: &Scene<'_>, former: &Answers, heirs: &Answers, id: ProcessId) -> Option<Missing> {
    let ledger = scene.ledger;
    let process = ledger.process(id);
    let pid = ledger.text(process.pid);
    let has_it = |text: &str| pids_in(text).any(|one| one == pid);
    former.iter().find_map(|((function, request), answers)| {
        let newest = answers.last().filter(|answer| has_it(&answer.said) && !has_it(request))?;
        let since = heirs.get(&(*function, request.clone()))?;
        let lives = |call: CallId| {
            let exit = process.exit.as_ref();
            ledger.call(call).end.is_some_and(|end| exit.is_none_or(|exit| exit.moment > end))
        };
        // Another process may stand in for it.
        let has_none = |answer: &Answer| !answer.said.contains("#PID<") && !is_cut(&answer.said);
        if !since.iter().all(has_none) || is_cut(request) {
            return None;
        }
        let since: Vec<&Answer> =
            since.iter().filter(|answer| lives(answer.call) && is_unknown(scene, answer.call, id)).collect();
        Some(Missing {
            function: *function,
            request: request.clone(),
            pattern: newest.pattern.clone(),
            reply: newest.reply,
            answer: newest.said.clone(),
            now_reply: since.first()?.reply,
            now: since.first()?.said.clone(),
            since: since.iter().map(|answer| answer.reply).collect(),
        })
    })
}
