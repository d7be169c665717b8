//! What is answered to a line that is no request?

use serde::Serialize;
use serde_json::value::RawValue;

/// JSON-RPC's own codes.
pub(crate) const PARSE_ERROR: i32 = -32700;
pub(crate) const INVALID_REQUEST: i32 = -32600;
pub(crate) const INVALID_PARAMS: i32 = -32602;
pub(crate) const INTERNAL_ERROR: i32 = -32603;

/// An error reply, made before a request reaches its handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The request's id as it was written; none when it could not be read.
    id: Option<String>,
    code: i32,
    message: String,
}

impl Refusal {
    /// Nothing could be read.
    pub(crate) fn unreadable(message: impl Into<String>) -> Self {
        Self { id: None, code: PARSE_ERROR, message: message.into() }
    }

    /// It is JSON, and no request.
    pub(crate) fn no_request(id: Option<&RawValue>, message: impl Into<String>) -> Self {
        Self::of(id.map(RawValue::get), INVALID_REQUEST, message)
    }

    /// A refusal of the request whose id is written like this.
    pub(crate) fn of(id: Option<&str>, code: i32, message: impl Into<String>) -> Self {
        // Only what may be an id is sent back as one.
        let id = id.filter(|id| id.starts_with(|first: char| matches!(first, '"' | '-' | '0'..='9')));
        Self { id: id.map(str::to_owned), code, message: message.into() }
    }

    /// The reply, one line without its end.
    pub(crate) fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Error<'a> {
            code: i32,
            message: &'a str,
        }
        let error = Error { code: self.code, message: &self.message };
        let error = serde_json::to_string(&error).unwrap_or_default();
        let id = self.id.as_deref().unwrap_or("null");
        format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#)
    }
}
