//! What did a process do, and is anything wrong with it? Of a name, every process that had it.

use std::collections::BTreeMap;

use serde_json::json;

use super::backlog::{Peak, backlog, handled, peak};
use super::callers::{MAX_CALLS, unanswered};
use super::line::{Anchor, Head, Line, Moment, Note, Why};
use super::part::{Cx, Part, Story};
use super::tell::{counted, duration, enclosing, left_by, times};
use super::{ended_by, folded, held, supervision, waiting};
use crate::analysis::anomalies::{self, Glance};
use crate::analysis::ask::{Ask, EVER, inside, of};
use crate::analysis::change::{Changes, Source, Whose};
use crate::analysis::ends;
use crate::analysis::fact::Fact;
use crate::analysis::handlers::{is_manager, states_at};
use crate::analysis::known::{Still, Unknown, callback_state, still};
use crate::analysis::known_at::Known;
use crate::analysis::ledger::gather;
use crate::analysis::place::is_library;
use crate::analysis::value::Value;
use crate::analysis::value::brief::brief;
use crate::analysis::value::envelope::request;
use crate::analysis::who::{Life, Names};
use crate::error::{Error, Result};
use crate::event::{Role, home};
use crate::query::Filter;

/// Sends to a process looked at for where they come from.
const MAX_SENDS: usize = 500;

/// Processes of one name whose troubles are told: the newest.
const LIVES: usize = 6;

/// A mailbox that long is told.
const LONG: i64 = 10;

/// Events among which lost updates are looked for: some ten milliseconds of work.
const MAX_RACED: u64 = 10_000;

/// Lines of one part.
const SHOWN: usize = 5;

pub(super) fn tell(ask: &Ask<'_>, names: &Names<'_>, target: &str, lives: &[Life]) -> Result<Story> {
    // Invariant: a target that was found has at least one life; the newest is told in full.
    let Some(newest) = lives.last() else {
        return Err(Error::not_found(format!("target: nothing is known of {target}")));
    };
    let all = ask.last(Filter { pid: Some(newest.pid.clone()), ..Filter::default() }, EVER)?;
    let end = newest.exit.clone().or(all);
    let at = end.as_ref().map_or(0, Fact::at);
    let cx = Cx::new(ask, names, at);
    let who = names.who(&newest.pid)?;
    let moment = if newest.exit.is_some() { Moment::End } else { Moment::LastEvent };
    let event = end.as_ref().map(Fact::id).unwrap_or_default().to_owned();
    let kinds = waiting::kinds(&cx, &newest.pid, at)?;
    let handled = handled(&cx, &newest.pid, (i64::MIN, at))?;

    let mut story = Story {
        head: Head::Text(String::new()),
        anchor: Anchor { at, moment, event },
        parts: Vec::new(),
        notes: Vec::new(),
        next: Vec::new(),
    };
    let ended = match &newest.exit {
        None if newest.since.is_some() => "no end of it was recorded, seen".to_owned(),
        None => "no end of it was recorded".to_owned(),
        Some(exit) => ends::how(&newest.end, exit),
    };
    let role = who.role.as_deref().filter(|_| who.name.is_some()).map(|role| format!(" ({role})")).unwrap_or_default();
    let after = if newest.exit.is_some() { "after" } else { "for" };
    let life_time =
        newest.since.map(|since| format!(" {after} {}", duration(at.saturating_sub(since)))).unwrap_or_default();
    let did = if handled.count > 0 { format!(", handled {}", handled.text()) } else { String::new() };
    let several =
        if lives.len() > 1 { format!(", the last of {} processes of this name", lives.len()) } else { String::new() };
    let held = held::held(&cx, &newest.pid, newest.exit.as_ref())?;
    let waits = held.as_ref().map(|held| held.told(&cx)).transpose()?.unwrap_or_default();
    story.head = Head::Text(format!("{who}{role}{several}: {ended}{life_time}{did}{waits}."));

    if let Some(exit) = &newest.exit {
        let by = ended_by::line(&cx, &who, exit, &newest.end)?;
        story.parts.push(Part::new("ended by", by.into_iter().collect()));
    }
    if let Some(held) = held {
        story.parts.push(held.part(&cx)?);
    }
    story.parts.push(trouble(&cx, lives, at)?);
    story.parts.push(lost_updates(&cx, &newest.pid, &mut story.notes)?);
    story.parts.push(incarnations(&cx, lives));
    story.parts.push(handled_part(&kinds, handled.count));
    story.parts.push(state(&cx, &newest.pid)?);
    story.parts.push(callers(&cx, &newest.pid)?);
    story.parts.push(supervision::part(&cx, &who, newest.exit.as_ref())?);
    let last = folded::part(&cx, &newest.pid, at)?;
    story.parts.push(Part { name: "last", ..last });

    if Changes::new(ask, &newest.pid)?.source != Source::Nothing {
        story.next.push((
            "state_history",
            json!({ "pid": who.short() }),
            Why::Text("every change of its state".to_owned()),
        ));
    }
    story.notes.extend(cx.unlooked());
    Ok(story)
}

