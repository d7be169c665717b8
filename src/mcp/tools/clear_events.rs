//! Removes events by filter, or all of them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::removal::{self, RemovalReply};
use crate::analysis::named::narrowed;
use crate::mcp::answer::Answer;
use crate::mcp::args::FilterArgs;
use crate::mcp::tool::{Effect, Tool};
use crate::watch::Watch;
use crate::{Error, EventStore, Unwatched};

pub(crate) struct ClearEvents;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Args {
    #[serde(flatten)]
    filter: FilterArgs,
    /// Every event; without filters.
    all: Option<bool>,
    /// Only count, remove nothing.
    dry_run: Option<bool>,
}

impl Tool for ClearEvents {
    const NAME: &'static str = "clear_events";
    const TITLE: &'static str = "Clear events";
    const DESCRIPTION: &'static str = "Removes the events that match the filters, or all; leaves no gap mark. Use \
        dry_run first.";
    const EXAMPLE: &'static str = r#"{"session_id":"s1","dry_run":true}"#;
    const EFFECT: Effect = Effect::Removes;

    type Args = Args;
    type Reply = RemovalReply;

    fn run(store: &EventStore, args: Args, watch: &dyn Watch) -> Result<Answer<RemovalReply>, Error> {
        let filter = narrowed(store, &args.filter.read()?, &Unwatched)?;
        let filter = match (args.all.unwrap_or(false), filter.is_empty()) {
            (true, true) => None,
            (false, false) => Some(filter),
            (true, false) => return Err(Error::invalid("all: got true beside filters; give one or the other")),
            (false, true) => return Err(Error::invalid("say what to remove: filters, or all: true for every event")),
        };
        let dry_run = args.dry_run.unwrap_or(false);
        Ok(removal::answer(store.clear_watched(filter, dry_run, watch)?, dry_run))
    }
}
