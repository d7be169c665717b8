//! How is a tree of calls told?

use crate::analysis::calls::{Node, Shape, Tree};
use crate::analysis::ledger::{CallId, Ledger};
use crate::analysis::terms;
use crate::analysis::value::brief;
use crate::event::StoredEvent;
use crate::tell::words::count;

/// How many calls it has, below which.
pub(crate) fn head(ledger: &Ledger, roots: &[CallId], tree: &Tree) -> String {
    let calls: usize = tree.nodes.iter().map(|node| node.calls.len()).sum();
    match roots {
        [] => "no calls were traced there".to_owned(),
        [root] => format!("{} under {}", count(calls, "call"), ledger.text(ledger.call(*root).function)),
        many => format!("{} under {} outermost ones", count(calls, "call"), many.len()),
    }
}

/// An event that led to the root.
pub(crate) fn ancestor(ledger: &Ledger, event: &StoredEvent) -> String {
    let what = match (event.module(), event.function(), event.arity()) {
        (Some(module), Some(function), Some(arity)) => terms::home(&format!("{module}.{function}/{arity}")),
        (None, Some(name), None) => name.to_owned(),
        _ => event.event_type().unwrap_or_default().to_owned(),
    };
    let place = event.ast_node_id().map_or_else(String::new, |place| format!(" at {place}"));
    format!("{what} in {}{place} ({})", ledger.pid_of(event).as_deref().unwrap_or("?"), event.event_id())
}

/// What a row's figures do not say of its calls, if there is something.
pub(crate) fn remark(ledger: &Ledger, node: &Node) -> Option<String> {
    let mut told = Vec::new();
    if node.failed > 0 {
        let reason = node.calls.iter().find_map(|id| ledger.call(*id).reason);
        let reason = reason.map_or("", |reason| ledger.text(reason));
        told.push(format!("failed {}: {}", node.failed, brief::cut(reason, 60)));
    }
    if node.open > 0 {
        told.push(format!("{} without an end", node.open));
    }
    if node.recursions > 0 {
        told.push(format!("{} within", count(node.recursions, "recursive call")));
    }
    (!told.is_empty()).then(|| told.join("; "))
}

/// The calls that are not shown, a note for each reason.
pub(crate) fn left_out(tree: &Tree, shape: Shape) -> Vec<String> {
    let deeper = (tree.deeper > 0).then(|| {
        format!("left out with what they call: {} deeper than depth {}", count(tree.deeper, "call"), shape.depth)
    });
    let shorter = (tree.shorter > 0)
        .then(|| format!("left out with what they call: {} shorter than min_duration_ns", count(tree.shorter, "call")));
    deeper.into_iter().chain(shorter).collect()
}
