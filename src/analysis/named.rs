//! Whom does a filter mean by a pid or a registered name?

use super::ask::Ask;
use super::nodes::Nodes;
use super::who;
use crate::error::Result;
use crate::query::Filter;
use crate::store::EventStore;
use crate::watch::Watch;

/// A filter whose pid means one process, or all that had the name it is: one after the other, as a server that is
/// restarted. Of several nodes, on the one that the filter names or the only one it is on. A text that is neither stays
/// what it is: a source may write its processes as it likes.
///
/// # Errors
/// [`Invalid`](crate::ErrorKind::Invalid) when a pid or a name is on several nodes and the filter names none.
pub(crate) fn narrowed(store: &EventStore, filter: &Filter, watch: &dyn Watch) -> Result<Filter> {
    let mut narrowed = Nodes::narrowed(store, filter, watch)?;
    if let Some(name) = narrowed.pid.as_deref().filter(|pid| !who::is_pid(pid)) {
        let ask = Ask::new(store, watch);
        let within = (narrowed.node.as_deref(), narrowed.session_id.as_deref());
        let found = who::named_within(&ask, "pid", name, within)?;
        narrowed.named = found.into_iter().map(|(pid, _)| pid).collect();
    }
    Ok(narrowed)
}
