//! What was read before it was written, by whom and where, while another wrote it too.

use crate::analysis::found::{Did, ReadWrite, Turn, WorkedOut};
use crate::tell::words::span;

/// `read-modify-write outside of the agent, in Shop.sell/1: read at ..., written at ...`; `outside`: of what it is kept
/// by, where that is a process.
pub(super) fn place(it: &ReadWrite, outside: Option<&str>) -> String {
    let of = outside.map_or_else(String::new, |kept| format!(" outside of the {kept}"));
    let comma = if outside.is_some() { "," } else { "" };
    let within = it.within.as_ref().map_or_else(String::new, |function| format!("{comma} in {function}"));
    format!("read-modify-write{of}{within}: read at {}, written at {}", it.read_at, it.written_at)
}

/// Where in a value; nothing for all of it.
pub(super) fn at_path(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(" at `{path}`") }
}

/// `+1.2ms Clerk <0.120.0>: Shop.left/1 -> 5 (e17)`.
pub(super) fn turn(it: &Turn) -> String {
    let client = it.client.as_ref().map(ToString::to_string).unwrap_or_default();
    let result = |result: &Option<String>| result.as_ref().map_or_else(String::new, |value| format!(" -> {value}"));
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "(absent)".to_owned());
    let did = match &it.did {
        Did::Sent { message: what, answer } | Did::Ran { function: what, answer } => {
            format!("{what}{}", result(answer))
        }
        Did::Changed { function, from, to } => format!("{function}: {} -> {}", value(from), value(to)),
        Did::Called { function, given, read } => {
            let name = function.rsplit_once('/').map_or(function.as_str(), |(name, _)| name);
            format!("{name}({given}){}", result(read))
        }
    };
    format!("+{} {client}: {did} ({})", span(it.after_ns), it.event)
}

/// Why what was written is taken to be worked out from what was read.
pub(super) fn why(it: &WorkedOut) -> String {
    match it {
        WorkedOut::Steps { by } => format!("each changed what it had read by {}, whatever that was", signed(*by)),
        WorkedOut::Given => "each changed what it had read by what the call around was given".to_owned(),
        WorkedOut::Made => "what each wrote was made of what it had read".to_owned(),
        WorkedOut::Alone { by, all_read } => {
            format!("each changed what it had read by {}, and all had read {all_read}", signed(*by))
        }
        WorkedOut::Reverted { read } => format!("it wrote {read} as it had read it"),
        WorkedOut::Added => "it kept what it had read and added its own; what the other had added is gone".to_owned(),
    }
}

/// What would have to be so for nothing to be lost, where that may be.
pub(super) const fn unless(it: &WorkedOut) -> &'static str {
    match it {
        WorkedOut::Alone { .. } => ", unless all were to write the same",
        WorkedOut::Reverted { .. } => ", unless it was to be replaced as a whole",
        WorkedOut::Steps { .. } | WorkedOut::Given | WorkedOut::Made | WorkedOut::Added => "",
    }
}

/// `+1`, `-0.5`.
pub(super) fn signed(by: f64) -> String {
    if by.is_sign_negative() { by.to_string() } else { format!("+{by}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_has_its_sign() {
        assert_eq!([1.0, -0.5, 12.25].map(signed), ["+1", "-0.5", "+12.25"]);
    }
}
