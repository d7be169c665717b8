//! What became of each message: queued how long, handled by whom, answered when, or lost why?

use std::collections::BTreeMap;

use super::found::Place;
use super::ledger::payload::{Payload, text};
use super::ledger::{Call, CallId, Kind, Ledger, Message, MessageId, ProcessId, Sample, Waited, bare};
use super::place::is_library;
use super::server::Server;
use super::terms;
use super::value::{Value, brief, envelope};

/// A caller that does something so soon after its call did not wait for the answer: it asked for it to be sent later.
const NO_WAIT_NS: i64 = 1_000_000;

/// So long a message may be underway to a mailbox at most when that is measured.
const UNDERWAY_NS: i64 = 1_000_000;

/// Calls around a send that are asked for its line.
const PLACES: usize = 64;

/// Names that stand before any recording begins.
const SYSTEM_NAMES: [&str; 18] = [
    "code_server",
    "error_logger",
    "logger",
    "Logger",
    "user",
    "init",
    "application_controller",
    "file_server_2",
    "global_name_server",
    "kernel_sup",
    "rex",
    "standard_error",
    "erl_prim_loader",
    "erts_code_purger",
    "inet_db",
    "timer_server",
    "net_kernel",
    "ssl_manager",
];

/// Where a message ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Handled(CallId),
    /// Taken by the process; it has no callbacks that would tell more.
    Received,
    /// Still in the mailbox of a living process.
    Queued,
    /// In the mailbox of a process when it ended.
    DiedWith,
    /// Sent to a process that had ended.
    NoProcess,
    /// Sent to a name nobody had.
    NoName,
    /// The recording does not say.
    Unknown,
}

/// How a call was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is no call, or its caller did not wait.
    None,
    /// After so long.
    After(i64),
    /// When is not known: the clocks of two nodes disagree, or the reply was sent and not seen to come.
    Untimed,
    /// The reply was sent so long after the caller had given up.
    Late(i64),
    /// The caller gave up and no reply was ever sent.
    Never,
    /// The callee was not alive, or ended before it replied.
    CalleeGone,
    /// The caller ended while it waited.
    CallerGone,
    /// Not within the recording.
    Waiting,
    /// Whether is not known: the recording has a seam after it.
    Unseen,
}

/// Whether a name, written without its colon, is one that stands before any recording begins.
pub(crate) fn is_of_system(bare: &str) -> bool {
    SYSTEM_NAMES.contains(&bare) || bare.starts_with("elixir_")
}

/// Fates of messages.
#[derive(Debug)]
pub(crate) struct Traffic<'l> {
    pub(crate) ledger: &'l Ledger,
    servers: Vec<Server>,
}

impl<'l> Traffic<'l> {
    pub(crate) fn new(ledger: &'l Ledger) -> Self {
        let mut all = Self { ledger, servers: Server::all(ledger) };
        for process in all.refuted() {
            all.servers[process as usize].is_refuted = true;
        }
        all
    }

    /// Servers of which a measured mailbox was shorter than sends minus callbacks say: they take messages in a way that
    /// was not traced.
    fn refuted(&self) -> Vec<ProcessId> {
        let mut samples: BTreeMap<ProcessId, Vec<&Sample>> = BTreeMap::new();
        for sample in self.ledger.samples.iter().filter(|sample| self.is_server(sample.process)) {
            samples.entry(sample.process).or_default().push(sample);
        }
        let mut stays: BTreeMap<ProcessId, Vec<(i64, bool)>> = BTreeMap::new();
        for message in self.ledger.messages.iter().filter(|message| message.kind.is_for_callback()) {
            let Some(receiver) = message.receiver.filter(|receiver| samples.contains_key(receiver)) else { continue };
            let until = match self.fate(message) {
                Fate::Handled(call) => self.ledger.call(call).start.at,
                Fate::Queued | Fate::DiedWith => i64::MAX,
                _ => continue,
            };
            // A message that was just sent may not have been there yet; another node's clock does not say when it was.
            let since = match (message.is_across(), message.received) {
                (false, _) => message.sent.at.saturating_add(UNDERWAY_NS),
                (true, Some(came)) => came.at,
                (true, None) => continue,
            };
            if since < until {
                stays.entry(receiver).or_default().extend([(since, true), (until, false)]);
            }
        }
        let is_shorter = |(process, samples): &(&ProcessId, &Vec<&Sample>)| {
            let Some(steps) = stays.get_mut(process) else { return false };
            steps.sort_unstable();
            let (mut steps, mut length) = (steps.iter().peekable(), 0_u64);
            samples.iter().any(|sample| {
                // The shortest it was while it was measured.
                let mut shortest = u64::MAX;
                while let Some((at, came)) = steps.next_if(|(at, _)| *at <= sample.moment.at) {
                    if *at > sample.since {
                        shortest = shortest.min(length);
                    }
                    length = if *came { length + 1 } else { length.saturating_sub(1) };
                }
                sample.length < shortest.min(length)
            })
        };
        samples.iter().filter(is_shorter).map(|(process, _)| *process).collect()
    }

