//! Which events belong together? Each gets the number of its group; texts are made for the groups that are shown.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::member;
use super::messages::Messages;
use super::nesting::is_call;
use super::nodes::Nodes;
use super::symbols::{Functions, Processes, Symbols, Texts};
use crate::query::{Field, Seen};

/// Most dimensions of one grouping.
pub(crate) const MAX_DIMENSIONS: usize = 4;

/// What events are grouped by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Dimension {
    /// A text column.
    Text(Field),
    /// Module, name and arity.
    Function,
    /// The function, or the one an anonymous function is written in.
    FoldedFunction,
    /// So many nanoseconds of time.
    Bucket(i64),
    /// A member of the payload, which is read for each event.
    Data(String),
    /// The function of a call that ended, the type of any other event; beginnings of calls are left out.
    What,
    /// The kind of message a callback was run for; events that are no such call are left out.
    Handled,
    /// The kind of message that was sent, received, or that a callback was run for; other events are left out.
    Message,
}

/// What a group has in one dimension.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Label {
    None,
    Text(String),
    /// The timestamp a bucket of time starts at.
    Bucket(i64),
}

#[derive(Debug)]
enum Column {
    Text(Symbols),
    Process(Processes),
    Function { functions: Functions, is_folded: bool },
    Bucket { width: i64, origin: Option<i64>, ids: HashMap<i64, u32, RandomState>, starts: Vec<i64> },
    Data(String, Texts),
    What(Functions, Symbols),
    Message { messages: Messages, is_handled: bool },
}

type Key = [u32; MAX_DIMENSIONS];

/// Numbers groups from 0 in the order first seen.
#[derive(Debug)]
pub(super) struct Grouper {
    columns: Vec<Column>,
    groups: HashMap<Key, u32, RandomState>,
    keys: Vec<Key>,
    last: Option<(Key, u32)>,
}

/// The group of an event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub(super) group: u32,
    /// It is a call of an anonymous function, counted where that is written.
    pub(super) is_folded: bool,
}

impl Grouper {
    /// `origin`: where buckets of time start; the first event when it is open. `messages`: for [`Dimension::Handled`]
    /// and [`Dimension::Message`].
    pub(super) fn new(
        dimensions: &[Dimension],
        origin: Option<i64>,
        messages: Option<Messages>,
        nodes: &Nodes,
    ) -> Self {
        let mut messages = messages;
        let column = |dimension: &Dimension| match dimension {
            Dimension::Text(Field::Pid) => Column::Process(Processes::new(nodes)),
            Dimension::Text(field) => Column::Text(Symbols::new(*field)),
            Dimension::Function => Column::Function { functions: Functions::new(), is_folded: false },
            Dimension::FoldedFunction => Column::Function { functions: Functions::new(), is_folded: true },
            Dimension::Bucket(width) => {
                Column::Bucket { width: (*width).max(1), origin, ids: HashMap::default(), starts: Vec::new() }
            }
            Dimension::Data(key) => Column::Data(key.clone(), Texts::default()),
            Dimension::What => Column::What(Functions::new(), Symbols::new(Field::EventType)),
            Dimension::Handled | Dimension::Message => Column::Message {
                messages: messages.take().unwrap_or_default(),
                is_handled: *dimension == Dimension::Handled,
            },
        };
        let columns = dimensions.iter().take(MAX_DIMENSIONS).map(column).collect();
        Self { columns, groups: HashMap::default(), keys: Vec::new(), last: None }
    }

    /// The group of an event; `None`: it is left out.
    pub(super) fn group(&mut self, event: &Seen<'_>) -> Option<Member> {
        let mut key: Key = [0; MAX_DIMENSIONS];
        let mut is_folded = false;
        for (place, column) in key.iter_mut().zip(&mut self.columns) {
            *place = match column {
                Column::Text(symbols) => symbols.id(event),
                Column::Process(processes) => processes.id(event),
                Column::Function { functions, is_folded: folds } => {
                    let id = functions.id(event);
                    let within = if *folds { functions.within(id) } else { id };
                    is_folded |= within != id;
                    within
                }
                Column::Bucket { width, origin, ids, starts } => {
                    let origin = *origin.get_or_insert_with(|| event.timestamp());
                    let bucket = event.timestamp().saturating_sub(origin).div_euclid(*width);
                    *ids.entry(bucket).or_insert_with(|| {
                        starts.push(origin.saturating_add(bucket.saturating_mul(*width)));
                        starts.len() as u32
                    })
                }
                Column::Data(name, texts) => member::text(event.data(), name).map_or(0, |text| texts.id(&text)),
                Column::What(functions, types) => match is_call(event) {
                    true => functions.id(event) * 2 + 1,
                    false if event.event_type() == Some("function_entry") => return None,
                    false => types.id(event) * 2,
                },
                Column::Message { messages, is_handled } => {
                    let id = match event.event_type() {
                        Some("message_send" | "message_receive") if !*is_handled => messages.sent(event),
                        _ if is_call(event) => messages.id(event),
                        _ => 0,
                    };
                    match id {
                        0 => return None,
                        id => id,
                    }
                }
            };
        }
        let group = match self.last {
            Some((last, group)) if last == key => group,
            _ => {
                let keys = &mut self.keys;
                *self.groups.entry(key).or_insert_with(|| {
                    keys.push(key);
                    keys.len() as u32 - 1
                })
            }
        };
        self.last = Some((key, group));
        Some(Member { group, is_folded })
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// What a group has in each dimension.
    pub(super) fn labels(&self, group: usize) -> Vec<Label> {
        let text = |text: Option<&str>| text.map_or(Label::None, |text| Label::Text(text.to_owned()));
        let label = |(id, column): (&u32, &Column)| match column {
            Column::Text(symbols) => text(symbols.text(*id)),
            Column::Process(processes) => text(processes.text(*id)),
            Column::Function { functions, .. } => text(functions.text(*id)),
            Column::Bucket { starts, .. } => Label::Bucket(starts[*id as usize - 1]),
            Column::Data(_, texts) => text(texts.text(*id)),
            Column::What(functions, types) => match id % 2 {
                1 => text(functions.text(id / 2)),
                _ => text(types.text(id / 2)),
            },
            Column::Message { messages, .. } => text(messages.text(*id)),
        };
        self.keys[group].iter().zip(&self.columns).map(label).collect()
    }
}
