//! Which questions is every engine asked?

/// One question, always with limit [`LIMIT`] and the exact number of matches.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// Name of its figures.
    pub name: &'static str,
    /// As the table shows it.
    pub label: &'static str,
    /// Whether the peers have an index for it; otherwise they scan.
    pub peers_index: bool,
}

/// Events of one answer.
pub const LIMIT: usize = 100;

const fn question(name: &'static str, label: &'static str) -> Question {
    Question { name, label, peers_index: true }
}

const fn unindexed(name: &'static str, label: &'static str) -> Question {
    Question { name, label, peers_index: false }
}

/// In the order of the table.
pub const QUESTIONS: [Question; 15] = [
    question("by_id", "one event by id"),
    question("pid_newest", "hot pid, newest 100"),
    question("pid_oldest", "hot pid, oldest 100"),
    question("pid_page2", "hot pid, page 2 by cursor"),
    question("pid_type", "hot pid and event type, newest 100"),
    question("mfa", "hot module, function and arity, newest 100"),
    question("module", "hot module, newest 100"),
    unindexed("function", "function name alone, newest 100"),
    question("correlation", "correlation id, oldest 100"),
    question("ast_node", "hot AST node, newest 100"),
    question("ast_prefix", "AST nodes of the hot module, newest 100"),
    question("range", "1 % of the time, oldest 100"),
    question("range_pid", "1 % of the time and hot pid, oldest 100"),
    unindexed("event_type", "most frequent event type, newest 100"),
    unindexed("min_duration", "slowest tenth of the calls, newest 100"),
];
