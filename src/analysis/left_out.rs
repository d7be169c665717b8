//! What did a source leave out on purpose, and from when on? What `scope.exs` notes of it (`capture_note`), over the
//! span of a visit. What was left out stays so until its session captures anew.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::Deserialize;

use super::parts::Quiet;
use crate::error::Result;
use crate::event::time::Time;
use crate::query::{Filter, Visit};
use crate::store::EventStore;
use crate::watch::Watch;

/// What is not recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Arguments and results of all calls, contents of messages.
    Values,
    /// Those of some calls, as they came.
    SomeValues,
    /// Those of one function: `Mod.fun/1`.
    ValuesOf(String),
    /// Samples of mailboxes and memory.
    Samples,
}

/// One thing that was left out over a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeftOut {
    pub(crate) what: What,
    /// `burst`, `memory`, as the source names it.
    pub(crate) why: Option<String>,
    pub(crate) session: String,
    pub(crate) since: i64,
    /// When its session captured anew, or the end of time.
    pub(crate) until: i64,
    /// The note.
    pub(crate) event_id: String,
}

/// A note's payload; what it says of a function may stand in the event itself.
#[derive(Deserialize)]
struct Note {
    left_out: Option<String>,
    why: Option<String>,
    module: Option<String>,
    function: Option<String>,
    arity: Option<u8>,
}

impl Note {
    /// `None`: it says something else, or something this program does not know.
    fn what(&self) -> Option<What> {
        match self.left_out.as_deref()?.trim_start_matches(':') {
            "samples" => Some(What::Samples),
            "some_values" => Some(What::SomeValues),
            "values" => Some(match (&self.module, &self.function, self.arity) {
                (Some(module), Some(function), Some(arity)) => {
                    What::ValuesOf(format!("{module}.{}/{arity}", function.trim_start_matches(':')))
                }
                _ => What::Values,
            }),
            _ => None,
        }
    }
}

impl LeftOut {
    /// Whether values of calls at a time of a session may be missing; `is_of` says whether a function matters.
    pub(crate) fn may_miss(&self, session: &str, at: i64, is_of: impl Fn(&str) -> bool) -> bool {
        let is_then = self.session == session && self.since <= at && at < self.until;
        is_then
            && match &self.what {
                What::Values | What::SomeValues => true,
                What::ValuesOf(function) => is_of(function),
                What::Samples => false,
            }
    }
}

/// What was left out at some time of a visit, in the order of time. A note from before the visit's first moment still
/// holds in it.
pub(crate) fn left_out(store: &EventStore, over: &Visit, watch: &dyn Watch) -> Result<Vec<LeftOut>> {
    let event_types = ["capture_start", "capture_note"].map(str::to_owned).to_vec();
    let filter = Filter {
        event_types,
        until: over.until.map(Time::At),
        session_id: over.filter.session_id.clone(),
        ..Filter::default()
    };
    let mut all: Vec<LeftOut> = Vec::new();
    // Places of what is left out now, by session.
    let mut open: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    store.visit(&filter, &Quiet(watch), |seen| {
        let session = seen.session_id().unwrap_or_default();
        if seen.event_type() == Some("capture_start") {
            for at in open.remove(session).unwrap_or_default() {
                all[at].until = seen.timestamp();
            }
            return ControlFlow::Continue(());
        }
        let note: Option<Note> = serde_json::from_str(seen.data()).ok();
        let with_function = |note: Note| Note {
            module: note.module.or(seen.module().map(str::to_owned)),
            function: note.function.or(seen.function().map(str::to_owned)),
            arity: note.arity.or(seen.arity()),
            ..note
        };
        if let Some((what, note)) = note.map(with_function).and_then(|note| Some((note.what()?, note))) {
            open.entry(session.to_owned()).or_default().push(all.len());
            all.push(LeftOut {
                what,
                why: note.why.map(|why| why.trim_start_matches(':').to_owned()),
                session: session.to_owned(),
                since: seen.timestamp(),
                until: i64::MAX,
                event_id: seen.event_id().to_owned(),
            });
        }
        ControlFlow::Continue(())
    })?;
    let since = over.since.unwrap_or(i64::MIN);
    all.retain(|one| one.until > since);
    Ok(all)
}
