//! Events as a page gives them back: numbers each for itself, the texts of all in one block.
//!
//! A page is mostly copying; one allocation for its texts in place of ten for every event makes it twice as fast.

use std::fmt;
use std::sync::Arc;

use super::{EventView, Role};

/// Bytes of text after which a new block begins: spans are 32 bits wide.
const BLOCK_BYTES: usize = 1 << 30;

/// What an event's keys usually take.
const KEYS_BYTES: usize = 256;

/// A text's place in its block.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    /// [`Span::ABSENT`]: there is no text.
    len: u32,
}

impl Span {
    const ABSENT: u32 = u32::MAX;
}

/// Texts of an event, by their place in [`Row::texts`].
#[derive(Clone, Copy)]
enum Part {
    EventId,
    Node,
    Pid,
    EventType,
    Module,
    Function,
    CorrelationId,
    ParentId,
    CallId,
    SessionId,
    AstNodeId,
    Data,
}

const PARTS: usize = Part::Data as usize + 1;

/// The texts of many events.
#[derive(Debug, Default)]
struct Block {
    text: String,
    roles: Vec<(Role, Span)>,
}

impl Block {
    fn text(&self, span: Span) -> &str {
        &self.text[span.start as usize..][..span.len as usize]
    }
}

/// An event without its block.
#[derive(Clone, Copy, Debug)]
struct Row {
    seq: u64,
    timestamp: i64,
    wall_time: Option<i64>,
    duration_ns: Option<i64>,
    arity: Option<u8>,
    texts: [Span; PARTS],
    /// Where in the block's roles.
    roles: (u32, u32),
}

/// One event as stored: what [`EventStore::query_events`](crate::EventStore::query_events) gives back.
///
/// Cheap to clone. The texts of all events of a page lie in one block, which lives as long as any of them.
#[derive(Clone)]
pub struct StoredEvent {
    row: Row,
    block: Arc<Block>,
}

impl StoredEvent {
    /// The store's own insertion number; orders events of equal timestamp.
    pub const fn seq(&self) -> u64 {
        self.row.seq
    }

    /// Identity, minted by the store when the producer sent none.
    pub fn event_id(&self) -> &str {
        self.text(Part::EventId).unwrap_or_default()
    }

    /// Nanoseconds of the recorded system's own clock.
    pub const fn timestamp(&self) -> i64 {
        self.row.timestamp
    }

    /// Nanoseconds since the Unix epoch.
    pub const fn wall_time(&self) -> Option<i64> {
        self.row.wall_time
    }

    /// Erlang node.
    pub fn node(&self) -> Option<&str> {
        self.text(Part::Node)
    }

    /// Subject process.
    pub fn pid(&self) -> Option<&str> {
        self.text(Part::Pid)
    }

    /// Lower snake case.
    pub fn event_type(&self) -> Option<&str> {
        self.text(Part::EventType)
    }

    /// Without `Elixir.`.
    pub fn module(&self) -> Option<&str> {
        self.text(Part::Module)
    }

    /// Function name.
    pub fn function(&self) -> Option<&str> {
        self.text(Part::Function)
    }

    /// Function arity.
    pub const fn arity(&self) -> Option<u8> {
        self.row.arity
    }

    /// Joins an exchange.
    pub fn correlation_id(&self) -> Option<&str> {
        self.text(Part::CorrelationId)
    }

    /// Event that led to this one.
    pub fn parent_id(&self) -> Option<&str> {
        self.text(Part::ParentId)
    }

    /// Joins entry and exit of one call.
    pub fn call_id(&self) -> Option<&str> {
        self.text(Part::CallId)
    }

    /// Recording.
    pub fn session_id(&self) -> Option<&str> {
        self.text(Part::SessionId)
    }

    /// Place in the source.
    pub fn ast_node_id(&self) -> Option<&str> {
        self.text(Part::AstNodeId)
    }

    /// Nanoseconds.
    pub const fn duration_ns(&self) -> Option<i64> {
        self.row.duration_ns
    }

    /// Every pid named besides [`Self::pid`], with its role, in the order of the payload.
    pub fn roles(&self) -> impl Iterator<Item = (Role, &str)> {
        let (start, end) = self.row.roles;
        self.block.roles[start as usize..end as usize].iter().map(|(role, span)| (*role, self.block.text(*span)))
    }

