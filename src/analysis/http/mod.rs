//! Which web requests does a recording show, and how were they answered?
//!
//! From calls whose arguments, results or reasons hold a `%Plug.Conn{}`, from functions that send an answer, and from
//! telemetry events. A value that was cut tells what stands before the cut; a status behind it is unknown.

mod again;
mod conn;
mod look;
mod requests;
mod route;

pub(crate) use look::Shown;
pub(crate) use requests::{Request, Requests};
