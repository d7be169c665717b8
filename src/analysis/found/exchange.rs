//! Calls that got no answer, or too late.

use serde::Serialize;

use super::abandoned::Abandoned;
use super::busy::Busy;
use super::facts::Facts;
use super::key::Key;
use super::place::Place;
use super::process::Process;

/// Calls to one process that timed out for one cause.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Timeout {
    pub(crate) calls: usize,
    /// Of the first, like all below; nobody's, where that is not recorded.
    pub(crate) caller: Option<Process>,
    pub(crate) callee: Option<Process>,
    /// How long the caller waited.
    pub(crate) waited_ns: i64,
    pub(crate) message: String,
    pub(crate) sent: Place,
    pub(crate) why: Why,
    /// The call of another, gone by then, that the callee worked on when it was asked.
    pub(crate) abandoned: Option<Abandoned>,
    /// The reply, after the caller had given up.
    pub(crate) late_ns: Option<i64>,
}

/// What kept a callee from answering in time.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Why {
    /// The message waited behind others.
    Queue {
        /// Messages before it.
        ahead: usize,
        /// From its send to its callback, if it was handled at all.
        handled_after_ns: Option<i64>,
        busy: Option<Busy>,
    },
    /// Its callback was not done in time.
    Slow {
        /// From its send to its callback.
        queued_ns: i64,
        busy: Option<Busy>,
    },
    /// Its callback returned and nobody replied.
    NoReply,
    /// Its callback returned a reply in time, of which no send is recorded.
    Replied,
    /// The callee's functions were not traced.
    Unknown,
    /// They were, and none of them is known to have handled the message: it may have.
    Unjoined,
    /// The callee is on a node whose clock disagrees with the caller's.
    Elsewhere,
}

/// Calls whose callback returned, and no reply was sent.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct NeverAnswered {
    pub(crate) callee: Option<Process>,
    pub(crate) calls: usize,
    /// The callback.
    pub(crate) function: Option<String>,
    /// What the first call says.
    pub(crate) message: String,
    /// Where it was made.
    pub(crate) sent: Place,
}

/// Replies that were sent after their callers had given up.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LateReplies {
    pub(crate) callee: Option<Process>,
    pub(crate) replies: usize,
    /// The latest, from when its caller gave up.
    pub(crate) worst_ns: i64,
}

fn family(process: Option<&Process>) -> &str {
    process.map_or("", Process::family)
}

impl Why {
    /// What stays the same from run to run.
    fn key(&self, key: Key) -> Key {
        let at = |key: Key, busy: Option<&Busy>| match busy {
            Some(busy) => key.with(&busy.function).with(busy.called_at.as_deref().unwrap_or_default()),
            None => key,
        };
        match self {
            Self::Queue { ahead, handled_after_ns, .. } => {
                let handled = if handled_after_ns.is_some() { "handled" } else { "never handled" };
                key.with("queue").with(if *ahead > 0 { "behind others" } else { "" }).with(handled)
            }
            Self::Slow { busy, .. } => at(key.with("slow"), busy.as_ref()),
            Self::NoReply => key.with("no reply"),
            Self::Replied => key.with("replied"),
            Self::Unknown => key.with("unknown"),
            Self::Unjoined => key.with("unjoined"),
            Self::Elsewhere => key.with("elsewhere"),
        }
    }
}

impl Facts for Timeout {
    fn subjects(&self) -> Vec<&Process> {
        self.callee.iter().chain(&self.caller).collect()
    }

    fn site(&self) -> Option<&str> {
        self.sent.site()
    }

    fn key(&self) -> Key {
        let key = Key::default().with(family(self.callee.as_ref())).with(family(self.caller.as_ref()));
        self.why.key(key.with(self.sent.key()).like(&self.message))
    }
}

impl Facts for NeverAnswered {
    fn subjects(&self) -> Vec<&Process> {
        self.callee.iter().collect()
    }

    fn site(&self) -> Option<&str> {
        self.sent.site()
    }

    fn key(&self) -> Key {
        let function = self.function.as_deref().unwrap_or_default();
        Key::default().with(family(self.callee.as_ref())).with(function).with(self.sent.key()).like(&self.message)
    }
}

impl Facts for LateReplies {
    fn subjects(&self) -> Vec<&Process> {
        self.callee.iter().collect()
    }

    fn key(&self) -> Key {
        Key::default().with(family(self.callee.as_ref()))
    }
}
