//! What did a process do, and is anything wrong with it? Of a name, every process that had it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde_json::json;

use super::backlog::{Peak, backlog, handled, peak};
use super::callers::{goes_on, unanswered};
use super::calls::{enclosing, left};
use super::kinds::{self, Kinds};
use super::line::{
    Anchor, Asked, AskedBy, At, BadEnd, Bound, Failed, Handled, Head, Kind, LifeEnd, Line, Lives, Lost, LostFrom,
    Mailbox, Messages, Moment, Note, ProcessHead, SentFrom, Set, State, Trouble, Unanswered, Why,
};
use super::part::{Cx, Part, Story};
use super::sent::pattern;
use super::{ended_by, folded, held, supervision};
use crate::analysis::anomalies::{self, Glance};
use crate::analysis::ask::{Ask, EVER, inside, of};
use crate::analysis::change::{Changes, Source, Whose};
use crate::analysis::ends;
use crate::analysis::fact::Fact;
use crate::analysis::handlers::{HandlerState, is_manager, states_at};
use crate::analysis::known::{Still, Unknown, callback_state, still};
use crate::analysis::known_at::Known;
use crate::analysis::ledger::gather;
use crate::analysis::place::is_library;
use crate::analysis::value::brief::brief;
use crate::analysis::who::{Life, Names, is_anothers};
use crate::error::{Error, Result};
use crate::event::{Role, home};
use crate::query::Filter;

/// Sends to a process looked at for where they come from.
const MAX_SENDS: usize = 500;

/// Ends of calls looked at for those that failed.
const MAX_ENDS: usize = 500;

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
    let cx = Cx::new(ask, names);
    let who = names.who(&newest.pid)?;
    let moment = if newest.exit.is_some() { Moment::End } else { Moment::LastEvent };
    let event = end.as_ref().map(Fact::id).unwrap_or_default().to_owned();
    let kinds = kinds::kinds(&cx, &newest.pid, at)?;
    let handled = handled(&cx, &newest.pid, (i64::MIN, at))?;

    let held = held::held(&cx, &newest.pid, newest.exit.as_ref())?;
    let sentence = Head::Process(Box::new(ProcessHead {
        process: who.process(),
        lives: lives.len(),
        ended: newest.exit.as_ref().map(|exit| ends::ended(&newest.end, exit)),
        lasted_ns: newest.since.map(|since| at.saturating_sub(since)),
        handled: handled.messages(),
        held: held.as_ref().map(|held| held.value(&cx)).transpose()?,
    }));
    let anchor = Anchor { at, moment, event };
    let mut story = Story { head: sentence, anchor, parts: Vec::new(), notes: Vec::new(), next: Vec::new() };

    if let Some(exit) = &newest.exit {
        let by = ended_by::line(&cx, &who, exit, &newest.end)?;
        story.parts.push(Part::new("ended by", by.into_iter().collect()));
    }
    if let Some(held) = held {
        story.parts.push(held.part(&cx)?);
    }
    story.parts.push(trouble(&cx, lives, at)?);
    story.parts.push(lost_updates(&cx, &newest.pid, &mut story.notes)?);
    story.parts.push(incarnations(lives));
    story.parts.push(handled_part(&kinds, handled.messages()));
    story.parts.push(state(&cx, &newest.pid)?);
    story.parts.push(callers(&cx, &newest.pid)?);
    story.parts.push(supervision::part(&cx, &who, newest.exit.as_ref())?);
    let last = folded::part(&cx, &newest.pid, at)?;
    story.parts.push(Part { name: "last", ..last });

    if Changes::new(ask, &newest.pid)?.source != Source::Nothing {
        story.next.push(("state_history", json!({ "pid": who.short() }), Why::StateChanges));
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
            lines.push(Trouble::Ended(BadEnd {
                pid: who.clone(),
                at: At::of(exit),
                ended: ends::ended(&life.end, exit),
                site: exit.text("crash_site").map(str::to_owned),
            }));
        }
        if let Some(exit) = &life.exit {
            lines.extend(lost(cx, who, exit)?);
        }
        let ends = cx.ask.newest(inside(who, &["function_exit"]), EVER, MAX_ENDS)?;
        let failed: Vec<&Fact> = ends.iter().filter(|end| end.is_failed_exit()).collect();
        if let (Some(last), None) = (failed.first(), &life.exit) {
            lines.push(Trouble::Failed(Failed {
                calls: Messages {
                    count: failed.len() as u64,
                    bound: if ends.len() == MAX_ENDS { Bound::AtLeast } else { Bound::Exact },
                },
                went_on: goes_on(cx, who, last.at())?,
                function: last.mfa().unwrap_or_default(),
                left: left(last),
                reason: brief(last.text("reason").unwrap_or("?"), 60),
                at: At::of(last),
            }));
        }
        let until = life.exit.as_ref().map_or(at, Fact::at);
        if let Some(Peak { length, is_whole, event, every }) = peak(cx, who)?.filter(|peak| peak.length >= LONG) {
            let kinds = kinds::kinds(cx, who, until)?;
            lines.push(Trouble::Mailbox(Mailbox {
                pid: who.clone(),
                length,
                is_whole,
                at: At::of(&event),
                every_ns: every,
                took_ns: kinds.mean(),
                of_newest: kinds.of_newest,
            }));
        }
        // With its end what waited is gone.
        let queued = backlog(cx, who, if life.exit.is_some() { until.saturating_sub(1) } else { until })?;
        if queued.waiting > 1 {
            lines.push(Trouble::Unhandled { messages: queued.messages(), pid: who.clone(), at: until });
        }
        // Its last event may be the last only because no more were recorded.
        let seen = if life.exit.is_some() { until } else { i64::MAX };
        let waiting = unanswered(cx, who, until, seen)?;
        if let (Some(last), Some(first)) = (waiting.sends.first(), waiting.sends.last()) {
            let asked = |one: &Fact| Asked { asked: super::sent::asked(one), at: At::of(one) };
            lines.push(Trouble::Unanswered(Unanswered {
                pid: who.clone(),
                count: waiting.sends.len() as u64,
                is_of_newest: waiting.of_newest.is_some(),
                first: asked(first),
                last: Some(last).filter(|_| waiting.sends.len() > 1).map(asked),
            }));
        }
    }
    Ok(Part::keeping("trouble", 4, lines.into_iter().map(Line::Trouble).collect()))
}

