//! What does a dump say of one process?

use crate::ingest::erlang;
use crate::ingest::object::Object;

/// Links and monitors of one process that are told; the rest is counted.
const MAX_LINKS: usize = 1_000;

/// Calls of a stack that are told, the innermost first.
const MAX_STACK: usize = 64;

/// Members a process has at most, by the names of lines this version does not know.
const MAX_MEMBERS: usize = 64;

/// A process, as far as its lines were read.
#[derive(Clone, Debug)]
pub(super) struct Process {
    pub(super) pid: String,
    pub(super) name: Option<String>,
    data: Object,
    members: usize,
    pub(super) stack: Stack,
}

impl Process {
    pub(super) fn new(pid: &str) -> Self {
        Self { pid: pid.to_owned(), name: None, data: Object::new(), members: 0, stack: Stack::default() }
    }

    /// Reads a line; false: it says what is not kept.
    pub(super) fn line(&mut self, line: &str) -> bool {
        if self.stack.line(line) {
            return true;
        }
        let Some((key, value)) = field(line) else { return true };
        let data = &mut self.data;
        match key {
            "Name" => {
                let name = erlang::atom(value);
                data.text("registered_name", &name);
                self.name = Some(name);
            }
            "Spawned as" => data.text("initial_call", &erlang::function(value)),
            "Current call" | "Last scheduled in for" => data.text("current_function", &erlang::function(value)),
            // The first process has no parent.
            "Spawned by" if !value.starts_with('<') => {}
            "Spawned by" => data.text("parent_pid", value),
            "Message queue length" => number(data, "message_queue_len", value),
            "Link list" => links(data, value),
            "Stack+heap" => number(data, "stack_heap_words", value),
            "OldHeap" => number(data, "old_heap_words", value),
            "Heap unused" => number(data, "heap_unused_words", value),
            "OldHeap unused" => number(data, "old_heap_unused_words", value),
            "Program counter" => {
                if let Some(place) = within(value) {
                    data.text("program_counter", &placed(place));
                }
            }
            // Of a process that has never worked there is none.
            "CP" | "Stack dump" => {}
            // Values of the program, in a form that is not taken apart.
            "Message queue" | "Dictionary" | "Last calls" => return false,
            _ if self.members >= MAX_MEMBERS => return false,
            _ => {
                self.members += 1;
                number(data, &snake(key), value);
            }
        }
        true
    }

    /// All that was said.
    pub(super) fn data(mut self) -> String {
        if let Some(stack) = self.stack.json() {
            self.data.raw("stack", &stack);
        }
        self.data.close()
    }
}

/// The calls a process is in, from the inside.
#[derive(Clone, Debug, Default)]
pub(super) struct Stack(Vec<String>);

impl Stack {
    /// Reads `0x00007f...:SReturn addr 0x5A4738 (erlang:halt/1 + 140)`; false: it is no such line.
    pub(super) fn line(&mut self, line: &str) -> bool {
        let Some((_, rest)) = line.split_once("Return addr ").filter(|_| line.starts_with("0x")) else { return false };
        // The end of all stacks is no call.
        let place = within(rest).filter(|place| !place.starts_with('<'));
        if let Some(place) = place.filter(|_| self.0.len() < MAX_STACK) {
            self.0.push(erlang::function(place.split_once(" + ").map_or(place, |(function, _)| function)));
        }
        true
    }

    pub(super) fn json(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| serde_json::Value::from(self.0.as_slice()).to_string())
    }
}

/// `Key: value`; a key has no blank before it.
pub(super) fn field(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(':')?;
    let is_key = !key.is_empty() && key.len() <= 64 && key.starts_with(|c: char| c.is_ascii_alphabetic());
    is_key.then(|| (key, value.trim()))
}

