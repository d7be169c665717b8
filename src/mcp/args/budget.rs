//! How large may an analysis be, and which span of time does it look at?

use schemars::JsonSchema;
use serde::Deserialize;

use super::time::TimeArg;
use super::view::BYTES_PER_TOKEN;
use crate::{Result, Time};

/// Budget of an analysis unless asked otherwise.
const USUAL_TOKENS: usize = 1_500;

/// Size of an analysis.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct BudgetArgs {
    /// Default 1500. Answer size, 4 bytes a token; what does not fit is counted.
    #[schemars(range(min = 50))]
    max_tokens: Option<usize>,
}

impl BudgetArgs {
    /// Most bytes of text.
    pub(crate) fn bytes(&self) -> usize {
        self.max_tokens.unwrap_or(USUAL_TOKENS).saturating_mul(BYTES_PER_TOKEN)
    }
}

/// Whose process is meant.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct NodeArg {
    /// Erlang node. app@host; says whose pid or name is meant where several have it.
    pub(crate) node: Option<String>,
}

/// A span of time.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct SpanArgs {
    /// From. Nanoseconds, RFC 3339, or relative to the newest event: -5s, -250ms. Inclusive, as the end is.
    since_timestamp: Option<TimeArg>,
    /// To.
    until_timestamp: Option<TimeArg>,
}

impl SpanArgs {
    /// Both bounds, inclusive.
    pub(crate) fn read(&self) -> Result<(Option<Time>, Option<Time>)> {
        let read = |time: &Option<TimeArg>, name| time.as_ref().map(|time| time.read(name)).transpose();
        Ok((read(&self.since_timestamp, "since_timestamp")?, read(&self.until_timestamp, "until_timestamp")?))
    }
}
