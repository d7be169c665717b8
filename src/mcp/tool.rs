//! What is a tool? A name, what it says about itself, its arguments, its reply, and how it runs.

use std::sync::Arc;

use rmcp::model::{JsonObject, ToolAnnotations};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{check, schema};
use crate::{Error, ErrorKind, EventStore};

/// What a call does to the store, for hosts that ask before they let it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing.
    Reads,
    /// Adds; the same call again adds nothing more.
    Stores,
    /// Adds; the same call again adds again.
    Appends,
    /// Takes events away; the same call again takes nothing more.
    Removes,
}

/// One tool. Its file under [`tools`](super::tools) is all there is to it.
pub(crate) trait Tool {
    /// Fixed: clients call it by this name.
    const NAME: &'static str;
    /// For people.
    const TITLE: &'static str;
    /// When to use it and what comes back; the example follows it.
    const DESCRIPTION: &'static str;
    /// Arguments of a call that works: a JSON object.
    const EXAMPLE: &'static str;
    const EFFECT: Effect;

    type Args: DeserializeOwned + JsonSchema;
    type Reply: Serialize + JsonSchema;

    fn run(store: &EventStore, args: Self::Args) -> Result<Answer<Self::Reply>, Error>;
}

/// An answer in both channels. Hosts show only one of them, so both carry the same facts.
#[derive(Clone, Debug)]
pub(crate) struct Answer<Reply> {
    /// For a model to read.
    pub(crate) text: String,
    /// For a program to read.
    pub(crate) structured: Reply,
}

/// A tool in the table, its types gone.
#[derive(Clone)]
pub(crate) struct Entry {
    /// What `tools/list` shows.
    pub(crate) tool: rmcp::model::Tool,
    /// Arguments of a call that works.
    pub(crate) example: &'static str,
    /// Runs it; an error is the text of the refusal.
    pub(crate) call: fn(&Self, &EventStore, JsonObject) -> Result<Answer<Value>, String>,
}

impl Entry {
    /// Whether calls change nothing in the store.
    pub(crate) fn only_reads(&self) -> bool {
        self.tool.annotations.as_ref().and_then(|annotations| annotations.read_only_hint) == Some(true)
    }
}

/// A tool as the table holds it.
pub(crate) fn entry<T: Tool>() -> Entry {
    let description = format!("{} Example: {}", T::DESCRIPTION, T::EXAMPLE);
    let mut tool = rmcp::model::Tool::new(T::NAME, description, Arc::new(schema::input::<T::Args>()));
    tool.title = Some(T::TITLE.to_owned());
    tool.output_schema = Some(Arc::new(schema::output::<T::Reply>()));
    tool.annotations = Some(ToolAnnotations::from_raw(
        Some(T::TITLE.to_owned()),
        Some(T::EFFECT == Effect::Reads),
        Some(T::EFFECT == Effect::Removes),
        Some(T::EFFECT != Effect::Appends),
        Some(false),
    ));
    Entry { tool, example: T::EXAMPLE, call: call::<T> }
}

fn call<T: Tool>(entry: &Entry, store: &EventStore, arguments: JsonObject) -> Result<Answer<Value>, String> {
    let run = || -> Result<Answer<Value>, Error> {
        let arguments = check::arguments(&entry.tool.input_schema, arguments)?;
        let args = serde_json::from_value(Value::Object(arguments))
            .map_err(|error| Error::invalid(format!("arguments: {error}")))?;
        let Answer { text, structured } = T::run(store, args)?;
        let structured = serde_json::to_value(structured)
            .map_err(|error| Error::limit_exceeded(format!("the answer cannot be written as JSON: {error}")))?;
        Ok(Answer { text, structured })
    };
    run().map_err(|error| match error.kind() {
        ErrorKind::Invalid => format!("{error}\nA call that works: {} {}", T::NAME, entry.example),
        _ => error.to_string(),
    })
}
