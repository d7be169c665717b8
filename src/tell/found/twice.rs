//! One that is sent everything twice, where others get it once.

use serde_json::json;

use crate::analysis::found::Twice;
use crate::tell::finding::Told;
use crate::tell::words::often;

pub(in crate::tell) fn told(it: &Twice) -> Told {
    let Twice { sender, receiver, pattern, times, .. } = it;
    let twice = if it.most == 2 { "twice".to_owned() } else { format!("up to {} times", it.most) };
    let others = if it.others == 1 { "1 other".to_owned() } else { format!("{} others", it.others) };
    let what = format!(
        "{sender} sends {receiver} the same {pattern} {twice} at a time: {times} times, while {others} got it once"
    );
    let told = Told::new(what, "copies that are meant, such as one for each of two subscriptions of one process")
        .detail(format!("first {}, sent at {}", it.first, it.sent))
        .next("state_history", json!({"pid": sender.pid}), "when it was put there twice");
    match &it.asked {
        Some(asked) => told.detail(format!(
            "before the first, {} had changed the state of {} by {} {}; the last was {}, sent at {}",
            receiver.short(),
            sender.short(),
            asked.pattern,
            often(asked.times),
            asked.last,
            asked.sent
        )),
        None => told,
    }
}
