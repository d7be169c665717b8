//! How is the place a message was sent from written?

use std::fmt;

use crate::analysis::story::line::SentWhere;

impl fmt::Display for SentWhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At { site } => write!(f, "at {site}"),
            Self::Called { function, site } => write!(f, "{function} called at {site}"),
            Self::In { calls } => write!(f, "in {}", calls.join(" < ")),
        }
    }
}

/// The place after a comma, where it is known.
pub(super) fn comma(place: Option<&SentWhere>) -> String {
    place.map(|place| format!(", {place}")).unwrap_or_default()
}
