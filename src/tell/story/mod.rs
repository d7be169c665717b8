//! How is a story told? One file for each file of values in `analysis/story/line`.

mod answer;
mod callers;
mod cause;
mod crash;
mod elsewhere;
mod ended_by;
mod event;
mod folded;
mod held;
mod onward;
mod process;
mod sender;
mod sent;
mod state;
mod supervision;
mod timer;
mod times;
mod trouble;
mod unseen;
mod waiting;
mod words;

use crate::analysis::story::line::{Anchor, Head, Line, Moment, Note, Why};
use crate::tell::found::abandoned;
use crate::tell::words::count;

/// What a story comes to.
pub(crate) fn head(head: &Head) -> String {
    match head {
        Head::Crash(of) => crash::head(of),
        Head::Process(head) => process::head(head),
        Head::Event(deed) => format!("{}.", event::describe(deed)),
    }
}

/// A fact in a line; times count from the anchor.
pub(crate) fn line(line: &Line, anchor: i64) -> String {
    match line {
        Line::Answer(of) => answer::line(of, anchor),
        Line::AtWorkFor(of) => abandoned::at_work(of),
        Line::Cause(of) => cause::line(of, anchor),
        Line::Crash(of) => crash::line(of, anchor),
        Line::Elsewhere(of) => elsewhere::line(of),
        Line::EndedBy(of) => ended_by::line(of, anchor),
        Line::Offered(of) => abandoned::offered(of),
        Line::Onward(of) => onward::line(of, anchor),
        Line::Sender(of) => sender::line(of, anchor),
        Line::Supervision(of) => supervision::line(of, anchor),
        Line::Waiting(of) => waiting::line(of, anchor),
        Line::Trouble(it) => trouble::told(it, anchor),
        Line::Lives(it) => process::lives(it, anchor),
        Line::Handled(it) => process::handled(it),
        Line::State(it) => state::told(it, anchor),
        Line::AskedBy(it) => process::asked_by(it),
        Line::Held(it) => held::held_by(it, anchor),
        Line::Waits(it) => held::itself(it, anchor),
        Line::Affected(it) => callers::told(it, anchor),
        Line::Event(it) => event::told(it, anchor),
        Line::Last(it) => folded::told(it, anchor),
    }
}

/// What a reader has to know beside the story.
pub(crate) fn note(note: &Note) -> String {
    match note {
        Note::Unseen(of) => unseen::note(of),
        Note::RacesUnlooked { events } => {
            format!("lost updates were not looked for among its {}; find_anomalies does", count(*events, "event"))
        }
        Note::MailboxUnlooked { pid, events } => {
            let events = count(*events, "event");
            format!("what waited in the mailbox of {pid} was not looked for among its {events}; mailbox does")
        }
        Note::NoParent => "what led to it was not recorded: it names no parent event".to_owned(),
    }
}

/// What a suggested call would tell.
pub(crate) fn why(why: &Why) -> String {
    match why {
        Why::StateChanges => "every change of its state".to_owned(),
        Why::StateChangesOf(path) => format!("every change of {path}"),
        Why::WholeEvent => "the whole event".to_owned(),
        Why::StateThen => "the state then".to_owned(),
    }
}

/// `the exit (e7)`.
pub(crate) fn anchor(anchor: &Anchor) -> String {
    let moment = match anchor.moment {
        Moment::Exception => "the exception",
        Moment::Exit => "the exit",
        Moment::End => "its end",
        Moment::LastEvent => "its last event",
        Moment::Event => "the event",
    };
    format!("{moment} ({})", anchor.event)
}
