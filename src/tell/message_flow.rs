//! How is the life of a message told?

use super::figure::duration;
use crate::analysis::flow::{Only, repeats};
use crate::analysis::ledger::{Ledger, Message, MessageId};
use crate::analysis::traffic::{Answer, Fate, Traffic};
use crate::tell::words::count;

/// How many messages were found of those there are.
pub(crate) fn head(found: usize, only: Option<Only>, all: usize) -> String {
    let sort = match only {
        None => "",
        Some(Only::Lost) => "lost ",
        Some(Only::Unanswered) => "unanswered ",
        Some(Only::Slow) => "slow ",
        Some(Only::Late) => "late answered ",
    };
    format!("{} of {all} traced", count(found, &format!("{sort}message")))
}

/// What no answer here can tell, as nothing of it was recorded.
pub(crate) fn unseen(ledger: &Ledger) -> Option<&'static str> {
    if ledger.messages.is_empty() {
        return Some("no message_send or message_receive events here: trace with the flags send and receive");
    }
    let is_unjoined = ledger.calls.iter().all(|call| call.message.is_none());
    is_unjoined.then_some(
        "no callback here is joined to its message: when a message was handled cannot be told from this recording",
    )
}

/// What became of a message, in a few words.
pub(crate) fn outcome(traffic: &Traffic<'_>, id: MessageId) -> String {
    again(traffic.ledger, id).unwrap_or_else(|| ended(traffic, traffic.ledger.message(id)))
}

/// That a reply is not the first.
fn again(ledger: &Ledger, id: MessageId) -> Option<String> {
    let (call, first) = repeats(ledger, id)?;
    let event = |id| ledger.text(ledger.message(id).event);
    let received = if ledger.message(id).received.is_some() { "; received" } else { "" };
    Some(format!("another reply to {}, which {} had answered{received}", event(call), event(first)))
}

fn ended(traffic: &Traffic<'_>, message: &Message) -> String {
    match traffic.answer(message) {
        Answer::After(after) => return format!("answered after {}", duration(after)),
        Answer::Unseen => return "not known: something was not recorded after it".to_owned(),
        Answer::Untimed => return "answered; when is not known".to_owned(),
        Answer::Late(late) => return format!("answered {} too late", duration(late)),
        Answer::Never => return "never answered: the caller gave up".to_owned(),
        Answer::CallerGone => return "its caller ended first".to_owned(),
        Answer::CalleeGone if message.handled.is_some() => {
            return "the callee ended before it answered".to_owned();
        }
        Answer::Waiting if message.handled.is_some() => return "not answered yet".to_owned(),
        Answer::CalleeGone | Answer::Waiting | Answer::None => {}
    }
    match traffic.fate(message) {
        Fate::Handled(_) => "handled",
        Fate::Received => "received",
        Fate::Queued => "still in the mailbox",
        Fate::DiedWith => "lost: in the mailbox when its receiver ended",
        Fate::NoProcess => "lost: the receiver was not alive",
        Fate::NoName => "lost: nobody is known by that name",
        Fate::Unknown => "unknown",
    }
    .to_owned()
}
