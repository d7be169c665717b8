//! How is stdio served?

/// How stdio is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Requests are taken without `initialize` and without `_meta`.
    pub script: bool,
    /// Longest line in bytes; a longer one is answered with an error.
    pub max_line: usize,
}

impl Options {
    /// Longest line when nothing else is said: 64 MiB.
    pub const MAX_LINE: usize = 64 << 20;
}

impl Default for Options {
    fn default() -> Self {
        Self { script: false, max_line: Self::MAX_LINE }
    }
}
