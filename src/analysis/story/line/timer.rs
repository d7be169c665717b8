//! Which timer sent a message?

use serde::Serialize;

use super::at::At;
use super::sent::SentWhere;
use crate::analysis::found::Process;

/// The timer that sent a message, by the call that set it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Timer {
    /// Whether its reference shows that it is this one; else it most likely is.
    pub(crate) is_exact: bool,
    /// Timers that may have sent it.
    pub(crate) candidates: usize,
    /// `None`: the process that got the message.
    pub(crate) set_by: Option<Process>,
    /// For how long.
    pub(crate) lasts_ns: Option<i64>,
    #[serde(flatten)]
    pub(crate) at: At,
    pub(crate) place: Option<SentWhere>,
}
