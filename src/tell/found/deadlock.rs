//! Processes that wait for each other.

use serde_json::json;

use crate::analysis::found::{Circle, Lasted, Process, Wait, WaitFor};
use crate::tell::finding::Told;
use crate::tell::words::span;

pub(in crate::tell) fn told(circle: &Circle) -> Told {
    let waiter = |wait: &Wait| label(wait.waiter.as_ref());
    let mut names: Vec<String> = circle.waits.iter().map(waiter).collect();
    names.extend(names.first().cloned());
    let lasted = match circle.lasted {
        Lasted::AtLeast { ns } => format!("for {} at least: something was not recorded then", span(ns)),
        Lasted::For { ns } => format!("for {}, until one gave up", span(ns)),
        Lasted::ToTheEnd => "to the end of the recording".to_owned(),
    };
    let again = if circle.times > 1 { format!(" ({} times)", circle.times) } else { String::new() };
    let what = format!("{} wait for each other {lasted}{again}", names.join(" -> "));
    let told = Told::new(what, "a reply sent by one of them between the calls").next(
        "message_flow",
        json!({"only": "unanswered"}),
        "the calls nobody answered",
    );
    circle.waits.iter().map(one).fold(told, Told::detail)
}

fn label(process: Option<&Process>) -> String {
    process.map(ToString::to_string).unwrap_or_default()
}

/// Who waits for what, and where that is.
fn one(wait: &Wait) -> String {
    let (waiter, other) = (label(wait.waiter.as_ref()), label(wait.waits_for.as_ref()));
    match &wait.what {
        WaitFor::Answer { message, sent } => format!("{waiter} called {other} with {message} at {sent}"),
        WaitFor::Stop { sent } => format!("{waiter} asked {other} to stop at {sent} and waits for its end"),
        WaitFor::Start { within } => {
            let place = within.as_ref().map(|call| {
                let at = call.called_at.as_ref().map(|place| format!(" called at {place}")).unwrap_or_default();
                format!(" in {}{at}", call.function)
            });
            format!("{waiter} starts {other}{} and waits for its init/1", place.unwrap_or_default())
        }
    }
}
