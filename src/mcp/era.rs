//! What do clients of the stateless protocol (2026-07-28) get besides?

use rmcp::model::{MetaObject, ProtocolVersion};
use rmcp::service::{RequestContext, RoleServer};

use super::about::about;

/// How long a list that never changes while the program runs may be kept.
pub(crate) const FIXED_TTL_MS: u64 = 3_600_000;

/// The protocol's name for it.
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// Whether a request is of the stateless protocol.
pub(crate) fn is_stateless(context: &RequestContext<RoleServer>) -> bool {
    context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28)
}

/// `_meta` of a result: who answered, because no handshake has said it.
pub(crate) fn meta(context: &RequestContext<RoleServer>) -> Option<MetaObject> {
    is_stateless(context).then(|| {
        let about = serde_json::to_value(about()).unwrap_or_default();
        MetaObject([(SERVER_INFO.to_owned(), about)].into_iter().collect())
    })
}
