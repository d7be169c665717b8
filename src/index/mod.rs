//! Which events have this key?
//!
//! Symbols ([`dictionary`]), posting lists while a segment fills ([`chain`]) and once it is sealed
//! ([`postings`]). Everything here is numbers and text of one segment; nothing knows of locks or of queries.

pub(crate) mod bitmap;
pub(crate) mod chain;
pub(crate) mod dictionary;
pub(crate) mod postings;

use std::fmt;

/// A text column of a segment: every value is a symbol of that column's dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Field {
    Node,
    Pid,
    EventType,
    Module,
    Function,
    Correlation,
    Parent,
    Call,
    Session,
    AstNode,
}

impl Field {
    pub(crate) const COUNT: usize = 10;
    pub(crate) const ALL: [Self; Self::COUNT] = [
        Self::Node,
        Self::Pid,
        Self::EventType,
        Self::Module,
        Self::Function,
        Self::Correlation,
        Self::Parent,
        Self::Call,
        Self::Session,
        Self::AstNode,
    ];
}

/// A secondary index: key to posting list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Index {
    /// Every pid an event names, whatever its role.
    Process,
    /// Event type.
    EventType,
    /// Erlang node.
    Node,
    /// Recording.
    Session,
    /// Module.
    Module,
    /// Function name, whatever its module.
    Function,
    /// Arity, whatever its function.
    Arity,
    /// Module and function, whatever the arity.
    ModuleFunction,
    /// Module, function and arity.
    Mfa,
    /// Correlation id.
    Correlation,
    /// AST node id; also answers prefixes.
    AstNode,
    /// Call id.
    Call,
}

impl Index {
    pub(crate) const COUNT: usize = 12;

    /// Every secondary index.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Process,
        Self::EventType,
        Self::Node,
        Self::Session,
        Self::Module,
        Self::Function,
        Self::Arity,
        Self::ModuleFunction,
        Self::Mfa,
        Self::Correlation,
        Self::AstNode,
        Self::Call,
    ];

    /// The name shown in plans and statistics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::EventType => "event_type",
            Self::Node => "node",
            Self::Session => "session",
            Self::Module => "module",
            Self::Function => "function",
            Self::Arity => "arity",
            Self::ModuleFunction => "module_function",
            Self::Mfa => "mfa",
            Self::Correlation => "correlation",
            Self::AstNode => "ast_node",
            Self::Call => "call",
        }
    }

    /// The text column whose symbols are this index's keys, where there is exactly one.
    pub(crate) const fn field(self) -> Option<Field> {
        match self {
            Self::Process => Some(Field::Pid),
            Self::EventType => Some(Field::EventType),
            Self::Node => Some(Field::Node),
            Self::Session => Some(Field::Session),
            Self::Module => Some(Field::Module),
            Self::Function => Some(Field::Function),
            Self::Correlation => Some(Field::Correlation),
            Self::AstNode => Some(Field::AstNode),
            Self::Call => Some(Field::Call),
            Self::Arity | Self::ModuleFunction | Self::Mfa => None,
        }
    }
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
