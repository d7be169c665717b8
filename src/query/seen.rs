//! What can be read of one event where it lies?

use std::fmt;

use crate::event::{Collector, Role, StoredEvent};
use crate::index::Field;
use crate::segment::{Rows, Sealed};

/// One event where it lies: nothing is copied, and the payload is read only when it is asked for.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    segment: &'a Sealed,
    /// Place of the segment in the visit.
    part: usize,
    row: usize,
}

impl<'a> Seen<'a> {
    pub(super) const fn new(segment: &'a Sealed, part: usize, row: usize) -> Self {
        Self { segment, part, row }
    }
}

impl fmt::Debug for Seen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seen {} {}", self.seq(), self.event_id())
    }
}

impl<'a> Seen<'a> {
    /// The store's own insertion number; orders events of equal timestamp.
    pub fn seq(&self) -> u64 {
        self.segment.seq(self.row)
    }

    /// Nanoseconds of the recorded system's own clock.
    pub fn timestamp(&self) -> i64 {
        self.segment.timestamp(self.row)
    }

    /// Nanoseconds since the Unix epoch.
    pub fn wall_time(&self) -> Option<i64> {
        self.segment.wall_time(self.row)
    }

    /// Nanoseconds it took.
    pub fn duration_ns(&self) -> Option<i64> {
        self.segment.duration(self.row)
    }

    /// Function arity.
    pub fn arity(&self) -> Option<u8> {
        self.segment.arity(self.row)
    }

    /// Identity.
    pub fn event_id(&self) -> &'a str {
        self.segment.event_id(self.row)
    }

    /// Erlang node.
    pub fn node(&self) -> Option<&'a str> {
        self.text(Field::Node)
    }

    /// Subject process.
    pub fn pid(&self) -> Option<&'a str> {
        self.text(Field::Pid)
    }

    /// Lower snake case.
    pub fn event_type(&self) -> Option<&'a str> {
        self.text(Field::EventType)
    }

    /// Without `Elixir.`.
    pub fn module(&self) -> Option<&'a str> {
        self.text(Field::Module)
    }

    /// Function name.
    pub fn function(&self) -> Option<&'a str> {
        self.text(Field::Function)
    }

    /// Joins an exchange.
    pub fn correlation_id(&self) -> Option<&'a str> {
        self.text(Field::Correlation)
    }

    /// Event that led to this one.
    pub fn parent_id(&self) -> Option<&'a str> {
        self.text(Field::Parent)
    }

    /// Joins entry and exit of one call.
    pub fn call_id(&self) -> Option<&'a str> {
        self.text(Field::Call)
    }

    /// Recording.
    pub fn session_id(&self) -> Option<&'a str> {
        self.text(Field::Session)
    }

    /// Place in the source.
    pub fn ast_node_id(&self) -> Option<&'a str> {
        self.text(Field::AstNode)
    }

    /// Every pid named besides [`Self::pid`], with its role.
    pub fn roles(&self) -> impl Iterator<Item = (Role, &'a str)> {
        let segment = self.segment;
        segment.roles(self.row).map(|(role, code)| (role, segment.dictionary(Field::Pid).text(code)))
    }

    /// The symbol of the first pid in a role, in the dictionary of [`Field::Pid`] of its part, and the pid.
    pub(crate) fn in_role(&self, role: Role) -> Option<(u16, &'a str)> {
        let segment = self.segment;
        let (_, symbol) = segment.roles(self.row).find(|(of, _)| *of == role)?;
        Some((symbol, segment.dictionary(Field::Pid).text(symbol)))
    }

    /// Text of a JSON object, as the producer sent it. Cost: one pass that checks its encoding.
    pub fn data(&self) -> &'a str {
        match self.segment.data(self.row) {
            "" => "{}",
            data => data,
        }
    }

    /// A copy that outlives the visit.
    pub fn to_event(&self) -> StoredEvent {
        let mut one = Collector::default();
        let place = self.segment.collect(self.row, &mut one);
        let mut events = one.into_events(std::iter::once(place));
        // Invariant: one was pushed.
        events.swap_remove(0)
    }

    /// Which segment of the visit it lies in: symbols of one part share a dictionary.
    pub(crate) const fn part(&self) -> usize {
        self.part
    }

    /// The symbol of a text column in the dictionary of its part.
    #[inline]
    pub(crate) fn symbol(&self, field: Field) -> Option<u16> {
        self.segment.code(field, self.row)
    }

    /// The text of a column.
    #[inline]
    pub(crate) fn text(&self, field: Field) -> Option<&'a str> {
        self.symbol(field).map(|code| self.segment.dictionary(field).text(code))
    }

    /// The event as one JSON object: what the `text` filter searches.
    pub fn to_json(&self) -> String {
        let mut json = Vec::with_capacity(512);
        self.segment.event(self.row).write_json(&mut json);
        String::from_utf8(json).unwrap_or_default()
    }
}
