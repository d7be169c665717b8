//! Which send does a received message come from, and which call does a reply answer?
//!
//! A trace of a receive does not name the sender. Messages of one content to one process are received in the order
//! they were sent, near enough; a call's reference says it exactly.

use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::functions::SiteId;
use super::process::{Correlation, ProcessKey};
use crate::etf::{Reference, Term, View};

/// Messages remembered at a time, at least; at most twice as many. One never received (its receiver is not traced) is
/// forgotten in time.
const GENERATION: usize = 1 << 17;

/// A message on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    /// Number of its send.
    pub(super) number: u64,
    pub(super) at: Option<i64>,
    pub(super) sender: Option<ProcessKey>,
    /// Where the innermost open call of the sender was called.
    pub(super) site: Option<SiteId>,
    pub(super) correlation: Correlation,
    /// How many gaps had been before it.
    pub(super) gaps: u64,
}

/// What kind of message it is, by the shape OTP gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Call,
    Cast,
    Reply,
    Down,
    Exit,
    System,
    Info,
}

/// A message looked at.
#[derive(Clone, Copy)]
pub(super) struct Shape<'a> {
    pub(super) kind: Kind,
    /// What a callback will be given.
    pub(super) inner: Term<'a>,
    /// The reference of the call it makes or answers.
    pub(super) reference: Option<Reference<'a>>,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Cast => "cast",
            Self::Reply => "reply",
            Self::Down => "down",
            Self::Exit => "exit",
            Self::System => "system",
            Self::Info => "info",
        }
    }
}

impl<'a> Shape<'a> {
    pub(super) fn of(message: Term<'a>) -> Self {
        Self::known(message).unwrap_or(Self { kind: Kind::Info, inner: message, reference: None })
    }

    fn known(message: Term<'a>) -> Option<Self> {
        let mut parts = message.tuple()?;
        let n = parts.len();
        let first = parts.next()?;
        if let Some(tag) = first.atom() {
            let (kind, inner, reference) = match (tag.bytes(), n) {
                (b"$gen_call", 3) => (Kind::Call, parts.nth(1)?, reference_of_from(message.tuple()?.nth(1)?)),
                (b"$gen_cast", 2) => (Kind::Cast, parts.next()?, None),
                (b"DOWN", 5) => (Kind::Down, message, None),
                (b"EXIT", 3) => (Kind::Exit, message, None),
                (b"system", 3) => (Kind::System, message, reference_of_from(parts.next()?)),
                _ => return None,
            };
            return Some(Self { kind, inner, reference });
        }
        if n == 2 {
            let reference = tag_reference(first)?;
            return Some(Self { kind: Kind::Reply, inner: parts.next()?, reference: Some(reference) });
        }
        None
    }
}

/// The reference in `{Pid, Tag}`.
pub(super) fn reference_of_from(from: Term<'_>) -> Option<Reference<'_>> {
    let mut pair = from.tuple().filter(|pair| pair.len() == 2)?;
    tag_reference(pair.nth(1)?)
}

/// `Ref` or `[alias | Ref]`.
fn tag_reference(tag: Term<'_>) -> Option<Reference<'_>> {
    match tag.view() {
        View::Reference(reference) => Some(reference),
        View::List { items, tail: Some(tail) } if items.len() == 1 => match tail.view() {
            View::Reference(reference) => Some(reference),
            _ => None,
        },
        _ => None,
    }
}

impl Correlation {
    pub(super) fn of(reference: Reference<'_>) -> Self {
        let mut words = [0; 5];
        let mut n = 0;
        for (place, word) in words.iter_mut().zip(reference.words()) {
            *place = word;
            n += 1;
        }
        Self::Reference { words, n }
    }
}

/// Where a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Receiver {
    Process(ProcessKey),
    /// A name nobody is known to have: hash of what was sent.
    Other(u64),
}

/// Messages of one content to one receiver, oldest first. More than one is rare.
#[derive(Debug)]
enum Queue {
    One(Flight),
    Many(VecDeque<Flight>),
}

type Generation<K, V> = HashMap<K, V, FixedState>;

/// Messages on their way, and calls that wait for their reply.
#[derive(Debug, Default)]
pub(super) struct Flights {
    hasher: FixedState,
    young: Generation<(Receiver, u64), Queue>,
    old: Generation<(Receiver, u64), Queue>,
    /// Who called, by the reference.
    young_calls: Generation<[u32; 5], Flight>,
    old_calls: Generation<[u32; 5], Flight>,
}

impl Flights {
    pub(super) fn hash(&self, bytes: &[u8]) -> u64 {
        self.hasher.hash_one(bytes)
    }

    /// What a callback for it will be found by.
    pub(super) fn content(&self, kind: Kind, inner: Term<'_>) -> u64 {
        let class = match kind {
            Kind::Call | Kind::Cast => kind,
            _ => Kind::Info,
        };
        self.hasher.hash_one((class, inner.as_bytes()))
    }

    /// What a receive of it will be found by. `None`: a call, whose reference says which it is ([`Self::call`]).
    pub(super) fn key(&self, shape: &Shape<'_>) -> Option<u64> {
        match (shape.kind, shape.reference.map(Correlation::of)) {
            (Kind::Call, Some(_)) => None,
            // Equal answers to two calls are told apart by it as well.
            (Kind::Reply, Some(Correlation::Reference { words, .. })) => {
                Some(self.hasher.hash_one((shape.kind, words)))
            }
            _ => Some(self.content(shape.kind, shape.inner)),
        }
    }

    pub(super) fn sent(&mut self, receiver: Receiver, content: u64, flight: Flight) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        let key = (receiver, content);
        let Some(queue) = self.young.get_mut(&key) else {
            self.young.insert(key, Queue::One(flight));
            return;
        };
        match queue {
            Queue::One(first) => *queue = Queue::Many(VecDeque::from([*first, flight])),
            Queue::Many(many) => {
                if many.len() >= GENERATION {
                    many.pop_front();
                }
                many.push_back(flight);
            }
        }
    }

    pub(super) fn received(&mut self, receiver: Receiver, content: u64) -> Option<Flight> {
        let key = (receiver, content);
        take(&mut self.old, key).or_else(|| take(&mut self.young, key))
    }

    pub(super) fn called(&mut self, correlation: Correlation, flight: Flight) {
        let Correlation::Reference { words, .. } = correlation else { return };
        if self.young_calls.len() >= GENERATION {
            self.old_calls = std::mem::take(&mut self.young_calls);
        }
        self.young_calls.insert(words, flight);
    }

    /// The call a reference stands for; a reply that comes late finds it still.
    pub(super) fn call(&self, correlation: Correlation) -> Option<Flight> {
        let Correlation::Reference { words, .. } = correlation else { return None };
        self.young_calls.get(&words).or_else(|| self.old_calls.get(&words)).copied()
    }
}

fn take(generation: &mut Generation<(Receiver, u64), Queue>, key: (Receiver, u64)) -> Option<Flight> {
    let queue = generation.get_mut(&key)?;
    match queue {
        Queue::One(flight) => {
            let flight = *flight;
            generation.remove(&key);
            Some(flight)
        }
        Queue::Many(many) => {
            let flight = many.pop_front();
            if many.is_empty() {
                generation.remove(&key);
            }
            flight
        }
    }
}
