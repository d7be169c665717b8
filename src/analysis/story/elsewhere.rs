//! Where did the same go well? The same kind of message in other processes, the same function with other arguments.

use std::collections::BTreeMap;

use super::cause::Cause;
use super::failure::Failure;
use super::line::{ChangedIn, Elsewhere, Gave, Line};
use super::part::{Cx, Part};
use crate::analysis::ask::{EVER, types};
use crate::analysis::change::{StateChange, entry_of, exit_of_call};
use crate::analysis::value::Value;
use crate::analysis::value::brief::brief;
use crate::analysis::value::path::Path;
use crate::error::Result;
use crate::query::Filter;

/// Events of others looked at.
const MAX_LOOKED_AT: usize = 300;

/// Groups that are told.
const SHOWN: usize = 4;

/// Processes named in a group.
const NAMED: usize = 3;

/// Values that came out, and how often; where.
type Groups = BTreeMap<String, Vec<String>>;

pub(super) fn part(cx: &Cx<'_>, failure: &Failure, cause: Option<&Cause>) -> Result<Part> {
    let mut lines = Vec::new();
    if let Some(Cause::State(bad)) = cause {
        if let Some((change, _)) = &bad.set {
            lines.extend(same_change(cx, change, &bad.path)?);
        }
        if let Some(source) = &bad.source {
            lines.extend(same_function(cx, source)?);
        }
    }
    lines.extend(same_message(cx, failure)?);
    Ok(Part::keeping("elsewhere", 1, lines.into_iter().map(Line::Elsewhere).collect()))
}

/// Of how many newest events something is told, where not all were looked at.
fn cut_at(looked_at: usize) -> Option<usize> {
    (looked_at >= MAX_LOOKED_AT).then_some(MAX_LOOKED_AT)
}

/// What the same kind of message did to the same part of other states.
fn same_change(cx: &Cx<'_>, change: &StateChange, path: &str) -> Result<Option<Elsewhere>> {
    let (Some(message), Ok(path)) = (&change.message, Path::read(path)) else { return Ok(None) };
    let pattern = Value::read(message).pattern();
    let filter =
        Filter { module: change.module.clone(), function: change.function.clone(), ..types(&["state_change"]) };
    let mut groups = Groups::new();
    let changes = cx.ask.newest(filter, EVER, MAX_LOOKED_AT)?;
    let of_newest = cut_at(changes.len());
    for fact in changes {
        let Some(other) = StateChange::of(&fact) else { continue };
        let is_same = other.message.as_deref().is_some_and(|message| Value::read(message).pattern() == pattern);
        if other.pid == change.pid || !is_same || other.spans_gap {
            continue;
        }
        let part = |state: &str| path.find(&Value::read(state)).map(|value| brief(value.text, 40));
        let absent = || "(absent)".to_owned();
        let before = other.old.as_deref().and_then(part).unwrap_or_else(absent);
        let after = part(&other.new).unwrap_or_else(absent);
        if before != after {
            let who = cx.names.who(&other.pid)?.short().to_owned();
            groups.entry(format!("{before} -> {after}")).or_default().push(who);
        }
    }
    if groups.is_empty() {
        return Ok(None);
    }
    let (results, beyond) = changed(groups);
    Ok(Some(Elsewhere::Change { pattern, path: path.text().to_owned(), results, beyond, of_newest }))
}

/// The changes and whose they are, the most frequent first, and how many there are beyond these.
fn changed(groups: Groups) -> (Vec<ChangedIn>, usize) {
    let mut groups: Vec<(String, Vec<String>)> = groups.into_iter().collect();
    groups.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0)));
    let beyond = groups.len().saturating_sub(SHOWN);
    let shown = groups.into_iter().take(SHOWN).map(|(difference, mut processes)| {
        let count = processes.len();
        processes.sort_unstable();
        processes.dedup();
        let in_all = processes.len();
        processes.truncate(NAMED);
        ChangedIn { difference, processes, in_all, count }
    });
    (shown.collect(), beyond)
}

/// What the function gave for other arguments.
fn same_function(cx: &Cx<'_>, source: &crate::analysis::fact::Fact) -> Result<Option<Elsewhere>> {
    let filter = Filter {
        module: source.event.module().map(str::to_owned),
        function: source.event.function().map(str::to_owned),
        arity: source.event.arity(),
        ..types(&["function_exit"])
    };
    let mut groups: BTreeMap<(Option<String>, Option<String>), usize> = BTreeMap::new();
    let ends = cx.ask.newest(filter, EVER, MAX_LOOKED_AT)?;
    let of_newest = cut_at(ends.len());
    for end in ends {
        if end.id() == source.id() {
            continue;
        }
        let entry = entry_of(cx.ask, &end);
        let args = entry.map(|entry| (entry.event.arity(), entry.list("args").join(", ")));
        // Of a call with arguments that tells none, these were not recorded.
        let args = args.filter(|(arity, args)| *arity == Some(0) || !args.is_empty()).map(|(_, args)| brief(&args, 40));
        let result = end.text("result").or_else(|| end.text("reason")).map(|result| brief(result, 40));
        *groups.entry((args, result)).or_default() += 1;
    }
    if groups.is_empty() {
        return Ok(None);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let beyond = groups.len().saturating_sub(SHOWN);
    let results = groups.into_iter().take(SHOWN).map(|((args, result), count)| Gave { args, result, count });
    let function = source.mfa().unwrap_or_default();
    Ok(Some(Elsewhere::Function { function, results: results.collect(), beyond, of_newest }))
}

/// How the kind of message that failed went otherwise.
fn same_message(cx: &Cx<'_>, failure: &Failure) -> Result<Option<Elsewhere>> {
    let (Some(callback), Some(message)) = (&failure.callback, failure.message()) else { return Ok(None) };
    let pattern = Value::read(&message).pattern();
    let filter = Filter {
        module: callback.event.module().map(str::to_owned),
        function: callback.event.function().map(str::to_owned),
        ..types(&["function_entry"])
    };
    let (mut well, mut failed) = (Vec::new(), 0);
    let entries = cx.ask.newest(filter, EVER, MAX_LOOKED_AT)?;
    let of_newest = cut_at(entries.len());
    for entry in entries {
        let is_same = entry.list("args").first().is_some_and(|message| Value::read(message).pattern() == pattern);
        if entry.id() == callback.id() || !is_same {
            continue;
        }
        match exit_of_call(cx.ask, &entry)? {
            Some(end) if end.is_failed_exit() => failed += 1,
            Some(end) if end.is_untold_end() => {}
            Some(_) => well.push(entry.pid().to_owned()),
            None => {}
        }
    }
    if well.is_empty() && failed == 0 {
        return Ok(None);
    }
    let here = well.iter().filter(|pid| **pid == failure.who.pid).count();
    let in_all = well.len();
    well.sort_unstable();
    well.dedup();
    let others = well.iter().filter(|pid| **pid != failure.who.pid).count();
    Ok(Some(Elsewhere::Message { pattern, here, well: in_all, others, failed, of_newest }))
}
