//! What is an event, how is it read and written.
//!
//! An [`Event`] is valid by construction: its names are canonical (`<0.1.0>`, `function_entry`, `Foo`), its
//! `data` is the text of one JSON object. Payload text is kept as it came and never parsed to answer a query.

mod batch;
pub(crate) mod behaviour;
pub(crate) mod canon;
pub(crate) mod exit_reason;
pub(crate) mod home;
mod key;
pub(crate) mod members;
pub(crate) mod parse;
mod payload;
mod render;
mod role;
pub(crate) mod same;
mod scalar;
mod stored;
pub(crate) mod terms;
pub mod time;

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::error::{Error, Result};
use crate::redact::Rules;
pub use batch::Batch;
pub use role::Role;
pub(crate) use scalar::scalar;
pub(crate) use stored::Collector;
pub use stored::StoredEvent;

/// Longest text of one key (a pid, a module, an id), in bytes: dictionaries hold keys whole.
pub const MAX_KEY_BYTES: usize = 32 << 10;

/// Whether a member at the top of an object is one that events have.
pub(crate) fn is_field(name: &str) -> bool {
    key::Key::named(name).is_some() || Role::of_key(name).is_some()
}

/// Largest payload of one event, in bytes.
pub const MAX_DATA_BYTES: usize = 64 << 20;

/// One fact captured from a running BEAM system, ready to be stored.
///
/// Borrows from the text it was parsed from where it can.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event<'a> {
    pub(crate) event_id: Option<Cow<'a, str>>,
    pub(crate) timestamp: Option<i64>,
    pub(crate) wall_time: Option<i64>,
    pub(crate) node: Option<Cow<'a, str>>,
    pub(crate) pid: Option<Cow<'a, str>>,
    pub(crate) event_type: Option<Cow<'a, str>>,
    pub(crate) module: Option<Cow<'a, str>>,
    pub(crate) function: Option<Cow<'a, str>>,
    pub(crate) arity: Option<u8>,
    pub(crate) correlation_id: Option<Cow<'a, str>>,
    pub(crate) parent_id: Option<Cow<'a, str>>,
    pub(crate) call_id: Option<Cow<'a, str>>,
    pub(crate) session_id: Option<Cow<'a, str>>,
    pub(crate) ast_node_id: Option<Cow<'a, str>>,
    pub(crate) duration_ns: Option<i64>,
    /// Every pid named besides `pid`, in the order found in the payload.
    pub(crate) roles: Vec<(Role, Cow<'a, str>)>,
    /// Text of a JSON object; empty stands for `{}`.
    pub(crate) data: Cow<'a, str>,
}

/// Writes a setter that keeps the invariant of its field.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident = $canon:path;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, value: impl Into<Cow<'a, str>>) -> Self {
            self.$name = Some($canon(value.into()));
            self
        }
    )*};
}

impl<'a> Event<'a> {
    /// An event of one type, everything else absent. The type is written in lower snake case.
    pub fn new(event_type: impl Into<Cow<'a, str>>) -> Self {
        Self { event_type: Some(canon::event_type(event_type.into())), ..Self::default() }
    }

    /// Whether nothing of it is in any field but, perhaps, its payload.
    pub(crate) fn is_bare(&self) -> bool {
        let Self { event_id, timestamp, wall_time, node, pid, event_type, module, function, arity, .. } = self;
        let texts = [event_id, node, pid, event_type, module, function, &self.correlation_id, &self.parent_id];
        texts.iter().all(|text| text.is_none())
            && (timestamp, wall_time, arity, self.duration_ns) == (&None, &None, &None, None)
            && self.call_id.is_none()
            && self.session_id.is_none()
            && self.ast_node_id.is_none()
            && self.roles.is_empty()
    }

    /// Reads one JSON object: the canonical fields, their aliases, or a flat struct whose unknown keys are
    /// kept in `data`. Borrows from `json` where it can.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) when the text is not one JSON object or a canonical field has
    /// a value it cannot have; the message starts with the field's name.
    pub fn parse(json: &'a str) -> Result<Self> {
        parse::event(json)
    }

    setters! {
        /// The event's identity; storing the same id again replaces the event.
        event_id = canon::as_is;
        /// The Erlang node it happened on.
        node = canon::as_is;
        /// The process it happened in; `#PID<0.1.0>` and `0.1.0` become `<0.1.0>`.
        pid = canon::pid;
        /// The module; a leading `Elixir.` goes.
        module = canon::module;
        /// The function's name.
        function = canon::as_is;
        /// Joins the events of one exchange, such as a call and its reply.
        correlation_id = canon::as_is;
        /// The id of the event that led to this one.
        parent_id = canon::as_is;
        /// Joins the entry and the exit of one call.
        call_id = canon::as_is;
        /// The recording it belongs to.
        session_id = canon::as_is;
        /// The place in the source.
        ast_node_id = canon::as_is;
    }

