//! Of which kind is a message, and which was a callback run for?

use std::collections::HashMap;
use std::ops::ControlFlow;

use foldhash::fast::RandomState;

use super::member;
use super::parts::Quiet;
use super::symbols::Texts;
use super::value::Value;
use super::value::envelope::content;
use crate::error::Result;
use crate::event::time::Time;
use crate::query::{Filter, Seen};
use crate::store::EventStore;
use crate::watch::Watch;

/// Callbacks whose first argument is a message.
pub(super) const CALLBACKS: [&str; 3] = ["handle_call", "handle_cast", "handle_info"];

/// The kind of message of every callback's call.
#[derive(Debug, Default)]
pub(super) struct Messages {
    of_call: HashMap<Box<str>, u32, RandomState>,
    kinds: Texts,
}

impl Messages {
    /// Reads the entries of callbacks up to a time. Cost: one payload for each.
    pub(super) fn collect(store: &EventStore, until: Option<Time>, watch: &dyn Watch) -> Result<Self> {
        let mut messages = Self::default();
        for callback in CALLBACKS {
            let entries = Filter {
                function: Some(callback.to_owned()),
                event_types: vec!["function_entry".to_owned()],
                until,
                ..Filter::default()
            };
            store.visit(&entries, &Quiet(watch), |event| {
                let Some(call) = event.call_id() else { return ControlFlow::Continue(()) };
                if let Some(message) = member::first(event.data(), "args") {
                    let kind = messages.kinds.id(&format!("{callback} {}", Value::read(&message).pattern()));
                    messages.of_call.insert(call.into(), kind);
                }
                ControlFlow::Continue(())
            })?;
        }
        Ok(messages)
    }

    /// The kind of message a call was made for; 0: none known.
    pub(super) fn id(&self, event: &Seen<'_>) -> u32 {
        event.call_id().and_then(|call| self.of_call.get(call)).copied().unwrap_or_default()
    }

    /// The kind of message that was sent or received, and how; 0: not told. Cost: its payload is read.
    pub(super) fn sent(&mut self, event: &Seen<'_>) -> u32 {
        let Some(message) = member::text(event.data(), "message") else { return 0 };
        let (step, how) = match event.event_type() {
            Some("message_send") => ("send", member::text(event.data(), "send_type")),
            _ => ("receive", member::text(event.data(), "receive_type")),
        };
        let how = how.map(|how| format!(" {how}")).unwrap_or_default();
        self.kinds.id(&format!("{step}{how} {}", Value::read(content(&message)).pattern()))
    }

    pub(super) fn text(&self, id: u32) -> Option<&str> {
        self.kinds.text(id)
    }
}