/// What went wrong around it.
fn trouble(cx: &Cx<'_>, all: &[Life], at: i64) -> Result<Part> {
    let mut lines = Vec::new();
    for life in all.iter().rev().take(LIVES).rev() {
        let who = &life.pid;
        if let Some(exit) = life.exit.as_ref().filter(|_| life.end.is_abnormal()) {
            let site = exit.text("crash_site").map(|site| format!(" at {site}")).unwrap_or_default();
            lines.push(format!("{who} at {} ({}) {}{site}", cx.at(exit.at()), exit.id(), ends::how(&life.end, exit)));
        }
        if let Some(exit) = &life.exit {
            lines.extend(lost(cx, who, exit)?);
        }
        let failed = cx.ask.newest(inside(who, &["function_exit"]), EVER, 500)?;
        let failed: Vec<&Fact> = failed.iter().filter(|end| end.is_failed_exit()).collect();
        if let (Some(last), None) = (failed.first(), &life.exit) {
            let reason = brief(last.text("reason").unwrap_or("?"), 60);
            lines.push(format!(
                "{} failed in it and it went on; the last: {} {} {reason} at {} ({})",
                counted(failed.len() as u64, "call"),
                last.mfa().unwrap_or_default(),
                left_by(last),
                cx.at(last.at()),
                last.id()
            ));
        }
        let until = life.exit.as_ref().map_or(at, Fact::at);
        if let Some(Peak { length, is_whole, event, every }) = peak(cx, who)?.filter(|peak| peak.length >= LONG) {
            let kinds = waiting::kinds(cx, who, until)?;
            let (total, count) = kinds
                .iter()
                .fold((0_i64, 0), |(total, count), kind| (total.saturating_add(kind.total), count + kind.count as i64));
            lines.push(format!(
                "the mailbox of {who} grew to {}{length} messages by {} ({}): one came every {} on average, and took {}",
                if is_whole { "" } else { "at least " },
                cx.at(event.at()),
                event.id(),
                duration(every),
                duration(total / count.max(1))
            ));
        }
        // With its end what waited is gone.
        let queued = backlog(cx, who, if life.exit.is_some() { until.saturating_sub(1) } else { until })?;
        if queued.waiting > 1 {
            lines.push(format!("{} unhandled in the mailbox of {who} at {}", queued.text(), cx.at(until)));
        }
        // Its last event may be the last only because no more were recorded.
        let seen = if life.exit.is_some() { until } else { i64::MAX };
        let waiting = unanswered(cx, who, until, seen)?;
        if let (Some(last), Some(first)) = (waiting.first(), waiting.last()) {
            let newest = if waiting.len() >= MAX_CALLS / 2 { " among the newest messages" } else { "" };
            let told = |one: &Fact| format!("{} at {} ({})", super::sent::asked(one), cx.at(one.at()), one.id());
            let which = match waiting.len() {
                1 => told(first),
                _ => format!("first {}, last {}", told(first), told(last)),
            };
            let calls = counted(waiting.len() as u64, "call");
            lines.push(format!("{calls}{newest} to {who} without a reply: {which}"));
        }
    }
    Ok(Part::keeping("trouble", 4, lines))
}