/// A member that is a number where its text is one; nothing of nothing.
pub(super) fn number(object: &mut Object, name: &str, value: &str) {
    match value.parse::<i64>() {
        Ok(number) => object.number(name, number),
        Err(_) if value.is_empty() => {}
        Err(_) => object.text(name, value),
    }
}

/// `Heap fragment data` as `heap_fragment_data`.
pub(super) fn snake(key: &str) -> String {
    let parts = key.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    parts.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("_")
}

/// What stands in the last parentheses: `0x00007f (init:loop/1 + 36)`.
fn within(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('(')?;
    rest.strip_suffix(')').filter(|place| place.contains(':') || place.starts_with('<'))
}

fn placed(place: &str) -> String {
    match place.split_once(" + ") {
        Some((function, offset)) => format!("{} + {offset}", erlang::function(function)),
        None => erlang::function(place),
    }
}

/// `[<0.9.0>, #Port<0.3>, {to,<0.88.0>,#Ref<0.1.2.3>}, {from,<0.9.0>,#Ref<0.1.2.3>}]`: who it is linked to, whom it monitors,
/// and who monitors it.
fn links(data: &mut Object, list: &str) {
    let (mut links, mut monitors, mut monitored_by) = (Vec::new(), Vec::new(), Vec::new());
    let mut left_out = 0_i64;
    for item in items(list) {
        let (to, item) = match item.strip_prefix('{').map(|item| item.trim_end_matches('}')) {
            None => (&mut links, item),
            Some(inner) => match inner.split_once(',') {
                Some(("to", other)) => (&mut monitors, monitored(other)),
                Some(("from", other)) => (&mut monitored_by, monitored(other)),
                _ => (&mut links, item),
            },
        };
        if to.len() < MAX_LINKS {
            to.push(item);
        } else {
            left_out += 1;
        }
    }
    for (name, of) in [("links", links), ("monitors", monitors), ("monitored_by", monitored_by)] {
        if !of.is_empty() {
            data.raw(name, &serde_json::Value::from(of).to_string());
        }
    }
    if left_out > 0 {
        data.number("links_left_out", left_out);
    }
}

/// Whom a monitor is of: what stands before its reference.
fn monitored(text: &str) -> &str {
    text.rsplit_once(",#Ref").map_or(text, |(who, _)| who).trim()
}

/// The elements of a list, as they are written.
fn items(list: &str) -> impl Iterator<Item = &str> {
    let inner = list.strip_prefix('[').unwrap_or(list);
    let inner = inner.strip_suffix(']').unwrap_or(inner);
    let mut depth = 0_i32;
    inner
        .split(move |c| {
            depth += match c {
                '{' | '(' => 1,
                '}' | ')' => -1,
                _ => 0,
            };
            c == ',' && depth == 0
        })
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_told_from_monitors() {
        let mut process = Process::new("<0.1.0>");
        let list = "Link list: [<0.9.0>, #Port<0.3>, {to,<0.88.0>,#Ref<0.1.2.3>}, {from,{shop,'a@b'},#Ref<0.1.2.4>}]";
        assert!(process.line(list));
        assert!(process.line("Message queue length: 7"));
        assert!(process.line("0x00007f029c665cf0:SReturn addr 0x5A473864 (erlang:halt/1 + 140)"));
        assert!(process.line("0x00007f029c665d90:SReturn addr 0x5A400C30 (<terminate process normally>)"));
        assert!(process.line("Program counter: 0x00007f025a7ba570 (dump:idle/1 + 80)"));
        assert!(!process.line("Dictionary: [{a,1}]"));
        let data: serde_json::Value = serde_json::from_str(&process.data()).unwrap_or_default();
        let expected = serde_json::json!({
            "links": ["<0.9.0>", "#Port<0.3>"], "monitors": ["<0.88.0>"], "monitored_by": ["{shop,'a@b'}"],
            "message_queue_len": 7, "program_counter": ":dump.idle/1 + 80", "stack": [":erlang.halt/1"],
        });
        assert_eq!(data, expected);
    }
}
