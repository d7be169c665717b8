//! What is a tool? A name, what it says about itself, its arguments, its reply, and how it runs.

use std::sync::Arc;

use rmcp::model::{JsonObject, MetaObject, ToolAnnotations};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answer::{Answer, AnswerJson};
use super::args::batch::{BatchArgs, HeldBatch};
use super::carried::ArgumentsText;
use super::cost::Cost;
use super::desk::Desk;
use super::{check, schema};
use crate::visible::visible_lines;
use crate::watch::Watch;
use crate::{Error, ErrorKind, EventStore};

/// Where a listed tool has arguments that work.
const EXAMPLE_KEY: &str = "example";

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

/// One tool. Its file under [`tools`](super::tools) is all there is to it. It works `On` the store, or on the whole
/// [`Desk`].
pub(crate) trait Tool<On = EventStore> {
    /// Fixed: clients call it by this name.
    const NAME: &'static str;
    /// For people.
    const TITLE: &'static str;
    /// When to use it and what comes back.
    const DESCRIPTION: &'static str;
    /// Arguments of a call that works: a JSON object.
    const EXAMPLE: &'static str;
    const EFFECT: Effect;
    /// Whether it reaches beyond this process and its files.
    const REACHES_OUT: bool = false;

    type Args: DeserializeOwned + JsonSchema + Send + 'static;
    type Reply: Serialize + JsonSchema;

    /// What an answer is made from. A tool that says nothing may look at everything and hold little.
    const COST: Cost = Cost::All(0);

    fn run(on: &On, args: Self::Args, watch: &dyn Watch) -> Result<Answer<Self::Reply>, Error>;

    /// Writes the answer as JSON: what serde would write, if need be faster.
    fn to_json(answer: Answer<Self::Reply>) -> serde_json::Result<AnswerJson> {
        AnswerJson::of(&answer)
    }

    /// The same answer as values.
    fn to_values(answer: Answer<Self::Reply>) -> serde_json::Result<Answer<Value>> {
        let text = visible_lines(&answer.text).into_owned();
        Ok(Answer { structured: serde_json::to_value(answer.structured)?, text })
    }

    /// Whether [`Self::run_text`] takes the arguments' text, as long as it is of the usual form.
    const TAKES_TEXT: bool = false;

    /// Runs it on the text of its arguments, so that they need not be taken apart twice. `None`: the text is not of the
    /// usual form, and nothing was done.
    fn run_text(_on: &On, _arguments: &str) -> Option<Result<Answer<Self::Reply>, Error>> {
        None
    }

    /// Whether [`Self::run_batch`] takes the events, read as the end of the line was looked for.
    const TAKES_BATCH: bool = false;

    /// Runs it on events that were read already.
    fn run_batch(_on: &On, _batch: BatchArgs<'_>) -> Result<Answer<Self::Reply>, Error> {
        Err(Error::invalid("arguments: a batch of events is not what this tool takes"))
    }
}

/// Arguments as they came.
pub(crate) enum Arguments {
    Object(JsonObject),
    /// Text of an object.
    Text(ArgumentsText),
    /// A batch of events, read already.
    Batch(HeldBatch),
}

/// How a call ended; an error is the text of the refusal.
pub(crate) type Outcome = Result<Answered, String>;

/// The form in which an answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Values,
    /// JSON text, which a page becomes in half the time.
    Json,
}

/// An answer in the form that was asked for.
#[derive(Clone, Debug)]
pub(crate) enum Answered {
    Values(Answer<Value>),
    Json(AnswerJson),
    /// It was put where its reply will find it.
    Put,
}

impl Answered {
    /// The same as values, if it is here.
    pub(crate) fn into_values(self) -> Option<Answer<Value>> {
        match self {
            Self::Values(answer) => Some(answer),
            // It was written here, so it can be read.
            Self::Json(AnswerJson { text, structured }) => Some(Answer {
                text: serde_json::from_slice(&text).unwrap_or_default(),
                structured: serde_json::from_slice(&structured).unwrap_or_default(),
            }),
            Self::Put => None,
        }
    }
}

/// A call whose arguments are understood, or are left to be.
pub(crate) struct Prepared {
    pub(crate) cost: Cost,
    pub(crate) run: Run,
}

/// Does what a call asks for.
pub(crate) type Run = Box<dyn FnOnce(&Desk, &dyn Watch) -> Outcome + Send>;

/// Arguments of this length are taken apart by who carries the call out.
pub(crate) const LONG_TEXT: usize = 64 << 10;