/// Changes its clients lost to each other, with the events of the reads and writes that overlap.
fn lost_updates(cx: &Cx<'_>, pid: &str, notes: &mut Vec<Note>) -> Result<Part> {
    // With everything in view the calls around a read and a write are told, too.
    let mut filter = Filter::default();
    if cx.ask.count(filter.clone(), EVER)? > MAX_RACED {
        filter.pid = Some(pid.to_owned());
        let events = cx.ask.count(filter.clone(), EVER)?;
        if events > MAX_RACED {
            notes.push(Note::Text(format!(
                "lost updates were not looked for among its {events} events; find_anomalies does"
            )));
            return Ok(Part::new("lost update", Vec::<Line>::new()));
        }
    }
    let ledger = gather(cx.ask.store(), filter, cx.ask.watch())?;
    let mut found = anomalies::find(&ledger, &[anomalies::Kind::LostUpdate], cx.ask.watch())?;
    found.retain(|finding| finding.found.is_about(pid));
    let found = Some(Glance { ledger, found }).filter(|glance| !glance.found.is_empty());
    Ok(Part { found, ..Part::keeping("lost update", 4, Vec::<Line>::new()) })
}

/// Messages sent to a process after its end, by the place they were sent from.
fn lost(cx: &Cx<'_>, pid: &str, exit: &Fact) -> Result<Vec<String>> {
    let span = (exit.at().saturating_add(1), i64::MAX);
    // Of its own node: the clock of another does not say that it was after.
    let node = home::node_of(pid).map(str::to_owned);
    let filter = Filter { node, ..of(pid, Role::Receiver, &["message_send"]) };
    // Nobody is to blame for an answer to one that has ended.
    let mut sends = cx.ask.oldest(filter, span, MAX_SENDS)?;
    let at_least = if sends.len() == MAX_SENDS { "at least " } else { "" };
    sends.retain(|send| send.text("send_type") != Some("reply"));
    if sends.is_empty() {
        return Ok(Vec::new());
    }
    let count = sends.len() as u64;
    let mut places: BTreeMap<String, (usize, Fact)> = BTreeMap::new();
    for send in sends {
        let place = format!(
            "{} sent from {}",
            Value::read(request(send.text("message").unwrap_or_default())).pattern(),
            place(cx, &send)
        );
        places.entry(place).or_insert_with(|| (0, send.clone())).0 += 1;
    }
    let mut places: Vec<(String, (usize, Fact))> = places.into_iter().collect();
    places.sort_by(|a, b| b.1.0.cmp(&a.1.0).then_with(|| a.0.cmp(&b.0)));
    let mut lines = vec![format!(
        "{at_least}{} lost: sent to {pid} after its end at {} ({})",
        counted(count, "message"),
        cx.at(exit.at()),
        exit.id()
    )];
    for (place, (count, first)) in places.iter().take(3) {
        let sender = cx.names.who(first.pid())?;
        lines.push(format!("  {place}{} by {sender}, first at {} ({})", times(*count), cx.at(first.at()), first.id()));
    }
    Ok(lines)
}

/// Where a send was made, as short as can be.
fn place(cx: &Cx<'_>, send: &Fact) -> String {
    if let Some(site) = send.text("sent_from").filter(|site| !is_library(site)) {
        return site.to_owned();
    }
    // In tail position the caller of the caller stands as call site: the calls around are right.
    let around = enclosing(cx.ask, send, 2);
    match around.as_slice() {
        [inner, outer] => format!("{} in {}", inner.mfa().unwrap_or_default(), outer.mfa().unwrap_or_default()),
        [inner] => inner.mfa().unwrap_or_default(),
        _ => send.text("sent_in").unwrap_or("an untraced place").to_owned(),
    }
}

/// The processes that had the name.
fn incarnations(cx: &Cx<'_>, all: &[Life]) -> Part {
    if all.len() < 2 {
        return Part::new("lives", Vec::<Line>::new());
    }
    let mut lines = Vec::new();
    if all.len() > LIVES {
        lines.push(format!("{} more before these", all.len() - LIVES));
    }
    for life in all.iter().rev().take(LIVES).rev() {
        let since = life.since.map_or_else(|| "before the recording".to_owned(), |since| cx.at(since));
        let until = life.exit.as_ref().map_or_else(
            || "still running".to_owned(),
            |exit| {
                let reason = exit.text("error").or_else(|| exit.text("exit_reason")).unwrap_or("?");
                format!("{} ({}): {}", cx.at(exit.at()), exit.id(), brief(reason, 60))
            },
        );
        lines.push(format!("{} from {since} to {until}", life.pid));
    }
    Part::keeping("lives", 3, lines)
}

