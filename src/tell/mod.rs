//! How is what was found put into words? The only place that writes sentences about a recording.
//!
//! In go values of `analysis`, out come lines for a reader: English, short, without a word that the values do not bear
//! out. What a value means is decided where it was made.

pub(crate) mod aggregate;
pub(crate) mod anomalies;
pub(crate) mod around;
pub(crate) mod call_tree;
pub(crate) mod diff_windows;
mod ended;
pub(crate) mod figure;
pub(crate) mod finding;
mod found;
pub(crate) mod grouped;
pub(crate) mod mailbox;
pub(crate) mod message_flow;
pub(crate) mod missing;
pub(crate) mod overview;
mod place;
pub(crate) mod profile;
pub(crate) mod state_at;
pub(crate) mod state_history;
pub(crate) mod story;
pub(crate) mod unknown;
pub(crate) mod words;