/// A tool in the table, its types gone.
#[derive(Clone)]
pub(crate) struct Entry {
    /// What `tools/list` shows.
    pub(crate) tool: rmcp::model::Tool,
    /// Arguments of a call that works.
    pub(crate) example: &'static str,
    /// Whether it runs best on the text of its arguments.
    pub(crate) takes_text: bool,
    /// Whether it runs on a batch of events.
    pub(crate) takes_batch: bool,
    /// Understands the arguments; an error is the text of the refusal.
    pub(crate) prepare: fn(&'static Self, Arguments, Form) -> Result<Prepared, String>,
}

impl Entry {
    /// Whether calls change nothing in the store.
    pub(crate) fn only_reads(&self) -> bool {
        self.tool.annotations.as_ref().and_then(|annotations| annotations.read_only_hint) == Some(true)
    }
}

/// A tool that works on the store, as the table holds it.
pub(crate) fn entry<T: Tool>() -> Entry {
    entry_on::<T, EventStore>()
}

/// A tool that works on the whole desk, as the table holds it.
pub(crate) fn entry_at_desk<T: Tool<Desk>>() -> Entry {
    entry_on::<T, Desk>()
}

fn entry_on<T: Tool<On>, On>() -> Entry
where
    Desk: AsRef<On>,
{
    let mut tool = rmcp::model::Tool::new(T::NAME, T::DESCRIPTION, Arc::new(schema::input::<T::Args>()));
    // Hosts do not put this before a model; a refused call and the guide show it.
    let example = serde_json::from_str(T::EXAMPLE).unwrap_or_default();
    tool.meta = Some(MetaObject(JsonObject::from_iter([(EXAMPLE_KEY.to_owned(), example)])));
    tool.title = Some(T::TITLE.to_owned());
    tool.output_schema = Some(Arc::new(schema::output::<T::Reply>()));
    tool.annotations = Some(ToolAnnotations::from_raw(
        Some(T::TITLE.to_owned()),
        Some(T::EFFECT == Effect::Reads),
        Some(T::EFFECT == Effect::Removes),
        Some(T::EFFECT != Effect::Appends),
        Some(T::REACHES_OUT),
    ));
    Entry {
        tool,
        example: T::EXAMPLE,
        takes_text: T::TAKES_TEXT,
        takes_batch: T::TAKES_BATCH,
        prepare: prepare::<T, On>,
    }
}

fn prepare<T: Tool<On>, On>(entry: &'static Entry, arguments: Arguments, form: Form) -> Result<Prepared, String>
where
    Desk: AsRef<On>,
{
    match arguments {
        Arguments::Object(arguments) => {
            let args = read::<T, On>(entry, arguments)?;
            let run =
                move |desk: &Desk, watch: &dyn Watch| finish::<T, On>(entry, T::run(desk.as_ref(), args, watch), form);
            Ok(Prepared { cost: T::COST, run: Box::new(run) })
        }
        Arguments::Text(text) => {
            let bytes = text.get().len();
            let cost = match T::COST {
                Cost::Stores { events, .. } if bytes <= LONG_TEXT => Cost::Stores { events, bytes },
                Cost::Waits => Cost::Waits,
                _ => Cost::Reads(bytes),
            };
            let run = move |desk: &Desk, watch: &dyn Watch| {
                if let Some(outcome) = T::run_text(desk.as_ref(), text.get()) {
                    return finish::<T, On>(entry, outcome, form);
                }
                let arguments = serde_json::from_str(text.get()).map_err(|error| format!("arguments: {error}"))?;
                finish::<T, On>(entry, T::run(desk.as_ref(), read::<T, On>(entry, arguments)?, watch), form)
            };
            Ok(Prepared { cost, run: Box::new(run) })
        }
        Arguments::Batch(batch) => {
            let cost = Cost::Stores { events: batch.len(), bytes: batch.bytes() };
            let run = move |desk: &Desk, _: &dyn Watch| {
                finish::<T, On>(entry, batch.take(|batch| T::run_batch(desk.as_ref(), batch)), form)
            };
            Ok(Prepared { cost, run: Box::new(run) })
        }
    }
}

fn read<T: Tool<On>, On>(entry: &Entry, arguments: JsonObject) -> Result<T::Args, String> {
    let args = check::arguments(&entry.tool.input_schema, arguments).and_then(|arguments| {
        serde_json::from_value(Value::Object(arguments)).map_err(|error| Error::invalid(format!("arguments: {error}")))
    });
    args.map_err(|error| refusal(entry, &error))
}

fn finish<T: Tool<On>, On>(entry: &Entry, outcome: Result<Answer<T::Reply>, Error>, form: Form) -> Outcome {
    let answer = outcome.and_then(|answer| {
        let answered = match form {
            Form::Json => T::to_json(answer).map(Answered::Json),
            Form::Values => T::to_values(answer).map(Answered::Values),
        };
        answered.map_err(|error| Error::limit_exceeded(format!("the answer cannot be written as JSON: {error}")))
    });
    answer.map_err(|error| refusal(entry, &error))
}

fn refusal(entry: &Entry, error: &Error) -> String {
    match error.kind() {
        ErrorKind::Invalid => format!("{error}\nA call that works: {} {}", entry.tool.name, entry.example),
        _ => error.to_string(),
    }
}
