//! How many messages waited in a mailbox, and for how long?
//!
//! From sends minus callbacks, where those were traced (`server` says when that is): a receive is traced when a process
//! looks at its mailbox, not when it handles a message.

use super::ledger::{Call, Message, Moment, ProcessId};
use super::traffic::{Fate, Traffic};

/// What lengths are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// Sends minus callbacks.
    Handled,
    /// Sends minus receives: a lower bound, because a receive is when the process looked.
    Received,
    /// Nothing recorded tells when messages were taken.
    Unknown,
}

/// A message's stay in a mailbox.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stay<'l> {
    pub(crate) message: &'l Message,
    pub(crate) from: Moment,
    /// When it was taken out; `None`: it never was.
    pub(crate) until: Option<Moment>,
    /// What handled it.
    pub(crate) call: Option<&'l Call>,
}

/// A process's mailbox over time.
#[derive(Debug)]
pub(crate) struct Mailbox<'l> {
    pub(crate) measure: Measure,
    /// In the order the messages were sent.
    pub(crate) stays: Vec<Stay<'l>>,
    /// Messages of which the recording does not say what became of them; not among the stays.
    pub(crate) unknown: usize,
}

/// So long was a mailbox from this moment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Length {
    pub(crate) moment: Moment,
    pub(crate) length: usize,
}

/// The messages to each process, by its number, in the order they were sent.
pub(crate) fn by_receiver<'l>(traffic: &Traffic<'l>) -> Vec<Vec<&'l Message>> {
    let mut all: Vec<Vec<&Message>> = vec![Vec::new(); traffic.ledger.processes.len()];
    for message in &traffic.ledger.messages {
        if let Some(receiver) = message.receiver.filter(|_| message.kind.is_for_callback()) {
            all[receiver as usize].push(message);
        }
    }
    all
}

impl<'l> Mailbox<'l> {
    /// The mailbox these messages to one process went through.
    pub(crate) fn new(traffic: &Traffic<'l>, process: ProcessId, messages: &[&'l Message]) -> Self {
        let measure = if traffic.is_server(process) {
            Measure::Handled
        } else if traffic.receives(process) && !traffic.is_refuted(process) {
            Measure::Received
        } else {
            Measure::Unknown
        };
        let (mut stays, mut unknown) = (Vec::new(), 0);
        for message in messages {
            let (until, call) = match traffic.fate(message) {
                Fate::Handled(call) if measure == Measure::Handled => {
                    let call = traffic.ledger.call(call);
                    (Some(call.start), Some(call))
                }
                Fate::Received if measure == Measure::Received => (message.received, None),
                Fate::Queued => (None, None),
                Fate::Handled(_) if measure == Measure::Received && message.received.is_some() => {
                    (message.received, message.handled.map(|call| traffic.ledger.call(call)))
                }
                Fate::DiedWith if measure != Measure::Unknown => {
                    (traffic.ledger.process(process).exit.as_ref().map(|exit| exit.moment), None)
                }
                Fate::NoProcess | Fate::NoName => continue,
                Fate::Handled(_) | Fate::DiedWith | Fate::Received | Fate::Unknown => {
                    unknown += 1;
                    continue;
                }
            };
            let from = until.map_or(message.came(), |until| message.came().min(until));
            stays.push(Stay { message, from, until, call });
        }
        Self { measure, stays, unknown }
    }

    /// Messages that wait at a time, as far as it is known.
    pub(crate) fn waiting_at(&self, at: i64) -> usize {
        let waits = |stay: &&Stay<'_>| stay.from.at <= at && stay.until.is_none_or(|until| until.at > at);
        self.stays.iter().filter(waits).count()
    }

    /// The first of its longest lengths.
    pub(crate) fn peak(&self) -> Option<Length> {
        self.lengths().into_iter().max_by_key(|step| (step.length, std::cmp::Reverse(step.moment)))
    }

    /// Whether its lengths are known: every message that came is told of, and when it was taken.
    pub(crate) fn is_whole(&self) -> bool {
        self.measure == Measure::Handled && self.unknown == 0
    }

    /// Its length after every message that came or went.
    pub(crate) fn lengths(&self) -> Vec<Length> {
        let came = self.stays.iter().map(|stay| (stay.from, true));
        let went = self.stays.iter().filter_map(|stay| Some((stay.until?, false)));
        let mut steps: Vec<(Moment, bool)> = came.chain(went).collect();
        steps.sort_unstable();
        let mut length: usize = 0;
        let mut lengths = Vec::with_capacity(steps.len());
        for (moment, is_in) in steps {
            length = if is_in { length + 1 } else { length.saturating_sub(1) };
            lengths.push(Length { moment, length });
        }
        lengths
    }
}

impl Stay<'_> {
    /// Nanoseconds it waited; not known where the clocks of two nodes disagree.
    pub(crate) fn waited(&self) -> Option<i64> {
        self.message.until(self.until?)
    }
}

/// One span of time of a mailbox.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bucket {
    pub(crate) since: i64,
    /// Messages sent to it.
    pub(crate) came: u64,
    /// Messages taken out.
    pub(crate) went: u64,
    /// Length when the span ends, and the longest within.
    pub(crate) length: usize,
    pub(crate) longest: usize,
    /// Waiting times of the messages taken out.
    pub(crate) waits: Vec<i64>,
    /// Longest of the measured lengths (`process_sample`).
    pub(crate) sampled: Option<u64>,
}

/// The spans of a mailbox's time, `width` nanoseconds each, from `since` on; empty ones between are kept.
pub(crate) fn buckets(mailbox: &Mailbox<'_>, since: i64, until: i64, width: i64) -> Vec<Bucket> {
    let width = width.max(1);
    let n = (until.saturating_sub(since) / width + 1).max(1) as usize;
    let mut all: Vec<Bucket> =
        (0..n).map(|at| Bucket { since: since.saturating_add(at as i64 * width), ..Bucket::default() }).collect();
    let place = |at: i64| ((at.saturating_sub(since) / width).max(0) as usize).min(n - 1);
    for stay in &mailbox.stays {
        all[place(stay.from.at)].came += 1;
        if let Some(until) = stay.until {
            let bucket = &mut all[place(until.at)];
            bucket.went += 1;
            bucket.waits.extend(stay.waited());
        }
    }
    let lengths = mailbox.lengths();
    let mut next = lengths.iter().peekable();
    let mut length = 0;
    for (at, bucket) in all.iter_mut().enumerate() {
        bucket.longest = length;
        while let Some(step) = next.next_if(|step| place(step.moment.at) == at) {
            length = step.length;
            bucket.longest = bucket.longest.max(length);
        }
        bucket.length = length;
        bucket.waits.sort_unstable();
    }
    all
}
