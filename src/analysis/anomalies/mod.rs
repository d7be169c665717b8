//! What is wrong in this recording? One file per kind of trouble.
//!
//! Each detector looks at the ledger for one pattern and says what it saw, on which events, how sure that is, and what
//! would refute it. None knows a program. DESIGN.md says what each can miss.

mod busy;
mod crash;
mod dead_letter;
mod deadlock;
mod exchange;
mod finding;
mod gap;
mod gave_up;
mod glance;
mod growth;
mod handed;
mod heirs;
mod hot_loop;
mod http_error;
mod http_rate;
mod ignored;
mod kind;
mod lost_at_restart;
mod lost_update;
mod mailbox;
mod missed;
mod mistaken_reply;
mod monitors;
mod not_given_back;
mod orphan;
mod outlier;
mod overlapping;
mod overtaken;
mod raised;
mod repeated;
mod repeated_exception;
mod restart;
mod scene;
mod search;
mod second_reply;
mod stampede;
mod starting;
mod starved_timeout;
mod stopping;
mod swallowed;
mod told;
mod twice;
mod unfinished;
mod unmet;
mod watched;
mod web;

pub(crate) use finding::{Confidence, Finding};
pub(crate) use glance::{Glance, glance, touching};
pub(crate) use kind::Kind;
pub(crate) use search::find;
