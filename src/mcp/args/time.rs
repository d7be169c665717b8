//! A time as an argument: integer nanoseconds or text.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};

use crate::{Error, Result, Time};

/// An integer or a text, kept as text until it is known what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TimeArg(String);

impl TimeArg {
    /// The time; `name` is the argument's, for the error.
    pub(crate) fn read(&self, name: &str) -> Result<Time> {
        self.0.parse().map_err(|problem| Error::invalid(format!("{name}: {problem}")))
    }

    /// The text as it was given.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

/// A time in the canonical spelling.
pub(crate) fn written(time: Time) -> serde_json::Value {
    match time {
        Time::At(ns) => ns.into(),
        Time::BeforeNewest(ns) => {
            let before = std::time::Duration::from_nanos(ns.unsigned_abs());
            format!("-{}", humantime::format_duration(before)).into()
        }
    }
}

impl<'de> Deserialize<'de> for TimeArg {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct TimeVisitor;
        impl Visitor<'_> for TimeVisitor {
            type Value = TimeArg;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an integer or a string")
            }
            fn visit_i64<E>(self, ns: i64) -> std::result::Result<TimeArg, E> {
                Ok(TimeArg(ns.to_string()))
            }
            fn visit_u64<E>(self, ns: u64) -> std::result::Result<TimeArg, E> {
                Ok(TimeArg(ns.to_string()))
            }
            fn visit_f64<E: serde::de::Error>(self, _: f64) -> std::result::Result<TimeArg, E> {
                Err(E::custom("a time is an integer or a string"))
            }
            fn visit_str<E>(self, text: &str) -> std::result::Result<TimeArg, E> {
                Ok(TimeArg(text.to_owned()))
            }
        }
        deserializer.deserialize_any(TimeVisitor).map_err(D::Error::custom)
    }
}

impl JsonSchema for TimeArg {
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // Integers are taken too. As text no host rounds their nineteen digits.
        json_schema!({ "type": "string" })
    }
}
