//! Where in the source did it happen?

use serde::Serialize;

/// Where a message was sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// Its send was not recorded.
    Unrecorded,
    /// In functions that were not traced.
    Untraced,
    /// A function and a line: `Checkout.shop/3 (cart.exs:26)`.
    At(String),
    /// The innermost functions around it, two at most, and where the last of them was called, if that is recorded.
    Within { functions: Vec<String>, called_at: Option<String> },
}

impl Place {
    /// The place, where it is known.
    pub(crate) fn site(&self) -> Option<&str> {
        Some(self.key()).filter(|site| !site.is_empty())
    }

    /// As a text that stays the same wherever a recording of the program is made.
    pub(crate) fn key(&self) -> &str {
        match self {
            Self::Unrecorded | Self::Untraced => "",
            Self::At(place) => place,
            Self::Within { functions, called_at } => {
                called_at.as_deref().or(functions.first().map(String::as_str)).unwrap_or_default()
            }
        }
    }
}
