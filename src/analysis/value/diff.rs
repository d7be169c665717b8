//! In what do two values differ?

use super::brief::{brief, brief_value};
use super::node::{Kind, Value, is_cut};
use super::path::{push_index, push_key};

/// Bytes of one side of a difference.
const SIDE: usize = 80;

/// Elements of a list that are named one by one.
const NAMED: usize = 2;

/// One difference.
#[derive(Clone, Debug)]
pub(crate) struct Change<'v, 'a> {
    /// Where; empty for the whole value.
    pub(crate) path: String,
    /// `None`: it was not there.
    pub(crate) from: Option<&'v Value<'a>>,
    /// `None`: it is not there any more.
    pub(crate) to: Option<&'v Value<'a>>,
    /// Whether it was cut, so that nobody knows whether it differs.
    pub(crate) is_cut: bool,
}

/// Every difference, in the order of the newer value; what is gone last.
pub(crate) fn diff<'v, 'a>(old: &'v Value<'a>, new: &'v Value<'a>) -> Vec<Change<'v, 'a>> {
    let mut found = Vec::new();
    compare(&mut String::new(), old, new, &mut found);
    found
}

fn compare<'v, 'a>(path: &mut String, old: &'v Value<'a>, new: &'v Value<'a>, found: &mut Vec<Change<'v, 'a>>) {
    let (old_cut, new_cut) = (is_cut(old.text), is_cut(new.text));
    if old.text == new.text && !old_cut {
        return;
    }
    let is_gone = |value: &Value<'_>| value.tuple().and_then(|parts| parts.first()?.atom()) == Some("truncated");
    if is_gone(old) || is_gone(new) {
        return found.push(Change { path: path.clone(), from: Some(old), to: Some(new), is_cut: true });
    }
    let length = path.len();
    match (&old.kind, &new.kind) {
        (Kind::Map(old_name, old_entries), Kind::Map(new_name, new_entries)) if old_name == new_name => {
            let keyed = |entries: &'v [(Value<'a>, Value<'a>)], wanted: &Value<'a>| {
                entries.iter().find(|(key, _)| key.text == wanted.text).map(|(_, value)| value)
            };
            for (key, new) in new_entries {
                push_key(path, key);
                match keyed(old_entries, key) {
                    Some(old) => compare(path, old, new, found),
                    None => found.push(Change { path: path.clone(), from: None, to: Some(new), is_cut: false }),
                }
                path.truncate(length);
            }
            for (key, old) in old_entries.iter().filter(|(key, _)| keyed(new_entries, key).is_none()) {
                push_key(path, key);
                found.push(Change { path: path.clone(), from: Some(old), to: None, is_cut: false });
                path.truncate(length);
            }
        }
        (Kind::Tuple(old), Kind::Tuple(new)) if old.len() == new.len() => {
            for (at, (old, new)) in old.iter().zip(new).enumerate() {
                push_index(path, at);
                compare(path, old, new, found);
                path.truncate(length);
            }
        }
        _ => {
            found.push(Change { path: path.clone(), from: Some(old), to: Some(new), is_cut: old_cut || new_cut });
        }
    }
}

impl Change<'_, '_> {
    /// `discount: 0 -> nil`; what a list gained or lost instead of both lists.
    pub(crate) fn shown(&self) -> String {
        let place = if self.path.is_empty() { String::new() } else { format!("{}: ", self.path) };
        if self.is_cut {
            return format!("{place}unknown (cut when recorded)");
        }
        let sides = match (self.from, self.to) {
            (Some(from), Some(to)) => list_change(from, to),
            _ => None,
        };
        let side = |value: Option<&Value<'_>>| value.map_or("(absent)".to_owned(), |value| brief_value(value, SIDE));
        let sides = sides.unwrap_or_else(|| format!("{} -> {}", side(self.from), side(self.to)));
        format!("{place}{sides}")
    }
}

