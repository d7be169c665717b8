//! The store beside the oracle: every operation goes to both, and every question gets the same answer from both.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use elixir_scope_storage::query::{Plan as QueryPlan, Work};
use elixir_scope_storage::store::{Cleanup, Outcome, Removal, StoreReport};
use elixir_scope_storage::{
    AccessPath, Clock, Event, EventStore, Index, ManualClock, Order, Page, Query, Settings, StoredEvent, Unwatched,
};

use super::model::{Gone, Model, Report, Row, Sent, Want};
use super::ops::{Op, Plan, Question, Spec, lib_time};

/// One store and one oracle.
pub(crate) struct Pair {
    store: EventStore,
    clock: Arc<ManualClock>,
    model: Model,
    sent: Vec<Spec>,
    walk: Option<Walk>,
}

/// A query that is paged through while the store changes.
struct Walk {
    question: Question,
    cursor: String,
    after: (i64, u64),
    newest: Option<i64>,
}

pub(crate) type Check = Result<(), String>;

macro_rules! same {
    ($got:expr, $expected:expr, $($what:tt)+) => {{
        let (got, expected) = ($got, $expected);
        if got != expected {
            return Err(format!("{}: got {got:?}, expected {expected:?}", format!($($what)+)));
        }
    }};
}

fn ns(age: i64) -> Duration {
    Duration::from_nanos(age.unsigned_abs())
}

/// Minted ids carry the run of the store; the oracle's do not.
fn shown_id(event: &StoredEvent) -> String {
    let id = event.event_id();
    if id.starts_with("es-") { format!("minted-{}", id.rsplit('-').next().unwrap_or_default()) } else { id.to_owned() }
}

/// An event's JSON as the oracle would mint its id.
fn shown_json(event: &StoredEvent) -> String {
    event.to_json().replacen(event.event_id(), &shown_id(event), 1)
}

impl Pair {
    pub(crate) fn open(plan: &Plan) -> Self {
        let clock = Arc::new(ManualClock::new(40));
        let settings = Settings {
            max_events: plan.max_events,
            max_age: plan.max_age.map(ns),
            segment_rows: plan.segment_rows,
            ..Settings::UNBOUNDED
        };
        let store = EventStore::open_with(settings, clock.clone()).unwrap();
        let model = Model::new(plan.max_events, plan.max_age);
        Self { store, clock, model, sent: Vec::new(), walk: None }
    }

    pub(crate) fn run(&mut self, plan: &Plan) -> Check {
        for (at, step) in plan.steps.iter().enumerate() {
            let found = self.apply(&step.op).and_then(|()| self.whole());
            let asked = found.and_then(|()| {
                step.questions.iter().try_for_each(|question| self.ask(question))?;
                self.step_walk(&step.questions)
            });
            asked.map_err(|wrong| format!("after step {at}: {wrong}"))?;
        }
        Ok(())
    }

    fn apply(&mut self, op: &Op) -> Check {
        match op {
            Op::Store(specs) => self.store_batch(specs),
            Op::StoreEach(specs) => specs.iter().try_for_each(|spec| self.store_one(spec)),
            Op::Retry(from, count, reversed) => {
                if self.sent.is_empty() {
                    return Ok(());
                }
                let from = usize::from(*from) % self.sent.len();
                let again = self.sent.iter().skip(from).take(usize::from(*count));
                let again: Vec<Spec> = again.map(|spec| spec.again(*reversed)).collect();
                self.store_batch(&again)
            }
            Op::Advance(by) => {
                self.clock.advance(*by);
                Ok(())
            }
            Op::Enforce => {
                same!(self.store.enforce_limits(), self.model.enforce(self.clock.now_ns()), "enforce_limits");
                Ok(())
            }
            Op::Cleanup { before, max_age, max_events } => {
                let cleanup =
                    Cleanup { before: before.map(lib_time), max_age: max_age.map(ns), max_events: *max_events };
                for dry in [true, false] {
                    let got = self.store.cleanup_old_events(cleanup, dry);
                    if cleanup == Cleanup::default() {
                        same!(got.is_err(), true, "cleanup of nothing");
                        continue;
                    }
                    let expected = self.model.cleanup(*before, *max_age, *max_events, dry);
                    same!(got.map(gone), Ok(expected), "cleanup, dry {dry}");
                }
                Ok(())
            }
            Op::Clear(ask) => {
                for dry in [true, false] {
                    let got = self.store.clear(Some(ask.filter()), dry).map(gone).map_err(|_| ());
                    same!(got, self.model.clear(&ask.want, dry), "clear, dry {dry}");
                }
                Ok(())
            }
            Op::ClearAll => {
                for dry in [true, false] {
                    let got = self.store.clear(None, dry).map(gone);
                    same!(got, Ok(self.model.clear_all(dry)), "clear all, dry {dry}");
                }
                Ok(())
            }
        }
    }

