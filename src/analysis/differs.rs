//! In what does a state differ from another, as far as it is known?

/// One difference.
#[derive(Clone, Debug)]
pub(crate) enum Differs {
    /// As `value/diff.rs` writes it: `discount: 0 -> nil`; of a handler's state after the handler's name.
    Values(String),
    /// One of the two is not known; of a handler's state, whose.
    Unknown { handler: Option<String> },
    /// What was before is not known, as events were lost; this is what it became.
    After { new: String },
    /// The handler was removed, and its state with it.
    Removed,
}

impl Differs {
    /// Each of these.
    pub(super) fn all(shown: Vec<String>) -> Vec<Self> {
        shown.into_iter().map(Self::Values).collect()
    }
}
