//! Which keys are known at the top of an event?

/// A key that is known at the top of an event. Those with aliases come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Key {
    EventId,
    Id,
    Timestamp,
    TimestampNs,
    Ts,
    WallTime,
    EventType,
    Type,
    Kind,
    Data,
    Node,
    Pid,
    Module,
    Function,
    CorrelationId,
    ParentId,
    CallId,
    SessionId,
    AstNodeId,
    Arity,
    DurationNs,
}

impl Key {
    /// How many of them, from the first, are aliases.
    pub(super) const ALIASES: usize = Self::Kind as usize + 1;

    // Aliases in the order they are believed; the canonical name first.
    pub(super) const EVENT_IDS: &'static [Self] = &[Self::EventId, Self::Id];
    pub(super) const TIMESTAMPS: &'static [Self] = &[Self::Timestamp, Self::TimestampNs, Self::Ts];
    pub(super) const WALL_TIMES: &'static [Self] = &[Self::WallTime];
    pub(super) const EVENT_TYPES: &'static [Self] = &[Self::EventType, Self::Type, Self::Kind];

    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "event_id" => Self::EventId,
            "id" => Self::Id,
            "timestamp" => Self::Timestamp,
            "timestamp_ns" => Self::TimestampNs,
            "ts" => Self::Ts,
            "wall_time" => Self::WallTime,
            "event_type" => Self::EventType,
            "type" => Self::Type,
            "kind" => Self::Kind,
            "data" => Self::Data,
            "node" => Self::Node,
            "pid" => Self::Pid,
            "module" => Self::Module,
            "function" => Self::Function,
            "correlation_id" => Self::CorrelationId,
            "parent_id" => Self::ParentId,
            "call_id" => Self::CallId,
            "session_id" => Self::SessionId,
            "ast_node_id" => Self::AstNodeId,
            "arity" => Self::Arity,
            "duration_ns" => Self::DurationNs,
            _ => return None,
        })
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::EventId => "event_id",
            Self::Id => "id",
            Self::Timestamp => "timestamp",
            Self::TimestampNs => "timestamp_ns",
            Self::Ts => "ts",
            Self::WallTime => "wall_time",
            Self::EventType => "event_type",
            Self::Type => "type",
            Self::Kind => "kind",
            Self::Data => "data",
            Self::Node => "node",
            Self::Pid => "pid",
            Self::Module => "module",
            Self::Function => "function",
            Self::CorrelationId => "correlation_id",
            Self::ParentId => "parent_id",
            Self::CallId => "call_id",
            Self::SessionId => "session_id",
            Self::AstNodeId => "ast_node_id",
            Self::Arity => "arity",
            Self::DurationNs => "duration_ns",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn a_key_is_found_by_its_name() {
        for key in [Key::EVENT_IDS, Key::TIMESTAMPS, Key::WALL_TIMES, Key::EVENT_TYPES].concat() {
            assert_eq!(Key::named(key.name()), Some(key));
            assert!((key as usize) < Key::ALIASES);
        }
        assert_eq!(Key::named("duration_ns"), Some(Key::DurationNs));
        assert_eq!(Key::named("durations"), None);
    }
}