    fn store_batch(&mut self, specs: &[Spec]) -> Check {
        let (texts, sent): (Vec<String>, Vec<Sent>) = specs.iter().map(Spec::write).unzip();
        self.sent.extend(specs.iter().cloned());
        let StoreReport { stored, replaced, duplicates, rejected, timestamps_assigned, far_times, pruned, .. } =
            self.store.store_json_events(&texts, false);
        same!(rejected, Vec::new(), "rejected");
        let report = Report { stored, replaced, duplicates, assigned: timestamps_assigned, far: far_times, pruned };
        same!(report, self.model.store(&sent, self.clock.now_ns()), "report");
        Ok(())
    }

    fn store_one(&mut self, spec: &Spec) -> Check {
        let (text, sent) = spec.write();
        self.sent.push(spec.clone());
        let event = Event::parse(&text).map_err(|error| format!("{text}: {error}"))?;
        let got = self.store.store_event(&event).map_err(|error| format!("{text}: {error}"))?;
        let expected = self.model.store(std::slice::from_ref(&sent), self.clock.now_ns());
        let report = Report {
            stored: u64::from(got.outcome == Outcome::Stored),
            replaced: u64::from(got.outcome == Outcome::Replaced),
            duplicates: u64::from(got.outcome == Outcome::Duplicate),
            assigned: u64::from(got.timestamp_assigned),
            far: u64::from(got.is_far),
            pruned: got.pruned,
        };
        same!(report, expected, "report");
        if let Some(id) = sent.id {
            same!(&got.event_id, &id, "id");
        }
        same!(got.event_id.is_empty(), false, "a minted id is missing");
        Ok(())
    }

    /// Everything that can be asked without a filter.
    fn whole(&self) -> Check {
        self.store.verify()?;
        let (store, model) = (&self.store, &self.model);
        same!(store.len(), model.rows.len() as u64, "len");
        let stats = store.get_stats();
        same!(stats.total_events, model.rows.len() as u64, "total_events");
        same!(stats.oldest_timestamp.zip(stats.newest_timestamp), model.span(), "oldest and newest timestamp");
        same!(store.span(), model.span(), "span");
        same!(stats.far_times, model.far(), "far times");
        let counters = stats.counters;
        let report = Report {
            stored: counters.stored,
            replaced: counters.replaced,
            duplicates: counters.duplicates,
            assigned: counters.timestamps_assigned,
            far: counters.far_times,
            pruned: counters.pruned,
        };
        same!(report, model.totals, "counters");
        same!(counters.cleared, model.cleared, "cleared");
        let gaps = model.gaps();
        let ends = gaps.first().zip(gaps.last()).map(|(first, last)| (first.0, last.1));
        same!(stats.pruned.span, ends, "pruned span");
        for size in &stats.indexes {
            let keys: Vec<BTreeSet<String>> = model.rows.iter().map(|row| row.keys(size.index.name())).collect();
            let entries: usize = keys.iter().map(BTreeSet::len).sum();
            let distinct: BTreeSet<&String> = keys.iter().flatten().collect();
            same!((size.keys, size.entries), (distinct.len() as u64, entries as u64), "size of {}", size.index);
        }
        same!(stats.indexes.len(), Index::ALL.len(), "indexes counted");

        let everything = Query { limit: 10_000, ..Query::default() };
        for event in store.query_events(&everything).map_err(|error| error.to_string())?.events {
            same!(store.get_event_by_id(event.event_id()), Ok(event), "get_event_by_id");
        }
        let page = self.query(&everything)?;
        let shown: Vec<String> = page.events.iter().map(shown_json).collect();
        let expected: Vec<String> = model.rows.iter().map(Row::json).collect();
        same!(shown, expected, "all events");
        for (event, row) in page.events.iter().zip(&model.rows) {
            let roles: BTreeSet<(&str, String)> =
                event.roles().map(|(role, pid)| (role.name(), pid.to_owned())).collect();
            same!(roles, row.facts.roles.iter().cloned().collect(), "roles of {}", row.id);
        }
        for (name, count) in &stats.top_functions {
            let counted = model.rows.iter().filter(|row| row.keys("mfa").contains(name)).count();
            same!(*count, counted as u64, "top function {name}");
        }
        Ok(())
    }

