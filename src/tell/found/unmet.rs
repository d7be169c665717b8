//! A flow that stopped because a stage used up demand.

use serde_json::json;

use crate::analysis::found::{Asked, Dropping, Stage, Stopped};
use crate::tell::finding::Told;
use crate::tell::words::{count, span};

pub(in crate::tell) fn told(it: &Stopped) -> Told {
    let (waits, stage) = (&it.waits, short(&it.stage));
    let at_least = if it.is_whole { "" } else { "at least " };
    let givers: Vec<String> = it.givers.iter().map(|giver| giver.process.to_string()).collect();
    let is_near = it.givers.contains(&it.holder);
    let holder = if is_near { short(&it.holder) } else { it.holder.process.to_string() };
    let what = format!(
        "{} waits for {at_least}{} more: it asked {} for {} and was given {}; {stage} was given all {} that it had asked \
         {} for, passed on {} and asks for no more, while {holder} still holds {}; nothing was asked or given in the last \
         {} of the recording",
        waits.asker.process,
        it.open(),
        it.stage.process,
        waits.asked,
        waits.given,
        it.taken,
        givers.join(" and "),
        it.passed,
        it.held,
        span(it.silence_ns),
    );
    let mut told =
        Told::new(what, "a stage that stopped on purpose, or asks again by a timer after the end of the recording")
            .next("explain", json!({"target": it.stage.process.pid}), "the stage that asks for no more");
    if let Some(Dropping { function, taken, passed, sent_at }) = &it.dropped {
        let at = sent_at.as_ref().map_or_else(String::new, |place| format!(", sent at {place}"));
        told = told.detail(format!(
            "{function} of {stage} took {taken} and passed on {passed}{at}; no list or map in its state is long enough for \
             the {} that are missing",
            it.missing()
        ));
    }
    told = std::iter::once(waits).chain(&it.unmet).chain(&it.met).map(asked).fold(told, Told::detail);
    let place = if it.held_at.is_empty() { "its state".to_owned() } else { format!("`{}`", it.held_at) };
    told.detail(format!(
        "{} holds the {} in {place}; all asks and deliveries were handled, each came of another, and the longest pause \
         between two of them was {}",
        short(&it.holder),
        it.held,
        span(it.pause_ns),
    ))
}

/// A stage after its first mention: its name, with its pid where others had that too; or its pid.
fn short(stage: &Stage) -> String {
    match &stage.process.name {
        Some(name) if stage.has_own_name => name.clone(),
        Some(_) => stage.process.to_string(),
        None => stage.process.pid.clone(),
    }
}

/// `Sink asked Sieve for 15 in 2 messages, {:ask, _}, the last at Sink.more/1 (sink.ex:5); it was given 7 in 2,
/// {:items, _}`.
fn asked(it: &Asked) -> String {
    let last = if it.asks > 1 { "the last " } else { "" };
    format!(
        "{} asked {} for {} in {}, {}, {last}at {}; it was given {} in {}, {}",
        short(&it.asker),
        short(&it.giver),
        it.asked,
        count(it.asks, "message"),
        it.ask,
        it.asked_at,
        it.given,
        it.gifts,
        it.gift,
    )
}