/// Changes its clients lost to each other, with the events of the reads and writes that overlap.
fn lost_updates(cx: &Cx<'_>, pid: &str, notes: &mut Vec<Note>) -> Result<Part> {
    // With everything in view the calls around a read and a write are told, too.
    let mut filter = Filter::default();
    if cx.ask.count(filter.clone(), EVER)? > MAX_RACED {
        filter.pid = Some(pid.to_owned());
        let events = cx.ask.count(filter.clone(), EVER)?;
        if events > MAX_RACED {
            notes.push(Note::RacesUnlooked { events });
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
fn lost(cx: &Cx<'_>, pid: &str, exit: &Fact) -> Result<Vec<Trouble>> {
    let span = (exit.at().saturating_add(1), i64::MAX);
    // Of its own node: the clock of another does not say that it was after.
    let node = home::node_of(pid).map(str::to_owned);
    let filter = Filter { node, ..of(pid, Role::Receiver, &["message_send"]) };
    // Nobody is to blame for an answer to one that has ended.
    let mut sends = cx.ask.oldest(filter, span, MAX_SENDS)?;
    let bound = if sends.len() == MAX_SENDS { Bound::AtLeast } else { Bound::Exact };
    sends.retain(|send| send.text("send_type") != Some("reply"));
    if sends.is_empty() {
        return Ok(Vec::new());
    }
    let messages = Messages { count: sends.len() as u64, bound };
    let mut places: BTreeMap<(String, SentFrom), (usize, Fact)> = BTreeMap::new();
    for send in sends {
        let key = (pattern(&send), place(cx, &send));
        places.entry(key).or_insert_with(|| (0, send)).0 += 1;
    }
    let mut places: Vec<_> = places.into_iter().collect();
    places.sort_by_key(|(_, (count, _))| Reverse(*count));
    let mut lines = vec![Trouble::Lost(Lost { pid: pid.to_owned(), messages, at: At::of(exit) })];
    for ((pattern, place), (count, first)) in places.into_iter().take(3) {
        lines.push(Trouble::LostFrom(LostFrom {
            pattern,
            place,
            count,
            sender: cx.names.who(first.pid())?.process(),
            at: At::of(&first),
        }));
    }
    Ok(lines)
}

/// Where a send was made, as short as can be.
fn place(cx: &Cx<'_>, send: &Fact) -> SentFrom {
    if let Some(site) = send.text("sent_from").filter(|site| !is_library(site)) {
        return SentFrom::Site(site.to_owned());
    }
    // In tail position the caller of the caller stands as call site: the calls around are right.
    let around = enclosing(cx.ask, send, 2);
    if around.is_empty() {
        let function = send.text("sent_in").map(str::to_owned);
        return function.map_or(SentFrom::Untraced, |function| SentFrom::Within(vec![function]));
    }
    SentFrom::Within(around.iter().map(|entry| entry.mfa().unwrap_or_default()).collect())
}

/// The processes that had the name.
fn incarnations(all: &[Life]) -> Part {
    if all.len() < 2 {
        return Part::new("lives", Vec::<Line>::new());
    }
    let mut lines = Vec::new();
    if all.len() > LIVES {
        lines.push(Lives::More(all.len() - LIVES));
    }
    for life in all.iter().rev().take(LIVES).rev() {
        let exit = life.exit.as_ref().map(|exit| LifeEnd { at: At::of(exit), reason: ends::error(exit, 60) });
        lines.push(Lives::Life { pid: life.pid.clone(), since: life.since, exit });
    }
    Part::keeping("lives", 3, lines.into_iter().map(Line::Lives).collect())
}

/// Kinds of messages, most time first.
fn handled_part(kinds: &Kinds, handled: Messages) -> Part {
    let kind = |kind: &kinds::Handled| {
        Handled::Kind(Kind {
            pattern: kind.pattern.clone(),
            count: kind.count,
            total_ns: kind.total,
            longest_ns: kind.longest,
            event: kind.event.clone(),
            endless: kind.endless,
        })
    };
    let mut lines: Vec<Handled> = kinds.all.iter().take(SHOWN).map(kind).collect();
    if kinds.all.len() > SHOWN {
        lines.push(Handled::More(kinds.all.len() - SHOWN));
    }
    let looked_at: u64 = kinds.all.iter().map(|kind| kind.count).sum();
    if looked_at < handled.count {
        lines.push(Handled::Newest { looked_at, of: handled });
    }
    Part::keeping("handled", 2, lines.into_iter().map(Line::Handled).collect())
}

/// The state at the end, and what set it.
fn state(cx: &Cx<'_>, pid: &str) -> Result<Part> {
    let at = cx.ask.end_of(pid)?.unwrap_or(i64::MAX);
    if is_manager(cx.ask, pid)? {
        let line = |one: HandlerState| match one.known {
            Known::Unknown { unknown: Unknown { since, why, event }, .. } => {
                State::HandlerUnknown { handler: one.handler, since: At { at: since, event }, why }
            }
            _ => State::Handler { handler: one.handler, state: brief(&one.state, 120) },
        };
        let lines = states_at(cx.ask, pid, at)?.into_iter().map(line).map(Line::State);
        return Ok(Part::keeping("handlers", 1, lines.collect()));
    }
    let changes = Changes::new(cx.ask, pid)?;
    let last = changes.last(EVER)?;
    // Another process may have had the pid before.
    let is_anothers = last.as_ref().map(|last| is_anothers(cx.ask, pid, (last.at, i64::MAX))).transpose()?;
    let Some(last) = last.filter(|_| is_anothers != Some(true)) else {
        return Ok(Part::new("state", Vec::<Line>::new()));
    };
    let set = Set {
        at: At { at: last.at, event: last.id.clone() },
        trigger: brief(&last.trigger(), 60),
        sender: cx.names.maybe(last.sender.as_deref())?.map(|sender| sender.process()),
        sent_at: last.sent_at(cx.ask),
    };
    let lines = match still(cx.ask, Whose::process(pid), last.at, at)? {
        Still::Known => vec![State::Is(brief(&last.new, 160)), State::Set(set)],
        Still::CalledWith(entry) => {
            vec![State::Is(brief(&callback_state(&entry).unwrap_or_default(), 160)), State::CalledWith(At::of(&entry))]
        }
        Still::Unknown(Unknown { since, why, event }) => {
            vec![
                State::Unknown { since: At { at: since, event }, why },
                State::LastKnown { state: brief(&last.new, 100), set },
            ]
        }
    };
    Ok(Part::keeping("state", 1, lines.into_iter().map(Line::State).collect()))
}

/// Who asks it for what, by the place in the source.
fn callers(cx: &Cx<'_>, pid: &str) -> Result<Part> {
    let to_it = of(pid, Role::Receiver, &["message_send"]);
    let sends = cx.ask.newest(to_it.clone(), EVER, MAX_SENDS)?;
    let mut places: BTreeMap<(String, SentFrom), usize> = BTreeMap::new();
    for send in sends.iter().filter(|send| matches!(send.text("send_type"), Some("call" | "cast" | "info"))) {
        *places.entry((pattern(send), place(cx, send))).or_default() += 1;
    }
    let more = places.len().saturating_sub(SHOWN);
    let mut places: Vec<_> = places.into_iter().collect();
    places.sort_by_key(|(_, count)| Reverse(*count));
    let asked = |((pattern, place), count)| AskedBy::Place { pattern, place, count };
    let mut lines: Vec<AskedBy> = places.into_iter().take(SHOWN).map(asked).collect();
    if more > 0 {
        lines.push(AskedBy::More(more));
    }
    if sends.len() == MAX_SENDS && !lines.is_empty() {
        lines.push(AskedBy::Newest { looked_at: sends.len(), of: cx.ask.count(to_it, EVER)? });
    }
    Ok(Part::keeping("asked by", 2, lines.into_iter().map(Line::AskedBy).collect()))
}
