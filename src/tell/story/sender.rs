//! Who sent a message, and from where?

use super::sent::comma;
use super::words::duration;
use super::{timer, times};
use crate::analysis::story::line::{Answered, SenderLine, ToldBy};
use crate::tell::ended;

pub(super) fn line(of: &SenderLine, anchor: i64) -> String {
    match of {
        SenderLine::Sent { how, event, sender, place, queued_ns } => {
            let how = how.as_deref().unwrap_or("message");
            let queued = queued_ns.map(|ns| format!("; queued {}", duration(ns))).unwrap_or_default();
            format!("{how} ({event}) from {sender}{}{queued}", comma(place.as_ref()))
        }
        SenderLine::Answers { what, at, place, before_ns } => {
            let what = match what {
                Answered::Call => "it answers a call of this process",
                Answered::Task => "it is the result of a task that this process had started",
            };
            let (at, before) = (times::at(at, anchor), duration(*before_ns));
            format!("{what} at {at}{}, {before} before", comma(place.as_ref()))
        }
        SenderLine::Continued => "it went on from its own callback before".to_owned(),
        SenderLine::SentBy { sender } => format!("sent by {sender}; the send itself was not recorded"),
        SenderLine::Timer(of) => timer::line(of, anchor),
        SenderLine::StartTimer => "the runtime sent it: a timer that start_timer had set".to_owned(),
        SenderLine::EndOf { told_by, who, ended } => {
            let by = match told_by {
                ToldBy::Monitor => "a monitor",
                ToldBy::Link => "a link",
            };
            match ended {
                Some(ended) => {
                    let (at, reason) = (times::at(&ended.at, anchor), ended::reason(ended.reason.as_deref()));
                    format!("the runtime sent it: {by} told that {who} had ended at {at}: {reason}")
                }
                None => format!("the runtime sent it: {by} told of the end of {who}"),
            }
        }
        SenderLine::NoSend => {
            "no send of it was recorded: a timer sent it, or a process that is not traced, or it was \
                               sent before the recording began"
                .to_owned()
        }
        SenderLine::Unrecorded => "who sent it was not recorded".to_owned(),
    }
}
