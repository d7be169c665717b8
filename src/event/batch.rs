//! Many events in one JSON array, each judged for itself.

use std::fmt;

use serde::Deserializer;
use serde::de::{Deserialize, SeqAccess, Visitor};

use super::Event;
use super::parse::ReadEvent;
use crate::error::Error;

/// The events of a JSON array, read in one walk; they borrow from its text. It is an error only if the text is no JSON
/// array: a bad event costs itself.
#[derive(Debug, Default)]
pub struct Batch<'a> {
    /// Those that can be stored, in order.
    pub(crate) events: Vec<Event<'a>>,
    /// The others: place, id where it could be read, and what is wrong.
    pub(crate) rejected: Vec<(usize, Option<String>, Error)>,
}

impl Batch<'_> {
    /// Events read, good and bad.
    pub fn len(&self) -> usize {
        self.events.len() + self.rejected.len()
    }

    /// Whether the array was empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Batch<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Events;
        impl<'de> Visitor<'de> for Events {
            type Value = Batch<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of events")
            }
            fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Batch<'de>, S::Error> {
                let mut batch = Batch::default();
                loop {
                    let place = batch.len();
                    let event = batch.events.push_mut(Event::default());
                    let read = seq.next_element_seed(ReadEvent(event))?;
                    if !matches!(read, Some(Ok(()))) {
                        batch.events.pop();
                    }
                    match read {
                        Some(Ok(())) => {}
                        Some(Err((event_id, error))) => batch.rejected.push((place, event_id, error)),
                        None => return Ok(batch),
                    }
                }
            }
        }
        deserializer.deserialize_seq(Events)
    }
}
