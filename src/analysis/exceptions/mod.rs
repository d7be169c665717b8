//! Which exceptions were raised, where, and what became of each?
//!
//! An exception ends every call it goes through, and each of them tells its end. Here it is one thing: raised in the
//! innermost recorded call, handed on, wrapped or raised again by those around, and caught, or not.

pub(crate) mod again;
mod census;
mod masked;
mod reading;
mod stack;
mod streamed;
mod unwinding;

pub(crate) use census::{Exceptions, Fate, Group};
pub(crate) use reading::{Class, Reading};
pub(crate) use stack::Origin;
pub(crate) use streamed::{End, Sort, Streamed};
