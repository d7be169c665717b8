//! Of how many web requests some failed, as far as that is known.

use serde::Serialize;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Rate {
    /// All that failed.
    pub(crate) failed: usize,
    /// Of how many; none: those that went well were not seen.
    pub(crate) seen: Option<Seen>,
    /// Those with the most failures, the most first.
    pub(crate) routes: Vec<Route>,
    /// Other routes that failed.
    pub(crate) more_routes: usize,
    /// The first thing that was left out of what shows requests.
    pub(crate) left_out: Option<Unrecorded>,
    /// Whether exceptions alone show requests here.
    pub(crate) is_by_failures: bool,
    /// The outermost recorded call around all of them, where requests that went well were not seen.
    pub(crate) called: Option<Called>,
}

/// Requests while every one was seen.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Seen {
    /// Those of this finding that failed then.
    pub(crate) failed: usize,
    pub(crate) requests: usize,
    /// Those whose answer is known.
    pub(crate) answered: usize,
}

/// Requests of one sort.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Route {
    /// `GET /items/_ (Web.ItemController.show)`.
    pub(crate) route: String,
    pub(crate) failed: usize,
    /// All that were seen, if those that went well were.
    pub(crate) of: Option<usize>,
}

/// What a source left out on purpose.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Unrecorded {
    pub(crate) values: Values,
    /// `burst`, `memory`, as the source names it.
    pub(crate) why: Option<String>,
    /// From then on, by the oldest event.
    pub(crate) after_oldest_ns: i64,
    /// The note of it.
    pub(crate) event_id: String,
}

/// Whose values were left out.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Values {
    All,
    OfSomeCalls,
    OfFunction(String),
}

/// How often a function was called.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Called {
    pub(crate) function: String,
    pub(crate) times: usize,
    /// Whether something was not recorded: there may be more.
    pub(crate) is_least: bool,
}
