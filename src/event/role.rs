//! In which part a pid appears in an event.

use std::fmt;
use std::str::FromStr;

/// The part a process plays in an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Role {
    /// The process the event happened in: `pid`.
    Subject,
    /// `sender_pid`, `from_pid`.
    Sender,
    /// `receiver_pid`, `to_pid`.
    Receiver,
    /// `parent_pid`.
    Parent,
    /// `spawned_pid`, `child_pid`.
    Child,
    /// `server_pid`.
    Server,
    /// `exited_pid`, `crashed_pid`.
    Exited,
    /// `caller_pid`.
    Caller,
    /// `supervisor_pid`.
    Supervisor,
    /// `target_pid`, `target`: the other end of a link, a monitor or a trace.
    Target,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 10] = [
        Self::Subject,
        Self::Sender,
        Self::Receiver,
        Self::Parent,
        Self::Child,
        Self::Server,
        Self::Exited,
        Self::Caller,
        Self::Supervisor,
        Self::Target,
    ];

    /// The name used in filters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Sender => "sender",
            Self::Receiver => "receiver",
            Self::Parent => "parent",
            Self::Child => "child",
            Self::Server => "server",
            Self::Exited => "exited",
            Self::Caller => "caller",
            Self::Supervisor => "supervisor",
            Self::Target => "target",
        }
    }

    /// The role a payload key gives to the pid it holds.
    pub(crate) fn of_key(key: &str) -> Option<Self> {
        Some(match key {
            "sender_pid" | "from_pid" => Self::Sender,
            "receiver_pid" | "to_pid" => Self::Receiver,
            "parent_pid" => Self::Parent,
            "spawned_pid" | "child_pid" => Self::Child,
            "server_pid" => Self::Server,
            "exited_pid" | "crashed_pid" => Self::Exited,
            "caller_pid" => Self::Caller,
            "supervisor_pid" => Self::Supervisor,
            "target_pid" | "target" => Self::Target,
            _ => return None,
        })
    }

    pub(crate) const fn bit(self) -> u16 {
        1 << self as u8
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|role| role.name() == name).ok_or(())
    }
}
