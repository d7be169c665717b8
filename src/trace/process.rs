//! What is known of one process: its open calls, and the messages it has received and not handled?

use std::collections::{HashMap, VecDeque};

use foldhash::fast::FixedState;

use super::flight::Flight;
use super::functions::{FunctionId, SiteId};
use super::handlers::{HandlerId, Handlers};
use super::object::{Home, number};
use super::raised::Raised;
use crate::etf::Pid;
use crate::event::behaviour::{Callback, Loop};
use crate::redact::Asked;

/// Open calls of one process. A function that never returns, or is traced without `return_trace`, stays open: the
/// oldest are forgotten first.
const MAX_FRAMES: usize = 4096;

/// Received messages of one process that no callback has handled: a process without callbacks handles none.
const MAX_INBOX: usize = 1024;

/// Processes known at a time. Without `procs` their exits are not traced: those silent for longest are forgotten.
const MAX_PROCESSES: usize = 1 << 18;

/// A process of the recorded node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ProcessKey(u64);

/// What joins the events of one exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Correlation {
    #[default]
    None,
    /// A message without a reference of its own: the number of its send.
    Message(u64),
    /// The reference of a call.
    Reference { words: [u32; 5], n: u8 },
}

/// Where a call returns to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// The match specification did not ask.
    Unknown,
    /// It is the process's first.
    Nobody,
    Function(FunctionId),
}

/// A call that has not returned.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) function: FunctionId,
    /// Number of its message: the call's id.
    pub(super) number: u64,
    /// The event that led to it.
    pub(super) parent: Option<u64>,
    pub(super) since: Option<i64>,
    pub(super) site: Option<SiteId>,
    pub(super) caller: Caller,
    /// Whether it may have ended without a trace: when it ends is not known.
    pub(super) is_doubtful: bool,
    pub(super) correlation: Correlation,
    /// How many gaps had been before it.
    pub(super) gaps: u64,
    pub(super) handling: Option<Box<Handling>>,
    /// What it asked for by the name of a secret: what it returns is one.
    pub(super) asked: Option<Asked>,
    /// So many results of calls in it may be on their way to it, and are shown without texts.
    pub(super) within: u8,
}

/// What a callback was called with.
#[derive(Clone, Debug)]
pub(super) struct Handling {
    /// `None`: it takes an event of a state machine.
    pub(super) callback: Option<&'static Callback>,
    /// Whose callback it is; `None`: what it is given and returns is no state that is known.
    pub(super) of: Option<Loop>,
    /// Whether who called it says so.
    pub(super) is_told: bool,
    /// The handler it belongs to, in an event manager.
    pub(super) handler: Option<HandlerId>,
    /// The state before, as sent, of a state machine `{Name, Data}`; none for `init/1`.
    pub(super) state: Option<Vec<u8>>,
    /// The message, as sent; none for `init/1`.
    pub(super) message: Option<Vec<u8>>,
    /// Where the message comes from, if its send was seen.
    pub(super) sent: Option<Flight>,
    /// The reference of the call it answers.
    pub(super) correlation: Correlation,
}

/// A received message that no callback has handled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Received {
    /// Hash of what the callback will be given.
    pub(super) content: u64,
    pub(super) sent: Option<Flight>,
}

/// What is known of a process.
#[derive(Debug, Default)]
pub(super) struct Process {
    /// `cart_4`, as Elixir writes it.
    pub(super) name: Option<Box<str>>,
    pub(super) stack: Vec<Frame>,
    pub(super) inbox: VecDeque<Received>,
    /// Whether an event tells its spawn.
    pub(super) is_announced: bool,
    pub(super) spawned_at: Option<i64>,
    /// Number of the message that told its spawn.
    pub(super) spawned_by: Option<u64>,
    /// The call that failed last and what it was for, until the next message is handled: the cause of a crash.
    pub(super) failed: Option<(u64, Correlation)>,
    /// Whether the last that was traced of its calls is a return with a value: the `return_to` behind it tells the same.
    pub(super) has_returned: bool,
    /// What it has raised last, until it is seen to go on.
    pub(super) raised: Option<Raised>,
    pub(super) running_since: Option<i64>,
    /// Start of a garbage collection, and its sizes as sent.
    pub(super) collecting: Option<(Option<i64>, Vec<u8>)>,
    /// Hash of its state, as a callback last told it.
    pub(super) state: Option<u64>,
    /// Those of an event manager have states of their own.
    pub(super) handlers: Handlers,
    /// Gaps before its state was last seen.
    pub(super) state_gaps: u64,
    /// Gaps before its last message.
    pub(super) gaps: u64,
    /// Number of its last message.
    last: u64,
}

impl Process {
    /// Messages were dropped: what it began before may have ended since, and what ends now may have begun since. Its open
    /// calls stay, and their ends say so.
    fn cross(&mut self, gaps: u64) {
        if self.gaps != gaps {
            self.gaps = gaps;
            self.inbox.clear();
            self.handlers.cross();
            self.raised = None;
            self.failed = None;
            self.running_since = None;
            self.collecting = None;
        }
    }

