//! OTLP traces: which events are the spans of a collector's file?
//!
//! An export is walked, one span of it in memory at a time. Whatever wraps exports (arrays, one per line, the replies of
//! trace stores) is told apart by who calls this.

mod attributes;
mod blocks;
mod names;
mod proto;
mod span;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::Found;
use super::input::Input;
use super::job::Stop;
use super::json;
use super::out::Out;
use super::walk;
pub(super) use blocks::{is_blocks, read as read_blocks};
use names::camel;
pub(super) use proto::{Signal, read as read_proto, signal};
use span::Around;

/// Resources remembered as told; of more than so many, some are told again.
const MAX_RESOURCES: usize = 1 << 16;

/// Names of members not kept that are remembered.
const MAX_NAMES: usize = 20;

/// Lists of exports that are no traces.
const OTHER_SIGNALS: [&str; 3] = ["resourceLogs", "resourceMetrics", "resourceProfiles"];

/// What lies in them between the resource and the records.
const OTHER_SCOPES: [&str; 5] =
    ["scopeLogs", "scopeMetrics", "scopeProfiles", "instrumentationLibraryLogs", "instrumentationLibraryMetrics"];

/// The records themselves.
const OTHER_RECORDS: [&str; 3] = ["logRecords", "metrics", "profiles"];

/// Whether a member of an object, by its name and the first byte of its value, makes it an export.
pub(super) fn is_export(name: &str, first: u8) -> bool {
    let name = camel(name);
    matches!(first, b'[' | b'n') && (name == "resourceSpans" || OTHER_SIGNALS.contains(&&*name))
}

/// Whether an object with these members is a resource with its spans.
pub(super) fn is_resource_spans(names: &[&str]) -> bool {
    names.iter().any(|name| matches!(&*camel(name), "scopeSpans" | "instrumentationLibrarySpans"))
}

/// Whether an object with these members is a span.
pub(super) fn is_span(names: &[&str]) -> bool {
    let has = |expected: &str| names.iter().any(|name| camel(name) == expected);
    has("traceId") && has("spanId") && has("startTimeUnixNano")
}

/// What the walk has seen of a file.
#[derive(Debug, Default)]
pub(super) struct Otlp {
    /// What the spans here are of.
    around: Around,
    /// Ids of the resources that are events already.
    told: HashSet<String>,
    pub(super) not_kept: NotKept,
    has_traces: bool,
    /// Signals that are no traces.
    others: BTreeSet<String>,
}

/// Members no event takes, and how often they came.
#[derive(Debug, Default)]
pub(super) struct NotKept(BTreeMap<String, u64>);

impl NotKept {
    pub(super) fn count(&mut self, name: &str, times: u64) {
        if times > 0 && (self.0.len() < MAX_NAMES || self.0.contains_key(name)) {
            *self.0.entry(name.to_owned()).or_default() += times;
        }
    }

    pub(super) fn add(&mut self, others: Self) {
        for (name, times) in others.0 {
            self.count(&name, times);
        }
    }

    /// Which, in words. `None`: everything was kept.
    pub(super) fn told(&self) -> Option<String> {
        let told: Vec<String> = self.0.iter().map(|(name, times)| format!("{name} ({times}x)")).collect();
        (!told.is_empty()).then(|| told.join(", "))
    }
}

impl Otlp {
    /// What is said of exports without any trace. `None`: there were traces, or nothing else either.
    pub(super) fn has_no_traces(&self) -> Option<String> {
        let others: Vec<&str> = self.others.iter().map(String::as_str).collect();
        let is_only_others = !self.has_traces && !others.is_empty();
        is_only_others.then(|| format!("holds OTLP {}; of OTLP only traces are read", others.join(" and ")))
    }

    /// A block or a file is of another signal.
    fn leave_signal(&mut self, signal: Signal) {
        let name = if signal == Signal::Logs { "logs" } else { "metrics" };
        self.others.insert(name.to_owned());
        self.count(name, 1);
    }

    /// A member of an export; the input stands at its value.
    pub(super) fn member(&mut self, out: &mut Out<'_, '_>, input: &mut Input, name: &str) -> Result<(), Stop> {
        match &*camel(name) {
            "resourceSpans" | "batches" => {
                self.has_traces = true;
                walk::items(input, &mut |input| self.resource_spans(out, input))
            }
            other if OTHER_SIGNALS.contains(&other) => {
                self.count(other, 1);
                self.others.insert(other.trim_start_matches("resource").to_ascii_lowercase());
                self.skip_others(input)
            }
            _ => self.leave(input, name),
        }
    }

