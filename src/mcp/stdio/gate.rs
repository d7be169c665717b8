//! Which request is being answered, and when may the next one start?
//!
//! One request at a time. Its turn ends with its reply; and since the protocol layer sends none for a request that was
//! cancelled or whose handler panicked, it ends as well when the request's [`Ticket`], which travels with it, is
//! dropped. A cancelled request keeps its turn until its handler is done: what it may still change comes before what
//! was sent after it.

use std::sync::Arc;
use std::task::Waker;

use parking_lot::Mutex;
use rmcp::model::RequestId;

use super::outbox::Outbox;
use super::refusal::{INTERNAL_ERROR, Refusal};
use crate::mcp::carried::{Answer, AnswerSlot};

/// Shared by the transport and the tickets of its requests.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    pub(crate) outbox: Outbox,
    current: Option<Current>,
    turns: u64,
    /// Requests that stay open beside the others: subscriptions.
    open: Vec<(u64, RequestId)>,
    /// Requests that overtook the others: pings.
    beside: Vec<RequestId>,
    waker: Option<Waker>,
}

#[derive(Debug)]
struct Current {
    turn: u64,
    id: RequestId,
    is_cancelled: bool,
    /// It becomes one of `open` with its first notification.
    stays_open: bool,
    /// Where its handler puts its answer, if it is the call of a tool.
    slot: AnswerSlot,
}

impl Gate {
    /// Whether the next request may start.
    pub(crate) const fn is_free(&self) -> bool {
        self.current.is_none()
    }

    /// Whether this request is being answered, or is one that stays open.
    pub(crate) fn is_under_way(&self, id: &RequestId) -> bool {
        self.current.as_ref().is_some_and(|current| current.id == *id)
            || self.open.iter().any(|(_, open)| open == id)
            || self.beside.contains(id)
    }

    /// The request whose turn it is now.
    pub(crate) fn enter(gate: &Arc<Mutex<Self>>, id: RequestId, stays_open: bool) -> Ticket {
        let mut this = gate.lock();
        this.turns += 1;
        let turn = this.turns;
        this.current = Some(Current { turn, id, is_cancelled: false, stays_open, slot: AnswerSlot::default() });
        Ticket(Arc::new(Turn { turn, gate: Arc::clone(gate) }))
    }

    /// A request that is answered beside the others: it changes nothing and looks at nothing.
    pub(crate) fn enter_beside(&mut self, id: RequestId) {
        self.beside.push(id);
    }

    /// The slot of the request whose turn it is now.
    pub(crate) fn slot(&self) -> Option<&AnswerSlot> {
        self.current.as_ref().map(|current| &current.slot)
    }

    /// The answer that belongs into the reply with this id, where its handler put one.
    pub(crate) fn answer(&self, id: &RequestId) -> Option<Answer> {
        self.current.as_ref().filter(|current| current.id == *id)?.slot.take()
    }

    /// The request is not to be answered any more.
    pub(crate) fn cancel(&mut self, id: &RequestId) {
        match &mut self.current {
            Some(current) if current.id == *id => current.is_cancelled = true,
            _ => {
                if let Some(at) = self.open.iter().position(|(_, open)| open == id) {
                    self.open.remove(at);
                }
            }
        }
    }

    /// Whether a reply with this id is to be written; the turn of its request is over.
    pub(crate) fn answered(&mut self, id: Option<&RequestId>) -> bool {
        match (&self.current, id) {
            (Some(current), Some(id)) if current.id == *id => {
                // The ticket of a cancelled request ends its turn.
                let is_cancelled = current.is_cancelled;
                if !is_cancelled {
                    self.current = None;
                }
                !is_cancelled
            }
            (_, Some(id)) => {
                if let Some(at) = self.beside.iter().position(|beside| beside == id) {
                    self.beside.remove(at);
                    return true;
                }
                let open = self.open.iter().position(|(_, open)| open == id);
                open.map(|at| self.open.remove(at)).is_some()
            }
            (_, None) => true,
        }
    }