    /// Whether there is no room for another open call.
    pub(super) const fn is_full(&self) -> bool {
        self.stack.len() >= MAX_FRAMES
    }

    /// Forgets open calls until there is room for many: it is not looked through for each call.
    pub(super) fn make_room(&mut self) {
        let is_enough = |stack: &[Frame]| stack.len() <= MAX_FRAMES / 2;
        if !is_enough(&self.stack) {
            self.stack.retain(|open| !open.is_doubtful);
        }
        if !is_enough(&self.stack) {
            self.stack.drain(..MAX_FRAMES / 2);
        }
    }

    /// Opens a call.
    pub(super) fn push(&mut self, frame: Frame) {
        if frame.handling.is_some() {
            // It is back in its loop: what was open before a gap has ended in it.
            self.stack.retain(|open| open.gaps == frame.gaps);
        }
        // `terminate/2` is called between the failure and the exit.
        if frame.handling.is_some() {
            self.failed = None;
        }
        self.stack.push(frame);
    }

    /// Closes the innermost open call of a function. Those above it have lost their returns: they are closed too.
    pub(super) fn pop(&mut self, function: FunctionId) -> Option<Frame> {
        let at = self.stack.iter().rposition(|frame| frame.function == function)?;
        self.stack.truncate(at + 1);
        self.stack.pop()
    }

    /// What it is doing: the innermost open call and what that is for, or what made the process.
    /// After a gap that is not known.
    pub(super) fn doing(&self) -> (Option<u64>, Correlation) {
        match self.innermost() {
            Some(frame) => (Some(frame.number), frame.correlation),
            None if self.stack.is_empty() => (self.spawned_by, Correlation::None),
            None => (None, Correlation::None),
        }
    }

    /// The innermost call that is surely open, if no gap lies between.
    pub(super) fn innermost(&self) -> Option<&Frame> {
        self.stack.iter().rev().find(|frame| !frame.is_doubtful).filter(|frame| frame.gaps == self.gaps)
    }

    /// Whether the innermost call that is surely open is the innermost there is.
    pub(super) fn knows_innermost(&self) -> bool {
        self.stack.last().is_none_or(|frame| !frame.is_doubtful && frame.gaps == self.gaps)
    }

    pub(super) fn received(&mut self, received: Received) {
        if self.inbox.len() >= MAX_INBOX {
            self.inbox.pop_front();
        }
        self.inbox.push_back(received);
    }

    /// The received message a callback is given. Older ones went another way (a selective receive, a system message).
    pub(super) fn handle(&mut self, content: u64) -> Option<Received> {
        let at = self.inbox.iter().position(|received| received.content == content)?;
        self.inbox.drain(..=at).next_back()
    }
}

/// Every process of the recorded node that is known.
#[derive(Debug, Default)]
pub(super) struct Processes {
    known: HashMap<ProcessKey, Process, FixedState>,
    /// Gaps so far.
    gaps: u64,
}

impl Processes {
    /// A process; known from now on.
    pub(super) fn at(&mut self, key: ProcessKey, number: u64) -> &mut Process {
        if self.known.len() >= MAX_PROCESSES && !self.known.contains_key(&key) {
            let mut last: Vec<u64> = self.known.values().map(|process| process.last).collect();
            let (_, middle, _) = last.select_nth_unstable(MAX_PROCESSES / 2);
            let middle = *middle;
            self.known.retain(|_, process| process.last > middle);
        }
        let process = self.known.entry(key).or_insert_with(|| Process {
            gaps: self.gaps,
            state_gaps: self.gaps,
            ..Process::default()
        });
        process.cross(self.gaps);
        process.last = number;
        process
    }

    pub(super) fn get(&mut self, key: ProcessKey) -> Option<&mut Process> {
        let process = self.known.get_mut(&key)?;
        process.cross(self.gaps);
        Some(process)
    }

    pub(super) fn remove(&mut self, key: ProcessKey) -> Option<Process> {
        let mut process = self.known.remove(&key)?;
        process.cross(self.gaps);
        Some(process)
    }

    /// Messages were lost here.
    pub(super) const fn lose(&mut self) {
        self.gaps += 1;
    }

    /// How often messages were lost.
    pub(super) const fn gaps(&self) -> u64 {
        self.gaps
    }
}

impl ProcessKey {
    /// The key of a pid, if it is of the recorded node.
    pub(super) fn of(pid: Pid<'_>, home: Home<'_>) -> Option<Self> {
        (Some(pid.node.bytes()) == home).then(|| Self(u64::from(pid.serial) << 32 | u64::from(pid.id)))
    }

    /// Appends `<0.1.0>`.
    pub(super) fn write(self, text: &mut String) {
        text.push_str("<0.");
        number((self.0 & u64::from(u32::MAX)) as i64, text);
        text.push('.');
        number((self.0 >> 32) as i64, text);
        text.push('>');
    }
}