    /// Text of a JSON object, as the producer sent it.
    pub fn data(&self) -> &str {
        self.text(Part::Data).filter(|data| !data.is_empty()).unwrap_or("{}")
    }

    fn text(&self, part: Part) -> Option<&str> {
        let span = self.row.texts[part as usize];
        (span.len != Span::ABSENT).then(|| self.block.text(span))
    }

    pub(super) fn view(&self) -> EventView<'_> {
        EventView {
            seq: self.seq(),
            event_id: self.event_id(),
            timestamp: self.timestamp(),
            wall_time: self.wall_time(),
            node: self.node(),
            pid: self.pid(),
            event_type: self.event_type(),
            module: self.module(),
            function: self.function(),
            arity: self.arity(),
            correlation_id: self.correlation_id(),
            parent_id: self.parent_id(),
            call_id: self.call_id(),
            session_id: self.session_id(),
            ast_node_id: self.ast_node_id(),
            duration_ns: self.duration_ns(),
            data: self.data(),
        }
    }
}

impl PartialEq for StoredEvent {
    fn eq(&self, other: &Self) -> bool {
        self.view() == other.view() && self.roles().eq(other.roles())
    }
}

impl Eq for StoredEvent {}

impl fmt::Debug for StoredEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredEvent {} {}", self.seq(), self.to_json())
    }
}

/// Events being collected for a page.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    /// The last one is being filled.
    blocks: Vec<Block>,
    /// Place of its block, and the event.
    rows: Vec<(usize, Row)>,
}

impl Collector {
    /// Room for more events with payloads of these lengths, so that they are not moved while the page grows; for no more
    /// than `max_bytes` of text.
    pub(crate) fn reserve(&mut self, payloads: impl Iterator<Item = usize>, max_bytes: usize) {
        let (events, bytes) =
            payloads.fold((0, 0), |(events, bytes), payload| (events + 1, bytes + payload + KEYS_BYTES));
        self.rows.reserve(events);
        self.block().text.reserve(bytes.min(max_bytes).min(BLOCK_BYTES));
    }

    fn block(&mut self) -> &mut Block {
        if self.blocks.last().is_none_or(|block| block.text.len() > BLOCK_BYTES) {
            self.blocks.push(Block::default());
        }
        let last = self.blocks.len() - 1;
        &mut self.blocks[last]
    }

    /// Copies an event; returns its place.
    pub(crate) fn push<'a>(&mut self, event: &EventView<'_>, roles: impl Iterator<Item = (Role, &'a str)>) -> usize {
        let block = self.block();
        let Block { text, roles: all_roles } = block;
        let mut add = |part: &str| {
            let start = text.len() as u32;
            text.push_str(part);
            Span { start, len: part.len() as u32 }
        };
        let mut own = |part: Option<&str>| part.map_or(Span { start: 0, len: Span::ABSENT }, &mut add);
        let texts = [
            own(Some(event.event_id)),
            own(event.node),
            own(event.pid),
            own(event.event_type),
            own(event.module),
            own(event.function),
            own(event.correlation_id),
            own(event.parent_id),
            own(event.call_id),
            own(event.session_id),
            own(event.ast_node_id),
            own(Some(event.data)),
        ];
        let first_role = all_roles.len() as u32;
        all_roles.extend(roles.map(|(role, pid)| (role, add(pid))));
        let row = Row {
            seq: event.seq,
            timestamp: event.timestamp,
            wall_time: event.wall_time,
            duration_ns: event.duration_ns,
            arity: event.arity,
            texts,
            roles: (first_role, all_roles.len() as u32),
        };
        self.rows.push((self.blocks.len() - 1, row));
        self.rows.len() - 1
    }

    /// Length of the payload at a place.
    pub(crate) fn data_bytes(&self, place: usize) -> usize {
        self.rows[place].1.texts[Part::Data as usize].len as usize
    }

    /// The events at these places.
    pub(crate) fn into_events(self, places: impl Iterator<Item = usize>) -> Vec<StoredEvent> {
        let blocks: Vec<Arc<Block>> = self.blocks.into_iter().map(Arc::new).collect();
        let event = |place: usize| {
            let (block, row) = self.rows[place];
            StoredEvent { row, block: Arc::clone(&blocks[block]) }
        };
        places.map(event).collect()
    }
}
