//! The oracle: a plain list of events, its own predicate, sort by `(timestamp, seq)`, take(limit). It shares no code
//! with the store.

use std::collections::BTreeSet;

use super::clocks::Clocks;

/// What an event says, whoever says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) wall_time: Option<i64>,
    pub(crate) node: Option<String>,
    pub(crate) pid: Option<String>,
    pub(crate) event_type: Option<String>,
    pub(crate) module: Option<String>,
    pub(crate) function: Option<String>,
    pub(crate) arity: Option<u8>,
    pub(crate) correlation_id: Option<String>,
    pub(crate) call_id: Option<String>,
    pub(crate) session_id: Option<String>,
    pub(crate) ast_node_id: Option<String>,
    pub(crate) duration_ns: Option<i64>,
    /// Role name and pid of every pid besides the subject.
    pub(crate) roles: BTreeSet<(&'static str, String)>,
}

/// An event on its way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sent {
    pub(crate) id: Option<String>,
    pub(crate) timestamp: Option<i64>,
    pub(crate) facts: Facts,
    /// Keys and JSON texts of the payload, in the order written.
    pub(crate) data: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) timestamp: i64,
    pub(crate) seq: u64,
    pub(crate) stamped: bool,
    pub(crate) facts: Facts,
    pub(crate) data: Vec<(String, String)>,
}

impl Row {
    fn key(&self) -> (i64, u64) {
        (self.timestamp, self.seq)
    }

    /// The event as it is shown.
    pub(crate) fn json(&self) -> String {
        let f = &self.facts;
        let text = |value: &Option<String>| value.as_ref().map(|value| format!("\"{value}\""));
        let number = |value: Option<i64>| value.map(|value| value.to_string());
        let object = |members: &[(String, String)]| {
            let members: Vec<String> = members.iter().map(|(key, json)| format!("\"{key}\":{json}")).collect();
            format!("{{{}}}", members.join(","))
        };
        let members = [
            ("event_id", Some(format!("\"{}\"", self.id))),
            ("timestamp", number(Some(self.timestamp))),
            ("wall_time", number(f.wall_time)),
            ("node", text(&f.node)),
            ("pid", text(&f.pid)),
            ("event_type", text(&f.event_type)),
            ("module", text(&f.module)),
            ("function", text(&f.function)),
            ("arity", number(f.arity.map(i64::from))),
            ("correlation_id", text(&f.correlation_id)),
            ("call_id", text(&f.call_id)),
            ("session_id", text(&f.session_id)),
            ("ast_node_id", text(&f.ast_node_id)),
            ("duration_ns", number(f.duration_ns)),
            ("data", Some(object(&self.data))),
        ];
        let present = members.into_iter().filter_map(|(key, json)| Some((key.to_owned(), json?)));
        object(&present.collect::<Vec<_>>())
    }

    /// Keys under which an index lists the event.
    pub(crate) fn keys(&self, index: &str) -> BTreeSet<String> {
        let f = &self.facts;
        let one = |key: Option<String>| key.into_iter().collect::<BTreeSet<String>>();
        let pair = || Some(format!("{}.{}", f.module.as_ref()?, f.function.as_ref()?));
        match index {
            "process" => f.roles.iter().map(|(_, pid)| pid).chain(&f.pid).cloned().collect(),
            "event_type" => one(f.event_type.clone()),
            "node" => one(f.node.clone()),
            "session" => one(f.session_id.clone()),
            "module" => one(f.module.clone()),
            "function" => one(f.function.clone()),
            "arity" => one(f.arity.map(|arity| arity.to_string())),
            "module_function" => one(pair()),
            "mfa" => one(pair().zip(f.arity).map(|(pair, arity)| format!("{pair}/{arity}"))),
            "correlation" => one(f.correlation_id.clone()),
            "ast_node" => one(f.ast_node_id.clone()),
            "call" => one(f.call_id.clone()),
            other => panic!("no index {other}"),
        }
    }

