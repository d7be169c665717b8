//! Removes old events.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::removal::{self, RemovalReply};
use crate::mcp::answer::Answer;
use crate::mcp::args::TimeArg;
use crate::mcp::tool::{Effect, Tool};
use crate::store::Cleanup;
use crate::watch::Watch;
use crate::{Error, EventStore};

pub(crate) struct CleanupOldEvents;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Args {
    /// Remove earlier ones.
    before_timestamp: Option<TimeArg>,
    /// Behind the newest: 2h 30m, or nanoseconds.
    max_age: Option<TimeArg>,
    /// Keep so many.
    #[schemars(range(min = 0))]
    max_events: Option<u64>,
    /// Only count, remove nothing.
    dry_run: Option<bool>,
}

/// A duration as people write it, or nanoseconds.
fn duration(given: &TimeArg) -> Result<Duration, Error> {
    let text = given.text();
    let nanoseconds = text.parse::<u64>().ok().map(Duration::from_nanos);
    nanoseconds.or_else(|| humantime::parse_duration(text).ok()).ok_or_else(|| {
        Error::invalid(format!(
            "max_age: got {text:?}; expected a duration (\"10s\", \"250ms\", \"2h 30m\") or nanoseconds, 0 or more"
        ))
    })
}

impl Tool for CleanupOldEvents {
    const NAME: &'static str = "cleanup_old_events";
    const TITLE: &'static str = "Clean up old events";
    const DESCRIPTION: &'static str = "Removes the oldest events, by one bound or more; later answers say so. Use \
        dry_run first.";
    const EXAMPLE: &'static str = r#"{"max_age":"10s","dry_run":true}"#;
    const EFFECT: Effect = Effect::Removes;

    type Args = Args;
    type Reply = RemovalReply;

    fn run(store: &EventStore, args: Args, _watch: &dyn Watch) -> Result<Answer<RemovalReply>, Error> {
        let cleanup = Cleanup {
            before: args.before_timestamp.map(|time| time.read("before_timestamp")).transpose()?,
            max_age: args.max_age.as_ref().map(duration).transpose()?,
            max_events: args.max_events,
        };
        let dry_run = args.dry_run.unwrap_or(false);
        Ok(removal::answer(store.cleanup_old_events(cleanup, dry_run)?, dry_run))
    }
}