    /// Whether a measured length says that a server's messages are taken in a way that was not traced.
    pub(crate) fn is_refuted(&self, process: ProcessId) -> bool {
        self.servers[process as usize].is_refuted
    }

    /// Whether a process handles messages by callbacks that were traced.
    pub(crate) fn is_server(&self, process: ProcessId) -> bool {
        self.servers[process as usize].is_server()
    }

    /// Whether any receive of a process was traced.
    pub(crate) fn receives(&self, process: ProcessId) -> bool {
        self.servers[process as usize].receives
    }

    pub(crate) fn fate(&self, message: &Message) -> Fate {
        if let Some(call) = message.handled {
            return Fate::Handled(call);
        }
        let Some(receiver) = message.receiver else {
            return match message.name {
                Some(name) if !message.undeliverable && self.is_nobody(message, name) => Fate::NoName,
                _ if message.undeliverable => Fate::NoProcess,
                _ => Fate::Unknown,
            };
        };
        let exit = self.ledger.process(receiver).exit.as_ref();
        if message.is_across() && message.received.is_none() {
            // It may be on its way, or have come after its receiver had ended.
            return Fate::Unknown;
        }
        if message.undeliverable || exit.is_some_and(|exit| exit.moment < message.came()) {
            return Fate::NoProcess;
        }
        let server = &self.servers[receiver as usize];
        if !server.is_server() || !message.kind.is_for_callback() {
            return match (message.received, exit) {
                (Some(_), _) => Fate::Received,
                (None, Some(_)) if server.receives => Fate::DiedWith,
                // Receives may not have been traced.
                _ => Fate::Unknown,
            };
        }
        if !server.knows(self.ledger, receiver, message) {
            return Fate::Unknown;
        }
        if exit.is_some() { Fate::DiedWith } else { Fate::Queued }
    }

    /// Whether nobody had this name then, as far as the recording can know.
    fn is_nobody(&self, message: &Message, name: super::ledger::Sym) -> bool {
        // A recording that knows no name at all cannot tell a free one.
        if !self.ledger.knows_names && self.ledger.registrations.is_empty() {
            return false;
        }
        let bare = bare(self.ledger.text(name));
        let is_local = !bare.starts_with('{');
        is_local && !is_of_system(bare) && message.received.is_none()
    }

    /// Whether the name was somebody's at some other time, or all names are known: then it is sure that it was free.
    pub(crate) fn is_surely_nobody(&self, name: super::ledger::Sym) -> bool {
        self.ledger.knows_names || self.ledger.registrations.iter().any(|(_, registered, _)| *registered == name)
    }

    pub(crate) fn answer(&self, message: &Message) -> Answer {
        if message.kind != Kind::Call {
            return Answer::None;
        }
        let reply = message.reply.map(|reply| self.ledger.message(reply).sent);
        if let (true, Some(reply)) = (message.is_across(), message.reply) {
            return Self::answer_across(message, self.ledger.message(reply));
        }
        let exit = message.receiver.and_then(|receiver| self.ledger.process(receiver).exit.as_ref());
        let is_gone = |by: u32| message.undeliverable || exit.is_some_and(|exit| exit.moment.order < by);
        match (message.waited, reply) {
            (Some((moment, Waited::Answered)), _) => Answer::After(moment.since(message.sent)),
            (Some((_, Waited::Unseen)), _) => Answer::Unseen,
            (Some((moment, how)), Some(reply)) if reply > moment => match how {
                Waited::GaveUp if moment.since(message.sent) < NO_WAIT_NS => Answer::After(reply.since(message.sent)),
                Waited::Died => Answer::CallerGone,
                _ => Answer::Late(reply.since(moment)),
            },
            // Its receive was not traced.
            (_, Some(reply)) => Answer::After(reply.since(message.sent)),
            (Some((moment, Waited::GaveUp)), None) => {
                if is_gone(moment.order) {
                    Answer::CalleeGone
                } else if moment.since(message.sent) < NO_WAIT_NS {
                    Answer::None
                } else {
                    Answer::Never
                }
            }
            (Some((_, Waited::Died)), None) => Answer::CallerGone,
            (None, None) => {
                if is_gone(u32::MAX) {
                    Answer::CalleeGone
                } else {
                    Answer::Waiting
                }
            }
        }
    }

