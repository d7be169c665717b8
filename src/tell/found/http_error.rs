//! Requests that a web server failed to answer, of one cause.

use serde_json::json;

use super::http_rate;
use super::raised::{fates, raised};
use crate::analysis::found::HttpErrors;
use crate::tell::finding::Told;

/// `target`: the event that tells most of the first of them.
pub(in crate::tell) fn told(it: &HttpErrors, target: &str) -> Told {
    let by = it.cause.as_ref().map(|cause| raised(&cause.exception));
    let by = by.as_deref().unwrap_or("no exception of it was recorded");
    let what = format!("{}: {by}", http_rate::failed(&it.rate, it.status));
    let mut told = Told::new(what, "an answer the program means to give, such as 503 while it starts")
        .detail(http_rate::routes(&it.rate))
        .next(
            "explain",
            json!({ "target": target }),
            "the first of them: the call that raised, its arguments and callers",
        );
    if let Some(cause) = &it.cause {
        told = told.detail(fates(&cause.fates));
    }
    told = http_rate::unknown(&it.rate, it.status).into_iter().fold(told, Told::detail);
    if it.status.is_none() {
        told = told.detail("Plug and Bandit answer an exception with 500 unless it names another status");
    }
    told
}
