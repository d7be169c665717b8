//! Which process does a pid name, wherever it was seen?
//!
//! A node writes its own pids without its name: `<0.50.0>` of one node is not `<0.50.0>` of another. With the name of
//! its node a pid means one process everywhere: `<shop@host.50.0>`, which is also how a recorder writes a pid of a node
//! that it does not record.

use std::borrow::Cow;

/// The numbers of `<0.50.0>`, `50.0`: a pid as its own node writes it.
fn of_own_node(pid: &str) -> Option<&str> {
    let numbers = pid.strip_prefix("<0.")?.strip_suffix('>')?;
    let (id, serial) = numbers.split_once('.')?;
    (is_number(id) && is_number(serial)).then_some(numbers)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A pid seen on a node, with the name of its own node; whatever does not name a process of that node stays.
pub(crate) fn at_node<'p>(pid: &'p str, node: Option<&str>) -> Cow<'p, str> {
    match (of_own_node(pid), node) {
        (Some(numbers), Some(node)) if !node.is_empty() => Cow::Owned(format!("<{node}.{numbers}>")),
        _ => Cow::Borrowed(pid),
    }
}

/// The node of a pid that says it, and the pid as that node writes it.
pub(crate) fn split(pid: &str) -> Option<(&str, String)> {
    let inner = pid.strip_prefix('<')?.strip_suffix('>')?;
    let mut parts = inner.rsplitn(3, '.');
    let (serial, id, node) = (parts.next()?, parts.next()?, parts.next()?);
    // A number in place of a name means something only to the node that printed it.
    let is_named = !node.is_empty() && !is_number(node);
    (is_named && is_number(id) && is_number(serial)).then(|| (node, format!("<0.{id}.{serial}>")))
}

/// The node a pid says it is of.
pub(crate) fn node_of(pid: &str) -> Option<&str> {
    split(pid).map(|(node, _)| node)
}

/// What the spellings of a pid on all nodes have in common: `.50.0>` of `<b@h.50.0>` and of `<0.50.0>`; the whole of
/// what is no pid.
pub(crate) fn numbers(pid: &str) -> &str {
    let dots = pid.rmatch_indices('.').nth(1).filter(|_| pid.starts_with('<'));
    dots.map_or(pid, |(dot, _)| &pid[dot..])
}

/// Pids, references and ports in a text with the name of their node: two nodes show one value differently.
pub(crate) fn text_at_node<'t>(text: &'t str, node: Option<&str>) -> Cow<'t, str> {
    let mut text = Cow::Borrowed(text);
    let Some(node) = node else { return text };
    for kind in ["#PID<", "#Reference<", "#Port<"] {
        let own = format!("{kind}0.");
        if text.contains(&own) {
            text = Cow::Owned(text.replace(&own, &format!("{kind}{node}.")));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_one_name_wherever_it_was_seen() {
        assert_eq!(at_node("<0.50.0>", Some("b@h")), "<b@h.50.0>");
        assert_eq!(at_node("<b@h.50.0>", Some("a@h")), "<b@h.50.0>");
        assert_eq!(at_node("<0.50.0>", None), "<0.50.0>");
        for other in [":shop", "<9823.1.0>", "<0.50>", "#Port<0.5>", ""] {
            assert_eq!(at_node(other, Some("a@h")), other);
        }
    }

    #[test]
    fn a_pid_that_says_its_node_is_taken_apart() {
        assert_eq!(split("<b@h.example.org.50.1>"), Some(("b@h.example.org", "<0.50.1>".to_owned())));
        assert_eq!(split("<b@10.0.0.7.50.0>"), Some(("b@10.0.0.7", "<0.50.0>".to_owned())));
        for none in ["<0.50.0>", "<9823.1.0>", "<b@h.x.0>", "b@h.50.0", ":shop", "<>"] {
            assert_eq!(split(none), None, "{none}");
        }
        assert_eq!([numbers("<b@h.50.0>"), numbers("<0.50.0>"), numbers(":shop")], [".50.0>", ".50.0>", ":shop"]);
        assert_eq!(node_of(&at_node("<0.50.0>", Some("b@h"))), Some("b@h"));
    }

    #[test]
    fn two_nodes_show_one_value_as_one() {
        let sent = text_at_node("{#Reference<0.1.2.3>, #PID<0.70.0>, #PID<b@h.50.0>}", Some("a@h"));
        let received = text_at_node("{#Reference<a@h.1.2.3>, #PID<a@h.70.0>, #PID<0.50.0>}", Some("b@h"));
        assert_eq!(sent, received);
        assert_eq!(text_at_node("#PID<0.1.0>", None), "#PID<0.1.0>");
    }
}
