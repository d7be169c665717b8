//! How is a place in the source written?

use std::fmt;

use crate::analysis::found::Place;

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unrecorded => f.write_str("a place that is not recorded"),
            Self::Untraced => f.write_str("an untraced function"),
            Self::At(place) => f.write_str(place),
            Self::Within { functions, called_at } => {
                f.write_str(&functions.join(" in "))?;
                called_at.as_ref().map_or(Ok(()), |place| write!(f, ", called at {place}"))
            }
        }
    }
}
