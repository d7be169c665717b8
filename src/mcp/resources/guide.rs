//! How is this store questioned? A page an assistant reads once; what it lists comes from the tables themselves.

use std::fmt::Write;

use super::listed::{list, templates};
use crate::mcp::prompts;
use crate::mcp::tools;

const ANSWERS: &str = "\
# How to question this store

The store holds what a running Elixir/Erlang (BEAM) system did: calls, messages, process life, state changes and errors, \
one event each, in memory, with an index for every filter.

## Where events come from

Recordings, programs that send them, and running nodes: the server reads trace ports of `dbg`, and producers connect to \
it. `capture_status` says who is connected, how fast, and what was lost. An event of type `gap` is a loss.

## The order of questions that answers most

1. `get_stats`: which time span is stored, and which event types, pids and functions are frequent. Their names are the \
values the filters take; a name that is not stored finds nothing.
2. `query_events` with `limit` 0: counts. Costs almost nothing; try filters this way first.
3. `query_events` with two or three filters and a small `limit`; `order` `desc` for the newest.
4. `get_event_by_id` for the one event whose payload matters: tables cut payloads and mark it.
5. `explain_query` when an answer surprises: which index was used, how many events each filter has alone.

## Filters

All filters combine with AND, and are echoed as they were applied.
`pid` finds a process in every role (sender, receiver, parent, ...); `role` narrows it. Where several nodes were \
recorded, a process is `<app@host.120.0>`; a pid or name that is on several is refused until `node` says whose.
`event_type` takes a list. `ast_node_prefix` finds everything in a module or function of the source.
`correlation_id` joins one exchange over processes; `call_id` joins the entry and the exit of one call; \
`min_duration_ns` finds what was slow; `text` searches the JSON of each event and is slower than the rest.

## Times

Timestamps are nanoseconds on the events' own clock, often negative (BEAM monotonic time): only differences mean \
something. `since_timestamp` and `until_timestamp` take them, RFC 3339 where events have wall time as timestamp, or times \
before the newest event such as \"-5s\". Write nanoseconds as text: many hosts round integers of nineteen digits. Both \
bounds are inclusive. Order is (timestamp, order of arrival).

## Answers

`returned`, `total_matched`, `truncated`, `next_cursor`: draw no conclusion from a truncated answer about what was not \
shown; repeat the call with `cursor`. `gaps` name spans whose events were pruned, dropped by their source, or not seen because \
it was not connected: absence there proves nothing.
In a table, constants stand once in the head and `t_us` is microseconds after `t0`; payloads are cut with a mark that says \
how much. `format` \"json\" gives whole events. `fields` picks columns or members: `mfa` is Module.function/arity; `seq`, \
`timestamp` and `wall_time` are columns only when asked for. `max_tokens` is the size of an answer, 4 bytes a token; at \
least one event is always shown, and of an analysis heads and notes.

## Figures

Of calls: `total` is the time in them, recursion counted once; `self` is `total` without calls inside and without waiting \
for messages; `waited` is the time until replies came; `maybe_waited` how much of `self` may have been waiting for other \
messages. Percentiles are exact. What does not fit is counted. `aggregate` with a member of the payload, \
`data.exit_reason`, reads payloads and is slower.

## State

`state_at` and `state_history` read callbacks' arguments and results. A `path` is keys and places: `discount`, \
`cart.total`, `items[0]`, `[1]`. Times of `state_history` count from the last change.
";

/// Where events can be stored.
const STORING: &str = "
## Storing

`timestamp` is nanoseconds on the producer's clock, any sign, or RFC 3339; an event without one is stamped. An event \
without `event_id` gets one. Members an event has no name for are kept in `data`; module, function, arity and the ids are \
found there too. Pids in it (`sender_pid`, `receiver_pid`, `parent_pid`, ...) are indexed.

## Live

`start_capture` connects to a trace port (`dbg`), again whenever it is there, or listens for producers; `capture_status` \
says what to type in the application. Each process heard is a session; a restarted application is another one. \
`stop_capture` does not end the tracing: `:dbg.stop()` in the application does.
";

const QUESTIONS: &str = "
## Questions and the calls that answer them

- What is there, and what went wrong? `overview`.
- Why did it crash, time out, or lose messages? `explain` with \"last_crash\", a pid, a name or an event id.
- What was a state, and who changed it? `state_at`, `state_history`, each also for one `path` of it.
- What is wrong here? `find_anomalies`: findings with their events and what would refute each.
- Where did the time of a call go? `call_tree` with an `event_id` of it: across processes, waiting apart from working.
- Was a message lost, late or never answered? `message_flow` with `only`.
- Does a process keep up? `mailbox` with its pid or name.
- What did a process do last? `last_n_events_for_pid`.
- Who wrote to it? `query_events` with `pid` and `role` \"receiver\"; the sender is in the payload.
- What did one call cost? `query_events` with its `call_id`: entry, exit, `duration_ns`.
- How many, how often, how long? `aggregate`, by any fields or by a width of time.
- What was slow? `profile`: self time, and the calls that stand out; then `profile` again with the `pid` and the time \
span of one of them.
- What is different since then? `diff_windows`.
- What happened around an event? `find_events_around` with its `event_id`.
- What ran at a line of the source? `query_events_by_ast_node`, or `ast_node_prefix`.
";

/// The guide, as Markdown.
pub(super) fn text(is_read_only: bool) -> String {
    let storing = if is_read_only { "" } else { STORING };
    let mut text = [ANSWERS, storing, QUESTIONS].concat();
    text.push_str("\n## The tools\n\n");
    if is_read_only {
        text.push_str("This server is read-only: tools that store or remove events are not offered.\n\n");
    }
    for entry in tools::offered(is_read_only) {
        let title = entry.tool.title.as_deref().unwrap_or_default();
        let description = entry.tool.description.as_deref().unwrap_or_default();
        _ = writeln!(text, "- `{}` ({title}): {description} Example: {}", entry.tool.name, entry.example);
    }
    text.push_str("\n## Prompts that lead through an investigation\n\n");
    for prompt in prompts::list() {
        let arguments: Vec<String> = prompt.arguments.unwrap_or_default().into_iter().map(|one| one.name).collect();
        let description = prompt.description.unwrap_or_default();
        _ = writeln!(text, "- `{}` ({}): {description}", prompt.name, arguments.join(", "));
    }
    text.push_str("\n## Resources\n\n");
    for resource in list() {
        _ = writeln!(text, "- `{}`: {}", resource.uri, resource.description.unwrap_or_default());
    }
    for template in templates() {
        _ = writeln!(text, "- `{}`: {}", template.uri_template, template.description.unwrap_or_default());
    }
    text
}
