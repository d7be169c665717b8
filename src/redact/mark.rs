//! What stands where something was hidden?

/// Stands in place of a value that is hidden; the same at the source (`scope.exs`) and here.
pub const MARK: &str = "[REDACTED]";

/// Whether a text says already that its value is hidden.
pub(super) fn is_mark(text: &[u8]) -> bool {
    text.starts_with(MARK.as_bytes())
}
