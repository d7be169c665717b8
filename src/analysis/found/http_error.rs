//! Requests that a web server failed to answer, of one cause.

use serde::Serialize;

use super::facts::Facts;
use super::http_rate::Rate;
use super::key::Key;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct HttpErrors {
    /// None: what was answered is not shown, it ended by an exception.
    pub(crate) status: Option<u16>,
    /// None: no exception of these requests was recorded.
    pub(crate) cause: Option<Cause>,
    pub(crate) rate: Rate,
}

/// The exception they have in common.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Cause {
    /// What was raised, and where.
    pub(crate) exception: String,
    /// What became of it.
    pub(crate) fates: String,
}

impl Facts for HttpErrors {
    /// Whatever the status: the same trouble may be answered in two ways.
    fn key(&self) -> Key {
        let cause = self.cause.as_ref().map_or("", |cause| &cause.exception);
        let key = Key::default().with(if self.status.is_some() { "answered" } else { "not shown" }).with(cause);
        self.rate.routes.iter().fold(key, |key, route| key.like(&route.route))
    }
}
