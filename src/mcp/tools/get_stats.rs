//! What the store holds and what has happened to it.

use schemars::JsonSchema;
use serde::Serialize;

use super::plain::NoArgs;
use crate::mcp::answer::Answer;
use crate::mcp::page::cell::{cut, escaped};
use crate::mcp::tool::{Effect, Tool};
use crate::store::{CounterStats, LastCleanup, LostStats, Stats};
use crate::watch::Watch;
use crate::{Error, EventStore, Settings};

pub(crate) struct GetStats;

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Reply {
    /// Events stored now.
    total_events: u64,
    /// Timestamp of the oldest event; absent when none is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_timestamp: Option<i64>,
    /// Timestamp of the newest event; absent when none is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    newest_timestamp: Option<i64>,
    /// Stored events whose time lies more than an hour from the other times of their node and session: kept, but newest
    /// and ages are not reckoned from them.
    #[serde(skip_serializing_if = "super::plain::is_none")]
    far_times: u64,
    /// Segments that hold them.
    segments: u64,
    memory: MemoryReply,
    /// Every secondary index.
    indexes: Vec<IndexReply>,
    counters: CountersReply,
    limits: LimitsReply,
    /// What retention last took; absent when it never did.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_cleanup: Option<CleanupReply>,
    pruned: PrunedReply,
    lost: LostReply,
    /// Most frequent event types.
    top_event_types: Vec<TopReply>,
    /// Pids that most events name, in any role.
    top_pids: Vec<TopReply>,
    /// Most frequent functions, Module.function/arity.
    top_functions: Vec<TopReply>,
}