    /// A notification goes out: what the subscription under way waited for.
    pub(crate) fn notified(&mut self) {
        if let Some(current) = self.current.take_if(|current| current.stays_open) {
            self.open.push((current.turn, current.id));
        }
    }

    /// The requests that stay open; they are to be ended.
    pub(crate) fn take_open(&mut self) -> Vec<RequestId> {
        self.open.drain(..).map(|(_, id)| id).collect()
    }

    /// Who is to be woken when a turn ends elsewhere than in a reply.
    pub(crate) fn wake_with(&mut self, waker: &Waker) {
        if !self.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
            self.waker = Some(waker.clone());
        }
    }
}

/// Travels with a request through its handler.
#[derive(Clone, Debug)]
pub(crate) struct Ticket(#[expect(dead_code, reason = "it is dropped")] Arc<Turn>);

#[derive(Debug)]
struct Turn {
    turn: u64,
    gate: Arc<Mutex<Gate>>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut gate = self.gate.lock();
        let has_panicked = std::thread::panicking();
        let over = |current: &mut Current| current.turn == self.turn && (current.is_cancelled || has_panicked);
        let over = gate.current.take_if(over);
        let id = match over {
            Some(current) => (!current.is_cancelled).then_some(current.id),
            None if has_panicked => {
                let at = gate.open.iter().position(|(turn, _)| *turn == self.turn);
                at.map(|at| gate.open.remove(at).1)
            }
            None => None,
        };
        if let Some(id) = id {
            let id = id.into_json_value().to_string();
            let what = "Internal error: the server failed on this request; it is up and other requests work";
            gate.outbox.reply_json(Refusal::of(Some(&id), INTERNAL_ERROR, what).to_json().as_bytes());
        }
        if let Some(waker) = gate.waker.take() {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> Arc<Mutex<Gate>> {
        Arc::default()
    }

    fn written(gate: &Arc<Mutex<Gate>>) -> String {
        String::from_utf8(gate.lock().outbox.unwritten().to_vec()).unwrap()
    }

    #[test]
    fn a_reply_ends_a_turn_and_its_ticket_alone_does_not() {
        let gate = gate();
        drop(Gate::enter(&gate, RequestId::Number(1), false));
        assert!(!gate.lock().is_free(), "its reply is still to come");
        assert!(gate.lock().answered(Some(&RequestId::Number(1))));
        assert!(gate.lock().is_free());
    }

    #[test]
    fn a_cancelled_request_holds_its_turn_until_its_handler_is_done_and_is_not_answered() {
        let gate = gate();
        let ticket = Gate::enter(&gate, RequestId::Number(1), false);
        gate.lock().cancel(&RequestId::Number(1));
        assert!(!gate.lock().answered(Some(&RequestId::Number(1))));
        assert!(!gate.lock().is_free());
        drop(ticket);
        assert!(gate.lock().is_free());
        assert_eq!(written(&gate), "");
    }

    #[test]
    fn a_request_whose_handler_panics_is_answered_and_its_turn_is_over() {
        let gate = gate();
        let ticket = Gate::enter(&gate, RequestId::String("x\"".into()), false);
        let run = std::thread::spawn(move || {
            let _travels_with_the_request = ticket;
            std::panic::resume_unwind(Box::new("a bug"));
        });
        run.join().unwrap_err();
        assert!(gate.lock().is_free());
        let reply: serde_json::Value = serde_json::from_str(&written(&gate)).unwrap();
        assert_eq!((&reply["id"], &reply["error"]["code"]), (&"x\"".into(), &INTERNAL_ERROR.into()));
    }

    #[test]
    fn a_subscription_makes_room_once_it_is_acknowledged() {
        let gate = gate();
        let ticket = Gate::enter(&gate, RequestId::Number(1), true);
        gate.lock().notified();
        assert!(gate.lock().is_free());
        assert!(gate.lock().is_under_way(&RequestId::Number(1)));
        let _other = Gate::enter(&gate, RequestId::Number(2), false);
        assert!(gate.lock().answered(Some(&RequestId::Number(2))));
        assert_eq!(gate.lock().take_open(), [RequestId::Number(1)]);
        drop(ticket);
        assert_eq!(written(&gate), "");
    }
}
