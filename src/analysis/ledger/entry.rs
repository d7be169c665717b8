//! What stands in a ledger: calls, messages, processes, and what was measured of them.

use super::kind::Kind;
use super::texts::Sym;
use crate::event::exit_reason::ExitReason;

/// Place of an event in the total order, and its timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    /// Number of the event in the visit.
    pub(crate) order: u32,
    pub(crate) at: i64,
}

impl Moment {
    /// Nanoseconds from an earlier moment.
    pub(crate) const fn since(self, earlier: Self) -> i64 {
        self.at.saturating_sub(earlier.at)
    }
}

pub(crate) type CallId = u32;
pub(crate) type MessageId = u32;
pub(crate) type ProcessId = u32;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// No end was recorded.
    Open,
    /// It ended; whether it returned or raised was not traced, or messages were dropped meanwhile.
    Ended,
    Returned,
    Error,
    Exit,
    Throw,
}

/// Callback of an OTP behaviour that takes a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Callback {
    Call,
    Cast,
    Info,
    Continue,
    Init,
}

#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) event: Sym,
    pub(crate) exit: Option<Sym>,
    pub(crate) process: ProcessId,
    /// `Mod.fun/1`; of a span, what it is called.
    pub(crate) function: Sym,
    /// A span of a tracer: it may be part of another process's.
    pub(crate) is_span: bool,
    pub(crate) is_anonymous: bool,
    pub(crate) callback: Option<Callback>,
    /// AST node it was called at.
    pub(crate) site: Option<Sym>,
    pub(crate) start: Moment,
    pub(crate) end: Option<Moment>,
    pub(crate) duration: Option<i64>,
    pub(crate) outcome: Outcome,
    /// Why it ended other than by returning; cut.
    pub(crate) reason: Option<Sym>,
    /// The call around it: in its process, unless it is a span.
    pub(crate) parent: Option<CallId>,
    /// The message it handles.
    pub(crate) message: Option<MessageId>,
    /// The event of the state it changed.
    pub(crate) change: Option<Sym>,
}

/// How waiting for an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    /// It came.
    Answered,
    /// The caller went on without.
    GaveUp,
    /// The caller was gone before.
    Died,
    /// Not known: before an answer was seen the recording has a seam.
    Unseen,
}

/// Whose clocks tell the times of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clocks {
    /// That of one node.
    One,
    /// Its ends are of two nodes.
    Two,
    /// These disagree: some message between the two nodes was received before it was sent.
    Disagreeing,
}

#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Its send; of a sender that is not traced its receive.
    pub(crate) event: Sym,
    pub(crate) kind: Kind,
    /// `None`: not traced.
    pub(crate) sender: Option<ProcessId>,
    pub(crate) receiver: Option<ProcessId>,
    /// The name it was sent to.
    pub(crate) name: Option<Sym>,
    pub(crate) sent: Moment,
    pub(crate) is_sent_traced: bool,
    /// Innermost call of the sender.
    pub(crate) sent_in: Option<CallId>,
    /// AST node it was sent at.
    pub(crate) site: Option<Sym>,
    pub(crate) undeliverable: bool,
    pub(crate) received: Option<Moment>,
    /// The call its receiver was in then.
    pub(crate) received_in: Option<CallId>,
    pub(crate) handled: Option<CallId>,
    /// Of a call, its reply.
    pub(crate) reply: Option<MessageId>,
    /// Of a reply, its call.
    pub(crate) answers: Option<MessageId>,
    /// Of a call, when its sender stopped waiting and why.
    pub(crate) waited: Option<(Moment, Waited)>,
    pub(crate) clocks: Clocks,
}

impl Message {
    /// Whether it goes from one node to another.
    pub(crate) const fn is_across(&self) -> bool {
        !matches!(self.clocks, Clocks::One)
    }

    /// Whether the clocks of its two ends are known to disagree.
    pub(crate) const fn is_skewed(&self) -> bool {
        matches!(self.clocks, Clocks::Disagreeing)
    }

    /// Nanoseconds from its send to a moment of its receiver. `None`: the clocks of two nodes disagree.
    pub(crate) fn until(&self, moment: Moment) -> Option<i64> {
        (!self.is_skewed()).then(|| moment.since(self.sent).max(0))
    }

    /// When it was there to be taken, at the latest; by its receiver's clock where the two disagree and that is known.
    pub(crate) fn came(&self) -> Moment {
        self.received.filter(|_| self.is_skewed()).unwrap_or(self.sent)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Exit {
    pub(crate) event: Sym,
    pub(crate) moment: Moment,
    /// Cut.
    pub(crate) reason: Sym,
    /// `:badarith`, where the reason has a stack.
    pub(crate) error: Option<Sym>,
    /// `cart.ex:16`.
    pub(crate) crash_site: Option<Sym>,
    /// What the whole reason says.
    pub(crate) end: ExitReason,
}

#[derive(Clone, Debug)]
pub(crate) struct Process {
    /// As answers tell it.
    pub(crate) pid: Sym,
    /// Where several were recorded.
    pub(crate) node: Option<Sym>,
    pub(crate) session: Sym,
    /// Its last registered name.
    pub(crate) name: Option<Sym>,
    /// Its callback module.
    pub(crate) module: Option<Sym>,
    /// Whether its callbacks are called by a loop that is not OTP's own, such as `GenStage` or `gen_server2`: that takes
    /// messages out of the mailbox which no callback sees, or later.
    pub(crate) is_relayed: bool,
    /// Behaviour and callback module it was spawned with.
    pub(crate) spawned: Option<(Sym, Sym)>,
    pub(crate) parent: Option<ProcessId>,
    pub(crate) spawn: Option<(Moment, Sym)>,
    pub(crate) exit: Option<Exit>,
    /// Whether a function of it was traced.
    pub(crate) runs_traced_code: bool,
    /// Order of its newest callback that was recorded without arguments: it took a message, and which is not known.
    pub(crate) newest_bare: u32,
    /// Whether it is a helper of the runtime or the recorder.
    pub(crate) is_helper: bool,
}

/// A span before a message came in which its receiver may have waited for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MaybeWaited {
    /// The innermost call then.
    pub(crate) call: CallId,
    pub(crate) since: i64,
    pub(crate) until: i64,
    /// `None`: nothing else is kept of it.
    pub(crate) message: Option<MessageId>,
}

/// A message that tells of the end of a process to one that had monitored it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Down {
    pub(crate) event: Sym,
    pub(crate) receiver: ProcessId,
    /// Who ended.
    pub(crate) of: ProcessId,
    /// Of the monitor.
    pub(crate) reference: Sym,
    pub(crate) moment: Moment,
}

/// A mailbox length that was measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) process: ProcessId,
    pub(crate) moment: Moment,
    /// It was measured between this time and the moment.
    pub(crate) since: i64,
    pub(crate) length: u64,
}

/// The beginning or the end of a call that may show a web request or its answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sign {
    pub(crate) call: CallId,
    pub(crate) moment: Moment,
    pub(crate) is_end: bool,
}
