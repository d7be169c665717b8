//! What happened, in the few facts that questions about calls and messages need?
//!
//! One visit over the events makes a [`Ledger`]: calls with their ends, messages with their fates, processes with their
//! lives, joined by number instead of by id. Payloads stay in the store and are read when a fact of one is shown.

pub(crate) mod entry;
mod gather;
pub(crate) mod kind;
mod lineage;
mod naming;
pub(crate) mod payload;
pub(crate) mod texts;
mod whole;

pub(crate) use entry::{
    Call, CallId, Callback, Clocks, Down, Exit, Message, MessageId, Moment, Outcome, Process, ProcessId, Sample, Sign,
    Waited,
};
pub(crate) use gather::gather;
pub(crate) use kind::{Kind, reference_in};
pub(crate) use texts::{Sym, bare};
pub(crate) use whole::Ledger;