    /// How a call from another node was answered: by the caller's clock, as far as that tells.
    fn answer_across(message: &Message, reply: &Message) -> Answer {
        let came = reply.received;
        match (message.waited, came) {
            (Some((moment, Waited::Answered)), _) => Answer::After(moment.since(message.sent)),
            (Some((_, Waited::Died)), _) => Answer::CallerGone,
            (Some((moment, Waited::GaveUp)), Some(came)) if moment.since(message.sent) >= NO_WAIT_NS => {
                Answer::Late(came.since(moment).max(0))
            }
            (_, Some(came)) => Answer::After(came.since(message.sent)),
            _ => Answer::Untimed,
        }
    }

    /// How long it waited in the mailbox until it was handled; not known where the clocks of two nodes disagree.
    pub(crate) fn queued(&self, message: &Message) -> Option<i64> {
        message.until(self.ledger.call(message.handled?).start)
    }

    /// What the message says, without its wrapping; whole.
    pub(crate) fn whole(&self, message: &Message) -> String {
        let Some(event) = self.ledger.event(message.event) else { return String::new() };
        let payload = Payload::read(event.data());
        let message = text(payload.message).unwrap_or_default();
        self.ledger.told(envelope::content(&message), &event).into_owned()
    }

    /// The same, cut.
    pub(crate) fn content(&self, message: &Message, most: usize) -> String {
        brief::cut(&self.whole(message), most)
    }

    /// What kind of message it is, whatever it carries: `:total`, `{:coupon, _}`.
    pub(crate) fn pattern(&self, message: &Message) -> String {
        Value::read(&self.whole(message)).pattern()
    }

    /// Where it was sent from: `Checkout.shop/3 (cart.exs:26)`, or the function it was sent in.
    pub(crate) fn place(&self, message: &Message) -> Place {
        if !message.is_sent_traced {
            return Place::Unrecorded;
        }
        let told = self.ledger.event(message.event).and_then(|event| {
            let payload = Payload::read(event.data());
            text(payload.sent_from).map(|place| place_at_home(&place)).filter(|place| !is_library(place))
        });
        if let Some(told) = told {
            return Place::At(told);
        }
        let calls = message.sent_in.into_iter().flat_map(|call| std::iter::once(call).chain(self.ledger.around(call)));
        let calls = calls.take(PLACES);
        // A call in the last position has no line of its own: the functions around it say where it was.
        let mut within: Vec<String> = Vec::new();
        for call in calls {
            let call = self.ledger.call(call);
            let function = terms::home(self.ledger.text(call.function));
            if within.last() != Some(&function) {
                within.push(function);
            }
            if let Some(place) = self.call_place(call).filter(|place| !is_library(place)) {
                within.retain(|function| !place.starts_with(function.as_str()));
                within.truncate(2);
                return if within.is_empty() {
                    Place::At(place)
                } else {
                    Place::Within { functions: within, called_at: Some(place) }
                };
            }
        }
        within.truncate(2);
        if within.is_empty() { Place::Untraced } else { Place::Within { functions: within, called_at: None } }
    }

    /// Where a call was made: `Main.run/0 (deadlock.exs:27)`.
    pub(crate) fn call_place(&self, call: &Call) -> Option<String> {
        call.site?;
        let event = self.ledger.event(call.event)?;
        let payload = Payload::read(event.data());
        let (caller, site) = (text(payload.caller)?, text(payload.call_site)?);
        Some(format!("{} ({site})", terms::home(&caller)))
    }

    /// Messages to a process that a callback may handle, in the order they were sent.
    pub(crate) fn to(&self, process: ProcessId) -> impl Iterator<Item = (MessageId, &'l Message)> {
        let ledger = self.ledger;
        (0..)
            .zip(&ledger.messages)
            .filter(move |(_, message)| message.receiver == Some(process) && message.kind.is_for_callback())
    }
}

/// `Office.-pages/1-fun-0-/2 (office.exs:26)` is in `Office.pages/1`.
fn place_at_home(place: &str) -> String {
    match place.split_once(' ') {
        Some((function, rest)) => format!("{} {rest}", terms::home(function)),
        None => terms::home(place),
    }
}