    fn says(&self, sent: &Sent, timestamp: i64) -> bool {
        let sorted = |members: &[(String, String)]| members.iter().cloned().collect::<BTreeSet<_>>();
        let same_time =
            self.timestamp == timestamp || self.stamped && sent.timestamp.or(sent.facts.wall_time).is_none();
        same_time && self.facts == sent.facts && sorted(&self.data) == sorted(&sent.data)
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum When {
    At(i64),
    BeforeNewest(i64),
}

impl When {
    fn resolve(self, newest: Option<i64>) -> Option<i64> {
        match self {
            Self::At(ns) => Some(ns),
            Self::BeforeNewest(ns) => Some(newest?.saturating_sub(ns)),
        }
    }
}

/// A filter in canonical spelling.
#[derive(Clone, Debug, Default)]
pub(crate) struct Want {
    pub(crate) pid: Option<String>,
    /// Only beside a pid.
    pub(crate) named: Vec<String>,
    pub(crate) role: Option<&'static str>,
    pub(crate) node: Option<String>,
    pub(crate) event_types: Vec<String>,
    pub(crate) since: Option<When>,
    pub(crate) until: Option<When>,
    pub(crate) correlation_id: Option<String>,
    pub(crate) ast_node_id: Option<String>,
    pub(crate) ast_node_prefix: Option<String>,
    pub(crate) module: Option<String>,
    pub(crate) function: Option<String>,
    pub(crate) arity: Option<u8>,
    pub(crate) session_id: Option<String>,
    pub(crate) call_id: Option<String>,
    pub(crate) min_duration_ns: Option<i64>,
    pub(crate) text: Option<String>,
}

/// Bounds, both inclusive; none: relative to the newest of nothing.
pub(crate) type Range = Option<(i64, i64)>;

impl Want {
    /// `Err`: the range ends before it starts.
    pub(crate) fn range(&self, newest: Option<i64>) -> Result<Range, ()> {
        let bound = |when: Option<When>, open| when.map_or(Some(open), |when| when.resolve(newest));
        match bound(self.since, i64::MIN).zip(bound(self.until, i64::MAX)) {
            Some((since, until)) if since > until => Err(()),
            range => Ok(range),
        }
    }

    pub(crate) fn matches(&self, row: &Row, range: Range) -> bool {
        let f = &row.facts;
        let same = |want: &Option<String>, has: &Option<String>| want.is_none() || want == has;
        let has = |pid: &String| {
            let as_subject = f.pid.as_ref() == Some(pid) && self.role.is_none_or(|role| role == "subject");
            as_subject || f.roles.iter().any(|(role, p)| p == pid && self.role.is_none_or(|want| want == *role))
        };
        // A node writes its own pids without its name.
        let own = |pid: &String| match (&f.node, pid.strip_prefix('<')) {
            (Some(node), Some(rest)) => rest.strip_prefix(node.as_str()).map(|numbers| format!("<0{numbers}")),
            _ => None,
        };
        let any = |pid: &String| has(pid) || own(pid).is_some_and(|pid| has(&pid));
        let pid = self.pid.as_ref().is_none_or(any) || self.named.iter().any(any);
        range.is_some_and(|(since, until)| since <= row.timestamp && row.timestamp <= until)
            && pid
            && same(&self.node, &f.node)
            && (self.event_types.is_empty() || f.event_type.as_ref().is_some_and(|t| self.event_types.contains(t)))
            && same(&self.correlation_id, &f.correlation_id)
            && same(&self.ast_node_id, &f.ast_node_id)
            && (self.ast_node_prefix.as_ref())
                .is_none_or(|prefix| f.ast_node_id.as_ref().is_some_and(|node| node.starts_with(prefix)))
            && same(&self.module, &f.module)
            && same(&self.function, &f.function)
            && (self.arity.is_none() || self.arity == f.arity)
            && same(&self.session_id, &f.session_id)
            && same(&self.call_id, &f.call_id)
            && self.min_duration_ns.is_none_or(|least| f.duration_ns.is_some_and(|ns| ns >= least))
            && self.text.as_ref().is_none_or(|text| row.json().contains(text))
    }

    /// The part of the filter that one index answers.
    pub(crate) fn part(&self, index: &str) -> Self {
        let mut part = Self { since: self.since, until: self.until, ..Self::default() };
        let all = self.clone();
        match index {
            "process" => (part.pid, part.named) = (all.pid, all.named),
            "event_type" => part.event_types = all.event_types,
            "node" => part.node = all.node,
            "session" => part.session_id = all.session_id,
            "module" => part.module = all.module,
            "function" => part.function = all.function,
            "arity" => part.arity = all.arity,
            "module_function" | "mfa" => {
                (part.module, part.function, part.arity) = (all.module, all.function, all.arity);
            }
            "correlation" => part.correlation_id = all.correlation_id,
            "ast_node" => {
                (part.ast_node_id, part.ast_node_prefix) = (all.ast_node_id, all.ast_node_prefix);
                if part.ast_node_id.is_some() {
                    part.ast_node_prefix = None;
                }
            }
            "call" => part.call_id = all.call_id,
            "temporal" => {}
            other => panic!("no path {other}"),
        }
        part
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) stored: u64,
    pub(crate) replaced: u64,
    pub(crate) duplicates: u64,
    pub(crate) assigned: u64,
    pub(crate) far: u64,
    pub(crate) pruned: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone {
    pub(crate) removed: u64,
    pub(crate) remaining: u64,
    pub(crate) oldest: Option<i64>,
}

#[derive(Debug)]
pub(crate) struct Answer<'m> {
    pub(crate) rows: Vec<&'m Row>,
    pub(crate) total: u64,
    pub(crate) more: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    max_events: Option<u64>,
    max_age: Option<i64>,
    /// Sorted by `(timestamp, seq)`.
    pub(crate) rows: Vec<Row>,
    pub(crate) totals: Report,
    pub(crate) cleared: u64,
    /// Times of the events that retention took.
    gone: Vec<i64>,
    next_seq: u64,
    minted: u64,
    clocks: Clocks,
}

impl Model {
    pub(crate) fn new(max_events: Option<u64>, max_age: Option<i64>) -> Self {
        Self { max_events, max_age, ..Self::default() }
    }

    fn times(&self) -> Vec<i64> {
        self.rows.iter().map(|row| row.timestamp).collect()
    }

    pub(crate) fn newest(&self) -> Option<i64> {
        self.clocks.newest(&self.times())
    }

    /// The smallest and the largest timestamp.
    pub(crate) fn extent(&self) -> Option<(i64, i64)> {
        self.times().into_iter().min().zip(self.times().into_iter().max())
    }

    /// The oldest and the newest, far times aside.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        let newest = self.newest()?;
        let near = self.rows.iter().map(|row| row.timestamp).find(|time| !self.clocks.far(*time));
        Some((near.unwrap_or(self.rows[0].timestamp).min(newest), newest))
    }

    pub(crate) fn far(&self) -> u64 {
        self.rows.iter().filter(|row| self.clocks.far(row.timestamp)).count() as u64
    }

    pub(crate) fn store(&mut self, batch: &[Sent], now: i64) -> Report {
        let mut report = Report::default();
        let stamp = self.clocks.now(now).unwrap_or(now);
        let mut told = Vec::new();
        for sent in batch {
            let known = sent.timestamp.or(sent.facts.wall_time);
            let timestamp = known.unwrap_or(stamp);
            let id = sent.id.clone().unwrap_or_else(|| {
                self.minted += 1;
                format!("minted-{}", self.minted - 1)
            });
            let place = self.rows.iter().position(|row| row.id == id);
            match place {
                Some(at) if self.rows[at].says(sent, timestamp) => {
                    report.duplicates += 1;
                    continue;
                }
                Some(at) => {
                    self.rows.remove(at);
                    report.replaced += 1;
                }
                None => report.stored += 1,
            }
            report.assigned += u64::from(known.is_none());
            let (facts, data) = (sent.facts.clone(), sent.data.clone());
            self.rows.push(Row { id, timestamp, seq: self.next_seq, stamped: known.is_none(), facts, data });
            self.next_seq += 1;
            if let Some(time) = known {
                told.push(((sent.facts.node.clone(), sent.facts.session_id.clone()), time));
            }
        }
        self.clocks.observe(&told, (report.assigned > 0).then_some(stamp), now);
        report.far = told.iter().filter(|(_, time)| self.clocks.far(*time)).count() as u64;
        self.rows.sort_by_key(Row::key);
        let before = self.totals;
        self.totals = Report {
            stored: before.stored + report.stored,
            replaced: before.replaced + report.replaced,
            duplicates: before.duplicates + report.duplicates,
            assigned: before.assigned + report.assigned,
            far: before.far + report.far,
            pruned: before.pruned,
        };
        report.pruned = self.enforce(now);
        report
    }

    /// Applies the settings; returns how many events went.
    pub(crate) fn enforce(&mut self, now: i64) -> u64 {
        let aged = |row: &Row| self.max_age.is_some_and(|max| self.clocks.age(row.timestamp, now) > i128::from(max));
        let aged: BTreeSet<u64> = self.rows.iter().filter(|row| aged(row)).map(|row| row.seq).collect();
        let left = self.rows.iter().filter(|row| !aged.contains(&row.seq)).cloned().collect::<Vec<Row>>();
        let excess = self.max_events.map_or(0, |max| left.len().saturating_sub(max as usize));
        let oldest = self.oldest_first(&left);
        let gone: BTreeSet<u64> = oldest.into_iter().take(excess).chain(aged).collect();
        self.prune(&gone);
        gone.len() as u64
    }

    /// Seqs of rows, those first that are oldest on their own clock.
    fn oldest_first(&self, rows: &[Row]) -> Vec<u64> {
        let mut keys: Vec<(i128, u64)> =
            rows.iter().map(|row| (self.clocks.as_arrived(row.timestamp), row.seq)).collect();
        keys.sort_unstable();
        keys.into_iter().map(|(_, seq)| seq).collect()
    }

    fn prune(&mut self, gone: &BTreeSet<u64>) {
        let (gone, left): (Vec<Row>, Vec<Row>) = self.rows.drain(..).partition(|row| gone.contains(&row.seq));
        self.rows = left;
        self.totals.pruned += gone.len() as u64;
        self.gone.extend(gone.iter().map(|row| row.timestamp));
    }

    /// Spans of what retention took, each of one clock.
    pub(crate) fn gaps(&self) -> Vec<(i64, i64, u64)> {
        let mut times = self.gone.clone();
        times.sort_unstable();
        let apart = |a: &i64, b: &i64| i128::from(*b) - i128::from(*a) <= 3_600_000_000_000;
        let span = |times: &[i64]| (times[0], times[times.len() - 1], times.len() as u64);
        times.chunk_by(apart).map(span).collect()
    }

    pub(crate) fn cleanup(&mut self, before: Option<When>, max_age: Option<i64>, max: Option<u64>, dry: bool) -> Gone {
        let (newest, times) = (self.newest(), self.times());
        let cutoff = before.and_then(|when| when.resolve(newest));
        let is_old = |row: &Row| {
            let beside = self.clocks.newest_beside(row.timestamp, &times);
            let by_age = max_age.zip(beside).is_some_and(|(age, newest)| row.timestamp < newest.saturating_sub(age));
            by_age || cutoff.is_some_and(|cutoff| row.timestamp < cutoff)
        };
        let old = self.rows.iter().filter(|row| is_old(row)).map(|row| row.seq);
        let by_count = max.map_or(0, |max| self.rows.len().saturating_sub(max as usize));
        let gone: BTreeSet<u64> = self.oldest_first(&self.rows).into_iter().take(by_count).chain(old).collect();
        let oldest = self.rows.iter().find(|row| !gone.contains(&row.seq)).map(|row| row.timestamp);
        let report = Gone { removed: gone.len() as u64, remaining: (self.rows.len() - gone.len()) as u64, oldest };
        if !dry {
            self.prune(&gone);
        }
        report
    }

    /// `Err`: the filter contradicts itself.
    pub(crate) fn clear(&mut self, want: &Want, dry: bool) -> Result<Gone, ()> {
        let range = want.range(self.newest())?;
        let left: Vec<Row> = self.rows.iter().filter(|row| !want.matches(row, range)).cloned().collect();
        let removed = (self.rows.len() - left.len()) as u64;
        let oldest = left.first().map(|row| row.timestamp);
        let gone = Gone { removed, remaining: left.len() as u64, oldest };
        if !dry {
            self.cleared += removed;
            self.rows = left;
        }
        Ok(gone)
    }

    pub(crate) fn clear_all(&mut self, dry: bool) -> Gone {
        let gone = Gone { removed: self.rows.len() as u64, remaining: 0, oldest: None };
        if !dry {
            self.cleared += gone.removed;
            self.rows.clear();
            self.gone.clear();
            self.clocks = Clocks::default();
        }
        gone
    }

    /// One page; `after` is the key where the page before ended, `newest` what relative times are measured from.
    pub(crate) fn query(
        &self,
        want: &Want,
        desc: bool,
        limit: usize,
        after: Option<(i64, u64)>,
        newest: Option<i64>,
    ) -> Result<Answer<'_>, ()> {
        let range = want.range(newest)?;
        let mut rows: Vec<&Row> = self.rows.iter().filter(|row| want.matches(row, range)).collect();
        let total = rows.len() as u64;
        if desc {
            rows.reverse();
        }
        rows.retain(|row| after.is_none_or(|after| if desc { row.key() < after } else { row.key() > after }));
        let more = limit > 0 && rows.len() > limit;
        rows.truncate(limit);
        Ok(Answer { rows, total, more })
    }
}
