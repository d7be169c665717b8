//! Clients that stay: they store, count and look up what is theirs, and hold every reply to what was asked.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::{Value, json};

use super::dice::Dice;
use super::pipe::{self, Server};
use super::wire::{Request, Wire, shake_hands};

/// Events of one client; once it has stored so many, it sends again what it sent before.
const MOST: u64 = 5_000;

/// Requests that are written to stdio at once.
const AT_ONCE: usize = 8;

/// Events sent together, under a name that no others have.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) name: String,
    pub(crate) source: String,
    pub(crate) events: u64,
    pub(crate) padding: usize,
}

impl Batch {
    pub(crate) fn event(&self, at: u64) -> Value {
        let padding = "x".repeat(self.padding);
        json!({"event_id": format!("{}-{at}", self.name), "timestamp": at, "event_type": "tick", "pid": self.name,
            "session_id": self.source, "data": {"padding": padding}})
    }

    pub(crate) fn arguments(&self) -> Value {
        json!({"events": (0..self.events).map(|at| self.event(at)).collect::<Vec<_>>()})
    }
}

/// What a reply has to say.
enum Expected {
    Stored(Batch),
    Again(Batch),
    Counted(u64),
    Found(String, u64),
    /// It was cancelled: there is one of a stored batch, or none.
    Perhaps(Batch),
}

/// One client, and what it knows to be stored.
pub(crate) struct Keeper {
    name: String,
    batches: Vec<Batch>,
    dice: Dice,
    stored: u64,
    last_id: u64,
}

impl Keeper {
    pub(crate) fn new(name: &str, dice: Dice) -> Self {
        Self { name: name.to_owned(), batches: Vec::new(), dice, stored: 0, last_id: 0 }
    }

    fn batch(&mut self) -> Batch {
        self.last_id += 1;
        let events = self.dice.within(1, 20) as u64;
        let padding = self.dice.below(300);
        Batch { name: format!("{}-{}", self.name, self.last_id), source: self.name.clone(), events, padding }
    }

    /// What it asks next: an id, a tool, its arguments, and what the reply has to say.
    fn next(&mut self) -> (u64, &'static str, Value, Expected) {
        let chance = self.dice.below(4);
        let known = self.batches.len();
        let (tool, arguments, expected) = match chance {
            _ if known == 0 || (chance < 2 && self.stored < MOST) => {
                let batch = self.batch();
                self.batches.push(batch.clone());
                self.stored += batch.events;
                ("store_events", batch.arguments(), Expected::Stored(batch))
            }
            0 => {
                let batch = self.batches[self.dice.below(known)].clone();
                ("store_events", batch.arguments(), Expected::Again(batch))
            }
            1 | 2 => {
                let count = json!({"session_id": self.name, "limit": 0});
                ("query_events", count, Expected::Counted(self.stored))
            }
            _ => {
                let batch = &self.batches[self.dice.below(known)];
                let at = self.dice.below(batch.events as usize) as u64;
                let id = format!("{}-{at}", batch.name);
                ("get_event_by_id", json!({"event_id": id}), Expected::Found(id, at))
            }
        };
        self.last_id += 1;
        (self.last_id, tool, arguments, expected)
    }
}

impl Expected {
    fn hold(&self, id: u64, reply: &Value) {
        assert_eq!(reply["id"], id, "{reply}");
        let said = &reply["result"]["structuredContent"];
        let (told, expected) = match self {
            Self::Stored(batch) | Self::Perhaps(batch) => {
                (json!([said["stored"], said["duplicates"]]), json!([batch.events, 0]))
            }
            Self::Again(batch) => (json!([said["stored"], said["duplicates"]]), json!([0, batch.events])),
            Self::Counted(events) => (said["total_matched"].clone(), json!(events)),
            Self::Found(id, at) => (json!([said["event_id"], said["timestamp"]]), json!([id, at])),
        };
        assert_eq!(told, expected, "{reply}");
    }
}

/// What became of a client that stayed.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) source: String,
    pub(crate) stored: u64,
    /// Sent, and then cancelled.
    pub(crate) doubtful: Vec<Batch>,
}

impl Keeper {
    fn kept(self, doubtful: Vec<Batch>) -> Kept {
        Kept { source: self.name, stored: self.stored, doubtful }
    }

    /// Asks over one connection, one request after the other, until it is over.
    pub(crate) fn over_http(
        mut self,
        address: &str,
        in_session: bool,
        round: &AtomicU64,
        is_over: &AtomicBool,
    ) -> Kept {
        let mut wire = Wire::connect(address);
        let session = in_session.then(|| shake_hands(&mut wire));
        while !is_over.load(Ordering::Acquire) {
            let (id, tool, arguments, expected) = self.next();
            let reply = Request::call(session.as_deref(), id, tool, arguments).ask(&mut wire).expect("a reply");
            assert_eq!(reply.status, 200, "{reply:?}");
            expected.hold(id, &reply.message().unwrap_or_else(|| panic!("no message: {reply:?}")));
            round.fetch_add(1, Ordering::Release);
        }
        if let Some(session) = session {
            let reply = Request::of_session("DELETE", &session).ask(&mut wire).expect("a reply");
            assert!((200..300).contains(&reply.status), "{reply:?}");
        }
        assert_eq!(String::from_utf8_lossy(&wire.rest()), "", "said after the last reply");
        self.kept(Vec::new())
    }

    /// Writes several requests at once on stdio, some of which it cancels, until it is over. Replies keep the order.
    pub(crate) fn over_stdio(mut self, server: &mut Server, round: &AtomicU64, is_over: &AtomicBool) -> Kept {
        let mut doubtful = Vec::new();
        while !is_over.load(Ordering::Acquire) {
            let (mut asked, mut waiting) = (Vec::new(), VecDeque::new());
            for _ in 0..self.dice.within(1, AT_ONCE) {
                if self.dice.is_one_in(10) {
                    let batch = Batch { source: "doubtful".to_owned(), ..self.batch() };
                    let id = self.last_id;
                    asked.push(pipe::call(id, "store_events", &batch.arguments()));
                    asked.push(
                        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}}),
                    );
                    waiting.push_back((id, Expected::Perhaps(batch.clone())));
                    doubtful.push(batch);
                }
                let (id, tool, arguments, expected) = self.next();
                asked.push(pipe::call(id, tool, &arguments));
                waiting.push_back((id, expected));
            }
            server.write(pipe::lines(&asked).as_bytes());
            while let Some((id, expected)) = waiting.pop_front() {
                let reply = server.next();
                let mut expected = (id, expected);
                // What was cancelled may have no reply; the last one was not.
                while matches!(expected, (id, Expected::Perhaps(_)) if reply["id"] != id) {
                    expected = waiting.pop_front().expect("the last one is answered");
                }
                expected.1.hold(expected.0, &reply);
            }
            round.fetch_add(1, Ordering::Release);
        }
        self.kept(doubtful)
    }
}