    fn query(&self, query: &Query) -> Result<Page, String> {
        self.store.query_events(query).map_err(|error| error.to_string())
    }

    /// One question by every access path.
    fn ask(&self, question: &Question) -> Check {
        let Question { ask, desc, limit } = question;
        let order = if *desc { Order::Desc } else { Order::Asc };
        let query = Query { order, limit: *limit, ..Query::new(ask.filter()) };
        let about = || format!("{:?} {order:?} limit {limit}", ask.filter());
        let Ok(expected) = self.model.query(&ask.want, *desc, *limit, None, self.model.newest()) else {
            same!(self.store.query_events(&query).is_err(), true, "{}: a range that ends before it starts", about());
            return Ok(());
        };
        let ids: Vec<&str> = expected.rows.iter().map(|row| row.id.as_str()).collect();
        let explained = self.store.explain(&query, false).map_err(|error| error.to_string())?;
        self.check_plan(&ask.want, &explained.plan).map_err(|wrong| format!("{}: {wrong}", about()))?;
        let range = ask.want.range(self.model.newest()).unwrap();
        let within =
            |(first, last, _): &(i64, i64, u64)| range.is_some_and(|(since, until)| since <= *last && *first <= until);
        let gap: Vec<(i64, i64, u64)> = self.model.gaps().into_iter().filter(within).collect();
        let paths = explained.plan.candidates.iter().map(|(path, _)| (Some(*path), true));
        for (path, total) in paths.chain([(None, true), (None, false)]) {
            let page = self.query(&Query { path, total, ..query.clone() })?;
            let found = || {
                let got: Vec<String> = page.events.iter().map(shown_id).collect();
                same!(&got, &ids, "events");
                same!(page.total_matched, total.then_some(expected.total), "total_matched");
                same!(page.next_cursor.is_some(), expected.more, "next_cursor");
                if path.is_none() {
                    same!(&page.plan, &explained.plan, "explained plan");
                }
                same!(path.unwrap_or(page.plan.driver), page.plan.driver, "forced path");
                let gaps: Vec<_> = page.gaps.iter().map(|gap| (gap.since, gap.until, gap.events)).collect();
                same!(&gaps, &gap, "gaps");
                bounded(&page, ask.want.text.as_deref())
            };
            found().map_err(|wrong| format!("{}, path {path:?}, plan {}: {wrong}", about(), page.plan))?;
        }
        let visited = self.visit(question, usize::MAX, &gap).and_then(|()| self.visit(question, *limit, &gap));
        visited.map_err(|wrong| format!("visit of {:?}, plan {}: {wrong}", ask.filter(), explained.plan))
    }

    /// A visit that ends after `most` events sees the oldest ones, each as a query gives it.
    fn visit(&self, Question { ask, .. }: &Question, most: usize, gap: &[(i64, i64, u64)]) -> Check {
        let Ok(expected) = self.model.query(&ask.want, false, most.max(1), None, self.model.newest()) else {
            return Ok(());
        };
        let mut seen = Vec::new();
        let each = |event: elixir_scope_storage::query::Seen<'_>| {
            seen.push((event.to_event(), event.to_json()));
            if seen.len() >= most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let visit = self.store.visit(&ask.filter(), &Unwatched, each).map_err(|error| error.to_string())?;
        let got: Vec<String> = seen.iter().map(|(event, _)| shown_id(event)).collect();
        let ids: Vec<&str> = expected.rows.iter().map(|row| row.id.as_str()).collect();
        same!(&got, &ids, "events");
        for (event, json) in &seen {
            same!(&event.to_json(), json, "JSON");
            same!(self.store.get_event_by_id(event.event_id()), Ok(event.clone()), "event");
        }
        same!(visit.visited, ids.len() as u64, "visited");
        same!(visit.is_ended_early, !ids.is_empty() && ids.len() >= most, "is_ended_early");
        same!(visit.span, self.model.extent(), "span");
        same!(visit.events, self.model.rows.len() as u64, "events of the snapshot");
        let gaps: Vec<_> = visit.gaps.iter().map(|gap| (gap.since, gap.until, gap.events)).collect();
        same!(gaps, gap.to_vec(), "gaps");
        Ok(())
    }