/// Kinds of messages, most time first.
fn handled_part(kinds: &[waiting::Handled], handled: u64) -> Part {
    let mut lines: Vec<String> = kinds
        .iter()
        .take(SHOWN)
        .map(|kind| {
            let head = format!("{}{}", kind.pattern, times(kind.count as usize));
            let took = format!("{} in all, {} at most", duration(kind.total), duration(kind.longest));
            match kind.endless {
                0 => format!("{head}: {took} ({})", kind.longest_id),
                all if all == kind.count => format!("{head}: how long is not recorded ({})", kind.longest_id),
                some => format!("{head}: {took}, and {some} whose end is not recorded ({})", kind.longest_id),
            }
        })
        .collect();
    if kinds.len() > SHOWN {
        lines.push(format!("{} more kinds", kinds.len() - SHOWN));
    }
    let looked_at: u64 = kinds.iter().map(|kind| kind.count).sum();
    if looked_at < handled {
        lines.push(format!("these are the newest {looked_at} of {handled}"));
    }
    Part::keeping("handled", 2, lines)
}

/// The state at the end, and what set it.
fn state(cx: &Cx<'_>, pid: &str) -> Result<Part> {
    if is_manager(cx.ask, pid)? {
        let states = states_at(cx.ask, pid, i64::MAX)?;
        let lines = states.iter().map(|handler| match &handler.known {
            Known::Unknown { unknown, .. } => {
                let since = cx.at(unknown.since);
                format!("{}: unknown since {since}: {} ({})", handler.handler, unknown.why.told(), unknown.event)
            }
            _ => format!("{}: {}", handler.handler, brief(&handler.state, 120)),
        });
        return Ok(Part::keeping("handlers", 1, lines.collect()));
    }
    let changes = Changes::new(cx.ask, pid)?;
    let Some(last) = changes.last(EVER)? else { return Ok(Part::new("state", Vec::<Line>::new())) };
    let sender = cx.names.maybe(last.sender.as_deref())?;
    let from = sender.map(|sender| format!(" from {sender}")).unwrap_or_default();
    let place = last.sent_at(cx.ask).map(|place| format!(", sent at {place}")).unwrap_or_default();
    let set = format!("set at {} ({}) by {}{from}{place}", cx.at(last.at), last.id, brief(&last.trigger(), 60));
    let lines = match still(cx.ask, Whose::process(pid), last.at, i64::MAX)? {
        Still::Known => vec![brief(&last.new, 160), set],
        Still::CalledWith(entry) => vec![
            brief(&callback_state(&entry).unwrap_or_default(), 160),
            format!("what a callback was called with at {} ({})", cx.at(entry.at()), entry.id()),
        ],
        Still::Unknown(Unknown { since, why, event }) => vec![
            format!("unknown since {}: {} ({event})", cx.at(since), why.told()),
            format!("last known: {}, {set}", brief(&last.new, 100)),
        ],
    };
    Ok(Part::keeping("state", 1, lines))
}

/// Who asks it for what, by the place in the source.
fn callers(cx: &Cx<'_>, pid: &str) -> Result<Part> {
    let sends = cx.ask.newest(of(pid, Role::Receiver, &["message_send"]), EVER, MAX_SENDS)?;
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for send in sends.iter().filter(|send| matches!(send.text("send_type"), Some("call" | "cast" | "info"))) {
        let pattern = Value::read(request(send.text("message").unwrap_or_default())).pattern();
        *places.entry(format!("{pattern} from {}", place(cx, send))).or_default() += 1;
    }
    let mut places: Vec<(String, usize)> = places.into_iter().collect();
    places.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let mut lines: Vec<String> =
        places.iter().take(SHOWN).map(|(place, count)| format!("{place}{}", times(*count))).collect();
    if places.len() > SHOWN {
        lines.push(format!("{} more places", places.len() - SHOWN));
    }
    Ok(Part::keeping("asked by", 2, lines))
}