/// Memory, by the capacity of every structure.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(clippy::struct_field_names, reason = "the unit is part of each name")]
struct MemoryReply {
    /// All of the store.
    total_bytes: u64,
    /// Columns and payload of the events.
    events_bytes: u64,
    /// The index of event ids; the others are in indexes.
    event_id_index_bytes: u64,
    /// What live events account for: what max_bytes limits.
    live_bytes: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct IndexReply {
    /// Its name in plans.
    index: &'static str,
    /// Distinct keys of stored events.
    keys: u64,
    /// Postings of stored events.
    entries: u64,
    /// Memory.
    bytes: u64,
}

/// Counted since the store was opened.
#[derive(Debug, Serialize, JsonSchema)]
struct CountersReply {
    /// New events.
    stored: u64,
    /// Events that replaced one of the same id.
    replaced: u64,
    /// Events that were stored already.
    duplicates: u64,
    /// Events refused.
    rejected: u64,
    /// Events stamped on arrival.
    timestamps_assigned: u64,
    /// Events taken by retention and cleanup_old_events.
    pruned: u64,
    /// Events taken by clear_events.
    cleared: u64,
    /// Queries answered.
    queries: u64,
    /// Secrets hidden in events before they were stored; [REDACTED] stands in their place.
    redacted: u64,
}

impl From<CounterStats> for CountersReply {
    fn from(counters: CounterStats) -> Self {
        Self {
            stored: counters.stored,
            replaced: counters.replaced,
            duplicates: counters.duplicates,
            rejected: counters.rejected,
            timestamps_assigned: counters.timestamps_assigned,
            pruned: counters.pruned,
            cleared: counters.cleared,
            queries: counters.queries,
            redacted: counters.redacted,
        }
    }
}

/// Retention in force; an absent limit is none.
#[derive(Debug, Serialize, JsonSchema)]
struct LimitsReply {
    /// Most events kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_events: Option<u64>,
    /// Most bytes live events may hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_bytes: Option<u64>,
    /// Longest an event is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_age_ns: Option<u64>,
    /// How often age is looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    cleanup_interval_ns: Option<u64>,
}

impl From<&Settings> for LimitsReply {
    fn from(settings: &Settings) -> Self {
        let ns = |duration: std::time::Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self {
            max_events: settings.max_events,
            max_bytes: settings.max_bytes,
            max_age_ns: settings.max_age.map(ns),
            cleanup_interval_ns: settings.cleanup_interval.map(ns),
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
struct CleanupReply {
    /// When: ns since the Unix epoch.
    at: i64,
    /// Events taken.
    removed: u64,
    /// Which limit: max_events, max_bytes, max_age or requested.
    reason: &'static str,
}

impl From<LastCleanup> for CleanupReply {
    fn from(last: LastCleanup) -> Self {
        Self { at: last.at, removed: last.removed, reason: last.reason.name() }
    }
}

/// What retention has taken; answers over this span tell a gap.
#[derive(Debug, Serialize, JsonSchema)]
struct PrunedReply {
    /// Events taken.
    events: u64,
    /// Timestamp of the first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<i64>,
    /// Timestamp of the last of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
}

/// What sources lost, as stored events of type gap tell; answers over such a span tell a gap.
#[derive(Debug, Serialize, JsonSchema)]
struct LostReply {
    /// Spans in which events were lost, or may have been.
    gaps: u64,
    /// Of these, such as nobody counted: the source was not connected.
    uncounted_gaps: u64,
    /// Events lost in the others.
    events: u64,
}

impl From<LostStats> for LostReply {
    fn from(lost: LostStats) -> Self {
        Self { gaps: lost.gaps, uncounted_gaps: lost.uncounted_gaps, events: lost.events }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
struct TopReply {
    name: String,
    events: u64,
}

fn top(list: Vec<(String, u64)>) -> Vec<TopReply> {
    list.into_iter().map(|(name, events)| TopReply { name, events }).collect()
}

impl From<(Stats, LostStats)> for Reply {
    fn from((stats, lost): (Stats, LostStats)) -> Self {
        let index = |one: &crate::store::IndexStats| IndexReply {
            index: one.index.name(),
            keys: one.keys,
            entries: one.entries,
            bytes: one.bytes,
        };
        Self {
            total_events: stats.total_events,
            oldest_timestamp: stats.oldest_timestamp,
            newest_timestamp: stats.newest_timestamp,
            far_times: stats.far_times,
            segments: stats.segments,
            memory: MemoryReply {
                total_bytes: stats.memory.total_bytes,
                events_bytes: stats.memory.events_bytes,
                event_id_index_bytes: stats.memory.event_id_index_bytes,
                live_bytes: stats.memory.live_bytes,
            },
            indexes: stats.indexes.iter().map(index).collect(),
            counters: stats.counters.into(),
            limits: (&stats.limits).into(),
            last_cleanup: stats.last_cleanup.map(Into::into),
            pruned: PrunedReply {
                events: stats.pruned.events,
                since: stats.pruned.span.map(|(since, _)| since),
                until: stats.pruned.span.map(|(_, until)| until),
            },
            lost: lost.into(),
            top_event_types: top(stats.top_event_types),
            top_pids: top(stats.top_pids),
            top_functions: top(stats.top_functions),
        }
    }
}

impl Reply {
    /// The same facts, a line for each kind.
    fn text(&self) -> String {
        let or_none = |value: Option<i64>| value.map_or_else(|| "none".to_owned(), |value| value.to_string());
        let or_unlimited = |value: Option<u64>| value.map_or_else(|| "none".to_owned(), |value| value.to_string());
        let (memory, counters, limits) = (&self.memory, &self.counters, &self.limits);
        let far = if self.far_times > 0 { format!(" far_times={}", self.far_times) } else { String::new() };
        let mut lines = vec![
            format!(
                "total_events={} oldest_timestamp={} newest_timestamp={} segments={}{far}",
                self.total_events,
                or_none(self.oldest_timestamp),
                or_none(self.newest_timestamp),
                self.segments
            ),
            format!(
                "memory: total_bytes={} events_bytes={} event_id_index_bytes={} live_bytes={}",
                memory.total_bytes, memory.events_bytes, memory.event_id_index_bytes, memory.live_bytes
            ),
            format!(
                "counters: stored={} replaced={} duplicates={} rejected={} timestamps_assigned={} pruned={} cleared={} \
                 queries={} redacted={}",
                counters.stored,
                counters.replaced,
                counters.duplicates,
                counters.rejected,
                counters.timestamps_assigned,
                counters.pruned,
                counters.cleared,
                counters.queries,
                counters.redacted
            ),
            format!(
                "limits: max_events={} max_bytes={} max_age_ns={} cleanup_interval_ns={}",
                or_unlimited(limits.max_events),
                or_unlimited(limits.max_bytes),
                or_unlimited(limits.max_age_ns),
                or_unlimited(limits.cleanup_interval_ns)
            ),
            format!(
                "pruned: events={} since={} until={}",
                self.pruned.events,
                or_none(self.pruned.since),
                or_none(self.pruned.until)
            ),
        ];
        if self.lost.gaps > 0 {
            let LostReply { gaps, uncounted_gaps, events } = self.lost;
            lines.push(format!("lost: gaps={gaps} uncounted_gaps={uncounted_gaps} events={events}"));
        }
        if let Some(last) = &self.last_cleanup {
            lines.push(format!("last_cleanup: at={} removed={} reason={}", last.at, last.removed, last.reason));
        }
        for (name, list) in [
            ("top_event_types", &self.top_event_types),
            ("top_pids", &self.top_pids),
            ("top_functions", &self.top_functions),
        ] {
            let listed: Vec<String> =
                list.iter().map(|one| format!("{}={}", cut(&escaped(&one.name)), one.events)).collect();
            lines.push(format!("{name}: {}", listed.join(" ")));
        }
        lines.push("index\tkeys\tentries\tbytes".to_owned());
        lines.extend(
            self.indexes.iter().map(|one| format!("{}\t{}\t{}\t{}", one.index, one.keys, one.entries, one.bytes)),
        );
        lines.join("\n")
    }
}

impl Tool for GetStats {
    const NAME: &'static str = "get_stats";
    const TITLE: &'static str = "Statistics";
    const DESCRIPTION: &'static str = "What is stored: span, top types, pids and functions (good filters), memory, \
        limits, what was rejected, pruned or lost.";
    const EXAMPLE: &'static str = "{}";
    const EFFECT: Effect = Effect::Reads;

    type Args = NoArgs;
    type Reply = Reply;

    fn run(store: &EventStore, _: NoArgs, watch: &dyn Watch) -> Result<Answer<Reply>, Error> {
        let reply = Reply::from((store.get_stats_watched(watch)?, store.lost()));
        Ok(Answer { text: reply.text(), structured: reply })
    }
}
