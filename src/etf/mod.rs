//! What does a term of Erlang's external term format say?
//!
//! Terms are checked once, borrowed from the bytes they came in, and never built.

mod error;
mod term;

pub use error::Error;
pub use term::Term;