/// `+{"sku8", 80} at [0], 8 items`, for lists that differ in one run of elements.
fn list_change(from: &Value<'_>, to: &Value<'_>) -> Option<String> {
    let (old, new) = (from.list()?, to.list()?);
    let same = |a: &&Value<'_>, b: &&Value<'_>| a.text == b.text;
    let head = old.iter().zip(new).take_while(|(a, b)| same(a, b)).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(a, b)| same(a, b)).count();
    let (gone, come) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    // Nothing in common: the lists themselves say more.
    if head + tail == 0 && !(old.is_empty() || new.is_empty()) {
        return None;
    }
    let mut parts = Vec::new();
    for (sign, items) in [("-", gone), ("+", come)] {
        for item in items.iter().take(NAMED) {
            parts.push(format!("{sign}{}", brief(item.text, SIDE)));
        }
        if items.len() > NAMED {
            parts.push(format!("{sign}{} more", items.len() - NAMED));
        }
    }
    Some(format!("{} at [{head}], {} items", parts.join(" "), new.len()))
}

/// Every difference in a text each.
pub(crate) fn shown(old: &str, new: &str) -> Vec<String> {
    let (old, new) = (Value::read(old), Value::read(new));
    diff(&old, &new).iter().map(Change::shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_told_where_they_are() {
        let check = |old: &str, new: &str, expected: &[&str]| assert_eq!(shown(old, new), expected, "{old} {new}");
        check("%{discount: 0, id: 4}", "%{discount: nil, id: 4}", &["discount: 0 -> nil"]);
        check("%{a: %{b: 1}}", "%{a: %{b: 2, c: 3}}", &["a.b: 1 -> 2", "a.c: (absent) -> 3"]);
        check("%{a: 1, b: 2}", "%{b: 2}", &["a: 1 -> (absent)"]);
        check("{:ok, 1}", "{:ok, 2}", &["[1]: 1 -> 2"]);
        check("1", "2", &["1 -> 2"]);
        check("%{a: 1}", "%{a: 1}", &[]);
        check("%A{x: 1}", "%B{x: 1}", &["%A{x: 1} -> %B{x: 1}"]);
    }

    #[test]
    fn what_was_cut_is_neither_equal_nor_different() {
        let check = |old: &str, new: &str, expected: &[&str]| assert_eq!(shown(old, new), expected, "{old} {new}");
        let cut = "{:truncated, 5000, \"list with 9 elements\"}";
        let state = |value: &str, id: u8| format!("%{{big: {value}, id: {id}}}");
        check(&state(cut, 1), &state(cut, 1), &["big: unknown (cut when recorded)"]);
        check(&state("[1]", 1), &state(cut, 2), &["big: unknown (cut when recorded)", "id: 1 -> 2"]);
        check(cut, cut, &["unknown (cut when recorded)"]);
        let ours = "\"abc\"\u{2039}cut: 900 bytes\u{203a}";
        check(&state(ours, 1), &state(ours, 1), &["big: unknown (cut when recorded)"]);
        check(&state(ours, 1), &state("\"x\"", 1), &["big: unknown (cut when recorded)"]);
    }

    #[test]
    fn a_list_tells_what_it_gained_or_lost() {
        let check = |old: &str, new: &str, expected: &str| assert_eq!(shown(old, new), [expected]);
        check("%{l: [2, 1]}", "%{l: [3, 2, 1]}", "l: +3 at [0], 3 items");
        check("%{l: [1, 2]}", "%{l: [1, 2, 3, 4, 5]}", "l: +3 +4 +1 more at [2], 5 items");
        check("%{l: [1, 2, 3]}", "%{l: [1, 3]}", "l: -2 at [1], 2 items");
        check("%{l: []}", "%{l: [1]}", "l: +1 at [0], 1 items");
        check("%{l: [1]}", "%{l: [2]}", "l: [1] -> [2]");
    }
}
