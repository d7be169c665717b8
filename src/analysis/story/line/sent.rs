//! Where was a message sent?

use serde::Serialize;

/// The place a message was sent from, or a timer was set at.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SentWhere {
    /// `cart.ex:26`, or with the function it is in.
    At { site: String },
    /// A function that was called at a place of the program.
    Called { function: String, site: String },
    /// The calls it was made in, innermost first.
    In { calls: Vec<String> },
}