    /// Cardinalities are exact.
    fn check_plan(&self, want: &Want, plan: &QueryPlan) -> Check {
        let range = want.range(self.model.newest()).unwrap();
        for (path, cardinality) in &plan.candidates {
            // An exact node outside the prefix is two conditions on one index, and no event.
            if *path == AccessPath::Index(Index::AstNode)
                && want.ast_node_id.is_some()
                && want.ast_node_prefix.is_some()
            {
                continue;
            }
            let part = want.part(path.name());
            let counted = self.model.rows.iter().filter(|row| part.matches(row, range)).count();
            // A pid that says its node has two lists, several have more, and what they have in common is counted twice.
            let are_several = want.pid.as_ref().is_some_and(|pid| pid.contains('@')) || !want.named.is_empty();
            if are_several && *path == AccessPath::Index(Index::Process) {
                same!(*cardinality >= counted as u64, true, "cardinality of {path}");
                continue;
            }
            same!(*cardinality, counted as u64, "cardinality of {path}");
        }
        same!(plan.events, self.model.rows.len() as u64, "events of the plan");
        Ok(())
    }

    /// The next page of a walk that began before the last changes; a new walk when there is none.
    fn step_walk(&mut self, questions: &[Question]) -> Check {
        let Some(Walk { question, cursor, after, newest }) = self.walk.take() else {
            let Some(question) = questions.iter().find(|question| (1..6).contains(&question.limit)) else {
                return Ok(());
            };
            return self.walk_on(question.clone(), None, None, self.model.newest());
        };
        self.walk_on(question, Some(cursor), Some(after), newest)
    }

    fn walk_on(
        &mut self,
        question: Question,
        cursor: Option<String>,
        after: Option<(i64, u64)>,
        newest: Option<i64>,
    ) -> Check {
        let Question { ask, desc, limit } = &question;
        let order = if *desc { Order::Desc } else { Order::Asc };
        let query = Query { order, limit: *limit, cursor, ..Query::new(ask.filter()) };
        let Ok(expected) = self.model.query(&ask.want, *desc, *limit, after, newest) else { return Ok(()) };
        let page = self.query(&query)?;
        let about = format!("page after {after:?} of {:?} {order:?} limit {limit}, plan {}", ask.filter(), page.plan);
        let got: Vec<String> = page.events.iter().map(shown_id).collect();
        let ids: Vec<&str> = expected.rows.iter().map(|row| row.id.as_str()).collect();
        same!(got, ids, "{about}: events");
        same!(page.total_matched, Some(expected.total), "{about}: total_matched");
        same!(page.next_cursor.is_some(), expected.more, "{about}: next_cursor");
        if let (Some(cursor), Some(last)) = (page.next_cursor, expected.rows.last()) {
            let after = (last.timestamp, last.seq);
            let made = self.store.query_events(&query).unwrap();
            same!(made.cursor_after(made.events.last().unwrap()), cursor.clone(), "{about}: cursor_after");
            self.walk = Some(Walk { question, cursor, after, newest });
        }
        Ok(())
    }
}

fn gone(removal: Removal) -> Gone {
    Gone { removed: removal.removed, remaining: removal.remaining, oldest: removal.oldest_timestamp }
}

/// The work of a query is bounded by its driver, and payloads are read only to be shown.
fn bounded(page: &Page, text: Option<&str>) -> Check {
    let Work { rows_examined, payloads_decoded, .. } = page.work;
    if rows_examined > page.plan.cardinality {
        return Err(format!("{rows_examined} rows examined of {} on the driver", page.plan.cardinality));
    }
    if text.is_none_or(str::is_empty) {
        same!(payloads_decoded, page.events.len() as u64, "payloads decoded");
    }
    Ok(())
}