    /// When it happened, in nanoseconds of the recorded system's own clock; usually monotonic, often negative.
    #[must_use]
    pub const fn timestamp(mut self, ns: i64) -> Self {
        self.timestamp = Some(ns);
        self
    }

    /// When it happened, in nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn wall_time(mut self, ns: i64) -> Self {
        self.wall_time = Some(ns);
        self
    }

    /// The function's arity.
    #[must_use]
    pub const fn arity(mut self, arity: u8) -> Self {
        self.arity = Some(arity);
        self
    }

    /// How long it took, in nanoseconds.
    #[must_use]
    pub const fn duration_ns(mut self, ns: i64) -> Self {
        self.duration_ns = Some(ns);
        self
    }

    /// The payload: the text of a JSON object. Fields it names (module, `call_id`, pids with their roles) are
    /// indexed as if they stood on top, where the top does not say otherwise.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) when the text is not JSON.
    pub fn data(mut self, json: &'a str) -> Result<Self> {
        let raw: &RawValue = serde_json::from_str(json).map_err(|error| Error::invalid(format!("data: {error}")))?;
        payload::data(&mut self, raw)?;
        Ok(self)
    }

    /// Hides the secrets of the payload; how many there were.
    pub(crate) fn redact(&mut self, rules: &Rules) -> u64 {
        let Some((data, secrets)) = rules.json(&self.data, self.module.as_deref(), self.function.as_deref()) else {
            return 0;
        };
        self.data = Cow::Owned(data);
        secrets
    }

    /// The same event, owning its text.
    pub fn into_owned(self) -> Event<'static> {
        fn own(text: Option<Cow<'_, str>>) -> Option<Cow<'static, str>> {
            text.map(|text| Cow::Owned(text.into_owned()))
        }
        Event {
            event_id: own(self.event_id),
            timestamp: self.timestamp,
            wall_time: self.wall_time,
            node: own(self.node),
            pid: own(self.pid),
            event_type: own(self.event_type),
            module: own(self.module),
            function: own(self.function),
            arity: self.arity,
            correlation_id: own(self.correlation_id),
            parent_id: own(self.parent_id),
            call_id: own(self.call_id),
            session_id: own(self.session_id),
            ast_node_id: own(self.ast_node_id),
            duration_ns: self.duration_ns,
            roles: self.roles.into_iter().map(|(role, pid)| (role, Cow::Owned(pid.into_owned()))).collect(),
            data: Cow::Owned(self.data.into_owned()),
        }
    }

    /// Refuses an event no segment can hold.
    pub(crate) fn check_size(&self) -> Result<()> {
        let keys = [
            ("event_id", &self.event_id),
            ("node", &self.node),
            ("pid", &self.pid),
            ("event_type", &self.event_type),
            ("module", &self.module),
            ("function", &self.function),
            ("correlation_id", &self.correlation_id),
            ("parent_id", &self.parent_id),
            ("call_id", &self.call_id),
            ("session_id", &self.session_id),
            ("ast_node_id", &self.ast_node_id),
        ];
        for (name, key) in keys {
            check_key(name, key.as_deref())?;
        }
        for (role, pid) in &self.roles {
            check_key(role.name(), Some(pid))?;
        }
        if self.roles.len() > MAX_ROLES {
            return Err(Error::invalid(format!("data: names {} pids; at most {MAX_ROLES}", self.roles.len())));
        }
        if self.data.len() > MAX_DATA_BYTES {
            let bytes = self.data.len();
            return Err(Error::limit_exceeded(format!("data: {bytes} bytes; at most {MAX_DATA_BYTES}")));
        }
        Ok(())
    }
}

/// Most pids one event names besides its subject: every role has at most two spellings.
const MAX_ROLES: usize = 64;

fn check_key(name: &str, key: Option<&str>) -> Result<()> {
    match key {
        Some(key) if key.len() > MAX_KEY_BYTES => {
            let bytes = key.len();
            Err(Error::invalid(format!(
                "{name}: {bytes} bytes; a key is at most {MAX_KEY_BYTES}, long text belongs in data"
            )))
        }
        _ => Ok(()),
    }
}

/// One stored event, borrowed from its segment. Every text is as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventView<'a> {
    pub(crate) seq: u64,
    pub(crate) event_id: &'a str,
    pub(crate) timestamp: i64,
    pub(crate) wall_time: Option<i64>,
    pub(crate) node: Option<&'a str>,
    pub(crate) pid: Option<&'a str>,
    pub(crate) event_type: Option<&'a str>,
    pub(crate) module: Option<&'a str>,
    pub(crate) function: Option<&'a str>,
    pub(crate) arity: Option<u8>,
    pub(crate) correlation_id: Option<&'a str>,
    pub(crate) parent_id: Option<&'a str>,
    pub(crate) call_id: Option<&'a str>,
    pub(crate) session_id: Option<&'a str>,
    pub(crate) ast_node_id: Option<&'a str>,
    pub(crate) duration_ns: Option<i64>,
    /// Text of a JSON object; empty stands for `{}`.
    pub(crate) data: &'a str,
}
