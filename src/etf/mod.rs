//! What does a term of Erlang's external term format say?
//!
//! Terms are checked once, borrowed from the bytes they came in, and never built: [`Term::parse`] passes over the bytes
//! and proves that they are one term; [`Term::view`] then decodes one level at a time and cannot fail; [`show`] writes a
//! term as Elixir prints it.

mod atom;
mod check;
pub(crate) mod cursor;
mod error;
mod identity;
mod inflated;
mod leaf;
pub mod show;
pub(crate) mod tag;
mod term;
mod view;

pub use atom::Atom;
pub use check::MAX_DEPTH;
pub use error::Error;
pub use identity::{Fun, Pid, Port, Reference};
pub use inflated::{Inflated, MAX_INFLATED, Unpacked};
pub(crate) use leaf::Leaf;
pub use term::{Term, Terms};
pub use view::View;
