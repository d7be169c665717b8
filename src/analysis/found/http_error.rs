//! Requests that a web server failed to answer, of one cause.

use serde::Serialize;

use super::facts::Facts;
use super::http_rate::Rate;
use super::key::Key;
use super::raised::{Became, Raised};

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
    pub(crate) exception: Raised,
    /// What became of it, the most first.
    pub(crate) fates: Vec<Became>,
}

impl Facts for HttpErrors {
    fn site(&self) -> Option<&str> {
        self.cause.as_ref()?.exception.site()
    }

    fn key(&self) -> Key {
        let status = self.status.map_or_else(String::new, |status| status.to_string());
        let mut key = Key::default().with(&status);
        if let Some(Cause { exception, .. }) = &self.cause {
            key = key.with(exception.site().unwrap_or_default()).with(&exception.function).like(&exception.reason);
        }
        self.rate.routes.iter().fold(key, |key, route| key.like(&route.route))
    }
}
