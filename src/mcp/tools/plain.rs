//! What tools share: no arguments, and counts that are told where there is something to count.

/// Whether a count is zero: then it is not told.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape serde asks for")]
pub(crate) const fn is_none(count: &u64) -> bool {
    *count == 0
}

/// Arguments of a tool that takes none.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
pub(crate) struct NoArgs {}