    /// A resource with its spans.
    pub(super) fn resource_spans(&mut self, out: &mut Out<'_, '_>, input: &mut Input) -> Result<(), Stop> {
        self.has_traces = true;
        self.around = Around::default();
        // The older name is of OTLP before 0.15.
        let is_spans = |name: &str| matches!(&*camel(name), "scopeSpans" | "instrumentationLibrarySpans");
        walk::ordered(input, |name| name == "resource", is_spans, &mut |input, name| match name {
            "resource" => {
                let text = whole(input)?;
                self.around.resource(&text);
                Ok(())
            }
            _ if is_spans(name) => walk::items(input, &mut |input| self.scope_spans(out, input)),
            other => self.leave(input, other),
        })
    }

    fn scope_spans(&mut self, out: &mut Out<'_, '_>, input: &mut Input) -> Result<(), Stop> {
        self.around.scope = None;
        let is_scope = |name: &str| matches!(&*camel(name), "scope" | "instrumentationLibrary");
        let is_spans = |name: &str| name == "spans";
        walk::ordered(input, is_scope, is_spans, &mut |input, name| match name {
            _ if is_scope(name) => {
                self.around.scope = Some(whole(input)?).filter(|text| !matches!(&**text, "{}" | "null"));
                Ok(())
            }
            "spans" => {
                let mut text = Vec::new();
                walk::items(input, &mut |input| {
                    let found = json::value(input, &mut text)?;
                    self.push(out, input, found, &text)
                })
            }
            other => self.leave(input, other),
        })
    }

    /// A span that lies among others without a resource.
    pub(super) fn bare_span(
        &mut self,
        out: &mut Out<'_, '_>,
        input: &Input,
        found: Found,
        text: &[u8],
    ) -> Result<(), Stop> {
        self.around = Around::default();
        self.push(out, input, found, text)
    }

    fn push(&mut self, out: &mut Out<'_, '_>, input: &Input, found: Found, text: &[u8]) -> Result<(), Stop> {
        let mark = out.mark(text);
        let Some(json) = out.json(found, text, "span") else { return Ok(()) };
        match span::events(json, &self.around, &mark) {
            Ok(events) => {
                if let Some((id, event)) = events.resource {
                    if self.told.len() < MAX_RESOURCES && self.told.insert(id) {
                        out.push(input, found, &event)?;
                    }
                }
                for event in events.events {
                    out.push(input, found, &event)?;
                }
            }
            Err(message) => out.reject(found, message),
        }
        Ok(())
    }

    /// Counts what is left out of exports that are no traces.
    fn skip_others(&mut self, input: &mut Input) -> Result<(), Stop> {
        walk::items(input, &mut |input| {
            walk::members(input, &mut |input, name| {
                if !OTHER_SCOPES.contains(&&*camel(name)) {
                    json::skip(input)?;
                    return Ok(());
                }
                walk::items(input, &mut |input| {
                    walk::members(input, &mut |input, name| {
                        let is_records = OTHER_RECORDS.contains(&&*camel(name));
                        if !is_records {
                            json::skip(input)?;
                            return Ok(());
                        }
                        let mut records = 0;
                        walk::items(input, &mut |input| {
                            json::skip(input)?;
                            records += 1;
                            Ok(())
                        })?;
                        self.count(&camel(name), records);
                        Ok(())
                    })
                })
            })
        })
    }

    /// Reads past a value, and remembers that it was not kept.
    fn leave(&mut self, input: &mut Input, name: &str) -> Result<(), Stop> {
        json::skip(input)?;
        self.count(name, 1);
        Ok(())
    }

    fn count(&mut self, name: &str, times: u64) {
        self.not_kept.count(name, times);
    }
}

/// Reads a value whole.
fn whole(input: &mut Input) -> Result<String, Stop> {
    let mut text = Vec::new();
    let found = json::value(input, &mut text)?;
    if found.bytes > super::MAX_EVENT_BYTES as u64 {
        return Err(Stop::Here(format!("{} bytes of a resource; at most {}", found.bytes, super::MAX_EVENT_BYTES)));
    }
    serde_json::from_slice::<&serde_json::value::RawValue>(&text)
        .map(|raw| raw.get().to_owned())
        .map_err(|error| Stop::Here(format!("not valid JSON: {error}")))
}
