//! One JSON object to an [`Event`].
//!
//! The object is walked once. Values stay raw until their field asks for them; an event of the usual form allocates
//! nothing here.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::key::Key;
use super::payload::{data, first_arg_node, merge, role_from};
use super::scalar::{Text, arity, duration, key_text, nanoseconds, scalar, shape, short};
use super::{Event, canon};
use crate::error::{Error, Result};

/// Up to so many keys, comparing each with each is cheaper than hashing them.
pub(super) const FEW_KEYS: usize = 24;

/// Reads an event from its text.
pub(super) fn event(json: &str) -> Result<Event<'_>> {
    let text = json.trim_start();
    if !text.starts_with('{') {
        return no_object(text).map_err(|(_, error)| error);
    }
    let mut event = Event::default();
    let mut reader = serde_json::Deserializer::from_str(json);
    let read = ReadEvent(&mut event).deserialize(&mut reader).and_then(|read| reader.end().map(|()| read));
    match read {
        Ok(read) => read.map(|()| event).map_err(|(_, error)| error),
        Err(error) => Err(Error::invalid(format!("not valid JSON: {error}"))),
    }
}

/// An event while its members are read.
struct Draft<'e, 'a> {
    event: &'e mut Event<'a>,
    /// Members with aliases, and where they stand: which of them is believed is known at the end.
    aliases: [Option<(usize, &'a RawValue)>; Key::ALIASES],
    payload: Option<&'a RawValue>,
    /// Members no field takes, and where they stand.
    extras: Vec<(usize, Cow<'a, str>, &'a RawValue)>,
    /// Names of `extras`, once they are many.
    extra_names: HashSet<Cow<'a, str>>,
    /// One bit for each [`Key`].
    seen: u32,
    repeated: Option<String>,
    /// What is wrong with the first member, in the order written, that has a value it cannot have.
    wrong: Option<Error>,
}

impl<'e, 'a> Draft<'e, 'a> {
    fn of(event: &'e mut Event<'a>) -> Self {
        Self {
            event,
            aliases: [None; Key::ALIASES],
            payload: None,
            extras: Vec::new(),
            extra_names: HashSet::new(),
            seen: 0,
            repeated: None,
            wrong: None,
        }
    }

    /// Takes a member in; `at` is its place.
    fn take(&mut self, at: usize, key: Cow<'a, str>, raw: &'a RawValue) {
        let Some(known) = Key::named(&key) else { return self.take_extra(at, key, raw) };
        let bit = 1 << known as u32;
        if self.seen & bit != 0 {
            self.repeated.get_or_insert_with(|| key.into_owned());
        }
        self.seen |= bit;
        if raw.get() == "null" {
            return;
        }
        if let Some(alias) = self.aliases.get_mut(known as usize) {
            *alias = Some((at, raw));
        } else if let Err(error) = self.set(known, raw) {
            self.wrong.get_or_insert(error);
        }
    }

    fn take_extra(&mut self, at: usize, key: Cow<'a, str>, raw: &'a RawValue) {
        let is_repeated = if self.extras.len() < FEW_KEYS {
            self.extras.iter().any(|(_, earlier, _)| *earlier == key)
        } else {
            if self.extra_names.is_empty() {
                self.extra_names.extend(self.extras.iter().map(|(_, name, _)| name.clone()));
            }
            !self.extra_names.insert(key.clone())
        };
        if is_repeated {
            self.repeated.get_or_insert_with(|| key.clone().into_owned());
        }
        self.extras.push((at, key, raw));
    }

    /// Sets a field that has one name.
    fn set(&mut self, key: Key, raw: &'a RawValue) -> Result<()> {
        let event = &mut *self.event;
        match key {
            Key::Data => self.payload = Some(raw),
            Key::Pid => event.pid = Some(canon::pid(key_text("pid", raw)?)),
            Key::Module => event.module = Some(canon::module(key_text("module", raw)?)),
            Key::Arity => {
                let wrong = || Error::invalid(format!("arity: got {}; expected an integer from 0 to 255", short(raw)));
                event.arity = Some(arity(raw).ok_or_else(wrong)?);
            }
            Key::DurationNs => {
                let wrong =
                    || Error::invalid(format!("duration_ns: got {}; expected nanoseconds, 0 or more", short(raw)));
                event.duration_ns = Some(duration(raw).ok_or_else(wrong)?);
            }
            _ => {
                let field = match key {
                    Key::Node => &mut event.node,
                    Key::Function => &mut event.function,
                    Key::CorrelationId => &mut event.correlation_id,
                    Key::ParentId => &mut event.parent_id,
                    Key::CallId => &mut event.call_id,
                    Key::SessionId => &mut event.session_id,
                    Key::AstNodeId => &mut event.ast_node_id,
                    // Which of them is believed is known at the end.
                    _ => return Ok(()),
                };
                *field = Some(key_text(key.name(), raw)?);
            }
        }
        Ok(())
    }

    /// The alias that is believed.
    fn believed(&mut self, names: &[Key]) -> Option<(&'static str, &'a RawValue)> {
        names.iter().find_map(|name| Some((name.name(), self.aliases[*name as usize].take()?.1)))
    }

    /// Sets what is known once all members are taken in. After an error half of it is set.
    fn finish(mut self) -> Result<()> {
        if let Some(key) = self.repeated {
            return Err(Error::invalid(format!("{key}: the key is given twice; send each key once")));
        }
        let event_id = self.believed(Key::EVENT_IDS).map(|(key, raw)| key_text(key, raw)).transpose()?;
        let wall_time = self.believed(Key::WALL_TIMES).map(|(key, raw)| nanoseconds(key, raw)).transpose()?;
        let event_type = self.believed(Key::EVENT_TYPES).map(|(key, raw)| key_text(key, raw)).transpose()?;
        let timestamp = self.believed(Key::TIMESTAMPS).map(|(key, raw)| nanoseconds(key, raw)).transpose()?;
        if let Some(error) = self.wrong {
            return Err(error);
        }
        let event = self.event;
        event.event_id = event_id;
        event.event_type = event_type.map(canon::event_type);
        event.timestamp = timestamp.map(|(ns, _)| ns);
        let is_wall = timestamp.filter(|(_, is_wall)| *is_wall);
        event.wall_time = wall_time.or(is_wall).map(|(ns, _)| ns);

        // Aliases that were not believed are kept where they stood.
        for key in Key::EVENT_IDS.iter().chain(Key::TIMESTAMPS).chain(Key::EVENT_TYPES) {
            if let Some((at, raw)) = self.aliases[*key as usize] {
                let place = self.extras.partition_point(|(before, _, _)| *before < at);
                self.extras.insert(place, (at, Cow::Borrowed(key.name()), raw));
            }
        }
        for (_, key, raw) in &self.extras {
            role_from(event, key, raw);
        }
        if let Some(raw) = self.payload {
            data(event, raw)?;
        }
        if event.ast_node_id.is_none() {
            // The payload's own arguments were looked at; the top's are of a flat struct.
            let args = self.extras.iter().find(|(_, key, _)| key == "args");
            event.ast_node_id = args.and_then(|(_, _, raw)| first_arg_node(raw));
        }
        if !self.extras.is_empty() {
            event.data = Cow::Owned(merge(&event.data, &self.extras)?);
        }
        event.check_size()
    }
}

/// Why an event was refused, and its id where that could be read.
pub(super) type Refused = (Option<String>, Error);

/// Reads one event into an empty one, where it is to stay: it is some 400 bytes long. An event that was refused is half
/// read. An error of the deserializer's means that the text is no JSON.
pub(super) struct ReadEvent<'e, 'a>(pub(super) &'e mut Event<'a>);

impl<'de> DeserializeSeed<'de> for ReadEvent<'_, 'de> {
    type Value = std::result::Result<(), Refused>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// What is said of a value that is no object; `json` is its start.
fn no_object<T>(json: &str) -> std::result::Result<T, Refused> {
    Err((None, Error::invalid(format!("expected a JSON object, got {}", shape(json)))))
}

impl<'de> Visitor<'de> for ReadEvent<'_, 'de> {
    type Value = std::result::Result<(), Refused>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> std::result::Result<Self::Value, M::Error> {
        let mut draft = Draft::of(self.0);
        let mut at = 0;
        while let Some(Text(key)) = map.next_key()? {
            draft.take(at, key, map.next_value()?);
            at += 1;
        }
        let raw_id = Key::EVENT_IDS.iter().find_map(|key| draft.aliases[*key as usize]);
        let id = |(_, raw): (usize, &RawValue)| scalar(raw).map_or_else(|| raw.get().to_owned(), Cow::into_owned);
        Ok(draft.finish().map_err(|error| (raw_id.map(id), error)))
    }

    fn visit_bool<E>(self, _: bool) -> std::result::Result<Self::Value, E> {
        Ok(no_object("true"))
    }

    fn visit_i64<E>(self, _: i64) -> std::result::Result<Self::Value, E> {
        Ok(no_object("0"))
    }

    fn visit_u64<E>(self, _: u64) -> std::result::Result<Self::Value, E> {
        Ok(no_object("0"))
    }

    fn visit_f64<E>(self, _: f64) -> std::result::Result<Self::Value, E> {
        Ok(no_object("0"))
    }

    fn visit_str<E>(self, _: &str) -> std::result::Result<Self::Value, E> {
        Ok(no_object("\""))
    }

    fn visit_unit<E>(self) -> std::result::Result<Self::Value, E> {
        Ok(no_object("null"))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> std::result::Result<Self::Value, S::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(no_object("["))
    }
}
