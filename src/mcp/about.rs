//! What does this program call itself?

use rmcp::model::Implementation;

/// What this program calls itself.
pub(crate) fn about() -> Implementation {
    Implementation::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
}
