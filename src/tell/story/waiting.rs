//! Why did a call get no reply?

use super::sent::comma;
use super::times;
use super::words::{duration, message as of_message, messages, of_newest as newest_calls, relative};
use crate::analysis::story::line::{Bound, HandledThen, Lasts, Messages, WaitingLine};
use crate::tell::ended;
use crate::tell::words::{self, count_of};

pub(super) fn line(of: &WaitingLine, anchor: i64) -> String {
    match of {
        WaitingLine::Asked { request, target, at, place } => {
            format!("{request} sent to {target} at {}{}", times::at(at, anchor), comma(place.as_ref()))
        }
        WaitingLine::HadEnded { who, at, reason } => {
            format!("{who} had ended at {}: {}", times::at(at, anchor), ended::reason(reason.as_deref()))
        }
        WaitingLine::Busy { who, callback, message, since, lasts } => {
            let (message, at) = (of_message(message.as_deref()), times::at(since, anchor));
            match lasts {
                Lasts::Ns(ns) => format!("{who} was in {callback} with {message} since {at}, {} in all", duration(*ns)),
                Lasts::ToTheEnd => {
                    format!("{who} was in {callback} with {message} since {at}, not back by the end of the recording")
                }
                Lasts::Unrecorded => {
                    format!("{who} had begun {callback} with {message} at {at}; when it was back is not recorded")
                }
            }
        }
        WaitingLine::Idle { who } => format!("{who} was in no callback when the call gave up"),
        WaitingLine::Unseen { who } => {
            format!("whether {who} was in a callback when the call gave up is not recorded")
        }
        WaitingLine::Queued(queued) => format!("{} waited before this one in its mailbox", messages(*queued)),
        WaitingLine::Sampled { length, at } => format!("its mailbox held {length} at {}", times::at(at, anchor)),
        WaitingLine::Rate { from, to, came, handled } => {
            let handled = match handled {
                HandledThen::Count(Messages { count, bound }) => {
                    let bound = if *bound == Bound::AtMost { "at most " } else { "" };
                    format!("{bound}{} handled", count_of(*count, "was", "were"))
                }
                HandledThen::Uncounted => "how many were handled is not known".to_owned(),
                HandledThen::NoCallback => "no callback of it was recorded then".to_owned(),
                HandledThen::Untraced => {
                    "how many were handled is not recorded: its callbacks were not traced".to_owned()
                }
            };
            let (from, to) = (relative(*from, anchor), relative(*to, anchor));
            format!("from {from} to {to}: {} came, {handled}", messages(*came))
        }
        WaitingLine::Takes { pattern, mean_ns, longest_ns, longest, count, endless, of_newest } => {
            let (pattern, times) = (of_message(pattern.as_deref()), words::count(*count, "time"));
            let newest = newest_calls(*of_newest);
            let (Some(mean), Some(worst)) = (mean_ns.map(duration), longest_ns.map(duration)) else {
                return format!("{pattern} was handled {times}{newest}; how long it took is not recorded ({longest})");
            };
            let endless =
                if *endless > 0 { format!(", {endless} of which whose end is not recorded") } else { String::new() };
            format!("{pattern} took {mean} on average, {worst} at most ({longest}), {times}{endless}{newest}")
        }
    }
}
