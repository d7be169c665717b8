//! Where do the bytes of a run of events lie?
//!
//! Events go, in arrival order, into the [`active`] segment. A full one is [`seal`]ed: its rows sorted by
//! `(timestamp, seq)`, so that a rank is a place in the total order, every column packed, every posting list
//! one slice. A sealed segment is immutable and self-contained: columns, dictionaries, posting lists and
//! payload in one value. What is removed from it is told by the [`view`] around it.

pub(crate) mod active;
mod arena;
mod excerpt;
pub(crate) mod merge;
pub(crate) mod packed;
pub(crate) mod rows;
pub(crate) mod seal;
pub(crate) mod sealed;
pub(crate) mod view;

pub(crate) use active::Active;
pub(crate) use excerpt::excerpt;
pub(crate) use rows::Rows;
pub(crate) use sealed::Sealed;
pub(crate) use view::View;
